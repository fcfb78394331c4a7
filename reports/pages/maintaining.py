"""Asking to answer for an artifact, and looking into what others ask: seen by triagers, decided by admins."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.models import Role
from accounts.policy import ANONYMOUS, Act, allows
from reports.maintaining import FILE, addresses_of, approve, ask, look_for_file, refuse, see_file, take_back
from reports.models import Artifact, MaintainerRequest
from reports.models.maintaining import RequestState
from reports.pages.asked import storable
from reports.pages.choosing import FEW, LONGEST, alike

PAGE = 50  # requests


class AskForm(forms.Form):
    artifact = forms.ModelChoiceField(
        label=gettext_lazy("Which one?"), queryset=Artifact.objects.none(), widget=forms.RadioSelect, empty_label=None
    )
    note = forms.CharField(
        label=gettext_lazy("What have you to do with it?"),
        help_text=gettext_lazy("An admin reads it, such as “I train it, and am on its team page”."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )

    def __init__(self, *args: Any, found: list[Artifact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        picks: Any = self.fields["artifact"]
        picks.queryset = Artifact.objects.visible_to(ANONYMOUS)
        picks.choices = [(artifact.pk, f"{artifact} ({artifact.get_kind_display()})") for artifact in found]


@needs(Act.OWN_ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
def maintaining(request: HttpRequest) -> HttpResponse:
    """What one answers for and has asked for; ``?artifact=`` looks for one, POST asks for it."""
    user, asked = person(request), storable(request.GET.get("artifact", "")).strip()[:LONGEST]
    found = list(alike(asked, "")[:FEW]) if asked else []
    form = AskForm(request.POST if request.method == "POST" else None, found=found)
    if form.is_valid():
        try:
            ask(user, form.cleaned_data["artifact"], note=form.cleaned_data["note"])
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Your request waits for an admin. Below is how to show that it is yours."))
            return redirect("maintaining")
    held = user.grants.filter(role=Role.MAINTAINER, ended_at=None).values("artifact_id")
    context = {
        "form": form,
        "asked": asked,
        "found": found,
        "held": Artifact.objects.filter(pk__in=held).order_by("org", "name"),
        "requests": user.maintainer_requests.select_related("artifact").order_by("-asked_at", "-pk")[:100],
        "file": FILE,
    }
    return render(request, "accounts/maintaining.html", context, status=422 if form.errors else 200)


@needs(Act.OWN_ACCOUNT)
@require_POST
def maintaining_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    own = get_object_or_404(MaintainerRequest, pk=pk, user=person(request))
    try:
        take_back(own, by=actor_of(request))
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    return redirect("maintaining")


@needs(Act.VOUCH)
@require_safe
def maintainer_requests(request: HttpRequest) -> HttpResponse:
    """Those that wait first, the oldest of them on top."""
    seen = MaintainerRequest.objects.visible_to(actor_of(request)).select_related("user", "artifact")
    state = request.GET.get("state", RequestState.WAITING)
    state = state if state in RequestState.values else RequestState.WAITING
    page = Paginator(seen.filter(state=state).order_by("asked_at", "pk"), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "states": RequestState.choices}
    return render(request, "accounts/maintainer_requests.html", context)


@needs(Act.VOUCH)
@require_safe
def maintainer_request(request: HttpRequest, pk: int) -> HttpResponse:
    return shown(request, asked_for(request, pk))


@needs(Act.VOUCH)
@require_POST
def maintainer_look(request: HttpRequest, pk: int) -> HttpResponse:
    """``how`` is "site" to have the site look, where it may; else somebody has looked themselves."""
    one = asked_for(request, pk)
    try:
        if request.POST.get("how") != "site":
            see_file(one, by=actor_of(request))
        elif not look_for_file(one, by=actor_of(request)):
            raise ValidationError(_("The file was not found there, or does not hold the line."))
    except ValidationError as refusal:
        return shown(request, one, refusal)
    return redirect("maintainer_request", pk)


@needs(Act.MANAGE_USERS)
@require_POST
def maintainer_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """``verdict`` is "approve" or "refuse"; to refuse takes a reason."""
    one, by = asked_for(request, pk), actor_of(request)
    reason = storable(request.POST.get("reason", "")).strip()[:500]
    try:
        if request.POST.get("verdict") == "approve":
            approve(one, by=by, reason=reason)
        else:
            refuse(one, by=by, reason=reason)
    except ValidationError as refusal:
        return shown(request, one, refusal)
    messages.success(request, _("Decided. Whoever asked reads it under “Your account”."))
    return redirect("maintainer_requests")


def asked_for(request: HttpRequest, pk: int) -> MaintainerRequest:
    seen = MaintainerRequest.objects.visible_to(actor_of(request))
    return get_object_or_404(seen.select_related("user", "artifact", "seen_by", "decided_by"), pk=pk)


def shown(request: HttpRequest, one: MaintainerRequest, refusal: ValidationError | None = None) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "asked": one,
        "file": FILE,
        "places": addresses_of(one.artifact),
        "manages": allows(actor, Act.MANAGE_USERS),
        "is_own": one.user_id == actor.user_id,
        "is_waiting": one.state == RequestState.WAITING,
        "refusal": refusal.messages[0] if refusal else "",
    }
    return render(request, "accounts/maintainer_request.html", context, status=409 if refusal else 200)
