"""What a shell sees of the command: output, errors and exit codes, with a site that is played."""

import ast
import json
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import telltale
from telltale import keeping, prompting, telling
from telltale.__main__ import app
from telltale.client import Client
from telltale.keeping import Login
from typer.testing import CliRunner

HOSTILE = "rent\x1b]0;owned\x07\x1b[31m\u202e\x9b2J\r\nlaw"
SHOWN = r"rent\x1b]0;owned\x07\x1b[31m\u202e\x9b2J\r\nlaw"
START = {"file_a_report": "https://site.example/api/v1/reports/"}
RECEIPT = {"reference": "r-1", "receipt": "AAAA-BBBB", "status": "received", "url": "https://site.example/reports/r-1/"}
STANDING = {
    "reference": "r-1",
    "status": "under_review",
    "issue": None,
    "timeline": [{"at": "2026-11-22", "status": "received"}],
    "is_withdrawn": False,
    "thread": [{"at": "2026-11-22", "from": "triagers", "kind": "message", "text": f"Hello\n{HOSTILE}"}],
    "may": ["add"],
    "disputable": [],
}
REPORT = ["--artifact", "acme/chat-7b", "--kind", "other", "--summary", "It made a ruling up", "--what-happened", "x"]
Answering = Callable[[httpx.Request], httpx.Response]


class Told(NamedTuple):
    code: int
    out: str
    err: str


class Shell:
    """Runs the command against whatever ``answers``."""

    def __init__(self) -> None:
        self.answers: Answering = lambda request: httpx.Response(200, json=START)
        self.asked: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers(request)

    def says(self, told: Any, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers = lambda request: httpx.Response(status, json=told, headers=named)

    def run(self, *words: str, typed: str = "", **environment: str) -> Told:
        ended = CliRunner().invoke(app, list(words), input=typed, env=environment)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Told(ended.exit_code, ended.stdout, ended.stderr)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()

    def client(url: str, token: str | None = None, **options: Any) -> Client:
        return Client(url, token, transport=httpx.MockTransport(shell.answer), sleep=lambda seconds: None, **options)

    monkeypatch.setattr("telltale.telling.Client", client)
    monkeypatch.setattr("telltale.commands.login.Client", client)
    return shell


@pytest.fixture
def here(shell: Shell) -> Shell:
    keeping.keep(Login("https://site.example", "tt_secret"))
    return shell


def test_a_login_is_checked_kept_for_its_owner_alone_and_forgotten(shell: Shell, home: Path) -> None:
    told = shell.run("login", "https://site.example/", typed="tt_secret\n")
    path = keeping.place()
    kept = keeping.current()
    mode = stat.S_IMODE(path.stat().st_mode)
    left = [shell.run("logout"), shell.run("logout")]

    assert (told.code, told.out) == (0, "Logged in to https://site.example.\n")
    assert kept == Login("https://site.example", "tt_secret")
    assert (mode, stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert shell.asked[0].headers["Authorization"] == "Bearer tt_secret"
    assert [each.out for each in left] == ["Forgotten.\n", "Nothing was kept.\n"]
    assert keeping.current() is None
    assert "tt_secret" not in told.out + told.err


def test_a_token_that_is_refused_is_not_kept(shell: Shell) -> None:
    shell.says({"title": "This token is not known."}, 401)

    told = shell.run("login", "https://site.example", TELLTALE_TOKEN="tt_old")

    assert (told.code, told.out, keeping.current()) == (3, "", None)
    assert "This token is not known." in told.err
    assert "tt_old" not in told.err


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (["login", "site.example"], "tt_x\n", "begins with https://"),
        (["login", "https://site.example"], "\n", "No token was given."),
        (["login", "https://site.example"], "tt_\x1b\n", "no token"),
        (["login"], "", "Missing argument"),
        (["issues"], "", "Say which site"),
        (["status", "r-1", "--url", "https://site.example"], "\n", "24 letters and digits"),
        (["status", "r-1", "Ⅹ\x07", "--url", "https://site.example"], "", "24 letters and digits"),
        (["nothing"], "", "No such command"),
        (["--url", "https://site.example", "issues"], "", "No such option"),
        (["import", "not-there.jsonl", "--format", "garak"], "", "does not exist"),
        (["export", "pdf"], "", "is none of"),
        (["export", "json", "--json"], "", "--output"),
    ],
)
def test_what_is_typed_wrong_is_said_and_ends_with_2(shell: Shell, words: list[str], typed: str, said: str) -> None:
    told = shell.run(*words, typed=typed)

    assert (told.code, told.out, shell.asked) == (2, "", [])
    assert said in told.err


def test_a_kept_token_goes_to_no_other_site(here: Shell) -> None:
    here.says({"results": [], "next": None})

    here.run("issues", "--url", "https://other.example")
    here.run("issues", TELLTALE_URL="https://other.example", TELLTALE_TOKEN="tt_other")
    here.run("issues")

    sent = [(request.url.host, request.headers.get("Authorization")) for request in here.asked]
    assert sent == [
        ("other.example", None),
        ("other.example", "Bearer tt_other"),
        ("site.example", "Bearer tt_secret"),
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 3}', '{"url": "ftp://x"}', '{"token": "tt_x"}'])
def test_a_login_that_cannot_be_read_is_none(shell: Shell, content: str) -> None:
    keeping.place().parent.mkdir(parents=True)
    keeping.place().write_text(content)

    assert shell.run("issues").code == 2


def test_a_report_from_options_is_filed_and_its_receipt_printed(here: Shell) -> None:
    here.says(RECEIPT, 201)

    told = here.run("report", *REPORT, "--consent", "--prompt", "Which?", "--output", "Smith", "--tries", "5")

    assert told.code == 0
    assert told.out == "reference  r-1\nreceipt    AAAA-BBBB\naddress    https://site.example/reports/r-1/\n"
    assert "shown this once" in told.err
    assert json.loads(here.asked[0].content) == {
        "artifact": "acme/chat-7b",
        "kind": "other",
        "summary": "It made a ruling up",
        "what_happened": "x",
        "consent": True,
        "transcript": [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": "Smith"}],
        "reproduction": {"tries": 5},
    }


def test_a_report_from_a_file_may_be_changed_by_options_and_be_anonymous(here: Shell, tmp_path: Path) -> None:
    here.says(RECEIPT, 201)
    file = tmp_path / "report.json"
    words = {"artifact": "a/b", "kind": "other", "summary": "s", "what_happened": "w", "consent": True}
    file.write_text(json.dumps(words))

    told = here.run("report", "--file", str(file), "--summary", "Another", "--anonymous", "--json", "--key", "run-1")
    piped = here.run("report", "--file", "-", "--json", typed=json.dumps(words))

    assert json.loads(told.out) == json.loads(piped.out) == RECEIPT
    assert json.loads(here.asked[0].content) == {**words, "summary": "Another"}
    assert "Authorization" not in here.asked[0].headers
    assert here.asked[0].headers["Idempotency-Key"] == "run-1"


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("[]", "no JSON object"), ("{}", "Still")],
)
def test_a_file_that_is_no_report_is_refused_here(here: Shell, tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(content)

    told = here.run("report", "--file", str(file))

    assert (told.code, here.asked) == (2, [])
    assert said in told.err


def test_what_is_missing_is_asked_for_where_a_person_sits(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompting, "is_person", lambda: True)
    here.says(RECEIPT, 201)

    told = here.run("report", typed="acme/chat-7b\n99\n12\nIt made one up\nIt made a ruling up.\ny\n")
    unwilling = here.run("report", *REPORT, typed="n\n")

    assert told.code == 0
    assert json.loads(here.asked[0].content) == {
        "artifact": "acme/chat-7b",
        "kind": "other",
        "summary": "It made one up",
        "what_happened": "It made a ruling up.",
        "consent": True,
    }
    assert "Which model" not in told.out
    assert (unwilling.code, len(here.asked)) == (2, 1)


def test_the_kinds_that_are_asked_for_are_those_of_the_site() -> None:
    from reports.vocabulary import Kind

    assert dict(prompting.KINDS) == {kind.value: str(kind.label) for kind in Kind}


def test_a_refusal_names_what_is_wrong_on_standard_error(here: Shell) -> None:
    wrong = {"title": "It cannot be taken.", "errors": [{"pointer": "/kind", "detail": HOSTILE}]}
    here.says(wrong, 400)

    told = here.run("report", *REPORT, "--consent")
    as_json = here.run("report", *REPORT, "--consent", "--json")

    assert (told.code, told.out) == (3, "")
    assert told.err == f"It cannot be taken.\n  /kind: {SHOWN}\n"
    assert (as_json.code, as_json.out) == (3, "")
    assert json.loads(as_json.err) == {"status": 400, **wrong}
    assert as_json.err.isascii()


@pytest.mark.parametrize(("status", "code"), [(400, 3), (401, 3), (403, 3), (404, 3), (429, 5), (500, 4), (503, 4)])
def test_exit_codes_say_why(here: Shell, status: int, code: int) -> None:
    here.says({"title": "No."}, status, Retry_After="3600")

    assert here.run("issues").code == code


def test_a_site_that_is_not_there_ends_with_4(here: Shell) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    here.answers = refuse

    told = here.run("issues")

    assert (told.code, told.out) == (4, "")
    assert "https://site.example cannot be reached: refused." in told.err


def test_ctrl_c_ends_with_130(here: Shell, tmp_path: Path) -> None:
    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    here.answers = interrupt
    file = tmp_path / "run.jsonl"
    file.write_text("x")

    told = here.run("import", str(file), "--format", "garak")

    assert told.code == 130
    assert "The same command goes on where this one stopped." in told.err


def test_issues_are_lines_of_plain_text_or_one_document(here: Shell) -> None:
    issue = {
        "number": "TT-2026-00001",
        "status": "confirmed",
        "severity": "",
        "title": HOSTILE,
        "artifacts": [{"name": "acme/chat-7b"}],
    }
    here.says({"results": [issue, issue], "next": None})

    told = here.run("issues", "--q", "rent", "--limit", "1")
    as_json = here.run("issues", "--json")

    assert told.out == f"TT-2026-00001\tconfirmed\t-\tacme/chat-7b\t{SHOWN}\n"
    assert "There are more than these 1" in told.err
    assert dict(here.asked[0].url.params) == {"q": "rent", "limit": "1"}
    assert json.loads(as_json.out) == [issue, issue]
    assert as_json.out.isascii()


def test_a_receipt_code_is_read_and_opens_the_report(here: Shell) -> None:
    here.says(STANDING)

    told = here.run("status", "r-1", typed="AAAA-BBBB\n")
    turned = here.run("status", "AAAA-BBBB", "r-1", "--json")
    alone = here.run("status", "AAAA-BBBB")

    assert (told.code, turned.code, alone.code) == (0, 0, 2)
    assert {request.headers["Authorization"] for request in here.asked} == {"Receipt AAAA-BBBB"}
    assert "status      under_review" in told.out
    assert "\n  Hello\n  " + SHOWN.replace(r"\r\n", "\n  ") + "\n" in told.out
    assert "AAAA-BBBB" not in told.out + told.err
    assert json.loads(turned.out) == STANDING


IMPORT = {
    "id": 7,
    "name": "run.jsonl",
    "size": 1,
    "offset": 1,
    "percent": 100,
    "state": "done",
    "read": 4,
    "filed": 3,
    "already_here": 0,
    "rejected": 0,
    "dry_run": False,
    "distinct_new": None,
    "error": "",
}


@pytest.mark.parametrize(
    ("changes", "code", "out", "err"),
    [
        ({}, 0, "read 4, filed 3, already here 0, rejected 0\n", "done"),
        ({"rejected": 1}, 1, f"line 4: {SHOWN}\nread 4, filed 3, already here 0, rejected 1\n", "done"),
        (
            {"dry_run": True, "distinct_new": 2},
            0,
            "read 4, filed 0, already here 0, rejected 0\n",
            "Nothing was filed; 3 would be, about 2 of them failures not known yet.",
        ),
        ({"state": "failed", "error": HOSTILE}, 3, "read 4, filed 3, already here 0, rejected 0\n", SHOWN),
        ({"state": "cancelled"}, 3, "read 4, filed 3, already here 0, rejected 0\n", "The import was cancelled."),
    ],
)
def test_an_import_ends_on_what_became_of_it(
    here: Shell, tmp_path: Path, changes: dict[str, Any], code: int, out: str, err: str
) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text("x")
    reject = {"line": 4, "reason": HOSTILE}
    here.answers = lambda request: httpx.Response(
        200, json=reject if request.url.path.endswith("/rejects/") else {**IMPORT, **changes}
    )

    told = here.run("import", str(file), "--format", "garak")
    as_json = here.run("import", str(file), "--format", "garak", "--json")

    assert (told.code, told.out) == (code, out)
    assert err in told.err
    rejects = [reject] if changes.get("rejected") else []
    assert json.loads(as_json.out) == {**IMPORT, **changes, "rejects": rejects}


def test_a_mapping_is_toml_or_json(here: Shell, tmp_path: Path) -> None:
    here.says(IMPORT)
    file = tmp_path / "table.csv"
    file.write_text("x")
    mappings = {"m.toml": '[columns]\nTitle = "summary"\n', "m.json": '{"columns": {"Title": "summary"}}', "m.x": "{"}
    for name, content in mappings.items():
        (tmp_path / name).write_text(content, encoding="utf-8-sig")

    told = [here.run("import", str(file), "--format", "csv", "--mapping", str(tmp_path / name)) for name in mappings]

    sent = [json.loads(request.content)["mapping"] for request in here.asked if request.method == "POST"]
    is_read = sys.version_info >= (3, 11)
    assert [each.code for each in told] == [0 if is_read else 2, 0, 2]
    assert sent == [{"columns": {"Title": "summary"}}] * (1 + is_read)


def test_an_export_is_written_whole_or_not_at_all(here: Shell, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("the line broke")

    to = tmp_path / "record.csv"
    here.answers = lambda request: httpx.Response(200, content=broken())
    failed = here.run("export", "csv", "-o", str(to))
    left = list(tmp_path.glob("*record*")) + list(tmp_path.glob(".*"))
    here.answers = lambda request: httpx.Response(200, content="a,b\n\x1b[31mü\n".encode())
    whole = here.run("export", "csv", "--output", str(to), "--json")
    piped = here.run("export", "csv")

    assert (failed.code, left) == (4, [])
    assert json.loads(whole.out) == {"form": "csv", "file": str(to), "bytes": 12}
    assert to.read_text() == piped.out == "a,b\n\x1b[31mü\n"  # a program reads it as it is


def test_a_card_is_markdown(here: Shell) -> None:
    here.answers = lambda request: httpx.Response(200, text="<!-- a -->\n")

    assert here.run("card", "acme/chat-7b").out == "<!-- a -->\n"
    assert json.loads(here.run("card", "acme/chat-7b", "--json").out)["markdown"] == "<!-- a -->\n"
    assert here.run("card", "acme").code == 2
    assert here.run("card", "acme/chat-7b", "--artifact-kind", "robot").code == 2


def test_a_terminal_is_shown_a_file_as_text(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)

    telling.raw(b"one\n\x1b[31mtwo\xff\n")

    assert capsys.readouterr().out == "one\n\\x1b[31mtwo\\xff\n"


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    for is_terminal in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal, raising=False)
        bar = telling.Bar()
        bar.at("a\x1b: sending", 0)
        bar.at("a\x1b: sending", 50)
        bar.clear()

    told = capsys.readouterr().err
    assert told.startswith("a\\x1b: sending\n\r\x1b[K[")
    assert told.endswith(f"[{'#' * 15}{'.' * 15}]  50 %  a\\x1b: sending\r\x1b[K")


def test_every_command_explains_itself(shell: Shell) -> None:
    names = [command.name for command in app.registered_commands]

    told = {name: shell.run(str(name), "--help") for name in names}

    assert names == ["login", "logout", "report", "status", "import", "issues", "export", "card"]
    assert {each.code for each in told.values()} == {0}
    assert all("--json" in each.out and "Exit codes" in each.out for each in told.values())
    assert not any("\x1b" in each.out for each in told.values())


def test_the_client_needs_nothing_but_httpx_and_typer() -> None:
    folder = Path(telltale.__file__).parent
    trees = [ast.parse(path.read_text()) for path in folder.rglob("*.py")]

    named = {
        (name.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }

    assert named - sys.stdlib_module_names == {"httpx", "typer", "telltale"}
