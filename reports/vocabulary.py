"""The closed lists a report answers from, one word per thing, as in docs/glossary.md."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ArtifactKind(models.TextChoices):
    MODEL = "model", _("Model")
    SYSTEM = "system", _("System")
    DATASET = "dataset", _("Dataset")


class Access(models.TextChoices):
    OPEN = "open", _("open weights")
    GATED = "gated", _("gated")
    CLOSED = "closed", _("closed")


class Relation(models.TextChoices):
    """How an artifact came from another. The first three keep it in the other's family."""

    FINE_TUNED_FROM = "fine_tuned_from", _("fine-tuned from")
    QUANTISED_FROM = "quantised_from", _("quantised from")
    MERGED_FROM = "merged_from", _("merged from")
    TRAINED_ON = "trained_on", _("trained on")
    BUILT_ON = "built_on", _("built on")


FAMILY_RELATIONS = (Relation.FINE_TUNED_FROM, Relation.QUANTISED_FROM, Relation.MERGED_FROM)


class Kind(models.TextChoices):
    """What went wrong, in twelve plain labels."""

    FALSE_INFORMATION = "false_information", _("False information")
    UNFAIR_OR_STEREOTYPED = "unfair_or_stereotyped", _("Unfair or stereotyped")
    TOXIC_OR_HATEFUL = "toxic_or_hateful", _("Toxic or hateful")
    DANGEROUS_INSTRUCTIONS = "dangerous_instructions", _("Dangerous instructions")
    PRIVACY_LEAK = "privacy_leak", _("Privacy leak")
    REFUSES_HARMLESS = "refuses_harmless", _("Refuses something harmless")
    IGNORES_INSTRUCTIONS = "ignores_instructions", _("Ignores instructions")
    UNSAFE_ACTION = "unsafe_action", _("Unsafe action")
    JAILBREAK_OR_INJECTION = "jailbreak_or_injection", _("Jailbreak or injection")
    QUALITY_REGRESSION = "quality_regression", _("Got worse after an update")
    LANGUAGE_OR_ACCESS = "language_or_access", _("Language or access")
    OTHER = "other", _("Something else")


# Kinds that never publish by confirmation alone (DESIGN §3): the evidence itself may do harm.
HELD_BACK_KINDS = (Kind.DANGEROUS_INSTRUCTIONS, Kind.PRIVACY_LEAK, Kind.JAILBREAK_OR_INJECTION)


class ContextOfUse(models.TextChoices):
    EDUCATION = "education", _("Education")
    HEALTH = "health", _("Health")
    WORK = "work", _("Work")
    PUBLIC_SERVICE = "public_service", _("Public service")
    FINANCE = "finance", _("Finance")
    JUSTICE = "justice", _("Justice")
    MEDIA = "media", _("Media")
    PRIVATE = "private", _("Private life")
    OTHER = "other", _("Other")


class Harm(models.TextChoices):
    NO = "no", _("No")
    NEARLY = "nearly", _("Nearly")
    YES = "yes", _("Yes")
    UNSURE = "unsure", _("Not sure")


class Severity(models.TextChoices):
    NOT_SURE = "not_sure", _("Not sure")
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class Visibility(models.TextChoices):
    PUBLIC_AFTER_REVIEW = "public_after_review", _("Public after review")
    PUBLIC_WITHOUT_TRANSCRIPT = "public_without_transcript", _("Public, without the conversation")
    PRIVATE = "private", _("Private")


class FoundBy(models.TextChoices):
    USE = "use", _("Everyday use")
    RESEARCH = "research", _("Research")
    EVALUATION = "evaluation", _("Evaluation")
    MONITORING = "monitoring", _("Monitoring")
    AUDIT = "audit", _("Audit")


class ReporterRelation(models.TextChoices):
    """Who the reporter is to what happened."""

    USER = "user", _("I used it")
    AFFECTED = "affected", _("It affected me")
    ON_BEHALF = "on_behalf", _("For somebody else")
    RESEARCHER = "researcher", _("Researcher")
    JOURNALIST = "journalist", _("Journalist")
    REGULATOR = "regulator", _("Regulator")
    DEVELOPER = "developer", _("Developer")
    OTHER = "other", _("Other")


class TurnRole(models.TextChoices):
    SYSTEM = "system", _("System")
    USER = "user", _("User")
    ASSISTANT = "assistant", _("Model")
    TOOL = "tool", _("Tool")


class Channel(models.TextChoices):
    """Through which skin of the one door a report came."""

    FORM = "form", _("form")
    API = "api", _("API")
    IMPORT = "import", _("import")
    DEMO = "demo", _("demo")
    REPLAY = "replay", _("replay")


class SourceType(models.TextChoices):
    """What kind of writing a report is; grouping thresholds belong to it."""

    FORM = "form", _("written by a person")
    IMPORT = "import", _("imported")
    SCANNER = "scanner", _("scanner")


class Status(models.TextChoices):
    """Where an issue stands; triage.decisions holds the moves between these."""

    NEW = "new", _("New")
    CONFIRMED = "confirmed", _("Confirmed")
    RESOLVED = "resolved", _("Resolved")
    DISMISSED = "dismissed", _("Dismissed")
    MERGED = "merged", _("Merged")


class Resolution(models.TextChoices):
    FIXED = "fixed", _("Fixed")
    MITIGATED = "mitigated", _("Mitigated")
    DOCUMENTED = "documented", _("Documented")
    NOT_REPRODUCIBLE = "not_reproducible", _("Not reproducible")
    WORKS_AS_INTENDED = "works_as_intended", _("Works as intended")


class Dismissal(models.TextChoices):
    SPAM = "spam", _("Spam")
    NOT_ABOUT_AI = "not_about_ai", _("Not about AI")
    OUT_OF_SCOPE = "out_of_scope", _("Out of scope")
    INSUFFICIENT = "insufficient", _("Too little to go on")


class ExtendedFor(models.TextChoices):
    """Why an embargo was put later, as maintainers and reporters read it."""

    FIX_PROMISED = "fix_promised", _("A fix is promised")
    OTHERS_AFFECTED = "others_affected", _("Others are affected, and were told later")
    DEVELOPER_ASKED = "developer_asked", _("The developer asked for more time")
    REPORTER_ASKED = "reporter_asked", _("The reporter asked for more time")
    HARM = "harm", _("To tell of it now would do harm")


class LiftedFor(models.TextChoices):
    """Why an embargo was lifted before its time, as maintainers and reporters read it."""

    AGREED = "agreed", _("Those concerned agreed")
    FIXED = "fixed", _("It is fixed, and people had time to update")
    UNRESPONSIVE = "unresponsive", _("No developer acknowledged it in time")
    KNOWN = "known", _("It is public elsewhere already")
    HARM = "harm", _("People come to harm by it now")


class TakenOff(models.TextChoices):
    """Why an issue that was public is no longer on the record. It stands where its page was, for good."""

    WITHDRAWN = "withdrawn", _("Everybody who reported it has withdrawn their report.")
    MISTAKEN = "mistaken", _("It was published by mistake.")
    HARMFUL = "harmful", _("What its page said could do harm.")
    PRIVATE = "private", _("What its page said was nobody’s to publish.")
    DECIDED = "decided", _("People decided so, and gave no reason in public.")


class SignalReason(models.TextChoices):
    """Why a person judged an early warning as they did; triage.judging says which goes with which judgement."""

    INDEPENDENT = "independent", _("People met it independently of each other")
    TRIED = "tried", _("Somebody tried it and saw it")
    EXPLAINED = "explained", _("What changed is known")
    CAMPAIGN = "campaign", _("Many reports of few people")
    ATTENTION = "attention", _("More attention, not more failures")
    MISGROUPED = "misgrouped", _("Its reports do not belong together")
    CHANCE = "chance", _("Nothing stands out on a closer look")
    ON_RECORD = "on_record", _("An issue on record says it already")
    WORKED_ON = "worked_on", _("It is being worked on already")
    INTENDED = "intended", _("It works as intended")
    FEW = "few", _("Too few voices to tell")
    UNCLEAR = "unclear", _("The reports say too little")


class AffectedStatus(models.TextChoices):
    UNDER_INVESTIGATION = "under_investigation", _("Under investigation")
    AFFECTED = "affected", _("Affected")
    NOT_AFFECTED = "not_affected", _("Not affected")
    FIXED = "fixed", _("Fixed")


class LifecycleStage(models.TextChoices):
    DATA = "data", _("Data")
    PRE_TRAINING = "pre_training", _("Pre-training")
    FINE_TUNING = "fine_tuning", _("Fine-tuning")
    EVALUATION = "evaluation", _("Evaluation")
    DEPLOYMENT = "deployment", _("Deployment")
    INTEGRATION = "integration", _("Integration")


class HazardLevel(models.IntegerChoices):
    NONE = 0, _("None")
    BLURRED = 1, _("Blurred")
    GATED = 2, _("Gated")
    MODERATORS = 3, _("Moderators only")


class PlacedBy(models.TextChoices):
    REPORTER = "reporter", _("the reporter")
    ENGINE = "engine", _("the engine")
    PERSON = "person", _("a person")


class HeldFor(models.TextChoices):
    """Why a report waits in the held lane, where it has no voice and no public effect until it is released."""

    MANY = "many", _("many from one network")
    FLOOD = "flood", _("very many at once on this site")
    TRAP = "trap", _("filled in as no person does")
    NEWCOMER = "newcomer", _("several open reports of a new account")


class AttachmentFormat(models.TextChoices):
    PNG = "png", _("PNG picture")
    JPEG = "jpeg", _("JPEG picture")
    WEBP = "webp", _("WebP picture")
    GIF = "gif", _("GIF picture")
    TEXT = "text", _("Text")
    JSON = "json", _("JSON")


class AttachmentState(models.TextChoices):
    WAITING = "waiting", _("Being examined")
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Refused")


class AttachmentRefusal(models.TextChoices):
    """What kept a file from being taken; its bytes are gone."""

    UNREADABLE = "unreadable", _("It could not be read: it may be damaged, or be something else than it says.")
    TOO_LARGE = "too_large", _("It is too large.")
    TOO_MANY_PIXELS = "too_many_pixels", _("The picture has too many pixels.")
    TOO_LONG = "too_long", _("Reading it took too long.")


class ImportState(models.TextChoices):
    UPLOADING = "uploading", _("Uploading")
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", pgettext_lazy("of an import", "Failed")


class ImportFailure(models.TextChoices):
    """What stopped an import. What was filed until then stays."""

    DIFFERS = "differs", _("What arrived is not what was announced: the checksum is another. Send the file again.")
    LOST = "lost", _("The file is no longer here. Send it again.")
    UNREADABLE = "unreadable", _("The file could not be read as what it was said to be. Choose another format.")
    ROLE = "role", _("The account may not file in bulk any more.")
    BROKEN = "broken", _("It could not go on. Whoever runs this site finds the reason in the log.")


class ExportForm(models.TextChoices):
    """In whose format the record is taken away: names of formats, the same in every language."""

    JSON = "json", "JSON"
    OSV = "osv", "OSV"
    OPENVEX = "openvex", "OpenVEX"
    AVID = "avid", "AVID"
    CSV = "csv", "CSV"


class RerunForm(models.TextChoices):
    """With which tool an issue is run again."""

    INSPECT = "inspect", "Inspect AI"
    PROMPTFOO = "promptfoo", "promptfoo"


class ErasureAsker(models.TextChoices):
    """Who asked that a report be erased."""

    REPORTER = "reporter", _("The reporter")
    NAMED = "named", _("Somebody it is about")
    STAFF = "staff", _("A triager")
    SETTING = "setting", _("How long evidence is kept")


class ErasureBasis(models.TextChoices):
    """On what ground a report is erased: a code, which the ledger keeps for ever."""

    CONSENT = "consent", _("Whoever filed it takes their consent back")
    OBJECTION = "objection", _("Somebody it is about objects")
    UNLAWFUL = "unlawful", _("What it says may not be kept: a court, an authority or a law")
    CHILD = "child", _("It was filed by a child, or is about one")
    MISTAKE = "mistake", _("It was filed by mistake, or tells secrets that are no part of it")
    RETENTION = "retention", _("It was never published, and its time is over")


class ErasureRefusal(models.TextChoices):
    """Why a report was not erased."""

    NOT_THEIRS = "not_theirs", _("Whoever asked could not show that it concerns them")
    NEEDED = "needed", _("It is needed for a legal claim, or a law says that it be kept")
    REDACTED = "redacted", _("What was to go was redacted instead")
    PUBLIC_INTEREST = "public_interest", _("The public's interest in knowing weighs more")
    TAKEN_BACK = "taken_back", _("It was asked for by mistake")


class ErasureLeft(models.TextChoices):
    """What of an erased report is still to be taken away, piece by piece, after its words are gone."""

    JOURNAL = "journal", _("The list by which a backup that is restored is erased again")
    FILES = "files", _("Files on disk")
    INDEX = "index", _("The index of words")
    EVENTS = "events", _("What the log says beyond its lines")
    DUMP = "dump", _("The files that everybody may take away")
    IMPORTS = "imports", _("The file that it came in")


class LendingPurpose(models.TextChoices):
    """What a researcher wants gated evidence for; the reporter is told."""

    VERIFY = "verify", _("Trying again whether it is so")
    SAFETY = "safety", _("Making models safer")
    STUDY = "study", _("A study of many reports")
    OVERSIGHT = "oversight", _("Oversight or audit")
    OTHER = "other", _("Something else")
