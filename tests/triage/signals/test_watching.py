"""What opens a signal, what only waits, and what is no news: on rows, by what a report touches and by the night."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from accounts.actors import actor_for
from ledger.models import Event
from reports.models import Artifact, Issue, Notice, Placement, Report, Signal, Subscription, Version
from reports.naming import artifact_named
from reports.notices import listed
from tests.triage.signals.telling import BURST, QUIET, TODAY, bursting, noon, tell, themed
from triage import tasks
from triage.bell import bell
from triage.models import NightWatch
from triage.signals import bursts, night, touched
from triage.signals.series import read
from triage.surveillance.baseline import SERIES_DAYS

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db


def look(reports: list[Report], days_later: int = 0) -> int:
    return touched.look([report.pk for report in reports], TODAY + timedelta(days=days_later))


def other_model() -> Artifact:
    made: Artifact = artifact_named("model", "acme/other")
    Artifact.objects.filter(pk=made.pk).update(confirmed_at=noon(100))
    made.refresh_from_db()
    return made


def burst_of(issue: Issue) -> Signal | None:
    return Signal.objects.filter(issue=issue, detector="burst").order_by("-pk").first()


def rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Signal, Notice, Event)]


@pytest.fixture
def issue(make_issue: Make) -> Issue:
    made: Issue = make_issue()
    return made


def test_a_planted_burst_opens_an_alarm_with_its_numbers(issue: Issue) -> None:
    told = bursting(issue)

    assert look(told[-1:]) == 1

    signal = Signal.objects.get()
    assert (signal.key, signal.tier, signal.state) == (f"burst:issue:{issue.pk}", "alarm", "new")
    assert (signal.observed, signal.since, signal.last_seen_on) == (8, TODAY - timedelta(days=2), TODAY)
    assert 0.2 < signal.expected < 1.0
    assert signal.statistics["window_days"] == 3
    assert signal.statistics["alarm_days"] == ["2026-11-16", "2026-11-17", "2026-11-18"]
    assert sorted(signal.statistics["report_ids"]) == sorted(report.pk for report in told[-8:])
    assert signal.statistics["series"]["voices"][-3:] == [3, 2, 3]
    assert len(signal.statistics["series"]["voices"]) == len(signal.statistics["series"]["expected"]) == 63


def test_looking_twice_changes_nothing(issue: Issue) -> None:
    told = bursting(issue)
    look(told[-1:])
    before = rows()

    assert look(told[-1:]) == 0
    assert rows() == before


def test_the_night_says_the_same_and_twice_nothing_more(issue: Issue) -> None:
    look(bursting(issue)[-1:])
    told = Signal.objects.get().observed

    night.watch(TODAY)
    before = rows()
    night.watch(TODAY)

    assert rows() == before
    signal = burst_of(issue)
    assert signal is not None
    assert (signal.observed, Signal.objects.filter(key=signal.key).count()) == (told, 1)
    assert NightWatch.objects.get().on == TODAY


def test_an_import_is_no_burst_and_no_designated_harm(issue: Issue) -> None:
    tell(issue, QUIET)
    told = tell(issue, BURST, channel="import", harm_occurred="yes", context_of_use="health")

    assert look(told) == 0
    night.watch(TODAY)

    assert not Signal.objects.exclude(detector="disproportion").exists()


@pytest.mark.parametrize("channel", ["demo", "replay"])
def test_demo_and_replayed_reports_are(issue: Issue, channel: str) -> None:
    look(bursting(issue, channel=channel)[-1:])

    assert burst_of(issue) is not None


def test_held_reports_and_dismissed_issues_say_nothing(issue: Issue, make_issue: Make) -> None:
    held = bursting(issue, held_at=noon(0))
    dismissed = make_issue(status="dismissed")

    assert look([held[-1], bursting(dismissed)[-1]]) == 0


def test_one_voice_is_no_burst(issue: Issue) -> None:
    assert look(bursting(issue, voice_key="the same")[-1:]) == 0


def test_a_possible_campaign_is_held_as_a_watch_that_says_so(issue: Issue) -> None:
    told = bursting(issue)
    for report in told[-8:]:
        tell(issue, [(TODAY - report.reported_at.date()).days] * 2, voice_key=report.voice_key)

    look(told[-1:])

    signal = burst_of(issue)
    assert signal is not None
    assert (signal.tier, signal.statistics["is_possible_campaign"]) == ("watch", True)
    assert signal.statistics["reports"] == 24
    assert signal.statistics["alarm_days"]


def test_a_release_holds_an_alarm_of_what_stands_alone(issue: Issue, artifact: Artifact) -> None:
    Version.objects.create(artifact=artifact, name="2026-11", position=9, released_on=TODAY - timedelta(days=5))

    look(bursting(issue)[-1:])

    signal = burst_of(issue)
    assert signal is not None
    assert (signal.tier, signal.statistics["is_alone"]) == ("watch", True)
    assert signal.statistics["release"] is not None


def test_a_launch_lights_no_issue(make_issue: Make) -> None:
    """Eight issues of an artifact that are all told of more at once."""
    for _ in range(8):
        told = bursting(make_issue())

    assert look(told[-1:]) == 0


def test_a_young_issue_that_grows_is_watched(make_issue: Make, issue: Issue) -> None:
    tell(issue, QUIET)
    young = make_issue()

    look(tell(young, [2, 1, 0]))

    signal = Signal.objects.get(issue=young)
    assert (signal.key, signal.tier, signal.observed) == (f"emergence:issue:{young.pk}", "watch", 3)


def test_a_theme_bursts_across_issues(make_issue: Make) -> None:
    parts = [make_issue() for _ in range(4)]
    theme = themed(*parts)
    for part in parts:
        tell(part, QUIET[::4])
        tell(part, [0, 1])

    assert touched.look_at_themes(TODAY) == 1

    signal = Signal.objects.get()
    assert (signal.key, signal.theme, signal.observed) == (f"burst:theme:{theme.pk}", theme.pk, 8)


def test_a_designated_harm_is_told_at_once_to_the_desk_alone(issue: Issue, triager: Any, someone: Make) -> None:
    watcher = someone()
    for user, subject in ((triager, "queue"), (watcher, f"issue:{issue.pk}")):
        Subscription.objects.create(user=user, subject=subject)

    look(tell(issue, [40], kind="privacy_leak", harm_occurred="yes"))

    signal = Signal.objects.get()
    assert (signal.detector, signal.tier, signal.observed) == ("severity", "alarm", 1)
    assert signal.statistics["because"]["kind"] == "privacy_leak"
    assert list(Notice.objects.values_list("user", "verb")) == [(triager.pk, "warn")]


@pytest.mark.parametrize("not_credible", ["held_at", "withdrawn_at", "erased_at"])
def test_what_is_not_credible_is_no_designated_harm(issue: Issue, not_credible: str) -> None:
    because: dict[str, Any] = {not_credible: noon(0)}

    assert look(tell(issue, [1], kind="privacy_leak", harm_occurred="yes", **because)) == 0


def test_the_night_sees_a_designated_harm_that_was_released_long_after_it_came(issue: Issue) -> None:
    told = tell(issue, [40], kind="privacy_leak", harm_occurred="yes", held_at=noon(40))
    Issue.objects.filter(pk=issue.pk).update(changed_at=noon(40))
    night.watch(TODAY - timedelta(days=1))
    assert not Signal.objects.exists()

    Report.objects.filter(pk=told[0].pk).update(held_at=None)
    Issue.objects.filter(pk=issue.pk).update(changed_at=noon(0))  # as by any decision
    night.watch(TODAY)

    assert list(Signal.objects.values_list("detector", "issue")) == [("severity", issue.pk)]


def test_judged_harm_is_news_again_only_with_more_reports(issue: Issue) -> None:
    told = tell(issue, [1], kind="privacy_leak", harm_occurred="yes")
    look(told)
    Signal.objects.update(state="confirmed", judged_at=noon(0), ratio_judged=1)

    assert look(told, days_later=30) == 0
    assert look(told + tell(issue, [0], kind="privacy_leak", harm_occurred="yes"), days_later=31) == 1


def test_an_alarm_is_told_to_those_who_follow_what_they_may_see(make_issue: Make, triager: Any, someone: Make) -> None:
    """Of an issue without a page its watchers hear nothing, whatever was written; the desk does."""
    watcher = someone()
    shown, hidden = make_issue("Shown"), make_issue("Hidden", status="new", artifact=other_model())
    Subscription.objects.create(user=triager, subject="queue")
    for each in (shown, hidden):
        Subscription.objects.create(user=watcher, subject=f"issue:{each.pk}")
        look(bursting(each)[-1:])

    def heard(user: Any) -> list[str]:
        return sorted(listed(actor_for(user)).values_list("subject", flat=True))

    assert heard(watcher) == [f"issue:{shown.pk}"]
    assert heard(triager) == sorted([f"issue:{shown.pk}", f"issue:{hidden.pk}"])
    assert not Signal.objects.visible_to(actor_for(watcher)).exists()


def test_numbers_move_in_place_and_only_a_rise_is_told(issue: Issue, triager: Any) -> None:
    Subscription.objects.create(user=triager, subject="queue")
    tell(issue, QUIET)
    look(tell(issue, [2, 1, 1, 0, 0, 0]))
    first = Signal.objects.get()
    assert first.tier == "watch"

    look(tell(issue, [5]))
    moved = Signal.objects.get()
    told = Event.objects.filter(verb="warn").count()
    look(tell(issue, [0, 0, 0]))

    risen = Signal.objects.get()
    assert (moved.tier, moved.revision, told) == ("watch", first.revision + 1, 1)
    assert (risen.pk, risen.tier) == (first.pk, "alarm")
    assert Event.objects.filter(verb="alarm").count() == 1


@pytest.mark.parametrize("state", ["refuted", "known"])
def test_what_was_refuted_comes_back_on_twice_the_ratio_only(issue: Issue, state: str) -> None:
    look(bursting(issue)[-1:])
    signal = Signal.objects.get()
    Signal.objects.update(state=state, judged_at=noon(0), ratio_judged=signal.ratio)

    assert look(tell(issue, [0] * 4)) == 0
    judged = Signal.objects.get()
    assert look(tell(issue, [0] * 8)) == 1

    again = burst_of(issue)
    assert again is not None
    assert (judged.observed, judged.state) == (signal.observed, state)
    assert (Signal.objects.count(), again.state) == (2, "new")


def test_what_was_confirmed_comes_back_after_a_week_without(issue: Issue) -> None:
    look(bursting(issue)[-1:])
    Signal.objects.update(state="confirmed", judged_at=noon(0), ratio_judged=100)

    assert look(tell(issue, [-1]), days_later=1) == 0
    assert Signal.objects.get().last_seen_on == TODAY + timedelta(days=1)
    later = tell(issue, [-20] * 8)

    assert look(later, days_later=20) == 1


def test_days_of_past_alarms_weigh_little(issue: Issue) -> None:
    look(bursting(issue)[-1:])
    later = TODAY + timedelta(days=20)

    series = read("issue", later, SERIES_DAYS)
    weights = bursts.weights_of(series, bursts.past_alarms("issue", later))

    light = [series.counts.day(column) for column in np.flatnonzero(weights[0] < 1).tolist()]
    assert light == [TODAY - timedelta(days=back) for back in (2, 1, 0)]


def test_a_grouped_report_is_rung_for_and_looked_at(issue: Issue, file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(bell, "ring", lambda task, row_id: rung.append((task.name, row_id)))
    report = file(grouped=False)

    tasks.match_report(report.pk)
    tasks.watch_touched(report.pk)

    assert rung[-1] == ("triage.tasks.watch_touched", report.pk)
    assert Placement.objects.active().filter(report=report).exists()
