"""The history of an issue in words: what each verb changed, from what to what, on both pages of a move."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports.models import Issue, Report
from triage.decisions import decide, undo
from triage.history import decisions_about, history_of
from triage.models import Decision

File = Callable[..., Report]


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def told(issue: Issue) -> list[str]:
    return [line.words for line in history_of(issue) if line.who]


@pytest.fixture
def ruling(file: File, artifact: Any) -> Report:
    return file(severity="medium")


@pytest.fixture
def folder(file: File, artifact: Any) -> Report:
    return file(summary="Deletes the wrong folder", what_happened="Told to empty the trash it removed my photographs.")


def test_what_was_classified_is_told_from_what_to_what(ruling: Report, triager: Any) -> None:
    issue = issue_of(ruling)

    decide(issue, "classify", by=triager, severity="high", lifecycle_stage="data", hazard_level=1, in_stated_use=False)

    assert told(issue) == [
        "Severity: Medium → High; Where the cause lies: – → Data; Hazard level: None → Blurred; "
        "Within stated use: – → No"
    ]


def test_each_way_of_sorting_has_its_sentence(ruling: Report, triager: Any) -> None:
    issue, later = issue_of(ruling), timezone.now() + timedelta(days=9)
    decide(issue, "snooze", by=triager, until=later, voices=4)
    decide(issue, "wake", by=triager)
    decide(issue, "assign", by=triager, assignee=triager)
    decide(issue, "assign", by=triager, assignee=None)
    decide(issue, "prioritise", by=triager, weight=64.0)
    decide(issue, "ask", by=triager, report=ruling, text="On which page?")

    assert told(issue) == [
        f"Whoever filed {ruling} was asked for more",
        "Priority: as worked out → High",
        "No longer assigned to triager@example.org",
        "Assigned to triager@example.org",
        "Woken",
        f"Snoozed until {later.day} {later:%b} {later.year} or 4 voices",
    ]


def test_an_undo_says_what_it_took_back_and_the_other_is_struck(ruling: Report, triager: Any) -> None:
    issue = issue_of(ruling)
    undo(decide(issue, "dismiss", by=triager, reason="spam"), by=triager)

    lines = [line for line in history_of(issue) if line.who]

    assert [line.words for line in lines] == ["Undone: Dismissed: Spam", "Dismissed: Spam"]
    assert [(line.is_undone, line.undo) for line in lines] == [(False, None), (True, None)]


def test_a_merge_is_told_on_both_sides_and_can_be_undone_from_either(
    ruling: Report, folder: Report, triager: Any
) -> None:
    source, target = issue_of(folder), issue_of(ruling)
    decision = decide(source, "merge", by=triager, target=target)

    assert told(source) == [f"Merged into {target}"]
    assert told(target) == [f"{source} merged into this one"]
    assert {line.undo for issue in (source, target) for line in history_of(issue) if line.who} == {decision.pk}


def test_a_split_is_told_on_both_sides(ruling: Report, folder: Report, triager: Any) -> None:
    issue = issue_of(ruling)
    decide(issue_of(folder), "place", by=triager, report=folder, target=issue)
    issue.refresh_from_db()
    decide(issue, "split", by=triager, reports=[folder])

    assert told(issue) == ["1 report split off", f"Report {folder} placed here"]
    assert told(issue_of(folder)) == ["Split off from another issue, with 1 report"]


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_history_costs_the_same_however_long_it_is(
    ruling: Report, triager: Any, django_assert_num_queries: Any, how_many: int
) -> None:
    issue = issue_of(ruling)
    for _again in range(how_many):
        decide(issue, "assign", by=triager, assignee=triager)
        decide(issue, "assign", by=triager, assignee=None)
    assert Decision.objects.count() == 2 * how_many

    with django_assert_num_queries(6):
        lines = history_of(issue)

    assert len([line for line in lines if line.who]) == 2 * how_many


def test_a_verb_that_has_no_sentence_yet_is_told_by_its_name(ruling: Report, triager: Any) -> None:
    issue = issue_of(ruling)
    Decision.objects.create(issue=issue, verb="polish_it", by="person", decider=triager)

    assert told(issue) == ["Polish it"]
    assert len(decisions_about(issue)) == 1
