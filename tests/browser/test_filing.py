"""Filing as people do it for the first time: on a phone, in their language, with or without JavaScript, a mouse or
colours; from the gate to the receipt, and back to it later.

In the short run the whole way is gone with scripts in Arabic and without them in English; with them in English goes
test_journey.py. Chinese, and each language the other way, are left to the long run.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FileChooser, Page, expect

from bench.hostile import png
from reports.models import Attachment, Draft, Message, Report
from tests.browser.walk import ANSWERS, NARROW, Site, answers_doubted, fill_form, press, receipt_fresh

pytestmark = pytest.mark.django_db(transaction=True)
Visitor = Callable[..., Page]
MOST_ANSWERS = 7
PICTURE = {"name": "leaflet.png", "mimeType": "image/png", "buffer": png()}


@dataclass(frozen=True)
class Words:
    """What somebody writes who speaks ``language``, and the heading of each page they come to."""

    language: str
    direction: str
    summary: str
    what_happened: str
    more: str
    headings: tuple[str, ...]


SPOKEN = {
    "en": Words(
        "en",
        "ltr",
        "It quotes a leaflet that does not exist",
        "I asked for the leaflet of a heart medicine, and it quoted a page that the leaflet does not have.",
        "I asked once more today, and it quoted the same page.",
        ("Report a problem", "Check your answers", "Your report was received", "Open a report", "Withdraw your report"),
    ),
    "zh-CN": Words(
        "zh-Hans",
        "ltr",
        "它引用了一份并不存在的药品说明书",
        "我问一种心脏病药的说明书里写了什么,它引用了一页内容,还给出了页码,可是说明书里根本没有这一页。我核对过两次。",
        "我今天又问了一次,它引用的还是同一页,页码也一样。",
        ("报告", "检查", "收到", "打开", "撤回"),
    ),
    "ar": Words(
        "ar",
        "rtl",
        "يقتبس نشرة دواء لا وجود لها",
        "سألته عن نشرة دواء للقلب فاقتبس صفحة ليست فيها، وذكر رقمها كأنها موجودة.",
        "سألته اليوم مرة أخرى فاقتبس الصفحة نفسها.",
        ("بلغ", "راجع", "استُلم", "بلاغ", "سحب"),
    ),
}
LANGUAGE_OF = {"en": "en", "zh-CN": "zh", "ar": "ar"}  # as reports keep it


@dataclass
class Reporter:
    """Somebody at their phone, who counts what they are made to answer."""

    page: Page
    words: Words
    given: list[str] = field(default_factory=list)

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f"label:has([name={name}][value={value}])").tap()
        self.given.append(name)

    def write(self, name: str, text: str) -> None:
        self.page.locator(f"[name={name}]").fill(text)
        self.given.append(name)

    def press(self, button: str) -> None:
        self.page.locator(button).last.tap()
        self.page.wait_for_load_state()

    def is_at(self, step: int) -> None:
        expect(self.page.locator("h1")).to_contain_text(self.words.headings[step])
        expect(self.page.locator("html")).to_have_attribute("dir", self.words.direction)
        expect(self.page.locator("html")).to_have_attribute("lang", re.compile(self.words.language, re.IGNORECASE))
        assert self.page.locator("#errors").count() == 0

    def file(self) -> tuple[str, str]:
        """The reference and the code, out of as few answers as will do."""
        self.page.goto("/report/")
        self.is_at(0)
        self.choose("gate", "no")
        self.write("artifact", "northlight/harbor-7b")
        self.write("summary", self.words.summary)
        self.write("what_happened", self.words.what_happened)
        self.choose("kind", "false_information")
        self.page.locator("label:has([name=consent])").tap()
        self.given.append("consent")
        self.press("button[name=step][value=check]")
        self.is_at(1)
        expect(self.page.locator("main")).to_contain_text(self.words.what_happened)
        self.press("button[name=step][value=send]")
        self.is_at(2)
        code = self.page.locator("#receipt-code").inner_text()
        return self.page.url.rstrip("/").rpartition("/")[2], code

    def come_back(self, reference: str, code: str) -> None:
        self.page.goto("/reports/open/")
        self.is_at(3)
        self.page.locator("[name=reference]").fill(f" {reference.upper()} ")
        self.page.locator("[name=code]").fill(code.lower())
        self.press("main form button")
        expect(self.page).to_have_url(re.compile(f"/reports/{reference}/$"))
        expect(self.page.locator("main")).to_contain_text(self.words.summary)

    def add(self) -> None:
        form = "form[action$='/add/']"
        self.page.locator(f"summary:has(+ {form})").tap()
        self.page.locator(f"{form} textarea").fill(self.words.more)
        self.page.locator(f"{form} [name=files]").set_input_files(PICTURE)  # type: ignore[arg-type] # a plain dict is one
        self.press(f"{form} button[type=submit]")
        expect(self.page.locator("main")).to_contain_text(self.words.more)
        expect(self.page.locator(".attached li")).to_have_count(1)

    def withdraw(self) -> None:
        self.press("a[href$='/withdraw/']")
        self.is_at(4)
        self.press("main form button")
        expect(self.page.locator("main .badge")).to_be_visible()
        assert self.page.locator("form[action$='/add/']").count() == 0


AT_LENGTH = [
    pytest.param(*which, marks=pytest.mark.long)
    for which in (("en", True), ("zh-CN", True), ("ar", False), ("zh-CN", False))
]


@pytest.mark.parametrize(("locale", "scripts"), [("ar", True), ("en", False), *AT_LENGTH])
def test_files_returns_adds_and_withdraws(visitor: Visitor, locale: str, scripts: bool) -> None:
    page = visitor(locale=locale, has_touch=True, is_mobile=True, java_script_enabled=scripts)
    reporter = Reporter(page, SPOKEN[locale])

    reference, code = reporter.file()
    assert len(reporter.given) <= MOST_ANSWERS, reporter.given
    reporter.press("form[action$='/close/'] button")
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))
    page.goto(f"/reports/{reference}/")
    expect(page.locator("main")).not_to_contain_text(reporter.words.summary)
    reporter.come_back(reference, code)
    reporter.add()
    reporter.withdraw()

    report = Report.objects.get()
    assert (report.reference, report.language.partition("-")[0]) == (reference, LANGUAGE_OF[locale])
    assert report.withdrawn_at
    assert Message.objects.get(report=report).is_evidence
    assert Attachment.objects.filter(report=report).count() == 1
    if not scripts:  # a page that saves itself may have been saving the first words while the last were sent
        assert not Draft.objects.exists()


def test_yes_at_the_gate_stops_and_stores_nothing(
    visitor: Visitor, settings: Any, nothing_stored: Callable[[], Any]
) -> None:
    def files() -> set[Path]:
        return {path for path in settings.FILES_DIR.rglob("*") if path.is_file()}

    page = visitor(has_touch=True)
    before = files()
    with nothing_stored():
        page.goto("/report/")
        page.locator("[name=summary]").fill("Written before the question was read")
        page.locator("[name=files]").set_input_files(PICTURE)  # type: ignore[arg-type] # a plain dict is one
        page.locator("label:has([name=gate][value=yes])").tap()
        expect(page.locator(".stop")).to_contain_text("inhope.org")
        expect(page.locator("[name=summary]")).to_be_hidden()
        expect(page.get_by_role("button", name="Check your answers")).to_be_hidden()
        page.get_by_role("button", name="Delete what I wrote here").tap()
        expect(page.locator("h1")).to_have_text("We cannot take this, others can")
        expect(page.locator("main")).not_to_contain_text("Written before")

        page.go_back()
        page.goto("/report/")
        expect(page.locator("[name=summary]")).to_have_value("")
        page.goto("/report/check/")
        expect(page.locator("h1")).to_have_text("Report a problem with an AI")
    assert files() == before


def test_what_was_written_is_there_again(visitor: Visitor) -> None:
    """After going back from the check page, and after the page was closed."""
    page = visitor()
    page.goto("/report/")
    page.locator(".expert summary").click()
    more = {"expected": "To say that it has no such page.", "system_prompt": "Be helpful.", "temperature": "0.7"}
    more |= {"seed": "42", "context_of_use": "health", "harm_occurred": "nearly", "tries": "5", "failures": "3"}
    fill_form(page, **more)
    written = {**ANSWERS, **more}
    press(page, "check")
    page.get_by_role("link", name="Change answers").click()
    is_there(page, written)
    expect(page.locator("#id_temperature")).to_be_visible()  # unfolded, for something is written there

    again = page.context.new_page()
    page.close()
    again.goto("/report/")
    is_there(again, written)
    assert Report.objects.count() == 0


def is_there(page: Page, written: dict[str, Any]) -> None:
    for name, answer in written.items():
        control = page.locator(f"[name={name}]")
        if answer is True:
            expect(control).to_be_checked()
        elif control.count() > 1:
            expect(page.locator(f"[name={name}][value={answer}]")).to_be_checked()
        else:
            expect(control).to_have_value(str(answer))


# Keys

FOCUS = """wanted => {
  const at = document.activeElement, drawn = at.closest(".choice") ?? at;
  const box = drawn.getBoundingClientRect();
  const isDrawn = getComputedStyle(drawn).outlineStyle === "solid";
  const isSeen = isDrawn && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  return [at.matches(wanted), isSeen, at.outerHTML.slice(0, 120), at === document.body];
}"""
STOPS_AT_MOST = 90


@dataclass(frozen=True)
class Keys:
    page: Page

    def to(self, selector: str, *, key: str = "Tab") -> None:
        """Tab on until there; wherever it stops, the focus can be seen."""
        for _ in range(STOPS_AT_MOST):
            self.page.keyboard.press(key)
            is_there, is_seen, what, _is_page = self.page.evaluate(FOCUS, selector)
            assert is_seen, f"the focus cannot be seen at {what}"
            if is_there:
                return
        pytest.fail(f"{key} does not come to {selector}.")

    def write(self, name: str, text: str) -> None:
        self.to(f"[name={name}]")
        self.page.keyboard.type(text)

    def hit(self, selector: str, key: str = "Space") -> None:
        self.to(selector)
        self.page.keyboard.press(key)

    def round(self) -> int:
        """How many stops there are until it begins again: nothing holds who comes by."""
        self.page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        self.to(".skip")
        for stop in range(1, STOPS_AT_MOST):
            self.page.keyboard.press("Tab")
            is_first, is_seen, what, is_page = self.page.evaluate(FOCUS, ".skip")
            if is_first or is_page:
                return stop
            assert is_seen, f"the focus cannot be seen at {what}"
        pytest.fail("Tab does not come round.")


def test_the_whole_form_needs_no_mouse(visitor: Visitor, artifact: Any) -> None:
    page = visitor()
    keys = Keys(page)
    page.goto("/report/")
    keys.to(".skip")
    page.keyboard.press("Enter")
    keys.hit("[name=gate]")  # the first of the two: no

    keys.write("artifact", "chat")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[name=artifact]")).to_have_value("acme/chat-7b")
    keys.write("version", "2026-05")
    keys.write("summary", str(ANSWERS["summary"]))
    keys.write("what_happened", str(ANSWERS["what_happened"]))
    keys.to("[name=shown_by]")
    page.keyboard.press("ArrowDown")
    keys.write("prompt", str(ANSWERS["prompt"]))
    keys.write("output", "Ask anna.bell@example.org about it.")
    keys.hit("[name=kind]")
    page.keyboard.press("ArrowDown")
    keys.hit("[name=harm_occurred]")
    keys.write("failures", "3")
    keys.write("tries", "5")
    keys.to("[name=files]")
    chosen: list[FileChooser] = []

    def opened(chooser: FileChooser) -> None:
        chosen.append(chooser)

    page.on("filechooser", opened)
    while not chosen:  # a busy browser may not open it at the first press
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
    chosen[0].set_files(PICTURE)  # type: ignore[arg-type] # a plain dict is one

    keys.hit(".expert summary", "Enter")
    keys.write("temperature", "0.7")
    keys.to(".expert summary", key="Shift+Tab")  # and back out of what was unfolded
    keys.hit("[name=visibility]")
    keys.hit("[name=may_contact]")
    keys.write("contact_email", "sam@example.com")
    keys.hit("[name=consent]")
    keys.hit("[name=step][value=check]", "Enter")

    expect(page.locator("h1")).to_have_text("Check your answers")
    keys.round()
    keys.hit(".found [name=step][value=mask]", "Enter")
    expect(page.locator(".masks")).to_contain_text("Masked by you")
    keys.hit("[name=step][value=send]", "Enter")
    expect(page.locator("h1")).to_have_text("Your report was received")
    keys.round()

    report = Report.objects.get()
    assert (report.kind, report.tries, report.failures) == ("unfair_or_stereotyped", 5, 3)
    assert report.evidence.transcript[-1]["content"] == "Ask [email] about it."
    assert Attachment.objects.filter(report=report).count() == 1


# Narrow, magnified, in few colours and at rest

UNSEEN = """() => [...document.querySelectorAll("main button, main .button, main input, main select, main textarea")]
  .filter((control) => control.checkVisibility() && !control.closest(".vh") && control.type !== "hidden")
  .filter((control) => {
    const style = getComputedStyle(control), box = control.getBoundingClientRect();
    const hasBorder = style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) > 0;
    return (style.appearance === "none" && !hasBorder) || box.width < 10 || box.height < 10 || style.opacity < 0.5;
  })
  .map((control) => control.outerHTML.slice(0, 100))"""
MOVING = """() => [...document.querySelectorAll("*")]
  .filter((element) => {
    const style = getComputedStyle(element);
    const takes = [...style.transitionDuration.split(","), ...style.animationDuration.split(",")].map(parseFloat);
    return Math.max(...takes) > 0.01;
  })
  .map((element) => element.outerHTML.slice(0, 100))"""
SIDEWAYS = "document.scrollingElement.scrollWidth > innerWidth"


def test_at_400_percent_in_forced_colours_and_without_motion(visitor: Visitor, artifact: Any) -> None:
    """1280 pixels magnified four times are 320."""
    options: dict[str, Any] = {"viewport": NARROW, "device_scale_factor": 4}
    page = visitor(**options, forced_colors="active", reduced_motion="reduce")
    site = Site("")

    def unfolded(page: Page, site: Site) -> None:
        page.goto("/report/")
        page.locator("main details").evaluate_all("folds => folds.forEach((fold) => (fold.open = true))")

    def receipt_of_long_names(page: Page, site: Site) -> None:
        page.goto("/report/")
        fill_form(page, version="v" * 100, artifact="org/" + "n" * 80, summary="s" * 119)
        press(page, "check")
        assert not page.evaluate(SIDEWAYS)
        press(page, "send")

    for way in (unfolded, answers_doubted, receipt_fresh, receipt_of_long_names):
        way(page, site)
        assert not page.evaluate(SIDEWAYS), way.__name__
        assert page.evaluate(UNSEEN) == [], way.__name__
        assert page.evaluate(MOVING) == [], way.__name__
    ticked_is_told(page)


def ticked_is_told(page: Page) -> None:
    """What is ticked looks otherwise than what is not, in two colours too."""
    page.goto("/report/")
    choice = page.locator("label:has([name=gate][value=no])")
    before = choice.screenshot()
    choice.click()
    page.locator("h1").click()  # away, for the focus is drawn too
    assert choice.screenshot() != before
