"""Requests for gated evidence, for those who answer them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.policy import Act
from reports.lending import grant, refuse
from reports.models import EvidenceRequest
from reports.pages.lending import ended
from reports.vocabulary import HazardLevel

PAGE = 25  # requests that were answered
LATELY = timedelta(days=180)


class AnswerForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Whoever asked reads it. Needed to refuse."),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that waits."""

    row: EvidenceRequest
    form: AnswerForm
    is_own: bool
    is_barred: bool  # only moderators read what stands there


@needs(Act.LEND_EVIDENCE)
@require_safe
def lendings(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, what is lent now, and what was."""
    seen = EvidenceRequest.objects.visible_to(actor_of(request)).select_related("issue", "by", "decider")
    now, me = timezone.now(), person(request)
    counted = seen.annotate(
        reports=Count("opened"),
        reads=Sum("opened__read_count", default=0),
        objections=Count("opened", filter=Q(opened__objected_at__isnull=False)),
    )
    answered = counted.filter(decided_at__gt=now - LATELY).order_by("-decided_at")
    page = Paginator(answered, PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "waiting": [
            Asked(
                row,
                AnswerForm(auto_id=f"answer-{row.pk}-%s"),
                is_own=row.by_id == me.pk,
                is_barred=row.issue.hazard_level >= HazardLevel.MODERATORS,
            )
            for row in seen.waiting().order_by("asked_at")[:PAGE]
        ],
        "page": page,
        "rows": [{"row": row, "stands": row.stands(now)} for row in page],
    }
    return render(request, "triage/lendings.html", context)


@needs(Act.LEND_EVIDENCE)
@require_POST
def lending_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """``verb`` says what: grant or refuse. Never by whoever asked."""
    row = get_object_or_404(EvidenceRequest.objects.visible_to(actor_of(request)), pk=pk)
    take = {"grant": grant, "refuse": refuse}.get(request.POST.get("verb", ""))
    form = AnswerForm(request.POST)
    try:
        if take is None or not form.is_valid():
            raise ValidationError(_("Say whether it is granted or refused, and why, in 2,000 characters at most."))
        take(row, reason=form.cleaned_data["reason"], by=person(request), at=timezone.now())
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Answered. Whoever asked is told."))
    return redirect("lendings")


@needs(Act.LEND_EVIDENCE)
@require_POST
def lending_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Before its term is over."""
    return ended(request, EvidenceRequest.objects.visible_to(actor_of(request)), pk, back="lendings")
