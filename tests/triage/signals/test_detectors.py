"""Tables, releases and themes read from rows; what is left out; history gone through without looking ahead."""

from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from reports.lineage import descend
from reports.models import Artifact, Issue, Placement, Signal, Version
from reports.naming import artifact_named
from reports.vocabulary import Relation
from tests.triage.signals.telling import QUIET, TODAY, bursting, noon, tell, themed
from triage.management.commands.backtest_signals import dated
from triage.models import NightWatch
from triage.signals import backtest, night, releases, spreading, tables
from triage.signals.habits import in_force
from triage.signals.rows import keep
from triage.signals.series import read
from triage.surveillance.baseline import SERIES_DAYS
from triage.surveillance.burst import BARS

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db


@pytest.fixture
def models(artifact: Artifact) -> list[Artifact]:
    """acme/chat-7b and three others."""
    return [artifact, *(artifact_named("model", f"acme/other-{number}") for number in range(3))]


@pytest.fixture
def kinds(models: list[Artifact], make_issue: Make) -> dict[tuple[int, str], Issue]:
    """An issue of each of two kinds about each model, told of four times each."""
    made = {}
    for number, model in enumerate(models):
        for kind in ("false_information", "other"):
            made[number, kind] = make_issue(artifact=model, kind=kind)
            tell(made[number, kind], range(4), language="en", context_of_use="work")
    return made


def found_by(detector: str, **where: Any) -> list[str]:
    return sorted(Signal.objects.filter(detector=detector, **where).values_list("key", flat=True))


def test_a_kind_told_of_one_model_stands_out_with_what_drives_it(
    kinds: dict[tuple[int, str], Issue], models: list[Artifact]
) -> None:
    tell(kinds[0, "other"], [0, 1, 2, 3] * 6, language="en", version=models[0].versions.first())
    for number in (1, 2, 3):
        tell(kinds[number, "false_information"], range(16), language="en")

    found, restless = tables.findings(tables.lines(TODAY))

    keys = {each.key: each for each in found}
    cell = keys[f"disproportion:artifact:{models[0].pk}:other"]
    assert (cell.observed, cell.artifact, cell.cell) == (28, models[0].pk, {"table": "artifact", "kind": "other"})
    assert cell.statistics["drivers"] == [[kinds[0, "other"].pk, 28]]
    assert cell.statistics["low_without_first"] < 0
    assert f"disproportion:language:{models[0].pk}:en:other" in keys
    assert set(restless) == {"artifact", "version", "language", "context"}


def test_a_voice_counts_once_for_a_cell(kinds: dict[tuple[int, str], Issue]) -> None:
    tell(kinds[0, "other"], [0, 1, 2, 3] * 6, voice_key="the same")

    assert sum(line.issue == kinds[0, "other"].pk for line in tables.lines(TODAY)) == 5


def test_whoever_speaks_in_many_contexts_and_languages_is_one_voice_of_an_artifact(
    kinds: dict[tuple[int, str], Issue],
) -> None:
    for context in ("health", "work", "finance", "media", "other"):
        for language in ("en", "es", "pt", "zh"):
            tell(kinds[0, "other"], [0], voice_key="the same", context_of_use=context, language=language)
    for number in (1, 2, 3):
        tell(kinds[number, "false_information"], range(16), language="en")

    found, _restless = tables.findings(tables.lines(TODAY))

    assert [each.key for each in found if each.artifact == kinds[0, "other"].family_id] == []


def test_nobody_knows_what_unknown_is_told_of(kinds: dict[tuple[int, str], Issue]) -> None:
    unknown = artifact_named("model", "unknown")
    tell(kinds[0, "other"], [0, 1, 2, 3] * 6, artifact=unknown)

    assert unknown.is_unknown
    assert not [line for line in tables.lines(TODAY) if line.artifact == unknown.pk]


def test_a_kind_told_of_more_since_a_release(kinds: dict[tuple[int, str], Issue], models: list[Artifact]) -> None:
    released = TODAY - timedelta(days=9)
    version = Version.objects.create(artifact=models[0], name="3", position=3, released_on=released)
    Version.objects.create(artifact=models[0], name="latest", is_alias=True, released_on=released)
    tell(kinds[0, "false_information"], range(10, 60, 2))
    tell(kinds[0, "other"], [0, 1, 2, 3, 4, 5] * 3)

    (found,) = releases.findings(TODAY, 1.0)

    assert (found.key, found.tier) == (f"release:version:{version.pk}:other", "alarm")
    assert (found.observed, found.expected, found.since) == (22, 0, released)
    assert found.statistics["interval"][1] is None
    assert found.statistics["before"] == {"voices": 0, "all_voices": 25, "days": 56}
    assert found.statistics["released_on"] == released.isoformat()
    assert len(found.statistics["series"]["voices"]) == 66
    assert (found.statistics["drivers"], found.statistics["driver_count"]) == ([[kinds[0, "other"].pk, 22]], 1)


def test_a_change_names_every_issue_whose_days_it_tells(
    kinds: dict[tuple[int, str], Issue], models: list[Artifact], make_issue: Make
) -> None:
    Version.objects.create(artifact=models[0], name="3", position=3, released_on=TODAY - timedelta(days=9))
    old = make_issue(kind="other")
    tell(old, [30], voice_key="known before")
    tell(kinds[0, "false_information"], range(10, 60, 2))
    tell(kinds[0, "other"], [0, 1, 2, 3, 4, 5] * 3)
    tell(kinds[0, "other"], [0], voice_key="known before")

    (found,) = releases.findings(TODAY, 1.0)

    assert found.observed == 22
    assert found.statistics["drivers"] == [[kinds[0, "other"].pk, 22], [old.pk, 0]]


def test_a_theme_that_comes_down_a_lineage(make_issue: Make, artifact: Artifact) -> None:
    child = artifact_named("model", "kelp/chat-7b-q4")
    descend(child, artifact, Relation.QUANTISED_FROM)
    issue = make_issue()
    theme = themed(issue)
    tell(issue, [40, 30])
    tell(issue, [3, 2, 1], artifact=child)

    (found,) = spreading.findings(TODAY)

    assert found.key == f"spread:theme:{theme.pk}:artifact:{child.pk}"
    assert (found.tier, found.observed, found.cell["path"]) == ("alarm", 3, "lineage")
    assert found.cell["origin"] == artifact.pk


def test_a_spread_tells_of_the_reports_there_and_of_no_others(make_issue: Make, artifact: Artifact) -> None:
    child = artifact_named("model", "kelp/chat-7b-q4")
    descend(child, artifact, Relation.QUANTISED_FROM)
    issue = make_issue()
    themed(issue)
    tell(issue, [40, 30, 3, 2, 1, 0])
    there = tell(issue, [3, 2, 1], artifact=child)

    keep(spreading.findings(TODAY), TODAY)

    told = Signal.objects.get().statistics
    assert (told["reports"], told["report_ids"]) == (3, [report.pk for report in there])


def test_the_budget_makes_alarms_rarer_and_the_night_keeps_it(make_issue: Make, settings: Any) -> None:
    """With no budget nothing alarms any more, and what stands out is watched all the same."""
    issue = make_issue()
    tell(issue, range(70, 200, 7))
    bursting(issue)
    settings.ALERT_BUDGET = 0

    night.watch(TODAY)

    row = NightWatch.objects.get()
    assert (row.level, row.own_level, row.budget) == (0, BARS.alarm, 0)
    assert row.quiet_weeks > 10
    assert in_force(TODAY).bars.alarm < 1e-300
    assert found_by("burst", tier="watch") == [f"burst:issue:{issue.pk}"]
    assert in_force(TODAY - timedelta(days=1)).bars == BARS


def test_what_people_confirmed_is_no_quiet_history(make_issue: Make) -> None:
    issue = make_issue()
    tell(issue, range(70, 200, 7))
    bursting(issue)
    about = {"key": f"burst:issue:{issue.pk}", "issue": issue, "detector": "burst", "method": "m", "tier": "alarm"}
    numbers = {"observed": 8, "expected": 1, "since": TODAY - timedelta(days=5), "last_seen_on": TODAY}
    before = night.learn(TODAY, {}).quiet_alarms

    Signal.objects.create(state="confirmed", **about, **numbers)

    assert (before, night.learn(TODAY, {}).quiet_alarms) == (1, 0)


def test_habits_are_stored_and_read_back(make_issue: Make) -> None:
    for _ in range(3):
        tell(make_issue(), [40, 40, 39, 30])
    tell(make_issue(), range(60, 100))

    night.learn(TODAY, {})

    habits = in_force(TODAY).habits["issue"]
    series = read("issue", TODAY, 100)
    assert habits.beginnings.tolist() == sorted(night.beginnings_of(series.counts).tolist())
    assert habits.usual.weekdays == pytest.approx(night.habits_of(series.counts).usual.weekdays, abs=1e-4)


def test_history_is_gone_through_without_looking_ahead(make_issue: Make) -> None:
    """A report that was placed later is not known before; a report that moved still stands where it stood."""
    issue, other = make_issue(), make_issue(status="dismissed")
    told = bursting(issue)
    Placement.objects.filter(report=told[-1]).update(superseded_at=noon(-2))
    Placement.objects.create(report=told[-1], issue=other, by="person", placed_at=noon(-2))

    def voices(on: date) -> int:
        return int(read("issue", on, SERIES_DAYS, then=True).counts.voices.sum())

    assert [voices(TODAY - timedelta(days=back)) for back in (3, 2, 1, 0)] == [8, 11, 13, 16]
    assert voices(TODAY + timedelta(days=2)) == 15

    said = backtest.backtest(TODAY - timedelta(days=10), TODAY)

    bursts = [each for each in said if each.finding.issue == issue.pk]
    assert [each.tier for each in bursts][-1] == "alarm"
    assert not Signal.objects.exists()
    (surge,) = backtest.surges(TODAY - timedelta(days=10), TODAY, said)
    assert (surge.issue, surge.since, surge.said) == (issue.pk, TODAY - timedelta(days=2), bursts[0])
    assert surge.heard <= surge.reports == 7


def test_backtest_signals_prints_rates_delay_and_misses(make_issue: Make) -> None:
    bursting(make_issue())
    missed = make_issue()
    tell(missed, (*QUIET, 1, 1, 1), voice_key="the same")
    out = StringIO()

    call_command("backtest_signals", begin=TODAY - timedelta(days=6), end=TODAY, stdout=out)

    printed = out.getvalue()
    assert "1.0 weeks" in printed
    assert "alarm: 1, 1.00 a week (burst 1)" in printed
    assert "alarm, judged by people since: 1, right 1 (100%)" in printed
    assert "surges of 5 voices in 7 days: 1, missed 0" in printed


def test_a_stream_is_read_by_its_days_or_at_a_pace(tmp_path: Path) -> None:
    stream = tmp_path / "stream.jsonl"
    stream.write_text('{"id": 1, "created": "2026-01-01T23:30:00Z"}\n{"id": 2, "created": "2026-01-03T00:00:00Z"}\n')

    by_day = [(on.isoformat(), len(rows)) for on, rows in dated(stream, None, None, None)]

    assert by_day == [("2026-01-01", 1), ("2026-01-02", 0), ("2026-01-03", 1)]
    assert [len(rows) for _, rows in dated(stream, 2, None, None)] == [2]
    assert [on.isoformat() for on, _ in dated(stream, None, date(2026, 1, 2), None)] == ["2026-01-03"]


@pytest.mark.parametrize(("row", "said"), [('{"id": 1}', "no time"), ("[]", "line 1")])
def test_a_stream_that_cannot_be_read_says_where(tmp_path: Path, row: str, said: str) -> None:
    stream = tmp_path / "stream.jsonl"
    stream.write_text(row + "\n")

    with pytest.raises(CommandError, match=said):
        list(dated(stream, None, None, None))


@pytest.mark.parametrize(
    "asked",
    [{"stream": Path("nowhere.jsonl")}, {"stream": Path(__file__), "pace": 0}, {"begin": TODAY, "end": date.min}],
)
def test_what_cannot_be_replayed_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        call_command("backtest_signals", **asked)


def test_events_tell_lead_and_what_was_to_come() -> None:
    days = [date(2026, 1, 1)] * 2 + [date(2026, 1, 3)] * 7 + [date(2026, 1, 4)]
    said: Any = backtest.Said(date(2026, 1, 2), "watch", None)  # type: ignore[arg-type] # only its day is asked

    (event,) = backtest.events({"fire": days, "small": days[:3]}, [(said, None), (said, "fire")])

    assert (event.label, event.reports, event.to_come, event.lead) == ("fire", 10, 0.8, 1)
