"""The examples in the docstrings hold."""

import doctest

import pytest

from reports.text import analysis, language, masking, normalising, stemming


@pytest.mark.parametrize("module", [analysis, language, masking, normalising, stemming], ids=lambda each: each.__name__)
def test_examples(module):
    results = doctest.testmod(module)

    assert results.attempted
    assert results.failed == 0
