"""Keeping a report in an account: whoever has it open and is signed in may, once."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.policy import Actor
from reports.models import Report
from reports.notices import forget_contact
from reports.speaking import speak
from reports.standing import issue_of
from reports.voices import voice_key


def adopt(report: Report, *, actor: Actor) -> None:
    """From now on the report is ``actor``'s, and theirs is its voice: one person is one voice. Copies that nobody keeps
    follow it, as they would have if they had come later.

    The address left with it is erased; the account is told instead. Call it only for whoever gave the code: an e-mail
    address proves nothing. Raises ValidationError if somebody keeps it already.
    """
    if actor.user_id is None:
        raise ValidationError(_("Sign in first."), code="account")
    with transaction.atomic():
        held = Report.objects.select_for_update(of=["self"], no_key=True).get(pk=report.pk)
        if held.reporter_id == actor.user_id:
            return
        if held.reporter_id is not None:
            raise ValidationError(_("Somebody keeps this report in their account already."), code="adopted")
        held.reporter_id = actor.user_id
        before = held.voice_key
        held.voice_key = voice_key(
            user_id=actor.user_id, network="", source=held.source, author="", reference=held.reference
        )
        held.save(update_fields=["reporter", "voice_key"])
        Report.objects.filter(copy_of=held, reporter=None, voice_key=before).update(voice_key=held.voice_key)
        forget_contact(held.pk)
        speak("adopt", held, issue_of(held), actor=actor)
