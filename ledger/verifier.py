"""Check the ledger of a Telltale site without trusting the site.

One file that needs Python 3.11 and the package "cryptography", and nothing of the site but its public addresses. Keep a
checkpoint (save /ledger/checkpoint, or print it); later this tells whether anything before it was changed since.

    python verify.py log   https://site.example/ledger/ [--since checkpoint.txt] [--key KEY]
    python verify.py since https://site.example/ledger/ checkpoint.txt [--key KEY]
    python verify.py proof proof.json [--key KEY] [--since checkpoint.txt]
    python verify.py bundle bundle.zip [--key KEY] [--since checkpoint.txt]

"log" reads every leaf and computes everything anew. "since" asks for a proof of some dozens of hashes that the ledger
of today begins with the ledger of then. "proof" checks a file from a receipt page: that an event stands in the ledger,
and what of it was opened. "bundle" checks an archive of many such, without the site. In place of a checkpoint,
SIZE:ROOT will do, as somebody would type it from paper. Without a key the site's own is taken: then the hashes are
checked all the same, and who signed them is the site's word. A folder that holds the same files serves as well as an
address.

Exit status 0 if it holds; 1, and the reason, if it does not; 2, and what stood in the way, if it could not be checked:
a file or an address that cannot be read, a size, root or key that was typed wrongly. Formats: RFC 9162 (tree),
c2sp.org/tlog-tiles, c2sp.org/tlog-checkpoint and c2sp.org/signed-note.
"""

import argparse
import hashlib
import hmac
import json
import sys
import zipfile
import zlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO
from urllib.request import urlopen

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH = 32  # bytes
WIDTH = 256  # leaves of a full tile
FIELDS = ("actor", "at", "payload", "subjects", "verb")
PURPOSE = b"telltale event 1 "
TIMEOUT_S = 30
LONGEST = 20_000_000  # bytes that are read of one answer, and of one line of a bundle
BUNDLE = "telltale bundle 1"
NO_PROOF = "This is no proof of an event."
FILES = ("README.txt", "key", "checkpoint", "events.jsonl", "decisions.jsonl")  # that a manifest fixes, in its order

Fetch = Callable[[str], bytes]


class Refuted(Exception):
    """What was to be shown does not hold."""


class Unread(Refuted):
    """Nothing was shown, nor the contrary: what it takes could not be read, or was typed wrongly."""


# Hashes, and what can be shown with them


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Roots:
    """The root of what was added so far, by the complete subtrees of its right edge."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[bytes] = []

    def add(self, hashed: bytes) -> None:
        """``hashed`` is the hash of a leaf."""
        full = self.size
        while full & 1:
            hashed, full = node_hash(self.edge.pop(), hashed), full >> 1
        self.edge.append(hashed)
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self.edge:
            return hashlib.sha256(b"").digest()
        hashed = self.edge[-1]
        for left in self.edge[-2::-1]:
            hashed = node_hash(left, hashed)
        return hashed


def includes(index: int, size: int, hashed: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` leads from leaf ``index``, whose hash is ``hashed``, to the root of ``size`` leaves.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    at, last = index, size - 1
    for each in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            hashed = node_hash(each, hashed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = node_hash(hashed, each)
        at, last = at >> 1, last >> 1
    return last == 0 and hashed == root


def extends(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` shows that a tree of ``new`` leaves begins with one of ``old``. Source: RFC 9162, 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not path and old_root == hashlib.sha256(b"").digest()
    if old == new:
        return not path and old_root == new_root
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, each)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


# Checkpoints


@dataclass(frozen=True)
class Key:
    """A public key under a name, as in ``site.example/ledger+1a2b3c4d+AbC…``."""

    name: str
    hashed: bytes
    public: bytes

    @classmethod
    def read(cls, line: str) -> "Key":
        name, _, rest = line.strip().partition("+")
        hashed, _, encoded = rest.partition("+")
        kind_and_public = _base64(encoded)
        key = cls(name, _hex(hashed), kind_and_public[1:])
        if kind_and_public[:1] != b"\x01" or key.expected != key.hashed:
            raise Unread(f"This is no Ed25519 key, or was copied with a mistake: {line.strip()[:200]}")
        return key

    @property
    def expected(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    def signed(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Note:
    """A signed note: ``text`` is what was signed, of three lines or more."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def read(cls, note: str) -> "Note":
        text, blank, below = note.replace("\r\n", "\n").partition("\n\n")
        if not blank or text.count("\n") < 2:
            raise Unread("This is no signed note: it has three lines, a blank one, and signatures.")
        signatures = []
        for line in filter(None, below.split("\n")):
            parts = line.split(" ")
            if len(parts) == 3 and parts[0] == "—":
                signatures.append((parts[1], _base64(parts[2])))
        return cls(f"{text}\n", tuple(signatures))

    def is_signed_by(self, key: Key) -> bool:
        own = [signature[4:] for name, signature in self.signatures if (name, signature[:4]) == (key.name, key.hashed)]
        return any(key.signed(self.text, signature) for signature in own)


@dataclass(frozen=True)
class Checkpoint:
    """How long the ledger was and what its root was; ``signed`` is the note that says so, None if somebody typed it."""

    size: int
    root: bytes
    origin: str = ""
    signed: Note | None = None

    @classmethod
    def read(cls, note: str) -> "Checkpoint":
        """Raises Refuted for what is neither a signed note nor SIZE:ROOT."""
        typed = note.strip()
        if "\n" not in typed:
            size, _, root = typed.partition(":")
            return cls(_size(size), _hash(root))
        signed = Note.read(note)
        lines = signed.text.split("\n")
        return cls(_size(lines[1]), _hash(lines[2]), lines[0], signed)

    def check(self, key: Key) -> None:
        """That ``key`` signed it, for the ledger that the key is named after."""
        if self.origin != key.name:
            raise Refuted(f"The checkpoint is of {self.origin}, the key of {key.name}.")
        if self.signed is None or not self.signed.is_signed_by(key):
            raise Refuted(f"The checkpoint of size {self.size} is not signed by {key.name}.")


def _size(written: str) -> int:
    if not (written.isascii() and written.isdecimal()) or (written[0] == "0" and written != "0") or len(written) > 18:
        raise Unread(f"This is no size of a ledger: {written[:40]!r}")
    return int(written)


def _base64(written: str) -> bytes:
    try:
        return b64decode(written, validate=True)
    except (ValueError, BadBase64):
        raise Unread(f"This is not base64: {written[:80]!r}") from None


def _hex(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise Unread(f"This is not hexadecimal: {written[:80]!r}") from None


def _hash(written: str) -> bytes:
    found = _base64(written)
    if len(found) != HASH:
        raise Unread(f"This is no hash of {HASH} bytes: {written[:80]!r}")
    return found


# The ledger as it is served


def address(tile: str, number: int, width: int) -> str:
    """As in ``tile/0/x001/234`` or ``tile/entries/005.p/17``."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{tile}/{path}" + ("" if width == WIDTH else f".p/{width}")


def fetcher(source: str) -> Fetch:
    """Reads what stands at an address below ``source``, which is a URL or a folder."""

    def fetch(path: str) -> bytes:
        try:
            if not source.startswith(("https://", "http://")):
                return (Path(source) / path).read_bytes()
            with urlopen(f"{source.rstrip('/')}/{path}", timeout=TIMEOUT_S) as answer:  # noqa: S310 -- http(s) only
                return bytes(answer.read(LONGEST))
        except (OSError, HTTPException, ValueError) as refusal:
            raise Unread(f"{path} cannot be read: {refusal}") from None

    return fetch


def leaves(fetch: Fetch, size: int) -> Iterator[bytes]:
    """The first ``size`` leaves in order."""
    for number in range(-(-size // WIDTH)):
        width = min(WIDTH, size - number * WIDTH)
        path = address("entries", number, width)
        bundle, at = fetch(path), 0
        for _each in range(width):
            length = int.from_bytes(bundle[at : at + 2], "big")
            leaf = bundle[at + 2 : at + 2 + length]
            if at + 2 + length > len(bundle):
                raise Refuted(f"{path} ends early.")
            yield leaf
            at += 2 + length
        if at != len(bundle):
            raise Refuted(f"{path} holds more than {width} leaves.")


def tile_hashes(fetch: Fetch, size: int) -> Iterator[bytes]:
    """The hashes of leaves as the site's tiles have them."""
    for number in range(-(-size // WIDTH)):
        width = min(WIDTH, size - number * WIDTH)
        tile = fetch(address("0", number, width))
        if len(tile) != width * HASH:
            raise Refuted(f"{address('0', number, width)} does not hold {width} hashes.")
        yield from (tile[at : at + HASH] for at in range(0, len(tile), HASH))


def sequence_of(leaf: bytes) -> int | None:
    try:
        said = _json(leaf)
    except ValueError:
        return None
    return said.get("seq") if isinstance(said, dict) else None


# What can be asked


def check_log(fetch: Fetch, key: Key, since: Checkpoint | None = None) -> Checkpoint:
    """Every leaf read, every hash computed anew; and the beginning as it was when ``since`` was kept."""
    newest = newest_checkpoint(fetch, key, since)
    roots = Roots()
    told = zip(leaves(fetch, newest.size), tile_hashes(fetch, newest.size), strict=True)
    _compare(roots, since)
    for index, (leaf, expected) in enumerate(told):
        if sequence_of(leaf) != index:
            raise Refuted(f"Event {index} is not where it should be: the leaf there is numbered {sequence_of(leaf)}.")
        if leaf_hash(leaf) != expected:
            raise Refuted(f"Event {index} is not what it was when its tile was made.")
        roots.add(expected)
        _compare(roots, since)
    if roots.root != newest.root:
        raise Refuted(f"The {newest.size} leaves have another root than the checkpoint says.")
    return newest


def _compare(roots: Roots, since: Checkpoint | None) -> None:
    if since is not None and roots.size == since.size and roots.root != since.root:
        raise _changed(since)


def _changed(since: Checkpoint) -> Refuted:
    told = f"Something among the first {since.size} events was changed since that checkpoint was kept."
    return Refuted(told + _if_typed(since))


def _if_typed(since: Checkpoint) -> str:
    return "" if since.signed else " Or SIZE:ROOT was typed wrongly: compare it with what you kept."


def check_since(fetch: Fetch, key: Key, since: Checkpoint) -> Checkpoint:
    """The ledger of today begins with the ledger of then."""
    newest = newest_checkpoint(fetch, key, since)
    try:
        said = _json(fetch(f"consistency/{since.size}/{newest.size}"))
        path = [_hash(each) for each in said["hashes"]]
    except (ValueError, KeyError, TypeError):
        raise Unread("The site gives no proof of consistency.") from None
    if not extends(since.size, since.root, newest.size, newest.root, path):
        raise _changed(since)
    return newest


def newest_checkpoint(fetch: Fetch, key: Key, since: Checkpoint | None) -> Checkpoint:
    newest = Checkpoint.read(_text(fetch("checkpoint")))
    newest.check(key)
    if since is not None:
        if since.signed:
            since.check(key)
        if newest.size < since.size:
            told = f"The ledger has {newest.size} events, and had {since.size}: some are gone, or it is replayed."
            raise Refuted(told + _if_typed(since))
    return newest


def check_proof(
    document: bytes, key: Key | None, since: Checkpoint | None = None
) -> tuple[Checkpoint, dict[str, object]]:
    """That an event stands in the ledger, and what was opened of it; ``since`` is the checkpoint to show it for."""
    try:
        said = _json(document)
        note, key, words = said["checkpoint"], key or Key.read(said["key"]), said.get("words")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unread(NO_PROOF) from None
    checkpoint = Checkpoint.read(str(note))
    checkpoint.check(key)
    if since is not None and (since.size, since.root) != (checkpoint.size, checkpoint.root):
        raise Unread("The proof is for another checkpoint: ask whether one leads to the other.")
    opened = check_event(said, checkpoint)
    return checkpoint, opened if words is None else {**opened, "words": check_words(words, opened.get("payload"))}


def check_event(said: dict[str, Any], checkpoint: Checkpoint) -> dict[str, object]:
    """That one event stands under ``checkpoint``, which was checked; what was opened of it, if anything was."""
    try:
        index, leaf, path = said["seq"], said["leaf"].encode(), [_hash(each) for each in said["hashes"]]
        opened = {name: (bytes.fromhex(each["key"]), each["value"]) for name, each in said.get("opened", {}).items()}
        closed = {name: bytes.fromhex(each) for name, each in said.get("closed", {}).items()}
        commit = _json(leaf)["commit"]
        each = closed | {name: _committed(name, *pair) for name, pair in opened.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unread(NO_PROOF) from None
    if (
        type(index) is not int
        or sequence_of(leaf) != index
        or not includes(index, checkpoint.size, leaf_hash(leaf), path, checkpoint.root)
    ):
        raise Refuted(f"Event {index} does not stand in the ledger.")
    if (opened or closed) and (
        set(each) != set(FIELDS)
        or hashlib.sha256(PURPOSE + b"".join(each[name] for name in FIELDS)).hexdigest() != commit
    ):
        raise Refuted(f"Event {index} stands in the ledger, and says something else than this.")
    try:
        return {name: _json(value) for name, (_key, value) in opened.items()}
    except (ValueError, TypeError):
        raise Unread(NO_PROOF) from None


def check_words(words: dict[str, Any], payload: object) -> object:
    """That the words of a report are those that its event vouches for."""
    try:
        key, written = bytes.fromhex(words["key"]), words["value"].encode()
        vouched = payload["words"] if isinstance(payload, dict) else ""
        if hmac.digest(key, written, "sha256").hex() != vouched:
            raise Refuted("These are not the words that were filed.")
        return _json(written)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refuted("The proof does not say which words were filed.") from None


# A bundle


def check_bundle(path: Path, key: Key | None, since: Checkpoint | None = None) -> tuple[Checkpoint, str, int]:
    """Everything in it: the checkpoint it leads to, what it is about, and how many events it holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _Bundle(archive, key).checked(since)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as refusal:
        raise Unread(f"This is no bundle: {refusal}") from None
    except zlib.error as refusal:
        raise Refuted(f"The bundle was damaged: {refusal}") from None


class _Bundle:
    """One that is read. Lines first, so that the first bad one is named; then what the manifest says of whole files."""

    def __init__(self, archive: zipfile.ZipFile, key: Key | None) -> None:
        self.archive = archive
        self.digests: dict[str, tuple[str, int]] = {}
        if sorted(archive.namelist()) != sorted([*FILES, "manifest"]):
            raise Unread("This is no bundle: other files stand in it than in one.")
        own = self.text("key")
        self.key = key or Key.read(own)
        self.manifest = Note.read(self.text("manifest"))

    def checked(self, since: Checkpoint | None) -> tuple[Checkpoint, str, int]:
        checkpoint = Checkpoint.read(self.text("checkpoint"))
        checkpoint.check(self.key)
        if since is not None and (since.size, since.root) != (checkpoint.size, checkpoint.root):
            raise Unread("The bundle is for another checkpoint: ask whether one leads to the other.")
        about = self.manifest.text.split("\n")[2]
        opened = self.events(checkpoint, is_whole=about.startswith("period "))
        self.decisions(opened)
        self.text("README.txt")
        self.signed()
        return checkpoint, about, len(opened)

    def events(self, checkpoint: Checkpoint, *, is_whole: bool) -> dict[int, dict[str, object]]:
        """By number what was opened of them; ``is_whole``: no number may be missing between the first and the last."""
        found: dict[int, dict[str, object]] = {}
        last = -1
        for place, said in self.lines("events.jsonl"):
            at = f"events.jsonl line {place + 1}"
            if said.get("line") != place:
                raise Refuted(f"{at}: line {said.get('line')} stands here; one is missing, or they were moved.")
            try:
                opened = check_event(said, checkpoint)
            except Refuted as refusal:
                raise Refuted(f"{at}: {refusal}") from None
            sequence = said["seq"]
            if sequence <= last or (is_whole and place and sequence != last + 1):
                raise Refuted(f"{at}: event {sequence} follows event {last}.")
            found[sequence], last = opened, sequence
        return found

    def decisions(self, opened: dict[int, dict[str, object]]) -> None:
        """Each says what was opened of its event, and none is left out."""
        due = [sequence for sequence, values in opened.items() if values]
        for place, said in self.lines("decisions.jsonl"):
            at = f"decisions.jsonl line {place + 1}"
            if said.get("line") != place or place >= len(due) or said.get("seq") != due[place]:
                raise Refuted(f"{at}: it is not the one that stands here.")
            values = {name: value for name, value in said.items() if name not in ("line", "seq", "told")}
            if values != opened[due[place]]:
                raise Refuted(f"{at}: event {due[place]} says something else than this.")
        if self.digests["decisions.jsonl"][1] != len(due):
            raise Refuted(f"decisions.jsonl line {self.digests['decisions.jsonl'][1] + 1}: it is missing.")

    def signed(self) -> None:
        """That the site fixed these files, and no others."""
        head = [BUNDLE, self.key.name, self.manifest.text.split("\n")[2]]
        stands = [
            f"{digest} {count} {name}" for name, (digest, count) in ((name, self.digests[name]) for name in FILES)
        ]
        for place, (said, is_so) in enumerate(zip_longest(self.manifest.text.split("\n")[:-1], [*head, *stands])):
            if said != is_so:
                raise Refuted(
                    f"manifest line {place + 1}: {is_so.split()[-1] if is_so else said} is not what was signed."
                )
        if not self.manifest.is_signed_by(self.key):
            raise Refuted(f"The manifest is not signed by {self.key.name}.")

    def lines(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        digest, place = hashlib.sha256(), -1
        with self.archive.open(name) as file:
            for place, line in enumerate(iter(lambda: file.readline(LONGEST), b"")):
                digest.update(line)
                try:
                    said = _json(line)
                except ValueError:
                    said = None
                if not isinstance(said, dict) or not line.endswith(b"\n"):
                    raise Refuted(f"{name} line {place + 1}: this is no line of a bundle.")
                yield place, said
        self.digests[name] = (digest.hexdigest(), place + 1)

    def text(self, name: str) -> str:
        with self.archive.open(name) as file:
            body = file.read(LONGEST)
        self.digests[name] = (hashlib.sha256(body).hexdigest(), body.count(b"\n"))
        return _text(body)


def _committed(name: str, key: bytes, value: str) -> bytes:
    return hmac.digest(key, str(value).encode(), "sha256")


def _json(written: str | bytes) -> Any:
    """Raises ValueError for what is no JSON, and for what is nested deeper than anything of ours."""
    try:
        return json.loads(written)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Unread("What should be text is not.") from None


# The command


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _asked(arguments)
    since = Checkpoint.read(_kept(asked.since)) if asked.since else None
    key = Key.read(asked.key) if asked.key else None
    if asked.what == "proof":
        checkpoint, opened = check_proof(Path(asked.source).read_bytes(), key, since)
        for name, value in opened.items():
            say(f"{name}: {json.dumps(value, ensure_ascii=False)}")
        if key is None:
            say("the key is the one in the file: compare it with one from elsewhere")
    elif asked.what == "bundle":
        checkpoint, about, count = check_bundle(Path(asked.source), key, since)
        say(f"{about}: {count} events stand in the ledger, as they are told here")
        if key is None:
            say("the key is the one in the bundle: compare it with one from elsewhere")
    else:
        fetch = fetcher(asked.source)
        key = key or Key.read(_text(fetch("key")))
        checkpoint = check_log(fetch, key, since) if asked.what == "log" else check_since(fetch, key, _there(since))
    say(f"holds: {checkpoint.origin}, {checkpoint.size} events, root {b64encode(checkpoint.root).decode()}")
    return 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check the ledger of a Telltale site without trusting the site.")
    parser.add_argument("what", choices=["log", "since", "proof", "bundle"])
    parser.add_argument("source", help="the address of /ledger/, or a folder; for proof and bundle, the file")
    parser.add_argument("since", nargs="?", help="for since: a file with a checkpoint, or SIZE:ROOT")
    parser.add_argument("--since", dest="kept", help="the same for log, proof and bundle")
    parser.add_argument("--key", help="the site's public key, if you have it from elsewhere")
    asked = parser.parse_args(arguments)
    asked.since = asked.since or asked.kept
    if asked.what == "since" and not asked.since:
        parser.error("since needs a checkpoint")
    return asked


def _kept(named: str) -> str:
    if Path(named).exists():
        return _text(Path(named).read_bytes())
    if ":" not in named:
        raise Unread(f"There is no file {named[:200]!r}, and it is no SIZE:ROOT.")
    return named


def _there(since: Checkpoint | None) -> Checkpoint:
    if since is None:
        raise Unread("A checkpoint to compare with is missing.")
    return since


def say(line: str, to: TextIO | None = None) -> None:
    """What was read may be anybody's: no sign of it steers the terminal, where it could make a refusal look like the
    contrary; and what the terminal cannot show is spelled out."""
    out = to or sys.stdout
    plain = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
    known = out.encoding or "utf-8"
    out.write(f"{plain.encode(known, 'backslashreplace').decode(known)}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Unread, OSError) as hitch:
        say(f"could not be checked: {hitch}", sys.stderr)
        sys.exit(2)
    except Refuted as refusal:
        say(f"does not hold: {refusal}", sys.stderr)
        sys.exit(1)
