"""Coordinated disclosure of one issue: until when nothing is public, who was told, what is told before and after."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of, needs, person
from accounts.policy import Act
from reports.deadlines import in_zones, zone_names
from reports.disclosure import Terms, day_nought, fixed_at, terms_of
from reports.models import Affected, Issue
from reports.parties import parties
from triage import decisions
from triage.answers import told_of
from triage.forms import FORMS, MoveForm
from triage.forms.disclosing import EndForm
from triage.moves import Verb
from triage.moves.disclosing import unanswered_until
from triage.pages.refusals import conflict_of, filled_again, is_stale
from triage.pages.said import undoable
from triage.publication import reports_in, works_in_twos
from triage.queue import title_in_words, titled

VERBS = (Verb.EMBARGO, Verb.EXTEND, Verb.LIFT, Verb.SCHEDULE, Verb.ANNOUNCE, Verb.SHARE)
DONE: Mapping[str, Promise] = {
    Verb.EMBARGO: gettext_lazy("The embargo is set."),
    Verb.EXTEND: gettext_lazy("The embargo ends later."),
    Verb.LIFT: gettext_lazy("The embargo is lifted."),
    Verb.SCHEDULE: gettext_lazy("What becomes of it when the embargo ends is decided."),
    Verb.ANNOUNCE: gettext_lazy("What is announced of it is decided."),
    Verb.SHARE: gettext_lazy("What maintainers see of each other is decided."),
}


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def disclosure(request: HttpRequest, pk: int) -> HttpResponse:
    """What was agreed, in words, and the moves that change it; a press makes one."""
    if request.method != "POST":
        return _page(request, pk)
    issue = get_object_or_404(Issue.objects.visible_to(actor_of(request)), pk=pk)
    verb = request.POST.get("verb", "")
    if verb not in VERBS:
        messages.error(request, _("There is no such move."))
        return _page(request, pk, status=422)
    form = FORMS[verb](request.POST, issue=issue, actor=actor_of(request), auto_id=f"{verb}_%s")
    if not form.is_valid():
        return _page(request, pk, bound={verb: form}, status=422)
    try:
        made = decisions.decide(issue, verb, by=person(request), **form.told())
    except ValidationError as refusal:
        if is_stale(refusal):  # pressed again, it decides on top of what changed
            form = filled_again(request.POST, issue, verb, form.actor)
            return _page(request, pk, bound={verb: form}, refusal=refusal, status=409)
        messages.error(request, " ".join(refusal.messages))
        return _page(request, pk, bound={verb: form}, status=422)
    messages.success(request, undoable(request, DONE[verb], reverse("triage_undo", args=[made.pk])))
    if isinstance(form, EndForm) and form.deadline and form.deadline.explanation:
        messages.info(request, form.deadline.explanation)
    return redirect("disclosure", pk)


def _page(
    request: HttpRequest,
    pk: int,
    *,
    bound: Mapping[str, MoveForm] | None = None,
    refusal: ValidationError | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with ``bound``, a form that was not taken, as it was filled in; ``refusal``: somebody was faster."""
    actor, now = actor_of(request), timezone.now()
    issue = get_object_or_404(titled(Issue.objects.visible_to(actor)).select_related("family", "merged_into"), pk=pk)
    rows = list(issue.affected.select_related("artifact", "introduced_in", "fixed_in").order_by("pk"))
    terms, told_at = terms_of(issue), day_nought(rows, now=now)
    context = {
        "issue": issue,
        "title": title_in_words(issue),
        "moments": _moments(issue.embargo_until, issue.embargo_zone),
        "lifted": _moments(issue.embargo_lifted_at, issue.embargo_zone),
        "asked_by_reporter": reports_in(issue).filter(embargo_until__isnull=False).exists(),
        "terms": terms,
        "proposed": _proposed(issue, rows, terms, told_at),
        "silent_until": unanswered_until(issue, rows),
        "is_silent": _is_silent(issue, rows, now),
        "told": told_of(issue, rows, now=now),
        "parties": parties([row for row in rows if not row.artifact.is_unknown]),
        "announced": issue.stubs.filter(ended_at=None).exists(),
        "may_announce": settings.EMBARGO_STUBS,
        "takes_two": works_in_twos(),
        "forms": _forms(issue, actor, bound or {}, terms, told_at),
        "opened": next(iter(bound or {}), ""),
        "zones": zone_names(),
        "conflict": conflict_of(refusal, issue),
    }
    return render(request, "triage/disclosure.html", context, status=status)


def _moments(moment: datetime | None, zone: str) -> list[tuple[str, str]]:
    """In the zone it was agreed on, in the site's, and in UTC."""
    return in_zones(moment, [zone, settings.SITE_ZONE]) if moment else []


def _proposed(issue: Issue, rows: list[Affected], terms: Terms, told_at: datetime) -> list[tuple[str, Any]]:
    """What the rules of the site come to here: what it is, and when, each in the site's zone and in UTC."""
    fixed = fixed_at(rows)
    ends = [
        (_("The usual time is over"), terms.end(told_at)),
        (_("With the days of grace, where a fix is promised"), terms.end_with_grace(told_at)),
        (_("At the latest"), terms.last(told_at)),
    ]
    if fixed:
        ends.append((_("After the fix, time to update is over"), terms.end_after_fix(fixed)))
    return [(words, _moments(end, issue.embargo_zone)) for words, end in ends]


def _is_silent(issue: Issue, rows: list[Affected], now: datetime) -> bool:
    until = unanswered_until(issue, rows)
    return until is not None and until < now


def _forms(
    issue: Issue, actor: Any, bound: Mapping[str, MoveForm], terms: Terms, told_at: datetime
) -> dict[str, MoveForm]:
    zone = issue.embargo_zone or settings.SITE_ZONE
    later = max(issue.embargo_until, terms.end_with_grace(told_at)) if issue.embargo_until else terms.end(told_at)
    initial: dict[str, dict[str, Any]] = {
        Verb.EMBARGO: _typed(terms.end(told_at), zone),
        Verb.EXTEND: _typed(later, zone),
        Verb.SCHEDULE: {"stands": "no" if issue.publishes_at_end else "yes"},
        Verb.ANNOUNCE: {"stands": "no" if issue.stubs.filter(ended_at=None).exists() else "yes"},
        Verb.SHARE: {"stands": "no" if issue.parties_told_at else "yes"},
    }
    return {
        verb.value: bound.get(verb)
        or FORMS[verb](issue=issue, actor=actor, initial=initial.get(verb), auto_id=f"{verb}_%s")
        for verb in VERBS
    }


def _typed(moment: datetime, zone: str) -> dict[str, Any]:
    """As the fields of a form hold it."""
    there = moment.astimezone(ZoneInfo(zone))
    return {"day": there.date(), "hour": there.time().replace(tzinfo=None), "zone": zone}
