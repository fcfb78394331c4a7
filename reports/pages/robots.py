"""What programs that walk the web are told: which pages there are, and which are not for them."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from reports import sitemap
from reports.conditional import tag_of, unless_known
from reports.sitemap import MOST, SECTIONS, Place

# Somebody's own pages, the desks, what only answers a form; and no program asks for words that are blurred.
CLOSED = ("mine", "own_account", "notices", "report_check", "report_draft", "api_file_report")
PATTERNS = (
    "/triage/",
    "/maintain/",
    "/accounts/",
    "/admin/",
    "/files/",
    "/language/",
    "/issues/*/too/",
    "/*?show=",
    "/*&show=",
)

PARTS = 100_000  # more than anybody has


@open_to_all
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    closed = [*(reverse(name) for name in CLOSED), *PATTERNS]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), "Allow: /", ""]
    words = "\n".join([*lines, f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}", ""])
    return unless_known(request, tag_of(words), lambda: HttpResponse(words, content_type="text/plain; charset=utf-8"))


@open_to_all
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For whoever asks for the mark without having read where it is."""
    return redirect(static("img/mark.svg"))


@open_to_all
@require_safe
def map_of_site(request: HttpRequest) -> HttpResponse:
    """All of it, or the list of its parts where that is too much for one file."""
    if sitemap.size() <= MOST:
        return _sent(request, [place for section in SECTIONS for place in sitemap.places(section, 1)])
    listed = [Place(reverse("sitemap_part", args=part)) for part in sitemap.parts()]
    return _sent(request, listed, is_index=True)


@open_to_all
@require_safe
def part_of_map(request: HttpRequest, section: str, part: int) -> HttpResponse:
    found = sitemap.places(section, part) if section in SECTIONS and 0 < part < PARTS else []
    if not found:
        raise Http404
    return _sent(request, found)


def _sent(request: HttpRequest, found: list[Place], *, is_index: bool = False) -> HttpResponse:
    modified = max((place.modified for place in found if place.modified), default=None)

    def make() -> HttpResponse:
        words = sitemap.written(found, is_index=is_index)
        return HttpResponse(words, content_type="application/xml; charset=utf-8")

    return unless_known(request, tag_of(settings.SITE_URL, is_index, found), make, modified=modified)
