"""Who tried an issue again: on which version, with which settings, and how often it failed."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of, needs, person
from accounts.models import Grant, Role
from accounts.policy import Act
from reports.models import Affected, Issue, Reproduction
from triage import decisions
from triage.forms.answering import ReproduceForm, releases_of
from triage.moves import MOVES, Verb
from triage.moves.status import holds
from triage.pages.refusals import as_of_now, status_of
from triage.queue import title_in_words, titled


@dataclass(frozen=True, slots=True)
class Trial:
    """One line. ``undo`` is the decision that recorded it, 0 if a maintainer did; ``held``: it did not fail."""

    row: Reproduction
    undo: int
    by_maintainer: bool

    @property
    def held(self) -> bool:
        return self.row.failures == 0


@dataclass(frozen=True, slots=True)
class Fix:
    """An artifact with a fixed version, and whether somebody tried that or a later one without a failure."""

    row: Affected
    is_tried: bool


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def reproductions(request: HttpRequest, pk: int) -> HttpResponse:
    """The list, the latest version first, and a form to record another."""
    actor = actor_of(request)
    issue = get_object_or_404(titled(Issue.objects.visible_to(actor)).select_related("family"), pk=pk)
    posted = request.POST if request.method == "POST" else None
    form, status = ReproduceForm(posted, issue=issue, actor=actor, auto_id="reproduce_%s"), 200
    if posted is not None:
        status = 422
        if form.is_valid():
            try:
                decisions.decide(issue, Verb.REPRODUCE, by=person(request), **form.told())
            except ValidationError as refusal:
                form.add_error(None, refusal.messages)
                status = status_of(refusal)
                form.data = as_of_now(request.POST, issue)
            else:
                messages.success(request, _("Recorded."))
                return redirect("reproductions", pk)
    rows = list(issue.affected.select_related("artifact", "fixed_in").order_by("pk"))
    context = {
        "issue": issue,
        "title": title_in_words(issue),
        "trials": trials(issue),
        "fixes": [Fix(row, holds(issue, row.fixed_in)) for row in rows if row.fixed_in],
        "form": form if issue.status in MOVES[Verb.REPRODUCE].start and rows else None,
        "versions": releases_of([row.artifact_id for row in rows]),
    }
    return render(request, "triage/reproductions.html", context, status=status)


def trials(issue: Issue) -> list[Trial]:
    """What was tried again and stands, by artifact; of each the latest version first, by its place in the order."""
    tried = issue.reproductions.filter(ended_at=None).select_related("artifact", "version", "by")
    order = ("artifact__org", "artifact__name", F("version__position").desc(nulls_last=True), "-tried_at", "-pk")
    rows = list(tried.order_by(*order))
    decided = recorded_by(issue) if rows else {}
    maintainers = set(
        Grant.objects.filter(
            role=Role.MAINTAINER, ended_at=None, user__in={row.by_id for row in rows if row.by_id}
        ).values_list("user_id", "artifact_id")
    )
    return [Trial(row, decided.get(row.pk, 0), (row.by_id, row.artifact_id) in maintainers) for row in rows]


def recorded_by(issue: Issue) -> dict[int, int]:
    """The decision that recorded each reproduction of the issue, by reproduction."""
    recorded = decisions.standing().filter(issue=issue, verb=Verb.REPRODUCE).values_list("pk", "before")
    return {
        int(name.removeprefix("reproduction:")): pk
        for pk, before in recorded
        for name in before.get("rows", {})
        if name.startswith("reproduction:")
    }
