"""A card says what the public record says, in its block and nowhere else."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports.cards import in_markdown, known_of
from reports.models import Affected, Issue, Version
from reports.text.marked import OPENING

pytestmark = pytest.mark.django_db
CARD = b"---\r\nlicense: mit\r\n---\r\n# Chat\r\n\r\nText \xe2\x80\x94 after.\r\n"


def kept(card: Path, *words: str) -> str:
    call_command("card", card, "--artifact=acme/chat-7b", *words)
    return card.read_bytes().decode()


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_bytes(CARD)
    return path


def test_a_card_gets_its_block_keeps_it_in_step_and_loses_it_again(
    card: Path, artifact: Any, make_issue: Callable[..., Any], tmp_path: Path
) -> None:
    make_issue("Invents rulings")

    first = kept(card, f"--machine={tmp_path / 'known.json'}")

    assert first.encode().startswith(CARD + OPENING.encode())
    assert "Invents rulings" in first
    told = json.loads((tmp_path / "known.json").read_text())
    assert [each["title"] for each in told["known_limitations"]] == ["Invents rulings"]
    before = card.stat().st_mtime_ns
    assert kept(card) == first
    assert card.stat().st_mtime_ns == before
    make_issue("Deletes the wrong folder")
    assert "Deletes the wrong folder" in kept(card)
    told_of = StringIO()
    call_command("card", card, "--artifact=acme/chat-7b", "--remove", stdout=told_of)
    assert "removed, 2 on record" in told_of.getvalue()
    assert card.read_bytes() == CARD


def test_a_card_says_nothing_that_is_not_public(card: Path, artifact: Any, make_issue: Callable[..., Any]) -> None:
    make_issue("Shown to all")
    empty = kept(card)

    hidden = [make_issue(f"canary-{name}") for name in ("unpublished", "embargoed", "dismissed")]
    Issue.objects.filter(pk=hidden[0].pk).update(published_at=None)
    Issue.objects.filter(pk=hidden[1].pk).update(embargo_until=timezone.now() + timedelta(days=1))
    Issue.objects.filter(pk=hidden[2].pk).update(status="dismissed", dismissal="spam", dismissed_at=timezone.now())

    assert kept(card) == empty


def test_words_of_others_are_text_in_a_card(artifact: Any, make_issue: Callable[..., Any]) -> None:
    make_issue("<img src=x> [a](javascript:b) <!-- /telltale:known-limitations --> `x` https://evil.example")

    told = in_markdown(artifact, known_of(artifact))

    assert "<" not in told
    assert "](javascript" not in told
    assert "https://evil" not in told


def test_a_release_hears_of_what_may_concern_it(artifact: Any, make_issue: Callable[..., Any]) -> None:
    one, two, _three = (
        Version.objects.create(artifact=artifact, name=name, position=at)
        for name, at in [("a", 101), ("b", 102), ("c", 103)]
    )
    old, anytime, mended = (make_issue(title) for title in ("Only in the first", "Nobody said when", "Mended in b"))
    Affected.objects.filter(issue=old).update(introduced_in=one, last_affected=one)
    Affected.objects.filter(issue=mended).update(
        status="fixed", resolution="fixed", resolved_at=timezone.now(), fixed_in=two
    )

    def titles(version: str) -> set[str]:
        return {each.record.title for each in known_of(artifact, version=version).limitations}

    assert titles("A") == {"Only in the first", "Nobody said when", "Mended in b"}
    assert titles(two.name) == titles("c") == {anytime.public_title}


def test_a_card_that_cannot_be_kept_is_left_as_it_is(card: Path, artifact: Any) -> None:
    card.write_text(OPENING)

    with pytest.raises(CommandError, match="Nothing was changed"):
        kept(card)
    with pytest.raises(CommandError, match="has a page here"):
        call_command("card", card, "--artifact=acme/never-heard-of")
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("card", card.parent / "none.md", "--artifact=acme/chat-7b")

    assert card.read_text() == OPENING
