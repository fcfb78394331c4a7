"""Gated evidence for researchers: asking for it, and reading what was lent, report by report."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of, needs, person
from accounts.policy import Act
from reports.lending import PLAN_LENGTH, Lent, ask, end, files_may_be_lent, object_to, read, readable
from reports.models import EvidenceRequest, OpenedReport
from reports.models.lending import EvidenceRequestQuerySet
from reports.pages.asked import storable
from reports.pages.receipt import own
from reports.showing import beside
from reports.vocabulary import LendingPurpose

PAGE = 25  # reports of a request, and requests


class AskingForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Number of the issue"),
        help_text=gettext_lazy("As it stands on its page, such as TT-2026-00012. It has to be public."),
        max_length=24,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false", "dir": "ltr"}),
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("What you want it for"),
        help_text=gettext_lazy("The reporters are told this. They are not told who you are."),
        choices=LendingPurpose.choices,
        widget=forms.RadioSelect,
    )
    plan = forms.CharField(
        label=gettext_lazy("What you will do with it"),
        help_text=gettext_lazy("For the moderators: who works with it, where it is kept, what becomes of it."),
        min_length=30,
        max_length=PLAN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )
    days = forms.IntegerField(
        label=pgettext_lazy("a term", "For how many days"),
        min_value=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = settings.EVIDENCE_TERM_DAYS
        days = self.fields["days"]
        days.help_text = _("%(days)d at most, from when it is granted.") % {"days": longest}
        days.widget.attrs["max"] = longest


def unindexed(response: HttpResponse) -> HttpResponse:
    """Said to machines that might have come by the address; ``needs`` says that nobody keeps it."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


@needs(Act.ASK_FOR_EVIDENCE)
@require_http_methods(["GET", "HEAD", "POST"])
def evidence_requests(request: HttpRequest) -> HttpResponse:
    """What one has asked for, and the form that asks; ``?issue=`` names an issue in it."""
    is_posted = request.method == "POST"
    named = {"number": request.GET.get("issue", "")[:24], "days": min(30, settings.EVIDENCE_TERM_DAYS)}
    form = AskingForm(request.POST if is_posted else None, initial=named)
    if is_posted and _is_asked(request, form):
        messages.success(request, _("You asked for it. A moderator answers; you hear of it among your notices."))
        return redirect("evidence_requests")
    mine = EvidenceRequest.objects.asked_by(actor_of(request)).select_related("issue")
    now = timezone.now()
    page = Paginator(mine, PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "rows": [{"request": row, "stands": row.stands(now)} for row in page],
    }
    return unindexed(render(request, "reports/evidence_requests.html", context, status=422 if form.errors else 200))


def _is_asked(request: HttpRequest, form: AskingForm) -> bool:
    """Whether it was asked; what speaks against it stands in the form."""
    if not form.is_valid():
        return False
    told = dict(form.cleaned_data)
    try:
        ask(told.pop("number"), **told, by=person(request), at=timezone.now())
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return False
    return True


@needs(Act.ASK_FOR_EVIDENCE)
@require_http_methods(["GET", "HEAD", "POST"])
def evidence_request(request: HttpRequest, pk: int) -> HttpResponse:
    """The reports that were lent. Their words come in the answer to a press of a button, once, on record."""
    mine = EvidenceRequest.objects.asked_by(actor_of(request)).select_related("issue")
    row, now = get_object_or_404(mine, pk=pk), timezone.now()
    shown: Lent | None = None
    if request.method == "POST":
        shown = read(row, storable(request.POST.get("report", "")), by=person(request), at=now)
        if shown is None:
            raise Http404
    opened = readable(row, now).select_related("report__artifact", "report__version")
    page = Paginator(opened, PAGE).get_page(request.GET.get("page"))
    context = {
        "request_": row,
        "stands": row.stands(now),
        "page": page,
        "rows": [shown if shown and each.pk == shown.opened.pk else Lent(each) for each in page],
        "files": _files(request, shown),
    }
    return unindexed(render(request, "reports/evidence_request.html", context))


def _files(request: HttpRequest, shown: Lent | None) -> list[Any]:
    if shown is None or not files_may_be_lent(shown.opened.report):
        return []
    return beside(actor_of(request), report=shown.opened.report)


@needs(Act.ASK_FOR_EVIDENCE)
@require_POST
def evidence_request_end(request: HttpRequest, pk: int) -> HttpResponse:
    """The researcher is done with it before its term is over."""
    return ended(request, EvidenceRequest.objects.asked_by(actor_of(request)), pk, back="evidence_requests")


def ended(request: HttpRequest, requests: EvidenceRequestQuerySet, pk: int, *, back: str) -> HttpResponse:
    """End that one of ``requests``, those whoever asks may end, before its term is over."""
    end(get_object_or_404(requests, pk=pk), by=person(request), at=timezone.now())
    messages.success(request, _("It is ended: nothing can be read under it any more."))
    return redirect(back)


@needs(Act.OPEN_RECEIPT)
@require_POST
def receipt_object_to_lending(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """The reporter, on their receipt: it is not to be read under that request any more."""
    report = own(request, reference)
    opened = get_object_or_404(OpenedReport.objects.filter(report=report), pk=pk)
    object_to(opened, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("It cannot be read under that request any more. The moderators were told."))
    return redirect(report)
