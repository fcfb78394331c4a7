"""Who runs this site and by which rules, for everybody."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, get_language_info
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from reports.conditional import public_page, release, tag_of, unless_known
from reports.governance import Statement, statement, statements

EXPIRES = timedelta(days=180)  # RFC 9116 recommends less than a year


@open_to_all
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    language = _language()
    told = {"lines": [line(each, language) for each in statements(language)], "operator": operator()}
    return public_page(request, "reports/about.html", told)


@open_to_all
@require_safe
def governance(request: HttpRequest, slug: str) -> HttpResponse:
    language = _language()
    shown = statement(slug, language)
    if shown is None:
        raise Http404
    told = {
        **line(shown, language),
        "html": shown.html,
        "asks_operator": slug == "operator",
        "operator": operator(),
        "security": contact(settings.SECURITY_CONTACT) if slug == "security" else None,
    }
    return public_page(request, "reports/governance.html", told)


@open_to_all
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to tell of a flaw in this site, as RFC 9116 writes it. It expires by the day, so that it stays the same."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = datetime.combine(datetime.now(UTC).date() + EXPIRES, time(), tzinfo=UTC)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Canonical: {settings.SITE_URL}{reverse('security_txt')}",
        f"Policy: {settings.SITE_URL}{reverse('governance', args=['security'])}",
    ]
    words = "".join(f"{each}\r\n" for each in lines)
    return unless_known(
        request, tag_of(release(), words), lambda: HttpResponse(words, content_type="text/plain; charset=utf-8")
    )


def line(each: Statement, asked: str) -> dict[str, Any]:
    """A page as a list names it; ``other_language`` only where it is not the one asked for."""
    spoken = get_language_info(each.language)
    other = each.language != asked
    return {
        "slug": each.slug,
        "title": each.title,
        "summary": each.summary,
        "other_language": each.language if other else "",
        "language_name": spoken["name_local"] if other else "",
        "dir": ("rtl" if spoken["bidi"] else "ltr") if other else "",
    }


def operator() -> dict[str, Any]:
    return {"name": settings.OPERATOR_NAME, "contact": contact(settings.OPERATOR_CONTACT)}


def contact(address: str) -> dict[str, str] | None:
    """A link, and its words; None if there is none."""
    return (
        {"href": address, "words": urlsplit(address).path if address.startswith("mailto:") else address}
        if address
        else None
    )


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
