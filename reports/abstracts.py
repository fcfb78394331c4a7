"""What the page of an artifact tells as a whole: worked out once, and anew when something may have changed it.

The page of an artifact of 10,000 issues counts all of them. Counting them takes longer than all the rest of the page,
and whoever asks whether they have it already would wait for it as well. So the numbers are kept with a stamp, a digest
of all that is told, over exactly the rows that everybody may see. Triggers of the database leave a Stir in the
transaction of every change that may concern the page; while there is one, the numbers are made anew. A change of a
hidden row can make that happen, and the numbers and the stamp come out as they were.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, Count, F, Func, Max, Q, Sum
from django.db.models.functions import Greatest, TruncWeek
from django.utils import timezone

from accounts.policy import ANONYMOUS, Act, Actor, allows
from reports.groups import (
    ALL,
    GROUPS,
    GROUPS_OF,
    PAGE,
    STATES,
    ancestors_of,
    inherited_by,
    placements_in,
    rows_of,
    told_of,
)
from reports.models import Abstract, Artifact, Report, Stir
from reports.promptness import exchanges, of_artifact
from reports.record import lineage_of, on_record, versions_of, weekly_voices
from reports.suppression import folded
from reports.vocabulary import ContextOfUse, LifecycleStage, ReporterRelation, Resolution

INHERITED = 3  # issues of its ancestors that are listed; the others are counted
KEPT = timedelta(days=1)  # how long stirs of pages that nobody reads stay
# What a page, or one of its further pages, tells of each issue.
TOLD_OF_EACH = (
    *("pk", "status", "resolution", "resolved_at", "statement", "stated_at", "tries", "failures"),
    *("notified_at", "acknowledged_at", "answered_at", "introduced_in__name", "last_affected__name", "fixed_in__name"),
    *("issue__number", "issue__public_title", "issue__public_summary", "issue__kind", "issue__severity"),
    *("issue__severity_by_person", "issue__context_of_use", "issue__lifecycle_stage", "issue__in_stated_use"),
    *("issue__is_disputed", "issue__voice_count", "issue__report_count", "issue__confirmed_at"),
    *("issue__published_at", "issue__first_reported_at", "issue__last_reported_at"),
)
MET = {"context_of_use": ContextOfUse, "language": None, "relation": ReporterRelation}


@dataclass(frozen=True, slots=True)
class Abridged:
    """``told`` in plain values as JSON knows them; ``stamp`` a digest of that and of what is listed."""

    told: Mapping[str, Any]
    stamp: str
    modified_at: datetime | None


class RowHash(Func):
    """A number that follows from several columns."""

    template = "hash_record_extended(ROW(%(expressions)s), 0)"
    output_field = BigIntegerField()


def abstract_of(artifact: Artifact, actor: Actor) -> Abridged:
    """For those who see what everybody sees, as it is kept, in one query; for the others counted for them."""
    if allows(actor, Act.SEE_UNPUBLISHED) or actor.speaks_for:
        return _counted(artifact, actor)
    kept = Abstract.objects.current().filter(artifact=artifact, day=_today()).first()
    return Abridged(kept.told, kept.stamp, kept.modified_at) if kept else _kept(artifact)


def heads_of(told: Mapping[str, Any], state: str) -> list[int] | None:
    """The ids of the rows on the first page of a state, in their order; None if they are not known."""
    if state not in GROUPS_OF:
        return None
    return [pk for group in GROUPS_OF[state] for pk in told["heads"][group]][:PAGE]


def forget_unread() -> None:
    """Forget pages that nobody has read for a day since something stirred; they are made anew for the next reader."""
    old = Stir.objects.filter(at__lt=timezone.now() - KEPT)
    with transaction.atomic():
        Abstract.objects.filter(artifact__in=old.values("artifact")).delete()
        old.delete()


def _today() -> Any:
    return timezone.now().astimezone(UTC).date()


def _kept(artifact: Artifact) -> Abridged:
    """Made, and kept unless another reader was faster: theirs may know of more than was seen here."""
    serial = Abstract.objects.filter(artifact=artifact).values_list("serial", flat=True).first()
    seen = list(Stir.objects.filter(artifact=artifact).values_list("pk", flat=True))  # before anything is counted
    day = _today()
    made = _counted(artifact, ANONYMOUS)
    values = {**asdict(made), "day": day}
    with transaction.atomic():
        if serial is None:
            Abstract.objects.bulk_create([Abstract(artifact=artifact, **values)], ignore_conflicts=True)
            is_kept = Abstract.objects.filter(artifact=artifact, serial=0, stamp=made.stamp).exists()
        else:
            mine = Abstract.objects.filter(artifact=artifact, serial=serial)
            is_kept = bool(mine.update(**values, serial=F("serial") + 1))
        if is_kept:
            Stir.objects.filter(pk__in=seen).delete()
    return made


def _counted(artifact: Artifact, actor: Actor) -> Abridged:
    now = timezone.now()
    rows = on_record(actor).filter(artifact=artifact)
    seen = _aggregated(rows)
    lines, modified_at = seen.pop("lines"), seen.pop("modified")
    layers = placements_in(rows.values("issue")).aggregate(sum=Sum(RowHash("issue", "report__found_by")))["sum"]
    told = {
        "tally": seen,
        "promptness": asdict(of_artifact(artifact, actor, now=now)),
        "weeks": _weeks(artifact, actor, now),
        "releases": _releases(artifact, actor),
        "lineage": _lineage(artifact, actor),
        "inherited": _inherited(artifact, actor),
        "other_names": list(artifact.aliases.order_by("name").values_list("name", flat=True)),
        "met": _met(artifact, actor),
        "heads": _heads(artifact, actor),
    }
    digest = hashlib.sha256(json.dumps([told, str(lines), str(layers)], sort_keys=True).encode())
    return Abridged(told, digest.hexdigest(), modified_at)


def _aggregated(rows: Any) -> dict[str, Any]:
    """Over all issues on record: how many stand how, what the card has to do with them, and a sum of all that is
    told of each, which no order changes."""
    counts = {name: Count("pk", filter=which) for name, which in STATES.items()} | {ALL: Count("pk")}
    return dict(
        exchanges(rows)
        .annotate(
            told_hash=RowHash(*TOLD_OF_EACH),
            told_at=Greatest("issue__confirmed_at", "issue__published_at", "resolved_at", "stated_at"),
        )
        .aggregate(
            **counts,
            fixed=Count("pk", filter=Q(resolution=Resolution.FIXED)),
            documented=Count("pk", filter=Q(resolution=Resolution.DOCUMENTED)),
            inside=Count("pk", filter=Q(issue__in_stated_use=True)),
            outside=Count("pk", filter=Q(issue__in_stated_use=False)),
            of_data=Count("pk", filter=Q(issue__lifecycle_stage=LifecycleStage.DATA)),
            lines=Sum("told_hash"),
            modified=Max("told_at"),
        )
    )


def _heads(artifact: Artifact, actor: Actor) -> dict[str, list[int]]:
    """The first rows of each group."""
    found: dict[str, list[int]] = {name: [] for name in GROUPS}
    names = list(GROUPS)
    rows: Any = rows_of(artifact, actor)  # with their place, which the type does not know
    for place, pk in rows.values_list("place", "pk"):
        if len(found[names[place]]) < PAGE:
            found[names[place]].append(pk)
    return found


def _weeks(artifact: Artifact, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Voices of each week, and how many issues were published in it."""
    weeks = weekly_voices(artifact, actor, until=now.astimezone(UTC).date())
    if not weeks:
        return []
    rows = on_record(actor).filter(artifact=artifact, issue__published_at__date__gte=weeks[0].start).order_by()
    by_week = rows.values(week=TruncWeek("issue__published_at", tzinfo=UTC)).annotate(n=Count("pk"))
    published = {row["week"].date(): row["n"] for row in by_week}
    return [
        {"start": week.start.isoformat(), "count": week.count, "published": published.get(week.start, 0)}
        for week in weeks
    ]


def _releases(artifact: Artifact, actor: Actor) -> list[dict[str, Any]]:
    """The newest first."""
    versions: list[Any] = list(versions_of(artifact, actor))  # with their fixes, which the type does not know
    newest = next((version.pk for version in versions if not version.is_alias and version.position is not None), None)
    return [
        {
            "name": version.name,
            "on": version.released_on and version.released_on.isoformat(),
            "fixed": version.fixes,
            "is_newest": version.pk == newest,
            "is_alias": version.is_alias,
        }
        for version in versions
    ]


def _lineage(artifact: Artifact, actor: Actor) -> dict[str, list[dict[str, str]]]:
    parents, children = lineage_of(artifact, actor)
    return {
        "parents": [{**_named(step.parent), "relation": step.relation} for step in parents],
        "children": [{**_named(step.child), "relation": step.relation} for step in children],
    }


def _named(artifact: Artifact) -> dict[str, str]:
    return {
        "kind": artifact.kind,
        "name": str(artifact),
        "title": artifact.title,
        "href": artifact.get_absolute_url(),
    }


def _inherited(artifact: Artifact, actor: Actor) -> dict[str, Any]:
    """Issues known in what it was made from: how many, and the first of them, each of its nearest ancestor."""
    ancestors = ancestors_of(artifact, actor)
    if not ancestors:
        return {"count": 0, "first": []}
    rows = inherited_by(artifact, ancestors, actor)
    first = [
        {
            "number": row.issue.number,
            "title": row.issue.public_title,
            "href": row.issue.get_absolute_url(),
            "kind": row.issue.kind,
            "severity": row.issue.severity,
            "resolution": row.resolution,
            "version": str(row.fixed_in or ""),
            "voice_count": row.issue.voice_count,
            "of": _named(row.artifact),
        }
        for row in rows[:INHERITED]
    ]
    return {"count": rows.count(), "first": first}


def _met(artifact: Artifact, actor: Actor) -> dict[str, Any]:
    """Voices by context of use, language and relation, without what is so little that it tells who it was.

    A voice is counted once, as its first report has it: so the cells of a table add up to its total.
    """
    issues = on_record(actor).filter(artifact=artifact).values("issue")
    placed = placements_in(issues).values("report")
    first = Report.objects.filter(told_of(), artifact=artifact, pk__in=placed).order_by(
        "voice_key", "reported_at", "pk"
    )
    voices = Report.objects.filter(pk__in=first.distinct("voice_key").values("pk")).order_by()
    counted = voices.values_list(*MET).annotate(n=Count("pk"))
    return met_in([(row[:-1], row[-1]) for row in counted])


def met_in(counted: list[tuple[tuple[str, ...], int]]) -> dict[str, Any]:
    """A table for each of ``MET`` over ``(values, voices)``. A closed list has all its cells, those with 0 as well:
    that one came to be would tell of its first voice."""
    tables: dict[str, Any] = {}
    for at, (name, choices) in enumerate(MET.items()):
        cells = Counter(dict.fromkeys((*choices.values, ""), 0) if choices else {})
        for values, voices in counted:
            cells[values[at]] += voices
        tables[name] = asdict(folded(dict(sorted(cells.items(), key=lambda cell: (-cell[1], cell[0])))))
    return tables
