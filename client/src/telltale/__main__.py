"""``telltale``, and ``python -m telltale``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from telltale.commands.importing import import_file
from telltale.commands.login import login, logout
from telltale.commands.reading import card, export, issues, status
from telltale.commands.report import report
from telltale.telling import out
from telltale.wire import VERSION

ENDS = (
    "Exit codes: 0 all is well; 1 something in a file was rejected; 2 the command is not right; 3 the site refused; "
    "4 the site cannot be reached or failed; 5 the site asks to wait longer than we do; 130 stopped by Ctrl-C."
)

# Plain text, the same on a terminal and in a pipe; and no trace of a failure shows values, a token among them
app = typer.Typer(
    name="telltale",
    help="Report what an AI model did wrong, and read what is on record, at a Telltale site.",
    epilog=ENDS,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "login": (login, "Keep a site and a token for the other commands."),
    "logout": (logout, "Forget them."),
    "report": (report, "File a report."),
    "status": (status, "Where a report stands."),
    "import": (import_file, "Hand in a file of many reports."),
    "issues": (issues, "List issues on record."),
    "export": (export, "Take the record away in a format."),
    "card": (card, "The block for a model or data card."),
}
for name, (command, words) in COMMANDS.items():
    app.command(name, short_help=words, epilog=ENDS)(command)


def show_version(is_asked: bool) -> None:
    if is_asked:
        out(f"telltale {VERSION}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Report what an AI model did wrong, and read what is on record, at a Telltale site."""


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:  # a terminal of another encoding is shown what it can
            reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
