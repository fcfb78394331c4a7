"""What a page showed of an artifact, as a digest, so that whoever decides on it is told of changes since."""

import hashlib
from collections.abc import Callable, Mapping

from django.db.models import Max, Q

from reports.models import Alias, Artifact, Lineage, Version
from triage.decisions import ChangedSince
from triage.models import Decision

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


def shown_of(section: str, *artifacts: Artifact) -> str:
    """Stands for what a page shows of a section. The acts take it as ``shown``, to tell of changes since."""
    newest = Decision.objects.filter(artifact__in=artifacts).aggregate(newest=Max("pk"))["newest"] or 0
    told = repr([(artifact.pk, TOLD[section](artifact)) for artifact in artifacts])
    return f"{newest}.{hashlib.sha256(told.encode()).hexdigest()[:24]}"


def still_as_shown(shown: str, section: str, *artifacts: Artifact) -> None:
    if not shown or shown_of(section, *artifacts).partition(".")[2] == shown.partition(".")[2]:
        return
    newest = shown.partition(".")[0]
    about = Decision.objects.filter(artifact__in=artifacts, pk__gt=int(newest) if newest.isdecimal() else 0)
    raise ChangedSince(about.select_related("decider", "artifact", "undoes").order_by("-pk")[:10])


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
