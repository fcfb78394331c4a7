"""Signed notes as others write and read them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.tree.notes import checkpoint, key_hash, signed, verifier_key
from ledger.verifier import Checkpoint, Key, Refuted

# Public keys of logs that everybody knows, whose hashes others computed.
KNOWN = [
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
]
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
ORIGIN = "site.example/ledger"
NOTE = (
    "site.example/ledger\n"
    "7\n"
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    "\n"
    "— site.example/ledger "
    "YthqM4kdCau3epXqbJ0PF6qX5Govww45KbJ8UzpMa3Z/fq13jcSddo9QDvyMh3IB2Y19WWorg/QwDwboWuL5CVh6Hwg=\n"
)


def written(size: int = 7) -> str:
    return signed(checkpoint(ORIGIN, size, bytes(range(32))), ORIGIN, PUBLIC, PRIVATE.sign)


def test_hashes_of_keys_are_those_that_others_computed() -> None:
    for line in KNOWN:
        key = Key.read(line)
        assert key_hash(key.name, key.public) == key.hashed
        assert verifier_key(key.name, key.public) == line


def test_a_checkpoint_is_written_as_ever() -> None:
    assert written() == NOTE


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    read = Checkpoint.read(written())

    read.check(Key.read(verifier_key(ORIGIN, PUBLIC)))
    assert (read.origin, read.size, read.root) == (ORIGIN, 7, bytes(range(32)))


def test_other_signatures_beside_ours_are_passed_over() -> None:
    note = written() + "— witness.example AAAAAAAA\n"

    Checkpoint.read(note).check(Key.read(verifier_key(ORIGIN, PUBLIC)))


def test_a_checkpoint_that_was_mailed_or_typed_is_read() -> None:
    assert Checkpoint.read(written().replace("\n", "\r\n")) == Checkpoint.read(written())
    typed = Checkpoint.read(" 7:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= \n")
    assert (typed.size, typed.root) == (7, bytes(range(32)))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "7",
        "7:AAEC",
        "-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "07:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "٧:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        f"{'9' * 40}:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "origin\n7\n\n— x y\n",
        "origin\n7\nAAEC\n\n— x y\n",
        "origin\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "origin\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— x %%%\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(Refuted):
        Checkpoint.read(note)


@pytest.mark.parametrize("line", ["", "a", "a+b+c", "a+00000000+AQID", KNOWN[0].replace("ae", "af"), f"x{KNOWN[1]}"])
def test_what_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(Refuted):
        Key.read(line)
