"""Handing in a file of many reports."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from telltale.client import Client
from telltale.commands.options import AsJson, Site
from telltale.shapes import ImportStatus, Reject
from telltale.telling import Bar, Exit, document, err, out, plain, site, stop

if sys.version_info >= (3, 11):
    import tomllib

FORMATS = "telltale, garak, inspect, promptfoo, avid, flare or csv"
GO_ON = "Stopped. The same command goes on where this one stopped."
SAID = {
    "uploading": "sending",
    "waiting": "waiting for the site to begin",
    "running": "the site reads and files",
    "done": "done",
}


def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="What a tool wrote.")
    ],
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"What wrote it: {FORMATS}.")],
    artifact: Annotated[
        str, typer.Option("--artifact", metavar="ORG/NAME", help="What it is about, in place of what the file says.")
    ] = "",
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="FILE", exists=True, dir_okay=False, help="Columns of a CSV: JSON or TOML."),
    ] = None,
    scorer: Annotated[str, typer.Option("--scorer", metavar="NAME", help="The one scorer to look at.")] = "",
    fails: Annotated[str, typer.Option("--fails", metavar="END", help="Which scores are failures: low or high.")] = "",
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="NUMBER", help="From where on a score fails.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be filed, and file nothing.")] = False,
    url: Site = None,
    as_json: AsJson = False,
) -> None:
    """Hand in a file of many reports, and wait until the site has filed it. Needs a token of scope report:bulk.

    It is sent in parts. Stopped or killed, the same command goes on where it was, and nothing is filed twice.
    """
    bar = Bar()
    with site(url, as_json=as_json, when_stopped=GO_ON) as client:
        try:
            ended = client.import_file(
                file,
                format,
                artifact=artifact,
                mapping=mapping_in(mapping) if mapping else None,
                scorer=scorer,
                fails=fails,
                threshold=threshold,
                dry_run=dry_run,
                on_progress=lambda status: show(bar, status),
            )
        finally:
            bar.clear()
        tell(client, ended, as_json=as_json)


def mapping_in(path: Path) -> dict[str, Any]:
    """The document of a mapping. Raises ValueError in words for a person."""
    content = path.read_text(encoding="utf-8-sig")
    try:
        told = json.loads(content) if content.lstrip().startswith("{") else toml_in(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is neither JSON nor TOML: {error}.") from None
    return dict(told)


def toml_in(content: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        return tomllib.loads(content)
    raise ValueError("TOML takes Python 3.11, so write it as JSON")


def show(bar: Bar, status: ImportStatus) -> None:
    is_sending = status["state"] == "uploading"
    percent = 100 * status["offset"] // max(status["size"], 1) if is_sending else status["percent"]
    bar.at(f"{status['name']}: {SAID.get(status['state'], status['state'])}", percent)


def tell(client: Client, ended: ImportStatus, *, as_json: bool) -> None:
    """What became of it: rejections by their lines, then the counts; and the exit code."""
    rejects = client.import_rejects(ended["id"]) if ended["rejected"] else iter(())
    if as_json:
        document({**ended, "rejects": list(rejects)})
    else:
        for reject in rejects:
            out(line_of(reject))
        out(counts(ended))
    if ended["state"] != "done":
        raise stop(Exit.REFUSED, plain(ended.get("error") or f"The import was {ended['state']}."))
    if ended["rejected"]:
        raise typer.Exit(int(Exit.REJECTED))


def line_of(reject: Reject) -> str:
    return f"line {plain(reject.get('line'))}: {plain(reject.get('reason'))}"


def counts(ended: ImportStatus) -> str:
    filed = ended["filed"]
    if ended.get("dry_run"):
        new = ended.get("distinct_new")
        about = f", about {new} of them failures not known yet" if isinstance(new, int) else ""
        err(f"Nothing was filed; {filed} would be{about}.")
        filed = 0
    read, here, rejected = ended["read"], ended["already_here"], ended["rejected"]
    return f"read {read}, filed {filed}, already here {here}, rejected {rejected}"
