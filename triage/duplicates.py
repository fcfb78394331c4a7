"""One artifact under two names made one: what would move, and moving it.

The survivor takes over reports, versions, other names, lineage and how issues stand; the other's name and address lead
to it for ever. Who answers for the other does not come along: nobody gains a right by what a triager decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Max, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.models import Grant, Role
from ledger.record import subject
from reports.lineage import ancestors, family_of, moves
from reports.models import (
    Affected,
    Alias,
    Answer,
    Artifact,
    Issue,
    Lineage,
    Report,
    Reproduction,
    Signal,
    Subscription,
    Version,
)
from reports.naming import version_named
from reports.vocabulary import AffectedStatus
from triage import families
from triage.families import Shift
from triage.trail import Trail

# Who names a version of the artifact that they are about, and where.
NAMING: Sequence[tuple[type[models.Model], str]] = (
    (Report, "version"),
    (Affected, "introduced_in"),
    (Affected, "last_affected"),
    (Affected, "fixed_in"),
    (Reproduction, "version"),
    (Answer, "introduced_in"),
    (Answer, "fixed_in"),
)
ABOUT: Sequence[type[models.Model]] = (Report, Reproduction, Answer)
# Where the keys of signals name an artifact or a version, by how they begin: triage.signals makes them.
IN_KEYS: Mapping[str, Mapping[int, str]] = {
    "disproportion:artifact": {2: "artifact"},
    "disproportion:version": {2: "artifact", 3: "version"},
    "disproportion:language": {2: "artifact"},
    "release:version": {2: "version"},
    "spread:theme": {4: "artifact"},
}
# An issue is as open as its worst: of two standings the first of these counts.
WORST = (
    AffectedStatus.AFFECTED,
    AffectedStatus.UNDER_INVESTIGATION,
    AffectedStatus.FIXED,
    AffectedStatus.NOT_AFFECTED,
)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """What merging ``loser`` into ``survivor`` would move. Names are as they are shown."""

    loser: Artifact
    survivor: Artifact
    report_count: int
    issue_count: int
    united_versions: list[str]
    moved_versions: list[str]
    order: list[str]  # of the survivor's versions afterwards, the oldest first
    moved_standings: int
    united_standings: int
    names: list[str]
    moved_steps: int
    dropped_steps: int
    signal_count: int
    shift: Shift
    maintainer_count: int


def duplicate(loser: Artifact, survivor: Artifact) -> Duplicate:
    """Look at it before it is done. Writes nothing; raises ValidationError with a sentence if it cannot be done."""
    _may_be_one(loser, survivor)
    reports = Report.objects.filter(artifact=loser)
    issues = Issue.objects.filter(placements__report__in=reports, placements__superseded_at=None)
    united, moved = _versions(loser, survivor)
    standings = Affected.objects.filter(artifact=loser)
    both = standings.filter(issue__in=Affected.objects.filter(artifact=survivor).values("issue")).count()
    kept, dropped = _steps(loser, survivor)
    shift = _shift(loser, survivor)
    families.within_bounds(Report.objects.filter(artifact__in=[loser.pk, *shift.artifacts]).count())
    return Duplicate(
        loser=loser,
        survivor=survivor,
        report_count=reports.count(),
        issue_count=issues.distinct().count(),
        united_versions=[version.name for version, _same in united],
        moved_versions=[version.name for version in moved],
        order=[
            version.name for version in [*_ordered(survivor), *(each for each in moved if each.position is not None)]
        ],
        moved_standings=standings.count() - both,
        united_standings=both,
        names=[str(loser), *(alias.name for alias in _aliases(loser, survivor))],
        moved_steps=len(kept),
        dropped_steps=len(dropped),
        signal_count=Signal.objects.filter(artifact=loser).count(),
        shift=shift,
        maintainer_count=Grant.objects.filter(role=Role.MAINTAINER, artifact_id=loser.pk, ended_at=None).count(),
    )


def unite(loser: Artifact, survivor: Artifact, *, trail: Trail) -> Duplicate:
    """Make them one, on the trail. Call it with families, artifacts and issues locked. Returns what was moved."""
    found = duplicate(loser, survivor)
    families.carry_out(found.shift, trail=trail)
    kept, dropped = _steps(loser, survivor)
    trail.remove_all(dropped)
    last = Lineage.objects.filter(child=survivor).aggregate(last=Max("position"))["last"]
    for step in kept:
        if step.child_id == loser.pk:
            last = 0 if last is None else last + 1
            trail.change(step, child_id=survivor.pk, position=last)
        else:
            trail.change(step, parent_id=survivor.pk)
    _take_signals(loser, survivor, trail=trail)
    _take_versions(loser, survivor, trail=trail)
    _take_standings(loser, survivor, trail=trail)
    for model in ABOUT:
        trail.change_all(list(model._default_manager.filter(artifact=loser).order_by("pk")), artifact_id=survivor.pk)
    straighten(survivor, loser, trail=trail)
    _take_names(loser, survivor, trail=trail)
    _take_followers(loser, survivor, trail=trail)
    led = list(Artifact.objects.filter(Q(pk=loser.pk) | Q(merged_into=loser)))  # one step leads to the survivor
    trail.change_all(led, merged_into_id=survivor.pk)
    return found


def straighten(artifact: Artifact, other: Artifact, *, trail: Trail) -> None:
    """Whoever is about ``artifact`` and names a version of ``other`` names its own of that name, made if need be."""
    own: dict[int, Version | None] = {}
    for model, name in NAMING:
        astray: dict[int, list[models.Model]] = {}
        for row in model._default_manager.filter(artifact=artifact, **{f"{name}__artifact": other}).order_by("pk"):
            astray.setdefault(getattr(row, f"{name}_id"), []).append(row)
        for version_id, rows in astray.items():
            if version_id not in own:
                own[version_id] = version_named(artifact, Version.objects.get(pk=version_id).name)
            trail.change_all(rows, **{name: own[version_id]})


def issues_touched(loser: Artifact, survivor: Artifact) -> models.QuerySet[Issue]:
    """Issues that a report or a standing of the loser brings in."""
    reports = Report.objects.filter(artifact=loser, placements__superseded_at=None)
    return Issue.objects.filter(Q(pk__in=reports.values("placements__issue")) | Q(affected__artifact=loser)).distinct()


def _may_be_one(loser: Artifact, survivor: Artifact) -> None:
    if loser.pk == survivor.pk:
        raise ValidationError(_("That is this artifact itself."), code="itself")
    if loser.is_unknown or survivor.is_unknown:
        raise ValidationError(_("This name stands for artifacts that nobody knows. It is merged with none."))
    if loser.merged_into_id or survivor.merged_into_id:
        gone = loser if loser.merged_into_id else survivor
        raise ValidationError(_("%(artifact)s was merged into another already.") % {"artifact": gone}, code="merged")
    if loser.kind != survivor.kind:
        raise ValidationError(
            _("%(one)s is a %(kind)s and %(other)s is a %(other_kind)s: they cannot be one.")
            % {
                "one": loser,
                "kind": loser.get_kind_display().lower(),
                "other": survivor,
                "other_kind": survivor.get_kind_display().lower(),
            },
            code="kind",
        )
    if loser.confirmed_at and not survivor.confirmed_at:
        raise ValidationError(
            _("%(loser)s has a page and %(survivor)s has none. Merge them the other way round, or confirm it first.")
            % {"loser": loser, "survivor": survivor},
            code="page",
        )
    if _lies_between(loser, survivor):
        raise ValidationError(
            _("Another artifact comes from the one and leads to the other: merged, their lineage would go in a ring."),
            code="ring",
        )


def _lies_between(one: Artifact, other: Artifact) -> bool:
    """Whether one comes from the other by way of a third. A step from one straight to the other just goes."""
    for child, parent in ((one, other), (other, one)):
        above = Lineage.objects.filter(child=child).exclude(parent=parent).select_related("parent")
        if any(parent.pk in ancestors(step.parent) for step in above):
            return True
    return False


def _shift(loser: Artifact, survivor: Artifact) -> Shift:
    found = moves({family_of(loser), family_of(survivor)}, merged={loser.pk: survivor.pk})
    return families.shift_of(found)


def _versions(loser: Artifact, survivor: Artifact) -> tuple[list[tuple[Version, Version]], list[Version]]:
    """The loser's versions: those the survivor has too, each with its own, and the others."""
    known = {version.name.lower(): version for version in survivor.versions.all()}
    united, others = [], []
    for version in loser.versions.order_by(F("position").asc(nulls_last=True), "pk"):
        if same := known.get(version.name.lower()):
            united.append((version, same))
        else:
            others.append(version)
    return united, others


def _ordered(artifact: Artifact) -> list[Version]:
    return list(artifact.versions.filter(position__isnull=False).order_by("position", "pk"))


def _take_versions(loser: Artifact, survivor: Artifact, *, trail: Trail) -> None:
    """Those of one name are one, the rest come after the survivor's own in their order: nobody has compared them."""
    united, others = _versions(loser, survivor)
    for version, same in united:
        if version.released_on and same.released_on is None:
            trail.change(same, released_on=version.released_on)
    last = survivor.versions.aggregate(last=Max("position"))["last"]
    for version in others:
        position = version.position
        if position is not None and last is not None:
            last = position = last + 1
        trail.change(version, artifact_id=survivor.pk, position=position)
    named = {version.pk: same.pk for version, same in united}
    for issue in Issue.objects.filter(snoozed_version__in=named).order_by("pk"):
        trail.change(issue, snoozed_version_id=named[issue.snoozed_version_id or 0])


def _take_signals(loser: Artifact, survivor: Artifact, *, trail: Trail) -> None:
    """Early warnings about the loser are about the survivor, and the next evening finds them under its keys.

    Where one of the survivor waits under that key already, the loser's keeps its own: a person judges both.
    """
    united, _others = _versions(loser, survivor)
    named = {"artifact": {loser.pk: survivor.pk}, "version": {version.pk: same.pk for version, same in united}}
    for signal in Signal.objects.select_for_update(of=["self"]).filter(artifact=loser).order_by("pk"):
        key = _renamed_key(signal.key, named)
        if Signal.objects.filter(key=key, state__in=["new", "in_review"]).exclude(pk=signal.pk).exists():
            key = signal.key
        cell = {name: named.get(name, {}).get(value, value) for name, value in signal.cell.items()}
        trail.change(signal, artifact_id=survivor.pk, key=key, cell=cell)


def _renamed_key(key: str, named: Mapping[str, Mapping[int, int]]) -> str:
    parts = key.split(":")
    for place, what in IN_KEYS.get(":".join(parts[:2]), {}).items():
        parts[place] = str(named[what].get(int(parts[place]), parts[place]))
    return ":".join(parts)


def _take_standings(loser: Artifact, survivor: Artifact, *, trail: Trail) -> None:
    """Where an issue names both, what was judged stands before what was not, and of two judgements the worse."""
    own = {row.issue_id: row for row in Affected.objects.filter(artifact=survivor, issue__affected__artifact=loser)}
    going: list[Affected] = []
    leaving: list[Affected] = []
    for row in Affected.objects.filter(artifact=loser).order_by("pk"):
        same = own.get(row.issue_id)
        if same is None or _weight(row) < _weight(same):
            going.append(row)
            leaving += [same] if same else []
        else:
            leaving.append(row)
    trail.remove_all(leaving)
    trail.change_all(going, artifact_id=survivor.pk)


def _weight(row: Affected) -> tuple[bool, int]:
    """Less is what counts."""
    is_judged = bool(row.resolution or row.stated_at or row.status != AffectedStatus.UNDER_INVESTIGATION)
    return not is_judged, WORST.index(AffectedStatus(row.status))


def _aliases(loser: Artifact, survivor: Artifact) -> list[Alias]:
    """Other names of the loser that the survivor does not have yet."""
    known = {alias.name.lower() for alias in survivor.aliases.all()} | {str(survivor).lower(), survivor.name.lower()}
    return [alias for alias in loser.aliases.order_by("name") if alias.name.lower() not in known]


def _take_names(loser: Artifact, survivor: Artifact, *, trail: Trail) -> None:
    trail.change_all(_aliases(loser, survivor), artifact_id=survivor.pk)
    if not survivor.aliases.alias(low=Lower("name")).filter(low=str(loser).lower()).exists():
        trail.add(Alias(artifact=survivor, name=str(loser)))


def _take_followers(loser: Artifact, survivor: Artifact, *, trail: Trail) -> None:
    """Who follows the one follows the other; who follows both does so once."""
    follows = Subscription.objects.filter(subject=subject(loser))
    twice = Subscription.objects.filter(subject=subject(survivor), user=models.OuterRef("user"))
    twice = twice.filter(channel=models.OuterRef("channel"))
    trail.change_all(list(follows.exclude(models.Exists(twice)).order_by("pk")), subject=subject(survivor))


def _steps(loser: Artifact, survivor: Artifact) -> tuple[list[Lineage], list[Lineage]]:
    """The loser's steps: those the survivor takes over, and those that would lead to itself or be there twice."""
    own = Lineage.objects.filter(Q(child=survivor) | Q(parent=survivor))
    known = {_ends(step, {}) for step in own}
    kept: list[Lineage] = []
    dropped: list[Lineage] = []
    for step in Lineage.objects.filter(Q(child=loser) | Q(parent=loser)).order_by("position", "pk"):
        ends = _ends(step, {loser.pk: survivor.pk})
        (dropped if ends[0] == ends[1] or ends in known else kept).append(step)
        known.add(ends)
    return kept, dropped


def _ends(step: Lineage, renamed: Mapping[int, int]) -> tuple[Any, ...]:
    return renamed.get(step.child_id, step.child_id), renamed.get(step.parent_id, step.parent_id), step.relation
