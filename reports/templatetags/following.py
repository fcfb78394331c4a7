"""Whether the reader follows the thing a page is about, and what was said with the reporter of a report."""

from collections.abc import Mapping
from typing import Any

from django import template

from accounts.models import User
from reports.correspondence import Thread, thread_of
from reports.models import Report
from reports.notices import follows

register = template.Library()


@register.simple_tag(takes_context=True)
def following(context: Mapping[str, Any], subject: str, known: object = None) -> bool:
    """Asks for those who are signed in, unless the page knows it already."""
    if isinstance(known, bool):
        return known
    user = context.get("user")
    return isinstance(user, User) and follows(user, subject)


@register.simple_tag
def said_about(report: Report | None) -> Thread | None:
    """The thread with the reporter, as the desk reads it."""
    return thread_of(report) if report is not None else None
