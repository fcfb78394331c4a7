"""Who took an audit away is an act as well: an event tells in which form, and what was asked for, in codes."""

from django.db import models

from ledger.record import record
from triage.audit.asked import AuditForm
from triage.audit.lines import EXPORT


def note_taken(form: AuditForm, written: str, *, by: str) -> None:
    """``form`` is valid, ``written`` the name of what it was written as, ``by`` the pseudonym of who has it now.

    The event names no row: else the bundle of an issue would not be the same any more once somebody has taken it.
    """
    asked = {name: value for name, value in form.cleaned_data.items() if value and name != "before"}
    codes = [f"{name} {value.pk if isinstance(value, models.Model) else value}" for name, value in asked.items()]
    record(EXPORT, actor=by, form=written, asked=codes)
