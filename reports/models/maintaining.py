"""Somebody asks to answer for an artifact, and what they showed for it."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.policy import Act, Actor, allows
from reports.models.artifact import Artifact


class RequestState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("of a request", "Waiting")
    APPROVED = "approved", pgettext_lazy("of a request", "Approved")
    REFUSED = "refused", pgettext_lazy("of a request", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("of a request", "Taken back")


class MaintainerRequestQuerySet(models.QuerySet["MaintainerRequest"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those of others to whoever looks into them; one's own."""
        if allows(actor, Act.VOUCH):
            return self
        return self.filter(user=actor.user_id) if actor.user_id else self.none()


class MaintainerRequest(models.Model):
    """``token`` is to be put into the artifact's repository; ``hub_org`` is what a hub said they belong to."""

    user = models.ForeignKey(User, models.CASCADE, related_name="maintainer_requests")
    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="maintainer_requests")
    note = models.CharField(_("note"), max_length=500, blank=True)
    token = models.CharField(max_length=60, unique=True)
    hub_org = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)  # when the token was found in the repository
    seen_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    was_fetched = models.BooleanField(default=False)  # by the site, not by a person's eyes
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = MaintainerRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "artifact"], condition=Q(state="waiting"), name="maintainer_request_once_at_a_time"
            ),
            models.CheckConstraint(name="maintainer_request_state_known", condition=Q(state__in=RequestState.values)),
            models.CheckConstraint(
                name="maintainer_request_refused_with_reason", condition=~Q(state="refused", reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def proof(self) -> str:
        """What shows that they may speak for the artifact, in a code of the ledger; "" if nothing yet."""
        if self.seen_at:
            return "file"
        return "hub" if self.hub_org else ""
