"""The one secret of a site, in a file only its owner reads, and the keys derived from it."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

LENGTH = 32  # bytes


class NoKey(ValueError):
    """A file that should hold the secret holds something else; the text names it."""


def master_key(path: Path) -> bytes:
    """The secret in ``path``, made on first use with mode 0600. Two processes that make it at once agree.

    It is the first line; keys of evidence may follow it (reports/envelopes.py). Raises NoKey if that line holds
    something else than 64 hex digits.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(LENGTH))
        with open(draft, "rb") as file:
            os.fsync(file.fileno())  # rows that are sealed with it outlive a loss of power
        try:
            os.link(draft, path)  # fails if another process was first, and then its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    try:
        key = bytes.fromhex(path.read_text().strip().partition("\n")[0])
    except ValueError:  # no digits, or no text
        key = b""
    if len(key) != LENGTH:
        raise NoKey(f"{path} does not hold a key of {LENGTH} bytes.")
    return key


def derived(master: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose; knowing it tells nothing of the others (HMAC as in HKDF-Expand)."""
    return hmac.digest(master, f"telltale {purpose}".encode() + b"\x01", hashlib.sha256)
