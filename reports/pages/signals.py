"""Early warnings that a person has confirmed: a list, and a page of each. Nothing tells of the others."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import CharField, Count
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from reports.conditional import public_page
from reports.emerging import NOT_A_RATE, SEEN, confirmed, shown
from reports.vocabulary import ArtifactKind

PAGE = 10  # signals
PLURAL: dict[str, Callable[[], str]] = {  # as the directory calls them
    ArtifactKind.MODEL.value: lambda: _("Models"),
    ArtifactKind.SYSTEM.value: lambda: _("Systems"),
    ArtifactKind.DATASET.value: lambda: _("Datasets"),
}


@open_to_all
@require_safe
def signals(request: HttpRequest) -> HttpResponse:
    """Those that were confirmed last first; ``?detector=`` and ``?kind=`` (of what it is about) leave some."""
    actor = actor_of(request)
    found: Any = confirmed(actor).annotate(
        about_kind=Coalesce("issue__family__kind", "artifact__kind", output_field=CharField())
    )
    asked = {
        "detector": _known(request.GET.get("detector", ""), SEEN),
        "kind": _known(request.GET.get("kind", ""), PLURAL),
    }
    narrowed = found
    if asked["detector"]:
        narrowed = narrowed.filter(detector=asked["detector"])
    if asked["kind"]:
        narrowed = narrowed.filter(about_kind=asked["kind"])
    cells = list(found.order_by().values_list("detector", "about_kind").annotate(many=Count("pk")))
    page = Paginator(narrowed, PAGE).get_page(request.GET.get("page"))
    told = {"signals": shown(page, actor), "total": page.paginator.count, "chips": chips(cells, asked)}
    return public_page(
        request, "reports/signals.html", told, page=page, is_narrowed=any(asked.values()), not_a_rate=NOT_A_RATE
    )


@open_to_all
@require_safe
def signal(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, as it stood when it was confirmed."""
    actor = actor_of(request)
    found = get_object_or_404(confirmed(actor), pk=pk)
    told = {"signal": shown([found], actor)[0]}
    return public_page(request, "reports/signal.html", told, not_a_rate=NOT_A_RATE)


def chips(cells: list[tuple[str, str, int]], asked: dict[str, str]) -> list[dict[str, Any]]:
    """What the list can be narrowed to: all, what was seen, and of which kind of artifact, where there are several."""
    detectors: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for detector, kind, many in cells:
        detectors[detector] += many
        kinds[kind] += many
    told = [_chip(_("All"), sum(kinds.values()), {}, asked)]
    if len(detectors) > 1:
        seen = {name: str(words) for name, (words, _sentence) in SEEN.items() if detectors[name]}
        told += [_chip(words, detectors[name], {"detector": name}, asked) for name, words in seen.items()]
    if len(kinds) > 1:
        told += [_chip(words(), kinds[name], {"kind": name}, asked) for name, words in PLURAL.items() if kinds[name]]
    return told if len(told) > 1 else []


def _chip(words: str, many: int, narrowing: dict[str, str], asked: dict[str, str]) -> dict[str, Any]:
    is_here = {name: value for name, value in asked.items() if value} == narrowing
    href = reverse("signals") + (f"?{urlencode(narrowing)}" if narrowing else "")
    return {"words": words, "count": many, "href": href, "is_here": is_here}


def _known(asked: str, names: Any) -> str:
    return asked if asked in names else ""
