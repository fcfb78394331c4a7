"""Logs of Inspect AI, invented ones, in both of its files."""

import io
import json
import struct
import zipfile
from contextlib import suppress
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.filing import Refused, check
from reports.importers import archives, found_in, inspect
from reports.importers.inspect import NO_HEADER, NO_ID, NO_MODEL, NO_NUMBERS, NO_SCORES, OFF_SCALE
from reports.importers.options import Options
from reports.importers.sources import Source, Unreadable
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import Channel, Kind
from tests.reports.importers.strange import STRANGE, changed

ABOUT = {
    "run_id": "run-1",
    "eval_id": "eval-1",
    "created": "2021-05-01T09:00:00+00:00",
    "task": "tea_facts",
    "task_version": 3,
    "task_args": {"cups": 2, "deep": {"er": 1}},
    "model": "router/acme/chat-7b",
    "model_args": {"revision": "2021-04"},
    "model_generate_config": {"temperature": 0.5},
    "config": {"epochs": 2},
    "packages": {"inspect_ai": "0.3.999"},
    "a_key_of_tomorrow": [1],
}
Log = dict[str, Any]


def sample(named: str, epoch: int, scores: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": named,
        "epoch": epoch,
        "input": f"ask {named}",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": f"ask {named}"}]},
            {"role": "assistant", "content": f"answer {named} {epoch}"},
        ],
        "output": {"completion": f"answer {named} {epoch}"},
        "scores": {scorer: {"value": value, "explanation": f"because {named}"} for scorer, value in scores.items()},
        "events": [{"event": "model", "output": "long"}],
        **changes,
    }


def log(*samples: dict[str, Any], **changes: Any) -> Log:
    """Two samples in two epochs; of two scorers one found failures, 3 of 4."""
    return {
        "version": 2,
        "status": "success",
        "eval": ABOUT,
        "results": {"scores": [{"name": "match", "metrics": {"accuracy": {"value": float("nan")}}}]},
        "samples": list(samples)
        or [
            sample("green", 1, {"match": "I", "polite": True}),
            sample("black", 1, {"match": "C", "polite": 1}),
            sample("green", 2, {"match": "N", "polite": 0.5}),
            sample("black", 2, {"match": "I", "polite": "yes"}),
        ],
        **changes,
    }


def found(content: Log | bytes, **options: Any) -> list[Found]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(found_in(Source(io.BytesIO(raw)), "inspect", Options(**options)))


def units(content: Log | bytes, **options: Any) -> list[Unit]:
    return [each for each in found(content, **options) if isinstance(each, Unit)]


def zipped(content: Log, method: int = zipfile.ZIP_DEFLATED, header: str = "header.json") -> bytes:
    """The log as Inspect packs it, entries compressed as that version of it did."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        parts = {f"samples/{each['id']}_epoch_{each['epoch']}.json": each for each in content["samples"]}
        parts["summaries.json"] = {}
        parts[header] = {key: value for key, value in content.items() if key != "samples"}
        for name, part in parts.items():
            add(archive, name, json.dumps(part).encode(), method)
    return packed.getvalue()


def add(archive: zipfile.ZipFile, name: str, content: bytes, method: int) -> None:
    """Python writes no Zstandard before 3.14: what it takes for stored is marked as what it is."""
    if method != archives.ZIP_ZSTANDARD:
        archive.writestr(name, content, method)
        return
    archive.writestr(name, zstandard.ZstdCompressor().compress(content), zipfile.ZIP_STORED)
    told = archive.getinfo(name)
    told.compress_type, told.file_size = method, len(content)


@pytest.mark.parametrize("method", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, archives.ZIP_ZSTANDARD])
def test_each_scorer_that_found_failures_is_a_report_in_whichever_file(method: int | None) -> None:
    content = json.dumps(log()).encode() if method is None else zipped(log(), method)

    [failed, passed] = found(content)

    assert isinstance(failed, Unit)
    assert passed == Passed(1)
    assert failed.answers == {
        "artifact": "acme/chat-7b",
        "version": "2021-04",
        "summary": "Inspect tea_facts: match failed 3 of 4",
        "what_happened": (
            "The evaluation tea_facts 3 was run with Inspect 0.3.999. Its scorer match judged 4 answers, and 3 of them "
            "failed.\n\nSamples that failed: green 2 of 2, black 1 of 2.\n\n"
            "What the scorer said of the first: “because green”\n\n"
            "Also failed: “answer green 2”\nin answer to: “ask green”\n\n"
            "Also failed: “answer black 2”\nin answer to: “ask black”"
        ),
        "kind": Kind.FALSE_INFORMATION,
        "transcript": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "ask green"},
            {"role": "assistant", "content": "answer green 1"},
        ],
        "reproduction": {"tries": 4, "failures": 3},
        "found_by": "evaluation",
        "settings": {
            "scanner": "Inspect 0.3.999",
            "task_version": 3,
            "temperature": 0.5,
            "epochs": 2,
            "task.cups": 2,
        },
        "rule_id": "inspect/tea_facts/match",
        "reported_at": "2021-05-01T09:00:00+00:00",
        "source": "inspect",
        "source_key": "run-1/eval-1/tea_facts/match",
        "consent": True,
    }
    check(failed.answers, channel=Channel.IMPORT)


def test_one_scorer_and_the_other_direction_can_be_chosen() -> None:
    [unit] = units(log(), scorer="polite", fails="high")

    assert unit.answers["reproduction"] == {"tries": 4, "failures": 4}
    assert units(log(), scorer="polite", fails="high", threshold=0.75)[0].answers["reproduction"] == {
        "tries": 4,
        "failures": 3,
    }
    assert found(log(), scorer="clarity") == [Rejected(1, "no scorer of the log is called “clarity”")]


def test_a_scale_that_nobody_explained_is_refused_aloud_and_read_once_it_is() -> None:
    graded = log(sample("green", 1, {"grade": 2}), sample("black", 1, {"grade": 9}))

    assert found(graded) == [Rejected(1, OFF_SCALE.format(scorer="grade"))]
    assert units(graded, threshold=5.0)[0].answers["reproduction"] == {"tries": 2, "failures": 1}


def test_scores_that_are_no_numbers_are_refused_aloud_and_several_by_name_are_several_scorers() -> None:
    mixed = log(sample("green", 1, {"free": "well said", "list": [1], "both": {"tone": 0, "sense": 1}}))

    assert [each.reason for each in found(mixed) if isinstance(each, Rejected)] == [
        NO_NUMBERS.format(scorer="free"),
        NO_NUMBERS.format(scorer="list"),
    ]
    assert [unit.answers["rule_id"] for unit in units(mixed)] == ["inspect/tea_facts/both.tone"]


def test_a_sample_that_ended_in_an_error_or_was_not_scored_is_neither_pass_nor_failure() -> None:
    stopped = log(
        sample("green", 1, {"match": "I"}),
        sample("black", 1, {}, error={"message": "gone"}),
        sample("white", 1, {"match": float("nan")}),
        sample("red", 1, {"match": None}),
        status="error",
    )

    [unit] = units(stopped)

    assert unit.answers["reproduction"] == {"tries": 1, "failures": 1}
    assert "ended with the status “error”" in str(unit.answers["what_happened"])


@pytest.mark.parametrize("model", [None, "", "none", 7, "https://api.example/v1"])
def test_a_log_without_a_model_is_refused_aloud(model: Any) -> None:
    assert found(log(eval=ABOUT | {"model": model})) == [Rejected(1, NO_MODEL)]
    assert units(log(eval=ABOUT | {"model": model}), artifact="acme/other")[0].answers["artifact"] == "acme/other"


def test_a_log_that_lacks_what_matters_is_refused_whole() -> None:
    nameless = {key: value for key, value in ABOUT.items() if key not in ("run_id", "eval_id")}

    assert found({"samples": []}) == [Rejected(1, NO_HEADER)]
    assert found(log(eval=nameless)) == [Rejected(1, NO_ID)]
    assert found(log(sample("green", 1, {}))) == [Rejected(1, NO_SCORES)]


def test_tool_calls_and_texts_kept_apart_stand_in_the_talk() -> None:
    messages = [
        {"role": "user", "content": "attachment://abc"},
        {"role": "assistant", "content": "", "tool_calls": [{"function": "refund", "arguments": {"order": 1}}]},
        {"role": "tool", "content": "done"},
    ]
    kept = {"messages": messages, "attachments": {"abc": "a long text"}}

    [unit] = units(log(sample("green", 1, {"match": "I"}, **kept)))

    transcript: Any = unit.answers["transcript"]
    assert [(turn["role"], "refund" in turn["content"]) for turn in transcript] == [
        ("user", False),
        ("assistant", True),
        ("tool", False),
    ]
    assert transcript[0]["content"] == "a long text"


def test_an_unfinished_archive_is_told_by_its_journal() -> None:
    assert len(units(zipped(log(), header="_journal/start.json"))) == 1


def test_names_that_climb_out_of_a_zip_harm_nobody() -> None:
    climbing = log(sample("../../../etc/passwd", 1, {"match": "I"}), sample("/green", 1, {"match": "I"}))

    assert units(zipped(climbing))[0].answers["reproduction"] == {"tries": 2, "failures": 2}


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_zip_that_is_cut_off_is_refused_whole(share: float) -> None:
    whole = zipped(log())

    with pytest.raises(Unreadable, match="no whole zip"):
        found(whole[: int(len(whole) * share)])


def test_a_zip_whose_beginning_is_missing_is_refused_in_words() -> None:
    whole = zipped(log())

    def is_refused(content: bytes) -> bool:
        try:
            return any(isinstance(each, Rejected) for each in found(content))
        except Unreadable:
            return True

    assert all(is_refused(whole[missing:]) for missing in range(1, len(whole), 7))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, archives.ZIP_ZSTANDARD])
def test_a_bomb_is_refused_before_it_is_unpacked(method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SMALL", 10_000)
    bomb = zipped(log(sample("green", 1, {"match": "I"}, store=" " * 3_000_000)), method)

    with pytest.raises(Unreadable, match="unpack to more"):
        found(bomb)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, archives.ZIP_ZSTANDARD])
def test_an_entry_that_lies_about_its_size_is_rejected(method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        add(archive, "header.json", json.dumps(log() | {"samples": []}).encode(), method)
        add(archive, "samples/a_epoch_1.json", json.dumps(sample("a", 1, {"match": "I"})).encode(), method)
        archive.getinfo("samples/a_epoch_1.json").file_size = 10

    assert found(packed.getvalue())[0] == Rejected(1, "holds more than the zip says")


@pytest.mark.parametrize("content", [b"PK\x05\x06" + b"\0" * 18, b"PK", b"PK\x05\x06" + b"\xff" * 18, b"PK" * 40_000])
def test_what_only_begins_like_a_zip_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        found(content)


def test_a_list_of_entries_too_long_to_be_held_is_not_read() -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, archives.DIRECTORY_MAX + 1, 0, 0)

    with pytest.raises(Unreadable, match="more than an evaluation can hold"):
        found(b"PK\x03\x04" + end)


def test_a_sample_that_cannot_be_read_is_rejected_by_its_place_and_the_others_count() -> None:
    deep = '{"id": "deep", "scores": ' + "[" * 10_000 + "]" * 10_000 + "}"
    whole = json.dumps(log(status="started"))
    content = whole.replace('"samples": [', f'"samples": [{deep}, ').encode()

    assert found(content)[0] == Rejected(1, "nested too deeply")
    assert len(units(content)) == 1


def test_a_document_that_is_cut_off_is_refused_whole() -> None:
    whole = json.dumps(log()).encode()

    [refused] = found(whole[:-200])

    assert isinstance(refused, Rejected)
    assert "cut off" in refused.reason


def test_nobody_scores_by_so_many_scorers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "SCORERS_MAX", 2)

    assert found(log(sample("a", 1, {str(at): "I" for at in range(5)}))) == [Rejected(1, "more than 2 scorers")]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_filed_or_refused_in_words(data: st.DataObject) -> None:
    for each in found(changed(log(), data.draw(st.randoms(use_true_random=False)), data.draw(STRANGE))):
        if isinstance(each, Unit):
            with suppress(Refused):
                check(each.answers, channel=Channel.IMPORT)
        else:
            assert isinstance(each, Passed) or each.reason
