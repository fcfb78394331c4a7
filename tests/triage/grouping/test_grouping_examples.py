"""The examples in the docstrings hold."""

import doctest
from types import ModuleType

import pytest

from triage.grouping import boilerplate, outcome


@pytest.mark.parametrize("module", [boilerplate, outcome], ids=lambda each: each.__name__)
def test_examples(module: ModuleType) -> None:
    results = doctest.testmod(module)

    assert results.attempted
    assert results.failed == 0
