"""Filing what an importer finds."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Role
from accounts.policy import ANONYMOUS, SYSTEM, Actor
from ledger.models import Event
from reports.importers.distinct import Failures
from reports.importers.intake import Outcome, take, taken
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.models import Artifact, Issue, Report

pytestmark = pytest.mark.django_db

ANSWERS: dict[str, Any] = {
    "artifact": "acme/tea-7b",
    "summary": "It invents a kind of tea",
    "what_happened": "It named a tea that grows nowhere.",
    "kind": "false_information",
    "rule_id": "scanner/tea",
    "source": "scanner",
    "source_key": "run-1/tea",
    "consent": True,
}
COUNTED = ANSWERS | {"reproduction": {"tries": 5, "failures": 3}}


def test_what_was_taken_before_can_be_left_out() -> None:
    asked: list[int] = []

    def found() -> Iterator[Found]:
        for line in (1, 2, 3):
            asked.append(line)
            yield Unit(line, ANSWERS | {"source_key": str(line)})

    first = next(take(found()))

    assert asked == [1]
    assert (first.outcome, first.report) == (Outcome.FILED, Report.objects.get())
    assert [each.outcome for each in take(found())] == [Outcome.ALREADY_HERE, Outcome.FILED, Outcome.FILED]


def test_each_outcome_says_what_it_is_of() -> None:
    refused = taken(Unit(3, ANSWERS | {"kind": "odd"}))

    assert taken(Passed(1)).outcome is Outcome.PASSED
    assert (taken(Rejected(2, "not JSON")).outcome, taken(Rejected(2, "not JSON")).reason) == ("rejected", "not JSON")
    assert (refused.outcome, refused.reason.partition(":")[0]) == (Outcome.REJECTED, "kind")


def test_a_log_that_says_of_how_many_adds_it_to_the_one_that_did_not_and_nothing_else() -> None:
    taken(Unit(1, ANSWERS))

    assert taken(Unit(1, COUNTED), dry_run=True).outcome is Outcome.ALREADY_HERE
    assert Report.objects.get().tries is None
    written = {"reproduction": {"tries": "5.0", "failures": " 3"}}  # as a table has them
    assert taken(Unit(1, COUNTED | written)).outcome is Outcome.ALREADY_HERE
    taken(Unit(1, COUNTED | {"reproduction": {"tries": 9, "failures": 9}}))

    report = Report.objects.get()
    assert (report.failures, report.tries) == (3, 5)
    assert [event.payload.content for event in Event.objects.filter(verb="count")] == [{"tries": 5, "failures": 3}]


def test_a_stranger_adds_nothing_to_anothers_report() -> None:
    taken(Unit(1, ANSWERS))

    assert taken(Unit(1, COUNTED), actor=ANONYMOUS).outcome is Outcome.ALREADY_HERE
    assert Report.objects.get().tries is None


def test_a_rule_is_one_failure_in_a_family_and_the_same_words_are_another() -> None:
    failures = Failures()
    prose = {key: value for key, value in ANSWERS.items() if key != "rule_id"}

    assert failures.add(ANSWERS)
    assert not failures.add(ANSWERS | {"summary": "Said otherwise"})
    assert failures.add(ANSWERS | {"artifact": "acme/other"})
    assert failures.add(prose)
    assert not failures.add(prose | {"source_key": "another"})
    assert failures.add(prose | {"what_happened": "It burnt the kettle down."})
    assert failures.new == 4


def test_what_is_known_is_not_new_to_whoever_may_see_it() -> None:
    taken(Unit(1, ANSWERS))
    artifact = Artifact.objects.get()
    Issue.objects.create(family=artifact, kind="other", rule_id="scanner/tea")
    triager = Actor(user_id=1, roles=frozenset({Role.TRIAGER}))

    assert not Failures(SYSTEM).add(ANSWERS)
    assert not Failures(triager).add(ANSWERS)
    assert Failures(ANONYMOUS).add(ANSWERS)
    assert Failures(SYSTEM).add(ANSWERS | {"rule_id": "scanner/coffee"})
