"""Filing one report by API."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from accounts.actors import actor_of
from accounts.network import network_of
from accounts.policy import Act
from reports.answers import Answers
from reports.api.problems import problem, too_many
from reports.api.repeating import CONFLICTS, KEY, REPEATED, Made, once
from reports.api.resource import Resource
from reports.filing import AlreadyFiled, Receipt, Refused, file_report
from reports.lanes import TooMany, knock
from reports.vocabulary import Channel

RECEIPT = inline_serializer(
    "Receipt",
    {
        "reference": serializers.CharField(),
        "receipt": serializers.CharField(help_text="Shown once. Whoever has it can read and withdraw the report."),
        "status": serializers.CharField(),
        "url": serializers.URLField(),
    },
)
REPORT = OpenApiExample(
    "A report",
    request_only=True,
    value={
        "artifact": "acme/chat-7b",
        "version": "2026-05",
        "summary": "It cites a court ruling that was never made",
        "what_happened": "I asked for rulings on rent. It named a judge and a date, and there is no such ruling.",
        "kind": "false_information",
        "transcript": [
            {"role": "user", "content": "Which rulings are there on rent?"},
            {"role": "assistant", "content": "Smith v. Rent, decided on 3 May."},
        ],
        "context_of_use": "justice",
        "reproduction": {"tries": 5, "failures": 3},
        "settings": {"temperature": 0.7},
        "visibility": "public_after_review",
        "consent": True,
    },
)
FILED = OpenApiExample(
    "It is here",
    response_only=True,
    status_codes=["201"],
    value={
        "reference": "r-7f3k9q2m",
        "receipt": "8Q4M-T0XZ-1C7D-PN5V-K2HB-3WRA",
        "status": "received",
        "url": "https://site.example/reports/r-7f3k9q2m/",
    },
)


class FileReport(Resource):
    """File one report through the one door."""

    act = Act.FILE
    has_own_limit = True  # and not one query more

    @extend_schema(
        summary="File a report",
        request=Answers,
        parameters=[KEY, REPEATED],
        responses={201: RECEIPT, **CONFLICTS},
        examples=[REPORT, FILED],
    )
    def post(self, request: Request) -> HttpResponse:
        actor, network = actor_of(request._request), network_of(request._request)
        try:
            knock(actor, network)  # before the body is read
        except TooMany as refusal:
            return too_many(refusal)
        if not isinstance(request.data, dict):
            return problem(400, _("A report is a JSON object."))
        answers: dict[str, object] = request.data
        told: dict[str, str] = {}

        def file() -> Made:
            receipt = file_report(answers, channel=Channel.API, actor=actor, network=network)
            told.update(receipt.lane.quota.headers if receipt.lane.quota else {})
            return 201, receipt_answer(receipt)

        try:
            return once(request, file, who=str(actor.user_id or network), headers=told)
        except Refused as refusal:
            return problem(400, _("This report cannot be taken as it is."), errors=refusal.errors)
        except AlreadyFiled:
            return problem(409, _("A report of this source with this source_key is here already."))
        except TooMany as refusal:
            return too_many(refusal)


def receipt_answer(receipt: Receipt) -> dict[str, str]:
    report = receipt.report
    return {
        "reference": report.reference,
        "receipt": receipt.code,
        "status": "received",
        "url": f"{settings.SITE_URL}{report.get_absolute_url()}",
    }
