"""Deciding about artifacts: what they are, what they are called, their releases, where they came from, which are one.

Each act is one transaction with a trail, a Decision and a ledger event, as in ``triage.decisions``; :func:`undo` puts
it back. Locks are taken in the house's order: families, then artifacts, then issues, each ascending.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, models, transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from reports.lineage import family_of, moves, next_position, refuse_step
from reports.models import Affected, Alias, Artifact, Issue, Lineage, Placement, Version
from reports.naming import find_artifact, parse
from reports.vocabulary import FAMILY_RELATIONS, AffectedStatus, Relation, Status
from triage import duplicates, families
from triage.counting import recount
from triage.decisions import ChangedSince, DecidedSince, may_be_undone, may_decide, record_decision, standing
from triage.duplicates import NAMING
from triage.families import Shift
from triage.locks import lock_issues
from triage.models import Decision
from triage.moves import Verb
from triage.moves.scene import answers_for
from triage.trail import Overtaken, Trail, put_back


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


FACTS = (
    "title",
    "developer",
    "deployer",
    "access",
    "intended_use",
    "known_limitations",
    "data_collection",
    "card_url",
)
# Nobody who answers for an artifact decides alone whether it has a page, or which other it is.
APART = frozenset({Change.CONFIRM, Change.MERGE})
MOVES_FAMILIES = frozenset({Change.ADD_STEP, Change.END_STEP, Change.MERGE})
ON_THE_WEB = URLValidator(schemes=["https"])


class NameTaken(ValidationError):
    """The name is another artifact's already: ``artifact`` is which."""

    def __init__(self, artifact: Artifact) -> None:
        super().__init__(_("This name means %(artifact)s already.") % {"artifact": artifact}, code="taken")
        self.artifact = artifact


# What it is


def confirm_artifact(
    artifact: Artifact, *, by: User, note: str = "", shown: str = "", at: datetime | None = None
) -> Decision:
    """Give an artifact its page. Raises ValidationError if it has one, or never can."""
    may_decide(by)
    with transaction.atomic():
        locked = _locked([artifact.pk])[artifact.pk]
        if locked.is_unknown or locked.merged_into_id:
            raise ValidationError(_("This artifact can have no page of its own."))
        if locked.confirmed_at:
            raise ValidationError(_("This artifact is confirmed already."), code="status")
        _stand_apart([locked], by)
        _still_as_shown(shown, "facts", locked)
        trail = Trail()
        trail.change(locked, confirmed_at=at or timezone.now())
        return _recorded(Change.CONFIRM, locked, trail, by=by, note=note, at=at)


def describe(artifact: Artifact, *, by: User, note: str = "", shown: str = "", **facts: str) -> Decision:
    """Set what is told of it: any of ``FACTS``."""
    may_decide(by)
    if unknown := facts.keys() - set(FACTS):
        raise TypeError(f"an artifact has no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        locked = _open(artifact, "facts", shown)
        trail = Trail()
        probe = Artifact(**facts)
        probe.clean_fields(exclude={field.name for field in Artifact._meta.fields} - facts.keys())
        if facts.get("card_url"):
            ON_THE_WEB(facts["card_url"])
        trail.change(locked, **{name: value.strip() for name, value in facts.items()})
        if not trail.after:
            raise ValidationError(_("Nothing is different from what stands."), code="unchanged")
        return _recorded(Change.DESCRIBE, locked, trail, by=by, note=note)


# What it is called


def add_alias(artifact: Artifact, name: str, *, by: User, note: str = "", shown: str = "") -> Decision:
    """Another name that filing and searching find it by. Raises :class:`NameTaken` if it is another's."""
    may_decide(by)
    name = " ".join(name.split())
    with transaction.atomic():
        locked = _open(artifact, "names", shown)
        name = _findable(locked, name)
        trail = Trail()
        trail.add(Alias(artifact=locked, name=name))
        return _recorded(Change.ADD_ALIAS, locked, trail, by=by, note=note, name=name)


def end_alias(alias: Alias, *, by: User, note: str = "", shown: str = "") -> Decision:
    """From now on the name means nothing, unless an artifact is called so."""
    may_decide(by)
    with transaction.atomic():
        locked = _open(alias.artifact, "names", shown)
        stood = _found(Alias, alias.pk, locked)
        trail = Trail()
        trail.remove_all([stood])
        return _recorded(Change.END_ALIAS, locked, trail, by=by, note=note, name=stood.name)


# Its releases


def add_version(
    artifact: Artifact,
    name: str,
    *,
    by: User,
    released_on: date | None = None,
    is_alias: bool = False,
    note: str = "",
    shown: str = "",
) -> Decision:
    """A release, the newest until it is moved; a moving name ("latest") has no place in the order."""
    may_decide(by)
    with transaction.atomic():
        locked = _open(artifact, "versions", shown)
        name = _free_version_name(locked, name)
        last = locked.versions.aggregate(last=Max("position"))["last"]
        position = None if is_alias else 1 if last is None else last + 1
        trail = Trail()
        trail.add(
            Version(artifact=locked, name=name, released_on=released_on, is_alias=is_alias, position=position),
        )
        return _recorded(Change.ADD_VERSION, locked, trail, by=by, note=note, name=name)


def change_version(
    version: Version,
    *,
    by: User,
    name: str,
    released_on: date | None,
    is_alias: bool,
    note: str = "",
    shown: str = "",
) -> Decision:
    """Name, date, and whether it is a moving name, which takes its place in the order away."""
    may_decide(by)
    with transaction.atomic():
        locked = _open(version.artifact, "versions", shown)
        stood = _found(Version, version.pk, locked)
        name = _free_version_name(locked, name, but=stood)
        trail = Trail()
        trail.change(
            stood,
            name=name,
            released_on=released_on,
            is_alias=is_alias,
            position=None if is_alias else stood.position,
        )
        if not trail.after:
            raise ValidationError(_("Nothing is different from what stands."), code="unchanged")
        return _recorded(Change.CHANGE_VERSION, locked, trail, by=by, note=note, name=name)


def order_version(version: Version, *, to: str, by: User, note: str = "", shown: str = "") -> Decision:
    """Move a release one place: "newer" or "older"; "in" gives it a place, the newest; "out" takes it away.

    The order decides which versions hold a fix: issues whose reports came after their fix are flagged by it.
    """
    may_decide(by)
    with transaction.atomic():
        locked = _open(version.artifact, "versions", shown)
        stood = _found(Version, version.pk, locked)
        order = _reordered(list(locked.versions.filter(position__isnull=False).order_by("position", "pk")), stood, to)
        trail = Trail()
        for position, each in enumerate(order, start=1):
            trail.change(each, position=position)
        if to == "out":
            trail.change(stood, position=None)
        _flag_regressions(locked, trail)
        return _recorded(Change.ORDER_VERSIONS, locked, trail, by=by, note=note, name=stood.name, to=to)


def drop_version(version: Version, *, by: User, note: str = "", shown: str = "") -> Decision:
    """Delete a version that nothing names."""
    may_decide(by)
    with transaction.atomic():
        locked = _open(version.artifact, "versions", shown)
        stood = _found(Version, version.pk, locked)
        _unnamed(stood)
        trail = Trail()
        trail.remove_all([stood])
        return _recorded(Change.DROP_VERSION, locked, trail, by=by, note=note, name=stood.name)


# Where it came from


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
        locked = _locked_with_families(child, parent)
        child, parent = locked[child.pk], locked[parent.pk]
        _not_merged(child, parent)
        _still_as_shown(shown, "lineage", child, parent)
        shift = shift_by(child, parent, relation)
        families.within_bounds(shift.report_count)
        trail = Trail()
        trail.add(Lineage(child=child, parent=parent, relation=relation, position=next_position(child)))
        return _moved_families(Change.ADD_STEP, child, parent, shift, trail, by=by, note=note, relation=relation)


def end_step(step: Lineage, *, by: User, note: str = "", shown: str = "") -> Decision:
    """Take a step away; who followed goes back to its own root, or to another first parent's family."""
    may_decide(by)
    with transaction.atomic():
        locked = _locked_with_families(step.child, step.parent)
        child, parent = locked[step.child_id], locked[step.parent_id]
        _not_merged(child, parent)
        _still_as_shown(shown, "lineage", child, parent)
        stood = _found(Lineage, step.pk)
        shift = shift_without(stood)
        families.within_bounds(shift.report_count)
        trail = Trail()
        trail.remove_all([stood])
        return _moved_families(Change.END_STEP, child, parent, shift, trail, by=by, note=note, relation=stood.relation)


# Which are one


def merge_artifact(loser: Artifact, survivor: Artifact, *, by: User, note: str = "", shown: str = "") -> Decision:
    """``loser`` is part of ``survivor`` for ever. What moves: ``triage.duplicates``."""
    may_decide(by)
    with transaction.atomic():
        touched = duplicates.issues_touched(loser, survivor)
        locked = _locked_with_families(loser, survivor, also=touched.values_list("family_id", flat=True))
        loser, survivor = locked[loser.pk], locked[survivor.pk]
        _stand_apart([loser, survivor], by)
        _still_as_shown(shown, "whole", survivor, loser)
        issue_ids = sorted(touched.values_list("pk", flat=True))
        lock_issues(issue_ids)
        trail = Trail()
        found = duplicates.unite(loser, survivor, trail=trail)
        _flag_regressions(survivor, trail)
        _touch({*issue_ids, *found.shift.issues})
        recount(issue_ids)
        return _recorded(
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


# Taking it back


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
        locked = _locked([pk for pk in (decision.artifact_id, merged) if pk])
        stood = Decision.objects.select_for_update(of=["self"]).get(pk=decision.pk)
        artifact = locked[stood.artifact_id or 0]
        may_be_undone(stood, concerning=_concerning(stood))
        if artifact.merged_into_id:
            raise DecidedSince(_decided_on([artifact.merged_into_id], after=stood))
        if stood.verb in APART:
            _stand_apart(locked.values(), by)
        for version in Version.objects.filter(pk__in=rows.added_versions):
            _unnamed(version)
        if stood.verb == Change.END_ALIAS:
            _findable(artifact, stood.after["name"])
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


# What a page showed


def shown_of(section: str, *artifacts: Artifact) -> str:
    """Stands for what a page shows of a section; what the acts above take as ``shown``, to be told of changes since."""
    newest = Decision.objects.filter(artifact__in=artifacts).aggregate(newest=Max("pk"))["newest"] or 0
    told = repr([(artifact.pk, TOLD[section](artifact)) for artifact in artifacts])
    return f"{newest}.{hashlib.sha256(told.encode()).hexdigest()[:24]}"


def _facts(artifact: Artifact) -> object:
    return [artifact.confirmed_at is None, artifact.merged_into_id, *(getattr(artifact, name) for name in FACTS)]


def _names(artifact: Artifact) -> object:
    return sorted(Alias.objects.filter(artifact=artifact).values_list("pk", "name"))


def _versions(artifact: Artifact) -> object:
    """Those that somebody has looked at: a name typed into a report changes nothing that a page decides about."""
    seen = Version.objects.filter(Q(position__isnull=False) | Q(is_alias=True) | Q(released_on__isnull=False))
    rows = seen.filter(artifact=artifact).order_by("pk")
    return [(pk, name, str(on), *rest) for pk, name, on, *rest in rows.values_list(*VERSION_FIELDS)]


def _lineage(artifact: Artifact) -> object:
    steps = Lineage.objects.filter(Q(child=artifact) | Q(parent=artifact)).order_by("pk")
    return [artifact.family_id, *steps.values_list("pk", "child_id", "parent_id", "relation", "position")]


def _whole(artifact: Artifact) -> object:
    return [told(artifact) for told in (_facts, _names, _versions, _lineage)]


VERSION_FIELDS = ("pk", "name", "released_on", "position", "is_alias")
TOLD: Mapping[str, Callable[[Artifact], object]] = {
    "facts": _facts,
    "names": _names,
    "versions": _versions,
    "lineage": _lineage,
    "whole": _whole,
}


def _still_as_shown(shown: str, section: str, *artifacts: Artifact) -> None:
    if not shown or shown_of(section, *artifacts).partition(".")[2] == shown.partition(".")[2]:
        return
    newest = shown.partition(".")[0]
    about = Decision.objects.filter(artifact__in=artifacts, pk__gt=int(newest) if newest.isdecimal() else 0)
    raise ChangedSince(about.select_related("decider", "artifact", "undoes").order_by("-pk")[:10])


# Locks, refusals and records


def _locked(pks: Iterable[int]) -> dict[int, Artifact]:
    rows = Artifact.objects.select_for_update(of=["self"]).filter(pk__in=list(pks)).order_by("pk")
    return {artifact.pk: artifact for artifact in rows}


def _locked_with_families(*artifacts: Artifact, also: Iterable[int] = ()) -> dict[int, Artifact]:
    """The artifacts, and nobody grouping or deciding in the families they are of or would be the roots of."""
    pks = [artifact.pk for artifact in artifacts]
    stand = Artifact.objects.filter(pk__in=pks).values_list("family_id", flat=True)
    held = {pk for pk in stand if pk} | {*pks, *also}
    families.lock_families(held)
    locked = _locked(pks)
    if not {family_of(artifact) for artifact in locked.values()} <= held:  # it moved while we waited
        raise ChangedSince(_decided_on(locked, after=None))
    return locked


def _open(artifact: Artifact, section: str, shown: str) -> Artifact:
    """The artifact, locked, if it is still what the page showed."""
    locked = _locked([artifact.pk])[artifact.pk]
    _not_merged(locked)
    _still_as_shown(shown, section, locked)
    return locked


def _not_merged(*artifacts: Artifact) -> None:
    for artifact in artifacts:
        if artifact.is_unknown:
            raise ValidationError(_("This name stands for artifacts that nobody knows. Nothing is decided about it."))
        if artifact.merged_into_id:
            raise ValidationError(
                _("%(artifact)s was merged into another. Decide there.") % {"artifact": artifact}, code="status"
            )


def _stand_apart(artifacts: Iterable[Artifact], by: User) -> None:
    if answers_for(by) & {artifact.pk for artifact in artifacts}:
        raise ValidationError(_("You answer for this artifact, so somebody else has to decide."), code="apart")


def _found(model: type[Any], pk: int, artifact: Artifact | None = None) -> Any:
    """The row, still there and still the artifact's."""
    of_it = {"artifact": artifact} if artifact else {}
    row = model._default_manager.filter(pk=pk, **of_it).first()
    if row is None:
        raise ChangedSince(_decided_on([artifact.pk] if artifact else [], after=None))
    return row


def _findable(artifact: Artifact, name: str) -> str:
    """The name as filing would find it. Raises ValidationError if it is no name, its own, or another's."""
    if not name or len(name) > 200 or "\x00" in name:
        raise ValidationError(_("Write a name of 1 to 200 characters."), code="name")
    org, bare = parse(name)
    if not bare:
        raise ValidationError(_("Write a name of 1 to 200 characters."), code="name")
    looked_up = f"{org}/{bare}" if org else bare
    if looked_up.replace("-", " ").lower() != name.lower():
        name = looked_up  # as it is typed nobody would find it
    own = {str(artifact).lower(), *(alias.name.lower() for alias in artifact.aliases.all())}
    if own & {name.lower(), looked_up.lower()}:
        raise ValidationError(_("It is called that already."), code="own")
    meant = find_artifact(artifact.kind, org, bare)
    if meant is not None and meant.pk != artifact.pk:
        raise NameTaken(meant)
    elsewhere = Alias.objects.alias(low=Lower("name")).filter(low=name.lower(), artifact__kind=artifact.kind)
    for alias in elsewhere.exclude(artifact=artifact).select_related("artifact__merged_into"):
        raise NameTaken(alias.artifact.merged_into or alias.artifact)
    return name


def _free_version_name(artifact: Artifact, name: str, *, but: Version | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 120 or "\x00" in name:
        raise ValidationError(_("Write a name of 1 to 120 characters."), code="name")
    same = artifact.versions.alias(low=Lower("name")).filter(low=name.lower())
    if (same.exclude(pk=but.pk) if but else same).exists():
        raise ValidationError(_("It has a version of that name already."), code="known")
    return name


def _unnamed(version: Version) -> None:
    """Raise ValidationError if anything names the version."""
    named: list[tuple[type[models.Model], str]] = [*NAMING, (Issue, "snoozed_version")]
    for model, name in named:
        if model._default_manager.filter(**{name: version}).exists():
            raise ValidationError(
                _("%(version)s is named by reports or decisions and stays. Take its place in the order away instead.")
                % {"version": version},
                code="named",
            )


def _reordered(order: list[Version], version: Version, to: str) -> list[Version]:
    """The versions that have a place, the oldest first, after the move."""
    at = next((at for at, each in enumerate(order) if each.pk == version.pk), None)
    if version.is_alias:
        raise ValidationError(_("A moving name has no place in the order."), code="alias")
    if to == "in" and at is None:
        return [*order, version]
    if at is None or to not in ("newer", "older", "out"):
        raise ValidationError(_("There is no such move."), code="move")
    if to == "out":
        return [each for each in order if each.pk != version.pk]
    other = at + 1 if to == "newer" else at - 1
    if not 0 <= other < len(order):
        raise ValidationError(_("It is at the end of the order already."), code="end")
    order[at], order[other] = order[other], order[at]
    return order


def _flag_regressions(artifact: Artifact, trail: Trail) -> None:
    """By this order, issues that were reported on a fixed version after they were resolved."""
    came_back = Affected.objects.filter(
        artifact=artifact,
        status=AffectedStatus.FIXED,
        fixed_in__is_alias=False,
        issue__status=Status.RESOLVED,
        issue__is_possible_regression=False,
        issue__placements__superseded_at=None,
        issue__placements__report__held_at=None,
        issue__placements__report__artifact=artifact,
        issue__placements__report__version__is_alias=False,
        issue__placements__report__version__position__gte=F("fixed_in__position"),
        issue__placements__report__reported_at__gt=F("resolved_at"),
    )
    issues = Issue.objects.select_for_update(of=["self"]).filter(pk__in=came_back.values("issue")).order_by("pk")
    trail.change_all(list(issues), is_possible_regression=True)


def _touch(issue_ids: Iterable[int]) -> None:
    """One revision more: a page that shows them is behind."""
    of_them = Issue.objects.filter(pk__in=list(issue_ids))
    of_them.update(revision=F("revision") + 1, changed_at=timezone.now())


def _moved_families(
    change: Change, child: Artifact, parent: Artifact, shift: Shift, trail: Trail, *, by: User, note: str, relation: str
) -> Decision:
    lock_issues(shift.issues)
    families.carry_out(shift, trail=trail)
    _touch(shift.issues)
    return _recorded(
        change, child, trail, by=by, note=note, about=[parent], parent=parent.pk, name=str(parent), relation=relation
    )


def _recorded(
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


# What an undo has to look at


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


KINDS = ("artifact", "issue", "version")


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


def _decided_on(artifact_ids: Iterable[int], *, after: Decision | None) -> "models.QuerySet[Decision]":
    decided = standing().filter(artifact__in=list(artifact_ids)).select_related("decider", "artifact")
    return decided.filter(pk__gt=after.pk) if after else decided.order_by("-pk")[:3]


def _put_back(decision: Decision) -> Trail:
    try:
        with transaction.atomic():
            return put_back(decision.before["rows"], decision.after["rows"], at=timezone.now())
    except (Overtaken, IntegrityError):
        raise DecidedSince(_decided_on([decision.artifact_id or 0], after=decision)) from None


def _settle(decision: Decision, rows: _Rows, locked: Mapping[int, Artifact], trail: Trail) -> None:
    """After rows are back: what came since follows, the index is true, and issues are counted anew."""
    if moves(rows.families):  # what stands now would have other families: somebody changed lineage since
        raise DecidedSince(_decided_on(rows.artifacts, after=decision))
    issue_ids = set(decision.after.get("issues", []))
    if merged := decision.after.get("merged"):
        duplicates.straighten(locked[decision.artifact_id or 0], locked[merged], trail=trail)
    renamed = [int(name.partition(":")[2]) for name in trail.after if name.startswith("report:")]
    issue_ids |= set(Placement.objects.active().filter(report__in=renamed).values_list("issue", flat=True))
    families.follow_since(rows.left, known=rows.issues, trail=trail)
    families.reindex({*rows.artifacts, *locked})
    _touch({*issue_ids, *rows.issues})
    recount(issue_ids)
