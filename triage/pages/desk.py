"""The desk: the list of what waits, one issue beside it, and the buttons that decide.

A press answers with the next issue in the same trip where htmx asks, and leads there where it does not. The links of
the list ask for the right pane alone (``HX-Target: pane``); what comes below is told by ``next``, so that no list is
read for it. A list that has become short is asked for alone as well (``HX-Target: list``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url

from accounts.actors import actor_of, needs, person
from accounts.models import User
from accounts.policy import ANONYMOUS, Act, allows
from reports.models import Artifact, Issue
from reports.pages.asked import id_in, storable
from triage import catalogue, claims, decisions, judging, search, views
from triage.claims import Lease
from triage.filters import FIELDS, QueueFilter
from triage.forms import FORMS, MoveForm
from triage.history import history_of
from triage.models import Decision
from triage.pages.detail import Detail, detail_of
from triage.pages.refusals import filled_again, is_stale, status_of
from triage.pages.said import toast_of
from triage.queue import Row, rows, titled, waiting_count

# What is said of an issue without being done with it; after anything else the next one is shown.
STAYS = frozenset(
    {
        "assign",
        "release",
        "prioritise",
        "classify",
        "settle",
        "wake",
        "refuse",
        "affect",
        "reproduce",
        "turn_down",
        "notify",
    }
)
# Of those, what changes the issue and its row and nothing that is counted.
KEEPS_ITS_ROW = frozenset({"assign", "prioritise", "classify"})
# Moves that a person makes of what waits, for how far they have come today.
COUNTS = ("confirm", "dismiss", "place", "merge", "snooze", "resolve", "reopen")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list, with what only the desk knows: which comes below, and who is looking at it."""

    row: Row
    below: int | None
    lease: Lease | None


@needs(Act.DECIDE)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits, the most urgent first, with ``?issue=`` or else the first one opened beside it.

    The fields beside the search write its text, which alone stands in the address.
    """
    if any(name in request.GET for name in FIELDS):  # the usual address holds nothing to rewrite
        narrowed = QueueFilter(request.GET, actor=actor_of(request), default=_typed(request))
        return redirect(f"{reverse('queue')}?{urlencode({'q': narrowed.query.text})}")
    return _desk(request, pk=id_in(request.GET.get("issue", "")))


@needs(Act.DECIDE)
@require_safe
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    if getattr(request.htmx, "target", None) == "pane":  # type: ignore[attr-defined] # of its middleware
        following = id_in(request.GET.get("next", ""))
        context = {"detail": _detail(request, pk, is_whole=False), "next": following, "query": query(request)}
        return render(request, "triage/pane.html", context)
    if getattr(request.htmx, "target", None) == "list":  # type: ignore[attr-defined] # of its middleware
        return render(request, "triage/list.html", {**_list(request, pk), "beside": True})
    return _desk(request, pk=pk)


@needs(Act.DECIDE)
@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened to the issue, for who comes that far down its pane."""
    about = get_object_or_404(Issue.objects.visible_to(actor_of(request)), pk=pk)
    context = {"history": history_of(about), "issue": about, "query": query(request)}
    return render(request, "triage/history.html", context)


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
    opens = "" if request.POST.get("answer") else verb  # an answer is taken where it stands, not in the verb's own form
    if not form.is_valid():
        for sentence in form.sentences:
            messages.error(request, sentence)
        return _desk(request, pk=pk, bound={opens: form} if opens else None, status=422)
    try:
        decision = decisions.decide(issue, verb, by=person(request), **form.told())
    except ValidationError as refusal:
        return refused(request, issue, refusal, verb=opens)
    claims.decided(issue, person(request), is_done=verb not in STAYS)
    _say(request, decision)
    short = _beside(request, issue, verb) if verb in STAYS else _onward(request, issue, decision)
    return short or _on(request, stay=pk if verb in STAYS else None)


@needs(Act.DECIDE)
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    return _undone(request, get_object_or_404(Decision.objects.select_related("issue", "artifact"), pk=pk))


@needs(Act.DECIDE)
@require_POST
def undo_last(request: HttpRequest) -> HttpResponse:
    """Take back the last that this person decided and that still stands; pressed again, the one before it."""
    mine = decisions.standing().filter(decider=person(request), bulk=None).order_by("-pk")
    last = mine.select_related("issue", "artifact").first()
    if last is None:
        messages.info(request, _("There is nothing of yours to undo."))
        return _on(request, stay=id_in(request.POST.get("issue", "")))
    return _undone(request, last)


@needs(Act.DECIDE)
@require_POST
def confirm_artifact(request: HttpRequest, pk: int) -> HttpResponse:
    artifact = get_object_or_404(Artifact.objects.visible_to(actor_of(request)), pk=pk)
    try:
        _say(request, catalogue.confirm_artifact(artifact, by=person(request)))
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    return _on(request, stay=id_in(request.POST.get("issue", "")))


def query(request: HttpRequest) -> str:
    """How the list is narrowed, to be kept from page to page."""
    kept = request.GET.copy()
    for name in ("issue", "report", "next"):
        kept.pop(name, None)
    return f"?{kept.urlencode()}" if kept else ""


def refused(request: HttpRequest, issue: Issue, refusal: ValidationError, *, verb: str = "") -> HttpResponse:
    """The desk with the issue as it is now: 409 and what changed if somebody else was faster, else 422.

    The form stands there as it was filled in, with the revision of now: pressed again, it decides on top of that.
    """
    bound = {verb: filled_again(request.POST, issue, verb, actor_of(request))} if verb else {}
    if not is_stale(refusal):
        messages.error(request, " ".join(refusal.messages))
    told = refusal if is_stale(refusal) else None
    return _desk(request, pk=issue.pk, bound=bound, refusal=told, status=status_of(refusal))


def with_revealed(request: HttpRequest, pk: int, revealed: Collection[int]) -> HttpResponse:
    """The desk with the issue, and with the words of these reports, which were asked for on record."""
    return _desk(request, pk=pk, revealed=revealed)


def _undone(request: HttpRequest, decision: Decision) -> HttpResponse:
    stay = decision.issue_id or id_in(request.POST.get("issue", ""))
    try:
        (judging if decision.signal_id else catalogue if decision.artifact_id else decisions).undo(
            decision, by=person(request)
        )
    except ValidationError as refusal:
        if decision.issue is not None:
            return refused(request, decision.issue, refusal)
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, _("Undone."))
    return _on(request, stay=stay)


def _on(request: HttpRequest, *, stay: int | None) -> HttpResponse:
    """To the issue ``stay``, to ``here`` if the press says so, else to the one that was to come next."""
    pk = stay or id_in(request.POST.get("here", ""))
    if request.htmx:  # type: ignore[attr-defined] # of its middleware
        return _desk(request, pk=pk, following=None if pk else id_in(request.POST.get("next", "")))
    pk = pk or id_in(request.POST.get("next", ""))
    if pk and Issue.objects.filter(pk=pk).exists():
        return redirect(f"{reverse('triage_issue', args=[pk])}{query(request)}")
    return redirect(f"{reverse('queue')}{query(request)}")


def _onward(request: HttpRequest, decided: Issue, decision: Decision) -> HttpResponse | None:
    """The short answer to who holds the pane of the next issue already (``X-Pane-Held``): a row less, and the counts.

    None where the list has to be read anew: the issue stays in it, or the next one is part of what was decided.
    """
    held = id_in(request.headers.get("X-Pane-Held", ""))
    if not request.htmx or held is None:  # type: ignore[attr-defined] # of its middleware
        return None
    if held != id_in(request.POST.get("next", "")) or held == decision.after.get("target"):
        return None
    actor, asked = actor_of(request), search.parse(_typed(request))
    if search.found(asked, actor).filter(pk=decided.pk).exists():
        return None
    waiting = waiting_count()
    context = {
        "decided": decided,
        "is_waiting": asked.text == search.WAITING,
        "listed": waiting if asked.text == search.WAITING else search.count(asked, actor),
        "waiting": waiting,
        "progress": _progress(person(request), waiting),
    }
    answer = render(request, "triage/onward.html", context)
    answer["X-Pane-Held"], answer["HX-Reswap"] = str(held), "none"
    return push_url(answer, f"{reverse('triage_issue', args=[held])}{query(request)}")


def _beside(request: HttpRequest, decided: Issue, verb: str) -> HttpResponse | None:
    """The short answer to who has the issue open and its row in the list (``X-Row``) above another (``X-Next``): the
    row as it is now, and the revision that its pane may decide on (``X-Revision``) until it was asked for anew.

    None where it need not be in the list any longer.
    """
    if not request.htmx or verb not in KEEPS_ITS_ROW:  # type: ignore[attr-defined] # of its middleware
        return None
    if id_in(request.headers.get("X-Row", "")) != decided.pk:
        return None
    asked = search.parse(_typed(request))
    listed = titled(search.found(asked, actor_of(request)).filter(pk=decided.pk))
    following = id_in(request.headers.get("X-Next", ""))
    lines = _lines(rows(listed, today=timezone.now()), person(request))
    if not lines:
        return None
    context = {
        "line": replace(lines[0], below=following),
        "here": decided.pk,
        "query": query(request),
        "next": following,
        "is_waiting": asked.text == search.WAITING,
    }
    answer = render(request, "triage/stayed.html", context)
    answer["X-Revision"], answer["HX-Reswap"] = str(lines[0].row.issue.revision), "none"
    return answer


def _desk(
    request: HttpRequest,
    *,
    pk: int | None,
    following: int | None = None,
    bound: Mapping[str, MoveForm] | None = None,
    refusal: ValidationError | None = None,
    revealed: Collection[int] = (),
    status: int = 200,
) -> HttpResponse:
    """Both panes. ``following`` is shown if it still stands in the list; if nothing is named, the first of the list."""
    actor, context = actor_of(request), _list(request, pk)
    asked, page, listed = context["asked"], context["page"], {row.issue.pk: row for row in context["rows"]}
    is_list = request.GET.get("view") == "list"
    if pk is None and listed and not is_list:
        pk = following if following in listed else next(iter(listed))
    is_whole = not request.htmx  # type: ignore[attr-defined] # of its middleware
    shown = None
    if pk is not None:
        row = listed.get(pk)
        shown = _detail(request, pk, row=row, bound=bound, refusal=refusal, revealed=revealed, is_whole=is_whole)
    waiting = page.paginator.count if asked.text == search.WAITING else waiting_count()
    context |= {
        "typed": _typed(request),
        "here": pk,
        "next": _after(pk, context["lines"]),
        "detail": shown,
        "beside": shown is not None,
        "waiting": waiting,
        "waiting_count": waiting,
        "progress": _progress(person(request), waiting),
    }
    if is_whole:
        counted = {search.WAITING: waiting, asked.text: page.paginator.count}
        listed_views = views.listed(person(request), actor, here=asked, known=counted)
        context |= {"views": listed_views, "is_view": any(view.is_here for view in listed_views)}
        context["may_lend"] = allows(actor, Act.LEND_EVIDENCE)
        context["narrowing"] = _narrowing(asked.text, get_language())
        return render(request, "triage/queue.html", context, status=status)
    address = reverse("triage_issue", args=[pk]) if shown else reverse("queue")
    answer = render(request, "triage/swap.html", context, status=status)
    return push_url(answer, f"{address}{query(request)}")


@lru_cache(maxsize=64)
def _narrowing(text: str, language: str | None) -> str:
    """The fields beside the search: they hang on its text alone, and are put together for each page otherwise."""
    form = QueueFilter({"q": text}, actor=ANONYMOUS).form  # whose queryset nobody asks for
    return render_to_string("triage/narrowing.html", {"form": form, "queue_address": reverse("queue")})


def _list(request: HttpRequest, pk: int | None) -> dict[str, Any]:
    """The left pane, beside the issue ``pk``: a page of what is searched for."""
    asked = search.parse(_typed(request))
    page = search.page(asked, actor_of(request), request.GET.get("page"))
    lines = _lines(rows(page, today=timezone.now()), person(request))
    return {
        "lines": lines,
        "rows": [line.row for line in lines],
        "page": page,
        "asked": asked,
        "is_waiting": asked.text == search.WAITING,
        "query": query(request),
        "here": pk,
        "next": _after(pk, lines),
    }


def _typed(request: HttpRequest) -> str:
    """What is searched for: as typed, or by the word an older address has for it; what waits if nothing is."""
    named = views.BY_SLUG.get(request.GET.get("state", ""))
    return request.GET.get("q", named.text if named else search.WAITING)


def _detail(
    request: HttpRequest,
    pk: int,
    *,
    row: Row | None = None,
    bound: Mapping[str, MoveForm] | None = None,
    refusal: ValidationError | None = None,
    revealed: Collection[int] = (),
    is_whole: bool = True,
) -> Detail:
    """``row``: its own, if it stands in the list beside it, which has asked for the issue already."""
    actor = actor_of(request)
    found = titled(Issue.objects.visible_to(actor)).select_related("family", "merged_into", "assignee")
    chosen = row.issue if row else get_object_or_404(found, pk=pk)
    if row and row.assignee:
        chosen.assignee = row.assignee
    return detail_of(
        chosen,
        actor,
        person(request),
        report=storable(request.GET.get("report", "")),
        bound=bound,
        refusal=refusal,
        revealed=revealed,
        is_whole=is_whole,
    )


def _lines(listed: list[Row], reader: User) -> list[Line]:
    now = timezone.now()
    below: list[int | None] = [row.issue.pk for row in listed[1:]]
    leases = [claims.lease_of(row.claim, reader, at=now) if row.claim else None for row in listed]
    return [Line(*each) for each in zip(listed, [*below, None], leases, strict=False)]


def _after(pk: int | None, lines: list[Line]) -> int | None:
    """The one to go on to: the next below that nobody else is looking at, else the first such above, else any."""
    listed = [line.row.issue.pk for line in lines]
    at = listed.index(pk) if pk in listed else -1
    around = [*lines[at + 1 :], *lines[: max(at, 0)]]
    free = [line for line in around if line.lease is None or line.lease.is_mine]
    return next((line.row.issue.pk for line in [*free, *around]), None)


def _progress(reader: User, waiting: int) -> dict[str, int]:
    """How many issues this person has decided today, of those and what still waits."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = decisions.standing().filter(decider=reader, decided_at__gte=today, verb__in=COUNTS)
    done: int = mine.aggregate(done=Count("issue", distinct=True))["done"]
    return {"done": done, "total": done + waiting}


def _say(request: HttpRequest, decision: Decision) -> None:
    messages.success(request, toast_of(decision, request))
