"""What becomes of somebody who signs in by way of a provider. No role comes from there."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User

KEPT_ORGS = "orgs"  # in what is kept of an account elsewhere
ORGS_HOLD = timedelta(days=7)  # what a hub said of somebody's organisations is too old to count after that
MOST_ORGS, LONGEST_ORG = 200, 96
NAMED_AS = ("preferred_username", "name", "login", "path", "sub")  # where claims put an organisation's name, best first


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc] # untyped in the library
    error_messages: ClassVar[dict[str, Promise]] = {
        **DefaultSocialAccountAdapter.error_messages,
        "no_password": gettext_lazy("Your account has no password yet. Choose one first, under “Your account”."),
    }

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """An account begins with an address that the provider has verified and nobody has here.

        Else whoever can write somebody's address into a profile elsewhere would get into their account, or keep
        them out of one. Who has an account connects the other to it while signed in.
        """
        if sociallogin.is_existing or sociallogin.state.get("process") == "connect":
            return
        verified = [address.email for address in sociallogin.email_addresses if address.verified]
        if not verified:
            refuse(request, _("That account has no verified e-mail address. Verify it there, or sign in by e-mail."))
        if any(is_taken(address) for address in verified):
            refuse(
                request,
                _("There is an account with this address. Sign in to it, and connect the other under “Your account”."),
            )
        keep_only_verified(sociallogin)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user.email = str(data.get("email") or "").lower()
        user.name = str(data.get("name") or "").replace("\x00", "").strip()[:120]
        return user


def keep_only_verified(sociallogin: SocialLogin) -> None:
    addresses = [address for address in sociallogin.email_addresses if address.verified]
    addresses.sort(key=lambda address: not address.primary)
    sociallogin.email_addresses = addresses
    sociallogin.user.email = addresses[0].email.lower()


def is_taken(address: str) -> bool:
    return (
        User.objects.filter(email__iexact=address).exists()
        or EmailAddress.objects.filter(email__iexact=address, verified=True).exists()
    )


def refuse(request: HttpRequest, sentence: str) -> None:
    messages.error(request, sentence)
    raise ImmediateHttpResponse(redirect("account_login"))


def named_orgs(claim: object) -> list[str]:
    """The organisations in a claim: names, or documents with a name, as hubs have them.

    >>> named_orgs(["acme", {"preferred_username": "lab", "name": "The Lab"}, 7])
    ['acme', 'lab']
    """
    found = []
    for each in claim[:MOST_ORGS] if isinstance(claim, list) else []:
        told = next((each[key] for key in NAMED_AS if each.get(key)), "") if isinstance(each, dict) else each
        if isinstance(told, str) and (name := told.strip().strip("/")) and len(name) <= LONGEST_ORG:
            found.append(name)
    return found


def orgs_of(user: User) -> frozenset[str]:
    """The organisations, in small letters, that a hub named when ``user`` signed in by it, if not long ago."""
    found: set[str] = set()
    for kept in SocialAccount.objects.filter(user=user).values_list("extra_data", flat=True):
        if kept.get(KEPT_ORGS) and timezone.now() - datetime.fromisoformat(kept["told_at"]) <= ORGS_HOLD:
            found |= {org.casefold() for org in kept[KEPT_ORGS]}
    return frozenset(found)
