"""The command that files what another tool wrote down."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.policy import SYSTEM
from ledger.models import Event
from reports.filing import file_report
from reports.models import Artifact, Report

REPORT = {
    "artifact": "acme/chat-7b",
    "summary": "It invents a court ruling",
    "what_happened": "It cited a ruling that was never made.",
    "kind": "false_information",
    "consent": True,
}
HIT = {"text": "aa!"}
GARAK: list[dict[str, Any]] = [
    {"entry_type": "start_run setup", "transient.run_id": "run-1", "plugins.target_name": "acme/echo-7b"},
    {"entry_type": "attempt", "status": 2, "uuid": "1", "probe_classname": "encoding.InjectFolds", "prompt": "aa",
     "outputs": [HIT, HIT], "detector_results": {"encoding.Match": [1.0, 0.0], "mitigation.Gave": [0.0, 0.0]}},
]  # fmt: skip

Lines = Callable[..., str]

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """Writes a file of JSON lines: ``lines({…}, "not JSON", …) -> path``."""

    def written(*rows: object, name: str = "reports.jsonl") -> str:
        path = tmp_path / name
        path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
        return str(path)

    return written


def run(*args: str) -> tuple[list[str], int]:
    """What the command prints, line by line, and its exit code."""
    printed = io.StringIO()
    code = 0
    try:
        call_command("import_reports", *args, stdout=printed)
    except SystemExit as left:
        code = int(left.code or 0)
    return printed.getvalue().splitlines(), code


def test_a_file_is_filed_once_however_often_it_is_imported(lines: Lines) -> None:
    path = lines(REPORT, REPORT | {"summary": "It invents a statute"})

    assert run(path, "--format", "telltale") == (["read 2, filed 2, already here 0, rejected 0"], 0)
    assert run(path, "--format", "telltale") == (["read 2, filed 0, already here 2, rejected 0"], 0)
    assert {(report.channel, report.source_type, report.source) for report in Report.objects.all()} == {
        ("import", "form", "telltale")
    }
    assert set(Event.objects.values_list("verb", "actor")) == {("file", SYSTEM.pseudonym)}


def test_what_is_rejected_is_told_by_line_and_field_and_the_rest_is_filed(lines: Lines) -> None:
    path = lines(REPORT, "{", REPORT | {"kind": "odd", "colour": "red"}, {}, REPORT | {"summary": "Another"})

    printed, code = run(path, "--format", "telltale")

    assert code == 1
    assert printed[0] == "line 2: not JSON"
    assert printed[1].startswith("line 3: ")
    assert "kind: “odd” is not one of the answers." in printed[1]
    assert "colour: There is no such field." in printed[1]
    assert printed[2].startswith("line 4: artifact: ")
    assert printed[3:] == ["read 5, filed 2, already here 0, rejected 3"]
    assert Report.objects.count() == 2


def test_text_is_kept_whole_and_the_summary_is_cut_at_a_word(lines: Lines) -> None:
    headline, told = " ".join(["word"] * 60), "x" * 50_000
    run(lines(REPORT | {"summary": headline, "what_happened": told}), "--format", "telltale")

    evidence = Report.objects.get().evidence
    assert evidence.what_happened == f"{headline}\n\n{told}"
    assert len(evidence.summary) <= 120
    assert evidence.summary.endswith("word…")


def test_avid_documents_are_filed_and_nameless_ones_rejected(lines: Lines) -> None:
    document = {
        "metadata": {"report_id": "AVID-2021-R0001"},
        "affects": {"developer": ["Acme Labs"], "artifacts": [{"type": "System", "name": "Acme Notebook"}]},
        "problemtype": {"classof": "CVE Entry", "description": {"lang": "eng", "value": "Path traversal"}},
        "description": {"lang": "eng", "value": "A crafted archive is unpacked outside its folder."},
        "credit": [{"value": "Mina Okafor"}],
        "reported_date": "2021-03-20",
    }
    nameless = document | {"metadata": {"report_id": "2"}, "affects": {"artifacts": [{"type": "Model", "name": "n/a"}]}}
    same_author = document | {"metadata": {"report_id": "3"}}

    printed, code = run(lines(document, nameless, same_author), "--format", "avid")

    assert printed == ["line 2: names no artifact", "read 3, filed 2, already here 0, rejected 1"]
    assert code == 1
    first, second = Report.objects.order_by("pk")
    assert (first.source, first.source_key, first.kind, first.language) == ("avid", "AVID-2021-R0001", "other", "en")
    assert first.reported_at.date().isoformat() == "2021-03-20"
    assert first.voice_key == second.voice_key
    assert str(first.artifact) == "acme-labs/Acme-Notebook"
    assert (first.artifact.kind, first.artifact.developer) == ("system", "Acme Labs")


def test_a_garak_log_is_filed_pair_by_pair(lines: Lines) -> None:
    path = lines(*GARAK)

    assert run(path, "--format", "garak") == (["read 2, filed 1, already here 0, rejected 0"], 0)
    assert run(path, "--format", "garak") == (["read 2, filed 0, already here 1, rejected 0"], 0)

    report = Report.objects.get()
    assert (report.failures, report.tries) == (1, 2)
    assert (report.source_type, report.rule_id) == ("scanner", "garak/encoding.InjectFolds")
    assert report.source_key == "run-1/encoding.InjectFolds/encoding.Match"
    assert report.evidence.transcript == [{"role": "user", "content": "aa"}, {"role": "assistant", "content": "aa!"}]


def test_a_report_log_adds_to_its_hit_log_of_how_many(lines: Lines) -> None:
    hit = {
        "run_id": "run-1",
        "attempt_id": "1",
        "generator": "test acme/echo-7b",
        "probe": "encoding.InjectFolds",
        "detector": "encoding.Match",
        "prompt": "aa",
        "output": HIT,
    }
    hits, log = lines(hit, name="hits.jsonl"), lines(*GARAK, name="log.jsonl")

    assert run(hits, "--format", "garak") == (["read 1, filed 1, already here 0, rejected 0"], 0)
    assert Report.objects.get().tries is None
    assert run(log, "--format", "garak") == (["read 2, filed 0, already here 1, rejected 0"], 0)
    assert run(hits, "--format", "garak") == (["read 1, filed 0, already here 1, rejected 0"], 0)

    report = Report.objects.get()
    assert (report.failures, report.tries, str(report.artifact)) == (1, 2, "acme/echo-7b")


@pytest.mark.parametrize("name", ["mapping.toml", "mapping.json"])
def test_a_table_is_filed_by_its_mapping(tmp_path: Path, name: str) -> None:
    table, mapping = tmp_path / "table.csv", tmp_path / name
    table.write_text("What;Sort\nIt burnt the tea.;bad\nIt burnt the milk.;odd\n")
    toml = 'constants = {artifact = "acme/tea-7b"}\ncolumns = {What = "what_happened", Sort = "kind"}\n'
    parts = {
        "columns": {"What": "what_happened", "Sort": "kind"},
        "constants": {"artifact": "acme/tea-7b"},
        "values": {"kind": {"bad": "other"}},
    }
    written = json.dumps(parts) if name.endswith("json") else f'{toml}values = {{kind = {{bad = "other"}}}}'
    mapping.write_text(written, encoding="utf-8-sig")

    printed, code = run(str(table), "--format", "csv", "--mapping", str(mapping))

    assert printed[0].startswith("line 3: kind: “odd” is not one of the answers.")
    assert printed[1:] == ["read 2, filed 1, already here 0, rejected 1"]
    assert code == 1
    assert Report.objects.get().source == "csv"


def test_an_option_that_cannot_be_followed_is_refused_in_words(lines: Lines, tmp_path: Path) -> None:
    path, broken = lines(REPORT), tmp_path / "mapping.toml"
    broken.write_text("= 5")

    with pytest.raises(CommandError, match="--scorer says nothing about a file of format telltale"):
        run(path, "--format", "telltale", "--scorer", "match")
    with pytest.raises(CommandError, match=r"--mapping .* is neither JSON nor TOML"):
        run(path, "--format", "csv", "--mapping", str(broken))
    with pytest.raises(CommandError, match=r"--mapping .* cannot be read"):
        run(path, "--format", "csv", "--mapping", str(tmp_path / "nowhere"))


def test_another_run_is_another_report(lines: Lines) -> None:
    again = [json.loads(json.dumps(row).replace("run-1", "run-2")) for row in GARAK]

    run(lines(*GARAK), "--format", "garak")
    run(lines(*again), "--format", "garak")

    assert Report.objects.count() == 2


def test_a_log_without_failures_says_so(lines: Lines) -> None:
    clean = [GARAK[0], GARAK[1] | {"detector_results": {"encoding.Match": [0.0, 0.0]}}]

    assert run(lines(*clean), "--format", "garak") == (
        ["No failures found: nothing to file.", "read 1, filed 0, already here 0, rejected 0"],
        0,
    )


def test_a_log_without_a_target_says_so_and_can_be_told_one(lines: Lines) -> None:
    path = lines(GARAK[0] | {"plugins.target_name": None}, GARAK[1])

    printed, code = run(path, "--format", "garak")
    assert printed[0].startswith("line 1: the log names no target")
    assert printed[1:] == ["read 1, filed 0, already here 0, rejected 1"]
    assert code == 1

    assert run(path, "--format", "garak", "--artifact", "acme/other")[1] == 0
    assert str(Report.objects.get().artifact) == "acme/other"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(lines: Lines) -> None:
    path = lines(REPORT, "{")

    assert run(path, "--format", "telltale", "--dry-run") == (
        [
            "line 1: would file “It invents a court ruling” on acme/chat-7b",
            "line 2: not JSON",
            "Nothing was filed; 1 would be, about 1 of them failures not known yet.",
            "read 2, filed 0, already here 0, rejected 1",
        ],
        1,
    )
    assert not Report.objects.exists()
    assert not Artifact.objects.exists()
    assert not Event.objects.exists()


def test_an_import_stopped_halfway_is_finished_by_running_it_again(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(REPORT, REPORT | {"summary": "Second"}, REPORT | {"summary": "Third"})
    calls = []

    def stopped(*args: Any, **known: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return file_report(*args, **known)

    monkeypatch.setattr("reports.importers.intake.file_report", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(path, "--format", "telltale")

    assert run(path, "--format", "telltale") == (["read 3, filed 2, already here 1, rejected 0"], 0)


def test_what_a_file_says_cannot_steer_the_terminal(lines: Lines) -> None:
    printed, _ = run(lines(REPORT | {"\x1b[2J\u202e": 1}), "--format", "telltale")

    assert printed[0] == "line 1: \\x1b[2J\\u202e: There is no such field."


def test_text_that_is_half_a_character_is_refused_in_words(lines: Lines) -> None:
    printed, code = run(lines(REPORT | {"summary": "\ud800" * 12}, REPORT | {"\ud800": 1}), "--format", "telltale")

    assert code == 1
    assert [line.partition(": ")[0] for line in printed[:2]] == ["line 1", "line 2"]


def test_a_terminal_sees_a_bar_on_the_side(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    printed, _ = run(lines(*GARAK), "--format", "garak")

    assert printed == ["read 2, filed 1, already here 0, rejected 0"]
    assert " 29 %" in terminal.getvalue()  # while it is read: what a log found is known at its end
    assert "100 %" in terminal.getvalue()


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00rest", '{"a": 1}'.encode("utf-16"), b'{"a": "caf\xe9"}\n'])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_bytes(content)

    with pytest.raises(CommandError, match="is not UTF-8 text"):
        run(str(path), "--format", "telltale")


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(str(tmp_path / "nowhere.jsonl"), "--format", "telltale")
    with pytest.raises(CommandError, match="Is a directory"):
        run(str(tmp_path), "--format", "telltale")


def test_an_artifact_without_an_org_is_refused(lines: Lines) -> None:
    with pytest.raises(CommandError, match="ORG/NAME"):
        run(lines(REPORT), "--format", "telltale", "--artifact", "chat-7b")


def test_a_format_that_is_not_known_is_refused(lines: Lines) -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        run(lines(REPORT), "--format", "xml")
