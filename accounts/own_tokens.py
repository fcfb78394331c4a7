"""The pages of one's own API tokens: made, rotated, revoked. A token itself is told once, on the page that made it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of, needs, person
from accounts.models import Token
from accounts.policy import Act, usable_scopes
from accounts.tokens import LASTS, make_own_token, revoke, rotate

MEANS: Mapping[str, Promise] = {
    "report:write": gettext_lazy("File reports in your name"),
    "report:bulk": gettext_lazy("File many reports at once, and import them"),
    "queue:read": gettext_lazy("Read what waits on the desk, and reports"),
    "queue:write": gettext_lazy("Decide on issues"),
    "decisions:read": gettext_lazy("Read what was decided"),
    "metrics:read": gettext_lazy("Read the measurements of the site"),
    "account:write": gettext_lazy("Follow things, and stop following them"),
}
LIFETIMES = [
    (7, gettext_lazy("A week")),
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (180, gettext_lazy("180 days")),
    (365, gettext_lazy("A year")),
]
OVERLAPS = [
    (24, gettext_lazy("For another day, so that you can exchange it")),
    (24 * 7, gettext_lazy("For another week")),
    (0, gettext_lazy("Not at all: it ends at once")),
]


class TokenForm(forms.Form):
    """A new token. Only what the account may do can be asked for."""

    name = forms.CharField(
        label=gettext_lazy("What is it for?"),
        help_text=gettext_lazy("Such as the program or the machine that will use it."),
        max_length=120,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What may be done with it?"),
        help_text=gettext_lazy("As little as will do. Reading what is public is open to every token."),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(label=gettext_lazy("How long is it good for?"), choices=LIFETIMES, coerce=int)

    def __init__(self, *args: Any, usable: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(scope, MEANS.get(scope, scope)) for scope in usable]  # type: ignore[attr-defined] # a ChoiceField
        self.fields["days"].initial = LASTS.days


class OverlapForm(forms.Form):
    hours = forms.TypedChoiceField(
        label=gettext_lazy("How long is the old one still good?"),
        choices=OVERLAPS,
        coerce=int,
        widget=forms.RadioSelect,
        initial=24,
    )


@needs(Act.OWN_ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The list, and a form to make another; POST makes it and tells it this once."""
    user, posted = person(request), request.POST if request.method == "POST" else None
    form = TokenForm(posted, usable=usable_scopes(actor_of(request)))
    if form.is_valid():
        wanted = {name: form.cleaned_data[name] for name in ("name", "scopes")}
        try:
            made = make_own_token(user, lasts=timedelta(days=form.cleaned_data["days"]), **wanted)
        except ValidationError as refusal:
            form.add_error("name", refusal)
        else:
            return told_once(request, made, wanted["name"])
    context = {"form": form, "tokens": listed(request), "hints": {scope: scope for scope in MEANS}}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@needs(Act.OWN_ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_token(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks what becomes of the old one; POST makes the new one and tells it this once."""
    token = own(request, pk)
    form = OverlapForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = rotate(token, overlap=timedelta(hours=form.cleaned_data["hours"]))
        except ValidationError as refusal:
            messages.error(request, refusal.messages[0])
            return redirect("tokens")
        return told_once(request, made, token.name, old=own(request, pk))
    context = {"form": form, "token": token}
    return render(request, "accounts/token_rotate.html", context, status=422 if form.errors else 200)


@needs(Act.OWN_ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks whether it is meant; POST revokes."""
    token = own(request, pk)
    if request.method == "POST":
        revoke(token)
        messages.success(request, _("The token was revoked. Nothing opens with it any more."))
        return redirect("tokens")
    return render(request, "accounts/token_revoke.html", {"token": token})


def own(request: HttpRequest, pk: int) -> Token:
    """Raises Http404 for what is somebody else's, as for what is not there."""
    return get_object_or_404(Token, pk=pk, user=person(request))


def listed(request: HttpRequest) -> list[Token]:
    """Those that are good first, the newest first; ended ones stay to be looked at."""
    mine = list(person(request).tokens.order_by("-created_at", "-pk")[:200])
    return sorted(mine, key=lambda token: not token.is_good)


def told_once(request: HttpRequest, secret: str, name: str, *, old: Token | None = None) -> HttpResponse:
    return render(request, "accounts/token_made.html", {"secret": secret, "name": name, "old": old}, status=201)
