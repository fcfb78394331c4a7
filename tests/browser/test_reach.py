"""Every page for everybody: axe-core finds nothing, light and dark, left to right and right to left, at 320 px too.

The API's documentation is left out: its page is Swagger's own.
"""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import faults
from tests.browser.filled import cookies
from tests.browser.walk import ANYBODY, DESKS, MAINTAINER, NARROW, SIGNED_IN, TRIAGER, WIDE, Site, Way

pytestmark = pytest.mark.django_db(transaction=True)


def walked(
    browser: Browser, site: Site, ways: dict[str, Way], user: Any, locale: str, *, whole: bool = False
) -> dict[str, list[str]]:
    """What is wrong, by page. Dark changes colours only and Arabic none, so each is asked for what it changes.

    ``whole`` asks everything of everything: each language in both colours, and of a narrow page again.
    """
    wrong: dict[str, list[str]] = {}
    context = browser.new_context(locale=locale, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(60_000)  # a bound for a loaded machine, not a measure
    if user is not None:
        context.add_cookies(cookies(user, site.base))  # type: ignore[arg-type] # a plain dict is one
    carried = context.cookies()
    page = context.new_page()
    asks_colour = whole or locale == "en"
    for name, way in ways.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)
        way(page, site)
        told = faults(page, rules={"color-contrast": {"enabled": asks_colour}})
        if asks_colour:
            page.emulate_media(color_scheme="dark")
            told += [f"dark: {fault}" for fault in faults(page, runOnly=["color-contrast"])]
        if page.evaluate("document.documentElement.dir") != ("rtl" if locale == "ar" else "ltr"):
            told.append("reads in the wrong direction")
        page.set_viewport_size(NARROW)
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
            told.append("scrolls sideways at 320 px")
        if whole:
            told += [f"narrow: {fault}" for fault in faults(page)]
        if told:
            wrong[name] = told
        page.goto("about:blank")  # so that a form that saves itself as it is left does so before
        context.clear_cookies()
        context.add_cookies(carried)  # type: ignore[arg-type] # as they were read
    context.close()
    return wrong


@pytest.mark.parametrize("locale", ["en", pytest.param("ar", marks=pytest.mark.long)])  # mirrored: test_pseudo.py
def test_nobody_is_kept_out_of_the_public_pages(browser: Browser, filled: Site, locale: str) -> None:
    assert walked(browser, filled, ANYBODY, None, locale) == {}


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "zh-Hans", "ar"])
def test_nobody_is_kept_out_in_any_language_or_colour(
    browser: Browser, filled: Site, somebody: Any, locale: str
) -> None:
    assert walked(browser, filled, ANYBODY, None, locale, whole=True) == {}
    assert walked(browser, filled, SIGNED_IN, somebody, locale, whole=True) == {}


@pytest.mark.parametrize("locale", ["en", pytest.param("ar", marks=pytest.mark.long)])
def test_nobody_is_kept_from_deciding(browser: Browser, filled: Site, triager: Any, somebody: Any, locale: str) -> None:
    assert walked(browser, filled, SIGNED_IN, somebody, locale) == {}
    assert walked(browser, filled, TRIAGER, triager, locale) == {}


def test_nobody_is_kept_from_the_desks_that_matter_most(
    browser: Browser, filled: Site, triager: Any, maintainer: Any
) -> None:
    most = {name: DESKS[name] for name in ("merge-union", "bulk-preview", "artifact-desk", "publication")}
    assert walked(browser, filled, most, triager, "en") == {}
    assert walked(browser, filled, {"maintain-issue": MAINTAINER["maintain-issue"]}, maintainer, "en") == {}


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_nobody_is_kept_from_any_desk(
    browser: Browser, filled: Site, triager: Any, maintainer: Any, locale: str
) -> None:
    assert walked(browser, filled, DESKS, triager, locale, whole=True) == {}
    assert walked(browser, filled, MAINTAINER, maintainer, locale, whole=True) == {}
