"""Issues by API: those on record for everybody, with a token of scope queue:read those that wait as well."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.policy import ANONYMOUS, Act, Actor, allows
from reports.api.preconditions import tag_of_told
from reports.api.problems import problem
from reports.api.reading import Listing, Reading
from reports.filters import IssueFilter
from reports.grounds import retold, speaks_for, standing
from reports.models import Affected, Issue, Reproduction
from reports.models.issue import IssueQuerySet
from reports.record import (
    affected_of,
    affected_shown,
    excerpts_of,
    issues_for,
    issues_on_record,
    issues_to_triage,
    survivor_of,
    tombstone_of,
)
from reports.twins import AffectedTwin, IssueTwin, QueueTwin, RecordTwin, TombstoneTwin, TriedTwin
from reports.vocabulary import ExportForm

LISTED: Any = PolymorphicProxySerializer("IssueListed", [IssueTwin, QueueTwin], None)
READ: Any = PolymorphicProxySerializer("IssueRead", [RecordTwin, QueueTwin], None)
LEADS_ON = OpenApiResponse(description="It became part of the issue that Location names.")


def tag_for_change(pk: int, actor: Actor) -> str:
    """The tag with which ``actor``, who sees unpublished issues, reads this one now. Raises Issue.DoesNotExist."""
    return tag_of_told(QueueTwin(issues_to_triage(actor).get(pk=pk)).data)


class Issues(Reading):
    filterset_class = IssueFilter

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


@extend_schema_view(
    get=extend_schema(
        operation_id="issues",
        summary="Issues",
        description="With a token of scope queue:read, unpublished ones and their reports too. `q` looks through what "
        "is public of an issue (title, summary, excerpts, the names of artifacts) and leaves at most the 500 best; of "
        "unpublished ones, which only such a token finds, through their titles and summaries.",
        responses=LISTED,
    )
)
class IssueList(Issues, Listing):  # type: ignore[override] # told_by hangs on who asks
    pass


class OneIssue(Issues, RetrieveAPIView[Any]):
    filter_backends = ()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return QueueTwin if self.may_see_unpublished else RecordTwin

    def get_serializer(self, issue: Issue | None = None, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        known = kwargs.pop("context", None) or self.get_serializer_context()
        context = {**known, "excerpts": excerpts_of(issue, self.actor) if issue else []}
        return self.get_serializer_class()(issue, *args, context=context, **kwargs)


@extend_schema_view(
    get=extend_schema(
        operation_id="issue",
        summary="One issue",
        responses={
            200: READ,
            301: LEADS_ON,
            410: OpenApiResponse(TombstoneTwin, description="People took it off the record. A problem document."),
        },
    )
)
class IssueDetail(OneIssue):
    lookup_field = lookup_url_kwarg = "number"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        number = kwargs["number"]
        if survivor := survivor_of(number, self.actor):
            return Response(status=301, headers={"Location": reverse("api_issue", args=[survivor.number])})
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            if stone := tombstone_of(number, self.actor):
                return problem(410, stone.words, **TombstoneTwin(stone).data | {"status": 410})
            raise


@extend_schema_view(
    get=extend_schema(
        operation_id="waiting_issue",
        summary="One issue, by the id that the queue tells",
        description="For whoever sees unpublished issues; to others there is none. Its ETag is what a decision about "
        "it names in If-Match.",
        responses=QueueTwin,
    )
)
class WaitingIssue(OneIssue):
    lookup_field = "pk"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not self.may_see_unpublished:
            raise Http404
        return super().get(request, *args, **kwargs)


class OfAnIssue(Listing):
    """What hangs on one issue that the caller may see."""

    @property
    def issue(self) -> Issue:
        issues = Issue.objects.visible_to(self.actor).prefetch_related(affected_shown(self.actor))
        found = issues.filter(number=self.kwargs["number"]).first()
        if found is None:
            raise Http404
        return found


@extend_schema_view(get=extend_schema(operation_id="affected", summary="How artifacts stand in an issue"))
class AffectedList(OfAnIssue):
    serializer_class = AffectedTwin
    told_by = ("told_name", "told_org", "told_kind")

    def get_queryset(self) -> "QuerySet[Affected]":
        if getattr(self, "swagger_fake_view", False):
            return Affected.objects.none()
        rows = Affected.objects.filter(pk__in=[row.pk for row in affected_of(self.issue)])
        told = {"told_name": F("artifact__name"), "told_org": F("artifact__org"), "told_kind": F("artifact__kind")}
        return rows.annotate(**told).select_related("artifact", "introduced_in", "last_affected", "fixed_in")


@extend_schema_view(
    get=extend_schema(
        operation_id="reproductions", summary="Who tried again, and how often it failed; the newest first"
    )
)
class ReproductionList(OfAnIssue):
    serializer_class = TriedTwin
    told_by = ("-tried_at", "artifact__name")

    def get_queryset(self) -> "QuerySet[Reproduction]":
        return Reproduction.objects.none() if getattr(self, "swagger_fake_view", False) else standing(self.issue)

    def paginate_queryset(self, queryset: Any) -> Any:
        rows = super().paginate_queryset(queryset) or []
        if not rows:
            return []
        developers = speaks_for(rows)
        return [retold(each, developers) for each in rows]


class Export(Reading):
    """Leads on to where the record is taken away, the same for everybody."""

    @extend_schema(
        operation_id="export",
        summary="One issue in another format",
        description="Leads to the file: the same for everybody, whatever token comes along.",
        request=None,
        responses={302: OpenApiResponse(description="Location names the file.")},
    )
    def get(self, request: Request, number: str, form: ExportForm) -> HttpResponse:
        if not issues_on_record(ANONYMOUS).filter(number=number).exists():
            raise Http404
        return HttpResponseRedirect(reverse("issue_export", args=[number, form]))
