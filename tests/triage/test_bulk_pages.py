"""Many issues at once, through the pages: what is shown before it starts, while it runs, and after."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports.models import Issue
from triage.bulk import cancel, carry_on, start, take_next
from triage.decisions import decide
from triage.models import Bulk, Decision
from triage.selection import Selection

pytestmark = pytest.mark.django_db

Make = Callable[..., Any]
SPAM = {"reason": ["spam"]}
LIST, PREVIEW, PROGRESS = 8, 14, 9  # queries


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


@pytest.fixture
def new(make_issue: Make) -> Callable[[int], list[Issue]]:
    return lambda count: [make_issue(f"Failure of number {number}", status="new") for number in range(count)]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the bell was rung for."""
    from triage.bell import bell

    heard: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda task, row_id: heard.append(row_id))
    return heard


def started(issues: Sequence[Issue], by: Any) -> Bulk:
    ticked = {issue.pk: issue.revision for issue in issues}
    return start("dismiss", SPAM, selection=Selection(ticked=ticked), by=by)


def ticked(issues: Sequence[Issue]) -> dict[str, Any]:
    return {"issue": [f"{issue.pk}:{issue.revision}" for issue in issues]}


def everything(query: str = "is:new", expected: int | None = None, **told: Any) -> dict[str, Any]:
    last = Issue.objects.order_by("pk").last()
    watermark = last.pk if last else 0
    return {"all": "1", "query": query, "watermark": watermark, "expected": expected, **told}


def go(desk: Client, told: dict[str, Any], **answers: Any) -> Any:
    filled = {"verb": "dismiss", "reason": "spam", **told, **answers}
    return desk.post(reverse("bulk_start"), {name: value for name, value in filled.items() if value is not None})


def page_of(desk: Client, bulk: Bulk, **asked: Any) -> str:
    return str(desk.get(reverse("bulk_progress", args=[bulk.pk]), asked).content.decode())


def test_before_a_move_is_chosen_it_says_what_is_meant(desk: Client, new: Any) -> None:
    issues = new(3)

    ticked_page = desk.post(reverse("bulk"), {"issue": [issue.pk for issue in issues[:2]]})
    all_page = desk.get(reverse("bulk"), {"all": "1", "query": "is:new"})

    assert "These 2 issues" in ticked_page.content.decode()
    assert "All 3 issues that match" in all_page.content.decode()
    assert ("expected", "3") in all_page.context["hidden"]
    assert ("watermark", str(issues[-1].pk)) in all_page.context["hidden"]
    assert [value for name, value in ticked_page.context["hidden"]] == [f"{issue.pk}:0" for issue in issues[:2]]


def test_the_preview_counts_what_would_be_left_alone_and_says_why(desk: Client, new: Any, make_issue: Make) -> None:
    issues = [*new(2), make_issue("Resolved", status="resolved")]

    response = desk.post(reverse("bulk"), {**ticked(issues), "verb": "dismiss"})

    assert (response.context["affected"], response.context["skipped_count"]) == (2, 1)
    assert "Cannot dismiss an issue that is resolved." in response.content.decode()
    assert [issue for issue, _title in response.context["first"]] == issues[:2]


def test_these_are_started_and_rung_for(
    desk: Client, new: Any, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    issues = new(3)

    with django_capture_on_commit_callbacks(execute=True):
        response = go(desk, ticked(issues[:2]), note="All of one hand.")

    bulk = Bulk.objects.get()
    assert response["Location"] == reverse("bulk_progress", args=[bulk.pk])
    assert (bulk.issue_ids, bulk.told["form"], rung) == (
        [issue.pk for issue in issues[:2]],
        {"reason": ["spam"], "note": ["All of one hand."]},
        [bulk.pk],
    )
    carry_on(bulk.pk)
    assert Issue.objects.filter(status="dismissed").count() == 2


def test_all_that_match_are_started_once_however_often_the_button_is_pressed(desk: Client, new: Any) -> None:
    new(3)
    told = everything(expected=3, key="of-this-page")

    first = go(desk, told)
    carry_on(Bulk.objects.get().pk)

    assert go(desk, told)["Location"] == first["Location"]
    assert Bulk.objects.count() == 1


def test_another_count_is_refused_says_which_and_offers_to_look_again(desk: Client, new: Any, triager: Any) -> None:
    issues = new(3)
    told = everything(expected=3)
    decide(issues[0], "dismiss", by=triager, reason="spam")

    response = go(desk, told)
    preview = desk.get(reverse("bulk"), told)

    for answer in (response, preview):
        assert answer.status_code == 409
        assert "3 issues matched when you looked, and 2 match now." in answer.content.decode()
        assert "all=1&amp;query=is%3Anew" in answer.content.decode()
    assert not Bulk.objects.exists()


def test_an_issue_that_came_in_since_is_not_meant(desk: Client, new: Any, make_issue: Make) -> None:
    new(2)
    told = everything(expected=2)
    late = make_issue("Came in since", status="new")

    go(desk, told)
    carry_on(Bulk.objects.get().pk)

    late.refresh_from_db()
    assert late.status == "new"
    assert Issue.objects.filter(status="dismissed").count() == 2


def test_an_empty_search_is_everything_only_if_its_count_is_typed(desk: Client, new: Any) -> None:
    new(2)

    refused = [go(desk, everything(query="", expected=2, typed=typed)) for typed in (None, "", "3")]

    assert [answer.status_code for answer in refused] == [422] * 3
    assert "Type 2 to go on." in refused[0].content.decode()
    assert not Bulk.objects.exists()
    assert go(desk, everything(query="", expected=2, typed="2")).status_code == 302


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "No issue was chosen."),
        ({"issue": ["9" * 40]}, "There is no such issue."),
        ({"issue": ["\x00'\"><"]}, "There is no such issue."),
        ({"issue": ["999999"]}, "No issue was chosen."),
        ({"all": "1", "query": "colour:blue"}, "cannot be asked"),
        ({"all": "1", "query": "is:new"}, "Look at what would be changed first."),
        ({"all": "1", "query": "is:new", "expected": "²", "watermark": "-1"}, "Look at what would be changed first."),
    ],
)
def test_what_says_nothing_clear_is_refused(desk: Client, new: Any, told: dict[str, Any], sentence: str) -> None:
    new(1)

    response = go(desk, told)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Bulk.objects.exists()


@pytest.mark.parametrize("verb", ["", "publish", "resolve", "nonsense"])
def test_not_every_move_is_for_many(desk: Client, new: Any, verb: str) -> None:
    response = go(desk, ticked(new(1)), verb=verb)

    assert response.status_code == 422
    assert "There is no such move." in response.content.decode()


def test_a_form_that_is_not_filled_in_is_shown_again(desk: Client, new: Any) -> None:
    response = go(desk, ticked(new(2)), reason="because", note="My words stay.")

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"reason"}
    assert "My words stay." in response.content.decode()


def test_nothing_of_the_first_issue_is_proposed_for_the_others(desk: Client, new: Any, triager: Any) -> None:
    issues = new(2)
    Issue.objects.filter(pk=issues[0].pk).update(assignee=triager, severity="high")

    for verb in ("assign", "classify"):
        response = desk.post(reverse("bulk"), {**ticked(issues), "verb": verb})
        assert "selected" not in response.content.decode().replace('value="" selected', "")


def test_the_page_of_a_bulk_says_how_far_it_is(desk: Client, new: Any, make_issue: Make, triager: Any) -> None:
    bulk = started([*new(3), make_issue("Resolved", status="resolved")], triager)
    take_next(bulk)

    running = page_of(desk, bulk)
    assert "1 of 4 done" in running
    assert '<progress max="4" value="1"' in running
    assert "hx-trigger" in running
    assert '<meta http-equiv="refresh"' in running

    carry_on(bulk.pk)
    ended = page_of(desk, bulk)
    assert "3 of 4 done. It has ended." in ended
    assert "hx-trigger" not in ended
    assert "Cannot dismiss an issue that is resolved." in ended
    assert "Undo all 3" in ended


def test_cancel_undo_and_carry_on_from_its_page(
    desk: Client, new: Any, triager: Any, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    bulk = started(new(3), triager)
    take_next(bulk)

    desk.post(reverse("bulk_cancel", args=[bulk.pk]))
    assert "1 of 3 done, then cancelled." in page_of(desk, bulk)

    with django_capture_on_commit_callbacks(execute=True):
        desk.post(reverse("bulk_resume", args=[bulk.pk]))
    assert rung == [bulk.pk]
    carry_on(bulk.pk)

    with django_capture_on_commit_callbacks(execute=True):
        response = desk.post(reverse("bulk_undo", args=[bulk.pk]))
    undoing = Bulk.objects.get(undoes=bulk)
    assert response["Location"] == reverse("bulk_progress", args=[undoing.pk])
    assert rung == [bulk.pk, undoing.pk]
    assert "It is being undone" in page_of(desk, bulk)
    carry_on(undoing.pk)
    assert set(Issue.objects.values_list("status", flat=True)) == {"new"}
    assert "Undone:" in page_of(desk, bulk)


@pytest.mark.parametrize("act", ["bulk_cancel", "bulk_resume", "bulk_undo"])
def test_what_cannot_be_done_is_said(desk: Client, new: Any, triager: Any, act: str) -> None:
    bulk = started(new(1), triager)
    carry_on(bulk.pk)
    if act == "bulk_undo":
        desk.post(reverse(act, args=[bulk.pk]))

    response = desk.post(reverse(act, args=[bulk.pk]), follow=True)

    assert response.redirect_chain[-1][0] == reverse("bulk_progress", args=[bulk.pk])
    assert 'class="notice error"' in response.content.decode()


def test_others_look_and_only_moderators_steer(client: Client, new: Any, triager: Any, someone: Make) -> None:
    bulk = started(new(2), triager)
    take_next(bulk)

    client.force_login(someone("triager", email="other@example.org"))
    assert 'id="cancel"' not in page_of(client, bulk)
    assert client.post(reverse("bulk_cancel", args=[bulk.pk])).status_code == 403
    assert client.post(reverse("bulk_undo", args=[bulk.pk])).status_code == 403

    client.force_login(someone("moderator"))
    assert 'id="cancel"' in page_of(client, bulk)
    client.post(reverse("bulk_cancel", args=[bulk.pk]))
    bulk.refresh_from_db()
    assert bulk.cancelled_at is not None


def test_who_started_it_and_may_not_decide_any_more_is_told_on_its_page(
    client: Client, new: Any, triager: Any, someone: Make
) -> None:
    bulk = started(new(2), triager)
    triager.grants.update(ended_at=timezone.now())
    carry_on(bulk.pk)
    client.force_login(someone("moderator"))

    assert "whoever started it may not decide any more" in page_of(client, bulk)


def test_many_that_were_skipped_are_paged(desk: Client, make_issue: Make, triager: Any) -> None:
    bulk = started([make_issue(f"Resolved {number}", status="resolved") for number in range(30)], triager)
    carry_on(bulk.pk)

    assert "Resolved 29" not in page_of(desk, bulk)
    assert "Resolved 29" in page_of(desk, bulk, page=2)


def test_the_list_tells_mine_from_everybody_s(desk: Client, new: Any, triager: Any, someone: Make) -> None:
    issues = new(2)
    moderator = someone("moderator")
    mine, other = started(issues, triager), started(issues, moderator)
    cancel(other, by=moderator)

    everybody_s = desk.get(reverse("bulk"))
    my_own = desk.get(reverse("bulk"), {"mine": "1"})

    assert [row for row, _title, _state in everybody_s.context["rows"]] == [other, mine]
    assert [row for row, _title, _state in my_own.context["rows"]] == [mine]
    assert "cancelled, 0 done" in everybody_s.content.decode()


def test_an_empty_list_says_what_to_do(desk: Client) -> None:
    assert "Nothing yet." in desk.get(reverse("bulk")).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_as_much_for_one_as_for_three(
    desk: Client, new: Any, triager: Any, django_assert_num_queries: Any, count: int
) -> None:
    issues = new(1)
    for _ in range(count):
        started(issues, triager)

    with django_assert_num_queries(LIST):
        desk.get(reverse("bulk"))


@pytest.mark.parametrize("count", [1, 3])
def test_a_preview_costs_as_much_for_one_as_for_three(
    desk: Client, new: Any, django_assert_num_queries: Any, count: int
) -> None:
    told = {**ticked(new(count)), "verb": "dismiss"}

    with django_assert_num_queries(PREVIEW):
        desk.post(reverse("bulk"), told)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_a_bulk_costs_as_much_for_one_skipped_as_for_three(
    desk: Client, make_issue: Make, triager: Any, django_assert_num_queries: Any, count: int
) -> None:
    bulk = started([make_issue(f"Resolved {number}", status="resolved") for number in range(count)], triager)
    carry_on(bulk.pk)

    with django_assert_num_queries(PROGRESS):
        desk.get(reverse("bulk_progress", args=[bulk.pk]))


def test_no_report_s_words_stand_in_what_a_bulk_keeps(desk: Client, file: Make, triager: Any) -> None:
    file(summary="Sesame is the word nobody should keep")

    go(desk, everything(expected=1))
    carry_on(Bulk.objects.get().pk)

    assert "Sesame" not in str(Bulk.objects.values().get())
    assert Decision.objects.get().bulk == Bulk.objects.get()
