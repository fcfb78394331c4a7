"""Who has an account and which roles they hold: for admins, who give and take them here and see no report."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of, needs
from accounts.granting import give, open_again, shut, take
from accounts.models import Grant, Role, User
from accounts.policy import ANONYMOUS, Act
from accounts.sessions import end_sessions
from reports.models import Artifact
from reports.pages.asked import storable
from reports.pages.choosing import FEW, LONGEST, alike

PAGE = 50  # accounts
MEANS: dict[str, Promise] = {
    Role.RESEARCHER: gettext_lazy("Files in bulk, and may ask for gated evidence."),
    Role.TRIAGER: gettext_lazy("Reads reports, and decides about them."),
    Role.MAINTAINER: gettext_lazy("Answers for one artifact: reads what it was told of, in redacted words."),
    Role.MODERATOR: gettext_lazy("Decides as triagers do, and sees what is hazardous."),
    Role.AUDITOR: gettext_lazy("Reads what was decided and the ledger, and nobody's address."),
    Role.ADMIN: gettext_lazy("Looks after accounts and settings, and reads no report."),
}


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds or held, with what it is about."""

    grant: Grant
    artifact: Artifact | None


class GrantForm(forms.Form):
    """Which role; for a maintainer the artifact too, which is looked for first and then picked."""

    role = forms.ChoiceField(label=pgettext_lazy("of a person", "Role"), choices=Role.choices, widget=forms.RadioSelect)
    artifact = forms.ModelChoiceField(
        label=gettext_lazy("Which artifact do they answer for?"),
        queryset=Artifact.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        required=False,
    )

    def __init__(self, *args: Any, found: Iterable[Artifact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        picks: Any = self.fields["artifact"]
        picks.queryset = Artifact.objects.visible_to(ANONYMOUS)
        picks.choices = [(artifact.pk, f"{artifact} ({artifact.get_kind_display()})") for artifact in found]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("role") == Role.MAINTAINER and not told.get("artifact"):
            raise ValidationError(_("Look for the artifact first, and pick it."), code="which")
        if told.get("role") and told["role"] != Role.MAINTAINER:
            told["artifact"] = None
        return told


@needs(Act.MANAGE_USERS)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """``?q=`` is a part of an address or a name, or a pseudonym; ``?role=`` a role that is held."""
    asked, role = storable(request.GET.get("q", "")).strip()[:254], request.GET.get("role", "")
    found = accounts_like(asked, role if role in Role.values else "")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "asked": asked, "role": role, "roles": Role.choices}
    return render(request, "accounts/people.html", context)


def accounts_like(asked: str, role: str) -> "QuerySet[User]":
    found = User.objects.prefetch_related(Prefetch("grants", Grant.objects.filter(ended_at=None), to_attr="held"))
    if asked:
        found = found.filter(Q(email__icontains=asked) | Q(name__icontains=asked) | Q(pseudonym=asked))
    if role:
        found = found.filter(pk__in=Grant.objects.filter(role=role, ended_at=None).values("user"))
    return found.order_by("email")


@needs(Act.MANAGE_USERS)
@require_http_methods(["GET", "HEAD", "POST"])
def a_person(request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows one account, with the artifacts that ``?artifact=`` may mean; POST gives a role."""
    user = get_object_or_404(User, pk=pk)
    asked = storable(request.GET.get("artifact", "")).strip()[:LONGEST]
    found = list(alike(asked, "")[:FEW]) if asked else []
    form = GrantForm(request.POST if request.method == "POST" else None, found=found)
    if form.is_valid():
        try:
            given = give(user, form.cleaned_data["role"], by=actor_of(request), about=form.cleaned_data["artifact"])
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            told = _("The role is given. They have to sign in anew.") if given else _("They hold this role already.")
            messages.success(request, told)
            return redirect("person", user.pk)
    if asked and not form.is_bound:
        form.initial["role"] = Role.MAINTAINER
    context = {"person": user, "form": form, "asked": asked, "found": found, "hints": MEANS, **standing_of(user)}
    return render(request, "accounts/person.html", context, status=422 if form.errors else 200)


def standing_of(user: User) -> dict[str, Any]:
    grants = list(user.grants.select_related("granted_by").order_by("-granted_at", "-pk"))
    about = Artifact.objects.in_bulk([grant.artifact_id for grant in grants if grant.artifact_id])
    told = [Held(grant, about.get(grant.artifact_id or 0)) for grant in grants]
    return {
        "held": [each for each in told if each.grant.ended_at is None],
        "past": [each for each in told if each.grant.ended_at is not None],
        "has_second_factor": is_mfa_enabled(user),
        "sign_in_count": user.sign_ins.count(),
    }


def changed(request: HttpRequest, user: User, act: Callable[[], object], told: str) -> HttpResponse:
    """Do it, say so or why not, and show the account again."""
    try:
        act()
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, told)
    return redirect("person", user.pk) if user.pk != request.user.pk else redirect("home")


@needs(Act.MANAGE_USERS)
@require_POST
def person_end_grant(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    held = get_object_or_404(Grant.objects.select_related("user"), pk=grant, user=pk)
    about = Artifact.objects.filter(pk=held.artifact_id).first() if held.artifact_id else None
    return changed(request, held.user, lambda: take(held, by=actor_of(request), about=about), _("The role has ended."))


@needs(Act.MANAGE_USERS)
@require_POST
def person_shut(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    return changed(request, user, lambda: shut(user, by=actor_of(request)), _("The account is shut."))


@needs(Act.MANAGE_USERS)
@require_POST
def person_open(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    return changed(request, user, lambda: open_again(user, by=actor_of(request)), _("The account is open again."))


@needs(Act.MANAGE_USERS)
@require_POST
def person_sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    return changed(request, user, lambda: end_sessions(user), _("They are signed out everywhere."))
