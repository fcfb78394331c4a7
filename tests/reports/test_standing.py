"""What a reporter is told of their report."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports.models import Issue, Placement, Report
from reports.standing import issue_of, standing, status_of
from triage.decisions import decide, undo

Make = Callable[..., Any]


def issue(report: Report) -> Issue:
    found = issue_of(report)
    assert found is not None
    return found


def told(report: Report) -> tuple[str, str | None, list[str]]:
    report.refresh_from_db()
    answer = standing(report)
    assert set(answer) == {"reference", "status", "issue", "timeline"}
    return answer["status"], answer["issue"], [step["status"] for step in answer["timeline"]]


def test_the_words_of_a_report_s_life(file: Make, artifact: Any, triager: Any) -> None:
    from triage.matching import match_report

    report = file(grouped=False)
    assert told(report) == ("received", None, ["received"])

    match_report(report.pk)
    assert told(report) == ("grouped", None, ["received", "grouped"])

    confirmed = decide(issue(report), "confirm", by=triager)
    number = confirmed.issue.number if confirmed.issue else None
    assert told(report) == ("confirmed", number, ["received", "grouped", "confirmed"])

    decide(issue(report), "resolve", by=triager, reason="documented")
    assert told(report)[:2] == ("resolved", number)

    decide(issue(report), "reopen", by=triager)
    assert told(report)[:2] == ("confirmed", number)

    decide(issue(report), "dismiss", by=triager, reason="spam")
    assert told(report)[:2] == ("declined", None)
    assert told(report)[2] == ["received", "grouped", "confirmed", "resolved", "confirmed", "declined"]


@pytest.mark.parametrize("sign", ["assignee", "asked_at", "snoozed_at"])
def test_under_review_once_somebody_looks(file: Make, triager: Any, sign: str) -> None:
    report = file()
    Issue.objects.update(**{sign: triager if sign == "assignee" else timezone.now()})

    assert told(report)[0] == "under_review"


def test_the_issue_stays_unnamed_until_the_public_may_see_it(file: Make, artifact: Any, triager: Any) -> None:
    private = file(visibility="private")
    decide(issue(private), "confirm", by=triager)
    assert told(private)[:2] == ("confirmed", None)

    embargoed = file(summary="Another failure altogether", what_happened="It multiplies matrices upside down, always.")
    decide(issue(embargoed), "confirm", by=triager)
    assert told(embargoed)[1] is not None
    Issue.objects.filter(pk=issue(embargoed).pk).update(embargo_until=timezone.now() + timedelta(days=1))
    assert told(embargoed)[:2] == ("confirmed", None)


def test_an_undone_confirmation_is_taken_back(file: Make, artifact: Any, triager: Any) -> None:
    report = file()
    decision = decide(issue(report), "confirm", by=triager)

    undo(decision, by=triager)

    assert told(report)[:2] == ("grouped", None)


def test_a_merged_issue_stands_for_the_one_it_became(file: Make, artifact: Any, triager: Any) -> None:
    first = file()
    second = file(summary="It multiplies matrices", what_happened="Upside down, and with the wrong sign, every time.")
    assert issue(first) != issue(second)
    Placement.objects.filter(report=second).exists()
    Issue.objects.filter(pk=issue(second).pk).update(status="merged", merged_into=issue(first))

    assert issue_of(second) == issue_of(first)
    assert told(second)[0] == "grouped"


def test_of_several_issues_the_furthest_counts(file: Make, artifact: Any, triager: Any, make_issue: Make) -> None:
    report = file()
    confirmed = make_issue()
    Placement.objects.create(report=report, issue=confirmed, by="person")

    assert issue_of(report) == confirmed
    assert status_of(report, issue_of(report)) == "confirmed"


def test_what_happened_before_it_was_filed_is_not_its_story(file: Make, artifact: Any, triager: Any) -> None:
    first = file()
    decide(issue(first), "confirm", by=triager)
    second = file()

    assert issue(second) == issue(first)
    assert told(second)[2] == ["received", "grouped"]


def test_what_came_of_others_in_the_issue_is_not_told(file: Make, artifact: Any, triager: Any) -> None:
    report = file()
    other = file()
    assert issue(other) == issue(report)

    decide(issue(report), "confirm", by=triager)

    assert told(report)[2] == told(other)[2] == ["received", "grouped", "confirmed"]
