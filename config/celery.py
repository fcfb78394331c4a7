"""The Celery app of the workers, and of everybody who rings for them."""

import os
import warnings
from pathlib import Path

from celery.exceptions import SecurityWarning
from celery.signals import worker_ready
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


@worker_ready.connect
def say_ready(**_: object) -> None:
    if name := os.environ.get(READY_FILE):
        Path(name).touch()
