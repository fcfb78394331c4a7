"""How to cite an issue: one line for people, one entry for BibTeX."""

from datetime import date

from django.conf import settings
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from reports.models import Issue
from reports.story import APART

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}


def in_words(issue: Issue, *, read_on: date) -> str:
    published = issue.published_at.date() if issue.published_at else read_on
    told = {
        "number": issue.number or "",
        "title": issue.public_title,
        "published": published.isoformat(),
        "read": read_on.isoformat(),
        "address": f"{settings.SITE_URL}{issue.get_absolute_url()}",
    }
    if get_language_bidi():  # what runs the other way is kept together; elsewhere nothing unseen is copied along
        told = {name: words.join(APART) for name, words in told.items()}
    return _("Telltale %(number)s. %(title)s (published %(published)s, read %(read)s). %(address)s") % told


def in_bibtex(issue: Issue, *, read_on: date) -> str:
    """An ``@misc`` entry, its braces balanced whatever the title holds."""
    published = issue.published_at.date() if issue.published_at else read_on
    title = "".join(SPECIAL.get(char, char) for char in issue.public_title)
    dates = f"published {published.isoformat()}, read {read_on.isoformat()}"
    return "\n".join(
        [
            f"@misc{{{issue.number},",
            f"  title        = {{{{{title}}}}},",
            "  author       = {{Telltale}},",
            f"  year         = {{{published.year}}},",
            f"  note         = {{Issue {issue.number}, {dates}}},",
            f"  howpublished = {{\\url{{{settings.SITE_URL}{issue.get_absolute_url()}}}}}",
            "}",
        ]
    )
