"""The Celery app of beat. It sends tasks by name only, so it loads none, and none of Django's apps."""

import os

from celery import Celery
from django.conf import settings

from config.broker import celery_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("telltale clock", fixups=[])  # Celery's fixup for Django would load all apps
app.conf.update(celery_settings(settings.BROKER_URL))
