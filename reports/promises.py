"""What is said before a report is sent: who reads it, what becomes public and when, how long it stays, how to undo it.

Said only as far as something here keeps it; a rule that is planned and not yet kept is not promised.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.vocabulary import HELD_BACK_KINDS, Visibility
from reports.workdays import day_in_words

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # signs that begin or end a direction
READ_BY: dict[str, Promise] = {
    Visibility.PUBLIC_AFTER_REVIEW: gettext_lazy(
        "If a triager tells those who answer for the model, they read it too, without what was redacted."
    ),
    Visibility.PRIVATE: gettext_lazy("Those who answer for the model do not read it."),
}
PUBLISHED: dict[str, Promise] = {
    Visibility.PUBLIC_AFTER_REVIEW: gettext_lazy(
        "Of your words the summary may become its title. From the rest and from the conversation only passages that a "
        "person chooses are shown."
    ),
    Visibility.PUBLIC_WITHOUT_TRANSCRIPT: gettext_lazy(
        "Of your words the summary may become its title, and a person may choose passages. Nothing of the conversation "
        "is shown."
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One question that people ask before they send, and the sentences that answer it."""

    question: str | Promise
    sentences: tuple[str | Promise, ...]


def promises(answers: Mapping[str, Any], *, has_account: bool, draft_days: int) -> list[Told]:
    """The sentences for one report. ``answers`` are those it would be filed with, as the API takes them."""
    visibility = answers.get("visibility") or Visibility.PUBLIC_AFTER_REVIEW
    has_contact = bool(answers.get("contact_email"))
    return [
        Told(_("Who will see it?"), _who(visibility, has_contact)),
        Told(_("When may it become public?"), _when(visibility, answers)),
        Told(_("How long is it kept?"), _how_long(draft_days, has_contact)),
        Told(_("How can I take it back?"), _how_back()),
        Told(_("What do you know about me?"), _known_of_me(has_account)),
    ]


def _who(visibility: str, has_contact: bool) -> tuple[str | Promise, ...]:
    told: tuple[str | Promise, ...] = (
        _("The people who triage reports on this site read all of it."),
        READ_BY.get(visibility, READ_BY[Visibility.PUBLIC_AFTER_REVIEW]),
    )
    return (*told, _("Nobody is shown your e-mail address. The site writes to it for them.")) if has_contact else told


def _when(visibility: str, answers: Mapping[str, Any]) -> tuple[str | Promise, ...]:
    if visibility == Visibility.PRIVATE:
        return (
            _("Nothing that you write is published."),
            _("If others report the same, an issue may be published from what they wrote. Yours is counted in it."),
        )
    told: list[str | Promise] = []
    if ends := answers.get("embargo_until"):
        told.append(_("Nothing of it before %(day)s.") % {"day": day_in_words(datetime.fromisoformat(ends))})
    if answers.get("kind") in HELD_BACK_KINDS:
        told.append(_("A person has to confirm it. Reports of this kind are published only by a further decision."))
    else:
        told.append(_("Not before a person has confirmed it. No day is set for that."))
    told.append(PUBLISHED.get(visibility, PUBLISHED[Visibility.PUBLIC_AFTER_REVIEW]))
    if name := answers.get("credit_name"):
        told.append(_("You are thanked by the name %(name)s.") % {"name": _apart(name)})
    return tuple(told)


def _apart(name: str) -> str:
    """The name, so that it turns no word around it, whichever way it is written and whatever signs it holds."""
    plain = "".join(sign for sign in name if unicodedata.bidirectional(sign) not in TURNING)
    return f"\N{FIRST STRONG ISOLATE}{plain}\N{POP DIRECTIONAL ISOLATE}"


def _how_long(draft_days: int, has_contact: bool) -> tuple[str, ...]:
    told = [
        _("Unsent, what you wrote is deleted %(days)d days after you last saved it.") % {"days": draft_days},
        _sent(settings.RETAIN_EVIDENCE_MONTHS),
    ]
    if has_contact:
        told.append(
            _("Your e-mail address is kept encrypted, until you withdraw the report, have it erased or stop its mails.")
        )
        if days := settings.RETAIN_CONTACT_DAYS:
            closed = ngettext(
                "It is also deleted %(days)d day after the issue is closed.",
                "It is also deleted %(days)d days after the issue is closed.",
                days,
            )
            told.append(closed % {"days": days})
    return tuple(told)


def _sent(months: int) -> str:
    """``reports.retention`` keeps this."""
    if not months:
        return _("Once sent, it is kept until it is erased. No day is set at which that happens by itself.")
    over = ngettext(
        "Once sent, it is erased by itself %(months)d month after you last wrote. If it belongs to a published issue, "
        "it is kept until somebody asks that it be erased.",
        "Once sent, it is erased by itself %(months)d months after you last wrote. If it belongs to a published issue, "
        "it is kept until somebody asks that it be erased.",
        months,
    )
    return over % {"months": months}


def _how_back() -> tuple[str, ...]:
    return (
        _("You get a receipt code next. With it you can withdraw the report at any time, without an account."),
        _("What was published of it is then taken away. That a report was filed stays in the counts."),
        _("You can also ask that it be erased. Two people decide, and what you wrote is then gone for good."),
    )


def _known_of_me(has_account: bool) -> tuple[str, ...]:
    if has_account:
        return (
            _("You are signed in, so the report stands among the reports of your account."),
            _("Your network address is not stored."),
        )
    return (
        _("Your network address is not stored."),
        _("To tell many voices from one, a code is made of your network that is no longer linked to it after a day."),
    )
