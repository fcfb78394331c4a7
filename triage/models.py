"""What triage keeps of its own: the index, the engine's opinions, people's decisions and constraints."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from reports.models import Artifact, Issue, Report, Signal
from reports.vocabulary import PlacedBy


class TermVector(models.Model):
    """What a report looks like to the engine: keyed hashes and weights, no words. Deleted on erasure.

    ``family_id`` is the artifact family as a plain number, repeated here so that a family is read in one scan.
    ``terms``, ``runs`` and ``grams`` are a ``triage.grouping`` Vector as bytes, made by analyser number ``analyser``;
    ``sketch`` recognises near copies. ``norm`` is the length of ``terms`` by the rarities known when it was written: it
    steers the first cut and is never part of a score. ``segment`` is null in the tail, which no segment holds yet; a
    segment may still list a report that has left it: this row decides.
    """

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="term_vector")
    analyser = models.PositiveSmallIntegerField()
    family_id = models.BigIntegerField()
    terms = models.BinaryField()
    runs = models.BinaryField()
    grams = models.BinaryField(default=bytes)
    sketch = models.BinaryField(default=bytes)
    copy_digest = models.BinaryField()
    norm = models.FloatField(default=0)
    segment = models.ForeignKey(
        "Segment", models.SET_NULL, null=True, blank=True, related_name="vectors", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["segment", "report"], name="term_vector_segment"),
            models.Index(fields=["family_id", "report"], name="term_vector_family"),
            models.Index(fields=["family_id", "copy_digest"], name="term_vector_copies"),
        ]

    def __str__(self) -> str:
        return f"vector of {self.report_id}"


class Segment(models.Model):
    """A sealed run of term vectors: which reports stand at which position."""

    analyser = models.PositiveSmallIntegerField()
    tier = models.PositiveSmallIntegerField()
    report_ids = ArrayField(models.BigIntegerField())
    family_ids = ArrayField(models.BigIntegerField())
    norms = models.BinaryField()

    def __str__(self) -> str:
        return f"segment {self.pk}"


class PostingBlock(models.Model):
    """Where one term stands within one segment: packed positions and weights."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="blocks", db_index=False)
    term = models.IntegerField()
    count = models.IntegerField()
    positions = models.BinaryField()
    weights = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["term", "segment"], include=["count"], name="posting_block_once")
        ]
        indexes = [models.Index(fields=["segment"], name="posting_block_segment")]

    def __str__(self) -> str:
        return f"term {self.term} in segment {self.segment_id}"


class EmbeddingSpace(models.Model):
    """The vectors of one embedder: its id, their dimension and the table that holds them.

    The table is made when the embedder is switched on, never by a migration, so that a database without pgvector
    migrates. The vectors count in grouping from ``ready_at`` on, when all reports have been embedded.
    """

    embedder = models.CharField(max_length=200, unique=True)
    dimension = models.PositiveIntegerField()
    table = models.CharField(max_length=63, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.embedder


class Theme(models.Model):
    """The same or a kindred failure across families and languages: for people to look at, never a membership.

    Ids are stable: of two themes that meet the older stays, and the younger points to it for ever.
    """

    opened_at = models.DateTimeField(default=timezone.now)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_from")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="theme_not_merged_into_itself", condition=Q(merged_into=None) | ~Q(merged_into=F("id"))
            )
        ]

    def __str__(self) -> str:
        return f"theme {self.pk}"


class ThemeIssue(models.Model):
    """An issue in a theme. ``score`` in [0, 1] is its mean likeness to the others when it came in."""

    theme = models.ForeignKey(Theme, models.CASCADE, related_name="members")
    issue = models.OneToOneField(Issue, models.CASCADE, related_name="theme_place")
    score = models.FloatField()
    method = models.CharField(max_length=40)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="theme_issue_score_range", condition=Q(score__gte=0, score__lte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.issue} in {self.theme}"


class Suggestion(models.Model):
    """The engine's opinion that a report may belong to an issue. ``rank`` 0 is its best."""

    class Band(models.TextChoices):
        LIKELY = "likely"
        POSSIBLE = "possible"

    report = models.ForeignKey(Report, models.CASCADE, related_name="suggestions")
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="suggestions")
    score = models.FloatField()
    band = models.CharField(max_length=8, choices=Band.choices)
    rank = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=40)
    reasons = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["report", "issue"], name="suggestion_once"),
            models.CheckConstraint(name="suggestion_score_range", condition=Q(score__gte=0, score__lte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.report} may belong to {self.issue}"


class Proposal(models.Model):
    """The engine's opinion, formed overnight, that two issues are one or that one issue is two. People answer it.

    ``report_ids`` are those that would leave ``issue`` in a split; ``other`` is the issue that would be merged with.
    """

    class Kind(models.TextChoices):
        MERGE = "merge"
        SPLIT = "split"

    kind = models.CharField(max_length=5, choices=Kind.choices)
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="proposals")
    other = models.ForeignKey(Issue, models.CASCADE, null=True, blank=True, related_name="+")
    report_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    score = models.FloatField()
    band = models.CharField(max_length=8, choices=Suggestion.Band.choices)
    method = models.CharField(max_length=40)
    reasons = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-score", "pk"]
        constraints = [
            models.CheckConstraint(name="proposal_score_range", condition=Q(score__gte=0, score__lte=1)),
            models.CheckConstraint(
                name="proposal_of_two_or_of_one",
                condition=Q(kind="merge", other__isnull=False, issue__lt=F("other"))
                | (Q(kind="split", other=None) & ~Q(report_ids=[])),
            ),
            models.UniqueConstraint(
                fields=["issue", "other"], condition=Q(kind="merge"), name="proposal_of_a_merge_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.issue}"


class FittedMethod(models.Model):
    """A method of grouping that was fitted here, to what people decided. Kept for ever: judgements name it.

    ``body`` is the method as ``Method.to_json`` writes it; ``embedder`` is the EmbeddingSpace's whose meanings it
    weighs, "" if it goes by words alone. Of an embedder's methods one at most is in force; where none is, that which
    came with the code. ``notes``: how many pairs and decisions, and what was measured on those held out.
    """

    name = models.CharField(max_length=40, unique=True)
    embedder = models.CharField(max_length=200, blank=True)
    body = models.JSONField()
    fitted_at = models.DateTimeField(default=timezone.now)
    in_force_since = models.DateTimeField(null=True, blank=True)
    notes = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-fitted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["embedder"], condition=Q(in_force_since__isnull=False), name="fitted_method_one_in_force"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Decision(models.Model):
    """One recorded act on an issue, an artifact or a signal with its reason and its inverse.

    ``before`` and ``after`` hold field values and ids, enough to put back what stood; ``undoes`` points from an
    undo to what it undid. ``reason`` is a code of the verb's table; ``note`` is the triager's own words.
    """

    issue = models.ForeignKey(Issue, models.CASCADE, null=True, blank=True, related_name="decisions")
    artifact = models.ForeignKey(Artifact, models.CASCADE, null=True, blank=True, related_name="decisions")
    signal = models.ForeignKey(Signal, models.CASCADE, null=True, blank=True, related_name="decisions")
    report = models.ForeignKey(Report, models.SET_NULL, null=True, blank=True, related_name="decisions")
    verb = models.CharField(max_length=24)
    by = models.CharField(max_length=8, choices=PlacedBy.choices)
    decider = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    bulk = models.ForeignKey("Bulk", models.SET_NULL, null=True, blank=True, related_name="decisions")
    undoes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="undone_by")
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-decided_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="decision_not_undoing_itself", condition=Q(undoes=None) | ~Q(undoes=F("id"))),
            models.CheckConstraint(name="decision_verb_given", condition=~Q(verb="")),
            models.CheckConstraint(
                name="decision_on_one_thing",
                condition=Q(issue__isnull=False, artifact=None, signal=None)
                | Q(issue=None, artifact__isnull=False, signal=None)
                | Q(issue=None, artifact=None, signal__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.issue or self.artifact or self.signal}"


class Constraint(models.Model):
    """What a person said of two reports, or of a report and an issue: the same, or not the same. Kept for ever."""

    class Says(models.TextChoices):
        SAME = "same"
        NOT_SAME = "not_same"

    report = models.ForeignKey(Report, models.CASCADE, related_name="constraints")
    other = models.ForeignKey(Report, models.CASCADE, related_name="+")
    says = models.CharField(max_length=8, choices=Says.choices)
    decision = models.ForeignKey(Decision, models.CASCADE, null=True, blank=True, related_name="constraints")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["report", "other"], condition=Q(ended_at=None), name="constraint_once_at_a_time"
            ),
            models.CheckConstraint(name="constraint_ordered_pair", condition=Q(report__lt=F("other"))),
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.says} {self.other}"


class Bulk(models.Model):
    """One move made on many issues by a task, a few at a time.

    Either ``issue_ids`` were ticked one by one, or all that ``query`` finds up to the issue ``watermark`` were meant,
    and there had to be ``expected`` of them. ``told`` is the form as it was filled in; ``skipped`` maps an issue to the
    sentence that says why it was left alone. ``undoes`` points from the undoing of a bulk to it.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    verb = models.CharField(max_length=24)
    told = models.JSONField(default=dict)
    query = models.TextField(blank=True)
    watermark = models.BigIntegerField()
    expected = models.PositiveIntegerField()
    issue_ids = ArrayField(models.BigIntegerField())
    done = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=dict, blank=True)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="undone_by")
    made_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)  # when the task last came by
    cancelled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["id"], name="bulk_unfinished", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.verb} on {self.expected} issues"


class View(models.Model):
    """A saved search of the queue."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="views")
    name = models.CharField(max_length=80)
    query = models.TextField()
    is_shared = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name


class NightWatch(models.Model):
    """What the nightly pass of early warning learnt, for the evenings until the next: one row a night.

    ``usual`` holds, for issues and for themes, the weekdays and dispersion of the site and how others began (voices:
    how many); ``tables`` how restless each table of cells is. Of the alarms of bursts: ``own_level`` is the tier's,
    ``level`` the one in force, never looser, so that ``budget`` alarms a week are kept; ``quiet_alarms`` is how many
    there would have been at ``own_level`` in the ``quiet_weeks`` that it was learnt from.
    """

    on = models.DateField(unique=True)
    ran_at = models.DateTimeField(default=timezone.now)
    took_s = models.FloatField(default=0)
    usual = models.JSONField(default=dict)
    tables = models.JSONField(default=dict)
    budget = models.FloatField()
    own_level = models.FloatField()
    level = models.FloatField()
    quiet_weeks = models.FloatField(default=0)
    quiet_alarms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-on"]
        constraints = [
            models.CheckConstraint(
                name="night_watch_level_never_looser", condition=Q(level__gte=0, level__lte=F("own_level"))
            ),
        ]

    def __str__(self) -> str:
        return f"night of {self.on}"


class Claim(models.Model):
    """Somebody is looking at an issue; others see it until the lease ends."""

    issue = models.OneToOneField(Issue, models.CASCADE, primary_key=True, related_name="claim")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="claims")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.issue} claimed by {self.user}"


class Meter(models.Model):
    """What all processes have counted together since the site began, and when things last happened.

    ``triage.meters`` adds what each process has counted in memory. ``label`` tells the parts of one meter from each
    other: a status, the upper end of a step of a histogram.
    """

    name = models.CharField(max_length=40)
    label = models.CharField(max_length=40, blank=True)
    value = models.FloatField(default=0)  # a count, seconds, or a moment in seconds since 1970

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="meter_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.label}".strip()


class Presence(models.Model):
    """A web process or a worker says every few seconds that it lives, by the clock of the database."""

    class Part(models.TextChoices):
        WEB = "web"
        WORKER = "worker"

    part = models.CharField(max_length=8, choices=Part.choices)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    skew_s = models.FloatField(default=0)  # seconds by which its own clock is ahead of the database's
    key_mark = models.CharField(max_length=16)  # tells keys apart, and nothing of the key
    pool_size = models.PositiveIntegerField(default=0)  # connections to the database that it holds
    pool_busy = models.PositiveIntegerField(default=0)  # of them those in use

    class Meta:
        ordering = ["part", "host", "pid"]
        constraints = [
            models.UniqueConstraint(fields=["part", "host", "pid"], name="presence_once"),
            models.CheckConstraint(name="presence_part_known", condition=Q(part__in=["web", "worker"])),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.pid} on {self.host}"
