"""Naming an address, changing its secret, switching it off and on, and asking for a delivery once more."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from reports.models import Delivery, Endpoint, Subscription
from reports.notices import tell_owner
from reports.sealing import seal, unseal
from reports.webhooks.sending import address_of
from reports.webhooks.signing import new_secret

ENDPOINTS_AT_MOST = 5  # of one account
FORMER_FOR = timedelta(hours=24)  # how long the secret before the present one signs too
ASKED_AT_MOST = 20  # tests and replays of one endpoint that may wait at a time

OFF = "webhook_off"  # what a notice calls it


def named(user: User, url: str, *, subjects: Iterable[str] | None) -> tuple[Endpoint, str]:
    """A new endpoint, and its secret, which cannot be shown again.

    ``subjects`` are those it hears of, of what ``user`` follows; None is all that ``user`` is told of.
    Raises ValidationError.
    """
    address_of(url)
    secret = new_secret()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # so that two requests do not both find room
        own = Endpoint.objects.filter(user=user)
        if own.filter(url=url).exists():
            raise ValidationError(_("You have named this address already."))
        if own.count() >= ENDPOINTS_AT_MOST:
            raise ValidationError(_("An account has %(most)d webhooks at most.") % {"most": ENDPOINTS_AT_MOST})
        endpoint = Endpoint.objects.create(user=user, url=url, sealed_secret=_sealed(secret))
        choose(endpoint, subjects)
    return endpoint, secret


def choose(endpoint: Endpoint, subjects: Iterable[str] | None) -> None:
    """From now on it hears of ``subjects``, or with None of all that its account is told of."""
    with transaction.atomic():
        chosen = Subscription.objects.filter(user=endpoint.user_id, channel=endpoint.channel)
        chosen.delete()
        Subscription.objects.bulk_create(
            Subscription(user_id=endpoint.user_id, channel=endpoint.channel, subject=subject)
            for subject in sorted(set(subjects or ()))
        )
        Endpoint.objects.filter(pk=endpoint.pk).update(hears_all=subjects is None)


def chosen_by(endpoint: Endpoint) -> set[str]:
    rows = Subscription.objects.filter(user=endpoint.user_id, channel=endpoint.channel)
    return set(rows.values_list("subject", flat=True))


def rotate(endpoint: Endpoint, *, at: datetime) -> str:
    """A new secret, shown once. The one before signs beside it for a day, and any before that no more."""
    secret = new_secret()
    with transaction.atomic():
        row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        row.sealed_former, row.former_until = row.sealed_secret, at + FORMER_FOR
        row.sealed_secret = _sealed(secret)
        row.save(update_fields=["sealed_secret", "sealed_former", "former_until"])
    return secret


def secrets_of(endpoint: Endpoint, *, at: datetime) -> list[str]:
    """Those that sign at that moment, the newest first. Raises cryptography.fernet.InvalidToken."""
    sealed = [endpoint.sealed_secret]
    if endpoint.sealed_former is not None and endpoint.former_until is not None and at < endpoint.former_until:
        sealed.append(endpoint.sealed_former)
    return [unseal(bytes(each), key=settings.WEBHOOK_KEY) for each in sealed]


def _sealed(secret: str) -> bytes:
    return seal(secret, key=settings.WEBHOOK_KEY)


def disable(endpoint: Endpoint, why: Endpoint.Why, *, at: datetime) -> None:
    """No more goes there, and what waits is given up. Its owner is told, unless it was them."""
    with transaction.atomic():
        switched = Endpoint.objects.filter(pk=endpoint.pk, disabled_at=None).update(disabled_at=at, disabled_why=why)
        waiting = Delivery.objects.filter(endpoint=endpoint, state=Delivery.State.WAITING)
        waiting.update(state=Delivery.State.FAILED)
        if switched and why != Endpoint.Why.OWNER:
            tell_owner(endpoint.user, OFF, f"endpoint:{endpoint.pk}")


def enable(endpoint: Endpoint) -> None:
    """What comes from now on goes there again; what was given up can be replayed."""
    Endpoint.objects.filter(pk=endpoint.pk).update(disabled_at=None, disabled_why="", failing_since=None)


def remove(endpoint: Endpoint) -> None:
    """With its log, and what it was to hear of."""
    with transaction.atomic():
        Subscription.objects.filter(user=endpoint.user_id, channel=endpoint.channel).delete()
        endpoint.delete()


def try_out(endpoint: Endpoint) -> Delivery:
    """A message that tells of nothing. Raises ValidationError."""
    with transaction.atomic():
        _room_in(endpoint)
        return Delivery.objects.create(endpoint=endpoint)


def replay(delivery: Delivery, *, at: datetime) -> None:
    """Once more from the first try, under the id it had. Raises ValidationError."""
    with transaction.atomic():
        _room_in(delivery.endpoint)
        done = Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.WAITING)
        if not done.update(state=Delivery.State.WAITING, tries=0, due_at=at):
            raise ValidationError(_("It is waiting already."))


def _room_in(endpoint: Endpoint) -> None:
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    if row.disabled_at is not None:
        raise ValidationError(_("This webhook is switched off. Switch it on first."))
    asked = row.deliveries.filter(state=Delivery.State.WAITING, tries=0, due_at__lte=timezone.now())
    if asked.count() >= ASKED_AT_MOST:
        raise ValidationError(_("Too much is waiting for this address. Come back in a few minutes."))
