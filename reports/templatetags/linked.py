"""``{% linked_data document %}`` for the head of a page, and ``{% linked_site %}`` for that of the first one.

``document`` comes from ``reports.linked.issue`` or ``reports.linked.artifact``; without one nothing is drawn.
"""

from django import template
from django.utils.safestring import SafeString

from reports import linked

register = template.Library()


@register.simple_tag
def linked_data(document: linked.Node | None) -> SafeString:
    return linked.as_script(document) if document else SafeString()


@register.simple_tag
def linked_site() -> SafeString:
    return linked.as_script(linked.site())
