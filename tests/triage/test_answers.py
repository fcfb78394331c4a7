"""What maintainers say: filed by them, taken or turned down by a triager, read alike by both."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.actors import actor_for
from accounts.models import Grant
from accounts.policy import ANONYMOUS, spokesperson
from ledger.models import Event
from ledger.record import record
from reports.history import history_of
from reports.models import Affected, Answer, Artifact, ContextRule, Version
from reports.naming import artifact_named
from reports.record import issues_on_record
from triage import views
from triage.answers import (
    acknowledge,
    answers_for,
    clocks_for,
    give_answer,
    rows_told_to,
    take_back,
    take_back_acknowledgement,
    try_again,
)
from triage.decisions import decide, undo
from triage.queue import annotated

pytestmark = pytest.mark.django_db


@pytest.fixture
def maintainer(someone: Callable[..., Any], artifact: Any) -> Any:
    return someone("maintainer", artifact_id=artifact.pk)


@pytest.fixture
def issue(file: Callable[..., Any], maintainer: Any, triager: Any) -> Any:
    """Confirmed, and its maintainers told by that."""
    report = file()
    issue = report.placements.get().issue
    decide(issue, "confirm", by=triager)
    issue.refresh_from_db()
    return issue


def row_of(issue: Any, artifact: Any) -> Affected:
    return Affected.objects.get(issue=issue, artifact=artifact)


def verbs() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def test_confirming_tells_maintainers_and_its_undo_takes_that_back(issue: Any, artifact: Any, triager: Any) -> None:
    assert row_of(issue, artifact).notified_at is not None

    undo(issue.decisions.get(), by=triager)

    assert row_of(issue, artifact).notified_at is None


def test_a_triager_tells_those_who_came_later(file: Any, artifact: Any, someone: Any, triager: Any) -> None:
    issue = file().placements.get().issue
    with pytest.raises(ValidationError, match="Confirm it first"):
        decide(issue, "notify", by=triager, artifact=artifact)
    decide(issue, "confirm", by=triager)
    assert row_of(issue, artifact).notified_at is None
    with pytest.raises(ValidationError, match="Nobody is left"):
        decide(issue, "notify", by=triager, artifact=artifact)
    someone("maintainer", artifact_id=artifact.pk)

    told = decide(issue, "notify", by=triager)

    assert row_of(issue, artifact).notified_at is not None
    assert verbs()[-1] == "notify"
    undo(told, by=triager)
    assert row_of(issue, artifact).notified_at is None


def test_acknowledging_is_an_event_once_and_can_be_taken_back(issue: Any, artifact: Any, maintainer: Any) -> None:
    at = timezone.now()

    acknowledge(issue, artifact, by=maintainer, at=at)
    acknowledge(issue, artifact, by=maintainer)

    assert row_of(issue, artifact).acknowledged_at == at
    assert verbs().count("acknowledge") == 1
    take_back_acknowledgement(issue, artifact, by=maintainer)
    assert row_of(issue, artifact).acknowledged_at is None
    assert verbs()[-1] == "unacknowledge"


def test_an_answer_is_filed_and_changes_nothing_else(issue: Any, artifact: Any, maintainer: Any) -> None:
    before = row_of(issue, artifact)

    answer = give_answer(
        issue, artifact, by=maintainer, text=" We know. ", status="fixed", introduced_in="2026-05", fixed_in="2026-06"
    )

    after = row_of(issue, artifact)
    assert (answer.text, answer.status, str(answer.fixed_in)) == ("We know.", "fixed", "2026-06")
    assert (after.status, after.statement, after.fixed_in) == (before.status, "", None)
    assert after.acknowledged_at == answer.given_at
    event = Event.objects.get(verb="answer")
    assert event.payload.content == {
        "status": "fixed",
        "introduced_in": answer.introduced_in_id,
        "fixed_in": answer.fixed_in_id,
    }
    with pytest.raises(ValidationError, match="you know of it"):
        take_back_acknowledgement(issue, artifact, by=maintainer)


def test_the_same_words_sent_twice_are_one_answer(issue: Any, artifact: Any, maintainer: Any) -> None:
    first = give_answer(issue, artifact, by=maintainer, text="We know.")

    assert give_answer(issue, artifact, by=maintainer, text="We know.") == first
    assert verbs().count("answer") == 1


def test_an_answer_stands_on_the_desk_until_somebody_decides_on_it(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    def view() -> tuple[int | None, bool]:
        shown = next(each for each in views.listed(triager, actor_for(triager)) if each.text == views.ANSWERED)
        return shown.count, shown.is_in_sight

    assert view() == (0, False)

    answer = give_answer(issue, artifact, by=maintainer, text="We know.", status="affected")
    give_answer(issue, artifact, by=maintainer, text="And we are at it.")

    assert view() == (1, True)
    decide(issue, "turn_down", by=triager, answer=answer, reason="unclear")
    assert view() == (1, True)
    decide(issue, "turn_down", by=triager, answer=issue.answers.get(refused_at=None), reason="unclear")
    assert view() == (0, False)


def test_a_dispute_marks_the_issue_at_once(issue: Any, artifact: Any, maintainer: Any, triager: Any) -> None:
    give_answer(issue, artifact, by=maintainer, text="That was not our model.", status="not_affected", is_dispute=True)

    issue.refresh_from_db()
    assert issue.is_disputed
    assert issue.status == "confirmed"
    assert verbs()[-1] == "dispute"
    decide(issue, "settle", by=triager)
    issue.refresh_from_db()
    assert not issue.is_disputed


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"text": " \n "}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"text": "Fixed.", "status": "fixed"}, "fixed_in"),
        ({"text": "Fixed.", "fixed_in": "2026-06"}, "fixed_in"),
        ({"text": "Well.", "status": "perhaps"}, "status"),
        ({"text": "No.", "status": "fixed", "fixed_in": "2026-06", "is_dispute": True}, "status"),
        ({"text": "Odd.", "status": "fixed", "introduced_in": "2026-06", "fixed_in": "2026-05"}, "fixed_in"),
    ],
)
def test_what_makes_no_sense_is_told_of_the_field_it_is_about(
    issue: Any, artifact: Any, maintainer: Any, nothing_stored: Any, said: dict[str, Any], field: str
) -> None:
    with nothing_stored(), pytest.raises(ValidationError) as refusal:
        give_answer(issue, artifact, by=maintainer, **said)

    assert list(refusal.value.message_dict) == [field]


def test_an_alias_holds_no_fix(issue: Any, artifact: Any, maintainer: Any, nothing_stored: Any) -> None:
    Version.objects.create(artifact=artifact, name="latest", is_alias=True, position=9)

    with nothing_stored(), pytest.raises(ValidationError, match="points to whatever is newest"):
        give_answer(issue, artifact, by=maintainer, text="Fixed.", status="fixed", fixed_in="LATEST")


def test_nobody_else_speaks_for_the_artifact(issue: Any, artifact: Any, someone: Any, triager: Any) -> None:
    elsewhere = artifact_named("model", "acme/other")
    stranger = someone("maintainer", email="stranger@example.org", artifact_id=elsewhere.pk)

    for person in (stranger, triager, someone(email="reporter@example.org")):
        with pytest.raises(PermissionDenied):
            acknowledge(issue, artifact, by=person)
        with pytest.raises(PermissionDenied):
            give_answer(issue, artifact, by=person, text="We know.")
        with pytest.raises(PermissionDenied):
            try_again(issue, artifact, by=person, version="2026-05", tries=1, failures=0)


def test_who_answers_for_it_no_more_or_was_not_told_says_nothing(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    Affected.objects.filter(issue=issue).update(notified_at=None)
    with pytest.raises(PermissionDenied):
        give_answer(issue, artifact, by=maintainer, text="We know.")
    Affected.objects.filter(issue=issue).update(notified_at=timezone.now())
    decide(issue, "dismiss", by=triager, reason="spam")
    with pytest.raises(PermissionDenied):
        give_answer(issue, artifact, by=maintainer, text="We know.")
    decide(issue, "reopen", by=triager)
    Grant.objects.update(ended_at=timezone.now())
    with pytest.raises(PermissionDenied):
        give_answer(issue, artifact, by=maintainer, text="We know.")


# What triagers make of it


def test_a_triager_takes_a_proposal_and_the_statement_is_the_maintainer_s(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    answer = give_answer(
        issue, artifact, by=maintainer, text="Only our old one.", status="not_affected", introduced_in="2026-05"
    )

    taken = decide(issue, "affect", by=triager, artifact=artifact, answer=answer)

    row = row_of(issue, artifact)
    assert (row.status, row.statement, row.stated_by, row.stated_at) == (
        "not_affected",
        "Only our old one.",
        maintainer,
        answer.given_at,
    )
    assert [given.state for told in answers_for(issue) for given in told.answers] == ["accepted"]
    undo(taken, by=triager)
    row = row_of(issue, artifact)
    assert (row.status, row.statement, row.stated_by) == ("affected", "", None)
    assert [given.state for told in answers_for(issue) for given in told.answers] == ["waiting"]


def test_an_answer_that_proposes_nothing_is_a_statement_even_where_all_is_resolved(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    decide(issue, "resolve", by=triager, reason="documented")
    answer = give_answer(issue, artifact, by=maintainer, text="It is in the card now.")

    decide(issue, "affect", by=triager, artifact=artifact, answer=answer)

    row = row_of(issue, artifact)
    assert (row.status, row.resolution, row.statement) == ("affected", "documented", "It is in the card now.")


def test_words_a_triager_changed_are_the_triager_s(issue: Any, artifact: Any, maintainer: Any, triager: Any) -> None:
    answer = give_answer(issue, artifact, by=maintainer, text="We know, ring Ann on 555 0100.")

    decide(issue, "affect", by=triager, artifact=artifact, answer=answer, statement="They know.")

    assert row_of(issue, artifact).stated_by == triager


def test_a_fix_is_taken_by_resolving_once_it_was_tried_or_a_reason_is_told(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    answer = give_answer(issue, artifact, by=maintainer, text="Retrained.", status="fixed", fixed_in="2026-06")
    taking = {"by": triager, "reason": "fixed", "artifact": artifact, "fixed_in": answer.fixed_in, "answer": answer}
    with pytest.raises(ValidationError, match="Nobody has tried"):
        decide(issue, "resolve", **taking)
    try_again(issue, artifact, by=maintainer, version="2026-06", tries=5, failures=0)

    decide(issue, "resolve", **taking)

    row = row_of(issue, artifact)
    assert (row.status, row.statement, row.stated_by) == ("fixed", "Retrained.", maintainer)
    issue.refresh_from_db()
    assert issue.status == "resolved"


def test_turning_down_gives_a_reason_that_both_sides_read(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    answer = give_answer(issue, artifact, by=maintainer, text="We know.")
    with pytest.raises(ValidationError, match="Choose a reason"):
        decide(issue, "turn_down", by=triager, answer=answer)

    refused = decide(issue, "turn_down", by=triager, answer=answer, reason="unclear")

    (told,) = answers_for(issue)
    assert [(given.state, given.why) for given in told.answers] == [("refused", "Not clear enough to be recorded")]
    with pytest.raises(ValidationError, match="Somebody has answered that already"):
        decide(issue, "affect", by=triager, artifact=artifact, answer=answer)
    undo(refused, by=triager)
    (told,) = answers_for(issue)
    assert [(given.state, given.why) for given in told.answers] == [("waiting", "")]


def test_nobody_takes_an_answer_about_what_they_answer_for(issue: Any, artifact: Any, someone: Any) -> None:
    both = someone("triager", "maintainer", email="both@example.org", artifact_id=artifact.pk)
    answer = give_answer(issue, artifact, by=both, text="All is well.", status="not_affected")

    for details in ({"answer": answer}, {"status": "not_affected"}):
        with pytest.raises(ValidationError) as refusal:
            decide(issue, "affect", by=both, artifact=artifact, **details)
        assert refusal.value.code == "apart"


def test_an_answer_of_another_artifact_or_issue_is_not_taken(
    issue: Any, artifact: Any, maintainer: Any, triager: Any, make_issue: Any
) -> None:
    other = artifact_named("model", "acme/other")
    issue.affected.create(artifact=other, status="affected")
    answer = give_answer(issue, artifact, by=maintainer, text="We know.")

    with pytest.raises(ValidationError, match="another artifact"):
        decide(issue, "affect", by=triager, artifact=other, answer=answer, status="affected")
    with pytest.raises(ValidationError, match="answered that already"):
        decide(make_issue(), "affect", by=triager, artifact=artifact, answer=answer, status="affected")


# How both read it


def test_clocks_follow_the_context_of_use_and_stop_where_all_is_settled(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    ContextRule.objects.update_or_create(context="health", defaults={"acknowledge_within": 1})
    issue.context_of_use = "health"
    monday = timezone.now().replace(year=2026, month=11, day=23, hour=9)
    Affected.objects.filter(issue=issue).update(notified_at=monday)
    row = row_of(issue, artifact)

    (told,) = clocks_for([row], now=monday, issue=issue).values()
    assert [(clock.of, clock.state) for clock in told] == [("acknowledge", "soon"), ("answer", "still")]
    assert str(told[0].due_on) == "2026-11-24"
    row.resolution = "documented"
    assert clocks_for([row], now=monday, issue=issue) == {row.pk: []}


def test_what_a_triager_tried_is_no_word_of_the_maintainer(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    now = timezone.now()
    Affected.objects.filter(issue=issue).update(notified_at=now - timedelta(days=9))
    decide(issue, "reproduce", by=triager, artifact=artifact, version="2026-05", tries=2, failures=1)
    silent = [clock.words for clock in clocks_for([row_of(issue, artifact)], now=now, issue=issue).popitem()[1]]
    assert "Silent for 9 days" in silent

    try_again(issue, artifact, by=maintainer, version="2026-05", tries=2, failures=1)

    heard = [clock.words for clock in clocks_for([row_of(issue, artifact)], now=now, issue=issue).popitem()[1]]
    assert not any("Silent" in words for words in heard)


def test_an_issue_nobody_answers_for_costs_two_queries(make_issue: Any, django_assert_num_queries: Any) -> None:
    issue = make_issue()

    with django_assert_num_queries(2):
        assert answers_for(issue) == []


def test_queries_do_not_grow_with_answers(
    issue: Any, artifact: Any, maintainer: Any, django_assert_num_queries: Any
) -> None:
    give_answer(issue, artifact, by=maintainer, text="One.")
    with django_assert_num_queries(6):
        answers_for(issue)
    for text in ("Two.", "Three."):
        give_answer(issue, artifact, by=maintainer, text=text)
    with django_assert_num_queries(6):
        answers_for(issue)


def test_the_list_begins_with_what_nobody_acknowledged(artifact: Any, make_issue: Any, maintainer: Any) -> None:
    now = timezone.now()
    made = {}
    stands: dict[str, dict[str, Any]] = {
        "settled": {"resolution": "documented", "resolved_at": now},
        "answered": {"acknowledged_at": now, "stated_at": now},
        "unanswered": {"acknowledged_at": now},
        "new": {},
    }
    for name, changes in stands.items():
        made[name] = make_issue(name)
        made[name].affected.update(notified_at=now, **changes)
    make_issue("never told")

    rows = rows_told_to(spokesperson(actor_for(maintainer)))

    assert [(row.issue.public_title, annotated(row, "place")) for row in rows] == [
        (name, name) for name in ("new", "unanswered", "answered", "settled")
    ]


# Trying again


def test_a_maintainer_s_reproduction_is_theirs_and_can_be_taken_back(
    issue: Any, artifact: Any, maintainer: Any, someone: Any
) -> None:
    tried = try_again(
        issue, artifact, by=maintainer, version="2026-06", tries=4, failures=0, settings={"temperature": 0.7}
    )
    colleague = someone("maintainer", email="colleague@example.org", artifact_id=artifact.pk)

    assert (tried.by, str(tried.version)) == (maintainer, "2026-06")
    assert verbs()[-1] == "reproduce"
    with pytest.raises(PermissionDenied):
        take_back(tried, by=colleague)
    take_back(tried, by=maintainer)
    tried.refresh_from_db()
    assert tried.ended_at is not None
    with pytest.raises(ValidationError):
        take_back(tried, by=maintainer)


@pytest.mark.parametrize(("tries", "failures"), [(0, 0), (1, 2), (-1, 0)])
def test_numbers_that_cannot_be_are_refused(
    issue: Any, artifact: Any, maintainer: Any, nothing_stored: Any, tries: int, failures: int
) -> None:
    with nothing_stored(), pytest.raises(ValidationError):
        try_again(issue, artifact, by=maintainer, version="2026-06", tries=tries, failures=failures)
    assert not Answer.objects.exists()


def history(issue: Any) -> list[tuple[str, bool]]:
    shown = issues_on_record(ANONYMOUS).get(pk=issue.pk)
    return [(step.words, step.is_undone) for step in history_of(shown)[::-1]][1:]


def test_the_public_history_tells_what_maintainers_did(
    issue: Any, artifact: Any, maintainer: Any, triager: Any
) -> None:
    Artifact.objects.filter(pk=artifact.pk).update(confirmed_at=issue.opened_at)
    knows = f"Whoever answers for {artifact} said that they know of it"

    acknowledge(issue, artifact, by=maintainer)
    take_back_acknowledgement(issue, artifact, by=maintainer)
    acknowledge(issue, artifact, by=maintainer)
    answer = give_answer(issue, artifact, by=maintainer, text="It is so.", status="affected")
    decide(issue, "affect", by=triager, artifact=artifact, answer=answer)
    give_answer(issue, artifact, by=maintainer, text="We do not think so.", is_dispute=True)

    told = history(issue)
    assert told[:3] == [(f"{knows} (undone since)", True), (f"Undone: {knows}", False), (knows, False)]
    assert f"What whoever answers for {artifact} said was put on record" in told[3][0]
    assert told[4:] == [(f"Whoever answers for {artifact} disputes it", False)]


def test_what_is_done_for_an_artifact_without_a_place_on_the_page_is_not_told(
    issue: Any, artifact: Any, maintainer: Any
) -> None:
    before = history(issue)
    hidden = artifact_named("model", "acme/hidden")
    record("acknowledge", issue, hidden, actor=maintainer.pseudonym)
    record("dispute", issue.placements.get().report, issue, actor="p-0")

    assert history(issue) == before
