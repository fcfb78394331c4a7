"""Beat, on a machine whose clock is set."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config import clock


@pytest.fixture
def scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Beat's scheduler, which notes what it rings for."""
    made = clock.Scheduler(clock.app, schedule_filename=str(tmp_path / "beat"), lazy=True)
    made.setup_schedule()
    rung: list[str] = []
    monkeypatch.setattr(made, "apply_entry", lambda entry, producer=None: rung.append(entry.name))
    monkeypatch.setattr(clock.Scheduler, "producer", None)
    made.rung = rung
    yield made
    made.close()


def test_beat_is_run_by_the_scheduler_of_this_house() -> None:
    assert clock.app.conf.beat_scheduler == "config.clock:Scheduler"
    assert "sweep" in clock.app.conf.beat_schedule


def test_what_ran_while_the_clock_was_ahead_runs_again_as_soon_as_it_is_right(scheduler: Any) -> None:
    for entry in scheduler.schedule.values():
        entry.last_run_at = entry.default_now() + timedelta(days=300)
    scheduler.populate_heap()

    assert scheduler.tick() <= 10  # seconds: the sweep's own distance
    assert scheduler.rung == []

    sweep = scheduler.schedule["sweep"]
    sweep.last_run_at = sweep.default_now() - timedelta(seconds=11)
    scheduler.populate_heap()
    scheduler.tick()
    assert scheduler.rung == ["sweep"]


def test_what_is_due_when_stays_while_the_clock_is_right(scheduler: Any) -> None:
    scheduler.tick()
    heap = scheduler._heap

    scheduler.tick()

    assert scheduler._heap is heap
