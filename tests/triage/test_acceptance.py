import doctest
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

import triage.acceptance
import triage.measurements
import triage.pages.quality
from reports.models import Issue, Placement
from reports.vocabulary import PlacedBy
from triage.acceptance import LEAST, Acceptance, Share, acceptance, counted
from triage.decisions import decide
from triage.models import Suggestion
from triage.moves import Verb

pytestmark = pytest.mark.django_db


@pytest.fixture
def suggested(file: Callable[..., Any], make_issue: Callable[..., Any]) -> Callable[..., None]:
    """Suggestions of one band, answered as told: ``suggested("likely", taken=3, refused=1, waiting=2)``."""
    report = file(grouped=False)

    def made(band: str, **answers: int) -> None:
        now = timezone.now()
        said = {"taken": {"taken_at": now}, "refused": {"refused_at": now}, "waiting": {}}
        for answer, count in answers.items():
            for _ in range(count):
                issue = Issue.objects.create(family=report.artifact.family, kind=report.kind)
                Suggestion.objects.create(
                    report=report, issue=issue, score=0.5, band=band, rank=0, method="m-1", **said[answer]
                )

    return made


def test_answers_are_counted_by_band_and_those_that_wait_are_not(suggested: Callable[..., None]) -> None:
    suggested("likely", taken=17, refused=4, waiting=30)
    suggested("possible", taken=6, refused=18)

    assert counted() == Acceptance(Share(80, LEAST), Share(25, LEAST), None)


def test_nineteen_answers_tell_nothing(suggested: Callable[..., None]) -> None:
    suggested("likely", taken=19, waiting=5)

    assert counted() == Acceptance(None, None, None)


def test_one_answer_more_does_not_show(suggested: Callable[..., None]) -> None:
    suggested("likely", taken=21, refused=9)
    before = counted()
    suggested("likely", taken=1)

    assert counted() == before


def test_it_is_worked_out_once_an_hour(suggested: Callable[..., None]) -> None:
    cache.clear()
    assert acceptance().likely is None
    suggested("likely", taken=25)

    assert acceptance().likely is None


def test_reports_moved_by_people_count_among_those_they_looked_at(file: Callable[..., Any], make_issue: Any) -> None:
    judged, unseen, other = make_issue(touched_at=timezone.now()), make_issue(status="new"), make_issue()
    reports = [file(summary=f"Ruling number {number}", grouped=False) for number in range(25)]
    placed = {"by": PlacedBy.ENGINE, "score": 0.6, "method": "m-1"}
    for report in reports[:20]:
        Placement.objects.create(report=report, issue=judged, **placed)
    for report in reports[20:23]:
        Placement.objects.create(report=report, issue=unseen, **placed)
    for report in reports[23:]:
        Placement.objects.create(report=report, issue=unseen, superseded_at=timezone.now(), **placed)
        Placement.objects.create(report=report, issue=other, by=PlacedBy.PERSON)

    assert counted().moved == Share(10, LEAST)  # 2 of 22


def test_whole_issues_that_became_one_took_no_report_away_from_what_it_was_put_beside(
    file: Callable[..., Any], make_issue: Any, triager: Any
) -> None:
    goes, stays, other = make_issue(status="new"), make_issue(status="new"), make_issue(status="new")
    reports = [file(summary=f"Ruling number {number}", grouped=False) for number in range(24)]
    for report in reports:
        Placement.objects.create(report=report, issue=goes, by=PlacedBy.ENGINE, score=0.6, method="m-1")
    for report in reports[:4]:
        decide(goes, Verb.PLACE, by=triager, report=report, target=other)

    decide(goes, Verb.MERGE, by=triager, target=stays)

    assert counted().moved == Share(15, LEAST)  # 4 of 24


def test_examples() -> None:
    for module in (triage.acceptance, triage.measurements, triage.pages.quality):
        results = doctest.testmod(module)
        assert (results.attempted > 0, results.failed) == (True, 0)
