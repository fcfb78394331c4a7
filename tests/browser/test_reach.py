"""Every page for everybody: axe-core finds nothing, light and dark, left to right and right to left, at 320 px too.

In the short run axe looks at each page once, in English, in one of four looks in turn, and measures contrasts, which
is most of its work, on every other page, in turns of light and dark; no page scrolls sideways. Each page in every look
with all its contrasts, the other languages, pages that are like another, and most of the desks are left to the long run
(mirrored: test_pseudo.py too).
"""

from typing import Any, Literal

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import faults
from tests.browser.filled import cookies
from tests.browser.walk import ANYBODY, DESKS, MAINTAINER, NARROW, SIGNED_IN, TRIAGER, WIDE, Site, Way

pytestmark = pytest.mark.django_db(transaction=True)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ALIKE = {"systems", "datasets", "models-by", "artifact-narrowed", "issues-none", "about-retention", "issue-resolved"}
ALIKE |= {"receipt-refused", "receipt-words-refused", "form-gate", "login-code", "password-reset"}
ALIKE |= {"about-operator", "receipt-open"}
ALIKE |= {"check", "desk-many", "desk-lone", "desk-confirmed", "desk-resolved"}  # another shows more on the same page
ALIKE |= {"queue-empty", "sign-out", "receipt-declined"}
LOOKS = [(scheme, size) for size in (WIDE, NARROW) for scheme in SCHEMES]
MEASURED = (0, 3)  # of the looks, for contrasts: a light one and a dark one


def differing(ways: dict[str, Way]) -> dict[str, Way]:
    return {name: way for name, way in ways.items() if name not in ALIKE}


def walked(
    browser: Browser, site: Site, ways: dict[str, Way], user: Any, locale: str = "en", *, whole: bool = False
) -> dict[str, list[str]]:
    """What is wrong, by page: each page in one of the looks, in turn, or ``whole``: each page in all of them."""
    wrong: dict[str, list[str]] = {}
    context = browser.new_context(locale=locale, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(60_000)  # a bound for a loaded machine, not a measure
    if user is not None:
        context.add_cookies(cookies(user, site.base))  # type: ignore[arg-type] # a plain dict is one
    carried = context.cookies()
    page = context.new_page()
    for at, (name, way) in enumerate(ways.items()):
        page.set_viewport_size(WIDE)
        way(page, site)
        told = []
        for scheme, size in LOOKS if whole else [LOOKS[at % len(LOOKS)]]:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            rules = {} if whole or at % len(LOOKS) in MEASURED else {"color-contrast": {"enabled": False}}
            told += [f"{scheme}, {size['width']} px: {fault}" for fault in faults(page, rules=rules)]
        if page.evaluate("document.documentElement.dir") != ("rtl" if locale == "ar" else "ltr"):
            told.append("reads in the wrong direction")
        page.set_viewport_size(NARROW)
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
            told.append("scrolls sideways at 320 px")
        if told:
            wrong[name] = told
        if "/report/" in page.url:  # the form saves itself as it is left, and does so before
            page.goto("about:blank")
        context.clear_cookies()
        context.add_cookies(carried)  # type: ignore[arg-type] # as they were read
    context.close()
    return wrong


def test_nobody_is_kept_out_of_the_public_pages(browser: Browser, filled: Site) -> None:
    assert walked(browser, filled, differing(ANYBODY), None) == {}


def test_nobody_is_kept_from_deciding(browser: Browser, filled: Site, triager: Any, somebody: Any) -> None:
    assert walked(browser, filled, differing(SIGNED_IN), somebody) == {}
    assert walked(browser, filled, differing(TRIAGER), triager) == {}


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "zh-Hans", "ar"])
def test_nobody_is_kept_out_in_any_language_or_look(
    browser: Browser, filled: Site, triager: Any, somebody: Any, locale: str
) -> None:
    assert walked(browser, filled, ANYBODY, None, locale, whole=True) == {}
    assert walked(browser, filled, SIGNED_IN, somebody, locale, whole=True) == {}
    assert walked(browser, filled, TRIAGER, triager, locale, whole=True) == {}


def test_nobody_is_kept_from_the_desks_that_matter_most(
    browser: Browser, filled: Site, triager: Any, maintainer: Any
) -> None:
    most = {name: DESKS[name] for name in ("merge-union", "bulk-preview", "artifact-desk", "publication")}
    assert walked(browser, filled, most, triager) == {}
    assert walked(browser, filled, {"maintain-issue": MAINTAINER["maintain-issue"]}, maintainer) == {}


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_nobody_is_kept_from_any_desk(
    browser: Browser, filled: Site, triager: Any, maintainer: Any, locale: str
) -> None:
    assert walked(browser, filled, DESKS, triager, locale, whole=True) == {}
    assert walked(browser, filled, MAINTAINER, maintainer, locale, whole=True) == {}
