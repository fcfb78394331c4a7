"""Whether the reader follows the thing a page is about."""

from collections.abc import Mapping
from typing import Any

from django import template

from accounts.models import User
from reports.notices import follows

register = template.Library()


@register.simple_tag(takes_context=True)
def following(context: Mapping[str, Any], subject: str, known: object = None) -> bool:
    """Asks for those who are signed in, unless the page knows it already."""
    if isinstance(known, bool):
        return known
    user = context.get("user")
    return isinstance(user, User) and follows(user, subject)
