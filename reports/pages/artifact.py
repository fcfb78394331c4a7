"""The page of one model, system or dataset."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from accounts.policy import Actor
from reports.conditional import public_page
from reports.lines import Line
from reports.models import Artifact
from reports.naming import find_artifact
from reports.pages.directory import KINDS
from reports.record import (
    STANDS,
    artifacts_with_pages,
    issues_of,
    lineage_of,
    tally_of,
    versions_of,
    weekly_voices,
)
from reports.vocabulary import ArtifactKind, Relation

PAGE = 25  # rows
ALL = "all"
GROUPS = {ALL: _("All"), "open": _("Open"), "resolved": _("Resolved"), "not_affected": _("Not affected")}
# How a child came from this artifact, said from here.
OFFSPRING = {
    Relation.FINE_TUNED_FROM: _("fine-tuned from it"),
    Relation.QUANTISED_FROM: _("quantised from it"),
    Relation.MERGED_FROM: _("merged from it"),
    Relation.TRAINED_ON: _("trained on it"),
    Relation.BUILT_ON: _("built on it"),
}


@open_to_all
@require_safe
def artifact(request: HttpRequest, kind: ArtifactKind, org: str, name: str) -> HttpResponse:
    """The page of one artifact; another of its names, or one it was merged from, leads to it."""
    actor = actor_of(request)
    shown = artifact_meant(kind, org, name, actor)
    if (shown.org, shown.name) != (org, name):
        return HttpResponsePermanentRedirect(shown.get_absolute_url())
    tally = tally_of(shown, actor)
    state = request.GET.get("state", ALL)
    rows = issues_of(shown, actor)
    paginator = Paginator(rows.filter(STANDS[state]) if state in STANDS else rows, PAGE)
    paginator.count = tally[state] if state in STANDS else sum(tally[name] for name in STANDS)  # counted above
    page = paginator.get_page(request.GET.get("page"))
    released = releases(shown, actor)
    told = {
        "artifact": card_of(shown),
        "figures": figures(tally),
        "tabs": tabs(tally, state),
        "groups": grouped([Line.for_artifact(row) for row in page], tally),
        "total": paginator.count,
        "releases": released,
        "flags": [release for release in released if release.on and not release.is_alias],
        "lineage": tree(shown, actor),
        "weeks": weekly_voices(shown, actor, until=timezone.now().date()),
    }
    frame: dict[str, Any] = {
        "page": page,
        "report_url": report_url(shown),
        "subject": f"artifact:{shown.pk}",
        "desk": shown.pk,
    }
    return public_page(request, "reports/artifact.html", told, **frame)


def artifact_meant(kind: ArtifactKind, org: str, name: str, actor: Actor) -> Artifact:
    """The artifact with a page that has this name, had it, or was merged from one that has it. Raises Http404."""
    if "\x00" in org + name:  # PostgreSQL knows no such text
        raise Http404
    pages = artifacts_with_pages(actor)
    if shown := pages.called(kind, org, name).first():
        return shown
    meant = find_artifact(kind, org, name)
    if meant is None or not pages.filter(pk=meant.pk).exists():
        raise Http404
    return meant


def report_url(artifact: Artifact) -> str:
    kind = {} if artifact.kind == ArtifactKind.MODEL else {"kind": artifact.kind}
    return f"{reverse('report')}?{urlencode({'model': str(artifact), **kind})}"


def card_of(artifact: Artifact) -> dict[str, Any]:
    """What the artifact is, and what its card promises."""
    return {
        "name": str(artifact),
        "org": artifact.org,
        "title": artifact.title,
        "kind": artifact.kind,
        "kind_word": artifact.get_kind_display(),
        "kinds_word": str(KINDS[ArtifactKind(artifact.kind)]),
        "kinds_url": reverse("artifacts", args=[f"{artifact.kind}s"]),
        "access": artifact.get_access_display(),
        "developer": artifact.developer,
        "deployer": artifact.deployer,
        "since": artifact.confirmed_at,
        "is_public": artifact.confirmed_at is not None,
        "other_names": [alias.name for alias in artifact.aliases.order_by("name")],
        "promises": [
            {"on": str(_("Intended use")), "says": artifact.intended_use},
            {"on": str(_("Known limitations")), "says": artifact.known_limitations},
            {"on": str(_("Data collection")), "says": artifact.data_collection},
        ],
    }


def figures(tally: dict[str, int]) -> list[dict[str, Any]]:
    """The numbers at the head of the page, a sentence each."""
    open_words = ngettext("issue open", "issues open", tally["open"])
    if tally["disputed"]:
        open_words = _("%(words)s, %(disputed)d disputed") % {"words": open_words, "disputed": tally["disputed"]}
    resolved_words = _("resolved, %(fixed)d of them fixed") if tally["fixed"] else _("resolved")
    told = [
        {"number": tally["open"], "words": str(open_words)},
        {"number": tally["resolved"], "words": str(resolved_words) % {"fixed": tally["fixed"]}},
    ]
    if tally["not_affected"]:
        told.append({"number": tally["not_affected"], "words": str(_("looked into, and not affected"))})
    return told


def tabs(tally: dict[str, int], state: str) -> list[dict[str, Any]]:
    counts = {ALL: sum(tally[name] for name in STANDS), **{name: tally[name] for name in STANDS}}
    return [
        {
            "words": str(words),
            "href": f"?{urlencode({'state': name})}" if name != ALL else "?",
            "count": counts[name],
            "is_here": name == state or (name == ALL and state not in STANDS),
        }
        for name, words in GROUPS.items()
        if counts[name] or name != "not_affected"
    ]


def grouped(lines: list[Line], tally: dict[str, int]) -> list[dict[str, Any]]:
    """The page's lines under the heading each stands under, with the whole number of that heading."""
    return [
        {"words": str(GROUPS[name]), "count": tally[name], "lines": of_it}
        for name in STANDS
        if (of_it := [line for line in lines if line.stands == name])
    ]


@dataclass(frozen=True, slots=True)
class Release:
    name: str
    on: date | None
    fixed: int
    is_newest: bool
    is_alias: bool


def releases(artifact: Artifact, actor: Actor) -> list[Release]:
    """The newest first."""
    versions: list[Any] = list(versions_of(artifact, actor))  # with their fixes, which the type does not know
    newest = next((version.pk for version in versions if not version.is_alias and version.position is not None), None)
    return [
        Release(version.name, version.released_on, version.fixes, version.pk == newest, version.is_alias)
        for version in versions
    ]


def tree(artifact: Artifact, actor: Actor) -> dict[str, list[dict[str, str]]]:
    parents, children = lineage_of(artifact, actor)
    return {
        "parents": [leaf(step.parent, Relation(step.relation).label) for step in parents],
        "children": [leaf(step.child, OFFSPRING[Relation(step.relation)]) for step in children],
    }


def leaf(artifact: Artifact, words: Any) -> dict[str, str]:
    return {
        "name": str(artifact),
        "href": artifact.get_absolute_url(),
        "words": str(words),
        "kind": artifact.get_kind_display(),
    }
