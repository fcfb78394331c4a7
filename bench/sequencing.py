"""The ledger at work: how fast events are numbered and verified, and that kill -9 leaves neither gap nor double.

``python -m bench.sequencing`` in a throw-away database. Exits with 1 if anything was lost, doubled or too slow.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EVENTS = 100_000
KILLS = 12
FOLLOW = "import django; django.setup(); from ledger import sequencer\nwhile True: sequencer.number_some(most=50)"
VERIFIED_S = 5.0  # for 100,000 events, of processor time
FILED = """
WITH told AS (
  INSERT INTO ledger_event (at, actor, verb, subjects, key)
  SELECT now(), 'p-0011223344', 'file', ARRAY['report:' || nth, 'artifact:1'], decode(md5(nth::text), 'hex')
    FROM generate_series(1, %s) nth RETURNING id
)
INSERT INTO ledger_payload (event_id, content)
SELECT id, jsonb_build_object('channel', 'api', 'reference', 'r-abcd-efgh-ijkl-mnop') FROM told
"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="telltale-ledger-") as folder:
        os.environ |= {"STATE_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings", "DEMO": "0"}
        from config import postgres  # noqa: PLC0415 -- the settings must know the folder first

        with postgres.running(Path(folder)):
            import django  # noqa: PLC0415

            django.setup()
            return measure()


def measure() -> int:
    from django.core.management import call_command  # noqa: PLC0415 -- only after django.setup()
    from django.db import connection  # noqa: PLC0415

    from ledger import proving, sequencer  # noqa: PLC0415
    from ledger.models import Event  # noqa: PLC0415
    from ledger.verification import verify  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    killed = kill_while_it_works()
    sequencer.keep_up()
    after_kills = verify().size
    numbers = list(Event.objects.order_by("sequence").values_list("sequence", flat=True))
    print(f"killed {KILLS} times after {killed} events: {after_kills} of {len(numbers)} verified")
    is_whole = numbers == list(range(after_kills))

    with connection.cursor() as cursor:
        cursor.execute(FILED, [EVENTS - after_kills])
        cursor.execute("ANALYZE")
    began = time.perf_counter()
    drained = sequencer.keep_up()
    print(f"numbered {drained / (time.perf_counter() - began):,.0f} events a second")
    sequencer.sign()
    began, busy = time.perf_counter(), time.process_time()
    size, took, busy_s = verify().size, time.perf_counter() - began, time.process_time() - busy
    print(f"verified {size} events in {took:.1f} s, {busy_s:.1f} s of the processor")
    newest = proving.newest()
    assert newest is not None  # it was signed just now
    began = time.perf_counter()
    for at in range(0, size, size // 100):
        proving.inclusion_document(at, newest)
    print(f"an inclusion proof takes {(time.perf_counter() - began) * 10:.1f} ms")
    connection.close_pool()  # type: ignore[attr-defined] # of the PostgreSQL backend
    return 0 if is_whole and size == EVENTS and busy_s < VERIFIED_S else 1


def kill_while_it_works() -> list[int]:
    """How many events had numbers after each kill."""
    from django.db import connection  # noqa: PLC0415 -- only after django.setup()

    from ledger.models import Event  # noqa: PLC0415

    chance, seen = random.Random(9), []
    for _each in range(KILLS):
        with connection.cursor() as cursor:
            cursor.execute(FILED, [2_000])
        before = Event.objects.filter(sequence__isnull=False).count()
        follower = subprocess.Popen([sys.executable, "-c", FOLLOW])
        while Event.objects.filter(sequence__isnull=False).count() == before:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.3))
        follower.send_signal(signal.SIGKILL)
        follower.wait()
        seen.append(Event.objects.filter(sequence__isnull=False).count())
    return seen


if __name__ == "__main__":
    sys.exit(main())
