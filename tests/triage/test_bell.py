"""The doorbell: nobody waits for a broker, whatever it does; and with a broker and a worker, a report is grouped."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from kombu.exceptions import OperationalError

from config import broker, postgres
from reports.models import Report
from triage import bell as bell_module
from triage.bell import Bell
from triage.tasks import match_report, sweep

BASE = Path(__file__).resolve().parents[2]
PATIENCE_S = 60  # of a test for what comes sooner; never a measure


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so before patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Task:
    """Stands in for a Celery task: publishing it waits for ``gate``, then raises ``failure`` if there is one."""

    name = "stand-in"

    def __init__(self, *, is_open: bool = True, failure: Exception | None = None, gathers_s: float = 0.0) -> None:
        self.gate, self.failure, self.gathers_s = threading.Event(), failure, gathers_s
        self.published: list[int] = []
        self.tried = 0
        if is_open:
            self.gate.set()

    def apply_async(self, args: tuple[int, ...], *, retry: bool) -> None:
        assert not retry
        self.tried += 1
        assert self.gate.wait(PATIENCE_S)
        if self.failure:
            raise self.failure
        self.published.extend(args)


def test_ids_are_published_in_the_order_of_ringing() -> None:
    bell, task = Bell(), Task()

    for number in range(5):
        bell.ring(task, number)

    assert soon(lambda: len(task.published) == 5)
    assert task.published == [0, 1, 2, 3, 4]
    assert bell.dropped == 0


def test_what_waits_together_goes_in_one_message_as_far_as_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell_module, "AT_ONCE", 3)
    bell, task = Bell(), Task(is_open=False)
    bell.ring(task, 0)
    assert soon(lambda: task.tried == 1)  # the first is out of the queue, at the closed gate

    for number in range(1, 6):
        bell.ring(task, number)
    task.gate.set()

    assert soon(lambda: task.published == [0, 1, 2, 3, 4, 5])
    assert task.tried == 3


def test_a_task_that_gathers_is_told_of_the_first_at_once_and_holds_up_no_other() -> None:
    bell, gathering, other = Bell(), Task(gathers_s=3_600), Task()
    bell.ring(gathering, 1)
    assert soon(lambda: gathering.published == [1])

    for number in (2, 3):
        bell.ring(gathering, number)
        bell.ring(other, number)

    assert soon(lambda: other.published == [2, 3])
    assert gathering.published == [1]


def test_what_was_gathered_goes_in_one_message() -> None:
    bell, task = Bell(), Task(is_open=False, gathers_s=0.5)
    bell.ring(task, 0)
    assert soon(lambda: task.tried == 1)

    for number in range(1, 60):  # more than are taken out of the queue at a time
        bell.ring(task, number)
    task.gate.set()

    assert soon(lambda: len(task.published) == 60)
    assert sorted(task.published) == list(range(60))
    assert task.tried <= 3


def test_ringing_returns_while_the_broker_has_not_answered() -> None:
    bell, task = Bell(), Task(is_open=False)

    bell.ring(task, 1)
    bell.ring(task, 2)

    assert task.published == []  # both returned, and nothing can have been published
    task.gate.set()
    assert soon(lambda: task.published == [1, 2])


def test_a_full_queue_drops_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell_module, "QUEUE_LENGTH", 3)
    bell, task = Bell(), Task(is_open=False)
    bell.ring(task, 0)
    assert soon(lambda: task.tried == 1)  # the first is out of the queue, at the closed gate

    for number in range(1, 6):
        bell.ring(task, number)

    assert bell.dropped == 2
    task.gate.set()
    assert soon(lambda: task.published == [0, 1, 2, 3])


@pytest.mark.parametrize("failure", [OperationalError("away"), ConnectionRefusedError(), TimeoutError()])
def test_after_a_failure_the_broker_is_left_alone(failure: Exception) -> None:
    bell, task = Bell(rest_s=3_600), Task(failure=failure)
    bell.ring(task, 1)
    assert soon(lambda: bell.dropped == 1)

    for number in range(10):
        bell.ring(task, number)

    assert task.tried == 1
    assert bell.dropped == 11


def test_what_waited_when_the_broker_failed_is_dropped_too() -> None:
    bell, task = Bell(rest_s=3_600), Task(is_open=False, failure=OperationalError("away"))
    for number in range(4):
        bell.ring(task, number)
    task.gate.set()

    assert soon(lambda: bell.dropped == 4)
    assert task.tried == 1


def test_after_its_rest_it_rings_again() -> None:
    bell, task = Bell(rest_s=0), Task(failure=OperationalError("away"))
    bell.ring(task, 1)
    assert soon(lambda: bell.dropped == 1)

    task.failure = None
    bell.ring(task, 2)

    assert soon(lambda: task.published == [2])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced() -> None:
    bell, task = Bell(), Task(failure=ZeroDivisionError())
    bell.ring(task, 1)
    assert soon(lambda: bell._thread is not None and not bell._thread.is_alive())

    task.failure = None
    bell.ring(task, 2)

    assert soon(lambda: task.published == [2])


def test_a_command_that_ends_waits_for_its_last_bells_but_for_no_broker() -> None:
    bell, task, stuck = Bell(), Task(), Task(is_open=False)
    for number in range(5):
        bell.ring(task, number)
    bell.finish(patience_s=PATIENCE_S)
    assert task.published == [0, 1, 2, 3, 4]

    bell.ring(stuck, 1)
    bell.finish(patience_s=0.01)
    assert stuck.published == []
    stuck.gate.set()


def test_what_is_filed_while_it_is_muted_is_not_rung_for() -> None:
    bell, task = Bell(), Task()

    with bell.muted():
        bell.ring(task, 1)
    bell.ring(task, 2)

    assert soon(lambda: task.published == [2])


def test_many_who_ring_at_once_start_one_thread() -> None:
    bell, task = Bell(), Task()
    ringing = [threading.Thread(target=bell.ring, args=(task, number)) for number in range(20)]
    before = threading.active_count()

    for thread in ringing:
        thread.start()
    for thread in ringing:
        thread.join()

    assert soon(lambda: sorted(task.published) == list(range(20)))
    assert threading.active_count() == before + 1


def serve(*row_ids: int) -> None:
    """What a worker would run."""


@pytest.mark.parametrize("answers", ["nobody listens", "nobody answers"])
@pytest.mark.parametrize("scheme", ["pgmq", "redis"])
def test_a_broker_that_is_away_costs_a_bell_and_a_rest(
    monkeypatch: pytest.MonkeyPatch, scheme: str, answers: str
) -> None:
    monkeypatch.setattr(broker, "PATIENCE_S", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if answers == "nobody answers":
            silent.listen()
        app = Celery(set_as_current=False)
        app.conf.update(broker.celery_settings(f"{scheme}://user:secret@127.0.0.1:{silent.getsockname()[1]}/0"))
        bell, task = Bell(), app.task(name="ring", lazy=False)(serve)

        for number in range(3):
            bell.ring(task, number)

        assert soon(lambda: bell.dropped == 3)
        assert bell.resting_until > time.monotonic()
    app.close()


# Behind the front door


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Bell:
    """The bell as it is, where other tests have it silenced."""
    bell = Bell()
    monkeypatch.setattr(bell_module.bell, "ring", bell.ring)
    return bell


@pytest.mark.django_db(transaction=True)
def test_no_request_waits_for_the_broker(
    client: Client, answers: dict[str, Any], rung: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Task(is_open=False)
    monkeypatch.setattr(match_report, "apply_async", stuck.apply_async)

    responses = [client.post("/api/v1/reports/", answers, content_type="application/json") for _ in range(3)]

    assert [response.status_code for response in responses] == [201] * 3
    assert stuck.published == []  # the broker has still not answered
    stuck.gate.set()
    references = [response.json()["reference"] for response in responses]
    filed = set(Report.objects.filter(reference__in=references).values_list("pk", flat=True))
    assert len(filed) == 3
    assert soon(lambda: filed <= set(stuck.published)), (filed, stuck.published, rung.dropped)


@pytest.mark.django_db(transaction=True)
def test_it_rings_once_it_is_committed_and_not_for_what_was_rolled_back(
    answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from reports.filing import file_report
    from reports.vocabulary import Channel

    heard: list[int] = []
    monkeypatch.setattr(bell_module.bell, "ring", lambda task, row_id: heard.append(row_id))

    with transaction.atomic():
        file_report(answers, channel=Channel.API)
        transaction.set_rollback(True)
    assert heard == []

    with transaction.atomic():
        report = file_report(answers, channel=Channel.API).report
        assert heard == []
    assert heard == [report.pk]


# With a broker and a worker

FILE = """
import django, json, sys
django.setup()
from django.conf import settings
from django.test import Client
from django.test.utils import setup_test_environment
from triage.bell import bell
setup_test_environment()
response = Client().post("/api/v1/reports/", json.loads(sys.argv[1]), content_type="application/json")
assert response.status_code == 201, response.content
bell.finish(patience_s=30)
print(bell.dropped)
"""


@contextmanager
def worker(environment: dict[str, str], ready: Path) -> Iterator[None]:
    """A worker as ``manage.py up`` starts it. No beat runs, so nothing but a bell can have a report grouped."""
    command = [sys.executable, "-m", "celery", "-q", "-A", "config", "worker", "-P", "threads", "-c", "1"]
    command += ["-l", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    with subprocess.Popen(command, cwd=BASE, env=environment) as process:
        try:
            assert soon(ready.exists), "The worker did not start."
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def database_url() -> str:
    """Of the database of this test run, for other processes."""
    known = connection.settings_dict
    if known["HOST"].startswith("/"):
        return postgres.url(settings.STATE_DIR, known["NAME"])
    return f"postgresql://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


def file_and_group(answers: dict[str, Any], broker_url: str, folder: Path) -> None:
    ready = folder / "ready"
    environment = {**os.environ, "DATABASE_URL": database_url(), "BROKER_URL": broker_url}
    environment["TELLTALE_WORKER_READY"] = str(ready)
    with worker(environment, ready):
        command = [sys.executable, "-c", FILE, json.dumps(answers)]
        filed = subprocess.run(command, cwd=BASE, env=environment, capture_output=True, text=True, check=False)
        assert filed.returncode == 0, filed.stderr
        assert filed.stdout.split()[-1] == "0", "The bell was dropped."
        assert soon(lambda: Report.objects.filter(grouped_at__isnull=False).exists()), "Nobody grouped it."


@pytest.mark.django_db(transaction=True)
def test_filed_and_grouped_over_the_queue_in_postgresql(answers: dict[str, Any], tmp_path: Path) -> None:
    from psycopg.conninfo import make_conninfo

    known = connection.settings_dict
    parts = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    postgres.install_broker(make_conninfo("", **{name: known[key] for name, key in parts.items() if known[key]}))

    file_and_group(answers, "", tmp_path)

    assert Report.objects.get().placements.count() == 1


@pytest.mark.django_db(transaction=True)
def test_filed_and_grouped_over_redis(answers: dict[str, Any], tmp_path: Path) -> None:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    address = tmp_path / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(address), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen([*command, "--daemonize", "no"], stdout=subprocess.DEVNULL) as process:
        try:
            assert soon(address.exists), "redis-server did not start."
            file_and_group(answers, f"redis+socket://{address}", tmp_path)
        finally:
            process.terminate()


# The sweep


@pytest.mark.django_db
def test_the_sweep_serves_what_nobody_rang_for(file: Callable[..., Any]) -> None:
    from datetime import timedelta

    from django.utils import timezone

    forgotten, fresh = file(grouped=False), file(grouped=False, summary="Only just filed, and rung for")
    Report.objects.filter(pk=forgotten.pk).update(filed_at=timezone.now() - timedelta(seconds=6))

    sweep()

    assert list(Report.objects.ungrouped()) == [fresh]
