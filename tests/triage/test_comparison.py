"""Why a report stands where it stands, and what was near: only what whoever asks may see."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.policy import ANONYMOUS, Actor
from reports.models import Issue, Placement, Report
from triage.comparison import near_of, opinions_of, runner_up_of, why_of
from triage.models import Suggestion
from triage.queue import suggestions

File = Callable[..., Report]
DESK = Actor(user_id=1, roles=frozenset({"triager"}))
STORIES = ("It invents a court ruling", "Deletes the wrong folder", "Refuses to talk about kitchen knives")
REASONS = {
    "by": "text",
    "score": 0.6,
    "threshold": 0.4,
    "runner_up_score": 0.1,
    "features": [{"name": "quote", "weight": 1.0}],
    "turns": {"quote": "open"},
}


@pytest.fixture
def placed(file: File, artifact: Any) -> list[Placement]:
    """Three reports, each in an issue of its own."""
    reports = [file(summary=summary, what_happened=f"{summary}: that is all there is of it.") for summary in STORIES]
    return [Placement.objects.active().get(report=report) for report in reports]


def test_a_join_says_what_came_second_and_what_it_hung_on(placed: list[Placement]) -> None:
    here, other = placed[0], placed[1].issue
    here.reasons = REASONS | {"issue": here.issue_id, "runner_up": other.pk}
    here.method = "lexical-2"

    why = why_of(here, None, DESK)

    assert why is not None
    assert (why.about, why.rule, why.by_person, why.is_unrivalled) == ("", "", False, False)
    assert why.runner_up is not None
    assert (why.runner_up.issue, why.runner_up.title, why.runner_up.is_close) == (other, STORIES[1], False)
    assert why.turns == ["Without the same quoted passage it would have opened an issue of its own."]
    assert why.method == "lexical-2"


def test_an_issue_that_may_not_be_seen_is_no_runner_up(placed: list[Placement]) -> None:
    reasons = REASONS | {"runner_up": placed[1].issue_id}

    assert runner_up_of(reasons, DESK) is not None
    assert runner_up_of(reasons, ANONYMOUS) is None
    assert runner_up_of(REASONS | {"runner_up": 987654}, DESK) is None


def test_a_report_near_nothing_says_so(placed: list[Placement]) -> None:
    placed[0].reasons = {"near": []}

    why = why_of(placed[0], None, DESK)

    assert why is not None
    assert (why.rule, why.is_by_rule, why.turns) == ("Nothing was near enough.", False, ())


def test_a_copy_says_that_a_rule_decided(placed: list[Placement]) -> None:
    placed[0].reasons, placed[0].method = {"by": "copy"}, "rules-1"

    why = why_of(placed[0], None, DESK)

    assert why is not None
    assert (why.rule, why.is_by_rule) == ("A copy: the same text as an earlier report.", True)


def test_a_persons_word_hangs_on_nothing(placed: list[Placement]) -> None:
    placed[0].by, placed[0].reasons = "person", REASONS | {"issue": placed[0].issue_id}

    why = why_of(placed[0], None, DESK)

    assert why is not None
    assert (why.by_person, why.verdict, why.turns, why.runner_up) == (True, "", (), None)


def test_the_nearest_keep_their_order_and_tell_where_they_stand_now(placed: list[Placement]) -> None:
    first, second, third = placed
    Placement.objects.filter(pk=third.pk).update(issue=first.issue)

    near = near_of({"near": [third.report_id, 987654, second.report_id]}, DESK)

    assert [(row.report, row.summary, row.issue) for row in near] == [
        (third.report, STORIES[2], first.issue),
        (second.report, STORIES[1], second.issue),
    ]


def test_what_may_not_be_seen_is_not_near(placed: list[Placement]) -> None:
    Report.objects.filter(pk=placed[2].report_id).update(hazard_level=3)
    everything = {"near": [placement.report_id for placement in placed]}

    assert [row.report for row in near_of(everything, DESK)] == [placed[0].report, placed[1].report]
    assert near_of(everything, ANONYMOUS) == []
    assert near_of({}, DESK) == []


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_nearest_cost_one_question(placed: list[Placement], django_assert_num_queries: Any, how_many: int) -> None:
    with django_assert_num_queries(1):
        near = near_of({"near": [placement.report_id for placement in placed[:how_many]]}, DESK)
        assert [str(row.issue) + str(row.report) for row in near]

    assert len(near) == how_many


def test_an_issue_does_not_stand_for_a_suggestion_that_came_true(placed: list[Placement]) -> None:
    report, target = placed[0].report, placed[1].issue
    Suggestion.objects.create(report=report, issue=target, score=0.5, band="possible", rank=0, method="m-1")

    assert [opinion.issue for opinion in opinions_of(suggestions([report.pk]), placed[0].issue)] == [target]
    assert opinions_of(suggestions([report.pk]), Issue.objects.get(pk=target.pk)) == []
