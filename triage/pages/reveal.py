"""Showing what was veiled or redacted: once, on record, and only in the answer to whoever asked."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from accounts.actors import actor_of, needs, person
from accounts.policy import Act
from reports import showing
from reports.models import Issue, Placement, Report
from reports.pages.asked import id_in, storable
from triage.comparison import Comparison, comparison_of, opinions_of
from triage.pages.desk import query, with_revealed
from triage.pages.publication import page_of_publication
from triage.queue import suggestions
from triage.reveals import reveal as put_on_record
from triage.reveals import reveal_files as put_files_on_record


@needs(Act.DECIDE)
@require_POST
def reveal(request: HttpRequest, reference: str) -> HttpResponse:
    """The report unveiled: alone for a script that asks for it, else in the whole page where the button was."""
    actor = actor_of(request)
    report = get_object_or_404(Report.objects.visible_to(actor), reference=reference)
    issue = get_object_or_404(Issue.objects.visible_to(actor), pk=id_in(request.POST.get("issue", "")))
    put_on_record(report, by=person(request), issue=issue)
    if request.POST.get("desk") == "publication":
        return page_of_publication(request, issue.pk, report=report.reference, revealed={report.pk})
    if request.headers.get("HX-Request"):
        return _side(request, issue, report)
    asked_for = request.GET.copy()
    asked_for["report"] = _opened(request)
    request.GET = asked_for  # type: ignore[assignment] # a copy that could be changed, which nobody does
    return with_revealed(request, issue.pk, {report.pk})


@needs(Act.DECIDE)
@require_POST
def reveal_files(request: HttpRequest, reference: str) -> HttpResponse:
    """The files beside the report: where the button was for a script that asks for them, else on a page of their own.

    No picture is sent before, whatever the report's hazard: what it shows is known once it has been seen.
    """
    actor = actor_of(request)
    report = get_object_or_404(Report.objects.visible_to(actor), reference=reference)
    issue = get_object_or_404(Issue.objects.visible_to(actor), pk=id_in(request.POST.get("issue", "")))
    files = showing.beside(actor, report=report)
    put_files_on_record(report, by=person(request), issue=issue, count=len(files))
    template = "triage/files_shown.html" if request.headers.get("HX-Request") else "triage/files.html"
    return render(request, template, {"files": files, "report": report, "issue": issue, "query": query(request)})


def _side(request: HttpRequest, issue: Issue, report: Report) -> HttpResponse:
    """The same side of the comparison that was veiled. 404 if the page no longer compares it."""
    actor = actor_of(request)
    opened = _opened(request)
    placed = Placement.objects.active().visible_to(actor).filter(issue=issue, report__reference=opened)
    placement = placed.select_related("issue", "report").first()
    if placement is None:
        raise Http404
    opinions = opinions_of(suggestions([placement.report_id]), issue)
    compared: Comparison = comparison_of(placement, opinions, actor, revealed={report.pk})
    side = next((side for side in (compared.this, compared.nearest) if side and side.report == report), None)
    if side is None:
        raise Http404
    context = {
        "side": side,
        "is_nearest": side is compared.nearest,
        "issue": compared.nearest_issue if side is compared.nearest else None,
        "here": issue,
        "open": opened,
        "query": query(request),
    }
    return render(request, "triage/revealed.html", context)


def _opened(request: HttpRequest) -> str:
    """The reference of the report that was open where the button was."""
    return storable(request.POST.get("open", ""))
