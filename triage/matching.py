"""Grouping one report: between the pure engine and the database.

The engine looks at the report's own family only, places it where it is sure and nobody has said otherwise, opens an
issue of its own where it is not, and keeps its reasons as ids, offsets and features.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.policy import ENGINE
from ledger.record import record, written_out
from ledger.trip import Trip, insertion, together
from reports.models import Affected, Issue, Placement, Report, Reproduction, Version
from reports.naming import find_artifact, follow_merge, parse
from reports.notices import tell
from reports.published import refresh
from reports.vocabulary import AffectedStatus, PlacedBy, SourceType, Status
from triage import embeddings
from triage.bounds import bounds_of, home_of_issue
from triage.counting import recounting
from triage.grouping.copies import is_copy, text_of
from triage.grouping.method import Source
from triage.grouping.outcome import Bounds, Policy, Proposal, issue_scores
from triage.grouping.vector import ANALYSER
from triage.locks import FAMILY
from triage.models import Suggestion, TermVector
from triage.neighbours import Neighbours, neighbours_of
from triage.reading import Reading, family_of, read_report, stored, stored_among
from triage.reasons import reasons_of

RULES = "rules-1"  # what places a report without weighing its words: copies, rules, confirmations, people's word
NEAREST = 10  # reports whose ids are kept with a placement, alike or not: a list to look through

MOST_READ = 20  # texts that one report is compared with as a copy; the sketches say which

# Both written out, because every report asks them, and having them put together anew took a tenth of its time.
# Where merges have led, as in triage.bounds; what was dismissed or barred by people is passed over.
HOMES = """
), home (start, id) AS (
    SELECT DISTINCT issue_id, issue_id FROM found
    UNION SELECT h.start, i.merged_into_id
    FROM home h JOIN reports_issue i ON i.id = h.id WHERE i.merged_into_id IS NOT NULL
)
SELECT i.id, f.report_id, f.first_id FROM found f JOIN home h ON h.start = f.issue_id
JOIN reports_issue i ON i.id = h.id AND i.merged_into_id IS NULL
WHERE i.status = ANY(%(open)s) AND i.family_id = %(family)s AND i.id <> ALL(%(barred)s::bigint[])
ORDER BY f.at, f.place LIMIT 1
"""
TWIN = """
WITH RECURSIVE found (issue_id, report_id, first_id, at, place) AS (
    SELECT p.issue_id, r.id, coalesce(r.copy_of_id, r.id), p.placed_at, p.id
    FROM triage_termvector v
    JOIN reports_report r ON r.id = v.report_id AND r.rule_id = %(rule)s
    JOIN reports_placement p ON p.report_id = v.report_id AND p.superseded_at IS NULL
    WHERE v.family_id = %(family)s AND v.copy_digest = %(digest)s AND v.report_id <> %(report)s
"""
RULE = """
WITH RECURSIVE found (issue_id, report_id, first_id, at, place) AS (
    SELECT id, 0, 0, opened_at, id FROM reports_issue WHERE family_id = %(family)s AND rule_id = %(rule)s
"""
JOINED = [Status.NEW.value, Status.CONFIRMED.value, Status.RESOLVED.value]
LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
# Whether it still waits, and whether people have spoken of it or its twin is there: to ask at length costs more.
# One whose artifact was merged or went to another family since it was read waits for the next to come by.
WAITS = """
SELECT EXISTS (SELECT FROM triage_constraint WHERE report_id = r.id AND ended_at IS NULL)
    OR EXISTS (SELECT FROM triage_constraint WHERE other_id = r.id AND ended_at IS NULL)
    OR EXISTS (SELECT FROM triage_suggestion WHERE report_id = r.id AND refused_at IS NOT NULL),
    EXISTS (SELECT FROM triage_termvector WHERE family_id = %(family)s AND copy_digest = %(digest)s
            AND report_id <> %(report)s)
FROM reports_report r
JOIN reports_artifact a ON a.id = r.artifact_id AND a.merged_into_id IS NULL
WHERE r.id = %(report)s AND r.grouped_at IS NULL AND coalesce(a.family_id, a.id) = %(family)s FOR UPDATE OF r
"""
REINDEXED = ("analyser", "family_id", "terms", "runs", "grams", "sketch", "copy_digest", "norm", "segment_id")
ANEW = f"ON CONFLICT (report_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in REINDEXED)}"
UNANSWERED = "DELETE FROM triage_suggestion WHERE report_id = %s AND taken_at IS NULL AND refused_at IS NULL"
LOCK_ISSUE = "SELECT FROM reports_issue WHERE id = %s FOR UPDATE"
# Whoever has adopted it since it was read keeps their voice.
GROUPED = (
    "UPDATE reports_report SET grouped_at = %s, copy_of_id = %s,"
    " voice_key = CASE WHEN reporter_id IS NULL THEN %s ELSE voice_key END WHERE id = %s"
)
# An embargo keeps back what is not public yet. What is stays: else any reporter could take down any issue for a year.
LATER = """published_at IS NULL AND %(until)s::timestamptz IS NOT NULL
    AND (embargo_until IS NULL OR embargo_lifted_at IS NOT NULL OR embargo_until < %(until)s)"""
TIGHTEN = """
UPDATE reports_issue SET hazard_level = greatest(hazard_level, %(hazard)s),
    embargo_until = CASE WHEN {later} THEN %(until)s ELSE embargo_until END,
    embargo_lifted_at = CASE WHEN {later} THEN NULL ELSE embargo_lifted_at END
WHERE id = %(issue)s AND (hazard_level < %(hazard)s OR {later})
""".replace("{later}", f"({LATER})")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a report goes: an issue that is there (None: a new one), by whom, and why."""

    issue_id: int | None
    by: PlacedBy = PlacedBy.ENGINE
    method: str = ""
    score: float | None = None
    reasons: dict[str, Any] = field(default_factory=dict)
    suggestions: tuple[Proposal, ...] = ()
    copy_of: Report | None = None
    needs_look: bool = False


def match_report(report_id: int) -> bool:
    """Group one report; whether that was done now. Safe to run twice and at once: the second finds it done."""
    filed = stored(report_id)
    if filed is not None and filed.report.artifact.merged_into_id:  # somebody merged it while the report was filed
        follow_merge(filed.report)
        filed = stored(report_id)
    if filed is None or filed.report.grouped_at:
        return False
    if settings.EMBEDDER:
        embeddings.embed([report_id])  # here, for nobody waits for an embedder under the family's lock
    report, reading = filed.report, read_report(filed.report, filed.aliases)
    with transaction.atomic():
        standing = standing_of(report, reading)
        if standing:
            settle(report, home_of(report, reading, standing), reading)
    return standing is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a report that waits, once its family is locked."""

    is_spoken_of: bool  # by people: it may be bound
    has_twin: bool  # its very text stands in the family


def standing_of(report: Report, reading: Reading) -> Standing | None:
    """Lock the family, until the transaction ends, and look again; None if somebody has grouped the report."""
    values = {"report": report.pk, "family": family_of(report), "digest": reading.digest}
    with connection.cursor() as cursor:
        cursor.execute(together(cursor.connection, [(LOCK, (FAMILY, family_of(report))), (WAITS, values)]))
        cursor.nextset()
        found = cursor.fetchone()
    return Standing(*found) if found else None


def home_of(report: Report, reading: Reading, standing: Standing) -> Home:
    """Where the report belongs, by the first that knows: people, the reporter, a copy, the scanner's rule, the text."""
    bounds = bounds_of(report) if standing.is_spoken_of else Bounds()
    confirmed = home_of_issue(report.confirms_id) if report.confirms_id else None
    if confirmed and confirmed not in bounds.barred and bounds.bound in (None, confirmed):
        return Home(confirmed, by=PlacedBy.REPORTER, reasons={"by": "confirmation"})
    if bounds.bound:
        return Home(bounds.bound, reasons={"by": "constraint"})
    may_join = not report.artifact.is_unknown
    if may_join and standing.has_twin and (copied := copy_of(report, reading, bounds)):
        return copied
    if may_join and report.rule_id and (issue_id := issue_of_rule(report, bounds)):
        return Home(issue_id, reasons={"by": "rule"})
    near = neighbours_of(report, reading)
    if may_join and (copied := near_copy_of(report, reading, near, bounds)):
        return copied
    return by_text(report, reading, near, near.within(bounds))


def copy_of(report: Report, reading: Reading, bounds: Bounds) -> Home | None:
    """The home of an exact copy: its twin's, unless somebody closed that or said that they differ."""
    found = home_among(TWIN, report, bounds, digest=reading.digest)
    return joined_copy(report, *found) if found else None


def issue_of_rule(report: Report, bounds: Bounds) -> int | None:
    """The open or resolved issue of the report's family that gathers its scanner rule."""
    found = home_among(RULE, report, bounds)
    return found[0] if found else None


def home_among(statement: str, report: Report, bounds: Bounds, *, digest: bytes = b"") -> tuple[int, int, int] | None:
    """(issue, report found there, the first it is a copy of), by one of the statements above."""
    asked: dict[str, Any] = {"report": report.pk, "family": family_of(report), "rule": report.rule_id}
    asked |= {"digest": digest, "open": JOINED, "barred": list(bounds.barred)}
    with connection.cursor() as cursor:
        cursor.execute(statement + HOMES, asked)
        found: tuple[int, int, int] | None = cursor.fetchone()
    return found


def near_copy_of(report: Report, reading: Reading, near: Neighbours, bounds: Bounds) -> Home | None:
    """The home of the report that this one is a copy of, but for a few letters or words."""
    shut = {*near.closed, *bounds.barred}
    alike = [at for at in near.like_copies(reading.sketch) if near.issue_ids[at] not in shut][:MOST_READ]
    others = stored_among([near.report_ids[at] for at in alike]) if alike else {}
    for at in alike:
        found = others.get(near.report_ids[at])
        # the templates of a scanner differ in a word, and that word is the whole difference
        if found is None or found.report.rule_id != report.rule_id:
            continue
        text = text_of(found.fields, masks=found.masks, is_common=found.common_among(reading.known.rarities))
        if is_copy(reading.text, text):
            other = found.report
            return joined_copy(report, near.issue_ids[at], other.pk, other.copy_of_id or other.pk)
    return None


def joined_copy(report: Report, issue_id: int, other_id: int, first_id: int) -> Home:
    """Into the issue where ``other_id`` stands, which is a copy of ``first_id``: perhaps of the report itself."""
    if first_id == report.pk:
        return Home(issue_id, score=1.0, reasons={"by": "copy", "nearest": other_id, "score": 1.0})
    first = Report.objects.only("voice_key").get(pk=first_id)
    return Home(issue_id, score=1.0, reasons={"by": "copy", "nearest": first_id, "score": 1.0}, copy_of=first)


def by_text(report: Report, reading: Reading, near: Neighbours, bounds: Bounds) -> Home:
    """What the words say: the engine's judgement, with its reasons if it found anything near."""
    policy = Policy(
        near.method.thresholds[source_of(report)].among(near.known),
        bounds,
        may_place=not report.artifact.is_unknown,
    )
    outcome = policy.judge(issue_scores(near.probabilities, near.issue_ids, near.sizes))
    is_placed = outcome.verdict == "place"
    return Home(
        outcome.issue if is_placed else None,
        method=near.method.name,
        score=outcome.score if is_placed else None,
        reasons=reasons_of(report, reading, outcome, near, policy) | {"near": near.best(NEAREST)},
        suggestions=outcome.suggestions,
        needs_look=outcome.needs_look,
    )


def nearest(report_id: int, *, count: int) -> list[int]:
    """The ids of the reports most like a grouped one among those that stand in an issue, best first.

    Ties go to the older report; what has nothing in common is left out.
    """
    filed = stored(report_id)
    return neighbours_of(filed.report, read_report(filed.report, filed.aliases)).best(count) if filed else []


def renew(*, most: int) -> int:
    """Analyse anew what an older analyser made, oldest first; until then it is no candidate. Returns how many."""
    stale = TermVector.objects.filter(analyser__lt=ANALYSER, report__evidence__isnull=False)
    found = stored_among(list(stale.order_by("pk").values_list("pk", flat=True)[:most]))
    trip = Trip()
    for filed in found.values():
        trip.insert(index_row(filed.report, read_report(filed.report, filed.aliases)), otherwise=ANEW)
    trip.go()
    return len(found)


def source_of(report: Report) -> Source:
    sources: dict[str, Source] = {SourceType.SCANNER: "scanner", SourceType.IMPORT: "import"}
    return sources.get(report.source_type, "form")


def settle(report: Report, home: Home, reading: Reading) -> None:
    """Write what was found: the index row, the placement, the suggestions, the counts and the event."""
    at, first = timezone.now(), home.copy_of
    # Many copies, one voice; whoever filed with an account keeps their own
    voice_key = first.voice_key if first and report.reporter_id is None else report.voice_key
    trip = Trip()
    issue = Issue(pk=home.issue_id or opened(report))
    if home.issue_id:
        trip.add(LOCK_ISSUE, [issue.pk])
    trip.add(GROUPED, [at, first.pk if first else report.copy_of_id, voice_key, report.pk])
    trip.insert(index_row(report, reading), otherwise=ANEW)
    place(trip, report, issue, home, at)
    affect(trip, report, issue)
    trip.add(*recounting([issue.pk], days=[report.reported_at.astimezone(UTC).date()]))
    what = {"by": home.by.value, "method": home.method or RULES}
    trip.add(*written_out("group", report, issue, actor=ENGINE.pseudonym, **what))
    trip.go()
    follow_up(issue, report)
    flag_regression(issue, report)


def opened(report: Report) -> int:
    """The id of a new issue for the report."""
    with connection.cursor() as cursor:
        cursor.execute(*insertion(issue_for(report), "RETURNING id"))
        (issue_id,) = cursor.fetchone()
    return int(issue_id)


def index_row(report: Report, reading: Reading) -> TermVector:
    """What the index holds of the report: in the tail, as read now, though an older analyser may have sealed it."""
    terms, runs, grams = reading.vector.to_bytes()
    return TermVector(
        report=report,
        analyser=ANALYSER,
        family_id=family_of(report),
        terms=terms,
        runs=runs,
        grams=grams,
        sketch=reading.sketch,
        copy_digest=reading.digest,
        norm=0,  # worked out from how rare words are when it is looked at
        segment=None,
    )


def place(trip: Trip, report: Report, issue: Issue, home: Home, at: datetime) -> None:
    """The placement, and where else the report may belong."""
    placement = Placement(
        report=report,
        issue=issue,
        by=home.by,
        placer_id=report.reporter_id if home.by == PlacedBy.REPORTER else None,
        score=home.score,
        method=home.method or RULES,
        reasons=home.reasons,
        needs_look=home.needs_look,
        placed_at=at,
    )
    trip.insert(placement)
    trip.add(UNANSWERED, [report.pk])  # if it was matched before; what people answered stays as they did
    for rank, proposal in enumerate(home.suggestions):
        suggestion = Suggestion(
            report=report,
            issue_id=proposal.issue,
            score=min(proposal.score, 1.0),
            band=proposal.band,
            rank=rank,
            method=home.method,
            reasons=home.reasons if home.reasons.get("issue") == proposal.issue else {},
            made_at=at,
        )
        trip.insert(suggestion, otherwise="ON CONFLICT DO NOTHING")


def issue_for(report: Report) -> Issue:
    return Issue(
        family_id=family_of(report),
        kind=report.kind,
        rule_id=report.rule_id,
        hazard_level=report.hazard_level,
        embargo_until=report.embargo_end,
    )


def open_issue(report: Report) -> Issue:
    issue = issue_for(report)
    issue.save(force_insert=True)
    return issue


def note_affected(issue: Issue, report: Report) -> None:
    """The artifacts that the report names stand in the issue, under investigation until a person decides."""
    trip = Trip()
    affect(trip, report, issue)
    trip.go()
    follow_up(issue, report)


def follow_up(issue: Issue, report: Report) -> None:
    """What the public can search of the issue follows where a report tightens who may see it."""
    if report.hazard_level or report.is_embargoed:
        refresh([issue.pk])


def affect(trip: Trip, report: Report, issue: Issue) -> None:
    named = [] if report.artifact.is_unknown else [report.artifact]
    for name in report.also_affects:
        if other := find_artifact(report.artifact.kind, *parse(name)):
            named.append(other)
    for artifact in dict.fromkeys(named):
        trip.insert(Affected(issue=issue, artifact=artifact), otherwise="ON CONFLICT DO NOTHING")
    if report.held_at is None and (report.hazard_level or report.is_embargoed):
        values = {"issue": issue.pk, "hazard": report.hazard_level, "until": report.embargo_end}
        trip.add(TIGHTEN, values)


def flag_regression(issue: Issue, report: Report) -> None:
    """A report on a version that was to hold the fix goes to the top of the queue; only a person reopens.

    A held one waits until it is released: it has no effect before.
    """
    version = report.version
    if version is not None and report.held_at is None and version.artifact_id == report.artifact_id:
        flag_if_fixed(issue, version, report)


def flag_if_fixed(issue: Issue, version: Version, *about: Report | Reproduction, actor: str = ENGINE.pseudonym) -> None:
    """Something failed on ``version``: flag the issue if that was to hold the fix, and say so once."""
    if not fixed_by(issue, version):
        return
    if Issue.objects.filter(pk=issue.pk, is_possible_regression=False).update(is_possible_regression=True):
        tell(record("regress", issue, *about, actor=actor))


def fixed_by(issue: Issue, version: Version) -> bool:
    """Whether ``version`` is the one that fixed the issue for its artifact, or a later one.

    By position, never by name ("2.10" is after "2.9"). What has no position, and what only points to a release
    ("latest"), tells nothing of the order: such a failure is evidence and no more.
    """
    if version.position is None or version.is_alias:
        return False
    fixed = Affected.objects.filter(
        issue=issue,
        artifact=version.artifact_id,
        status=AffectedStatus.FIXED,
        fixed_in__artifact=version.artifact_id,
        fixed_in__is_alias=False,
        fixed_in__position__lte=version.position,
    )
    return fixed.exists()
