"""Opening signals and keeping them current. People judge them (``triage.judging``); nothing here changes a judgement.

One row of a key waits at a time. While it waits its numbers move, its tier only rises, and nobody hears of it again
unless it does. Once it is judged, a further one opens if the excess comes back: one that was refuted, or was known,
with twice the ratio that was judged; another after a week without, or with twice the ratio.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.policy import ENGINE
from ledger.record import record
from reports.models import Artifact, Issue, Signal
from reports.notices import tell
from triage.counting import recount
from triage.locks import SIGNALS, lock_issues
from triage.signals.finding import Finding
from triage.signals.series import behind
from triage.surveillance.baseline import SERIES_DAYS
from triage.surveillance.episodes import COOL_DOWN, ESCALATES

State, Tier, Detector = Signal.State, Signal.Tier, Signal.Detector
WAITING = (State.NEW, State.IN_REVIEW)
LAID_TO_REST = (State.REFUTED, State.KNOWN)  # they come back with twice the ratio only
ALARM, WARN = "alarm", "warn"  # the verbs: what watchers and maintainers hear of, and what the desk alone does


def keep(findings: Iterable[Finding], on: date) -> int:
    """Let the rows say what was found on an evening. Returns how many opened or rose. Twice changes nothing."""
    return sum(keep_one(finding, on) for finding in findings)


@transaction.atomic
def keep_one(finding: Finding, on: date) -> bool:
    """Whether a row opened, or rose to a higher tier. Takes its locks in the order of judging: issue, then key."""
    if finding.issue is not None:
        lock_issues([finding.issue])
    _lock_key(finding.key)
    rows = Signal.objects.filter(key=finding.key)
    waiting = rows.select_for_update().filter(state__in=WAITING).first()  # whoever judges it holds its row
    if waiting is not None:
        return _update(waiting, finding, on)
    judged = rows.order_by("-judged_at", "-pk").first()
    if judged is not None and not comes_back(judged, finding, on):
        if judged.last_seen_on is None or judged.last_seen_on < on:
            Signal.objects.filter(pk=judged.pk).update(last_seen_on=on)
        return False
    signal = Signal(key=finding.key, detector=finding.detector, tier=finding.tier, **_about(finding))
    _set(signal, finding, on, alarm_days=_days(finding, {}, on))
    signal.save(force_insert=True)
    _say(signal)
    return True


def comes_back(judged: Signal, finding: Finding, on: date) -> bool:
    """Whether an excess that people have judged is news again."""
    ratio = judged.ratio if judged.ratio_judged is None else judged.ratio_judged
    has_doubled = finding.ratio >= ESCALATES * ratio
    if has_doubled or judged.state in LAID_TO_REST:
        return has_doubled
    if finding.detector == Detector.SEVERITY:  # of which the same reports tell for ever
        return finding.ratio > ratio
    return judged.last_seen_on is None or (on - judged.last_seen_on).days > COOL_DOWN


def _update(signal: Signal, finding: Finding, on: date) -> bool:
    rises = finding.tier == "alarm" and signal.tier == Tier.WATCH
    days = _days(finding, signal.statistics, on)
    if signal.last_seen_on is not None and signal.last_seen_on > on:
        return False  # of an evening that is over
    before = (signal.observed, signal.expected, signal.tier, signal.since, signal.last_seen_on, signal.statistics)
    if rises:
        signal.tier = Tier.ALARM
    goes_on = signal.last_seen_on is not None and (on - signal.last_seen_on).days <= COOL_DOWN
    _set(signal, finding, on, alarm_days=days, since=min(signal.since, finding.since) if goes_on else finding.since)
    after = (signal.observed, signal.expected, signal.tier, signal.since, signal.last_seen_on, signal.statistics)
    if before == after:
        return False
    signal.revision += 1
    signal.save()
    if rises:
        _say(signal)
    return rises


def _set(signal: Signal, finding: Finding, on: date, *, alarm_days: list[str], since: date | None = None) -> None:
    signal.method, signal.observed, signal.expected = finding.method, finding.observed, finding.expected
    signal.cell, signal.since, signal.last_seen_on = dict(finding.cell), since or finding.since, on
    signal.statistics = dict(finding.statistics)
    if alarm_days:
        signal.statistics["alarm_days"] = alarm_days
    if "report_ids" not in signal.statistics and (finding.issue or finding.theme):
        signal.statistics["report_ids"] = _behind(finding, signal.since, on)


def _behind(finding: Finding, since: date, on: date) -> list[int]:
    return (
        behind("issue", finding.issue, since, on)
        if finding.issue is not None
        else behind("theme", finding.theme or 0, since, on, artifact=finding.artifact)
    )


def _days(finding: Finding, told: Mapping[str, Any], on: date) -> list[str]:
    """The alarm days that a row knows of and those of the finding, as far as a baseline reads."""
    oldest = (on - timedelta(days=SERIES_DAYS)).isoformat()
    days = {*told.get("alarm_days", ()), *(day.isoformat() for day in finding.alarm_days)}
    return sorted(day for day in days if day > oldest)


def _about(finding: Finding) -> dict[str, Any]:
    return {"issue_id": finding.issue, "artifact_id": finding.artifact, "theme": finding.theme}


def _say(signal: Signal) -> None:
    """The event of an opening or a rise, whoever is told of it, and the issue's place in the queue.

    A cell, a theme or a single grave report may rest on issues without a page: only the desk hears of those.
    """
    is_of_all = signal.tier == Tier.ALARM and signal.detector in (Detector.BURST, Detector.EMERGENCE)
    about = [Issue(pk=signal.issue_id)] if signal.issue_id else []
    of_artifact = [Artifact(pk=signal.artifact_id)] if signal.artifact_id and not about else []
    verb = ALARM if is_of_all and about else WARN
    told = {"detector": signal.detector, "tier": signal.tier, "observed": signal.observed, "expected": signal.expected}
    tell(record(verb, signal, *about, *of_artifact, actor=ENGINE.pseudonym, **told))
    if signal.issue_id:
        recount([signal.issue_id], days=[])


def _lock_key(key: str) -> None:
    """Until the transaction ends nobody else opens or updates a signal of that key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [SIGNALS, key])
