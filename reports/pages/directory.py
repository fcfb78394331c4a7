"""The directory of models, systems and datasets."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from reports.conditional import public_page
from reports.filters import DirectoryFilter
from reports.lines import ArtifactLine
from reports.models import Artifact
from reports.record import artifacts_with_pages, with_tallies
from reports.vocabulary import ArtifactKind

PAGE = 25  # rows
DEVELOPERS = 40  # names; of more a search finds those that are meant
KINDS = {
    ArtifactKind.MODEL: _("Models"),
    ArtifactKind.SYSTEM: _("Systems"),
    ArtifactKind.DATASET: _("Datasets"),
}


@open_to_all
@require_safe
def artifacts(request: HttpRequest, kind: ArtifactKind) -> HttpResponse:
    actor = actor_of(request)
    of_kind = with_tallies(artifacts_with_pages(actor).filter(kind=kind), actor)
    narrowed = DirectoryFilter(request.GET, of_kind, request=request)
    page = Paginator(narrowed.qs, PAGE).get_page(request.GET.get("page"))
    address = reverse("artifacts", args=[f"{kind}s"])
    named = narrowed.form.data.get("developer", "")
    told = {
        "lines": [ArtifactLine.of(each) for each in page],
        "total": page.paginator.count,
        "developers": [] if named else list(developers(narrowed.qs)[: DEVELOPERS + 1]),
    }
    frame = {
        "form": narrowed.form,
        "is_narrowed": narrowed.is_narrowed,
        "developer": "" if narrowed.form.errors else named,
        "developers_at_most": DEVELOPERS,
        "heading": KINDS[kind],
        "all_of_kind": address,
        "feed": f"{reverse('issues_feed')}?{urlencode({'artifact_kind': kind})}",
        "tabs": [
            {"words": words, "href": reverse("artifacts", args=[f"{each}s"]), "is_here": each == kind}
            for each, words in KINDS.items()
        ],
    }
    return public_page(request, "reports/artifacts.html", told, page=page, **frame)


def developers(artifacts: "QuerySet[Artifact]") -> "QuerySet[Any, Any]":
    """Orgs of these artifacts by name, each with ``org`` and ``total``: how many of them are its own."""
    rows = Artifact.objects.filter(pk__in=artifacts.order_by().values("pk"))
    return rows.values("org").annotate(total=Count("pk")).order_by("org")
