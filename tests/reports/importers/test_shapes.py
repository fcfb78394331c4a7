"""Foreign JSON, whatever its shape."""

from typing import Any

import pytest

from reports.importers.shapes import at, count, fingerprint, name, objects, text, texts


def test_a_path_that_is_not_there_leads_to_nothing() -> None:
    assert at({"a": {"b": 1}}, "a", "b") == 1
    assert at({"a": [1]}, "a", "b") is None
    assert at(None, "a") is None


@pytest.mark.parametrize("value", [None, 3, True, [], ["x"], {"x": "y"}])
def test_what_is_no_text_reads_as_none(value: Any) -> None:
    assert text(value) == ""


def test_what_cannot_be_stored_shows_as_replaced() -> None:
    assert text("a\0b\ud800c") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    "value",
    ["", "  ", "n/a", "N/A", " n/a. ", "NA", "None", "null", "-", "??", "unknown", "Unknown System", None, 7, ["x"]],
)
def test_names_that_name_nothing(value: Any) -> None:
    assert name(value) == ""


@pytest.mark.parametrize(
    "value", ["Unknown Pleasures 7B", "Nano", "nullmodel", "none-of-the-above", "NAS search", "名"]
)
def test_names_that_only_begin_like_one(value: Any) -> None:
    assert name(value) == value


def test_a_name_stands_on_one_line() -> None:
    assert name(" Chat\n 7B ") == "Chat 7B"


def test_lists_give_what_is_of_the_wanted_shape() -> None:
    assert texts(["a", 1, "", {"b": 1}, "c"]) == ["a", "c"]
    assert texts("a") == ["a"]
    assert objects([{"a": 1}, 2, "b", [3]]) == [{"a": 1}]
    assert objects({"a": 1}) == []


@pytest.mark.parametrize(("value", "expected"), [(3, 3), (0, 0), (-1, None), (True, None), (2.0, None), ("2", None)])
def test_counts_are_whole_numbers_from_nought(value: Any, expected: Any) -> None:
    assert count(value) == expected


def test_a_fingerprint_is_of_the_content_not_of_its_order() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert fingerprint({"a": "\ud800"}).startswith("sha256:")
