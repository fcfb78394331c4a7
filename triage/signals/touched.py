"""What a report touches, looked at as soon as it is grouped: designated harms, and bursts of its issues.

Themes are looked at every hour, tables and releases at night: each of them is told of the whole site, which is dear.
"""

from collections.abc import Collection
from datetime import date

from reports.models import Placement
from triage.signals import bursts, gravity
from triage.signals.finding import Finding
from triage.signals.habits import in_force
from triage.signals.rows import keep
from triage.signals.series import NO_NEWS, read, read_with_rest, today
from triage.surveillance.baseline import SERIES_DAYS


def look(report_ids: Collection[int], on: date | None = None) -> int:
    """Look at what these reports stand in, on the evening of a day. Returns how many signals opened or rose.

    What is missed, since nobody rang for it, the nightly pass sees.
    """
    day = on or today()
    placed = Placement.objects.active().filter(report__in=report_ids).exclude(report__channel__in=NO_NEWS)
    issues = set(placed.values_list("issue", flat=True))
    return keep([*gravity.findings(issues), *_bursts(issues, day)], day) if issues else 0


def look_at_themes(on: date | None = None) -> int:
    """The same of all themes, once an hour."""
    day = on or today()
    night, series = in_force(day), read("theme", day, SERIES_DAYS)
    past = bursts.past_alarms("theme", day)
    return keep(bursts.findings("theme", series, night.habits["theme"], night.bars, past=past, released={}), day)


def _bursts(issues: Collection[int], day: date) -> list[Finding]:
    """Of some issues, beside all else that is told about the same artifacts."""
    night = in_force(day)
    return bursts.findings(
        "issue",
        read_with_rest(issues, day, SERIES_DAYS),
        night.habits["issue"],
        night.bars,
        past=bursts.past_alarms("issue", day, issues),
        released=bursts.lately_released(day),
        only=issues,
    )
