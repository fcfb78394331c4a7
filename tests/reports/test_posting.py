"""Mail: what goes out, to whom, once, and how to be rid of it."""

import email
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

import psycopg
import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.test import Client
from django.utils import timezone
from structlog.testing import capture_logs

from accounts.models import Grant
from ledger.models import Event, Payload
from reports.models import Contact, Issue, Notice, Report, Subscription
from reports.notices import choose_pace, follow
from reports.posting import POSTING_LOCK, Reader, post_due
from reports.standing import issue_of
from triage.decisions import decide, undo

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
ADDRESS = "rosa@reporters.example"


def wait_out_the_grace() -> None:
    Notice.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def posted() -> int:
    """What a run sends once the grace is over."""
    wait_out_the_grace()
    return post_due()


def issue(report: Report) -> Issue:
    found = issue_of(report)
    assert found is not None
    return found


@pytest.fixture
def reported(file: Make, artifact: Any) -> Report:
    """A report whose reporter has no account and left an address."""
    report: Report = file(contact_email=ADDRESS)
    return report


def test_a_reporter_without_an_account_is_written_to(reported: Report, triager: Any) -> None:
    decide(issue(reported), "dismiss", by=triager, reason="insufficient")

    assert posted() == 1

    (sent,) = mail.outbox
    assert sent.to == [ADDRESS]
    assert "declined by a person. Reason: Too little to go on." in sent.body
    assert f"http://127.0.0.1:8000/reports/{reported.reference}/" in sent.body
    assert "invents" not in sent.body
    assert sent.subject == f"{reported.reference}: Your report was declined by a person. Reason: Too little to go on."


def test_a_mail_goes_out_once(reported: Report, triager: Any) -> None:
    decide(issue(reported), "confirm", by=triager)

    assert (posted(), posted(), len(mail.outbox)) == (1, 0, 1)
    assert not Notice.objects.filter(sent_at=None).exists()


def test_nothing_leaves_within_the_grace(reported: Report, triager: Any) -> None:
    decide(issue(reported), "confirm", by=triager)

    assert post_due() == 0


def test_what_is_undone_in_time_is_told_to_nobody(reported: Report, triager: Any) -> None:
    undo(decide(issue(reported), "dismiss", by=triager, reason="spam"), by=triager)

    assert posted() == 0
    assert not Notice.objects.exists()


def test_an_undo_goes_with_what_it_undid(reported: Report, triager: Any) -> None:
    decision = decide(issue(reported), "dismiss", by=triager, reason="spam")
    Notice.objects.update(due_at=timezone.now())
    undo(decision, by=triager)

    assert post_due() == 0
    assert not Notice.objects.exists()


def test_an_undo_of_what_was_told_is_told(reported: Report, triager: Any) -> None:
    decision = decide(issue(reported), "dismiss", by=triager, reason="spam")
    posted()
    undo(decision, by=triager)

    assert posted() == 1
    assert "open again" in mail.outbox[1].body


def test_one_mail_for_one_reader_and_run(someone: Make, make_issue: Make, triager: Any) -> None:
    reader = someone(email="reader@example.org")
    for title in ("It invents a ruling", "It invents a law"):
        about = make_issue(title)
        follow(reader, f"issue:{about.pk}")
        decide(about, "resolve", by=triager, reason="documented")

    assert posted() == 1

    (sent,) = mail.outbox
    assert sent.to == ["reader@example.org"]
    assert sent.subject == "News of 2 things"
    assert "It invents a ruling" in sent.body
    assert "It invents a law" in sent.body


def test_once_a_day_waits_for_the_morning(someone: Make, make_issue: Make, triager: Any) -> None:
    reader, about = someone(email="reader@example.org"), make_issue()
    choose_pace(reader, Subscription.Pace.DAILY.value)
    follow(reader, f"issue:{about.pk}")

    decide(about, "resolve", by=triager, reason="documented")

    due = Notice.objects.get(channel="email").due_at
    assert (due.hour, due.minute) == (7, 0)
    assert timedelta() < due - timezone.now() <= timedelta(days=1)


def test_mail_speaks_the_reader_s_language(someone: Make, make_issue: Make, triager: Any) -> None:
    reader, about = someone(email="reader@example.org"), make_issue()
    reader.language = "ar"
    reader.save()
    follow(reader, f"issue:{about.pk}")
    decide(about, "resolve", by=triager, reason="documented")

    posted()

    assert mail.outbox[0].extra_headers["Content-Language"] == "ar"


def test_what_may_no_longer_be_seen_is_not_sent(someone: Make, make_issue: Make, triager: Any) -> None:
    reader, about = someone(email="reader@example.org"), make_issue("A kestrel")
    follow(reader, f"issue:{about.pk}")
    decide(about, "resolve", by=triager, reason="documented")
    Issue.objects.update(embargo_until=timezone.now() + timedelta(days=1))

    assert posted() == 0
    assert mail.outbox == []
    assert not Notice.objects.filter(channel="email").exists()


def test_a_mail_to_the_desk_tells_no_title_that_is_not_public(someone: Make, file: Make, triager: Any) -> None:
    assignee = someone("moderator")
    about = issue(file())
    Issue.objects.update(public_title="A kestrel")

    decide(about, "assign", by=triager, assignee=assignee)
    posted()

    (sent,) = mail.outbox
    assert sent.to == [assignee.email]
    assert "kestrel" not in sent.body
    assert f"http://127.0.0.1:8000/triage/{about.pk}/" in sent.body


def test_a_role_that_ended_ends_the_mail(someone: Make, file: Make, triager: Any) -> None:
    assignee = someone("moderator")
    decide(issue(file()), "assign", by=triager, assignee=assignee)
    Grant.objects.filter(user=assignee).update(ended_at=timezone.now())

    assert posted() == 0


@pytest.mark.parametrize("gone", [{"report__erased_at": timezone.now()}, {"sealed_email": b"sealed elsewhere"}])
def test_nobody_to_write_to(reported: Report, triager: Any, gone: dict[str, Any]) -> None:
    decide(issue(reported), "confirm", by=triager)
    if "sealed_email" in gone:
        Contact.objects.update(**gone)
    else:
        Report.objects.update(erased_at=gone["report__erased_at"])

    assert posted() == 0
    assert mail.outbox == []


def test_a_closed_account_is_not_written_to(someone: Make, make_issue: Make, triager: Any) -> None:
    reader, about = someone(email="reader@example.org"), make_issue()
    follow(reader, f"issue:{about.pk}")
    decide(about, "resolve", by=triager, reason="documented")
    reader.is_active = False
    reader.save()

    assert posted() == 0


def test_no_address_stands_in_events_or_logs(
    reported: Report, triager: Any, capfd: pytest.CaptureFixture[str], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "tests.reports.test_posting.Refusing"
    decide(issue(reported), "confirm", by=triager)

    with capture_logs() as logged:
        posted()

    told = capfd.readouterr()
    kept = [*Payload.objects.values_list("content", flat=True), *Event.objects.values_list("subjects", "actor", "verb")]
    assert [line["event"] for line in logged] == ["mail refused"]
    assert ADDRESS not in f"{told.out} {told.err} {logged} {kept}"


# The server


class Refusing(BaseEmailBackend):
    """Takes no mail for Rosa."""

    def send_messages(self, messages: Any) -> int:
        if ADDRESS in messages[0].to:
            raise SMTPRecipientsRefused({ADDRESS: (550, b"no such mailbox")})
        return locmem.EmailBackend().send_messages(messages)


class Away(BaseEmailBackend):
    def open(self) -> bool:
        raise ConnectionRefusedError("nobody there")


def test_a_refused_mail_waits_longer_each_time_and_is_not_lost(reported: Report, triager: Any, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.reports.test_posting.Refusing"
    decide(issue(reported), "confirm", by=triager)
    Notice.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert posted() == 0

    (notice,) = Notice.objects.all()
    assert notice.sent_at is None
    assert timedelta(minutes=59) < notice.due_at - timezone.now() <= timedelta(minutes=61)


def test_a_refused_mail_holds_up_no_other(reported: Report, someone: Make, triager: Any, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.reports.test_posting.Refusing"
    reader = someone("moderator")
    follow(reader, f"issue:{issue(reported).pk}")
    decide(issue(reported), "confirm", by=triager)

    assert posted() == 1
    assert [sent.to for sent in mail.outbox] == [[reader.email]]


def test_while_the_server_is_away_all_waits(reported: Report, triager: Any, settings: Any) -> None:
    decide(issue(reported), "confirm", by=triager)
    settings.EMAIL_BACKEND = "tests.reports.test_posting.Away"

    assert posted() == 0

    assert Notice.objects.filter(sent_at=None, due_at__gt=timezone.now()).count() == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert posted() == 1


def test_whoever_is_being_written_to_is_left_to_that_run(reported: Report, triager: Any) -> None:
    """A run in another transaction holds the reader: this one goes on without."""
    decide(issue(reported), "confirm", by=triager)
    settings_of_connection = connection.settings_dict
    with psycopg.connect(
        host=settings_of_connection["HOST"], dbname=settings_of_connection["NAME"], user=settings_of_connection["USER"]
    ) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [POSTING_LOCK, f"report:{reported.pk}"])

        assert posted() == 0

    assert posted() == 1


class Spoken(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as one mail needs; ``told`` keeps what was said, ``mails`` what was handed over."""

    def handle(self) -> None:
        server: Any = self.server
        self.say("220 loopback")
        for line in iter(self.rfile.readline, b""):
            verb = line.decode().strip().upper()
            server.told.append(line.decode().strip())
            if verb.startswith("DATA"):
                self.say("354 go on")
                server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self.say("250 taken")
            elif verb.startswith("QUIT"):
                self.say("221 bye")
                return
            else:
                self.say("250 loopback")

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[Any]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Spoken) as server:
        server.daemon_threads = True
        server.told, server.mails = [], []  # type: ignore[attr-defined] # read by the handler
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def test_a_real_server_gets_a_whole_mail(reported: Report, triager: Any, settings: Any) -> None:
    decide(issue(reported), "dismiss", by=triager, reason="out_of_scope")
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        assert posted() == 1

    (raw,) = server.mails
    sent = email.message_from_bytes(raw)
    assert server.told[0] == "ehlo 127.0.0.1"  # not the name of the machine, which nobody was asked for
    assert f"rcpt TO:<{ADDRESS}>" in server.told
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<http://127.0.0.1:8000/notices/unsubscribe/\S+/>", sent["List-Unsubscribe"].strip())
    assert sent["Message-ID"].endswith("@127.0.0.1>")
    assert sent["Auto-Submitted"] == "auto-generated"
    assert "Out of scope" in str(sent.get_payload(decode=True))


# The way out


def way_out() -> str:
    found = re.search(r"/notices/unsubscribe/\S+/", str(mail.outbox[-1].body))
    assert found
    return found[0]


@pytest.fixture
def mailed(someone: Make, make_issue: Make, triager: Any) -> Any:
    """Somebody who follows two issues and got a mail about the first."""
    reader, about, other = someone(email="reader@example.org"), make_issue(), make_issue("Another")
    follow(reader, f"issue:{about.pk}")
    follow(reader, f"issue:{other.pk}")
    decide(about, "resolve", by=triager, reason="documented")
    posted()
    return reader


def by_mail(user: Any) -> list[str]:
    return sorted(Subscription.objects.filter(user=user, channel="email").values_list("subject", flat=True))


def test_looking_at_the_way_out_changes_nothing(client: Client, mailed: Any) -> None:
    before = by_mail(mailed)

    response = client.get(way_out())

    assert response.status_code == 200
    assert "TT-2026-00001" in response.content.decode()
    assert by_mail(mailed) == before != []


def test_one_click_of_a_mail_program_ends_the_mail_about_it(mailed: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    first, second = by_mail(mailed)

    response = client.post(way_out(), {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 200
    assert by_mail(mailed) == [second]
    assert Subscription.objects.filter(user=mailed, subject=first, channel="list").exists()


def test_all_mail_can_be_ended_there(client: Client, mailed: Any, make_issue: Make, triager: Any) -> None:
    client.post(way_out(), {"everything": "1"})

    assert by_mail(mailed) == []
    follow(mailed, f"issue:{make_issue('A third').pk}")
    assert by_mail(mailed) == []


def test_who_answers_for_something_can_end_that_mail_too(
    client: Client, someone: Make, file: Make, triager: Any
) -> None:
    assignee, about = someone("moderator"), issue(file())
    decide(about, "assign", by=triager, assignee=assignee)
    posted()

    client.post(way_out())
    decide(about, "snooze", by=triager, voices=5)

    assert posted() == 0
    assert Notice.objects.filter(user=assignee, verb="snooze", channel="list").exists()


def test_a_contact_s_way_out_erases_the_address(client: Client, reported: Report, triager: Any) -> None:
    decision = decide(issue(reported), "confirm", by=triager)
    posted()
    undo(decision, by=triager)

    client.post(way_out(), {"List-Unsubscribe": "One-Click"})
    client.post(way_out(), {"List-Unsubscribe": "One-Click"})

    assert not Contact.objects.exists()
    assert posted() == 0
    assert Report.objects.filter(pk=reported.pk).exists()


@pytest.mark.parametrize("token", ["x", "eyJ1IjoxfQ:forged", "%00", "a" * 5000, Reader(user_id=1).token + "x"])
def test_nobody_ends_another_s_mail(client: Client, mailed: Any, token: str) -> None:
    before = by_mail(mailed)

    assert client.post(f"/notices/unsubscribe/{token}/").status_code == 404
    assert by_mail(mailed) == before
