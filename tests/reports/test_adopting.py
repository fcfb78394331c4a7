"""Keeping a report in an account: by its code, once, and with one voice for one person."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.actors import actor_for
from accounts.policy import ANONYMOUS
from ledger.models import Event
from reports.adopting import adopt
from reports.models import Contact, DailyCount, Notice, Report
from reports.receipts import code_digest, new_code
from reports.sealing import seal
from reports.standing import issue_of
from triage.decisions import decide

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture
def report(file: Make, artifact: Any) -> Report:
    filed: Report = file()
    return filed


@pytest.fixture
def code(report: Report) -> str:
    made = new_code()
    Report.objects.filter(pk=report.pk).update(receipt_digest=code_digest(made))
    return made


def opened(client: Client, report: Report, code: str) -> Client:
    client.post(f"/reports/{report.reference}/", {"code": code})
    return client


def kept(client: Client, report: Report) -> Any:
    return client.post(f"/reports/{report.reference}/keep/", follow=True)


def test_whoever_has_it_open_keeps_it_and_needs_no_code_any_more(
    client: Client, report: Report, code: str, someone: Make
) -> None:
    rosa = someone(email="rosa@reporters.example")
    client.force_login(rosa)
    opened(client, report, code)

    assert "The report is in your account" in kept(client, report).content.decode()

    elsewhere = Client()
    elsewhere.force_login(rosa)
    assert "It is kept in your account" in elsewhere.get(f"/reports/{report.reference}/").content.decode()
    assert report.reference in elsewhere.get("/reports/").content.decode()
    assert Event.objects.get(verb="adopt").actor == rosa.pseudonym


def test_it_stays_open_through_signing_in(client: Client, report: Report, code: str, someone: Make) -> None:
    someone(email="rosa@reporters.example")
    told = opened(client, report, code).get(f"/reports/{report.reference}/").content.decode()
    assert f"/accounts/login/?next=/reports/{report.reference}/" in told
    assert "Keep it in my account" not in told

    signed_in = {"login": "rosa@reporters.example", "password": "a long password"}
    client.post("/accounts/login/", signed_in)

    assert "Keep it in my account" in client.get(f"/reports/{report.reference}/").content.decode()


def test_an_address_proves_nothing(client: Client, report: Report, someone: Make, nothing_stored: Make) -> None:
    Contact.objects.create(report=report, sealed_email=seal("rosa@reporters.example"))
    client.force_login(someone(email="rosa@reporters.example"))

    with nothing_stored():
        assert kept(client, report).status_code == 404
        assert kept(client, Report(reference="r-0000-0000-0000-0000")).status_code == 404

    assert report.reference not in client.get("/reports/").content.decode()


def test_nobody_takes_what_somebody_keeps(client: Client, report: Report, code: str, someone: Make) -> None:
    rosa, thief = someone(email="rosa@reporters.example"), someone(email="thief@example.org")
    adopt(report, actor=actor_for(rosa))
    client.force_login(thief)
    told = opened(client, report, code).get(f"/reports/{report.reference}/").content.decode()
    assert "Keep it in my account" not in told
    assert "rosa" not in told

    assert "keeps this report in their account already" in kept(client, report).content.decode()

    report.refresh_from_db()
    assert report.reporter == rosa


def test_nobody_in_particular_keeps_nothing(report: Report) -> None:
    with pytest.raises(ValidationError, match="Sign in"):
        adopt(report, actor=ANONYMOUS)


def test_one_person_is_one_voice(
    file: Make, report: Report, someone: Make, django_capture_on_commit_callbacks: Any
) -> None:
    other = file(what_happened="Asked for rent rulings it cited one that was never made, with a date, a judge, a page.")
    about = issue_of(report)
    assert about is not None
    Report.objects.filter(pk=other.pk).update(copy_of=None, voice_key="report:apart")
    rosa = actor_for(someone(email="rosa@reporters.example"))

    for each in (report, other):
        with django_capture_on_commit_callbacks(execute=True):
            adopt(each, actor=rosa)

    assert issue_of(other) == about
    about.refresh_from_db()
    assert (about.report_count, about.voice_count) == (2, 1)
    assert sum(DailyCount.objects.filter(issue=about).values_list("voice_count", flat=True)) == 1


@pytest.mark.parametrize("is_copied_first", [True, False])
def test_copies_of_what_is_kept_are_its_keeper_s_voice_whenever_they_came(
    file: Make, report: Report, someone: Make, django_capture_on_commit_callbacks: Any, is_copied_first: bool
) -> None:
    rosa = actor_for(someone(email="rosa@reporters.example"))
    copied = [file(network="198.51.100.1")] if is_copied_first else []

    with django_capture_on_commit_callbacks(execute=True):
        adopt(report, actor=rosa)
    copied += [] if is_copied_first else [file(network="198.51.100.1")]

    about = issue_of(report)
    assert about is not None
    about.refresh_from_db()
    assert [each.copy_of_id for each in Report.objects.filter(pk=copied[0].pk)] == [report.pk]
    assert (about.report_count, about.voice_count) == (2, 1)


def test_twice_is_once(report: Report, someone: Make) -> None:
    rosa = actor_for(someone(email="rosa@reporters.example"))

    adopt(report, actor=rosa)
    adopt(report, actor=rosa)

    assert Event.objects.filter(verb="adopt").count() == 1


def test_from_then_on_the_account_is_told_and_the_address_is_gone(report: Report, someone: Make, triager: Any) -> None:
    Contact.objects.create(report=report, sealed_email=seal("rosa@elsewhere.example"))
    rosa = someone(email="rosa@reporters.example")
    about = issue_of(report)
    assert about is not None

    adopt(report, actor=actor_for(rosa))
    decide(about, "confirm", by=triager)

    assert not Contact.objects.exists()
    assert Notice.objects.filter(user=rosa, verb="confirm", subject=f"report:{report.pk}").exists()
    assert not Notice.objects.filter(report=report).exists()
