"""Who wants to hear of what, and what waits to be told."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.policy import Act, Actor, allows, spokesperson
from reports.models.artifact import Artifact
from reports.models.issue import Issue
from reports.models.report import Report

LIST, EMAIL = "list", "email"
WEBHOOK = "hook:"  # and the number of an endpoint: a channel for each
MUTED = "muted"  # a channel nothing goes out by: no e-mail about the subject, or of all things if it is MINE
MINE = "mine"  # a subject: what concerns one without being followed (assigned, one's own report or artifact)
QUEUE = "queue"  # a subject: what comes to the desk from outside


def undoing(verb: str) -> str:
    """What a notice calls the undo of ``verb``."""
    return f"undo_{verb}"


def _and_back(*verbs: str) -> frozenset[str]:
    return frozenset([*verbs, *map(undoing, verbs)])


# Who hears of which acts. The first four may overlap; nobody hears of what stands in none. An "alarm" is the engine's
# about an issue, a "warn" what it says to the desk alone; one notice tells of a signal's opening, however it rises.
OPENINGS = frozenset({"alarm", "warn"})
PUBLIC = _and_back("confirm", "publish", "lift", "resolve", "reopen", "affect", "merge", "split", "confirm_signal")
PUBLIC |= {"alarm"}
REPORTERS = _and_back("confirm", "resolve", "dismiss", "reopen", "ask", "settle", "embargo", "extend", "lift")
MAINTAINERS = PUBLIC | _and_back("dismiss", "unpublish", "notify", "turn_down", "reproduce", "embargo", "extend")
WAITING = frozenset(
    {"dispute", "reply", "say", "add", "withdraw", "unwithdraw", "answer", "regress", "warn", "alarm", "commit"}
    | {"ask_erasure", "ask_for_evidence", "object_to_lending"}
)
DESK = PUBLIC | REPORTERS | MAINTAINERS | WAITING | _and_back("assign", "snooze", "wake", "confirm_artifact")
DESK |= {"acknowledge"} | _and_back("review_signal", "refute_signal", "know_signal", "lack_signal")
ABOUT_ONE = _and_back("ask")  # only the reporter of the report it names hears of it
TO_DISPUTERS = _and_back("settle")  # only reporters who disputed hear of it
# Told to one reader of what became of something that is theirs, by reports.notices.tell_owner
OWN = frozenset({"webhook_off", "lend_evidence", "refuse_evidence"})


class Subscription(models.Model):
    """Somebody follows one thing, named as the ledger names it ("issue:12", "artifact:3"; "queue": what waits).

    ``pace`` says when an e-mail goes out: with each notice, or with all of a day.
    """

    class Pace(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DAILY = "daily", _("Once a day")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")
    subject = models.CharField(max_length=40)
    channel = models.CharField(max_length=16, default="list")
    pace = models.CharField(max_length=8, choices=Pace.choices, default=Pace.AT_ONCE)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "subject", "channel"], name="subscription_once")]
        indexes = [models.Index(fields=["subject"], name="subscription_subject")]

    def __str__(self) -> str:
        return f"{self.user} follows {self.subject}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, actor: Actor) -> Self:
        """Notices to this actor, about things they may see now, of acts that they may hear of now."""
        if actor.user_id is None:
            return self.none()
        own = self.filter(user=actor.user_id)
        if allows(actor, Act.SEE_UNPUBLISHED):
            return own
        named = own.alias(thing=_NAMED, number=_NUMBER)
        number = OuterRef("number")
        told_to_maintainers = Issue.objects.told_to(spokesperson(actor)).filter(pk=number)
        return named.filter(
            Q(verb__in=PUBLIC, thing="issue") & Exists(Issue.objects.visible_to(actor).filter(pk=number))
            | Q(verb__in=MAINTAINERS, thing="issue") & Exists(told_to_maintainers)
            | Q(verb__in=PUBLIC, thing="artifact") & Exists(Artifact.objects.visible_to(actor).filter(pk=number))
            | Q(verb__in=REPORTERS, thing="report") & Exists(Report.objects.filter(reporter=actor.user_id, pk=number))
            | Q(verb__in=OWN)
        )


_CODE = models.CharField()
_NAMED = Func(F("subject"), Value(":"), Value(1), function="SPLIT_PART", output_field=_CODE)
_NUMBER = Cast(
    Func(F("subject"), Value(":"), Value(2), function="SPLIT_PART", output_field=_CODE), models.BigIntegerField()
)


class Notice(models.Model):
    """One thing to tell one person, an account or the contact of a report; ids only.

    ``subject`` names an issue, an artifact or, to whoever filed it, a report; to its owner, an endpoint; a signal where
    that is about a theme.
    ``verb`` is the event's, or :func:`undoing` of what an undo took back; of an endpoint, one of ``OWN``.

    ``sent_at`` null means that it still waits, until ``due_at`` at least.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="notices")
    report = models.ForeignKey(Report, models.CASCADE, null=True, blank=True, related_name="notices")
    channel = models.CharField(max_length=16, default="list")
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=40)
    event_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="notice_to_somebody",
                condition=Q(user__isnull=False, report=None) | Q(user=None, report__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="notice_unsent", condition=Q(sent_at__isnull=True)),
            models.Index(fields=["user", "-created_at"], name="notice_list", condition=Q(channel="list")),
            models.Index(fields=["user"], name="notice_unread", condition=Q(channel="list", read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"
