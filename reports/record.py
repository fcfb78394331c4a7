"""The public record as its readers ask for it. Changes nothing, and shows nobody more than ``visible_to`` does."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Lower, TruncWeek
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.policy import Actor
from ledger.record import events_about
from reports.models import (
    Affected,
    Alias,
    Artifact,
    DailyCount,
    Evidence,
    Excerpt,
    Issue,
    Lineage,
    Placement,
    Report,
    Version,
)
from reports.models.artifact import ArtifactQuerySet
from reports.models.issue import AffectedQuerySet, IssueQuerySet
from reports.naming import parse
from reports.redaction import Quoted, fit_to_quote, quoted, summary_kept_back, with_redactions, with_translations
from reports.sealed import summary_of
from reports.vocabulary import AffectedStatus, Dismissal, HazardLevel, Status, TakenOff, Visibility

# How an issue stands for one artifact, in the order in which a page tells it.
OPEN_HERE = Q(resolution="") & ~Q(status=AffectedStatus.NOT_AFFECTED)
RESOLVED_HERE = ~Q(resolution="")
NOT_AFFECTED = Q(resolution="", status=AffectedStatus.NOT_AFFECTED)
STANDS = {"open": OPEN_HERE, "resolved": RESOLVED_HERE, "not_affected": NOT_AFFECTED}
PAGED = (Status.CONFIRMED, Status.RESOLVED)
TOMBSTONES_AT_ONCE = 500
CHART_WEEKS = 26
CHART_LEAST = 3  # voices: below that a chart draws noise


def affected_shown(actor: Actor) -> "Prefetch[str]":
    """For ``prefetch_related``: the artifacts of an issue that the actor may see, read by :func:`affected_of`."""
    rows = Affected.objects.visible_to(actor).select_related("artifact", "introduced_in", "last_affected", "fixed_in")
    return Prefetch(
        "affected", queryset=rows.order_by("artifact__kind", "artifact__org", "artifact__name"), to_attr="shown"
    )


def affected_of(issue: Issue) -> list[Affected]:
    """The rows that :func:`affected_shown` fetched. Fails loudly where nobody asked for whom."""
    rows: list[Affected] = issue.shown  # type: ignore[attr-defined] # set by the prefetch
    return rows


def issues_for(actor: Actor) -> IssueQuerySet:
    """Every issue the actor may see, those without a page too where they may."""
    return Issue.objects.visible_to(actor).prefetch_related(affected_shown(actor))


def issues_on_record(actor: Actor) -> IssueQuerySet:
    """Issues that have a number and a page, the newest decision first."""
    return latest_first(issues_for(actor).filter(number__isnull=False, status__in=PAGED))


def latest_first(issues: IssueQuerySet) -> IssueQuerySet:
    """The same issues by the last decision about each."""
    return issues.order_by(Greatest("confirmed_at", "published_at", "resolved_at").desc(nulls_last=True), "-pk")


def issues_to_triage(actor: Actor) -> IssueQuerySet:
    """Issues as those who may see unpublished ones read them: with their reports, and a title before it is written.

    Until then an issue is called by the summary of its oldest report that may stand in a list.
    """
    words = (
        Evidence.objects.visible_to(actor)
        .exclude(summary_kept_back())
        .exclude(report__visibility=Visibility.PRIVATE)
        .filter(report__placements__issue=OuterRef("pk"), report__placements__superseded_at=None)
        .annotate(told=summary_of("report__"))
    )
    placed = Placement.objects.visible_to(actor).active().select_related("report").order_by("report__reported_at", "pk")
    return (
        issues_for(actor)
        .select_related("family")
        .annotate(oldest_summary=Subquery(words.order_by("report__reported_at", "pk").values("told")[:1]))
        .prefetch_related(Prefetch("placements", queryset=placed, to_attr="placed"))
    )


def excerpts_of(issue: Issue, actor: Actor, *, shown: Collection[int] = ()) -> list[Quoted]:
    """What people chose to publish of the issue's reports, the oldest first; ``shown`` are the blurred ones asked for.

    Nothing of a report that is private, held, withdrawn, erased, under embargo or hazardous, or stands elsewhere by
    now, whatever was chosen of it; one and the same for everybody.
    """
    return excerpts_by_issue([issue], actor, shown=shown)[issue.pk]


def excerpts_by_issue(issues: Iterable[Issue], actor: Actor, *, shown: Collection[int] = ()) -> dict[int, list[Quoted]]:
    """:func:`excerpts_of` each of the issues, by their keys, in as many queries as for one."""
    asked = {issue.pk: issue for issue in issues}
    found: dict[int, list[Quoted]] = {key: [] for key in asked}
    open_ones = [key for key, each in asked.items() if each.hazard_level < HazardLevel.GATED and not each.is_embargoed]
    if not open_ones:
        return found
    stands = Placement.objects.active().filter(issue=OuterRef("issue"), report=OuterRef("report"))
    visible = Issue.objects.visible_to(actor).filter(pk__in=open_ones)
    rows = Excerpt.objects.filter(Exists(stands), ended_at=None, issue__in=visible).order_by("part", "start")
    chosen: dict[int, dict[int, list[Excerpt]]] = {}
    for row in rows:
        chosen.setdefault(row.report_id, {}).setdefault(row.issue_id, []).append(row)
    if not chosen:
        return found
    reports = Report.objects.filter(fit_to_quote(), pk__in=chosen).select_related("evidence", "evidence_key")
    for report in reports.prefetch_related(with_redactions(), with_translations()).order_by("reported_at", "pk"):
        for key, excerpts in chosen[report.pk].items():
            told = quoted(report, excerpts, asked[key], place=len(found[key]) + 1, shown=shown)
            found[key] += [told] if told.total else []
    return found


def survivor_of(number: str, actor: Actor) -> Issue | None:
    """Where a published issue went that was merged away, if the actor may see that."""
    led = _led_to(number)
    return issues_on_record(actor).filter(pk=led.pk).first() if led else None


def _led_to(number: str) -> Issue | None:
    """Where merges lead from a published issue, whether or not anybody may see that; None if it was not merged."""
    merged = Issue.objects.filter(number=number, status=Status.MERGED, published_at__isnull=False)
    survivor = merged.select_related("merged_into").first()
    followed: set[int] = set()
    while survivor is not None and survivor.merged_into is not None and survivor.pk not in followed:
        followed.add(survivor.pk)
        survivor = survivor.merged_into
    return survivor


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of an issue that people took off the record. Nothing else of it is told: no title, no artifact.

    ``reason`` is a code of ``TakenOff`` or of ``Dismissal``.
    """

    number: str
    published_at: datetime
    withdrawn_at: datetime
    reason: str

    @property
    def words(self) -> str:
        """The reason, as a sentence."""
        if self.reason in Dismissal.values:
            return _("People dismissed it: %(reason)s.") % {"reason": Dismissal(self.reason).label}
        return str(TakenOff(self.reason if self.reason in TakenOff.values else TakenOff.DECIDED).label)


def tombstones(actor: Actor, *, number: str = "") -> Iterator[Tombstone]:
    """Issues that everybody could read until people took them off the record, by number; ``number`` asks for one.

    Whether everybody could is asked when it is done, and kept as ``withdrawn_at``, which its undo and a later
    publication take away. So nothing that happens to an issue without a page moves its tombstone, and what was never
    public has none: not what waited for a second person, not what lay under an embargo or named no artifact with a
    page, nor what left when its confirmation was undone or its hazard was seen. There is none where the actor sees
    a page.
    """
    gone = Issue.objects.filter(number__isnull=False, withdrawn_at__isnull=False, published_at=None)
    gone = gone.exclude(pk__in=issues_on_record(actor).order_by().values("pk"))
    if number:
        gone = gone.filter(number=number)
    rows = gone.order_by("number").iterator(chunk_size=TOMBSTONES_AT_ONCE)
    while some := list(islice(rows, TOMBSTONES_AT_ONCE)):
        yield from _told_by_the_ledger(some)


def _told_by_the_ledger(gone: Sequence[Issue]) -> Iterator[Tombstone]:
    """One for each of the issues of which the ledger tells that it was public, and when it ceased to be."""
    said: dict[tuple[str, str], Mapping[str, Any]] = {}
    for event in events_about(*gone, verbs=("unpublish", "dismiss")):
        content = event.payload.content if hasattr(event, "payload") else {}
        said[content.get("number") or "", content.get("taken_off") or ""] = content
    for issue in gone:
        if issue.number is None or issue.withdrawn_at is None:
            continue
        content = said.get((issue.number, issue.withdrawn_at.isoformat()), {})
        if published_at := parse_datetime(content.get("was_published") or ""):
            yield Tombstone(issue.number, published_at, issue.withdrawn_at, content.get("reason", ""))


def tombstone_of(number: str, actor: Actor) -> Tombstone | None:
    """Of the issue itself, or of the one that it became part of while both were public."""
    led = _led_to(number)
    return next(tombstones(actor, number=led.number if led and led.number else number), None)


def modified_at(issue: Issue) -> datetime | None:
    """When the issue last changed for its readers: the last public decision about it or about an artifact in it."""
    of_artifacts = [moment for row in affected_of(issue) for moment in (row.stated_at, row.resolved_at)]
    told = [issue.confirmed_at, issue.published_at, issue.resolved_at, *of_artifacts]
    return max((moment for moment in told if moment), default=None)


def artifact_after_merge(kind: str, org: str, name: str, actor: Actor) -> Artifact | None:
    """Where an artifact of that name went that was merged away, if the actor may see that."""
    if "\x00" in org + name:  # PostgreSQL knows no such text
        return None
    merged = Artifact.objects.called(kind, org, name).filter(merged_into__isnull=False)
    return artifacts_with_pages(actor).filter(pk__in=merged.values("merged_into")).first()


def artifacts_with_pages(actor: Actor) -> ArtifactQuerySet:
    """Every artifact but the one that stands for "I don't know which"."""
    return Artifact.objects.visible_to(actor).filter(merged_into__isnull=True).exclude(org="")


def with_tallies(artifacts: ArtifactQuerySet, actor: Actor) -> ArtifactQuerySet:
    """Each artifact with ``open_count``, ``resolved_count`` and ``latest_at`` of the issues the actor may see."""
    of_it = on_record(actor).filter(artifact=OuterRef("pk")).order_by().values("artifact")

    def counted(which: Q) -> Coalesce:
        return Coalesce(
            Subquery(of_it.filter(which).annotate(n=Count("pk")).values("n")), 0, output_field=IntegerField()
        )

    latest = of_it.annotate(at=Greatest("issue__published_at", "resolved_at", "issue__confirmed_at"))
    return artifacts.annotate(
        open_count=counted(OPEN_HERE),
        resolved_count=counted(RESOLVED_HERE),
        latest_at=Subquery(latest.order_by("-at").values("at")[:1]),
    )


def on_record(actor: Actor) -> AffectedQuerySet:
    """How artifacts stand in the issues on record."""
    return Affected.objects.visible_to(actor).filter(issue__number__isnull=False, issue__status__in=PAGED)


def issues_of(artifact: Artifact, actor: Actor) -> AffectedQuerySet:
    """How the artifact stands in each issue on record: open before resolved, then what was decided last first.

    ``stands`` on each row is a key of ``STANDS``.
    """
    decided = Greatest("resolved_at", "issue__published_at", "issue__confirmed_at")
    stands = Case(*(When(which, then=Value(name)) for name, which in STANDS.items()), output_field=CharField())
    place = Case(
        *(When(which, then=Value(at)) for at, which in enumerate(STANDS.values())), output_field=IntegerField()
    )
    rows = on_record(actor).filter(artifact=artifact).select_related("issue", "fixed_in")
    return rows.annotate(stands=stands).order_by(place, decided.desc(nulls_last=True), "-pk")


def versions_shown(actor: Actor) -> "QuerySet[Version]":
    """Releases with a place in the order and those that a decision names as a fix: other names were typed by
    reporters, and nobody has looked at them."""
    fixes = on_record(actor).filter(fixed_in=OuterRef("pk"))
    return Version.objects.filter(Q(position__isnull=False) | Exists(fixes))


def versions_of(artifact: Artifact, actor: Actor) -> "QuerySet[Version]":
    """Its releases, the newest first, each with ``fixes``: how many issues on record it fixed."""
    fixed = on_record(actor).filter(fixed_in=OuterRef("pk")).order_by().values("fixed_in")
    fixes = Coalesce(Subquery(fixed.annotate(n=Count("pk")).values("n")), 0, output_field=IntegerField())
    told = versions_shown(actor).filter(artifact=artifact).annotate(fixes=fixes)
    return told.order_by(F("position").desc(nulls_last=True), "pk")


def lineage_of(artifact: Artifact, actor: Actor) -> tuple[list[Lineage], list[Lineage]]:
    """Steps from its parents and to its children, of those with a page."""
    steps = steps_around(artifact, actor).order_by("position", "child__org", "child__name", "pk")
    told = list(steps)
    return [step for step in told if step.child == artifact], [step for step in told if step.parent == artifact]


def steps_around(artifact: Artifact, actor: Actor) -> "QuerySet[Lineage]":
    """Steps from its parents and to its children, of those with a page."""
    pages = artifacts_with_pages(actor)
    steps = Lineage.objects.filter(Q(child=artifact, parent__in=pages) | Q(parent=artifact, child__in=pages))
    return steps.select_related("parent", "child")


def artifacts_called(typed: str, actor: Actor) -> list[Artifact]:
    """Artifacts with a page whose name, full name or other name is just what was typed, at most two."""
    typed = typed.replace("\x00", "")  # which PostgreSQL does not compare
    org, name = parse(typed)
    if not name:
        return []
    exact = Q(name__iexact=name, org__iexact=org) if org else Q(name__iexact=name) | Q(title__iexact=typed)
    other = Alias.objects.alias(low=Lower("name")).filter(low=typed.lower()).values("artifact")
    return list(artifacts_with_pages(actor).filter(exact | Q(pk__in=other)).order_by("pk")[:2])


def artifact_called(typed: str, actor: Actor, *, kind: str = "") -> Artifact | None:
    """The artifact that was meant by what was typed; None if it is none, or may be either of two.

    ``kind`` is what they think it is: it decides between two, and does not have to be right about one.
    """
    found = artifacts_called(typed, actor)
    meant = [artifact for artifact in found if artifact.kind == kind] or found
    return meant[0] if len(meant) == 1 else None


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
    issues = on_record(actor).filter(artifact=artifact).values("issue")
    days = DailyCount.objects.filter(artifact=artifact, issue__in=issues, day__gte=since, day__lte=until)
    rows: QuerySet[Any, Any] = days.values(week=TruncWeek("day")).annotate(voices=Sum("voice_count"))
    counts: dict[date, int] = {row["week"]: row["voices"] for row in rows}
    if sum(counts.values()) < CHART_LEAST:
        return []
    weeks = (this_week - min(counts)).days // 7 + 1
    starts = [this_week - timedelta(weeks=ago) for ago in reversed(range(weeks))]
    return [Week(start, counts.get(start, 0)) for start in starts]
