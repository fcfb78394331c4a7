"""Histories gone through day by day."""

import numpy as np

from tests.triage.surveillance.series import apart, counts_of, quiet
from triage.surveillance.baseline import SERIES_DAYS
from triage.surveillance.episodes import Spoken, episodes
from triage.surveillance.evenings import evenings


def test_a_burst_speaks_once_and_again_when_it_has_doubled() -> None:
    voices = quiet(np.random.default_rng(1), 40, days=SERIES_DAYS + 30)
    voices[0] = 0
    voices[0, ::5] = 1
    voices[0, -10:-5] = 3
    voices[0, -5:] = 12

    spoken = [bool(evening.alarms[0]) for evening in evenings(counts_of(voices), apart(40))]

    assert 2 <= sum(spoken) <= 4
    assert not any(spoken[:-10])


def test_the_future_changes_no_evening() -> None:
    voices = quiet(np.random.default_rng(2), 60, days=SERIES_DAYS + 40)
    voices[5, 80:84] += 5
    changed = voices.copy()
    changed[:, 90:] += 7

    one, other = (list(evenings(counts_of(each), apart(60))) for each in (voices, changed))

    known = 90 - SERIES_DAYS + 1
    assert all(np.array_equal(a.judged.p, b.judged.p) for a, b in zip(one[:known], other[:known], strict=True))
    assert any(evening.alarms[5] for evening in one)


def test_a_short_history_has_no_evening() -> None:
    assert list(evenings(counts_of(np.ones((3, 1), dtype=np.int64)), apart(3))) == []


def test_after_the_cool_down_it_speaks_again() -> None:
    at_tier = np.zeros((20, 1), dtype=bool)
    at_tier[[0, 3, 10, 19]] = True

    spoken = episodes(at_tier, np.full((20, 1), 4.0))

    assert np.flatnonzero(spoken[:, 0]).tolist() == [0, 19]


def test_what_has_never_spoken_is_free_to() -> None:
    speaks, _ = Spoken.never(2).then(np.array([True, False]), np.zeros(2))

    assert speaks.tolist() == [True, False]
