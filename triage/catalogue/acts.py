"""What all acts on artifacts share: what they are called, locks, refusals, and the record they leave."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from reports.lineage import family_of
from reports.models import Artifact, Issue
from triage import families
from triage.catalogue.shown import still_as_shown
from triage.decisions import ChangedSince, record_decision, standing
from triage.models import Decision
from triage.moves import Verb
from triage.moves.scene import answers_for
from triage.trail import Trail


class Change(models.TextChoices):
    """What a person may decide about an artifact."""

    CONFIRM = Verb.CONFIRM_ARTIFACT.value, gettext_lazy("Confirm artifact")
    DESCRIBE = "describe_artifact", gettext_lazy("Describe")
    ADD_ALIAS = "add_alias", gettext_lazy("Add another name")
    END_ALIAS = "end_alias", gettext_lazy("End a name")
    ADD_VERSION = "add_version", gettext_lazy("Add a version")
    CHANGE_VERSION = "change_version", gettext_lazy("Change a version")
    ORDER_VERSIONS = "order_versions", gettext_lazy("Order versions")
    DROP_VERSION = "drop_version", gettext_lazy("Delete a version")
    ADD_STEP = "add_lineage", gettext_lazy("Add a parent")
    END_STEP = "end_lineage", gettext_lazy("Remove a parent")
    MERGE = "merge_artifact", gettext_lazy("Merge artifacts")


# Nobody who answers for an artifact decides alone whether it has a page, or which other it is.
APART = frozenset({Change.CONFIRM, Change.MERGE})
MOVES_FAMILIES = frozenset({Change.ADD_STEP, Change.END_STEP, Change.MERGE})


def lock_artifacts(pks: Iterable[int]) -> dict[int, Artifact]:
    """Who names an artifact in a new row need not wait: a decision on an issue does that with the issue locked."""
    rows = Artifact.objects.select_for_update(of=["self"], no_key=True).filter(pk__in=list(pks)).order_by("pk")
    return {artifact.pk: artifact for artifact in rows}


def lock_with_families(*artifacts: Artifact, also: Iterable[int] = ()) -> dict[int, Artifact]:
    """The artifacts, and nobody grouping or deciding in the families they are of or would be the roots of."""
    pks = [artifact.pk for artifact in artifacts]
    stand = Artifact.objects.filter(pk__in=pks).values_list("family_id", flat=True)
    held = {pk for pk in stand if pk} | {*pks, *also}
    families.lock_families(held)
    locked = lock_artifacts(pks)
    if not {family_of(artifact) for artifact in locked.values()} <= held:  # it moved while we waited
        raise ChangedSince(decided_on(locked, after=None))
    return locked


def open_artifact(artifact: Artifact, section: str, shown: str) -> Artifact:
    """The artifact, locked, if it is still what the page showed."""
    locked = lock_artifacts([artifact.pk])[artifact.pk]
    refuse_merged(locked)
    still_as_shown(shown, section, locked)
    return locked


def refuse_merged(*artifacts: Artifact) -> None:
    for artifact in artifacts:
        if artifact.is_unknown:
            raise ValidationError(_("This name stands for artifacts that nobody knows. Nothing is decided about it."))
        if artifact.merged_into_id:
            raise ValidationError(
                _("%(artifact)s was merged into another. Decide there.") % {"artifact": artifact}, code="status"
            )


def stand_apart(artifacts: Iterable[Artifact], by: User) -> None:
    if answers_for(by) & {artifact.pk for artifact in artifacts}:
        raise ValidationError(_("You answer for this artifact, so somebody else has to decide."), code="apart")


def still_there(model: type[Any], pk: int, artifact: Artifact | None = None) -> Any:
    """The row, still there and still the artifact's."""
    of_it = {"artifact": artifact} if artifact else {}
    row = model._default_manager.filter(pk=pk, **of_it).first()
    if row is None:
        raise ChangedSince(decided_on([artifact.pk] if artifact else [], after=None))
    return row


def touch(issue_ids: Iterable[int]) -> None:
    """One revision more: a page that shows them is behind."""
    of_them = Issue.objects.filter(pk__in=list(issue_ids))
    of_them.update(revision=F("revision") + 1, changed_at=timezone.now())


def recorded(
    change: Change,
    artifact: Artifact,
    trail: Trail,
    *,
    by: User,
    note: str,
    at: datetime | None = None,
    about: Iterable[models.Model] = (),
    **goal: Any,
) -> Decision:
    decision = Decision(artifact=artifact, verb=change, note=note, decided_at=at or timezone.now())
    return record_decision(decision, trail, by=by, about=[artifact, *about], **goal)


def decided_on(artifact_ids: Iterable[int], *, after: Decision | None) -> "models.QuerySet[Decision]":
    decided = standing().filter(artifact__in=list(artifact_ids)).select_related("decider", "artifact")
    return decided.filter(pk__gt=after.pk) if after else decided.order_by("-pk")[:3]
