"""Deciding by API: the same forms and the same acts as at the desk, on an issue as its caller has seen it."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.models import User
from accounts.policy import Act, Actor, allows
from reports.api.issues import tag_for_change
from reports.api.preconditions import ChangedMeanwhile, NotNamed, unless_changed
from reports.api.problems import problem
from reports.api.reading import Listing
from reports.api.repeating import CONFLICTS, KEY, REPEATED, Made, once
from reports.api.resource import Resource
from reports.models import Issue
from triage import catalogue, decisions
from triage.api.filled import filled
from triage.decisions import ChangedSince, DecidedSince
from triage.forms import FORMS
from triage.models import Decision

TOLD_OF_OTHERS = 5  # decisions, where nobody knows how old is what the caller saw

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the issue as you read it, or its `revision` in quotes.",
)
BODY = {
    "type": "object",
    "required": ["move"],
    "properties": {
        "move": {"type": "string", "enum": [str(verb) for verb in FORMS]},
        "reason": {"type": "string", "description": "A code of the move's list"},
        "note": {"type": "string", "maxLength": 2000, "description": "For triagers only"},
        "report": {"type": "string", "description": "A reference, for moves of one report"},
        "target": {"type": ["string", "integer"], "description": "Another issue: its number or id"},
        "artifact": {"type": "string", "description": "org/name of one that the issue names"},
        "assignee": {"type": ["string", "null"], "description": '"me", a pseudonym, or null for nobody'},
    },
    "additionalProperties": True,
    "description": "And what else the move's form asks for at the desk, under the same names.",
}


class DecisionTwin(serializers.Serializer[Decision]):
    """One decision. What only triagers read is null to others."""

    id = serializers.IntegerField(source="pk")
    issue = serializers.CharField(source="issue.number", allow_null=True)
    issue_id = serializers.IntegerField()
    move = serializers.CharField(source="verb")
    reason = serializers.CharField()
    by = serializers.CharField(source="decider.pseudonym", default=None, allow_null=True)
    decided_at = serializers.DateTimeField()
    undoes = serializers.IntegerField(source="undoes_id", allow_null=True)
    is_undone = serializers.SerializerMethodField()
    report = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    def get_is_undone(self, decision: Decision) -> bool:
        return hasattr(decision, "undone_by")

    def get_report(self, decision: Decision) -> str | None:
        is_told = self.context.get("sees_desk") and decision.report is not None
        return decision.report.reference if is_told and decision.report else None

    def get_note(self, decision: Decision) -> str | None:
        return decision.note if self.context.get("sees_desk") else None


DECIDED = inline_serializer(
    "Decided",
    {
        "decision": DecisionTwin(),
        "issue": inline_serializer(
            "DecidedIssue",
            {
                "id": serializers.IntegerField(),
                "number": serializers.CharField(allow_null=True),
                "status": serializers.CharField(),
                "revision": serializers.IntegerField(help_text="What the next decision names in If-Match"),
            },
            allow_null=True,
        ),
    },
)


def readable(actor: Actor) -> "QuerySet[Decision]":
    """Decisions on issues, for whoever reads decisions: in ids, codes and dates, of issues that wait too."""
    if not allows(actor, Act.READ_DECISIONS):
        return Decision.objects.none()
    return Decision.objects.filter(issue__isnull=False).select_related("issue", "decider", "report", "undone_by")


class Decisions(Listing):
    """What was decided, the newest first."""

    act = Act.READ_DECISIONS
    serializer_class = DecisionTwin
    filter_backends = ()
    told_by = ("-pk",)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "sees_desk": allows(self.actor, Act.SEE_UNPUBLISHED)}

    def get_queryset(self) -> "QuerySet[Decision]":
        return readable(self.actor)


AllDecisions = extend_schema_view(
    get=extend_schema(
        summary="Decisions on issues, the newest first",
        description="Needs the scope decisions:read; references of reports and notes need queue:read too.",
    )
)(Decisions)


class Deciding(Resource):
    """For a token of both scopes: who decides has to see what is decided on."""

    def may_decide(self) -> User:
        if not allows(self.actor, Act.SEE_UNPUBLISHED):
            raise PermissionDenied(_("Deciding takes a token of both scopes, queue:write and queue:read."))
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 -- nobody else may decide
        return user


@extend_schema_view(
    get=extend_schema(
        summary="Decisions on one issue, the newest first",
        description="By its number or its id. Needs the scope decisions:read.",
    )
)
class IssueDecisions(Decisions, Deciding):
    """Those on one issue; POST makes one."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST":
            self.act = Act.DECIDE
        super().initial(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Decision]":
        if getattr(self, "swagger_fake_view", False):
            return Decision.objects.none()
        return readable(self.actor).filter(issue=self.found(Issue.objects.all()))  # whose decisions they may read

    def found(self, issues: "QuerySet[Issue]") -> Issue:
        """The issue that the address names, by number or id. Raises Http404."""
        named: str = self.kwargs["named"]
        found = issues.filter(**({"pk": int(named)} if named.isdecimal() else {"number": named})).first()
        if found is None:
            raise Http404
        return found

    @extend_schema(
        summary="Decide on an issue",
        description="Makes a move as the desk does, by the same forms. Takes a token of both scopes, queue:write and "
        "queue:read.",
        request={"application/json": BODY},
        parameters=[IF_MATCH, KEY, REPEATED],
        responses={
            201: DECIDED,
            **CONFLICTS,
            409: OpenApiResponse(description="The move cannot be made as the issue stands"),
            412: OpenApiResponse(description="It has changed: `decided` tells what, `revision` what it is now"),
        },
    )
    def post(self, request: Request, named: str) -> HttpResponse:
        user = self.may_decide()
        issue = self.found(Issue.objects.visible_to(self.actor))
        body: Any = request.data
        move = body.get("move") if isinstance(body, dict) else None
        if not isinstance(move, str) or move not in FORMS:
            known = _("Say which move: {known}.").format(known=", ".join(FORMS))
            return problem(400, known, errors={"move": [known]})
        if "If-Match" not in request.headers:
            raise NotNamed
        return answered(issue, lambda: once(request, lambda: self.decided(body, issue, user), who=str(user.pk)))

    def decided(self, body: dict[str, Any], issue: Issue, user: User) -> Made:
        move = body["move"]
        revision = seen(self.request, issue, self.actor)
        fields = {name: value for name, value in body.items() if name != "move"}
        form = filled(move, fields, issue=issue, actor=self.actor)
        decision = decisions.decide(issue, move, by=user, **{**form.told(), "revision": revision})
        return 201, told_of(decision, issue)


class UndoDecision(Deciding):
    """Takes back one decision."""

    act = Act.DECIDE

    @extend_schema(
        summary="Undo a decision",
        description="What stood before stands again, if nobody has decided on the same since: which is why no If-Match "
        "is asked for. Takes a token of both queue:write and queue:read.",
        request=inline_serializer("Undoing", {"note": serializers.CharField(required=False, max_length=2_000)}),
        parameters=[KEY, REPEATED],
        responses={
            201: DECIDED,
            **CONFLICTS,
            409: OpenApiResponse(description="Undone already, or `decided` tells what was decided since"),
        },
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        user = self.may_decide()
        decision = undoable(self.actor).filter(pk=pk).first()
        if decision is None:
            raise Http404
        asked = Note(data=request.data)
        asked.is_valid(raise_exception=True)
        take_back = catalogue.undo if decision.artifact_id else decisions.undo

        def make() -> Made:
            return 201, told_of(take_back(decision, by=user, note=asked.validated_data["note"]), decision.issue)

        return answered(decision.issue, lambda: once(request, make, who=str(user.pk)))


class Note(serializers.Serializer[Any]):
    note = serializers.CharField(default="", max_length=2_000, allow_blank=True)


def undoable(actor: Actor) -> "QuerySet[Decision]":
    """Decisions on issues and artifacts that ``actor`` may see."""
    found = Decision.objects.select_related("issue", "artifact")
    of_issues = found.filter(issue__in=Issue.objects.visible_to(actor).values("pk"))
    return of_issues | found.filter(artifact__isnull=False)


def seen(request: Request, issue: Issue, actor: Actor) -> int | None:
    """The revision that the caller has seen, by what their If-Match names; None if they do not mind (``*``).

    Raises :class:`~reports.api.preconditions.ChangedMeanwhile`.
    """
    named = request.headers["If-Match"].strip()
    if named == "*":
        return None
    quoted = named.strip('"')
    if quoted.isascii() and quoted.isdecimal() and len(quoted) < 10:
        return int(quoted)
    issue.refresh_from_db(fields=["revision"])  # decide compares it once the row is locked
    unless_changed(request, tag_for_change(issue.pk, actor))
    return issue.revision


def answered(issue: Issue | None, make: Any) -> HttpResponse:
    """What ``make`` answers, or a problem document: 412 and what changed, 409 where it cannot be done, 403 where not by
    this person."""
    try:
        response: HttpResponse = make()
    except (ChangedSince, DecidedSince) as refusal:
        status = 412 if isinstance(refusal, ChangedSince) else 409
        return refused(status, refusal.messages[0], issue, refusal.since)
    except ChangedMeanwhile as late:
        lately = readable_of(issue)[:TOLD_OF_OTHERS] if issue else []
        answer = refused(412, str(late.detail), issue, list(lately))
        answer["ETag"] = late.etag
        return answer
    except ValidationError as refusal:
        status = 403 if getattr(refusal, "code", "") == "apart" else 409
        return refused(status, " ".join(refusal.messages), issue)
    return response


def readable_of(issue: Issue) -> "QuerySet[Decision]":
    return issue.decisions.select_related("issue", "decider", "report", "undone_by").order_by("-pk")


def refused(status: int, title: str, issue: Issue | None, since: Iterable[Decision] = ()) -> HttpResponse:
    told = [DecisionTwin(decision, context={"sees_desk": True}).data for decision in since]
    more: dict[str, Any] = {"decided": told} if told else {}
    if issue is not None:
        issue.refresh_from_db(fields=["revision", "status"])
        more |= {"revision": issue.revision, "issue_status": issue.status}
    return problem(status, title, **more)


def told_of(decision: Decision, issue: Issue | None) -> dict[str, Any]:
    told = DecisionTwin(decision, context={"sees_desk": True}).data
    if issue is None:
        return {"decision": dict(told), "issue": None}
    issue.refresh_from_db(fields=["number", "status", "revision"])
    now = {"id": issue.pk, "number": issue.number, "status": issue.status, "revision": issue.revision}
    return {"decision": dict(told), "issue": now}
