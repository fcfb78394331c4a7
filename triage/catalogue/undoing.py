"""Taking back what was decided on an artifact."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from reports.lineage import family_of, moves
from reports.models import Artifact, Issue, Placement, Version
from triage import duplicates, families
from triage.catalogue.acts import APART, MOVES_FAMILIES, Change, decided_on, lock_artifacts, stand_apart, touch
from triage.catalogue.naming import findable
from triage.catalogue.releases import refuse_if_named
from triage.counting import recount
from triage.decisions import DecidedSince, may_be_undone, may_decide, record_decision
from triage.locks import lock_issues
from triage.models import Decision
from triage.moves import Verb
from triage.trail import Overtaken, Trail, put_back


def undo(decision: Decision, *, by: User, note: str = "") -> Decision:
    """Put back exactly what stood before a decision on an artifact.

    What came since stays where it came, as far as it can: reports filed on a survivor stay its own. Raises
    :class:`~triage.decisions.DecidedSince`, or ValidationError if it is undone already or is an undo itself.
    """
    may_decide(by)
    with transaction.atomic():
        merged = decision.after.get("merged")
        rows = _changed(decision)
        families.lock_families(rows.families)
        locked = lock_artifacts([pk for pk in (decision.artifact_id, merged) if pk])
        stood = Decision.objects.select_for_update(of=["self"]).get(pk=decision.pk)
        artifact = locked[stood.artifact_id or 0]
        may_be_undone(stood, concerning=_concerning(stood))
        if artifact.merged_into_id:
            raise DecidedSince(decided_on([artifact.merged_into_id], after=stood))
        if stood.verb in APART:
            stand_apart(locked.values(), by)
        for version in Version.objects.filter(pk__in=rows.added_versions):
            refuse_if_named(version)
        if stood.verb == Change.END_ALIAS:
            findable(artifact, stood.after["name"])
        lock_issues({*rows.issues, *stood.after.get("issues", ())})
        trail = _put_back(stood)
        if stood.verb in MOVES_FAMILIES:
            _settle(stood, rows, locked, trail)
        return record_decision(
            Decision(artifact=artifact, verb=Verb.UNDO, undoes=stood, note=note, decided_at=timezone.now()),
            trail,
            by=by,
            about=[artifact, *(other for other in locked.values() if other != artifact)],
        )


KINDS = ("artifact", "issue", "version")


class _Rows:
    """The rows that a decision changed, by what has to be known of them."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        ids = {kind: [int(name.partition(":")[2]) for name in before if name.startswith(f"{kind}:")] for kind in KINDS}
        self.artifacts, self.issues = ids["artifact"], ids["issue"]
        self.added_versions = [pk for pk in ids["version"] if before[f"version:{pk}"] is None]
        self.left = {
            row["family_id"] for name, row in after.items() if name.startswith("artifact:") and row.get("family_id")
        }
        stood = {row.get("family_id") for row in before.values() if row}
        self.families = {family for family in stood | self.left if family}


def _changed(decision: Decision) -> _Rows:
    rows = _Rows(decision.before.get("rows", {}), decision.after.get("rows", {}))
    about = [pk for pk in (decision.artifact_id, decision.after.get("merged"), decision.after.get("parent")) if pk]
    if decision.verb in MOVES_FAMILIES:
        rows.families |= {family_of(artifact) for artifact in Artifact.objects.filter(pk__in=about)} | set(about)
        of_issues = Issue.objects.filter(pk__in=decision.after.get("issues", ()))
        rows.families |= set(of_issues.values_list("family_id", flat=True))
    return rows


def _concerning(decision: Decision) -> Q:
    """What must not have been decided since. Elsewhere the rows tell: each must hold what the decision left."""
    if decision.verb != Change.MERGE:
        return Q(pk=None)
    about = Q(artifact__in=[decision.artifact_id, decision.after["merged"]])
    return about | Q(issue__in=decision.after["issues"]) | Q(after__target__in=decision.after["issues"])


def _put_back(decision: Decision) -> Trail:
    try:
        with transaction.atomic():
            return put_back(decision.before["rows"], decision.after["rows"], at=timezone.now())
    except (Overtaken, IntegrityError):
        raise DecidedSince(decided_on([decision.artifact_id or 0], after=decision)) from None


def _settle(decision: Decision, rows: _Rows, locked: Mapping[int, Artifact], trail: Trail) -> None:
    """After rows are back: what came since follows, the index is true, and issues are counted anew."""
    if moves(rows.families):  # what stands now would have other families: somebody changed lineage since
        raise DecidedSince(decided_on(rows.artifacts, after=decision))
    issue_ids = set(decision.after.get("issues", []))
    if merged := decision.after.get("merged"):
        duplicates.straighten(locked[decision.artifact_id or 0], locked[merged], trail=trail)
    renamed = [int(name.partition(":")[2]) for name in trail.after if name.startswith("report:")]
    issue_ids |= set(Placement.objects.active().filter(report__in=renamed).values_list("issue", flat=True))
    families.follow_since(rows.left, known=rows.issues, trail=trail)
    families.reindex({*rows.artifacts, *locked})
    touch({*issue_ids, *rows.issues})
    recount(issue_ids)
