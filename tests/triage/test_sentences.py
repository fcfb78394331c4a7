"""A text in pieces: nothing is lost between them, and each is wholly in or out."""

from hypothesis import given
from hypothesis import strategies as st

from reports.redaction import MARK
from triage.sentences import MOST_PIECES, Piece, pieces_of

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5)


def cut(text: str) -> list[str]:
    return [piece.text for piece in pieces_of({"summary": text}, {}, {})["summary"]]


@given(text=st.text(alphabet='ab. !?。\n"…', min_size=1, max_size=60), quoted=SPANS, redacted=SPANS)
def test_pieces_make_up_the_text_and_none_is_half_chosen(
    text: str, quoted: list[tuple[int, int]], redacted: list[tuple[int, int]]
) -> None:
    pieces = pieces_of({"summary": text}, {"summary": quoted}, {"summary": redacted}, is_asked=True)["summary"]

    def holds(spans: list[tuple[int, int]], place: int) -> bool:
        return any(start <= place < end for start, end in spans)

    assert "".join(piece.text for piece in pieces) == text
    for piece in pieces:
        for place in range(piece.start, piece.end):
            assert holds(quoted, place) == piece.is_quoted
            assert holds(redacted, place) == piece.is_redacted


def test_sentences_end_where_people_end_them() -> None:
    assert cut('It said "No." Then it stopped. 1.5 is a number.\nNew line') == [
        'It said "No." ',
        "Then it stopped. ",
        "1.5 is a number.\n",
        "New line",
    ]
    assert cut("它编造了判决。没有这样的判决！") == ["它编造了判决。", "没有这样的判决！"]
    assert cut("هل هذا حكم؟ لا.") == ["هل هذا حكم؟ ", "لا."]


def test_what_was_removed_is_no_piece_s_text() -> None:
    (before, hidden, after) = pieces_of({"summary": "Call Ann now"}, {}, {"summary": [(5, 8)]})["summary"]

    assert (before.text, after.text) == ("Call ", " now")
    assert hidden == Piece("summary", 5, 8, MARK, is_quoted=False, is_redacted=True)


def test_a_very_long_report_is_ticked_by_its_parts() -> None:
    parts = {"what_happened": "So. " * 100} | {f"turn:{at}": "It said so. " * 50 for at in range(200)}

    pieces = pieces_of(parts, {}, {})

    assert sum(len(rows) for rows in pieces.values()) <= MOST_PIECES + len(parts)
    assert "".join(piece.text for piece in pieces["turn:199"]) == parts["turn:199"]


def test_dots_without_end_take_no_time() -> None:
    assert "".join(cut("." * 20_000 + '"' * 20_000)) == "." * 20_000 + '"' * 20_000
