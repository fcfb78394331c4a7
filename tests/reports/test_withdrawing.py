"""Withdrawing a report: what leaves, what stays, and taking it back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.policy import ANONYMOUS, Actor
from ledger.models import Event
from reports.correspondence import add_evidence, reply, say
from reports.models import Affected, Contact, Credit, Excerpt, Issue, Notice, Placement, PublicText, Report
from reports.notices import follow
from reports.published import refresh
from reports.receipts import code_digest, new_code
from reports.record import excerpts_of
from reports.sealing import seal
from reports.standing import issue_of
from reports.text import terms
from reports.withdrawing import take_back, withdraw
from triage.decisions import decide
from triage.history import history_of

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
SUMMARY = "It invents a court ruling"
SAID = "cited one that was never made"
WORDS = "One more try, and it did it again."


@pytest.fixture
def report(file: Make, artifact: Any) -> Report:
    filed: Report = file()
    Contact.objects.create(report=filed, sealed_email=seal("rosa@reporters.example"))
    Credit.objects.create(report=filed, name="Rosa of the reporters")
    return filed


def issue(report: Report) -> Issue:
    found = issue_of(report)
    assert found is not None
    return found


def confirmed(report: Report, triager: Any, title: str = "Rulings that nobody made") -> Issue:
    decide(issue(report), "confirm", by=triager, public_title=title)
    about = issue(report)
    Excerpt.objects.create(report=report, issue=about, part="what_happened", start=0, end=90)
    refresh([about.pk])
    return about


def text_of(client: Client, address: str) -> str:
    return str(client.get(address, follow=True).content.decode())


def place(report: Report) -> Placement:
    return Placement.objects.active().get(report=report)


def test_the_page_says_what_it_does_before_it_does_it(reader: Client, report: Report, nothing_stored: Make) -> None:
    with nothing_stored():
        told = text_of(reader, f"/reports/{report.reference}/withdraw/")

    assert told.index("What withdrawing does") < told.index("What it does not do") < told.index("Withdraw my report")
    report.refresh_from_db()
    assert report.withdrawn_at is None


def test_its_words_leave_the_public_page_at_once(reader: Client, report: Report, triager: Any) -> None:
    about = confirmed(report, triager)
    assert SAID in text_of(Client(), about.get_absolute_url())

    reader.post(f"/reports/{report.reference}/withdraw/")

    for address in (about.get_absolute_url(), f"/issues/{about.number}.json", f"/api/v1/issues/{about.number}/"):
        told = text_of(Client(), address)
        assert str(about.number) in told
        assert SAID not in told
        assert SUMMARY not in told


def test_nothing_public_is_found_by_its_words_any_more(report: Report, triager: Any) -> None:
    about = confirmed(report, triager)

    def found() -> bool:
        return PublicText.objects.filter(issue=about, words__overlap=terms("cited")).exists()

    assert found()
    withdraw(report, actor=ANONYMOUS)
    assert not found()
    take_back(report, actor=ANONYMOUS)
    assert found()


def test_the_maintainer_no_longer_reads_it(report: Report, triager: Any, someone: Make) -> None:
    about = confirmed(report, triager)
    maintainer = someone("maintainer", artifact_id=report.artifact_id)
    Affected.objects.filter(issue=about).update(notified_at=timezone.now())
    client = Client()
    client.force_login(maintainer)
    assert SAID in text_of(client, f"/maintain/{about.pk}/")

    withdraw(report, actor=ANONYMOUS)

    told = text_of(client, f"/maintain/{about.pk}/")
    assert str(about.number) in told
    assert SAID not in told
    assert SUMMARY not in told


def test_the_desk_reads_it_only_when_it_asks(client: Client, report: Report, triager: Any) -> None:
    about = issue(report)
    withdraw(report, actor=ANONYMOUS)
    client.force_login(triager)

    pane, listed = text_of(client, f"/triage/{about.pk}/"), text_of(client, "/triage/")

    assert "withdrawn by its reporter" in pane
    assert "Withdrawn by its reporter" in pane
    for told in (pane, listed, text_of(client, f"/triage/{about.pk}/publication/?report={report.reference}")):
        assert SAID not in told
        assert SUMMARY not in told
    asked = client.post(f"/triage/reports/{report.reference}/reveal/", {"issue": about.pk, "open": report.reference})
    assert SAID in asked.content.decode()
    assert Event.objects.filter(verb="reveal").exists()


def test_it_no_longer_names_an_issue_that_nobody_has_named(report: Report, triager: Any, file: Make) -> None:
    withdraw(report, actor=ANONYMOUS)
    about = issue(report)

    decide(about, "confirm", by=triager)

    about.refresh_from_db()
    assert about.public_title != SUMMARY
    assert about.published_at is None  # all that stands in it was withdrawn


def test_the_address_and_the_name_are_erased_and_nobody_writes_again(report: Report, triager: Any) -> None:
    decide(issue(report), "confirm", by=triager)
    assert Notice.objects.filter(report=report).exists()

    withdraw(report, actor=ANONYMOUS)
    decide(issue(report), "resolve", by=triager, reason="documented")

    assert not Contact.objects.exists()
    assert not Credit.objects.exists()
    assert not Notice.objects.filter(report=report).exists()


def test_the_count_and_the_voice_stay(report: Report, file: Make) -> None:
    file()
    before = (issue(report).report_count, issue(report).voice_count)

    withdraw(report, actor=ANONYMOUS)

    assert (issue(report).report_count, issue(report).voice_count) == before
    assert issue(report).placements.active().count() == 2


@pytest.mark.parametrize(
    ("title", "company", "quoted", "flagged"),
    [
        (SUMMARY, 1, False, True),
        ("Rulings that nobody made", 1, True, True),
        ("Rulings that nobody made", 0, False, True),
        ("Rulings that nobody made", 1, False, False),
    ],
)
def test_a_person_looks_where_a_page_may_still_say_it(
    report: Report, file: Make, triager: Any, title: str, company: int, quoted: bool, flagged: bool
) -> None:
    for _report in range(company):
        file()
    about = confirmed(report, triager, title)
    if not quoted:
        Excerpt.objects.all().delete()

    withdraw(report, actor=ANONYMOUS)

    about.refresh_from_db()
    assert place(report).needs_look == flagged
    assert (about.public_title, about.status) == (title, "confirmed")


def test_the_desk_hears_of_it_and_its_history_tells(report: Report, triager: Any, someone: Make) -> None:
    follow(triager, "queue")

    withdraw(report, actor=ANONYMOUS)
    take_back(report, actor=ANONYMOUS)

    told = Notice.objects.filter(user=triager, channel="list").order_by("pk").values_list("verb", flat=True)
    assert list(told) == ["withdraw", "unwithdraw"]
    words = [happening.words for happening in history_of(issue(report))]
    assert f"{report} withdrawn by its reporter" in words
    assert f"Its reporter took back that {report} was withdrawn" in words


def test_pressed_twice_it_is_one(reader: Client, report: Report) -> None:
    for _press in range(2):
        reader.post(f"/reports/{report.reference}/withdraw/")

    assert Event.objects.filter(verb="withdraw").count() == 1
    assert reader.get(f"/reports/{report.reference}/withdraw/").status_code == 302


def test_it_can_be_taken_back(reader: Client, report: Report, triager: Any) -> None:
    about = confirmed(report, triager)
    told = text_of(reader, f"/reports/{report.reference}/")
    assert "I withdrew it by mistake" not in told
    withdraw(report, actor=ANONYMOUS)
    assert "I withdrew it by mistake" in text_of(reader, f"/reports/{report.reference}/")

    told = reader.post(f"/reports/{report.reference}/reinstate/", follow=True).content.decode()

    assert "Your report stands again." in told
    assert told.index("You withdrew it") < told.index("You took back")
    assert len(excerpts_of(about, ANONYMOUS)) == 1
    assert not Contact.objects.exists()


def test_its_reporter_still_reads_it_and_adds_nothing(reader: Client, report: Report) -> None:
    withdraw(report, actor=ANONYMOUS)

    told = text_of(reader, f"/reports/{report.reference}/")

    assert SAID in told
    assert "Nothing: you withdrew this report." in told
    for gone in ("Add to it", "Write to the triagers", "Withdraw it"):
        assert gone not in told


@pytest.mark.parametrize("verb", [say, add_evidence, reply])
def test_nothing_is_written_to_what_is_gone(report: Report, nothing_stored: Make, verb: Any) -> None:
    withdraw(report, actor=ANONYMOUS)

    with nothing_stored(), pytest.raises(Exception, match="was withdrawn"):
        verb(report, text=WORDS, actor=ANONYMOUS)


def test_what_was_erased_is_neither_withdrawn_nor_brought_back(report: Report, nothing_stored: Make) -> None:
    Report.objects.filter(pk=report.pk).update(erased_at=timezone.now())
    with nothing_stored(), pytest.raises(Exception, match="was erased"):
        withdraw(report, actor=ANONYMOUS)

    Report.objects.filter(pk=report.pk).update(withdrawn_at=timezone.now())
    with nothing_stored(), pytest.raises(Exception, match="was erased"):
        take_back(report, actor=ANONYMOUS)


@pytest.mark.parametrize("door", ["withdraw", "reinstate", "add", "write"])
def test_without_the_code_nobody_does_it(
    client: Client, report: Report, someone: Make, nothing_stored: Make, door: str
) -> None:
    client.force_login(someone("moderator"))
    posted = {"addition-text": WORDS, "word-text": WORDS}

    with nothing_stored():
        known = client.post(f"/reports/{report.reference}/{door}/", posted)
        unknown = client.post(f"/reports/r-0000-0000-0000-0000/{door}/", posted)

    assert known.status_code == unknown.status_code == 404
    report.refresh_from_db()
    assert report.withdrawn_at is None


def test_an_issue_ends_up_in_no_event_of_others(report: Report, file: Make, client: Client) -> None:
    """What one reporter does is not told on the receipt of another in the same issue."""
    other = file()
    assert issue(other) == issue(report)
    code = new_code()
    Report.objects.filter(pk=other.pk).update(receipt_digest=code_digest(code))
    client.post(f"/reports/{other.reference}/", {"code": code})

    withdraw(report, actor=Actor(user_id=1, pseudonym="p-other"))
    add_evidence(other, text=WORDS, actor=ANONYMOUS)

    told = text_of(client, f"/reports/{other.reference}/")
    assert "You added to it" in told
    assert "You withdrew it" not in told
