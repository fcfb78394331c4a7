"""The ledger app. In each worker a thread of its own keeps the ledger up with what happens."""

from threading import Event, Thread

from celery.signals import worker_ready, worker_shutdown
from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ledger.sequencer import follow  # noqa: PLC0415 -- models are loaded only now

        stop = Event()

        def begin(**_: object) -> None:
            """Not as a task: in a flood it would stand in line behind all that is to be grouped."""
            Thread(target=follow, args=[stop], name="sequencer", daemon=True).start()

        def end(**_: object) -> None:
            stop.set()

        worker_ready.connect(begin, dispatch_uid="ledger.begin", weak=False)
        worker_shutdown.connect(end, dispatch_uid="ledger.end", weak=False)
