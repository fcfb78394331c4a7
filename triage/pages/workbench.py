"""The workbench: two issues made one, or one made two, with what would follow told before anybody decides."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of, needs, person
from accounts.policy import Act, Actor
from reports.models import Issue, Placement
from reports.redaction import summary_in_a_list
from reports.vocabulary import Status
from triage.bounds import home_of_issue
from triage.comparison import isolated
from triage.decisions import decide
from triage.forms.placing import TICKED_AT_MOST, MergeForm, OtherForm, SplitForm, ids_in
from triage.models import Decision
from triage.moves import MOVES, Verb
from triage.moves.placing import too_many
from triage.pages.refusals import conflict_of, status_of
from triage.queue import title_in_words, titled
from triage.unions import (
    Cut,
    ProposedCut,
    candidates_for,
    cut_of,
    may_survive,
    proposed_cut,
    survivor_of,
    union_of,
)

PAGE = 50  # reports to tick
GOES, STAYS = gettext_lazy("Becomes part"), gettext_lazy("Goes on")


# Two into one


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def workbench_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Name the other issue, see what the two would be, decide. ``?stays=`` is the one to go on, if not the default."""
    here = _issue(pk, actor_of(request))
    if here.status == Status.MERGED:
        return _led_on(request, here, "workbench_merge")
    if request.method == "POST":
        return _merge(request, here)
    asked = OtherForm(request.GET if "other" in request.GET else None, issue=here, actor=actor_of(request))
    if not asked.is_bound or not asked.is_valid():
        return _merging(request, here, asked)
    return _merging(request, here, asked, _pair(here, asked, request.GET.get("stays", "")))


def _merge(request: HttpRequest, here: Issue) -> HttpResponse:
    actor = actor_of(request)
    asked = OtherForm(request.POST, issue=here, actor=actor)
    if not asked.is_valid():
        return _merging(request, here, asked, status=422)
    goes, stays = _pair(here, asked, request.POST.get("target", ""))
    form = MergeForm(request.POST, issue=goes, actor=actor)
    if not form.is_valid():
        return _merging(request, here, asked, (goes, stays), form=form, status=422)
    try:
        decision = decide(goes, Verb.MERGE, by=person(request), **form.told())
    except ValidationError as refusal:
        pair = _issue(goes.pk, actor), _issue(stays.pk, actor)
        again = MergeForm(request.POST, issue=goes, actor=actor)
        return _merging(request, here, asked, pair, form=again, refusal=refusal, status=status_of(refusal))
    _say(request, decision, into=_issue(stays.pk, actor))
    return redirect("triage_issue", stays.pk)


def _pair(here: Issue, asked: OtherForm, stays: str) -> tuple[Issue, Issue]:
    """(the one that goes, the one that stays): as asked for, else as is best."""
    other = _issue(asked.cleaned_data["other"].pk, asked.actor)
    named = {str(issue.pk): issue for issue in (here, other)}.get(stays)
    survivor = named or survivor_of(here, other)
    return (other, here) if survivor.pk == here.pk else (here, other)


def _merging(
    request: HttpRequest,
    here: Issue,
    asked: OtherForm,
    pair: tuple[Issue, Issue] | None = None,
    *,
    form: MergeForm | None = None,
    refusal: ValidationError | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    context: dict[str, Any] = {"issue": here, "title": title_in_words(here), "asked": asked}
    if pair is None:
        context["candidates"] = candidates_for(here, actor)
    else:
        goes, stays = pair
        other = stays if goes.pk == here.pk else goes
        union = union_of(goes, stays, actor)
        context |= {
            "union": union,
            "other": other,
            "followed": asked.followed,
            "form": _renewed(form or MergeForm(issue=goes, actor=actor), goes, stays, actor),
            "obstacle": _obstacle(goes, stays),
            "switch": f"?other={other.pk}&stays={goes.pk}" if may_survive(goes, stays) else "",
            "sides": [{"label": GOES, "side": union.goes}, {"label": STAYS, "side": union.stays}],
            "columns": [
                {"label": GOES, "tally": union.goes.tally},
                {"label": STAYS, "tally": union.stays.tally},
                {"label": _("Together"), "tally": union.together},
            ],
            "goes": _called(goes),
            "stays": _called(stays),
        }
    context["conflict"] = conflict_of(refusal, pair[0] if pair else here)
    return render(request, "triage/merge.html", context, status=status)


def _renewed(form: MergeForm, goes: Issue, stays: Issue, actor: Actor) -> MergeForm:
    """The form with what was typed, and what the issues are now: whoever sends it has seen that."""
    shown = {"target": stays.pk, "revision": goes.revision, "target_revision": stays.revision}
    if not form.is_bound:
        return MergeForm(issue=goes, actor=actor, initial=shown)
    typed = {name: form.data.get(name, "") for name in ("note", "despite") if form.data.get(name)}
    again = MergeForm({**typed, **shown}, issue=goes, actor=actor)
    again.is_valid()
    return again


def _obstacle(goes: Issue, stays: Issue) -> str:
    """Why the two cannot be merged this way round; "" if they can."""
    move = MOVES[Verb.MERGE]
    for issue in (goes, stays):
        if issue.status not in move.start:
            return str(move.refusals[Status(issue.status)])
    if not may_survive(stays, goes):
        if goes.family_id != stays.family_id and not goes.family.is_unknown:
            return _("Nobody knows yet which artifact the other is about: let this one go on.")
        return _("%(issue)s has come further: merge the other way round.") % {"issue": goes}
    return ""


def _called(issue: Issue) -> str:
    """What an issue from ``titled()`` is called in a sentence."""
    return isolated(issue.number or f"“{title_in_words(issue)}”")


# One into two


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def workbench_split(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick the reports that are another issue, or take the engine's cut; see both parts; decide.

    ``?r=`` are those ticked on this page, ``?kept=`` those on others; ``?to=`` a page to tick on, or the preview.
    """
    here = _issue(pk, actor_of(request))
    if here.status == Status.MERGED:
        return _led_on(request, here, "workbench_split")
    if request.method == "POST":
        return _split(request, here)
    cut = proposed_cut(here, actor_of(request))
    if cut is not None and request.GET.get("proposal") == str(cut.proposal.pk):
        return _splitting(request, here, cut, list(cut.report_ids), previews=True, accepted=True)
    chosen = ids_in(",".join([request.GET.get("kept", ""), *request.GET.getlist("r")]))
    chosen = _standing(here, chosen, actor_of(request))
    return _splitting(request, here, cut, chosen, previews=request.GET.get("to") == "preview")


def _split(request: HttpRequest, here: Issue) -> HttpResponse:
    actor = actor_of(request)
    form = SplitForm(request.POST, issue=here, actor=actor)
    cut = proposed_cut(here, actor)
    chosen = _standing(here, ids_in(request.POST.get("reports", "")), actor)
    if not form.is_valid():
        return _splitting(request, here, cut, chosen, form=form, status=422)
    try:
        decision = decide(here, Verb.SPLIT, by=person(request), **form.told())
    except ValidationError as refusal:
        left = [report.pk for report in form.cleaned_data["reports"]]
        now = _issue(here.pk, actor)
        chosen, status = _standing(now, left, actor), status_of(refusal)
        return _splitting(request, now, cut, chosen, form=form, previews=True, refusal=refusal, status=status)
    _say(request, decision, into=_issue(decision.after["target"], actor))
    return redirect("triage_issue", here.pk)


def _splitting(
    request: HttpRequest,
    here: Issue,
    proposed: ProposedCut | None,
    chosen: list[int],
    *,
    previews: bool = False,
    accepted: bool = False,
    form: SplitForm | None = None,
    refusal: ValidationError | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    cut = cut_of(here, chosen, actor) if previews and chosen else None
    wrong = _wrong(cut, chosen, previews=previews, accepted=accepted)
    page = Paginator(_placements(here, actor), PAGE).get_page(_page_asked(request))
    listed = {placement.report_id for placement in page}
    context: dict[str, Any] = {
        "issue": here,
        "title": title_in_words(here),
        "proposed": proposed,
        "page": page,
        "chosen": set(chosen),
        "kept": ",".join(str(pk) for pk in chosen if pk not in listed),
        "ticked": len(chosen),
        "most": TICKED_AT_MOST,
        "cut": None if wrong else cut,
        "columns": [{"label": _("Stays"), "tally": cut.stays.tally}, {"label": _("Leaves"), "tally": cut.leaves.tally}]
        if cut
        else [],
        "wrong": wrong or " ".join(form.sentences if form else []),
        "obstacle": ""
        if here.status in MOVES[Verb.SPLIT].start
        else str(MOVES[Verb.SPLIT].refusals[Status(here.status)]),
        "back": f"?kept={','.join(map(str, chosen[:TICKED_AT_MOST]))}",
        "form": _parting(form, here, actor, proposed if accepted else None, chosen),
        "conflict": conflict_of(refusal, here),
        "is_cut_of_the_engine": accepted,
    }
    return render(request, "triage/split.html", context, status=status)


def _parting(
    form: SplitForm | None, here: Issue, actor: Actor, proposed: ProposedCut | None, chosen: Sequence[int]
) -> SplitForm:
    """The form that decides, with what was typed and what the issue is now."""
    shown: dict[str, Any] = {"revision": here.revision}
    shown |= {"proposal": proposed.proposal.pk} if proposed else {"reports": ",".join(map(str, chosen))}
    if form is not None and form.data.get("note"):
        shown["note"] = form.data["note"]
    return SplitForm(issue=here, actor=actor, initial=shown)


def _wrong(cut: Cut | None, chosen: Sequence[int], *, previews: bool, accepted: bool) -> str:
    """Why this cannot be cut, to be said where the reports are ticked; "" if it can, or nobody asked yet."""
    if not previews:
        return ""
    if cut is None:
        return _("Tick the reports that are another issue.")
    if len(chosen) > TICKED_AT_MOST and not accepted:
        return too_many(TICKED_AT_MOST)
    if cut.stays.tally.reports + cut.stays.tally.held == 0:
        return _("Something has to stay behind: leave one report unticked at least.")
    return ""


def _placements(issue: Issue, actor: Actor) -> Any:
    """The oldest first: what an issue began with is what it is mostly about."""
    placed = Placement.objects.active().visible_to(actor).filter(issue=issue)
    placed = placed.select_related("report__artifact", "report__version", "placer").annotate(
        summary=summary_in_a_list()
    )
    return placed.order_by("report__reported_at", "report_id")


def _standing(issue: Issue, report_ids: Sequence[int], actor: Actor) -> list[int]:
    """Those of the reports that stand in the issue and may be seen, in the order given."""
    placed = Placement.objects.active().visible_to(actor).filter(issue=issue, report__in=report_ids)
    found = set(placed.values_list("report_id", flat=True))
    return [pk for pk in report_ids if pk in found]


def _page_asked(request: HttpRequest) -> str:
    to = request.GET.get("to", "")
    return to if to.isdecimal() and len(to) < 10 else request.GET.get("page", "")


# Both


def _issue(pk: int, actor: Actor) -> Issue:
    return get_object_or_404(titled(Issue.objects.visible_to(actor)).select_related("family", "merged_into"), pk=pk)


def _led_on(request: HttpRequest, issue: Issue, name: str) -> HttpResponse:
    """What was merged is decided on where it went."""
    home = home_of_issue(issue.pk)
    messages.warning(request, _("That issue has been merged into this one. Decide here."))
    return redirect(name, home)


def _say(request: HttpRequest, decision: Decision, *, into: Issue) -> None:
    """What was done, with its undo."""
    context = {
        "decision": decision,
        "name": isolated(into.number or title_in_words(into)),
        "address": reverse("triage_issue", args=[into.pk]),
    }
    messages.success(request, render_to_string("triage/workbench_done.html", context, request))
