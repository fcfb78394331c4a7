"""The doorbell: tells a worker that a row waits, and never makes a request wait for a broker.

Ids go to one thread of the process through a short queue. When the queue is full or the broker is away they are
dropped: the row itself waits in the database, and the sweep serves it.
"""

import atexit
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Full, Queue

import structlog
from celery import Task
from kombu.exceptions import OperationalError

QUEUE_LENGTH = 1_000
REST_S = 30.0  # after a failure the broker is left alone this long
PATIENCE_S = 2.0  # what a process that ends grants its last bells
log = structlog.get_logger()


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
        """Ask that ``task`` serve ``row_id`` soon. Returns at once, whatever the broker does."""
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
        while True:
            task, row_id = self.waiting.get()
            if time.monotonic() >= self.resting_until:
                self._publish(task, row_id)
            else:
                self.dropped += 1
            self.waiting.task_done()

    def finish(self, *, patience_s: float = PATIENCE_S) -> None:
        """Before the process ends: let what was rung for be published, but wait for no broker longer than this."""
        with self.waiting.all_tasks_done:
            self.waiting.all_tasks_done.wait_for(lambda: not self.waiting.unfinished_tasks, patience_s)

    def _publish(self, task: "Task", row_id: int) -> None:
        try:
            task.apply_async((row_id,), retry=False)
        except (OperationalError, OSError) as failure:
            self.dropped += 1
            self.resting_until = time.monotonic() + self.rest_s
            log.warning("bell.broker_away", task=task.name, rest_s=self.rest_s, error=type(failure).__name__)


bell = Bell()
atexit.register(bell.finish)  # a command that files and ends would take its last bells with it
