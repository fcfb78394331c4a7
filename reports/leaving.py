"""What somebody takes along from their account, and closing it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.models import Grant, Role, User
from accounts.policy import Actor
from accounts.sessions import end_sessions
from ledger.record import record
from reports.erasing import ask
from reports.imports.keeping import forget_imports_of
from reports.models import Contact, Credit, Issue, Message, Notice, Report
from reports.sealing import unseal
from reports.withdrawing import withdraw

AT_ONCE = 200  # reports read into memory together
# Offices that must not stand empty, each with what to do first.
NEEDED: tuple[tuple[frozenset[Role], Promise], ...] = (
    (
        frozenset({Role.ADMIN}),
        gettext_lazy("You are the only admin. Make somebody else one first, or ask whoever runs this site."),
    ),
    (
        frozenset({Role.TRIAGER, Role.MODERATOR}),
        gettext_lazy(
            "You are the only one who decides about reports here. Have somebody else made a triager first: "
            "without one, nobody would read what people file."
        ),
    ),
)


def belongings(user: User) -> Iterator[str]:
    """All that is kept of ``user``, as one JSON document in pieces, however many reports they have."""
    yield "{\n"
    yield f'"account": {_json(_account(user))},\n'
    addresses = EmailAddress.objects.filter(user=user).order_by("pk")
    yield from _list("addresses", addresses.values("email", "verified", "primary"))
    factors = Authenticator.objects.filter(user=user).order_by("pk")  # never the secret
    yield from _list("second_factors", factors.values("type", "created_at", "last_used_at"))
    yield from _list("roles", user.grants.order_by("pk").values("role", "artifact_id", "granted_at", "ended_at"))
    told = ("name", "scopes", "created_at", "expires_at", "last_used_on", "revoked_at")  # never the digest
    yield from _list("tokens", user.tokens.order_by("pk").values(*told))
    here = ("browser", "system", "began_at", "seen_at")  # never the key
    yield from _list("sessions", user.sign_ins.order_by("pk").values(*here))
    elsewhere = SocialAccount.objects.filter(user=user).order_by("pk")
    yield from _list("signs_in_by", elsewhere.values("provider", "extra_data", "date_joined"))
    asked = ("artifact_id", "note", "state", "reason", "asked_at", "decided_at")
    yield from _list("maintainer_requests", user.maintainer_requests.order_by("pk").values(*asked))
    followed = user.subscriptions.order_by("pk").values("subject", "channel", "pace", "created_at")
    yield from _list("subscriptions", followed)
    called = ("url", "hears_all", "created_at", "disabled_at", "disabled_why")  # never the secret
    yield from _list("webhooks", user.endpoints.order_by("pk").values(*called))
    asked_for = ("issue__number", "purpose", "plan", "days", "asked_at", "decided_at", "reason", "until", "ended_at")
    yield from _list("evidence_requests", user.evidence_requests.order_by("pk").values(*asked_for))
    notices = Notice.objects.filter(user=user).order_by("pk")
    noted = notices.values("verb", "subject", "channel", "created_at", "sent_at", "read_at")
    yield from _list("notices", noted.iterator(AT_ONCE))
    handed_in = ("name", "format", "size", "sha256", "options", "is_rehearsal", "state", "made_at", "ended_at")
    counted = ("filed", "already_here", "rejected", "passed")
    yield from _list("imports", user.imports.order_by("pk").values(*handed_in, *counted).iterator(AT_ONCE))
    yield from _list("reports", map(_report, _reports(user)), last=True)
    yield "}\n"


def _list(name: str, rows: Iterable[Any], *, last: bool = False) -> Iterator[str]:
    yield f"{_json(name)}: ["
    for at, row in enumerate(rows):
        yield f"{',' if at else ''}\n{_json(row)}"
    yield f"]{'' if last else ','}\n"


def _json(told: Any) -> str:
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False)


def _account(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "name": user.name,
        "language": user.language,
        "reads": user.reads,
        "uses_keys": user.uses_keys,
        "joined_at": user.date_joined,
        "last_login_at": user.last_login,
        "pseudonym": user.pseudonym,
        "about_the_pseudonym": "What you decided or filed stands in the public log under this name, and stays.",
    }


def _reports(user: User) -> Iterator[Report]:
    said = Message.objects.filter(withdrawn_at=None).order_by("sent_at", "pk")
    own = Report.objects.filter(reporter=user)
    own = own.select_related("artifact", "version", "evidence", "evidence_key", "contact", "credit")
    return own.prefetch_related(Prefetch("messages", said), "attachments").order_by("pk").iterator(AT_ONCE)


def _report(report: Report) -> dict[str, Any]:
    words = report.evidence if hasattr(report, "evidence") else None
    plain = (
        "reference kind context_of_use harm_occurred severity found_by relation tries failures language observed_on"
        " settings visibility consent_version also_affects channel source filed_at reported_at embargo_until"
        " withdrawn_at erased_at"
    )
    return {
        **{name: getattr(report, name) for name in plain.split()},
        "artifact": str(report.artifact),
        "version": str(report.version or ""),
        "summary": words.summary if words else "",
        "what_happened": words.what_happened if words else "",
        "expected": words.expected if words else "",
        "transcript": words.transcript if words else [],
        "contact": _address(report),
        "credit": report.credit.name if hasattr(report, "credit") else "",
        "messages": [
            {
                "from": "you" if said.from_reporter else "triagers",
                "added_to_the_report": said.is_evidence,
                "sent_at": said.sent_at,
                "text": said.text,
            }
            for said in report.messages.all()
        ],
        "attachments": [
            {"format": file.format, "size": file.size, "added_at": file.added_at, "state": file.state}
            for file in report.attachments.all()
            if file.removed_at is None
        ],
    }


def _address(report: Report) -> str:
    """What its reporter left, for themselves. "" if there is none, or the site's key is another by now."""
    try:
        return unseal(bytes(report.contact.sealed_email)) if hasattr(report, "contact") else ""
    except InvalidToken:
        return ""


def close_account(user: User, *, actor: Actor, withdrawing: bool = False, erasing: bool = False) -> None:
    """Delete the account with all that names it. Reports stay, and are nobody's; decisions stay under the pseudonym.

    ``withdrawing``: first withdraw its reports, each in a transaction of its own, so that pressing again goes on where
    it broke off; ``erasing``: and ask that they be erased, which two people decide on. Raises ValidationError if the
    site would stand without somebody it needs.
    """
    may_leave(user)
    if withdrawing or erasing:
        for report in Report.objects.filter(reporter=user, withdrawn_at=None, erased_at=None).order_by("pk"):
            withdraw(report, actor=actor)
    if erasing:
        for report in Report.objects.filter(reporter=user, erased_at=None).order_by("pk"):
            ask(report, actor=actor)
    with transaction.atomic():
        may_leave(user)
        list(Issue.objects.filter(assignee=user).order_by("pk").select_for_update(of=["self"]))
        own = Report.objects.filter(reporter=user).values("pk")
        Contact.objects.filter(report__in=own).delete()
        Credit.objects.filter(report__in=own).delete()
        forget_imports_of(user)
        user.evidence_requests.update(plan="")  # their words; that something was lent stays on the receipts
        record("leave", user, actor=user.pseudonym)
        end_sessions(user)  # else they would tell for days which receipts it had open
        user.delete()


def may_leave(user: User) -> None:
    """Raises ValidationError with a sentence if nobody else holds an office that ``user`` holds and that is needed."""
    roles = [role for offices, _words in NEEDED for role in offices]
    standing = Grant.objects.filter(role__in=roles, ended_at=None, user__is_active=True)
    if transaction.get_connection().in_atomic_block:  # two who leave at once must not both count on the other
        standing = standing.select_for_update(of=["self"])
    held = list(standing.order_by("pk"))
    for offices, words in NEEDED:
        holders = {grant.user_id for grant in held if grant.role in offices}
        if holders == {user.pk}:
            raise ValidationError(str(words), code="needed")
