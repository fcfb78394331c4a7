"""The desk: the list of what waits, one issue beside it, and the buttons that decide."""

from collections.abc import Mapping
from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import actor_of, needs
from accounts.models import User
from accounts.policy import Act
from reports.models import Artifact, Issue
from triage import catalogue, decisions
from triage.comparison import isolated
from triage.forms import FORMS, MoveForm
from triage.models import Decision
from triage.moves import Verb
from triage.pages.detail import detail_of
from triage.queue import PAGE, STATES, QueueFilter, by_urgency, has_voice, rows, title_in_words, titled

STATE_NAMES = {
    "new": gettext_lazy("Waiting"),
    "look": gettext_lazy("To look at"),
    "confirmed": gettext_lazy("Confirmed"),
    "resolved": gettext_lazy("Resolved"),
    "dismissed": gettext_lazy("Dismissed"),
    "all": gettext_lazy("All"),
}


@needs(Act.DECIDE)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits, the most urgent first, with ``?issue=`` or else the first one opened beside it."""
    asked = request.GET.get("issue", "")
    return _desk(request, pk=int(asked) if asked.isdecimal() and len(asked) < 19 else None)


@needs(Act.DECIDE)
@require_safe
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    return _desk(request, pk=pk)


@needs(Act.DECIDE)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the move that ``verb`` names, then on to the next issue that waits."""
    issue = get_object_or_404(Issue.objects.visible_to(actor_of(request)), pk=pk)
    verb = request.POST.get("verb", "")
    if verb not in FORMS:
        messages.error(request, _("There is no such move."))
        return _desk(request, pk=pk, status=422)
    form = FORMS[verb](request.POST, issue=issue, actor=actor_of(request), auto_id=f"{verb}_%s")
    if not form.is_valid():
        return _refused(request, pk, verb, form, sentences(form), status=422)
    try:
        decision = decisions.decide(issue, verb, by=person(request), **form.told())
    except ValidationError as refusal:
        return _refused(request, pk, verb, form, refusal.messages, status=409 if refusal_is_stale(refusal) else 422)
    _say(request, decision)
    return redirect(f"{_next(request)}{query(request)}")


@needs(Act.DECIDE)
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    decision = get_object_or_404(Decision.objects.select_related("issue", "artifact"), pk=pk)
    try:
        (catalogue if decision.artifact_id else decisions).undo(decision, by=person(request))
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, _("Undone."))
    issue_id = decision.issue_id or _issue_id(request)
    return redirect("triage_issue", issue_id) if issue_id else redirect("queue")


@needs(Act.DECIDE)
@require_POST
def confirm_artifact(request: HttpRequest, pk: int) -> HttpResponse:
    artifact = get_object_or_404(Artifact.objects.visible_to(actor_of(request)), pk=pk)
    try:
        _say(request, catalogue.confirm_artifact(artifact, by=person(request)))
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    issue_id = _issue_id(request)
    return redirect("triage_issue", issue_id) if issue_id else redirect("queue")


def person(request: HttpRequest) -> User:
    """Who decides; ``needs`` has let nobody else in."""
    return cast(User, request.user)


def query(request: HttpRequest) -> str:
    """How the list is narrowed, to be kept from page to page."""
    kept = request.GET.copy()
    for name in ("issue", "report"):
        kept.pop(name, None)
    return f"?{kept.urlencode()}" if kept else ""


def sentences(form: MoveForm) -> list[str]:
    return [str(sentence) for errors in form.errors.values() for sentence in errors]


def refusal_is_stale(refusal: ValidationError) -> bool:
    """Whether the issue is no longer what the page showed."""
    return getattr(refusal, "code", "") in ("status", "decided_since")


def _desk(
    request: HttpRequest, *, pk: int | None, bound: Mapping[str, MoveForm] | None = None, status: int = 200
) -> HttpResponse:
    """Both panes. ``bound`` is a form that could not be taken, shown again as it was filled in."""
    actor = actor_of(request)
    state = request.GET.get("state", "")
    state = state if state in STATES else "new"
    found = Issue.objects.visible_to(actor).filter(STATES[state])
    narrowed = QueueFilter(request.GET, by_urgency(titled(found.filter(has_voice()) if state == "new" else found)))
    page = Paginator(narrowed.qs.select_related("family"), PAGE).get_page(request.GET.get("page"))
    listed = rows(page, today=timezone.now())
    if pk is None and listed and request.GET.get("view") != "list":
        pk = listed[0].issue.pk
    shown = None
    if pk is not None:
        chosen = get_object_or_404(
            titled(Issue.objects.visible_to(actor)).select_related("family", "merged_into"), pk=pk
        )
        shown = detail_of(chosen, actor, report=request.GET.get("report", ""), bound=bound or {})
    context = {
        "rows": listed,
        "page": page,
        "filter": narrowed.form,
        "is_narrowed": any(request.GET.get(name) for name in narrowed.form.fields),
        "state": state,
        "states": [{"value": value, "words": words} for value, words in STATE_NAMES.items()],
        "query": query(request),
        "here": pk,
        "next": _after(pk, [row.issue.pk for row in listed]),
        "detail": shown,
    }
    return render(request, "triage/queue.html", context, status=status)


def _after(pk: int | None, listed: list[int]) -> int | None:
    """The one to go on to: the next below, or above where there is none."""
    if pk not in listed:
        return listed[0] if listed else None
    at = listed.index(pk)
    around = listed[at + 1 :] or listed[:at]
    return around[0] if around else None


def _next(request: HttpRequest) -> str:
    asked = request.POST.get("next", "")
    if asked.isdecimal() and len(asked) < 19 and Issue.objects.filter(pk=int(asked)).exists():
        return reverse("triage_issue", args=[int(asked)])
    return reverse("queue")


def _issue_id(request: HttpRequest) -> int | None:
    asked = request.POST.get("issue", "")
    return int(asked) if asked.isdecimal() and len(asked) < 19 else None


def _refused(request: HttpRequest, pk: int, verb: str, form: MoveForm, told: list[str], *, status: int) -> HttpResponse:
    for sentence in told:
        messages.error(request, sentence)
    return _desk(request, pk=pk, bound={verb: form}, status=status)


def _say(request: HttpRequest, decision: Decision) -> None:
    """What was done, with its undo."""
    goal = decision.after.get("target") if decision.verb == Verb.PLACE else None
    about = titled(Issue.objects.filter(pk__in=[goal or decision.issue_id or 0]))
    issue = about.select_related("family").first()
    context = {
        "decision": decision,
        "number": isolated(issue.number or "") if issue else "",
        "title": isolated(title_in_words(issue)) if issue else "",
        "artifact": isolated(str(decision.artifact)),
    }
    messages.success(request, render_to_string("triage/done.html", context, request))
