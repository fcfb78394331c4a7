"""A hub says that an artifact's files changed: what it is affected by should be checked anew.

Nothing is stored on an issue. It is to be checked while a commit came after whatever people last found out about it,
so that trying again settles it and an undo brings it back.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ledger.record import record
from reports.models import Affected, Artifact, Commit, Issue
from reports.notices import tell
from reports.vocabulary import AffectedStatus, PlacedBy, Status
from triage.models import Decision

HUB = "hub"  # the actor of what a hub told
VERB = "commit"
SETTLING = ("reproduce", "affect", "resolve", "reopen")  # decisions that say how an artifact stands


def to_check() -> Q:
    """Issues that a person confirmed, of an artifact that is affected and has changed since anybody last said so."""
    return Q(pk__in=_unchecked().order_by().values("issue"))


def _unchecked() -> "QuerySet[Affected]":
    said = Decision.objects.filter(
        issue=OuterRef(OuterRef("issue")),
        by=PlacedBy.PERSON,
        verb__in=SETTLING,
        undoes=None,
        undone_by=None,
        decided_at__gt=OuterRef("seen_at"),
    )
    later = Commit.objects.filter(
        ~Exists(said), artifact=OuterRef("artifact"), seen_at__gt=OuterRef("issue__confirmed_at")
    )
    return Affected.objects.filter(Exists(later), status=AffectedStatus.AFFECTED, issue__status=Status.CONFIRMED)


def note_commit(artifact: Artifact, revision: str) -> int:
    """A commit, once however often it is told. Returns how many issues are to be checked that were not before.

    The desk hears of it only if there are any: a busy repository is one notice until somebody has checked.
    """
    with transaction.atomic():
        Artifact.objects.select_for_update().get(pk=artifact.pk)  # so that two deliveries do not both tell the desk
        known = _to_check_of(artifact)
        _commit, is_new = Commit.objects.get_or_create(artifact=artifact, revision=revision)
        opened = _to_check_of(artifact) - known if is_new else set()
        if opened:
            tell(record(VERB, artifact, actor=HUB, revision=revision, issues=len(opened)))
    return len(opened)


def _to_check_of(artifact: Artifact) -> set[int]:
    return set(
        Issue.objects.filter(pk__in=_unchecked().filter(artifact=artifact).values("issue")).values_list("pk", flat=True)
    )
