"""The Celery app of the workers, and of everybody who rings for them."""

import gc
import logging.config
import os
import warnings
from pathlib import Path
from typing import Any

import structlog
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, task_postrun, task_prerun, worker_ready
from django.conf import settings

from config.broker import Doorbell, celery_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
READY_FILE = "TELLTALE_WORKER_READY"  # names a file that a worker makes when it takes tasks

# Said of a worker that runs as root, because a pickled message may run anything. Ours reads JSON only.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Doorbell("telltale")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(celery_settings(settings.BROKER_URL))
app.autodiscover_tasks()
app.set_default()  # else only the thread that imports this finds it, and the bell's thread rings somewhere else


@setup_logging.connect
def log_as_the_house_does(**_: object) -> None:
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def name_in_log(task_id: str, task: Any, **_: object) -> None:
    """What is said meanwhile is said of this task."""
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


@task_postrun.connect
def forget_in_log(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task")


@worker_ready.connect
def say_ready(**_: object) -> None:
    gc.collect()
    gc.freeze()  # what is loaded by now stays, and is not gone through again and again: see config.wsgi
    if name := os.environ.get(READY_FILE):
        Path(name).touch()
