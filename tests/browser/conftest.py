"""One Chromium for the whole run, a live site on the database of the test, and contexts that watch what pages do."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect, sync_playwright

from tests.browser.walk import FLAGS, PHONE, WIDE, Site

# Playwright's own loop runs in this thread, which Django would take for an asynchronous caller of the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
PATIENCE_MS = 30_000  # what is waited for comes, on a loaded machine late
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def site(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the site; it takes itself for the loopback demo it is, and us, who type fast, for people."""
    monkeypatch.setattr("reports.traps.LEAST_S", 0)
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.WEBHOOKS = True
    return str(live_server.url)


@pytest.fixture
def somebody(someone: Callable[..., Any]) -> Any:
    """Has an account and no role."""
    return someone()


@pytest.fixture
def maintainer(someone: Callable[..., Any], artifact: Any) -> Any:
    return someone("maintainer", artifact_id=artifact.pk)


@pytest.fixture
def filled(
    site: str,
    file: Callable[..., Any],
    answers: dict[str, Any],
    artifact: Any,
    triager: Any,
    maintainer: Any,
    somebody: Any,
) -> Site:
    """A site with an issue of each sort on it, and every address that walk.py asks for."""
    from tests.browser.filled import fill  # not before Django is set up

    return fill(site, file, answers, artifact, triager=triager, maintainer=maintainer, somebody=somebody)


# A page that answers 404, 403 or 422 on purpose is told of as one that failed to load; and what the page itself gave
# up, for something else was asked for meanwhile or somebody left, as a request that failed.
EXPECTED = ("Failed to load resource", "htmx:afterRequest", "htmx:sendAbort", "htmx:sendError")
GIVEN_UP = ("net::ERR_ABORTED", "net::ERR_INTERNET_DISCONNECTED")  # the latter only where a test cuts it off


def of_part(answer: Response) -> list[str]:
    """A style, script or picture of a page that was not to be had; a press that is refused answers 409 or 422."""
    is_page = answer.request.resource_type == "document"
    is_refused = answer.request.resource_type == "xhr" and answer.status in (409, 422)
    return [] if is_page or is_refused or answer.status < 400 else [f"{answer.status} {answer.url}"]


class Watch:
    """What pages complain of, any request to somewhere else among it, and what they are still waiting for."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.complaints: list[str] = []
        self.under_way: set[Request] = set()

    def over(self, page: Page) -> Page:
        told, under_way = self.complaints, self.under_way
        page.on("console", lambda said: told.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda sent: under_way.update([sent]))
        page.on("requestfinished", lambda sent: under_way.difference_update([sent]))
        page.on("requestfailed", lambda sent: under_way.difference_update([sent]))
        page.on("request", lambda sent: None if sent.url.startswith((self.site, "data:")) else told.append(sent.url))
        page.on("requestfailed", lambda sent: told.append(f"{sent.url}: {sent.failure}"))
        page.on("response", lambda answer: told.extend(of_part(answer)))
        return page

    def let_end(self, pages: list[Page]) -> None:
        """What was asked for last is answered, for the tables are emptied next."""
        for _ in range(250):
            if not self.under_way:
                return
            pages[0].wait_for_timeout(20)

    def unexpected(self) -> list[str]:
        return [said for said in self.complaints if not said.startswith(EXPECTED) and not said.endswith(GIVEN_UP)]


@pytest.fixture
def visitor(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """A page in a browser of its own, as strict as a visitor's: what it complains of fails the test at its end."""
    watch = Watch(site)
    contexts: list[BrowserContext] = []

    def come(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": PHONE, **options}, base_url=site)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return watch.over(context.new_page())

    yield come
    watch.let_end([page for context in contexts for page in context.pages])
    for context in contexts:
        context.close()
    assert watch.unexpected() == []


@pytest.fixture(scope="module")
def seat(browser: Browser, live_server: Any) -> Iterator[Page]:
    """One wide browser for all tests of a module: a new one costs more than most of them do."""
    context = browser.new_context(viewport=WIDE, base_url=live_server.url)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def seated(seat: Page, site: str) -> Iterator[Page]:
    """The module's browser as if it were new, and watched like a visitor's. A module that takes it leaves nothing in
    it but cookies, routes and pages gone by."""
    watch = Watch(site)
    yield watch.over(seat)
    watch.let_end([seat])
    seat.unroute_all()
    seat.goto("about:blank")  # so that nothing is asked for any more
    seat.context.clear_cookies()
    assert watch.unexpected() == []
