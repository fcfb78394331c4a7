"""The tutorial, taken by somebody who presses the words it prints bold, in the order in which it prints them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.tokens import sign_in_code
from reports.models import Affected, Artifact, Report
from reports.naming import artifact_named
from tests.browser.walk import WIDE
from triage.matching import match_report

pytestmark = pytest.mark.django_db(transaction=True)
TUTORIAL = (settings.BASE_DIR / "docs" / "tutorial.md").read_text()
STEPS = dict(enumerate(re.split(r"^## \d\. ", TUTORIAL, flags=re.MULTILINE)))
SAID = re.compile(r"(?<!\*)\*([^*\n]{25,})\*(?!\*)")


class Reader:
    """Follows one step of the tutorial on a page, and may press only what that step names in bold."""

    def __init__(self, page: Page, step: int) -> None:
        self.page = page
        self.bold = re.findall(r"\*\*([^*]+?)\*\*", STEPS[step])
        self.typed = SAID.findall(STEPS[step])

    def named(self, words: str) -> str:
        assert words in self.bold, f"the tutorial does not say {words}"
        return words

    def press(self, words: str, *, within: Locator | None = None) -> None:
        place = within or self.page.locator("main")
        place.locator("button, a, summary, label").filter(has_text=self.named(words)).locator(
            "visible=true"
        ).first.click()
        self.page.wait_for_load_state("networkidle")

    def fill(self, label: str, words: str) -> None:
        self.page.locator("main").get_by_label(self.named(label)).locator("visible=true").first.fill(words)


@pytest.fixture
def model(site: str) -> Artifact:
    made = artifact_named("model", "northlight/harbor-7b", developer="Northlight")
    Artifact.objects.filter(pk=made.pk).update(confirmed_at=timezone.now())
    return made


def come_in(page: Page, user: Any) -> Reader:
    page.goto(f"/accounts/sign-in/{sign_in_code(user)}/")
    reader = Reader(page, 3)
    reader.press("Sign in")
    return reader


def report(page: Page) -> None:
    reader = Reader(page, 2)
    summary, account = reader.typed
    page.goto(re.search(r"http://127\.0\.0\.1:8000(\S+?)>", STEPS[2])[1])  # type: ignore[index] # there it stands
    page.get_by_role("radio", name=reader.named("No"), exact=True).first.check()
    reader.fill("What happened, in one sentence", summary)
    reader.fill("In your own words", account)
    reader.press("Said something false as if it were true")
    page.get_by_label(reader.named("How serious was it?")).select_option(label=reader.named("High"))
    page.locator("[name=consent]").check()
    reader.press("Check your answers")
    reader.press("Send report")
    match_report(Report.objects.get().pk)


def confirm(page: Page) -> None:
    reader = Reader(page, 3)
    page.locator("input[type=search]").first.fill("tide table")
    page.keyboard.press("Enter")
    expect(page.locator("#pane")).to_contain_text("tide table")
    reader.press("Confirm", within=page.locator("#pane"))
    page.goto("/models/northlight/harbor-7b/")
    expect(page.locator("main")).to_contain_text("It names a tide table that no harbour publishes")


def word(page: Page, number: str) -> None:
    reader = Reader(page, 4)
    plain, quoted = reader.typed
    page.goto(f"/triage/?q={number}")
    reader.press("Publication", within=page.locator("#pane"))
    reader.fill("Plain summary", plain)
    reader.press("Save the words")
    page.locator("li.passage", has_text=quoted).get_by_label(reader.named("Publish")).check()
    reader.press("Save the evidence")
    page.goto(f"/issues/{number}/")
    expect(page.locator("main")).to_contain_text(plain)
    expect(page.locator("main")).to_contain_text(quoted)


def test_from_the_first_report_to_an_issue_that_is_resolved(
    visitor: Callable[..., Page], triager: Any, someone: Any, model: Artifact
) -> None:
    reporter, desk, answering = (visitor(viewport=WIDE) for _each in range(3))

    report(reporter)
    come_in(desk, triager)
    confirm(desk)
    reporter.reload()
    number = (reporter.locator("main a[href*='/issues/TT-']").first.get_attribute("href") or "").split("/")[-2]
    word(desk, number)

    come_in(answering, someone("maintainer", artifact_id=model.pk))
    desk.goto(f"/triage/?q={number}")
    Reader(desk, 5).press("Notify maintainers")
    reader = Reader(answering, 5)
    reader.press("Your artifacts", within=answering.locator("header"))
    answering.get_by_role("link", name=re.compile("tide table")).click()
    reader.press("Acknowledge")
    reader.fill("Your answer", "We looked the almanac up: it does not exist.")
    reader.press("Fixed")
    answering.get_by_label("Fixed in version").fill("2.3")
    reader.press("File the answer")

    desk.goto("/triage/")
    resolving = Reader(desk, 6)
    resolving.press("Answered")
    expect(desk.locator("#pane")).to_contain_text(number)
    resolving.fill("Why the fix could not be tried", "The almanac is not ours to ask.")
    resolving.press("Accept and resolve")
    expect(reporter.locator("main")).to_be_visible()
    assert list(Affected.objects.values_list("status", "fixed_in__name")) == [("fixed", "2.3")]

    desk.goto(f"/issues/{number}/")
    for words in Reader(desk, 7).bold:
        expect(desk.get_by_role("link", name=words, exact=True).first).to_be_visible()
