"""Values kept on disk, so that what waits for the end of a file takes no memory."""

import json
import tempfile
from types import TracebackType
from typing import Any, Self

IN_MEMORY = 1024 * 1024  # bytes; few logs hold more failing talks


class Spool:
    """Keeps JSON values and gives them back by their place; gone when it is closed."""

    def __init__(self) -> None:
        self.file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- closed by __exit__
        self.end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.file.close()

    def keep(self, value: Any) -> int:
        place = self.end
        self.file.seek(place)
        self.end += self.file.write(json.dumps(value).encode() + b"\n")
        return place

    def at(self, place: int) -> Any:
        self.file.seek(place)
        return json.loads(self.file.readline())
