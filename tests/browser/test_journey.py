"""What people do, from the first press to the last, in a real browser under the real content security policy."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.tokens import sign_in_code
from reports.models import Report
from tests.browser.walk import ANSWERS, fill_form, press
from triage.matching import match_report

Visitor = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = re.compile(r"TT-\d{4}-\d{5,}")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def group() -> None:
    """What the worker does with what was filed."""
    for report in Report.objects.filter(grouped_at=None):
        match_report(report.pk)


def refused_first(page: Page) -> None:
    """Sent empty: the page says what is missing, takes the focus there and leads to each answer."""
    page.goto("/report/")
    press(page, "check")

    summary = page.locator("#errors")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Error:"))
    assert summary.locator("a").all_inner_texts() == [
        "Does it show or describe a child or young person in a sexual way?",
        "Model, product or dataset",
        "What happened, in one sentence",
        "In your own words",
        "What kind of failure was it?",
        "I agree that this report is stored and, as chosen above, published after review",
    ]
    summary.locator("a", has_text="In your own words").click()
    expect(page.locator("#id_what_happened")).to_be_focused()
    summary.locator("a", has_text="What kind of failure").click()
    expect(page.locator("#id_kind_0")).to_be_focused()


def filed(page: Page) -> tuple[str, str]:
    """One mistake, one change of mind, then sent: the address of the receipt and its code."""
    fill_form(page, summary="Too short")
    press(page, "check")
    for name in ("artifact", "what_happened", "prompt", "output"):
        expect(page.locator(f"[name={name}]")).to_have_value(str(ANSWERS[name]))
    expect(page.locator("[name=kind][value=false_information]")).to_be_checked()
    expect(page.locator("[name=consent]")).to_be_checked()

    page.locator("[name=summary]").fill(str(ANSWERS["summary"]))
    press(page, "check")
    expect(page.locator("h1")).to_have_text("Check your answers")
    expect(page.locator("main")).to_contain_text("Said something false as if it were true")
    page.get_by_role("link", name="Change answers").click()
    expect(page.locator("[name=output]")).to_have_value(str(ANSWERS["output"]))
    page.locator("[name=expected]").fill("Nothing that is not in the leaflet.")
    press(page, "check")
    expect(page.locator("main")).to_contain_text("Nothing that is not in the leaflet.")
    assert Report.objects.count() == 0
    press(page, "send")

    expect(page.locator("h1")).to_have_text("Your report was received")
    return page.url, page.locator("#receipt-code").inner_text()


def opened_with(page: Page, address: str, code: str) -> None:
    page.goto(address)
    page.locator("[name=code]").fill(code)
    page.get_by_role("button", name="Open report").click()
    expect(page.locator("h1")).to_have_text("Your report")


def test_from_a_phone_to_the_public_record_and_back(visitor: Visitor, triager: Any) -> None:
    reporter = visitor()
    refused_first(reporter)
    receipt, code = filed(reporter)

    reporter.reload()
    expect(reporter.locator("h1")).to_have_text("Your report")
    expect(reporter.locator("main")).not_to_contain_text(code)
    elsewhere = visitor()
    opened_with(elsewhere, receipt, code.lower().replace("-", ""))
    step = elsewhere.locator(".track [aria-current]")
    expect(step).to_have_text("Received")
    group()
    elsewhere.reload()
    expect(step).to_have_text("Grouped")

    desk = visitor()
    desk.goto(reverse("sign_in", args=[sign_in_code(triager)]))
    desk.get_by_role("button", name="Sign in").click()
    desk.locator(".queue a.title", has_text=str(ANSWERS["summary"])).click()
    expect(desk.locator(".detail h1")).to_have_text(str(ANSWERS["summary"]))
    expect(desk).to_have_url(re.compile(r"/triage/\d+/"))  # the pane that was asked for is there
    desk.get_by_role("button", name="Confirm artifact").click()
    expect(desk.locator(".toasts")).to_contain_text("northlight/harbor-7b has a page now.")
    desk.locator("summary", has_text="Confirm with title").click()
    desk.get_by_label("Public title").fill("Quotes leaflets that do not exist")
    desk.get_by_role("button", name="Confirm with title").click()
    done = desk.locator(".toasts")
    expect(done).to_contain_text("Confirmed “Quotes leaflets that do not exist” as TT-")
    found = NUMBER.search(done.inner_text())
    assert found is not None
    issue = f"/issues/{found.group()}/"

    stranger = visitor()
    stranger.goto(issue)
    expect(stranger.locator("h1")).to_have_text("Quotes leaflets that do not exist")
    expect(stranger.locator("main")).not_to_contain_text("One glass a day")
    stranger.locator(".meta a", has_text="northlight/harbor-7b").click()
    expect(stranger.locator("h1")).to_have_text("northlight/harbor-7b")
    stranger.locator(".issues a.title").click()
    expect(stranger).to_have_url(re.compile(f"{issue}$"))
    elsewhere.reload()
    expect(step).to_have_text("Confirmed or declined")
    expect(elsewhere.locator(".issues a.title")).to_have_text("Quotes leaflets that do not exist")

    done.get_by_role("button", name="Undo").click()
    expect(desk.locator(".detail .state").first).to_have_text("New")
    gone = stranger.goto(issue)
    assert gone is not None
    assert gone.status == 404
    elsewhere.reload()
    expect(step).to_have_text("Grouped")


def test_filing_needs_no_javascript(visitor: Visitor) -> None:
    reporter = visitor(java_script_enabled=False)
    refused_first(reporter)
    receipt, code = filed(reporter)

    expect(reporter.locator("[data-copy]")).to_be_hidden()
    opened_with(visitor(java_script_enabled=False), receipt, code)
