"""Filing one report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from telltale import prompting
from telltale.commands.options import AsJson, Kind, Site
from telltale.telling import Exit, chosen, document, err, site, stop, table

Text = str | None
Number = int | None
LONGEST = 1_000_000  # bytes of a report, as the site takes them
TURNS = {"system_prompt": "system", "prompt": "user", "output": "assistant"}
COUNTED = ("tries", "failures")
BESIDE = ("file", "anonymous", "key", "url", "as_json")


def _option(name: str, words: str) -> Any:
    return typer.Option(f"--{name}", help=words, show_default=False)


def report(
    context: typer.Context,
    artifact: Annotated[Text, _option("artifact", "What it is about: ORG/NAME, or unknown.")] = None,
    artifact_kind: Kind = None,
    version: Annotated[Text, _option("version", "Which version or release.")] = None,
    kind: Annotated[Text, _option("kind", f"Kind of failure: {', '.join(prompting.KINDS)}.")] = None,
    summary: Annotated[Text, _option("summary", "In one sentence, 10 to 120 characters.")] = None,
    what_happened: Annotated[Text, _option("what-happened", "What happened, at least 30 characters.")] = None,
    expected: Annotated[Text, _option("expected", "What should have happened.")] = None,
    system_prompt: Annotated[Text, _option("system-prompt", "The instructions that the model had.")] = None,
    prompt: Annotated[Text, _option("prompt", "What was asked.")] = None,
    output: Annotated[Text, _option("output", "What was answered.")] = None,
    severity: Annotated[Text, _option("severity", "not_sure, low, medium, high or critical.")] = None,
    context_of_use: Annotated[Text, _option("context-of-use", "health, work, education, justice, …")] = None,
    harm_occurred: Annotated[Text, _option("harm-occurred", "no, nearly, yes or unsure.")] = None,
    tries: Annotated[Number, _option("tries", "How often it was tried.")] = None,
    failures: Annotated[Number, _option("failures", "How many of those failed.")] = None,
    language: Annotated[Text, _option("language", "Of the conversation, such as en.")] = None,
    found_by: Annotated[Text, _option("found-by", "use, research, evaluation, monitoring or audit.")] = None,
    visibility: Annotated[
        Text, _option("visibility", "public_after_review, public_without_transcript or private.")
    ] = None,
    contact_email: Annotated[Text, _option("contact-email", "Where you may be asked; never shown.")] = None,
    source: Annotated[Text, _option("source", "Whose list it comes from, for programs.")] = None,
    source_key: Annotated[Text, _option("source-key", "Its key there; one key is filed once.")] = None,
    consent: Annotated[bool, typer.Option("--consent", help=f"{prompting.CONSENT}.")] = False,
    file: Annotated[Text, _option("file", "A report as JSON, as the API takes it; - is standard input.")] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Without the token, as nobody in particular.")] = False,
    key: Annotated[Text, _option("key", "A name for this try: run again within a day, nothing is filed twice.")] = None,
    url: Site = None,
    as_json: AsJson = False,
) -> None:
    """File a report, and print its reference, its receipt code and its address.

    What is needed and not given is asked for, if a person is there to ask. Options count before what --file says.
    """
    with site(url, as_json=as_json, is_anonymous=anonymous) as client:
        told = {name: value for name, value in context.params.items() if name not in BESIDE}
        answers = {**(read(file) if file else {}), **answers_of(told)}
        complete(answers, may_ask=file != "-" and prompting.is_person())
        receipt = client.file(answers, key=key)
    if as_json:
        document(receipt)
        return
    table([("reference", receipt["reference"]), ("receipt", receipt["receipt"]), ("address", receipt["url"])])
    err("Keep the receipt code: it is shown this once, and opens the report.")


def read(file: str) -> dict[str, Any]:
    """The report in a file. Raises ValueError in words for a person."""
    if file == "-":
        content = sys.stdin.buffer.read(LONGEST + 1)
    else:
        with Path(file).open("rb") as stream:
            content = stream.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f"{file} is too large for a report.")
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not JSON: {error}.") from None
    if not isinstance(told, dict):
        raise ValueError(f"{file} holds no JSON object.")
    return told


def answers_of(told: dict[str, Any]) -> dict[str, Any]:
    """Options as the fields of a report: turns make a transcript, and counts a reproduction."""
    given = chosen(told)
    turns = [{"role": role, "content": given.pop(name)} for name, role in TURNS.items() if name in given]
    counts = {name: given.pop(name) for name in COUNTED if name in given}
    if not given.pop("consent", False):
        given = {name: value for name, value in given.items() if name != "consent"}
    else:
        given["consent"] = True
    return {**given, **({"transcript": turns} if turns else {}), **({"reproduction": counts} if counts else {})}


def complete(answers: dict[str, Any], *, may_ask: bool) -> None:
    """Ask for what is needed and missing; with nobody to ask, that is how it ends."""
    missing = [name for name in prompting.NEEDED if not answers.get(name)]
    if not may_ask:
        options = [f"--{name.replace('_', '-')}" for name in missing]
        options += [] if answers.get("consent") is True else ["--consent"]
        if options:
            raise stop(Exit.USAGE, f"Still needed: {', '.join(options)}")
        return
    for name in missing:
        answers[name] = prompting.needed(name)
    if answers.get("consent") is not True:
        if not prompting.agrees():
            raise stop(Exit.USAGE, "Nothing was sent: a report can only be taken with your consent.")
        answers["consent"] = True
