"""What goes wrong between here and a site, as one exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

NOT_REACHED = 0  # in place of a status: no answer came
SILENT = {404: "There is nothing by that name, or it is not public."}  # for pages that are no problem document


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with what was sent. ``pointer`` is a JSON pointer into it, "" for the whole."""

    pointer: str
    detail: str


class Problem(Exception):
    """A site refused, failed, or could not be reached.

    ``status`` is that of HTTP, 0 if no answer came. ``title`` is a sentence for people, ``errors`` says what is wrong
    where. ``retry_after`` is in seconds, where the site named them. ``told`` is all that a problem document says.
    """

    def __init__(
        self,
        status: int,
        title: str,
        errors: tuple[Wrong, ...] = (),
        *,
        retry_after: float | None = None,
        told: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}" if status else title)
        self.status = status
        self.title = title
        self.errors = errors
        self.retry_after = retry_after
        self.told = told or {}

    @property
    def pointers(self) -> tuple[str, ...]:
        return tuple(wrong.pointer for wrong in self.errors)

    @property
    def is_not_reached(self) -> bool:
        """Whether it may well succeed later as it is: nothing answered, or the site itself failed."""
        return self.status == NOT_REACHED or self.status >= 500


def problem_of(answer: httpx.Response, retry_after: float | None = None) -> Problem:
    """What an answer that refuses says, however little it says of itself."""
    told = document_of(answer)
    title = told.get("title")
    if not isinstance(title, str) or not title:
        title = SILENT.get(answer.status_code, f"The site answered {answer.status_code} {answer.reason_phrase}.")
    listed = told.get("errors")
    errors = tuple(
        Wrong(str(entry.get("pointer", "")), str(entry.get("detail", "")))
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
    )
    return Problem(answer.status_code, title, errors, retry_after=retry_after, told=told)


def document_of(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
