"""Asking that something be erased: by whoever filed it, on the receipt, and by somebody whom a report is about."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of, needs, open_to_all
from accounts.network import network_of
from accounts.policy import Act
from ledger import proving
from reports.erasing import WORDS_MOST, ask, ask_for_another, take_back
from reports.forms import Prose
from reports.lanes import TooMany, may_try
from reports.models import Erasure, Report
from reports.pages.erased import erasing_of
from reports.pages.own_report import done_or_told
from reports.pages.proof import OPENED
from reports.pages.receipt import own
from reports.pages.refusing import too_many
from reports.vocabulary import ErasureAsker

ASKED = "erasure"  # what requests are counted for, as codes are: together, and of a network


class ReasonForm(forms.Form):
    """A reporter need give no reason."""

    words = Prose(
        label=gettext_lazy("Is there anything we should know?"),
        help_text=gettext_lazy(
            "You need not give a reason. It is read by the people who decide, and goes with the rest."
        ),
        required=False,
        max_length=WORDS_MOST,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )


class AboutMeForm(forms.Form):
    """Somebody who is no reporter says what is about them."""

    words = Prose(
        label=gettext_lazy("What is it, and where did you see it?"),
        help_text=gettext_lazy(
            "The address of the page or the number of the issue, what in it is about you, and why it should go. "
            "Only the people who decide read it."
        ),
        min_length=20,
        max_length=WORDS_MOST,
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
    )
    address = forms.EmailField(
        label=gettext_lazy("An e-mail address to answer to"),
        help_text=gettext_lazy("We write once, when it is decided, and then erase the address."),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@open_to_all
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def erasure(request: HttpRequest) -> HttpResponse:
    """For somebody named in what another filed; reporters do it with their code."""
    form = AboutMeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            may_try(network_of(request), ASKED)
        except TooMany as refusal:
            return too_many(request, refusal)
        ask_for_another(words=form.cleaned_data["words"], address=form.cleaned_data["address"])
        messages.success(request, _("Your request was passed on. A person looks at it."))
        return redirect("erasure")
    return render(request, "reports/erasure.html", {"form": form}, status=422 if form.errors else 200)


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_erase(request: HttpRequest, reference: str) -> HttpResponse:
    """GET says what goes and what stays; POST asks for it."""
    report = own(request, reference)
    if _waiting(report) or report.erased_at:
        return redirect(report)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        words, actor = form.cleaned_data["words"], actor_of(request)
        done = _("You asked for it to be erased. Two people look at it; you see here when it is done.")
        return done_or_told(request, report, lambda: ask(report, words=words, actor=actor), done)
    context = {"report": report, "form": form}
    return render(request, "reports/receipt_erase.html", context, status=422 if form.errors else 200)


@needs(Act.OPEN_RECEIPT)
@require_POST
def receipt_keep_words(request: HttpRequest, reference: str) -> HttpResponse:
    """They have changed their mind before it was decided."""
    report = own(request, reference)
    return done_or_told(
        request, report, lambda: take_back(report, actor=actor_of(request)), _("Your report is not erased.")
    )


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_safe
def receipt_erasure_proof(request: HttpRequest, reference: str) -> HttpResponse:
    """A file for the verifier: that it was erased, when and on what ground."""
    event, newest = erasing_of(own(request, reference)), proving.newest()
    document = proving.opening_document(event, OPENED, newest) if event and newest else None
    if document is None:
        raise Http404
    answer = JsonResponse(document, json_dumps_params={"indent": 1})
    answer["Content-Disposition"] = f'attachment; filename="{reference}.erased.json"'
    return answer


def _waiting(report: Report) -> bool:
    return Erasure.objects.waiting().filter(report=report).exclude(asked_by=ErasureAsker.SETTING).exists()
