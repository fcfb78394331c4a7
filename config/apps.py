"""The wiring as an app: it brings the `up` command, and Celery to every process that may ring."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import celery  # noqa: F401, PLC0415 -- tasks find the app once settings are loaded
