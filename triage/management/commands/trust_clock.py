"""Say that this machine's clock is right, after it was set forward: embargoes end by it from now on."""

from typing import Any

from django.core.management.base import BaseCommand

from triage.timekeeping import certain_time


class Command(BaseCommand):
    help = "Say that the clock of this machine is right, once you have looked: embargoes end by it from now on."

    def handle(self, **_options: Any) -> None:
        told = certain_time(is_trusted=True)
        self.stdout.write(f"It is {told:%Y-%m-%d %H:%M:%S} UTC." if told else "Nothing is known of the clock yet.")
