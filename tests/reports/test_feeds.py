"""Feeds and badges say what everybody may read, and change only when that does."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from reports.models import Artifact, Issue

pytestmark = pytest.mark.django_db
FEED, BADGE = "/models/acme/chat-7b/feed.atom", "/models/acme/chat-7b/badge.svg"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def entries(client: Client, address: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(client.get(address).content).findall("a:entry", ATOM)


def words(entry: ElementTree.Element, name: str) -> str:
    return entry.findtext(f"a:{name}", "", ATOM)


def test_a_feed_tells_of_each_issue_once_and_for_ever(
    client: Client, artifact: Artifact, make_issue: Callable[..., Any]
) -> None:
    issue = make_issue("Invents <b>rulings</b> & more", public_summary="Asked for one, it cited three.")

    (entry,) = entries(client, FEED)

    assert words(entry, "title") == f"{issue.number} Invents <b>rulings</b> & more"
    assert words(entry, "id").endswith(f",2026:/issues/{issue.number}/")
    assert words(entry, "summary").startswith("Asked for one, it cited three.")
    first = words(entry, "updated")
    Issue.objects.filter(pk=issue.pk).update(
        status="resolved", resolution="fixed", resolved_at=timezone.now() + timedelta(hours=1)
    )
    (again,) = entries(client, FEED)
    assert words(again, "id") == words(entry, "id")
    assert words(again, "updated") > first
    assert words(again, "published") == words(entry, "published")


def test_what_xml_cannot_write_takes_no_feed_away(
    client: Client, artifact: Artifact, file: Callable[..., Any], triager: Any
) -> None:
    from triage.decisions import decide

    report = file(summary="It invents\x1b[1m a \x01ruling \ufffe")
    decide(report.placements.get().issue, "confirm", by=triager, public_summary="Rang\x07 a bell.")

    for address in ("/issues/feed.atom", FEED):
        (entry,) = entries(client, address)
        assert words(entry, "title")[14:] == "It invents\ufffd[1m a \ufffdruling \ufffd"
        assert words(entry, "summary").startswith("Rang\ufffd a bell.")


def test_the_feed_of_the_site_is_as_narrow_as_the_list(client: Client, make_issue: Callable[..., Any]) -> None:
    make_issue("One", kind="privacy_leak")
    make_issue("Two", kind="unsafe_action")

    assert len(entries(client, "/issues/feed.atom")) == 2
    assert [words(each, "title")[14:] for each in entries(client, "/issues/feed.atom?kind=unsafe_action")] == ["Two"]
    assert entries(client, "/issues/feed.atom?kind=unsafe_action&state=resolved") == []


def test_hidden_rows_move_neither_feed_nor_badge(
    client: Client, artifact: Artifact, make_issue: Callable[..., Any], triager: Any
) -> None:
    make_issue("Shown")
    addresses = [FEED, BADGE, BADGE.replace("svg", "png"), "/issues/feed.atom"]
    before = [(client.get(each).content, client.get(each)["ETag"]) for each in addresses]

    hidden = [make_issue("canary") for _ in range(3)]
    Issue.objects.filter(pk=hidden[0].pk).update(published_at=None)
    Issue.objects.filter(pk=hidden[1].pk).update(embargo_until=timezone.now() + timedelta(days=1))
    Issue.objects.filter(pk=hidden[2].pk).update(status="new", number=None, published_at=None, confirmed_at=None)
    client.force_login(triager)

    assert [(client.get(each).content, client.get(each)["ETag"]) for each in addresses] == before


def test_what_a_reader_has_is_not_sent_again(client: Client, make_issue: Callable[..., Any]) -> None:
    make_issue("Shown")

    for address in (FEED, BADGE):
        tag = client.get(address)["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_an_empty_feed_is_the_same_tomorrow(client: Client, artifact: Artifact) -> None:
    assert client.get(FEED).content == client.get(FEED).content
    assert b"2026-01-01T00:00:00" in client.get(FEED).content


def test_old_names_lead_on_and_what_has_no_page_has_no_feed(client: Client, artifact: Artifact) -> None:
    Artifact.objects.create(kind="model", org="acme", name="hidden")

    assert client.get("/models/ACME/Chat-7B/feed.atom")["Location"] == FEED
    assert client.get("/models/ACME/Chat-7B/badge.svg")["Location"] == BADGE
    assert client.get("/models/acme/hidden/feed.atom").status_code == 404
    assert client.get("/models/acme/hidden/badge.png").status_code == 404
    assert client.get("/models/acme/none/feed.atom").status_code == 404


def test_a_badge_counts_in_words(client: Client, make_issue: Callable[..., Any]) -> None:
    make_issue("Open")
    make_issue("Ended", status="resolved")
    make_issue("Ended too", status="resolved")

    drawn = ElementTree.fromstring(client.get(BADGE).content)

    assert drawn.get("aria-label") == "issues on record: 1 open, 2 resolved"
    assert client.get(BADGE)["Content-Type"] == "image/svg+xml"
    assert "unsafe" not in client.get(BADGE)["Content-Security-Policy"]
    assert not client.get(BADGE).cookies
    with Image.open(io.BytesIO(client.get(BADGE.replace("svg", "png")).content)) as picture:
        assert picture.size == (int(drawn.get("width", "0")) * 3, 60)


def test_a_badge_speaks_the_language_that_is_asked_for(client: Client, artifact: Artifact) -> None:
    english = client.get(BADGE, headers={"Accept-Language": "ar"}).content

    assert client.get(BADGE).content == english
    assert client.get(f"{BADGE}?language=xx").content == english
    assert client.get(f"{BADGE}?language=ar").status_code == 200
    assert client.get(f"{BADGE.replace('svg', 'png')}?language=ar").status_code == 200
