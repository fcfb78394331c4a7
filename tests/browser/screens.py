"""Screenshots of every page into screens/: ``python -m tests.browser.screens [PAGE …]``, which is ``make screens``.

Starts a demo site of its own in a throw-away state folder and stops it at the end.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.walk import (
    ANYBODY,
    DESKS,
    FLAGS,
    MAINTAINER,
    PHONE,
    SIGNED_IN,
    TRIAGER,
    WIDE,
    Site,
    Way,
    receipt_fresh,
)

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "screens"
STOP_S = 15
ANSWERED_FOR = "northlight/harbor-7b"
WITHOUT = {"tombstone", "unsubscribe", "receipt-asked", "receipt-declined", "webhook"}  # of which the demo has none
WALKS = {"": ANYBODY, "somebody": SIGNED_IN, "triager": {**TRIAGER, **DESKS}, "maintainer": MAINTAINER}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": WIDE},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "device_scale_factor": 2, "is_mobile": True, "has_touch": True},
    "arabic": {"viewport": WIDE, "locale": "ar"},
}


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def manage(environment: Mapping[str, str], *words: str) -> str:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


@contextmanager
def demo_site() -> Iterator[tuple[str, dict[str, str]]]:
    """A demo site in its own processes: its address and the environment its commands need."""
    with tempfile.TemporaryDirectory(prefix="telltale-screens-") as state:
        port = free_port()
        environment = {**os.environ, "STATE_DIR": state, "PORT": str(port), "DEMO": "1", "LOG_LEVEL": "ERROR"}
        environment["WEBHOOKS"] = "1"  # so that their pages are whole
        for name in ("SITE_URL", "DATABASE_URL", "BROKER_URL"):
            environment.pop(name, None)
        command = [sys.executable, "manage.py", "up"]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as up:
            try:
                for line in up.stdout or ():
                    say(line.rstrip())
                    if line.startswith("Telltale is ready"):
                        break
                else:
                    raise SystemExit("The demo site did not start.")
                yield f"http://127.0.0.1:{port}", environment
            finally:
                up.send_signal(signal.SIGTERM)
                up.communicate(timeout=STOP_S)


def sign_in_address(environment: Mapping[str, str], role: str, *about: str) -> str:
    printed = manage(environment, "grant", role, f"demo-{role}@example.org", *about)
    return printed.partition("within a day:")[2].split()[0]


def first_link(page: Page, address: str, selector: str) -> str:
    """Where the first link that fits leads to, among those of a list."""
    page.goto(address)
    return page.locator(selector).first.get_attribute("href") or "/"


def desk_addresses(page: Page, base: str) -> dict[str, str]:
    """One issue of each sort, as the queue shows them."""
    row = ".queue li{} a.title"
    return {
        "theme": first_link(page, f"{base}/triage/themes/?all=1", ".theme a.title"),
        "desk-lone": first_link(page, f"{base}/triage/?view=list", row.format(":has(.fold)")),
        "desk-many": first_link(page, f"{base}/triage/?view=list", row.format(":has(.spark):not(:has(.badge))")),
        "desk-held": first_link(page, f"{base}/triage/?view=list&kind=dangerous_instructions", row.format("")),
        "desk-unlisted": first_link(page, f"{base}/triage/?view=list&q=", row.format("")),
        "desk-confirmed": first_link(page, f"{base}/triage/?view=list&state=confirmed", row.format("")),
        "desk-resolved": first_link(page, f"{base}/triage/?view=list&state=resolved", row.format("")),
    }


def signed_up(browser: Browser, base: str) -> Any:
    """The cookies of somebody who has an account and no role."""
    page = browser.new_page()
    page.goto(f"{base}/accounts/signup/")
    page.locator("[name=email]").fill("somebody@example.org")
    page.locator("[name=password1]").fill("a long password of four words")
    page.locator("main form button[type=submit]").first.click()
    return left(page)


def signed_in(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.goto(address)
    page.locator("main form button").click()
    return page


def left(page: Page) -> Any:
    """The cookies of somebody who signed in, once the page is not needed any more."""
    state = page.context.storage_state()
    page.context.close()
    return state


def told_of_an_issue(page: Page, base: str) -> None:
    """The triager notifies the maintainer of an issue that was confirmed before there was one."""
    search = f"is:confirmed+artifact:{ANSWERED_FOR}"
    page.goto(base + first_link(page, f"{base}/triage/?view=list&q={search}", ".queue li a.title"))
    button = page.locator("form:has([name=verb][value=notify]) button")
    if button.count():
        button.first.click()


def look_round(browser: Browser, base: str, environment: Mapping[str, str]) -> tuple[Site, dict[str, Any]]:
    """What is to be seen on the site, and who is signed in for which pages."""
    maintainer = signed_in(browser, sign_in_address(environment, "maintainer", f"--artifact={ANSWERED_FOR}"))
    triager = signed_in(browser, sign_in_address(environment, "triager"))
    desk = desk_addresses(triager, base)
    told_of_an_issue(triager, base)
    page = browser.new_page()
    site = Site(base)
    receipt_fresh(page, site)
    code, reference = page.locator("#receipt-code").inner_text(), page.url.rstrip("/").rpartition("/")[2]
    addresses = desk | {
        "receipt": f"/reports/{reference}/",
        "artifact": f"/models/{ANSWERED_FOR}/",
        "issue": first_link(page, f"{base}/issues/?state=open", ".issues a.title"),
        "issue-resolved": first_link(page, f"{base}/issues/?state=resolved", ".issues a.title"),
        "sign-in": sign_in_address(environment, "triager").removeprefix(base),
    }
    page.context.close()
    cookies = {"somebody": signed_up(browser, base), "triager": left(triager), "maintainer": left(maintainer)}
    return Site(base, addresses, reference, code), cookies


def draw(page: Page, site: Site, name: str, way: Way, look: str) -> None:
    way(page, site)
    page.mouse.move(0, 0)
    page.screenshot(path=SCREENS / f"{name}.{look}.png", full_page=True)
    say(f"{name}.{look}.png")


def main(wanted: list[str]) -> None:
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("chromium is not installed.")
    SCREENS.mkdir(exist_ok=True)
    with demo_site() as (base, environment), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        site, cookies = look_round(browser, base, environment)
        for look, options in LOOKS.items():
            for who, ways in WALKS.items():
                for name, way in ways.items():
                    if name in WITHOUT or (wanted and name not in wanted):
                        continue
                    context = browser.new_context(**options, storage_state=cookies.get(who))
                    draw(context.new_page(), site, name, way, look)
                    context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
