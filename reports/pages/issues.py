"""The list of issues, and searching it."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from reports.conditional import public_page
from reports.filters import RecordFilter
from reports.lines import Line
from reports.pages.home import NUMBER, meant
from reports.record import issues_on_record

PAGE = 25  # rows


@open_to_all
@require_safe
def issues(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    asked = request.GET.get("q", "").strip()
    if NUMBER.fullmatch(asked) and (address := meant(asked, actor)):
        return redirect(address)
    narrowed = RecordFilter(request.GET, issues_on_record(actor), request=request)
    page = Paginator(narrowed.qs, PAGE).get_page(request.GET.get("page"))
    told = {"lines": [Line.of(issue) for issue in page], "total": page.paginator.count}
    is_narrowed = any(request.GET.get(name) for name in narrowed.form.fields)
    return public_page(request, "reports/issues.html", told, page=page, form=narrowed.form, is_narrowed=is_narrowed)
