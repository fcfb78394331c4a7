"""What waits, in which order, and what the list says of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports.models import Issue, Placement, Report
from reports.vocabulary import Visibility
from triage.decisions import decide
from triage.models import Suggestion
from triage.queue import STATES, QueueFilter, rows, titled, waiting_count, waiting_issues, weekly_voices

File = Callable[..., Report]


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture
def waiting(file: File, artifact: Any) -> Callable[..., Issue]:
    """Makes one new issue with one report, whatever it says."""

    def made(summary: str = "It invents a court ruling", **changes: Any) -> Issue:
        counted: dict[str, Any] = {"report_count": 1, "voice_count": 1}
        counted |= {name: changes.pop(name) for name in ("voice_count", "opened_at") if name in changes}
        report = file(summary=summary, grouped=False, what_happened=f"{summary}: that is all there is.", **changes)
        issue = Issue.objects.create(family=artifact.family, kind=report.kind, severity=report.severity)
        Placement.objects.create(report=report, issue=issue, by="engine", method="m-1")
        counted["report_count"] = max(counted["report_count"], counted["voice_count"])
        Issue.objects.filter(pk=issue.pk).update(**counted)
        issue.refresh_from_db()
        return issue

    return made


def test_the_most_urgent_waits_first(waiting: Callable[..., Issue], make_issue: Callable[..., Issue]) -> None:
    plain = waiting("Ordinary and rather mild")
    harmed = waiting("Somebody came to harm here", harm_occurred="yes")
    severe = waiting("A severe one, said by the reporter", severity="critical")
    many = waiting("Something that forty people met", voice_count=40)
    old = waiting("It has waited here for a month", opened_at=timezone.now() - timedelta(days=30))
    back = make_issue("It was fixed", status="resolved", is_possible_regression=True)
    Placement.objects.create(report=Report.objects.all()[0], issue=back, by="engine", method="m-1")

    assert list(waiting_issues()) == [back, severe, many, harmed, old, plain]


def test_what_a_person_set_outweighs_the_rest(waiting: Callable[..., Issue]) -> None:
    severe = waiting("A severe one, said by the reporter", severity="critical")
    chosen = waiting("This first, please, said the editor")
    Issue.objects.filter(pk=chosen.pk).update(priority_override=100)

    assert list(waiting_issues()) == [chosen, severe]


def test_an_issue_of_held_reports_only_does_not_wait(waiting: Callable[..., Issue]) -> None:
    seen, held = waiting("One that has a voice"), waiting("One that is held")
    Report.objects.filter(placements__issue=held).update(held_at=timezone.now())

    assert list(waiting_issues()) == [seen]
    assert waiting_count() == 1


def test_what_is_decided_waits_no_longer(waiting: Callable[..., Issue], triager: Any) -> None:
    issue = waiting()
    decide(issue, "confirm", by=triager)

    assert list(waiting_issues()) == []


def test_a_title_is_the_public_one_or_the_oldest_summary_that_is_not_private(
    waiting: Callable[..., Issue], file: File
) -> None:
    issue = waiting("Too private for a title", visibility="private")
    second = file(summary="Younger and not private", grouped=False)
    Placement.objects.create(report=second, issue=issue, by="engine", method="m-1")

    assert titled(Issue.objects.all()).get().title == "Younger and not private"  # type: ignore[attr-defined] # annotated

    Report.objects.update(visibility=Visibility.PRIVATE)
    listed = rows(waiting_issues(), today=timezone.now())

    assert [row.title for row in listed] == ["False information · acme/chat-7b"]

    Issue.objects.update(public_title="Chosen by a person")

    assert rows(waiting_issues(), today=timezone.now())[0].title == "Chosen by a person"


def test_a_lone_report_is_folded_with_the_best_suggestion(waiting: Callable[..., Issue]) -> None:
    known, other, alone = waiting("Invents rulings"), waiting("Deletes folders"), waiting("A ruling that never was")
    report = Report.objects.get(placements__issue=alone)
    Suggestion.objects.create(report=report, issue=other, score=0.3, band="possible", rank=1, method="m-1")
    Suggestion.objects.create(report=report, issue=known, score=0.6, band="likely", rank=0, method="m-1")

    row = next(row for row in rows(waiting_issues(), today=timezone.now()) if row.issue == alone)

    assert (row.suggested, row.suggested_title, row.band) == (known, "Invents rulings", "likely")

    Suggestion.objects.filter(issue=known).update(refused_at=timezone.now())
    row = next(row for row in rows(waiting_issues(), today=timezone.now()) if row.issue == alone)

    assert row.suggested == other


def test_a_suggestion_follows_an_issue_that_was_merged(waiting: Callable[..., Issue], triager: Any) -> None:
    first, second, alone = waiting("Invents rulings"), waiting("Makes rulings up"), waiting("A ruling that never was")
    report = Report.objects.get(placements__issue=alone)
    Suggestion.objects.create(report=report, issue=second, score=0.6, band="likely", rank=0, method="m-1")
    decide(second, "place", by=triager, report=Report.objects.get(placements__issue=second), target=first)

    row = next(row for row in rows(waiting_issues(), today=timezone.now()) if row.issue == alone)

    assert (row.suggested, row.suggested_title) == (first, "Invents rulings")


def test_the_line_counts_voices_by_week(file: File, artifact: Any) -> None:
    now = timezone.now()
    first = file(summary="Invents rulings on rent")
    for ago in (0, 1, 8, 83, 84):
        report = file(
            summary="Invents rulings on rent", reported_at=(now - timedelta(days=ago)).isoformat(), author=f"a{ago}"
        )
        assert issue_of(report) == issue_of(first)

    line = weekly_voices([issue_of(first).pk], today=now)

    assert line == {issue_of(first).pk: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]}  # copies: one voice a day


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "RULING"}, ["It invents a court ruling"]),
        ({"q": "ruling delete"}, []),
        ({"artifact": "chat"}, ["Deletes a folder", "It invents a court ruling"]),
        ({"artifact": "acme/chat-7b"}, ["Deletes a folder", "It invents a court ruling"]),
        ({"artifact": "other/chat-7b"}, []),
        ({"kind": "unsafe_action"}, ["Deletes a folder"]),
        ({}, ["Deletes a folder", "It invents a court ruling"]),
    ],
)
def test_the_list_narrows(waiting: Callable[..., Issue], asked: dict[str, str], found: list[str]) -> None:
    waiting("It invents a court ruling")
    waiting("Deletes a folder", kind="unsafe_action", severity="high")

    narrowed = QueueFilter(asked, waiting_issues()).qs

    assert [issue.title for issue in narrowed] == found


def test_what_the_engine_joined_and_what_grows_fast_is_to_be_looked_at(waiting: Callable[..., Issue]) -> None:
    waiting("An ordinary one of its own")
    joined, growing = waiting("Joined by the engine"), waiting("Growing fast")
    Placement.objects.filter(issue=joined).update(needs_look=True)
    Issue.objects.filter(pk=growing.pk).update(growth_flagged_at=timezone.now())

    found = Issue.objects.filter(STATES["look"])
    listed = {row.title: row.needs_look for row in rows(titled(found), today=timezone.now())}

    assert listed == {"Joined by the engine": True, "Growing fast": False}

    Issue.objects.update(status="dismissed", dismissal="spam", dismissed_at=timezone.now())

    assert not Issue.objects.filter(STATES["look"]).exists()


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_list_costs_the_same_however_long(
    waiting: Callable[..., Issue], django_assert_num_queries: Any, how_many: int
) -> None:
    for number in range(how_many):
        many = waiting(f"Number {number} of those that many met", voice_count=3)
        alone = waiting(f"Number {number} of those that one met")
        report = Report.objects.get(placements__issue=alone)
        Suggestion.objects.create(report=report, issue=many, score=0.6, band="likely", rank=0, method="m-1")

    with django_assert_num_queries(5):
        listed = rows(waiting_issues().select_related("family"), today=timezone.now())

    assert len([row for row in listed if row.suggested]) == how_many
