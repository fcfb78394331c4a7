"""The public record as its readers ask for it. Changes nothing, and shows nobody more than ``visible_to`` does."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.db.models import Count, F, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest, Lower, TruncWeek

from accounts.policy import Actor
from reports.models import Affected, Alias, Artifact, DailyCount, Evidence, Issue, Lineage, Placement
from reports.models.artifact import ArtifactQuerySet
from reports.models.issue import AffectedQuerySet, IssueQuerySet
from reports.naming import parse
from reports.vocabulary import AffectedStatus, Resolution, Status, Visibility

RESOLVED_HERE = ~Q(resolution="")
NOT_AFFECTED = Q(resolution="", status=AffectedStatus.NOT_AFFECTED)
OPEN_HERE = Q(resolution="") & ~Q(status=AffectedStatus.NOT_AFFECTED)
CHART_WEEKS = 26
CHART_LEAST = 3  # voices: below that a chart draws noise


def affected_shown(actor: Actor) -> "Prefetch[str]":
    """For ``prefetch_related``: the artifacts of an issue that the actor may see, read by :func:`affected_of`."""
    rows = Affected.objects.visible_to(actor).select_related("artifact", "introduced_in", "last_affected", "fixed_in")
    return Prefetch("affected", queryset=rows.order_by("artifact__kind", "artifact__org", "artifact__name"), to_attr="shown")


def affected_of(issue: Issue) -> list[Affected]:
    """The rows that :func:`affected_shown` fetched. Fails loudly where nobody asked for whom."""
    rows: list[Affected] = issue.shown  # type: ignore[attr-defined] # set by the prefetch
    return rows


def issues_for(actor: Actor) -> IssueQuerySet:
    """Every issue the actor may see, those without a page too where they may."""
    return Issue.objects.visible_to(actor).prefetch_related(affected_shown(actor))


def issues_on_record(actor: Actor) -> IssueQuerySet:
    """Issues that have a number and a page, the newest decision first."""
    decided = Greatest("confirmed_at", "published_at", "resolved_at")
    paged = issues_for(actor).filter(number__isnull=False, status__in=[Status.CONFIRMED, Status.RESOLVED])
    return paged.order_by(decided.desc(nulls_last=True), "-pk")


def issues_to_triage(actor: Actor) -> IssueQuerySet:
    """Issues as those who may see unpublished ones read them: with their reports, and a title before it is written.

    Until then an issue is called by the summary of its oldest report that is not private.
    """
    words = Evidence.objects.visible_to(actor).exclude(report__visibility=Visibility.PRIVATE).filter(
        report__placements__issue=OuterRef("pk"), report__placements__superseded_at=None
    )
    placed = Placement.objects.visible_to(actor).active().select_related("report").order_by("report__reported_at", "pk")
    return (
        issues_for(actor)
        .select_related("family")
        .annotate(oldest_summary=Subquery(words.order_by("report__reported_at", "pk").values("summary")[:1]))
        .prefetch_related(Prefetch("placements", queryset=placed, to_attr="placed"))
    )


def survivor_of(number: str, actor: Actor) -> Issue | None:
    """Where a published issue went that was merged away, if the actor may see that."""
    merged = Issue.objects.filter(number=number, status=Status.MERGED, published_at__isnull=False)
    survivor = merged.select_related("merged_into").first()
    followed: set[int] = set()
    while survivor is not None and survivor.merged_into is not None and survivor.pk not in followed:
        followed.add(survivor.pk)
        survivor = survivor.merged_into
    return issues_on_record(actor).filter(pk=survivor.pk).first() if survivor else None


def modified_at(issue: Issue) -> datetime | None:
    """When the issue last changed for its readers: the last public decision about it or about an artifact in it."""
    of_artifacts = [moment for row in affected_of(issue) for moment in (row.stated_at, row.resolved_at)]
    told = [issue.confirmed_at, issue.published_at, issue.resolved_at, *of_artifacts]
    return max((moment for moment in told if moment), default=None)


def artifacts_with_pages(actor: Actor) -> ArtifactQuerySet:
    """Every artifact but the one that stands for "I don't know which"."""
    return Artifact.objects.visible_to(actor).filter(merged_into__isnull=True).exclude(org="")


def with_tallies(artifacts: ArtifactQuerySet, actor: Actor) -> ArtifactQuerySet:
    """Each artifact with ``open_count``, ``resolved_count`` and ``latest_at`` of the issues the actor may see."""
    of_it = on_record(actor).filter(artifact=OuterRef("pk")).order_by().values("artifact")

    def counted(which: Q) -> Coalesce:
        return Coalesce(Subquery(of_it.filter(which).annotate(n=Count("pk")).values("n")), 0, output_field=IntegerField())

    latest = of_it.annotate(at=Greatest("issue__published_at", "resolved_at", "issue__confirmed_at"))
    return artifacts.annotate(
        open_count=counted(OPEN_HERE),
        resolved_count=counted(RESOLVED_HERE),
        latest_at=Subquery(latest.order_by("-at").values("at")[:1]),
    )


def on_record(actor: Actor) -> AffectedQuerySet:
    """How artifacts stand in the issues on record."""
    issues = issues_on_record(actor).prefetch_related(None).order_by()
    return Affected.objects.visible_to(actor).filter(issue__in=issues)


def issues_of(artifact: Artifact, actor: Actor) -> AffectedQuerySet:
    """How the artifact stands in each issue on record that names it, what was decided last first."""
    rows = on_record(actor).filter(artifact=artifact).select_related("issue", "artifact", "fixed_in")
    decided = Greatest("resolved_at", "issue__published_at", "issue__confirmed_at")
    return rows.order_by(decided.desc(nulls_last=True), "-pk")


def tally_of(artifact: Artifact, actor: Actor) -> dict[str, int]:
    """Issues of the artifact by how they stand for it: open (of them disputed), resolved (of them fixed), not affected."""
    return on_record(actor).filter(artifact=artifact).aggregate(
        open=Count("pk", filter=OPEN_HERE),
        disputed=Count("pk", filter=OPEN_HERE & Q(issue__is_disputed=True)),
        resolved=Count("pk", filter=RESOLVED_HERE),
        fixed=Count("pk", filter=Q(resolution=Resolution.FIXED)),
        not_affected=Count("pk", filter=NOT_AFFECTED),
    )


def lineage_of(artifact: Artifact, actor: Actor) -> tuple[list[Lineage], list[Lineage]]:
    """Steps from its parents and to its children, of those with a page."""
    pages = artifacts_with_pages(actor)
    steps = Lineage.objects.select_related("parent", "child").filter(parent__in=pages, child__in=pages)
    return list(steps.filter(child=artifact)), list(steps.filter(parent=artifact).order_by("child__org", "child__name"))


def artifacts_called(typed: str, actor: Actor) -> list[Artifact]:
    """Artifacts with a page whose name, full name or other name is just what was typed, at most two."""
    org, name = parse(typed)
    if not name:
        return []
    exact = Q(name__iexact=name, org__iexact=org) if org else Q(name__iexact=name) | Q(title__iexact=typed)
    other = Alias.objects.alias(low=Lower("name")).filter(low=typed.lower()).values("artifact")
    return list(artifacts_with_pages(actor).filter(exact | Q(pk__in=other)).order_by("pk")[:2])


@dataclass(frozen=True, slots=True)
class Week:
    """Voices in the week that starts on ``start``, a Monday."""

    start: date
    count: int


def weekly_voices(artifact: Artifact, actor: Actor, *, until: date) -> list[Week]:
    """Voices a week in the artifact's issues on record, up to the week of ``until``; nothing if too few to draw.

    Voices are counted by day: whoever writes on two days counts on both.
    """
    this_week = until - timedelta(days=until.weekday())
    since = this_week - timedelta(weeks=CHART_WEEKS - 1)
    issues = issues_on_record(actor).prefetch_related(None).order_by()
    days = DailyCount.objects.filter(artifact=artifact, issue__in=issues, day__gte=since, day__lte=until)
    rows: QuerySet[Any, Any] = days.values(week=TruncWeek("day")).annotate(voices=Sum("voice_count"))
    counts: dict[date, int] = {row["week"]: row["voices"] for row in rows}
    if sum(counts.values()) < CHART_LEAST:
        return []
    weeks = (this_week - min(counts)).days // 7 + 1
    starts = [this_week - timedelta(weeks=ago) for ago in reversed(range(weeks))]
    return [Week(start, counts.get(start, 0)) for start in starts]


@dataclass(frozen=True, slots=True)
class Line:
    """One issue in a list, as ``components/issue_row.html`` reads it."""

    number: str
    title: str
    severity: str
    status: str
    resolution: str
    version: str
    voice_count: int
    artifacts: tuple[str, ...]
    context_of_use: str
    state_date: datetime | None
    is_public: bool
    get_absolute_url: str
    get_kind_display: str
    get_context_of_use_display: str

    @classmethod
    def of(cls, issue: Issue) -> Self:
        """The issue as a whole."""
        rows = affected_of(issue)
        fixes = {str(row.fixed_in) for row in rows if row.fixed_in}
        return cls._drawn(
            issue,
            status=issue.status,
            resolution=issue.resolution,
            version=fixes.pop() if len(fixes) == 1 else "",
            artifacts=tuple(str(row.artifact) for row in rows),
            state_date=issue.resolved_at or issue.published_at,
        )

    @classmethod
    def for_artifact(cls, row: Affected) -> Self:
        """The issue as it stands for one artifact."""
        return cls._drawn(
            row.issue,
            status=Status.RESOLVED if row.resolution else Status.CONFIRMED,
            resolution=row.resolution,
            version=str(row.fixed_in or ""),
            artifacts=(),
            state_date=row.resolved_at or row.issue.published_at,
        )

    @classmethod
    def _drawn(cls, issue: Issue, **stands: Any) -> Self:
        return cls(
            number=issue.number or "",
            title=issue.public_title,
            severity=issue.severity,
            voice_count=issue.voice_count,
            context_of_use=issue.context_of_use,
            is_public=issue.is_public,
            get_absolute_url=issue.get_absolute_url(),
            get_kind_display=issue.get_kind_display(),
            get_context_of_use_display=issue.get_context_of_use_display(),
            **stands,
        )


def lines(issues: Iterable[Issue]) -> list[Line]:
    return [Line.of(issue) for issue in issues]
