"""Letting held reports out: what was without a voice has one, and what follows from it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from ledger.models import Event
from reports.models import DailyCount, Issue, Report
from reports.vocabulary import HeldFor
from tests.deciding import A_FIX
from triage import bulk, views
from triage.decisions import decide, undo
from triage.history import history_of
from triage.matching import match_report
from triage.moves import Verb
from triage.selection import Selection

pytestmark = pytest.mark.django_db
File = Callable[..., Report]


@pytest.fixture
def hold(file: File) -> File:
    """Files a report that is held before it is matched: ``hold(summary=…) -> Report``."""

    def filed(**changes: Any) -> Report:
        report = file(grouped=False, **changes)
        Report.objects.filter(pk=report.pk).update(held_at=timezone.now(), held_for=HeldFor.MANY)
        match_report(report.pk)
        report.refresh_from_db()
        return report

    return filed


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def test_a_released_report_has_a_voice_and_waits(hold: File, triager: Any) -> None:
    issue = issue_of(hold())
    assert (issue.report_count, issue.voice_count, issue.waits) == (0, 0, False)

    decide(issue, Verb.RELEASE, by=triager)

    issue.refresh_from_db()
    assert (issue.report_count, issue.voice_count, issue.waits) == (1, 1, True)
    assert DailyCount.objects.get(issue=issue).voice_count == 1
    report = Report.objects.get()
    assert (report.held_at, report.held_for) == (None, HeldFor.MANY)  # why it was held is remembered


def test_undoing_it_holds_the_report_as_before(hold: File, triager: Any) -> None:
    report = hold()
    decision = decide(issue_of(report), Verb.RELEASE, by=triager, report=report)

    undo(decision, by=triager)

    issue = issue_of(report)
    assert Report.objects.get().held_at == report.held_at
    assert (issue.voice_count, issue.waits) == (0, False)
    assert [happening.words for happening in history_of(issue)][:2] == [
        "Undone: 1 held report released",
        "1 held report released",
    ]
    assert set(Event.objects.filter(verb__in=["release", "undo"]).values_list("verb", flat=True)) == {"release", "undo"}


def test_one_of_two_or_both(hold: File, file: File, triager: Any) -> None:
    heard = file(network="192.0.2.1")
    one, two = hold(network="198.51.100.1"), hold(network="203.0.113.1")
    issue = issue_of(heard)
    assert {issue_of(one), issue_of(two)} == {issue}

    decide(issue, Verb.RELEASE, by=triager, report=one)
    issue.refresh_from_db()
    assert (issue.report_count, Report.objects.filter(held_at=None).count()) == (2, 2)

    decide(issue, Verb.RELEASE, by=triager)
    issue.refresh_from_db()
    assert (issue.report_count, Report.objects.filter(held_at=None).count()) == (3, 3)


def test_there_has_to_be_something_held(file: File, hold: File, triager: Any) -> None:
    heard = file()

    tellings: list[dict[str, Any]] = [{}, {"report": heard}]
    for told in tellings:
        with pytest.raises(ValidationError, match="Nothing is held here"):
            decide(issue_of(heard), Verb.RELEASE, by=triager, **told)
    elsewhere = hold(artifact="other/model", summary="Something else altogether")
    with pytest.raises(ValidationError, match="no longer in this issue"):
        decide(issue_of(heard), Verb.RELEASE, by=triager, report=elsewhere)


def test_what_is_dismissed_has_to_be_reopened_first(hold: File, triager: Any) -> None:
    issue = issue_of(hold())
    decide(issue, Verb.DISMISS, by=triager, reason="spam")

    with pytest.raises(ValidationError, match="Reopen it first"):
        decide(issue, Verb.RELEASE, by=triager)


def test_a_failure_on_the_fixed_version_is_flagged_once_it_is_released(
    file: File, hold: File, artifact: Any, triager: Any
) -> None:
    issue = issue_of(file(version="2026-05"))
    decide(issue, Verb.CONFIRM, by=triager)
    decide(issue, Verb.RESOLVE, by=triager, **A_FIX)
    held = hold(version="2026-06")
    issue.refresh_from_db()
    assert (issue_of(held), issue.is_possible_regression) == (issue, False)

    decision = decide(issue, Verb.RELEASE, by=triager)

    issue.refresh_from_db()
    assert issue.is_possible_regression
    assert issue.waits
    undo(decision, by=triager)
    issue.refresh_from_db()
    assert not issue.is_possible_regression


def test_what_it_says_of_hazard_counts_only_then(file: File, hold: File, triager: Any) -> None:
    issue = issue_of(file(network="192.0.2.1"))
    held = file(grouped=False, network="198.51.100.1")
    Report.objects.filter(pk=held.pk).update(held_at=timezone.now(), hazard_level=2)
    match_report(held.pk)
    issue.refresh_from_db()
    assert (issue_of(held), issue.hazard_level) == (issue, 0)

    decide(issue, Verb.RELEASE, by=triager)

    issue.refresh_from_db()
    assert issue.hazard_level == 2


def test_many_at_once(hold: File, triager: Any) -> None:
    issues = {issue_of(hold(artifact=f"acme/model-{number}")) for number in range(3)}
    selection = Selection(query=views.HELD, is_all=True)

    started = bulk.start(Verb.RELEASE, {}, selection=selection, by=triager)
    bulk.carry_on(started.pk)

    started.refresh_from_db()
    assert (started.expected, started.done, started.skipped) == (3, 3, {})
    assert not Report.objects.filter(held_at__isnull=False).exists()
    assert {issue.pk for issue in Issue.objects.filter(waits=True)} == {issue.pk for issue in issues}


# On the desk


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


def test_the_desk_says_why_and_lets_it_out(desk: Client, hold: File) -> None:
    report = hold()
    issue = issue_of(report)

    page = desk.get(f"/triage/{issue.pk}/").content.decode()

    assert "This report is held: many from one network." in page
    answer = desk.post(f"/triage/{issue.pk}/decide/", {"verb": "release", "report": report.pk}, follow=True)
    assert answer.status_code == 200
    assert "This report is held" not in answer.content.decode()
    assert Report.objects.get().held_at is None


def test_held_reports_are_not_forgotten(desk: Client, hold: File, file: File, triager: Any) -> None:
    def held_view() -> tuple[int | None, bool]:
        shown = next(view for view in views.listed(triager, actor_for(triager)) if view.text == views.HELD)
        return shown.count, shown.is_in_sight

    file(artifact="acme/model-0")
    assert held_view() == (0, False)

    spam = issue_of(hold(artifact="acme/model-1"))
    hold(artifact="acme/model-2")
    assert held_view() == (2, True)
    page = desk.get("/triage/").content.decode()
    assert "<bdi>Held</bdi> <b>2</b>" in page
    assert "1 waiting" in page

    decide(spam, Verb.DISMISS, by=triager, reason="spam")
    assert held_view() == (1, True)


@pytest.mark.parametrize("report", ["", "999999", "x", "-1"])
def test_a_report_that_is_not_there_releases_nothing(desk: Client, hold: File, file: File, report: str) -> None:
    issue = issue_of(file())

    answer = desk.post(f"/triage/{issue.pk}/decide/", {"verb": "release", "report": report})

    assert answer.status_code in (409, 422)
    assert not Event.objects.filter(verb="release").exists()
