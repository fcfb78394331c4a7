"""Masks: exactly what was chosen, and not a character beside it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.masks import Mark, Remembered, Unreachable, finds, mask, unmask
from reports.text.conversation import turns_of
from reports.text.secrets import Kind

MAIL, PHONE, CARD = "sam@example.com", "+1 212 555 0142", "4111 1111 1111 1111"
SAID = f"Write to {MAIL} or call {PHONE}."


def keys(text: str, **more: Any) -> dict[Kind, str]:
    return {find.kind: find.key for find in finds({"told": text}, **more)}


def mask_all(text: str, *, is_pasted: bool = False) -> tuple[str, list[Mark]]:
    return mask(text, keys(text, pasted=["told"] if is_pasted else []).values(), is_pasted=is_pasted)


def test_a_secret_is_shown_once_with_the_words_around_each_place() -> None:
    told = f"Before that, and long before it, I asked {MAIL} about it and nobody answered me for days, then {MAIL}"

    (find,) = finds({"told": told, "expected": f"Not {MAIL}"})

    assert (find.kind, find.text, find.mark) == (Kind.EMAIL, MAIL, "[email]")
    assert [(place.field, place.before, place.after) for place in find.places] == [
        ("told", "…that, and long before it, I asked ", " about it and nobody answered me for …"),
        ("told", "…and nobody answered me for days, then ", ""),
        ("expected", "Not ", ""),
    ]


def test_more_places_than_are_shown_are_counted_and_masked_alike() -> None:
    told = " and ".join([MAIL] * 5)

    (find,) = finds({"told": told})

    assert (len(find.places), find.more) == (3, 2)
    assert mask(told, [find.key])[0] == " and ".join(["[email]"] * 5)


def test_only_what_was_chosen_is_masked() -> None:
    assert mask(SAID, [keys(SAID)[Kind.PHONE]])[0] == f"Write to {MAIL} or call [phone]."
    assert mask(SAID, [])[0] == SAID
    assert mask(SAID, ["no such key"]) == (SAID, [])


@pytest.mark.parametrize(
    ("told", "masked"),
    [
        (f"👩🏽‍💻 {MAIL} 👍", "👩🏽‍💻 [email] 👍"),
        (f"اكتب إلى {MAIL} أو اتصل", "اكتب إلى [email] أو اتصل"),
        (f"请写信到{MAIL}。谢谢", "请写信到[email]。谢谢"),
        (f"one\r\n{MAIL}\r\n two \r\n", "one\r\n[email]\r\n two \r\n"),
        (f"  {MAIL}  ", "  [email]  "),
        (f"\u202e{MAIL}\u202c", "\u202e[email]\u202c"),
        (f"{MAIL},{MAIL}", "[email],[email]"),
        (f"card {CARD} {PHONE}", "card [card] [phone]"),
        ("", ""),
    ],
)
def test_signs_of_all_scripts_and_line_ends_stay_as_they_are(told: str, masked: str) -> None:
    result, marks = mask_all(told)

    assert result == masked
    for key in {mark.key for mark in marks}:
        result, marks = unmask(result, key, marks=marks)
    assert (result, marks) == (told, [])


def test_masks_laid_one_after_another_are_taken_off_in_any_order() -> None:
    by_kind = keys(SAID)
    first, marks = mask(SAID, [by_kind[Kind.PHONE]])
    both, marks = mask(first, [by_kind[Kind.EMAIL]], marks=marks)
    assert both == "Write to [email] or call [phone]."

    back, left = unmask(both, by_kind[Kind.PHONE], marks=marks)

    assert back == f"Write to [email] or call {PHONE}."
    assert unmask(back, by_kind[Kind.EMAIL], marks=left) == (SAID, [])


def test_a_mark_inside_a_later_secret_goes_with_it() -> None:
    laid = Mark(4, Kind.EMAIL, MAIL, "key")
    text = "[ab][email][cd] x"
    secret = Mark(0, Kind.TOKEN, text[:15], "other")

    from reports.masks import _lay

    result, marks = _lay(text, [secret], [laid])

    assert result == "[token] x"
    assert marks == [secret]


CHATS = {
    "speakers": f"User: write to {MAIL}\r\nor {PHONE}\r\nAssistant: I wrote to {MAIL}.",
    "messages": json.dumps(
        [
            {"role": "user", "content": f'سلام "{MAIL}"\n\t😀 {PHONE}'},
            {"role": "assistant", "content": f"done: {MAIL}\\"},
        ]
    ),
    "fenced": "```json\n"
    + json.dumps([{"role": "user", "content": MAIL}, {"role": "assistant", "content": "x"}])
    + "\n```",
    "unread": f"It said {MAIL}",
}


@pytest.mark.parametrize("name", CHATS)
def test_a_pasted_conversation_is_masked_as_it_is_spelt_and_read_as_before(name: str) -> None:
    pasted = CHATS[name]
    before = turns_of(pasted)

    result, marks = mask_all(pasted, is_pasted=True)

    after = turns_of(result)
    assert MAIL not in result
    assert PHONE not in result
    assert [turn["role"] for turn in after.turns] == [turn["role"] for turn in before.turns]
    assert [turn["content"] for turn in after.turns] == [
        turn["content"].replace(MAIL, "[email]").replace(PHONE, "[phone]") for turn in before.turns
    ]
    for key in {mark.key for mark in marks}:
        result, marks = unmask(result, key, marks=marks)
    assert result == pasted


def test_what_only_surrounds_a_conversation_is_not_asked_about() -> None:
    pasted = json.dumps({"owner": "kim@example.org", "messages": [{"role": "user", "content": MAIL}]})

    (find,) = finds({"told": pasted}, pasted=["told"])

    assert find.text == MAIL


def test_what_cannot_be_masked_without_harm_to_the_conversation_is_said() -> None:
    arguments = {"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]}
    pasted = json.dumps([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ok", **arguments}])
    assert mask(pasted, ["unknown"], is_pasted=True) == (pasted, [])
    labels = f"{MAIL}: hello there\nAssistant: hello {MAIL}\n{MAIL}: bye\nAssistant: bye"
    wanted = keys(labels, pasted=["told"]).values()

    try:
        result, _marks = mask(labels, wanted, is_pasted=True)
    except Unreachable:
        return
    assert [turn["role"] for turn in turns_of(result).turns] == [turn["role"] for turn in turns_of(labels).turns]


def test_what_a_draft_remembers_of_masks_survives_its_sealing_and_not_a_change_by_hand() -> None:
    masked, marks = mask_all(SAID)
    remembered = Remembered().with_marks("told", masked, marks).with_left(["a", "b", "a"])

    again = Remembered.of(json.loads(json.dumps(remembered.notes)))

    assert again.marks_in("told", masked) == tuple(marks)
    assert again.left == ("a", "b")
    assert [find.text for find in again.laid_in({"told": masked})] == [MAIL, PHONE]
    assert again.marks_in("told", masked + " and more") == ()
    assert Remembered.of({}) == Remembered()


SECRETS = [MAIL, PHONE, CARD, "192.0.2.17", "DE89 3704 0044 0532 0130 00", "13812345678"]
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TEXTS = st.lists(st.one_of(PLAIN, st.sampled_from([*SECRETS, "\r\n", "👍", "\u200f", '"', "\\", " "])), max_size=12)


def beside(text: str, marks: list[Mark], *, is_masked: bool) -> list[str]:
    """What stands between the marks."""
    pieces, place, shift = [], 0, 0
    for mark in marks:
        sign = Kind(mark.kind).mark
        start = mark.at + (0 if is_masked else shift)
        pieces.append(text[place:start])
        place = start + (len(sign) if is_masked else len(mark.was))
        shift += len(mark.was) - len(sign)
    return [*pieces, text[place:]]


def nothing_else_changes(parts: list[str], chosen: list[bool]) -> None:
    text = "".join(parts)
    wanted = [find.key for find, is_chosen in zip(finds({"told": text}), chosen, strict=False) if is_chosen]

    masked, marks = mask(text, wanted)

    assert beside(masked, marks, is_masked=True) == beside(text, marks, is_masked=False)
    assert {mark.key for mark in marks} == set(wanted)
    for key in wanted:
        masked, marks = unmask(masked, key, marks=marks)
    assert masked == text


@given(TEXTS, st.lists(st.booleans(), min_size=12, max_size=12))
@settings(max_examples=50, deadline=None)
def test_masking_changes_nothing_outside_the_masks(parts: list[str], chosen: list[bool]) -> None:
    nothing_else_changes(parts, chosen)


@pytest.mark.long
@given(TEXTS, st.lists(st.booleans(), min_size=12, max_size=12))
@settings(max_examples=5_000, deadline=None)
def test_masking_changes_nothing_outside_the_masks_at_length(parts: list[str], chosen: list[bool]) -> None:
    nothing_else_changes(parts, chosen)


@given(TEXTS)
@settings(max_examples=50, deadline=None)
def test_a_conversation_in_json_stays_json_around_the_masks(parts: list[str]) -> None:
    pasted = json.dumps([{"role": "user", "content": "".join(parts)}, {"role": "assistant", "content": "yes"}])

    masked, marks = mask_all(pasted, is_pasted=True)

    assert beside(masked, marks, is_masked=True) == beside(pasted, marks, is_masked=False)
    assert [turn["role"] for turn in json.loads(masked)] == ["user", "assistant"]
