"""The client and the site, over a real line: what the one says, the other understands."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from telltale import Client, Problem
from telltale.__main__ import app
from typer.testing import CliRunner

from accounts.tokens import make_token
from reports.imports.running import carry_on
from reports.models import Import, Report


class Killed(BaseException):
    """As good as kill -9: nothing of ours runs after it."""


class Line(httpx.HTTPTransport):
    """A line to the site that ends the client with its third part, once it has arrived."""

    parts = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        self.parts += request.method == "PATCH"
        if self.parts == 3:
            raise Killed
        return answer


@pytest.mark.django_db(transaction=True)
def test_a_client_reads_files_and_hands_in_without_loss_or_double(
    live_server: Any,
    settings: Any,
    tmp_path: Path,
    answers: dict[str, Any],
    someone: Callable[..., Any],
    make_issue: Callable[..., Any],
    no_limits: None,
) -> None:
    settings.SITE_URL, settings.FILES_DIR = live_server.url, tmp_path / "files"
    numbers = [make_issue(f"Ruling {place}").number for place in range(3)]
    token = make_token(someone("researcher"), scopes=["report:bulk", "report:write"])
    file = tmp_path / "run.jsonl"
    lines = [{**answers, "summary": f"Ruling {place} is made up", "source_key": str(place)} for place in range(6)]
    file.write_text("".join(json.dumps({**line, "source": "our-lab"}) + "\n" for line in lines) + "not JSON\n")

    def work(seconds: float) -> None:
        carry_on(Import.objects.get().pk, seconds=600)  # in place of the worker, while the client waits

    with Client(live_server.url, token, sleep=work) as site:
        site.check()
        receipt = site.file(answers, key="once")
        again = site.file(answers, key="once")
        standing = site.receipt(receipt["reference"], receipt["receipt"])
        bulk = site.file_many([{**lines[0], "source": "our-lab"}, {"kind": "none"}])
        found = [issue["number"] for issue in site.issues(artifact="acme/chat-7b", limit=2)]
        models = [model["name"] for model in site.artifacts()]
        model = site.artifact("acme/chat-7b")
        exported = json.loads(site.export("json", issue=numbers[0]))
        table = site.export("csv", artifact="acme/chat-7b")
        card = site.card("acme/chat-7b")
        with Client(live_server.url, token, transport=Line()) as doomed, pytest.raises(Killed):
            doomed.import_file(file, "telltale", part_size=100)
        broken = Import.objects.get()
        ended = site.import_file(file, "telltale", part_size=500)
        rejects = list(site.import_rejects(ended["id"]))
        with pytest.raises(Problem) as refusal:
            site.file({"artifact": "acme/chat-7b"})
        with pytest.raises(Problem) as missing:
            site.issue("TT-1999-00001")
    told = CliRunner().invoke(app, ["issues", "--url", live_server.url, "--json"])
    unknown = CliRunner().invoke(app, ["issues", "--url", live_server.url], env={"TELLTALE_TOKEN": "tt_unknown"})

    assert receipt == again
    assert (standing["reference"], standing["status"]) == (receipt["reference"], "received")
    assert (bulk["filed"], bulk["rejected"], len(bulk["results"])) == (1, 1, 2)
    assert sorted(found) == sorted(numbers)
    assert (models, model["kind"], exported["number"]) == (["acme/chat-7b"], "model", numbers[0])
    assert table.count(b"TT-2026-") >= 3
    assert card.startswith("<!--")
    assert broken.offset == 300
    assert (ended["id"], ended["sha256"]) == (broken.pk, hashlib.sha256(file.read_bytes()).hexdigest())
    counted = {name: ended.get(name) for name in ("state", "read", "filed", "already_here", "rejected")}
    assert counted == {"state": "done", "read": 7, "filed": 5, "already_here": 1, "rejected": 1}
    assert rejects == [{"line": 7, "reason": "not JSON"}]
    assert Report.objects.filter(source="our-lab").count() == 6
    assert "/kind" in refusal.value.pointers
    assert (refusal.value.status, missing.value.status) == (400, 404)
    assert sorted(issue["number"] for issue in json.loads(told.stdout)) == sorted(numbers)
    assert (told.exit_code, unknown.exit_code) == (0, 3)
