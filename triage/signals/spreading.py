"""D3 of themes: a failure that turns up in a further family, or in what descends from where it was before."""

from collections import defaultdict
from datetime import date, timedelta

from reports.models import Lineage, Signal
from reports.models.artifact import UNKNOWN
from triage.signals.finding import Finding
from triage.signals.series import midnight, rows
from triage.surveillance.emergence import Appearance, Spread, spreads

METHOD = "spread-1"
APPEARED = """
SELECT t.theme_id, a.id, coalesce(a.family_id, a.id), min({day}), count(DISTINCT r.voice_key), count(DISTINCT r.id)
{standing} AND NOT (a.org = '' AND a.name = %(unknown)s)
GROUP BY 1, 2, 3
"""


def findings(last: date) -> list[Finding]:
    """What turned up somewhere else within a fortnight."""
    parents: dict[int, list[int]] = defaultdict(list)
    for child, parent in Lineage.objects.values_list("child", "parent"):
        parents[child].append(parent)
    end = midnight(last + timedelta(days=1))
    told = rows(APPEARED, "theme", False, end=end, unknown=UNKNOWN)
    reports = {(theme, artifact): count for theme, artifact, *_rest, count in told}
    found = spreads((Appearance(*row[:-1]) for row in told), parents, last)
    return [_finding(spread, reports[spread.theme, spread.artifact]) for spread in found]


def _finding(spread: Spread, reports: int) -> Finding:
    return Finding(
        detector=Signal.Detector.SPREAD,
        subject=f"theme:{spread.theme}:artifact:{spread.artifact}",
        method=METHOD,
        tier=spread.tier,
        observed=spread.observed,
        expected=0,
        since=spread.since,
        theme=spread.theme,
        artifact=spread.artifact,
        cell={"path": spread.path, "origin": spread.origin},
        statistics={"path": spread.path, "origin": spread.origin, "reports": reports},
    )
