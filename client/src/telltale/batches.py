"""Many reports as bodies that the site takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from telltale.problem import Problem

MOST = 500  # reports in one body
LONGEST = 9_000_000  # bytes of a body; the site takes 10 MB
AROUND = b'{"reports": ['


def batches(reports: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, bytes]]:
    """Bodies of up to 500 reports and 9 MB, each with the place of its first report among all.

    >>> [(start, len(json.loads(body)["reports"])) for start, body in batches([{}] * 501)]
    [(0, 500), (500, 1)]
    """
    start, lines, size = 0, list[bytes](), 0
    for place, report in enumerate(reports):
        line = written(report, place)
        if lines and (len(lines) == MOST or size + len(line) > LONGEST):
            yield start, body(lines)
            start, lines, size = place, [], 0
        lines.append(line)
        size += len(line) + 2
    if lines:
        yield start, body(lines)


def written(report: Mapping[str, Any], place: int) -> bytes:
    """A report as JSON. Raises :class:`Problem` if that has no words for it."""
    try:
        return json.dumps(report, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair: the site refuses this report, and none beside it
        return json.dumps(report, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Problem(400, f"Report {place + 1} cannot be said in JSON: {error}.") from None


def body(lines: list[bytes]) -> bytes:
    return AROUND + b", ".join(lines) + b"]}"
