"""The examples in the docstrings hold."""

import doctest
from types import ModuleType

import pytest

from bench.quality import finding, goals, hardship, placing, plain, record, streams, table, tellings

PURE = [finding, goals, hardship, placing, plain, record, streams, table, tellings]


@pytest.mark.parametrize("module", PURE, ids=lambda each: each.__name__)
def test_examples(module: ModuleType) -> None:
    results = doctest.testmod(module)

    assert results.attempted
    assert results.failed == 0
