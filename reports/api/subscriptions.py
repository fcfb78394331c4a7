"""What an account follows, by API: the same rows as the notices page."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.policy import Act, Actor
from ledger.record import subject
from reports.api.problems import problem
from reports.api.repeating import CONFLICTS, KEY, REPEATED, Made, once
from reports.api.resource import Resource
from reports.models import Artifact, Issue, Subscription
from reports.models.notice import LIST, QUEUE
from reports.naming import find_artifact, parse
from reports.notices import follow, follows, may_follow, unfollow
from reports.vocabulary import ArtifactKind

FOLLOWED = inline_serializer(
    "Followed",
    {
        "id": serializers.IntegerField(help_text="Of the subscription, to end it"),
        "issue": serializers.CharField(required=False, allow_null=True, help_text="Its number"),
        "issue_id": serializers.IntegerField(required=False, help_text="For whoever sees unpublished issues"),
        "artifact": serializers.CharField(required=False),
        "artifact_kind": serializers.ChoiceField(ArtifactKind.choices, required=False),
        "queue": serializers.BooleanField(required=False),
        "since": serializers.DateTimeField(),
    },
)


class WhatToFollow(serializers.Serializer[Any]):
    """One of: an issue by its number, an artifact by its name, or what comes to the desk."""

    issue = serializers.CharField(required=False, max_length=24)
    artifact = serializers.CharField(required=False, max_length=300)
    artifact_kind = serializers.ChoiceField(ArtifactKind.choices, default=ArtifactKind.MODEL)
    queue = serializers.BooleanField(required=False)

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        if sum(bool(told.get(name)) for name in ("issue", "artifact", "queue")) != 1:
            raise serializers.ValidationError(_("Name one thing: an issue, an artifact, or the queue."))
        if unknown := set(self.initial_data) - self.fields.keys():
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
        return told


class Subscriptions(Resource):
    """What the token's account follows, and may see still."""

    act = Act.FOLLOW

    @extend_schema(
        summary="What you follow",
        description="Needs a token of scope account:write.",
        responses=inline_serializer("AllFollowed", {"results": FOLLOWED}),
    )
    def get(self, request: Request) -> Response:
        return Response({"results": followed(_account(request), self.actor)})

    @extend_schema(
        summary="Follow something",
        description="You hear of it on the notices page, and by e-mail at your usual pace. Twice is once.",
        request=WhatToFollow,
        parameters=[KEY, REPEATED],
        responses={
            201: FOLLOWED,
            200: OpenApiResponse(FOLLOWED, description="You followed it already"),
            404: OpenApiResponse(description="There is no such thing, or not for you"),
            **CONFLICTS,
        },
    )
    def post(self, request: Request) -> HttpResponse:
        asked = WhatToFollow(data=request.data)
        asked.is_valid(raise_exception=True)
        named = subject_of(asked.validated_data, self.actor)
        if not named or not may_follow(self.actor, named):
            raise NotFound
        user = _account(request)

        def make() -> Made:
            known = follows(user, named)
            follow(user, named)
            told = [row for row in followed(user, self.actor) if row["id"] == _row(user, named).pk]
            return 200 if known else 201, told[0]

        return once(request, make, who=str(user.pk))


class OneSubscription(Resource):
    act = Act.FOLLOW

    @extend_schema(
        summary="Stop following something",
        responses={204: None, 404: OpenApiResponse(description="No such subscription of yours")},
    )
    def delete(self, request: Request, pk: int) -> HttpResponse:
        user = _account(request)
        row = Subscription.objects.filter(user=user, channel=LIST, pk=pk).first()
        if row is None:
            return problem(404, _("You follow no such thing."))
        unfollow(user, row.subject)
        return HttpResponse(status=204)


def subject_of(told: dict[str, Any], actor: Actor) -> str:
    """How the ledger names what is meant, if it is there for ``actor``; else ""."""
    if told.get("queue"):
        return QUEUE
    if number := told.get("issue"):
        issue = Issue.objects.visible_to(actor).filter(number=number.upper()).first()
        return subject(issue) if issue else ""
    org, name = parse(told["artifact"])
    artifact = find_artifact(told["artifact_kind"], org, name)
    return subject(artifact) if artifact else ""


def followed(user: User, actor: Actor) -> list[dict[str, Any]]:
    """Three queries, however many there are."""
    rows = list(Subscription.objects.filter(user=user, channel=LIST).order_by("pk"))
    issues = Issue.objects.visible_to(actor).in_bulk(_numbers(rows, "issue"))
    artifacts = Artifact.objects.visible_to(actor).in_bulk(_numbers(rows, "artifact"))
    told: list[dict[str, Any]] = []
    for row in rows:
        kind, _colon, pk = row.subject.partition(":")
        thing: dict[str, Any] = {}
        if kind == "issue" and (issue := issues.get(int(pk))):
            thing = {"issue": issue.number, **({} if issue.is_public else {"issue_id": issue.pk})}
        elif kind == "artifact" and (artifact := artifacts.get(int(pk))):
            thing = {"artifact": str(artifact), "artifact_kind": artifact.kind}
        elif row.subject == QUEUE and may_follow(actor, QUEUE):
            thing = {"queue": True}
        if thing:
            told.append({"id": row.pk, **thing, "since": row.created_at.isoformat()})
    return told


def _numbers(rows: list[Subscription], kind: str) -> list[int]:
    return [int(row.subject.partition(":")[2]) for row in rows if row.subject.startswith(f"{kind}:")]


def _row(user: User, named: str) -> Subscription:
    return Subscription.objects.get(user=user, subject=named, channel=LIST)


def _account(request: Request) -> User:
    """Whose token it is: ``act`` lets nobody else in."""
    user: Any = request.user
    assert isinstance(user, User)  # noqa: S101 -- see above
    return user
