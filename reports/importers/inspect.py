"""Logs of Inspect AI, ``.eval`` and ``.json``: one report per task and scorer that failed, over all samples and epochs.

Read once and in bounded memory: of each scorer only counts and the names of the worst samples are kept, and on disk its
first three failing talks. Which scores fail is the importer's to say, for no log does; low ones, unless told otherwise.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reports.importers.archives import Archive
from reports.importers.decoding import Broken
from reports.importers.documents import EACH, Document, Piece
from reports.importers.kinds import kind_of_task
from reports.importers.options import Options
from reports.importers.scores import by_scorer, fails, is_off_scale, number_of
from reports.importers.shapes import at, fitting, name, objects, text
from reports.importers.sources import Source, Unreadable
from reports.importers.spool import Spool
from reports.importers.talks import SAMPLES, Turns, cut, quotes, said, turns_of
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import FoundBy, TurnRole

SOURCE = "inspect"
ZIP = b"PK"
HEADERS = ("header.json", "_journal/start.json")  # the second where the run was never finished
LEFT_OUT = ("events", "events_data", "store", "model_usage", "role_usage", "timelines")  # most of a log, and not needed
SCORERS_MAX = 50
SAMPLES_TOLD, SAMPLES_MAX = 10, 5_000  # samples named in a report, and counted one by one
EXPLAINED = 500  # characters of a scorer's explanation
NO_HEADER = "no Inspect log: it holds no `eval` with a task"
NO_MODEL = "the log names no model: say which it was with --artifact ORG/NAME"
NO_ID = "the log does not say which run it is of, so it could not be told from another"
NO_SCORES = "no sample of the log was scored"
NO_NUMBERS = "the scores of “{scorer}” are no numbers, so it cannot be said what failed: pick others with --scorer NAME"
OFF_SCALE = (
    "the scores of “{scorer}” go beyond 0 to 1, so it cannot be said what failed: say it with --threshold NUMBER, "
    "and --fails high if high ones do"
)


@dataclass(slots=True)
class Judged:
    """What one scorer made of the samples."""

    line: int
    tries: int = 0
    failures: int = 0
    trouble: str = ""  # why its scores say nothing about failing
    places: list[int] = field(default_factory=list)  # of failing talks, in the spool
    tried: Counter[str] = field(default_factory=Counter)  # by sample
    failed: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Evaluation:
    """One run of a task, gathered sample by sample."""

    options: Options
    spool: Spool
    about: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    scorers: dict[str, Judged] = field(default_factory=dict)

    def take(self, line: int, sample: Any) -> None:
        """Count one sample. One that ended in an error has no score, and is neither pass nor failure."""
        if not isinstance(sample, dict):
            return
        scores = sample["scores"] if "scores" in sample else {"scorer": sample.get("score")}  # as older logs have it
        for scorer, value in by_scorer(scores):
            if self.options.scorer in ("", scorer, scorer.partition(".")[0]):
                self.judge(line, scorer, value, sample)

    def judge(self, line: int, scorer: str, value: Any, sample: dict[str, Any]) -> None:
        if scorer not in self.scorers and len(self.scorers) >= SCORERS_MAX:
            raise Broken(f"more than {SCORERS_MAX:,} scorers")
        judged = self.scorers.setdefault(scorer, Judged(line))
        score = number_of(value)
        if score is None:
            judged.trouble = judged.trouble or NO_NUMBERS
        elif not math.isnan(score):
            if is_off_scale(score, self.options):
                judged.trouble = judged.trouble or OFF_SCALE
            self.count(judged, scorer, sample, has_failed=fails(score, self.options))

    def count(self, judged: Judged, scorer: str, sample: dict[str, Any], *, has_failed: bool) -> None:
        named = text(str(sample.get("id", "")))[:100]
        is_counted = named in judged.tried or len(judged.tried) < SAMPLES_MAX
        judged.tries += 1
        judged.tried[named] += is_counted
        if has_failed:
            judged.failures += 1
            judged.failed[named] += is_counted
            if len(judged.places) < SAMPLES:
                kept = {"turns": talk(sample), "why": explained(sample, scorer)}
                judged.places.append(self.spool.keep(kept))


def reports(source: Source, options: Options) -> Iterator[Found]:
    """One report for each scorer that found failures; the log as a whole is refused if it does not say of what."""
    source.counted_by = "sample"
    with Spool() as spool:
        evaluation = Evaluation(options, spool)
        try:
            for piece in pieces(source):
                if piece.reason:
                    yield Rejected(piece.index, piece.reason)
                elif piece.path == ("eval",):
                    evaluation.about = piece.value if isinstance(piece.value, dict) else {}
                elif piece.path == ("status",):
                    evaluation.status = text(piece.value)
                else:
                    evaluation.take(piece.index, piece.value)
        except Broken as refusal:
            yield Rejected(1, str(refusal))
            return
        yield from findings(evaluation)


def pieces(source: Source) -> Iterator[Piece]:
    """The header and the samples of a log, whichever way it was written."""
    if source.head().startswith(ZIP):
        yield from of_archive(source)
    else:
        source.refuse_what_is_no_text()
        document = Document(source, without=LEFT_OUT)
        yield from document.pieces(("eval",), ("status",), ("samples", EACH))


def of_archive(source: Source) -> Iterator[Piece]:
    archive = Archive(source.stream, source.size)
    header = next((archive.inside[called] for called in HEADERS if called in archive.inside), None)
    if header is None:
        raise Unreadable("The zip is no Inspect log: it holds no header.json.")
    try:
        yield from Document(archive.open(header)).pieces(("eval",), ("status",))
    except Unreadable as refusal:
        raise Unreadable(f"header.json {refusal}.") from refusal
    for number, each in enumerate(archive.named("samples/", ".json"), start=1):
        try:
            for piece in Document(archive.open(each), without=LEFT_OUT).pieces(()):
                yield Piece(("samples", EACH), number, piece.value, piece.reason)
        except (Unreadable, Broken) as refusal:
            yield Piece(("samples", EACH), number, reason=str(refusal))
        source.come_to(each.header_offset + each.compress_size)
    source.come_to(source.size)


def findings(evaluation: Evaluation) -> Iterator[Found]:
    about, options = evaluation.about, evaluation.options
    task = text(about.get("task"))
    target = options.artifact or target_of(about)
    refusal = NO_HEADER if not task else NO_MODEL if not target else "" if run_of(about) else NO_ID
    if not refusal and not evaluation.scorers:
        refusal = f"no scorer of the log is called “{options.scorer}”" if options.scorer else NO_SCORES
    if refusal:
        yield Rejected(1, refusal)
        return
    for scorer, judged in evaluation.scorers.items():
        if judged.trouble:
            yield Rejected(judged.line, judged.trouble.format(scorer=scorer))
        else:
            yield finding(evaluation, target, scorer, judged) if judged.failures else Passed(judged.line)


def target_of(about: dict[str, Any]) -> str:
    """What was tested, as ``org/name``: the last two parts, because routers put their own name before."""
    named = name(about.get("model"))
    return "" if "://" in named else "/".join([part for part in named.split("/") if part][-2:])


def run_of(about: dict[str, Any]) -> str:
    """The run and, in it, the evaluation: a run may try several models on several tasks."""
    run = [text(about.get("run_id")), text(about.get("eval_id")) or text(about.get("task_id"))]
    return "/".join(filter(None, run))


def finding(evaluation: Evaluation, target: str, scorer: str, judged: Judged) -> Unit:
    about = evaluation.about
    task, run = text(about.get("task")), run_of(about)
    talks = [evaluation.spool.at(place) for place in judged.places]
    answers = {
        "artifact": target,
        "version": text(at(about, "model_args", "revision"))[:120],
        "summary": f"Inspect {task}: {scorer} failed {judged.failures} of {judged.tries}",
        "what_happened": told(evaluation, scorer, judged, talks),
        "kind": kind_of_task(task, scorer),
        "transcript": talks[0]["turns"],
        "reproduction": {"tries": judged.tries, "failures": judged.failures},
        "found_by": FoundBy.EVALUATION,
        "settings": settings_of(about),
        "rule_id": f"inspect/{task}/{scorer}"[:200],
        "reported_at": text(about.get("created")) or None,
        "source": SOURCE,
        "source_key": f"{run}/{task}/{scorer}",
        "consent": True,
    }
    return Unit(judged.line, answers, author=text(about.get("run_id")) or run)


def told(evaluation: Evaluation, scorer: str, judged: Judged, talks: list[dict[str, Any]]) -> str:
    about = evaluation.about
    version = f" {about['task_version']}" if isinstance(about.get("task_version"), str | int) else ""
    stopped = "" if evaluation.status in ("success", "") else f" The run ended with the status “{evaluation.status}”."
    opening = (
        f"The evaluation {text(about.get('task'))}{version} was run with {ran_by(about)}. Its scorer {scorer} judged "
        f"{judged.tries} answers, and {judged.failures} of them failed.{stopped}"
    )
    why = [f"What the scorer said of the first: “{cut(talks[0]['why'], EXPLAINED)}”"] if talks[0]["why"] else []
    return "\n\n".join([opening, by_sample(judged), *why, *quotes([each["turns"] for each in talks])])


def by_sample(judged: Judged) -> str:
    """The samples that failed most, each as k of its epochs."""
    worst = [f"{named} {failed} of {judged.tried[named]}" for named, failed in judged.failed.most_common(SAMPLES_TOLD)]
    more = len(judged.failed) - len(worst)
    return f"Samples that failed: {', '.join(worst)}{f', and {more} more' if more else ''}."


def ran_by(about: dict[str, Any]) -> str:
    return f"Inspect {text(at(about, 'packages', 'inspect_ai'))}".strip()


def settings_of(about: dict[str, Any]) -> dict[str, Any]:
    """What the model and the task were told, as far as it is plain values."""
    generation, config = about.get("model_generate_config"), about.get("config")
    chosen = {key: at(config, key) for key in ("epochs", "limit", "message_limit", "token_limit")}
    arguments = about.get("task_args") if isinstance(about.get("task_args"), dict) else {}
    return fitting(
        {
            "scanner": ran_by(about),
            "task_version": about.get("task_version"),
            **(generation if isinstance(generation, dict) else {}),
            **chosen,
            **{f"task.{key}": value for key, value in (arguments or {}).items()},
        }
    )


def talk(sample: dict[str, Any]) -> Turns:
    """The whole talk of a sample, or what was asked and answered where it was not kept."""
    kept = sample.get("attachments")
    found = turns_of(objects(sample.get("messages")), kept if isinstance(kept, dict) else None)
    if found:
        return found
    asked = sample.get("input")
    opening = turns_of(objects(asked)) or [said(TurnRole.USER, text(asked))]
    return [*opening, said(TurnRole.ASSISTANT, text(at(sample, "output", "completion")))]


def explained(sample: dict[str, Any], scorer: str) -> str:
    scores = sample.get("scores")
    return text(at(scores, scorer, "explanation")) or text(at(scores, scorer.partition(".")[0], "explanation"))
