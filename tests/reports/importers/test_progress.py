"""The bar, on a terminal and elsewhere."""

import io

from reports.importers.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is_and_each_step_once() -> None:
    terminal = Terminal()
    progress = Progress(200, terminal)

    for done in (0, 1, 100, 101, 200):
        progress.at(done)
    progress.clear()

    assert terminal.getvalue().count("[") - terminal.getvalue().count("\x1b[") == 3
    assert "[###############...............]  50 %" in terminal.getvalue()
    assert terminal.getvalue().endswith("100 %\r\x1b[K")


def test_a_file_or_an_unknown_size_sees_nothing() -> None:
    for progress in (Progress(200, io.StringIO()), Progress(0, Terminal())):
        progress.at(100)
        progress.clear()

        assert isinstance(progress.stream, io.StringIO)
        assert progress.stream.getvalue() == ""
