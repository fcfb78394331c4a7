"""The queue: what waits for a person, the most urgent first. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Extract, Greatest, Least, Ln, Now, NullIf
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from reports.models import DailyCount, Issue, Placement, Report
from reports.models.issue import IssueQuerySet
from reports.vocabulary import Harm, HazardLevel, Kind, Severity, Status, Visibility
from triage import explanations
from triage.models import Suggestion

PAGE = 25  # rows of the list
SPARK_WEEKS = 12
SPARK_LEAST = 3  # voices: below that a line is noise
AGE_COUNTS = 30.0  # days after which waiting longer makes nothing more urgent

# How much more urgent one step is than another; only their order is meant, and a voice more counts less each time.
SEVERITY_WEIGHT = {
    Severity.LOW: 1.0,
    Severity.NOT_SURE: 1.5,
    Severity.MEDIUM: 2.0,
    Severity.HIGH: 4.0,
    Severity.CRITICAL: 8.0,
}
HARM_WEIGHT = {Harm.YES: 2.0, Harm.NEARLY: 1.5}
WAITING = Q(status=Status.NEW) | Q(status=Status.RESOLVED, is_possible_regression=True)
STANDING = (Status.NEW, Status.CONFIRMED, Status.RESOLVED)
UNLOOKED = Placement.objects.active().filter(needs_look=True).values("issue")
STATES = {
    "new": WAITING,
    "confirmed": Q(status=Status.CONFIRMED),
    "resolved": Q(status=Status.RESOLVED),
    "dismissed": Q(status=Status.DISMISSED),
    "look": Q(status__in=STANDING) & (Q(growth_flagged_at__isnull=False) | Q(pk__in=Subquery(UNLOOKED))),
    "all": ~Q(status=Status.MERGED),
}


def waiting_issues() -> IssueQuerySet:
    """New issues that have a report with a voice, and possible regressions; the most urgent first."""
    return by_urgency(titled(Issue.objects.filter(WAITING).filter(has_voice())))


def waiting_count() -> int:
    return Issue.objects.filter(WAITING).filter(has_voice()).count()


def has_voice() -> Exists:
    return Exists(_reports_of("pk").filter(report__held_at=None))


def titled(issues: IssueQuerySet) -> IssueQuerySet:
    """Each with ``title`` ("" if nothing may head it) and ``first_report_id``, its oldest report."""
    return issues.annotate(
        title=Coalesce(NullIf(F("public_title"), Value("")), summary_of("pk"), Value(""), output_field=TextField()),
        first_report_id=Subquery(
            _reports_of("pk").order_by("report__reported_at", "report_id").values("report_id")[:1]
        ),
    )


def summary_of(issue: str) -> Subquery:
    """The summary of the oldest report that is neither private nor for moderators only, of the issue in that column."""
    kept_back = Q(report__visibility=Visibility.PRIVATE) | Q(report__hazard_level=HazardLevel.MODERATORS)
    told = _reports_of(issue).exclude(kept_back).exclude(report__evidence__summary="")
    return Subquery(told.order_by("report__reported_at", "report_id").values("report__evidence__summary")[:1])


def by_urgency(issues: IssueQuerySet) -> IssueQuerySet:
    """Possible regressions first, then severity × voices × harm × age, or what a person set instead."""
    severity = Case(
        *(When(severity=name, then=Value(weight)) for name, weight in SEVERITY_WEIGHT.items()), default=Value(1.0)
    )
    harm = Case(*(When(_harmed(name), then=Value(weight)) for name, weight in HARM_WEIGHT.items()), default=Value(1.0))
    voices = Value(1.0) + Ln(Greatest(F("voice_count"), Value(1)), output_field=FloatField())
    days = Extract(Now() - F("opened_at"), "epoch") / Value(86_400.0)
    age = Value(1.0) + Least(days, Value(AGE_COUNTS)) / Value(AGE_COUNTS)
    product = ExpressionWrapper(severity * voices * harm * age, output_field=FloatField())
    return issues.annotate(urgency=Coalesce(F("priority_override"), product)).order_by(
        "-is_possible_regression", "-urgency", "pk"
    )


def _harmed(harm: Harm) -> Exists:
    return Exists(_reports_of("pk").filter(report__harm_occurred=harm))


def _reports_of(issue: str) -> "QuerySet[Placement]":
    return Placement.objects.active().filter(issue=OuterRef(issue))


class QueueFilter(django_filters.FilterSet):  # type: ignore[misc] # the library has no types
    """What the list may be narrowed to; everything stands in the address."""

    q = django_filters.CharFilter(
        label=_("Words of the title"),
        method="narrow_words",
        widget=forms.SearchInput(attrs={"placeholder": _("Words of the title")}),
    )
    artifact = django_filters.CharFilter(
        label=_("Artifact"), method="narrow_artifact", widget=forms.TextInput(attrs={"placeholder": "org/name"})
    )
    kind = django_filters.ChoiceFilter(label=_("Kind of failure"), choices=Kind.choices, empty_label=_("Any kind"))

    class Meta:
        model = Issue
        fields: list[str] = []

    def narrow_words(self, issues: IssueQuerySet, name: str, value: str) -> IssueQuerySet:
        for word in value.replace("\x00", "").split():
            issues = issues.filter(**{"title__icontains": word})
        return issues

    def narrow_artifact(self, issues: IssueQuerySet, name: str, value: str) -> IssueQuerySet:
        org, slash, rest = value.replace("\x00", "").strip().partition("/")
        called = Q(report__artifact__name__icontains=rest if slash else org)
        if slash:
            called &= Q(report__artifact__org__iexact=org)
        return issues.filter(Exists(_reports_of("pk").filter(called)))


@dataclass(frozen=True, slots=True)
class Row:
    """One issue as the list shows it."""

    issue: Issue
    title: str
    artifact: str
    version: str
    report: Report | None
    age: str
    suggested: Issue | None
    suggested_title: str
    band: str
    weeks: list[int]
    needs_look: bool

    @property
    def is_private(self) -> bool:
        return self.report is not None and self.report.is_private

    @property
    def is_held(self) -> bool:
        return self.report is not None and self.report.held_at is not None

    @property
    def is_gated(self) -> bool:
        return self.issue.hazard_level >= HazardLevel.GATED


def rows(issues: Iterable[Issue], *, today: datetime) -> list[Row]:
    """The issues of one page of the list with what stands in their rows, in as many queries however many they are."""
    shown = list(issues)
    first = [annotated(issue, "first_report_id") for issue in shown]
    reports = Report.objects.select_related("artifact", "version").in_bulk([pk for pk in first if pk])
    alone = [
        pk for issue, pk in zip(shown, first, strict=True) if issue.status == Status.NEW and issue.report_count <= 1
    ]
    opinions = {opinion.report_id: opinion for opinion in reversed(suggestions(alone))}
    unlooked = set(UNLOOKED.filter(issue__in=shown).values_list("issue", flat=True))
    weeks = weekly_voices([issue.pk for issue in shown if issue.voice_count >= SPARK_LEAST], today=today)
    return [
        Row(
            issue=issue,
            title=title_in_words(issue),
            artifact=str(report.artifact if (report := reports.get(pk or 0)) else issue.family),
            version=str(report.version or "") if report else "",
            report=report,
            age=timesince(issue.opened_at, today, depth=1),
            suggested=suggested_issue(opinion) if (opinion := opinions.get(pk or 0)) else None,
            suggested_title=suggested_title(opinion) if opinion else "",
            band=explanations.band(opinion.band) if opinion else "",
            weeks=weeks.get(issue.pk, []),
            needs_look=issue.pk in unlooked,
        )
        for issue, pk in zip(shown, first, strict=True)
    ]


def suggestions(report_ids: Iterable[int | None]) -> list[Suggestion]:
    """The engine's opinions nobody has answered, best first, each with ``title`` of the issue it points to.

    An issue that has been merged since stands for the one it became part of.
    """
    opinions = Suggestion.objects.filter(
        report__in=[pk for pk in report_ids if pk], taken_at=None, refused_at=None
    ).select_related("issue__family", "issue__merged_into__family")
    opinions = opinions.annotate(stands_for=Coalesce("issue__merged_into_id", "issue_id"))
    opinions = opinions.annotate(title=Coalesce(summary_of("stands_for"), Value(""), output_field=TextField()))
    return list(opinions.order_by("rank", "pk"))


def suggested_issue(opinion: Suggestion) -> Issue:
    issue: Issue = opinion.issue.merged_into or opinion.issue
    return issue


def suggested_title(opinion: Suggestion) -> str:
    issue = suggested_issue(opinion)
    return issue.public_title or str(annotated(opinion, "title") or "") or plain_title(issue)


def title_in_words(issue: Issue) -> str:
    """The title of an issue from :func:`titled`; kind and artifact where nothing may head it."""
    return str(annotated(issue, "title") or "") or plain_title(issue)


def plain_title(issue: Issue) -> str:
    return f"{issue.get_kind_display()} · {issue.family}"


def weekly_voices(issue_ids: Iterable[int], *, today: datetime) -> dict[int, list[int]]:
    """Voices of the last twelve weeks, oldest first, for issues that had any."""
    until = today.date()
    since = until - timedelta(weeks=SPARK_WEEKS) + timedelta(days=1)
    days = DailyCount.objects.filter(issue__in=list(issue_ids), day__gte=since, day__lte=until)
    lines: dict[int, list[int]] = {}
    for issue_id, day, voices in days.values_list("issue_id", "day").annotate(voices=Sum("voice_count")):
        lines.setdefault(issue_id, [0] * SPARK_WEEKS)[(day - since).days // 7] += voices
    return lines


def annotated(row: Model, name: str) -> Any:
    return getattr(row, name)
