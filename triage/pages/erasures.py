"""The desk of erasures: who asked, who proposed, what follows from a setting, what is still being taken away."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.models import User
from accounts.policy import Act, Actor, allows
from reports.erasing import address_of, words_of
from reports.models import Erasure, Issue
from reports.pages.asked import id_in
from reports.retention import announced
from reports.standing import issues_of
from reports.vocabulary import ErasureAsker, ErasureLeft
from triage import erasures as deciding
from triage.forms.erasing import ProposalForm, RefusalForm

LISTED = 50  # of each kind
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request as the desk shows it, with what may be done about it by whoever looks."""

    row: Erasure
    issue: Issue | None
    words: str = ""
    address: str = ""
    form: Form | None = None
    refusal: Form | None = None
    may_execute: bool = False
    needs_other: bool = False  # they proposed it themselves
    echoes: list[str] | None = None  # None: nobody asked
    left: list[str] = field(default_factory=list)


@needs(Act.DECIDE)
@require_safe
def erasures(request: HttpRequest) -> HttpResponse:
    return shown(request)


@needs(Act.DECIDE)
@require_POST
def erasure_propose(request: HttpRequest) -> HttpResponse:
    """Without having been asked: on legal ground, or because somebody told the desk."""
    form = ProposalForm(request.POST, actor=actor_of(request), auto_id="propose_%s")
    if form.is_valid() and form.report is not None:
        report = form.report
        if _is_done(form, lambda: deciding.propose(report, basis=form.cleaned_data["basis"], by=person(request))):
            messages.success(request, _("Proposed. A moderator who is somebody else carries it out."))
            return redirect("erasures")
    return shown(request, form, status=422)


@needs(Act.DECIDE)
@require_POST
def erasure_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """``verb`` is what is done about the request: propose, execute or refuse."""
    erasure = get_object_or_404(Erasure.objects.visible_to(actor_of(request)).select_related("report"), pk=pk)
    take = {"propose": _propose, "execute": _execute, "refuse": _refuse}.get(request.POST.get("verb", ""))
    try:
        if take is None:
            raise ValidationError(_("Say what is to be done."))
        messages.success(request, take(request, erasure))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return redirect("erasures")


def _propose(request: HttpRequest, erasure: Erasure) -> str:
    form = ProposalForm(request.POST, actor=actor_of(request), named=erasure.report)
    if not form.is_valid() or form.report is None:
        raise ValidationError(form.sentences)
    basis, by = form.cleaned_data["basis"], person(request)
    if erasure.report is None:
        deciding.propose_for(erasure, form.report, basis=basis, by=by)
    else:
        deciding.propose(form.report, basis=basis, by=by)
    return _("Proposed. A moderator who is somebody else carries it out.")


def _execute(request: HttpRequest, erasure: Erasure) -> str:
    if request.POST.get("sure") != "yes":
        raise ValidationError(_("Say that it is to go for ever: it cannot be brought back."))
    deciding.execute(erasure, by=person(request))
    return _("Erased. Files, index and copies are taken away within minutes; this page says when it is done.")


def _refuse(request: HttpRequest, erasure: Erasure) -> str:
    deciding.refuse(erasure, reason=request.POST.get("reason", ""), by=person(request))
    return _("It stays.")


def _is_done(form: Form, act: Callable[[], object]) -> bool:
    try:
        act()
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return False
    return True


def shown(request: HttpRequest, form: ProposalForm | None = None, *, status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    seen = Erasure.objects.visible_to(actor).select_related("report__artifact", "proposer", "decider")
    by_people = seen.waiting().exclude(asked_by=ErasureAsker.SETTING)
    coming = announced().visible_to(actor)
    named = {"reference": request.GET.get("reference", "")[:40]}
    by, opened, others = person(request), id_in(request.GET.get("open", "")), deciding.needs_two(person(request))
    context = {
        "asked": waiting(by_people.filter(proposed_at=None)[:LISTED], actor, by),
        "proposed": waiting(
            by_people.filter(proposed_at__isnull=False)[:LISTED], actor, by, others=others, opened=opened
        ),
        "coming": waiting(coming.select_related("report__artifact")[:LISTED], actor, by),
        "coming_count": coming.count(),
        "unfinished": waiting(seen.unfinished()[:LISTED], actor, by),
        "done": seen.filter(finished_at__gt=now - LATELY).order_by("-finished_at")[:LISTED],
        "form": form or ProposalForm(initial=named, actor=actor, auto_id="propose_%s"),
        "months": settings.RETAIN_EVIDENCE_MONTHS,
        "days": settings.RETAIN_CONTACT_DAYS,
        "is_moderator": allows(actor, Act.ERASE),
    }
    return render(request, "triage/erasures.html", context, status=status)


def waiting(
    rows: Iterable[Erasure], actor: Actor, by: User, *, others: bool = True, opened: int | None = None
) -> list[Waiting]:
    """``others``: whether there is another moderator to ask; ``opened`` is the one of which all is shown."""
    found = list(rows)
    issues = issues_of([row.report for row in found if row.report is not None])
    told = [_waiting(row, issues.get(row.report_id or 0), actor, by, others=others) for row in found]
    return [replace(each, echoes=_echoes(each.row, actor)) if each.row.pk == opened else each for each in told]


def _waiting(row: Erasure, issue: Issue | None, actor: Actor, by: User, *, others: bool) -> Waiting:
    if not row.is_open:
        return Waiting(row, issue, left=[str(ErasureLeft(piece).label) for piece in row.left])
    is_second = not others or row.proposer_id != by.pk
    asked = ProposalForm(initial={"basis": row.basis}, actor=actor, named=row.report, auto_id=f"ground-{row.pk}-%s")
    return Waiting(
        row=row,
        issue=issue,
        words=words_of(row),
        address=address_of(row),
        form=None if row.proposed_at else asked,
        refusal=RefusalForm(auto_id=f"refusal-{row.pk}-%s"),
        may_execute=bool(row.proposed_at) and is_second and allows(actor, Act.ERASE),
        needs_other=not is_second,
    )


def _echoes(row: Erasure, actor: Actor) -> list[str]:
    """In which columns of what somebody else wrote its words stand, for people to look at before they go."""
    if row.report is None:
        return []
    found = deciding.beyond(row.report, actor)
    return [f"{echo.row._meta.verbose_name} {echo.row.pk}: {echo.column.replace('_', ' ')}" for echo in found]
