"""The simulator of early warning puts in what it says it puts in."""

import numpy as np
import pytest

from bench.intervals import Rate
from bench.simulated import bursting_site, expectation_of, moods, quiet_site, told, world
from triage.surveillance.disproportionality import Told, expectation


def test_a_site_has_its_weekdays_and_its_clumps() -> None:
    random = np.random.default_rng(1)
    site = bursting_site(random, 400, 2.0, beside=0)
    means = site.means(70)

    counts = told(random, means)

    assert means.mean() == pytest.approx(2.0)
    assert counts.voices.mean() == pytest.approx(2.0, rel=0.02)
    assert counts.reports.mean() == pytest.approx(2.6, rel=0.02)
    assert ((counts.voices - means) ** 2 / means).mean() == pytest.approx(1.5, rel=0.05)
    assert counts.voices[:, counts.weekdays == 6].mean() == pytest.approx(1.5, rel=0.05)


def test_moods_wander_around_the_mean() -> None:
    means = np.full((500, 70), 2.0)

    assert moods(np.random.default_rng(2), means).mean() == pytest.approx(2.0, rel=0.03)


def test_the_rest_of_an_artifact_is_without_the_issue() -> None:
    site = quiet_site(np.random.default_rng(3), 200)

    issue = int(np.argmax(np.bincount(site.artifacts)[site.artifacts]))

    others = (site.artifacts == site.artifacts[issue]) & (np.arange(200) != issue)
    assert site.rest[issue] == pytest.approx(site.rates[others].sum())


def test_a_world_falls_into_its_table_and_expects_as_the_engine_does() -> None:
    random = np.random.default_rng(4)
    usual = world(random, rows=6, columns=5, strata=3)

    voices = usual.voices(random, 2000)

    rows, columns, strata = (code.ravel() for code in np.indices(voices.shape))
    lines = Told(rows, columns, strata, rows, rows, voices.ravel())
    assert usual.shares.sum() == pytest.approx(1)
    assert usual.raised((1, 2), 3.0).shares[1, 2] == pytest.approx(3 * usual.shares[1, 2])
    assert expectation_of(voices) == pytest.approx(expectation(lines, 6, 5))


def test_a_rate_tells_its_interval() -> None:
    assert str(Rate(0, 10)) == "0 (0 to 0.369)"
    assert str(Rate(100, 10)) == "10 (8.14 to 12.2)"
