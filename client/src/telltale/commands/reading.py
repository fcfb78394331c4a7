"""Asking: where a report stands, what is on record, and taking it away."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from textwrap import indent
from typing import Annotated, Any, cast

import typer

from telltale import prompting
from telltale.client import KINDS, Client
from telltale.commands.options import AsJson, Kind, Site
from telltale.shapes import ArtifactKind, Form, Issue, Standing
from telltale.telling import Exit, chosen, document, err, out, paragraphs, plain, raw, site, stop, table

Text = str | None
FORMS = ("json", "osv", "openvex", "avid", "csv")


def kind_of(kind: str | None) -> ArtifactKind | None:
    if kind and kind not in KINDS:
        raise ValueError(f"“{kind}” is none of {', '.join(KINDS)}.")
    return cast("ArtifactKind | None", kind)


def status(
    named: Annotated[str, typer.Argument(metavar="REFERENCE|CODE", help="The reference, r-…, or the receipt code.")],
    code: Annotated[
        str, typer.Argument(metavar="[CODE]", help="The receipt code; better typed when asked.", show_default=False)
    ] = "",
    url: Site = None,
    as_json: AsJson = False,
) -> None:
    """Where a report stands, and what was said about it.

    It takes the reference and the receipt code. Whichever is missing is asked for, the code without being shown; where
    nobody sits at a terminal, it is a line of standard input.
    """
    with site(url, as_json=as_json, is_anonymous=True) as client:
        reference, secret = both(named.strip(), code.strip())
        standing = client.receipt(reference, secret)
    if as_json:
        document(standing)
    else:
        show_standing(standing)


def both(named: str, code: str) -> tuple[str, str]:
    """Reference and code, whichever of them came first."""
    if named.lower().startswith("r-"):
        return named, code or prompting.secret("Receipt code")
    if code:
        return code, named
    if not prompting.is_person():
        raise stop(
            Exit.USAGE, "A receipt code opens the report of its reference: name that, and give the code as input."
        )
    return prompting.line("Reference (r-…)"), named


def show_standing(standing: Standing) -> None:
    rows: list[tuple[str, object]] = [("reference", standing["reference"]), ("status", standing["status"])]
    rows += [("issue", standing["issue"])] if standing["issue"] else []
    rows += [("withdrawn", "yes")] if standing["is_withdrawn"] else []
    table(rows + [(f"  {step['status']}", step["at"]) for step in standing["timeline"]])
    for said in standing["thread"]:
        out(f"\n{plain(said['from'])}, {plain(said['at'])}:")
        out(indent(paragraphs(said["text"]), "  ", lambda _line: True))  # so that no text passes for another's


def issues(
    artifact: Annotated[str, typer.Option("--artifact", metavar="ORG/NAME", help="Of this artifact.")] = "",
    artifact_kind: Annotated[str, typer.Option("--artifact-kind", help="model, system or dataset.")] = "",
    q: Annotated[str, typer.Option("--q", metavar="WORDS", help="With these words.")] = "",
    state: Annotated[str, typer.Option("--state", help="open, resolved, …; new with a token of queue:read.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Of this kind of failure.")] = "",
    severity: Annotated[str, typer.Option("--severity", help="low, medium, high or critical.")] = "",
    context_of_use: Annotated[str, typer.Option("--context-of-use", help="health, work, education, …")] = "",
    developer: Annotated[str, typer.Option("--developer", help="Of artifacts of this developer.")] = "",
    most: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Site = None,
    as_json: AsJson = False,
) -> None:
    """Issues on record, one a line: number, status, severity, artifacts, title."""
    told = {
        "artifact": artifact,
        "artifact_kind": artifact_kind,
        "q": q,
        "state": state,
        "kind": kind,
        "severity": severity,
        "context_of_use": context_of_use,
        "developer": developer,
    }
    with site(url, as_json=as_json) as client:
        found = list(islice(client.issues(**chosen(told), limit=min(most, 100)), most + 1))
    if as_json:
        document(found[:most])
        return
    for each in found[:most]:
        out(line_of(each))
    if not found:
        err("None is on record.")
    if len(found) > most:
        err(f"There are more than these {most}: say --limit.")


def line_of(issue: Issue) -> str:
    about = ", ".join(str(each.get("name", "")) for each in issue.get("artifacts") or [])
    told: list[Any] = [issue.get("number") or issue.get("id"), issue.get("status"), issue.get("severity") or "-", about]
    return "\t".join(plain(each) for each in [*told, issue.get("title", "")])


def export(
    form: Annotated[str, typer.Argument(metavar="FORM", help=f"One of {', '.join(FORMS)}.")],
    issue: Annotated[str, typer.Option("--issue", metavar="NUMBER", help="Of this issue alone.")] = "",
    artifact: Annotated[str, typer.Option("--artifact", metavar="ORG/NAME", help="Of this artifact alone.")] = "",
    artifact_kind: Kind = None,
    to: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Into this file, whole or not at all."),
    ] = None,
    url: Site = None,
    as_json: AsJson = False,
) -> None:
    """The public record in a format: of one issue, of one artifact, or all of it.

    With --json, standard output says where it was written; that takes --output.
    """
    if form not in FORMS:
        raise stop(Exit.USAGE, f"“{plain(form)}” is none of {', '.join(FORMS)}.")
    if issue and artifact:
        raise stop(Exit.USAGE, "Say either --issue or --artifact.")
    if as_json and not to:
        raise stop(Exit.USAGE, "With --json, say where to: --output FILE")
    about: dict[str, Any] = {"issue": issue, "artifact": artifact}
    with site(url, as_json=as_json) as client:
        about["kind"] = kind_of(artifact_kind)
        if to is None:
            raw(client.export(cast(Form, form), **about))
            return
        size = written(client, cast(Form, form), to, about)
    if as_json:
        document({"form": form, "file": str(to), "bytes": size})
    else:
        err(f"Written to {to}: {size} bytes.")


def written(client: Client, form: Form, to: Path, about: dict[str, Any]) -> int:
    """The size of the file, which is there once all of it has come."""
    with tempfile.NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False) as file:
        beside = Path(file.name)
        try:
            client.export(form, file, **about)
            size = file.tell()
        except BaseException:
            beside.unlink()
            raise
    beside.chmod(0o644)
    beside.replace(to)
    return size


def card(
    artifact: Annotated[str, typer.Argument(metavar="ORG/NAME", help="The model, system or dataset.")],
    artifact_kind: Kind = None,
    version: Annotated[str, typer.Option("--version", help="What may concern this version.")] = "",
    language: Annotated[str, typer.Option("--language", help="en, es, ar, zh-hans, …; English unless said.")] = "",
    url: Site = None,
    as_json: AsJson = False,
) -> None:
    """The block of known limitations for a model or data card, in Markdown, with the marks that it stands between."""
    with site(url, as_json=as_json) as client:
        markdown = client.card(artifact, kind_of(artifact_kind), version=version, language=language)
        if as_json:
            document({"artifact": artifact, "version": version, "markdown": markdown})
        else:
            raw(markdown.encode("utf-8", "backslashreplace"))
