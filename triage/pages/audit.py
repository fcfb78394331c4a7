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
from ledger.bundles import bundle
from ledger.models import Event
from reports.exporters.archive import archived
from triage.audit.asked import AuditForm, issue_named
from triage.audit.figures import figures
from triage.audit.lines import lines_of
from triage.audit.opened import Opening
from triage.audit.table import in_csv, in_jsonl
from triage.pages.quality import percent

A_PAGE = 50
MOST = 20_000  # events of one bundle
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
        "lines": lines_of(events, actor_of(request), signed=_signed()),
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
    written, content_type = FORMS[form]
    parts = written(asked.found(), actor_of(request), signed=_signed())
    return _sent(StreamingHttpResponse(parts, content_type), f"audit.{form}")


@needs(Act.READ_DECISIONS)
@require_safe
def audit_bundle(request: HttpRequest) -> HttpResponseBase:
    """What the list would show and is signed, with its proofs. Of days alone, every line of the ledger between them."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        raise Http404
    about, events = asked_for(form)
    if not events:
        raise Http404
    if len(events) > MOST:
        most = _("A bundle holds %(most)d events at most. Ask for fewer days.") % {"most": MOST}
        return HttpResponse(most, status=400, content_type="text/plain; charset=utf-8")
    checkpoint = proving.covering(events[-1].sequence or 0)
    if checkpoint is None:
        raise Http404
    files = bundle(about, events, Opening(events, actor_of(request)), checkpoint)
    return _sent(StreamingHttpResponse(archived(files), "application/zip"), "audit-bundle.zip")


def asked_for(form: AuditForm) -> tuple[str, list[Event]]:
    """What the bundle is about, in a line that needs no language, and its events in the order of the ledger."""
    asked = form.cleaned_data
    signed = form.found().filter(sequence__lt=_signed()).order_by("sequence")
    kinds = {name: value for name, value in asked.items() if value and name != "before"}
    if set(kinds) == {"since", "until"}:
        numbers = list(signed.values_list("sequence", flat=True)[: MOST + 1])
        first, last = (numbers[0], numbers[-1]) if numbers else (0, -1)
        rows = Event.objects.filter(sequence__range=(first, last)).select_related("payload").order_by("sequence")
        return f"period {asked['since']} {asked['until']}", list(rows[: MOST + 1])
    if "issue" in kinds:
        kinds["issue"] = asked["issue"].number or asked["issue"].pk
    about = ", ".join(f"{name} {value}" for name, value in kinds.items()) or "everything"
    return " ".join(about.split()), list(signed[: MOST + 1])


def _signed() -> int:
    newest = proving.newest()
    return newest.size if newest else 0


def _sent(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer
