"""What a reporter does on their receipt: answers, writes, disagrees, adds, withdraws, keeps it in their account."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of, needs
from accounts.policy import Act
from reports.adopting import adopt
from reports.correspondence import DISMISSAL, GROUPING, add_evidence, dispute, reply, say
from reports.models import Report
from reports.pages.receipt import ADDITION, REPLY, WORD, AdditionForm, WordsForm, own, show
from reports.withdrawing import take_back, withdraw


@needs(Act.OPEN_RECEIPT)
@require_POST
def answer(request: HttpRequest, reference: str) -> HttpResponse:
    """The reporter answers the triagers' question."""
    return heard(request, reference, REPLY, reply, _("Your answer was passed on."))


@needs(Act.OPEN_RECEIPT)
@require_POST
def write(request: HttpRequest, reference: str) -> HttpResponse:
    """The reporter writes without having been asked."""
    return heard(request, reference, WORD, say, _("Your message was passed on."))


@needs(Act.OPEN_RECEIPT)
@require_POST
def object_to(request: HttpRequest, reference: str) -> HttpResponse:
    """The reporter says why a decision is wrong: that it was declined, or where it was put."""
    about = GROUPING if request.POST.get("about") == GROUPING else DISMISSAL
    return heard(request, reference, about, partial(dispute, about=about), _("A person will look at it again."))


@needs(Act.OPEN_RECEIPT)
@require_POST
def add(request: HttpRequest, reference: str) -> HttpResponse:
    """Words or files to go with the report."""
    report = own(request, reference)
    form, files = AdditionForm(request.POST, prefix=ADDITION), request.FILES.getlist("files")
    if form.is_valid() and not form.cleaned_data["text"] and not files:
        form.add_error("text", _("Write something, or choose a file."))
    if form.is_valid():
        try:
            add_evidence(report, text=form.cleaned_data["text"], files=files, actor=actor_of(request))
        except ValidationError as refusal:
            form.add_error(None, refusal)
    if not form.is_valid():
        return show(request, report, form)
    messages.success(request, _("It was added to your report."))
    return redirect(report)


def heard(request: HttpRequest, reference: str, prefix: str, take: Callable[..., object], done: str) -> HttpResponse:
    """Take what was written in the form of that prefix, from whoever has this receipt open."""
    report = own(request, reference)
    form = WordsForm(request.POST, prefix=prefix)
    if not form.is_valid():
        return show(request, report, form)
    text = form.cleaned_data["text"]
    return done_or_told(request, report, lambda: take(report, text=text, actor=actor_of(request)), done)


def done_or_told(request: HttpRequest, report: Report, act: Callable[[], object], done: str) -> HttpResponse:
    """Do it and say so, or say why not; back to the receipt."""
    try:
        act()
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, done)
    return redirect(report)


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdrawal(request: HttpRequest, reference: str) -> HttpResponse:
    """GET says what withdrawing does and does not do; POST withdraws."""
    report = own(request, reference)
    if request.method != "POST":
        return redirect(report) if report.withdrawn_at else render(request, "reports/withdraw.html", {"report": report})
    return done_or_told(
        request, report, lambda: withdraw(report, actor=actor_of(request)), _("Your report was withdrawn.")
    )


@needs(Act.OPEN_RECEIPT)
@require_POST
def reinstate(request: HttpRequest, reference: str) -> HttpResponse:
    """It was withdrawn by mistake."""
    report = own(request, reference)
    return done_or_told(
        request, report, lambda: take_back(report, actor=actor_of(request)), _("Your report stands again.")
    )


@needs(Act.OWN_ACCOUNT)
@require_POST
def keep(request: HttpRequest, reference: str) -> HttpResponse:
    """Whoever is signed in and has the receipt open keeps the report in their account."""
    report = own(request, reference)
    done = _("The report is in your account. You find it under “Your reports”, without the code.")
    return done_or_told(request, report, lambda: adopt(report, actor=actor_of(request)), done)
