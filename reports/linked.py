"""Pages as schema.org reads them: JSON-LD with its vocabulary named inline, so that nobody has to fetch anything.

Says nothing that the page does not say. Dates are ISO 8601; what is not known is left out.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from reports.models import Artifact, Issue, Version
from reports.record import affected_of, modified_at
from reports.vocabulary import ArtifactKind

CONTEXT = {"@vocab": "https://schema.org/"}
TYPES = {ArtifactKind.DATASET: "Dataset"}
LANDMARKS = 50  # artifacts of one issue that are named
# No letter that could end the script element, open a comment in it, or end a line of an older JavaScript
ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}

Node = dict[str, Any]


def site() -> Node:
    """The site, and how it is searched."""
    search = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": f"{_absolute(reverse('issues'))}?q={{search_term_string}}"},
        "query-input": "required name=search_term_string",
    }
    about = {"@type": "WebSite", "@id": _absolute("/"), "url": _absolute("/"), "name": "Telltale"}
    return _document([about | {"potentialAction": search}])


def issue(shown: Issue) -> Node:
    """An issue that was fetched through ``record.issues_on_record``."""
    address = _absolute(shown.get_absolute_url())
    report = {
        "@type": "Report",
        "@id": address,
        "url": address,
        "reportNumber": shown.number,
        "identifier": shown.number,
        "name": shown.public_title,
        "abstract": shown.public_summary,
        "keywords": str(shown.get_kind_display()),
        "creativeWorkStatus": shown.resolution or shown.status,
        "datePublished": _iso(shown.published_at),
        "dateModified": _iso(modified_at(shown)),
        "isAccessibleForFree": True,
        "publisher": {"@type": "Organization", "name": "Telltale", "url": _absolute("/")},
        "about": [named(row.artifact) for row in affected_of(shown)[:LANDMARKS]],
        "encoding": {
            "@type": "MediaObject",
            "encodingFormat": "application/json",
            "contentUrl": _absolute(reverse("issue_twin", args=[shown.number])),
        },
    }
    trail = [(_("Issues"), reverse("issues")), (shown.number or "", shown.get_absolute_url())]
    return _document([_given(report), _crumbs(trail)])


def artifact(shown: Artifact, versions: Iterable[Version] = (), *, parents: Iterable[Artifact] = ()) -> Node:
    """An artifact with a page; of ``versions``, the newest first, and ``parents`` those that its page names."""
    newest = next(iter(versions), None)
    facts = named(shown) | {
        "creator": {"@type": "Organization", "name": shown.developer} if shown.developer else None,
        "provider": {"@type": "Organization", "name": shown.deployer} if shown.deployer else None,
        "description": shown.intended_use,
        "softwareVersion" if shown.kind != ArtifactKind.DATASET else "version": newest.name if newest else None,
        "isBasedOn": [named(parent) for parent in parents],
    }
    listed = f"{shown.kind}s"
    trail = [(listed.capitalize(), reverse("artifacts", args=[listed])), (str(shown), shown.get_absolute_url())]
    return _document([_given(facts), _crumbs(trail)])


def named(shown: Artifact) -> Node:
    """An artifact by its name, and by its address if it has one."""
    address = None if shown.is_unknown else _absolute(shown.get_absolute_url())
    told = {
        "@type": TYPES.get(ArtifactKind(shown.kind), "SoftwareApplication"),
        "@id": address,
        "url": address,
        "name": str(shown),
        "alternateName": shown.title,
    }
    return _given(told)


def as_script(document: Node) -> SafeString:
    """A data block for a page's head: no browser runs it, whatever stands in it, and no words can end it."""
    words = json.dumps(document, ensure_ascii=False, separators=(",", ":")).translate(ESCAPED)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(words))  # noqa: S308 (nothing in it can end the element)


def _document(nodes: Sequence[Node]) -> Node:
    return {"@context": CONTEXT, "@graph": list(nodes)}


def _crumbs(trail: Sequence[tuple[str, str]]) -> Node:
    """Where the page stands: names and paths, from the top."""
    steps = [
        {"@type": "ListItem", "position": place, "name": str(name), "item": _absolute(path)}
        for place, (name, path) in enumerate(trail, start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": steps}


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _iso(moment: datetime | date | None) -> str | None:
    return moment.isoformat() if moment else None


def _given(node: Node) -> Node:
    """What is known of it."""
    return {name: value for name, value in node.items() if value not in (None, "", [])}
