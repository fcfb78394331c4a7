"""One move on many issues: what it takes in, that it stops, goes on and is undone, and that nothing is done twice."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, connection
from django.utils import timezone, translation

from accounts.actors import actor_for
from reports.models import Affected, DailyCount, Issue, Placement
from reports.vocabulary import Status
from triage import bulk as bulks
from triage import decisions, tasks
from triage.bell import bell
from triage.bulk import cancel, carry_on, left_behind, may_steer, resume, start, take_back, take_next
from triage.decisions import decide
from triage.models import Bulk, Claim, Constraint, Decision
from triage.moves import MOVES, Verb
from triage.selection import MatchedOtherwise, Selection, chosen, foreseen

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
SPAM = {"reason": ["spam"], "note": ["All of one hand."]}


@pytest.fixture
def new(make_issue: Make) -> Callable[[int], list[Issue]]:
    """Makes new issues as rows, oldest first."""
    return lambda count: [make_issue(f"Failure of number {number}", status="new") for number in range(count)]


def these(issues: Sequence[Issue]) -> Selection:
    return Selection(ticked={issue.pk: issue.revision for issue in issues})


def everything(expected: int | None = None, query: str = "") -> Selection:
    return Selection(is_all=True, query=query, watermark=newest(), expected=expected)


def newest() -> int:
    return Issue.objects.order_by("pk").last().pk  # type: ignore[union-attr] # there are some


def steps(bulk: Bulk, count: int) -> None:
    """What a task does with so many issues before it is killed."""
    for _ in range(count):
        take_next(bulk)


def finish(bulk: Bulk) -> Bulk:
    carry_on(bulk.pk, seconds=600)
    bulk.refresh_from_db()
    return bulk


def statuses() -> list[str]:
    return list(Issue.objects.order_by("pk").values_list("status", flat=True))


def state_tables() -> dict[str, list[Any]]:
    """What stands, less what only ever grows: revisions, decisions and the ledger."""
    return {
        "issues": list(
            Issue.objects.order_by("pk").values(
                "pk", "status", "dismissal", "severity", "assignee", "priority_override", "report_count", "voice_count"
            )
        ),
        "placements": list(Placement.objects.active().order_by("pk").values("pk", "report", "issue", "by")),
        "affected": list(Affected.objects.order_by("issue", "artifact").values("issue", "artifact", "status")),
        "counts": list(DailyCount.objects.order_by("issue", "day").values("issue", "day", "report_count")),
        "constraints": list(Constraint.objects.filter(ended_at=None).values("report", "other", "says")),
    }


# What is meant


def test_these_are_the_ticked_ones_and_no_others(new: Any, triager: Any) -> None:
    first, _second, third = new(3)

    finish(start("dismiss", SPAM, selection=these([third, first]), by=triager))

    assert statuses() == ["dismissed", "new", "dismissed"]
    assert [made.issue for made in Decision.objects.order_by("pk")] == [third, first]
    assert {(made.reason, made.note, made.decider) for made in Decision.objects.all()} == {
        ("spam", "All of one hand.", triager)
    }


def test_all_that_match_are_found_anew_up_to_the_watermark(new: Any, make_issue: Make, triager: Any) -> None:
    new(3)
    selection = everything(expected=3)
    make_issue("Came in after somebody had looked", status="new")

    bulk = finish(start("dismiss", SPAM, selection=selection, by=triager))

    assert (bulk.done, bulk.expected, bulk.query) == (3, 3, "")
    assert statuses() == ["dismissed", "dismissed", "dismissed", "new"]


def test_a_search_that_matches_otherwise_meanwhile_is_refused(new: Any, triager: Any) -> None:
    issues = new(3)
    selection = everything(expected=3, query="is:new")
    decide(issues[1], "dismiss", by=triager, reason="spam")

    with pytest.raises(MatchedOtherwise) as refusal:
        start("dismiss", SPAM, selection=selection, by=triager)

    assert (refusal.value.then, refusal.value.now) == (3, 2)
    assert not Bulk.objects.exists()
    assert statuses() == ["new", "dismissed", "new"]


def test_a_search_that_is_not_understood_means_nothing(new: Any, triager: Any) -> None:
    new(1)

    with pytest.raises(ValidationError):
        start("dismiss", SPAM, selection=everything(query="colour:blue"), by=triager)


@pytest.mark.parametrize("selection", [Selection(), Selection(ticked={10**12: None}), Selection(is_all=True)])
def test_nothing_is_not_everything(selection: Selection, triager: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        start("dismiss", SPAM, selection=selection, by=triager)

    assert refusal.value.code == "none"


def test_there_is_an_end_to_how_many(new: Any, triager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    issues = new(3)
    monkeypatch.setattr("triage.selection.MOST", 2)

    for selection in (these(issues), everything()):
        with pytest.raises(ValidationError) as refusal:
            chosen(selection, actor_for(triager))
        assert refusal.value.code == "too_many"


def test_only_who_decides_starts_one(new: Any, someone: Make) -> None:
    with pytest.raises(PermissionDenied):
        start("dismiss", SPAM, selection=these(new(1)), by=someone("auditor"))


def test_a_button_pressed_twice_starts_one(new: Any, triager: Any) -> None:
    issues = new(2)

    first, second = (start("dismiss", SPAM, selection=these(issues), by=triager, key="abc") for _ in range(2))

    assert first == second
    assert start("dismiss", SPAM, selection=these(issues), by=triager, key="other") != first


# What would be skipped, and is


def test_what_is_foreseen_is_what_happens(new: Any, make_issue: Make, file: Make, triager: Any, someone: Make) -> None:
    free, changed, looked_at = new(3)
    resolved = make_issue("Resolved", status="resolved")
    own = Issue.objects.get(placements__report=file(actor=actor_for(triager), summary="One that I filed myself"))
    other = someone("moderator")
    Claim.objects.create(issue=looked_at, user=other, until=timezone.now() + timedelta(minutes=5))
    selection = these([free, changed, looked_at, resolved, own])
    decide(changed, "prioritise", by=other, weight=3.0)
    found = chosen(selection, actor_for(triager))

    told = foreseen("dismiss", found, by=triager, actor=actor_for(triager))
    bulk = finish(start("dismiss", SPAM, selection=selection, by=triager))

    assert told.keys() == {changed.pk, looked_at.pk, resolved.pk, own.pk}
    assert {int(pk) for pk in bulk.skipped} == told.keys()
    assert (
        told[resolved.pk]
        == bulk.skipped[str(resolved.pk)]
        == ("Cannot dismiss an issue that is resolved. Reopen it first.")
    )
    assert told[looked_at.pk] == bulk.skipped[str(looked_at.pk)] == "moderator@example.org is looking at it."
    assert bulk.done == 1


def test_what_is_foreseen_costs_as_much_for_one_as_for_three(
    new: Any, triager: Any, django_assert_num_queries: Any
) -> None:
    issues, actor = new(3), actor_for(triager)

    for count in (1, 3):
        with django_assert_num_queries(5):
            foreseen("dismiss", chosen(these(issues[:count]), actor), by=triager, actor=actor)


def test_an_issue_that_is_gone_is_skipped(new: Any, triager: Any) -> None:
    first, second = new(2)
    bulk = start("dismiss", SPAM, selection=these([first, second]), by=triager)
    gone = first.pk
    first.affected.all().delete()
    first.delete()

    finish(bulk)

    assert (bulk.done, bulk.skipped) == (1, {str(gone): "It is not there any more."})


def test_why_one_is_skipped_is_said_in_the_language_of_who_started_it(make_issue: Make, triager: Any) -> None:
    issue = make_issue(status="resolved")
    with translation.override("ar"):
        bulk = start("dismiss", SPAM, selection=these([issue]), by=triager)
        sentence = str(MOVES[Verb.DISMISS].refusals[Status.RESOLVED])

    assert finish(bulk).skipped == {str(issue.pk): sentence}


def test_one_that_the_database_refuses_holds_up_no_other(
    new: Any, triager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = new(2)
    whole = decisions.decide

    def choke(issue: Issue, *args: Any, **told: Any) -> Any:
        if issue == first:
            raise DataError("that is no value")
        return whole(issue, *args, **told)

    monkeypatch.setattr(decisions, "decide", choke)

    bulk = finish(start("dismiss", SPAM, selection=these([first, second]), by=triager))

    assert (bulk.done, list(bulk.skipped)) == (1, [str(first.pk)])


def test_a_form_that_does_not_fit_one_issue_skips_it(new: Any, triager: Any) -> None:
    issues = new(2)
    decide(issues[0], "classify", by=triager, kind="toxic_or_hateful")
    issues[0].refresh_from_db()

    bulk = finish(start("classify", {"kind": ["toxic_or_hateful"]}, selection=these(issues), by=triager))

    assert (bulk.done, list(bulk.skipped)) == (1, [str(issues[0].pk)])
    assert set(Issue.objects.values_list("kind", flat=True)) == {"toxic_or_hateful"}


# Stopping, going on, dying


def test_cancelled_half_way_it_says_how_far_it_came_and_can_be_undone(file: Make, triager: Any) -> None:
    """Show 4 in small."""
    for number in range(40):
        file(summary=f"Failure of number {number}", rule_id=f"probe.{number}")
    before, decided = state_tables(), Decision.objects.count()
    bulk = start("dismiss", SPAM, selection=everything(expected=40, query="is:new"), by=triager)

    steps(bulk, 17)
    cancel(bulk, by=triager)
    steps(bulk, 1)

    bulk.refresh_from_db()
    assert (bulk.done, bulk.skipped, bulk.expected) == (17, {}, 40)
    assert bulk.cancelled_at == bulk.ended_at is not None
    assert statuses().count("dismissed") == 17

    undoing = finish(take_back(bulk, by=triager))

    assert (undoing.done, undoing.skipped, undoing.expected) == (17, {}, 17)
    assert state_tables() == before
    assert Decision.objects.count() == decided + 34
    undone = Decision.objects.filter(bulk=undoing).order_by("pk").values_list("undoes", flat=True)
    assert list(undone) == list(Decision.objects.filter(bulk=bulk).order_by("-pk").values_list("pk", flat=True))


def test_what_runs_is_cancelled_by_its_undo(new: Any, triager: Any) -> None:
    bulk = start("dismiss", SPAM, selection=these(new(3)), by=triager)
    steps(bulk, 2)

    undoing = finish(take_back(bulk, by=triager))

    assert statuses() == ["new"] * 3
    assert undoing.done == 2
    assert Bulk.objects.get(pk=bulk.pk).cancelled_at is not None


def test_what_was_decided_on_since_is_left_and_named(new: Any, triager: Any) -> None:
    issues = new(3)
    bulk = finish(start("dismiss", SPAM, selection=these(issues), by=triager))
    decide(issues[1], "reopen", by=triager)

    undoing = finish(take_back(bulk, by=triager))

    assert statuses() == ["new", "confirmed", "new"]
    assert undoing.skipped == {
        str(issues[1].pk): "Somebody has decided since: undo that first. (Reopen, triager@example.org)"
    }


def test_an_undo_is_undone_by_nothing_and_only_made_once(new: Any, triager: Any) -> None:
    bulk = finish(start("dismiss", SPAM, selection=these(new(2)), by=triager))
    undoing = take_back(bulk, by=triager)

    for again in (bulk, undoing):
        with pytest.raises(ValidationError):
            take_back(again, by=triager)


def test_nothing_done_is_nothing_to_undo(new: Any, triager: Any) -> None:
    with pytest.raises(ValidationError, match="Nothing was done"):
        take_back(start("dismiss", SPAM, selection=these(new(1)), by=triager), by=triager)


def test_what_was_cancelled_can_be_carried_on(new: Any, triager: Any) -> None:
    bulk = start("dismiss", SPAM, selection=these(new(3)), by=triager)
    steps(bulk, 1)
    cancel(bulk, by=triager)

    bulk = finish(resume(bulk, by=triager))

    assert (bulk.done, bulk.cancelled_at, statuses()) == (3, None, ["dismissed"] * 3)
    with pytest.raises(ValidationError):
        resume(bulk, by=triager)
    with pytest.raises(ValidationError):
        cancel(bulk, by=triager)


def test_what_was_undone_is_not_carried_on(new: Any, triager: Any) -> None:
    bulk = start("dismiss", SPAM, selection=these(new(3)), by=triager)
    steps(bulk, 1)
    take_back(bulk, by=triager)

    with pytest.raises(ValidationError, match="undone"):
        resume(bulk, by=triager)


def test_its_owner_and_moderators_steer_it(new: Any, triager: Any, someone: Make) -> None:
    bulk = start("dismiss", SPAM, selection=these(new(1)), by=triager)
    other = someone("triager", email="other@example.org")

    assert may_steer(bulk, actor_for(triager))
    assert may_steer(bulk, actor_for(someone("moderator")))
    for act in (cancel, resume, take_back):
        with pytest.raises(PermissionDenied):
            act(bulk, by=other)


def test_who_may_not_decide_any_more_stops_it(new: Any, triager: Any, someone: Make) -> None:
    bulk = start("dismiss", SPAM, selection=these(new(3)), by=triager)
    steps(bulk, 1)
    triager.grants.update(ended_at=timezone.now())

    finish(bulk)

    assert (bulk.done, bulk.skipped, bulk.told["stopped"]) == (1, {}, "role")
    assert bulk.cancelled_at is not None
    assert not may_steer(bulk, actor_for(triager))

    triager.grants.update(ended_at=None)
    bulk = finish(resume(bulk, by=someone("moderator")))
    assert bulk.done == 3
    assert "stopped" not in bulk.told


@pytest.mark.parametrize("gone", ["closed", "deleted"])
def test_an_account_that_is_gone_stops_it(new: Any, someone: Make, gone: str) -> None:
    user = someone("triager", email="leaves@example.org")
    bulk = start("dismiss", SPAM, selection=these(new(2)), by=user)
    if gone == "deleted":
        user.delete()
    else:
        type(user).objects.update(is_active=False)
    bulk.refresh_from_db()

    assert finish(bulk).told["stopped"] == "account"
    assert statuses() == ["new", "new"]


def test_a_run_has_an_end_and_rings_for_the_rest(new: Any, triager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda task, row_id: rung.append(row_id))
    monkeypatch.setattr(bulks, "CHUNK_S", 0.0)
    bulk = start("dismiss", SPAM, selection=these(new(2)), by=triager)

    for _ in range(4):
        tasks.run_bulk(bulk.pk)

    assert rung == [bulk.pk]
    assert statuses() == ["dismissed", "dismissed"]


def test_the_sweep_rings_for_what_nobody_serves(new: Any, triager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    issues = new(2)
    lost, served, ended, young = (start("dismiss", SPAM, selection=these(issues), by=triager) for _ in range(4))
    long_ago = timezone.now() - timedelta(minutes=5)
    Bulk.objects.exclude(pk=young.pk).update(made_at=long_ago)
    Bulk.objects.filter(pk=served.pk).update(seen_at=timezone.now())
    Bulk.objects.filter(pk=ended.pk).update(ended_at=timezone.now())
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda task, row_id: rung.append(row_id))

    tasks.sweep()

    assert rung == list(left_behind()) == [lost.pk]


def test_a_crash_between_decision_and_count_loses_and_doubles_nothing(
    new: Any, triager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = start("dismiss", SPAM, selection=these(new(3)), by=triager)
    steps(bulk, 1)
    save = Bulk.save

    def die(*args: Any, **told: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Bulk, "save", die)
    with pytest.raises(KeyboardInterrupt):
        take_next(bulk)
    assert statuses().count("dismissed") == 1

    monkeypatch.setattr(Bulk, "save", save)
    assert finish(bulk).done == 3
    assert Decision.objects.filter(bulk=bulk).count() == 3


@pytest.mark.django_db(transaction=True)
def test_eight_workers_on_one_bulk_decide_on_each_issue_once(new: Any, triager: Any) -> None:
    bulk = start("dismiss", SPAM, selection=these(new(24)), by=triager)
    begin, wrong = threading.Barrier(8), []

    def work() -> None:
        try:
            begin.wait(60)
            for _ in range(100):  # who finds it taken goes away, and is rung for again
                carry_on(bulk.pk, seconds=0)
        except BaseException as error:
            wrong.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    connection.close()  # the pool holds eight
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    finish(bulk)
    assert wrong == []
    assert (bulk.done, bulk.skipped) == (24, {})
    assert set(Issue.objects.values_list("revision", "status")) == {(1, "dismissed")}
    assert Decision.objects.count() == 24


@pytest.mark.long
def test_a_thousand_issues(file: Make, triager: Any) -> None:
    """Show 4: refused when the filter's answer changes, cancelled half-way, undone, and all of them in the end."""
    for number in range(1_000):
        file(summary=f"Failure of number {number}", rule_id=f"probe.{number}", network=f"192.0.2.{number % 250}")
    before = state_tables()
    selection = everything(expected=1_000, query="is:new")

    bulk = start("dismiss", SPAM, selection=selection, by=triager)
    began = time.perf_counter()
    steps(bulk, 412)
    pace = 412 / (time.perf_counter() - began)
    cancel(bulk, by=triager)
    bulk.refresh_from_db()
    assert (bulk.done, bulk.expected, statuses().count("dismissed")) == (412, 1_000, 412)
    with pytest.raises(MatchedOtherwise) as refusal:
        start("dismiss", SPAM, selection=selection, by=triager)
    assert refusal.value.now == 588

    assert finish(take_back(bulk, by=triager)).done == 412
    assert state_tables() == before

    began = time.perf_counter()
    bulk = finish(start("dismiss", SPAM, selection=everything(expected=1_000, query="is:new"), by=triager))
    taken = time.perf_counter() - began
    assert (bulk.done, statuses()) == (1_000, ["dismissed"] * 1_000)
    began = time.perf_counter()
    assert finish(take_back(bulk, by=triager)).done == 1_000
    assert state_tables() == before
    print(f"412 at {pace:.0f}/s; 1,000 dismissed in {taken:.1f} s, undone in {time.perf_counter() - began:.1f} s")  # noqa: T201 -- a measurement
