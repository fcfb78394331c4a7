"""Which site is meant, and the token for it: as the environment says, else as ``telltale login`` kept it."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import typer

from telltale.wire import site_of

URL, TOKEN = "TELLTALE_URL", "TELLTALE_TOKEN"
FILE = "login.json"


@dataclass(frozen=True)
class Login:
    """A site and a token for it; no token means nobody in particular."""

    url: str
    token: str | None = field(default=None, repr=False)


def place() -> Path:
    """Where a login is kept: in the folder that the platform has for settings of programs."""
    return Path(typer.get_app_dir("telltale")) / FILE


def kept() -> Login | None:
    """What was kept; None if nothing was, or nothing that can be read."""
    try:
        told = json.loads(place().read_text(encoding="utf-8"))
        url, token = told["url"], told.get("token")
        return Login(site_of(url), token if isinstance(token, str) and token else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(login: Login) -> Path:
    """Write it where only this user reads it; there is the old one or the new one, and never half of either."""
    path = place()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent)  # 0600 from its beginning
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"url": login.url, "token": login.token}, file)
    Path(beside).replace(path)
    return path


def forget() -> bool:
    """Whether there was something to forget."""
    try:
        place().unlink()
    except FileNotFoundError:
        return False
    return True


def current(url: str | None = None) -> Login | None:
    """The site that is meant, and its token. A token that was kept goes to the site that it was kept for only."""
    before = kept()
    named = url or os.environ.get(URL) or (before.url if before else "")
    if not named:
        return None
    site = site_of(named)
    token = os.environ.get(TOKEN, "").strip() or (before.token if before and before.url == site else None)
    return Login(site, token or None)
