"""Tables as CSV."""

import io
from typing import Any

import pytest

from reports.filing import check
from reports.importers import columns, found_in
from reports.importers.options import BadOption, Options
from reports.importers.sources import Source, Unreadable
from reports.importers.units import Found, Rejected, Unit
from reports.vocabulary import Channel, SourceType

MAPPING: dict[str, Any] = {
    "columns": {
        "Title": "summary",
        "Text": "what_happened",
        "Comment": "what_happened",
        "Prio": "severity",
        "Tried": "tries",
        "Failed": "failures",
        "Asked": "prompt",
        "Answered": "output",
    },
    "constants": {"artifact": "acme/tea-7b", "kind": "other"},
    "values": {"severity": {"P1": "critical", "": "not_sure"}},
}
HEADER = "Title;Text;Comment;Prio;Tried;Failed;Asked;Answered;Left out"


def found(content: str | bytes, **options: Any) -> list[Found]:
    raw = content.encode() if isinstance(content, str) else content
    return list(found_in(Source(io.BytesIO(raw)), "csv", Options(**options)))


def test_a_mapping_says_which_column_is_which_answer() -> None:
    [unit] = found(f'\ufeff{HEADER}\r\nHot;"It burnt;\nbadly";twice;P1;5;3;tea?;no;x\r\n', mapping=MAPPING)

    assert isinstance(unit, Unit)
    assert unit.line == 2
    assert unit.source_type is SourceType.FORM
    checked = check(unit.answers, channel=Channel.IMPORT)
    assert {name: checked[name] for name in checked if name not in ("source_key", "artifact_kind")} == {
        "artifact": "acme/tea-7b",
        "kind": "other",
        "summary": "Hot",
        "what_happened": "It burnt;\nbadly\n\ntwice",
        "severity": "critical",
        "transcript": [{"role": "user", "content": "tea?"}, {"role": "assistant", "content": "no"}],
        "reproduction": {"tries": 5, "failures": 3},
        "source": "csv",
        "consent": True,
    }


def test_a_row_is_known_again_by_its_content_or_the_key_that_a_column_gives() -> None:
    table = "artifact,what_happened,kind,source_key\nacme/x,it failed,other,\nacme/x,it failed,other,K-1\n"

    first, second = (each.answers["source_key"] for each in found(table) if isinstance(each, Unit))

    assert str(first).startswith("sha256:")
    assert second == "K-1"


def test_rows_that_do_not_fit_the_header_are_rejected_by_line_and_empty_ones_passed_over() -> None:
    table = "artifact\twhat_happened\tkind\nacme/x\n\t\t\n\nacme/x\tit failed\tother\textra\nacme/x\tit failed\tother\n"

    assert [each for each in found(table) if isinstance(each, Rejected)] == [
        Rejected(2, "has 1 cells, and the header 3 columns"),
        Rejected(5, "has 4 cells, and the header 3 columns"),
    ]


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"columns": {"Title": "headline"}}, "names an answer “headline”"),
        ({"columns": {"Title": ["summary"]}}, "names an answer"),
        ({"constants": {"consent": False}}, "names an answer “consent”"),
        ({"fields": {}}, "has a part “fields”"),
        ({"columns": []}, "has columns that are no table"),
        ({"columns": {"a": "kind", "b": "kind"}}, "has two columns for “kind”"),
        ({"delimiter": "|"}, "has a delimiter"),
        ({"values": {"kind": "x"}}, "has values that are no table"),
        ({"columns": {"a": "summary"}}, "says nothing of artifact, what_happened, kind"),
        (MAPPING | {"columns": {"Nowhere": "what_happened"}}, "names a column “Nowhere”, and the file has Title, Text"),
        (None, "there is no answer “Title”"),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_refused_in_words(mapping: Any, sentence: str) -> None:
    with pytest.raises(BadOption, match=sentence):
        found(f"{HEADER}\n", mapping=mapping)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("artifact,kind\nacme/x,café\n".encode("latin-1"), "not UTF-8"),
        ("artifact,kind\nacme/x,other\n".encode("utf-16"), "not UTF-8"),
        (b"artifact,kind\n" + b"acme/x,other\n" * 1_000 + b"acme/x,caf\xe9\n", "Line 1002 is not UTF-8"),
        (b"", "has no header"),
        (b"kind,artifact,kind\n", "two columns “kind”"),
        (b"artifact,kind\nacme/x,\0\n", "not UTF-8"),
        (b"artifact,kind\racme/x,other\r", "save it with LF"),
    ],
)
def test_what_is_no_table_of_text_is_refused_before_anything_is_filed(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        found(content)


def test_a_quote_that_is_never_closed_and_a_line_without_end_are_told_and_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    header = "artifact,what_happened,kind\n"
    row = "acme/x,it failed,other\n"
    monkeypatch.setattr(columns, "LINE_MAX", 1_000)

    for broken in ('acme/x,"never closed,other\n' + row * 3, "acme/x," + "y" * 2_000 + ",other\n"):
        first, last = found(header + row + broken)
        assert isinstance(first, Unit)
        assert isinstance(last, Rejected)
        assert last.line == 3  # where it begins, not where reading came to
        assert "cannot be read from here on" in last.reason
