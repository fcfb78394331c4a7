"""Grouping one report: between the pure engine and the database.

The engine looks at the report's own family only, places it where it is sure and nobody has said otherwise, opens an
issue of its own where it is not, and keeps its reasons as ids, offsets and features.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.policy import ENGINE
from ledger.record import record
from reports.models import Affected, Evidence, Issue, Placement, Report
from reports.naming import find_artifact, parse
from reports.vocabulary import PlacedBy, SourceType, Status
from triage.background import background
from triage.counting import recount
from triage.grouping.explanation import explain
from triage.grouping.fields import Fields
from triage.grouping.outcome import Outcome, Proposal, judge
from triage.grouping.pool import Pool
from triage.grouping.scoring import Witnesses, issue_scores, score, together, witnesses
from triage.grouping.thresholds import METHOD, Source
from triage.grouping.vector import ANALYSER, Vector, analyse, digest
from triage.locks import lock_family, lock_issues
from triage.models import Suggestion, TermVector

SITE_WIDE = 3_000  # newest reports compared with one whose artifact is unknown
FIELD_NAMES = {"title": "summary", "happened": "what_happened"}  # the engine's names where they differ from ours

# Written out, because every report asks these two, and having them put together anew took a quarter of its time.
TWIN = """
SELECT p.issue_id, coalesce(r.copy_of_id, r.id)
FROM triage_termvector v
JOIN reports_report r ON r.id = v.report_id
JOIN reports_placement p ON p.report_id = v.report_id AND p.superseded_at IS NULL
JOIN reports_issue i ON i.id = p.issue_id
WHERE v.family_id = %s AND v.copy_digest = %s AND i.status = ANY(%s)
ORDER BY p.placed_at, p.id LIMIT 1
"""
PLACED = """
SELECT v.report_id, p.issue_id, i.status, v.terms, v.runs
FROM triage_termvector v
JOIN reports_placement p ON p.report_id = v.report_id AND p.superseded_at IS NULL
JOIN reports_issue i ON i.id = p.issue_id AND i.status <> 'merged'
WHERE v.analyser = %(analyser)s AND v.report_id <> %(report)s
"""
OF_FAMILY = "AND v.family_id = %(family)s ORDER BY v.report_id"
NEWEST_OF_SITE = "ORDER BY v.report_id DESC LIMIT %(most)s"


@dataclass(frozen=True, slots=True)
class Known:
    """The earlier reports a report is compared with: position by position their vector, id and issue."""

    pool: Pool
    report_ids: list[int]
    issue_ids: list[int]
    closed: frozenset[int]  # issues that are suggested but never joined by the engine


@dataclass(frozen=True, slots=True)
class Home:
    """Where a report goes: an issue that is there (None: a new one), by whom, and why."""

    issue_id: int | None
    by: PlacedBy = PlacedBy.ENGINE
    score: float | None = None
    reasons: dict[str, Any] = field(default_factory=dict)
    suggestions: tuple[Proposal, ...] = ()
    copy_of: Report | None = None


def fields_of(evidence: Evidence) -> Fields:
    """What the engine reads of a report."""
    return Fields(
        title=evidence.summary,
        happened=evidence.what_happened,
        expected=evidence.expected,
        prompt=evidence.prompt,
        output=evidence.output,
    )


def masks_of(report: Report) -> list[str]:
    """The structured values that stand in the report's own fields, to be blanked out of its text."""
    artifact = report.artifact
    values = [artifact.org, artifact.name, artifact.title, artifact.developer, artifact.deployer, str(artifact)]
    values += [alias.name for alias in artifact.aliases.all()]
    values += [part for name in report.also_affects for part in (name, *parse(name))]
    if report.version:
        values.append(report.version.name)
    return [value for value in dict.fromkeys(values) if value]


def match_report(report_id: int) -> None:
    """Group one report. Safe to run twice and by several workers at once: the second finds it done."""
    report = (
        Report.objects.select_related("artifact", "version", "evidence")
        .prefetch_related("artifact__aliases")
        .filter(pk=report_id, grouped_at__isnull=True)
        .first()
    )
    if report is None:
        return
    fields = fields_of(report.evidence)
    vector = analyse(fields, masks=masks_of(report), key=settings.TERM_KEY)
    with transaction.atomic():
        lock_family(family_of(report))
        if Report.objects.select_for_update().filter(pk=report.pk, grouped_at__isnull=True).exists():
            settle(report, home_of(report, fields, vector), fields, vector)


def family_of(report: Report) -> int:
    return report.artifact.family_id or report.artifact_id


def home_of(report: Report, fields: Fields, vector: Vector) -> Home:
    """Where the report belongs, by the first that knows: the reporter, a copy, the scanner's rule, the text."""
    if report.confirms:
        issue = report.confirms.merged_into or report.confirms
        return Home(issue.pk, by=PlacedBy.REPORTER, reasons={"by": "confirmation"})
    if report.artifact.is_unknown:
        return by_text(report, fields, vector, may_place=False)
    if copied := copy_of(report, fields):
        return copied
    if report.rule_id and (issue_id := issue_of_rule(report)):
        return Home(issue_id, reasons={"by": "rule"})
    return by_text(report, fields, vector)


def copy_of(report: Report, fields: Fields) -> Home | None:
    """The home of an exact copy: its twin's, unless somebody closed that."""
    with connection.cursor() as cursor:
        cursor.execute(TWIN, [family_of(report), digest(fields), [Status.NEW, Status.CONFIRMED, Status.RESOLVED]])
        found = cursor.fetchone()
    if found is None:
        return None
    issue_id, first_id = found
    first = Report.objects.get(pk=first_id)
    return Home(issue_id, score=1.0, reasons={"by": "copy", "nearest": first_id, "score": 1.0}, copy_of=first)


def issue_of_rule(report: Report) -> int | None:
    """The open or resolved issue of the report's family that gathers its scanner rule."""
    issues = Issue.objects.filter(family_id=family_of(report), rule_id=report.rule_id)
    ids = issues.exclude(status__in=[Status.DISMISSED, Status.MERGED]).order_by("pk").values_list("pk", flat=True)
    return ids.first()


def known_to(report: Report) -> Known:
    """Every earlier report of the family that stands in an issue; of the whole site if the artifact is unknown."""
    of_whom = NEWEST_OF_SITE if report.artifact.is_unknown else OF_FAMILY
    values = {"analyser": ANALYSER, "report": report.pk, "family": family_of(report), "most": SITE_WIDE}
    with connection.cursor() as cursor:
        cursor.execute(PLACED + of_whom, values)
        read = cursor.fetchall()
    return Known(
        pool=Pool.unpack([bytes(row[3]) for row in read], [bytes(row[4]) for row in read]),
        report_ids=[row[0] for row in read],
        issue_ids=[row[1] for row in read],
        closed=frozenset(row[1] for row in read if row[2] == Status.DISMISSED),
    )


def by_text(report: Report, fields: Fields, vector: Vector, *, may_place: bool = True) -> Home:
    """What the words say: the engine's judgement, with its reasons if it found anything near."""
    known = known_to(report)
    words, quote = witnesses(vector, known.pool, background=background())
    similarities = together(words, quote)
    outcome = judge(issue_scores(similarities, known.issue_ids), source=source_of(report), may_place=may_place)
    if outcome.verdict == "place" and outcome.issue in known.closed:
        outcome = judge([(outcome.issue, outcome.score)], source=source_of(report), may_place=False)
    reasons = reasons_of(report, fields, outcome, known, (words, quote))
    placed = outcome.issue if outcome.verdict == "place" else None
    return Home(placed, score=outcome.score if placed else None, reasons=reasons, suggestions=outcome.suggestions)


def nearest(report_id: int, *, count: int) -> list[int]:
    """The ids of the reports most like a grouped one among those that stand in an issue, best first.

    Ties go to the older report; what has nothing in common is left out.
    """
    report = Report.objects.select_related("artifact", "term_vector").get(pk=report_id)
    known = known_to(report)
    vector = Vector.from_bytes(bytes(report.term_vector.terms), bytes(report.term_vector.runs))
    similarities = score(vector, known.pool, background=background())
    order = sorted(range(len(known.report_ids)), key=lambda at: (-float(similarities[at]), known.report_ids[at]))
    return [known.report_ids[at] for at in order[:count] if similarities[at] > 0]


def source_of(report: Report) -> Source:
    sources: dict[str, Source] = {SourceType.SCANNER: "scanner", SourceType.IMPORT: "import"}
    return sources.get(report.source_type, "form")


def reasons_of(report: Report, fields: Fields, outcome: Outcome, known: Known, seen: Witnesses) -> dict[str, Any]:
    """Why, as ids, offsets and features: against the nearest report of the best issue. Empty if nothing is near."""
    if outcome.issue is None or outcome.verdict == "open":
        return {}
    words, quote = seen
    similarities = together(words, quote)
    members = [at for at, issue_id in enumerate(known.issue_ids) if issue_id == outcome.issue]
    nearest_at = max(members, key=lambda at: (float(similarities[at]), -at))
    nearest = Report.objects.select_related("version", "evidence").get(pk=known.report_ids[nearest_at])
    if nearest.artifact_id == report.artifact_id:
        nearest.artifact = report.artifact  # with its aliases
    why = explain(
        fields,
        fields_of(nearest.evidence),
        masks=masks_of(report),
        nearest_masks=masks_of(nearest),
        key=settings.TERM_KEY,
        background=background(),
        similarity=(float(words[nearest_at]), float(quote[nearest_at])),
        same_kind=report.kind == nearest.kind,
        same_version=report.version_id == nearest.version_id if report.version_id and nearest.version_id else None,
    )
    return {
        "by": "text",
        "issue": outcome.issue,
        "nearest": nearest.pk,
        "nearest_score": round(float(similarities[nearest_at]), 4),
        "score": round(outcome.score, 4),
        "threshold": outcome.threshold,
        "runner_up": outcome.runner_up,
        "runner_up_score": round(outcome.runner_up_score, 4),
        "features": [
            {"name": feature.name, "weight": round(feature.value * feature.sign, 4)} for feature in why.features
        ],
        "spans": {"report": by_field(why.query), "nearest": by_field(why.nearest)},
    }


def by_field(spans: Sequence[Any]) -> dict[str, list[list[int]]]:
    """Spans as {field: [[start, end], …]}, fields by the names they have in Evidence."""
    grouped: dict[str, list[list[int]]] = {}
    for span in spans:
        grouped.setdefault(FIELD_NAMES.get(span.field, span.field), []).append([span.start, span.end])
    return grouped


def settle(report: Report, home: Home, fields: Fields, vector: Vector) -> None:
    """Write what was found: the index row, the placement, the suggestions, the counts and the event."""
    index(report, fields, vector)
    if home.copy_of:
        share_voice(report, home.copy_of)
    issue = lock_issues([home.issue_id])[home.issue_id] if home.issue_id else open_issue(report)
    Placement.objects.create(
        report=report,
        issue=issue,
        by=home.by,
        placer_id=report.reporter_id if home.by == PlacedBy.REPORTER else None,
        score=home.score,
        method=METHOD,
        reasons=home.reasons,
    )
    Suggestion.objects.bulk_create(
        Suggestion(
            report=report,
            issue_id=proposal.issue,
            score=min(proposal.score, 1.0),
            band=proposal.band,
            rank=rank,
            method=METHOD,
            reasons=home.reasons if home.reasons.get("issue") == proposal.issue else {},
        )
        for rank, proposal in enumerate(home.suggestions)
    )
    note_affected(issue, report)
    flag_regression(issue, report)
    recount([issue.pk], days=[report.reported_at.astimezone(UTC).date()])
    Report.objects.filter(pk=report.pk).update(grouped_at=timezone.now())
    record("group", report, issue, actor=ENGINE.pseudonym, by=home.by.value, method=METHOD)


def index(report: Report, fields: Fields, vector: Vector) -> None:
    terms, runs = vector.to_bytes()
    row = TermVector(
        report=report,
        analyser=ANALYSER,
        family_id=family_of(report),
        terms=terms,
        runs=runs,
        copy_digest=digest(fields),
    )
    # One statement, which the five of update_or_create would be in a transaction
    TermVector.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["report"],
        update_fields=["analyser", "family_id", "terms", "runs", "copy_digest"],
    )


def share_voice(report: Report, first: Report) -> None:
    """Many copies, one voice; whoever filed with an account keeps their own."""
    report.copy_of = first
    if report.reporter_id is None:
        report.voice_key = first.voice_key
    report.save(update_fields=["copy_of", "voice_key"])


def open_issue(report: Report) -> Issue:
    return Issue.objects.create(
        family_id=family_of(report),
        kind=report.kind,
        rule_id=report.rule_id,
        hazard_level=report.hazard_level,
        embargo_until=report.embargo_until,
    )


def note_affected(issue: Issue, report: Report) -> None:
    """The artifacts that the report names stand in the issue, under investigation until a person decides."""
    named = [] if report.artifact.is_unknown else [report.artifact]
    for name in report.also_affects:
        if other := find_artifact(report.artifact.kind, *parse(name)):
            named.append(other)
    Affected.objects.bulk_create(
        [Affected(issue=issue, artifact=artifact) for artifact in dict.fromkeys(named)], ignore_conflicts=True
    )
    tightened: dict[str, Any] = {}
    if report.hazard_level > issue.hazard_level:
        tightened["hazard_level"] = report.hazard_level
    if report.embargo_until and (issue.embargo_until is None or report.embargo_until > issue.embargo_until):
        tightened["embargo_until"] = report.embargo_until
    if tightened:
        Issue.objects.filter(pk=issue.pk).update(**tightened)


def flag_regression(issue: Issue, report: Report) -> None:
    """A report on a version that was to hold the fix goes to the top of the queue; only a person reopens."""
    if report.version is None or report.version.position is None:
        return
    fixed = Affected.objects.filter(
        fixed_in__position__lte=report.version.position, issue=issue, artifact=report.artifact
    )
    if fixed.exists():
        Issue.objects.filter(pk=issue.pk).update(is_possible_regression=True)
