"""Nightly proposals: what is put to people, what never is, and that a night more changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from reports.models import Issue, Placement, Report
from reports.vocabulary import Channel
from triage import proposals, tasks
from triage.bell import bell
from triage.counting import recount
from triage.decisions import decide
from triage.models import Constraint, Proposal, Suggestion
from triage.proposals import proposals_about, propose, waiting_proposals

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
COURT = (
    ("Cites a court ruling that was never made", "It cited Harrow v. Lindqvist, a ruling on rent that no court made."),
    (
        "A court ruling on rent that nobody ever made",
        "Our lawyer looked up Harrow v. Lindqvist: there is no such case.",
    ),
    ("Invents a ruling of a court about rent", "A made-up ruling, Harrow v. Lindqvist, in a letter to a landlord."),
)
TRAIN = (
    ("Sends people to a train that was given up", "For the last train to the coast it named the night express."),
    ("The night express train no longer runs", "Eleven years ago the last train to the coast was given up."),
    ("Names a night express train to the coast", "The express train was given up, and my mother waited all night."),
)


@pytest.fixture
def placed(file: Make, make_issue: Make) -> Callable[..., Issue]:
    """``placed(COURT[:2], TRAIN[:1])``: a new issue that holds these stories, whatever the engine thought of them."""

    def made(*stories: Any) -> Issue:
        issue: Issue = make_issue("", status="new")
        for summary, story in (one for several in stories for one in several):
            report = file(summary=summary, what_happened=story, channel=Channel.API)
            Placement.objects.filter(report=report).update(issue=issue)
        Suggestion.objects.all().delete()
        Issue.objects.filter(placements=None).delete()
        recount([issue.pk])
        issue.refresh_from_db()
        return issue

    return made


def reports_of(issue: Issue) -> list[int]:
    return sorted(Placement.objects.active().filter(issue=issue).values_list("report_id", flat=True))


def rows() -> list[Any]:
    return list(Proposal.objects.order_by("pk").values())


def touch(*issues: Issue) -> None:
    Issue.objects.filter(pk__in=[issue.pk for issue in issues]).update(touched_at=timezone.now())


def test_two_issues_of_one_failure_are_proposed_as_one(placed: Make) -> None:
    first, second = placed(COURT[:2]), placed(COURT[2:])
    other = placed(TRAIN)
    touch(first)

    assert propose() is None

    (proposal,) = Proposal.objects.all()
    assert (proposal.kind, proposal.issue, proposal.other) == ("merge", first, second)
    assert proposal.method == "lexical-2"
    assert 0 < proposal.score <= 1
    ours, theirs = proposal.reasons["pairs"][0]
    assert {ours, theirs} & set(reports_of(first))
    assert {ours, theirs} & set(reports_of(second))
    assert list(proposals_about(first)) == list(proposals_about(second)) == list(waiting_proposals()) == [proposal]
    assert list(proposals_about(other)) == []
    assert Issue.objects.filter(status="merged").count() == 0


def test_a_night_more_changes_nothing(placed: Make) -> None:
    issues = [placed(COURT[:2]), placed(COURT[2:]), placed(TRAIN)]
    touch(*issues)
    propose()
    stood = rows()

    propose()

    assert stood
    assert rows() == stood


def test_what_nobody_has_touched_is_proposed_only_if_it_is_likely(
    placed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(COURT[:2])
    second = placed(COURT[2:])
    monkeypatch.setattr(proposals, "_conviction", lambda spokesmen, other: 0.06)
    propose()
    assert not Proposal.objects.exists()

    touch(second)
    propose()

    assert Proposal.objects.get().band == "possible"


def test_what_was_refused_never_comes_back(placed: Make) -> None:
    first, second = placed(COURT[:2]), placed(COURT[2:])
    touch(first)
    propose()
    Proposal.objects.update(refused_at=timezone.now())
    stood = rows()

    propose()
    assert rows() == stood
    assert list(proposals_about(first)) == []

    third = placed(TRAIN[:1])  # and what the refused one becomes part of is the refused one
    Placement.objects.filter(issue=second).update(issue=third)
    Issue.objects.filter(pk=second.pk).update(status="merged", merged_into=third)
    recount([second.pk, third.pk])
    propose()
    assert not waiting_proposals().filter(kind="merge").exists()


def test_people_s_word_keeps_issues_apart(placed: Make) -> None:
    first, second = placed(COURT[:2]), placed(COURT[2:])
    touch(first, second)
    Constraint.objects.create(report_id=reports_of(first)[0], other_id=reports_of(second)[0], says="not_same")

    propose()

    assert not Proposal.objects.exists()


def test_a_suggestion_refused_keeps_issues_apart(placed: Make) -> None:
    first, second = placed(COURT[:2]), placed(COURT[2:])
    touch(first, second)
    Suggestion.objects.create(
        report_id=reports_of(second)[0],
        issue=first,
        score=0.5,
        band="likely",
        rank=0,
        method="m",
        refused_at=timezone.now(),
    )

    propose()

    assert not Proposal.objects.exists()


def test_proposals_about_what_was_closed_go(placed: Make, triager: Any) -> None:
    first, second = placed(COURT[:2]), placed(COURT[2:])
    touch(first)
    propose()
    assert proposals_about(first)

    decide(second, "dismiss", by=triager, reason="spam")
    assert list(proposals_about(first)) == []

    propose()
    assert not Proposal.objects.exists()


def test_proposals_that_do_not_hold_any_more_go(placed: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(placed(COURT[:2]), placed(COURT[2:]))
    propose()
    monkeypatch.setattr(proposals, "_conviction", lambda spokesmen, other: 0.0)

    propose()

    assert not Proposal.objects.exists()


def test_an_issue_of_two_failures_is_proposed_as_two(placed: Make) -> None:
    issue = placed(COURT, TRAIN[:2])
    members = reports_of(issue)

    propose()

    (proposal,) = proposals_about(issue)
    assert (proposal.kind, proposal.other) == ("split", None)
    assert proposal.report_ids == members[3:]
    stood = rows()
    propose()
    assert rows() == stood


def test_copies_leave_with_what_they_are_copies_of(placed: Make) -> None:
    issue = placed(COURT, TRAIN[:2], TRAIN[:1])
    copy = Report.objects.get(copy_of__isnull=False)

    propose()

    (proposal,) = proposals_about(issue)
    assert copy.pk in proposal.report_ids
    assert len(proposal.report_ids) == 3


def test_one_stray_report_makes_no_split(placed: Make) -> None:
    placed(COURT, TRAIN[:1])

    propose()

    assert not Proposal.objects.exists()


def test_a_refused_split_never_comes_back_and_people_s_word_holds_issues_together(placed: Make) -> None:
    issue = placed(COURT, TRAIN[:2])
    propose()
    Proposal.objects.update(refused_at=timezone.now())
    propose()
    assert list(proposals_about(issue)) == []

    Proposal.objects.all().delete()
    members = reports_of(issue)
    Constraint.objects.create(report_id=members[0], other_id=members[4], says="same")
    propose()
    assert list(proposals_about(issue)) == []


def test_large_issues_are_looked_at_by_a_sample(placed: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    court = (
        "No court ever made this ruling on rent",
        "The landlord laughed: Harrow v. Lindqvist is not in any register.",
    )
    train = (
        "Coast train: the night express is gone",
        "It names the last express train to the coast, given up long ago.",
    )
    issue = placed(COURT, [court], TRAIN, [train])
    members = reports_of(issue)
    monkeypatch.setattr(proposals, "SAMPLE", 4)  # every second one

    propose()

    (proposal,) = proposals_about(issue)
    assert proposal.report_ids == members[4:]
    assert proposal.reasons["looked_at"] == 8


def test_only_what_changed_is_looked_at_and_the_rest_another_time(
    placed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = placed(COURT[:2]), placed(TRAIN)
    looked_at: list[int] = []
    monkeypatch.setattr(proposals, "look_at", looked_at.append)
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda task, last: rung.append(last))

    assert propose(within_s=0.0) == first.pk
    assert propose(after=first.pk, within_s=0.0) == second.pk
    assert propose(after=second.pk) is None
    assert looked_at == [first.pk, second.pk]

    Issue.objects.update(changed_at=timezone.now() - proposals.SINCE * 2)
    Placement.objects.update(placed_at=timezone.now() - proposals.SINCE * 2)
    tasks.propose()
    assert (looked_at, rung) == ([first.pk, second.pk], [])
