"""Asking at a terminal. Questions go to standard error, so that standard output holds the result and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import typer

KINDS: Mapping[str, str] = {
    "false_information": "False information",
    "unfair_or_stereotyped": "Unfair or stereotyped",
    "toxic_or_hateful": "Toxic or hateful",
    "dangerous_instructions": "Dangerous instructions",
    "privacy_leak": "Privacy leak",
    "refuses_harmless": "Refuses something harmless",
    "ignores_instructions": "Ignores instructions",
    "unsafe_action": "Unsafe action",
    "jailbreak_or_injection": "Jailbreak or injection",
    "quality_regression": "Got worse after an update",
    "language_or_access": "Language or access",
    "other": "Something else",
}
NEEDED: Mapping[str, str] = {
    "artifact": "Which model, system or dataset (ORG/NAME, or unknown)",
    "kind": "What kind of failure",
    "summary": "In one sentence, 10 to 120 characters",
    "what_happened": "What happened (at least 30 characters)",
}
CONSENT = "I agree that this report is stored and, as chosen, published after review"


def is_person() -> bool:
    """Whether somebody sits there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def secret(question: str) -> str:
    """A token or code, typed without being shown, or a line of standard input where no person is."""
    if sys.stdin.isatty():
        return str(typer.prompt(question, hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def line(question: str) -> str:
    return str(typer.prompt(question, err=True)).strip()


def one_of(question: str, known: Mapping[str, str]) -> str:
    """One of a list, by its number or its word."""
    words: Sequence[str] = list(known)
    typer.echo(f"{question}?", err=True)
    for number, (word, label) in enumerate(known.items(), start=1):
        typer.echo(f"  {number:2d}  {label} ({word})", err=True)
    while True:
        said = line("Number or word")
        if said in known:
            return said
        if said.isascii() and said.isdecimal() and 1 <= int(said[:3]) <= len(words):
            return words[int(said[:3]) - 1]
        typer.echo("That is none of them.", err=True)


def needed(name: str) -> str:
    return one_of(NEEDED[name], KINDS) if name == "kind" else line(NEEDED[name])


def agrees() -> bool:
    return bool(typer.confirm(CONSENT, err=True))
