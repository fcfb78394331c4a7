"""The Celery app of beat. It sends tasks by name only, so it loads none, and none of Django's apps."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.beat import PersistentScheduler
from celery.signals import setup_logging
from django.conf import settings

from config.broker import celery_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


@setup_logging.connect  # type: ignore[untyped-decorator] # of a library without types
def log_as_the_house_does(**_: object) -> None:
    logging.config.dictConfig(settings.LOGGING)


class Scheduler(PersistentScheduler):  # type: ignore[misc] # of a library without types
    """Beat's own, on a machine whose clock may be set back.

    It knows when each task ran last by that clock. What ran last in what is the future now would else wait until that
    has come: no sweep for as long as the clock was ahead.
    """

    def tick(self, *how: Any) -> float:
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > entry.default_now()]
        for entry in ahead:
            entry.last_run_at = entry.default_now()
        if ahead:
            self._heap = None  # what is due when, by the clock as it was: made anew
        return float(super().tick(*how))


# Celery's fixup for Django would load all apps; and whoever imports this goes on with the app of the workers
app = Celery("telltale clock", fixups=[], set_as_current=False)
app.conf.update(celery_settings(settings.BROKER_URL), beat_scheduler="config.clock:Scheduler")
