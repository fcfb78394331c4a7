"""What came of running the exported cases, read from the tools' own files and recorded once."""

import json
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from reports.importers.results import results_in
from reports.importers.sources import Source, Unreadable
from reports.models import Issue, Reproduction
from tests.reports.importers.strange import changed
from triage.decisions import decide, undo
from triage.models import Decision

pytestmark = pytest.mark.django_db
NUMBER = "TT-2026-00001"
Run = Callable[..., str]


def log_of(failures: int, tries: int, *, number: str = NUMBER, run: str = "r1", **about: Any) -> dict[str, Any]:
    """A log of Inspect's, as far as anybody reads it; after the failures an answer that could not be scored."""
    samples = [
        {
            "id": f"{number}-1",
            "epoch": place,
            "metadata": {"issue": number},
            "scores": {"published_words": {"value": "I" if place < failures else "C" if place < tries else None}},
        }
        for place in range(tries + 1)
    ]
    said = {"run_id": run, "task": number, "model": "openrouter/acme/chat-7b", "packages": {"inspect_ai": "0.3"}}
    generation = {"temperature": 0.7, "stop_seqs": ["a", "b"]}
    return {
        "version": 2,
        "status": "success",
        "eval": {**said, "model_generate_config": generation, **about},
        "samples": samples,
    }


def results_of(failures: int, tries: int, *, number: str = NUMBER, provider: str = "acme/chat-7b") -> dict[str, Any]:
    """promptfoo's results; the last row ended in an error, and counts for nothing."""
    rows = [
        {
            "id": f"{provider}-{place}",
            "provider": {"id": provider},
            "failureReason": 1 if place < failures else 2 if place == tries else 0,
            "success": failures <= place < tries,
            "gradingResult": None,
            "testCase": {"description": f"{number}-1", "metadata": {"issue": number}},
        }
        for place in range(tries + 1)
    ]
    return {"evalId": "e1", "results": {"version": 3, "results": rows}, "metadata": {"promptfooVersion": "0.1"}}


@pytest.fixture(scope="module")
def standing(ground: Any) -> dict[str, Any]:
    triager = ground.someone("triager", email="dana@example.org")
    issue = ground.file().placements.get().issue
    decide(issue, "confirm", by=triager)
    issue.refresh_from_db()
    return {"issue": issue, "triager": triager}


@pytest.fixture
def issue(standing: dict[str, Any]) -> Issue:
    return deepcopy(standing["issue"])  # type: ignore[no-any-return] # of an untyped dict


@pytest.fixture
def run(tmp_path: Path, issue: Issue) -> Run:
    """The command on a document, or on bytes."""

    def ran(told: Any, tool: str = "inspect", *more: str, by: str = "DANA@example.org", number: str = NUMBER) -> str:
        file, out = tmp_path / "result.json", StringIO()
        file.write_bytes(told if isinstance(told, bytes) else json.dumps(told).encode())
        call_command(
            "import_reproduction", str(file), "--issue", number, "--format", tool, "--by", by, *more, stdout=out
        )
        return out.getvalue()

    return ran


ODD: list[Any] = [None, True, 1.5, -1, 10**400, "\0", "\ud800", "x" * 3_000, [], {}, [[]], {"value": {"x": "C"}}, "I"]
VERSION = ("--tried-version", "2026-06")


@pytest.mark.parametrize(
    ("tool", "told", "key"),
    [("inspect", log_of(3, 10), "temperature"), ("promptfoo", results_of(3, 10), "scanner")],
)
def test_k_of_n_is_recorded_by_the_move_and_once(run: Run, issue: Issue, tool: str, told: Any, key: str) -> None:
    assert run(told, tool, *VERSION) == f"{NUMBER}: acme/chat-7b 2026-06 failed 3 of 10\n"
    assert run(told, tool, *VERSION) == "Already here: This run is recorded: 3 of 10 failed.\n"

    row = Reproduction.objects.get()
    assert (row.failures, row.tries, str(row.version), row.issue) == (3, 10, "2026-06", issue)
    assert key in row.settings
    assert str(row.settings["scanner"]).endswith((" 0.1", " 0.3"))
    assert all(isinstance(value, str | int | float) for value in row.settings.values())
    assert f"{NUMBER}-1 3 of 10" in row.evidence
    affected = issue.affected.get()
    assert (affected.failures, affected.tries) == (3, 10)
    assert Decision.objects.filter(verb="reproduce").count() == 1


def test_a_run_without_a_failure_is_a_result_too(run: Run, issue: Issue) -> None:
    assert run(log_of(0, 4), "inspect", *VERSION).endswith("failed 0 of 4\n")
    assert run(results_of(0, 4), "promptfoo", *VERSION).endswith("failed 0 of 4\n")


def test_both_files_of_promptfoo_are_one_run(run: Run, issue: Issue) -> None:
    told = results_of(1, 2)
    run(told, "promptfoo", *VERSION)

    lines = "".join(json.dumps(row) + "\n" for row in told["results"]["results"]).encode()

    assert "Already here" in run(lines, "promptfoo", *VERSION)
    assert Reproduction.objects.count() == 1


def test_what_was_undone_can_be_imported_again(run: Run, issue: Issue, standing: dict[str, Any]) -> None:
    run(log_of(1, 2), "inspect", *VERSION)
    undo(Decision.objects.get(verb="reproduce"), by=standing["triager"])

    assert "failed 1 of 2" in run(log_of(1, 2), "inspect", *VERSION)
    assert Reproduction.objects.filter(ended_at=None).count() == 1


def test_another_run_is_another_result_and_a_log_names_its_revision(run: Run, issue: Issue) -> None:
    run(log_of(1, 2), "inspect", *VERSION)

    told = run(log_of(2, 2, run="r2", model_args={"revision": "2026-05"}))

    assert told == f"{NUMBER}: acme/chat-7b 2026-05 failed 2 of 2\n"


def test_only_the_cases_of_the_issue_count(run: Run, issue: Issue) -> None:
    both = log_of(1, 2)
    both["samples"] += log_of(5, 5, number="TT-2026-00002")["samples"]

    assert run(both, "inspect", *VERSION).endswith("failed 1 of 2\n")


def test_of_several_models_one_is_named(run: Run, issue: Issue) -> None:
    both = results_of(1, 2)
    both["results"]["results"] += results_of(2, 2, provider="other/model")["results"]["results"]

    with pytest.raises(CommandError, match="acme/chat-7b, other/model"):
        run(both, "promptfoo", *VERSION)
    assert run(both, "promptfoo", *VERSION, "--artifact", "Acme/Chat-7B").endswith("failed 1 of 2\n")


@pytest.mark.parametrize(
    ("told", "tool", "more", "why"),
    [
        (log_of(1, 2), "inspect", (), "which version"),
        (log_of(1, 2, number="TT-2026-00002"), "inspect", VERSION, "no judged answer"),
        (results_of(1, 2, number="TT-2026-00002"), "promptfoo", VERSION, "no judged answer"),
        (log_of(1, 2, model="openai/gpt"), "inspect", VERSION, "the issue names acme/chat-7b"),
        (log_of(1, 2, model=None), "inspect", VERSION, "the issue names acme/chat-7b"),
        (log_of(1, 2, run=""), "inspect", VERSION, "which run"),
        (log_of(1, 2), "inspect", (*VERSION, "--scorer", "other"), "no judged answer"),
        (b"", "inspect", VERSION, "JSON|cut off"),
        (b"", "promptfoo", VERSION, "no judged answer|cut off"),
        (b"PK\x03\x04 no zip", "inspect", VERSION, "no whole zip"),
        (b"\0\xff", "promptfoo", VERSION, "UTF-8"),
        (b'{"results": [3]}', "promptfoo", VERSION, "not a JSON object"),
    ],
)
def test_what_says_nothing_about_the_issue_is_refused_in_words(
    run: Run, issue: Issue, told: Any, tool: str, more: tuple[str, ...], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        run(told, tool, *more)
    assert not Reproduction.objects.exists()


def test_only_who_decides_records_and_only_on_an_issue_that_is_there(run: Run, issue: Issue, someone: Any) -> None:
    someone("researcher", email="ada@example.org")

    for more in ({"by": "ada@example.org"}, {"by": "nobody@example.org"}, {"number": "TT-2026-99999"}):
        with pytest.raises(CommandError):
            run(log_of(1, 2), "inspect", *VERSION, **more)
    assert not Reproduction.objects.exists()


@pytest.mark.parametrize(("tool", "told"), [("inspect", log_of(1, 2)), ("promptfoo", results_of(1, 2))])
def test_any_result_is_read_or_refused(tool: str, told: Any) -> None:
    for seed in range(60):
        random = Random(seed)
        odd = changed(changed(told, random, random.choice(ODD)), random, random.choice(ODD))
        try:
            found = results_in(Source(BytesIO(json.dumps(odd).encode())), tool, NUMBER)
        except Unreadable:
            continue
        assert all(0 <= each.failures <= each.tries and each.tries for each in found)
