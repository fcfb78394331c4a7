"""What follows when artifacts go to another family: their issues, the index, and what the engine thought of them.

An issue stays whole. It stays in its family while any of its reports is about an artifact of that family, and goes
along when none is. What the engine only supposed across families is taken away: grouping never crosses them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext as _

from reports.models import Artifact, Issue, Report
from reports.models.artifact import UNKNOWN
from triage import embeddings, index
from triage.locks import lock_family
from triage.models import Proposal, Suggestion
from triage.trail import Trail

MOST_REPORTS = 5_000  # moved by one request: some seconds
UNANSWERED = {"taken_at": None, "refused_at": None}

# Of issues of these families: which artifacts their reports are about; of one without reports, which it names. What
# was merged away goes by the issue it has become part of.
NAMED = """
WITH RECURSIVE led (id, family_id, home) AS (
    SELECT id, family_id, id FROM reports_issue WHERE family_id = ANY(%(families)s)
    UNION ALL
    SELECT l.id, l.family_id, i.merged_into_id
    FROM led l JOIN reports_issue i ON i.id = l.home WHERE i.merged_into_id IS NOT NULL
), whole AS (
    SELECT l.id, l.family_id, l.home FROM led l JOIN reports_issue i ON i.id = l.home AND i.merged_into_id IS NULL
), named AS (
    SELECT w.id, w.family_id, r.artifact_id
    FROM whole w JOIN reports_placement p ON p.issue_id = w.home AND p.superseded_at IS NULL
    JOIN reports_report r ON r.id = p.report_id
    UNION ALL
    SELECT w.id, w.family_id, a.artifact_id FROM whole w JOIN reports_affected a ON a.issue_id = w.home
    WHERE NOT EXISTS (SELECT FROM reports_placement p WHERE p.issue_id = w.home AND p.superseded_at IS NULL)
)
SELECT id, family_id, array_agg(DISTINCT artifact_id) FROM named
GROUP BY id, family_id HAVING bool_or(artifact_id = ANY(%(artifacts)s))
"""


@dataclass(frozen=True, slots=True)
class Shift:
    """Who goes to another family. ``artifacts`` and ``issues`` map ids to the family they would belong to.

    ``staying`` counts issues with reports on artifacts that go, which stay for the sake of others.
    """

    artifacts: Mapping[int, int] = field(default_factory=dict)
    issues: Mapping[int, int] = field(default_factory=dict)
    staying: int = 0
    report_count: int = 0


def lock_families(family_ids: Iterable[int]) -> None:
    for family_id in sorted(set(family_ids)):
        lock_family(family_id)


def shift_of(artifacts: Mapping[int, int]) -> Shift:
    """What would follow if these artifacts went to these families. Writes nothing."""
    if not artifacts:
        return Shift()
    stood = dict(Artifact.objects.filter(pk__in=artifacts).values_list("pk", "family_id"))
    issues, staying = _issues_following(artifacts, {family for family in stood.values() if family})
    return Shift(artifacts, issues, staying, Report.objects.filter(artifact__in=artifacts).count())


def within_bounds(report_count: int) -> None:
    """Raise ValidationError if so many reports cannot be moved by one request."""
    if report_count > MOST_REPORTS:
        raise ValidationError(
            _("That would move %(count)d reports. At most %(most)d can be moved at one time.")
            % {"count": report_count, "most": MOST_REPORTS},
            code="too_many",
        )


def carry_out(shift: Shift, *, trail: Trail) -> None:
    """Make it so. Call it with the families locked, in one transaction with what it follows from."""
    for family_id, artifact_ids in _by_family(shift.artifacts):
        trail.change_all(list(Artifact.objects.filter(pk__in=artifact_ids)), family_id=family_id)
    for family_id, issue_ids in _by_family(shift.issues):
        trail.change_all(list(Issue.objects.filter(pk__in=issue_ids).order_by("pk")), family_id=family_id)
    reindex(shift.artifacts)
    forget_crossing(shift, trail=trail)


def reindex(artifact_ids: Collection[int]) -> None:
    """The index and the vectors list the reports of these artifacts in the families where those now are."""
    placed = dict(Artifact.objects.filter(pk__in=artifact_ids).values_list("pk", "family_id"))
    for family_id, of_family in _by_family({pk: family or pk for pk, family in placed.items()}):
        of_them = Report.objects.filter(artifact__in=of_family).values_list("pk", flat=True)
        report_ids = list(of_them.order_by("pk"))
        if report_ids:
            index.move(report_ids, family_id)
            embeddings.move(report_ids, family_id)


def follow_since(left: Collection[int], *, known: Collection[int], trail: Trail) -> None:
    """After an undo: issues opened since in the families ``left`` go with their reports. ``known`` were put back."""
    opened = Issue.objects.filter(family__in=left).exclude(pk__in=known)
    named = Report.objects.filter(placements__issue__in=opened, placements__superseded_at=None)
    artifacts = dict(
        Artifact.objects.filter(pk__in=named.values("artifact")).exclude(family__in=left).values_list("pk", "family_id")
    )
    going, _staying = _issues_following({pk: family or pk for pk, family in artifacts.items()}, left)
    for family_id, issue_ids in _by_family({pk: family for pk, family in going.items() if pk not in known}):
        trail.change_all(list(Issue.objects.filter(pk__in=issue_ids).order_by("pk")), family_id=family_id)


def forget_crossing(shift: Shift, *, trail: Trail) -> None:
    """Take away what the engine supposed of reports and issues that now lie in different families."""
    supposed = Suggestion.objects.filter(
        Q(report__artifact__in=shift.artifacts) | Q(issue__in=shift.issues), **UNANSWERED
    ).exclude(Q(issue__family=F("report__artifact__family")) | _unknown("report__artifact__"))
    trail.remove_all(list(supposed.order_by("pk")))
    proposed = Proposal.objects.filter(
        Q(issue__in=shift.issues) | Q(other__in=shift.issues), kind=Proposal.Kind.MERGE, **UNANSWERED
    ).exclude(issue__family=F("other__family"))
    trail.remove_all(list(proposed.order_by("pk")))


def _issues_following(artifacts: Mapping[int, int], families: Collection[int]) -> tuple[dict[int, int], int]:
    """Each issue that goes with its new family, and how many stay for the sake of other reports."""
    with connection.cursor() as cursor:
        cursor.execute(NAMED, {"families": sorted(families), "artifacts": sorted(artifacts)})
        rows: list[tuple[int, int, list[int]]] = cursor.fetchall()
    named = Artifact.objects.filter(pk__in={pk for _, _, pks in rows for pk in pks}).exclude(_unknown())
    now = {pk: artifacts.get(pk, family or pk) for pk, family in named.values_list("pk", "family_id")}
    going, staying = {}, 0
    for issue_id, family_id, pks in rows:
        wanted = {now[pk] for pk in pks if pk in now}
        if family_id in wanted:
            staying += 1
        elif wanted:
            going[issue_id] = min(wanted)  # of several, that of the artifact that was here first
    return going, staying


def _unknown(artifact: str = "") -> Q:
    return Q(**{f"{artifact}org": "", f"{artifact}name": UNKNOWN})


def _by_family(families: Mapping[int, int]) -> Sequence[tuple[int, list[int]]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for pk, family_id in sorted(families.items()):
        groups[family_id].append(pk)
    return sorted(groups.items())
