"""The doorbell: tells a worker that a row waits, and never makes a request wait for a broker.

Ids go to one thread of the process through a short queue. When the queue is full or the broker is away they are
dropped: the row itself waits in the database, and the sweep serves it.
"""

import atexit
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue

import structlog
from celery import Task
from kombu.exceptions import OperationalError

QUEUE_LENGTH = 1_000
# A message costs the process as much as half of a filing. So under load it rings for many rows at once: a lone ring
# goes out immediately, and what is rung for in the moments after it goes in the next message.
AT_ONCE = 50  # ids in one message
BETWEEN_S = 0.05  # from one message to the next
REST_S = 30.0  # after a failure the broker is left alone this long
PATIENCE_S = 2.0  # what a process that ends grants its last bells
log = structlog.get_logger()


def gathers_s(task: "Task") -> float:
    """Seconds from one message of this task to the next: more than usual where many rows cost hardly more than one."""
    return getattr(task, "gathers_s", 0.0)


class Bell:
    """One thread that publishes. Started by the first ring, so that a forked process gets its own."""

    def __init__(self, *, rest_s: float = REST_S) -> None:
        self.waiting: Queue[tuple[Task, int]] = Queue(QUEUE_LENGTH)
        self.rest_s = rest_s
        self.dropped = 0
        self.resting_until = 0.0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def ring(self, task: "Task", row_id: int) -> None:
        """Ask that ``task`` serve ``row_id`` soon, maybe with others. Returns at once, whatever the broker does."""
        if time.monotonic() < self.resting_until:
            self.dropped += 1
            return
        self._start()
        try:
            self.waiting.put_nowait((task, row_id))
        except Full:
            self.dropped += 1

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Ring for nothing meanwhile: what is filed is grouped by whoever files it."""
        before, self.resting_until = self.resting_until, math.inf
        try:
            yield
        finally:
            self.resting_until = before

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._publish_for_ever, name="bell", daemon=True)
                    self._thread.start()

    def _publish_for_ever(self) -> None:
        gathered: dict[Task, list[int]] = {}
        not_before: dict[Task, float] = {}  # for tasks that are told of many at once, see ``gathers_s``
        while True:
            self._gather(gathered, until=min((not_before.get(task, 0.0) for task in gathered), default=math.inf))
            now = time.monotonic()
            for task in [task for task in gathered if not_before.get(task, 0.0) <= now]:
                row_ids = gathered.pop(task)
                not_before[task] = now + gathers_s(task)
                if now >= self.resting_until:
                    self._publish(task, row_ids)
                else:
                    self.dropped += len(row_ids)
                for _ in row_ids:
                    self.waiting.task_done()
            time.sleep(BETWEEN_S)

    def _gather(self, gathered: dict[Task, list[int]], *, until: float) -> None:
        """Add what was rung for, by task. Waits for the first ring, but no longer than ``until``."""
        with suppress(Empty):
            for at in range(AT_ONCE):
                timeout = max(0.0, until - time.monotonic()) if at == 0 else 0.0
                task, row_id = self.waiting.get(timeout=None if timeout == math.inf else timeout)
                gathered.setdefault(task, []).append(row_id)

    def finish(self, *, patience_s: float = PATIENCE_S) -> None:
        """Before the process ends: let what was rung for be published, but wait for no broker longer than this."""
        with self.waiting.all_tasks_done:
            self.waiting.all_tasks_done.wait_for(lambda: not self.waiting.unfinished_tasks, patience_s)

    def _publish(self, task: "Task", row_ids: list[int]) -> None:
        try:
            task.apply_async(tuple(row_ids), retry=False)
        except (OperationalError, OSError) as failure:
            self.dropped += len(row_ids)
            self.resting_until = time.monotonic() + self.rest_s
            log.warning("bell.broker_away", task=task.name, rest_s=self.rest_s, error=type(failure).__name__)


bell = Bell()
atexit.register(bell.finish)  # a command that files and ends would take its last bells with it
