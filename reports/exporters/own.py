"""Our own format: the twins of ``reports.twins``, whose shape ``reports/schemas`` states."""

from typing import Any

from django.db.models import Prefetch

from accounts.policy import ANONYMOUS, Actor
from reports.models import Artifact, Issue, Lineage
from reports.models.artifact import ArtifactQuerySet
from reports.record import artifacts_with_pages, excerpts_of, versions_shown, with_tallies
from reports.twins import ArtifactTwin, IssueTwin, RecordTwin


def document(issue: Issue) -> Any:
    """With the words that people chose to publish of its reports."""
    return RecordTwin(issue, context={"excerpts": excerpts_of(issue, ANONYMOUS)}).data


def line(issue: Issue) -> Any:
    """One of many: without those words, which are asked for issue by issue."""
    return IssueTwin(issue).data


def head(artifact: Artifact) -> Any:
    """What the artifact is."""
    return ArtifactTwin(artifacts_for(ANONYMOUS).get(pk=artifact.pk)).data


def artifacts_for(actor: Actor) -> ArtifactQuerySet:
    """Artifacts with pages, with all that ``twins.ArtifactTwin`` tells of them."""
    pages = artifacts_with_pages(actor)
    parents = Lineage.objects.filter(parent__in=pages).select_related("parent")
    return with_tallies(pages, actor).prefetch_related(
        Prefetch("versions", queryset=versions_shown(actor), to_attr="shown_versions"),
        Prefetch("parents", queryset=parents, to_attr="shown_parents"),
    )
