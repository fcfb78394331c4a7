"""What is read of a command: results on standard output, all else on standard error, and never a control code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, TextIO

import typer

from telltale import keeping
from telltale.client import Client
from telltale.problem import Problem


class Exit(IntEnum):
    """How a command ends, for scripts. The README tells the same."""

    OK = 0
    REJECTED = 1
    USAGE = 2
    REFUSED = 3
    NOT_REACHED = 4
    TOO_MANY = 5
    STOPPED = 130  # as shells say of what Ctrl-C ended


def plain(text: object) -> str:
    r"""A text of others on one line, as a terminal may show it: what would steer it is written out.

    >>> print(plain("rent\x1b[31m\u202e law\n"))
    rent\x1b[31m\u202e law\n
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in str(text)
    )


def paragraphs(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(plain(line) for line in text.replace("\r\n", "\n").split("\n"))


def out(words: str) -> None:
    sys.stdout.write(f"{words}\n")


def err(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def document(told: object) -> None:
    """One JSON document, in ASCII: no text in it can do anything to a terminal."""
    out(json.dumps(told, indent=2))


def table(rows: list[tuple[str, object]]) -> None:
    width = max((len(name) for name, _value in rows), default=0)
    for name, value in rows:
        out(f"{name:<{width}}  {plain(value)}")


def stop(code: Exit, sentence: str) -> typer.Exit:
    """To be raised: what is said on the way out."""
    err(sentence)
    return typer.Exit(int(code))


def code_of(problem: Problem) -> Exit:
    if problem.status == 429:
        return Exit.TOO_MANY
    return Exit.NOT_REACHED if problem.is_not_reached else Exit.REFUSED


def explain(problem: Problem, *, as_json: bool) -> None:
    """Why it did not work out, on standard error."""
    if as_json:
        errors = [{"pointer": wrong.pointer, "detail": wrong.detail} for wrong in problem.errors]
        err(json.dumps({"status": problem.status, "title": problem.title, "errors": errors}))
        return
    err(plain(problem.title))
    for wrong in problem.errors:
        err(f"  {plain(wrong.pointer or 'the whole')}: {plain(wrong.detail)}")
    if problem.status == 401:
        err("It takes a token that the site knows and that has not ended. Run: telltale login URL")
    if problem.status == 429 and problem.retry_after is not None:
        err(f"Try again in {problem.retry_after:.0f} seconds.")


@contextmanager
def ending(*, as_json: bool, when_stopped: str = "Stopped.") -> Iterator[None]:
    """Turn what goes wrong into words and an exit code."""
    try:
        yield
    except Problem as problem:
        explain(problem, as_json=as_json)
        raise typer.Exit(int(code_of(problem))) from None
    except ValueError as error:
        raise stop(Exit.USAGE, plain(error)) from None
    except OSError as error:
        raise stop(Exit.USAGE, plain(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))) from None
    except (KeyboardInterrupt, typer.Abort):
        raise stop(Exit.STOPPED, f"\n{when_stopped}") from None


@contextmanager
def site(
    url: str | None, *, as_json: bool, is_anonymous: bool = False, when_stopped: str = "Stopped."
) -> Iterator[Client]:
    """The site that is meant. What goes wrong in the block ends the command."""
    with ending(as_json=as_json, when_stopped=when_stopped):
        login = keeping.current(url)
        if login is None:
            raise stop(Exit.USAGE, "Say which site: telltale login URL, or --url URL, or TELLTALE_URL.")
        with Client(login.url, None if is_anonymous else login.token, on_wait=say_wait) as client:
            yield client


def say_wait(seconds: float, why: str) -> None:
    err(f"{plain(why)}; trying again in {seconds:.0f} s." if seconds >= 1 else f"{plain(why)}; trying again.")


def raw(content: bytes) -> None:
    """A file as it is where a program reads it, and as text where a terminal would obey it."""
    if sys.stdout.isatty():
        out(paragraphs(content.decode("utf-8", "backslashreplace")).rstrip("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


WIDTH = 30
ERASE = "\r\x1b[K"


class Bar:
    """A bar on a terminal; where standard error is none, a line when something new begins."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.is_live = self.stream.isatty()
        self.words = ""

    def at(self, words: str, percent: int) -> None:
        full = WIDTH * max(0, min(percent, 100)) // 100
        if self.is_live:
            self.stream.write(f"{ERASE}[{'#' * full}{'.' * (WIDTH - full)}] {percent:3d} %  {plain(words)}")
        elif words != self.words:
            self.stream.write(f"{plain(words)}\n")
        self.words = words
        self.stream.flush()

    def clear(self) -> None:
        if self.is_live and self.words:
            self.stream.write(ERASE)
            self.stream.flush()
        self.words = ""


def chosen(told: dict[str, Any]) -> dict[str, Any]:
    """The options that say something."""
    return {name: value for name, value in told.items() if value not in (None, "")}
