"""Filing must not wait for a broker that is away: ``python -m bench.faults``. Exits 1 if it does.

Neither for one that refuses connections, nor for one that accepts them and never answers. What is lost or doubled while
everything is killed at random says bench.chaos.
"""

import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from bench.load import HOST, Job, run
from bench.stack import Stack, free_port, stack, wait_until
from bench.table import machine, percentile
from bench.writing import reports

RATE = 20.0  # a second
SEED = 11
FILINGS = 200  # at each broker
A_ROUND = 40
SLOWER_AT_MOST = 2.0  # times the p95 with a healthy broker


def broker_away() -> bool:
    """Whether filing takes about as long without a broker as with one. Turn by turn, because machines are restless."""
    with ExitStack() as open_sites:
        silent = open_sites.enter_context(silent_port())
        addresses = {
            "healthy": "",
            "refuses connections": f"redis://{HOST}:{free_port()}/0",
            "never answers": f"redis://{HOST}:{silent}/0",
        }
        sites = {name: open_sites.enter_context(stack(BROKER_URL=address)) for name, address in addresses.items()}
        took: dict[str, list[float]] = {name: [] for name in sites}
        for at in range(FILINGS // A_ROUND):
            for name, site in sites.items():
                took[name] += round_of(site, at)
                # What its worker has yet to do must not slow the next one down
                wait_until(lambda: sites["healthy"].ungrouped() == 0, "all grouped")
    allowed = SLOWER_AT_MOST * percentile(took["healthy"], 95)
    kept = True
    for name, times in took.items():
        p95 = percentile(times, 95)
        kept &= p95 < allowed
        print(
            f"broker {name}: {len(times)} filings, p50 {percentile(times, 50) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
            f" ({p95 / percentile(took['healthy'], 95):.2f} × healthy; allowed {SLOWER_AT_MOST:g})"
        )
    return kept


def round_of(site: Stack, at: int) -> list[float]:
    texts = [json.dumps(report, ensure_ascii=False) for report in reports(A_ROUND, seed=SEED + at)]
    answers = run(Job(site.port, texts, connections=4, rate=RATE))
    if refused := next((answer for answer in answers if answer.status != 201), None):
        raise RuntimeError(f"A report was answered {refused.status}: {refused.text}")
    return [answer.took_s for answer in answers]


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server((HOST, 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):  # closed at the end
                while True:
                    held.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            for connection in held:
                connection.close()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what stops the sites
    print(machine(), flush=True)
    if not broker_away():
        sys.exit("Failed: filing waits for a broker that is away.")


if __name__ == "__main__":
    main()
