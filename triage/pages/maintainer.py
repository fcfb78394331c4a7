"""The maintainer's desk: what they were told of, the evidence with names removed, and what they have to say.

Everything here is read as somebody who speaks for their artifacts (``accounts.policy.spokesperson``), and nothing here
decides: see ``triage.answers``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import CharField, F, QuerySet, Value
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.models import Grant, Role, User
from accounts.policy import Act, Actor, spokesperson
from reports.deadlines import in_zones
from reports.models import Affected, Artifact, Issue, Report, Reproduction, Translation
from reports.pages.asked import id_in, storable
from reports.parties import Party, parties
from reports.redaction import (
    Reader,
    is_veiled,
    summary_kept_back,
    with_redactions,
    with_translations,
)
from reports.sealed import summary_unless
from reports.vocabulary import HazardLevel
from triage import answers
from triage.answers import PLACES, Told
from triage.clocks import Clock
from triage.comparison import Side, evidence_of, passages_of
from triage.forms.answering import releases_of
from triage.forms.maintaining import AnswerForm, TryForm
from triage.queue import annotated, plain_title
from triage.reveals import reveal as put_on_record

PAGE = 25  # rows
REPORTS = 25  # listed beside the one that is open


@dataclass(frozen=True, slots=True)
class Line:
    """One artifact in one issue, as the list shows it."""

    row: Affected
    title: str
    clocks: Sequence[Clock]


@dataclass(frozen=True, slots=True)
class Trial:
    """What somebody saw who tried again. ``who`` says no triager's name; ``is_mine`` may be taken back."""

    row: Reproduction
    who: str
    is_mine: bool


@needs(Act.SEE_OWN_ARTIFACTS)
@require_safe
def maintain(request: HttpRequest) -> HttpResponse:
    """What they were told of: first what nobody acknowledged, then what nobody answered."""
    page = Paginator(answers.rows_told_to(speaker(request)), PAGE).get_page(request.GET.get("page"))
    context = {"groups": groups_of(page), "page": page}
    return render(request, "triage/maintainer.html", context)


@needs(Act.SEE_OWN_ARTIFACTS)
@require_safe
def maintain_issue(request: HttpRequest, pk: int) -> HttpResponse:
    return _shown(request, told_issue(request, pk))


@needs(Act.SEE_OWN_ARTIFACTS)
@require_POST
def maintain_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """They know of it; with ``take_back`` it was pressed by mistake."""
    issue = told_issue(request, pk)
    artifact = _artifact(request, issue)
    try:
        if request.POST.get("take_back"):
            answers.take_back_acknowledgement(issue, artifact, by=person(request))
            messages.success(request, _("Taken back."))
        else:
            answers.acknowledge(issue, artifact, by=person(request))
            messages.success(request, _("Acknowledged. The triagers see it."))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return redirect("maintain_issue", pk)


@needs(Act.SEE_OWN_ARTIFACTS)
@require_POST
def maintain_answer(request: HttpRequest, pk: int) -> HttpResponse:
    issue = told_issue(request, pk)
    form = AnswerForm(request.POST, artifacts=_artifacts(request, issue), auto_id="answer_%s")
    if not _filed(request, issue, form, answers.give_answer):
        return _shown(request, issue, answer=form, status=422)
    messages.success(request, _("Filed. A triager accepts it or says why not; you see here which."))
    return redirect("maintain_issue", pk)


@needs(Act.SEE_OWN_ARTIFACTS)
@require_POST
def maintain_reproduce(request: HttpRequest, pk: int) -> HttpResponse:
    issue = told_issue(request, pk)
    form = TryForm(request.POST, artifacts=_artifacts(request, issue), auto_id="try_%s")
    if not _filed(request, issue, form, answers.try_again):
        return _shown(request, issue, trial=form, status=422)
    messages.success(request, _("Recorded, as tried by you."))
    return redirect("maintain_issue", pk)


@needs(Act.SEE_OWN_ARTIFACTS)
@require_POST
def maintain_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """A reproduction of their own that was recorded by mistake."""
    issue = told_issue(request, pk)
    mine = tried_again(issue, _artifacts(request, issue)).filter(by=person(request))
    tried = mine.filter(pk=id_in(request.POST.get("reproduction", "")) or 0).first()
    if tried is None:
        messages.error(request, _("That has been taken back already."))
        return redirect("maintain_issue", pk)
    try:
        answers.take_back(tried, by=person(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Taken back."))
    return redirect("maintain_issue", pk)


@needs(Act.SEE_OWN_ARTIFACTS)
@require_POST
def maintain_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one veiled report, once and on record; what was redacted stays removed."""
    issue = told_issue(request, pk)
    report = get_object_or_404(reports_told(speaker(request), issue), reference=_reference(request.POST))
    put_on_record(report, by=person(request), issue=issue)
    return _shown(request, issue, report=report.reference, revealed=True)


def speaker(request: HttpRequest) -> Actor:
    return spokesperson(actor_of(request))


def told_issue(request: HttpRequest, pk: int) -> Issue:
    """The issue, if its maintainers were told of it and the reader is one of them; else 404, as if it never was."""
    actor = speaker(request)
    return get_object_or_404(Issue.objects.visible_to(actor).told_to(actor).select_related("family"), pk=pk)


def groups_of(page: "Page[Affected]") -> list[tuple[str, list[Line]]]:
    """The rows of one page under what they wait for."""
    rows = list(page)
    running = answers.clocks_for(rows, now=timezone.now())
    groups: dict[str, list[Line]] = {}
    for row in rows:
        line = Line(row, row.issue.public_title or plain_title(row.issue), running[row.pk])
        groups.setdefault(str(annotated(row, "place")), []).append(line)
    return [(str(PLACES[place]), lines) for place, lines in groups.items()]


def rows_of(actor: Actor, issue: Issue) -> list[Affected]:
    """How those artifacts stand in the issue that the reader speaks for and was told of."""
    rows = Affected.objects.visible_to(actor).told_to(actor).filter(issue=issue)
    return list(
        rows.select_related("artifact", "introduced_in", "last_affected", "fixed_in", "stated_by").order_by("pk")
    )


def others_told(issue: Issue, artifacts: Sequence[Artifact]) -> list[Party]:
    """Who else was told, by the names of artifacts and how each stands; nobody, unless triagers decided to say so."""
    if issue.parties_told_at is None:
        return []
    rows = Affected.objects.filter(issue=issue, notified_at__isnull=False).exclude(artifact__in=artifacts)
    return parties(rows.select_related("artifact").order_by("artifact__org", "artifact__name", "pk"))


def reports_told(actor: Actor, issue: Issue) -> "QuerySet[Report]":
    """Reports of the issue about those artifacts, as far as maintainers may read them; the newest first."""
    told = Report.objects.visible_to(actor).told_to(actor).values("pk")
    placed = Report.objects.filter(placements__issue=issue, placements__superseded_at=None, pk__in=told)
    return placed.select_related("artifact", "version").order_by("-reported_at", "-pk")


def tried_again(issue: Issue, artifacts: Sequence[Artifact]) -> "QuerySet[Reproduction]":
    """What was tried again on those artifacts, the latest version first by its place in the order."""
    tried = Reproduction.objects.filter(issue=issue, artifact__in=artifacts, ended_at=None)
    order = (F("version__position").desc(nulls_last=True), "-tried_at", "-pk")
    return tried.select_related("artifact", "version").order_by(*order)


def trials_of(issue: Issue, artifacts: Sequence[Artifact], reader: User) -> list[Trial]:
    rows = list(tried_again(issue, artifacts))
    asked = {"user__in": {row.by_id for row in rows if row.by_id}, "artifact_id__in": {each.pk for each in artifacts}}
    held = Grant.objects.filter(role=Role.MAINTAINER, ended_at=None, **asked).values_list("user_id", "artifact_id")
    colleagues = set(held)
    return [
        Trial(
            row,
            who=_("by you")
            if row.by_id == reader.pk
            else _("by another maintainer")
            if (row.by_id, row.artifact_id) in colleagues
            else _("by a triager"),
            is_mine=row.by_id == reader.pk and (row.by_id, row.artifact_id) in colleagues,
        )
        for row in rows
    ]


def side_of(report: Report, issue: Issue, *, is_asked: bool) -> Side:
    """``report`` with its evidence, as maintainers may read it: never what was redacted, asked for or not."""
    parts = evidence_of(report).parts
    if parts and not is_asked and is_veiled(report, [issue]):
        return Side(report, [], [], is_erased=False, is_veiled=True, part_count=len(parts))
    signed = passages_of(report, Reader.MAINTAINER)
    told = [replace(each, translations=[_unsigned(row) for row in each.translations]) for each in signed]
    passages, turns = [each for each in told if not each.role], [each for each in told if each.role]
    return Side(report, passages, turns, is_erased=not parts, part_count=len(parts))


def _unsigned(row: Translation) -> Translation:
    """Without the name of whoever made it."""
    return Translation(part=row.part, language=row.language, plain_text=row.text, made_at=row.made_at)


def _filed(request: HttpRequest, issue: Issue, form: Form, act: Callable[..., object]) -> bool:
    """Whether what was filled in is filed; what speaks against it stands in the form."""
    if not form.is_valid():
        return False
    told = dict(form.cleaned_data)
    try:
        act(issue, told.pop("artifact"), by=person(request), **told)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return False
    return True


def _reference(asked: QueryDict) -> str:
    return storable(asked.get("report", ""))


def _artifacts(request: HttpRequest, issue: Issue) -> list[Artifact]:
    return [row.artifact for row in rows_of(speaker(request), issue)]


def _artifact(request: HttpRequest, issue: Issue) -> Artifact:
    asked = request.POST.get("artifact", "")
    found = next((each for each in _artifacts(request, issue) if str(each.pk) == asked), None)
    if found is None:
        raise Http404
    return found


def _summaries(reports: "QuerySet[Report]", issue: Issue) -> "QuerySet[Report]":
    """Each with ``summary``, as a list may tell it: "" where it is redacted or hard to meet."""
    if issue.hazard_level >= HazardLevel.BLURRED:
        return reports.annotate(summary=Value("", output_field=CharField()))
    return reports.annotate(summary=summary_unless(summary_kept_back("pk")))


def _shown(
    request: HttpRequest,
    issue: Issue,
    *,
    answer: Form | None = None,
    trial: Form | None = None,
    report: str = "",
    revealed: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The issue as its maintainers read it. A form that could not be taken stands there as it was filled in."""
    actor = speaker(request)
    rows = rows_of(actor, issue)
    if not rows:
        raise PermissionDenied  # the last grant ended while the page was made
    artifacts = [row.artifact for row in rows]
    page = Paginator(_summaries(reports_told(actor, issue), issue), REPORTS).get_page(request.GET.get("page"))
    told: list[Told] = answers.told_of(issue, rows, now=timezone.now())
    context: dict[str, Any] = {
        "issue": issue,
        "title": issue.public_title or plain_title(issue),
        "told": told,
        "reports": page,
        "side": _opened(actor, issue, page, report or _reference(request.GET), is_asked=revealed),
        "others": others_told(issue, artifacts),
        "moments": in_zones(issue.embargo_end, [issue.embargo_zone, settings.SITE_ZONE]) if issue.embargo_end else [],
        "trials": trials_of(issue, artifacts, person(request)),
        "reader": person(request),
        "answer": answer or AnswerForm(artifacts=artifacts, auto_id="answer_%s"),
        "trying": trial or TryForm(artifacts=artifacts, auto_id="try_%s"),
        "versions": releases_of([each.pk for each in artifacts]),
        "failed": answer or trial,
    }
    return render(request, "triage/maintainer_issue.html", context, status=status)


def _opened(actor: Actor, issue: Issue, page: "Page[Report]", reference: str, *, is_asked: bool) -> Side | None:
    """The report that was asked for, else the newest; none if there is nothing they may read."""
    readable = reports_told(actor, issue).select_related("evidence", "evidence_key")
    readable = readable.prefetch_related(with_redactions(), with_translations())
    asked = readable.filter(reference=reference).first() if reference else None
    report = asked or (readable.filter(pk=page[0].pk).first() if page else None)
    return side_of(report, issue, is_asked=is_asked) if report else None
