"""Learning from decisions: what is a pair, what is held out, and when a new version is written."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports.models import Issue, Placement
from triage import learning, methods
from triage.decisions import decide
from triage.grouping.features import NAMES
from triage.grouping.method import shipped
from triage.learning import Pairs, Sayings, Word, gathered, refit, split
from triage.management.commands import refit_grouping
from triage.methods import in_force, put_in_force
from triage.models import FittedMethod

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
NOW = timezone.now()
RULING = "I asked for rulings on rent and it cited Harrow v. Lindqvist, which was never made by any court at all."
LIBRARY = "It said that the town library opens on Sundays from ten to six, when it is closed all weekend long."


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    yield
    methods.look_again()


def issue_of(report: Any) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def pairs_of(said: list[tuple[float, bool]], *, decisions: int = 0) -> Pairs:
    """Pairs whose words are alike by so much, a decision each."""
    words = [
        Word(same, NOW + timedelta(minutes=number), f"report {number}", str(number))
        for number, (_like, same) in enumerate(said)
    ]
    like = np.array([like for like, _same in said])
    values = np.column_stack([like] * len(NAMES))
    count = len(said)
    return Pairs(NAMES, values, np.zeros(count), np.ones(count), np.full(count, 0.35), words)


def clear_cut(count: int = 40) -> Pairs:
    return pairs_of([(0.5, True) if number % 2 else (0.2, False) for number in range(count)])


def test_a_move_says_what_is_the_same_and_what_is_not(file: Make, triager: Any) -> None:
    first, other = file(what_happened=RULING), file(what_happened=LIBRARY, summary="Library hours")
    moved = file(what_happened=f"{RULING} And again.", summary="Rent ruling nobody made")
    left = issue_of(moved)
    assert left == issue_of(first)

    decide(left, "place", by=triager, report=moved, target=issue_of(other))

    by_words, by_meaning = gathered()
    said = {(word.same, word.decision) for word in by_words.words}
    assert len(by_meaning) == 0
    assert {same for same, _ in said} == {True, False}
    assert len(by_words.decisions()) == 1  # one move, however many pairs it tells of


def test_members_of_confirmed_issues_are_the_same_and_apart_from_those_of_others(file: Make, triager: Any) -> None:
    rulings = [
        file(what_happened=f"{RULING} Seen {number}.", summary=f"Ruling of number {number}") for number in range(2)
    ]
    library = file(what_happened=LIBRARY, summary="Library hours")
    waiting = file(what_happened="It counts five legs on every horse it draws.", summary="Horses with five legs")
    for issue in {issue_of(rulings[0]), issue_of(library)}:
        decide(issue, "confirm", by=triager)

    by_words, _ = gathered()

    assert [word.same for word in by_words.words].count(False) == 2
    assert issue_of(waiting).touched_at is None
    assert waiting.pk not in Sayings.of_people().looked


def test_what_joined_since_somebody_looked_says_nothing(file: Make, triager: Any) -> None:
    first = file(what_happened=RULING)
    decide(issue_of(first), "confirm", by=triager)
    later = file(what_happened=f"{RULING} Once more.", summary="Another ruling")
    assert issue_of(later) == issue_of(first)

    assert set(Sayings.of_people().looked) == {first.pk}

    Placement.objects.filter(report=later).update(needs_look=False)
    assert set(Sayings.of_people().looked) == {first.pk}


def test_one_issue_counts_for_no_more_than_ten_pairs() -> None:
    words = [Word(True, NOW, "issue 1", "1")] * 40 + [Word(False, NOW, "issue 2", "1 2")]
    pairs = clear_cut(41)

    shares = replace(pairs, words=words).shares

    assert shares[:40].sum() == pytest.approx(10)
    assert shares[40] == 1


def test_the_newest_decisions_are_held_out_whole() -> None:
    known, held_out = split(clear_cut(40))

    assert (len(known), len(held_out)) == (28, 12)
    assert max(word.at for word in known.words) < min(word.at for word in held_out.words)


def test_too_few_decisions_are_said_to_be_missing() -> None:
    found = refit(clear_cut(40), by_meaning=False)

    assert found.method is None
    assert "160 too few" in found.why


def test_decisions_of_one_kind_teach_nothing() -> None:
    found = refit(pairs_of([(0.5, True)] * 40), by_meaning=False, least=10)

    assert found.method is None
    assert "not, among" in found.why


def test_what_people_tell_apart_clearly_makes_a_better_method() -> None:
    found = refit(clear_cut(), by_meaning=False, least=10)

    assert found.method is not None
    assert found.method.name == "lexical-2.1"
    assert found.before
    assert found.after
    assert found.after.log_loss < found.before.log_loss
    assert found.after.precision == 1.0
    assert found.method.quote_share == shipped().quote_share


def test_a_method_that_would_be_less_precise_is_not_written() -> None:
    """The older decisions say the contrary of the newer ones, which what is in force judges rightly."""
    older = [(0.5, False) if number % 2 else (0.2, True) for number in range(28)]
    newer = [(0.5, True) if number % 2 else (0.2, False) for number in range(12)]

    found = refit(pairs_of(older + newer), by_meaning=False, least=10)

    assert found.method is None
    assert "Precision would fall" in found.why


def test_thresholds_rise_as_far_as_precision_asks() -> None:
    """Of a likeness that was mostly the same among the older decisions, one among the newer is not."""
    older = [(0.6, True), (0.3, True), (0.6, True), (0.3, True), (0.1, False), (0.3, False), (0.05, False)] * 25
    newer = [(0.6, True), (0.1, False)] * 34

    found = refit(pairs_of([*older, (0.3, False), *newer]), by_meaning=False, least=10)

    assert found.method
    assert found.before
    assert found.after
    assert found.before.precision == found.after.precision == 1.0
    raised = found.method.thresholds["form"].likely - shipped().thresholds["form"].likely
    assert raised == pytest.approx(found.method.notes["raised"])
    assert raised > 0


def test_the_command_writes_a_version_that_counts_and_can_be_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refit_grouping, "gathered", lambda told: (clear_cut(), clear_cut(0)))
    out = StringIO()

    call_command("refit_grouping", "--least", "10", "--dry-run", stdout=out)
    assert not FittedMethod.objects.exists()

    for _ in range(2):
        call_command("refit_grouping", "--least", "10", stdout=out)
        methods.look_again()

    assert in_force(by_meaning=False).name == FittedMethod.objects.get(in_force_since__isnull=False).name
    assert in_force(by_meaning=True) is shipped("meaning-2")
    assert "lexical-2.1 is in force" in out.getvalue()

    call_command("refit_grouping", "--use", "lexical-2", stdout=out)
    methods.look_again()
    assert in_force(by_meaning=False) is shipped("lexical-2")
    put_in_force("lexical-2.1")
    methods.look_again()
    assert in_force(by_meaning=False).name == "lexical-2.1"


def test_the_command_says_how_many_decisions_are_missing(file: Make) -> None:
    file()
    out = StringIO()

    call_command("refit_grouping", stdout=out)

    assert "0 decisions tell of reports near each other, 200 too few to learn from." in out.getvalue()


def test_a_method_nobody_knows_is_refused() -> None:
    with pytest.raises(CommandError, match="no method called"):
        call_command("refit_grouping", "--use", "lexical-9")


def test_every_judgement_names_the_version_that_made_it(file: Make) -> None:
    found = refit(clear_cut(), by_meaning=False, least=10)
    assert found.method
    learning.adopt(found.method)
    methods.look_again()

    placement = Placement.objects.get(report=file())

    assert placement.method == "lexical-2.1"
