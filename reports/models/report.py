"""One person's account, and apart from it what can identify or harm."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.policy import Act, Actor, allows
from reports.models.artifact import Artifact, Version
from reports.models.embargo import Embargoed, lifted_after_it_was_set
from reports.vocabulary import (
    Channel,
    ContextOfUse,
    FoundBy,
    Harm,
    HazardLevel,
    HeldFor,
    Kind,
    ReporterRelation,
    Severity,
    SourceType,
    Status,
    Visibility,
)


def read_by(actor: Actor, report: str = "") -> Q:
    """What a report must be for ``actor`` to read it, of the report at that lookup ("report__"), or of the row itself.

    A condition on the row at hand: asked as "is it among those", the same question takes PostgreSQL longer to plan than
    a queue's page has in all.
    """
    if allows(actor, Act.SEE_UNPUBLISHED):
        return Q() if allows(actor, Act.SEE_HAZARDS) else Q(**{f"{report}hazard_level__lt": HazardLevel.MODERATORS})
    mine = Q(**{f"{report}reporter": actor.user_id}) if actor.user_id else Q(pk__in=[])
    if actor.speaks_for:
        return mine | Q(**{f"{report}pk__in": Report.objects.told_to(actor).values("pk")})
    return mine


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, actor: Actor) -> Self:
        """Reports are read by those who triage them, and by whoever filed them with an account.

        Whoever speaks for an artifact reads those about it that stand in an issue they were told of.
        """
        return self.filter(read_by(actor))

    def told_to(self, actor: Actor) -> Self:
        """Reports about artifacts that ``actor`` speaks for, in issues whose maintainers were told. May repeat.

        Never those that somebody filed for triagers only, nor held or withdrawn ones, nor what only moderators read.
        """
        where = "placements__issue__affected__"
        return self.filter(
            placements__superseded_at=None,
            placements__issue__status__in=[Status.CONFIRMED, Status.RESOLVED],
            placements__issue__hazard_level__lt=HazardLevel.MODERATORS,
            artifact__in=actor.speaks_for,
            held_at=None,
            withdrawn_at=None,
            hazard_level__lt=HazardLevel.MODERATORS,
            **{f"{where}artifact": F("artifact"), f"{where}notified_at__isnull": False},
        ).exclude(visibility=Visibility.PRIVATE)

    def filed_by(self, actor: Actor) -> Self:
        """Whoever filed with an account, or keeps a report in one, reads theirs, whatever became of them."""
        return self.filter(reporter=actor.user_id) if actor.user_id else self.none()

    def ungrouped(self) -> Self:
        return self.filter(grouped_at__isnull=True)

    def counted(self) -> Self:
        """Reports with a voice: not held. Withdrawn and erased ones keep theirs."""
        return self.filter(held_at__isnull=True)


class Report(Embargoed):
    """What was filed, less its words: those stand in ``Evidence`` and may be erased apart.

    Never edited. ``filed_at`` is our clock, ``reported_at`` the source's; ``voice_key`` says whose voice it is
    without saying who (DESIGN §1). ``grouped_at`` null means that grouping has not served it yet.
    """

    reference = models.CharField(max_length=24, unique=True, editable=False)
    receipt_digest = models.BinaryField(editable=False)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="reports"
    )
    voice_key = models.CharField(max_length=48, editable=False)
    copy_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="copies")

    artifact = models.ForeignKey(Artifact, models.PROTECT, related_name="reports")
    version = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="reports")
    also_affects = ArrayField(models.CharField(max_length=260), default=list, blank=True)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    context_of_use = models.CharField(max_length=16, choices=ContextOfUse.choices, blank=True)
    harm_occurred = models.CharField(max_length=8, choices=Harm.choices, blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.NOT_SURE)
    found_by = models.CharField(max_length=12, choices=FoundBy.choices, default=FoundBy.USE)
    relation = models.CharField(max_length=12, choices=ReporterRelation.choices, blank=True)
    tries = models.PositiveIntegerField(null=True, blank=True)
    failures = models.PositiveIntegerField(null=True, blank=True)
    language = models.CharField(max_length=16, blank=True)
    observed_on = models.DateField(null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    visibility = models.CharField(max_length=28, choices=Visibility.choices, default=Visibility.PUBLIC_AFTER_REVIEW)
    consent_version = models.CharField(max_length=16)
    confirms = models.ForeignKey("Issue", models.PROTECT, null=True, blank=True, related_name="confirmations")

    channel = models.CharField(max_length=8, choices=Channel.choices)
    source_type = models.CharField(max_length=8, choices=SourceType.choices, default=SourceType.FORM)
    source = models.CharField(max_length=80, blank=True)
    source_key = models.CharField(max_length=300, blank=True)
    rule_id = models.CharField(max_length=200, blank=True)

    filed_at = models.DateTimeField(default=timezone.now, editable=False)
    reported_at = models.DateTimeField(default=timezone.now)
    grouped_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_for = models.CharField(max_length=8, choices=HeldFor.choices, blank=True)  # kept once it is released
    hazard_level = models.PositiveSmallIntegerField(choices=HazardLevel.choices, default=HazardLevel.NONE)
    redacted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-filed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_key"], condition=~Q(source_key=""), name="report_source_key_unique"
            ),
            models.CheckConstraint(name="report_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(name="report_visibility_known", condition=Q(visibility__in=Visibility.values)),
            models.CheckConstraint(name="report_hazard_known", condition=Q(hazard_level__in=HazardLevel.values)),
            models.CheckConstraint(name="report_channel_known", condition=Q(channel__in=Channel.values)),
            models.CheckConstraint(name="report_source_type_known", condition=Q(source_type__in=SourceType.values)),
            models.CheckConstraint(
                name="report_failures_within_tries",
                condition=Q(tries=None, failures=None)
                | Q(tries__isnull=False, tries__gt=0, failures__isnull=False, failures__lte=F("tries")),
            ),
            lifted_after_it_was_set("report_embargo_lifted_was_set"),
            models.CheckConstraint(name="report_has_a_voice", condition=~Q(voice_key="")),
            models.CheckConstraint(name="report_not_a_copy_of_itself", condition=Q(copy_of=None) | ~Q(copy_of=F("id"))),
        ]
        indexes = [
            models.Index(fields=["id"], name="report_ungrouped", condition=Q(grouped_at__isnull=True)),
            models.Index(fields=["artifact", "reported_at"], name="report_artifact_time"),
            models.Index(fields=["rule_id"], name="report_rule", condition=~Q(rule_id="")),
            models.Index(fields=["id"], name="report_held", condition=Q(held_at__isnull=False)),
            models.Index(
                fields=["embargo_until"],
                name="report_embargoed",
                condition=Q(embargo_until__isnull=False, embargo_lifted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("receipt", args=[self.reference])

    @property
    def is_private(self) -> bool:
        return self.visibility == Visibility.PRIVATE


class Span(models.Model):
    """Part of a report's words, by place: never the words themselves, so that erasing them erases all.

    ``part`` is a key of ``Evidence.parts``; ``start`` and ``end`` count characters as Python does.
    """

    report = models.ForeignKey(Report, models.CASCADE)
    part = models.CharField(max_length=16)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.part} {self.start}–{self.end} of {self.report_id}"


class Redaction(Span):
    """Words that nobody reads but those who see unpublished evidence and ask for them."""

    class Meta:
        default_related_name = "redactions"
        indexes = [models.Index(fields=["report"], name="redaction_standing", condition=Q(ended_at=None))]
        constraints = [models.CheckConstraint(name="redaction_of_something", condition=Q(start__lt=F("end")))]


class Excerpt(Span):
    """Words that a person chose to publish with an issue; what is redacted in them stays hidden."""

    issue = models.ForeignKey("Issue", models.CASCADE)

    class Meta:
        default_related_name = "excerpts"
        indexes = [models.Index(fields=["issue"], name="excerpt_standing", condition=Q(ended_at=None))]
        constraints = [models.CheckConstraint(name="excerpt_of_something", condition=Q(start__lt=F("end")))]


class Contact(models.Model):
    """An e-mail address to answer to, sealed with a key of the state folder."""

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="contact")
    sealed_email = models.BinaryField()

    def __str__(self) -> str:
        return f"contact of {self.report_id}"


class Credit(models.Model):
    """Under which name a reporter wants to be thanked in public, once what they reported is. Erased apart."""

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="credit")
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"credit of {self.report_id}"


class DailySalt(models.Model):
    """The salt of one day's network hashes; yesterday's is thrown away, and with it all that could be linked."""

    day = models.DateField(primary_key=True)
    salt = models.BinaryField()

    def __str__(self) -> str:
        return str(self.day)


class IdempotencyKey(models.Model):
    """An answer given to a keyed request, so that asking twice files once."""

    digest = models.BinaryField(primary_key=True)
    body_digest = models.BinaryField()
    sealed_answer = models.BinaryField(null=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"request of {self.at}"


class RateBucket(models.Model):
    """How much somebody (a keyed hash) has asked of something in one window of time."""

    who = models.BinaryField()
    scope = models.CharField(max_length=40)
    window_start = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["who", "scope", "window_start"], name="rate_bucket_once")]

    def __str__(self) -> str:
        return f"{self.scope} at {self.window_start}"
