"""The page of one model, system or dataset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from accounts.policy import ANONYMOUS, Actor
from reports import linked
from reports.abstracts import Abridged, abstract_of, heads_of
from reports.conditional import public_page
from reports.filters import FoundFilter
from reports.groups import ALL, GROUPS, PAGE, found_by, group_of, rows_of
from reports.lines import Finding, Heard
from reports.models import Affected, Artifact, Version
from reports.naming import find_artifact
from reports.pages.directory import KINDS
from reports.promptness import LEAST, days_between, of_affected, silent_for
from reports.record import artifacts_with_pages
from reports.text.marked import as_text
from reports.vocabulary import ArtifactKind, ContextOfUse, ExportForm, Kind, Relation, ReporterRelation, Resolution

# Each group by the name of its heading; of those that are asked for, by the name of its tab.
HEADINGS = {
    "open": _("Open"),
    "disputed": _("Open, disputed"),
    "resolved": _("Resolved"),
    "not_reproduced": _("Not reproduced"),
    "not_affected": _("Not affected"),
}
TABS = {
    ALL: _("All"),
    "open": _("Open"),
    "disputed": _("Disputed"),
    "resolved": _("Resolved"),
    "not_reproduced": _("Not reproduced"),
    "not_affected": _("Not affected"),
}
ALWAYS = (ALL, "open", "resolved")  # tabs that are there with nothing in them
# How a child came from this artifact, said from here.
OFFSPRING = {
    Relation.FINE_TUNED_FROM: _("fine-tuned from it"),
    Relation.QUANTISED_FROM: _("quantised from it"),
    Relation.MERGED_FROM: _("merged from it"),
    Relation.TRAINED_ON: _("trained on it"),
    Relation.BUILT_ON: _("built on it"),
}
MET = {
    "context_of_use": (_("Context of use"), dict(ContextOfUse.choices)),
    "language": (_("Language"), {}),
    "relation": (_("Who reported"), dict(ReporterRelation.choices)),
}


@open_to_all
@require_safe
def artifact(request: HttpRequest, kind: ArtifactKind, org: str, name: str) -> HttpResponse:
    """The page of one artifact; another of its names, or one it was merged from, leads to it."""
    actor = actor_of(request)
    shown = artifact_meant(kind, org, name, actor)
    if (shown.org, shown.name) != (org, name):
        return led_to(request, shown.get_absolute_url())
    abridged = abstract_of(shown, actor)
    card = card_of(shown)

    def told() -> dict[str, Any]:
        return {"artifact": card, **whole(shown, abridged.told, card), **found(request, shown, abridged, actor)}

    frame: dict[str, Any] = {
        "report_url": report_url(shown),
        "subject": f"artifact:{shown.pk}",
        "desk": shown.pk,
        "links": links_of(shown),
    }
    stamp = (abridged.stamp, card, timezone.now().astimezone(UTC).date())
    return public_page(request, "reports/artifact.html", told, modified=abridged.modified_at, stamp=stamp, **frame)


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


def of_artifact(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Hands the view the artifact that its address means, as everybody may read of it, in place of kind, org and name.

    Another of its names, or one it was merged from, leads to the same address under the name it has.
    """

    @wraps(view)
    def found(request: HttpRequest, kind: ArtifactKind, org: str, name: str, **more: Any) -> HttpResponseBase:
        shown = artifact_meant(kind, org, name, ANONYMOUS)
        if (shown.org, shown.name) == (org, name):
            return view(request, shown, **more)
        place = request.resolver_match.view_name if request.resolver_match else ""
        named = {"kind": shown.kind, "org": shown.org, "name": shown.name}
        return led_to(request, reverse(place, kwargs={**named, **more}))

    return found


def led_to(request: HttpRequest, address: str) -> HttpResponsePermanentRedirect:
    """To the address with all that was asked for: who wants one version or language must not be given all of them."""
    asked = request.GET.urlencode()
    return HttpResponsePermanentRedirect(f"{address}?{asked}" if asked else address)


def report_url(artifact: Artifact) -> str:
    kind = {} if artifact.kind == ArtifactKind.MODEL else {"kind": artifact.kind}
    return f"{reverse('report')}?{urlencode({'model': str(artifact), **kind})}"


def card_of(artifact: Artifact) -> dict[str, Any]:
    """What the artifact is, and what its card promises: all that the page tells of its own row."""
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
        "card_url": artifact.card_url,
        "intended_use": artifact.intended_use,
        "known_limitations": artifact.known_limitations,
        "data_collection": artifact.data_collection,
    }


def whole(artifact: Artifact, told: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, Any]:
    """What the page tells of all issues together, in words."""
    released = [Release(**{**each, "on": each["on"] and date.fromisoformat(each["on"])}) for each in told["releases"]]
    return {
        "figures": figures(told["tally"], told["promptness"]),
        "too_few": too_few(told["promptness"]),
        "silence": told["promptness"]["silent"] and told["promptness"],
        "promises": promises(card, told["tally"]),
        "releases": released,
        "flags": [release for release in released if release.on and not release.is_alias],
        "weeks": [{**week, "start": date.fromisoformat(week["start"])} for week in told["weeks"]],
        "lineage": tree(told["lineage"]),
        "inherited": inherited(told["inherited"]),
        "other_names": told["other_names"],
        "met": met(told["met"]),
        "linked": linked.artifact(
            artifact,
            [Version(name=release.name) for release in released if release.is_newest],
            parents=[leaf_artifact(leaf) for leaf in told["lineage"]["parents"]],
        ),
    }


def found(request: HttpRequest, artifact: Artifact, abridged: Abridged, actor: Actor) -> dict[str, Any]:
    """The issues that were asked for, a page of them."""
    tally = abridged.told["tally"]
    versions = [release["name"] for release in abridged.told["releases"]]
    narrowed = FoundFilter(request.GET, rows_of(artifact, actor), request=request, actor=actor, versions=versions)
    asked = (
        {name: value for name, value in narrowed.form.cleaned_data.items() if value} if narrowed.form.is_valid() else {}
    )
    page = paged(narrowed, asked, abridged.told, request.GET.get("page"))
    return {
        "page": page,
        "total": page.paginator.count,
        "groups": grouped(findings(page)),
        "form": narrowed.form,
        "chips": chips(narrowed, asked),
        "is_narrowed": narrowed.is_narrowed,
        "is_folded": not narrowed.form.errors and not asked.keys() - {"state"},
        "tabs": tabs(tally, asked),
        "state": asked.get("state", ""),
    }


def paged(narrowed: FoundFilter, asked: Mapping[str, str], told: Mapping[str, Any], place: str | None) -> "Page[Any]":
    """Where nothing but the state is asked for, how many there are is counted already, and who comes first known."""
    paginator = Heads(narrowed.qs, PAGE)
    if not narrowed.form.errors and asked.keys() <= {"state"}:
        state = asked.get("state", ALL)
        paginator.count = told["tally"][state]
        paginator.heads = heads_of(told, state)
    return paginator.get_page(place)


class Heads(Paginator):  # type: ignore[type-arg] # no generic when it runs
    """Sorts ids, and fetches the rows of the page alone: a row here is wide. ``heads`` are the ids of the first page,
    if they are known."""

    heads: list[int] | None = None

    def page(self, number: int | str) -> "Page[Affected]":
        number = self.validate_number(number)
        rows: Any = self.object_list
        start = (number - 1) * self.per_page
        ids = self.heads if number == 1 and self.heads is not None else None
        if ids is None:
            ids = list(rows.values_list("pk", flat=True)[start : start + self.per_page])
        found = {row.pk: row for row in rows.order_by().filter(pk__in=ids)}
        return Page([found[pk] for pk in ids if pk in found], number, self)


def findings(page: "Page[Any]") -> list[Finding]:
    now = timezone.now()
    layers = found_by([row.issue_id for row in page])
    told = []
    for row in page:
        exchange = of_affected(row)
        heard = Heard(
            exchange.answered_at,
            silent_for(exchange, now=now),
            days_between(exchange.confirmed_at, exchange.resolved_at),
        )
        told.append(Finding.of(row, group=group_of(row), found_by=layers.get(row.issue_id, []), heard=heard))
    return told


def grouped(told: list[Finding]) -> list[dict[str, Any]]:
    """The page's issues under the heading each stands under."""
    return [
        {"words": str(HEADINGS[name]), "found": of_it}
        for name in GROUPS
        if (of_it := [each for each in told if each.group == name])
    ]


def figures(tally: Mapping[str, int], promptness: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers at the head of the page, a sentence each."""
    open_words = ngettext("issue open", "issues open", tally["open"])
    if tally["disputed"]:
        open_words = _("%(words)s, %(disputed)d disputed") % {"words": open_words, "disputed": tally["disputed"]}
    resolved_words = _("resolved, %(fixed)d of them fixed") if tally["fixed"] else _("resolved")
    return [
        {"number": tally["open"], "words": str(open_words)},
        {"number": tally["resolved"], "words": str(resolved_words) % {"fixed": tally["fixed"]}},
        *_in_days(promptness["answered"], _("to the first answer, median; p90 %(p90)d")),
        *_in_days(promptness["resolved"], _("to resolution, median; p90 %(p90)d")),
    ]


def _in_days(spread: Mapping[str, Any], words: Any) -> list[dict[str, Any]]:
    if spread["median"] is None:
        return []
    unit = ngettext("day", "days", spread["median"])
    return [{"number": spread["median"], "unit": unit, "words": str(words) % {"p90": spread["p90"]}}]


def too_few(promptness: Mapping[str, Any]) -> list[str]:
    """What is too little to be told as a median."""
    named = {
        "answered": _("How long the first answer takes is told from %(least)d answers on; there are %(count)d."),
        "resolved": _("How long a resolution takes is told from %(least)d on; there are %(count)d."),
    }
    return [
        str(words) % {"least": LEAST, "count": promptness[name]["count"]}
        for name, words in named.items()
        if promptness[name]["median"] is None
    ]


def promises(card: Mapping[str, Any], tally: Mapping[str, int]) -> list[dict[str, Any]]:
    """What the card says of a thing, beside how many issues have to do with it; each number leads to them."""
    inside = ngettext("%(number)d issue inside stated use", "%(number)d issues inside stated use", tally["inside"])
    outside = ngettext("%(number)d issue outside it", "%(number)d issues outside it", tally["outside"])
    unsaid = tally["all"] - tally["inside"] - tally["outside"]
    nobody = ngettext("%(number)d nobody has judged", "%(number)d nobody has judged", unsaid)
    documented = ngettext(
        "%(number)d issue resolved by documenting it",
        "%(number)d issues resolved by documenting them",
        tally["documented"],
    )
    of_data = ngettext(
        "%(number)d issue that began in the data", "%(number)d issues that began in the data", tally["of_data"]
    )
    return [
        {
            "on": str(_("Intended use")),
            "says": card["intended_use"],
            "found": [
                _counted(inside, tally["inside"], "?stated_use=inside"),
                _counted(outside, tally["outside"], "?stated_use=outside"),
                _counted(nobody, unsaid, ""),
            ],
        },
        {
            "on": str(_("Known limitations")),
            "says": card["known_limitations"],
            "found": [_counted(documented, tally["documented"], f"?resolution={Resolution.DOCUMENTED}")],
        },
        {
            "on": str(_("Data collection")),
            "says": card["data_collection"],
            "found": [_counted(of_data, tally["of_data"], "?lifecycle_stage=data")],
        },
    ]


def _counted(words: str, number: int, href: str) -> dict[str, str]:
    return {"words": words % {"number": number}, "href": f"{href}#issues" if number and href else ""}


def tabs(tally: Mapping[str, int], asked: Mapping[str, str]) -> list[dict[str, Any]]:
    """By state, and nothing else: what the issues are narrowed by stays."""
    others = {name: value for name, value in asked.items() if name != "state"}
    here = asked.get("state", ALL)
    return [
        {
            "words": str(words),
            "href": f"?{urlencode({**others, **({'state': name} if name != ALL else {})})}",
            "count": None if others else tally[name],
            "is_here": name == here,
        }
        for name, words in TABS.items()
        if tally[name] or name in ALWAYS or name == here
    ]


def chips(narrowed: FoundFilter, asked: Mapping[str, str]) -> list[dict[str, str]]:
    """What was asked for, each with the address that asks for all but that."""
    return [
        {
            "label": str(narrowed.form.fields[name].label),
            "words": str(dict(narrowed.form.fields[name].choices).get(value, value)),
            "href": f"?{urlencode({other: said for other, said in asked.items() if other != name})}",
        }
        for name, value in asked.items()
        if name != "state"
    ]


@dataclass(frozen=True, slots=True)
class Release:
    name: str
    on: date | None
    fixed: int
    is_newest: bool
    is_alias: bool


def tree(lineage: Mapping[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
    return {
        "parents": [leaf(each, Relation(each["relation"]).label) for each in lineage["parents"]],
        "children": [leaf(each, OFFSPRING[Relation(each["relation"])]) for each in lineage["children"]],
    }


def leaf(named: Mapping[str, str], words: Any) -> dict[str, str]:
    return {**named, "words": str(words), "kind": str(ArtifactKind(named["kind"]).label)}


def leaf_artifact(named: Mapping[str, str]) -> Artifact:
    """As ``linked`` names it."""
    org, _slash, name = named["name"].rpartition("/")
    return Artifact(kind=named["kind"], org=org, name=name, title=named["title"])


def inherited(told: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{**row, "kind": str(Kind(row["kind"]).label), "of": leaf(row["of"], "")} for row in told["first"]]
    return {"count": told["count"], "first": rows, "more": max(0, told["count"] - len(rows))}


def met(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tables of voices; nothing where none of the cells may be told."""
    return [
        {
            "name": name,
            "words": str(words),
            "cells": [
                (str(named.get(value, value)) if value else "", voices) for value, voices in table["cells"].items()
            ],
            "rest": table["rest"],
            "total": table["total"],
        }
        for name, (words, named) in MET.items()
        if (table := told[name])["cells"]
    ]


def links_of(artifact: Artifact) -> dict[str, Any]:
    """Where else it is told of, and the badge with what to paste into a card to show it."""
    named = [artifact.kind, artifact.org, artifact.name]
    badge = reverse("badge", args=[*named, "svg"])
    alt = str(_("Issues of %(artifact)s on the public record") % {"artifact": artifact})
    page = f"{settings.SITE_URL}{artifact.get_absolute_url()}"
    return {
        "feed": reverse("artifact_feed", args=named),
        "card": reverse("artifact_card", args=named),
        "decided": reverse("artifact_audit", args=named),
        "exports": [
            {"words": form.label, "href": reverse("artifact_export", args=[*named, form])} for form in ExportForm
        ],
        "badge": badge,
        "alt": alt,
        "snippet": f"[![{as_text(alt)}]({settings.SITE_URL}{badge})]({page})",
    }
