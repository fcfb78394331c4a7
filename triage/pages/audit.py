"""Audits: who did what, when, why and what it changed, narrowed at will, and taken away as a table or with proofs."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, needs
from accounts.policy import Act
from ledger import proving
from reports.exporters.archive import archived
from triage.audit.asked import AuditForm, issue_named
from triage.audit.figures import figures
from triage.audit.lines import lines_of
from triage.audit.opened import TooMany, files_of
from triage.audit.table import in_csv, in_jsonl
from triage.audit.taken import note_taken
from triage.pages.quality import percent

A_PAGE = 50
FORMS = {"csv": (in_csv, "text/csv; charset=utf-8"), "jsonl": (in_jsonl, "application/jsonl")}
RARE = ("artifact", "role", "undone", "apart", "before")


@needs(Act.READ_DECISIONS)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    return listed(request, AuditForm(request.GET), heading=_("Audit"))


@needs(Act.READ_DECISIONS)
@require_safe
def audit_issue(request: HttpRequest, named: str) -> HttpResponse:
    """Of one issue, by its number, or by its id if it has none."""
    found = issue_named(named)
    if found is None:
        raise Http404
    heading = _("Audit of %(issue)s") % {"issue": found.number or _("issue %(id)s") % {"id": found.pk}}
    return listed(request, narrowed(request, issue=named), heading=heading)


@needs(Act.READ_DECISIONS)
@require_safe
def audit_person(request: HttpRequest, pseudonym: str) -> HttpResponse:
    """Of one person who holds or held a role. 404 for everybody else, whether they have an account or not."""
    form = narrowed(request, by=pseudonym)
    if "by" in form.errors:
        raise Http404
    return listed(request, form, heading=_("Audit of %(person)s") % {"person": pseudonym})


def narrowed(request: HttpRequest, **names: str) -> AuditForm:
    asked = request.GET.copy()
    for name, value in names.items():
        asked[name] = value
    return AuditForm(asked)


def listed(request: HttpRequest, form: AuditForm, *, heading: str) -> HttpResponse:
    """A form that is not valid finds nothing, and says why."""
    events, further = form.page(A_PAGE) if form.is_valid() else ([], None)
    asked = QueryDict(mutable=True)
    asked.update({name: value for name, value in form.data.items() if value and name != "before"})
    context = {
        "heading": heading,
        "form": form,
        "rare": RARE,
        "is_folded": not any(form.data.get(name) for name in RARE if name != "before"),
        "lines": lines_of(events, actor_of(request), signed=proving.size_signed()),
        "asked": asked,
        "further": further,
        "formats": tuple(FORMS),
        "figures": headlines(),
    }
    return render(request, "triage/audit.html", context, status=400 if form.errors else 200)


def headlines() -> list[dict[str, Any]]:
    counted: Mapping[str, Any] = figures(timezone.now())
    told: list[dict[str, Any]] = [{"number": counted["week"], "words": _("decisions in the last 7 days")}]
    if counted["undone"] is not None:
        told.append({"number": percent(counted["undone"]), "words": _("of 90 days’ decisions were taken back")})
    if counted["acknowledged"] is not None:
        days = f"{counted['acknowledged']:.1f}"
        told.append({"number": days, "words": _("days until a developer acknowledged, the middle one")})
    return told


@needs(Act.READ_DECISIONS)
@require_safe
def audit_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """All that the list would show, page after page."""
    asked = AuditForm(request.GET)
    if not asked.is_valid() or form not in FORMS:
        raise Http404
    if request.method == "GET":
        note_taken(asked, form, by=actor_of(request).pseudonym)
    written, content_type = FORMS[form]
    parts = written(asked.found(), actor_of(request), signed=proving.size_signed())
    return _sent(StreamingHttpResponse(parts, content_type), f"audit.{form}")


@needs(Act.READ_DECISIONS)
@require_safe
def audit_bundle(request: HttpRequest) -> HttpResponseBase:
    """What the list would show and is signed, with its proofs. Of days alone, every line of the ledger between them."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        raise Http404
    try:
        files = files_of(form, actor_of(request))
    except TooMany as refusal:
        return HttpResponse(str(refusal), status=400, content_type="text/plain; charset=utf-8")
    if files is None:
        raise Http404
    if request.method == "GET":
        note_taken(form, "bundle", by=actor_of(request).pseudonym)
    return _sent(StreamingHttpResponse(archived(files), "application/zip"), "audit-bundle.zip")


def _sent(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer
