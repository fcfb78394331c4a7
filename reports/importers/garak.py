"""Report logs of the scanner garak (``*.report.jsonl``), 0.10 to 0.17: one report per probe and detector that failed.

A log is read once and in bounded memory: of each pair of probe and detector only counts and the three worst
conversations are kept. k and n come from garak's own ``eval`` rows, which know the threshold of the run; a log that
stops before them is counted from its judged attempts, at garak's usual threshold.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from reports.importers.kinds import kind_of_probe
from reports.importers.lines import Row
from reports.importers.shapes import at, count, name, objects, text, texts, verbatim
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import FoundBy, TurnRole

SOURCE = "garak"
JUDGED = 2  # an attempt's status; each is written at status 1 (answered) too
THRESHOLD = 0.5  # score from which an output counts as a failure, unless the run was told otherwise
SAMPLES = 3  # failing conversations kept of a pair
QUOTED_PROMPT, QUOTED_OUTPUT = 300, 1000  # characters quoted of the second and third
ROLES = {"model": TurnRole.ASSISTANT, "bot": TurnRole.ASSISTANT, "function": TurnRole.TOOL}
HIT_LOG = "a garak hit log, which does not say how often was tried: import the report log of the same run"
NO_RUN = "no garak report log: it holds no `start_run setup` row"
NO_TARGET = "the log names no target, or only an address: say which it was with --artifact ORG/NAME"
NO_ID = "the log does not say which run it is of, so it could not be told from another"

Turns = list[dict[str, str]]


@dataclass(slots=True)
class Sample:
    """The worst output of one attempt, as the talk that led to it."""

    score: float
    turns: Turns


@dataclass(slots=True)
class Pair:
    """What one detector made of one probe."""

    line: int
    goal: str = ""
    evaluated: tuple[int, int] | None = None  # (failures, tries) by garak's own count
    scores: Counter[float] = field(default_factory=Counter)  # rounded, so that there can only be so many
    samples: list[Sample] = field(default_factory=list)

    def keep(self, sample: Sample) -> None:
        """Keep a sample if it is one of the worst; of equal ones those that came first."""
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
    setup: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    version: str = ""
    started_at: str = ""
    pairs: dict[tuple[str, str], Pair] = field(default_factory=dict)
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
        if uuid and uuid in self.attempts:
            return
        self.attempts.add(uuid)
        for detector, scores in results.items():
            if isinstance(scores, list) and text(detector):
                self.judge(self.pair(line, probe, text(detector)), row, scores)

    def judge(self, pair: Pair, row: dict[str, Any], scores: list[Any]) -> None:
        pair.goal = pair.goal or text(row.get("goal"))
        judged = {index: score for index, value in enumerate(scores) if (score := score_of(value)) is not None}
        pair.scores.update(judged.values())
        index = max(judged, key=lambda at: judged[at], default=0)
        worst = judged.get(index, 0.0)
        if worst > 0 and (len(pair.samples) < SAMPLES or worst > pair.samples[-1].score):
            pair.keep(Sample(worst, conversation(row, index)))

    def pair(self, line: int, probe: str, detector: str) -> Pair:
        return self.pairs.setdefault((probe, detector), Pair(line))


def reports(rows: Iterable[Row | Rejected], *, artifact: str = "") -> Iterator[Found]:
    """One report for each pair that failed. Logs of several runs may stand one after another in a file."""
    run: Run | None = None
    is_hit_log = is_told = False
    for row in rows:
        if isinstance(row, Rejected):
            is_told = True
            yield row
            continue
        entry = text(row.value.get("entry_type"))
        is_hit_log = is_hit_log or (not entry and "attempt_id" in row.value)
        if entry not in TAKERS:
            continue
        if run is not None and entry == "start_run setup" and (run.setup or run.pairs):
            yield from findings(run, artifact)
            run = None
        run = run or Run(row.line)
        TAKERS[entry](run, row.line, row.value)
    if run is not None:
        yield from findings(run, artifact)
    elif is_hit_log or not is_told:
        yield Rejected(1, HIT_LOG if is_hit_log else NO_RUN)


def take_setup(run: Run, line: int, row: dict[str, Any]) -> None:
    run.setup = {key: row.get(key) for key in SETUP}
    identity = {"run": "transient.run_id", "garak_version": "_config.version", "start_time": "transient.starttime_iso"}
    run.begin(line, {name: row.get(key) for name, key in identity.items()})


SETUP = ("plugins.target_name", "plugins.model_name", "run.generations", "run.target_lang")
TAKERS: dict[str, Callable[[Run, int, dict[str, Any]], None]] = {
    "start_run setup": take_setup,
    "init": Run.begin,
    "completion": Run.begin,
    "attempt": Run.attempt,
    "eval": Run.evaluate,
}  # rows of other types are not needed


def target_of(setup: dict[str, Any]) -> str:
    """What was tested, as ``org/name`` or a bare name; "" if the log does not say or gives a network address."""
    named = name(setup.get("plugins.target_name")) or name(setup.get("plugins.model_name"))
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
        yield finding(run, target, probe, detector, pair) if failures else Passed(pair.line)


def finding(run: Run, target: str, probe: str, detector: str, pair: Pair) -> Unit:
    failures, tries = pair.counts()
    scanner = f"garak {run.version}".strip()
    samples = pair.failing_samples()
    answers = {
        "artifact": target,
        "summary": f"garak {probe}: {detector.rpartition('.')[2]} failed {failures} of {tries}",
        "what_happened": told(scanner, probe, detector, pair, samples),
        "kind": kind_of_probe(probe),
        "transcript": samples[0].turns if samples else [],
        "reproduction": {"tries": tries, "failures": failures},
        "found_by": FoundBy.EVALUATION,
        "language": text(run.setup.get("run.target_lang")),
        "settings": {"scanner": scanner, **generations(run)},
        "rule_id": f"garak/{probe}",
        "reported_at": run.started_at or None,
        "source": SOURCE,
        "source_key": f"{run.id}/{probe}/{detector}",
        "consent": True,
    }
    return Unit(pair.line, answers, author=run.id)


def told(scanner: str, probe: str, detector: str, pair: Pair, samples: list[Sample]) -> str:
    """The finding in a few sentences, with the second and third failing output quoted."""
    failures, tries = pair.counts()
    goal = f" Its goal: {pair.goal}." if pair.goal else ""
    how = "" if pair.evaluated else f" The log stops before garak's own count; this one is at a score of {THRESHOLD}."
    sentences = (
        f"The scanner {scanner} ran the probe {probe}.{goal} "
        f"Its detector {detector} judged {tries} outputs, and {failures} of them failed.{how}"
    )
    return "\n\n".join([sentences, *quotes(samples)])


def quotes(samples: list[Sample]) -> list[str]:
    """The prompt and output of all samples but the first, shortened, each output once."""
    shown = {last(samples[0].turns, TurnRole.ASSISTANT)} if samples else set()
    quoted = []
    for sample in samples[1:]:
        prompt, output = last(sample.turns, TurnRole.USER), last(sample.turns, TurnRole.ASSISTANT)
        if output not in shown:
            shown.add(output)
            quoted.append(f"Also failed: “{cut(output, QUOTED_OUTPUT)}”\nin answer to: “{cut(prompt, QUOTED_PROMPT)}”")
    return quoted


def last(turns: Turns, role: str) -> str:
    return next((turn["content"] for turn in reversed(turns) if turn["role"] == role), "")


def cut(words: str, limit: int) -> str:
    return words if len(words) <= limit else f"{words[:limit].rstrip()}…"


def generations(run: Run) -> dict[str, int]:
    """How many outputs the run asked for each prompt, where the log says so."""
    found = count(run.setup.get("run.generations"))
    return {} if found is None else {"generations": found}


def score_of(value: Any) -> float | None:
    """A score from 0 (passed) to 1, rounded; None for an output that the target did not give."""
    if not isinstance(value, int | float) or value != value:
        return None
    return round(float(min(max(value, 0), 1)), 4)


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
