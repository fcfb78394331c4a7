"""The desk of early warnings: what waits for a judgement, each with its numbers, and the form that judges it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.policy import Act, Actor
from ledger.record import events_about
from reports.emerging import (
    NOT_A_RATE,
    About,
    Driver,
    Shown,
    origins_of,
    released,
    title_of_cell,
    told_as,
)
from reports.measured import Measured, measured
from reports.models import Artifact, Issue, Placement, Signal, Version
from reports.models.notice import OPENINGS
from reports.pages.transparency import ENDS
from reports.redaction import summary_in_a_list
from triage.alarms import tally
from triage.comparison import isolated
from triage.forms.judging import JudgementForm
from triage.happening import Happening
from triage.judging import JUDGEMENTS, WAITING, Judgement, in_words, judge, judgements, of_cell, undo
from triage.models import Decision
from triage.pages.refusals import Conflict, is_stale, status_of
from triage.pages.said import undoable
from triage.priority import rounded
from triage.queue import title_in_words, titled

PAGE = 20  # signals
MOST_REPORTS = 25
State, Tier, Detector = Signal.State, Signal.Tier, Signal.Detector
CLOSED = (State.REFUTED, State.KNOWN, State.INSUFFICIENT)
SORTS: Mapping[str, tuple[Promise, Q]] = {
    "waiting": (gettext_lazy("Waiting"), Q(state__in=WAITING)),
    "confirmed": (gettext_lazy("Confirmed"), Q(state=State.CONFIRMED)),
    "closed": (gettext_lazy("Closed"), Q(state__in=CLOSED)),
    "all": (gettext_lazy("All"), Q()),
}
IN_ORDER = Case(
    When(state=State.NEW, then=Value(0)),
    When(state=State.IN_REVIEW, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A signal as the desk shows it."""

    signal: Signal
    shown: Shown
    state: str
    age: str
    version: str
    is_waiting: bool
    is_possible_campaign: bool
    is_alone: bool

    @property
    def line(self) -> Sequence[int]:
        return self.shown.counts


@needs(Act.DECIDE)
@require_safe
def signals(request: HttpRequest) -> HttpResponse:
    """New ones before those in review, alarms before watches, the newest first; ``?state=`` shows the others."""
    actor, now = actor_of(request), timezone.now()
    asked = request.GET.get("state", "")
    asked = asked if asked in SORTS else "waiting"
    known = Signal.objects.visible_to(actor)
    found = known.filter(SORTS[asked][1]).select_related("issue", "artifact")
    # "alarm" comes before "watch", as it happens in the alphabet too
    page = Paginator(found.order_by(IN_ORDER, "tier", "-opened_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    tabs = [
        {"words": words, "href": f"{reverse('triage_signals')}?state={name}", "is_here": name == asked}
        for name, (words, _which) in SORTS.items()
    ]
    context = {
        "cards": cards(page, actor, now=now),
        "page": page,
        "tabs": tabs,
        "asked": asked,
        "figures": figures(now),
        "not_a_rate": NOT_A_RATE,
    }
    return render(request, "triage/signals.html", context)


@needs(Act.DECIDE)
@require_safe
def signal(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _signal(request, pk))


@needs(Act.DECIDE)
@require_POST
def signal_judge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the signal is: ``verb`` names a judgement."""
    found = _signal(request, pk)
    verb = request.POST.get("verb", "")
    if verb not in Judgement.values:
        messages.error(request, _("There is no such move."))
        return _page(request, found, status=422)
    judgement = Judgement(verb)
    form = _form(found, judgement, actor_of(request), request.POST)
    if not form.is_valid():
        for sentence in form.sentences:
            messages.error(request, sentence)
        return _page(request, found, bound=form, status=422)
    try:
        decision = judge(found, judgement, by=person(request), **form.told())
    except ValidationError as refusal:
        return _refused(request, pk, refusal, judgement)
    action = reverse("signal_undo", args=[pk, decision.pk])
    sentence = format_html(str(_("{what} “{title}”.")), what=in_words(decision), title=isolated(_title(found, request)))
    messages.success(request, undoable(request, sentence, action))
    return redirect("triage_signal", pk)


@needs(Act.DECIDE)
@require_POST
def signal_undo(request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Take back what was said of the signal last."""
    found = _signal(request, pk)
    made = get_object_or_404(Decision.objects.select_related("signal"), pk=decision, signal=found)
    try:
        undo(made, by=person(request))
    except ValidationError as refusal:
        return _refused(request, pk, refusal)
    messages.success(request, _("Undone."))
    return redirect("triage_signal", pk)


def _signal(request: HttpRequest, pk: int) -> Signal:
    known = Signal.objects.visible_to(actor_of(request)).select_related("issue__family", "artifact")
    return get_object_or_404(known, pk=pk)


def _title(signal: Signal, request: HttpRequest) -> str:
    return abouts([signal], actor_of(request))[signal.pk].title


def _refused(
    request: HttpRequest, pk: int, refusal: ValidationError, judgement: Judgement | None = None
) -> HttpResponse:
    """The page with the signal as it is now, and the form as it was filled in: pressed again, it judges that."""
    found = _signal(request, pk)
    filled = request.POST.copy()
    filled["revision"] = str(found.revision)
    bound = _form(found, judgement, actor_of(request), filled) if judgement else None
    if not is_stale(refusal):
        messages.error(request, " ".join(refusal.messages))
        return _page(request, found, bound=bound, status=status_of(refusal))
    since = [_said(decision) for decision in getattr(refusal, "since", ())]
    conflict = Conflict(" ".join(refusal.messages), since)
    return _page(request, found, bound=bound, conflict=conflict, status=status_of(refusal))


def _form(signal: Signal, judgement: Judgement, actor: Actor, filled: Any = None) -> JudgementForm:
    return JudgementForm(filled, signal=signal, judgement=judgement, actor=actor, auto_id=f"{judgement}_%s")


def _page(
    request: HttpRequest,
    found: Signal,
    *,
    bound: JudgementForm | None = None,
    conflict: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    forms = [
        bound if bound and bound.judgement == judgement else _form(found, judgement, actor)
        for judgement, way in JUDGEMENTS.items()
        if found.state in way.start
    ]
    placements = list(reports_behind(found, actor)[: MOST_REPORTS + 1])
    context = {
        "card": cards([found], actor, now=now)[0],
        "forms": forms,
        "opened": bound.judgement if bound else "",
        "conflict": conflict,
        "placements": placements[:MOST_REPORTS],
        "has_more": len(placements) > MOST_REPORTS,
        "unpublished": unpublished(found, placements, actor),
        "history": history(found),
        "not_a_rate": NOT_A_RATE,
    }
    return render(request, "triage/signal.html", context, status=status)


# What is shown


def cards(signals: Iterable[Signal], actor: Actor, *, now: datetime) -> list[Card]:
    """The signals of a page in as many queries however many they are."""
    told = [(signal, measured(signal)) for signal in signals]
    named = abouts([signal for signal, _n in told], actor)
    drivers = issues_named([pk for _s, numbers in told for pk, _voices in numbers.drivers], actor)
    releases = released([signal for signal, _n in told])
    origins = origins_of(told, Artifact.objects.visible_to(actor))
    versions = Version.objects.in_bulk({pk for signal, _n in told if (pk := signal.cell.get("version"))})
    return [
        Card(
            signal=signal,
            shown=told_as(
                signal,
                numbers,
                named[signal.pk],
                drivers=drivers_of(numbers, drivers),
                releases=releases.get(signal.artifact_id or 0, ()),
                origin=origins.get(signal.cell.get("origin"), ""),
            ),
            state=str(ENDS[signal.state]),
            age=timesince(signal.opened_at, now, depth=1),
            version=str(versions.get(signal.cell.get("version") or 0, "")),
            is_waiting=signal.state in WAITING,
            is_possible_campaign=numbers.is_possible_campaign,
            is_alone=numbers.is_alone,
        )
        for signal, numbers in told
    ]


def abouts(signals: Sequence[Signal], actor: Actor) -> dict[int, About]:
    """What each is about, as the desk names it."""
    issues = issues_named([signal.issue_id for signal in signals if signal.issue_id], actor)
    found = {}
    for each in signals:
        if each.issue_id in issues:
            issue = issues[each.issue_id]
            address = reverse("triage_issue", args=[issue.pk])
            found[each.pk] = About(title_in_words(issue), "issue", str(issue), address)
        elif each.theme:
            address = reverse("theme", args=[each.theme])
            found[each.pk] = About(_("Theme %(pk)d") % {"pk": each.theme}, "theme", str(each.theme), address)
        else:
            href = reverse("artifact_desk", args=[each.artifact_id]) if each.artifact_id else ""
            found[each.pk] = About(title_of_cell(each), "artifact", str(each.artifact or ""), href)
    return found


def issues_named(pks: Iterable[int], actor: Actor) -> dict[int, Issue]:
    wanted = set(pks)
    rows = titled(Issue.objects.visible_to(actor)).select_related("family")
    return {issue.pk: issue for issue in rows.filter(pk__in=wanted)} if wanted else {}


def drivers_of(numbers: Measured, issues: Mapping[int, Issue]) -> list[Driver]:
    return [
        Driver(issue.number or "", title_in_words(issue), voices, reverse("triage_issue", args=[pk]))
        for pk, voices in numbers.drivers
        if voices and (issue := issues.get(pk)) is not None
    ]


def reports_behind(signal: Signal, actor: Actor) -> "QuerySet[Placement]":
    """Where the reports stand that the signal names, or those of its cell since it began; the newest first."""
    placed = Placement.objects.active().visible_to(actor).filter(report__held_at=None)
    if ids := signal.statistics.get("report_ids"):
        placed = placed.filter(report__in=ids)
    else:
        placed = placed.filter(of_cell(signal), report__reported_at__date__gte=signal.since)
    if signal.issue_id:
        placed = placed.filter(issue=signal.issue_id)
    placed = placed.select_related("report__artifact", "report__version", "issue")
    return placed.annotate(summary=summary_in_a_list()).order_by("-report__reported_at", "-report_id")


def unpublished(signal: Signal, placements: Iterable[Placement], actor: Actor) -> int:
    """How many issues behind it have no public page: their voices would be among the numbers that are told."""
    if signal.issue_id:
        return 0
    pks = {pk for pk, _voices in measured(signal).drivers} | {placement.issue_id for placement in placements}
    return sum(not issue.is_public for issue in Issue.objects.visible_to(actor).filter(pk__in=pks))


def figures(now: datetime) -> list[dict[str, Any]]:
    """How alarms did, four numbers."""
    told = tally(now)
    budget = {"bursts": told.bursts, "budget": rounded(told.budget)}
    by_level = _("the level at which a burst alarms, tightened by the budget") if told.is_tightened else ""
    return [
        {
            "number": told.alarms,
            "words": _("alarms in the last 7 days, %(bursts)s of them bursts, at most %(budget)s a week allowed")
            % budget,
        },
        {
            "number": "–" if told.share is None else f"{number_format(round(told.share))} %",
            "unit": _("of %(judged)d") % {"judged": told.judged} if told.judged else "",
            "words": _("of the alarms judged in 12 weeks confirmed by a person"),
        },
        {
            "number": "–" if told.lead_days is None else number_format(told.lead_days),
            "unit": "" if told.lead_days is None else _("days"),
            "words": _("median lead over the first human confirmation"),
        },
        {
            "number": "–" if told.level is None else number_format(told.level, 5),
            "words": by_level or _("the level at which a burst alarms, its own"),
        },
    ]


def history(signal: Signal) -> list[Happening]:
    """What the engine and people said of it, the newest first."""
    told = [_said(decision) for decision in judgements(signal)]
    for event in events_about(signal, verbs=OPENINGS).order_by("-pk"):
        tier = event.payload.content.get("tier", "") if hasattr(event, "payload") else ""
        words = _("Reached the level of an alarm") if tier == Tier.ALARM else _("Reached the level of a watch")
        told.append(Happening(event.at, words, by="engine"))
    return sorted(told, key=lambda line: line.when, reverse=True)


def _said(decision: Decision) -> Happening:
    return Happening.of(decision, in_words(decision))
