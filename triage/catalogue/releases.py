"""An artifact's releases and their order."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Max
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.models import User
from reports.models import Affected, Artifact, Issue, Version
from reports.vocabulary import AffectedStatus, Status
from triage.catalogue.acts import Change, open_artifact, recorded, still_there
from triage.decisions import may_decide
from triage.duplicates import NAMING
from triage.models import Decision
from triage.trail import Trail


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
        locked = open_artifact(artifact, "versions", shown)
        name = _free_version_name(locked, name)
        last = locked.versions.aggregate(last=Max("position"))["last"]
        position = None if is_alias else 1 if last is None else last + 1
        trail = Trail()
        trail.add(
            Version(artifact=locked, name=name, released_on=released_on, is_alias=is_alias, position=position),
        )
        return recorded(Change.ADD_VERSION, locked, trail, by=by, note=note, name=name)


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
        locked = open_artifact(version.artifact, "versions", shown)
        stood = still_there(Version, version.pk, locked)
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
        return recorded(Change.CHANGE_VERSION, locked, trail, by=by, note=note, name=name)


def order_version(version: Version, *, to: str, by: User, note: str = "", shown: str = "") -> Decision:
    """Move a release one place: "newer" or "older"; "in" gives it a place, the newest; "out" takes it away.

    The order decides which versions hold a fix: issues whose reports came after their fix are flagged by it.
    """
    may_decide(by)
    with transaction.atomic():
        locked = open_artifact(version.artifact, "versions", shown)
        stood = still_there(Version, version.pk, locked)
        order = _reordered(list(locked.versions.filter(position__isnull=False).order_by("position", "pk")), stood, to)
        trail = Trail()
        for position, each in enumerate(order, start=1):
            trail.change(each, position=position)
        if to == "out":
            trail.change(stood, position=None)
        flag_regressions(locked, trail)
        return recorded(Change.ORDER_VERSIONS, locked, trail, by=by, note=note, name=stood.name, to=to)


def drop_version(version: Version, *, by: User, note: str = "", shown: str = "") -> Decision:
    """Delete a version that nothing names."""
    may_decide(by)
    with transaction.atomic():
        locked = open_artifact(version.artifact, "versions", shown)
        stood = still_there(Version, version.pk, locked)
        refuse_if_named(stood)
        trail = Trail()
        trail.remove_all([stood])
        return recorded(Change.DROP_VERSION, locked, trail, by=by, note=note, name=stood.name)


def _free_version_name(artifact: Artifact, name: str, *, but: Version | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 120 or "\x00" in name:
        raise ValidationError(_("Write a name of 1 to 120 characters."), code="name")
    same = artifact.versions.alias(low=Lower("name")).filter(low=name.lower())
    if (same.exclude(pk=but.pk) if but else same).exists():
        raise ValidationError(_("It has a version of that name already."), code="known")
    return name


def refuse_if_named(version: Version) -> None:
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


def flag_regressions(artifact: Artifact, trail: Trail) -> None:
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
