"""The processes of a site and the command lines they are started by, under ``up`` and one by one."""

import sys
from collections.abc import Callable

from django.conf import settings


def _module(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


def web() -> list[str]:
    command = _module("granian", "config.wsgi:application", "--interface", "wsgi", "--http", "1", "--no-ws")
    command += ["--host", settings.LISTEN_ON, "--port", str(settings.PORT), "--respawn-failed-workers"]
    command += ["--log-level", "warning", "--log-config", str(settings.BASE_DIR / "config" / "granian_logs.json")]
    return [*command, "--workers", str(settings.WEB_PROCESSES), "--blocking-threads", str(settings.WEB_THREADS)]


def worker() -> list[str]:
    command = _module("celery", "-q", "-A", "config", "worker", "-P", "threads", "-c", str(settings.WORKER_THREADS))
    return [*command, "-l", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def beat() -> list[str]:
    # No pid file: the lock on the state folder already says that there is one beat, and a pid file outlives kill -9
    command = _module("celery", "-q", "-A", "config.clock", "beat", "-l", "WARNING", "--pidfile", "")
    return [*command, "-s", str(settings.STATE_DIR / "beat")]


PARTS: dict[str, Callable[[], list[str]]] = {"web": web, "worker": worker, "beat": beat}
