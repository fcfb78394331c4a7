"""The desk by keys alone: one key a decision, off where somebody types, and a control behind each of them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from reports.models import Issue, Report
from tests.browser.filled import cookies
from triage import search
from triage.decisions import decide
from triage.models import Claim, Decision, Suggestion

pytestmark = pytest.mark.django_db(transaction=True)
File = Callable[..., Report]
# Told in words so different that nothing is grouped, the most urgent first.
TOLD = {
    "It invents a court ruling": (
        "false_information",
        "Asked for rulings on rent it cited one never made, by a judge.",
    ),
    "Deletes the wrong folder": ("unsafe_action", "Told to empty the trash, the agent removed my photographs instead."),
    "Every doctor becomes a man": ("unfair_or_stereotyped", "From Finnish each nurse became she and each surgeon he."),
    "Refuses to talk about knives": ("refuses_harmless", "Sharpening for the kitchen got me a lecture about violence."),
}


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture
def issues(file: File, artifact: Any) -> list[Issue]:
    """Four lone issues in the order of the queue."""
    severities = ("critical", "high", "medium", "low")
    filed = [
        file(summary=summary, kind=kind, what_happened=told, severity=severity)
        for (summary, (kind, told)), severity in zip(TOLD.items(), severities, strict=True)
    ]
    found = [issue_of(report) for report in filed]
    assert len({issue.pk for issue in found}) == len(TOLD)
    return found


@pytest.fixture
def desk(seated: Page, site: str, triager: Any, issues: list[Issue]) -> Page:
    seated.context.add_cookies(cookies(triager, site))  # type: ignore[arg-type] # a plain dict is one
    seated.goto("/triage/")
    expect(title(seated)).to_have_text("It invents a court ruling")
    return seated


def test_a_site_that_is_away_is_told_of(desk: Page) -> None:
    desk.context.set_offline(True)
    desk.keyboard.press("1")
    expect(desk.locator("#toasts .toast")).to_have_text(re.compile("^The site did not answer"))
    expect(desk.locator("#said")).to_contain_text("The site did not answer")

    desk.context.set_offline(False)
    desk.keyboard.press("1")
    expect(desk.locator("#toasts .toast")).to_contain_text("Confirmed")


def title(page: Page) -> Any:
    return page.locator("#pane h1")


def loads(page: Page) -> list[str]:
    """Addresses of whole pages that the browser fetches from now on."""
    seen: list[str] = []
    page.on("request", lambda sent: seen.append(sent.url) if sent.resource_type == "document" else None)
    return seen


def test_one_key_confirms_and_the_next_issue_stands_there(desk: Page, issues: list[Issue]) -> None:
    fetched = loads(desk)
    sent: list[str] = []
    desk.on("request", lambda each: sent.append(each.method) if "/decide/" in each.url else None)

    desk.keyboard.press("1")

    expect(title(desk)).to_have_text("Deletes the wrong folder")
    expect(desk.locator("#said")).to_contain_text("Confirmed “It invents a court ruling” as TT-")
    expect(desk).to_have_url(re.compile(f"/triage/{issues[1].pk}/$"))
    assert Issue.objects.get(pk=issues[0].pk).status == "confirmed"
    expect(desk.locator(".queue li.here")).to_have_attribute("data-issue", str(issues[1].pk))
    expect(desk.locator("#pane")).to_be_focused()
    assert (sent, fetched) == (["POST"], [])


def test_four_issues_cleared_and_taken_back(desk: Page, issues: list[Issue]) -> None:
    desk.keyboard.press("1")
    expect(title(desk)).to_have_text("Deletes the wrong folder")
    desk.keyboard.press("3")
    desk.keyboard.press("1")
    expect(title(desk)).to_have_text("Every doctor becomes a man")
    desk.keyboard.press("h")
    desk.keyboard.press("2")
    expect(title(desk)).to_have_text("Refuses to talk about knives")
    desk.keyboard.press("1")
    expect(desk.locator(".queue")).to_contain_text("Nothing is waiting.")
    assert [Issue.objects.get(pk=issue.pk).status for issue in issues] == ["confirmed", "dismissed", "new", "confirmed"]
    assert Issue.objects.get(pk=issues[2].pk).snoozed_until is not None

    for left in (3, 2, 1, 0):
        desk.keyboard.press("z")
        expect(desk.locator("#said")).to_contain_text("Undone")
        expect(desk.locator("#progress")).to_contain_text(f"{left} of 4 decided today")

    assert {issue.status for issue in Issue.objects.all()} == {"new"}
    assert not Issue.objects.exclude(snoozed_at=None).exists()
    assert Decision.objects.count() == 8


def test_j_and_k_move_without_loading_a_page(desk: Page, issues: list[Issue]) -> None:
    fetched = loads(desk)

    desk.keyboard.press("j")
    expect(title(desk)).to_have_text("Deletes the wrong folder")
    desk.keyboard.press("j")
    expect(title(desk)).to_have_text("Every doctor becomes a man")
    desk.keyboard.press("k")

    expect(title(desk)).to_have_text("Deletes the wrong folder")
    expect(desk).to_have_title(re.compile("^Deletes the wrong folder"))
    expect(desk).to_have_url(re.compile(f"/triage/{issues[1].pk}/$"))
    assert fetched == []
    desk.go_back()
    expect(title(desk)).to_have_text("Every doctor becomes a man")


def test_the_next_issue_is_there_before_it_is_asked_for(desk: Page, issues: list[Issue]) -> None:
    desk.keyboard.press("j")
    expect(title(desk)).to_have_text("Deletes the wrong folder")
    expect(desk.locator(f"#row-{issues[2].pk} a[data-at-hand]")).to_have_count(1)
    asked: list[str] = []
    pane = f"/triage/{issues[2].pk}/"  # its history comes when it is looked at
    desk.on("request", lambda sent: asked.append(sent.url) if urlsplit(sent.url).path == pane else None)

    desk.keyboard.press("j")

    expect(title(desk)).to_have_text("Every doctor becomes a man")
    assert asked == []
    desk.keyboard.press("1")
    expect(title(desk)).to_have_text("Refuses to talk about knives")
    assert Issue.objects.get(pk=issues[2].pk).status == "confirmed"


def test_the_second_suggestion_is_shift_and_2(desk: Page, issues: list[Issue]) -> None:
    report = Report.objects.get(placements__issue=issues[3])
    for rank, target in enumerate(issues[:2]):
        Suggestion.objects.create(report=report, issue=target, score=0.5, band="likely", rank=rank, method="m-1")
    desk.goto(f"/triage/{issues[3].pk}/")

    desk.keyboard.press("Shift+Digit2")

    expect(desk.locator("#said")).to_contain_text("Placed the report in “Deletes the wrong folder”")
    assert issue_of(report) == issues[1]


def test_keys_are_off_where_somebody_types_and_with_other_keys_held(desk: Page) -> None:
    desk.keyboard.press("/")
    desk.keyboard.type("1 j 3")
    expect(desk.locator("#search")).to_have_value("1 j 3")
    desk.locator("#pane").focus()
    desk.keyboard.press("Control+1")
    desk.keyboard.press("Alt+1")

    desk.keyboard.press("4")
    desk.keyboard.type("Which version 1 was it?")

    expect(desk.locator("#ask_text")).to_have_value("Which version 1 was it?")
    desk.keyboard.press("Escape")
    expect(desk.locator("#ask_text")).to_be_hidden()
    assert not Decision.objects.exists()


def test_keys_can_be_switched_off(desk: Page, triager: Any) -> None:
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    desk.get_by_role("button", name="Turn keys off").click()
    expect(desk.locator(".toast").first).to_contain_text("Keys are off.")

    desk.keyboard.press("1")
    desk.keyboard.press("j")

    triager.refresh_from_db()
    assert triager.uses_keys is False
    assert not Decision.objects.exists()
    expect(title(desk)).to_have_text("It invents a court ruling")


def test_assigning_twice_is_to_me_and_opening_a_form_claims(desk: Page, issues: list[Issue], triager: Any) -> None:
    with desk.expect_response(lambda answer: "/claim/" in answer.url):
        desk.keyboard.press("a")
    expect(desk.locator("#claim")).to_contain_text("claimed by you, ")
    desk.keyboard.press("a")

    expect(desk.locator("#said")).to_contain_text("Assigned")
    expect(title(desk)).to_have_text("It invents a court ruling")
    assert Issue.objects.get(pk=issues[0].pk).assignee == triager
    assert Claim.objects.get().user == triager  # said something of it, and is still at it


def test_a_conflict_says_what_changed_and_a_second_press_decides_on_top(
    desk: Page, issues: list[Issue], someone: Any
) -> None:
    decide(issues[0], "classify", by=someone("moderator"), severity="high")

    desk.keyboard.press("1")

    expect(desk.locator("#errors")).to_contain_text("Severity: Critical → High")
    expect(desk.locator("#errors")).to_contain_text("moderator@example.org")
    assert Issue.objects.get(pk=issues[0].pk).status == "new"

    desk.keyboard.press("1")

    expect(title(desk)).to_have_text("Deletes the wrong folder")
    assert Issue.objects.get(pk=issues[0].pk).status == "confirmed"


def test_every_key_has_a_control_that_can_be_seen(desk: Page) -> None:
    shown = desk.locator("[data-key]").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.dataset.key)"
    )

    assert {"1", "3", "4", "h", "a", "p", "e", "/", "?", "z"} <= set(shown)


def test_x_selects_and_a_new_list_keeps_it(desk: Page) -> None:
    desk.keyboard.press("j")
    expect(title(desk)).to_have_text("Deletes the wrong folder")
    desk.keyboard.press("x")
    expect(desk.locator(".pick input:checked")).to_have_count(1)
    desk.keyboard.press("k")
    expect(title(desk)).to_have_text("It invents a court ruling")

    desk.keyboard.press("1")

    expect(title(desk)).to_have_text("Deletes the wrong folder")
    expect(desk.locator(".pick input:checked")).to_have_count(1)


@contextmanager
def held_up(page: Page, address: str) -> Iterator[list[Route]]:
    """Requests to addresses like this one go out when the block ends."""
    held: list[Route] = []
    has_ended = False

    def meet(route: Route) -> None:
        held.append(route)
        if has_ended:
            route.continue_()

    page.route(re.compile(address), meet)
    yield held
    has_ended = True
    for route in list(held):
        route.continue_()


def test_what_is_pressed_while_a_decision_is_under_way_decides_on_nothing_unseen(
    desk: Page, issues: list[Issue]
) -> None:
    with held_up(desk, "/decide/") as sent:
        desk.keyboard.press("1")
        expect(desk.locator(".htmx-request")).to_have_count(1)
        for key in ("1", "3", "1", "j"):
            desk.keyboard.press(key)

    expect(title(desk)).to_have_text("Every doctor becomes a man")
    assert [route.request.method for route in sent] == ["POST"]
    assert [Issue.objects.get(pk=issue.pk).status for issue in issues] == ["confirmed", "new", "new", "new"]


def test_who_takes_it_back_at_once_takes_back_what_was_just_decided(desk: Page, issues: list[Issue]) -> None:
    with held_up(desk, "/decide/"):
        desk.keyboard.press("1")
        expect(desk.locator(".htmx-request")).to_have_count(1)
        desk.keyboard.press("z")

    expect(desk.locator("#said")).to_contain_text("Undone")
    expect(title(desk)).to_have_text("It invents a court ruling")
    assert {issue.status for issue in Issue.objects.all()} == {"new"}


def test_who_moves_on_while_an_issue_loads_gets_there(desk: Page, issues: list[Issue]) -> None:
    with held_up(desk, rf"/triage/{issues[3].pk}/"):
        desk.locator(f"#row-{issues[3].pk} a[data-row]").click()
        desk.keyboard.press("1")  # on which of the two?
        desk.keyboard.press("k")
        expect(title(desk)).to_have_text("Every doctor becomes a man")

    expect(title(desk)).to_have_text("Every doctor becomes a man")
    assert not Decision.objects.exists()


def test_who_searches_while_an_answer_comes_goes_on_typing(desk: Page, issues: list[Issue]) -> None:
    with held_up(desk, "/decide/"):
        desk.keyboard.press("1")
        desk.keyboard.press("/")

    expect(title(desk)).to_have_text("Deletes the wrong folder")
    expect(desk.locator("#search")).to_be_focused()


def test_what_a_page_told_that_was_sent_as_any_is_said(desk: Page, issues: list[Issue]) -> None:
    desk.evaluate("document.querySelector('#pane .decide form').submit()")

    expect(title(desk)).to_have_text("Deletes the wrong folder")
    expect(desk.locator("#said")).to_contain_text("Confirmed “It invents a court ruling”")


def test_the_list_loses_a_row_and_the_next_is_there_before_it_came(desk: Page, issues: list[Issue]) -> None:
    fetched = loads(desk)
    expect(desk.locator("a[data-at-hand]")).to_have_count(2)
    with held_up(desk, rf"/triage/{issues[3].pk}/") as coming:
        desk.keyboard.press("1")
        expect(title(desk)).to_have_text("Deletes the wrong folder")
        expect(desk.locator("#said")).to_have_text(re.compile("^Confirmed .* Deletes the wrong folder$"))
        expect(desk.locator(".queue li[data-issue]")).to_have_count(3)
        expect(desk).to_have_url(re.compile(f"/triage/{issues[1].pk}/$"))
        desk.keyboard.press("1")
        expect(title(desk)).to_have_text("Every doctor becomes a man")
        desk.keyboard.press("1")  # the pane of the next is still on its way
        desk.keyboard.press("1")  # and decides on nothing that is not shown
        expect(title(desk)).to_have_text("Every doctor becomes a man")
    expect(title(desk)).to_have_text("Refuses to talk about knives")
    expect(desk.locator("#listed")).to_contain_text("1 waiting")
    assert coming
    assert [Issue.objects.get(pk=issue.pk).status for issue in issues] == ["confirmed"] * 3 + ["new"]
    assert fetched == []

    desk.keyboard.press("z")

    expect(title(desk)).to_have_text("Every doctor becomes a man")
    expect(desk.locator(".queue li[data-issue]")).to_have_count(2)


def test_a_list_that_has_become_short_is_filled_up(
    desk: Page, issues: list[Issue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    desk.goto("/triage/")
    listed = desk.locator(".queue li[data-issue]")
    expect(listed).to_have_count(2)
    desk.keyboard.press("x")

    desk.keyboard.press("1")

    expect(title(desk)).to_have_text("Deletes the wrong folder")
    expect(listed).to_have_count(2)
    expect(desk.locator(".queue li.here")).to_have_attribute("data-issue", str(issues[1].pk))
    desk.keyboard.press("j")
    expect(title(desk)).to_have_text("Every doctor becomes a man")
    expect(desk.locator("#pane")).to_be_focused()


def test_a_row_is_drawn_anew_where_the_issue_stays_open(desk: Page, issues: list[Issue]) -> None:
    desk.keyboard.press("x")
    desk.keyboard.press("a")
    desk.keyboard.press("a")

    expect(desk.locator(f"#row-{issues[0].pk}")).to_contain_text("for triager@example.org")
    expect(desk.locator("#said")).to_contain_text("Assigned “It invents a court ruling”")
    expect(desk.locator(".pick input:checked")).to_have_count(1)
    expect(desk.locator("#pane .detail-head")).to_contain_text("for you")  # asked for by itself, after the row
    expect(desk.locator("#pane")).to_be_focused()

    desk.keyboard.press("1")

    expect(title(desk)).to_have_text("Deletes the wrong folder")


def test_the_history_comes_when_it_is_looked_at(desk: Page) -> None:
    desk.keyboard.press("j")
    expect(title(desk)).to_have_text("Deletes the wrong folder")

    desk.evaluate("document.querySelector('[data-aside], #history').scrollIntoView()")

    expect(desk.locator("#history .timeline")).to_contain_text("grouped")
