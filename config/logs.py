"""How the house logs: one line a happening, JSON for programs and plain for whoever sits at a terminal.

All of it comes out of one formatter, what structlog is told and what libraries say. A line names what happened, where
(the name of a page, never its address), for which request or task. Addresses hold codes and names, and an error's words
may be somebody's: of an error the line holds what kind it was and where in the code.
"""

import json
import logging
import os
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

FORMAT = "LOG_FORMAT"
DEEPEST = 12  # frames of a traceback that are told, the innermost
Line = MutableMapping[str, Any]


def logging_settings(level: str) -> dict[str, Any]:
    """For ``logging.config.dictConfig``; also sets structlog up to go the same way. Raises ValueError."""
    is_plain()  # or LOG_FORMAT is refused here, in one sentence
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"house": {"()": "config.logs.formatter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "house"}},
        "loggers": {
            "psycopg.pool": {"level": "ERROR"},  # it warns at every try while the server is away
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            "_granian": {"handlers": [], "propagate": True},
            "celery": {"level": "WARNING"},  # at INFO it says of each task when it came and went
            "kombu": {"level": "WARNING"},
        },
        "root": {"handlers": ["console"], "level": level},
    }


def formatter() -> logging.Formatter:
    """The one formatter; granian is given it too, by config/granian_logs.json."""
    rendered: list[Any] = (
        [on_one_line, plain_trace, structlog.dev.ConsoleRenderer(colors=False)]
        if is_plain()
        else [structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*SHARED, without_people],
        processors=[failure, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )


def is_plain() -> bool:
    """Whether people read along: as LOG_FORMAT says, else if there is a terminal."""
    wish = os.environ.get(FORMAT) or ("plain" if sys.stderr.isatty() else "json")
    if wish not in ("plain", "json"):
        raise ValueError(f"LOG_FORMAT must be plain or json, not {wish!r}.")
    return wish == "plain"


def without_people(logger: Any, name: str, line: Line) -> Line:
    """Lines of libraries that would tell addresses, arguments or words, said anew without them."""
    record: logging.LogRecord = line["_record"]
    if record.name.startswith("django.request"):
        found = getattr(getattr(record, "request", None), "resolver_match", None)
        status = getattr(record, "status_code", None)
        line.update(event="request.failed", status=status, page=found.view_name if found else None)
    elif record.name.startswith("django.security"):
        line.update(event="request.refused", reason=record.name.removeprefix("django.security."))
    elif record.name == "celery.app.trace":
        task = getattr(record, "data", {})
        line.update(event="task.ended", task=task.get("name"), task_id=task.get("id"), exception=None)
    return line


def failure(logger: Any, name: str, line: Line) -> Line:
    """Of an error its kind and where it came from, the innermost last; not its words."""
    told = line.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    line.pop("exc_text", None)
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
        line["error"] = type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            line["reason"] = error.strerror
        line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        if error.__cause__ is not None:
            line["because"] = type(error.__cause__).__name__
    return line


def on_one_line(logger: Any, name: str, line: Line) -> Line:
    """What a library says may hold what somebody sent: no sign in it begins a line or steers a terminal."""
    line["event"] = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(line["event"]))
    return line


def plain_trace(logger: Any, name: str, line: Line) -> Line:
    """At a terminal the frames stand below each other."""
    frames = line.pop("at", None)
    if isinstance(frames, list):
        line["event"] = "\n  ".join([str(line["event"]), *frames])
    return line


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
]


def spoken(sentence: str) -> str:
    """What ``up`` says to whoever started it; as a line of the log only if LOG_FORMAT asks for that by name."""
    if os.environ.get(FORMAT) != "json":
        return sentence
    return json.dumps({"event": sentence, "logger": "up", "level": "info", "timestamp": datetime.now(UTC).isoformat()})
