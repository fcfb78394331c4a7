"""Filing many reports at once: each by itself, and the answer of all of them in one transaction."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.utils import OperationalError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from psycopg.errors import DeadlockDetected
from rest_framework import serializers
from rest_framework.request import Request

from accounts.policy import Act, Actor
from reports.answers import Answers
from reports.api.filing import receipt_answer
from reports.api.parsers import BulkJSONParser
from reports.api.problems import pointer, problem
from reports.api.repeating import CONFLICTS, KEY, REPEATED, once
from reports.api.resource import Resource
from reports.filing import AlreadyFiled, Refused, file_report
from reports.vocabulary import Channel

MOST = 500  # reports in one body
TRIES = 3  # of a transaction that met another head on

SAID = inline_serializer(
    "WhatIsWrong", {"pointer": serializers.CharField(), "detail": serializers.CharField()}, many=True, required=False
)
RESULT = inline_serializer(
    "BulkResult",
    {
        "index": serializers.IntegerField(help_text="Which of the reports that were sent, from 0"),
        "reference": serializers.CharField(
            required=False, help_text="Of what was filed; of what was here, if it is yours"
        ),
        "receipt": serializers.CharField(required=False, help_text="Shown once"),
        "url": serializers.URLField(required=False),
        "already_here": serializers.BooleanField(
            required=False, help_text="Its source and source_key are here already"
        ),
        "errors": SAID,
    },
    many=True,
)
BULK = inline_serializer(
    "Bulk",
    {
        "filed": serializers.IntegerField(),
        "already_here": serializers.IntegerField(),
        "rejected": serializers.IntegerField(),
        "results": RESULT,
    },
)
SENT = inline_serializer("Reports", {"reports": Answers(many=True)})


class FileReports(Resource):
    """Up to 500 reports through the one door."""

    act = Act.FILE_BULK
    parser_classes = (BulkJSONParser,)

    @extend_schema(
        summary="File many reports",
        description="Each is taken or refused by itself, and answered in the order that was sent. A `source` and a "
        "`source_key` for each make it safe to send them again at any time; an Idempotency-Key repeats the answer "
        "of all for a day. The body has 10 MB at most.",
        request=SENT,
        parameters=[KEY, REPEATED],
        responses={
            200: BULK,
            400: OpenApiResponse(description="Not an object of reports, or more than 500"),
            413: OpenApiResponse(description="More than 10 MB"),
            **CONFLICTS,
        },
    )
    def post(self, request: Request) -> HttpResponse:
        sent = request.data.get("reports") if isinstance(request.data, dict) else None
        if not isinstance(sent, list) or set(request.data) != {"reports"}:
            told = _('Send an object with "reports", which is a list, and nothing else.')
            return problem(400, told, errors={"reports": [told]})
        if not 1 <= len(sent) <= MOST:
            told = _("Send 1 to {most} reports at once.").format(most=MOST)
            return problem(400, told, errors={"reports": [told]})
        return tried(lambda: once(request, lambda: (200, filed(sent, self.actor)), who=str(self.actor.user_id)))


def tried(answer: Any) -> HttpResponse:
    """Two who send the same in another order may wait for each other; the one that is let go begins again."""
    for _each in range(TRIES - 1):
        try:
            return answer()  # type: ignore[no-any-return] # see above
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    return answer()  # type: ignore[no-any-return] # see above


def filed(sent: list[Any], actor: Actor) -> dict[str, Any]:
    """What became of each, in one transaction: the good ones are filed, whatever the others are."""
    results: list[dict[str, Any]] = [{} for _each in sent]
    with transaction.atomic():
        for index in sorted(range(len(sent)), key=lambda index: turn_of(sent[index])):
            results[index] = {"index": index, **result_of(sent[index], index, actor)}
    counted = {
        "filed": sum("receipt" in result for result in results),
        "already_here": sum("already_here" in result for result in results),
        "rejected": sum("errors" in result for result in results),
    }
    return {**counted, "results": results}


def turn_of(answers: Any) -> tuple[str, ...]:
    """In which order they are filed: the same for everybody, because each locks what it is about."""
    named = answers if isinstance(answers, dict) else {}
    return tuple(str(named.get(name, "")).lower() for name in ("artifact", "version", "source", "source_key"))


def result_of(answers: Any, index: int, actor: Actor) -> dict[str, Any]:
    if not isinstance(answers, dict):
        return refused({"": [_("A report is a JSON object.")]}, index)
    try:
        receipt = file_report(answers, channel=Channel.API, actor=actor)
    except Refused as refusal:
        return refused(refusal.errors, index)
    except AlreadyFiled as known:
        is_own = known.report.reporter_id == actor.user_id
        return {"already_here": True, **({"reference": known.report.reference} if is_own else {})}
    told = receipt_answer(receipt)
    return {name: told[name] for name in ("reference", "receipt", "url")}


def refused(errors: Mapping[str, list[str]], index: int) -> dict[str, Any]:
    """Sentences by pointers into the body that was sent."""
    return {
        "errors": [
            {"pointer": pointer(".".join(filter(None, ["reports", str(index), name]))), "detail": sentence}
            for name, sentences in errors.items()
            for sentence in sentences
        ]
    }
