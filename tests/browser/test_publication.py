"""The publication desk in a browser: words selected with the mouse are the words that are removed, whatever they are
written in; what is veiled comes when asked for; and axe finds nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from reports.models import Issue, Redaction, Report
from tests.browser.axe import faults
from tests.browser.walk import PHONE, WIDE
from triage.decisions import decide

pytestmark = pytest.mark.django_db(transaction=True)
# Two units of a browser to one character of ours, a run of hidden signs, a combining mark, right to left.
TANGLED = "Smile 😀😀 then\u200b\u200b it told Zoë Ångström's number. قال رقم آن بل. Then <b>it</b> stopped."

# Selects the words as a mouse would, from the first place where they stand to their end.
SELECT = """(words) => {
  for (const holder of document.querySelectorAll("[data-start]")) {
    const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.data.indexOf(words);
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + words.length);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return true;
    }
  }
  return false;
}"""


@pytest.fixture
def report(site: str, file: Callable[..., Report], artifact: Any) -> Report:
    turns = [{"role": "user", "content": "من هي آن بل؟"}, {"role": "assistant", "content": TANGLED}]
    return file(what_happened=f"It told me of somebody. {TANGLED}", transcript=turns)


@pytest.fixture
def issue(report: Report, triager: Any) -> Issue:
    found = Issue.objects.get(placements__report=report)
    decide(found, "confirm", by=triager)
    return found


@pytest.fixture
def desk(visitor: Callable[..., Page], site: str, triager: Any) -> Callable[..., Page]:
    from django.conf import settings

    def come(**options: Any) -> Page:
        client = Client()
        client.force_login(triager)
        page = visitor(**{"viewport": WIDE, **options})
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])
        return page

    return come


def test_what_is_selected_is_what_is_removed(
    desk: Callable[..., Page], issue: Issue, report: Report, subtests: pytest.Subtests
) -> None:
    page = desk()
    for words in ("Zoë Ångström", "it told", "رقم آن بل", "😀", "stopped"):
        with subtests.test(words):
            page.goto(reverse("publication", args=[issue.pk]))

            assert page.evaluate(SELECT, words)
            page.locator("[data-at-selection] [data-as=redacted]").click()
            page.get_by_role("button", name="Save the evidence").click()
            page.wait_for_url("**#evidence")

            (span,) = Redaction.objects.filter(ended_at=None)
            assert report.evidence.parts[span.part][span.start : span.end] == words
            expect(page.locator(".passage .redacted")).to_have_count(1)
        Redaction.objects.update(ended_at=now())  # as nothing had been removed, for the next


def test_a_selection_over_removed_words_counts_them(desk: Callable[..., Page], issue: Issue, report: Report) -> None:
    start = TANGLED.index("😀")
    Redaction.objects.create(report=report, part="turn:1", start=start, end=start + 2)
    page = desk()
    page.goto(reverse("publication", args=[issue.pk]))

    assert page.evaluate(SELECT.replace("[data-start]", "[data-part='turn:1'] [data-start]"), "Ångström")
    page.locator("[data-at-selection] [data-as=redacted]").click()
    page.get_by_role("button", name="Save the evidence").click()
    page.wait_for_url("**#evidence")

    places = Redaction.objects.filter(ended_at=None, part="turn:1").order_by("start")
    assert [TANGLED[row.start : row.end] for row in places] == ["😀😀", "Ångström"]


def test_a_veil_is_lifted_in_place(desk: Callable[..., Page], issue: Issue, report: Report) -> None:
    Issue.objects.filter(pk=issue.pk).update(hazard_level=1)
    page = desk()
    page.goto(reverse("triage_issue", args=[issue.pk]))
    assert "Ångström" not in page.content()

    page.locator(".veil button").first.click()
    page.locator(".turn").first.wait_for()

    assert "Ångström" in page.content()


OPTIONS: list[dict[str, Any]] = [{}, {"color_scheme": "dark"}, {"viewport": PHONE}, {"locale": "ar"}]


def test_everybody_can_work_here(
    desk: Callable[..., Page], issue: Issue, report: Report, triager: Any, subtests: pytest.Subtests
) -> None:
    length = len(report.evidence.summary)
    decide(issue, "redact", by=triager, report=report, spans=[("turn:1", 18, 30)])
    spans = [("summary", 0, length), ("turn:0", 0, 5), ("turn:1", 0, 60)]
    decide(issue, "excerpt", by=triager, report=report, spans=spans)
    decide(issue, "translate", by=triager, report=report, part="summary", language="ar", text="يخترع حكمًا قضائيًا")
    issue.refresh_from_db()
    pages = [desk(**options) for options in OPTIONS]

    for at, where in enumerate(("publication", "publication_preview", "issue", "veiled")):
        if where == "veiled":
            Issue.objects.filter(pk=issue.pk).update(hazard_level=1)
        name = "publication" if where == "veiled" else where
        address = reverse(name, args=[issue.number if name == "issue" else issue.pk])
        for which in (at, at - 2):  # each in two looks, by turns: all in all of them are walked at length
            options, page = OPTIONS[which], pages[which]
            page.goto(address)
            with subtests.test(f"{where} {options}"):
                assert which != at or faults(page) == []  # which is dear: in the first of the two
                assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
