"""Which pages search engines should know: those of the record that everybody may read, and when each last changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Greatest
from django.urls import reverse

from accounts.policy import ANONYMOUS
from reports.governance import statements
from reports.models import Affected
from reports.models.artifact import ArtifactQuerySet
from reports.models.issue import IssueQuerySet
from reports.record import artifacts_with_pages, issues_on_record, with_tallies
from reports.vocabulary import ArtifactKind

MOST = 10_000  # addresses in one file; 50,000 is what search engines take
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
SECTIONS = ("pages", "artifacts", "issues")
FIXED = ("home", "issues", "signals", "transparency", "dumps", "about")  # pages without rows of their own, by name


@dataclass(frozen=True, slots=True)
class Place:
    """One address of the site, or of a part of the map; when it changed, if that is known."""

    path: str
    modified: datetime | None = None


def size() -> int:
    """How many addresses there are in all."""
    return len(pages()) + _artifacts().count() + _issues().count()


def parts() -> list[tuple[str, int]]:
    """Names of the files that the map is in, where it is more than one: section and number, from 1."""
    counts = {"pages": len(pages()), "artifacts": _artifacts().count(), "issues": _issues().count()}
    return [(section, part) for section in SECTIONS for part in range(1, -(-counts[section] // MOST) + 1)]


def places(section: str, part: int) -> list[Place]:
    """Those of one file, in an order that only what is public decides."""
    start = (part - 1) * MOST
    if section == "pages":
        return pages()[start : start + MOST]
    return list(_of_artifacts(start) if section == "artifacts" else _of_issues(start))


def pages() -> list[Place]:
    lists = [reverse("artifacts", args=[f"{kind}s"]) for kind in ArtifactKind.values]
    told = [reverse("governance", args=[each.slug]) for each in statements(settings.LANGUAGE_CODE)]
    return [Place(path) for path in (*(reverse(name) for name in FIXED), *lists, *told)]


def written(found: Sequence[Place], *, is_index: bool = False) -> str:
    """As XML; ``is_index``: the places are files of the map."""
    around, each = ("sitemapindex", "sitemap") if is_index else ("urlset", "url")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{around} xmlns="{NAMESPACE}">']
    for place in found:
        changed = f"<lastmod>{place.modified.isoformat()}</lastmod>" if place.modified else ""
        lines.append(f"<{each}><loc>{escape(settings.SITE_URL + place.path)}</loc>{changed}</{each}>")
    return "\n".join([*lines, f"</{around}>", ""])


def _artifacts() -> ArtifactQuerySet:
    return artifacts_with_pages(ANONYMOUS).order_by("pk")


def _issues() -> IssueQuerySet:
    """Issues on record with ``decided``: when anything was last decided in public of them or of an artifact in them."""
    of_it = Affected.objects.visible_to(ANONYMOUS).filter(issue=OuterRef("pk")).order_by().values("issue")
    decided = Subquery(of_it.annotate(at=Max(Greatest("stated_at", "resolved_at"))).values("at"))
    changed = Greatest("confirmed_at", "published_at", "resolved_at", decided)
    return issues_on_record(ANONYMOUS).prefetch_related(None).order_by("pk").annotate(decided=changed)


def _of_issues(start: int) -> Iterator[Place]:
    rows: Any = _issues()  # annotated
    for number, modified in rows.values_list("number", "decided")[start : start + MOST]:
        yield Place(reverse("issue", args=[number]), modified)


def _of_artifacts(start: int) -> Iterator[Place]:
    rows = with_tallies(artifacts_with_pages(ANONYMOUS), ANONYMOUS).order_by("pk")
    for shown in rows[start : start + MOST]:
        latest: datetime | None = shown.latest_at  # type: ignore[attr-defined] # annotated
        known = [moment for moment in (shown.confirmed_at, latest) if moment]
        yield Place(shown.get_absolute_url(), max(known, default=None))
