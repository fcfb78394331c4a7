"""The public record: issues, who is affected by them, which reports stand behind them, who tried again."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.policy import Act, Actor, allows
from reports.models.artifact import Artifact, Version
from reports.models.embargo import Embargoed, free_of_embargo, lifted_after_it_was_set
from reports.models.report import Report, read_by
from reports.vocabulary import (
    AffectedStatus,
    ContextOfUse,
    Dismissal,
    Harm,
    HazardLevel,
    Kind,
    LifecycleStage,
    PlacedBy,
    Resolution,
    Severity,
    Status,
)


def published(issue: str = "") -> Q:
    """What is asked of an issue's own row before the public sees it; ``issue`` leads to it, as in "issue__"."""
    return free_of_embargo(issue) & Q(
        **{f"{issue}published_at__isnull": False, f"{issue}status__in": [Status.CONFIRMED, Status.RESOLVED]}
    )


def told_to(actor: Actor) -> Q:
    """What is asked of an issue before it is shown to those who ``actor`` speaks for, published or not."""
    told = Affected.objects.told_to(actor).filter(issue=OuterRef("pk"))
    return Q(status__in=[Status.CONFIRMED, Status.RESOLVED]) & Q(Exists(told))


class IssueQuerySet(models.QuerySet["Issue"]):
    def visible_to(self, actor: Actor) -> Self:
        """The one door: published, past its embargo, and naming an artifact that has a page. Triagers see all.

        Whoever speaks for an artifact sees also what its maintainers were told of.
        """
        if allows(actor, Act.SEE_UNPUBLISHED):
            return self
        with_a_page = Artifact.objects.visible_to(actor)
        named = Affected.objects.judged().filter(issue=OuterRef("pk"), artifact__in=with_a_page)
        if actor.speaks_for:
            return self.filter(Q(published() & Exists(named)) | told_to(actor))
        return self.filter(published(), Exists(named))

    def told_to(self, actor: Actor) -> Self:
        """Issues whose maintainers were told, of the artifacts that ``actor`` speaks for."""
        return self.filter(told_to(actor))

    def open(self) -> Self:
        return self.filter(status__in=[Status.NEW, Status.CONFIRMED])

    def resolved(self) -> Self:
        return self.filter(status=Status.RESOLVED)

    def affecting(self, artifact: Artifact) -> Self:
        """Issues that name the artifact, whatever its own status in them."""
        return self.filter(affected__artifact=artifact)


class Issue(Embargoed):
    """One failure in one family, gathering reports.

    ``number`` is given on confirmation and never reused; ``public_title`` and ``public_summary`` are what the
    public reads, chosen by a person. Only ``triage.decisions`` changes ``status``. ``touched_at`` says when a
    person first decided something about it: from then on the engine only suggests moves that a person made.
    """

    number = models.CharField(max_length=16, null=True, unique=True, editable=False)
    family = models.ForeignKey(Artifact, models.PROTECT, related_name="family_issues")
    kind = models.CharField(max_length=24, choices=Kind.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.NEW, editable=False)
    resolution = models.CharField(max_length=20, choices=Resolution.choices, blank=True, editable=False)
    dismissal = models.CharField(max_length=16, choices=Dismissal.choices, blank=True, editable=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_from")

    public_title = models.CharField(max_length=200, blank=True)
    public_summary = models.TextField(blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.NOT_SURE)
    severity_by_person = models.BooleanField(default=False)
    harm_occurred = models.CharField(max_length=8, choices=Harm.choices, blank=True)  # the worst that reports tell of
    context_of_use = models.CharField(max_length=16, choices=ContextOfUse.choices, blank=True)
    lifecycle_stage = models.CharField(max_length=16, choices=LifecycleStage.choices, blank=True)
    in_stated_use = models.BooleanField(null=True, blank=True)
    hazard_level = models.PositiveSmallIntegerField(choices=HazardLevel.choices, default=HazardLevel.NONE)
    is_disputed = models.BooleanField(default=False)
    is_possible_regression = models.BooleanField(default=False)
    growth_flagged_at = models.DateTimeField(null=True, blank=True)  # joins came so fast that a person should look
    rule_id = models.CharField(max_length=200, blank=True)

    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    snoozed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snoozed_voices = models.PositiveIntegerField(null=True, blank=True)  # wakes once it has as many
    snoozed_version = models.ForeignKey(  # wakes once an artifact of the issue has a release after it
        Version, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField(null=True, blank=True)
    priority_override = models.FloatField(null=True, blank=True)  # stands for the product; see triage.priority
    priority = models.FloatField(default=0)  # as triage.counting wrote it: the order of the queue

    report_count = models.PositiveIntegerField(default=0)
    voice_count = models.PositiveIntegerField(default=0)
    first_reported_at = models.DateTimeField(null=True, blank=True)
    last_reported_at = models.DateTimeField(null=True, blank=True)

    opened_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    embargo_zone = models.CharField(max_length=64, blank=True, default="", db_default="")  # IANA, to tell its end in
    publishes_at_end = models.BooleanField(default=False, db_default=False)  # decided: once its embargo is lifted
    parties_told_at = models.DateTimeField(null=True, blank=True)  # who else was told is shown to maintainers
    changed_at = models.DateTimeField(auto_now=True)
    revision = models.PositiveIntegerField(default=0)  # counts writes, so that two people never overwrite each other
    waits = models.GeneratedField(  # for a person; a held report makes nothing wait
        expression=ExpressionWrapper(
            Q(status=Status.NEW, voice_count__gt=0)
            | Q(status=Status.RESOLVED, is_possible_regression=True)
            | Q(status=Status.DISMISSED, is_disputed=True),
            output_field=models.BooleanField(),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="issue_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(name="issue_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(name="issue_severity_known", condition=Q(severity__in=Severity.values)),
            models.CheckConstraint(name="issue_hazard_known", condition=Q(hazard_level__in=HazardLevel.values)),
            models.CheckConstraint(
                name="issue_numbered_once_confirmed",
                condition=Q(number__isnull=False) | Q(status__in=[Status.NEW, Status.DISMISSED, Status.MERGED]),
            ),
            models.CheckConstraint(
                name="issue_number_shape", condition=Q(number=None) | Q(number__regex=r"^TT-[0-9]{4}-[0-9]{5,}$")
            ),
            models.CheckConstraint(
                name="issue_published_with_number_and_title",
                condition=Q(published_at=None) | (Q(number__isnull=False) & ~Q(public_title="")),
            ),
            models.CheckConstraint(
                name="issue_resolution_iff_resolved",
                condition=(Q(status=Status.RESOLVED) & ~Q(resolution="") & Q(resolved_at__isnull=False))
                | (~Q(status=Status.RESOLVED) & Q(resolution="", resolved_at=None)),
            ),
            models.CheckConstraint(
                name="issue_dismissal_iff_dismissed",
                condition=(Q(status=Status.DISMISSED) & ~Q(dismissal="") & Q(dismissed_at__isnull=False))
                | (~Q(status=Status.DISMISSED) & Q(dismissal="", dismissed_at=None)),
            ),
            models.CheckConstraint(
                name="issue_merged_iff_merged_into",
                condition=Q(status=Status.MERGED, merged_into__isnull=False)
                | (~Q(status=Status.MERGED) & Q(merged_into=None)),
            ),
            models.CheckConstraint(
                name="issue_not_merged_into_itself", condition=Q(merged_into=None) | ~Q(merged_into=F("id"))
            ),
            models.CheckConstraint(
                name="issue_snoozed_until_something",
                condition=Q(snoozed_at=None, snoozed_until=None, snoozed_voices=None, snoozed_version=None)
                | Q(snoozed_at__isnull=False),
            ),
            lifted_after_it_was_set("issue_embargo_lifted_was_set"),
            models.CheckConstraint(name="issue_voices_within_reports", condition=Q(voice_count__lte=F("report_count"))),
        ]
        indexes = [
            models.Index(fields=["family", "status"], name="issue_family_status"),
            models.Index(fields=["status", "-last_reported_at"], name="issue_queue"),
            models.Index(fields=["-published_at"], name="issue_public", condition=Q(published_at__isnull=False)),
            models.Index(fields=["family", "rule_id"], name="issue_rule", condition=~Q(rule_id="")),
            models.Index(
                F("is_possible_regression").desc(),
                F("priority").desc(),
                F("id"),
                name="issue_waiting",
                condition=Q(waits=True),
            ),
            models.Index(fields=["status", "-priority"], name="issue_by_priority"),
            # what few issues are is looked for in all of them
            models.Index(fields=["id"], name="issue_snoozed", condition=Q(snoozed_at__isnull=False)),
            models.Index(fields=["id"], name="issue_growing", condition=Q(growth_flagged_at__isnull=False)),
            models.Index(fields=["id"], name="issue_disputed", condition=Q(is_disputed=True)),
            models.Index(
                fields=["embargo_until"],
                name="issue_embargoed",
                condition=Q(embargo_until__isnull=False, embargo_lifted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"issue {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("issue", args=[self.number])

    @property
    def is_public(self) -> bool:
        """Published and past its embargo; what ``visible_to`` asks of a row for everybody."""
        published = self.published_at is not None and self.status in (Status.CONFIRMED, Status.RESOLVED)
        return published and not self.is_embargoed


class NumberSeries(models.Model):
    """The last issue number given in a year. Locked while one is given, so that none is given twice."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class AffectedQuerySet(models.QuerySet["Affected"]):
    def visible_to(self, actor: Actor) -> Self:
        """Artifacts with a page, in issues with one, once a person judged them: being named by a report is private.

        Of the artifact they speak for, maintainers see how it stands wherever they were told.
        """
        if allows(actor, Act.SEE_UNPUBLISHED):
            return self
        in_public = self.judged().filter(published("issue__"), artifact__in=Artifact.objects.visible_to(actor))
        if actor.speaks_for:
            return in_public | self.told_to(actor).filter(issue__status__in=[Status.CONFIRMED, Status.RESOLVED])
        return in_public

    def told_to(self, actor: Actor) -> Self:
        """Rows of artifacts that ``actor`` speaks for, where their maintainers were told."""
        return self.filter(artifact__in=actor.speaks_for, notified_at__isnull=False)

    def judged(self) -> Self:
        return self.exclude(status=AffectedStatus.UNDER_INVESTIGATION, resolution="", stated_at=None)


class Affected(models.Model):
    """How one artifact stands in one issue: since which version, fixed in which, who says so, k of n tries."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="affected")
    artifact = models.ForeignKey(Artifact, models.PROTECT, related_name="affected")
    status = models.CharField(max_length=20, choices=AffectedStatus.choices, default=AffectedStatus.UNDER_INVESTIGATION)
    introduced_in = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="+")
    last_affected = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="+")
    fixed_in = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="+")
    resolution = models.CharField(max_length=20, choices=Resolution.choices, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    statement = models.TextField(blank=True)
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    stated_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(null=True, blank=True)
    failures = models.PositiveIntegerField(null=True, blank=True)
    untested_reason = models.TextField(blank=True)  # why a fix could not be tried, where none was
    notified_at = models.DateTimeField(null=True, blank=True)  # the developer's maintainers
    acknowledged_at = models.DateTimeField(null=True, blank=True)  # by one of them

    objects = AffectedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issue", "artifact"], name="affected_once_per_artifact"),
            models.CheckConstraint(name="affected_status_known", condition=Q(status__in=AffectedStatus.values)),
            models.CheckConstraint(
                name="affected_resolution_has_a_date",
                condition=Q(resolution="", resolved_at=None) | (~Q(resolution="") & Q(resolved_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="affected_fixed_means_fixed",
                condition=~Q(status=AffectedStatus.FIXED) | Q(resolution=Resolution.FIXED),
            ),
            models.CheckConstraint(
                name="affected_failures_within_tries",
                condition=Q(tries=None, failures=None)
                | Q(tries__isnull=False, tries__gt=0, failures__isnull=False, failures__lte=F("tries")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.artifact}: {self.status}"

    @property
    def is_judged(self) -> bool:
        """What ``judged`` asks of rows: a person said something of how it stands."""
        undecided = self.status == AffectedStatus.UNDER_INVESTIGATION
        return not undecided or self.resolution != "" or self.stated_at is not None


class PlacementQuerySet(models.QuerySet["Placement"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(read_by(actor, "report__"))

    def active(self) -> Self:
        return self.filter(superseded_at__isnull=True)


class Placement(models.Model):
    """A report in an issue: by whom or what, how sure, and why. Superseded, never edited.

    ``reasons`` holds ids, offsets and features as ``triage.matching`` writes them, never text;
    ``score`` is in [0, 1] and null where nobody scored; ``method`` names the engine and its version.
    ``needs_look``: the engine put it into an issue that a person has judged, and nobody has looked at that yet.
    """

    report = models.ForeignKey(Report, models.CASCADE, related_name="placements")
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="placements")
    by = models.CharField(max_length=8, choices=PlacedBy.choices)
    placer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    score = models.FloatField(null=True, blank=True)
    method = models.CharField(max_length=40, blank=True)
    reasons = models.JSONField(default=dict, blank=True)
    needs_look = models.BooleanField(default=False)
    placed_at = models.DateTimeField(default=timezone.now)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = PlacementQuerySet.as_manager()

    class Meta:
        ordering = ["placed_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "issue"], condition=Q(superseded_at=None), name="placement_once_at_a_time"
            ),
            models.CheckConstraint(
                name="placement_score_range", condition=Q(score=None) | Q(score__gte=0, score__lte=1)
            ),
            models.CheckConstraint(name="placement_by_known", condition=Q(by__in=PlacedBy.values)),
            models.CheckConstraint(
                name="placement_by_engine_has_a_method", condition=~Q(by=PlacedBy.ENGINE) | ~Q(method="")
            ),
        ]
        indexes = [
            models.Index(fields=["issue"], name="placement_active", condition=Q(superseded_at=None)),
            models.Index(
                fields=["issue"], name="placement_to_look_at", condition=Q(superseded_at=None, needs_look=True)
            ),
            models.Index(fields=["placed_at"], include=["issue", "by"], name="placement_time"),
        ]

    def __str__(self) -> str:
        return f"{self.report} in {self.issue}"


class Reproduction(models.Model):
    """k failures of n tries on a named version with named settings. ``evidence`` is what was seen, in words."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="reproductions")
    artifact = models.ForeignKey(Artifact, models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="+")
    report = models.ForeignKey(Report, models.SET_NULL, null=True, blank=True, related_name="reproductions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    tries = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
    settings = models.JSONField(default=dict, blank=True)
    evidence = models.TextField(blank=True)
    tried_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)  # when its recording was undone
    run = models.CharField(max_length=80, blank=True, db_default="", editable=False)  # of a tool, whose result it is

    class Meta:
        ordering = ["-tried_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=~Q(run="") & Q(ended_at=None), name="reproduction_once_per_run"
            ),
            models.CheckConstraint(
                name="reproduction_failures_within_tries", condition=Q(tries__gt=0, failures__lte=F("tries"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.failures} of {self.tries}"


class Answer(models.Model):
    """What a maintainer says of an artifact in an issue: a statement with what it proposes to record, or a dispute.

    Nothing of it counts until a triager accepts it; ``status`` "" proposes nothing.
    """

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="answers")
    artifact = models.ForeignKey(Artifact, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField()
    is_dispute = models.BooleanField(default=False)
    status = models.CharField(max_length=20, choices=AffectedStatus.choices, blank=True)
    introduced_in = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="+")
    fixed_in = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="+")
    given_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="answer_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="answer_accepted_or_refused", condition=Q(accepted_at=None) | Q(refused_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"answer for {self.artifact}"
