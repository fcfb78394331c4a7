"""What a merge or a split would give is told exactly, and nothing is changed by asking."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import actor_for
from accounts.policy import Actor
from reports.models import Issue, Placement, Report
from triage.decisions import decide
from triage.models import Constraint, Proposal
from triage.queue import titled
from triage.unions import candidates_for, cut_of, may_survive, proposed_cut, survivor_of, tally, union_of

NOW = timezone.now()


@pytest.fixture
def actor(triager: Any) -> Actor:
    return actor_for(triager)


def told(issue: Issue) -> Issue:
    return titled(Issue.objects.all()).select_related("family").get(pk=issue.pk)


@pytest.fixture
def pair(file: Callable[..., Any], make_issue: Callable[..., Any]) -> tuple[Issue, Issue, list[Report]]:
    """Two issues of two and three reports, one of which stands in both."""
    reports = [file(grouped=False, summary=f"It invents ruling number {number}") for number in range(4)]
    one, other = make_issue("One", status="new"), make_issue("Other", status="new")
    for issue, standing in ((one, reports[:2]), (other, reports[1:])):
        for report in standing:
            Placement.objects.create(report=report, issue=issue, by="engine", method="m-1")
    return one, other, reports


def test_a_report_that_stands_on_both_sides_counts_once(pair: Any, actor: Actor, nothing_stored: Any) -> None:
    one, other, reports = pair
    Report.objects.filter(pk=reports[3].pk).update(held_at=NOW)
    Report.objects.filter(pk=reports[2].pk).update(voice_key=reports[0].voice_key)

    with nothing_stored():
        union = union_of(told(one), told(other), actor)

    assert [(side.tally.reports, side.tally.voices, side.tally.held) for side in (union.goes, union.stays)] == [
        (2, 2, 0),
        (2, 2, 1),
    ]
    assert (union.together.reports, union.together.voices, union.together.held) == (3, 2, 1)


def test_nothing_is_counted_of_nothing() -> None:
    empty = tally(Report.objects.none())

    assert (empty.reports, empty.voices, empty.held) == (0, 0, 0)


def test_all_that_people_said_is_counted_and_some_of_it_named(
    pair: Any, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, reports = pair
    for report in reports[2:]:
        Constraint.objects.create(report=reports[0], other=report, says="not_same")
    Constraint.objects.create(report=reports[2], other=reports[3], says="not_same", ended_at=NOW)
    monkeypatch.setattr("triage.unions.SPOKEN", 1)

    union = union_of(told(one), told(other), actor)

    assert (union.kept_apart, len(union.said), union.more_said) == (2, 1, 1)
    assert union.said[0].who == ""


def test_the_older_public_one_goes_on_else_the_one_with_a_number_else_the_older(
    make_issue: Callable[..., Any],
) -> None:
    old = make_issue(status="new", opened_at=NOW - timedelta(days=9))
    young = make_issue(status="new", opened_at=NOW)
    hidden = make_issue(opened_at=NOW, published_at=None)
    public = make_issue(opened_at=NOW, published_at=NOW - timedelta(days=1))
    earlier = make_issue(opened_at=NOW, published_at=NOW - timedelta(days=2))

    assert survivor_of(young, old) == old
    assert survivor_of(old, hidden) == hidden
    assert survivor_of(hidden, public) == public
    assert survivor_of(public, earlier) == earlier
    assert may_survive(public, earlier)
    assert not may_survive(hidden, public)
    assert not may_survive(old, hidden)


def test_a_cut_tells_both_parts_and_what_is_held_together(pair: Any, actor: Actor) -> None:
    _, other, reports = pair
    Constraint.objects.create(report=reports[1], other=reports[2], says="same")

    cut = cut_of(told(other), [reports[2].pk, reports[0].pk], actor)

    assert (cut.stays.tally.reports, cut.leaves.tally.reports) == (2, 1)
    assert (cut.leaves.title, cut.held_together) == ("It invents ruling number 2", 1)


def test_a_cut_of_which_nothing_is_left_is_not_proposed(pair: Any, actor: Actor) -> None:
    one, other, reports = pair
    opinion = {"kind": "split", "score": 0.5, "band": "likely", "method": "m-1"}
    Proposal.objects.create(issue=other, report_ids=[report.pk for report in reports[1:]], **opinion)
    Proposal.objects.create(issue=one, report_ids=[reports[3].pk], **opinion)

    assert proposed_cut(told(one), actor) is None
    assert proposed_cut(told(other), actor) is None


def test_what_somebody_merged_is_no_candidate(pair: Any, actor: Actor, triager: Any) -> None:
    one, other, _ = pair
    Proposal.objects.create(kind="merge", issue=one, other=other, score=0.5, band="likely", method="m-1")
    assert [candidate.issue for candidate in candidates_for(told(one), actor)] == [other]

    decide(other, "merge", by=triager, target=one)

    assert candidates_for(told(one), actor) == []
