"""The page to copy a card's block from, and the files beside it."""

import json
import shlex
from copy import deepcopy
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports import cards
from reports.cards import in_json, in_markdown, known_of
from reports.models import Affected, Artifact, Issue, Version
from reports.text.marked import CLOSING, OPENING

pytestmark = pytest.mark.django_db
PAGE = "/models/acme/chat-7b/card/"
BLOCK = "/models/acme/chat-7b/card.md"
FACTS = "/models/acme/chat-7b/known-limitations.json"


@pytest.fixture(scope="module")
def stood(ground: Any) -> list[Issue]:
    first, last = ground.make_issue("Only in the <first>"), ground.make_issue("Whenever", status="resolved")
    one = Version.objects.get(artifact=ground.artifact, name="2026-05")
    Affected.objects.filter(issue=first).update(introduced_in=one, last_affected=one)
    return [first, last]


@pytest.fixture
def issues(stood: list[Issue]) -> list[Issue]:
    return deepcopy(stood)


@pytest.fixture
def artifact(ground: Any) -> Artifact:
    return deepcopy(ground.artifact)  # type: ignore[no-any-return] # the ground is untyped


def test_the_page_offers_what_a_card_takes(client: Client, issues: list[Issue], artifact: Artifact) -> None:
    page = unescape(client.get(PAGE).content.decode())

    block = in_markdown(artifact, known_of(artifact))
    assert f"{OPENING}\n\n{block}\n\n{CLOSING}" in page
    assert "manage.py card README.md --artifact acme/chat-7b" in page
    assert 'href="/models/acme/chat-7b/card.md"' in page
    assert 'href="/models/acme/chat-7b/known-limitations.json"' in page
    assert len(client.get(PAGE).content) < 50_000


def test_the_block_is_put_into_a_card_by_hand_and_kept_by_the_command(
    client: Client, issues: list[Issue], artifact: Artifact, tmp_path: Path
) -> None:
    card = tmp_path / "README.md"
    card.write_bytes(b"# Chat\n" + client.get(BLOCK).content)
    copied = card.read_bytes()

    call_command("card", card, "--artifact=acme/chat-7b")

    assert card.read_bytes() == copied


def test_a_version_narrows_all_three(client: Client, issues: list[Issue]) -> None:
    for address in (PAGE, BLOCK, FACTS):
        newer = client.get(f"{address}?version=2026-06").content.decode()
        older = client.get(f"{address}?version=2026-05").content.decode()
        assert "Whenever" in newer
        assert "Whenever" in older
        assert "Only in the" in older
        assert "Only in the" not in newer
    assert "--release 2026-06" in unescape(client.get(f"{PAGE}?version=2026-06").content.decode())


def test_a_version_nobody_knows_is_no_error(client: Client, issues: list[Issue]) -> None:
    for version in ("9.9", "%00", "x" * 5_000, "<script>", "' ; rm -rf", "٢٫٠"):
        for address in (PAGE, BLOCK, FACTS):
            answer = client.get(f"{address}?version={version}&language=xx")
            assert answer.status_code == 200
            assert address == FACTS or b"<script>" not in answer.content


def test_what_is_copied_into_a_shell_is_quoted(client: Client, issues: list[Issue]) -> None:
    page = unescape(client.get(f"{PAGE}?version=1'%20%24(id)").content.decode())

    assert shlex.join(["--release", "1' $(id)"]) in page
    assert "version=1%27+%24%28id%29" in page


def test_a_language_is_asked_for(client: Client, issues: list[Issue]) -> None:
    english = client.get(BLOCK, headers={"Accept-Language": "ar"}).content

    assert client.get(BLOCK).content == english
    assert client.get(f"{BLOCK}?language=ar").status_code == 200
    assert "--language ar" in client.get(PAGE, headers={"Accept-Language": "ar"}).content.decode()


def test_a_data_card_is_kept_alike(client: Client, ground: Any, tmp_path: Path) -> None:
    pairs = Artifact.objects.create(kind="dataset", org="acme", name="pairs", confirmed_at=timezone.now())
    Artifact.objects.filter(pk=pairs.pk).update(family=pairs)
    pairs.refresh_from_db()
    ground.make_issue("Holds names of patients", artifact=pairs)
    card = tmp_path / "README.md"
    card.write_text("---\npretty_name: Pairs\n---\n# Pairs\n")

    call_command("card", card, "--artifact=acme/pairs", "--kind=dataset", f"--machine={tmp_path / 'known.json'}")

    assert "Holds names of patients" in card.read_text()
    assert (
        json.loads((tmp_path / "known.json").read_text())
        == client.get("/datasets/acme/pairs/known-limitations.json").json()
    )
    assert "--kind dataset" in client.get("/datasets/acme/pairs/card/").content.decode()


def test_hidden_rows_change_no_byte(client: Client, ground: Any, issues: list[Issue], triager: Any) -> None:
    addresses = [f"{address}{version}" for address in (PAGE, BLOCK, FACTS) for version in ("", "?version=2026-06")]
    before = [(client.get(each).content, client.get(each)["ETag"]) for each in addresses]

    hidden = [ground.make_issue("canary") for _ in range(4)]
    Issue.objects.filter(pk=hidden[0].pk).update(published_at=None)
    Issue.objects.filter(pk=hidden[1].pk).update(embargo_until=timezone.now() + timedelta(days=1))
    Issue.objects.filter(pk=hidden[2].pk).update(status="dismissed", dismissal="spam", dismissed_at=timezone.now())
    Affected.objects.filter(issue=hidden[3]).update(status="under_investigation", stated_at=None)
    Version.objects.create(artifact=ground.artifact, name="canary")

    assert [(client.get(each).content, client.get(each)["ETag"]) for each in addresses] == before
    for address, (_content, tag) in zip(addresses, before, strict=True):
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    client.force_login(triager)
    assert b"canary" not in client.get(PAGE).content


def test_what_there_is_no_room_for_stands_elsewhere(
    client: Client, ground: Any, issues: list[Issue], artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "MOST", 1)
    ground.make_issue("A third")

    known = known_of(artifact)

    assert (len(known.limitations), known.elsewhere, known.count) == (1, 2, 3)
    assert "[2 more are on record](http://127.0.0.1:8000/models/acme/chat-7b/)" in in_markdown(artifact, known)
    assert in_json(artifact, known)["elsewhere"] == 2
    assert "2 more on the page of the artifact" in client.get(PAGE).content.decode()
    assert known_of(artifact, version="2026-06").elsewhere == 1


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}?version=2026-05", BLOCK, FACTS])
def test_three_cost_as_many_questions_as_one(
    client: Client, ground: Any, issues: list[Issue], artifact: Artifact, address: str
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            assert client.get(address).status_code == 200
        return len(questions)

    asked()
    first = asked()
    ground.make_issue("Another")
    ground.make_issue("And one more")

    assert asked() == first


def test_old_names_lead_on_and_what_has_no_page_has_no_card(client: Client, artifact: Artifact) -> None:
    Artifact.objects.create(kind="model", org="acme", name="hidden")

    for address in (PAGE, BLOCK, FACTS):
        asked = f"{address}?version=2026-05"  # not told, it would be a file about all versions
        assert client.get(asked.replace("acme/chat-7b", "ACME/Chat-7B"))["Location"] == asked
        assert client.get(address.replace("chat-7b", "hidden")).status_code == 404
        assert client.post(address).status_code == 405
