"""The queue: what waits for a person, the most urgent first. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Exists, F, Func, Model, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce, Now, NullIf
from django.utils.timesince import timesince

from accounts.models import User
from reports.models import DailyCount, Issue, Placement, Report, Version
from reports.models.issue import IssueQuerySet
from reports.sealed import Plain, SummaryField, folded, no_summary
from reports.vocabulary import HazardLevel, Kind, Status, Visibility
from triage import explanations
from triage.claims import standing_claims
from triage.models import Claim, Suggestion
from triage.priority import OPEN_SIGNALS

PAGE = 25  # rows of the list
SPARK_WEEKS = 12
SPARK_LEAST = 3  # voices: below that a line is noise

BY_PRIORITY = ("-is_possible_regression", "-priority", "pk")
STANDING = (Status.NEW, Status.CONFIRMED, Status.RESOLVED)
UNLOOKED = Placement.objects.active().filter(needs_look=True)
GROWING = Q(growth_flagged_at__isnull=False)
# What a row tells of its first report: six columns of fifty.
OF_A_REPORT = ("visibility", "held_at", "artifact__kind", "artifact__org", "artifact__name", "version__name")
KINDS = dict(Kind.choices)  # ``get_kind_display`` hashes every word of the list, translated, for each row
STATUS_VERBS = ("confirm", "resolve", "dismiss", "reopen")


def asleep() -> Q:
    """Snoozed, and none of what it was to wake for has come: no timer wakes anything, it is awake when asked."""
    later = Version.objects.filter(
        artifact__versions=OuterRef("snoozed_version"),
        position__gt=F("artifact__versions__position"),
        is_alias=False,
    )
    return (
        Q(snoozed_at__isnull=False)
        & (Q(snoozed_until=None) | Q(snoozed_until__gt=Now()))
        & (Q(snoozed_voices=None) | Q(snoozed_voices__gt=F("voice_count")))
        & (Q(snoozed_version=None) | ~Q(Exists(later)))
    )


def waiting() -> Q:
    """Waits for a person, and is awake."""
    return Q(waits=True) & ~asleep()


def waiting_issues() -> IssueQuerySet:
    """What waits, the most urgent first; possible regressions above all."""
    return titled(Issue.objects.filter(waiting()).order_by(*BY_PRIORITY))


def waiting_count() -> int:
    """How many wait. Those asleep are few, so they are taken off: what is counted then lies in one index."""
    with connection.cursor() as cursor:
        cursor.execute(*_counting_what_waits())
        ((count,),) = cursor.fetchall()
    return int(count)


@cache
def _counting_what_waits() -> tuple[str, tuple[Any, ...]]:
    """The statement, which hangs on nobody: to put it together takes longer than to count."""
    both = (Issue.objects.filter(waits=True), Issue.objects.filter(asleep(), waits=True))
    parts = [issues.order_by().values("pk").query.get_compiler(connection=connection).as_sql() for issues in both]
    counts = [f"(SELECT count(*) FROM ({sql}) AS found)" for sql, _parameters in parts]  # noqa: S608 -- the compiler's
    return f"SELECT {' - '.join(counts)}", tuple(value for _sql, values in parts for value in values)


_KEY = "(SELECT sealing.{} FROM reports_evidencekey sealing WHERE sealing.report_id = told.id)"
_COLUMNS = {
    "plain": "words.summary",
    "sealed": "words.sealed_summary",
    "report": "told.id",
    "version": _KEY.format("version"),
    "wrapped": _KEY.format("wrapped"),
}


_HIDDEN = """EXISTS (SELECT FROM reports_redaction hidden
          WHERE hidden.report_id = told.id AND hidden.part = 'summary' AND hidden.ended_at IS NULL)"""
_HAZARD = "(SELECT hazard_level FROM reports_issue WHERE id = placed.issue_id)"


class Heading(Func):
    """The summary of the oldest report that may stand in a list, of the issue in that column; null if there is none.

    Not of one that is private, withdrawn, redacted or too hard to meet unasked: as ``summary_kept_back`` says, written
    out, since the ORM takes longer to put it together than PostgreSQL to answer it, and a page of the desk asks thrice.
    Issue and key are asked for each by itself: PostgreSQL takes longer to order six joins than to answer three.
    """

    output_field = SummaryField()
    template = f"""(
      SELECT {folded(**_COLUMNS)} FROM reports_placement placed
      JOIN reports_report told ON told.id = placed.report_id AND told.hazard_level < {HazardLevel.BLURRED}
      JOIN reports_evidence words ON words.report_id = told.id
        AND (words.summary <> '' OR words.sealed_summary IS NOT NULL)
      WHERE placed.issue_id = %(expressions)s AND placed.superseded_at IS NULL
        AND {_HAZARD} < {HazardLevel.BLURRED}
        AND told.visibility <> '{Visibility.PRIVATE}' AND told.withdrawn_at IS NULL AND NOT {_HIDDEN}
      ORDER BY told.reported_at, told.id LIMIT 1)"""  # noqa: S608 -- of our own constants


class Listed(Func):
    """``summary_in_a_list`` of a placement's report and issue, those two columns: written out for the same reason."""

    output_field = SummaryField()
    template = f"""(
      SELECT CASE WHEN told.hazard_level >= {HazardLevel.BLURRED} OR told.withdrawn_at IS NOT NULL
        OR {_HAZARD} >= {HazardLevel.BLURRED} OR {_HIDDEN} THEN ''::bytea ELSE {folded(**_COLUMNS)} END
      FROM (SELECT %(expressions)s) AS placed (report_id, issue_id)
      JOIN reports_report told ON told.id = placed.report_id
      LEFT JOIN reports_evidence words ON words.report_id = told.id)"""  # noqa: S608 -- of our own constants


class FirstReport(Func):
    """The oldest report that stands in the issue of that column, whoever may read it."""

    output_field = BigIntegerField()
    template = """(
      SELECT placed.report_id FROM reports_placement placed JOIN reports_report told ON told.id = placed.report_id
      WHERE placed.issue_id = %(expressions)s AND placed.superseded_at IS NULL
      ORDER BY told.reported_at, told.id LIMIT 1)"""


def titled(issues: IssueQuerySet) -> IssueQuerySet:
    """Each with ``title`` ("" if nothing may head it) and ``first_report_id``, its oldest report."""
    written = Plain(NullIf(F("public_title"), Value("")))
    title = Coalesce(written, Heading("pk"), no_summary(), output_field=SummaryField())
    return issues.annotate(title=title, first_report_id=FirstReport("pk"))


# For each issue: how many reports the engine put there that nobody has looked at, the tier of its worst open signal
# ("alarm" outweighs "watch"), and when a decision that stands gave it the status it has.
BESIDE = """
SELECT asked.id,
  (SELECT count(*) FROM reports_placement placed
   WHERE placed.issue_id = asked.id AND placed.superseded_at IS NULL AND placed.needs_look),
  (SELECT min(signal.tier) FROM reports_signal signal
   WHERE signal.issue_id = asked.id AND signal.state = ANY(%(open)s::text[])),
  (SELECT max(made.decided_at) FROM triage_decision made
   WHERE made.issue_id = asked.id AND made.verb = ANY(%(verbs)s::text[]) AND made.undoes_id IS NULL
     AND NOT EXISTS (SELECT FROM triage_decision undo WHERE undo.undoes_id = made.id))
FROM unnest(%(issues)s::bigint[]) AS asked (id)
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a row tells of placements, signals and decisions; ``changed_at`` is None if nobody gave it its status."""

    joins: int
    signal: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One issue as the list shows it. ``stands_since``: since when it has its status; ``joins``: unseen by a person."""

    issue: Issue
    title: str
    artifact: str
    version: str
    report: Report | None
    age: str
    stands_since: datetime
    assignee: User | None
    claim: Claim | None
    signal: str
    joins: int
    suggested: Issue | None
    suggested_title: str
    band: str
    weeks: list[int]
    is_asleep: bool

    @property
    def kind(self) -> str:
        return str(KINDS.get(self.issue.kind, ""))

    @property
    def needs_look(self) -> bool:
        return self.joins > 0

    @property
    def is_private(self) -> bool:
        return self.report is not None and self.report.is_private

    @property
    def is_held(self) -> bool:
        return self.report is not None and self.report.held_at is not None

    @property
    def is_gated(self) -> bool:
        return self.issue.hazard_level >= HazardLevel.GATED

    @property
    def is_embargoed(self) -> bool:
        return self.issue.is_embargoed

    @property
    def is_disputed(self) -> bool:
        return self.issue.is_disputed


def rows(issues: Iterable[Issue], *, today: datetime) -> list[Row]:
    """The issues of one page of the list with what stands in their rows, in as many queries however many they are."""
    shown = list(issues)
    ids = [issue.pk for issue in shown]
    first = [annotated(issue, "first_report_id") for issue in shown]
    reports = (
        Report.objects.select_related("artifact", "version").only(*OF_A_REPORT).in_bulk([pk for pk in first if pk])
    )
    alone = [
        pk for issue, pk in zip(shown, first, strict=True) if issue.status == Status.NEW and issue.report_count <= 1
    ]
    opinions = {opinion.report_id: opinion for opinion in reversed(suggestions(alone))}
    beside = told_beside(ids)
    weeks = weekly_voices([issue.pk for issue in shown if issue.voice_count >= SPARK_LEAST], today=today)
    claims = {claim.issue_id: claim for claim in standing_claims().filter(issue__in=ids).select_related("user")}
    assignees = User.objects.in_bulk({issue.assignee_id for issue in shown if issue.assignee_id})
    snoozed = [issue.pk for issue in shown if issue.snoozed_at]
    sleeping = set(Issue.objects.filter(asleep(), pk__in=snoozed).values_list("pk", flat=True)) if snoozed else set()
    return [
        Row(
            issue=issue,
            title=title_in_words(issue),
            artifact=str(report.artifact if (report := reports.get(pk or 0)) else issue.family),
            version=str(report.version or "") if report else "",
            report=report,
            age=timesince(beside[issue.pk].changed_at or issue.opened_at, today, depth=1),
            stands_since=beside[issue.pk].changed_at or issue.opened_at,
            assignee=assignees.get(issue.assignee_id or 0),
            claim=claims.get(issue.pk),
            signal=beside[issue.pk].signal,
            joins=beside[issue.pk].joins,
            suggested=suggested_issue(opinion) if (opinion := opinions.get(pk or 0)) else None,
            suggested_title=suggested_title(opinion) if opinion else "",
            band=explanations.band(opinion.band) if opinion else "",
            weeks=weeks.get(issue.pk, []),
            is_asleep=issue.pk in sleeping,
        )
        for issue, pk in zip(shown, first, strict=True)
    ]


def told_beside(issue_ids: Iterable[int]) -> dict[int, Beside]:
    """What else the rows of these issues tell, in one statement."""
    parameters: dict[str, Any] = {"issues": list(issue_ids), "open": list(OPEN_SIGNALS), "verbs": list(STATUS_VERBS)}
    with connection.cursor() as cursor:
        cursor.execute(BESIDE, parameters)
        return {pk: Beside(joins, tier or "", changed_at) for pk, joins, tier, changed_at in cursor.fetchall()}


def suggestions(report_ids: Iterable[int | None]) -> list[Suggestion]:
    """The engine's opinions nobody has answered, best first, each ``issue`` with its ``title``.

    An issue that has been merged since stands for the one it became part of. The issues are asked for where there is an
    opinion at all: most reports have none, and two whole issues beside each opinion cost more than all else of a list.
    """
    asked = [pk for pk in report_ids if pk]
    if not asked:
        return []
    waiting = Suggestion.objects.filter(report__in=asked, taken_at=None, refused_at=None)
    opinions = list(waiting.order_by("rank", "pk"))
    if not opinions:
        return []
    title = Coalesce(Heading(Coalesce("merged_into_id", "pk")), no_summary(), output_field=SummaryField())
    issues = Issue.objects.select_related("family")
    known = issues.annotate(title=title).in_bulk({opinion.issue_id for opinion in opinions})
    merged = {issue.merged_into_id for issue in known.values() if issue.merged_into_id}
    targets = issues.in_bulk(merged) if merged else {}
    for opinion in opinions:
        opinion.issue = known[opinion.issue_id]
        opinion.issue.merged_into = targets.get(opinion.issue.merged_into_id or 0)
    return opinions


def suggested_issue(opinion: Suggestion) -> Issue:
    issue: Issue = opinion.issue.merged_into or opinion.issue
    return issue


def suggested_title(opinion: Suggestion) -> str:
    issue = suggested_issue(opinion)
    return issue.public_title or str(annotated(opinion.issue, "title") or "") or plain_title(issue)


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
