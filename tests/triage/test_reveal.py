"""What may harm whoever reads it is not sent to the desk before somebody asks, and asking is on record."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ledger.models import Event
from reports.models import Evidence, Issue, Redaction, Report

File = Callable[..., Report]
HARD = "xqhard words that nobody should meet unasked"
TURNS = [{"role": "user", "content": "xqturn asks"}, {"role": "assistant", "content": "xqturn answers"}]


def told(page: str) -> list[str]:
    return re.findall("xqhard|xqturn", page)


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


@pytest.fixture
def report(file: File, artifact: Any) -> Report:
    filed = file(summary=HARD, what_happened=f"{HARD}: that is all there is of it.", transcript=TURNS)
    Report.objects.filter(pk=filed.pk).update(hazard_level=1)
    return filed


@pytest.fixture
def issue(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report)


def ask(client: Client, report: Report, where: Issue, /, headers: Any = None, **changes: Any) -> Any:
    posted = {"issue": where.pk, "open": report.reference, **changes}
    return client.post(reverse("reveal", args=[report.reference]), posted, headers=headers)


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def test_hazardous_words_are_in_no_page_of_the_desk(desk: Client, report: Report, issue: Issue, file: File) -> None:
    other = file(summary="Deletes the wrong folder", what_happened="Told to empty the trash it took my photographs.")
    addresses = [
        "/triage/",
        "/triage/?view=list",
        reverse("triage_issue", args=[issue.pk]),
        reverse("publication", args=[issue.pk]),
        reverse("publication_preview", args=[issue.pk]),
        f"/triage/{issue.pk}/split/",
        f"/triage/{issue.pk}/merge/?other={issue_of(other).pk}",
        "/triage/themes/?all=1",
    ]
    for address in addresses:
        page = desk.get(address, follow=True).content.decode()
        assert not told(page), address
    page = desk.get(addresses[2]).content.decode()
    assert "Blurred: false information" in page
    assert "False information · acme/chat-7b" in page  # its title: the summary is text too


def test_an_issue_s_own_level_veils_its_reports(desk: Client, report: Report, issue: Issue) -> None:
    Report.objects.filter(pk=report.pk).update(hazard_level=0)
    assert "xqturn" in desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()

    Issue.objects.filter(pk=issue.pk).update(hazard_level=1)
    for address in ("/triage/", reverse("triage_issue", args=[issue.pk]), reverse("publication", args=[issue.pk])):
        assert not told(desk.get(address).content.decode())


def test_asking_shows_it_once_and_is_an_event(desk: Client, report: Report, issue: Issue, triager: Any) -> None:
    page = ask(desk, report, issue).content.decode()

    assert HARD in page
    assert "xqturn answers" in page
    assert 'class="detail"' in page or 'id="detail"' in page  # the whole desk
    event = Event.objects.get(verb="reveal")
    assert event.subjects == [f"report:{report.pk}", f"issue:{issue.pk}"]
    assert event.actor == triager.pseudonym
    assert f"{report.reference} shown unveiled" in desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()
    assert not told(desk.get(reverse("triage_issue", args=[issue.pk])).content.decode())


def test_a_script_gets_the_one_side(desk: Client, report: Report, issue: Issue) -> None:
    page = ask(desk, report, issue, headers={"HX-Request": "true"}).content.decode()

    assert HARD in page
    assert page.strip().startswith("<section")
    assert "<html" not in page


def test_the_publication_desk_shows_it_too(desk: Client, report: Report, issue: Issue) -> None:
    page = ask(desk, report, issue, desk="publication").content.decode()

    assert "xqturn answers" in page
    assert 'name="redacted"' in page


def test_removed_words_are_shown_by_the_same_act(desk: Client, report: Report, issue: Issue) -> None:
    Report.objects.filter(pk=report.pk).update(hazard_level=0)
    Redaction.objects.create(report=report, part="turn:1", start=0, end=6)
    page = desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()
    assert ("xqturn answers" in page, "xqturn asks" in page, "text removed" in page) == (False, True, True)

    assert "xqturn answers" in ask(desk, report, issue).content.decode()
    assert ">xqturn</p>" in ask(desk, report, issue, desk="publication").content.decode()
    assert Event.objects.filter(verb="reveal").count() == 2


def test_a_redacted_summary_heads_no_list(desk: Client, report: Report, issue: Issue) -> None:
    Report.objects.filter(pk=report.pk).update(hazard_level=0)
    Evidence.objects.filter(report=report).update(plain_what_happened="Something else entirely.")
    Redaction.objects.create(report=report, part="summary", start=0, end=6)

    for address in ("/triage/", reverse("publication", args=[issue.pk])):
        assert "xqhard" not in desk.get(address).content.decode()
    token_free = Client().get("/api/v1/issues/")
    assert not told(token_free.content.decode())


def test_moderators_only_stays_with_moderators(desk: Client, report: Report, issue: Issue, someone: Any) -> None:
    Report.objects.filter(pk=report.pk).update(hazard_level=3)
    moderator = Client()
    moderator.force_login(someone("moderator"))

    assert ask(desk, report, issue).status_code == 404
    assert not Event.objects.filter(verb="reveal").exists()
    assert not told(moderator.get(reverse("triage_issue", args=[issue.pk])).content.decode())
    assert HARD in ask(moderator, report, issue).content.decode()


@pytest.mark.parametrize("told", [{"issue": ""}, {"issue": "x"}, {"issue": "9" * 30}, {"issue": "999999"}])
def test_nothing_is_shown_out_of_its_place(desk: Client, report: Report, issue: Issue, told: dict[str, str]) -> None:
    assert ask(desk, report, issue, **told).status_code == 404
    assert desk.post(reverse("reveal", args=["no-such-report"]), {"issue": issue.pk}).status_code == 404
    assert desk.get(reverse("reveal", args=[report.reference])).status_code == 405
    assert not Event.objects.filter(verb="reveal").exists()


@pytest.mark.parametrize("opened", ["", "\x00", "r-none", "x" * 5000])
def test_what_was_open_may_be_anything(desk: Client, report: Report, issue: Issue, opened: str) -> None:
    assert ask(desk, report, issue, open=opened).status_code == 200
    assert ask(desk, report, issue, open=opened, desk="publication").status_code == 200
    assert ask(desk, report, issue, open=opened, headers={"HX-Request": "true"}).status_code == 404


def test_nobody_else_asks(client: Client, report: Report, issue: Issue, someone: Any) -> None:
    assert ask(client, report, issue).status_code == 302
    client.force_login(someone("maintainer", artifact_id=report.artifact_id))
    assert ask(client, report, issue).status_code == 403
