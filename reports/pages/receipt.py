"""The receipt page: opened with the code, says where the report stands."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of, needs
from accounts.policy import ANONYMOUS, Act
from reports.lines import Line
from reports.models import Report
from reports.receipts import opens
from reports.record import issues_for
from reports.standing import CONFIRMED, DECLINED, GROUPED, RECEIVED, RESOLVED, UNDER_REVIEW, issue_of, status_of, steps

OPEN = "open_receipts"  # session: references whose code was given here
FRESH = "fresh_receipts"  # session: codes that have not been shown yet
TRACK = [
    ({RECEIVED}, gettext_lazy("Received")),
    ({GROUPED}, gettext_lazy("Grouped")),
    ({UNDER_REVIEW}, gettext_lazy("Under review")),
    ({CONFIRMED, DECLINED}, gettext_lazy("Confirmed or declined")),
    ({RESOLVED}, gettext_lazy("Resolved")),
]


def await_receipt(request: HttpRequest) -> None:
    """Begin the session before anything is sent: the answer to the first press of a button that was pressed twice is
    lost with its cookie, and the code with it."""
    request.session.setdefault(OPEN, [])


def keep_open(request: HttpRequest, report: Report, *, code: str = "") -> None:
    """Let this browser read the report for as long as its session lasts; ``code`` is shown on the next visit only."""
    request.session[OPEN] = list({*request.session.get(OPEN, []), report.reference})
    if code:
        request.session[FRESH] = {**request.session.get(FRESH, {}), report.reference: code}


def may_read(request: HttpRequest, report: Report) -> bool:
    mine = report.reporter_id is not None and report.reporter_id == actor_of(request).user_id
    return mine or report.reference in request.session.get(OPEN, [])


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks for the code, alike for every reference whether it exists or not; then shows where the report stands."""
    found = Report.objects.filter(reference=reference.lower()).select_related("artifact", "version").first()
    if request.method == "POST":
        if found and opens(request.POST.get("code", ""), found):
            keep_open(request, found)
            return redirect(found)
        refusal = _("That is not the code of this report. Codes have 24 letters and digits.")
        return render(request, "reports/receipt_code.html", {"reference": reference, "refusal": refusal}, status=403)
    if found is None or not may_read(request, found):
        return render(request, "reports/receipt_code.html", {"reference": reference})
    return show(request, found)


def show(request: HttpRequest, report: Report) -> HttpResponse:
    fresh = request.session.get(FRESH, {})
    code = fresh.pop(report.reference, "")
    if code:
        request.session[FRESH] = fresh
    issue = issue_of(report)
    status = status_of(report, issue)
    told = [event for event in steps(report, issue) if event.at >= report.filed_at]
    public = issues_for(ANONYMOUS).filter(pk=issue.pk).first() if issue else None
    context = {
        "report": report,
        "code": code,
        "line": Line.of(public) if public else None,
        "status": status,
        "track": track(status),
        "decline_reason": issue.get_dismissal_display() if issue and status == DECLINED else "",
        "steps": [{"at": event.at, "verb": event.verb} for event in told],
    }
    return render(request, "reports/receipt.html", context)


def track(status: str) -> list[dict[str, object]]:
    """The five steps of a report, each done, current or to come."""
    here = next(at for at, (names, _label) in enumerate(TRACK) if status in names)
    return [{"label": label, "is_done": at < here, "is_here": at == here} for at, (_names, label) in enumerate(TRACK)]


@needs(Act.OPEN_RECEIPT)
@require_POST
def close(request: HttpRequest, reference: str) -> HttpResponse:
    """Forget on this device that the report was opened."""
    opened = request.session.get(OPEN, [])
    if reference not in opened:
        raise Http404
    request.session[OPEN] = [other for other in opened if other != reference]
    return redirect("home")
