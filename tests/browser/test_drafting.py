"""The form saves itself as it is filled in: what only a browser with JavaScript does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.models import Draft

pytestmark = pytest.mark.django_db(transaction=True)
FORM = "/report/"


def write(page: Page, words: str) -> None:
    page.locator("#id_summary").fill(words)
    page.locator("#id_what_happened").focus()


def test_what_is_written_is_saved_when_its_field_is_left_and_said_aloud(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto(FORM)
    write(page, "Not yet, for the gate is not answered")
    expect(page.locator("[data-draft]")).to_have_text(
        "Not saved yet. Nothing is kept until the first question is answered."
    )

    page.locator("[name=gate][value=no]").check()
    expect(page.locator("[data-draft][role=status]")).to_contain_text("Saved ")
    page.reload()
    expect(page.locator("#id_summary")).to_have_value("Not yet, for the gate is not answered")
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie.includes('draft')]") == [
        0,
        0,
        False,
    ]

    page.get_by_text("Delete what I have written").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator("#id_summary")).to_have_value("")
    assert not Draft.objects.exists()


def test_that_it_was_not_saved_is_said_too(browser: Browser, site: str) -> None:
    page = browser.new_page(base_url=site)
    page.goto(FORM)
    page.route("**/report/draft/", lambda route: route.fulfill(status=413))
    page.locator("[name=gate][value=no]").check()
    write(page, "Something long")
    expect(page.locator("[data-draft]")).to_contain_text("Too long to be saved.")

    page.close()
