"""Somebody chooses a model by keys, is told of an issue while they write, and says that it is theirs too."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reports.published import catch_up

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = "I asked for rulings on rent and it named a court ruling that was never made, with a judge."


def test_a_model_is_chosen_by_keys_and_a_known_issue_confirmed_with_what_was_written(
    visitor: Callable[..., Page], site: str, make_issue: Callable[..., Any]
) -> None:
    issue = make_issue("It invents a court ruling", public_summary="Rulings on rent that no court ever made.")
    catch_up()
    page = visitor()
    page.goto("/report/")
    page.locator("[name=gate][value=no]").check()

    box = page.get_by_role("combobox", name="Model, product or dataset")
    box.press_sequentially("chat")
    options = page.get_by_role("option")
    expect(options.first).to_have_text("acme/chat-7b Model · Acme")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "chosen-1")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("acme/chat-7b")
    expect(page.locator("#version-choices option")).to_have_count(2)

    page.locator("[name=summary]").fill("It makes up court rulings")
    page.locator("[name=what_happened]").fill(TOLD)
    expect(page.locator("[data-known-at] [role=status]")).to_have_text("1 known issue looks like yours")
    expect(page.get_by_role("link", name="It invents a court ruling")).to_be_visible()
    page.get_by_role("button", name="This is mine too").click()

    expect(page.get_by_role("heading", name="This happened to me too")).to_be_visible()
    expect(page.locator("[name=confirms]")).to_have_value(str(issue.number))
    expect(page.locator("[name=what_happened]")).to_have_value(TOLD)
    expect(page.locator("[name=artifact]")).to_have_value("acme/chat-7b")


def test_the_list_of_artifacts_offers_what_was_typed_and_not_knowing(visitor: Callable[..., Page], site: str) -> None:
    page = visitor()
    page.goto("/report/")
    box = page.get_by_role("combobox", name="Model, product or dataset")

    box.press_sequentially("my own")
    page.get_by_role("option", name="Not listed: use").click()
    expect(box).to_have_value("my own")
    expect(page.get_by_role("listbox")).to_be_hidden()

    box.press("ArrowDown")
    page.get_by_role("option", name="I don’t know which one it was").click()
    expect(box).to_have_value("")
    expect(page.locator("[name=unknown_artifact]")).to_be_checked()
