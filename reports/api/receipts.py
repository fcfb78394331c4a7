"""One's own report by its receipt code: where it stands, what was said, and what its reporter says and does."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.network import network_of
from accounts.policy import ANONYMOUS, Act
from reports.api.problems import problem
from reports.api.repeating import CONFLICTS, KEY, REPEATED, once
from reports.api.resource import Resource
from reports.correspondence import (
    DISMISSAL,
    EVIDENCE_MAX,
    GROUPING,
    TEXT_MAX,
    TEXT_MIN,
    add_evidence,
    disputable,
    dispute,
    reply,
    say,
    thread_for_reporter,
)
from reports.lanes import may_look, may_try
from reports.models import Message, Report
from reports.receipts import opens
from reports.standing import issue_of, standing
from reports.withdrawing import take_back, withdraw

CODE = OpenApiParameter(
    "Authorization", str, OpenApiParameter.HEADER, description="`Receipt` and the code of the report", required=True
)
REFUSALS = {
    404: OpenApiResponse(description="No such report, or not its code"),
    429: OpenApiResponse(description="Too many codes that do not fit, or this was written to often enough today"),
}
LINE = inline_serializer(
    "ThreadLine",
    {
        "at": serializers.DateTimeField(),
        "from": serializers.ChoiceField(["reporter", "triagers"]),
        "kind": serializers.ChoiceField(["message", "evidence"]),
        "text": serializers.CharField(),
    },
    many=True,
)
STANDING = inline_serializer(
    "Standing",
    {
        "reference": serializers.CharField(),
        "status": serializers.ChoiceField(["received", "grouped", "under_review", "confirmed", "resolved", "declined"]),
        "issue": serializers.CharField(allow_null=True, help_text="Null until the public may see it."),
        "timeline": inline_serializer(
            "Step", {"at": serializers.DateTimeField(), "status": serializers.CharField()}, many=True
        ),
        "is_withdrawn": serializers.BooleanField(),
        "thread": LINE,
        "may": serializers.ListField(
            child=serializers.ChoiceField(["answer", "write", "add", "dispute", "withdraw", "reinstate"]),
            help_text="What can be posted now, as the last part of an address below this one",
        ),
        "disputable": serializers.ListField(child=serializers.ChoiceField([DISMISSAL, GROUPING])),
    },
)


def told_of(report: Report) -> dict[str, Any]:
    """What the receipt page says, for programs."""
    thread = thread_for_reporter(report)
    is_open = report.withdrawn_at is None and report.erased_at is None
    about = sorted(disputable(report, issue_of(report)))
    waits = is_open and thread.question is not None
    may = {
        "answer": waits,
        "write": is_open and not waits,
        "add": is_open,
        "dispute": bool(about),
        "withdraw": is_open,
        "reinstate": report.withdrawn_at is not None and report.erased_at is None,
    }
    return {
        **standing(report),
        "is_withdrawn": report.withdrawn_at is not None,
        "thread": [line_of(message) for message in thread.lines],
        "may": [act for act, is_possible in may.items() if is_possible],
        "disputable": about,
    }


def line_of(message: Message) -> dict[str, str]:
    return {
        "at": message.sent_at.isoformat(),
        "from": "reporter" if message.from_reporter else "triagers",
        "kind": "evidence" if message.is_evidence else "message",
        "text": message.text,
    }


class Receipted(Resource):
    """For whoever has the code of a report: it is all it takes, and nothing else counts."""

    act = Act.OPEN_RECEIPT
    authentication_classes = ()

    def opened(self, request: Request, reference: str) -> Report:
        """Raises NotFound alike for a wrong code and for no report, and TooMany; only what does not fit is counted."""
        network = network_of(request._request)
        scheme, _space, code = request.headers.get("Authorization", "").partition(" ")
        may_look(network, reference)
        reports = Report.objects.select_related("evidence", "evidence_key", "contact")
        found = reports.filter(reference=reference.lower()).first()
        if found is None or scheme.lower() != "receipt" or not opens(code.strip(), found):
            may_try(network, reference)
            raise NotFound
        return found


class ReadReceipt(Receipted):
    """Where a report stands, for whoever has its receipt code."""

    @extend_schema(
        summary="Where a report stands, and what was said about it",
        parameters=[CODE],
        responses={200: STANDING, **REFUSALS},
    )
    def get(self, request: Request, reference: str) -> Response:
        return Response(told_of(self.opened(request, reference)))


class Words(serializers.Serializer[Any]):
    """What a reporter writes to the triagers."""

    text = serializers.CharField(min_length=TEXT_MIN, max_length=TEXT_MAX)


class MoreWords(serializers.Serializer[Any]):
    """What a reporter adds to the report."""

    text = serializers.CharField(min_length=TEXT_MIN, max_length=EVIDENCE_MAX)


class Objection(Words):
    about = serializers.ChoiceField([DISMISSAL, GROUPING], default=DISMISSAL)


class Nothing(serializers.Serializer[Any]):
    """An empty body, or an empty object."""


class OnReceipt(Receipted):
    """A POST by which the reporter does one thing. Answers with the receipt as it is then."""

    serializer_class: type[serializers.Serializer[Any]] = Nothing
    take: Callable[..., object]

    def post(self, request: Request, reference: str) -> HttpResponse:
        report = self.opened(request, reference)
        said = self.said(request)
        act = partial(type(self).take, report, actor=ANONYMOUS, **said)
        try:
            return once(request, lambda: (200, self.done(report, act)), who=f"receipt {report.reference}")
        except ValidationError as refusal:
            status = 429 if getattr(refusal, "code", "") == "often" else 409
            return problem(status, " ".join(refusal.messages))

    def said(self, request: Request) -> dict[str, Any]:
        """What the body says. Raises for what is wrong with it, and for what nobody asks here."""
        form = self.serializer_class(data=request.data)
        form.is_valid(raise_exception=True)
        if unknown := set(request.data) - form.fields.keys():
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
        return dict(form.validated_data)

    def done(self, report: Report, act: Callable[[], object]) -> dict[str, Any]:
        act()
        report.refresh_from_db()
        return told_of(report)


def _documented(summary: str, asks: type[serializers.Serializer[Any]], **more: str) -> Any:
    said = extend_schema(
        summary=summary,
        request=asks,
        parameters=[CODE, KEY, REPEATED],
        responses={
            200: STANDING,
            400: OpenApiResponse(description="A problem document (RFC 9457)"),
            **REFUSALS,
            **CONFLICTS,
            409: OpenApiResponse(description="It cannot be done (any more), or the Idempotency-Key is in use"),
        },
        **more,  # type: ignore[arg-type] # a description
    )
    return extend_schema_view(post=said)


@_documented("Answer the question that waits", Words)
class AnswerQuestion(OnReceipt):
    serializer_class = Words
    take = staticmethod(reply)


@_documented("Write to the triagers unasked", Words)
class Write(OnReceipt):
    serializer_class = Words
    take = staticmethod(say)


@_documented("Add to the report", MoreWords, description="Words only; files are added on the page of the receipt.")
class AddEvidence(OnReceipt):
    serializer_class = MoreWords
    take = staticmethod(add_evidence)


@_documented("Say why what was decided is wrong", Objection)
class Dispute(OnReceipt):
    serializer_class = Objection
    take = staticmethod(dispute)


@_documented("Withdraw the report", Nothing)
class Withdraw(OnReceipt):
    take = staticmethod(withdraw)


@_documented("Take back that it was withdrawn", Nothing)
class Reinstate(OnReceipt):
    take = staticmethod(take_back)
