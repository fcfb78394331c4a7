"""One's own account: what is kept of it to take along, and closing it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of, needs, person
from accounts.models import User
from accounts.policy import Act, allows
from reports.leaving import belongings, close_account, may_leave
from reports.models import Import, Report


class LeavingForm(forms.Form):
    """The address typed once more, so that nobody closes an account by a slip."""

    email = forms.CharField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("Type it to show that you mean it."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    withdraw = forms.BooleanField(required=False, label=gettext_lazy("Withdraw all my reports first"))
    erase = forms.BooleanField(required=False, label=gettext_lazy("Ask for all my reports to be erased"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        typed: str = self.cleaned_data["email"].strip()
        if typed.casefold() != self.user.email.casefold():
            raise ValidationError(_("This is not the address of your account."))
        return typed


@needs(Act.OWN_ACCOUNT)
@require_safe
def own_account(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    may_import = allows(actor, Act.FILE_BULK) or Import.objects.visible_to(actor).exists()
    context = {
        "report_count": filed_count(request),
        "may_import": may_import,
        "may_ask_for_evidence": allows(actor, Act.ASK_FOR_EVIDENCE),
        "other_ways": other_ways(),
        "manages_people": allows(actor, Act.MANAGE_USERS),
        "may_vouch": allows(actor, Act.VOUCH),
    }
    return render(request, "reports/account.html", context)


def other_ways() -> bool:
    """Whether anybody can sign in here by way of another site."""
    return any(provider["APPS"] for provider in settings.SOCIALACCOUNT_PROVIDERS.values())


@needs(Act.OWN_ACCOUNT)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All that is kept of whoever asks, as a file."""
    told = StreamingHttpResponse(belongings(person(request)), content_type="application/json; charset=utf-8")
    told["Content-Disposition"] = 'attachment; filename="telltale-account.json"'
    return told


@needs(Act.OWN_ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """GET says what goes and what stays; POST closes the account and signs out."""
    user, form = person(request), LeavingForm(request.POST or None, user=person(request))
    if request.method == "POST" and form.is_valid():
        try:
            wanted = {"withdrawing": form.cleaned_data["withdraw"], "erasing": form.cleaned_data["erase"]}
            close_account(user, actor=actor_of(request), **wanted)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            logout(request)
            messages.success(request, _("Your account is deleted. Nothing here names you any more."))
            return redirect("home")
    context = {"form": form, "report_count": filed_count(request), "needed": why_not(user)}
    return render(request, "reports/account_delete.html", context, status=422 if form.errors else 200)


def why_not(user: User) -> str:
    """Why the account cannot be closed now; "" if it can."""
    try:
        may_leave(user)
    except ValidationError as refusal:
        return str(refusal.messages[0])
    return ""


def filed_count(request: HttpRequest) -> int:
    return Report.objects.filed_by(actor_of(request)).count()
