"""Reading the record by API: the same rows as the pages, for whoever calls."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.actors import actor_of
from accounts.policy import ANONYMOUS, Act, Actor, allows
from reports.conditional import tag_of, unless_known
from reports.exporters.own import artifacts_for
from reports.filters import ArtifactFilter, IssueFilter
from reports.models import Issue
from reports.models.artifact import ArtifactQuerySet
from reports.models.issue import IssueQuerySet
from reports.record import (
    artifact_after_merge,
    excerpts_of,
    issues_for,
    issues_to_triage,
    survivor_of,
)
from reports.twins import ArtifactTwin, IssueTwin, QueueTwin, RecordTwin
from reports.vocabulary import ArtifactKind


class Reading(GenericAPIView[Any]):
    """Starts from what the caller may see, and answers 304 to whoever has that already."""

    act = Act.READ_PUBLIC

    @property
    def actor(self) -> Actor:
        """Whoever asks; nobody in particular while the schema is made."""
        return ANONYMOUS if getattr(self, "swagger_fake_view", False) else actor_of(self.request._request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = super().dispatch(request, *args, **kwargs)
        if isinstance(answer, Response) and answer.status_code == 200:
            made = answer
            answer = unless_known(request, tag_of(made.data), lambda: made)
        patch_vary_headers(answer, ["Authorization"])
        return answer


class Issues(Reading):
    filterset_class = IssueFilter
    lookup_field = lookup_url_kwarg = "number"

    @property
    def may_see_unpublished(self) -> bool:
        return allows(self.actor, Act.SEE_UNPUBLISHED)

    @property
    def told_by(self) -> tuple[str, ...]:
        """The newest first; an unpublished one has no number to go by."""
        return ("-pk",) if self.may_see_unpublished else ("-number",)

    def get_queryset(self) -> IssueQuerySet:
        return issues_to_triage(self.actor) if self.may_see_unpublished else issues_for(self.actor)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return QueueTwin if self.may_see_unpublished else IssueTwin


@extend_schema(
    summary="Issues",
    description="With a token of scope queue:read, unpublished ones and their reports too. `q` looks through what is "
    "public of an issue (title, summary, excerpts, the names of artifacts) and leaves at most the 500 best; of "
    "unpublished ones, which only such a token finds, through their titles and summaries.",
)
class IssueList(Issues, ListAPIView[Any]):
    pass


@extend_schema(summary="One issue", description="A merged issue answers with the address of the one it is part of.")
class IssueDetail(Issues, RetrieveAPIView[Any]):
    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return QueueTwin if self.may_see_unpublished else RecordTwin

    def get_serializer(self, issue: Issue | None = None, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        known = kwargs.pop("context", None) or self.get_serializer_context()
        context = {**known, "excerpts": excerpts_of(issue, self.actor) if issue else []}
        return self.get_serializer_class()(issue, *args, context=context, **kwargs)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if survivor := survivor_of(kwargs["number"], self.actor):
            return Response(status=301, headers={"Location": reverse("api_issue", args=[survivor.number])})
        return super().get(request, *args, **kwargs)


class Artifacts(Reading):
    serializer_class = ArtifactTwin
    filterset_class = ArtifactFilter
    told_by = ("name", "org")

    def get_queryset(self) -> ArtifactQuerySet:
        return artifacts_for(self.actor).filter(kind=self.kwargs.get("kind", ArtifactKind.MODEL))


@extend_schema(summary="Models, systems or datasets")
class ArtifactList(Artifacts, ListAPIView[Any]):
    pass


@extend_schema(
    summary="One model, system or dataset",
    description="One that was merged answers with the address of the one it is part of.",
)
class ArtifactDetail(Artifacts, RetrieveAPIView[Any]):
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            survivor = artifact_after_merge(kwargs["kind"], kwargs["org"], kwargs["name"], self.actor)
            if survivor is None:
                raise
        address = reverse("api_artifact", args=[f"{survivor.kind}s", survivor.org, survivor.name])
        return Response(status=301, headers={"Location": address})

    def filter_queryset(self, queryset: Any) -> Any:
        org, name = self.kwargs["org"], self.kwargs["name"]
        if "\x00" in org + name:  # PostgreSQL knows no such text
            raise Http404
        return queryset.called(self.kwargs["kind"], org, name)

    lookup_field = "kind"  # the name was looked up above
