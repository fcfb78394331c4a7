"""Methods: files of fitted numbers, read whole or not at all, that say more where more is alike."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.grouping.features import MEANING, NAMES, Table
from triage.grouping.method import GROWN, HERE, LEXICAL, MEANINGFUL, Method, Thresholds, shipped

SHIPPED = sorted(path.stem for path in HERE.glob("*.json"))
shares = st.floats(0, 1)


def table_of(*rows: list[float], quote: float = 0.0, agreement: float = 1.0, names: tuple[str, ...] = NAMES) -> Table:
    count = len(rows)
    return Table(
        np.array(rows, dtype=float).reshape(count, len(names)),
        np.full(count, quote),
        np.full(count, agreement),
        np.zeros(count),
        names,
    )


def middling(method: Method) -> list[float]:
    return [method.centre[name] for name in method.names]


@pytest.fixture(params=SHIPPED)
def method(request: pytest.FixtureRequest) -> Method:
    return shipped(request.param)


def test_the_methods_that_the_code_names_are_there() -> None:
    assert {LEXICAL, MEANINGFUL} <= set(SHIPPED)
    assert shipped().name == LEXICAL
    assert not shipped(LEXICAL).embedder
    assert shipped(MEANINGFUL).embedder


def test_a_shipped_method_is_whole(method: Method) -> None:
    assert (HERE / f"{method.name}.json").is_file()
    assert set(method.names) == {*NAMES, *([MEANING] if method.embedder else [])}
    assert all(math.isfinite(number) for number in (*method.weights.values(), *method.centre.values(), method.bias))
    assert all(0 <= share <= 1 for share in (*method.centre.values(), method.quote_share, method.disagreement))
    assert len(method.name) <= 40  # as the tables hold it
    for row in method.thresholds.values():
        assert 0 < row.possible <= row.young <= row.likely <= 1
    assert set(method.thresholds) == {"form", "import", "scanner"}


def test_a_shipped_method_holds_numbers_and_no_words(method: Method) -> None:
    told = json.loads(method.to_json())

    assert set(told["notes"]) <= {"fitted_on", "pairs", "holdout", "reached", "after"}
    assert all(isinstance(each, int | float) for name in ("weights", "centre") for each in told[name].values())


def test_what_is_written_is_what_was_read(method: Method) -> None:
    again = Method.from_json(method.to_json())

    assert again.to_json() == method.to_json() == (HERE / f"{method.name}.json").read_text().rstrip("\n")
    assert again.names == method.names
    assert again.thresholds == method.thresholds


def test_a_method_nobody_shipped_is_refused() -> None:
    with pytest.raises(KeyError):
        shipped("lexical-0")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weights": {"stars": 1.0}, "centre": {"stars": 0.0}}, "nobody measures: stars"),
        ({"centre": {"words": 0.1}}, "not a centre for each"),
    ],
)
def test_a_file_that_weighs_what_is_not_measured_is_refused(changes: dict[str, Any], says: str) -> None:
    told = {**json.loads(shipped().to_json()), **changes}

    with pytest.raises(ValueError, match=says):
        Method.from_json(json.dumps(told))


@given(st.lists(shares, min_size=5, max_size=5), st.sampled_from(NAMES), shares, shares, shares)
def test_more_of_what_speaks_for_it_never_makes_it_less_likely(
    row: list[float], name: str, more: float, quote: float, agreement: float
) -> None:
    method = shipped()
    raised = list(row)
    raised[NAMES.index(name)] = max(more, row[NAMES.index(name)])

    less, greater = method.probabilities(table_of(row, raised, quote=quote, agreement=agreement))

    assert 0 <= less <= 1
    assert 0 <= greater <= 1
    assert greater >= less if method.weights[name] > 0 else greater <= less


@given(st.lists(shares, min_size=5, max_size=5), shares, shares, shares)
def test_quotations_in_common_count_for_it_and_those_that_differ_against(
    row: list[float], quote: float, more: float, agreement: float
) -> None:
    method = shipped()
    plain = method.probabilities(table_of(row, quote=quote, agreement=agreement))[0]

    assert method.probabilities(table_of(row, quote=max(quote, more), agreement=agreement))[0] >= plain
    assert method.probabilities(table_of(row, quote=quote, agreement=1))[0] >= plain
    assert method.probabilities(table_of(row, quote=quote, agreement=0))[0] <= plain


def test_each_feature_speaks_from_the_centre(method: Method) -> None:
    names = method.names
    row = [share + 0.1 for share in middling(method)]
    table = table_of(middling(method), row, names=names)

    assert all(each == 0 for each in method.contributions(table, 0).values())
    said = method.contributions(table, 1)
    assert list(said) == list(names)
    assert all(math.copysign(1, said[name]) == math.copysign(1, method.weights[name]) for name in names)
    low, high = (math.log(each / (1 - each)) for each in method.probabilities(table))
    assert sum(said.values()) == pytest.approx(high - low)


def test_without_a_feature_it_is_as_if_that_said_nothing(method: Method) -> None:
    row = [min(1.0, share + 0.3) for share in middling(method)]
    silent = {name: [*row[:at], method.centre[name], *row[at + 1 :]] for at, name in enumerate(method.names)}
    table = table_of(row, names=method.names, quote=0.5)

    for name, values in silent.items():
        expected = method.probabilities(table_of(values, names=method.names, quote=0.5))
        assert method.probabilities(table, without=name) == pytest.approx(expected)
    unquoted = method.probabilities(table_of(row, names=method.names))
    assert method.probabilities(table, without="quote") == pytest.approx(unquoted)
    assert method.probabilities(table, without="never measured") == pytest.approx(method.probabilities(table))


def test_asking_what_a_feature_said_leaves_the_table_as_it_was(method: Method) -> None:
    table = table_of([0.9] * len(method.names), names=method.names)

    method.probabilities(table, without="words")

    assert (table.values == 0.9).all()


def test_a_pair_without_meanings_has_no_probability_by_meaning() -> None:
    names = (*NAMES, MEANING)
    found = shipped(MEANINGFUL).probabilities(table_of([0.5] * 5 + [math.nan], [0.5] * 6, names=names))

    assert np.isnan(found).tolist() == [True, False]


def test_few_reports_ask_for_less_and_many_for_the_whole() -> None:
    row = Thresholds(likely=0.4, possible=0.05, young=0.1)

    assert [row.among(known).likely for known in (0, GROWN // 2, GROWN, 10 * GROWN)] == pytest.approx(
        [0.1, 0.25, 0.4, 0.4]
    )
    assert row.among(7).possible == row.possible
    assert row.among(0).among(0) == row.among(0)


def test_methods_differ_by_their_names_only_if_their_numbers_do() -> None:
    numbers = {replace(shipped(name), name="").to_json() for name in SHIPPED}

    assert len(numbers) == len(SHIPPED)
