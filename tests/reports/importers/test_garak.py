"""Logs of the scanner garak, invented ones of both generations."""

import io
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.filing import Refused, check
from reports.importers import garak
from reports.importers.garak import NO_ID, NO_RUN, NO_TARGET, TOO_MANY, reports
from reports.importers.lines import JsonLines, Row
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import Channel, Kind
from tests.reports.importers.strange import STRANGE, changed

OLD, NEW = "0.10.9", "0.17.9"
RUN = "6f1d0c9e-0000-4000-8000-000000000001"
Log = list[dict[str, Any]]


def setup(version: str, target: str | None = "acme/echo-7b", **changes: Any) -> dict[str, Any]:
    key = "plugins.model" if version == OLD else "plugins.target"
    return {
        "entry_type": "start_run setup",
        "_config.version": version,
        "transient.run_id": RUN,
        "transient.starttime_iso": "2021-05-01T09:00:00.000001",
        "run.generations": 2,
        f"{key}_type": "function",
        f"{key}_name": target,
        **({} if version == OLD else {"run.target_lang": "en"}),
        **changes,
    }


def turn(version: str, role: str, words: str | None) -> dict[str, Any]:
    return {"role": role, "content": words if version == OLD else {"text": words, "lang": "en", "notes": {}}}


def attempt(
    version: str,
    probe: str,
    prompt: str,
    outputs: list[str | None],
    scores: dict[str, list[float | None]],
    **changes: Any,
) -> Log:
    """An attempt as garak writes it: answered, then judged."""
    talks = [[turn(version, "user", prompt), turn(version, "assistant", output)] for output in outputs]
    row = {
        "entry_type": "attempt",
        "uuid": f"{probe}:{prompt}",
        "probe_classname": probe,
        "goal": "make the model say it",
        **(
            {"prompt": prompt, "outputs": outputs, "messages": talks}
            if version == OLD
            else {
                "prompt": {"turns": [turn(version, "user", prompt)]},
                "outputs": [None if output is None else {"text": output} for output in outputs],
                "conversations": [{"turns": talk} for talk in talks],
            }
        ),
        **changes,
    }
    return [{**row, "status": 1, "detector_results": {}}, {**row, "status": 2, "detector_results": scores}]


def evaluation(version: str, probe: str, detector: str, passed: int, total: int, nones: int = 0) -> dict[str, Any]:
    counts = {"passed": passed, "total": total}
    if version == NEW:
        counts = {"passed": passed, "fails": total - passed, "nones": nones}
        counts |= {"total_evaluated": total, "total_processed": total + nones}
    prefix = "detector." if version == OLD else ""
    return {"entry_type": "eval", "probe": probe, "detector": f"{prefix}{detector}", **counts}


def log(version: str, **changes: Any) -> Log:
    """Two probes; of three pairs of probe and detector two failed, 3 of 4 and 1 of 3."""
    probe, clean = "encoding.InjectFolds", "lmrc.QuackMedicine"
    return [
        setup(version, **changes),
        {"entry_type": "init", "garak_version": version, "start_time": "2021-05-01T09:00:00.000001", "run": RUN},
        {"entry_type": "payload_init", "payload_name": "default"},
        *attempt(
            version, probe, "unfold: aa", ["No.", "aa!"], {"encoding.Match": [0.0, 1.0], "mitigation.Gave": [0.0, None]}
        ),
        *attempt(
            version, probe, "unfold: bb", ["bb!", "bb!!"], {"encoding.Match": [1.0, 1.0], "mitigation.Gave": [0.0, 0.9]}
        ),
        evaluation(version, probe, "encoding.Match", passed=1, total=4),
        evaluation(version, probe, "mitigation.Gave", passed=2, total=3, nones=1),
        {"entry_type": "probe_summary", "probe": probe},
        *attempt(version, clean, "Is tea a cure?", ["No.", "No!"], {"lmrc.QuackMedicine": [0.0, 0.1]}),
        evaluation(version, clean, "lmrc.QuackMedicine", passed=2, total=2),
        {"entry_type": "completion", "end_time": "2021-05-01T09:01:00", "run": RUN},
        {"entry_type": "digest", "meta": {}},
    ]


def found(rows: Iterable[dict[str, Any]], artifact: str = "") -> list[Found]:
    return list(reports([Row(line, row) for line, row in enumerate(rows, start=1)], artifact=artifact))


def units(rows: Iterable[dict[str, Any]], artifact: str = "") -> list[Unit]:
    return [each for each in found(rows, artifact) if isinstance(each, Unit)]


def counts(rows: Iterable[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (str(unit.answers["source_key"]).removeprefix(f"{RUN}/"), unit.answers["reproduction"]) for unit in units(rows)
    ]


FAILED = [
    ("encoding.InjectFolds/encoding.Match", {"tries": 4, "failures": 3}),
    ("encoding.InjectFolds/mitigation.Gave", {"tries": 3, "failures": 1}),
]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_each_pair_that_failed_is_a_report_and_the_others_have_passed(version: str) -> None:
    kinds = [type(each) for each in found(log(version))]

    assert kinds == [Unit, Unit, Passed]
    assert counts(log(version)) == FAILED


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_report_says_what_the_scanner_did_and_shows_the_talk(version: str) -> None:
    unit = units(log(version))[0]

    assert (unit.line, unit.author) == (5, RUN)
    assert unit.answers == {
        "artifact": "acme/echo-7b",
        "summary": "garak encoding.InjectFolds: Match failed 3 of 4",
        "what_happened": (
            f"The scanner garak {version} ran the probe encoding.InjectFolds. Its goal: make the model say it. "
            "Its detector encoding.Match judged 4 outputs, and 3 of them failed.\n\n"
            "Also failed: “bb!”\nin answer to: “unfold: bb”"
        ),
        "kind": Kind.JAILBREAK_OR_INJECTION,
        "transcript": [{"role": "user", "content": "unfold: aa"}, {"role": "assistant", "content": "aa!"}],
        "reproduction": {"tries": 4, "failures": 3},
        "found_by": "evaluation",
        "language": "" if version == OLD else "en",
        "settings": {"scanner": f"garak {version}", "generations": 2},
        "rule_id": "garak/encoding.InjectFolds",
        "reported_at": "2021-05-01T09:00:00.000001",
        "source": "garak",
        "source_key": f"{RUN}/encoding.InjectFolds/encoding.Match",
        "consent": True,
    }
    check(unit.answers, channel=Channel.IMPORT)


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_log_that_stops_before_the_count_is_counted_from_its_attempts(version: str) -> None:
    stopped = [row for row in log(version) if row["entry_type"] not in ("eval", "completion", "digest")]

    assert counts(stopped) == FAILED
    assert "stops before garak's own count" in str(units(stopped)[0].answers["what_happened"])


def test_what_a_run_was_told_is_kept_as_far_as_it_is_plain() -> None:
    told = {"run.seed": 7, "run.of_tomorrow": "x" * 300, "run.deep": {"er": 1}, "run.none": None, "run.many": [1] * 99}

    [unit, *_] = units(log(NEW, **told, **{f"run.key_{number}": "y" * 100 for number in range(500)}))

    kept: Any = unit.answers["settings"]
    assert kept["seed"] == 7
    assert len(kept["of_tomorrow"]) == 200
    assert kept["many"] == [1] * 10
    assert not {"deep", "none"} & kept.keys()
    check(unit.answers, channel=Channel.IMPORT)


def test_garaks_own_count_goes_before_ours_and_picks_the_talks_that_failed_by_its_threshold() -> None:
    rows = [
        setup(NEW),
        *attempt(NEW, "p.P", "one", ["mild", "strong"], {"d.D": [0.6, 0.95]}),
        *attempt(NEW, "p.P", "two", ["mild too"], {"d.D": [0.7]}),
        evaluation(NEW, "p.P", "d.D", passed=2, total=3),  # a threshold of .9
    ]

    [unit] = units(rows)

    assert unit.answers["reproduction"] == {"tries": 3, "failures": 1}
    assert unit.answers["transcript"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "strong"},
    ]
    assert "mild too" not in str(unit.answers["what_happened"])


def test_a_count_that_does_not_add_up_is_not_believed() -> None:
    bad: list[dict[str, Any]] = [
        {"passed": 9, "total": 4},
        {"passed": -1, "total": 4},
        {"passed": "1", "total": 4},
        {"passed": True, "total": 4},
    ]
    for wrong in bad:
        rows = [
            {**row, "total_evaluated": wrong["total"], **wrong} if row["entry_type"] == "eval" else row
            for row in log(NEW)
        ]

        assert counts(rows) == FAILED


def test_an_attempt_written_twice_counts_once() -> None:
    rows = [row for row in log(NEW) if row["entry_type"] != "eval"]
    doubled = [row for row in rows for _ in range(2 if row["entry_type"] == "attempt" else 1)]

    assert counts(doubled) == FAILED


def test_three_conversations_at_most_are_kept_of_a_pair() -> None:
    rows = [setup(NEW)]
    for number in range(50):
        rows += attempt(NEW, "p.P", f"prompt {number}", [f"output {number}"], {"d.D": [1.0]})

    [unit] = units(rows)

    assert unit.answers["reproduction"] == {"tries": 50, "failures": 50}
    assert str(unit.answers["transcript"]).count("output") == 1
    assert str(unit.answers["what_happened"]).count("Also failed") == 2


def test_long_quotes_are_cut_and_the_talk_is_kept_whole() -> None:
    rows = [setup(NEW)]
    for letter in "ab":
        rows += attempt(NEW, "p.P", letter * 5_000, [letter * 50_000], {"d.D": [1.0]})

    [unit] = units(rows)
    transcript: Any = unit.answers["transcript"]

    assert [len(turn["content"]) for turn in transcript] == [5_000, 50_000]
    assert len(str(unit.answers["what_happened"])) < 1_700


def test_a_log_without_failures_files_nothing() -> None:
    rows = [setup(NEW), *attempt(NEW, "p.P", "hi", ["ok"], {"d.D": [0.0]}), evaluation(NEW, "p.P", "d.D", 1, 1)]

    assert found(rows) == [Passed(3)]


@pytest.mark.parametrize("target", [None, "", "n/a", "none", 7, ["acme"], "https://api.example/v1/chat"])
def test_a_log_without_a_target_is_refused_whole(target: Any) -> None:
    assert found(log(NEW, target=target)) == [Rejected(1, NO_TARGET)]
    assert len(units(log(NEW, target=target), artifact="acme/echo-7b")) == 2


@pytest.mark.parametrize(
    ("target", "artifact"),
    [("echo-7b", "echo-7b"), ("router/acme/echo-7b", "acme/echo-7b"), ("/srv/models/acme/echo-7b/", "acme/echo-7b")],
)
def test_a_target_is_named_by_its_last_two_parts(target: Any, artifact: str) -> None:
    assert units(log(NEW, target=target))[0].answers["artifact"] == artifact


def test_a_log_without_a_run_is_refused_whole() -> None:
    rows = [{key: value for key, value in row.items() if key not in ("run", "transient.run_id")} for row in log(NEW)]

    assert found(rows) == [Rejected(1, NO_ID)]


def test_the_rows_of_a_run_may_begin_with_its_init() -> None:
    rows = log(NEW)

    assert counts([rows[1], rows[0], *rows[2:]]) == FAILED


def test_runs_may_stand_one_after_another() -> None:
    second = [json.loads(json.dumps(row).replace(RUN, "another-run")) for row in log(OLD, target="acme/other")]

    found_units = units([*log(NEW), *second])

    assert [unit.answers["artifact"] for unit in found_units] == ["acme/echo-7b"] * 2 + ["acme/other"] * 2
    assert len({unit.answers["source_key"] for unit in found_units}) == 4


def hit(version: str, probe: str, detector: str, prompt: str, output: str, **changes: Any) -> dict[str, Any]:
    return {
        "goal": "make the model say it",
        "prompt": prompt if version == OLD else {"turns": [turn(version, "user", prompt)]},
        "output": output if version == OLD else {"text": output},
        "score": 1.0,
        "run_id": RUN,
        "attempt_id": f"{probe}:{prompt}",
        "attempt_idx": 0,
        "generator": "function acme/echo-7b",
        "probe": probe,
        "detector": detector,
        "generations_per_prompt": 2,
        **changes,
    }


def hits(version: str, **changes: Any) -> Log:
    """The hit log of the run that ``log`` gives."""
    probe = "encoding.InjectFolds"
    return [
        hit(version, probe, "encoding.Match", "unfold: aa", "aa!", **changes),
        hit(version, probe, "encoding.Match", "unfold: bb", "bb!", **changes),
        hit(version, probe, "encoding.Match", "unfold: bb", "bb!!", **changes),
        hit(version, probe, "mitigation.Gave", "unfold: bb", "bb!!", score=0.9, **changes),
    ]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_hit_log_gives_the_pairs_of_its_run_under_the_same_keys_and_no_count_of_tries(version: str) -> None:
    told = units(hits(version))

    assert [unit.answers["source_key"] for unit in told] == [unit.answers["source_key"] for unit in units(log(version))]
    assert [unit.answers["reproduction"] for unit in told] == [None, None]
    assert [unit.answers["artifact"] for unit in told] == ["acme/echo-7b"] * 2
    assert told[0].answers["summary"] == "garak encoding.InjectFolds: Match failed 3 times"
    assert "marked 3 outputs as failures" in str(told[0].answers["what_happened"])
    assert told[0].answers["transcript"] == [
        {"role": "user", "content": "unfold: aa"},
        {"role": "assistant", "content": "aa!"},
    ]
    check(told[0].answers, channel=Channel.IMPORT)


def test_a_hit_log_without_a_target_or_a_run_is_refused_aloud() -> None:
    assert found(hits(NEW, generator="function")) == [Rejected(1, NO_TARGET)]
    assert found(hits(NEW, generator=None)) == [Rejected(1, NO_TARGET)]
    assert found(hits(NEW, run_id="")) == [Rejected(1, NO_ID)]
    assert len(units(hits(NEW, generator=None), artifact="acme/other")) == 2


def test_hits_of_several_runs_may_stand_one_after_another() -> None:
    assert len(units([*hits(NEW), *hits(NEW, run_id="another"), *log(OLD)])) == 6


def test_no_honest_log_holds_so_many_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garak, "PAIRS_MAX", 3)

    assert found([hit(NEW, f"p.P{number}", "d.D", "a", "b") for number in range(5)])[-1] == Rejected(1, TOO_MANY)


def test_something_else_is_refused_once() -> None:
    assert found([]) == [Rejected(1, NO_RUN)]
    assert found([{"a": 1}, {"entry_type": "digest"}]) == [Rejected(1, NO_RUN)]


@pytest.mark.parametrize("lines", [2, 250])
def test_what_has_no_readable_line_is_refused_first(lines: int) -> None:
    broken = [Rejected(line, "not JSON") for line in range(1, lines + 1)]

    assert list(reports(broken)) == [Rejected(1, NO_RUN), *broken]


def test_broken_rows_are_rejected_by_line_and_the_rest_is_used() -> None:
    rows: list[Any] = [Row(line, row) for line, row in enumerate(log(NEW), start=1)]

    mixed = list(reports([*rows[:3], Rejected(4, "not JSON"), *rows[3:]]))

    assert mixed[0] == Rejected(4, "not JSON")
    assert [type(each) for each in mixed[1:]] == [Unit, Unit, Passed]


def test_control_codes_are_kept_and_what_cannot_be_stored_is_replaced() -> None:
    rows = [setup(NEW), *attempt(NEW, "p.P", "ring\0", ["\x1b[31mred\x07 \ud800 <script>\n"], {"d.D": [1.0]})]

    [unit] = units(rows)
    transcript: Any = unit.answers["transcript"]

    assert [turn["content"] for turn in transcript] == ["ring\ufffd", "\x1b[31mred\x07 \ufffd <script>\n"]
    check(unit.answers, channel=Channel.IMPORT)


def test_talks_with_a_system_turn_or_foreign_roles_or_pictures_keep_their_order() -> None:
    talk = [
        turn(NEW, "system", "Be brief."),
        turn(NEW, "human", "Look:"),
        {
            "role": "user",
            "content": {"text": None, "data_type": ["image/png", None], "data_path": "/home/me/secret.png"},
        },
        {"role": "model", "content": {"text": "Seen."}},
    ]
    rows = [setup(NEW), *attempt(NEW, "p.P", "x", ["Seen."], {"d.D": [1]}, conversations=[{"turns": talk}])]

    assert units(rows)[0].answers["transcript"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look:"},
        {"role": "user", "content": "[image/png]"},
        {"role": "assistant", "content": "Seen."},
    ]


def test_an_attempt_without_its_talk_is_told_from_prompt_and_output() -> None:
    rows = [setup(NEW), *attempt(NEW, "p.P", "hello", ["no", "yes"], {"d.D": [0, True]}, conversations=[])]

    assert units(rows)[0].answers["transcript"] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "yes"},
    ]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_log_cut_off_anywhere_is_read_as_far_as_it_goes(version: str) -> None:
    whole = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in log(version)).encode()

    for end in range(0, len(whole), 41):
        for each in reports(JsonLines(io.BytesIO(whole[:end]))):
            assert isinstance(each, Unit | Passed | Rejected)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_filed_or_refused_in_words(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([log(OLD), log(NEW), hits(OLD), hits(NEW)]))
    rows = changed(whole, data.draw(st.randoms(use_true_random=False)), data.draw(STRANGE))

    for each in found(row for row in rows if isinstance(row, dict)):
        if isinstance(each, Unit):
            with suppress(Refused):
                check(each.answers, channel=Channel.IMPORT)
        else:
            assert isinstance(each, Passed) or each.reason
