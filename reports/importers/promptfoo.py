"""Results of promptfoo, ``.json`` and ``.jsonl``: one report for each test, or red-team plugin and metric, that failed.

Rows that ended in an error, or that the grader could not judge, are neither pass nor failure. A row is known by its own
id, which both files of a run share, and a run by its first row's: ``.jsonl`` has no header that would name it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from reports.importers.decoding import Broken
from reports.importers.documents import EACH, Document
from reports.importers.kinds import kind_of_plugin, kind_of_task
from reports.importers.lines import JsonLines, Row
from reports.importers.options import Options
from reports.importers.shapes import at, count, fitting, name, objects, text, verbatim
from reports.importers.sources import Source
from reports.importers.spool import Spool
from reports.importers.talks import SAMPLES, Turns, cut, quotes, said, turns_of
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import FoundBy, Severity, TurnRole

SOURCE = "promptfoo"
ERROR = 2  # a row's failureReason: none, an assertion, an error
TESTS_MAX = 100_000
HEAD = 1024 * 1024  # bytes looked at to tell a document from lines
REDACTED = "[REDACTED]"  # what promptfoo writes for what it takes for a secret, long base64 among it
NAME_MAX, PROVIDER_MAX, REASON_MAX = 90, 300, 500  # characters
NO_ROWS = "no promptfoo results: it holds no rows of `results`"
NO_PROVIDER = "the row names no model, or only a file or an address: say which it was with --artifact ORG/NAME"
NO_ID = "the results do not say which run they are of, so they could not be told from another"
TOO_MANY = f"more than {TESTS_MAX:,} tests"
OF_DOCUMENT, OF_ROW = {"evalId", "results", "stats"}, {"gradingResult", "prompt", "provider", "testCase", "vars"}
WAYS = {"chat", "completion", "embedding", "messages", "responses", "text-generation"}  # of asking, in a provider's id

Key = tuple[str, str, str]


@dataclass(slots=True)
class Trial:
    """How often one test failed on one target. ``places`` are its failing talks in the spool."""

    line: int
    tries: int = 0
    failures: int = 0
    places: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """The results of one run, gathered row by row."""

    artifact: str
    spool: Spool
    id: str = ""
    version: str = ""
    started_at: str = ""
    trials: dict[Key, Trial] = field(default_factory=dict)

    def begin(self, path: tuple[str, ...], value: Any) -> None:
        """Take what a header says."""
        match path[-1]:
            case "evalId":
                self.id = self.id or text(value)
            case "promptfooVersion":
                self.version = text(value)
            case "timestamp" | "evaluationCreatedAt":
                self.started_at = self.started_at or text(value)

    def take(self, line: int, row: dict[str, Any]) -> Found | None:
        """Count one row. None for the first that fails of a test: the report on the test will stand for it."""
        failed = has_failed(row)
        if failed is None:
            return Passed(line)
        target = self.artifact or target_of(row)
        if not target:
            return Rejected(line, NO_PROVIDER) if failed else Passed(line)
        probe, check = test_of(row)
        key = (target, probe, check[:NAME_MAX])
        if key not in self.trials and len(self.trials) >= TESTS_MAX:
            raise Broken(TOO_MANY)
        trial = self.trials.setdefault(key, Trial(line))
        trial.tries += 1
        if failed:
            trial.failures += 1
            if len(trial.places) < SAMPLES:
                trial.places.append(self.spool.keep(failure(row)))
            if trial.failures == 1:
                trial.line = line
                return None
        return Passed(line)


def reports(source: Source, options: Options) -> Iterator[Found]:
    with Spool() as spool:
        run = Run(options.artifact, spool)
        count_of_rows = 0
        try:
            for row in rows(source, run):
                if isinstance(row, Rejected):
                    yield row
                    continue
                count_of_rows += 1
                if count_of_rows == 1:
                    run.id = (text(row.value.get("id")) or run.id)[:NAME_MAX]
                if found := run.take(row.line, row.value):
                    yield found
        except Broken as refusal:
            yield Rejected(1, str(refusal))
            return
        if not count_of_rows:
            yield Rejected(1, NO_ROWS)
        for key, trial in run.trials.items():
            if trial.failures:
                yield finding(run, key, trial) if run.id else Rejected(trial.line, NO_ID)


def rows(source: Source, run: Run) -> Iterator[Row | Rejected]:
    """The rows of either file; what a header says goes to the run."""
    source.refuse_what_is_no_text()
    if is_lines(source):
        yield from (row for row in JsonLines(source))
        return
    source.counted_by = "row"
    document = Document(source)
    header = (("evalId",), ("metadata", "promptfooVersion"), ("metadata", "evaluationCreatedAt"))
    bodies = (("results", "timestamp"), ("results", "results", EACH), ("results", EACH))
    for piece in document.pieces(*header, *bodies):
        if piece.path[-1] != EACH:
            run.begin(piece.path, piece.value)
        elif piece.reason:
            yield Rejected(piece.index, piece.reason)
        elif isinstance(piece.value, dict):
            yield Row(piece.index, piece.value)
        else:
            yield Rejected(piece.index, "not a JSON object")


def is_lines(source: Source) -> bool:
    """Whether the file is rows, one a line, and no document that holds them: told by the first key only one has."""
    document = Document(BytesIO(source.head(HEAD)))
    try:
        for key in document.top():
            if key in OF_DOCUMENT | OF_ROW:
                return key in OF_ROW
    except Broken:
        pass  # what was looked at ends before, or it is no JSON: that will be told
    return False


def has_failed(row: dict[str, Any]) -> bool | None:
    """Whether the model failed the test; None where that was not found out."""
    reason, grading = count(row.get("failureReason")), row.get("gradingResult")
    if row.get("success") is True:
        return False
    if reason == ERROR or at(row, "response", "error") or (reason is None and not isinstance(grading, dict)):
        return None
    failed = failed_checks(row)
    if failed and all(at(check, "metadata", "graderError") for check in failed):
        return None
    return None if not failed and at(grading, "metadata", "graderError") else True


def failed_checks(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for check in objects(at(row, "gradingResult", "componentResults")) if check.get("pass") is False]


def target_of(row: dict[str, Any]) -> str:
    """The model, by its label or id; "" if both are a file, a script or an address."""
    provider = row.get("provider")
    for each in (at(provider, "label"), at(provider, "id"), provider):
        named = name(each)
        if named and "://" not in named and not named.startswith(("exec:", "python:")):
            return model_in(named)
    return ""


def model_in(named: str) -> str:
    """``org/name`` out of a provider's id: "openai:chat:gpt-4o", "openrouter:acme/chat-7b", or as it stands."""
    who, *rest = named[:PROVIDER_MAX].split(":")
    while len(rest) > 1 and rest[0] in WAYS:
        rest.pop(0)
    parts = [part[:NAME_MAX] for part in "-".join(rest or [who]).split("/") if part]
    return "/".join(parts[-2:] if len(parts) > 1 or not rest else [who, *parts])


def test_of(row: dict[str, Any]) -> tuple[str, str]:
    """What was tried, the same however often and in whichever run: (probe, what checks it).

    A red team's probe is its plugin. Any other is a test of somebody's own: named by its description, told apart by a
    digest of its prompt, variables and checks.
    """
    test = row.get("testCase")
    checks = objects(at(test, "assert"))
    if plugin := plugin_of(row):
        metric = text(at(checks[0], "metric")) or text(at(checks[0], "type")) if checks else ""
        return plugin, metric or text(meta(row, "strategyId"))
    prompt = text(row.get("promptId")) or text(at(row, "prompt", "label")) or text(at(row, "prompt", "raw"))
    told = [[each.get("type"), each.get("value"), each.get("metric")] for each in checks]
    same = json.dumps([prompt, at(test, "vars"), told], sort_keys=True)
    digest = hashlib.sha256(same.encode(errors="replace")).hexdigest()[:16]
    return cut(text(at(test, "description")) or text(row.get("description")) or "test", NAME_MAX), digest


def plugin_of(row: dict[str, Any]) -> str:
    return text(meta(row, "pluginId"))[:NAME_MAX]


def meta(row: dict[str, Any], key: str) -> Any:
    """What the row, its test or its grading says beside the results."""
    places = (row.get("metadata"), at(row, "testCase", "metadata"), at(row, "gradingResult", "metadata"))
    return next((at(place, key) for place in places if at(place, key) is not None), None)


def failure(row: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a row that failed, until its test has been seen whole."""
    failed = [check for check in failed_checks(row) if not at(check, "metadata", "graderError")]
    reasons = [text(check.get("reason")) for check in failed] or [text(at(row, "gradingResult", "reason"))]
    test = row.get("testCase")
    checks = [text(at(check, "assertion", "metric")) or text(at(check, "assertion", "type")) for check in failed]
    others = at(test, "metadata")
    return {
        "turns": talk(row),
        "why": cut("; ".join(filter(None, reasons)) or text(row.get("error")), REASON_MAX),
        "checks": list(dict.fromkeys(filter(None, checks))),
        "severity": text(meta(row, "severity")).lower(),
        "strategy": text(meta(row, "strategyId")),
        "plugin": plugin_of(row),
        "settings": {
            key: value for key, value in (others if isinstance(others, dict) else {}).items() if key != "purpose"
        },
    }


def talk(row: dict[str, Any]) -> Turns:
    """What was said: the turns an attack kept, or the prompt and the answer."""
    answer = [said(TurnRole.ASSISTANT, output_of(row))]
    kept = turns_of(objects(meta(row, "messages")))
    if kept:
        return kept if kept[-1]["role"] == TurnRole.ASSISTANT else [*kept, *answer]
    history = objects(meta(row, "redteamHistory"))
    if history:
        return [
            turn
            for each in history
            for turn in (
                said(TurnRole.USER, verbatim(each.get("prompt"))),
                said(TurnRole.ASSISTANT, verbatim(each.get("output"))),
            )
        ]
    return [*opening(row), *answer]


def opening(row: dict[str, Any]) -> Turns:
    """The prompt: a text, or the messages of a chat as JSON; one that is hidden, as it was before it was encoded."""
    raw = verbatim(at(row, "prompt", "raw"))
    if not raw.strip() or REDACTED in raw:
        raw = text(meta(row, "originalText")) or raw
    if raw.lstrip().startswith("["):
        try:
            messages = json.loads(raw)
        except (ValueError, RecursionError):
            messages = None
        if found := turns_of(objects(messages)):
            return found
    return [said(TurnRole.USER, raw)]


def output_of(row: dict[str, Any]) -> str:
    output = at(row, "response", "output")
    if output is None or isinstance(output, str):
        return verbatim(output)
    return verbatim(json.dumps(output, ensure_ascii=False))


def finding(run: Run, key: Key, trial: Trial) -> Unit:
    target, probe, check = key
    failures = [run.spool.at(place) for place in trial.places]
    first = failures[0]
    severity = first["severity"]
    checked = ", ".join(first["checks"]) or check
    answers = {
        "artifact": target,
        "summary": f"promptfoo {probe}: failed {trial.failures} of {trial.tries} ({checked})",
        "what_happened": told(run, probe, trial, failures),
        "kind": kind_of_plugin(probe) if first["plugin"] else kind_of_task(*first["checks"], probe),
        "transcript": first["turns"],
        "reproduction": {"tries": trial.tries, "failures": trial.failures},
        "severity": severity if severity in Severity.values else "",
        "found_by": FoundBy.EVALUATION,
        "settings": fitting({"scanner": scanner(run), "strategy": first["strategy"], **first["settings"]}),
        "rule_id": rule_of(probe, check, is_plugin=bool(first["plugin"])),
        "reported_at": run.started_at or None,
        "source": SOURCE,
        "source_key": key_of(run, key),
        "consent": True,
    }
    return Unit(trial.line, answers, author=run.id)


def rule_of(probe: str, check: str, *, is_plugin: bool) -> str:
    """A plugin is one rule whatever the strategy; a policy of its own, or a test of somebody's own, is its own."""
    own = check.partition("/")[0].partition(":")[2] if is_plugin else check
    return f"promptfoo/{probe}{f':{own}' if own else ''}"


def key_of(run: Run, key: Key) -> str:
    whole = "/".join([run.id, *key])
    digest = hashlib.sha256(whole.encode(errors="replace")).hexdigest()
    return whole if len(whole) <= 300 else f"{run.id[:100]}/{digest}"


def scanner(run: Run) -> str:
    return f"promptfoo {run.version}".strip()


def told(run: Run, probe: str, trial: Trial, failures: list[dict[str, Any]]) -> str:
    first = failures[0]
    what = f"the red-team plugin {probe}" if first["plugin"] else f"the test “{probe}”"
    how = f", told to the model by the strategy {first['strategy']}" if first["strategy"] else ""
    why = f"Why it failed: “{first['why']}”" if first["why"] else ""
    opening = f"{scanner(run)} ran {what}{how}. Of {trial.tries} answers that were judged, {trial.failures} failed."
    return "\n\n".join(filter(None, [opening, why, *quotes([each["turns"] for each in failures])]))
