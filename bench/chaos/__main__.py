"""Runs the trials and prints what was acknowledged, stored and grouped. Exits 1 if anything was lost, doubled or late.

Each trial files 20 reports a second for CHAOS_SECONDS (300 unless set; those marked short take a third of it) at a site
of its own, deals out its faults at random all that time, and then compares receipts with rows and effects.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.chaos import brokers, clocks, disks, doubling
from bench.chaos.dealing import Fault, Missing, Trial, killing
from bench.chaos.effects import Outcome, show
from bench.table import machine

SECONDS = int(os.environ.get("CHAOS_SECONDS") or 300)
SHORT = 3  # of the whole


@dataclass(frozen=True)
class Plan:
    """What a trial is about, and how its site is made: faults to deal, things that last as long as the site."""

    about: str
    made: Callable[[Trial], list[Fault]]
    is_short: bool = False


def embedded(trial: Trial) -> list[Fault]:
    trial.when_started(doubling.twice_and_shuffled)
    return [*killing(), brokers.database_hangs]


def redis(trial: Trial) -> list[Fault]:
    broker = trial.stack.enter_context(brokers.redis())
    trial.site.extra["BROKER_URL"] = broker.url
    return [*killing(), broker.is_killed, broker.hangs, doubling.redis(broker)]


def rabbitmq(trial: Trial) -> list[Fault]:
    broker = trial.stack.enter_context(brokers.rabbitmq())
    trial.site.extra["BROKER_URL"] = broker.url
    return [*killing(), broker.hangs]


def full(trial: Trial) -> list[Fault]:
    return [*killing("web", "worker"), *disks.small(trial)]


def clock(trial: Trial) -> list[Fault]:
    return [*killing("web", "worker"), clocks.jumping(trial)]


PLANS = {
    "embedded": Plan(
        "web, worker, beat, PostgreSQL killed; PostgreSQL hanging; every message twice, shuffled", embedded
    ),
    "redis": Plan("all of them killed; Redis killed with all it held, and hanging; what waits twice, shuffled", redis),
    "full": Plan("disk full for files, and for the database", full, is_short=True),
    "clock": Plan("clocks of all but the database ten minutes ahead and behind", clock, is_short=True),
    "rabbitmq": Plan("a smoke run on RabbitMQ, killed around it, and hanging", rabbitmq, is_short=True),
}


def tried(name: str, plan: Plan) -> Outcome:
    seconds = SECONDS // SHORT if plan.is_short else SECONDS
    print(f"{name}: {plan.about}, for {seconds} s", flush=True)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="telltale-chaos-", ignore_cleanup_errors=True))
        trial = Trial(name, Path(folder), stack, seconds)
        return trial.run(plan.made(trial))


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what stops the sites
    wanted = sys.argv[1:] or list(PLANS)
    if unknown := set(wanted) - set(PLANS):
        sys.exit(f"There is no trial {', '.join(sorted(unknown))}. Trials: {', '.join(PLANS)}.")
    print(machine(), flush=True)
    outcomes = []
    for name in wanted:
        try:
            outcomes.append(tried(name, PLANS[name]))
        except Missing as missing:
            print(f"  left out: {missing}", flush=True)
    show(outcomes)
    if failed := [outcome.name for outcome in outcomes if not outcome.is_kept]:
        sys.exit(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
