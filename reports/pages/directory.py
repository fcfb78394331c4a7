"""The directory of models, systems and datasets."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from reports.conditional import public_page
from reports.filters import DirectoryFilter
from reports.lines import ArtifactLine
from reports.record import artifacts_with_pages, with_tallies
from reports.vocabulary import ArtifactKind

PAGE = 25  # rows
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
    return public_page(
        request,
        "reports/artifacts.html",
        {"lines": [ArtifactLine.of(each) for each in page], "total": page.paginator.count},
        page=page,
        form=narrowed.form,
        is_narrowed=any(narrowed.form.data.get(name) for name in ("q", "access")),
        heading=KINDS[kind],
        all_of_kind=reverse("artifacts", args=[f"{kind}s"]),
        tabs=[
            {"words": words, "href": reverse("artifacts", args=[f"{each}s"]), "is_here": each == kind}
            for each, words in KINDS.items()
        ],
    )
