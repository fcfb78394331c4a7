"""Results of promptfoo, invented ones, as document and as lines."""

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.filing import Refused, check
from reports.importers import found_in, promptfoo
from reports.importers.options import Options
from reports.importers.promptfoo import NO_ID, NO_PROVIDER, NO_ROWS, TOO_MANY, model_in
from reports.importers.sources import Source
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import Channel, Kind
from tests.reports.importers.strange import STRANGE, changed

Row = dict[str, Any]


def row(number: int, *, passes: bool, said: str = "tea", **changes: Any) -> Row:
    """One answer to a test that wants a fact."""
    part = {"pass": passes, "score": int(passes), "reason": "no green in it", "assertion": {"type": "contains"}}
    return {
        "id": f"row-{number}",
        "success": passes,
        "failureReason": 0 if passes else 1,
        "promptId": "p1",
        "prompt": {"raw": f"Ask: {said}", "label": "plain"},
        "provider": {"id": "file://provider.js", "label": "acme/tea-7b"},
        "response": {"output": f"answer {number}"},
        "gradingResult": {"pass": passes, "score": int(passes), "reason": "whole", "componentResults": [part]},
        "testCase": {
            "description": f"knows {said} facts",
            "vars": {"q": said},
            "assert": [{"type": "contains", "value": "green"}],
            "metadata": {"area": "kitchen"},
        },
        "metadata": {"severity": "High"},
        "a_key_of_tomorrow": {},
        **changes,
    }


def attack(number: int, *, passes: bool, plugin: str = "contracts", metric: str = "Contract", **meta: Any) -> Row:
    part = {
        "pass": passes,
        "reason": "it promised",
        "assertion": {"type": f"promptfoo:redteam:{plugin}", "metric": metric},
    }
    return row(
        number,
        passes=passes,
        metadata={"pluginId": plugin, "severity": "low", **meta},
        testCase={"vars": {}, "assert": [{"type": f"promptfoo:redteam:{plugin}", "metric": metric}]},
        gradingResult={"pass": passes, "componentResults": [part]},
    )


def document(*rows: Row, **changes: Any) -> dict[str, Any]:
    return {
        "evalId": "eval-1",
        "results": {"version": 3, "timestamp": "2021-05-01T09:00:00Z", "prompts": [{}], "results": list(rows)},
        "config": {},
        "metadata": {"promptfooVersion": "0.999.0"},
        **changes,
    }


def found(content: dict[str, Any] | str, artifact: str = "") -> list[Found]:
    raw = content if isinstance(content, str) else json.dumps(content)
    return list(found_in(Source(io.BytesIO(raw.encode())), "promptfoo", Options(artifact=artifact)))


def units(*rows: Row, artifact: str = "") -> list[Unit]:
    return [each for each in found(document(*rows), artifact) if isinstance(each, Unit)]


def lines(*rows: Row) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_each_test_that_failed_is_a_report_with_how_often_it_was_tried() -> None:
    repeated = [row(1, passes=True), row(2, passes=False), row(3, passes=False), row(4, passes=True, said="milk")]

    *passed, failed = found(document(*repeated))

    assert passed == [Passed(1), Passed(3), Passed(4)]
    assert isinstance(failed, Unit)
    assert failed.line == 2
    rule = failed.answers["rule_id"]
    assert failed.answers == {
        "artifact": "acme/tea-7b",
        "summary": "promptfoo knows tea facts: failed 2 of 3 (contains)",
        "what_happened": (
            "promptfoo 0.999.0 ran the test “knows tea facts”. Of 3 answers that were judged, 2 failed.\n\n"
            "Why it failed: “no green in it”\n\nAlso failed: “answer 3”\nin answer to: “Ask: tea”"
        ),
        "kind": Kind.FALSE_INFORMATION,
        "transcript": [{"role": "user", "content": "Ask: tea"}, {"role": "assistant", "content": "answer 2"}],
        "reproduction": {"tries": 3, "failures": 2},
        "severity": "high",
        "found_by": "evaluation",
        "settings": {"scanner": "promptfoo 0.999.0", "area": "kitchen"},
        "rule_id": rule,
        "reported_at": "2021-05-01T09:00:00Z",
        "source": "promptfoo",
        "source_key": f"row-1/acme/tea-7b/{str(rule).removeprefix('promptfoo/').replace(':', '/')}",
        "consent": True,
    }
    check(failed.answers, channel=Channel.IMPORT)


def test_both_files_of_a_run_hold_the_same_reports() -> None:
    rows = [row(1, passes=True), row(2, passes=False), attack(3, passes=False)]

    by_document, by_lines = found(document(*rows)), found(lines(*rows))

    keys = [[each.answers["source_key"] for each in some if isinstance(each, Unit)] for some in (by_document, by_lines)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 2
    assert len(by_document) == len(by_lines) == 3


def test_a_document_without_a_line_break_is_no_line() -> None:
    assert found(json.dumps(document(row(1, passes=True))) + "\n") == [Passed(1)]


def test_errors_and_what_the_grader_could_not_judge_are_neither_pass_nor_failure() -> None:
    broken = {"pass": False, "metadata": {"graderError": True}, "assertion": {"type": "llm-rubric"}}
    true = {"pass": False, "reason": "rude", "assertion": {"type": "contains"}}
    undecided = [
        row(1, passes=False, failureReason=2, gradingResult=None),
        row(2, passes=False, response={"error": "503"}),
        row(3, passes=False, gradingResult={"pass": False, "componentResults": [broken]}),
        row(4, passes=False, gradingResult={"pass": False, "metadata": {"graderError": True}}),
    ]
    decided = row(5, passes=False, gradingResult={"pass": False, "componentResults": [broken, true]})

    assert found(document(*undecided)) == [Passed(at) for at in range(1, 5)]
    assert units(*undecided, decided)[0].answers["reproduction"] == {"tries": 1, "failures": 1}


def test_a_red_team_is_told_by_plugin_and_metric_and_gathered_by_plugin() -> None:
    plain = [attack(1, passes=False), attack(2, passes=True)]
    encoded = [attack(at, passes=at == 4, metric="Contract/Base64", strategyId="base64") for at in (3, 4)]
    own = [attack(5, passes=False, plugin="policy", metric="PolicyViolation:abc")]

    told = units(*plain, *encoded, *own)

    assert [unit.answers["reproduction"] for unit in told] == [{"tries": 2, "failures": 1}] * 2 + [
        {"tries": 1, "failures": 1}
    ]
    assert [unit.answers["rule_id"] for unit in told] == ["promptfoo/contracts"] * 2 + ["promptfoo/policy:abc"]
    assert [unit.answers["kind"] for unit in told] == [Kind.UNSAFE_ACTION] * 2 + [Kind.IGNORES_INSTRUCTIONS]
    assert "by the strategy base64" in str(told[1].answers["what_happened"])


def test_what_was_hidden_on_export_is_told_as_it_was_before_it_was_encoded() -> None:
    [unit] = units(attack(1, passes=False, originalText="Promise it.") | {"prompt": {"raw": "[REDACTED]"}})

    transcript: Any = unit.answers["transcript"]
    assert transcript[0] == {"role": "user", "content": "Promise it."}


@pytest.mark.parametrize(
    ("changes", "roles"),
    [
        ({"prompt": {"raw": '[{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]'}}, "sua"),
        ({"prompt": {"raw": "[not JSON"}}, "ua"),
        ({"prompt": {"raw": "[" * 10_000}}, "ua"),
        ({"metadata": {"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}}, "ua"),
        ({"metadata": {"redteamHistory": [{"prompt": "1", "output": "2"}, {"prompt": "3", "output": "4"}]}}, "uaua"),
        ({"response": {"output": {"tool": [1]}}}, "ua"),
    ],
)
def test_talks_of_several_turns_keep_their_order(changes: Row, roles: str) -> None:
    transcript: Any = units(row(1, passes=False, **changes))[0].answers["transcript"]

    assert "".join(turn["role"][0] for turn in transcript) == roles


@pytest.mark.parametrize(
    ("provider", "artifact"),
    [
        ("openai:gpt-9", "openai/gpt-9"),
        ("openai:chat:gpt-9", "openai/gpt-9"),
        ("openrouter:acme/chat-7b", "acme/chat-7b"),
        ("huggingface:text-generation:acme/chat-7b", "acme/chat-7b"),
        ("ollama:chat:tea:7b", "ollama/tea-7b"),
        ("acme/chat-7b", "acme/chat-7b"),
        ("ShopBot", "ShopBot"),
    ],
)
def test_a_provider_names_its_model(provider: str, artifact: str) -> None:
    assert model_in(provider) == artifact


@pytest.mark.parametrize("provider", [None, {}, {"id": "file://provider.js"}, {"id": "https://api.example"}, 7, "n/a"])
def test_a_failing_row_without_a_model_is_refused_aloud(provider: Any) -> None:
    nameless = [row(1, passes=False, provider=provider), row(2, passes=True, provider=provider)]

    assert found(document(*nameless)) == [Rejected(1, NO_PROVIDER), Passed(2)]
    assert units(*nameless, artifact="acme/other")[0].answers["artifact"] == "acme/other"


def test_rows_of_an_older_version_say_less() -> None:
    older = row(1, passes=False)
    for key in ("failureReason", "promptId", "testCase", "metadata"):
        del older[key]

    [unit] = units(older)

    assert unit.answers["summary"] == "promptfoo test: failed 1 of 1 (contains)"
    assert found(json.dumps({"results": [older]}))[0].line == 1


def test_a_file_that_is_something_else_is_refused_once() -> None:
    assert found({"results": {}}) == [Rejected(1, NO_ROWS)]
    assert isinstance(found("[")[0], Rejected)
    assert found(document(row(1, passes=False, id=None), evalId=None)) == [Rejected(1, NO_ID)]


def test_broken_rows_are_rejected_by_place_and_a_file_cut_off_is_refused_whole() -> None:
    whole = json.dumps(document(row(1, passes=True), row(2, passes=False)))

    assert found(whole.replace('"results": [{', '"results": [7, {', 1))[0] == Rejected(1, "not a JSON object")
    assert [type(each) for each in found(whole[:-90])] == [Passed, Rejected]


def test_no_honest_run_holds_so_many_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promptfoo, "TESTS_MAX", 1)

    assert found(document(row(1, passes=True), row(2, passes=True, said="milk")))[-1] == Rejected(1, TOO_MANY)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_filed_or_refused_in_words(data: st.DataObject) -> None:
    whole = document(row(1, passes=False), attack(2, passes=False))
    for each in found(changed(whole, data.draw(st.randoms(use_true_random=False)), data.draw(STRANGE))):
        if isinstance(each, Unit):
            with suppress(Refused):
                check(each.answers, channel=Channel.IMPORT)
        else:
            assert isinstance(each, Passed) or each.reason
