"""The cases of an issue: what was asked, and words of the answer, as far as people chose to publish them.

They are made from the passages that the issue's page shows to everybody and from nothing else: what nobody published,
what was redacted, and what is blurred until it is asked for, is in no case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from accounts.policy import ANONYMOUS
from reports.models import Issue
from reports.record import excerpts_of
from reports.redaction import TURN, Quote, Quoted
from reports.vocabulary import TurnRole

# What a tool had answered is told as the user's words: without the call that it answers no interface takes it.
ASKED_AS = {TurnRole.SYSTEM: TurnRole.SYSTEM, TurnRole.ASSISTANT: TurnRole.ASSISTANT}
ASKING = (TurnRole.USER, TurnRole.TOOL)
LEFT_OUT = " … "

Turn = Sequence[Quote]
Passage = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rerun:
    """One published talk. ``messages`` are what to ask, as (role, words), and end with the user's.

    An answer shows the failure if it holds every piece of one of ``passages``, in their order. ``is_whole``: the
    messages are all that was said until then, with nothing left out or redacted.
    """

    name: str
    messages: tuple[tuple[str, str], ...]
    passages: tuple[Passage, ...]
    is_whole: bool
    language: str


def reruns_of(issue: Issue) -> list[Rerun]:
    """One for each report of which a prompt and the answer to it are published; the issue has a number."""
    told = (_rerun(issue.number or "", quoted) for quoted in excerpts_of(issue, ANONYMOUS))
    return [case for case in told if case]


def are_in(excerpts: Sequence[Quoted], number: str) -> bool:
    """Whether a page's excerpts make a case; what is blurred makes none, also where somebody asked for it."""
    return any(_rerun(number, quoted) for quoted in excerpts if not quoted.is_blurred)


def _rerun(number: str, quoted: Quoted) -> Rerun | None:
    turns = [list(quotes) for _part, quotes in groupby((q for q in quoted.quotes if q.role), key=lambda q: q.part)]
    answered = [place for place, (asked, answer) in enumerate(pairwise(turns)) if _answers(asked, answer)]
    if not answered:
        return None
    asked, answer = turns[: answered[-1] + 1], turns[answered[-1] + 1]
    passages = tuple(filter(None, (_passage(quote) for quote in answer)))
    if not passages:
        return None
    return Rerun(
        name=f"{number}-{quoted.place}",
        messages=tuple(_message(turn) for turn in asked),
        passages=passages,
        is_whole=_are_whole(asked),
        language=quoted.language,
    )


def _answers(asked: Turn, answer: Turn) -> bool:
    """Whether the model's turn follows one of the user's directly."""
    return asked[0].role in ASKING and answer[0].role == TurnRole.ASSISTANT and _place(answer) == _place(asked) + 1


def _place(turn: Turn) -> int:
    return int(turn[0].part.removeprefix(TURN))


def _message(turn: Turn) -> tuple[str, str]:
    role = ASKED_AS.get(TurnRole(turn[0].role), TurnRole.USER)
    return role.value, LEFT_OUT.join(quote.text.strip() if len(turn) > 1 else quote.text for quote in turn)


def _are_whole(turns: Sequence[Turn]) -> bool:
    is_gapless = [_place(turn) for turn in turns] == list(range(len(turns)))
    has_tool = any(turn[0].role == TurnRole.TOOL for turn in turns)
    return is_gapless and not has_tool and not any(_is_part(quote) for turn in turns for quote in turn)


def _is_part(quote: Quote) -> bool:
    return bool(quote.went_before or quote.goes_on or quote.gaps)


def _passage(quote: Quote) -> Passage:
    """What of the answer can be looked for: its words, apart where some were redacted."""
    return tuple(piece.strip() for piece in _pieces(quote) if any(char.isalnum() for char in piece))


def _pieces(quote: Quote) -> Iterator[str]:
    place = 0
    for start, end in quote.gaps:
        yield quote.text[place:start]
        place = end
    yield quote.text[place:]
