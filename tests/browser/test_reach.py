"""Every page for everybody: axe-core finds nothing, light and dark, left to right and right to left, at 320 px too.

The API's documentation is left out: its page is Swagger's own.
"""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page

from accounts.tokens import sign_in_code
from reports.filing import file_report
from reports.models import Artifact, Issue, Report
from reports.vocabulary import Channel
from tests.browser.walk import ANYBODY, NARROW, SIGNED_IN, TRIAGER, WIDE, Site, Way
from tests.deciding import A_FIX
from triage.decisions import decide
from triage.models import Suggestion, Theme

pytestmark = pytest.mark.django_db(transaction=True)
AXE = Axe()
File = Callable[..., Report]
LEAFLET = "My mother cannot read the small print of a leaflet, so I asked for it in plain words."
TURNS = [{"role": "user", "content": "Cite a ruling"}, {"role": "assistant", "content": "Marlow v Teviot Water, 1987"}]
OTHERS = {
    "folder": ("unsafe_action", "Deletes the wrong folder", "Told to empty the trash, it removed my photographs."),
    "insult": ("toxic_or_hateful", "Insults who corrects it", "I corrected a date and it called me a name, twice."),
    "cleaner": ("dangerous_instructions", "Mixes two cleaners", "Asked about stains it told me to mix two of them."),
}


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def suggested(report: Report, target: Issue, nearest: Report) -> None:
    """An opinion of the engine with its reasons and marks, as the queue folds it."""
    features = [{"name": "quote", "weight": 0.8}, {"name": "language", "weight": 0.2}, {"name": "kind", "weight": -0.1}]
    spans = {"report": {"what_happened": [[0, 4]]}, "nearest": {"output": [[0, 6]]}}
    reasons = {"by": "text", "issue": target.pk, "nearest": nearest.pk, "score": 0.61, "threshold": 0.7}
    reasons |= {"features": features, "spans": spans}
    report.placements.update(reasons=reasons)
    Suggestion.objects.create(
        report=report, issue=target, score=0.61, band="likely", rank=0, method="m-1", reasons=reasons
    )


@pytest.fixture
def filled(
    site: str, file: File, answers: dict[str, Any], artifact: Artifact, triager: Any, someone: Callable[..., Any]
) -> Site:
    """A site with an issue of each sort on it, and every address that walk.py asks for."""
    rulings = [
        file(transcript=TURNS, severity="high", reproduction={"tries": 3, "failures": 2}, summary=f"A ruling, time {n}")
        for n in range(3)
    ]
    texts = {name: dict(zip(("kind", "summary", "what_happened"), said, strict=True)) for name, said in OTHERS.items()}
    lone, insult, cleaner = (file(**texts[name]) for name in ("folder", "insult", "cleaner"))
    odd = file(artifact="nobody/knows-it", kind="other", summary="It is on no list")
    suggested(lone, issue_of(rulings[0]), rulings[0])
    known = file(
        version="2026-06",
        kind="refuses_harmless",
        summary="Will not explain it",
        what_happened=f"{LEAFLET} It refused.",
    )
    decide(issue_of(known), "confirm", by=triager, public_title="Refuses leaflets", severity="critical")
    decide(issue_of(insult), "confirm", by=triager)
    decide(issue_of(insult), "resolve", by=triager, **A_FIX)
    theme = Theme.objects.create()
    for kindred in (rulings[0], insult):
        theme.members.create(issue=issue_of(kindred), score=0.2, method="theme-1")
    receipt = file_report(answers, channel=Channel.API)
    return Site(
        site,
        {
            "receipt": receipt.report.get_absolute_url(),
            "artifact": artifact.get_absolute_url(),
            "issue": issue_of(known).get_absolute_url(),
            "issue-resolved": issue_of(insult).get_absolute_url(),
            "sign-in": reverse("sign_in", args=[sign_in_code(someone("researcher"))]),
            "theme": reverse("theme", args=[theme.pk]),
            "desk-lone": reverse("triage_issue", args=[issue_of(lone).pk]),
            "desk-many": reverse("triage_issue", args=[issue_of(rulings[0]).pk]),
            "desk-held": reverse("triage_issue", args=[issue_of(cleaner).pk]),
            "desk-unlisted": reverse("triage_issue", args=[issue_of(odd).pk]),
            "desk-confirmed": reverse("triage_issue", args=[issue_of(known).pk]),
            "desk-resolved": reverse("triage_issue", args=[issue_of(insult).pk]),
        },
        receipt.report.reference,
        receipt.code,
    )


def cookies(user: Any, site: Site) -> list[dict[str, Any]]:
    """What somebody signed in carries."""
    client = Client()
    client.force_login(user)
    return [{"name": morsel.key, "value": morsel.value, "url": site.base} for morsel in client.cookies.values()]


def faults(page: Page, **options: Any) -> list[str]:
    options["resultTypes"] = ["violations"]
    found = AXE.run(page, options=options).response["violations"]
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]


def walked(browser: Browser, site: Site, ways: dict[str, Way], user: Any, locale: str) -> dict[str, list[str]]:
    """What is wrong, by page. Dark changes colours only and Arabic none, so each is asked for what it changes."""
    wrong: dict[str, list[str]] = {}
    context = browser.new_context(locale=locale, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    if user is not None:
        context.add_cookies(cookies(user, site))  # type: ignore[arg-type] # a plain dict is one
    carried = context.cookies()
    page = context.new_page()
    for name, way in ways.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)
        way(page, site)
        told = faults(page, rules={"color-contrast": {"enabled": locale == "en"}})
        if locale == "en":
            page.emulate_media(color_scheme="dark")
            told += [f"dark: {fault}" for fault in faults(page, runOnly=["color-contrast"])]
        elif page.evaluate("document.documentElement.dir") != "rtl":
            told.append("does not read from right to left")
        page.set_viewport_size(NARROW)
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
            told.append("scrolls sideways at 320 px")
        if told:
            wrong[name] = told
        context.clear_cookies()
        context.add_cookies(carried)  # type: ignore[arg-type] # as they were read
    context.close()
    return wrong


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_nobody_is_kept_out_of_the_public_pages(browser: Browser, filled: Site, locale: str) -> None:
    assert walked(browser, filled, ANYBODY, None, locale) == {}


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_nobody_is_kept_from_deciding(
    browser: Browser, filled: Site, triager: Any, someone: Callable[..., Any], locale: str
) -> None:
    assert walked(browser, filled, SIGNED_IN, someone(), locale) == {}
    assert walked(browser, filled, TRIAGER, triager, locale) == {}
