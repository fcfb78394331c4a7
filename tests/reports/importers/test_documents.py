"""One JSON document, read in pieces."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.importers import decoding, documents
from reports.importers.decoding import Broken
from reports.importers.documents import CUT_OFF, EACH, Document, Piece

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", 'a"b\\', "{[", "]}", "\n\\", "é😀", ",:"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "rows", 'q"']), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(text: str | bytes, *wanted: tuple[str, ...], without: tuple[str, ...] = ()) -> list[Piece]:
    content = text.encode() if isinstance(text, str) else text
    return list(Document(io.BytesIO(content), without=without).pieces(*wanted))


@settings(max_examples=60, deadline=None)
@given(value=VALUES, rows=st.lists(VALUES, max_size=4), chunk=st.integers(1, 40), indent=st.none() | st.just(1))
def test_pieces_are_what_the_whole_holds_wherever_the_file_is_cut_into_chunks(
    value: Any, rows: list[Any], chunk: int, indent: int | None
) -> None:
    whole = json.dumps({"skipped": value, "a": value, "rows": rows}, indent=indent, ensure_ascii=False)
    before, documents.CHUNK = documents.CHUNK, chunk
    try:
        found = read(whole, ("a",), ("rows", EACH))
    finally:
        documents.CHUNK = before

    assert found == [Piece(("a",), 1, value), *(Piece(("rows", EACH), at, row) for at, row in enumerate(rows, start=1))]


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(VALUES, min_size=1, max_size=3), share=st.floats(0, 1, exclude_max=True))
def test_a_document_that_is_cut_off_says_so(rows: list[Any], share: float) -> None:
    whole = json.dumps({"rows": rows}).encode()

    with pytest.raises(Broken):
        read(whole[: int(share * len(whole))], ("rows", EACH))


def test_what_is_not_a_number_is_read_as_inspect_writes_it() -> None:
    [piece] = read('{"rows": [{"value": NaN, "most": Infinity}]}', ("rows", EACH))

    assert str(piece.value) == "{'value': nan, 'most': inf}"


def test_members_can_be_left_out_of_a_piece() -> None:
    assert read('{"rows": [{"id": 1, "events": [{}]}, 5]}', ("rows", EACH), without=("events",)) == [
        Piece(("rows", EACH), 1, {"id": 1}),
        Piece(("rows", EACH), 2, 5),
    ]


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        ("[" * 10_000 + "]" * 10_000, "nested too deeply"),
        ("9" * 5_000, "not JSON"),
        ('{"a" 1 2}', "not JSON"),
        ("[" + "1,2," * 500_000 + "3]", "holds more than 1,000,000 values"),
    ],
)
def test_a_piece_that_cannot_be_read_is_told_and_the_next_is_read(piece: str, reason: str) -> None:
    assert read(f'{{"rows": [{piece}, 2]}}', ("rows", EACH)) == [
        Piece(("rows", EACH), 1, reason=reason),
        Piece(("rows", EACH), 2, 2),
    ]


def test_a_piece_too_long_is_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "BYTES_MAX", 1_000)
    rows = f'{{"rows": ["{"x" * 2_000_000}", {{"id": 1, "a": "{"y" * 900}", "b": "{"z" * 900}"}}, 3]}}'

    assert [(piece.reason, piece.value) for piece in read(rows, ("rows", EACH), without=("events",))] == [
        (decoding.TOO_LONG, None),
        (decoding.TOO_LONG, None),
        ("", 3),
    ]


@pytest.mark.parametrize("text", ["", "5", "x", '{"rows"', '{"rows": [1, 2', '{"rows": ["never closed', '{"rows": }'])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(Broken):
        read(text, ("rows", EACH))


@pytest.mark.parametrize("text", ['[{"a": 1}, 2]', '{"a": 1}\n2\n', '\ufeff{"a":\n1}\n\n 2'])
def test_values_may_stand_in_a_list_or_one_after_another(text: str) -> None:
    assert [piece.value for piece in Document(io.BytesIO(text.encode())).each()] == [{"a": 1}, 2]


def test_a_document_nested_absurdly_is_refused_where_that_shows() -> None:
    with pytest.raises(Broken, match="nested too deeply"):
        read('{"x": ' + "[" * 20_000, ("rows", EACH))


def test_the_end_is_missed_where_it_is_missing() -> None:
    with pytest.raises(Broken, match=CUT_OFF):
        list(Document(io.BytesIO(b"[1, 2")).each())
