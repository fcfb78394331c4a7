"""The publication desk: the words of an issue's page, chosen passage by passage, seen as the public will see them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, F, Prefetch
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of, needs, person
from accounts.models import User
from accounts.policy import ANONYMOUS, Act, Actor
from reports.models import Excerpt, Issue, Placement, Redaction, Report
from reports.pages.asked import storable
from reports.pages.issue import asked_for, frame_of, told_on_page
from reports.record import excerpts_of, issues_on_record
from reports.redaction import summary_in_a_list, with_redactions, with_translations
from reports.vocabulary import Status
from triage import decisions
from triage.forms import MoveForm
from triage.forms.publishing import (
    EvidenceForm,
    HazardForm,
    PublishForm,
    TranslateForm,
    UnpublishForm,
    WriteForm,
    joined,
)
from triage.models import Decision
from triage.moves import Verb
from triage.pages.refusals import conflict_of, filled_again, is_stale
from triage.pages.said import undoable
from triage.publication import may_publish, why_held_back, works_in_twos
from triage.queue import title_in_words, titled
from triage.sources import source_of

PAGE = 25  # reports of the list
EVIDENCE = "evidence"  # what is posted by the form that makes two moves
FORMS: Mapping[str, type[MoveForm]] = {
    Verb.WRITE: WriteForm,
    Verb.CLASSIFY: HazardForm,
    Verb.PUBLISH: PublishForm,
    Verb.UNPUBLISH: UnpublishForm,
    Verb.TRANSLATE: TranslateForm,
    EVIDENCE: EvidenceForm,
}
DONE: Mapping[str, Promise] = {
    Verb.WRITE: gettext_lazy("Title and summary are written."),
    Verb.CLASSIFY: gettext_lazy("The hazard level is set."),
    Verb.PUBLISH: gettext_lazy("It is published."),
    Verb.UNPUBLISH: gettext_lazy("Its page is gone."),
    Verb.TRANSLATE: gettext_lazy("The translation stands beside the original."),
    Verb.EXCERPT: gettext_lazy("The evidence is chosen."),
    Verb.REDACT: gettext_lazy("The words are removed."),
}


@needs(Act.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def publication(request: HttpRequest, pk: int) -> HttpResponse:
    """What the public reads of an issue, and what it is made of; a press makes one move of it."""
    if request.method != "POST":
        return page_of_publication(request, pk, report=request.GET.get("report", ""))
    issue = get_object_or_404(Issue.objects.visible_to(actor_of(request)), pk=pk)
    verb = request.POST.get("verb", "")
    if verb not in FORMS:
        messages.error(request, _("There is no such move."))
        return page_of_publication(request, pk, status=422)
    form = FORMS[verb](request.POST, issue=issue, actor=actor_of(request), auto_id=f"{verb}_%s")
    if not form.is_valid():
        return _refused(request, issue, verb, form)
    try:
        made = _save_evidence(issue, form, person(request)) if verb == EVIDENCE else [_decide(request, issue, form)]
    except ValidationError as refusal:
        return _refused(request, issue, verb, form, refusal)
    for decision in made:
        messages.success(request, undoable(request, DONE[decision.verb], reverse("triage_undo", args=[decision.pk])))
    report = form.cleaned_data.get("report")
    back = f"?report={report.reference}#evidence" if report else ""
    return redirect(f"{reverse('publication', args=[pk])}{back}")


@needs(Act.DECIDE)
@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The issue's page as everybody will read it, made by what makes that page."""
    issue = get_object_or_404(titled(Issue.objects.visible_to(actor_of(request))), pk=pk)
    with as_if_published(issue, person(request)):
        shown = issues_on_record(ANONYMOUS).filter(pk=pk).first()
        told = told_on_page(shown, excerpts_of(shown, ANONYMOUS, shown=asked_for(request))) if shown else None
        frame = frame_of(shown) if shown else {}
    if told is None:
        messages.error(request, _without_page(issue))
        return redirect("publication", pk)
    return render(request, "triage/preview.html", {**told, **frame, "subject": "", "pk": pk})


@contextmanager
def as_if_published(issue: Issue, by: User) -> Iterator[None]:
    """Within it the issue is public; afterwards nothing of that ever was.

    Publishing itself is tried first, for it may write a title; who may not do it sees the page all the same.
    """
    with transaction.atomic():
        with suppress(ValidationError):  # what it would say stands on the desk
            decisions.decide(issue, Verb.CONFIRM if issue.status == Status.NEW else Verb.PUBLISH, by=by)
        public = Issue.objects.filter(pk=issue.pk, number__isnull=False)
        now = timezone.now()
        public.update(published_at=Coalesce(F("published_at"), now), embargo_until=None, embargo_lifted_at=None)
        try:
            yield
        finally:
            transaction.set_rollback(True)


def page_of_publication(
    request: HttpRequest,
    pk: int,
    *,
    report: str = "",
    bound: Mapping[str, MoveForm] | None = None,
    revealed: Collection[int] = (),
    refusal: ValidationError | None = None,
    status: int = 200,
) -> HttpResponse:
    """The desk with one report open: that of the reference ``report``, else the first one quoted, else the first.

    ``bound`` is a form that was not taken, ``refusal`` why if somebody else was faster; the words of ``revealed``
    reports were asked for on record.
    """
    actor, now = actor_of(request), timezone.now()
    issue = get_object_or_404(titled(Issue.objects.visible_to(actor)).select_related("family", "merged_into"), pk=pk)
    placed = _placed(issue, actor)
    page = Paginator(placed, PAGE).get_page(request.GET.get("page"))
    quoted = _counted(Excerpt.objects.filter(issue=issue), page)
    redacted = _counted(Redaction.objects.all(), page)
    opened = _opened(placed, report, page, quoted)
    source = source_of(opened.report, issue, revealed) if opened else None
    may = issue.status in (Status.CONFIRMED, Status.RESOLVED)
    context = {
        "issue": issue,
        "title": title_in_words(issue),
        "held_back": (held_back := why_held_back(issue, now)),
        "takes_two": bool(held_back) and not issue.published_at and works_in_twos(),
        "why_not": _why_not(issue, person(request)) if may and not issue.published_at else "",
        "may": may,
        "forms": _forms(issue, actor, opened, bound or {}),
        "opened": next(iter(bound or {}), ""),
        "page": page,
        "lines": [
            {"placement": row, "quoted": quoted.get(row.report_id, 0), "redacted": redacted.get(row.report_id, 0)}
            for row in page
        ],
        "source": source,
        "conflict": conflict_of(refusal, issue),
        "languages": [code for code, _name in settings.LANGUAGES],
    }
    return render(request, "triage/publication.html", context, status=status)


def _placed(issue: Issue, actor: Actor) -> Any:
    rows = Placement.objects.active().visible_to(actor).filter(issue=issue).select_related("report")
    return rows.annotate(summary=summary_in_a_list()).order_by("report__reported_at", "report_id")


def _counted(rows: Any, page: Any) -> dict[int, int]:
    """How many passages stand of each report on the page."""
    of_page = rows.filter(report__in=[row.report_id for row in page], ended_at=None).order_by()
    return dict(of_page.values_list("report").annotate(total=Count("pk")))


def _opened(placed: Any, reference: str, page: Any, quoted: Mapping[int, int]) -> Placement | None:
    """The placement of the report that is open, with all that belongs to its words."""
    on_page = [row.report_id for row in page]
    wanted = next((pk for pk in on_page if pk in quoted), next(iter(on_page), None))
    chosen = {"report__reference": storable(reference)} if reference else {"report": wanted}
    found: Placement | None = (
        placed.filter(**chosen)
        .select_related(None)
        .prefetch_related(
            Prefetch(
                "report",
                queryset=Report.objects.select_related(
                    "evidence", "evidence_key", "version", "artifact"
                ).prefetch_related(with_redactions(), with_translations(), "placements__issue", "excerpts"),
            )
        )
        .first()
    )
    return found


def _forms(issue: Issue, actor: Actor, opened: Placement | None, bound: Mapping[str, MoveForm]) -> dict[str, MoveForm]:
    initial: dict[str, dict[str, Any]] = {
        Verb.WRITE: {"public_title": title_in_words(issue), "public_summary": issue.public_summary},
        Verb.CLASSIFY: {"hazard_level": issue.hazard_level},
        Verb.TRANSLATE: {"report": opened.report_id if opened else None},
        EVIDENCE: {"report": opened.report_id if opened else None},
    }
    return {
        verb: bound.get(verb) or form(issue=issue, actor=actor, initial=initial.get(verb), auto_id=f"{verb}_%s")
        for verb, form in FORMS.items()
    }


def _decide(request: HttpRequest, issue: Issue, form: MoveForm) -> Decision:
    told = form.told()
    revision = form.cleaned_data.get("revision")
    return decisions.decide(issue, request.POST["verb"], by=person(request), **{**told, "revision": revision})


def _save_evidence(issue: Issue, form: MoveForm, by: User) -> list[Decision]:
    """What was removed first, then what is published; only what is another than it was. Both or neither."""
    report, revision = form.cleaned_data["report"], form.cleaned_data.get("revision")
    chosen = [
        (Verb.REDACT, form.cleaned_data["redacted"], Redaction.objects.filter(report=report)),
        (Verb.EXCERPT, form.cleaned_data["quoted"], Excerpt.objects.filter(report=report, issue=issue)),
    ]
    made: list[Decision] = []
    with transaction.atomic():
        for verb, spans, standing in chosen:
            stands = joined(standing.filter(ended_at=None).values_list("part", "start", "end"))
            if spans == stands:
                continue
            about = {"report": report, "spans": spans, "note": form.cleaned_data["note"] if not made else ""}
            made.append(decisions.decide(issue, verb, by=by, revision=None if made else revision, **about))
        if not made:
            raise ValidationError(_("Nothing was changed."))
    return made


def _refused(
    request: HttpRequest, issue: Issue, verb: str, form: MoveForm, refusal: ValidationError | None = None
) -> HttpResponse:
    """The desk again with the form as it was filled in: 409 and what changed if somebody was faster, else 422.

    Then it has the revision of now: pressed again, it decides on top of that.
    """
    stale = refusal if refusal and is_stale(refusal) else None
    if stale:
        form = filled_again(request.POST, issue, verb, form.actor)
        form.is_valid()
    else:
        for sentence in refusal.messages if refusal else form.sentences:
            messages.error(request, sentence)
    report = form.cleaned_data.get("report") if hasattr(form, "cleaned_data") else None
    opened = report.reference if report else request.GET.get("report", "")
    status = 409 if stale else 422
    return page_of_publication(request, issue.pk, report=opened, bound={verb: form}, refusal=stale, status=status)


def _why_not(issue: Issue, by: User) -> str:
    try:
        may_publish(issue, by, timezone.now())
    except ValidationError as refusal:
        return refusal.messages[0]
    return ""


def _without_page(issue: Issue) -> str:
    if issue.status == Status.NEW:
        return _("It would have no page: you may not confirm it, or nobody has confirmed an artifact that it names.")
    if issue.status in (Status.DISMISSED, Status.MERGED):
        return _("It has no page where it stands now.")
    return _("It would have no page: nobody has confirmed an artifact that it names.")
