"""The list of our own questions is what the form asks, in every language."""

import doctest

import pytest
from django.conf import settings
from django.utils import translation

from reports.forms import ReportForm
from reports.text import normalise
from triage.grouping import questions
from triage.grouping.questions import is_question


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_every_question_of_the_form_is_known(language: str) -> None:
    with translation.override(language):
        asked = [str(text) for field in ReportForm().fields.values() for text in (field.label, field.help_text) if text]

    assert asked
    assert [text for text in asked if not is_question(normalise(text))] == []


def test_answers_are_no_questions() -> None:
    assert not is_question("what happened was that it stopped")
    assert not is_question("")


def test_examples() -> None:
    results = doctest.testmod(questions)

    assert results.attempted
    assert results.failed == 0
