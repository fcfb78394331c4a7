"""What is young and grows fast, and what turns up somewhere else."""

from datetime import date, timedelta

import numpy as np
import pytest

from tests.triage.surveillance.series import LAST, PLAIN, apart, counts_of
from triage.surveillance.burst import judge
from triage.surveillance.counts import Counts
from triage.surveillance.emergence import Appearance, Spread, ancestors, emerging, spreads, velocities

SLOW = np.array([1] * 190 + [2] * 9 + [4])  # 200 beginnings
PARENTS = {2: [1], 3: [2], 12: [11]}


def begun(*days_ago: int, reports: int = 1) -> Counts:
    """One issue, with a voice each so many days ago."""
    told = [(1, LAST - timedelta(days=ago), 1, reports) for ago in days_ago]
    return Counts.of(told, [1], last=LAST, days=63)


def test_a_young_issue_faster_than_the_others_alarms() -> None:
    (found,) = emerging(begun(5, 2, 1, 1, 0, 0), [1], SLOW)

    assert (found.tier, found.observed, found.since) == ("alarm", 5, LAST - timedelta(days=5))
    assert found.p == pytest.approx(1 / 201)
    assert (found.expected, found.ratio) == (1, 5)


def test_three_voices_are_watched_and_two_are_not() -> None:
    (found,) = emerging(begun(2, 1, 0), [1], SLOW)

    assert found.tier == "alarm"
    assert found.p == pytest.approx(2 / 201)
    assert emerging(begun(1, 0), [1], SLOW) == []


def test_as_long_as_few_have_begun_nothing_alarms() -> None:
    (found,) = emerging(begun(2, 1, 0, 0, 0, 0), [1], SLOW[:20])

    assert found.tier == "watch"
    assert [each.tier for each in emerging(begun(2, 1, 0), [1], SLOW[:0])] == ["watch"]


def test_what_others_do_too_is_not_told() -> None:
    assert emerging(begun(2, 1, 0), [1], np.full(200, 3)) == []


def test_what_is_old_or_was_fast_last_week_is_not_told() -> None:
    assert emerging(begun(30, 2, 1, 0), [1], SLOW) == []
    assert emerging(begun(9, 9, 9, 9), [1], SLOW) == []


def test_a_campaign_of_few_voices_is_only_watched() -> None:
    (found,) = emerging(begun(2, 1, 1, 0, 0, reports=300), [1], SLOW)

    assert (found.tier, found.is_possible_campaign) == ("watch", True)


def test_reports_are_those_of_the_days_whose_voices_are_told() -> None:
    (found,) = emerging(begun(8, 7, 7, 7, 7, 2, 1, 0), [1], SLOW)

    assert (found.observed, found.reports) == (5, 5)


def test_everything_is_looked_at_by_one_of_the_two() -> None:
    voices = np.zeros((63, 63), dtype=np.int64)
    voices[:, -2:] = 9
    counts = counts_of(voices, first=np.arange(63))

    young = {each.thing for each in emerging(counts, range(63), SLOW)}
    bursting = set(np.flatnonzero(judge(counts, apart(63), PLAIN).best < 1).tolist())

    assert (young | bursting, young & bursting) == (set(range(63)), set())


def test_velocity_is_of_what_was_young() -> None:
    voices = np.zeros((2, 40), dtype=np.int64)
    voices[:, 5:9] = 2
    voices[:, 30] = 50

    assert velocities(counts_of(voices, first=np.array([5, 40]))).tolist() == [6, 0]


def test_one_day_of_history_tells_nobody_young() -> None:
    with pytest.raises(ValueError, match="more than 21 days"):
        emerging(counts_of(np.ones((1, 1), dtype=np.int64)), [1], SLOW)


def seen(artifact: int, family: int, ago: int, voices: int = 2) -> Appearance:
    return Appearance(theme=1, artifact=artifact, family=family, first=LAST - timedelta(days=ago), voices=voices)


def test_a_theme_in_a_further_family_is_told() -> None:
    found = spreads([seen(1, 1, 90), seen(11, 11, 3)], PARENTS, LAST)

    assert found == [Spread(1, 11, 1, "family", "watch", 2, LAST - timedelta(days=3))]


def test_a_theme_down_the_lineage_names_where_it_comes_from() -> None:
    (found,) = spreads([seen(1, 1, 90), seen(3, 1, 2, voices=3), seen(11, 11, 40)], PARENTS, LAST)

    assert (found.artifact, found.origin, found.path, found.tier) == (3, 1, "lineage", "alarm")


@pytest.mark.parametrize(
    "appearances",
    [
        [],
        [seen(1, 1, 3, voices=9)],  # nowhere before
        [seen(1, 1, 90), seen(11, 11, 20)],  # no news
        [seen(1, 1, 90, voices=1), seen(11, 11, 3, voices=1)],  # two voices in all
        [seen(1, 1, 90), seen(9, 1, 3)],  # the same family, beside it
        [seen(1, 1, 3), seen(11, 11, 3)],  # on one day: nobody knows which was first
    ],
)
def test_what_is_no_spread(appearances: list[Appearance]) -> None:
    assert spreads(appearances, PARENTS, LAST) == []


def test_the_order_in_which_appearances_are_told_does_not_matter() -> None:
    told = [seen(1, 1, 90), seen(3, 1, 2), seen(11, 11, 5), seen(12, 11, 4)]

    assert spreads(told, PARENTS, LAST) == spreads(told[::-1], PARENTS, LAST)


def test_a_circle_of_descent_ends() -> None:
    assert ancestors(1, {1: [2], 2: [1]}) == {2}


def test_news_is_not_told_before_it_happens() -> None:
    assert spreads([seen(1, 1, 90), seen(11, 11, -3)], PARENTS, LAST) == []
    assert date.min < LAST
