"""People with an account, the roles granted to them, and their API tokens."""

import secrets
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def random_pseudonym() -> str:
    """What an account is called in the ledger and on public pages: "p-" and 40 random bits."""
    return f"p-{secrets.token_hex(5)}"


class People(UserManager["User"]):
    """Accounts are made with an e-mail address and nothing else."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override] # no username here
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override] # no username here
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """An account. Nobody needs one to file; whoever decides has one."""

    username = None  # type: ignore[assignment] # people sign in by e-mail
    first_name = None  # type: ignore[assignment] # one name, as people write it
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    pseudonym = models.CharField(max_length=40, unique=True, default=random_pseudonym, editable=False)
    language = models.CharField(_("language"), max_length=16, blank=True)
    reads = ArrayField(models.CharField(max_length=16), default=list, blank=True)  # languages, for who triages
    uses_keys = models.BooleanField(_("keys on the desk"), default=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[People] = People()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Role(models.TextChoices):
    """What somebody may be granted. Everybody else is anonymous or a reporter."""

    RESEARCHER = "researcher", _("Researcher")
    TRIAGER = "triager", _("Triager")
    MAINTAINER = "maintainer", _("Maintainer")
    MODERATOR = "moderator", _("Moderator")
    AUDITOR = "auditor", _("Auditor")
    ADMIN = "admin", _("Admin")


class Grant(models.Model):
    """A role somebody holds; a maintainer's names the artifact, as a plain number (accounts knows no artifacts)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    artifact_id = models.BigIntegerField(null=True, blank=True)
    granted_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "artifact_id"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="grant_once_at_a_time",
            ),
            models.CheckConstraint(name="grant_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="grant_artifact_for_maintainers_only",
                condition=Q(role=Role.MAINTAINER, artifact_id__isnull=False)
                | (~Q(role=Role.MAINTAINER) & Q(artifact_id__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} for {self.user}"


class TokenQuerySet(models.QuerySet["Token"]):
    def good(self) -> Self:
        """Those that open something now."""
        now = timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True)


class Token(models.Model):
    """An API token. Only a keyed digest is stored; the token itself is shown once.

    A rotated one is ``replaced_by`` its successor, and ends at the end of their overlap.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120, blank=True)
    digest = models.BinaryField(unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)  # null: made before all of them expired
    last_used_on = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="replaces", editable=False
    )

    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_expires_within_a_year",
                condition=Q(expires_at=None) | Q(expires_at__lte=F("created_at") + timedelta(days=366)),
            )
        ]

    def __str__(self) -> str:
        return self.name or f"token {self.pk}"

    @property
    def is_good(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class SignIn(models.Model):
    """A session that somebody began by signing in, while it lasts: when, and on what kind of device. No address."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    browser = models.CharField(max_length=20, blank=True)
    system = models.CharField(max_length=20, blank=True)
    began_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)  # to the minute

    def __str__(self) -> str:
        return f"sign-in {self.pk}"
