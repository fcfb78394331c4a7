"""From a request, a token or an account to the :class:`~accounts.policy.Actor` that policy decides about."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts.models import Grant, Role, User
from accounts.policy import ANONYMOUS, STAFF, Act, Actor, allows, off_duty

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


def actor_for(user: User, *, scopes: frozenset[str] | None = None, is_inside: bool = False) -> Actor:
    """The actor behind an account. One query. A token's ``scopes`` narrow what its account may do.

    Where a second factor is required, roles count in a session only once one is set up; a token was made by
    somebody who had the roles, and works without. ``is_inside``: whoever let them in has asked that already.
    """
    grants = list(Grant.objects.filter(user=user, ended_at__isnull=True).values_list("role", "artifact_id"))
    if grants and scopes is None and not is_inside and lacks_second_factor(user):
        grants = []
    return Actor(
        user_id=user.pk,
        pseudonym=user.pseudonym,
        roles=frozenset(role for role, _ in grants),
        artifact_ids=frozenset(
            artifact_id for role, artifact_id in grants if role == Role.MAINTAINER and artifact_id is not None
        ),
        scopes=scopes,
    )


def lacks_second_factor(user: User) -> bool:
    return settings.REQUIRE_MFA and not is_mfa_enabled(user)


def actor_of(request: HttpRequest) -> Actor:
    """Who asks, worked out once a request."""
    found: Actor | None = getattr(request, "_actor", None)
    if found is None:
        user = request.user
        found = actor_for(user) if isinstance(user, User) and user.is_active else ANONYMOUS
        found = found if at_the_desk(request) else off_duty(found)
        request._actor = found  # type: ignore[attr-defined] # kept for the length of the request
    return found


def at_the_desk(request: HttpRequest) -> bool:
    """Whether staff's rights count under the name that was asked: under any, or their own where they have one."""
    return not settings.ADMIN_HOST or request.get_host().lower() == settings.ADMIN_HOST


def site_of(actor: Actor) -> str:
    """Under which name a link in a mail leads ``actor`` to where their rights count."""
    return str((actor.roles & STAFF and settings.STAFF_URL) or settings.SITE_URL)


def person(request: HttpRequest) -> User:
    """Whoever is signed in, for pages that ``needs`` lets nobody else into."""
    return cast(User, request.user)


def needs(act: Act) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Open a page only to those who may do ``act``: others sign in first, or are told that they may not."""

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if allows(actor_of(request), act):
                answer: HttpResponse = view(request, *args, **kwargs)
                add_never_cache_headers(answer)  # what not everybody may read is kept by nobody on the way
                return answer
            return turned_away(request, act, back_to=request.get_full_path())

        guarded.act = act  # type: ignore[attr-defined] # read by the matrix test
        return guarded

    return guard


def turned_away(request: HttpRequest, act: Act, *, back_to: str) -> HttpResponse:
    """To the sign-in page, or to where a second factor is set up if that is all that is missing.

    Raises PermissionDenied for whoever may not do ``act`` at all.
    """
    if not isinstance(request.user, User):
        return redirect(f"{reverse('account_login')}?{urlencode({'next': back_to})}")
    if not awaits_second_factor(request.user, act):
        raise PermissionDenied
    messages.info(request, _("Your role needs a second factor. Set one up, and come back."))
    return redirect("mfa_index")


def awaits_second_factor(user: User, act: Act) -> bool:
    """Whether ``user`` holds a role for ``act`` that sleeps until a second factor is set up."""
    held = Grant.objects.filter(user=user, ended_at__isnull=True).values_list("role", flat=True)
    return lacks_second_factor(user) and allows(Actor(user_id=user.pk, roles=frozenset(held)), act)


def open_to_all(view: ViewT) -> ViewT:
    """Say of a page that anybody may open it; the matrix test asks every page to say something."""
    view.act = Act.READ_PUBLIC  # type: ignore[attr-defined] # read by the matrix test
    return view
