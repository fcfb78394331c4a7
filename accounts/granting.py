"""Roles given and taken, accounts shut and opened again: each on record, and each ends the sessions it changes."""

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Grant, Role, User
from accounts.policy import Actor
from accounts.sessions import end_sessions
from ledger.record import record


def give(user: User, role: str, *, by: Actor, about: models.Model | None = None, proof: str = "") -> Grant | None:
    """Give ``user`` a role; ``about`` is the artifact that a maintainer answers for, ``proof`` how they showed it.

    None if they hold it already. Raises ValidationError with a sentence if they may not have it.
    """
    if user.pk == by.user_id:
        raise ValidationError(_("Nobody gives a role to themselves. Ask another admin."), code="own")
    with transaction.atomic():
        held = User.objects.select_for_update(of=["self"], no_key=True).get(pk=user.pk)
        if not held.is_active:
            raise ValidationError(_("This account is shut."), code="shut")
        granted, is_new = Grant.objects.get_or_create(
            user=held,
            role=role,
            artifact_id=about.pk if about else None,
            ended_at=None,
            defaults={"granted_by_id": by.user_id},
        )
        if not is_new:
            return None
        told = {"proof": proof} if proof else {}
        record("grant", granted, held, *([about] if about else []), actor=by.pseudonym, role=role, **told)
        end_sessions(held)
        return granted


def take(grant: Grant, *, by: Actor, about: models.Model | None = None) -> bool:
    """End a role from now on; whether it stood until then. Raises ValidationError if nobody would be left to manage."""
    with transaction.atomic():
        if grant.role == Role.ADMIN:
            keep_an_admin(grant.user)
        if not Grant.objects.filter(pk=grant.pk, ended_at=None).update(ended_at=timezone.now()):
            return False
        record("end_grant", grant, grant.user, *([about] if about else []), actor=by.pseudonym, role=grant.role)
        end_sessions(grant.user)
        return True


def shut(user: User, *, by: Actor) -> bool:
    """Nobody signs in to the account any more, and nothing opens with its tokens. Its roles and its past stay."""
    with transaction.atomic():
        keep_an_admin(user)
        if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            return False
        record("shut_account", user, actor=by.pseudonym)
        end_sessions(user)
        return True


def open_again(user: User, *, by: Actor) -> bool:
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            return False
        record("open_account", user, actor=by.pseudonym)
        return True


def keep_an_admin(user: User) -> None:
    """Raises ValidationError if ``user`` is the only admin. Two who step down at once wait for each other."""
    standing = Grant.objects.filter(role=Role.ADMIN, ended_at=None, user__is_active=True)
    if {*standing.select_for_update(of=["self"]).order_by("pk").values_list("user_id", flat=True)} == {user.pk}:
        raise ValidationError(_("This is the only admin. Make somebody else one first."), code="last")
