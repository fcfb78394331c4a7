"""Where an artifact came from, and the family that follows from it.

A model belongs to the family of its first parent: the first, by position, that it was fine-tuned, quantised or merged
from. What has none is the root of its own, and so is every dataset and system. What was merged into another artifact
goes with that. Families are stored, and what is stored always follows from the steps.
"""

from collections.abc import Container, Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from reports.models import Artifact, Lineage
from reports.vocabulary import FAMILY_RELATIONS, ArtifactKind, Relation

ANCESTORS = """
WITH RECURSIVE older (id) AS (
    SELECT %s::bigint UNION SELECT l.parent_id FROM older o JOIN reports_lineage l ON l.child_id = o.id
)
SELECT id FROM older
"""

Step = tuple[int, int]  # child, parent


@transaction.atomic
def descend(child: Artifact, parent: Artifact, relation: Relation, *, position: int = 0) -> Lineage:
    """Record that ``child`` came from ``parent``, and move to another family whoever that moves.

    Raises ValidationError where it cannot be so. Decides nothing and locks nothing: see ``triage.catalogue``.
    """
    refuse_step(child, parent, relation)
    step = Lineage.objects.create(child=child, parent=parent, relation=relation, position=position)
    for pk, family_id in moves({family_of(child), family_of(parent)}).items():
        Artifact.objects.filter(pk=pk).update(family_id=family_id)
    child.refresh_from_db(fields=["family"])
    return step


def refuse_step(child: Artifact, parent: Artifact, relation: Relation) -> None:
    """Raise ValidationError with a sentence if ``child`` cannot have come from ``parent``."""
    if child == parent:
        raise ValidationError(_("Nothing comes from itself."), code="ring")
    if child.is_unknown or parent.is_unknown:
        raise ValidationError(_("This name stands for artifacts that nobody knows. It has no lineage."))
    if relation in FAMILY_RELATIONS and not (is_model(child) and is_model(parent)):
        raise ValidationError(
            _("Only models are fine-tuned, quantised or merged from models. Choose “trained on” or “built on”."),
            code="relation",
        )
    if Lineage.objects.filter(child=child, parent=parent, relation=relation).exists():
        raise ValidationError(_("This step is on record already."), code="known")
    if child.pk in ancestors(parent):
        raise ValidationError(
            _("%(parent)s comes from %(child)s: recorded the other way round too, they would go in a ring.")
            % {"parent": parent, "child": child},
            code="ring",
        )


def is_model(artifact: Artifact) -> bool:
    return artifact.kind == ArtifactKind.MODEL


def family_of(artifact: Artifact) -> int:
    return artifact.family_id or artifact.pk


def ancestors(artifact: Artifact) -> set[int]:
    """The artifact and all it came from, by whatever relation."""
    with connection.cursor() as cursor:
        cursor.execute(ANCESTORS, [artifact.pk])
        return {row[0] for row in cursor.fetchall()}


def next_position(child: Artifact) -> int:
    last = Lineage.objects.filter(child=child).aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def moves(
    family_ids: Iterable[int],
    *,
    added: Sequence[Step] = (),
    without: Container[int] = (),
    merged: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """The artifacts of these families that do not, or would not, belong to them: each with its family as it should be.

    ``added`` are steps that would give a family if their child had no other parent; ``without`` the ids of steps that
    would go; ``merged`` maps an artifact to the one it would become part of. Writes nothing.
    """
    merged = dict(merged or {})
    members = _members(family_ids)
    parents = _first_parents(members, added=added, without=without, merged=merged)
    parents |= {pk: into for pk, (_, into) in members.items() if into is not None} | merged
    beyond = {parent for parent in parents.values() if parent not in members}
    known = dict(Artifact.objects.filter(pk__in=beyond).values_list("pk", "family_id"))
    found = {pk: _root(pk, parents, known) for pk in members}
    return {pk: root for pk, root in found.items() if root != members[pk][0]}


def _members(family_ids: Iterable[int]) -> dict[int, tuple[int | None, int | None]]:
    """(family, what it was merged into) of each artifact of these families."""
    ids = list(family_ids)
    of_them = Artifact.objects.filter(Q(family__in=ids) | Q(family=None, pk__in=ids))
    return {pk: (family, into) for pk, family, into in of_them.values_list("pk", "family_id", "merged_into_id")}


def _first_parents(
    members: Iterable[int], *, added: Sequence[Step], without: Container[int], merged: Mapping[int, int]
) -> dict[int, int]:
    """The parent that gives each its family. Whoever takes over the steps of another keeps its own before them."""
    steps = Lineage.objects.filter(
        child__in=list(members),
        relation__in=FAMILY_RELATIONS,
        child__kind=ArtifactKind.MODEL,
        parent__kind=ArtifactKind.MODEL,
    )
    rows = steps.order_by(F("child_id").asc(), "position", "pk").values_list("pk", "child_id", "parent_id")
    stand = [(child, parent) for pk, child, parent in rows if pk not in without]
    taken_over = [(merged[child], parent) for child, parent in stand if child in merged]
    first: dict[int, int] = {}
    for child, parent in [*(step for step in stand if step[0] not in merged), *taken_over, *added]:
        meant = merged.get(parent, parent)
        if meant != child:
            first.setdefault(child, meant)
    return first


def _root(pk: int, parents: Mapping[int, int], known: Mapping[int, int | None]) -> int:
    """Up to the first without a parent. Steps never go in a ring: each was refused that would have closed one."""
    while pk in parents:
        pk = parents[pk]
    return known.get(pk) or pk
