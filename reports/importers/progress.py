"""A progress bar for a terminal, by bytes read: how many rows a file holds is not known before its end."""

from typing import TextIO

WIDTH = 30  # characters
ERASE = "\r\x1b[K"


class Progress:
    """Drawn on ``stream`` if that is a terminal and the size is known; else silent."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self.total = total
        self.stream = stream
        self.is_shown = total > 0 and stream.isatty()
        self.percent = -1

    def at(self, done: int) -> None:
        percent = min(100, 100 * done // self.total) if self.is_shown else self.percent
        if percent != self.percent:
            self.percent = percent
            self.draw()

    def draw(self) -> None:
        full = WIDTH * self.percent // 100
        self.stream.write(f"{ERASE}[{'#' * full}{'.' * (WIDTH - full)}] {self.percent:3d} %")
        self.stream.flush()

    def clear(self) -> None:
        """Leave the line to something else; the next change draws the bar again."""
        if self.is_shown and self.percent >= 0:
            self.percent = -1
            self.stream.write(ERASE)
            self.stream.flush()
