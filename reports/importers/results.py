"""What came of running the exported cases of an issue: k failures of n tries for each model, in the tools' own files.

Read by the same readers as reports are, but nothing becomes a report: a run without a failure counts as much.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.importers import inspect, promptfoo
from reports.importers.decoding import Broken
from reports.importers.options import Options
from reports.importers.shapes import at, fingerprint, fitting, text
from reports.importers.sources import Source, Unreadable
from reports.importers.spool import Spool
from reports.importers.units import Rejected

SCORER = "published_words"  # of the task that is exported
CASES_TOLD = 20  # in the evidence
NOT_OF_IT = "It holds no judged answer to a case of {number}. Run what the issue's page exports, and import that."
WHICH_SCORER = "Several scorers judged it: {scorers}. Pick one with --scorer NAME."


@dataclass(slots=True)
class Result:
    """What one model did with the cases of one issue. ``run`` is the same whenever the same result is read."""

    target: str
    run: str
    scanner: str
    version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    remark: str = ""
    tried: Counter[str] = field(default_factory=Counter)  # by case
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def tries(self) -> int:
        return self.tried.total()

    @property
    def failures(self) -> int:
        return self.failed.total()

    def evidence(self) -> str:
        """What was seen, in counts alone: what the model answered stays where it was tested."""
        told = [f"{name} {self.failed[name]} of {tries}" for name, tries in self.tried.most_common(CASES_TOLD)]
        cases = f"Failed, by case: {', '.join(told)}."
        return " ".join(filter(None, [f"The exported cases were run with {self.scanner}.", cases, self.remark]))


def of_inspect(source: Source, number: str, scorer: str = "") -> list[Result]:
    with Spool() as spool:
        run = inspect.Evaluation(Options(scorer=scorer), spool)
        for piece in inspect.pieces(source):
            if piece.reason:
                raise Unreadable(f"Sample {piece.index} cannot be read: {piece.reason}.")
            if piece.path == ("eval",):
                run.about = piece.value if isinstance(piece.value, dict) else {}
            elif piece.path == ("status",):
                run.status = text(piece.value)
            elif at(piece.value, "metadata", "issue") == number:
                run.take(piece.index, piece.value)
    if not inspect.run_of(run.about):
        raise Unreadable(f"It is refused: {inspect.NO_ID}.")
    if not run.scorers:
        raise Unreadable(NOT_OF_IT.format(number=number))
    return [_judged(run, number)]


def _judged(run: inspect.Evaluation, number: str) -> Result:
    """The result by the one scorer that judged, or the exported one among several."""
    named = SCORER if SCORER in run.scorers else next(iter(run.scorers))
    if len(run.scorers) > 1 and named != SCORER:
        raise Unreadable(WHICH_SCORER.format(scorers=", ".join(run.scorers)))
    judged = run.scorers[named]
    if judged.trouble:
        raise Unreadable(f"It is refused: {judged.trouble.format(scorer=named)}.")
    if not judged.tries:
        raise Unreadable(NOT_OF_IT.format(number=number))
    target, about = inspect.target_of(run.about), run.about
    ended = "" if run.status in ("success", "") else f"The run ended with the status “{run.status}”."
    return Result(
        target=target,
        run=_key("inspect", inspect.run_of(about), number, target),
        scanner=inspect.ran_by(about),
        version=text(at(about, "model_args", "revision")),
        settings=_flat({**inspect.settings_of(about), "scorer": named}),
        remark=ended,
        tried=judged.tried,
        failed=judged.failed,
    )


def of_promptfoo(source: Source, number: str, scorer: str = "") -> list[Result]:
    found: dict[str, Result] = {}
    with Spool() as spool:
        run = promptfoo.Run("", spool)
        for place, row in enumerate(promptfoo.rows(source, run)):
            if isinstance(row, Rejected):
                raise Unreadable(f"Row {row.line} cannot be read: {row.reason}.")
            if place == 0:
                run.id = text(row.value.get("id")) or run.id
            _count(found, row.value, run, number)
    if not found:
        raise Unreadable(NOT_OF_IT.format(number=number))
    if not run.id:
        raise Unreadable(f"It is refused: {promptfoo.NO_ID}.")
    for result in found.values():  # only now: the header may stand at the end
        result.scanner = promptfoo.scanner(run)
        result.settings = {"scanner": result.scanner}
    return list(found.values())


def _count(found: dict[str, Result], row: dict[str, Any], run: promptfoo.Run, number: str) -> None:
    failed = promptfoo.has_failed(row)
    if failed is None or promptfoo.meta(row, "issue") != number:
        return
    target = promptfoo.target_of(row)
    result = found.setdefault(target, Result(target, _key("promptfoo", run.id, number, target), promptfoo.SOURCE))
    case = text(at(row, "testCase", "description"))[:100]
    result.tried[case] += 1
    result.failed[case] += failed


def _key(tool: str, run: str, number: str, target: str) -> str:
    return fingerprint({"tool": tool, "run": run, "issue": number, "target": target})


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """As a reproduction keeps them: a list as its words."""
    return fitting(
        {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in settings.items()}
    )


READERS: dict[str, Callable[[Source, str, str], list[Result]]] = {"inspect": of_inspect, "promptfoo": of_promptfoo}


def results_in(source: Source, tool: str, number: str, scorer: str = "") -> list[Result]:
    """What a file of a tool holds on the cases of an issue; at least one, of at least one try each.

    Raises :class:`Unreadable` with a sentence.
    """
    try:
        return READERS[tool](source, number, scorer)
    except Broken as refusal:
        raise Unreadable(f"The file cannot be read: {refusal}.") from refusal
