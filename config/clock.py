"""The Celery app of beat. It sends tasks by name only, so it loads none, and none of Django's apps."""

import logging.config
import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from config.broker import celery_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


@setup_logging.connect  # type: ignore[untyped-decorator] # of a library without types
def log_as_the_house_does(**_: object) -> None:
    logging.config.dictConfig(settings.LOGGING)


app = Celery("telltale clock", fixups=[])  # Celery's fixup for Django would load all apps
app.conf.update(celery_settings(settings.BROKER_URL))
