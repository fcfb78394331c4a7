"""The reports of whoever is signed in: where each stands, and what waits for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, needs
from accounts.policy import ANONYMOUS, Act
from reports.models import Issue, Message, Report
from reports.standing import CONFIRMED, DECLINED, GROUPED, RECEIVED, RESOLVED, UNDER_REVIEW, issues_of, status_of

PAGE = 25  # reports
STATUSES: dict[str, Promise] = {
    RECEIVED: gettext_lazy("Received"),
    GROUPED: gettext_lazy("Grouped"),
    UNDER_REVIEW: gettext_lazy("Under review"),
    CONFIRMED: gettext_lazy("Confirmed"),
    RESOLVED: gettext_lazy("Resolved"),
    DECLINED: gettext_lazy("Declined"),
}


@dataclass(frozen=True, slots=True)
class Mine:
    """One report in the list of its reporter. ``issue``: where the public reads of it, if it does."""

    report: Report
    title: str
    label: str | Promise
    is_withdrawn: bool
    is_asked: bool
    issue: Issue | None


@needs(Act.OWN_ACCOUNT)
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    page = Paginator(filed(request), PAGE).get_page(request.GET.get("page"))
    return render(request, "reports/mine.html", {"page": page, "reports": listed(list(page.object_list))})


def filed(request: HttpRequest) -> "QuerySet[Report]":
    """Each with ``last_from_reporter``: whether the last word of its thread is theirs; None if there is none."""
    said = Message.objects.filter(report=OuterRef("pk"), withdrawn_at=None, is_evidence=False)
    last = said.order_by("-sent_at", "-pk").values("from_reporter")[:1]
    reports = Report.objects.filed_by(actor_of(request)).select_related("artifact", "evidence", "evidence_key")
    return reports.annotate(last_from_reporter=Subquery(last)).order_by("-filed_at", "-pk")


def listed(reports: Sequence[Report]) -> list[Mine]:
    issues = issues_of(reports)
    numbers = [issue.pk for issue in issues.values()]
    public = Issue.objects.visible_to(ANONYMOUS).in_bulk(numbers) if numbers else {}
    found = []
    for report in reports:
        issue = issues.get(report.pk)
        asked = report.last_from_reporter is False  # type: ignore[attr-defined] # annotated by filed
        words = report.evidence.summary if hasattr(report, "evidence") else ""
        found.append(
            Mine(
                report=report,
                title=words or str(report.artifact),
                label=STATUSES[status_of(report, issue)],
                is_withdrawn=report.withdrawn_at is not None,
                is_asked=asked and report.withdrawn_at is None and report.erased_at is None,
                issue=public.get(issue.pk) if issue else None,
            )
        )
    return found
