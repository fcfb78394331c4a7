"""Atom feeds of the public record: one for the site, as narrow as its list, one for each artifact, one of signals.

One and the same for everybody, signed in or not: a feed is read by programs, and kept by them. An issue that leaves the
record leaves its feeds.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from accounts.policy import ANONYMOUS
from reports.conditional import release, tag_of, unless_known
from reports.emerging import NOT_A_RATE, confirmed, told_by
from reports.exporters.records import Record, records_of
from reports.filters import RecordFilter
from reports.models import Artifact, Signal
from reports.pages.artifact import of_artifact
from reports.record import issues_on_record, latest_first, on_record
from reports.stubs import Announced, announced
from reports.vocabulary import Kind, Resolution, Severity, Status

MOST = 50  # issues, those that were decided on last
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0
EMPTY_SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # when a feed changed that nothing stands in


@open_to_all
@require_safe
def issues_feed(request: HttpRequest) -> HttpResponse:
    """Every issue on record, or those that the parameters of the list (``q``, ``kind``, ``state``, …) leave."""
    narrowed = RecordFilter(request.GET, issues_on_record(ANONYMOUS), request=request, actor=ANONYMOUS)
    kind = dict(Kind.choices).get(request.GET.get("kind", ""))
    title = _("Issues on record: %(kind)s") % {"kind": kind} if kind else _("Issues on record")
    leaves = _leaves(records_of(list(latest_first(narrowed.qs)[:MOST])))
    if not request.GET:  # nothing is told of what is under embargo by which it could be chosen
        leaves += [_of_stub(stub) for stub in announced(most=MOST)]
    return _feed(request, title, reverse("issues"), leaves)


@open_to_all
@require_safe
@of_artifact
def artifact_feed(request: HttpRequest, shown: Artifact) -> HttpResponse:
    of_it = on_record(ANONYMOUS).filter(artifact=shown).values("issue")
    records = records_of(list(issues_on_record(ANONYMOUS).filter(pk__in=of_it)[:MOST]))
    leaves = [*_leaves(records), *(_of_stub(stub) for stub in announced(artifact_id=shown.pk, most=MOST))]
    return _feed(request, _("Issues of %(artifact)s") % {"artifact": shown}, shown.get_absolute_url(), leaves)


@open_to_all
@require_safe
def signals_feed(request: HttpRequest) -> HttpResponse:
    """The early warnings that a person confirmed last."""
    leaves = [_of_signal(signal) for signal in confirmed(ANONYMOUS)[:MOST]]
    return _feed(request, _("Signals"), reverse("signals"), leaves)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing that a feed tells; ``path`` is its id, and ``words`` are HTML."""

    title: str
    path: str
    words: str
    published: datetime
    modified: datetime
    categories: tuple[str, ...]


def _feed(request: HttpRequest, title: str, address: str, leaves: Sequence[Leaf]) -> HttpResponse:
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
        for leaf in leaves:
            feed.add_item(
                title=_in_xml(leaf.title),
                link=f"{settings.SITE_URL}{leaf.path}",
                unique_id=_tag(leaf.path),
                description=_in_xml(leaf.words),
                pubdate=leaf.published,
                updateddate=leaf.modified,
                categories=leaf.categories,
                author_name="Telltale",
            )
        if not leaves:
            feed.latest_post_date = lambda: EMPTY_SINCE  # type: ignore[method-assign] # else it says "now" each time
        return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)

    return unless_known(request, tag_of(release(), language, request.get_full_path(), leaves), make)


def _of_stub(stub: Announced) -> Leaf:
    """One line, as the page that announces it."""
    told = {"artifacts": _(", ").join(name for name, _address in stub.artifacts), "moment": stub.moments[0][1]}
    return Leaf(
        title=_("%(number)s is under embargo") % {"number": stub.number},
        path=stub.path,
        words=escape(_("About %(artifacts)s. Not public before %(moment)s.") % told),
        published=stub.announced_at,
        modified=stub.announced_at,
        categories=(),
    )


def _leaves(records: Iterable[Record]) -> list[Leaf]:
    return [
        Leaf(
            title=f"{record.number} {record.title}",
            path=f"/issues/{record.number}/",
            words=_told(record),
            published=record.published,
            modified=record.modified,
            categories=(record.kind, *(each.full_name for each in record.standings)),
        )
        for record in records
    ]


def _of_signal(signal: Signal) -> Leaf:
    about = signal.issue.public_title if signal.issue else str(signal.artifact)
    moment = signal.judged_at or signal.opened_at
    numbers = {
        "observed": number_format(round(signal.observed)),
        "expected": number_format(round(signal.expected, 1), 1),
    }
    compared = _("%(observed)s seen where %(expected)s were expected.") % numbers
    words = f"{compared} {NOT_A_RATE}" if signal.expected else told_by(signal.detector)
    return Leaf(about, signal.get_absolute_url(), escape(words), moment, moment, (signal.detector,))


def _in_xml(words: str) -> str:
    """Whatever was pasted, a terminal's controls too: one title that cannot be written must not take the feed away."""
    return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", words)


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
