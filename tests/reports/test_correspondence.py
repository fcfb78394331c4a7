"""What a reporter and the triagers say to each other, through the doors of the site."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.policy import ANONYMOUS
from ledger.models import Event
from reports.correspondence import GROUPING, disputable, dispute, reply, thread_of
from reports.models import Issue, Message, Notice, Placement, Report
from reports.notices import follow
from reports.receipts import code_digest, new_code
from reports.signals import report_changed
from reports.standing import issue_of
from triage.decisions import decide, undo

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
WORDS = "You overlooked the date of the ruling."


def issue(report: Report) -> Issue:
    found = issue_of(report)
    assert found is not None
    return found


@pytest.fixture
def report(file: Make, artifact: Any) -> Report:
    filed: Report = file()
    return filed


@pytest.fixture
def reader(client: Client, report: Report) -> Client:
    """Whoever opened the receipt with its code."""
    code = new_code()
    Report.objects.filter(pk=report.pk).update(receipt_digest=code_digest(code))
    client.post(f"/reports/{report.reference}/", {"code": code})
    return client


def page(client: Client, report: Report) -> str:
    return str(client.get(f"/reports/{report.reference}/").content.decode())


def disputed(client: Client, report: Report, text: str = WORDS, **more: str) -> Any:
    prefix = more.get("about", "dismissal")
    return client.post(f"/reports/{report.reference}/dispute/", {f"{prefix}-text": text, **more}, follow=True)


def answered(client: Client, report: Report, text: str = WORDS) -> Any:
    return client.post(f"/reports/{report.reference}/answer/", {"reply-text": text}, follow=True)


# Disputes


def test_dismissing_tells_the_receipt_the_reason_and_how_to_dispute(
    reader: Client, report: Report, triager: Any
) -> None:
    decide(issue(report), "dismiss", by=triager, reason="insufficient", note="sounds invented to me")

    told = page(reader, report)

    assert "Declined: Too little to go on." in told
    assert "Do you disagree?" in told
    assert "sounds invented" not in told


def test_a_dispute_brings_the_report_back_to_the_desk(
    reader: Client, report: Report, triager: Any, django_capture_on_commit_callbacks: Any
) -> None:
    decide(issue(report), "dismiss", by=triager, reason="spam")
    heard: list[int] = []
    report_changed.connect(lambda report_id, **_: heard.append(report_id), weak=False, dispatch_uid="test")

    with django_capture_on_commit_callbacks(execute=True):
        response = disputed(reader, report)
    report_changed.disconnect(dispatch_uid="test")

    about = issue(report)
    assert (about.is_disputed, about.waits) == (True, True)
    assert [(said.from_reporter, said.text) for said in Message.objects.all()] == [(True, WORDS)]
    event = Event.objects.get(verb="dispute")
    assert event.subjects == [f"issue:{about.pk}", f"report:{report.pk}"]
    assert event.payload.content == {"message": Message.objects.get().pk, "about": "dismissal"}
    assert heard == [report.pk]
    assert "You disagreed on" in response.content.decode()
    assert "Do you disagree?" not in response.content.decode()


def test_a_decision_is_disputed_once_until_a_person_has_looked(reader: Client, report: Report, triager: Any) -> None:
    decide(issue(report), "dismiss", by=triager, reason="spam")
    disputed(reader, report)

    assert "disputed already" in disputed(reader, report, "Once more, and in other words.").content.decode()
    assert Message.objects.count() == 1

    decide(issue(report), "settle", by=triager)
    assert "Do you disagree?" in page(reader, report)
    disputed(reader, report, "Once more, and in other words.")
    assert (Message.objects.count(), issue(report).is_disputed) == (2, True)


def test_a_dispute_sent_twice_is_one(reader: Client, report: Report, triager: Any) -> None:
    decide(issue(report), "dismiss", by=triager, reason="spam")

    for _press in range(2):
        assert "look at it again" in disputed(reader, report).content.decode()

    assert Message.objects.count() == Event.objects.filter(verb="dispute").count() == 1


def test_each_reporter_disputes_for_themselves(file: Make, report: Report, triager: Any) -> None:
    other = file()
    assert issue(other) == issue(report)
    decide(issue(report), "dismiss", by=triager, reason="spam")

    dispute(report, about="dismissal", text=WORDS, actor=ANONYMOUS)
    dispute(other, about="dismissal", text="And I say so too.", actor=ANONYMOUS)

    assert Message.objects.count() == 2


@pytest.mark.parametrize("status", ["new", "confirmed", "resolved"])
def test_only_what_was_declined_is_disputed_as_declined(
    reader: Client, report: Report, triager: Any, status: str
) -> None:
    if status != "new":
        decide(issue(report), "confirm", by=triager)
    if status == "resolved":
        decide(issue(report), "resolve", by=triager, reason="documented")

    disputed(reader, report)

    assert not Message.objects.exists()
    assert not issue(report).is_disputed


def test_where_a_report_was_put_can_be_disputed(reader: Client, file: Make, report: Report, triager: Any) -> None:
    file()
    decide(issue(report), "confirm", by=triager)
    assert "This is not my problem" in page(reader, report)

    disputed(reader, report, about="grouping")

    assert Placement.objects.get(report=report).needs_look
    assert not issue(report).is_disputed  # a flag that everybody sees is not for one reporter to raise
    assert "This is not my problem" not in page(reader, report)
    assert disputable(report, issue(report)) == frozenset()


def test_what_a_report_stands_with_is_not_told_by_what_can_be_disputed(
    reader: Client, file: Make, report: Report, triager: Any
) -> None:
    file()

    assert disputable(report, issue(report)) == frozenset()
    assert "This is not my problem" not in page(reader, report)
    with pytest.raises(ValidationError):
        dispute(report, about=GROUPING, text=WORDS, actor=ANONYMOUS)


@pytest.mark.parametrize("text", ["", "   ", "too short", "x" * 2_001, "with a \x00 in it, and long enough"])
def test_what_cannot_be_taken_is_said_beside_the_field(
    reader: Client, report: Report, triager: Any, nothing_stored: Make, text: str
) -> None:
    decide(issue(report), "dismiss", by=triager, reason="spam")

    with nothing_stored():
        response = disputed(reader, report, text)

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert "There is a problem" in response.content.decode()


@pytest.mark.parametrize("text", ["لم تنظروا في تاريخ الحكم أبدا", "<script>alert(1)</script> is what it wrote"])
def test_words_are_shown_as_they_were_written(reader: Client, report: Report, triager: Any, text: str) -> None:
    decide(issue(report), "dismiss", by=triager, reason="spam")

    told = disputed(reader, report, text).content.decode()

    assert text.replace("<", "&lt;").replace(">", "&gt;") in told


@pytest.mark.parametrize("door", ["answer", "dispute"])
def test_without_the_code_nobody_writes(client: Client, report: Report, someone: Make, triager: Any, door: str) -> None:
    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")
    client.force_login(someone(email="somebody@example.org"))
    posted = {"reply-text": WORDS, "dismissal-text": WORDS}

    known = client.post(f"/reports/{report.reference}/{door}/", posted)
    unknown = client.post(f"/reports/r-0000-0000-0000-0000/{door}/", posted)

    assert known.status_code == unknown.status_code == 404
    assert Message.objects.count() == 1


# Questions


def test_a_question_is_shown_and_answered(reader: Client, report: Report, triager: Any) -> None:
    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")
    told = page(reader, report)
    assert "Which ruling was it?" in told
    assert "Send your answer" in told
    assert triager.email not in told

    told = answered(reader, report, "The one of the third of May.").content.decode()

    assert "Send your answer" not in told
    assert [said.text for said in thread_of(report).lines] == ["Which ruling was it?", "The one of the third of May."]
    assert thread_of(report).is_answered
    assert issue(report).asked_at is not None


def test_who_asked_is_told_of_the_answer(reader: Client, report: Report, triager: Any, someone: Make) -> None:
    other = someone("moderator")
    follow(other, "queue")
    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")

    answered(reader, report)

    told = Notice.objects.filter(channel="list", verb="reply").values_list("user__email", flat=True)
    assert set(told) == {triager.email, other.email}


def test_the_reporter_of_another_report_is_not_asked(file: Make, report: Report, triager: Any) -> None:
    other = file(contact_email="other@reporters.example")
    assert issue(other) == issue(report)

    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")

    assert not Notice.objects.filter(report=other).exists()


def test_an_answer_is_taken_once(reader: Client, report: Report, triager: Any) -> None:
    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")

    answered(reader, report)
    answered(reader, report)
    told = answered(reader, report, "Something else altogether.").content.decode()

    assert "There is no question that waits" in told
    assert Message.objects.filter(from_reporter=True).count() == 1


def test_a_withdrawn_question_is_not_shown_to_the_reporter(reader: Client, report: Report, triager: Any) -> None:
    asked = decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")

    undo(asked, by=triager)

    assert "Which ruling" not in page(reader, report)
    assert [said.withdrawn_at is None for said in thread_of(report).lines] == [False]
    assert "There is no question" in answered(reader, report).content.decode()


def test_an_unasked_reporter_cannot_write(report: Report, nothing_stored: Make) -> None:
    with nothing_stored(), pytest.raises(ValidationError):
        reply(report, text=WORDS, actor=ANONYMOUS)


# The rest of the page


def test_an_undone_decision_is_told_as_undone(reader: Client, report: Report, triager: Any) -> None:
    undo(decide(issue(report), "dismiss", by=triager, reason="spam"), by=triager)

    told = page(reader, report)

    assert told.index("Declined by a person") < told.index("That it was declined was undone")
    assert "Do you disagree?" not in told


def test_a_resolution_is_told_with_its_reason(reader: Client, report: Report, triager: Any) -> None:
    decide(issue(report), "confirm", by=triager)
    decide(issue(report), "resolve", by=triager, reason="documented")

    assert "Resolved: Documented" in page(reader, report)


def test_a_receipt_says_that_it_writes_and_how_to_stop(reader: Client, report: Report, file: Make) -> None:
    assert "Stop that, and erase it" not in page(reader, report)
    from reports.models import Contact
    from reports.sealing import seal

    Contact.objects.create(report=report, sealed_email=seal("rosa@reporters.example"))

    told = page(reader, report)

    assert "Stop that, and erase it" in told
    assert "rosa@" not in told


def test_the_page_costs_the_same_however_long_the_thread(
    reader: Client, report: Report, triager: Any, django_assert_num_queries: Any
) -> None:
    def say(count: int) -> None:
        for at in range(count):
            moment = timezone.now() + timedelta(seconds=at)
            Message.objects.create(report=report, by=triager, from_reporter=False, text="Which?", sent_at=moment)

    say(1)
    with django_assert_num_queries(COST):
        page(reader, report)
    say(2)
    with django_assert_num_queries(COST):
        page(reader, report)


COST = 7  # the session, the report with its words and contact, its issue, what is public of it, story, thread, files
