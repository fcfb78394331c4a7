"""What somebody on the desk saw when they tried an issue again, by API."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from accounts.policy import Act
from reports.api.issues import ReproductionList
from reports.api.problems import problem
from reports.api.repeating import CONFLICTS, KEY, REPEATED, Made, once
from reports.models import Issue
from triage import decisions
from triage.api.decisions import DECIDED, Deciding, answered, told_of
from triage.api.filled import filled
from triage.moves import Verb

TRIED = inline_serializer(
    "Tried",
    {
        "artifact": serializers.CharField(help_text="org/name of one that the issue names"),
        "version": serializers.CharField(max_length=120),
        "tries": serializers.IntegerField(min_value=1),
        "failures": serializers.IntegerField(min_value=0),
        "settings": serializers.DictField(required=False, help_text="Plain values under their names"),
        "evidence": serializers.CharField(required=False),
        "note": serializers.CharField(required=False, max_length=2_000),
    },
)


@extend_schema_view(get=extend_schema(summary="Who tried again, and how often it failed; the newest first"))
class Reproductions(ReproductionList, Deciding):
    """The list for everybody; POST is the move `reproduce`."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST":
            self.act = Act.DECIDE
        super().initial(request, *args, **kwargs)

    @extend_schema(
        summary="Record a reproduction",
        description="k failures of n tries on a named version. It takes a token of queue:write and queue:read. "
        "It changes nothing that others wrote, so no If-Match is asked for. What is tried of an issue without a number "
        "is recorded by a decision: the move `reproduce`.",
        request=TRIED,
        parameters=[KEY, REPEATED],
        responses={
            201: DECIDED,
            **CONFLICTS,
            409: OpenApiResponse(description="It cannot be reproduced as it stands"),
        },
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        user = self.may_decide()
        issue = Issue.objects.visible_to(self.actor).filter(number=number).first()
        if issue is None:
            raise Http404
        tried: Any = request.data
        if not isinstance(tried, dict):
            return problem(400, _("What was tried is a JSON object."))

        def make() -> Made:
            form = filled(Verb.REPRODUCE, tried, issue=issue, actor=self.actor)
            return 201, told_of(decisions.decide(issue, Verb.REPRODUCE, by=user, **form.told()), issue)

        return answered(issue, lambda: once(request, make, who=str(user.pk)))
