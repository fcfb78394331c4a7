"""The list of issues on record, and searching what is public of them."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from reports.conditional import public_page
from reports.filters import NUMBER, RecordFilter
from reports.finding import artifacts_like, artifacts_named, results
from reports.pages.home import meant
from reports.published import FOUND_AT_MOST
from reports.record import issues_on_record
from reports.vocabulary import ExportForm

PAGE = 25  # rows


@open_to_all
@require_safe
def issues(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    asked = request.GET.get("q", "").strip()
    if NUMBER.fullmatch(asked) and (address := meant(asked, actor)):
        return redirect(address)
    narrowed = RecordFilter(request.GET, issues_on_record(actor), request=request)
    if not asked:
        narrowed.form.fields.pop("order")  # there is nothing to match
    page = Paginator(narrowed.qs, PAGE).get_page(request.GET.get("page"))
    typed = "" if "q" in narrowed.form.errors else asked
    total = page.paginator.count
    told = {
        "found": results(list(page), typed, actor),
        "total": total,
        "is_cut": bool(typed) and total >= FOUND_AT_MOST,
        "named": artifacts_named(typed, actor),
        "like": artifacts_like(typed, actor) if typed and not total else [],
    }
    frame = {
        "form": narrowed.form,
        "rare": narrowed.RARE,
        "is_folded": narrowed.is_folded,
        "is_narrowed": narrowed.is_narrowed,
        "asked": typed,
        "same_words": with_words_alone(request, typed),
        "narrowing": narrowing(narrowed),
        "forms": list(ExportForm),
    }
    return public_page(request, "reports/issues.html", told, page=page, **frame)


def with_words_alone(request: HttpRequest, typed: str) -> str:
    """The address of the same words without the rest of what was asked; "" if that was all."""
    others = [name for name in request.GET if name not in ("q", "order", "page") and request.GET[name]]
    return f"{reverse('issues')}?{urlencode({'q': typed})}" if typed and others else ""


def narrowing(narrowed: RecordFilter) -> str:
    """What narrows the list, as it is asked of the feed and the exports: "" or "?kind=…"."""
    asked: dict[str, Any] = {} if narrowed.form.errors else narrowed.form.cleaned_data
    kept = {name: value for name, value in asked.items() if value and name != "order"}
    return f"?{urlencode(kept)}" if kept else ""
