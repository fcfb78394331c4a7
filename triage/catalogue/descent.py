"""Where an artifact came from, and which two are one: what moves families."""

from django.db import transaction

from accounts.models import User
from reports.lineage import family_of, moves, next_position, refuse_step
from reports.models import Artifact, Lineage
from reports.vocabulary import FAMILY_RELATIONS, Relation
from triage import duplicates, families
from triage.catalogue.acts import Change, lock_with_families, recorded, refuse_merged, stand_apart, still_there, touch
from triage.catalogue.releases import flag_regressions
from triage.catalogue.shown import still_as_shown
from triage.counting import recount
from triage.decisions import may_decide
from triage.families import Shift
from triage.locks import lock_issues
from triage.models import Decision
from triage.trail import Trail


def shift_by(child: Artifact, parent: Artifact, relation: str) -> Shift:
    """What would go to another family if ``child`` came from ``parent``. Raises ValidationError if it cannot."""
    refuse_step(child, parent, Relation(relation))
    if relation not in FAMILY_RELATIONS:
        return Shift()
    return families.shift_of(moves({family_of(child), family_of(parent)}, added=[(child.pk, parent.pk)]))


def shift_without(step: Lineage) -> Shift:
    """What would go to another family if the step were removed."""
    return families.shift_of(moves({family_of(step.child), family_of(step.parent)}, without={step.pk}))


def add_step(
    child: Artifact, parent: Artifact, relation: str, *, by: User, note: str = "", shown: str = ""
) -> Decision:
    """Record that ``child`` came from ``parent``; who follows goes to the parent's family."""
    may_decide(by)
    with transaction.atomic():
        locked = lock_with_families(child, parent)
        child, parent = locked[child.pk], locked[parent.pk]
        refuse_merged(child, parent)
        still_as_shown(shown, "lineage", child, parent)
        shift = shift_by(child, parent, relation)
        families.within_bounds(shift.report_count)
        trail = Trail()
        trail.add(Lineage(child=child, parent=parent, relation=relation, position=next_position(child)))
        return _moved_families(Change.ADD_STEP, child, parent, shift, trail, by=by, note=note, relation=relation)


def end_step(step: Lineage, *, by: User, note: str = "", shown: str = "") -> Decision:
    """Take a step away; who followed goes back to its own root, or to another first parent's family."""
    may_decide(by)
    with transaction.atomic():
        locked = lock_with_families(step.child, step.parent)
        child, parent = locked[step.child_id], locked[step.parent_id]
        refuse_merged(child, parent)
        still_as_shown(shown, "lineage", child, parent)
        stood = still_there(Lineage, step.pk)
        shift = shift_without(stood)
        families.within_bounds(shift.report_count)
        trail = Trail()
        trail.remove_all([stood])
        return _moved_families(Change.END_STEP, child, parent, shift, trail, by=by, note=note, relation=stood.relation)


def merge_artifact(loser: Artifact, survivor: Artifact, *, by: User, note: str = "", shown: str = "") -> Decision:
    """``loser`` is part of ``survivor`` for ever. What moves: ``triage.duplicates``."""
    may_decide(by)
    with transaction.atomic():
        touched = duplicates.issues_touched(loser, survivor)
        locked = lock_with_families(loser, survivor, also=touched.values_list("family_id", flat=True))
        loser, survivor = locked[loser.pk], locked[survivor.pk]
        stand_apart([loser, survivor], by)
        still_as_shown(shown, "whole", survivor, loser)
        issue_ids = sorted(touched.values_list("pk", flat=True))
        lock_issues(issue_ids)
        trail = Trail()
        found = duplicates.unite(loser, survivor, trail=trail)
        flag_regressions(survivor, trail)
        touch({*issue_ids, *found.shift.issues})
        recount(issue_ids)
        return recorded(
            Change.MERGE,
            survivor,
            trail,
            by=by,
            note=note,
            about=[loser],
            merged=loser.pk,
            name=str(loser),
            issues=issue_ids,
        )


def _moved_families(
    change: Change, child: Artifact, parent: Artifact, shift: Shift, trail: Trail, *, by: User, note: str, relation: str
) -> Decision:
    lock_issues(shift.issues)
    families.carry_out(shift, trail=trail)
    touch(shift.issues)
    return recorded(
        change, child, trail, by=by, note=note, about=[parent], parent=parent.pk, name=str(parent), relation=relation
    )
