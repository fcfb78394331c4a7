"""What a reporter and the triagers say to each other, through the doors of the site."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.policy import ANONYMOUS, SYSTEM
from ledger.models import Event
from reports.correspondence import GROUPING, WRITES_A_DAY, disputable, dispute, reply, thread_of
from reports.erasing import erase
from reports.models import ContextRule, Issue, Message, Notice, Placement, Redaction, Report
from reports.notices import follow
from reports.prospects import prospect_of
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


def test_words_written_before_are_no_dispute(reader: Client, report: Report) -> None:
    written(reader, report)

    assert "nothing is left to dispute" in disputed(reader, report).content.decode()


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


def test_lines_are_counted_as_their_writer_counts_them_and_no_browser_cuts_what_is_pasted(
    reader: Client, report: Report
) -> None:
    page = reader.get(report.get_absolute_url()).content.decode()
    text = "as long as it may be".ljust(1_000, "\n") + "x" * 1_000

    assert not re.search("<textarea[^>]*maxlength", page)
    reader.post(f"{report.get_absolute_url()}write/", {"word-text": text.replace("\n", "\r\n")})

    assert report.messages.get().text == text


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


# Unasked, and what is added


def written(client: Client, report: Report, text: str = WORDS) -> Any:
    return client.post(f"/reports/{report.reference}/write/", {"word-text": text}, follow=True)


def added(client: Client, report: Report, text: str = WORDS, **files: Any) -> Any:
    return client.post(f"/reports/{report.reference}/add/", {"addition-text": text, **files}, follow=True)


def test_a_reporter_writes_first_and_the_desk_hears(
    reader: Client, report: Report, triager: Any, django_capture_on_commit_callbacks: Any
) -> None:
    follow(triager, "queue")

    with django_capture_on_commit_callbacks(execute=True):
        told = written(reader, report).content.decode()

    assert WORDS in told
    assert "A person reads what you wrote" in told
    assert (thread_of(report).is_unasked, thread_of(report).is_answered) == (True, False)
    assert list(Notice.objects.filter(user=triager, channel="list").values_list("verb", flat=True)) == ["say"]
    assert issue(report).asked_at is None


def test_while_a_question_waits_there_is_one_place_to_write(reader: Client, report: Report, triager: Any) -> None:
    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")

    told = page(reader, report)

    assert "Send your answer" in told
    assert 'name="word-text"' not in told


def test_what_is_added_stands_with_the_report_and_not_in_the_thread(
    reader: Client, report: Report, triager: Any, client: Client
) -> None:
    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")
    text = "<b>Once more</b> مرة أخرى, and it did it again."

    told = added(reader, report, text).content.decode()

    assert "added to your report" in told
    assert "&lt;b&gt;Once more" in told
    assert thread_of(report).question is not None  # adding is no answer
    assert "Send your answer" in told
    desk = Client()
    desk.force_login(triager)
    pane = desk.get(f"/triage/{issue(report).pk}/").content.decode()
    assert "Added on" in pane
    assert "&lt;b&gt;Once more" in pane
    assert f"Whoever filed {report} added to it" in pane


def test_what_is_added_lies_behind_the_veil_of_the_report(reader: Client, report: Report, triager: Any) -> None:
    added(reader, report)
    Report.objects.filter(pk=report.pk).update(hazard_level=1)
    desk = Client()
    desk.force_login(triager)

    pane = desk.get(f"/triage/{issue(report).pk}/").content.decode()
    asked = desk.post(f"/triage/reports/{report.reference}/reveal/", {"issue": issue(report).pk})

    assert WORDS not in pane
    assert WORDS in asked.content.decode()


def test_a_maintainer_does_not_read_what_was_added(reader: Client, report: Report, triager: Any, someone: Make) -> None:
    decide(issue(report), "confirm", by=triager)
    issue(report).affected.update(notified_at=timezone.now())
    added(reader, report)
    maintainer = Client()
    maintainer.force_login(someone("maintainer", artifact_id=report.artifact_id))

    told = maintainer.get(f"/maintain/{issue(report).pk}/").content.decode()

    assert report.evidence.what_happened[:30] in told
    assert WORDS not in told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write something"),
        ("   ", "Write something"),
        ("too short", "at least 10"),
        ("x" * 20_001, "at most 20000"),
        ("with a \x00 in it, long enough", "Null characters"),
    ],
)
def test_nothing_half_is_added(reader: Client, report: Report, nothing_stored: Make, text: str, sentence: str) -> None:
    with nothing_stored():
        response = added(reader, report, text)

    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_a_file_that_is_not_taken_keeps_the_words_in_the_form(
    reader: Client, report: Report, nothing_stored: Make, settings: Any, tmp_path: Any
) -> None:
    settings.FILES_DIR = tmp_path
    program = SimpleUploadedFile("picture.png", b"MZ" + bytes(200), content_type="image/png")

    with nothing_stored():
        response = added(reader, report, files=program)

    assert response.status_code == 422
    assert "programs are not taken" in response.content.decode()
    assert WORDS in response.content.decode()


def test_a_file_alone_is_enough(reader: Client, report: Report, settings: Any, tmp_path: Any) -> None:
    settings.FILES_DIR = tmp_path
    log = SimpleUploadedFile("log.txt", b"it said so again\n", content_type="text/plain")

    told = added(reader, report, "", files=log).content.decode()

    assert "It was added to your report." in told
    assert report.attachments.count() == 1
    assert Event.objects.get(verb="add").payload.content == {"files": 1}


def test_another_file_by_the_same_words_is_told_of_and_the_same_file_is_not(
    reader: Client, report: Report, settings: Any, tmp_path: Any
) -> None:
    settings.FILES_DIR = tmp_path

    for content in (b"it said so\n", b"it said so again\n", b"it said so again\n"):
        added(reader, report, files=SimpleUploadedFile("log.txt", content, content_type="text/plain"))

    assert (report.attachments.count(), Message.objects.count()) == (2, 1)
    told = [event.payload.content for event in Event.objects.filter(verb="add").order_by("pk")]
    assert told == [{"message": Message.objects.get().pk}, {"files": 1}]


def test_writing_and_adding_come_to_an_end_for_the_day(reader: Client, report: Report, triager: Any) -> None:
    for at in range(WRITES_A_DAY):
        written(reader, report, f"{WORDS} {at}") if at % 2 else added(reader, report, f"{WORDS} {at}")

    assert "Come back tomorrow" in written(reader, report, "And another thing.").content.decode()
    assert "Come back tomorrow" in added(reader, report, "And another thing.").content.decode()
    assert Message.objects.count() == WRITES_A_DAY

    decide(issue(report), "ask", by=triager, report=report, text="Which ruling was it?")
    assert "Your answer was passed on." in answered(reader, report).content.decode()
    Message.objects.update(sent_at=timezone.now() - timedelta(days=2))
    assert "was passed on" in written(reader, report, "And another thing.").content.decode()


def test_the_same_words_twice_are_one(reader: Client, report: Report) -> None:
    for _press in range(2):
        written(reader, report)
        added(reader, report)

    assert Message.objects.count() == 2


# The rest of the page


def test_a_reporter_reads_their_own_words_in_full(reader: Client, report: Report) -> None:
    Redaction.objects.create(report=report, part="what_happened", start=0, end=20)
    Report.objects.filter(pk=report.pk).update(hazard_level=2, tries=5, failures=3)

    told = page(reader, report)

    assert report.evidence.what_happened in told
    assert "3 of 5 tries" in told
    assert "Of what you wrote only passages that a person chose become public." in told


def test_what_was_erased_is_not_on_the_receipt(reader: Client, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(erased_at=timezone.now())

    told = page(reader, report)

    assert report.evidence.what_happened not in told
    assert "What it said is gone from this site and cannot be brought back." in told
    assert "Withdraw it" not in told


@pytest.mark.parametrize(
    ("told", "read", "context", "says"),
    [
        (None, None, "", "There is no deadline for this."),
        ("2026-11-20T12:00Z", None, "", "They are asked to by 25 Nov 2026."),
        ("2026-11-20T12:00Z", None, "health", "They are asked to by 23 Nov 2026."),
        ("2026-11-10T12:00Z", None, "", "They were asked to by 13 Nov 2026, and have not."),
        ("2026-11-10T12:00Z", "2026-11-11T12:00Z", "", "said on 11 Nov 2026 that they have it"),
    ],
)
def test_what_comes_next_is_said_with_its_day_where_there_is_one(
    report: Report, triager: Any, told: str | None, read: str | None, context: str, says: str
) -> None:
    decide(issue(report), "confirm", by=triager)
    about = issue(report)
    about.context_of_use = context
    ContextRule.objects.update_or_create(context="health", defaults={"acknowledge_within": 1})
    about.affected.update(notified_at=told, acknowledged_at=read)

    now = datetime(2026, 11, 21, tzinfo=UTC)
    prospect = prospect_of(report, about, "confirmed", asked=False, now=now)

    assert says in f"{prospect.step} {prospect.by_when}"


def test_whoever_has_reference_and_code_opens_it_without_a_link(client: Client, report: Report) -> None:
    code = new_code()
    Report.objects.filter(pk=report.pk).update(receipt_digest=code_digest(code))
    assert client.get("/reports/open/").status_code == 200

    typed = {"reference": f" {report.reference.upper()} ", "code": code.lower()}
    told = client.post("/reports/open/", typed, follow=True)

    assert told.redirect_chain == [(f"/reports/{report.reference}/", 302)]
    assert report.evidence.what_happened in told.content.decode()


def test_a_wrong_code_is_refused_alike_for_every_reference(client: Client, report: Report) -> None:
    def refused(reference: str) -> str:
        answer = client.post("/reports/open/", {"reference": reference, "code": new_code()})
        assert answer.status_code == 403
        text = answer.content.decode().replace(reference, "REFERENCE")
        return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", text)

    assert refused(report.reference) == refused("r-0000-0000-0000-0000")
    for odd in ("", "\x00", "r-" + "9" * 5_000, "<script>"):
        assert client.post("/reports/open/", {"reference": odd, "code": "\x00"}).status_code == 403


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
            Message.objects.create(report=report, by=triager, from_reporter=False, plain_text="Which?", sent_at=moment)

    say(1)
    with django_assert_num_queries(COST):
        page(reader, report)
    say(2)
    with django_assert_num_queries(COST):
        page(reader, report)


# The session, the report with its words and contact, its issue, what is public of it, story, thread, files, its proof,
# to whom it was lent, whether it is to be erased.
COST = 11


def test_a_receipt_says_that_some_reports_wait_and_not_which(reader: Client, report: Report) -> None:
    address = f"/reports/{report.reference}/"
    told = reader.get(address).content.decode()

    Report.objects.filter(pk=report.pk).update(held_at=timezone.now(), held_for="network")

    assert "Some reports wait until a person has looked" in told
    assert undated(reader.get(address).content.decode()) == undated(told)


def undated(page: str) -> str:
    """But for the tokens of forms, which are other ones each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)


def test_a_dispute_that_meets_an_erasure_leaves_no_words(report: Report, triager: Any) -> None:
    decide(issue(report), "dismiss", by=triager, reason="insufficient")
    as_it_was_opened = Report.objects.get(pk=report.pk)
    erase(report, basis="consent", actor=SYSTEM)

    with pytest.raises(ValidationError):
        dispute(as_it_was_opened, about="dismissal", text=WORDS, actor=ANONYMOUS)

    assert not Message.objects.exists()
