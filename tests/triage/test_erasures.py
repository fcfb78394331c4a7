"""The desk of erasures: two people, a ground, and who may not decide."""

from collections.abc import Callable
from smtplib import SMTPRecipientsRefused
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.policy import ANONYMOUS
from ledger import sequencer
from ledger.models import Event
from reports import remains
from reports.erasing import ask, ask_for_another, words_of
from reports.models import Erasure, Evidence, Report
from triage.erasures import execute, propose, propose_for, refuse

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture
def report(file: Make, artifact: Any) -> Report:
    return file()  # type: ignore[no-any-return] # a Report


@pytest.fixture
def moderator(someone: Make) -> Any:
    return someone("moderator")


@pytest.fixture
def desk(triager: Any) -> Client:
    client = Client()
    client.force_login(triager)
    return client


def erased(report: Report) -> bool:
    return not Evidence.objects.filter(report=report).exists()


def test_one_proposes_and_a_moderator_who_is_somebody_else_does_it(
    report: Report, triager: Any, moderator: Any
) -> None:
    proposal = propose(report, basis="unlawful", by=triager)
    with pytest.raises(PermissionDenied):
        execute(proposal, by=triager)
    assert not erased(report)

    done = execute(proposal, by=moderator)

    assert erased(report)
    assert done.decider == moderator
    said = Event.objects.get(verb="erase")
    assert (said.actor, said.payload.content) == (
        moderator.pseudonym, {"basis": "unlawful", "reference": report.reference},
    )  # fmt: skip


def test_a_moderator_who_proposed_it_waits_for_another_where_there_is_one(
    report: Report, moderator: Any, someone: Make, settings: Any
) -> None:
    other = someone("moderator", email="second@example.org")
    proposal = propose(report, basis="child", by=moderator)

    with pytest.raises(ValidationError, match="another moderator"):
        execute(proposal, by=moderator)
    other.is_active = False
    other.save()
    execute(proposal, by=moderator)

    assert erased(report)


def test_what_is_not_proposed_or_turned_down_is_not_erased(report: Report, triager: Any, moderator: Any) -> None:
    asked = ask(report, actor=ANONYMOUS)
    with pytest.raises(ValidationError):
        execute(asked, by=moderator)
    refuse(propose(report, basis="consent", by=triager), reason="needed", by=triager)

    with pytest.raises(ValidationError):
        execute(Erasure.objects.get(pk=asked.pk), by=moderator)
    assert not erased(report)


def test_nobody_decides_about_what_they_filed_or_answer_for(report: Report, someone: Make) -> None:
    judge = someone("moderator", "maintainer", artifact_id=report.artifact_id)
    with pytest.raises(ValidationError, match="answer for"):
        propose(report, basis="consent", by=judge)
    mine = someone("moderator", email="mine@example.org")
    Report.objects.filter(pk=report.pk).update(reporter=mine)

    with pytest.raises(ValidationError, match="filed this report"):
        propose(report, basis="consent", by=mine)


def test_somebody_whom_it_is_about_asks_and_the_desk_finds_which_it_is(
    report: Report, desk: Client, moderator: Any
) -> None:
    asked = Client().post(
        "/erasure/", {"words": "My name stands in TT-2026-00001, take it off.", "address": "a@b.example"}
    )
    erasure = Erasure.objects.get()
    assert asked.status_code == 302
    assert words_of(erasure) == "My name stands in TT-2026-00001, take it off."
    assert "My name stands" in desk.get("/triage/erasures/").content.decode()

    desk.post(
        f"/triage/erasures/{erasure.pk}/decide/",
        {"verb": "propose", "reference": report.reference.upper(), "basis": "objection"},
    )
    second = Client()
    second.force_login(moderator)
    decide = f"/triage/erasures/{erasure.pk}/decide/"
    unsure = second.post(decide, {"verb": "execute"}, follow=True)
    assert "it cannot be brought back" in unsure.content.decode()
    assert not erased(report)

    second.post(decide, {"verb": "execute", "sure": "yes"})

    erasure.refresh_from_db()
    assert erased(report)
    assert (erasure.report, erasure.sealed_words) == (report, None)


def test_whoever_left_an_address_hears_once_that_it_stays(
    triager: Any, mailoutbox: Any, django_capture_on_commit_callbacks: Make
) -> None:
    asked = ask_for_another(words="It names me, and I do not want that.", address="a@b.example")

    with django_capture_on_commit_callbacks(execute=True):
        refuse(asked, reason="not_theirs", by=triager)

    assert [mail.to for mail in mailoutbox] == [["a@b.example"]]
    asked.refresh_from_db()
    assert (asked.sealed_words, asked.sealed_address) == (None, None)


def test_an_address_that_is_refused_holds_up_no_erasure_and_stands_in_no_log(
    triager: Any, moderator: Any, file: Make, monkeypatch: pytest.MonkeyPatch, caplog: Any, settings: Any, tmp_path: Any
) -> None:
    settings.ERASURES_LOG = tmp_path / "erasures.log"
    refused = SMTPRecipientsRefused({"a@b.example": (550, b"no such user")})
    monkeypatch.setattr("reports.remains.send_mail", Mock(side_effect=refused))
    for number in range(2):
        asked = ask_for_another(words="It names me, and I do not want that.", address="a@b.example")
        report = file(what_happened=f"It told me number {number} of a friend of mine, with the street and the house.")
        execute(propose_for(asked, report, basis="objection", by=triager), by=moderator)
    sequencer.keep_up()

    assert remains.take_all_away() == 2
    assert not Erasure.objects.unfinished().exists()
    assert not Erasure.objects.exclude(sealed_address=None).exists()
    assert "a@b.example" not in caplog.text


def test_while_mail_is_away_whoever_left_an_address_is_told_later(
    triager: Any, mailoutbox: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Make
) -> None:
    asked = ask_for_another(words="It names me, and I do not want that.", address="a@b.example")
    with monkeypatch.context() as away, django_capture_on_commit_callbacks(execute=True):
        away.setattr("reports.remains.send_mail", Mock(side_effect=ConnectionRefusedError))
        refuse(asked, reason="not_theirs", by=triager)

    remains.take_all_away()
    remains.take_all_away()

    assert [mail.to for mail in mailoutbox] == [["a@b.example"]]
    asked.refresh_from_db()
    assert asked.sealed_address is None


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"reference": "r-none", "basis": "consent"},
        {"reference": "\x00", "basis": "consent"},
        {"reference": "x" * 500, "basis": "retention"},
    ],
)
def test_a_proposal_that_names_nothing_is_told_so(desk: Client, posted: dict[str, str]) -> None:
    answer = desk.post("/triage/erasures/propose/", posted)

    assert answer.status_code == 422
    assert not Erasure.objects.exists()


def test_a_reference_of_what_only_moderators_read_is_unknown_to_a_triager(desk: Client, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(hazard_level=3)

    answer = desk.post("/triage/erasures/propose/", {"reference": report.reference, "basis": "consent"})

    assert answer.status_code == 422
    ask(report, actor=ANONYMOUS)
    assert report.reference not in desk.get("/triage/erasures/").content.decode()


def test_the_desk_costs_as_many_queries_for_three_as_for_one(
    desk: Client, file: Make, artifact: Any, django_assert_num_queries: Any, triager: Any
) -> None:
    desk.get("/triage/erasures/")
    ask(file(), actor=ANONYMOUS, words="Please.")
    with CaptureQueriesContext(connection) as one:
        desk.get("/triage/erasures/")
    for _each in range(2):
        ask(file(), actor=ANONYMOUS, words="Please.")

    with django_assert_num_queries(len(one)):
        desk.get("/triage/erasures/")
