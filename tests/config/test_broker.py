"""What the house relies on in its brokers: bells are not lost, and nobody waits for a broker that is away."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery import Celery
from django.core.management import call_command
from kombu.exceptions import OperationalError
from kombu.transport import pgmq
from psycopg.conninfo import make_conninfo

from config import broker, postgres
from config.management.commands import run

BASE = Path(__file__).resolve().parents[2]
PATIENCE_S = 20  # a bound for a loaded machine, shorter than what the brokers' own clients wait


@pytest.fixture(scope="module")
def queue_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state_dir = tmp_path_factory.mktemp("broker")
    with postgres.running(state_dir, fsync=False):
        yield postgres.conninfo(state_dir, postgres.BROKER_DATABASE)


@pytest.fixture
def app(queue_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[broker.Doorbell]:
    """An app on the embedded queue, which gives back what was not acknowledged after a second."""
    monkeypatch.setattr(broker, "queue_address", lambda: queue_address)
    app = broker.Doorbell(set_as_current=False)
    app.conf.update(broker.celery_settings(""))
    app.conf.broker_transport_options["visibility_timeout"] = 1
    yield app
    app.close()


def publish(app: broker.Doorbell, text: str) -> None:
    with app.connection_for_write() as connection, connection.SimpleQueue("bells") as queue:
        queue.put(text)


def test_a_bell_that_was_acknowledged_is_gone(app: broker.Doorbell) -> None:
    publish(app, "1")

    with app.connection_for_read() as connection, connection.SimpleQueue("bells") as queue:
        queue.get(timeout=PATIENCE_S).ack()

        assert queue.qsize() == 0


TAKE_AND_WAIT = """
import sys, json, kombu, time
with kombu.Connection(sys.argv[1], transport_options=json.loads(sys.argv[2])) as connection:
    connection.SimpleQueue("bells").get(timeout=10)
    print("taken", flush=True)
    time.sleep(60)
"""


def test_a_bell_taken_by_a_worker_that_is_killed_comes_back(app: broker.Doorbell) -> None:
    publish(app, "2")
    address = [app.conf.broker_url, json.dumps(app.conf.broker_transport_options)]
    with subprocess.Popen([sys.executable, "-c", TAKE_AND_WAIT, *address], stdout=subprocess.PIPE, text=True) as taker:
        assert taker.stdout is not None
        taker.stdout.readline()
        taker.kill()

    with app.connection_for_read() as connection, connection.SimpleQueue("bells") as queue:
        message = queue.get(timeout=PATIENCE_S)
        message.ack()

    assert message.payload == "2"


def test_a_waiting_worker_is_woken_at_once(app: broker.Doorbell, monkeypatch: pytest.MonkeyPatch) -> None:
    """By LISTEN and NOTIFY: what is sent while it waits ends the wait, and not the time after which it would look."""
    app.conf.broker_transport_options["polling_interval"] = PATIENCE_S
    wait_for_notification = pgmq._NotifyWaiter.wait
    received: list[object] = []
    woken: list[bool] = []

    def receive(body: object, message: Any) -> None:
        received.append(body)
        message.ack()

    def wait(waiter: Any, timeout: float | None) -> bool:
        publish(app, "3")
        woken.append(wait_for_notification(waiter, timeout))
        return woken[-1]

    monkeypatch.setattr(pgmq._NotifyWaiter, "wait", wait)
    with app.connection_for_read() as connection, connection.SimpleQueue("bells") as queue:
        queue.consumer.register_callback(receive)
        queue.consumer.consume()
        connection.drain_events(timeout=PATIENCE_S)

    assert (woken, received) == ([True], ["3"])


def test_the_tables_of_the_queue_are_made_once(queue_address: str) -> None:
    postgres.install_broker(queue_address)

    with psycopg.connect(queue_address) as connection:
        row = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgmq'").fetchone()
    assert row == (1,)


def test_parts_that_start_at_once_make_the_queue_once(queue_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(queue_address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE of_ones_own")
    started: list[str] = []
    monkeypatch.setenv("DATABASE_URL", "postgresql:///of_ones_own")
    monkeypatch.setattr(run, "queue_address", lambda: make_conninfo(queue_address, dbname="of_ones_own"))
    monkeypatch.setattr("os.execv", lambda program, command: started.append(program))

    with ThreadPoolExecutor() as parts:
        list(parts.map(partial(call_command, "run"), ("web", "worker", "beat")))

    with psycopg.connect(queue_address, dbname="of_ones_own") as connection:
        row = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgmq'").fetchone()
    assert (row, len(started)) == ((1,), 3)


@pytest.mark.parametrize("answers", ["nobody listens", "nobody answers"])
@pytest.mark.parametrize("scheme", ["pgmq", "redis", "amqp"])
def test_publishing_to_a_broker_that_is_away_fails_soon(
    monkeypatch: pytest.MonkeyPatch, scheme: str, answers: str
) -> None:
    monkeypatch.setattr(broker, "PATIENCE_S", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if answers == "nobody answers":
            silent.listen()
        app = Celery(set_as_current=False)
        app.conf.update(broker.celery_settings(f"{scheme}://user:secret@127.0.0.1:{silent.getsockname()[1]}/0"))
        began = time.monotonic()

        with pytest.raises(OperationalError):
            app.send_task("ring", (1,))

    assert time.monotonic() - began < PATIENCE_S
    app.close()


def test_a_task_knows_its_broker_in_every_thread() -> None:
    script = (
        "import django, threading; django.setup()\n"
        "from triage.tasks import sweep\n"
        "thread = threading.Thread(target=lambda: print(sweep.app.conf.broker_url))\n"
        "thread.start(); thread.join()\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "BROKER_URL": ""}

    result = subprocess.run(
        [sys.executable, "-c", script], cwd=BASE, env=environment, capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == broker.EMBEDDED_BROKER


def test_whoever_only_publishes_does_not_listen(queue_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "queue_address", lambda: queue_address)
    app = broker.Doorbell("publisher")
    app.conf.update(broker.celery_settings(""))

    app.send_task("any", (1,))
    with psycopg.connect(queue_address) as connection:
        listening = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'").fetchone()
    app.close()

    assert listening == (0,)
