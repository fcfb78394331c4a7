"""What each move of the desk changes, and that its undo puts back what stood: merge, split, snooze and the rest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.policy import ANONYMOUS
from reports.models import Answer, Excerpt, Issue, Message, Placement, Redaction, Report, Reproduction, Translation
from reports.record import survivor_of
from tests.deciding import A_FIX
from triage.decisions import ChangedSince, DecidedSince, decide, undo
from triage.models import Constraint, Decision, Proposal
from triage.publication import reports_in

File = Callable[..., Report]
FAR = {
    "summary": "Draws clocks with thirteen hours",
    "what_happened": "Every clock face it drew had thirteen hours on it.",
}


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture
def two(file: File, artifact: Any) -> tuple[Issue, Issue]:
    """Two issues of one family: the first with two reports, the second with one."""
    first, second = file(), file(**FAR, version="2026-06")
    again = file(network="10.0.0.0/8")
    assert issue_of(again) == issue_of(first) != issue_of(second)
    return issue_of(first), issue_of(second)


def fresh(issue: Issue) -> Issue:
    return Issue.objects.get(pk=issue.pk)


# Merging


def test_merging_moves_every_report_and_leads_on_for_ever(two: tuple[Issue, Issue], triager: Any) -> None:
    stays, goes = two
    decide(goes, "confirm", by=triager)
    decide(stays, "confirm", by=triager)
    number = fresh(goes).number

    decide(goes, "merge", by=triager, target=stays)

    stays, goes = fresh(stays), fresh(goes)
    assert (goes.status, goes.merged_into, goes.report_count, goes.voice_count) == ("merged", stays, 0, 0)
    assert stays.report_count == 3
    assert survivor_of(number or "", ANONYMOUS) == stays
    row = stays.affected.get()
    assert (str(row.introduced_in), str(row.last_affected)) == ("2026-05", "2026-06")
    pair = Constraint.objects.get(ended_at=None)
    assert pair.says == "same"


def test_undoing_a_merge_gives_both_back_as_they_were(two: tuple[Issue, Issue], triager: Any) -> None:
    stays, goes = two
    before = {issue.pk: sorted(reports_in(issue).values_list("pk", flat=True)) for issue in two}
    decision = decide(goes, "merge", by=triager, target=stays)

    undo(decision, by=triager)

    assert {issue.pk: sorted(reports_in(issue).values_list("pk", flat=True)) for issue in two} == before
    assert (fresh(goes).status, fresh(goes).merged_into, fresh(goes).report_count) == ("new", None, 1)
    assert fresh(stays).report_count == 2
    assert not Constraint.objects.filter(ended_at=None).exists()


def test_the_one_with_a_page_survives(two: tuple[Issue, Issue], triager: Any) -> None:
    stays, goes = two
    decide(stays, "confirm", by=triager)

    with pytest.raises(ValidationError, match="merge the other way round"):
        decide(stays, "merge", by=triager, target=goes)


def test_what_people_kept_apart_is_merged_only_despite(two: tuple[Issue, Issue], triager: Any) -> None:
    stays = two[0]
    member = reports_in(stays).order_by("-pk").first()
    decide(stays, "part", by=triager, report=member)
    apart = issue_of(member)  # type: ignore[arg-type] # it stands somewhere

    with pytest.raises(ValidationError) as refused:
        decide(apart, "merge", by=triager, target=stays)
    assert refused.value.code == "constraints"

    decide(apart, "merge", by=triager, target=stays, despite=True)

    assert fresh(stays).report_count == 2
    assert [pair.says for pair in Constraint.objects.filter(ended_at=None)] == ["same"]


def test_nobody_merges_what_they_reported_from_either_side(
    two: tuple[Issue, Issue], triager: Any, someone: Any
) -> None:
    first, second = two
    reporter = someone("triager", email="reports-too@example.org")
    reports_in(second).update(reporter=reporter)

    for issue, target in ((first, second), (second, first)):
        with pytest.raises(ValidationError) as refused:
            decide(issue, "merge", by=reporter, target=target)
        assert refused.value.code == "apart"

    decision = decide(second, "merge", by=triager, target=first)
    with pytest.raises(ValidationError) as refused:
        undo(decision, by=reporter)
    assert refused.value.code == "apart"


def test_a_merge_answers_what_the_engine_proposed(two: tuple[Issue, Issue], triager: Any) -> None:
    stays, goes = two
    first, second = sorted(two, key=lambda issue: issue.pk)
    Proposal.objects.create(kind="merge", issue=first, other=second, score=0.9, band="likely", method="lexical-2")

    decision = decide(goes, "merge", by=triager, target=stays)

    assert Proposal.objects.get().taken_at == decision.decided_at
    undo(decision, by=triager)
    assert Proposal.objects.get().taken_at is None


def test_a_merge_reopens_what_is_resolved_for_one_artifact_only(
    two: tuple[Issue, Issue], file: File, triager: Any
) -> None:
    from reports.models import Affected
    from reports.naming import artifact_named

    stays, goes = two
    decide(stays, "confirm", by=triager)
    decide(stays, "resolve", by=triager, **A_FIX)
    Affected.objects.create(issue=goes, artifact=artifact_named("model", "acme/chat-7b-mini"), status="affected")

    decision = decide(goes, "merge", by=triager, target=stays)

    assert fresh(stays).status == "confirmed"
    undo(decision, by=triager)
    assert (fresh(stays).status, fresh(stays).resolution) == ("resolved", "fixed")


def test_another_family_is_never_merged_in(two: tuple[Issue, Issue], file: File, triager: Any) -> None:
    other = issue_of(file(artifact="other/model", version=""))

    with pytest.raises(ValidationError, match="another family"):
        decide(other, "merge", by=triager, target=two[0])


# Splitting


def test_a_split_takes_reports_into_a_new_issue_that_waits(two: tuple[Issue, Issue], triager: Any) -> None:
    whole = two[0]
    decide(whole, "confirm", by=triager)
    decide(whole, "classify", by=triager, severity="high")
    leaving = list(reports_in(whole).order_by("-pk")[:1])

    decision = decide(whole, "split", by=triager, reports=leaving)

    child = issue_of(leaving[0])
    assert (child.status, child.number, child.severity, child.report_count) == ("new", None, "high", 1)
    assert fresh(whole).report_count == 1
    assert Constraint.objects.get(ended_at=None).says == "not_same"

    undo(decision, by=triager)

    assert fresh(whole).report_count == 2
    assert (fresh(child).status, fresh(child).merged_into) == ("merged", whole)
    assert not Constraint.objects.filter(ended_at=None).exists()


def test_a_split_leaves_something_behind(two: tuple[Issue, Issue], triager: Any) -> None:
    with pytest.raises(ValidationError, match="Something has to stay behind"):
        decide(two[0], "split", by=triager, reports=list(reports_in(two[0])))
    with pytest.raises(ValidationError, match="Say which reports"):
        decide(two[0], "split", by=triager, reports=list(reports_in(two[1])))


# Sorting


def test_a_snooze_says_until_when_and_a_decision_ends_it(two: tuple[Issue, Issue], triager: Any) -> None:
    issue = two[0]
    with pytest.raises(ValidationError, match="Say until when"):
        decide(issue, "snooze", by=triager)
    with pytest.raises(ValidationError, match="voices already"):
        decide(issue, "snooze", by=triager, voices=1)
    with pytest.raises(ValidationError, match="has passed"):
        decide(issue, "snooze", by=triager, until=timezone.now())

    decide(issue, "snooze", by=triager, next_version=True, voices=9)

    asleep = fresh(issue)
    assert (str(asleep.snoozed_version), asleep.snoozed_voices, asleep.snoozed_until) == ("2026-06", 9, None)
    decision = decide(issue, "confirm", by=triager)
    assert fresh(issue).snoozed_at is None
    undo(decision, by=triager)
    assert fresh(issue).snoozed_at == asleep.snoozed_at


def test_only_who_may_decide_is_assigned(two: tuple[Issue, Issue], triager: Any, someone: Any) -> None:
    with pytest.raises(ValidationError, match="may not decide"):
        decide(two[0], "assign", by=triager, assignee=someone())

    decide(two[0], "assign", by=triager, assignee=triager)

    assert fresh(two[0]).assignee == triager


def test_a_priority_that_a_person_set_stands(two: tuple[Issue, Issue], triager: Any) -> None:
    was = fresh(two[1]).priority

    decision = decide(two[1], "prioritise", by=triager, weight=64.0)

    assert fresh(two[1]).priority > was
    undo(decision, by=triager)
    assert fresh(two[1]).priority == pytest.approx(was)


def test_what_becomes_dangerous_loses_its_page(two: tuple[Issue, Issue], triager: Any) -> None:
    decide(two[0], "confirm", by=triager)

    decision = decide(two[0], "classify", by=triager, hazard_level=2, lifecycle_stage="data", in_stated_use=False)

    issue = fresh(two[0])
    assert (issue.published_at, issue.hazard_level, issue.lifecycle_stage, issue.in_stated_use) == (
        None,
        2,
        "data",
        False,
    )
    undo(decision, by=triager)
    assert fresh(two[0]).published_at is not None


# Who may


def test_nobody_decides_alone_on_their_own_report(file: File, artifact: Any, triager: Any) -> None:
    from accounts.actors import actor_for

    issue = issue_of(file(actor=actor_for(triager)))

    with pytest.raises(ValidationError) as refused:
        decide(issue, "confirm", by=triager)
    assert refused.value.code == "apart"
    decide(issue, "assign", by=triager, assignee=triager)


def test_nobody_decides_alone_on_what_they_answer_for(
    two: tuple[Issue, Issue], artifact: Any, triager: Any, someone: Any
) -> None:
    both = someone("triager", "maintainer", email="both@example.org", artifact_id=artifact.pk)
    decision = decide(two[0], "confirm", by=triager)

    with pytest.raises(ValidationError) as refused:
        undo(decision, by=both)
    assert refused.value.code == "apart"
    with pytest.raises(ValidationError, match="somebody else has to decide"):
        decide(two[0], "unpublish", by=both)


def test_what_was_held_back_takes_a_second_person(file: File, artifact: Any, triager: Any, someone: Any) -> None:
    issue = issue_of(file(kind="privacy_leak"))
    second = someone("moderator", email="second@example.org")
    decide(issue, "confirm", by=triager)

    with pytest.raises(ValidationError, match="Somebody else has to publish it"):
        decide(issue, "publish", by=triager)
    decide(issue, "publish", by=second)

    assert fresh(issue).is_public


def test_nothing_is_published_under_an_embargo(two: tuple[Issue, Issue], triager: Any) -> None:
    Issue.objects.filter(pk=two[0].pk).update(embargo_until=timezone.now() + timedelta(days=3))
    decide(two[0], "confirm", by=triager)

    with pytest.raises(ValidationError) as refused:
        decide(two[0], "publish", by=triager)

    assert refused.value.code == "embargo"


# Two at once


def test_a_page_that_has_aged_is_told_what_changed(two: tuple[Issue, Issue], triager: Any, someone: Any) -> None:
    other = someone("triager", email="other@example.org")
    shown = two[0].revision
    made = decide(two[0], "assign", by=other, assignee=other)

    with pytest.raises(ChangedSince) as refused:
        decide(two[0], "dismiss", by=triager, reason="spam", revision=shown)

    assert refused.value.since == [made]
    decide(two[0], "dismiss", by=triager, reason="spam", revision=fresh(two[0]).revision)


def test_a_merge_looks_at_both_sides(two: tuple[Issue, Issue], triager: Any) -> None:
    shown = two[0].revision
    decide(two[0], "assign", by=triager, assignee=triager)

    with pytest.raises(ChangedSince):
        decide(two[1], "merge", by=triager, target=two[0], target_revision=shown)


def test_an_undo_is_told_who_decided_since(two: tuple[Issue, Issue], triager: Any) -> None:
    first = decide(two[0], "assign", by=triager, assignee=triager)
    second = decide(two[0], "confirm", by=triager)

    with pytest.raises(DecidedSince) as refused:
        undo(first, by=triager)

    assert refused.value.since == [second]


# What others say


def test_a_report_is_read_anew_before_its_words_are_removed(two: tuple[Issue, Issue], triager: Any) -> None:
    issue = two[0]
    seen = Report.objects.get(pk=reports_in(issue).values("pk")[:1])
    seen.redacted_at = timezone.now()  # as it was when somebody looked; it is not any more

    undo(decide(issue, "redact", by=triager, report=seen, spans=[("summary", 0, 2)]), by=triager)

    assert Report.objects.get(pk=seen.pk).redacted_at is None


def test_a_question_stands_on_the_receipt_until_it_is_undone(two: tuple[Issue, Issue], triager: Any) -> None:
    report = reports_in(two[1]).get()

    decision = decide(two[1], "ask", by=triager, report=report, text="Which settings did you use?")

    message = Message.objects.get()
    assert (message.report, message.from_reporter, fresh(two[1]).asked_at) == (report, False, decision.decided_at)
    undo(decision, by=triager)
    message.refresh_from_db()
    assert message.withdrawn_at
    assert fresh(two[1]).asked_at is None


def test_a_fix_needs_a_statement_and_somebody_who_tried(two: tuple[Issue, Issue], artifact: Any, triager: Any) -> None:
    issue = two[0]
    decide(issue, "confirm", by=triager)
    bare: dict[str, Any] = {"reason": "fixed", "fixed_in": "2026-06"}
    with pytest.raises(ValidationError, match="a fix needs a statement"):
        decide(issue, "resolve", by=triager, **bare)
    with pytest.raises(ValidationError, match="Nobody has tried"):
        decide(issue, "resolve", by=triager, **bare, statement="It looks them up.")
    decide(issue, "reproduce", by=triager, artifact=artifact, version="2026-05", tries=5, failures=0)
    with pytest.raises(ValidationError, match="Nobody has tried"):
        decide(issue, "resolve", by=triager, **bare, statement="It looks them up.")

    decide(issue, "reproduce", by=triager, artifact=artifact, version="2026-06", tries=5, failures=0)
    decide(issue, "resolve", by=triager, **bare, statement="It looks them up.")

    row = fresh(issue).affected.get()
    assert (row.statement, row.stated_by, row.untested_reason) == ("It looks them up.", triager, "")
    assert (row.tries, row.failures) == (5, 0)


def test_a_maintainers_answer_is_taken_or_turned_down(
    two: tuple[Issue, Issue], artifact: Any, triager: Any, someone: Any
) -> None:
    maintainer = someone("maintainer", artifact_id=artifact.pk)
    decide(two[0], "confirm", by=triager)
    said = Answer.objects.create(
        issue=two[0], artifact=artifact, by=maintainer, text="Not ours.", status="not_affected"
    )

    decision = decide(two[0], "affect", by=triager, artifact=artifact, status="not_affected", answer=said)

    said.refresh_from_db()
    row = fresh(two[0]).affected.get()
    assert said.accepted_at
    assert (row.status, row.statement, row.stated_by) == ("not_affected", "Not ours.", maintainer)
    undo(decision, by=triager)
    decide(two[0], "turn_down", by=triager, reason="not_shown", answer=said)
    said.refresh_from_db()
    assert said.accepted_at is None
    assert said.refused_at


# Words


def test_words_are_chosen_and_redacted_by_place(two: tuple[Issue, Issue], triager: Any) -> None:
    issue, report = two[1], reports_in(two[1]).get()

    chosen = decide(issue, "excerpt", by=triager, report=report, spans=[("summary", 0, 5), ("what_happened", 0, 9)])
    decide(issue, "redact", by=triager, report=report, spans=[("what_happened", 0, 5)])

    report.refresh_from_db()
    assert report.redacted_at
    assert Excerpt.objects.filter(ended_at=None).count() == 2
    with pytest.raises(DecidedSince):
        undo(chosen, by=triager)
    decide(issue, "redact", by=triager, report=report, spans=[])
    report.refresh_from_db()
    assert report.redacted_at is None
    assert not Redaction.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize("span", [("summary", 0, 9_999), ("turn:0", 0, 1), ("summary", 3, 3), ("nothing", 0, 1)])
def test_a_passage_that_is_not_there_is_refused(two: tuple[Issue, Issue], triager: Any, span: Any) -> None:
    report = reports_in(two[1]).get()

    with pytest.raises(ValidationError, match="not where the text has one"):
        decide(two[1], "redact", by=triager, report=report, spans=[span])


def test_private_words_are_never_chosen(file: File, artifact: Any, triager: Any) -> None:
    report = file(visibility="private")

    with pytest.raises(ValidationError, match="private or held"):
        decide(issue_of(report), "excerpt", by=triager, report=report, spans=[("summary", 0, 5)])


def test_a_translation_takes_the_place_of_an_older_one(two: tuple[Issue, Issue], triager: Any) -> None:
    report = reports_in(two[1]).get()
    said: dict[str, Any] = {"report": report, "part": "summary", "language": "es"}
    decide(two[1], "translate", by=triager, text="Dibuja relojes", **said)

    decision = decide(two[1], "translate", by=triager, text="Dibuja relojes con trece horas", **said)

    assert Translation.objects.get(ended_at=None).text == "Dibuja relojes con trece horas"
    undo(decision, by=triager)
    assert Translation.objects.get(ended_at=None).text == "Dibuja relojes"


def test_every_act_leaves_one_decision(two: tuple[Issue, Issue], artifact: Any, triager: Any) -> None:
    decide(two[0], "reproduce", by=triager, artifact=artifact, tries=3, failures=2)

    assert Decision.objects.count() == 1
    assert Reproduction.objects.get().by == triager
    assert Placement.objects.active().count() == 3
