"""Choosing what a report is about: artifacts as somebody types, and the versions of the one that was meant.

Only artifacts with a page, for whoever asks: what somebody else has named, and nobody has confirmed, is not suggested.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.actors import needs
from accounts.policy import ANONYMOUS, Act
from reports.conditional import public_page
from reports.models import Alias, Artifact
from reports.models.artifact import ArtifactQuerySet
from reports.naming import parse
from reports.pages.asked import storable
from reports.record import artifact_called, artifacts_with_pages, versions_of
from reports.vocabulary import ArtifactKind

FEW = 8
VERSIONS = 30
LONGEST = 260  # characters of a name, as the schema has it


@dataclass(frozen=True, slots=True)
class Choice:
    """One artifact to choose."""

    name: str
    kind: str
    kind_named: str
    title: str
    developer: str

    @classmethod
    def of(cls, artifact: Artifact) -> "Choice":
        return cls(str(artifact), artifact.kind, str(artifact.get_kind_display()), artifact.title, artifact.developer)


@needs(Act.FILE)
@require_safe
def choices(request: HttpRequest) -> HttpResponse:
    """``?q=`` is what was typed, ``?kind=`` what they think it is: those come first."""
    asked = storable(request.GET.get("q", "")).strip()[:LONGEST]
    found = [Choice.of(artifact) for artifact in alike(asked, request.GET.get("kind", ""))[:FEW]]
    return public_page(request, "reports/choosing.html", {"choices": found, "asked": asked})


@needs(Act.FILE)
@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """The known versions of ``?artifact=``, the newest first; none if it does not mean just one artifact."""
    asked = request.GET.get("artifact", "")[:LONGEST]
    meant = artifact_called(asked, ANONYMOUS, kind=request.GET.get("kind", ""))
    known = versions_of(meant, ANONYMOUS)[:VERSIONS] if meant else []
    told: dict[str, Any] = {"versions": [version.name for version in known]}
    return public_page(request, "reports/choosing_versions.html", told)


def alike(asked: str, kind: str) -> ArtifactQuerySet:
    """Artifacts with a page that are called like ``asked``: those whose name begins so, before those that hold it.

    A name is org/name, a part of it, a title, another name, a developer's, or the address of a hub's page.
    """
    pages = artifacts_with_pages(ANONYMOUS)
    org, name = parse(asked)
    if not name and not org:
        return pages.none()
    if org:
        begins, holds = Q(org__iexact=org, name__istartswith=name), Q(org__iendswith=org, name__icontains=name)
        named = Alias.objects.filter(name__istartswith=f"{org}/{name}")
    else:
        begins = Q(name__istartswith=name) | Q(org__istartswith=name)
        begins |= Q(title__istartswith=asked) | Q(developer__istartswith=asked)
        holds = Q(name__icontains=name) | Q(title__icontains=asked) | Q(developer__icontains=asked)
        named = Alias.objects.filter(Q(name__istartswith=asked) | Q(name__istartswith=name))
    begins |= Q(pk__in=named.values("artifact"))
    exact = Q(name__iexact=name) | Q(title__iexact=asked)
    of_kind = When(kind=kind if kind in ArtifactKind.values else "", then=Value(0))
    nearest = Case(
        When(exact, then=Value(0)), When(begins, then=Value(1)), default=Value(2), output_field=IntegerField()
    )
    ordered = (nearest, Case(of_kind, default=Value(1), output_field=IntegerField()), Length("name"), "org", "name")
    return pages.filter(begins | holds).order_by(*ordered)
