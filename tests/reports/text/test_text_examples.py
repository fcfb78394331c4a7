"""The examples in the docstrings hold."""

import doctest
from types import ModuleType

import pytest

from reports.text import analysis, language, masking, normalising, stemming


@pytest.mark.parametrize("module", [analysis, language, masking, normalising, stemming], ids=lambda each: each.__name__)
def test_examples(module: ModuleType) -> None:
    results = doctest.testmod(module)

    assert results.attempted
    assert results.failed == 0
