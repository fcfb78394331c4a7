"""The record to take away: one issue, those of an artifact, or as many as the list shows, each in five forms.

One and the same for everybody, signed in or not: what programs keep must not depend on who fetched it.
"""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from accounts.policy import ANONYMOUS
from reports.conditional import tag_of, unless_known
from reports.exporters.formats import MANY, ONE, Sent, about, many, one
from reports.exporters.own import head
from reports.exporters.reruns.forms import SENT, written
from reports.exporters.told import shape, told_of
from reports.filters import RecordFilter
from reports.models import Artifact
from reports.models.issue import IssueQuerySet
from reports.pages.artifact import of_artifact
from reports.record import issues_on_record, modified_at, on_record, survivor_of, tombstone_of
from reports.twins import TombstoneTwin
from reports.vocabulary import ExportForm, RerunForm

OF_AN_ARTIFACT = Sent("application/json", ".json")


@open_to_all
@require_safe
def issue_export(request: HttpRequest, number: str, form: ExportForm) -> HttpResponseBase:
    shown = issues_on_record(ANONYMOUS).filter(number=number).first()
    if shown is None:
        return gone(number, form)
    told = one(form, shown)
    return unless_known(
        request,
        tag_of(told),
        lambda: sent(HttpResponse(told), ONE[form], f"x_{number}" if form is ExportForm.OSV else number),
        modified=modified_at(shown),
    )


@open_to_all
@require_safe
def issue_cases(request: HttpRequest, number: str, form: RerunForm) -> HttpResponseBase:
    """What a developer runs again, to see whether it still fails."""
    shown = issues_on_record(ANONYMOUS).filter(number=number).first()
    if shown is None:
        return gone(number, form, "issue_cases")
    told = written(form, shown)
    if told is None:
        return refused(404, "Nothing to run again: no prompt with the answer to it is published of this issue.")
    return unless_known(
        request, tag_of(told), lambda: sent(HttpResponse(told), SENT[form], number), modified=modified_at(shown)
    )


def gone(number: str, form: ExportForm | RerunForm, page: str = "issue_export") -> HttpResponse:
    """To what the issue became part of; 410 if people took it off the record; else Http404."""
    if survivor := survivor_of(number, ANONYMOUS):
        return HttpResponsePermanentRedirect(reverse(page, args=[survivor.number, form]))
    if stone := tombstone_of(number, ANONYMOUS):
        return JsonResponse(TombstoneTwin(stone).data, status=410)
    raise Http404


@open_to_all
@require_safe
def issues_export(request: HttpRequest, form: ExportForm) -> HttpResponseBase:
    """Every issue on record, or those that the parameters of the list (``kind``, ``state``, …) leave."""
    narrowed = RecordFilter(request.GET, issues_on_record(ANONYMOUS), request=request, actor=ANONYMOUS)
    if not narrowed.is_valid():
        return refused(400, "There is no such narrowing.", errors=narrowed.form.errors.get_json_data())
    return of_many(request, narrowed.qs, form, "telltale-issues")


@open_to_all
@require_safe
@of_artifact
def artifact_export(request: HttpRequest, shown: Artifact, form: ExportForm) -> HttpResponseBase:
    of_it = on_record(ANONYMOUS).filter(artifact=shown).values("issue")
    issues = issues_on_record(ANONYMOUS).filter(pk__in=of_it)
    return of_many(request, issues, form, f"{shown.org}-{shown.name}", artifact=shown)


def of_many(
    request: HttpRequest, issues: IssueQuerySet, form: ExportForm, file: str, *, artifact: Artifact | None = None
) -> HttpResponseBase:
    """``issues`` streamed, unless the reader has them already. With an artifact, our own form tells of it too."""
    told = told_of(issues)
    if form is ExportForm.OPENVEX and not told.count:
        return refused(404, "OpenVEX has no document without statements, and nothing is on record here.")
    if artifact and form is ExportForm.JSON:
        tag, parts, as_sent = tag_of(shape(), told, head(artifact)), about(artifact, issues), OF_AN_ARTIFACT
    else:
        address = f"{settings.SITE_URL}{request.get_full_path()}"
        tag, parts, as_sent = tag_of(shape(), told), many(form, issues, told, address=address), MANY[form]
    return unless_known(request, tag, streamed(parts, as_sent, file), modified=told.modified)


def streamed(parts: Iterable[bytes], as_sent: Sent, file: str) -> Callable[[], HttpResponseBase]:
    """``parts`` are not asked for before somebody reads them."""
    return lambda: sent(StreamingHttpResponse(parts), as_sent, file)


def sent(answer: HttpResponseBase, as_sent: Sent, file: str) -> HttpResponseBase:
    answer["Content-Type"] = as_sent.content_type
    answer["Content-Disposition"] = content_disposition_header(True, file + as_sent.ending) or "attachment"
    return answer


def refused(status: int, why: str, **more: object) -> HttpResponse:
    return JsonResponse({"status": status, "title": why, **more}, status=status)
