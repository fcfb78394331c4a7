"""Lines of the log: one format, ids that lead from line to line, and nobody's words or addresses."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.test import Client

from config import logs
from config.celery import app, forget_in_log, name_in_log
from config.requests import HEADER

CODE = "canary-0123456789"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What is logged from here on, at INFO, as JSON."""
    monkeypatch.setenv("LOG_FORMAT", "json")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.formatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)


def test_what_we_say_and_what_libraries_say_look_alike(lines: Any) -> None:
    structlog.get_logger("ours").warning("bell.broker_away", rest_s=30)
    logging.getLogger("theirs").warning("is %s", "away")

    ours, theirs = lines()
    assert (ours["event"], ours["rest_s"], ours["level"], ours["logger"]) == ("bell.broker_away", 30, "warning", "ours")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("is away", "warning", "theirs")


@pytest.mark.django_db
def test_a_request_has_an_id_in_its_answer_and_its_lines_and_tells_no_address(client: Client, lines: Any) -> None:
    answer = client.get(f"/accounts/sign-in/{CODE}/", headers={HEADER: "forged-by-a-stranger"})

    told = lines()
    assert {line["request_id"] for line in told} == {answer.headers[HEADER]}
    assert answer.headers[HEADER] != "forged-by-a-stranger"
    assert [(line["page"], line["status"]) for line in told if line["event"] == "request"] == [
        ("sign_in", answer.status_code)
    ]
    assert CODE not in json.dumps(told)


@pytest.mark.parametrize(
    ("given", "taken"), [("from-our-proxy.1", True), ("short", False), ("x" * 65, False), ("with space in", False)]
)
def test_a_proxy_of_ours_may_name_the_request(client: Client, settings: Any, given: str, taken: bool) -> None:
    settings.PROXY_COUNT = 1

    assert (client.get("/health/live/", headers={HEADER: given}).headers[HEADER] == given) is taken


@pytest.mark.django_db
def test_what_a_view_refuses_is_told_once_under_the_id_of_its_answer(client: Client, lines: Any) -> None:
    answer = client.get("/api/v1/issues/TT-1999-00001/")

    refused = [line for line in lines() if line["event"] == "request.failed"]
    assert [(line["status"], line.get("request_id")) for line in refused] == [(404, answer.headers[HEADER])]


@pytest.mark.django_db
def test_a_page_that_is_not_found_is_not_named_by_its_address(client: Client, lines: Any) -> None:
    client.get(f"/nothing/{CODE}/")

    assert [line["status"] for line in lines() if line["event"] == "request.failed"] == [404]
    assert CODE not in json.dumps(lines())


def test_an_error_is_told_by_its_kind_and_place_and_not_by_its_words(lines: Any) -> None:
    try:
        raise ValueError(CODE)
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("theirs").exception("failed")

    for line in lines():
        assert (line["error"], line["event"]) == ("ValueError", "failed")
        assert "test_logs.py" in line["at"][-1]
    assert CODE not in json.dumps(lines())


def test_a_task_that_fails_is_named_and_its_arguments_are_not(lines: Any) -> None:
    def fail(words: str) -> None:
        raise ValueError(words)

    task = app.task(name="fail", bind=False)(fail)
    task.apply((CODE,))

    assert CODE not in json.dumps(lines())


def test_what_is_said_in_a_task_carries_its_id(lines: Any) -> None:
    task = type("Task", (), {"name": "triage.tasks.sweep"})
    name_in_log(task_id="t-1", task=task)
    structlog.get_logger().warning("inside")
    forget_in_log()
    structlog.get_logger().warning("outside")

    inside, outside = lines()
    assert (inside["task_id"], inside["task"]) == ("t-1", "triage.tasks.sweep")
    assert "task_id" not in outside


@pytest.mark.parametrize(("wish", "plain"), [("plain", True), ("json", False), ("", False)])
def test_json_unless_somebody_reads_along(monkeypatch: pytest.MonkeyPatch, wish: str, plain: bool) -> None:
    monkeypatch.setenv("LOG_FORMAT", wish)
    monkeypatch.setattr("sys.stderr", io.StringIO())

    assert logs.is_plain() is plain


def test_a_format_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")

    with pytest.raises(ValueError, match="LOG_FORMAT"):
        logs.is_plain()


def test_the_launcher_says_sentences_unless_json_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "")
    assert logs.spoken("Ready.") == "Ready."
    monkeypatch.setenv("LOG_FORMAT", "json")
    assert json.loads(logs.spoken("Ready."))["event"] == "Ready."
