"""Why: what each feature said, what the outcome hangs on, and where it stands in both texts."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.models import Placement, Report
from triage.grouping.explanation import Span
from triage.grouping.features import Table
from triage.grouping.method import Thresholds, shipped
from triage.grouping.outcome import Policy, issue_scores
from triage.matching import source_of
from triage.models import Suggestion
from triage.neighbours import Neighbours, neighbours_of
from triage.reading import read_report
from triage.reasons import by_field, logit, reasons_of, spoken, turns, without

QUOTE = "You can call the Harbour Calm Line at 0800 555 0199, free at any hour of the night."

File = Callable[..., Any]


def invented(*rows: list[float], quote: float = 0.0, agreement: float = 1.0) -> Neighbours:
    """Neighbours out of nothing: a report each, in an issue each, with these features."""
    method = shipped()
    count = len(rows)
    table = Table(
        np.array(rows, dtype=float), np.full(count, quote), np.full(count, agreement), np.linspace(0.9, 0.1, count)
    )
    return Neighbours(
        report_ids=list(range(1, count + 1)),
        issue_ids=list(range(11, count + 11)),
        sketches=[b""] * count,
        table=table,
        probabilities=method.probabilities(table),
        method=method,
        known=count,
        sizes=dict.fromkeys(range(11, count + 11), 1),
        closed=frozenset(),
        touched=frozenset(),
    )


STRONG, WEAK = [0.9, 0.9, 0.9, 0.9, 0.1], [0.02, 0.02, 0.0, 0.1, 0.1]


@pytest.mark.parametrize(("quote", "agreement"), [(0.0, 1.0), (0.8, 1.0), (0.3, 0.2)])
def test_what_is_said_are_shares_of_all_that_is_said(quote: float, agreement: float) -> None:
    said = spoken(invented(STRONG, WEAK, quote=quote, agreement=agreement), 0)

    assert sum(map(abs, said.values())) == pytest.approx(1)
    assert said["words"] > 0
    assert ("quote" in said) == (quote > 0)
    assert ("disagreement" in said) == (agreement < 1)
    assert said.get("disagreement", -1) < 0 < said.get("quote", 1)


def test_what_is_less_than_usual_speaks_against() -> None:
    said = spoken(invented(STRONG, WEAK), 1)

    assert said["words"] < 0
    assert said["title"] < 0


@pytest.mark.django_db
def test_the_outcome_hangs_on_what_would_have_turned_it() -> None:
    near = invented(WEAK, quote=0.9)
    policy = Policy(Thresholds(likely=0.4, possible=0.1, young=0.4))
    outcome = policy.judge(issue_scores(near.probabilities, near.issue_ids, near.sizes))
    assert outcome.verdict == "place"

    assert turns(outcome, near, policy) == {"quote": "open"}


@pytest.mark.django_db
def test_what_many_things_say_hangs_on_none_of_them() -> None:
    near = invented(STRONG, quote=0.9)
    policy = Policy(Thresholds(likely=0.4, possible=0.1, young=0.4))
    outcome = policy.judge(issue_scores(near.probabilities, near.issue_ids, near.sizes))

    assert turns(outcome, near, policy) == {}


@pytest.mark.django_db
def test_an_outcome_may_turn_to_another_issue() -> None:
    titled, worded = [0.2, 0.2, 1.0, 0.4, 0.1], [0.4, 0.4, 0.0, 0.4, 0.1]
    near = invented(titled, worded)
    scores = issue_scores(near.probabilities, near.issue_ids, near.sizes)
    best = scores[0][0]
    policy = Policy(Thresholds(likely=0.01, possible=0.005, young=0.01))

    found = turns(policy.judge(scores), near, policy)

    assert "elsewhere" in found.values()
    assert policy.judge(issue_scores(without(near, next(iter(found))), near.issue_ids, near.sizes)).issue != best


def test_logits_are_bounded() -> None:
    assert math.isfinite(logit(0))
    assert math.isfinite(logit(1))
    assert logit(0.5) == 0


def test_places_are_told_by_the_names_of_the_evidence() -> None:
    spans = [Span("title", 1, 4, "word"), Span("happened", 0, 9, "quote"), Span("title", 6, 8, "run")]

    assert by_field(spans) == {"summary": [[1, 4], [6, 8]], "what_happened": [[0, 9]]}


@pytest.fixture
def pair(artifact: Any, file: File) -> tuple[Report, Report]:
    first = file(summary="Gave my sister a dead helpline", what_happened=f"She was told: “{QUOTE}” It was a tyre shop.")
    second = file(summary="Invented phone number", what_happened=f'For a story I asked whom to ring. "{QUOTE}"')
    return first, second


@pytest.mark.django_db
def test_the_shared_words_are_marked_as_filed(pair: tuple[Report, Report]) -> None:
    first, second = pair
    reasons = Placement.objects.get(report=second).reasons

    texts = {"report": second.evidence, "nearest": first.evidence}
    for side, evidence in texts.items():
        marked = [
            getattr(evidence, field)[start:end]
            for field, places in reasons["spans"][side].items()
            for start, end in places
        ]
        assert any("Harbour Calm Line" in text for text in marked)


@pytest.mark.django_db
def test_all_that_is_shown_is_kept(pair: tuple[Report, Report]) -> None:
    first, second = pair
    placement = Placement.objects.get(report=second)
    reasons = placement.reasons

    assert (reasons["by"], reasons["issue"], reasons["nearest"]) == ("text", placement.issue_id, first.pk)
    assert reasons["near"] == [first.pk]
    assert reasons["score"] == round(placement.score or 0, 4) >= reasons["threshold"]
    assert (reasons["runner_up"], reasons["runner_up_score"]) == (None, 0)
    names = [feature["name"] for feature in reasons["features"]]
    assert set(names) <= {*shipped().names, "quote", "disagreement"}
    assert "quote" in names
    assert sum(abs(feature["weight"]) for feature in reasons["features"]) == pytest.approx(1, abs=0.01)


@pytest.mark.django_db
def test_the_runner_up_and_the_distance_to_it_are_kept(pair: tuple[Report, Report], file: File) -> None:
    other = file(
        summary="Another dead number", what_happened=f"My uncle heard: “{QUOTE}” He reached a bakery.", grouped=False
    )
    away = file(summary="Draws clocks with thirteen hours", what_happened="Every clock face had thirteen hours on it.")
    second_issue = Placement.objects.get(report=away).issue
    Placement.objects.filter(report=pair[0]).update(issue=second_issue)
    near = neighbours_of(other, read_report(other))
    policy = Policy(near.method.thresholds[source_of(other)].among(near.known))
    outcome = policy.judge(issue_scores(near.probabilities, near.issue_ids, near.sizes))

    reasons = reasons_of(other, read_report(other), outcome, near, policy)

    assert {reasons["issue"], reasons["runner_up"]} == set(near.issue_ids)
    assert 0 < reasons["runner_up_score"] <= reasons["score"]
    assert near.issue_ids[near.report_ids.index(reasons["nearest"])] == reasons["issue"]


@pytest.mark.django_db
def test_where_nothing_is_near_there_is_nothing_to_tell(artifact: Any, file: File) -> None:
    file(summary="Rude to my aunt", what_happened="It called my aunt names when she asked for tea.")
    other = file(summary="Bread recipe with soap", what_happened="Two spoons of washing powder went into the dough.")

    reasons = Placement.objects.get(report=other).reasons

    assert set(reasons) == {"near"}
    assert not Suggestion.objects.filter(report=other).exists()
