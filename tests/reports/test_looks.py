"""Hostile text stays text, and what hides is shown."""

import re
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.contrib.messages import SUCCESS, WARNING
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from reports.templatetags import looks

ATTACK = "<script>alert(1)</script>"
spans = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=6)


def test_marked_escapes_markup() -> None:
    assert looks.marked(ATTACK) == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_marked_escapes_inside_spans() -> None:
    shown = looks.marked(ATTACK, shared=[[0, 8]], fault=[[8, 13]])

    assert shown == '<mark class="shared">&lt;script&gt;</mark><mark class="fault">alert</mark>(1)&lt;/script&gt;'


def test_marked_cannot_be_fooled_by_text_marked_safe() -> None:
    from_template = looks.marked(render_to_string("components/badge.html", {"label": "x"}))

    assert "<span" not in from_template


def test_marked_nests_overlapping_spans() -> None:
    shown = looks.marked("abcdef", shared=[[0, 4]], fault=[[2, 6]])

    assert shown == (
        '<mark class="shared">ab</mark>'
        '<mark class="shared"><mark class="fault">cd</mark></mark>'
        '<mark class="fault">ef</mark>'
    )


@pytest.mark.parametrize("span", [[-4, -1], [9, 20], [3, 3], [4, 2], [5], []])
def test_marked_leaves_out_spans_that_mean_nothing(span: list[int]) -> None:
    assert looks.marked("abcd", shared=[span], fault=[span], redacted=[span]) == "abcd"


def test_marked_cuts_spans_to_the_text() -> None:
    assert looks.marked("abcd", shared=[[-3, 2]], fault=[[3, 99]]) == (
        '<mark class="shared">ab</mark>c<mark class="fault">d</mark>'
    )


def test_marked_never_holds_what_was_redacted() -> None:
    shown = looks.marked("call Maria Vidal now", shared=[[0, 9]], redacted=[[5, 16, "<b>name</b>"]])

    assert shown == (
        '<mark class="shared">call </mark><span class="redacted">&lt;b&gt;name&lt;/b&gt; removed</span> now'
    )


@given(text=st.text(max_size=50), shared=spans, fault=spans, redacted=spans)
def test_marked_adds_nothing_but_its_own_elements(
    text: str, shared: list[Any], fault: list[Any], redacted: list[Any]
) -> None:
    shown = looks.marked(text, shared, fault, redacted)

    assert re.sub(r'</?(mark|span)( (class|title)="[a-zA-Z0-9 ()-]*")*>', "", shown).count("<") == 0
    assert shown.count("<mark") == shown.count("</mark>")


@given(text=st.text(max_size=50), shared=spans, fault=spans)
def test_marked_keeps_every_sign_that_is_not_hidden(text: str, shared: list[Any], fault: list[Any]) -> None:
    shown = looks.marked(text, shared, fault)

    kept = re.sub(r'<span class="ctrl"[^>]*>[^<]*</span>|</?mark[^>]*>', "", shown)
    assert kept == escape("".join(sign for at, sign in enumerate(text) if not looks.is_hidden(text, at)))


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("a\u200db", "U+200D"),
        ("a\x00b", "U+0000"),
        ("a\rb", "U+000D"),
        ("a\u3164b", "U+3164"),
        ("a\ufe01b", "U+FE01"),
        ("a\U000e0041b", "U+E0041"),
        ("a\u2066\u2066\u2066b", "U+2066 ×3"),
    ],
)
def test_hidden_characters_become_chips(text: str, chip: str) -> None:
    shown = looks.marked(text)

    assert f">{chip}</span>" in shown
    assert shown[0] == "a"
    assert shown[-1] == "b"


@pytest.mark.parametrize(
    "text", ["می\u200cخواهم", "👩\u200d🚀", "❤\ufe0f", "1\ufe0f\u20e3", "one\r\ntwo\tthree", "\u06dd"]
)
def test_spelling_is_left_alone(text: str) -> None:
    assert looks.marked(text) == text


def test_transcript_shows_hostile_turns_as_text() -> None:
    turns = [{"role": '"><img src=x>', "content": ATTACK}, {"role": "assistant", "content": "no", "fault": [[0, 2]]}]

    shown = render_to_string("components/transcript.html", {"turns": turns, "caption": ATTACK})

    assert "<script" not in shown
    assert "<img" not in shown
    assert '<mark class="fault">no</mark>' in shown


def test_severity_has_meter_and_word() -> None:
    shown = render_to_string("components/severity.html", {"severity": "high"})

    (_before, lit) = shown.split('class="on" d="')
    assert lit.partition('"')[0].count("V") == 3  # strokes
    assert "High" in shown


def test_unknown_severity_is_not_sure() -> None:
    assert (looks.severity_level("dreadful"), looks.severity_word("dreadful")) == (0, "Not sure")


@pytest.mark.parametrize(
    ("status", "resolution", "word"),
    [
        ("new", "", "New"),
        ("confirmed", "fixed", "Confirmed"),
        ("resolved", "documented", "Documented"),
        ("dismissed", "insufficient", "Too little to go on"),
    ],
)
def test_state_says_how_it_ended(status: str, resolution: str, word: str) -> None:
    assert looks.state_word(status, resolution) == word


def test_day_is_written_as_the_language_does() -> None:
    day = date(2026, 11, 18)

    assert looks.when(day) == '<time datetime="2026-11-18">18 Nov 2026</time>'
    with override("zh-hans"):
        assert looks.when(day) == '<time datetime="2026-11-18">2026年11月18日</time>'


def test_moment_tells_the_minute_when_asked() -> None:
    assert looks.when(datetime(2026, 11, 18, 23, 14, tzinfo=UTC), minutes=True).endswith(">18 Nov 2026, 23:14</time>")


def test_messages_part_into_notices_and_toasts() -> None:
    done, grave = Message(SUCCESS, "done"), Message(WARNING, "read me")

    assert (looks.toasts([done, grave]), looks.notices([done, grave])) == ([done], [grave])


class _Form(forms.Form):
    name = forms.CharField()
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


def test_error_summary_leads_to_the_first_input_of_each_field() -> None:
    shown = render_to_string("components/error_summary.html", {"form": _Form({})})

    assert re.findall(r'href="#(\w+)"', shown) == ["id_name", "id_kind_0"]


def test_field_ties_its_error_to_its_input() -> None:
    shown = render_to_string("components/field.html", {"field": _Form({})["name"]})

    assert 'aria-describedby="id_name_error"' in shown
    assert 'id="id_name_error"' in shown


def test_issue_row_escapes_title_and_artifact() -> None:
    issue = SimpleNamespace(
        number="TT-2026-00001", title=ATTACK, severity="low", status="confirmed", voice_count=1, artifacts=[ATTACK],
        get_absolute_url="/issues/TT-2026-00001/", get_kind_display="Something else",
    )  # fmt: skip

    shown = render_to_string("components/issue_row.html", {"issue": issue})

    assert "<script" not in shown
    assert "1 voice" in shown
