"""What stays of an issue that people took off the record, and that nothing stays of what never was public."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from accounts.policy import ANONYMOUS
from reports.models import Artifact, Issue, Report
from reports.record import Tombstone, tombstones
from reports.withdrawing import withdraw
from triage.decisions import decide, undo

Make = Callable[..., Any]
CANARY = "canary-a-title-that-was-public"


def stones() -> list[Tombstone]:
    return list(tombstones(ANONYMOUS))


def answers(client: Client, issue: Issue) -> tuple[int, int]:
    page, twin = (client.get(f"/issues/{issue.number}{ending}") for ending in ("/", ".json"))
    return page.status_code, twin.status_code


def test_what_is_unpublished_leaves_its_number_its_dates_and_why(
    client: Client, make_issue: Make, triager: Any
) -> None:
    published = timezone.now() - timedelta(days=9)
    issue = make_issue(CANARY, public_summary=CANARY, published_at=published)

    decide(issue, "unpublish", by=triager, reason="harmful")

    stone = stones()[0]
    assert (stone.number, stone.published_at, stone.reason) == (issue.number, published, "harmful")
    page, twin = (client.get(f"/issues/{issue.number}{ending}") for ending in ("/", ".json"))
    assert (page.status_code, twin.status_code) == (410, 410)
    assert "What its page said could do harm." in page.content.decode()
    for word in (CANARY, "chat-7b", "acme", "false_information", "Made-up"):
        assert word not in page.content.decode() + twin.content.decode()
    assert twin.json() == {
        "schema_version": 1,
        "id": issue.number,
        "number": issue.number,
        "status": "withdrawn",
        "published": published.isoformat().replace("+00:00", "Z"),
        "withdrawn": stone.withdrawn_at.isoformat().replace("+00:00", "Z"),
        "reason": "harmful",
    }


def test_a_dismissal_of_what_was_public_says_so(client: Client, make_issue: Make, triager: Any) -> None:
    issue = make_issue(CANARY)

    made = decide(issue, "dismiss", by=triager, reason="not_about_ai")

    assert "People dismissed it: Not about AI." in client.get(issue.get_absolute_url()).content.decode()
    undo(made, by=triager)
    assert (stones(), answers(client, issue)) == ([], (200, 200))


def test_the_reason_of_what_everybody_withdrew_is_that(file: Make, artifact: Artifact, triager: Any) -> None:
    report: Report = file()
    issue = report.placements.get().issue
    decide(issue, "confirm", by=triager)
    withdraw(report, actor=ANONYMOUS)
    assert stones() == []  # people have not taken it off yet

    decide(issue, "unpublish", by=triager)

    assert [stone.reason for stone in stones()] == ["withdrawn"]


def test_a_reason_is_one_of_the_list_or_none(make_issue: Make, triager: Any) -> None:
    issue = make_issue()

    with pytest.raises(Exception, match="Choose a reason"):
        decide(issue, "unpublish", by=triager, reason="because I say so")
    decide(issue, "unpublish", by=triager)

    assert [stone.reason for stone in stones()] == ["decided"]


def hide_by_embargo(issue: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(embargo_until=timezone.now() + timedelta(days=1))


def hide_by_artifact(issue: Issue) -> None:
    Artifact.objects.filter(affected__issue=issue).update(confirmed_at=None)


def hide_by_not_judging(issue: Issue) -> None:
    issue.affected.update(status="under_investigation")


@pytest.mark.parametrize("verb", ["unpublish", "dismiss"])
@pytest.mark.parametrize("hide", [hide_by_embargo, hide_by_artifact, hide_by_not_judging])
def test_what_nobody_could_read_has_no_tombstone(
    client: Client, make_issue: Make, triager: Any, hide: Callable[[Issue], None], verb: str
) -> None:
    issue = make_issue(CANARY)
    hide(issue)

    decide(issue, verb, by=triager, reason="spam" if verb == "dismiss" else "")
    Issue.objects.filter(pk=issue.pk).update(embargo_until=None)
    Artifact.objects.update(confirmed_at=timezone.now())
    issue.affected.update(status="affected")

    assert (stones(), answers(client, issue)) == ([], (404, 404))


def test_what_was_held_back_or_never_confirmed_has_no_tombstone(
    client: Client, file: Make, artifact: Artifact, triager: Any
) -> None:
    held = file(kind="privacy_leak").placements.get().issue
    decide(held, "confirm", by=triager)
    decide(held, "dismiss", by=triager, reason="spam")
    new = file(summary="Another thing that goes wrong", kind="other").placements.get().issue
    decide(new, "dismiss", by=triager, reason="spam")
    never = Issue.objects.filter(pk=new.pk)
    never.update(number="TT-2026-00099", withdrawn_at=timezone.now())  # no act says that it was public

    held.refresh_from_db()
    assert (stones(), answers(client, held), answers(client, never.get())) == ([], (404, 404), (404, 404))


def test_what_leaves_by_an_undone_confirmation_or_by_its_hazard_has_none(
    client: Client, file: Make, artifact: Artifact, triager: Any
) -> None:
    issue = file().placements.get().issue
    made = decide(issue, "confirm", by=triager)
    issue.refresh_from_db()
    assert answers(client, issue) == (200, 200)
    undo(made, by=triager)
    seen = file(summary="Dangerous after all, it turns out", kind="other").placements.get().issue
    decide(seen, "confirm", by=triager)
    seen.refresh_from_db()
    assert answers(client, seen) == (200, 200)
    decide(seen, "classify", by=triager, hazard_level=2)

    assert (stones(), answers(client, issue), answers(client, seen)) == ([], (404, 404), (404, 404))


def test_what_happens_behind_a_tombstone_moves_nothing(client: Client, make_issue: Make, triager: Any) -> None:
    issue = make_issue(CANARY)
    decide(issue, "unpublish", by=triager)
    before = client.get(issue.get_absolute_url()).content, stones()

    decide(issue, "write", by=triager, public_title="Another title")
    decide(issue, "dismiss", by=triager, reason="spam")
    hide_by_embargo(issue)
    hide_by_artifact(issue)

    assert (client.get(issue.get_absolute_url()).content, stones()) == before


def test_what_is_published_again_has_its_page_again(client: Client, make_issue: Make, triager: Any) -> None:
    issue = make_issue(CANARY)
    decide(issue, "unpublish", by=triager)
    again = decide(issue, "publish", by=triager)
    assert (stones(), answers(client, issue)) == ([], (200, 200))

    first = undo(again, by=triager)
    assert first.undoes == again
    assert ([stone.reason for stone in stones()], answers(client, issue)) == (["decided"], (410, 410))


def test_what_was_merged_leads_to_the_tombstone(client: Client, make_issue: Make, triager: Any) -> None:
    merged, survivor = make_issue("Goes"), make_issue("Stays")
    decide(merged, "merge", by=triager, target=survivor)
    decide(survivor, "unpublish", by=triager)

    for ending in ("/", ".json"):
        answer = client.get(f"/issues/{merged.number}{ending}")
        assert (answer.status_code, answer["Location"]) == (301, f"/issues/{survivor.number}{ending}")
    assert [stone.number for stone in stones()] == [survivor.number]


def test_whoever_sees_the_page_is_shown_it(client: Client, make_issue: Make, triager: Any) -> None:
    issue = make_issue(CANARY)
    decide(issue, "unpublish", by=triager)
    client.force_login(triager)

    assert client.get(issue.get_absolute_url()).status_code == 200
    assert list(tombstones(actor_for(triager))) == []


def test_tombstones_cost_as_many_queries_however_many(
    make_issue: Make, triager: Any, django_assert_num_queries: Any
) -> None:
    for count in (1, 3):
        while Issue.objects.count() < count:
            decide(make_issue(), "unpublish", by=triager)
        with django_assert_num_queries(2):
            assert len(stones()) == count
