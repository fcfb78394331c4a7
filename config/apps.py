"""The app that wires the house together."""

from django.apps import AppConfig
from django.conf import settings
from django.core.mail.utils import DNS_NAME


class HouseConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        import config.celery  # noqa: F401, PLC0415 -- sets the app that shared tasks ring by, and reads the settings

        # What mail calls its sender. Django would ask for the full name of the machine, of a server that knows names
        DNS_NAME._fqdn = settings.SITE_HOST
