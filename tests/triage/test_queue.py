"""What waits, in which order, and what the list says of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.policy import Actor
from reports.models import Artifact, Issue, Placement, Redaction, Report, Signal, Version
from reports.redaction import summary_in_a_list
from reports.vocabulary import Visibility
from triage import search
from triage.counting import recount, reprioritise
from triage.decisions import decide
from triage.models import Claim, Suggestion
from triage.queue import Listed, asleep, rows, titled, waiting_count, waiting_issues, weekly_voices

File = Callable[..., Report]
DAY = timedelta(days=1)
# What was done to the older of two reports, or to their issue; a redaction of another part is nothing to its summary.
KEPT_BACK: tuple[dict[str, Any], ...] = (
    {"visibility": "private"},
    {"withdrawn_at": timezone.now()},
    {"hazard_level": 1},
    {"issue": 1},
    {"part": "summary"},
    {"part": "expected"},
)
TRIAGER = Actor(user_id=1, roles=frozenset({"triager"}))


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture
def waiting(file: File, artifact: Any) -> Callable[..., Issue]:
    """Makes one new issue with one report, whatever it says."""

    def made(summary: str = "It invents a court ruling", **changes: Any) -> Issue:
        counted: dict[str, Any] = {"report_count": 1, "voice_count": 1}
        counted |= {name: changes.pop(name) for name in ("voice_count", "opened_at") if name in changes}
        report = file(summary=summary, grouped=False, what_happened=f"{summary}: that is all there is.", **changes)
        issue = Issue.objects.create(family=artifact.family, kind=report.kind, severity=report.severity)
        Placement.objects.create(report=report, issue=issue, by="engine", method="m-1")
        counted["report_count"] = max(counted["report_count"], counted["voice_count"])
        Issue.objects.filter(pk=issue.pk).update(**counted, harm_occurred=report.harm_occurred)
        reprioritise()
        issue.refresh_from_db()
        return issue

    return made


def test_the_most_urgent_waits_first(waiting: Callable[..., Issue], make_issue: Callable[..., Issue]) -> None:
    plain = waiting("Ordinary and rather mild")
    harmed = waiting("Somebody came to harm here", harm_occurred="yes")
    severe = waiting("A severe one, said by the reporter", severity="critical")
    many = waiting("Something that forty people met", voice_count=40)
    old = waiting("It has waited here for a month", opened_at=timezone.now() - timedelta(days=30))
    back = make_issue("It was fixed", status="resolved", is_possible_regression=True)
    Placement.objects.create(report=Report.objects.all()[0], issue=back, by="engine", method="m-1")

    assert list(waiting_issues()) == [back, severe, many, harmed, old, plain]


def test_what_a_person_set_outweighs_the_rest(waiting: Callable[..., Issue]) -> None:
    severe = waiting("A severe one, said by the reporter", severity="critical")
    chosen = waiting("This first, please, said the editor")
    Issue.objects.filter(pk=chosen.pk).update(priority_override=100)
    reprioritise()

    assert list(waiting_issues()) == [chosen, severe]


def test_an_issue_of_held_reports_only_does_not_wait(waiting: Callable[..., Issue]) -> None:
    seen, held = waiting("One that has a voice"), waiting("One that is held")
    Report.objects.filter(placements__issue=held).update(held_at=timezone.now())
    recount([seen.pk, held.pk])

    assert list(waiting_issues()) == [seen]
    assert waiting_count() == 1


def test_what_is_decided_waits_no_longer(waiting: Callable[..., Issue], triager: Any) -> None:
    issue = waiting()
    decide(issue, "confirm", by=triager)

    assert list(waiting_issues()) == []


@pytest.mark.parametrize("changes", KEPT_BACK)
def test_what_may_not_stand_in_a_list_heads_none(
    waiting: Callable[..., Issue], file: File, changes: dict[str, Any]
) -> None:
    issue = waiting("Told first, by whoever")
    second = file(summary="Told second, by another", grouped=False)
    Placement.objects.create(report=second, issue=issue, by="engine", method="m-1")
    first = issue.placements.get(report__reported_at__lt=second.reported_at)
    if "part" in changes:
        Redaction.objects.create(report=first.report, start=0, end=4, **changes)
    elif "issue" in changes:
        Issue.objects.update(hazard_level=changes["issue"])
    else:
        Report.objects.filter(pk=first.report_id).update(**changes)
    told = issue.placements.active().exclude(report__visibility="private").order_by("report__reported_at")
    summaries = told.annotate(summary=summary_in_a_list()).exclude(summary="").values_list("summary", flat=True)
    placements = issue.placements.annotate(summary=summary_in_a_list(), listed=Listed("report_id", "issue_id"))

    headed = titled(Issue.objects.all()).get()

    assert all(placement.listed == placement.summary for placement in placements)  # type: ignore[attr-defined]
    assert headed.title == (summaries.first() or "")  # type: ignore[attr-defined] # annotated
    assert (headed.title == "Told first, by whoever") == (changes.get("part") == "expected")  # type: ignore[attr-defined]
    assert headed.first_report_id == first.report_id  # type: ignore[attr-defined]


def test_a_title_is_the_public_one_or_the_oldest_summary_that_is_not_private(
    waiting: Callable[..., Issue], file: File
) -> None:
    issue = waiting("Too private for a title", visibility="private")
    second = file(summary="Younger and not private", grouped=False)
    Placement.objects.create(report=second, issue=issue, by="engine", method="m-1")

    assert titled(Issue.objects.all()).get().title == "Younger and not private"  # type: ignore[attr-defined] # annotated

    Report.objects.update(visibility=Visibility.PRIVATE)
    listed = rows(waiting_issues(), today=timezone.now())

    assert [row.title for row in listed] == ["False information · acme/chat-7b"]

    Issue.objects.update(public_title="Chosen by a person")

    assert rows(waiting_issues(), today=timezone.now())[0].title == "Chosen by a person"


def test_a_lone_report_is_folded_with_the_best_suggestion(waiting: Callable[..., Issue]) -> None:
    known, other, alone = waiting("Invents rulings"), waiting("Deletes folders"), waiting("A ruling that never was")
    report = Report.objects.get(placements__issue=alone)
    Suggestion.objects.create(report=report, issue=other, score=0.3, band="possible", rank=1, method="m-1")
    Suggestion.objects.create(report=report, issue=known, score=0.6, band="likely", rank=0, method="m-1")

    row = next(row for row in rows(waiting_issues(), today=timezone.now()) if row.issue == alone)

    assert (row.suggested, row.suggested_title, row.band) == (known, "Invents rulings", "likely")

    Suggestion.objects.filter(issue=known).update(refused_at=timezone.now())
    row = next(row for row in rows(waiting_issues(), today=timezone.now()) if row.issue == alone)

    assert row.suggested == other


def test_a_suggestion_follows_an_issue_that_was_merged(waiting: Callable[..., Issue], triager: Any) -> None:
    first, second, alone = waiting("Invents rulings"), waiting("Makes rulings up"), waiting("A ruling that never was")
    report = Report.objects.get(placements__issue=alone)
    Suggestion.objects.create(report=report, issue=second, score=0.6, band="likely", rank=0, method="m-1")
    decide(second, "place", by=triager, report=Report.objects.get(placements__issue=second), target=first)

    row = next(row for row in rows(waiting_issues(), today=timezone.now()) if row.issue == alone)

    assert (row.suggested, row.suggested_title) == (first, "Invents rulings")


def test_the_line_counts_voices_by_week(file: File, artifact: Any) -> None:
    now = timezone.now()
    first = file(summary="Invents rulings on rent")
    for ago in (0, 1, 8, 83, 84):
        report = file(
            summary="Invents rulings on rent", reported_at=(now - timedelta(days=ago)).isoformat(), author=f"a{ago}"
        )
        assert issue_of(report) == issue_of(first)

    line = weekly_voices([issue_of(first).pk], today=now)

    assert line == {issue_of(first).pk: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]}  # copies: one voice a day


def test_what_the_engine_joined_and_what_grows_fast_is_to_be_looked_at(waiting: Callable[..., Issue]) -> None:
    waiting("An ordinary one of its own")
    joined, growing = waiting("Joined by the engine"), waiting("Growing fast")
    Placement.objects.filter(issue=joined).update(needs_look=True)
    Issue.objects.filter(pk=growing.pk).update(growth_flagged_at=timezone.now())

    found = search.found(search.parse("is:look"), TRIAGER)
    listed = {row.title: row.needs_look for row in rows(titled(found), today=timezone.now())}

    assert listed == {"Joined by the engine": True, "Growing fast": False}

    Issue.objects.update(status="dismissed", dismissal="spam", dismissed_at=timezone.now())

    assert not search.found(search.parse("is:look"), TRIAGER).exists()


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_list_costs_the_same_however_long(
    waiting: Callable[..., Issue], triager: Any, django_assert_num_queries: Any, how_many: int
) -> None:
    for number in range(how_many):
        many = waiting(f"Number {number} of those that many met", voice_count=3)
        alone = waiting(f"Number {number} of those that one met")
        report = Report.objects.get(placements__issue=alone)
        Suggestion.objects.create(report=report, issue=many, score=0.6, band="likely", rank=0, method="m-1")

    awake = {"snoozed_at": timezone.now(), "snoozed_voices": 1}
    Issue.objects.update(assignee=triager, **awake)

    with django_assert_num_queries(9):
        listed = rows(waiting_issues().select_related("family"), today=timezone.now())

    assert len([row for row in listed if row.suggested]) == how_many


@pytest.fixture
def snoozed(waiting: Callable[..., Issue]) -> Callable[..., Issue]:
    def made(**until: Any) -> Issue:
        issue = waiting(f"Asleep number {Issue.objects.count()}")
        Issue.objects.filter(pk=issue.pk).update(snoozed_at=timezone.now(), **until)
        return issue

    return made


def test_what_is_snoozed_waits_until_its_day(snoozed: Callable[..., Issue]) -> None:
    issue = snoozed(snoozed_until=timezone.now() + timedelta(days=1))

    assert (list(waiting_issues()), waiting_count(), list(Issue.objects.filter(asleep()))) == ([], 0, [issue])

    Issue.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))

    assert (list(waiting_issues()), waiting_count(), list(Issue.objects.filter(asleep()))) == ([issue], 1, [])


def test_what_is_snoozed_until_more_speak_of_it_wakes_when_they_do(snoozed: Callable[..., Issue]) -> None:
    issue = snoozed(snoozed_voices=3)

    assert list(waiting_issues()) == []

    Issue.objects.update(report_count=3, voice_count=3)

    assert list(waiting_issues()) == [issue]


def test_what_is_snoozed_until_a_release_wakes_with_one_of_its_artifact_that_is_no_alias(
    snoozed: Callable[..., Issue], artifact: Artifact
) -> None:
    issue = snoozed(snoozed_version=artifact.versions.get(name="2026-06"))
    other = Artifact.objects.create(org="other", name="model")
    Version.objects.create(artifact=other, name="9", position=9)
    Version.objects.create(artifact=artifact, name="latest", position=3, is_alias=True)

    assert (list(waiting_issues()), waiting_count()) == ([], 0)

    Version.objects.create(artifact=artifact, name="2026-07", position=3)

    assert (list(waiting_issues()), waiting_count()) == ([issue], 1)


def test_a_row_says_who_has_it_who_looks_at_it_and_what_warns_of_it(
    waiting: Callable[..., Issue], triager: Any
) -> None:
    issue = waiting("It invents a court ruling", severity="high")
    Issue.objects.update(assignee=triager, hazard_level=2, is_disputed=True, embargo_until=timezone.now() + DAY)
    claim = Claim.objects.create(issue=issue, user=triager, until=timezone.now() + timedelta(minutes=5))
    for tier, state in (("alarm", "refuted"), ("watch", "new")):
        Signal.objects.create(
            issue=issue, detector="d", method="m", tier=tier, state=state, observed=3, expected=1, since=timezone.now()
        )

    row = rows(waiting_issues(), today=timezone.now())[0]

    assert (row.assignee, row.claim, row.signal, row.kind) == (triager, claim, "watch", "False information")
    assert (row.is_gated, row.is_embargoed, row.is_disputed, row.is_asleep, row.joins) == (True, True, True, False, 0)
    assert (row.artifact, row.version) == ("acme/chat-7b", "2026-05")

    Claim.objects.update(until=timezone.now())

    assert rows(waiting_issues(), today=timezone.now())[0].claim is None


def test_a_row_tells_since_when_the_issue_has_its_status(waiting: Callable[..., Issue], triager: Any) -> None:
    issue = waiting(opened_at=timezone.now() - 40 * DAY)
    assert rows(titled(Issue.objects.all()), today=timezone.now())[0].stands_since == issue.opened_at

    decision = decide(issue, "confirm", by=triager)

    assert rows(titled(Issue.objects.all()), today=timezone.now())[0].stands_since == decision.decided_at
