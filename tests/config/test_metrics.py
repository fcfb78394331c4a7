"""The figures: what waits, what was counted by all processes, in Prometheus' format, cheaply."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import metrics
from reports.models import Report
from triage import meters, presence
from triage.bell import bell
from triage.models import Presence

pytestmark = pytest.mark.django_db
LINE = re.compile(r'telltale_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [-+0-9.e]+')


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "_counted", {})
    monkeypatch.setattr(meters, "_drops_told", [bell.dropped])


def told() -> dict[str, float]:
    lines = [line for line in metrics.told().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_site_at_rest_has_all_its_figures() -> None:
    found = told()

    assert found['telltale_queue_oldest_seconds{queue="reports"}'] == 0
    assert found['telltale_requests_total{status="5xx"}'] == 0
    assert found['telltale_matching_seconds_bucket{le="+Inf"}'] == found["telltale_matching_seconds_count"] == 0
    assert found['telltale_processes{part="worker"}'] == 0
    assert found["telltale_disk_free_bytes"] > 0


def test_every_queue_tells_how_long_its_first_row_waits(file: Callable[..., Report]) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    for age in (timedelta(0), timedelta(minutes=-1)):
        report = file()
        Report.objects.filter(pk=report.pk).update(grouped_at=None, filed_at=long_ago - age, held_at=long_ago)

    found = told()

    assert found['telltale_queue_waiting{queue="reports"}'] == found["telltale_held_reports"] == 2
    assert 299 < found['telltale_queue_oldest_seconds{queue="reports"}'] < 360
    assert 299 < found["telltale_held_oldest_seconds"] < 360


def test_all_processes_add_to_the_same_figures() -> None:
    for _process in range(2):
        meters.count("requests", "5xx")
        meters.observe("matching_seconds", 0.004, meters.MATCHING_STEPS)
        meters.observe("matching_seconds", 99, meters.MATCHING_STEPS)
        bell.dropped += 3
        meters.flush()

    found = told()

    assert found['telltale_requests_total{status="5xx"}'] == 2
    assert found["telltale_bell_drops_total"] == 6
    assert [found[f'telltale_matching_seconds_bucket{{le="{end}"}}'] for end in ("0.005", "15", "+Inf")] == [2, 2, 4]
    assert found["telltale_matching_seconds_sum"] == pytest.approx(198.008)


def test_what_could_not_be_written_stays_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    meters.count("requests", "2xx")
    with monkeypatch.context() as away:
        away.setattr(meters, "ADD", "SELECT 1 / 0 WHERE %s = %s AND %s = 1")
        with pytest.raises(DatabaseError):
            meters.flush()

    meters.flush()

    assert told()['telltale_requests_total{status="2xx"}'] == 1


def test_a_process_is_seen_until_it_leaves_or_is_silent() -> None:
    presence.appear("worker")
    presence.appear("worker")
    assert told()['telltale_processes{part="worker"}'] == 1

    Presence.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    assert told()['telltale_processes{part="worker"}'] == 0

    presence.leave("worker")
    assert Presence.objects.count() == 0


def test_the_sweep_has_an_age_once_it_went_through() -> None:
    assert "telltale_sweep_age_seconds" not in told()

    meters.mark("swept")

    assert 0 <= told()["telltale_sweep_age_seconds"] < 60


def test_the_figures_cost_as_many_queries_however_much_waits(file: Callable[..., Report]) -> None:
    costs: list[Any] = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            metrics.told()
        costs.append(len(queries))
        file()

    assert costs == [4, 4]
