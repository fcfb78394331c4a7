"""The map of the site and what robots are told: public pages alone, each with the day that everybody may know."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports import sitemap
from reports.models import Affected, Artifact, Issue
from reports.naming import artifact_named

Make = Callable[..., Any]
MAP = {"m": sitemap.NAMESPACE}
SITE = "http://127.0.0.1:8000"
pytestmark = pytest.mark.django_db


def listed(client: Client, address: str = "/sitemap.xml") -> dict[str, str]:
    """Paths with what is said of when they changed."""
    root = ElementTree.fromstring(client.get(address).content)
    return {(each.findtext("m:loc", "", MAP)).removeprefix(SITE): each.findtext("m:lastmod", "", MAP) for each in root}


def test_public_pages_are_on_the_map_with_the_day_they_changed(client: Client, make_issue: Make) -> None:
    issue = make_issue(published_at=timezone.now() - timedelta(days=2), confirmed_at=timezone.now() - timedelta(days=3))

    found = listed(client)

    assert found[issue.get_absolute_url()] == issue.published_at.isoformat()
    assert {"/", "/issues/", "/models/", "/systems/", "/datasets/", "/models/acme/chat-7b/"} <= found.keys()
    assert all(client.get(path).status_code == 200 for path in found)


def test_nothing_hidden_moves_the_map(client: Client, make_issue: Make, artifact: Artifact) -> None:
    shown = make_issue()
    before = client.get("/sitemap.xml")

    later = timezone.now() + timedelta(days=1)
    make_issue("Unpublished", published_at=None)
    make_issue("Embargoed", embargo_until=later)
    make_issue("New", status="new")
    make_issue("Dismissed", status="dismissed")
    hidden = artifact_named("system", "secret/canary")
    make_issue("Of what has no page", artifact=hidden)
    Affected.objects.create(issue=shown, artifact=hidden, status="affected", stated_at=later)
    Issue.objects.filter(pk=shown.pk).update(changed_at=later, snoozed_at=later, last_reported_at=later)

    after = client.get("/sitemap.xml")
    assert (after.content, after["ETag"], after["Last-Modified"]) == (
        before.content,
        before["ETag"],
        before["Last-Modified"],
    )
    assert client.get("/sitemap.xml", headers={"If-None-Match": before["ETag"]}).status_code == 304


def test_a_large_map_is_in_parts(client: Client, make_issue: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (make_issue(), make_issue(), make_issue()) and listed(client)
    monkeypatch.setattr(sitemap, "MOST", 2)
    monkeypatch.setattr("reports.pages.robots.MOST", 2)

    parts = listed(client)

    assert "/sitemap-issues-2.xml" in parts
    assert {path: at for part in parts for path, at in listed(client, part).items()} == whole
    for beyond in (
        "/sitemap-issues-3.xml",
        "/sitemap-issues-0.xml",
        "/sitemap-canary-1.xml",
        f"/sitemap-issues-{9**30}.xml",
    ):
        assert client.get(beyond).status_code == 404


def test_hostile_names_are_addresses_like_any_other(client: Client, make_issue: Make, artifact: Artifact) -> None:
    Artifact.objects.filter(pk=artifact.pk).update(org="a&b", name="<c>\"'\u2028]]>\u202eأحكام")

    found = listed(client)

    assert any(path.startswith("/models/a&b/%3Cc%3E") for path in found)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_map_costs_as_many_queries_however_long(
    client: Client, make_issue: Make, django_assert_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        make_issue()

    with django_assert_num_queries(4):
        client.get("/sitemap.xml")


def test_robots_read_what_is_public_and_stay_out_of_the_rest(client: Client) -> None:
    answer = client.get("/robots.txt")
    read = RobotFileParser()
    read.parse(answer.content.decode().splitlines())

    for name, args in (
        ("queue", ()),
        ("own_account", ()),
        ("receipt", ("r-1",)),
        ("api_file_report", ()),
        ("mine", ()),
    ):
        assert not read.can_fetch("*", reverse(name, args=args))
    for path in ("/", "/issues/", "/issues/TT-2026-00001/", "/models/acme/chat-7b/", "/report/", "/api/v1/issues/"):
        assert read.can_fetch("*", path)
    assert read.site_maps() == [f"{SITE}/sitemap.xml"]
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
