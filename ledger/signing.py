"""The key that signs checkpoints. It follows from the site's one secret, and its public half is on /ledger/key."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from ledger.tree.notes import checkpoint, signed, verifier_key


def _private() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(settings.LEDGER_KEY)


def public_key() -> str:
    """In one line, under the name of the ledger, as verifiers take it."""
    return key_of(settings.LEDGER_ORIGIN)


def key_of(name: str) -> str:
    """The same key under another name: a site that has moved signed under its old one."""
    return verifier_key(name, _private().public_key().public_bytes_raw())


def signed_checkpoint(size: int, root: bytes) -> str:
    return signed_note(checkpoint(settings.LEDGER_ORIGIN, size, root))


def signed_note(text: str) -> str:
    """``text``, which ends on a line break, as a note. Its first line must be the origin for checkpoints only."""
    key = _private()
    return signed(text, settings.LEDGER_ORIGIN, key.public_key().public_bytes_raw(), key.sign)
