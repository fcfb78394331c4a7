"""What early warning would have said, evening by evening, without looking ahead.

Of the history of this site, or of a stream of labelled rows, which runs in a scratch database as in ``replay``.
"""

from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.test import override_settings
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from reports.filing import file_report
from reports.vocabulary import Channel, SourceType
from triage import index, matching, themes
from triage.bell import bell
from triage.management.commands.replay import KEY, LINK_EVERY, SEAL_EVERY, answers_of, rows_of, scratch_database
from triage.signals import backtest
from triage.signals.backtest import Evenings, Said, Surge
from triage.signals.series import first_day, today

FIRST = date(2020, 1, 1)  # the first day of a stream that is given a pace


class Command(BaseCommand):
    help = "Go through history day by day and print what early warning would have said, how late, and what it missed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="begin", type=day, metavar="DAY", help="the first evening; else the oldest")
        parser.add_argument("--to", dest="end", type=day, metavar="DAY", help="the last evening; else today")
        parser.add_argument("--stream", type=Path, metavar="FILE.jsonl", help="rows {id, created, title, body, group}")
        parser.add_argument("--pace", type=int, help="rows a day of a stream whose own times tell nothing")

    def handle(
        self, *, begin: date | None, end: date | None, stream: Path | None, pace: int | None, **_options: Any
    ) -> None:
        if stream is None:
            self.history(begin, end)
            return
        if not stream.is_file():
            raise CommandError(f"There is no file {stream}.")
        if pace is not None and pace < 1:
            raise CommandError("A pace is one row a day at least.")
        with override_settings(TERM_KEY=KEY, EMBEDDER=""), bell.muted(), scratch_database():
            self.stream(dated(stream, pace, begin, end), stream.stem)

    def history(self, begin: date | None, end: date | None) -> None:
        end = end or today()
        begin = begin or first_day(end) or end
        if begin > end:
            raise CommandError("--from is after --to.")
        said = backtest.backtest(begin, end)
        self.tell_rates(said, ((end - begin).days + 1) / 7)
        for tier in ("alarm", "watch"):
            right, judged = backtest.verdicts([each for each in said if each.tier == tier])
            share = f", right {right} ({right / judged:.0%})" if judged else ""
            self.stdout.write(f"{tier}, judged by people since: {judged}{share}")
        self.tell_surges(backtest.surges(begin, end, said))

    def tell_rates(self, said: Collection[Said], weeks: float) -> None:
        """By detector and tier, how many and how many a week."""
        many = Counter((each.finding.detector, each.tier) for each in said)
        self.stdout.write(f"{weeks:.1f} weeks")
        for tier in ("alarm", "watch"):
            total = sum(count for (_, its), count in many.items() if its == tier)
            parts = ", ".join(f"{name} {count}" for (name, its), count in sorted(many.items()) if its == tier)
            self.stdout.write(f"{tier}: {total}, {total / weeks:.2f} a week" + (f" ({parts})" if parts else ""))

    def tell_surges(self, surges: Collection[Surge]) -> None:
        """What was missed, and how late the rest was."""
        for surge in surges:
            line = f"issue {surge.issue}, {surge.reports} reports from {surge.since} to {surge.until}: "
            if surge.said is None:
                self.stdout.write(line + "missed")
            else:
                late = (surge.said.on - surge.since).days
                self.stdout.write(
                    f"{line}{surge.said.finding.detector}, {surge.said.tier}, on {surge.said.on}, "
                    f"after {late} days and {surge.heard} reports"
                )
        found = [surge for surge in surges if surge.said is not None]
        self.stdout.write(
            f"surges of {backtest.SURGE_VOICES} voices in {backtest.SURGE_DAYS} days: {len(surges)}, "
            f"missed {len(surges) - len(found)}; reports by the first signal, median "
            f"{backtest.middle([surge.heard for surge in found]):g}"
        )

    def stream(self, rows: Iterator[tuple[date, list[dict[str, Any]]]], name: str) -> None:
        """File a day's rows, group them and place them in themes, and look at the themes in the evening."""
        labels: dict[int, str] = {}
        days: dict[str, list[date]] = defaultdict(list)
        walk, spoken, filing = Evenings(("theme",), then=False), [], Filing(name)
        evenings = 0
        for on, told in rows:
            for row in told:
                labels[filing.take(row, on)] = row.get("group") or row["id"]
                days[row.get("group") or row["id"]].append(on)
            filing.link()
            spoken += [(said, backtest.label_of(said, labels)) for said in walk.evening(on)]
            evenings += 1
        if not labels:
            raise CommandError("There are no rows in that span.")
        self.tell_rates([said for said, _ in spoken], evenings / 7)
        self.tell_events(days, spoken)

    def tell_events(self, days: dict[str, list[date]], spoken: list[tuple[Said, str | None]]) -> None:
        for tier, which in (("alarm", {"alarm"}), ("alarm or watch", {"alarm", "watch"})):
            some = [(said, label) for said, label in spoken if said.tier in which]
            events = backtest.events(days, some)
            found = [event for event in events if event.said is not None]
            right = sum(label is not None for _, label in some)
            self.stdout.write(
                f"{tier}: {len(some)} signals, of one event {right} ({right / max(len(some), 1):.0%}); events of "
                f"{backtest.LEAST_EVENT} reports found {len(found)} of {len(events)}; of their reports still to come, "
                f"median {backtest.middle([event.to_come for event in found]):.0%}; days before the peak, "
                f"median {backtest.middle([event.lead for event in found]):g}"
            )


class Filing:
    """Rows through intake, grouping and themes, with a merge pass now and then, as every night."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        self.linked_at = datetime.min.replace(tzinfo=UTC)

    def take(self, row: dict[str, Any], on: date) -> int:
        """The report that a row became."""
        moment = datetime.combine(on, time(12), tzinfo=UTC)
        answers = {**answers_of(row, self.name), "reported_at": moment.isoformat()}
        report = file_report(answers, channel=Channel.REPLAY, source_type=SourceType.FORM).report
        matching.match_report(report.pk)
        themes.place_waiting(most=LINK_EVERY)
        self.count += 1
        if not self.count % SEAL_EVERY:
            index.maintain()
        return report.pk

    def link(self) -> None:
        since, self.linked_at = self.linked_at, timezone.now()
        changed = themes.changed_themes(since=since)
        for at in range(0, len(changed), LINK_EVERY):
            themes.link(changed[at : at + LINK_EVERY])


def dated(
    stream: Path, pace: int | None, begin: date | None, end: date | None
) -> Iterator[tuple[date, list[dict[str, Any]]]]:
    """The rows of a stream by day, every day from the first to the last, in the order of their times."""
    told: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for at, row in enumerate(rows_of(stream)):
        told[FIRST + timedelta(days=at // pace) if pace else created(row)].append(row)
    kept = [on for on in told if (begin is None or begin <= on) and (end is None or on <= end)]
    if kept:
        for on in range(min(kept).toordinal(), max(kept).toordinal() + 1):
            yield date.fromordinal(on), told.get(date.fromordinal(on), [])


def created(row: dict[str, Any]) -> date:
    """The day of a row. Raises CommandError if it says none."""
    moment = parse_datetime(str(row.get("created") or ""))
    if moment is None:
        raise CommandError(f"Row {row['id']} has no time in created; give --pace.")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()


def day(words: str) -> date:
    """A day as 2026-11-22. Raises ValueError, which argparse tells."""
    found = parse_date(words)
    if found is None:
        raise ValueError(words)
    return found
