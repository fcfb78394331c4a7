"""A value is written in one way, whoever writes it; and a commitment opens one field at a time."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tree import commitments as tree
from ledger.tree.canonical import canonical, plainly
from ledger.tree.commitments import FIELDS, commitment, commitments, leaf, written


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": [1, True, None], "a": '€ \n \x0f " \\ é'}, '{"a":"€ \\n \\u000f \\" \\\\ é","b":[1,true,null]}'),
        ({"\U0001f600": 1, "\ufb33": 2, "z": 3}, '{"z":3,"\U0001f600":1,"\ufb33":2}'),  # by UTF-16, not by code point
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (333333333.33333329, "333333333.3333333"),
        (1e30, "1e+30"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (-1.5e-9, "-1.5e-9"),
        (5e-324, "5e-324"),
        (123456789012345680000.0, "123456789012345680000"),
    ],
)
def test_numbers_and_text_are_written_as_rfc_8785_has_them(value: object, expected: str) -> None:
    assert canonical(value) == expected


plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15)
values = st.recursive(
    plain | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=8,
)


@given(values)
def test_what_was_written_is_read_and_written_the_same(value: object) -> None:
    once = canonical(value)

    assert json.loads(once) == value
    assert canonical(json.loads(once)) == once


@given(values)
def test_what_has_no_fraction_and_plain_names_is_written_the_same_in_less_time(value: object) -> None:
    written_once = json.dumps(value)

    if written_once.isascii() and "." not in written_once and "\\u" not in written_once and "e" not in written_once:
        assert plainly(value) == canonical(value)
    assert plainly({"z": ["é", 1, None, True], "a": {}}) == canonical({"z": ["é", 1, None, True], "a": {}})


def test_what_is_not_json_is_refused() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="no number"):
            canonical(value)
    with pytest.raises(TypeError, match="set is not JSON"):
        canonical({1})


NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
SAID = {"actor": "p-1", "at": NOON, "verb": "look", "subjects": ["issue:1"], "payload": {"a": 1}}


def committed(key: bytes = b"k" * 16, **changes: object) -> bytes:
    return commitment(commitments(key, written(**{**SAID, **changes})))  # type: ignore[arg-type] # one of each kind


def test_a_commitment_is_as_ever() -> None:
    assert committed().hex() == "158f1b164ab2fe367bd8e792570324dc5fe6953d2720f95dc14c006b9a4628f5"
    assert leaf(3, NOON, b"\x01\x02") == b'{"commit":"0102","on":"2026-05-03","seq":3}'


def test_whatever_changes_changes_the_commitment() -> None:
    changes = [
        {"actor": "p-2"},
        {"at": NOON + timedelta(microseconds=1)},
        {"verb": "see"},
        {"subjects": ["issue:1", "issue:2"]},
        {"payload": None},
        {"payload": {}},
        {"payload": {"a": "1"}},
        {"key": b"l" * 16},
    ]

    made = {committed(**change) for change in changes}  # type: ignore[arg-type] # one of each kind

    assert len({*made, committed()}) == len(changes) + 1
    assert committed(at=NOON.astimezone(timezone(timedelta(hours=5)))) == committed()


def test_every_field_is_committed_to_with_a_key_of_its_own() -> None:
    same = commitments(b"k" * 16, dict.fromkeys(FIELDS, '"x"'))

    assert len(set(same.values())) == len(FIELDS)


@given(st.binary(max_size=20), st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=5, max_size=5))
def test_many_events_are_committed_to_as_one_is(key: bytes, said: list[str]) -> None:
    one = commitment(commitments(key, dict(zip(FIELDS, said, strict=True))))

    assert tree.committed(key, [each.encode() for each in said]) == one
