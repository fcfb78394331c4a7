"""What the public can search is what it may read: after whatever people decide, and by the clock."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.policy import ANONYMOUS
from reports.models import Affected, Artifact, Issue, PublicText, Report
from reports.published import catch_up, refresh, search
from reports.record import excerpts_of
from reports.text import terms
from triage import catalogue
from triage.decisions import decide, undo

Make = Callable[..., Any]


def stored() -> dict[int, tuple[set[str], set[str]]]:
    return {row.issue_id: (set(row.title), set(row.words)) for row in PublicText.objects.all()}


def meant() -> dict[int, tuple[set[str], set[str]]]:
    """The same from scratch, without the module's own way of doing it."""
    told = {}
    for issue in Issue.objects.visible_to(ANONYMOUS):
        texts = [issue.public_title, issue.public_summary]
        for report in excerpts_of(issue, ANONYMOUS, shown=range(1, 99)):
            texts += [quote.text for quote in report.quotes]
            texts += [text for quote in report.quotes for _language, text in quote.translations]
        told[issue.pk] = set(terms(issue.public_title)), {term for text in texts for term in terms(text)}
    return told


def found(words: str) -> list[int]:
    return list(search(words).values_list("pk", flat=True))


@pytest.fixture
def report(artifact: Artifact, file: Make) -> Any:
    return file(what_happened="It cited the Marmalade ruling, which no court ever made, with a judge and a date.")


@pytest.fixture
def issue(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report)


@pytest.fixture
def other(someone: Make) -> Any:
    return someone("moderator")


def test_an_issue_is_found_by_its_title_once_it_is_confirmed_and_no_more_once_that_is_undone(
    issue: Issue, triager: User
) -> None:
    assert found("court ruling") == []

    confirmed = decide(issue, "confirm", by=triager)
    assert found("Court RULINGS") == [issue.pk]
    assert stored() == meant()

    undo(confirmed, by=triager)
    assert found("court ruling") == []
    assert stored() == {}


def test_words_of_a_report_are_found_only_while_they_stand_published_and_unredacted(
    issue: Issue, report: Report, triager: User
) -> None:
    decide(issue, "confirm", by=triager)
    at = report.evidence.what_happened.index("Marmalade")
    assert found("marmalade") == []

    chosen = decide(issue, "excerpt", by=triager, report=report, spans=[("what_happened", 0, 40)])
    assert found("marmalade") == [issue.pk]
    hidden = decide(issue, "redact", by=triager, report=report, spans=[("what_happened", at, at + 9)])
    assert found("marmalade") == []
    undo(hidden, by=triager)
    assert found("marmalade") == [issue.pk]
    undo(chosen, by=triager)
    assert found("marmalade") == []
    assert stored() == meant()


def test_each_act_leaves_what_a_look_from_scratch_would_find(
    issue: Issue, report: Report, file: Make, triager: User, other: User, artifact: Artifact
) -> None:
    twin = Issue.objects.get(
        placements__report=file(
            summary="Deletes the wrong folder", what_happened="Told to empty the trash, it removed my photographs."
        )
    )
    acts: list[tuple[Issue, str, dict[str, Any]]] = [
        (issue, "confirm", {}),
        (issue, "write", {"public_title": "Ruling made up", "public_summary": "It names a judge 法官 who never was."}),
        (issue, "excerpt", {"report": report, "spans": [("summary", 0, 25)]}),
        (issue, "translate", {"report": report, "part": "summary", "language": "tr", "text": "Karar uyduruyor"}),
        (twin, "merge", {"target": issue}),
        (issue, "split", {"reports": [report]}),
        (issue, "unpublish", {}),
        (issue, "publish", {}),
        (issue, "classify", {"hazard_level": 2}),
    ]
    made = []
    for about, verb, details in acts:
        by = other if verb == "publish" else triager
        made.append(decide(Issue.objects.get(pk=about.pk), verb, by=by, **details))
        assert stored() == meant(), verb
    for decision in reversed(made):
        undo(decision, by=triager)
        assert stored() == meant(), f"undoing {decision.verb}"


def test_an_issue_of_an_artifact_without_a_page_is_found_once_it_has_one(file: Make, triager: User) -> None:
    report = file(artifact="kelp/reader")
    issue = Issue.objects.get(placements__report=report)
    decide(issue, "confirm", by=triager)
    assert found("ruling") == []

    confirmed = catalogue.confirm_artifact(report.artifact, by=triager)
    assert found("ruling") == [issue.pk]

    catalogue.undo(confirmed, by=triager)
    assert found("ruling") == []
    assert stored() == {}


def test_what_was_missed_when_an_embargo_was_lifted_is_made_up_for(issue: Issue, report: Report, triager: User) -> None:
    decide(issue, "confirm", by=triager)
    decide(issue, "excerpt", by=triager, report=report, spans=[("what_happened", 0, 40)])
    Report.objects.filter(pk=report.pk).update(embargo_until=timezone.now() + timedelta(days=1))
    refresh([issue.pk])
    assert found("marmalade") == []

    PublicText.objects.update(made_at=timezone.now() - timedelta(days=3))
    Report.objects.filter(pk=report.pk).update(embargo_lifted_at=timezone.now())
    assert catch_up() == 1
    assert found("marmalade") == [issue.pk]
    assert catch_up() == 0


def test_missing_rows_are_made_and_idle_ones_go(make_issue: Make) -> None:
    shown, gone = make_issue("It invents a ruling"), make_issue("It invents a ruling too")
    assert catch_up() == 2
    Issue.objects.filter(pk=gone.pk).update(published_at=None)

    assert catch_up() == 0
    assert set(stored()) == {shown.pk}


def test_a_row_that_should_not_be_there_shows_nothing(make_issue: Make) -> None:
    shown = make_issue("It invents a ruling")
    catch_up()

    for change in ({"published_at": None}, {"embargo_until": timezone.now() + timedelta(days=1)}):
        Issue.objects.filter(pk=shown.pk).update(**change)
        assert PublicText.objects.count() == 1
        assert found("invents ruling") == []


def test_a_title_counts_more_than_a_summary_and_common_words_less_than_rare_ones(make_issue: Make) -> None:
    told = make_issue("Something else", public_summary="It makes up a ruling on rent by a court.")
    titled = make_issue("A ruling is made up", public_summary="Something else")
    for number in range(3):
        make_issue(f"A court is named {number}")
    catch_up()

    assert found("ruling") == [titled.pk, told.pk]
    assert found("rent ruling") == [told.pk]
    assert found("zeppelin") == []


@pytest.mark.parametrize(
    "typed", ["", "   ", "the of and", "\0", "'; DROP TABLE", "a" * 50_000, "ruling " * 9_000, "%_\\"]
)
def test_a_strange_search_finds_nothing_or_what_it_means(make_issue: Make, typed: str) -> None:
    issue = make_issue("It invents a ruling")
    catch_up()

    assert set(found(typed)) <= {issue.pk}


@pytest.mark.parametrize(
    ("title", "asked"), [("它说悉尼是首都", "悉尼"), ("جرعة خاطئة للدواء", "الجرعات"), ("Pаypal", "paypal")]
)
def test_any_language_is_found(make_issue: Make, title: str, asked: str) -> None:
    issue = make_issue(title)
    make_issue("It invents a ruling")
    catch_up()

    assert found(asked) == [issue.pk]


def test_an_artifact_in_an_issue_that_nobody_has_judged_leaves_it_unfound(make_issue: Make) -> None:
    issue = make_issue("It invents a ruling")
    Affected.objects.filter(issue=issue).update(status="under_investigation")
    refresh([issue.pk])

    assert stored() == {}


def test_a_search_costs_six_statements_however_much_there_is(make_issue: Make, django_assert_num_queries: Any) -> None:
    for number in range(4):
        make_issue(f"It invents ruling {number}")
    catch_up()

    with django_assert_num_queries(6):
        found("ruling invents")
