"""How urgent an issue is, in numbers as they are stored and in words as they are shown."""

from collections.abc import Callable
from datetime import timedelta
from math import log, log2
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from ledger.models import Event
from reports.models import ContextRule, Issue, Placement, Report, Signal
from triage import priority, tasks
from triage.bell import bell
from triage.counting import recount, reprioritise

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def weight_of(issue: Issue) -> float:
    """What is stored, less the waiting."""
    issue.refresh_from_db()
    return float(2 ** (issue.priority + issue.opened_at.timestamp() / MONTH.total_seconds()))


def warned(issue: Issue, tier: str, state: str = "new") -> Signal:
    values = {"detector": "d", "method": "m", "observed": 3, "expected": 1, "since": timezone.now()}
    return Signal.objects.create(issue=issue, tier=tier, state=state, **values)


def test_everything_that_makes_it_urgent_is_multiplied(file: Make, someone: Make) -> None:
    issue = issue_of(file(severity="high", context_of_use="health", harm_occurred="yes", network="192.0.2.1"))
    assert weight_of(issue) == pytest.approx(4 * 2 * 2, rel=1e-4)

    file(severity="high", context_of_use="health", harm_occurred="no", actor=actor_for(someone()))
    assert weight_of(issue) == pytest.approx(4 * (1 + log(2)) * 2 * 2, rel=1e-4)

    warned(issue, "alarm", "refuted")
    warned(issue, "watch")
    recount([issue.pk])
    assert weight_of(issue) == pytest.approx(4 * (1 + log(2)) * 2 * 2 * 1.5, rel=1e-4)

    warned(issue, "alarm", "confirmed")
    recount([issue.pk])
    assert weight_of(issue) == pytest.approx(4 * (1 + log(2)) * 2 * 2 * 2, rel=1e-4)


def test_a_plain_one_weighs_as_much_as_nobody_is_sure(file: Make) -> None:
    assert weight_of(issue_of(file())) == pytest.approx(1.5, rel=1e-4)


def test_the_worst_harm_told_by_a_report_with_a_voice_is_the_issue_s(file: Make) -> None:
    reports = [file(harm_occurred=told, network=f"192.0.{at}.1") for at, told in enumerate(("no", "nearly", "unsure"))]
    issue = issue_of(reports[0])
    issue.refresh_from_db()
    assert issue.harm_occurred == "nearly"

    Report.objects.filter(harm_occurred="nearly").update(held_at=timezone.now())
    recount([issue.pk])
    issue.refresh_from_db()
    assert issue.harm_occurred == "unsure"

    Placement.objects.update(superseded_at=timezone.now())
    recount([issue.pk])
    issue.refresh_from_db()
    assert issue.harm_occurred == ""


def test_a_month_of_waiting_doubles_and_the_order_never_depends_on_the_clock(make_issue: Make) -> None:
    now = timezone.now()
    older = make_issue("older", severity="medium", opened_at=now - MONTH)
    younger = make_issue("younger", severity="high", opened_at=now)
    reprioritise()
    older.refresh_from_db()
    younger.refresh_from_db()

    assert older.priority == pytest.approx(younger.priority, abs=1e-6)
    assert priority.explained(older, now=now).factors[-1].weight == pytest.approx(2)
    assert priority.explained(older, now=now + MONTH).factors[-1].weight == pytest.approx(4)


def test_a_person_s_word_stands_for_all_but_the_waiting(make_issue: Make) -> None:
    chosen = make_issue(severity="critical", voice_count=5, report_count=5, priority_override=priority.NORMAL)
    warned(chosen, "alarm")
    reprioritise()

    assert weight_of(chosen) == pytest.approx(priority.NORMAL, rel=1e-4)

    told = priority.explained(chosen)

    assert told.chosen == "Normal"
    assert str(told.factors[0]) == "Normal, set by a person ×2"
    assert len(told.factors) == 2


@pytest.mark.parametrize("weight", [0, -4, 1e-300])
def test_a_weight_without_a_logarithm_is_the_least(make_issue: Make, weight: float) -> None:
    issue = make_issue(priority_override=weight)

    reprioritise()

    assert weight_of(issue) == pytest.approx(priority.LEAST, rel=1e-3)


def test_first_is_first_and_last_is_last(make_issue: Make) -> None:
    old = timezone.now() - 12 * MONTH
    first, last = (
        make_issue(priority_override=priority.FIRST),
        make_issue(priority_override=priority.LAST, opened_at=old),
    )
    worst = make_issue(severity="critical", voice_count=400, report_count=400, harm_occurred="yes", opened_at=old)
    plain = make_issue()
    reprioritise()

    assert list(Issue.objects.order_by("-priority")) == [first, worst, plain, last]


def test_it_is_told_in_words(make_issue: Make) -> None:
    now = timezone.now()
    issue = make_issue(
        severity="high",
        voice_count=6,
        report_count=6,
        context_of_use="health",
        harm_occurred="yes",
        opened_at=now - timedelta(days=12),
        is_possible_regression=True,
    )
    warned(issue, "watch")

    told = priority.explained(issue, now=now)

    assert str(told).replace("\xa0", " ") == (
        "severity: High ×4 · 6 voices ×2.8 · used in: Health ×2 · harm happened ×2 · an early warning is open ×1.5"
        " · waiting 1 week ×1.3"
    )
    assert told.is_on_top
    assert told.chosen == ""


def test_what_changes_nothing_is_not_told(make_issue: Make) -> None:
    told = priority.explained(make_issue(context_of_use="media", harm_occurred="no"))

    assert [factor.words for factor in told.factors][:-1] == ["severity: Not sure", "1 voice"]


def test_what_is_told_is_what_is_stored(file: Make) -> None:
    issue = issue_of(file(severity="critical", context_of_use="education", harm_occurred="nearly"))
    warned(issue, "alarm")
    recount([issue.pk])
    issue.refresh_from_db()
    product = 1.0
    for factor in priority.explained(issue, now=issue.opened_at).factors:
        product *= factor.weight

    assert log2(product) - issue.opened_at.timestamp() / MONTH.total_seconds() == pytest.approx(
        issue.priority, abs=1e-6
    )


def test_a_changed_rule_is_followed_by_every_issue(make_issue: Make, django_assert_num_queries: Any) -> None:
    issues = [make_issue(f"Number {at}", context_of_use="work") for at in range(5)]
    reprioritise()
    ContextRule.objects.filter(context="work").update(weight=3)

    assert reprioritise(most=2) == (5, None)
    assert weight_of(issues[0]) == pytest.approx(1.5 * 3, rel=1e-4)
    assert reprioritise() == (0, None)
    assert reprioritise(until=0) == (0, 0)

    ContextRule.objects.filter(context="work").delete()
    tasks.reprioritise()

    assert weight_of(issues[0]) == pytest.approx(1.5, rel=1e-4)


def test_the_command_says_how_many_changed(make_issue: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make_issue()

    call_command("reprioritise")

    assert "1 issue" in capsys.readouterr().out


def test_an_admin_weighs_a_context_and_the_log_has_it(
    client: Client, someone: Make, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[object] = []
    monkeypatch.setattr(bell, "ring", lambda task, row_id: rung.append(task))
    client.force_login(someone("admin"))
    address = "/admin/reports/contextrule/work/change/"

    assert client.get(address).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(address, {"context": "work", "weight": "3", "acknowledge_within": "2"})

    assert answer.status_code == 302
    assert ContextRule.objects.get(context="work").weight == 3
    assert Event.objects.filter(verb="weigh").count() == 1
    assert rung == [tasks.reprioritise]


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e9", ""])
def test_a_weight_that_is_none_is_refused(client: Client, someone: Make, weight: str) -> None:
    client.force_login(someone("admin"))

    answer = client.post(
        "/admin/reports/contextrule/work/change/", {"context": "work", "weight": weight, "acknowledge_within": "2"}
    )

    assert answer.status_code == 200
    assert ContextRule.objects.get(context="work").weight == 1.25
    assert not Event.objects.filter(verb="weigh").exists()


def test_nobody_else_weighs(client: Client, triager: Any) -> None:
    client.force_login(triager)

    assert client.get("/admin/reports/contextrule/").status_code in (302, 403)
