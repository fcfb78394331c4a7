"""What is near a report: of its family, where merges have led, each with what people did to its issue."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.models import Issue, Placement, Report
from triage import methods, neighbours
from triage.grouping.features import NAMES
from triage.grouping.outcome import Bounds
from triage.matching import index_row, nearest
from triage.neighbours import Neighbours, neighbours_of
from triage.reading import read_report

pytestmark = pytest.mark.django_db

File = Callable[..., Any]
RULING = "It cited a ruling on rent that no court ever made, with a date and a judge, in case number {0}."


def near(report: Report) -> Neighbours:
    return neighbours_of(report, read_report(report))


@pytest.fixture
def rulings(artifact: Any, file: File) -> list[Report]:
    """Four that stand in an issue each, and after them one that was only filed."""
    found = [file(summary=f"Ruling number {at}", what_happened=RULING.format(at), grouped=False) for at in range(5)]
    for report in found[:4]:
        issue = Issue.objects.create(family=artifact, kind=report.kind, report_count=1)
        Placement.objects.create(report=report, issue=issue, by="engine", method="m")
        index_row(report, read_report(report)).save()
    return found


def issue_of(report: Report) -> Issue:
    return Placement.objects.active().get(report=report).issue


def test_on_an_empty_site_nothing_is_near(file: File) -> None:
    found = near(file(grouped=False))

    assert (found.report_ids, found.issue_ids, found.known, found.sizes) == ([], [], 0, {})
    assert found.probabilities.shape == (0,)
    assert found.best(10) == []
    assert list(found.like_copies(b"x" * 256)) == []


def test_everything_is_told_position_by_position(rulings: list[Report]) -> None:
    found = near(rulings[4])

    assert sorted(found.report_ids) == [report.pk for report in rulings[:4]]
    assert found.issue_ids == [issue_of(Report.objects.get(pk=key)).pk for key in found.report_ids]
    assert found.table.values.shape == (4, len(NAMES))
    assert len(found.sketches) == len(found.probabilities) == found.known == 4
    assert found.sizes == dict.fromkeys(found.issue_ids, 1)
    assert np.all(np.diff(found.table.likeness) <= 0)
    assert found.method == methods.in_force(by_meaning=False)


def test_what_stands_nowhere_is_not_near(rulings: list[Report]) -> None:
    Placement.objects.filter(report=rulings[0]).update(superseded_at=timezone.now())

    found = near(rulings[4])

    assert rulings[0].pk not in found.report_ids
    assert found.known == 3


def test_a_report_in_two_issues_speaks_for_both_and_is_named_once(rulings: list[Report]) -> None:
    second = issue_of(rulings[1])
    Placement.objects.create(report=rulings[0], issue=second, by="person")

    found = near(rulings[4])

    own = {issue_id for key, issue_id in zip(found.report_ids, found.issue_ids, strict=True) if key == rulings[0].pk}
    assert len(own) == 2
    assert found.best(10).count(rulings[0].pk) == 1


def test_issues_are_where_merges_have_led(rulings: list[Report], make_issue: Any) -> None:
    middle, last = make_issue(), make_issue()
    Issue.objects.filter(pk=issue_of(rulings[0]).pk).update(status="merged", merged_into=middle)
    Issue.objects.filter(pk=middle.pk).update(status="merged", merged_into=last)

    found = near(rulings[4])

    assert found.issue_ids[found.report_ids.index(rulings[0].pk)] == last.pk
    assert issue_of(rulings[0]).pk not in found.sizes


def test_what_people_did_to_issues_is_told_with_what_they_said(rulings: list[Report]) -> None:
    dismissed, touched = issue_of(rulings[0]), issue_of(rulings[1])
    Issue.objects.filter(pk=dismissed.pk).update(status="dismissed", dismissal="spam", dismissed_at=timezone.now())
    Issue.objects.filter(pk=touched.pk).update(touched_at=timezone.now())

    found = near(rulings[4])
    bounds = found.within(Bounds(bound=None, barred=frozenset({99})))

    assert (found.closed, found.touched) == (frozenset([dismissed.pk]), frozenset([touched.pk]))
    assert (bounds.barred, bounds.closed, bounds.touched) == ({99}, {dismissed.pk}, {touched.pk})


def test_an_issue_of_another_rule_is_closed_to_a_scanner_and_open_to_people(rulings: list[Report]) -> None:
    gathering = issue_of(rulings[0])
    Issue.objects.filter(pk=gathering.pk).update(rule_id="rent.Ruling")
    asked = rulings[4]
    assert near(asked).closed == frozenset()

    for rule_id, closed in (("rent.Other", {gathering.pk}), ("rent.Ruling", set())):
        asked.rule_id = rule_id
        assert near(asked).closed == closed


def test_other_families_are_near_only_if_the_artifact_is_unknown(rulings: list[Report], file: File) -> None:
    elsewhere = file(artifact="other/talk-2b", version="", what_happened=RULING.format(9), grouped=False)
    unknown = file(artifact="unknown", version="", what_happened=RULING.format(9), grouped=False)

    assert near(elsewhere).report_ids == []
    assert len(near(unknown).report_ids) == 4


def test_the_few_nearest_are_weighed_and_all_are_counted(
    rulings: list[Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = near(rulings[4])
    monkeypatch.setattr(neighbours, "CLOSE", 2)

    found = near(rulings[4])

    assert found.report_ids == everything.report_ids[:2]
    assert found.known == 4
    assert len(found.sizes) == 4


def test_equals_are_in_the_order_of_their_ids(artifact: Any, file: File) -> None:
    words = "Exactly the same words in each of them, whoever it was that filed it."
    reports = [file(what_happened=words, summary="One and the same") for _ in range(4)]
    asked = file(what_happened=f"{words} Once more.", summary="One and the same", grouped=False)

    assert near(asked).report_ids == [report.pk for report in reports]


def test_copies_by_their_sketches_come_likest_first(artifact: Any, file: File) -> None:
    text = " ".join(f"{word} came before the judge" for word in ("rent", "lease", "roof", "cellar", "garden", "yard"))
    half, whole = f"{text[: len(text) * 3 // 4]} and left.", f"{text}!"
    reports = [file(what_happened=each, summary="A ruling from nowhere") for each in (half, whole, RULING.format(1))]
    asked = file(what_happened=text, summary="A ruling from nowhere", grouped=False)
    found = near(asked)

    likely = [found.report_ids[at] for at in found.like_copies(read_report(asked).sketch)]

    assert likely == [reports[1].pk, reports[0].pk]


def test_the_nearest_are_a_list_to_look_through(rulings: list[Report]) -> None:
    assert nearest(rulings[4].pk, count=3) == near(rulings[4]).report_ids[:3]
    assert nearest(rulings[0].pk, count=10) == near(rulings[0]).best(10)
    assert rulings[0].pk not in nearest(rulings[0].pk, count=10)


def test_what_has_nothing_in_common_is_not_listed(rulings: list[Report], file: File) -> None:
    other = file(
        summary="茶を頼んだだけなのに",
        what_happened="お茶を頼んだだけなのに、叔母のことをひどい言葉で呼びました。本当です。今日も。",
        grouped=False,
    )

    assert near(other).best(10) == []


def test_looking_takes_as_many_queries_however_much_is_found(rulings: list[Report], file: File) -> None:
    asked = rulings[4]
    reading = read_report(asked)

    def cost() -> int:
        with CaptureQueriesContext(connection) as told:
            neighbours_of(asked, reading)
        return len(told)

    cost()
    few = cost()
    for at in range(20):
        file(summary=f"Ruling number {at} again", what_happened=f"{RULING.format(at * 1000)} Told {at} times over.")
    cost()

    assert cost() == few
