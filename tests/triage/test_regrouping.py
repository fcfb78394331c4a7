"""Grouping anew: what a method would change it changes, and nothing that a person has touched."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.utils import timezone

from ledger.models import Event
from reports.models import Affected, DailyCount, Issue, Placement, Report
from triage.decisions import decide
from triage.grouping.method import Method, Thresholds, shipped
from triage.models import Constraint, FittedMethod, Suggestion
from triage.regrouping import Change, regroup, untouched_issues

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
RULING = "I asked for rulings on rent and it cited Harrow v. Lindqvist, which was never made by any court at all."
LIBRARY = "It said that the town library opens on Sundays from ten to six, when it is closed all weekend long."
STORIES = (
    ("Cites a court ruling that was never made", RULING),
    ("Wrong opening hours of the library", LIBRARY),
    ("Sends people to a train that was given up", "For the last train to the coast it named the night express."),
    (
        "A court ruling on rent that nobody ever made",
        "Our lawyer looked up Harrow v. Lindqvist: there is no such case.",
    ),
    ("Library opening hours are not as it says", "We stood before the closed library of the town on a Sunday."),
    ("The night express train no longer runs", "Eleven years ago the last train to the coast was given up."),
    ("Invents a ruling of a court about rent", "A made-up ruling, Harrow v. Lindqvist, in a letter to a landlord."),
    ("It says the library opens on Sundays", "The library opening hours it gave are wrong, on Sundays it is closed."),
    ("Names a night express train to the coast", "The express train was given up, and my mother waited all night."),
)


def method(name: str, likely: float) -> Method:
    thresholds = {source: Thresholds(likely, 1e-6, likely) for source in ("form", "import", "scanner")}
    return replace(shipped("lexical-2"), name=name, thresholds=thresholds)


STRICT, LOOSE = method("strict", 0.9999), method("loose", 0.02)


@pytest.fixture
def told(file: Make) -> list[Report]:
    """Three failures in turn, each told three times in other words."""
    return [file(summary=summary, what_happened=story) for summary, story in STORIES]


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def homes() -> dict[int, int]:
    return dict(Placement.objects.active().values_list("report_id", "issue_id"))


def together(homes: dict[int, int]) -> set[frozenset[int]]:
    return {frozenset(key for key, home in homes.items() if home == one) for one in set(homes.values())}


def changes(by: Method, **options: Any) -> list[Change]:
    return [change for _, change in regroup(by, **options) if change]


def rows(*models: type[Model], **narrowed: Any) -> list[Any]:
    return [list(model._default_manager.filter(**narrowed).order_by("pk").values()) for model in models]


def test_a_strict_method_takes_issues_apart(told: list[Report]) -> None:
    assert len(set(homes().values())) == 3

    made = changes(STRICT)

    assert len(made) == 6
    assert all(change.opens for change in made)
    assert len(set(homes().values())) == 9
    assert {issue.report_count for issue in Issue.objects.all()} == {1}
    assert sum(DailyCount.objects.values_list("report_count", flat=True)) == 9


def test_moves_supersede_and_leave_their_method_their_reasons_and_an_event(told: list[Report]) -> None:
    before = Placement.objects.count()

    made = changes(STRICT)

    report = made[0].report
    old, new = Placement.objects.filter(report=report).order_by("pk")
    assert Placement.objects.count() == before + len(made)
    assert old.superseded_at == new.placed_at
    assert (new.by, new.method) == ("engine", "strict")
    assert new.reasons["by"] == "text"
    event = Event.objects.filter(verb="regroup").earliest("pk")
    assert event.subjects == [f"issue:{made[0].entered}", f"issue:{made[0].left}", f"report:{report.pk}"]
    assert Event.objects.filter(verb="regroup").count() == len(made)
    assert Suggestion.objects.filter(report=report, issue=made[0].left, method="strict").exists()


def test_a_loose_method_joins_and_what_is_emptied_leads_on(told: list[Report]) -> None:
    changes(STRICT)
    alone = Issue.objects.count()

    made = changes(LOOSE)

    assert made
    emptied = Issue.objects.filter(status="merged")
    assert emptied.count() == len({change.left for change in made})
    assert Issue.objects.count() == alone
    assert all(issue.merged_into_id for issue in emptied)
    assert together(homes()) == {frozenset(report.pk for report in told[number::3]) for number in range(3)}
    for issue in Issue.objects.filter(status="new"):
        assert issue.report_count == Placement.objects.active().filter(issue=issue).count() > 0
        assert Affected.objects.filter(issue=issue).count() == 1


def test_run_again_it_changes_nothing(told: list[Report]) -> None:
    changes(STRICT)
    assert changes(STRICT) == []

    changes(LOOSE)
    assert changes(LOOSE) == []


def test_in_parts_it_comes_to_the_same(told: list[Report]) -> None:
    at, looked_at = 0, 0
    while part := list(regroup(STRICT, after=at, most=2)):
        at, looked_at = part[-1][0], looked_at + len(part)

    assert looked_at == 9
    assert len(set(homes().values())) == 9


@pytest.mark.parametrize("by", [STRICT, LOOSE], ids=lambda by: by.name)
def test_a_dry_run_tells_what_a_run_does_and_writes_nothing(
    told: list[Report], nothing_stored: Callable[[], Any], by: Method
) -> None:
    if by is LOOSE:
        changes(STRICT)
    before = homes()

    with nothing_stored():
        supposed = changes(by, dry_run=True)
    assert homes() == before

    assert supposed
    expected = before | {change.report.pk: change.entered for change in supposed}
    assert [change.report for change in changes(by)] == [change.report for change in supposed]
    assert together(homes()) == together(expected)


def confirm(report: Report, by: Any) -> None:
    decide(issue_of(report), "confirm", by=by)


def dismiss(report: Report, by: Any) -> None:
    decide(issue_of(report), "dismiss", by=by, reason="spam")


def assign(report: Report, by: Any) -> None:
    Issue.objects.filter(pk=issue_of(report).pk).update(assignee=by)


def constrain(report: Report, by: Any) -> None:
    other = Report.objects.exclude(pk=report.pk).latest("pk")
    Constraint.objects.create(report=report, other=other, says="not_same")


def refuse(report: Report, by: Any) -> None:
    other = Issue.objects.exclude(pk=issue_of(report).pk).latest("pk")
    values = {"score": 0.5, "band": "likely", "rank": 9, "method": "m", "refused_at": timezone.now()}
    Suggestion.objects.update_or_create(report=report, issue=other, defaults=values)


def place_by_reporter(report: Report, by: Any) -> None:
    Placement.objects.active().filter(report=report).update(by="reporter")


@pytest.mark.parametrize("touch", [confirm, dismiss, assign, constrain, refuse, place_by_reporter])
@pytest.mark.parametrize("by", [STRICT, LOOSE], ids=lambda by: by.name)
def test_rows_of_touched_issues_stay_as_they_are(told: list[Report], triager: Any, touch: Any, by: Method) -> None:
    if by is LOOSE:
        changes(STRICT)
    touch(told[0], triager)
    free = set(untouched_issues().values_list("pk", flat=True))
    touched = set(Issue.objects.values_list("pk", flat=True)) - free
    kept = [model for app in ("reports", "triage") for model in apps.get_app_config(app).get_models()]
    kept = [model for model in kept if any(field.name == "issue" for field in model._meta.fields)]
    before = rows(Issue, pk__in=touched), rows(*kept, issue__in=touched)

    made = changes(by)

    assert issue_of(told[0]).pk in touched
    assert not touched & {issue_id for change in made for issue_id in (change.left, change.entered)}
    assert (rows(Issue, pk__in=touched), rows(*kept, issue__in=touched)) == before
    assert made


def test_copies_go_with_what_they_are_copies_of(file: Make) -> None:
    file(what_happened=RULING)
    second = file(what_happened=f"{RULING} It happened at work.", summary="At work it made up a ruling")
    copy = file(what_happened=f"{RULING} It happened at work.", summary="At work it made up a ruling")
    assert copy.copy_of == second
    assert len(set(homes().values())) == 1

    changes(STRICT)

    assert issue_of(copy) == issue_of(second)
    assert issue_of(copy).voice_count == 1


def test_what_a_scanner_s_rule_gathers_stays(file: Make) -> None:
    for words in (RULING, LIBRARY):
        file(rule_id="suite/one", what_happened=words, summary=words[:50])

    assert changes(STRICT) == []


def test_the_command_tells_and_moves(told: list[Report]) -> None:
    FittedMethod.objects.create(name="lexical-2.1", body=body(STRICT))
    out = StringIO()

    call_command("regroup", "--method", "lexical-2.1", "--dry-run", "--most", "4", stdout=out)

    assert "4 reports looked at. 1 would move: 0 issues joined by others' reports, 1 issues opened." in out.getvalue()
    assert f"{told[3].reference}: issue {issue_of(told[0]).pk} to a new issue" in out.getvalue()
    assert f"--after {told[3].pk}" in out.getvalue()

    call_command("regroup", "--method", "lexical-2.1", stdout=out)

    assert "9 reports looked at. 6 moved" in out.getvalue()
    with pytest.raises(CommandError, match="no method called"):
        call_command("regroup", "--method", "lexical-9")


def body(by: Method) -> Any:
    import json

    return json.loads(by.to_json())
