"""Whoever reports without an account leaves no address, no browser's name and no e-mail behind that anybody could read.

A whole site with its worker and its queue; afterwards every table, what was logged and every file of the state folder.
"""

import json
import re
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import psycopg
import pytest

from bench.stack import Stack, wait_until
from config import postgres

ADDRESS = "203.0.113.77"
PREFIX = "203.0.113."
EMAIL = "canary-of-the-mine@mail.example"
BROWSER = "CanaryBrowser/7.31"
TELLTALES = [told.encode() for told in (PREFIX, "canary-of-the-mine", "CanaryBrowser")]
TOLD = {
    "artifact": "acme/chat-7b",
    "artifact_kind": "model",
    "summary": "It invents a court ruling",
    "what_happened": "I asked for rulings on rent and it cited one that was never made, with a date and a judge.",
    "kind": "false_information",
    "contact_email": EMAIL,
}
PATIENCE_S = 120


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path / "state", PROXY_COUNT="1", LOG_LEVEL="INFO")
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def reporter() -> OpenerDirector:
    """A browser behind the proxy, which says where it comes from."""
    opened = build_opener(HTTPCookieProcessor(CookieJar()))
    opened.addheaders = [("User-Agent", BROWSER), ("X-Forwarded-For", ADDRESS), ("Accept-Language", "en")]
    return opened


def test_nothing_is_left_of_where_a_report_came_from(site: Stack, reporter: OpenerDirector) -> None:
    receipt = by_api(site, reporter)
    by_form(site, reporter)
    knock_wrongly(site, reporter, receipt["reference"])
    wait_until(lambda: site.ungrouped() == 0, "all grouped", patience_s=PATIENCE_S)

    kept = dict(tables(site))
    assert site.count("SELECT count(*) FROM reports_report WHERE reporter_id IS NULL") == 2
    assert site.count("SELECT count(*) FROM reports_contact") == 2  # sealed
    assert site.count("SELECT count(*) FROM reports_ratebucket") > 3
    assert any(b"It invents a court ruling" in rows for rows in kept.values())  # what is there in clear is found
    assert any("message" in name for name in kept)  # the queue's own tables were looked at too
    site.stop()  # all is on disk
    logged = "\n".join(site.lines).encode()

    assert [name for name, rows in kept.items() if tells(rows)] == []
    assert tells(logged) == []
    assert [str(path) for path in site.state_dir.rglob("*") if path.is_file() and tells(path.read_bytes())] == []


def tells(kept: bytes) -> list[bytes]:
    """What gives somebody away, as it was sent or as PostgreSQL writes bytes."""
    return [told for told in TELLTALES if told in kept or told.hex().encode() in kept]


def by_api(site: Stack, reporter: OpenerDirector) -> dict[str, str]:
    body = json.dumps({**TOLD, "consent": True}).encode()
    address = f"http://127.0.0.1:{site.port}/api/v1/reports/"
    sent = Request(address, body, {"Content-Type": "application/json", "Idempotency-Key": "once"})
    with reporter.open(sent, timeout=PATIENCE_S) as answer:
        told: dict[str, str] = json.load(answer)
    return told


def by_form(site: Stack, reporter: OpenerDirector) -> None:
    form = {**TOLD, "summary": "It invents another ruling", "harm_occurred": "no", "visibility": "private"}
    form |= {"gate": "no", "may_contact": "on", "consent": "on"}
    checked = press(site, reporter, "/report/", form)
    sent = press(site, reporter, "/report/check/", {**hidden(checked), "step": "send"}, page=checked)
    assert "/reports/" in sent


def knock_wrongly(site: Stack, reporter: OpenerDirector, reference: str) -> None:
    """A code that is wrong, and somebody who is unknown: both are counted by where they come from."""
    wrong = {"login": "nobody@example.org", "password": "not this one"}
    for path, fields in ((f"/reports/{reference}/", {"code": "wrong"}), ("/accounts/login/", wrong)):
        press(site, another_browser_of(reporter), path, fields)


def another_browser_of(reporter: OpenerDirector) -> OpenerDirector:
    """The same person in another browser, where the receipt is not open yet."""
    opened = build_opener(HTTPCookieProcessor(CookieJar()))
    opened.addheaders = reporter.addheaders
    return opened


def press(site: Stack, reporter: OpenerDirector, path: str, fields: dict[str, str], *, page: str = "") -> str:
    """The page that answers a form; an answer that refuses is one too."""
    address = f"http://127.0.0.1:{site.port}{path}"
    if not page:
        with reporter.open(address, timeout=PATIENCE_S) as answer:
            page = answer.read().decode()
    body = urlencode({**hidden(page), **fields}).encode()
    try:
        with reporter.open(address, body, timeout=PATIENCE_S) as answer:
            told: bytes = answer.read()
    except HTTPError as refused:
        told = refused.read()
    return told.decode()


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def tables(site: Stack) -> Iterator[tuple[str, bytes]]:
    """Every table of the site and of its queue, as COPY writes it."""
    for database in (postgres.conninfo(site.state_dir), postgres.conninfo(site.state_dir, postgres.BROKER_DATABASE)):
        with psycopg.connect(database) as connection:
            names = connection.execute(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for (name,) in names:
                with connection.cursor().copy(f"COPY {name} TO STDOUT".encode()) as rows:
                    yield name, b"".join(bytes(row) for row in rows)
