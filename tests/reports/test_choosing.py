"""Choosing what a report is about, as it is typed: only from what has a page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports.models import Alias, Artifact, Version
from reports.naming import artifact_named

Make = Callable[..., Any]


@pytest.fixture
def shelf(artifact: Artifact) -> list[Artifact]:
    """Four artifacts with a page; the first is acme/chat-7b."""
    found = [artifact]
    for kind, name, developer in (
        ("model", "acme/chat-7b-tuned", "Acme"),
        ("system", "harbor/helper-chat", "Harbor Works"),
        ("dataset", "kelp/crawl", "Kelp"),
    ):
        made = artifact_named(kind, name, developer=developer)
        made.confirmed_at = timezone.now()
        made.title = {"kelp/crawl": "Seaweed corpus"}.get(name, "")
        made.save()
        found.append(made)
    Alias.objects.create(artifact=found[2], name="Dock bot")
    return found


def offered(client: Client, q: str, kind: str = "") -> list[str]:
    answer = client.get(reverse("report_artifacts"), {"q": q, "kind": kind})
    assert answer.status_code == 200
    return re.findall(r'data-artifact="([^"]*)"', answer.content.decode())


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("acme/ch", "acme/chat-7b"),
        ("CHAT-7B", "acme/chat-7b"),
        ("chat 7b", "acme/chat-7b"),
        ("https://hub.example/acme/chat-7b-tuned/tree/main", "acme/chat-7b-tuned"),
        ("dock", "harbor/helper-chat"),
        ("Harbor W", "harbor/helper-chat"),
        ("seaweed", "kelp/crawl"),
        ("kelp", "kelp/crawl"),
    ],
)
def test_a_name_in_any_shape_is_understood(client: Client, shelf: list[Artifact], typed: str, first: str) -> None:
    assert offered(client, typed)[0] == first


def test_what_begins_so_comes_before_what_holds_it_and_the_kind_decides_between_equals(
    client: Client, shelf: list[Artifact]
) -> None:
    assert offered(client, "chat") == ["acme/chat-7b", "acme/chat-7b-tuned", "harbor/helper-chat"]
    assert offered(client, "a", "dataset")[0] != "kelp/crawl"
    assert offered(client, "h", "system")[0] == "harbor/helper-chat"


def test_at_most_eight_are_offered_and_two_more_ways(client: Client, db: None) -> None:
    for number in range(12):
        Artifact.objects.create(org="acme", name=f"chat-{number}", confirmed_at=timezone.now())

    page = client.get(reverse("report_artifacts"), {"q": "chat"}).content.decode()

    assert len(offered(client, "chat")) == 8
    assert "data-typed" in page
    assert "data-unknown" in page


@pytest.mark.parametrize("typed", ["", " ", "/", "%", "_", "\\", "\0", "http://[", "<b>", "a" * 3000, "’; --", "../.."])
def test_whatever_is_typed_is_answered(client: Client, shelf: list[Artifact], typed: str) -> None:
    answer = client.get(reverse("report_artifacts"), {"q": typed, "kind": typed})

    assert answer.status_code == 200
    assert b"<b>" not in answer.content.replace(b"<b><bdi>", b"")


def test_what_nobody_has_confirmed_changes_no_answer(client: Client, shelf: list[Artifact], triager: Any) -> None:
    asks = ["chat", "acme", "acme/", "secret", "https://hub.example/acme/secret-chat", "s"]
    before = [client.get(reverse("report_artifacts"), {"q": q}).content for q in asks]
    versions = client.get(reverse("report_versions"), {"artifact": "secret-chat"}).content

    secret = artifact_named("model", "acme/secret-chat", developer="Secret")
    Alias.objects.create(artifact=secret, name="chat secret")
    Version.objects.create(artifact=secret, name="s-1", position=1)
    gone = artifact_named("model", "acme/chat-gone")
    Artifact.objects.filter(pk=gone.pk).update(merged_into=shelf[0], confirmed_at=timezone.now())

    assert [client.get(reverse("report_artifacts"), {"q": q}).content for q in asks] == before
    assert client.get(reverse("report_versions"), {"artifact": "secret-chat"}).content == versions
    client.force_login(triager)
    assert "acme/secret-chat" not in offered(client, "secret")


def test_its_versions_are_offered_the_newest_first_and_none_that_was_only_typed(
    client: Client, shelf: list[Artifact]
) -> None:
    Version.objects.create(artifact=shelf[0], name="my own build")

    page = client.get(reverse("report_versions"), {"artifact": "acme/chat-7b", "kind": "model"}).content.decode()

    assert re.findall(r'value="([^"]*)"', page) == ["2026-06", "2026-05"]
    assert client.get(reverse("report_versions"), {"artifact": "\0"}).content.strip() == b""


def test_choosing_costs_one_statement_however_many_there_are(
    client: Client, shelf: list[Artifact], django_assert_num_queries: Any
) -> None:
    for q in ("seaweed", "chat"):
        with django_assert_num_queries(1):
            client.get(reverse("report_artifacts"), {"q": q})
