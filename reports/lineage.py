"""Where an artifact came from, and the family that follows from it."""

from reports.models import Artifact, Lineage
from reports.vocabulary import FAMILY_RELATIONS, Relation


def descend(child: Artifact, parent: Artifact, relation: Relation, *, position: int = 0) -> Lineage:
    """Record that ``child`` came from ``parent``. A first parent that was tuned, quantised or merged gives the family.

    Everything that counted ``child`` as its root moves along. Raises ValueError where that would make a ring.
    """
    if relation in FAMILY_RELATIONS and parent.family_id == child.family_id:
        raise ValueError(f"{parent} already belongs to the family of {child}.")
    step = Lineage.objects.create(child=child, parent=parent, relation=relation, position=position)
    if relation in FAMILY_RELATIONS and position == 0:
        Artifact.objects.filter(family_id=child.family_id).update(family_id=parent.family_id)
        child.family_id = parent.family_id
    return step
