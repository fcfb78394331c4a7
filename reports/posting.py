"""Notices that go out by e-mail: one mail for each reader and run.

A sealed address is opened here, and where its owner takes their account along (``reports.leaving``).
A channel is a line of ``SENDERS``; that of webhooks makes deliveries, which another task tries.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from smtplib import SMTPConnectError, SMTPException, SMTPServerDisconnected
from time import monotonic
from typing import Any

import structlog
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction
from django.db.models import Min
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.actors import actor_for, site_of
from accounts.models import User
from accounts.policy import ANONYMOUS
from reports.models import Artifact, Contact, Issue, Notice
from reports.models.notice import EMAIL, REPORTERS, WEBHOOK, NoticeQuerySet
from reports.notices import GRACE, forget_contact, stop_email
from reports.sealing import unseal
from reports.webhooks.telling import fan_out
from reports.wording import Topic, topics

log = structlog.get_logger()

MAILS_AT_MOST = 40  # in one run
SECONDS_AT_MOST = 30  # of one run: a task has a minute
NOTICES_AT_MOST = 200  # in one mail; the rest go with the next
REST = timedelta(minutes=1)  # while the mail server is away, and at least between two tries of a mail
LONGEST_REST = timedelta(hours=12)  # between two tries of a mail that is refused
SALT = "notices"  # of the signature of links out of e-mail
POSTING_LOCK = 4_302  # the first half of advisory locks on readers


class ServerAway(Exception):
    """The mail server cannot be reached, or has hung up."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever gets a mail: an account, or the contact of a report. ``subject``: what all of a mail is about, if one."""

    user_id: int | None = None
    report_id: int | None = None
    subject: str = ""

    @property
    def token(self) -> str:
        """Signed, so that a link in a mail stops this reader's mail and nobody else's. It never ends."""
        told = {"u": self.user_id, "s": self.subject} if self.user_id else {"r": self.report_id}
        return signing.Signer(salt=SALT).sign_object(told)

    @property
    def unsubscribe_path(self) -> str:
        return reverse("unsubscribe", args=[self.token])

    @property
    def unsubscribe_url(self) -> str:
        return settings.SITE_URL + self.unsubscribe_path

    @property
    def about(self) -> str:
        """What the mail was about, in a few words that tell nothing new; "" for all that is followed."""
        kind, _colon, pk = self.subject.partition(":")
        if kind == "issue":
            number = Issue.objects.filter(pk=pk).values_list("number", flat=True).first()
            return number or _("issue %(pk)d") % {"pk": int(pk)}
        if kind == "artifact":
            return str(Artifact.objects.visible_to(ANONYMOUS).filter(pk=pk).first() or "")
        return _("your report") if kind == "report" else ""

    def stop(self, *, everything: bool) -> None:
        """No more mail. The address of a report's contact was for this alone: it is erased."""
        if self.report_id is not None:
            forget_contact(self.report_id)
        elif user := User.objects.filter(pk=self.user_id or 0).first():
            stop_email(user, "" if everything else self.subject)


def reader_of(token: str) -> Reader | None:
    """Whom a link out of a mail belongs to; None if it was not signed here."""
    try:
        told = signing.Signer(salt=SALT).unsign_object(token)
    except signing.BadSignature:
        return None
    return Reader(user_id=told.get("u"), report_id=told.get("r"), subject=told.get("s", ""))


def post_due() -> int:
    """Send what is due, by every channel. Returns how many went out. May run anywhere, twice, and at once."""
    return sum(send() for send in SENDERS.values())


def post_mails() -> int:
    readers, began, sent = readers_due(), monotonic(), 0
    if not readers:
        return 0
    try:
        with closing(get_connection()) as server:
            reach(server)
            for reader in readers:
                sent += post_mail(reader, server)
                if monotonic() - began > SECONDS_AT_MOST:
                    break
    except ServerAway as away:
        due(EMAIL).update(due_at=timezone.now() + REST)
        log.warning("mail server away", error=type(away.__cause__).__name__)
    return sent


def reach(server: Any) -> None:
    try:
        server.open()
    except (OSError, SMTPException) as failure:
        raise ServerAway from failure


def due(channel: str) -> NoticeQuerySet:
    return Notice.objects.filter(channel=channel, sent_at=None, due_at__lte=timezone.now())


def readers_due() -> list[Reader]:
    """Whoever has waited longest comes first."""
    waiting = due(EMAIL).order_by().values("user_id", "report_id").annotate(since=Min("due_at")).order_by("since")
    return [Reader(each["user_id"], each["report_id"]) for each in waiting[:MAILS_AT_MOST]]


def post_mail(reader: Reader, server: Any) -> bool:
    """One mail with all that is due for one reader, in one transaction with the note that it was sent.

    Whoever dies between the two sends it again, under the same Message-ID. Raises :class:`ServerAway`.
    """
    with transaction.atomic():
        if not locked(reader):
            return False
        notices = list(waiting_for(reader).select_for_update(skip_locked=True)[:NOTICES_AT_MOST])
        mail, told = composed(reader, notices)
        rows = Notice.objects.filter(pk__in=[notice.pk for notice in notices])
        rows.exclude(pk__in=told).delete()  # what may no longer be told, or was undone before it left
        if mail is None:
            return False
        try:
            server.send_messages([mail])
        except (OSError, SMTPException, ValueError) as failure:
            if is_away(failure):
                raise ServerAway from failure
            put_off(notices)
            log.warning("mail refused", notices=len(notices), first=notices[0].pk, error=type(failure).__name__)
            return False
        rows.update(sent_at=timezone.now())
        return True


def waiting_for(reader: Reader) -> NoticeQuerySet:
    """What is due for a reader or will be within the grace: an undo goes with what it undid, or neither goes."""
    soon = timezone.now() + GRACE
    mine = Notice.objects.filter(channel=EMAIL, sent_at=None, due_at__lte=soon)
    return mine.filter(user=reader.user_id, report=reader.report_id).order_by("pk")


def is_away(failure: Exception) -> bool:
    """Whether a failure is the server's, not this mail's. SMTPException is an OSError too, hence the order."""
    if isinstance(failure, SMTPException):
        return isinstance(failure, SMTPServerDisconnected | SMTPConnectError)
    return isinstance(failure, OSError)


def locked(reader: Reader) -> bool:
    """Whether nobody else writes to this reader until the transaction ends: else two runs would send two mails."""
    name = f"user:{reader.user_id}" if reader.user_id else f"report:{reader.report_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [POSTING_LOCK, name])
        return bool(cursor.fetchone()[0])


def put_off(notices: list[Notice]) -> None:
    """Try again after as long as it has waited already, so that tries grow rare and none is lost."""
    now = timezone.now()
    rest = min(max(now - notices[0].created_at, REST), LONGEST_REST)
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(due_at=now + rest)


# What a mail says


def composed(reader: Reader, notices: list[Notice]) -> tuple[EmailMessage | None, list[int]]:
    """The mail, and the numbers of the notices it tells; no mail if there is nobody to write to, or nothing to say."""
    user = User.objects.filter(pk=reader.user_id, is_active=True).first() if reader.user_id else None
    contact = Contact.objects.filter(report=reader.report_id, report__erased_at=None).select_related("report").first()
    if user is not None:
        actor, address, language = actor_for(user), user.email, user.language
        seen = Notice.objects.visible_to(actor).filter(pk__in=[notice.pk for notice in notices]).values_list("pk")
        visible = {pk for (pk,) in seen}
    elif reader.report_id and contact is not None:
        actor, address, language = ANONYMOUS, opened(contact), contact.report.language
        visible = {notice.pk for notice in notices if notice.verb in REPORTERS}
    else:
        return None, []
    with translation.override(spoken(language)):
        found = topics([notice for notice in notices if notice.pk in visible], actor, for_mail=True)
        told = [line.pk for topic in found for line in topic.lines]
        if not found or not address:
            return None, told
        about = replace(reader, subject=found[0].subject if len(found) == 1 else "")
        return mail_of(about, address, found, site=site_of(actor)), told


def opened(contact: Contact) -> str:
    """The address; "" if it was sealed with a key that is gone."""
    try:
        return unseal(bytes(contact.sealed_email))
    except InvalidToken:
        log.warning("contact sealed with another key", report=contact.report_id)
        return ""


def spoken(language: str) -> str:
    """The language of this site that is nearest to ``language``."""
    try:
        return translation.get_supported_language_variant(language or settings.LANGUAGE_CODE)
    except LookupError:
        return str(settings.LANGUAGE_CODE)


def mail_of(reader: Reader, address: str, found: list[Topic], *, site: str) -> EmailMessage:
    told = [line for topic in found for line in topic.lines]
    words = {
        "topics": found,
        "site": site,
        "unsubscribe_url": reader.unsubscribe_url,
        "settings_url": site + reverse("notices"),
        "is_contact": reader.report_id is not None,
        "is_about_one": bool(reader.subject),
    }
    digest = hashlib.sha256(",".join(str(line.pk) for line in told).encode()).hexdigest()[:32]
    return EmailMessage(
        subject=subject_of(found),
        body=render_to_string("reports/email/notices.txt", words),
        to=[address],
        headers={
            "Message-ID": f"<{digest}@{settings.SITE_HOST}>",
            "List-Unsubscribe": f"<{reader.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
            "Content-Language": translation.get_language() or "",
        },
    )


def subject_of(found: list[Topic]) -> str:
    if len(found) == 1:
        words = _("%(name)s: %(what)s") % {"name": found[0].name, "what": found[0].lines[-1].words}
        return " ".join(words.split())
    return ngettext("News of %(count)d thing", "News of %(count)d things", len(found)) % {"count": len(found)}


SENDERS: Mapping[str, Callable[[], int]] = {EMAIL: post_mails, WEBHOOK: fan_out}
