"""Logs of the scanner garak, 0.10 to 0.17: one report per probe and detector that failed.

A log is read once and in bounded memory: of each pair of probe and detector only counts are kept, and on disk the
three worst conversations. Of a report log (``*.report.jsonl``) k and n come from garak's own ``eval`` rows, which know
the threshold of the run; one that stops before them is counted from its judged attempts, at garak's usual threshold.
A hit log (``*.hitlog.jsonl``) holds the failures alone, and does not say of how many.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from reports.importers.kinds import kind_of_probe
from reports.importers.lines import Row
from reports.importers.shapes import at, count, fitting, name, objects, text, texts, verbatim
from reports.importers.spool import Spool
from reports.importers.talks import SAMPLES, Turns, quotes
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import FoundBy, TurnRole

SOURCE = "garak"
JUDGED = 2  # an attempt's status; each is written at status 1 (answered) too
THRESHOLD = 0.5  # score from which an output counts as a failure, unless the run was told otherwise
PAIRS_MAX = 5_000  # of probe and detector; garak itself has a few hundred
ATTEMPTS_MAX = 200_000  # of one probe that are remembered, so that one written twice counts once
NAMED, GOAL = 200, 500  # characters of a name and a goal
ROLES = {"model": TurnRole.ASSISTANT, "bot": TurnRole.ASSISTANT, "function": TurnRole.TOOL}
NO_RUN = "no garak log: it holds neither a `start_run setup` row nor hits"
BROKEN_MAX = 100  # lines at its head that cannot be read: then it is no log
TOO_MANY = f"more than {PAIRS_MAX:,} pairs of probe and detector"
NO_TARGET = "the log names no target, or only an address: say which it was with --artifact ORG/NAME"
NO_ID = "the log does not say which run it is of, so it could not be told from another"


@dataclass(slots=True)
class Sample:
    """The worst output of one attempt: where the talk that led to it is kept."""

    score: float
    place: int


@dataclass(slots=True)
class Pair:
    """What one detector made of one probe."""

    line: int
    goal: str = ""
    evaluated: tuple[int, int] | None = None  # (failures, tries) by garak's own count
    scores: Counter[float] = field(default_factory=Counter)  # in hundredths, so that there can only be so many
    hits: int = 0  # failures, where a hit log tells them
    samples: list[Sample] = field(default_factory=list)

    def wants(self, score: float) -> bool:
        """Whether an output of that score would be one of the worst; of equal ones those count that came first."""
        return score > 0 and (len(self.samples) < SAMPLES or score > self.samples[-1].score)

    def keep(self, sample: Sample) -> None:
        self.samples = sorted([*self.samples, sample], key=lambda kept: -kept.score)[:SAMPLES]

    def counts(self) -> tuple[int, int]:
        """(failures, tries)."""
        if self.evaluated:
            return self.evaluated
        failures = sum(times for score, times in self.scores.items() if score >= THRESHOLD)
        return failures, self.scores.total()

    def failing_samples(self) -> list[Sample]:
        """The samples that surely failed, whatever the threshold was: k failures are the k highest scores."""
        failures, _ = self.counts()
        lowest, seen = 2.0, 0
        for score in sorted(self.scores, reverse=True):
            if seen >= failures:
                break
            lowest, seen = score, seen + self.scores[score]
        return [sample for sample in self.samples if sample.score >= lowest]


@dataclass(slots=True)
class Run:
    """One run of the scanner, gathered row by row."""

    line: int
    spool: Spool
    setup: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    version: str = ""
    started_at: str = ""
    pairs: dict[tuple[str, str], Pair] = field(default_factory=dict)
    is_hit_log: bool = False
    probe: str = ""
    attempts: set[str] = field(default_factory=set)  # of the probe at hand, which come together

    def begin(self, _line: int, row: dict[str, Any]) -> None:
        self.id = self.id or text(row.get("run"))
        self.version = self.version or text(row.get("garak_version"))
        self.started_at = self.started_at or text(row.get("start_time"))

    def evaluate(self, line: int, row: dict[str, Any]) -> None:
        """Take garak's own count, if the row holds one that adds up."""
        passed, tries = count(row.get("passed")), count(row.get("total_evaluated", row.get("total")))
        probe, detector = text(row.get("probe")), text(row.get("detector")).removeprefix("detector.")
        if probe and detector and passed is not None and tries is not None and passed <= tries:
            self.pair(line, probe, detector).evaluated = (tries - passed, tries)

    def attempt(self, line: int, row: dict[str, Any]) -> None:
        """Take the scores of an attempt, once and only when it has been judged."""
        probe, uuid = text(row.get("probe_classname")), text(row.get("uuid"))
        results = row.get("detector_results")
        if row.get("status") != JUDGED or not probe or not isinstance(results, dict):
            return
        if probe != self.probe:
            self.probe, self.attempts = probe, set()
        if uuid and uuid[:NAMED] in self.attempts:
            return
        if len(self.attempts) >= ATTEMPTS_MAX:
            self.attempts.clear()
        self.attempts.add(uuid[:NAMED])
        for detector, scores in results.items():
            if isinstance(scores, list) and text(detector):
                self.judge(self.pair(line, probe, text(detector)), row, scores)

    def judge(self, pair: Pair, row: dict[str, Any], scores: list[Any]) -> None:
        pair.goal = pair.goal or text(row.get("goal"))[:GOAL]
        judged = {index: score for index, value in enumerate(scores) if (score := score_of(value)) is not None}
        pair.scores.update(judged.values())
        index = max(judged, key=lambda at: judged[at], default=0)
        worst = judged.get(index, 0.0)
        if pair.wants(worst):
            pair.keep(Sample(worst, self.spool.keep(conversation(row, index))))

    def hit(self, line: int, row: dict[str, Any]) -> None:
        """Take a row of a hit log: one output that failed."""
        probe, detector = text(row.get("probe")), text(row.get("detector")).removeprefix("detector.")
        if not probe or not detector:
            return
        pair = self.pair(line, probe, detector)
        pair.goal = pair.goal or text(row.get("goal"))[:GOAL]
        pair.hits += 1
        score = score_of(row.get("score")) or 1.0
        if pair.wants(score):
            talk = conversation({"prompt": row.get("prompt"), "outputs": [row.get("output")]}, 0)
            pair.keep(Sample(score, self.spool.keep(talk)))

    def pair(self, line: int, probe: str, detector: str) -> Pair:
        probe, detector = probe[:NAMED], detector[:NAMED]
        if (probe, detector) not in self.pairs and len(self.pairs) >= PAIRS_MAX:
            raise TooManyPairs
        return self.pairs.setdefault((probe, detector), Pair(line))

    def talks(self, samples: list[Sample]) -> list[Turns]:
        return [self.spool.at(sample.place) for sample in samples]


class TooManyPairs(Exception):
    """No honest log holds so many."""


def reports(rows: Iterable[Row | Rejected], *, artifact: str = "") -> Iterator[Found]:
    """One report for each pair that failed. Logs of several runs may stand one after another in a file."""
    with Spool() as spool:
        try:
            yield from read(rows, artifact, spool)
        except TooManyPairs:
            yield Rejected(1, TOO_MANY)


def read(rows: Iterable[Row | Rejected], artifact: str, spool: Spool) -> Iterator[Found]:
    run: Run | None = None
    is_told = False
    for row in refused_as_a_whole(rows):
        if isinstance(row, Rejected):
            is_told = True
            yield row
            continue
        entry = kind_of_row(row.value)
        if entry not in TAKERS:
            continue
        if run is not None and begins_another(run, entry, row.value):
            yield from findings(run, artifact)
            run = None
        run = run or Run(row.line, spool)
        TAKERS[entry](run, row.line, row.value)
    if run is not None:
        yield from findings(run, artifact)
    elif not is_told:
        yield Rejected(1, NO_RUN)


def refused_as_a_whole(rows: Iterable[Row | Rejected]) -> Iterator[Row | Rejected]:
    """The rows, and before them that this is no log where none of the first, or none at all, can be read."""
    rest, broken = iter(rows), list[Rejected]()
    for row in rest:
        if isinstance(row, Row):
            yield from broken
            yield row
            yield from rest
            return
        broken.append(row)
        if len(broken) == BROKEN_MAX:
            break
    if broken:
        yield Rejected(1, NO_RUN)
    yield from broken
    yield from rest


def kind_of_row(row: dict[str, Any]) -> str:
    """The type that a row of a report log names; ``hit`` for one of a hit log, which names none."""
    return text(row.get("entry_type")) or ("hit" if "attempt_id" in row else "")


def begins_another(run: Run, entry: str, row: dict[str, Any]) -> bool:
    """Whether a row is the first of another run than the one at hand."""
    if entry == "hit":
        return (
            not run.is_hit_log or text(row.get("run_id")) != run.id or row.get("generator") != run.setup.get(GENERATOR)
        )
    return run.is_hit_log or (entry == "start_run setup" and bool(run.setup or run.pairs))


def take_hit(run: Run, line: int, row: dict[str, Any]) -> None:
    run.is_hit_log = True
    run.id = text(row.get("run_id"))
    run.setup = {GENERATOR: row.get("generator")}
    run.hit(line, row)


def take_setup(run: Run, line: int, row: dict[str, Any]) -> None:
    run.setup = {key: value for key, value in row.items() if key in SETUP or key.startswith("run.")}
    identity = {"run": "transient.run_id", "garak_version": "_config.version", "start_time": "transient.starttime_iso"}
    run.begin(line, {name: row.get(key) for name, key in identity.items()})


SETUP = ("plugins.target_name", "plugins.model_name")
GENERATOR = "generator"  # of a hit log: its type and, after a space, the target's name
TAKERS: dict[str, Callable[[Run, int, dict[str, Any]], None]] = {
    "start_run setup": take_setup,
    "init": Run.begin,
    "completion": Run.begin,
    "attempt": Run.attempt,
    "eval": Run.evaluate,
    "hit": take_hit,
}  # rows of other types are not needed


def target_of(setup: dict[str, Any]) -> str:
    """What was tested, as ``org/name`` or a bare name; "" if the log does not say or gives a network address."""
    generator = text(setup.get(GENERATOR)).partition(" ")[2]
    named = name(setup.get("plugins.target_name")) or name(setup.get("plugins.model_name")) or name(generator)
    # Routers put their own name before org and name, and a local model is named by its folder.
    return "" if "://" in named else "/".join([part for part in named.split("/") if part][-2:])


def findings(run: Run, artifact: str) -> Iterator[Found]:
    """What a run found, pair by pair; a run without a target or a name is refused whole."""
    target = artifact or target_of(run.setup)
    if not target or not run.id:
        yield Rejected(run.line, NO_TARGET if not target else NO_ID)
        return
    for (probe, detector), pair in run.pairs.items():
        failures, _ = pair.counts()
        yield finding(run, target, probe, detector, pair) if failures or pair.hits else Passed(pair.line)


def finding(run: Run, target: str, probe: str, detector: str, pair: Pair) -> Unit:
    failures, tries = pair.counts()
    talks = run.talks(pair.samples if pair.hits else pair.failing_samples())
    times = f"{failures} of {tries}" if tries else f"{pair.hits} times"
    answers = {
        "artifact": target,
        "summary": f"garak {probe}: {detector.rpartition('.')[2]} failed {times}",
        "what_happened": told(run, probe, detector, pair, talks),
        "kind": kind_of_probe(probe),
        "transcript": talks[0] if talks else [],
        "reproduction": {"tries": tries, "failures": failures} if tries else None,
        "found_by": FoundBy.EVALUATION,
        "language": text(run.setup.get("run.target_lang")),
        "settings": settings_of(run),
        "rule_id": f"garak/{probe}",
        "reported_at": run.started_at or None,
        "source": SOURCE,
        "source_key": f"{run.id}/{probe}/{detector}",
        "consent": True,
    }
    return Unit(pair.line, answers, author=run.id)


def told(run: Run, probe: str, detector: str, pair: Pair, talks: list[Turns]) -> str:
    """The finding in a few sentences, with the second and third failing output quoted."""
    goal = f" Its goal: {pair.goal}." if pair.goal else ""
    opening = f"The scanner {scanner(run)} ran the probe {probe}.{goal}"
    return "\n\n".join([f"{opening} {counted(detector, pair)}", *quotes(talks)])


def counted(detector: str, pair: Pair) -> str:
    if pair.hits:
        return f"Its detector {detector} marked {pair.hits} outputs as failures; this is told by the log of hits."
    failures, tries = pair.counts()
    how = "" if pair.evaluated else f" The log stops before garak's own count; this one is at a score of {THRESHOLD}."
    return f"Its detector {detector} judged {tries} outputs, and {failures} of them failed.{how}"


def scanner(run: Run) -> str:
    return f"garak {run.version}".strip()


def settings_of(run: Run) -> dict[str, Any]:
    """What the run was told, as far as it is plain values."""
    plain = {key.removeprefix("run."): value for key, value in run.setup.items() if key.startswith("run.")}
    plain.pop("target_lang", None)
    return fitting({"scanner": scanner(run), **plain})


def score_of(value: Any) -> float | None:
    """A score from 0 (passed) to 1, in hundredths and never raised; None for an output that the target did not give."""
    if not isinstance(value, int | float) or value != value:
        return None
    return math.floor(min(max(value, 0), 1) * 100) / 100


def conversation(row: dict[str, Any], index: int) -> Turns:
    """The whole talk that ended in output ``index``: from ``conversations``, ``messages``, or prompt and output."""
    talks = row.get("conversations") or row.get("messages")
    talk = talks[index] if isinstance(talks, list) and index < len(talks) else None
    found = turns(talk)
    if found:
        return found
    outputs = row.get("outputs")
    output = outputs[index] if isinstance(outputs, list) and index < len(outputs) else None
    prompt = row.get("prompt")
    opening = turns(prompt) or [{"role": TurnRole.USER.value, "content": words(prompt)}]
    return [*opening, {"role": TurnRole.ASSISTANT.value, "content": words(output)}]


def turns(talk: Any) -> Turns:
    """The turns of a talk: a list of them, or an object that holds one."""
    return [
        {"role": role_of(turn), "content": words(turn.get("content"))}
        for turn in objects(talk if isinstance(talk, list) else at(talk, "turns"))
    ]


def role_of(turn: dict[str, Any]) -> str:
    role = text(turn.get("role")).lower()
    return role if role in TurnRole.values else ROLES.get(role, TurnRole.USER).value


def words(content: Any) -> str:
    """The text of a turn or output, which newer logs wrap in an object; what is no text is named by its type."""
    if isinstance(content, dict) and content.get("text") is None and (kind := at(content, "data_type")):
        return f"[{next(iter(texts(kind)), 'attachment')}]"
    return verbatim(at(content, "text")) or verbatim(content)
