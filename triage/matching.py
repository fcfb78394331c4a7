"""Grouping one report: between the pure engine and the database.

The engine looks at the report's own family only, places it where it is sure and nobody has said otherwise, opens an
issue of its own where it is not, and keeps its reasons as ids, offsets and features.
"""

from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.policy import ENGINE
from ledger.record import record
from reports.models import Affected, Issue, Placement, Report
from reports.naming import find_artifact, parse
from reports.vocabulary import PlacedBy, SourceType, Status
from triage import embeddings
from triage.bounds import bounds_of, home_of_issue
from triage.counting import recount
from triage.grouping.copies import is_copy, text_of
from triage.grouping.method import Source
from triage.grouping.outcome import Bounds, Policy, Proposal, issue_scores
from triage.grouping.vector import ANALYSER
from triage.locks import lock_family, lock_issues
from triage.models import Suggestion, TermVector
from triage.neighbours import Neighbours, neighbours_of
from triage.reading import Reading, family_of, fields_of, masks_of, read_report
from triage.reasons import reasons_of

RULES = "rules-1"  # what places a report without weighing its words: copies, rules, confirmations, people's word
NEAREST = 10  # reports whose ids are kept with a placement, alike or not: a list to look through

# Written out, because every report asks it, and having it put together anew took a tenth of its time.
TWIN = """
SELECT p.issue_id, coalesce(r.copy_of_id, r.id)
FROM triage_termvector v
JOIN reports_report r ON r.id = v.report_id
JOIN reports_placement p ON p.report_id = v.report_id AND p.superseded_at IS NULL
JOIN reports_issue i ON i.id = p.issue_id
WHERE v.family_id = %s AND v.copy_digest = %s AND v.report_id <> %s AND i.status = ANY(%s)
ORDER BY p.placed_at, p.id LIMIT 1
"""
COPIED_INTO = (Status.NEW, Status.CONFIRMED, Status.RESOLVED, Status.MERGED)


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
    reading = read_report(report)
    if settings.EMBEDDER:
        embeddings.embed([report.pk])  # here, for nobody waits for an embedder under the family's lock
    with transaction.atomic():
        lock_family(family_of(report))
        if Report.objects.select_for_update().filter(pk=report.pk, grouped_at__isnull=True).exists():
            settle(report, home_of(report, reading), reading)


def home_of(report: Report, reading: Reading) -> Home:
    """Where the report belongs, by the first that knows: the reporter, people, a copy, the scanner's rule, the text."""
    if report.confirms_id:
        return Home(home_of_issue(report.confirms_id), by=PlacedBy.REPORTER, reasons={"by": "confirmation"})
    bounds = bounds_of(report)
    if bounds.bound:
        return Home(bounds.bound, reasons={"by": "constraint"})
    if not report.artifact.is_unknown:
        copied = copy_of(report, reading)
        if copied and copied.issue_id not in bounds.barred:
            return copied
        if report.rule_id and (issue_id := issue_of_rule(report)) and issue_id not in bounds.barred:
            return Home(issue_id, reasons={"by": "rule"})
    near = neighbours_of(report, reading)
    copied = None if report.artifact.is_unknown else near_copy_of(report, reading, near)
    if copied and copied.issue_id not in bounds.barred:
        return copied
    return by_text(report, reading, near, near.within(bounds))


def copy_of(report: Report, reading: Reading) -> Home | None:
    """The home of an exact copy: its twin's, unless somebody closed that."""
    with connection.cursor() as cursor:
        cursor.execute(TWIN, [family_of(report), reading.digest, report.pk, list(COPIED_INTO)])
        found = cursor.fetchone()
    return joined_copy(home_of_issue(found[0]), found[1]) if found else None


def near_copy_of(report: Report, reading: Reading, near: Neighbours) -> Home | None:
    """The home of the report that this one is a copy of, but for a few letters or words."""
    for at in near.like_copies(reading.sketch):
        other = (
            Report.objects.select_related("artifact", "version", "evidence")
            .prefetch_related("artifact__aliases")
            .get(pk=near.report_ids[at])
        )
        # the templates of a scanner differ in a word, and that word is the whole difference
        if other.rule_id != report.rule_id or near.issue_ids[at] in near.closed:
            continue
        if is_copy(reading.text, text_of(fields_of(other.evidence), masks=masks_of(other))):
            return joined_copy(near.issue_ids[at], other.copy_of_id or other.pk)
    return None


def joined_copy(issue_id: int, first_id: int) -> Home:
    first = Report.objects.get(pk=first_id)
    return Home(issue_id, score=1.0, reasons={"by": "copy", "nearest": first_id, "score": 1.0}, copy_of=first)


def issue_of_rule(report: Report) -> int | None:
    """The open or resolved issue of the report's family that gathers its scanner rule."""
    issues = Issue.objects.filter(family_id=family_of(report), rule_id=report.rule_id)
    found = issues.exclude(status=Status.DISMISSED).order_by("pk").values_list("pk", flat=True).first()
    return home_of_issue(found) if found else None


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
    report = (
        Report.objects.select_related("artifact", "version", "evidence")
        .prefetch_related("artifact__aliases")
        .get(pk=report_id)
    )
    return neighbours_of(report, read_report(report)).best(count)


def renew(*, most: int) -> int:
    """Analyse anew what an older analyser made, oldest first; until then it is no candidate. Returns how many."""
    stale = Report.objects.filter(term_vector__analyser__lt=ANALYSER, evidence__isnull=False)
    reports = list(
        stale.select_related("artifact", "version", "evidence")
        .prefetch_related("artifact__aliases")
        .order_by("pk")[:most]
    )
    for report in reports:
        take_in(report, read_report(report))
    return len(reports)


def source_of(report: Report) -> Source:
    sources: dict[str, Source] = {SourceType.SCANNER: "scanner", SourceType.IMPORT: "import"}
    return sources.get(report.source_type, "form")


def settle(report: Report, home: Home, reading: Reading) -> None:
    """Write what was found: the index row, the placement, the suggestions, the counts and the event."""
    take_in(report, reading)
    if home.copy_of:
        share_voice(report, home.copy_of)
    issue = lock_issues([home.issue_id])[home.issue_id] if home.issue_id else open_issue(report)
    Placement.objects.create(
        report=report,
        issue=issue,
        by=home.by,
        placer_id=report.reporter_id if home.by == PlacedBy.REPORTER else None,
        score=home.score,
        method=home.method or RULES,
        reasons=home.reasons,
        needs_look=home.needs_look,
    )
    Suggestion.objects.bulk_create(
        Suggestion(
            report=report,
            issue_id=proposal.issue,
            score=min(proposal.score, 1.0),
            band=proposal.band,
            rank=rank,
            method=home.method,
            reasons=home.reasons if home.reasons.get("issue") == proposal.issue else {},
        )
        for rank, proposal in enumerate(home.suggestions)
    )
    note_affected(issue, report)
    flag_regression(issue, report)
    recount([issue.pk], days=[report.reported_at.astimezone(UTC).date()])
    Report.objects.filter(pk=report.pk).update(grouped_at=timezone.now())
    record("group", report, issue, actor=ENGINE.pseudonym, by=home.by.value, method=home.method or RULES)


def take_in(report: Report, reading: Reading) -> None:
    """Into the index, or anew if it stands there by an older analyser: back into the tail, read as it is."""
    terms, runs, grams = reading.vector.to_bytes()
    row = TermVector(
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
    # One statement, which the five of update_or_create would be in a transaction
    TermVector.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["report"],
        update_fields=[
            "analyser",
            "family_id",
            "terms",
            "runs",
            "grams",
            "sketch",
            "copy_digest",
            "norm",
            "segment",
        ],
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
