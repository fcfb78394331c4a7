"""The issues of one artifact, in the groups its page shows them in, and those of what it was made from."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When
from django.db.models.functions import Greatest

from accounts.policy import Actor
from reports.models import Affected, Artifact, Lineage, Placement
from reports.models.embargo import free_of_embargo
from reports.models.issue import AffectedQuerySet, PlacementQuerySet
from reports.promptness import exchanges
from reports.record import NOT_AFFECTED, OPEN_HERE, RESOLVED_HERE, artifacts_with_pages, on_record
from reports.vocabulary import Resolution, Visibility

PAGE = 25  # rows
ALL = "all"
NOT_REPRODUCED = Q(resolution=Resolution.NOT_REPRODUCIBLE)
DISPUTED = OPEN_HERE & Q(issue__is_disputed=True)
ACKNOWLEDGED = OPEN_HERE & Q(acknowledged_at__isnull=False)
# Every issue stands in one of these, in this order.
GROUPS: Mapping[str, Q] = {
    "open": OPEN_HERE & Q(issue__is_disputed=False),
    "disputed": DISPUTED,
    "resolved": RESOLVED_HERE & ~NOT_REPRODUCED,
    "not_reproduced": NOT_REPRODUCED,
    "not_affected": NOT_AFFECTED,
}
# What can be asked for; these overlap, as a disputed issue is open.
STATES: Mapping[str, Q] = {
    "open": OPEN_HERE,
    "acknowledged": ACKNOWLEDGED,
    "disputed": DISPUTED,
    "resolved": RESOLVED_HERE,
    "not_reproduced": NOT_REPRODUCED,
    "not_affected": NOT_AFFECTED,
}
# In which groups the issues of a state stand; those acknowledged are among the open ones.
GROUPS_OF: Mapping[str, tuple[str, ...]] = {
    ALL: tuple(GROUPS),
    "open": ("open", "disputed"),
    "disputed": ("disputed",),
    "resolved": ("resolved", "not_reproduced"),
    "not_reproduced": ("not_reproduced",),
    "not_affected": ("not_affected",),
}
GENERATIONS = 20  # steps back that are followed


def rows_of(artifact: Artifact, actor: Actor) -> AffectedQuerySet:
    """How the artifact stands in each issue on record, group by group, what was decided last first.

    Each row has ``place``, the place of its group in ``GROUPS``, and what ``promptness.exchanges`` adds.
    """
    place = Case(
        *(When(which, then=Value(at)) for at, which in enumerate(GROUPS.values())), output_field=IntegerField()
    )
    decided = Greatest("resolved_at", "issue__published_at", "issue__confirmed_at")
    rows = exchanges(on_record(actor).filter(artifact=artifact)).annotate(place=place)
    told = rows.select_related("issue", "introduced_in", "last_affected", "fixed_in")
    return told.order_by("place", decided.desc(nulls_last=True), "-pk")


def told_of(report: str = "") -> Q:
    """Reports whose kind of reporter and use is told where they are counted; ``report`` leads to them, "report__"."""
    stands = Q(**{f"{report}held_at__isnull": True, f"{report}withdrawn_at__isnull": True})
    return free_of_embargo(report) & stands & ~Q(**{f"{report}visibility": Visibility.PRIVATE})


def placements_in(issues: Any) -> PlacementQuerySet:
    """Where the reports of these issues stand, as far as it is told of what kind they are."""
    return Placement.objects.active().filter(told_of("report__"), issue__in=issues)


def found_by(issue_ids: Iterable[int]) -> dict[int, list[str]]:
    """Which layers of testing saw each issue."""
    found: dict[int, list[str]] = {}
    seen = placements_in(list(issue_ids)).order_by("issue", "report__found_by")
    for issue, layer in seen.values_list("issue", "report__found_by").distinct():
        found.setdefault(issue, []).append(layer)
    return found


def ancestors_of(artifact: Artifact, actor: Actor) -> list[Artifact]:
    """What it came from, the nearest first, by way of artifacts with a page only: a step over a hidden one would tell
    of it."""
    pages = artifacts_with_pages(actor)
    found: dict[int, Artifact] = {}
    young = {artifact.pk}
    for _generation in range(GENERATIONS):
        steps = Lineage.objects.filter(child__in=young, parent__in=pages).exclude(parent__in=[artifact.pk, *found])
        older = {step.parent_id: step.parent for step in steps.select_related("parent").order_by("position", "pk")}
        if not older:
            break
        found |= older
        young = set(older)
    return list(found.values())


def inherited_by(artifact: Artifact, ancestors: Iterable[Artifact], actor: Actor) -> AffectedQuerySet:
    """How its ancestors stand in the issues that do not name it on record; open before resolved, the latest first.

    Each issue once, as it stands for the nearest. ``ancestors`` are as :func:`ancestors_of` has them.
    """
    own = on_record(actor).filter(artifact=artifact, issue=OuterRef("issue"))
    known = list(ancestors)
    of_ancestors = on_record(actor).filter(artifact__in=known).exclude(NOT_AFFECTED)
    away = Case(*(When(artifact=each, then=Value(at)) for at, each in enumerate(known)), output_field=IntegerField())
    nearest = of_ancestors.filter(~Exists(own)).order_by("issue_id", away).distinct("issue_id")
    rows = of_ancestors.filter(pk__in=nearest.values("pk")).select_related("issue", "artifact", "fixed_in")
    return rows.order_by("resolution", F("issue__published_at").desc(nulls_last=True), "-pk")


def group_of(row: Affected) -> str:
    """The group a row out of :func:`rows_of` stands in."""
    return list(GROUPS)[row.place]  # type: ignore[attr-defined] # annotated by rows_of
