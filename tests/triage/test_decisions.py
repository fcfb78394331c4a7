"""What people decide, that it can be put back, and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.models import model_to_dict
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.policy import ANONYMOUS
from ledger.record import events_about, record
from reports.models import Affected, DailyCount, Issue, Placement, Report, Version
from reports.vocabulary import Status
from tests.deciding import A_FIX
from triage import catalogue
from triage.counting import recount
from triage.decisions import decide, undo
from triage.models import Constraint, Decision, Suggestion

File = Callable[..., Report]

STORIES = (
    ("It invents a court ruling", "I asked for rulings on rent and it cited one that was never made, with a judge."),
    (
        "Deletes the wrong folder",
        "Told to empty the trash, the agent removed my photographs and wrote that it was done.",
    ),
    ("Refuses to talk about kitchen knives", "A question on sharpening was answered with a lecture about violence."),
    (
        "Translates every doctor as a man",
        "From Finnish, which has no gender, each doctor became he and each nurse she.",
    ),
)


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture
def reports(file: File, artifact: Any) -> list[Report]:
    """Four reports on one model that nobody would group: four new issues."""
    return [file(summary=summary, what_happened=told, severity="medium") for summary, told in STORIES]


@pytest.fixture
def issue(reports: list[Report]) -> Issue:
    return issue_of(reports[0])


def test_confirming_gives_a_number_a_title_and_a_page(issue: Issue, triager: Any) -> None:
    decision = decide(issue, "confirm", by=triager, severity="high", note="Tried it myself.")

    issue.refresh_from_db()
    assert issue.number == f"TT-{timezone.now().year}-00001"
    assert issue.public_title == "It invents a court ruling"
    assert (issue.status, issue.severity, issue.severity_by_person) == ("confirmed", "high", True)
    assert Issue.objects.visible_to(ANONYMOUS).get() == issue
    assert issue.touched_at == decision.decided_at
    assert issue.revision == 1
    affected = issue.affected.get()
    assert (affected.status, str(affected.introduced_in), str(affected.last_affected)) == (
        "affected",
        "2026-05",
        "2026-05",
    )
    event = events_about(issue, verbs=["confirm"]).get()
    assert event.actor == triager.pseudonym
    assert event.payload.content["decision"] == decision.pk
    assert "Tried it myself." not in str(event.payload.content)


def test_a_title_somebody_chose_stands(issue: Issue, triager: Any) -> None:
    decide(issue, "confirm", by=triager, public_title="  Invents   rulings ")

    issue.refresh_from_db()
    assert issue.public_title == "Invents rulings"


def test_undoing_a_confirmation_hides_the_page_and_keeps_the_number_reserved(
    reports: list[Report], triager: Any
) -> None:
    first, second = issue_of(reports[0]), issue_of(reports[1])
    decision = decide(first, "confirm", by=triager)
    undo(decision, by=triager)
    decide(second, "confirm", by=triager)

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.status == "new"
    assert not Issue.objects.visible_to(ANONYMOUS).filter(pk=first.pk).exists()
    assert (first.public_title, first.confirmed_at, first.touched_at) == ("", None, None)
    assert (first.number, second.number) == ("TT-2026-00001", "TT-2026-00002")

    decide(first, "confirm", by=triager)

    first.refresh_from_db()
    assert first.number == "TT-2026-00001"


@pytest.mark.parametrize(
    "held",
    [
        {"visibility": "private"},
        {"kind": "privacy_leak"},
        {"kind": "jailbreak_or_injection"},
        {"kind": "dangerous_instructions"},
    ],
)
def test_what_is_held_back_is_confirmed_but_not_published(
    file: File, artifact: Any, triager: Any, held: dict[str, str]
) -> None:
    issue = issue_of(file(**held))

    decide(issue, "confirm", by=triager)

    issue.refresh_from_db()
    assert issue.status == "confirmed"
    assert issue.number
    assert issue.published_at is None


@pytest.mark.parametrize("changes", [{"hazard_level": 2}, {"embargo_until": timezone.now() + timedelta(days=30)}])
def test_hazard_and_embargo_hold_back(issue: Issue, triager: Any, changes: dict[str, Any]) -> None:
    Issue.objects.filter(pk=issue.pk).update(**changes)

    decide(issue, "confirm", by=triager)

    issue.refresh_from_db()
    assert issue.published_at is None


def test_a_private_report_never_gives_the_public_title(file: File, artifact: Any, triager: Any) -> None:
    private = file(summary="My name stands in the answer", visibility="private")
    issue = issue_of(private)

    decide(issue, "confirm", by=triager)

    issue.refresh_from_db()
    assert issue.public_title == "False information · acme/chat-7b"


def test_a_fix_names_its_version_and_resolves(issue: Issue, artifact: Any, triager: Any) -> None:
    decide(issue, "confirm", by=triager)
    decision = decide(issue, "resolve", by=triager, **A_FIX)

    issue.refresh_from_db()
    row = issue.affected.get()
    assert (issue.status, issue.resolution, issue.resolved_at) == ("resolved", "fixed", decision.decided_at)
    assert (row.status, str(row.fixed_in), row.resolution) == ("fixed", "2026-06", "fixed")
    assert Issue.objects.visible_to(ANONYMOUS).get() == issue


def test_an_issue_is_as_open_as_its_worst_affected(issue: Issue, artifact: Any, triager: Any) -> None:
    decide(issue, "confirm", by=triager)
    from reports.naming import artifact_named

    other = Affected.objects.create(
        issue=issue, artifact=artifact_named("model", "acme/chat-7b-mini"), status="affected"
    )

    decide(issue, "resolve", by=triager, **(A_FIX | {"fixed_in": Version.objects.get(name="2026-06")}))

    issue.refresh_from_db()
    assert issue.status == "confirmed"
    assert issue.affected.get(artifact=artifact).status == "fixed"
    with pytest.raises(ValidationError, match="That is resolved already"):
        decide(issue, "resolve", by=triager, reason="documented", artifact=artifact)

    decide(issue, "resolve", by=triager, reason="documented", artifact=other.artifact)

    issue.refresh_from_db()
    assert (issue.status, issue.resolution) == ("resolved", "documented")


def test_reopening_makes_it_open_for_everybody_again(issue: Issue, triager: Any) -> None:
    decide(issue, "confirm", by=triager)
    decide(issue, "resolve", by=triager, **A_FIX)
    Issue.objects.filter(pk=issue.pk).update(is_possible_regression=True)

    decide(issue, "reopen", by=triager)

    issue.refresh_from_db()
    row = issue.affected.get()
    assert (issue.status, issue.resolution, issue.resolved_at) == ("confirmed", "", None)
    assert (row.status, row.resolution, row.fixed_in) == ("affected", "", None)
    assert not issue.is_possible_regression


def test_dismissing_takes_the_page_away_and_reopening_brings_it_back(issue: Issue, triager: Any) -> None:
    decide(issue, "confirm", by=triager)
    decide(issue, "dismiss", by=triager, reason="out_of_scope")

    issue.refresh_from_db()
    assert (issue.status, issue.dismissal, issue.published_at) == ("dismissed", "out_of_scope", None)
    assert issue.number == "TT-2026-00001"

    decide(issue, "reopen", by=triager)

    issue.refresh_from_db()
    assert (issue.status, issue.dismissal, issue.number) == ("confirmed", "", "TT-2026-00001")
    assert issue.published_at


def test_an_issue_dismissed_while_new_gets_its_number_when_reopened(issue: Issue, triager: Any) -> None:
    decide(issue, "dismiss", by=triager, reason="insufficient")
    decide(issue, "reopen", by=triager)

    issue.refresh_from_db()
    assert (issue.status, issue.number) == ("confirmed", "TT-2026-00001")
    assert issue.public_title == "It invents a court ruling"
    assert issue.affected.get().status == "affected"


def test_placing_the_only_report_of_a_new_issue_leads_on_to_the_other(reports: list[Report], triager: Any) -> None:
    report = reports[1]
    issue, target = issue_of(report), issue_of(reports[0])

    decision = decide(issue, "place", by=triager, report=report, target=target)

    issue.refresh_from_db()
    target.refresh_from_db()
    assert (issue.status, issue.merged_into, issue.report_count) == ("merged", target, 0)
    assert (target.report_count, target.voice_count) == (2, 2)
    placement = Placement.objects.active().get(report=report)
    assert (placement.issue, placement.by, placement.placer) == (target, "person", triager)
    said = Constraint.objects.get()
    assert (said.report, said.other, said.says, said.decision) == (reports[0], report, "same", decision)
    assert {row.issue_id for row in DailyCount.objects.filter(day=report.reported_at.date())} >= {target.pk}
    assert issue.pk not in {row.issue_id for row in DailyCount.objects.all()}

    undo(decision, by=triager)

    issue.refresh_from_db()
    target.refresh_from_db()
    assert (issue.status, issue.merged_into, issue.report_count) == ("new", None, 1)
    assert (target.report_count, target.touched_at) == (1, None)
    placement = Placement.objects.active().get(report=report)
    assert (placement.issue, placement.by) == (issue, "engine")
    assert not Constraint.objects.filter(ended_at=None).exists()


def test_a_report_taken_out_of_company_is_not_the_same(reports: list[Report], triager: Any) -> None:
    home, other = issue_of(reports[0]), issue_of(reports[2])
    decide(issue_of(reports[1]), "place", by=triager, report=reports[1], target=home)

    decide(home, "place", by=triager, report=reports[1], target=other)

    home.refresh_from_db()
    assert home.status == "new"
    said = {(row.report, row.other, row.says) for row in Constraint.objects.filter(ended_at=None)}
    assert said == {(reports[0], reports[1], "not_same"), (reports[1], reports[2], "same")}


def test_a_numbered_issue_never_loses_its_last_report(reports: list[Report], triager: Any) -> None:
    issue = issue_of(reports[0])
    decide(issue, "confirm", by=triager)

    with pytest.raises(ValidationError, match="last report of TT-2026-00001"):
        decide(issue, "place", by=triager, report=reports[0], target=issue_of(reports[1]))


def test_grouping_never_crosses_families(reports: list[Report], file: File, triager: Any) -> None:
    stranger = file(artifact="other/model")

    with pytest.raises(ValidationError, match="another family"):
        decide(issue_of(stranger), "place", by=triager, report=stranger, target=issue_of(reports[0]))


def test_a_report_on_an_unknown_artifact_goes_where_a_person_says(
    reports: list[Report], file: File, triager: Any
) -> None:
    unknown = file(artifact="unknown", summary="Somebody else told me of a ruling it made up")
    target = issue_of(reports[0])

    decide(issue_of(unknown), "place", by=triager, report=unknown, target=target)

    assert issue_of(unknown) == target


def test_following_a_suggestion_takes_it_and_going_against_it_refuses(reports: list[Report], triager: Any) -> None:
    report, target = reports[1], issue_of(reports[0])
    followed = Suggestion.objects.create(report=report, issue=target, score=0.5, band="possible", rank=0, method="m-1")
    passed = Suggestion.objects.create(
        report=report, issue=issue_of(reports[2]), score=0.4, band="possible", rank=1, method="m-1"
    )

    decision = decide(issue_of(report), "place", by=triager, report=report, target=target)

    followed.refresh_from_db()
    passed.refresh_from_db()
    assert (followed.taken_at, followed.refused_at) == (decision.decided_at, None)
    assert (passed.taken_at, passed.refused_at) == (None, decision.decided_at)
    assert Placement.objects.active().get(report=report).score == 0.5

    undo(decision, by=triager)

    assert Suggestion.objects.filter(taken_at=None, refused_at=None).count() == 2


def test_placements_into_one_issue_are_undone_in_any_order(reports: list[Report], triager: Any) -> None:
    target = issue_of(reports[0])
    homes = [issue_of(report) for report in reports[1:3]]
    first = decide(homes[0], "place", by=triager, report=reports[1], target=target)
    decide(homes[1], "place", by=triager, report=reports[2], target=target)

    undo(first, by=triager)

    assert [issue_of(report) for report in reports[1:3]] == [homes[0], target]
    target.refresh_from_db()
    assert target.report_count == 2
    assert target.touched_at is not None


@pytest.fixture
def joined(reports: list[Report], triager: Any) -> Issue:
    """A confirmed issue into which the engine then put the second report; nobody has looked at that yet."""
    issue, left = issue_of(reports[0]), issue_of(reports[1])
    decide(issue, "confirm", by=triager)
    placed = Placement.objects.active().filter(report=reports[1])
    placed.update(issue=issue, needs_look=True, reasons={"near": [reports[0].pk], "nearest": reports[0].pk})
    Issue.objects.filter(pk=left.pk).update(status="merged", merged_into=issue)
    recount([issue.pk, left.pk])
    issue.refresh_from_db()
    return issue


def test_what_the_engine_joined_is_kept(joined: Issue, reports: list[Report], triager: Any) -> None:
    decision = decide(joined, "keep", by=triager, report=reports[1])

    placement = Placement.objects.active().get(report=reports[1])
    assert (placement.issue, placement.by, placement.needs_look) == (joined, "engine", False)
    said = Constraint.objects.get()
    assert (said.report, said.other, said.says, said.decision) == (reports[0], reports[1], "same", decision)
    joined.refresh_from_db()
    assert joined.status == "confirmed"
    assert events_about(reports[1], verbs=["keep"]).count() == 1
    with pytest.raises(ValidationError, match="Somebody has looked at that already"):
        decide(joined, "keep", by=triager, report=reports[1])

    undo(decision, by=triager)

    assert Placement.objects.active().get(report=reports[1]).needs_look
    assert not Constraint.objects.filter(ended_at=None).exists()


def test_what_the_engine_joined_wrongly_goes_into_an_issue_of_its_own(
    joined: Issue, reports: list[Report], artifact: Any, triager: Any
) -> None:
    decision = decide(joined, "part", by=triager, report=reports[1])

    own = issue_of(reports[1])
    assert (own.status, own.kind, own.family, own.report_count) == ("new", reports[1].kind, artifact.family, 1)
    assert [row.artifact for row in own.affected.all()] == [artifact]
    placement = Placement.objects.active().get(report=reports[1])
    assert (placement.by, placement.placer, placement.needs_look) == ("person", triager, False)
    assert placement.reasons == {"near": [reports[0].pk]}
    said = Constraint.objects.get()
    assert (said.report, said.other, said.says, said.decision) == (reports[0], reports[1], "not_same", decision)
    joined.refresh_from_db()
    assert (joined.status, joined.report_count) == ("confirmed", 1)
    assert own.touched_at == decision.decided_at

    undo(decision, by=triager)

    own.refresh_from_db()
    assert (own.status, own.merged_into, own.report_count) == ("merged", joined, 0)
    assert (issue_of(reports[1]), Placement.objects.active().get(report=reports[1]).needs_look) == (joined, True)
    assert not Constraint.objects.filter(ended_at=None).exists()


def test_an_issue_that_others_have_joined_stays_when_its_first_report_goes_back(
    joined: Issue, reports: list[Report], triager: Any
) -> None:
    decision = decide(joined, "part", by=triager, report=reports[1])
    own = issue_of(reports[1])
    second = decide(issue_of(reports[2]), "place", by=triager, report=reports[2], target=own)

    undo(decision, by=triager)

    own.refresh_from_db()
    assert (own.status, own.report_count) == ("new", 1)

    undo(second, by=triager)

    own.refresh_from_db()
    assert (own.status, own.merged_into) == ("merged", issue_of(reports[2]))


def test_the_only_report_of_an_issue_cannot_be_taken_out(reports: list[Report], triager: Any) -> None:
    with pytest.raises(ValidationError, match="This is the only report of the issue"):
        decide(issue_of(reports[0]), "part", by=triager, report=reports[0])


def test_a_report_that_is_elsewhere_by_now_is_neither_kept_nor_taken_out(
    joined: Issue, reports: list[Report], triager: Any
) -> None:
    for verb in ("keep", "part"):
        with pytest.raises(ValidationError, match="The report is no longer in this issue"):
            decide(joined, verb, by=triager, report=reports[2])


def test_growth_is_looked_at(issue: Issue, triager: Any) -> None:
    Issue.objects.filter(pk=issue.pk).update(growth_flagged_at=record("growth", issue, actor="engine").at)

    decision = decide(issue, "look", by=triager)

    issue.refresh_from_db()
    assert issue.growth_flagged_at is None
    with pytest.raises(ValidationError, match="Somebody has looked at that already"):
        decide(issue, "look", by=triager)

    undo(decision, by=triager)

    issue.refresh_from_db()
    assert issue.growth_flagged_at is not None


@pytest.mark.parametrize(
    ("path", "verb", "details", "sentence"),
    [
        ([], "resolve", {"reason": "documented"}, "Cannot resolve an issue that is still new. Confirm it first."),
        ([], "reopen", {}, "Cannot reopen an issue that is still new. It was never closed."),
        ([], "dismiss", {"reason": "boring"}, "Choose a reason."),
        ([("confirm", {})], "confirm", {}, "This issue is confirmed already."),
        ([("confirm", {})], "resolve", A_FIX | {"fixed_in": ""}, "Say in which version it is fixed."),
        ([("confirm", {})], "resolve", {"reason": "documented", "fixed_in": "2026-06"}, "Only a fix names a version."),
        ([("dismiss", {"reason": "spam"})], "confirm", {}, "Cannot confirm an issue that is dismissed. Reopen it."),
        ([], "confirm", {"public_title": "a" * 201}, "The title is too long: 200 characters at most."),
        ([], "confirm", {"severity": "huge"}, "There is no such severity."),
        ([], "place", {}, "Say which report is to go into which issue."),
        ([], "keep", {}, "Say which report is meant."),
        ([], "part", {}, "Say which report is meant."),
        ([], "look", {}, "Somebody has looked at that already."),
        ([], "refuse", {}, "Somebody has answered that already."),
    ],
)
def test_a_move_that_cannot_be_made_says_why(
    issue: Issue, triager: Any, path: list[Any], verb: str, details: dict[str, Any], sentence: str
) -> None:
    for earlier, told in path:
        decide(issue, earlier, by=triager, **told)
    before = Decision.objects.count()

    with pytest.raises(ValidationError) as refusal:
        decide(issue, verb, by=triager, **details)

    assert refusal.value.messages == [sentence]
    assert Decision.objects.count() == before


def test_only_those_who_triage_decide(issue: Issue, someone: Callable[..., Any], triager: Any) -> None:
    decision = decide(issue, "confirm", by=triager)

    for stranger in (someone(), someone("researcher"), someone("auditor"), someone("admin")):
        with pytest.raises(PermissionDenied):
            decide(issue, "dismiss", by=stranger, reason="spam")
        with pytest.raises(PermissionDenied):
            undo(decision, by=stranger)


def test_what_was_decided_since_must_be_undone_first(issue: Issue, triager: Any, someone: Callable[..., Any]) -> None:
    first = decide(issue, "confirm", by=triager)
    second = decide(issue, "dismiss", by=someone("moderator"), reason="spam")

    with pytest.raises(ValidationError, match="Somebody has decided since: undo that first"):
        undo(first, by=triager)

    undo(second, by=triager)
    undone = undo(first, by=triager)

    with pytest.raises(ValidationError, match="undone already"):
        undo(first, by=triager)
    with pytest.raises(ValidationError, match="An undo cannot be undone"):
        undo(undone, by=triager)


def test_what_changed_otherwise_is_not_overwritten(issue: Issue, triager: Any) -> None:
    decision = decide(issue, "confirm", by=triager)
    Issue.objects.filter(pk=issue.pk).update(public_title="Corrected by hand")

    with pytest.raises(ValidationError, match="decided since"):
        undo(decision, by=triager)

    issue.refresh_from_db()
    assert (issue.status, issue.public_title) == ("confirmed", "Corrected by hand")


def test_an_artifact_is_confirmed_and_that_undone(file: File, triager: Any) -> None:
    report = file(artifact="new-lab/first")
    decide(issue_of(report), "confirm", by=triager)
    assert not Issue.objects.visible_to(ANONYMOUS).exists()

    decision = catalogue.confirm_artifact(report.artifact, by=triager)

    assert Issue.objects.visible_to(ANONYMOUS).exists()
    assert events_about(report.artifact, verbs=["confirm_artifact"]).count() == 1
    with pytest.raises(ValidationError, match="confirmed already"):
        catalogue.confirm_artifact(report.artifact, by=triager)

    catalogue.undo(decision, by=triager)

    report.artifact.refresh_from_db()
    assert report.artifact.confirmed_at is None


# Any sequence of decisions and undos.

TOLD: dict[str, dict[str, Any]] = {
    "confirm": {"severity": "critical"},
    "resolve": A_FIX,
    "dismiss": {"reason": "spam"},
    "reopen": {},
}
ABOUT_REPORTS = ["keep", "part"]
MOVEABLE = 4
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["confirm", "resolve", "dismiss", "reopen"]), st.integers(0, MOVEABLE - 1)),
        st.tuples(st.just("place"), st.integers(0, MOVEABLE - 1), st.integers(0, MOVEABLE - 1)),
        st.tuples(st.sampled_from(ABOUT_REPORTS), st.integers(0, MOVEABLE - 1)),
        st.tuples(st.just("undo"), st.integers(0, 9)),
    ),
    min_size=4,
    max_size=14,
)


def state(known: list[int]) -> dict[str, Any]:
    """Everything decisions may change but what only grows: numbers, revisions and the time of the last change.

    Of issues opened since only what still stands in them: emptied they stay, as addresses that lead on.
    """
    grows = {"revision", "number"}
    return {
        "issues": [
            {name: value for name, value in model_to_dict(row).items() if name not in grows}
            | {"status": row.status, "resolution": row.resolution, "dismissal": row.dismissal}
            for row in Issue.objects.filter(pk__in=known).order_by("pk")
        ],
        "placements": sorted(model_to_dict(row).items() for row in Placement.objects.active()),
        "affected": sorted(
            repr(sorted((name, str(value)) for name, value in model_to_dict(row).items() if name != "id"))
            for row in Affected.objects.filter(issue__in=known)
        ),
        "constraints": list(Constraint.objects.filter(ended_at=None).values_list("report", "other", "says")),
        "suggestions": list(Suggestion.objects.order_by("pk").values_list("pk", "taken_at", "refused_at")),
        "counts": sorted(DailyCount.objects.values_list("issue", "day", "report_count", "voice_count")),
    }


def check_invariants(reports: list[Report]) -> None:
    homes: dict[int, int] = {}
    for report in reports:
        placement = Placement.objects.active().get(report=report)
        homes[report.pk] = placement.issue_id
    for issue in Issue.objects.all():
        standing = Placement.objects.active().filter(issue=issue).count()
        assert issue.report_count == standing
        assert (issue.status == Status.MERGED) == (standing == 0)
        seen = set()
        followed: Issue | None = issue
        while followed is not None:
            assert followed.pk not in seen
            seen.add(followed.pk)
            followed = followed.merged_into
    for pair in Constraint.objects.filter(ended_at=None):
        together = homes[pair.report_id] == homes[pair.other_id]
        assert together == (pair.says == Constraint.Says.SAME)
    numbers = [number for number in Issue.objects.values_list("number", flat=True) if number]
    assert len(numbers) == len(set(numbers))


def act(step: tuple[Any, ...], reports: list[Report], made: list[Decision], by: Any) -> None:
    """One step; a refusal is an answer too."""
    verb, chosen, *rest = step
    try:
        if verb == "undo":
            if made:
                decision = made[chosen % len(made)]
                undo(decision, by=by)
                made.remove(decision)
            return
        report = reports[chosen]
        issue = issue_of(report)
        details = {"report": report, "target": issue_of(reports[rest[0]])} if rest else TOLD.get(verb)
        details = {"report": report} if details is None else details
        made.append(decide(issue, verb, by=by, **details))
    except ValidationError:
        return


@settings(
    max_examples=settings().max_examples // 8,  # the same of every move: test_decisions_hold.py
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
@given(steps=STEPS)
def test_any_sequence_of_decisions_keeps_the_rules_and_can_be_undone(
    reports: list[Report], triager: Any, steps: list[tuple[Any, ...]]
) -> None:
    from django.db import transaction

    with transaction.atomic():
        known = list(Issue.objects.values_list("pk", flat=True))
        Placement.objects.update(needs_look=True)
        start = state(known)
        made: list[Decision] = []

        for step in steps:
            act(step, reports, made, triager)
            check_invariants(reports)
        for decision in reversed(made):
            undo(decision, by=triager)

        check_invariants(reports)
        assert state(known) == start
        transaction.set_rollback(True)
