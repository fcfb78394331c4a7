"""The machine's reading of the public record: what a page says, as JSON. One shape for twins and API."""

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports.grounds import Grounds, Said, Tried, grounds_of
from reports.history import Change, Step, history_of
from reports.models import Affected, Artifact, Issue, Lineage, Placement, Signal, Version
from reports.record import Tombstone, modified_at
from reports.redaction import Quote, Quoted
from reports.vocabulary import HazardLevel

SCHEMA_VERSION = 1


def address_of(thing: Artifact | Issue) -> str:
    return f"{settings.SITE_URL}{thing.get_absolute_url()}"


@extend_schema_field(OpenApiTypes.DATE)
class DayField(serializers.DateTimeField):
    """The day of a moment."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


class AffectedTwin(serializers.Serializer[Affected]):
    kind = serializers.CharField(source="artifact.kind")
    name = serializers.CharField(source="artifact")
    url = serializers.SerializerMethodField()
    status = serializers.CharField()
    resolution = serializers.CharField()
    introduced_in = serializers.CharField(default=None, allow_null=True)
    last_affected = serializers.CharField(default=None, allow_null=True)
    fixed_in = serializers.CharField(default=None, allow_null=True)
    tries = serializers.IntegerField(allow_null=True)
    failures = serializers.IntegerField(allow_null=True)
    statement = serializers.CharField()
    stated = serializers.DateTimeField(source="stated_at", allow_null=True)
    resolved = serializers.DateTimeField(source="resolved_at", allow_null=True)

    def get_url(self, row: Affected) -> str | None:
        return None if row.artifact.is_unknown else address_of(row.artifact)


class IssueTwin(serializers.Serializer[Issue]):
    """An issue with a page. Fetch it through ``record.issues_on_record``."""

    schema_version = serializers.SerializerMethodField()
    id = serializers.CharField(source="number")
    number = serializers.CharField()
    url = serializers.SerializerMethodField()
    title = serializers.CharField(source="public_title")
    summary = serializers.CharField(source="public_summary")
    kind = serializers.CharField()
    status = serializers.CharField()
    resolution = serializers.CharField()
    severity = serializers.CharField()
    context_of_use = serializers.CharField()
    disputed = serializers.BooleanField(source="is_disputed")
    artifacts = AffectedTwin(source="shown", many=True)
    report_count = serializers.IntegerField()
    voice_count = serializers.IntegerField()
    first_reported = DayField(source="first_reported_at", allow_null=True)
    published = serializers.DateTimeField(source="published_at", allow_null=True)
    resolved = serializers.DateTimeField(source="resolved_at", allow_null=True)
    modified = serializers.SerializerMethodField()

    def get_schema_version(self, issue: Issue) -> int:
        return SCHEMA_VERSION

    def get_url(self, issue: Issue) -> str | None:
        return address_of(issue) if issue.number else None

    def get_modified(self, issue: Issue) -> str | None:
        moment = modified_at(issue)
        return moment.isoformat().replace("+00:00", "Z") if moment else None


class TranslatedTwin(serializers.Serializer[Any]):
    language = serializers.CharField()
    text = serializers.CharField()


class QuoteTwin(serializers.Serializer[Quote]):
    """Words of one part of a report. What was redacted in them is a run of full blocks, always as long."""

    part = serializers.CharField()
    role = serializers.CharField()
    language = serializers.CharField()
    text = serializers.CharField()
    translations = TranslatedTwin(source="translated", many=True)


class QuotedTwin(serializers.Serializer[Quoted]):
    """What is published of one report. A blurred one holds no quotes until it is asked for, by ``?show=`` its place."""

    place = serializers.IntegerField()
    reported = serializers.DateField(source="reported_on")
    found_by = serializers.CharField()
    language = serializers.CharField()
    blurred = serializers.BooleanField(source="is_blurred")
    quotes = QuoteTwin(many=True)


class TriedTwin(serializers.Serializer[Tried]):
    """Somebody tried again: ``failures`` of ``tries``. ``by`` is "reporter", "triager" or "developer"."""

    artifact = serializers.CharField()
    version = serializers.CharField()
    tries = serializers.IntegerField()
    failures = serializers.IntegerField()
    by = serializers.CharField()
    tried = serializers.DateTimeField(source="tried_at")
    settings = serializers.SerializerMethodField()

    def get_settings(self, tried: Tried) -> dict[str, str]:
        return dict(tried.settings)


class SaidTwin(serializers.Serializer[Said]):
    """What stands on record as said of one artifact; ``by`` as in :class:`TriedTwin`."""

    artifact = serializers.CharField()
    text = serializers.CharField()
    by = serializers.CharField()
    said = serializers.DateTimeField(source="at")


class ChangeTwin(serializers.Serializer[Change]):
    """``field``: kind, severity, lifecycle_stage, in_stated_use and affected with codes before and after; public_title
    and public_summary without; excerpt with ``after`` true where a passage was published, false where it went."""

    field = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    artifact = serializers.CharField(source="of")


class StepTwin(serializers.Serializer[Step]):
    """One public act. ``act`` is what was done, or what was undone where ``is_undo``; ``is_undone``: taken back since.

    ``reason`` is the code of a resolution, a dismissal or a reason of being taken off; ``merged`` the number of an
    issue that became part of this one.
    """

    at = serializers.DateTimeField()
    act = serializers.CharField(source="verb")
    by = serializers.CharField()
    reason = serializers.CharField()
    merged = serializers.CharField()
    changes = ChangeTwin(many=True)
    is_undo = serializers.BooleanField()
    is_undone = serializers.BooleanField()


class RecordTwin(IssueTwin):
    """An issue on its own page: with what people chose to publish, handed over as ``excerpts`` in the context.

    Beyond what a line of a list tells: severity_set_by ("triager", or "reporters": the median of what they said),
    lifecycle_stage, in_stated_use, found_by (how many reports by each layer of testing), reproductions, answers (what
    stands on record as said, the newest first), disputed_by, credits, history (the newest first), excerpts.
    What it asks of the database may be handed over as ``grounds`` and ``history``.
    """

    severity_set_by = serializers.SerializerMethodField()
    lifecycle_stage = serializers.CharField()
    in_stated_use = serializers.BooleanField(allow_null=True)
    found_by = serializers.SerializerMethodField()
    reproductions = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()
    disputed_by = serializers.SerializerMethodField()
    credits = serializers.SerializerMethodField()
    history = serializers.SerializerMethodField()
    excerpts = serializers.SerializerMethodField()

    def to_representation(self, issue: Issue) -> Any:
        self.grounds: Grounds = self.context.get("grounds") or grounds_of(issue)
        return super().to_representation(issue)

    def get_severity_set_by(self, issue: Issue) -> str:
        return "triager" if issue.severity_by_person else "reporters"

    def get_found_by(self, issue: Issue) -> dict[str, int]:
        return dict(self.grounds.found_by)

    @extend_schema_field(TriedTwin(many=True))
    def get_reproductions(self, issue: Issue) -> Any:
        return _many(TriedTwin, self.grounds.tried)

    @extend_schema_field(SaidTwin(many=True))
    def get_answers(self, issue: Issue) -> Any:
        return _many(SaidTwin, self.grounds.answers)

    def get_disputed_by(self, issue: Issue) -> str | None:
        return self.grounds.disputed_by

    def get_credits(self, issue: Issue) -> list[str]:
        return list(self.grounds.credits)

    @extend_schema_field(StepTwin(many=True))
    def get_history(self, issue: Issue) -> Any:
        steps = self.context.get("history")
        return _many(StepTwin, history_of(issue) if steps is None else steps)

    @extend_schema_field(QuotedTwin(many=True))
    def get_excerpts(self, issue: Issue) -> Any:
        return QuotedTwin(self.context["excerpts"], many=True).data


def _many(twin: type[serializers.Serializer[Any]], rows: Any) -> Any:
    return twin(rows, many=True).data


class TombstoneTwin(serializers.Serializer[Tombstone]):
    """What answers, with 410, at the number of an issue that people took off the record. Nothing else is told of it.

    ``reason`` is a code of ``vocabulary.TakenOff`` or ``vocabulary.Dismissal``.
    """

    schema_version = serializers.SerializerMethodField()
    id = serializers.CharField(source="number")
    number = serializers.CharField()
    status = serializers.CharField(default="withdrawn")
    published = serializers.DateTimeField(source="published_at")
    withdrawn = serializers.DateTimeField(source="withdrawn_at")
    reason = serializers.CharField()

    def get_schema_version(self, stone: Tombstone) -> int:
        return SCHEMA_VERSION


class QueueTwin(IssueTwin):
    """An issue for those who may see unpublished ones. Fetch it through ``record.issues_to_triage``."""

    id = serializers.IntegerField(source="pk")  # type: ignore[assignment] # an unconfirmed issue has no number
    number = serializers.CharField(allow_null=True)
    title = serializers.SerializerMethodField()  # type: ignore[assignment] # may not be written yet
    reports = serializers.SerializerMethodField()
    revision = serializers.IntegerField()

    def get_title(self, issue: Issue) -> str:
        is_veiled = issue.hazard_level >= HazardLevel.BLURRED  # what its reports say is not sent unasked
        oldest: str | None = None if is_veiled else issue.oldest_summary  # type: ignore[attr-defined] # annotated
        return issue.public_title or oldest or f"{issue.get_kind_display()} · {issue.family}"

    def get_reports(self, issue: Issue) -> list[str]:
        placed: list[Placement] = issue.placed  # type: ignore[attr-defined] # set by the prefetch
        return [placement.report.reference for placement in placed]


class VersionTwin(serializers.Serializer[Version]):
    name = serializers.CharField()
    released_on = serializers.DateField(allow_null=True)
    alias = serializers.BooleanField(source="is_alias")


class ReleaseTwin(VersionTwin):
    """A version in a list of its own. Fetch it through ``record.versions_of``. ``fixes``: how many issues it fixed."""

    fixes = serializers.IntegerField()


class ParentTwin(serializers.Serializer[Lineage]):
    relation = serializers.CharField()
    kind = serializers.CharField(source="parent.kind")
    name = serializers.CharField(source="parent")


class StepBetweenTwin(serializers.Serializer[Lineage]):
    """One step of lineage, seen from one artifact: ``side`` says whether the other is its parent or its child."""

    side = serializers.ChoiceField(["parent", "child"])
    relation = serializers.CharField()
    kind = serializers.CharField(source="other.kind")
    name = serializers.CharField(source="other")
    url = serializers.SerializerMethodField()

    def to_representation(self, step: Any) -> Any:
        step.other = getattr(step, step.side)
        return super().to_representation(step)

    def get_url(self, step: Any) -> str:
        return address_of(step.other)


class ArtifactTwin(serializers.Serializer[Artifact]):
    """An artifact with a page. Fetch it through ``record.with_tallies``."""

    schema_version = serializers.SerializerMethodField()
    kind = serializers.CharField()
    name = serializers.CharField(source="__str__")
    url = serializers.SerializerMethodField()
    title = serializers.CharField()
    developer = serializers.CharField()
    deployer = serializers.CharField()
    access = serializers.CharField()
    versions = VersionTwin(source="shown_versions", many=True)
    parents = ParentTwin(source="shown_parents", many=True)
    open_issues = serializers.IntegerField(source="open_count")
    resolved_issues = serializers.IntegerField(source="resolved_count")
    on_record_since = DayField(source="confirmed_at", allow_null=True)

    def get_schema_version(self, artifact: Artifact) -> int:
        return SCHEMA_VERSION

    def get_url(self, artifact: Artifact) -> str:
        return address_of(artifact)


class SignalTwin(serializers.Serializer[Signal]):
    """An early warning: ``observed`` were seen where ``expected`` were. Who judged it is told to nobody."""

    id = serializers.IntegerField(source="pk")
    tier = serializers.CharField()
    state = serializers.CharField()
    detector = serializers.CharField()
    method = serializers.CharField()
    observed = serializers.FloatField()
    expected = serializers.FloatField()
    since = serializers.DateField()
    issue = serializers.SerializerMethodField()
    artifact = serializers.SerializerMethodField()
    opened = serializers.DateTimeField(source="opened_at")
    judged = serializers.DateTimeField(source="judged_at", allow_null=True)

    def get_issue(self, signal: Signal) -> str | None:
        return signal.issue.number if signal.issue else None

    def get_artifact(self, signal: Signal) -> str | None:
        return str(signal.artifact) if signal.artifact else None
