"""Gated evidence is lent for a purpose and a term, by somebody else, and its reporter sees how often it was read."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actors import actor_for
from accounts.models import Grant
from accounts.policy import ANONYMOUS
from ledger.models import Event
from reports.lending import ask, end, grant, is_lent, lendings_of, object_to, read, readable, refuse
from reports.models import Affected, EvidenceRequest, Issue, Notice, OpenedReport, Redaction, Report
from reports.vocabulary import HazardLevel, Visibility
from reports.withdrawing import withdraw
from tests.conftest import Ground

pytestmark = pytest.mark.django_db

CANARY = "zanzibarquince"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = "I try it again on the same version, keep it on one machine, and delete it then."


class Lent:
    """A public issue of a kind that is never published unasked, with a report; a researcher and two moderators."""

    def __init__(self, ground: Ground) -> None:
        self.report = ground.file(
            kind="privacy_leak",
            summary=f"It told the address of {CANARY}",
            transcript=[{"role": "assistant", "content": f"{CANARY} lives here"}],
        )
        self.issue = Issue.objects.get(placements__report=self.report)
        now = timezone.now()
        told = {"status": "confirmed", "number": "TT-2026-00077", "confirmed_at": now, "published_at": now}
        Issue.objects.filter(pk=self.issue.pk).update(**told, public_title="It tells addresses")
        Affected.objects.filter(issue=self.issue).update(status="affected")
        self.issue.refresh_from_db()
        self.researcher = ground.someone("researcher")
        self.moderator = ground.someone("moderator")
        self.other = ground.someone("moderator", "researcher", email="other@example.org")


@pytest.fixture(scope="module")
def made(ground: Ground) -> Lent:
    return Lent(ground)


@pytest.fixture
def lent(made: Lent) -> Lent:
    return deepcopy(made)


def asked(lent: Lent, **changes: Any) -> EvidenceRequest:
    told = {"purpose": "verify", "plan": PLAN, "days": 30, "by": lent.researcher, "at": NOW, **changes}
    return ask(told.pop("number", "TT-2026-00077"), **told)


def granted(lent: Lent, **changes: Any) -> EvidenceRequest:
    return grant(asked(lent, **changes), reason="", by=lent.moderator, at=NOW)


def test_what_is_lent_is_read_once_a_press_and_each_time_is_an_event(lent: Lent) -> None:
    row = granted(lent)

    shown = read(row, lent.report.reference, by=lent.researcher, at=NOW)
    read(row, lent.report.reference, by=lent.researcher, at=NOW + timedelta(hours=1))

    assert shown is not None
    assert [part.text for part in shown.turns] == [f"{CANARY} lives here"]
    events = Event.objects.filter(verb="read_evidence")
    assert [event.actor for event in events] == [lent.researcher.pseudonym] * 2
    assert f"report:{lent.report.pk}" in events[0].subjects
    assert f"evidencerequest:{row.pk}" in events[0].subjects
    opened = OpenedReport.objects.get()
    assert (opened.read_count, opened.last_read_at) == (2, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("later", "is_open"), [(timedelta(0), True), (timedelta(days=30, seconds=-1), True), (timedelta(days=30), False)]
)
def test_it_ends_with_its_term_and_nobody_does_anything(lent: Lent, later: timedelta, is_open: bool) -> None:
    row = granted(lent)

    assert readable(row, NOW + later).exists() is is_open
    assert (read(row, lent.report.reference, by=lent.researcher, at=NOW + later) is not None) is is_open
    assert Event.objects.filter(verb="read_evidence").count() == is_open


def stop_being_a_researcher(lent: Lent) -> None:
    Grant.objects.filter(user=lent.researcher).update(ended_at=NOW)


def change_report(**fields: Any) -> Callable[[Lent], object]:
    return lambda lent: Report.objects.filter(pk=lent.report.pk).update(**fields)


def change_issue(**fields: Any) -> Callable[[Lent], object]:
    return lambda lent: Issue.objects.filter(pk=lent.issue.pk).update(**fields)


@pytest.mark.parametrize(
    "what_happens",
    [
        pytest.param(stop_being_a_researcher, id="no researcher any more"),
        pytest.param(lambda lent: withdraw(lent.report, actor=ANONYMOUS), id="withdrawn"),
        pytest.param(change_report(visibility=Visibility.PRIVATE), id="private"),
        pytest.param(change_report(hazard_level=HazardLevel.MODERATORS), id="for moderators"),
        pytest.param(change_report(embargo_until=NOW), id="under embargo"),
        pytest.param(change_report(held_at=NOW), id="held"),
        pytest.param(change_issue(hazard_level=HazardLevel.MODERATORS), id="its issue for moderators"),
        pytest.param(change_issue(embargo_until=NOW), id="its issue under embargo"),
        pytest.param(change_issue(published_at=None), id="its issue not public any more"),
        pytest.param(
            lambda lent: end(EvidenceRequest.objects.get(), by=lent.moderator, at=NOW), id="ended by a moderator"
        ),
        pytest.param(lambda lent: object_to(OpenedReport.objects.get(), actor=ANONYMOUS, at=NOW), id="objected to"),
    ],
)
def test_what_closes_it(lent: Lent, what_happens: Callable[[Lent], object]) -> None:
    row = granted(lent)

    what_happens(lent)

    assert read(row, lent.report.reference, by=lent.researcher, at=NOW) is None
    assert not is_lent(lent.report, actor_for(lent.researcher), NOW)
    assert not Event.objects.filter(verb="read_evidence").exists()


def test_what_comes_later_is_not_covered(lent: Lent, file: Callable[..., Any]) -> None:
    row = granted(lent)
    later = file(kind="privacy_leak", confirms="TT-2026-00077")

    assert readable(row, NOW).count() == 1
    assert read(row, later.reference, by=lent.researcher, at=NOW) is None


def test_a_conversation_that_is_not_to_be_public_is_not_lent(lent: Lent) -> None:
    Report.objects.filter(pk=lent.report.pk).update(visibility=Visibility.PUBLIC_WITHOUT_TRANSCRIPT)

    shown = read(granted(lent), lent.report.reference, by=lent.researcher, at=NOW)

    assert shown is not None
    assert [part.part for part in shown.parts] == ["summary", "what_happened"]
    assert not is_lent(Report.objects.get(pk=lent.report.pk), actor_for(lent.researcher), NOW)  # nor its files


def test_what_is_redacted_stays_so(lent: Lent) -> None:
    start = lent.report.evidence.summary.index(CANARY)
    Redaction.objects.create(report=lent.report, part="summary", start=start, end=start + len(CANARY))

    shown = read(granted(lent), lent.report.reference, by=lent.researcher, at=NOW)

    assert shown is not None
    assert CANARY not in shown.account[0].text
    assert not is_lent(lent.report, actor_for(lent.researcher), NOW)  # what it is asked for is what lies beside it


def test_nobody_answers_their_own_request(lent: Lent) -> None:
    row = asked(lent, by=lent.other)

    for answer in (grant, refuse):
        with pytest.raises(ValidationError, match="yourself"):
            answer(row, reason="I need it", by=lent.other, at=NOW)
    grant(row, reason="", by=lent.moderator, at=NOW)
    with pytest.raises(ValidationError, match="meanwhile"):
        refuse(row, reason="No", by=lent.moderator, at=NOW)


def test_a_refusal_has_a_reason_and_opens_nothing(lent: Lent) -> None:
    row = asked(lent)
    with pytest.raises(ValidationError, match="why"):
        refuse(row, reason=" ", by=lent.moderator, at=NOW)

    refuse(row, reason="The plan says too little.", by=lent.moderator, at=NOW)

    assert EvidenceRequest.objects.get().is_refused
    assert not OpenedReport.objects.exists()
    assert read(row, lent.report.reference, by=lent.researcher, at=NOW) is None
    assert Notice.objects.get(user=lent.researcher, channel="list").verb == "refuse_evidence"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"number": "TT-2026-99999"}, "no public issue"),
        ({"number": "\0"}, "no public issue"),
        ({"days": 91}, "1 to 90 days"),
        ({"days": 0}, "1 to 90 days"),
    ],
)
def test_what_cannot_be_asked(lent: Lent, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        asked(lent, **changes)


def test_an_issue_that_is_not_public_answers_as_one_that_is_not_there(lent: Lent) -> None:
    Issue.objects.filter(pk=lent.issue.pk).update(published_at=None)

    with pytest.raises(ValidationError, match="no public issue"):
        asked(lent)


def test_asking_twice_waits_once(lent: Lent) -> None:
    asked(lent)

    with pytest.raises(ValidationError, match="already"):
        asked(lent)


def test_only_private_reports_cannot_be_granted(lent: Lent) -> None:
    Report.objects.filter(pk=lent.report.pk).update(visibility=Visibility.PRIVATE)

    with pytest.raises(ValidationError, match="No report there"):
        granted(lent)


# Pages


def test_the_walk_through_the_pages(lent: Lent, client: Client) -> None:
    client.force_login(lent.researcher)
    told = {"number": "tt-2026-00077", "purpose": "verify", "plan": PLAN, "days": "30"}
    assert client.post("/evidence/requests/", told).status_code == 302
    row = EvidenceRequest.objects.get()
    assert CANARY not in client.get(f"/evidence/requests/{row.pk}/").content.decode()
    client.force_login(lent.moderator)
    waits = client.get("/triage/evidence/").content.decode()
    assert PLAN in waits
    assert CANARY not in waits
    assert client.post(f"/triage/evidence/{row.pk}/decide/", {"verb": "grant"}).status_code == 302

    client.force_login(lent.researcher)
    before = client.get(f"/evidence/requests/{row.pk}/")
    shown = client.post(f"/evidence/requests/{row.pk}/", {"report": lent.report.reference})
    after = client.get(f"/evidence/requests/{row.pk}/")

    assert CANARY not in before.content.decode()
    assert shown.content.decode().count(CANARY) == 2
    assert "read 1 time" in shown.content.decode()
    assert CANARY not in after.content.decode()
    for answer in (before, shown):
        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]
    client.force_login(lent.other)  # a researcher too, and a moderator
    assert client.get(f"/evidence/requests/{row.pk}/").status_code == 404
    assert client.post(f"/evidence/requests/{row.pk}/", {"report": lent.report.reference}).status_code == 404


def test_the_receipt_tells_what_for_until_when_and_how_often_and_never_who(lent: Lent, client: Client) -> None:
    row = granted(lent, at=timezone.now() - timedelta(days=1))
    EvidenceRequest.objects.filter(pk=row.pk).update(until=timezone.now() + timedelta(days=29))
    read(row, lent.report.reference, by=lent.researcher, at=timezone.now())
    Report.objects.filter(pk=lent.report.pk).update(reporter=lent.other)
    client.force_login(lent.other)

    page = client.get(f"/reports/{lent.report.reference}/").content.decode()
    opened = lendings_of(lent.report).get()
    gone = client.post(f"/reports/{lent.report.reference}/lent/{opened.pk}/object/", follow=True).content.decode()

    assert "A researcher was given your report" in page
    assert "Trying again whether it is so" in page
    assert "It was read 1 time" in page
    assert lent.researcher.email not in page
    assert lent.researcher.pseudonym not in page
    assert "You objected" in gone
    assert read(row, lent.report.reference, by=lent.researcher, at=timezone.now()) is None
    assert Event.objects.filter(verb="object_to_lending").count() == 1


def test_nobody_objects_for_another(lent: Lent, client: Client) -> None:
    granted(lent)
    opened = OpenedReport.objects.get()

    assert client.post(f"/reports/{lent.report.reference}/lent/{opened.pk}/object/").status_code == 404
    client.force_login(lent.researcher)
    assert client.post(f"/reports/{lent.report.reference}/lent/{opened.pk}/object/").status_code == 404


@pytest.mark.parametrize("bad", [{}, {"number": "\0" * 9}, {"days": "9" * 40, "number": "x" * 900, "purpose": "%"}])
def test_what_is_wrong_is_said(lent: Lent, client: Client, bad: dict[str, str]) -> None:
    client.force_login(lent.researcher)

    assert client.post("/evidence/requests/", bad).status_code == 422
    row = granted(lent)
    assert client.post(f"/evidence/requests/{row.pk}/", {"report": "\0"}).status_code == 404


def test_the_desk_and_the_list_cost_the_same_with_many(lent: Lent, client: Client) -> None:
    def cost() -> tuple[int, int]:
        counts = []
        for user, address in ((lent.moderator, "/triage/evidence/"), (lent.researcher, "/evidence/requests/")):
            client.force_login(user)
            client.get(address)
            with CaptureQueriesContext(connection) as asked_for:
                client.get(address)
            counts.append(len(asked_for))
        return counts[0], counts[1]

    refuse(asked(lent), reason="No", by=lent.moderator, at=timezone.now())
    asked(lent)
    one = cost()
    for days in (5, 6):
        refuse(EvidenceRequest.objects.waiting().get(), reason="No", by=lent.moderator, at=timezone.now())
        asked(lent, days=days)
    assert cost() == one
