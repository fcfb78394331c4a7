"""Atom feeds of the public record: one for the site, as narrow as its list, and one for each artifact.

One and the same for everybody, signed in or not: a feed is read by programs, and kept by them. An issue that leaves the
record leaves its feeds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from accounts.policy import ANONYMOUS
from reports.conditional import release, tag_of, unless_known
from reports.exporters.records import Record, records_of
from reports.filters import RecordFilter
from reports.models import Artifact
from reports.pages.artifact import of_artifact
from reports.record import issues_on_record, latest_first, on_record
from reports.vocabulary import Kind, Resolution, Severity, Status

MOST = 50  # issues, those that were decided on last
EMPTY_SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # when a feed changed that nothing stands in


@open_to_all
@require_safe
def issues_feed(request: HttpRequest) -> HttpResponse:
    """Every issue on record, or those that the parameters of the list (``q``, ``kind``, ``state``, …) leave."""
    narrowed = RecordFilter(request.GET, issues_on_record(ANONYMOUS), request=request, actor=ANONYMOUS)
    kind = dict(Kind.choices).get(request.GET.get("kind", ""))
    title = _("Issues on record: %(kind)s") % {"kind": kind} if kind else _("Issues on record")
    return _feed(request, title, reverse("issues"), list(records_of(list(latest_first(narrowed.qs)[:MOST]))))


@open_to_all
@require_safe
@of_artifact
def artifact_feed(request: HttpRequest, shown: Artifact) -> HttpResponse:
    of_it = on_record(ANONYMOUS).filter(artifact=shown).values("issue")
    records = list(records_of(list(issues_on_record(ANONYMOUS).filter(pk__in=of_it)[:MOST])))
    return _feed(request, _("Issues of %(artifact)s") % {"artifact": shown}, shown.get_absolute_url(), records)


def _feed(request: HttpRequest, title: str, address: str, records: Sequence[Record]) -> HttpResponse:
    language = get_language() or settings.LANGUAGE_CODE

    def make() -> HttpResponse:
        feed = Atom1Feed(
            title=f"{title} · Telltale",
            link=f"{settings.SITE_URL}{address}",
            feed_url=f"{settings.SITE_URL}{request.get_full_path()}",
            feed_guid=_tag(request.get_full_path()),
            description=_("What people found wrong with AI models, who answered, and how it ended."),
            language=language,
        )
        for record in records:
            feed.add_item(
                title=f"{record.number} {record.title}",
                link=record.url,
                unique_id=_tag(f"/issues/{record.number}/"),
                description=_told(record),
                pubdate=record.published,
                updateddate=record.modified,
                categories=(record.kind, *(each.full_name for each in record.standings)),
                author_name="Telltale",
            )
        if not records:
            feed.latest_post_date = lambda: EMPTY_SINCE  # type: ignore[method-assign] # else it says "now" each time
        return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)

    return unless_known(request, tag_of(release(), language, request.get_full_path(), records), make)


def _tag(path: str) -> str:
    """An id that stays when the site moves to another protocol or port (RFC 4151)."""
    return f"tag:{settings.SITE_HOST},2026:{path}"


def _told(record: Record) -> str:
    """As HTML, which is what readers take it for: whatever was written is text in it."""
    state = Resolution(record.resolution).label if record.resolution else Status(record.status).label
    facts = [str(state), str(Kind(record.kind).label)]
    if record.severity != Severity.NOT_SURE:
        facts.append(_("severity: %(severity)s") % {"severity": Severity(record.severity).label})
    facts += [each.full_name for each in record.standings]
    words = "\n\n".join(filter(None, [record.summary, " · ".join(facts)]))
    return escape(words).replace("\n", "<br>")
