"""What is asked of the streams that development is measured on. Streams without a row are measured all the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NEAR = 0.005  # a miss of less counts as met


@dataclass(frozen=True, slots=True)
class Goal:
    """``floor``: without an embedder; ``must``: with one; ``good``: the aim. ``at_most``: the least is best."""

    stream: str
    figure: str
    floor: float
    must: float
    good: float
    at_most: bool = False


GOALS = (
    Goal("eclipse", "recall_10", 0.83, 0.87, 0.90),
    Goal("eclipse", "mrr", 0.70, 0.74, 0.79),
    Goal("openoffice", "recall_10", 0.74, 0.81, 0.86),
    Goal("openoffice", "mrr", 0.56, 0.63, 0.70),
    Goal("eclipse.thin", "f1", 0.85, 0.865, 0.89),
    Goal("eclipse.thin", "f1_company", 0.73, 0.78, 0.83),
    Goal("openoffice.thin", "f1", 0.825, 0.84, 0.86),
    Goal("openoffice.thin", "f1_company", 0.69, 0.73, 0.77),
    Goal("aiid_titles_dev", "recall_10", 0.85, 0.88, 0.92),
    Goal("news", "f1", 0.52, 0.68, 0.80),
    Goal("news", "patterns_found", 0.90, 0.93, 0.97),
    Goal("news", "median_to_pattern", 5, 4, 3, at_most=True),
    Goal("avid_garak", "recall_1", 0.97, 0.97, 1.0),
    Goal("avid_garak", "f1", 0.80, 0.90, 0.98),
    Goal("eclipse.thin", "precision", 0.90, 0.92, 0.95),
    Goal("openoffice.thin", "precision", 0.90, 0.92, 0.95),
    Goal("aiid_pairs_dev.thin", "precision", 0.90, 0.92, 0.95),
)


MOST_LOST = {"look_alikes_half": 0.03, "look_alikes_all": 0.03}  # of recall@10, by a change of the text
LEAST_CAUGHT = 0.97  # of noisy copies: one voice, one issue


def robust(measured: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each goal of robustness.

    >>> shares, copies = {"clean": 0.84, "look_alikes_all": 0.79}, {"filed": 100, "same_voice": 98, "same_issue": 90}
    >>> list(robust({"recall_10": shares, "copies": copies}))
    ['look_alikes_all: MISSED', 'copies of one voice: met', 'copies in one issue: MISSED']
    """
    shares, copies = measured["recall_10"], measured["copies"]
    for name, most in MOST_LOST.items():
        if name in shares:
            yield f"{name}: {_word(shares['clean'] - shares[name] < most + NEAR)}"
    for name, words in (("same_voice", "copies of one voice"), ("same_issue", "copies in one issue")):
        yield f"{words}: {_word(copies[name] >= LEAST_CAUGHT * copies['filed'])}"


def told(measured: Mapping[str, Mapping[str, Any]], *, with_embedder: bool) -> Iterator[str]:
    """A sentence for each goal of the streams at hand. ``measured`` holds figures by stream.

    >>> list(told({"eclipse": {"recall_10": 0.826, "mrr": 0.8}}, with_embedder=False))
    ['eclipse recall_10: .826, asked .83: met (good is .9)', 'eclipse mrr: .8, asked .7: good (good is .79)']
    """
    for goal in GOALS:
        value = measured.get(goal.stream, {}).get(goal.figure)
        if value is None:
            continue
        asked = goal.must if with_embedder else goal.floor
        word = "good" if _met(goal, value, goal.good) else _word(_met(goal, value, asked))
        figures = [f"{number:.3g}".removeprefix("0") for number in (value, asked, goal.good)]
        yield f"{goal.stream} {goal.figure}: {figures[0]}, asked {figures[1]}: {word} (good is {figures[2]})"


def _word(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def _met(goal: Goal, value: float, asked: float) -> bool:
    return value <= asked if goal.at_most else value > asked - NEAR
