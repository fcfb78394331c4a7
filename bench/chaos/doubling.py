"""Every message delivered twice, and in another order than it was sent in."""

import json
import os
import random
import signal
import subprocess
import time
from contextlib import suppress

import psycopg

from bench.chaos.brokers import Broker
from bench.chaos.dealing import Fault, Trial
from bench.load import HOST
from bench.stack import Stack
from config import postgres

LATEST_S = 3.0  # a message becomes visible at random within that time, and so does its copy
TRIGGER = f"""
CREATE OR REPLACE FUNCTION chaos_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.vt := clock_timestamp() + random() * interval '{LATEST_S} seconds';
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION chaos_twice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() = 1 THEN
    INSERT INTO pgmq.q_telltale (vt, message, headers) VALUES (NEW.vt, NEW.message, NEW.headers);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_later BEFORE INSERT ON pgmq.q_telltale FOR EACH ROW EXECUTE FUNCTION chaos_later();
CREATE TRIGGER chaos_twice AFTER INSERT ON pgmq.q_telltale FOR EACH ROW EXECUTE FUNCTION chaos_twice();
"""
SENT = "SELECT last_value FROM pgmq.q_telltale_msg_id_seq"
GATHER_S = 2.0
QUEUE = "telltale"


def twice_and_shuffled(trial: Trial) -> None:
    """By triggers in the queue's own table: the site knows nothing of it."""
    address = postgres.conninfo(trial.site.state_dir, postgres.BROKER_DATABASE)
    with psycopg.connect(address) as queue:
        (before,) = queue.execute(SENT).fetchone() or (0,)
        queue.execute(TRIGGER)

    def told() -> str:
        with psycopg.connect(address) as queue:
            (now,) = queue.execute(SENT).fetchone() or (0,)
        return f"{(now - before) // 2} messages, each delivered twice and at random within {LATEST_S:g} s"

    trial.notes.append(told)


def redis(broker: Broker) -> Fault:
    """The worker stands still for a moment; what gathers meanwhile is doubled and shuffled."""

    def deal(site: Stack, chance: random.Random) -> bool:
        worker = site.process("worker")
        if worker is None:
            return False
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            time.sleep(GATHER_S)
            waiting = [line for line in asked(broker, "LRANGE", QUEUE, "0", "-1") if line]
            twice = waiting * 2
            chance.shuffle(twice)
            if twice:
                asked(broker, "DEL", QUEUE)
                asked(broker, "RPUSH", QUEUE, *twice)
        finally:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGCONT)
        return bool(twice)

    return Fault("doubled and shuffled", deal)


def asked(broker: Broker, *words: str) -> list[str]:
    """What Redis answers, as JSON strings: messages hold no line of their own."""
    command = ["redis-cli", "-h", HOST, "-p", str(broker.port), "--json", *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
    answer = json.loads(told) if told.strip() else []
    return answer if isinstance(answer, list) else [str(answer)]
