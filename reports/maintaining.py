"""Becoming a maintainer: asked for by oneself, shown by a hub or a file in the repository, decided by an admin.

What a hub or a file shows is shown to the admin and gives no role by itself: a role is always given by a person.
"""

import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.granting import give
from accounts.models import Grant, Role, User
from accounts.policy import Actor
from accounts.social import orgs_of
from ledger.record import record
from reports.models import Artifact, MaintainerRequest
from reports.models.maintaining import RequestState
from reports.webhooks.sending import fetch

MOST_WAITING = 20  # requests of one account
FILE = "telltale.txt"  # in the repository's first folder


def ask(user: User, artifact: Artifact, *, note: str = "") -> MaintainerRequest:
    """Ask to answer for ``artifact``. Raises ValidationError with a sentence if that is no use."""
    with transaction.atomic():
        User.objects.select_for_update(of=["self"], no_key=True).get(pk=user.pk)
        if Grant.objects.filter(user=user, role=Role.MAINTAINER, artifact_id=artifact.pk, ended_at=None).exists():
            raise ValidationError(_("You answer for this artifact already."), code="held")
        waiting = user.maintainer_requests.filter(state=RequestState.WAITING)
        if waiting.filter(artifact=artifact).exists():
            raise ValidationError(_("You have asked for this already. It waits for an admin."), code="twice")
        if waiting.count() >= MOST_WAITING:
            raise ValidationError(_("Enough of your requests wait. Take one back first."), code="many")
        org = artifact.org if artifact.org.casefold() in orgs_of(user) else ""
        made = MaintainerRequest.objects.create(
            user=user, artifact=artifact, note=note, hub_org=org, token=f"telltale-{secrets.token_hex(16)}"
        )
        record("ask_to_maintain", made, user, artifact, actor=user.pseudonym, proof=made.proof)
        return made


def take_back(request: MaintainerRequest, *, by: Actor) -> None:
    with transaction.atomic():
        _decided(request, RequestState.WITHDRAWN, by=by)
        record("take_back_request", request, actor=by.pseudonym)


def see_file(request: MaintainerRequest, *, by: Actor, fetched: bool = False) -> None:
    """The token stands in the repository: ``by`` has looked, or had the site look. Twice is once."""
    not_own(request, by)
    with transaction.atomic():
        unseen = MaintainerRequest.objects.filter(pk=request.pk, state=RequestState.WAITING, seen_at=None)
        if unseen.update(seen_at=timezone.now(), seen_by=by.user_id, was_fetched=fetched):
            record("see_maintainer_file", request, request.user, request.artifact, actor=by.pseudonym, fetched=fetched)


def addresses_of(artifact: Artifact) -> list[str]:
    """Where the site may look for the file itself: nowhere unless the operator named the hosts."""
    if artifact.is_unknown or not artifact.org:
        return []
    return [place.format(org=artifact.org, name=artifact.name) for place in settings.MAINTAINER_FILES]


def look_for_file(request: MaintainerRequest, *, by: Actor) -> bool:
    """Whether the file was found where the operator lets the site look; then it counts as seen."""
    not_own(request, by)
    for address in addresses_of(request.artifact):
        told = fetch(address)
        if told is not None and request.token.encode() in told.split():
            see_file(request, by=by, fetched=True)
            return True
    return False


def approve(request: MaintainerRequest, *, by: Actor, reason: str = "") -> None:
    not_own(request, by)
    with transaction.atomic():
        _decided(request, RequestState.APPROVED, by=by, reason=reason)
        proof = request.proof or "admin"
        record("approve_request", request, request.user, request.artifact, actor=by.pseudonym, proof=proof)
        give(request.user, Role.MAINTAINER, by=by, about=request.artifact, proof=proof)


def refuse(request: MaintainerRequest, *, by: Actor, reason: str) -> None:
    """Raises ValidationError without a reason: whoever asked is told why."""
    not_own(request, by)
    if not reason.strip():
        raise ValidationError(_("Say why: whoever asked reads it."), code="why")
    with transaction.atomic():
        _decided(request, RequestState.REFUSED, by=by, reason=reason)
        record("refuse_request", request, request.user, request.artifact, actor=by.pseudonym)


def not_own(request: MaintainerRequest, by: Actor) -> None:
    if request.user_id == by.user_id:
        raise ValidationError(_("Nobody decides about their own request."), code="own")


def _decided(request: MaintainerRequest, state: RequestState, *, by: Actor, reason: str = "") -> None:
    waiting = MaintainerRequest.objects.filter(pk=request.pk, state=RequestState.WAITING)
    if not waiting.update(state=state, reason=reason, decided_at=timezone.now(), decided_by=by.user_id):
        raise ValidationError(_("Somebody decided about this already."), code="late")
    request.refresh_from_db()
