"""What filing is measured against: a view that parses the JSON and saves the same rows, and does nothing else.

It checks nothing, masks nothing, looks nothing up and rings no bell. The artifact and its version are known by number.
For scale there is a view beside it that makes one INSERT into a table without anything.
"""

import json
import secrets
from functools import cache

from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

from bench.plain import INSERT
from ledger.models import Event, Payload
from reports.models import Artifact, Evidence, Report, Version


@cache
def artifact_and_version() -> tuple[int, int]:
    artifact, _ = Artifact.objects.get_or_create(kind="model", org="acme", name="bare")
    version, _ = Version.objects.get_or_create(artifact=artifact, name="1")
    return artifact.pk, version.pk


def file(request: HttpRequest) -> JsonResponse:
    answers = json.loads(request.body)
    artifact_id, version_id = artifact_and_version()
    with transaction.atomic():
        report = Report.objects.create(
            reference=secrets.token_hex(10),
            receipt_digest=secrets.token_bytes(32),
            voice_key=secrets.token_hex(16),
            artifact_id=artifact_id,
            version_id=version_id,
            kind=answers["kind"],
            context_of_use=answers["context_of_use"],
            harm_occurred=answers["harm_occurred"],
            severity=answers["severity"],
            tries=answers["reproduction"]["tries"],
            failures=answers["reproduction"]["failures"],
            language=answers["language"],
            observed_on=answers["observed_on"],
            settings=answers["settings"],
            visibility=answers["visibility"],
            consent_version="2026-11",
            channel="api",
            source="api",
        )
        Evidence.objects.create(
            report=report,
            words_key=secrets.token_bytes(32),
            plain_summary=answers["summary"],
            plain_what_happened=answers["what_happened"],
            plain_expected=answers["expected"],
            plain_transcript=answers["transcript"],
        )
        event = Event.objects.create(
            actor="anonymous", verb="file", subjects=[f"report:{report.pk}", f"artifact:{artifact_id}"]
        )
        told = {"channel": "api", "reference": report.reference, "words": secrets.token_hex(32)}
        Payload.objects.create(event=event, content=told)
    return acknowledged(report.reference)


def insert(request: HttpRequest) -> JsonResponse:
    reference = secrets.token_hex(10)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [reference, json.dumps(json.loads(request.body))])
    return acknowledged(reference)


def acknowledged(reference: str) -> JsonResponse:
    answer = JsonResponse({"reference": reference, "receipt": "", "status": "received"}, status=201)
    answer["Content-Length"] = str(len(answer.content))  # keeps the connection open
    return answer


urlpatterns = [path("bare/", file), path("insert/", insert)]
