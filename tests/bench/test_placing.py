from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bench.quality.placing import alone, placing, showing

LABELS = some.lists(some.tuples(some.sampled_from("uvwxy"), some.sampled_from("12345")), min_size=1, max_size=40)


@given(LABELS)
def test_figures_are_what_their_definitions_count(labels: list[tuple[str, str]]) -> None:
    truth = {str(at): label for at, (label, _) in enumerate(labels)}
    placed = {str(at): group for at, (_, group) in enumerate(labels)}

    told = placing(truth, placed)

    shares: dict[str, tuple[float, float]] = {}
    for report in truth:
        belongs = {other for other in truth if truth[other] == truth[report]}
        stands = {other for other in truth if placed[other] == placed[report]}
        shares[report] = len(belongs & stands) / len(stands), len(belongs & stands) / len(belongs)
    assert told.precision == pytest.approx(sum(precise for precise, _ in shares.values()) / len(shares))
    assert told.recall == pytest.approx(sum(recalled for _, recalled in shares.values()) / len(shares))
    true_pairs = {pair for pair in combinations(truth, 2) if truth[pair[0]] == truth[pair[1]]}
    placed_pairs = {pair for pair in combinations(truth, 2) if placed[pair[0]] == placed[pair[1]]}
    right = len(true_pairs & placed_pairs)
    precise = right / len(placed_pairs) if placed_pairs else 1.0
    recalled = right / len(true_pairs) if true_pairs else 1.0
    assert told.pair_f1 == pytest.approx(2 * precise * recalled / (precise + recalled) if precise + recalled else 0.0)


def test_reports_without_company_say_nothing_of_company() -> None:
    truth = {"a": "x", "b": "x", "c": "y", "d": "z"}

    all_apart = placing(truth, {report: report for report in truth})
    strangers_together = placing(truth, {"a": "1", "b": "1", "c": "2", "d": "2"})

    assert all_apart.f1 > all_apart.f1_company == pytest.approx(2 / 3)
    assert strangers_together.f1_company == 1.0 > strangers_together.f1
    assert all_apart == alone(truth.values())


def test_other_reports_are_refused() -> None:
    with pytest.raises(ValueError, match="same reports"):
        placing({"a": "x"}, {"b": "1"})


def test_a_pattern_shows_when_three_of_it_are_half_a_group() -> None:
    truth = dict.fromkeys("abcde", "flood") | dict.fromkeys("pqrs", "other")
    crowd = [(report, "1") for report in "pqrsabc"]

    hidden = showing(truth, [*crowd, ("d", "2"), ("e", "3")])
    shown = showing(truth, [*crowd, ("d", "1"), ("e", "3")])

    assert (hidden.found, hidden.median) == (0.0, None)
    assert (shown.found, shown.median) == (1.0, 4)
    assert shown.alert_precision == 1.0  # "other" had the majority when the group reached three


def test_a_move_counts_where_it_leads() -> None:
    truth = dict.fromkeys("abcde", "flood")
    arrivals = [(report, report) for report in "abcde"]

    gathered = showing(truth, [*arrivals, ("b", "a"), ("c", "a")])

    assert (gathered.found, gathered.median) == (1.0, 5)
