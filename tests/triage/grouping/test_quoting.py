"""What counts as quoted, in the marks people use."""

import pytest

from reports.text import normalise
from triage.grouping.quoting import Passage


def said(text: str) -> list[str]:
    passage = Passage.of(normalise(text))
    words = zip(passage.words, passage.is_said, strict=True)
    return [word.term for word, is_said in words if is_said and not word.is_stop]


@pytest.mark.parametrize(
    "text",
    [
        'It wrote "purple elephants dance" twice',
        "It wrote “purple elephants dance” twice",
        "It wrote „purple elephants dance“ twice",
        "It wrote «purple elephants dance» twice",
        "It wrote ‘purple elephants dance’ twice",
        "It wrote 'purple elephants dance' twice",
        "It wrote `purple elephants dance` twice",
        "It wrote\n> purple elephants dance\ntwice",
    ],
)
def test_quotation_marks(text: str) -> None:
    assert said(text) == ["purple", "elephant", "dance"]


def test_chinese_quotation_marks() -> None:
    assert said("它说「唐朝建立」了") == ["唐朝", "朝建", "建立"]


def test_apostrophes_do_not_quote() -> None:
    assert said("It's the model's fault that users' data isn't safe") == []


def test_an_unclosed_mark_quotes_nothing() -> None:
    assert said('He said "purple elephants') == []


def test_runs_are_pairs_and_triples_of_telling_words() -> None:
    passage = Passage.of("i'm sorry, the purple elephants dance.")

    assert [run.words for run in passage.runs()] == [
        ("purple", "elephant"),
        ("purple", "elephant", "dance"),
        ("elephant", "dance"),
    ]


def test_a_quotation_of_small_words_has_runs_too() -> None:
    passage = Passage.of('it said "i will tell everyone what you did"')

    long = [run for run in passage.runs() if len(run.words) == 5 and run.is_said]

    assert [run.words[0] for run in long] == ["i", "will", "tell"]


def test_a_refusal_has_no_runs() -> None:
    assert list(Passage.of("i'm sorry, but i can't help with that.", all_said=True).runs()) == []
