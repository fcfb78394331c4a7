"""What is masked is gone: the words, their number, and every door asks the same function."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reports.models import Evidence, Redaction, Report
from reports.redaction import MARK, Reader, masked, merged, words_for

LETTERS = "".join(chr(code) for code in range(0x1F600, 0x1F600 + 40))  # each once, and two units each in a browser
PLACES = st.tuples(st.integers(-5, 60), st.integers(-5, 60))


@given(size=st.integers(0, 40), spans=st.lists(PLACES, max_size=8))
def test_no_redacted_character_is_left_and_every_other_is(size: int, spans: list[tuple[int, int]]) -> None:
    text = LETTERS[:size]

    told = masked(text, spans)

    hidden = {text[at] for start, end in spans for at in range(max(0, start), min(size, end))}
    assert not hidden & set(told.text)
    assert told.text.replace(MARK, "") == "".join(sign for sign in text if sign not in hidden)
    assert [told.text[start:end] for start, end in told.gaps] == [MARK] * told.text.count(MARK)


@given(
    size=st.integers(0, 40),
    spans=st.lists(PLACES, max_size=6),
    chosen=st.tuples(st.integers(0, 45), st.integers(0, 45)),
)
def test_an_excerpt_shows_nothing_around_it_and_nothing_removed(
    size: int, spans: list[tuple[int, int]], chosen: tuple[int, int]
) -> None:
    text, (start, end) = LETTERS[:size], chosen

    told = masked(text, spans, start=start, end=end)

    hidden = {text[at] for first, last in spans for at in range(max(0, first), min(size, last))}
    wanted = "".join(sign for sign in text[start : max(start, end)] if sign not in hidden)
    assert told.text.replace(MARK, "") == wanted


@given(size=st.integers(1, 40), spans=st.lists(PLACES, max_size=6), marks=st.lists(PLACES, max_size=6))
def test_marks_of_the_engine_move_with_the_words(
    size: int, spans: list[tuple[int, int]], marks: list[tuple[int, int]]
) -> None:
    text = LETTERS[:size]
    marks = [(max(0, start), min(size, end)) for start, end in marks if max(0, start) < min(size, end)]

    told = masked(text, spans)

    hidden = {text[at] for first, last in spans for at in range(max(0, first), min(size, last))}
    wanted = ["".join(sign for sign in text[start:end] if sign not in hidden) for start, end in marks]
    moved = "".join(told.text[start:end] for start, end in told.moved(marks))
    assert moved == "".join(wanted)


@given(spans=st.lists(PLACES, max_size=8), size=st.integers(0, 50))
def test_merged_spans_are_in_order_and_apart(spans: list[tuple[int, int]], size: int) -> None:
    joined = merged(spans, size=size)

    assert all(0 <= start < end <= size for start, end in joined)
    assert all(before[1] < after[0] for before, after in pairwise(joined))


def test_how_much_was_removed_is_not_told() -> None:
    one, many = masked("Call Ann now", [(5, 8)]), masked("Call Annabel Lee now", [(5, 12), (12, 16)])

    assert one.text == many.text == f"Call {MARK} now"
    assert one.gaps == ((5, 5 + len(MARK)),)


def test_only_who_asked_reads_what_was_removed() -> None:
    evidence = Evidence(plain_summary="Tells Ann's number", plain_transcript=[{"role": "user", "content": "Ring Ann"}])
    spans = [Redaction(part="summary", start=6, end=9), Redaction(part="turn:0", start=5, end=8)]

    for reader in (Reader.EVERYBODY, Reader.MAINTAINER, Reader.TRIAGER):
        assert not any("Ann" in words.text for words in words_for(evidence, spans, reader).values())
    assert words_for(evidence, spans, Reader.ASKED)["turn:0"].text == "Ring Ann"


def test_a_redaction_that_ended_hides_nothing() -> None:
    ended = Redaction(part="summary", start=0, end=5, ended_at=timezone.now())

    assert words_for(Evidence(plain_summary="Tells all"), [ended], Reader.EVERYBODY)["summary"].text == "Tells all"


def test_spans_of_words_that_were_erased_since_break_nothing() -> None:
    spans = [Redaction(part="summary", start=2, end=900), Redaction(part="turn:7", start=0, end=4)]

    assert words_for(Evidence(plain_summary=""), spans, Reader.EVERYBODY) == {}
    assert words_for(Evidence(plain_summary="ab"), spans, Reader.EVERYBODY)["summary"].text == "ab"


@pytest.mark.django_db
def test_what_everybody_may_read_moves_with_the_rows(file: Any, make_issue: Any) -> None:
    """One report, chosen whole; each thing that keeps it back takes it off the page."""
    from accounts.policy import ANONYMOUS
    from reports.models import Excerpt, Placement
    from reports.record import excerpts_of

    issue, report = make_issue(), file(grouped=False)
    Placement.objects.create(report=report, issue=issue, by="person")
    Excerpt.objects.create(report=report, issue=issue, part="summary", start=0, end=11)

    def told() -> list[str]:
        return [quote.text for quoted in excerpts_of(issue, ANONYMOUS) for quote in quoted.quotes]

    assert told() == ["It invents "]
    soon = timezone.now() + timedelta(days=1)
    now = timezone.now()
    kept_back: list[dict[str, Any]] = [
        {"visibility": "private"},
        {"held_at": now},
        {"withdrawn_at": now},
        {"erased_at": now},
        {"embargo_until": soon},
        {"hazard_level": 2},
        {"hazard_level": 1},
    ]
    stood = {"visibility": report.visibility, "hazard_level": 0}
    for change in kept_back:
        Report.objects.filter(pk=report.pk).update(**change)
        assert told() == [], change
        Report.objects.filter(pk=report.pk).update(**{name: stood.get(name) for name in change})
    assert told() == ["It invents "]
    for name, value in {"hazard_level": 2, "embargo_until": soon, "published_at": None}.items():
        before = getattr(issue, name)
        type(issue).objects.filter(pk=issue.pk).update(**{name: value})
        issue.refresh_from_db()
        assert told() == [], name
        type(issue).objects.filter(pk=issue.pk).update(**{name: before})
        issue.refresh_from_db()
    Placement.objects.filter(report=report).update(superseded_at=now)
    assert told() == []
