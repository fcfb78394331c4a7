"""Checkpoints as signed notes. Sources: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint."""

import hashlib
from base64 import b64encode
from collections.abc import Callable

ED25519 = b"\x01"  # the kind of signature


def key_hash(name: str, public: bytes) -> bytes:
    """Four bytes by which a signature line says which key it belongs to."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """A public key in one line, as verifiers of signed notes take it."""
    return f"{name}+{key_hash(name, public).hex()}+{b64encode(ED25519 + public).decode()}"


def checkpoint(origin: str, size: int, root: bytes) -> str:
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def signed(text: str, name: str, public: bytes, sign: Callable[[bytes], bytes]) -> str:
    """``text``, which ends on a line break, with one signature below."""
    signature = b64encode(key_hash(name, public) + sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n"
