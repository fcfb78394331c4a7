"""The embedded database, when it does not come back at once."""

import pytest

from config import postgres
from config.management.commands import up


def test_a_database_that_cannot_start_is_tried_again_at_growing_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    now, tries, said = [100.0], [0], list[str]()

    def revive(state_dir: object) -> None:
        tries[0] += 1
        if tries[0] < 4:
            raise postgres.PostgresUnavailable("no space left on device")

    monkeypatch.setattr("config.management.commands.up.time.monotonic", lambda: now[0])
    monkeypatch.setattr(postgres, "server_pid", lambda state_dir: None)
    monkeypatch.setattr(postgres, "revive", revive)
    database = up.Database()

    pauses = []
    for _ in range(4):
        database.tend(said.append)
        database.tend(said.append)  # before it is due again: nothing, once it waits
        pauses.append(database.pause_s)
        now[0] = max(now[0], database.again_at) + 0.01

    assert pauses == [0.2, 0.4, 0.8, 0.0]
    assert tries[0] in (4, 5)
    assert "no space left on device" in said[1]
