"""The app that wires the house together."""

from django.apps import AppConfig


class HouseConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        import config.celery  # noqa: F401, PLC0415 -- sets the app that shared tasks ring by, and reads the settings
