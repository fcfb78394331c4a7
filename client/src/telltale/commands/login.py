"""Keeping which site is meant, and a token for it."""

from __future__ import annotations

import os
from typing import Annotated
from urllib.parse import urlsplit

import typer

from telltale import keeping
from telltale.client import Client
from telltale.commands.options import AsJson
from telltale.prompting import secret
from telltale.telling import Exit, document, ending, err, out, say_wait, stop
from telltale.wire import site_of

HERE = ("localhost", "127.0.0.1", "::1")


def login(
    url: Annotated[str, typer.Argument(metavar="URL", help="The site, such as https://telltale.example")],
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Keep the address alone, without a token.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a token and keep it, with the address of its site, for the other commands.

    The token is read from TELLTALE_TOKEN, or typed without being shown, or a line of standard input. It is kept in a
    file that only you can read. Make one on the site, under your account.
    """
    with ending(as_json=as_json):
        site = site_of(url)
        if urlsplit(site).scheme == "http" and urlsplit(site).hostname not in HERE:
            err("Careful: this address is not encrypted. Whoever is on the way can read the token.")
        token = "" if anonymous else os.environ.get(keeping.TOKEN, "").strip() or secret("Token")
        if not token and not anonymous:
            raise stop(Exit.USAGE, "No token was given. Without one: telltale login URL --anonymous")
        if not token.isascii() or not token.isprintable():
            raise stop(Exit.USAGE, "This is no token: it holds characters that none has.")
        with Client(site, token or None, on_wait=say_wait) as client:
            client.check()
        path = keeping.keep(keeping.Login(site, token or None))
    if as_json:
        document({"url": site, "has_token": bool(token), "kept_in": str(path)})
    else:
        out(f"Logged in to {site}." if token else f"{site} is the site from now on, without a token.")
        err(f"Kept in {path}.")


def logout(as_json: AsJson = False) -> None:
    """Forget the address and the token. The token stays good: revoke it on the site, under your account."""
    with ending(as_json=as_json):
        was_kept = keeping.forget()
    if as_json:
        document({"forgotten": was_kept})
    else:
        out("Forgotten." if was_kept else "Nothing was kept.")
