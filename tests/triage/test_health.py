"""How the queue stands: what is counted, when it counts, and what an empty desk shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from reports.models import Issue, Notice, Report
from triage.counting import recount
from triage.decisions import decide, undo
from triage.health import DAYS, Health, health_of
from triage.models import Claim, Decision

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def opened(make_issue: Callable[..., Any]) -> Callable[..., Issue]:
    """A new issue that has waited for so many days at NOW: ``opened(days=3)``."""

    def made(*, days: float, **fields: Any) -> Any:
        return make_issue(f"Waiting {days}", status="new", opened_at=NOW - timedelta(days=days), **fields)

    return made


def look(triager: Any) -> Health:
    return health_of(actor_for(triager), now=NOW)


def test_an_empty_desk_says_so(client: Client, triager: Any) -> None:
    client.force_login(triager)

    response = client.get("/triage/health/")

    assert response.status_code == 200
    page = response.content.decode()
    assert "Nothing is waiting." in page
    assert "Nobody has decided anything in these days." in page
    assert (response.context["health"].undo_share, response.context["health"].pace.median) == (None, None)


def test_what_waits_stands_in_bands_by_age(opened: Any, triager: Any) -> None:
    for days in (0.5, 2, 2.5, 8, 20, 27.9, 28.1, 300):
        opened(days=days)

    health = look(triager)

    assert [band.count for band in health.bands] == [1, 2, 0, 1, 2, 2]
    assert [band.share for band in health.bands] == [0.5, 1, 0, 0.5, 1, 1]
    assert health.waiting == 8
    assert health.oldest is not None
    assert health.oldest.opened_at == NOW - timedelta(days=300)


def test_only_what_waits_counts(opened: Any, make_issue: Callable[..., Any], triager: Any) -> None:
    opened(days=1, voice_count=0)  # held
    opened(days=2, snoozed_at=NOW, snoozed_until=timezone.now() + timedelta(days=9))
    make_issue(status="confirmed")
    make_issue(status="dismissed")
    back = make_issue(status="resolved", is_possible_regression=True, last_reported_at=NOW - timedelta(days=2))
    disputed = make_issue(status="dismissed", is_disputed=True)
    Issue.objects.filter(pk=disputed.pk).update(changed_at=NOW - timedelta(hours=1))

    health = look(triager)

    assert [band.count for band in health.bands] == [1, 1, 0, 0, 0, 0]
    assert (health.oldest, health.snoozed, health.disputed) == (back, 1, 1)


def test_claims_that_ended_and_notices_that_are_not_due_do_not_count(opened: Any, triager: Any) -> None:
    one, other = opened(days=1), opened(days=1)
    Claim.objects.create(issue=one, user=triager, until=NOW + timedelta(minutes=4))
    Claim.objects.create(issue=other, user=triager, until=NOW - timedelta(minutes=4))
    for due, sent in ((-1, None), (1, None), (-1, NOW)):
        Notice.objects.create(
            user=triager, verb="confirm", subject="issue:1", due_at=NOW + timedelta(hours=due), sent_at=sent
        )

    health = look(triager)

    assert (health.claimed, health.unsent) == (1, 1)


@pytest.fixture
def decided(file: Callable[..., Report], artifact: Any, triager: Any) -> Callable[..., Decision]:
    """A decision on an issue that had waited for so long, so many days before NOW."""

    def made(*, waited: timedelta, ago: int, verb: str = "dismiss") -> Decision:
        count = Report.objects.count()
        report = file(
            summary=f"Another story altogether, number {count}",
            what_happened=f"It did something that nobody had seen before, which I shall call {count * 7919}.",
            artifact=f"acme/model-{count}",
        )
        issue = Issue.objects.get(placements__report=report, placements__superseded_at=None)
        at = NOW - timedelta(days=ago)
        Issue.objects.filter(pk=issue.pk).update(opened_at=at - waited)
        return decide(issue, verb, by=triager, reason="spam" if verb == "dismiss" else "", at=at)

    return made


def test_time_to_the_first_decision_is_that_of_lately(decided: Callable[..., Decision], triager: Any) -> None:
    for hours in (1, 2, 3, 100):
        decided(waited=timedelta(hours=hours), ago=3)
    decided(waited=timedelta(days=400), ago=DAYS + 1)

    pace = look(triager).pace

    assert pace.issues == 4
    assert pace.median == timedelta(hours=2.5)
    assert timedelta(hours=3) < (pace.p90 or timedelta()) < timedelta(hours=100)


def test_an_issue_counts_once_by_its_first_decision_that_stands(decided: Callable[..., Decision], triager: Any) -> None:
    first = decided(waited=timedelta(hours=1), ago=5)
    undo(first, by=triager)
    assert first.issue is not None
    decide(first.issue, "confirm", by=triager, at=first.decided_at + timedelta(hours=4))
    early = decided(waited=timedelta(hours=8), ago=DAYS + 9, verb="confirm")
    assert early.issue is not None
    decide(early.issue, "dismiss", by=triager, reason="spam", at=NOW)

    pace = look(triager).pace

    assert (pace.issues, pace.median) == (1, timedelta(hours=5))


def test_decisions_stand_by_day_with_what_was_taken_back(decided: Callable[..., Decision], triager: Any) -> None:
    decided(waited=timedelta(hours=1), ago=0)
    undo(decided(waited=timedelta(hours=1), ago=2), by=triager)
    decided(waited=timedelta(hours=1), ago=2)
    decided(waited=timedelta(hours=1), ago=DAYS)

    health = look(triager)

    assert len(health.days) == DAYS
    assert [(day.count, day.undone) for day in health.days[-3:]] == [(2, 1), (0, 0), (1, 0)]
    assert (health.days[-1].on, health.decided, health.undone) == (NOW.date(), 3, 1)
    assert health.undo_share == pytest.approx(1 / 3)


def test_the_page_draws_and_tells_the_same_numbers(
    client: Client, opened: Any, file: Callable[..., Report], triager: Any
) -> None:
    report = file()
    issue = Issue.objects.get(placements__report=report)
    opened(days=2)
    undo(decide(issue, "confirm", by=triager), by=triager)
    recount([issue.pk])
    client.force_login(triager)

    page = client.get("/triage/health/").content.decode()

    assert page.count('<rect class="obs"') == DAYS
    assert "Numbers as a table" in page
    assert "1 to 3 days" in page or "Longer than 4 weeks" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_however_much_waits_it_asks_as_often(
    client: Client, opened: Any, triager: Any, django_assert_num_queries: Any, rows: int
) -> None:
    for days in range(rows):
        opened(days=days + 1)
    client.force_login(triager)
    client.get("/triage/health/")

    with django_assert_num_queries(HEALTH_QUERIES):
        client.get("/triage/health/")


HEALTH_QUERIES = 16
