"""Replays the labelled streams of a folder and prints one table of how well they were grouped.

``python -m bench.quality FOLDER [--embedder SPEC] [--sets NAME …] [--twice] [--no-robustness] [--write]``
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.quality import goals, hardship, record, table, tellings
from bench.quality.figures import Figures, figures
from bench.quality.placing import renamed
from bench.quality.replaying import Failed, Workshop, workshop
from bench.quality.streams import Stream, streams_of
from bench.table import machine
from triage import measurements

SIDE_BY_SIDE = 2  # replays at a time
HARD_STREAM = "eclipse"  # what robustness is measured on if it is there, else on the first stream for finding
QUERIES = 300


def asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("folder", type=Path, help="labelled streams, *.jsonl")
    parser.add_argument("--embedder", default="", metavar="SPEC", help="as EMBEDDER of a site: onnx:PATH or http:URL")
    parser.add_argument("--sets", nargs="*", default=[], metavar="NAME", help="only these, without .jsonl")
    parser.add_argument("--twice", action="store_true", help="replay everything twice and compare what came out")
    parser.add_argument(
        "--robustness",
        action=argparse.BooleanOptionalAction,
        help="also what spoiled texts and other languages cost; unless --sets narrows it down, it is measured",
    )
    parser.add_argument("--queries", type=int, default=QUERIES, help="of robustness")
    parser.add_argument("--write", action="store_true", help="into the file of the quality page")
    told = parser.parse_args(words)
    told.robustness = not told.sets if told.robustness is None else told.robustness
    told.folder = told.folder.resolve()  # children work elsewhere
    return told


def say(sentence: str) -> None:
    print(sentence, flush=True)


def measured(shop: Workshop, stream: Stream, *, twice: bool) -> Figures:
    first = shop.replay(stream)
    told = figures(stream, first) | {"method": first.method}
    if twice:
        second = shop.replay(stream, run=1)
        same = renamed(first.events) == renamed(second.events) and first.ranked == second.ranked
        told["identical"] = same
    return told


def hardened(shop: Workshop, path: Path, queries: int) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(shop.run("-m", "bench.quality.site", str(path), str(queries)))
    return {"name": path.name.removesuffix(".jsonl"), **told}


@contextmanager
def at_work(shop: Workshop) -> Iterator[ThreadPoolExecutor]:
    """Threads that wait for children; whatever ends us ends the children first, or the threads would wait on."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            shop.close()
            raise


def all_told(jobs: dict[Future[Any], str], began: float) -> Iterator[tuple[str, Any]]:
    """The results as they come, with a line of progress each. What failed is told and left out."""
    for done, job in enumerate(as_completed(jobs), start=1):
        clock = f"[{done}/{len(jobs)}, {time.monotonic() - began:.0f} s]"
        try:
            result = job.result()
        except (Failed, ValueError) as failure:
            say(f"{clock} {jobs[job]}: FAILED: {failure}")
        else:
            say(f"{clock} {jobs[job]}")
            yield jobs[job], result


def hard_path(folder: Path, streams: list[Stream]) -> Path:
    finders = [stream.name for stream in streams if stream.finds]
    name = HARD_STREAM if (folder / f"{HARD_STREAM}.jsonl").exists() else finders[0]
    return folder / f"{name}.jsonl"


def tell_robustness(told: dict[str, Any]) -> None:
    clean = told["recall_10"]["clean"]
    say(f"\nRobustness: R@10 of {told['queries']} queries of {told['name']}, only the query changed")
    for name, value in told["recall_10"].items():
        say(f"  {hardship.WORDS[name]:<45} {table.share(value):>6} {100 * (value - clean):+6.1f} points")
    copies = told["copies"]
    say(
        f"  {copies['filed']} copies with one word in ten mistyped: {copies['same_voice']} caught as one voice, "
        f"{copies['same_issue']} in the issue of theirs, {copies['issues']} issues in all"
    )
    say("  " + "; ".join(goals.robust(told)))


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what stops the children
    told = asked(sys.argv[1:])
    try:
        streams = streams_of(told.folder, names=told.sets) + (tellings.streams() if told.robustness else [])
    except ValueError as error:
        sys.exit(str(error))
    say(f"{machine()}\n{told.embedder or 'no embedder'}; {len(streams)} streams")
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="telltale-quality-") as folder,
        workshop(Path(folder), told.embedder) as shop,
        at_work(shop) as pool,
    ):
        jobs: dict[Future[Any], str] = {}
        if told.robustness:
            jobs[pool.submit(hardened, shop, hard_path(told.folder, streams), told.queries)] = "robustness"
        for stream in sorted(streams, key=lambda stream: -len(stream.rows)):
            jobs[pool.submit(measured, shop, stream, twice=told.twice)] = stream.name
        results = dict(all_told(jobs, began))
    hard = results.pop("robustness", None)
    method = " + ".join(sorted({result["method"] for result in results.values()} - {""}))
    say(f"\nmethod {method or 'not named by replay'}, {measurements.called(told.embedder) or 'no embedder'}")
    show([results[stream.name] for stream in streams if stream.name in results], with_embedder=bool(told.embedder))
    if hard:
        tell_robustness(hard)
    if told.write and not method:
        say("\nNot written: replay named no method.")
    elif told.write:
        record.write(
            measurements.FILE,
            method=method,
            embedder=measurements.called(told.embedder),
            measured_on=datetime.now(UTC).date().isoformat(),
            streams=list(results.values()),
            robustness=hard,
        )
        say(f"\nWritten to {measurements.FILE}.")
    say(f"\nMeasured in {time.monotonic() - began:.0f} s.")
    wrong = [name for name, result in results.items() if result.get("identical") is False]
    if wrong or len(results) + bool(hard) < len(jobs):
        sys.exit("Not everything was measured, or two runs differed.")


def show(results: list[Figures], *, with_embedder: bool) -> None:
    say("\n" + "\n".join(table.lines(results)))
    say(f"\n{table.LEGEND}")
    if sentences := list(goals.told({result["name"]: result for result in results}, with_embedder=with_embedder)):
        say("\nGoals\n" + "\n".join(f"  {sentence}" for sentence in sentences))


if __name__ == "__main__":
    main()
