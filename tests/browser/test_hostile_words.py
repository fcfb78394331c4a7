"""Whatever anybody writes, in whichever field, is shown as words: nothing of it runs, though the content policy is off.

In the short run each shape stands once on each page that shows what people wrote; the long run walks every page, and
brings ten thousand mutations, hundreds to a page.
"""

import random
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Field
from django.urls import reverse
from playwright.sync_api import Browser, Dialog, Page

from reports.models import Evidence, Issue, Report
from tests.browser.filled import cookies, issue_of
from tests.browser.walk import ANYBODY, DESKS, MAINTAINER, SIGNED_IN, TRIAGER, Site
from tests.hostile_words import mutated, numbered, shapes
from triage.decisions import decide

pytestmark = pytest.mark.django_db(transaction=True)
TURNS = 200  # of a conversation; as many as a report may have
ECHOES = ["/issues/", "/triage/", "/models/", "/report/"]
LONG_RUN = 10_000  # inputs, at least
# Where people's words stand, by model. Codes and names that the house gives itself are none of theirs.
WORDS = {
    "accounts.User": "name",
    "accounts.Token": "name",
    "reports.Artifact": "title developer deployer intended_use known_limitations data_collection card_url",
    "reports.Alias": "name",
    "reports.Version": "name",
    "reports.Credit": "name",
    "reports.Translation": "plain_text",
    "reports.Message": "plain_text",
    "reports.Import": "name why",
    "reports.ImportReject": "reason",
    "reports.Issue": "public_title public_summary rule_id",
    "reports.Affected": "statement untested_reason",
    "reports.Reproduction": "evidence",
    "reports.Answer": "text",
    "reports.Report": "rule_id source",
    "reports.Endpoint": "url",
    "triage.Decision": "note",
    "triage.View": "name",
    "triage.Bulk": "query",
}
HOOKS = """(() => {
  window.__log = [];
  window.__fired = (...told) => { window.__log.push(String(told)); return ""; };
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = () => __fired(name);
})()"""
# What no page of ours has, whoever wrote: handlers, scripts and styles in place, and addresses that run.
STRANGE = """() => {
  const words = (element) => `${element.localName} ${element.getAttributeNames()}`;
  const handlers = [...document.querySelectorAll("*")].filter((element) =>
    element.getAttributeNames().some((name) => name.startsWith("on") || name === "srcdoc" || name.includes("__fired")));
  const scripts = [...document.scripts].filter((script) => !script.src && !script.type.endsWith("json"));
  const never = "iframe, object, embed, base, style, math, foreignObject, frameset, marquee, template, portal";
  const foreign = document.querySelectorAll(never);
  const addresses = [...document.querySelectorAll("[href], [src], [action], [formaction]")].filter((element) =>
    ["href", "src", "action", "formaction"].some((name) => {
      const told = element.getAttribute(name);
      const url = told === null ? null : URL.parse(told, document.baseURI);
      return url && !["http:", "https:", "mailto:"].includes(url.protocol) && !told.startsWith("data:image/");
    }));
  return { fired: window.__log, strange: [...handlers, ...scripts, ...foreign, ...addresses].map(words) };
}"""
SHOWN = """() => document.documentElement.textContent
  + [...document.querySelectorAll("input, textarea")].map((field) => field.value).join(" ")
  + [...document.querySelectorAll("[title], [aria-label], option")].map((each) =>
      each.title + each.ariaLabel + each.textContent).join(" ")"""


class Sower:
    """Gives each field words of its own, and counts what was given."""

    def __init__(self, words: Iterator[str]) -> None:
        self.words, self.numbers = words, count(1)
        self.given = 0

    def next(self, longest: int = 1_900) -> str:
        self.given += 1
        return numbered(next(self.words), next(self.numbers))[:longest].replace("\x00", "")

    def sow(self) -> None:
        """Every field of every row that holds somebody's words, in one statement a field."""
        for model_name, fields in WORDS.items():
            model = apps.get_model(model_name)
            for name in fields.split():
                field: Field[Any, Any] = model._meta.get_field(name)
                for pk in model._default_manager.exclude(**{name: ""}).values_list("pk", flat=True)[:60]:
                    value = self.next(field.max_length or 1_900)
                    model._default_manager.filter(pk=pk).update(**{name: f"{value[:-4]}{pk % 10_000:04}"})

    def converse(self, report: Report) -> None:
        """A conversation as long as it may be, and the words around it."""
        turns = [{"role": ("user", "assistant")[at % 2], "content": self.next()} for at in range(TURNS)]
        words = {f"plain_{name}": self.next() for name in ("summary", "what_happened", "expected")}
        Evidence.objects.filter(report=report).update(**words, plain_transcript=turns)


class Look:
    """A browser without a content policy, in which whatever is written may do what it can."""

    def __init__(self, browser: Browser, base: str, user: Any) -> None:
        self.context = browser.new_context(base_url=base, bypass_csp=True)
        self.context.set_default_timeout(60_000)
        self.context.add_init_script(HOOKS)
        self.context.on("dialog", self.refuse)
        if user is not None:
            self.context.add_cookies(cookies(user, base))  # type: ignore[arg-type] # a plain dict is one
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.shown: set[int] = set()
        self.pages = 0

    def refuse(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def judge(self, where: str) -> None:
        told = self.page.evaluate(STRANGE)
        self.wrong += [f"{where}: {each}" for each in (*told["fired"], *told["strange"])]
        self.shown |= {int(number) for number in re.findall(r"(?i)__fired\((\d+)\)", self.page.evaluate(SHOWN))}
        self.pages += 1

    def at(self, address: str) -> None:
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status < 500, address
        self.judge(address)


def asked(sower: Sower, paths: list[str]) -> list[str]:
    """Addresses that say back what they were asked."""
    from urllib.parse import urlencode

    names = {
        "/issues/": "q",
        "/triage/": "q",
        "/models/": "developer",
        "/report/": "model",
        "/triage/artifacts/": "q",
        "/accounts/login/": "next",
        "/triage/views/new/": "q",
    }
    return [f"{path}?{urlencode({names[path]: sower.next(900)})}" for path in paths]


@pytest.fixture
def talked_about(file: Callable[..., Any], artifact: Any, triager: Any, maintainer: Any) -> Report:
    """A confirmed issue on which everything is said that people can say of one."""
    from triage.answers import give_answer

    report = file(summary="It is quoted at length", transcript=[{"role": "user", "content": "One"}] * 2)
    issue = issue_of(report)
    decide(issue, "confirm", by=triager, public_title="A title", public_summary="A summary", note="A note")
    decide(issue, "excerpt", by=triager, report=report, spans=[("what_happened", 0, 40)])
    issue.affected.update(notified_at=issue.opened_at)
    give_answer(issue, artifact, by=maintainer, text="An answer", status="fixed", fixed_in="2026-06")
    Report.objects.filter(pk=report.pk).update(reporter=triager)  # who reads the receipt, then
    return Report.objects.get(pk=report.pk)


def test_no_shape_of_words_runs_on_any_page_that_shows_them(
    browser: Browser, site: str, talked_about: Report, artifact: Any, triager: Any
) -> None:
    sower = Sower(iter(shapes() * 9))
    sower.converse(talked_about)
    sower.sow()
    issue = Issue.objects.get(placements__report=talked_about, placements__superseded_at=None)
    look = Look(browser, site, triager)

    look.at(reverse("triage_issue", args=[issue.pk]))
    for page in (issue, artifact, talked_about):
        look.at(page.get_absolute_url())
    for address in asked(sower, ECHOES):
        look.at(address)
    look.page.locator("[name=summary]").fill(sower.next(150))
    look.page.locator("button[name=step][value=check]").click()
    look.judge("the form, refused")
    look.context.close()

    assert look.wrong == []
    assert len(shapes()) >= 200
    assert len(look.shown) > 200


@pytest.mark.long
def test_nothing_that_anybody_writes_runs_on_any_page_at_all(
    browser: Browser, filled: Site, triager: Any, maintainer: Any, somebody: Any
) -> None:
    chance, every = random.Random(20261122), shapes()
    sower = Sower(mutated(chance, every) for _ in count())
    wrong: list[str] = []
    at_desk = {**TRIAGER, **DESKS}
    for user, ways in ((None, ANYBODY), (somebody, SIGNED_IN), (triager, at_desk), (maintainer, MAINTAINER)):
        look = Look(browser, filled.base, user)
        carried = look.context.cookies()
        for name, way in ways.items():
            sower.sow()
            way(look.page, filled)
            look.judge(name)
            look.context.clear_cookies()
            look.context.add_cookies(carried)  # type: ignore[arg-type] # as they were read
        look.context.close()
        wrong += look.wrong

    assert wrong == []


@pytest.mark.long
def test_nothing_that_anybody_writes_runs_anywhere(
    browser: Browser, site: str, talked_about: Report, triager: Any, record_property: Any
) -> None:
    chance, every = random.Random(20261123), shapes()
    sower = Sower(mutated(chance, every) for _ in count())
    issue = issue_of(talked_about)
    look = Look(browser, site, triager)
    while len(look.shown) < LONG_RUN:
        sower.converse(talked_about)
        sower.sow()
        look.at(reverse("triage_issue", args=[issue.pk]))
        for address in asked(sower, ECHOES):
            look.at(address)
    look.context.close()
    record_property("inputs", f"{sower.given} given, {len(look.shown)} seen on {look.pages} pages")

    assert look.wrong == []
