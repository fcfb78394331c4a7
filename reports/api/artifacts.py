"""Models, systems and datasets by API: what they are, their versions, and what they were made from."""

from typing import Any

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.issues import LEADS_ON
from reports.api.reading import Listing, Reading
from reports.exporters.own import artifacts_for
from reports.filters import ArtifactFilter
from reports.models import Artifact, Lineage, Version
from reports.models.artifact import ArtifactQuerySet
from reports.record import artifact_after_merge, artifacts_with_pages, steps_around, versions_of
from reports.twins import ArtifactTwin, ReleaseTwin, StepBetweenTwin
from reports.vocabulary import ArtifactKind

LAST = -1  # below every place in an order


class Artifacts(Reading):
    serializer_class = ArtifactTwin

    def get_queryset(self) -> ArtifactQuerySet:
        return artifacts_for(self.actor).filter(kind=self.kwargs.get("kind", ArtifactKind.MODEL))


@extend_schema_view(get=extend_schema(operation_id="artifacts", summary="Models, systems or datasets"))
class ArtifactList(Artifacts, Listing):
    filterset_class = ArtifactFilter
    told_by = ("name", "org")


@extend_schema_view(
    get=extend_schema(
        operation_id="artifact",
        summary="One model, system or dataset",
        responses={200: ArtifactTwin, 301: LEADS_ON},
    )
)
class ArtifactDetail(Artifacts, RetrieveAPIView[Any]):
    filter_backends = ()
    lookup_field = "kind"  # the name is looked up below

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.named(kwargs["org"], kwargs["name"])
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            survivor = artifact_after_merge(kwargs["kind"], kwargs["org"], kwargs["name"], self.actor)
            if survivor is None:
                raise
        address = reverse("api_artifact", args=[f"{survivor.kind}s", survivor.org, survivor.name])
        return Response(status=301, headers={"Location": address})

    def filter_queryset(self, queryset: Any) -> Any:
        return queryset.called(self.kwargs["kind"], self.kwargs["org"], self.kwargs["name"])


class OfAnArtifact(Listing):
    """What hangs on one artifact with a page."""

    @property
    def artifact(self) -> Artifact:
        kind, org, name = (self.kwargs[part] for part in ("kind", "org", "name"))
        self.named(org, name)
        found = artifacts_with_pages(self.actor).called(kind, org, name).first()
        if found is None:
            raise Http404
        return found


@extend_schema_view(get=extend_schema(operation_id="versions", summary="Its versions, the newest first"))
class VersionList(OfAnArtifact):
    serializer_class = ReleaseTwin
    told_by = ("-place", "name")

    def get_queryset(self) -> "QuerySet[Version]":
        if getattr(self, "swagger_fake_view", False):
            return Version.objects.none()
        return versions_of(self.artifact, self.actor).annotate(place=Coalesce("position", LAST))


@extend_schema_view(
    get=extend_schema(
        operation_id="lineage",
        summary="What it was made from, and what was made from it",
        description="By name; one step each way.",
    )
)
class LineageList(OfAnArtifact):
    serializer_class = StepBetweenTwin
    told_by = ("other_name", "other_org", "relation")

    def get_queryset(self) -> "QuerySet[Lineage]":
        if getattr(self, "swagger_fake_view", False):
            return Lineage.objects.none()
        about = self.artifact
        from_parent = When(child=about, then=Value("parent"))
        return steps_around(about, self.actor).annotate(
            side=Case(from_parent, default=Value("child"), output_field=CharField()),
            other_name=Case(When(child=about, then=F("parent__name")), default=F("child__name")),
            other_org=Case(When(child=about, then=F("parent__org")), default=F("child__org")),
        )
