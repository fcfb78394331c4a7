"""The examples in the docstrings hold."""

import doctest
from types import ModuleType

import pytest

from reports.text import analysis, language, masking, normalising, secrets, stemming
from reports.text.secrets import folding, numbers

MODULES = [analysis, language, masking, normalising, stemming, secrets, folding, numbers]


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.__name__)
def test_examples(module: ModuleType) -> None:
    results = doctest.testmod(module)

    assert results.attempted
    assert results.failed == 0
