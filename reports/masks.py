"""Masks for what people did not mean to tell: offered before anything is sent, laid on by whoever wrote it.

Nothing is masked by itself. What ``reports.text.secrets`` finds is shown with the words around it, once for each thing
that was found, in however many places; a press puts a mark such as [email] in all of them. Of a conversation that was
pasted, what the report would hold is looked through, and the paste itself is masked, so that it is read as before.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.text.conversation import Conversation, Form, turns_of
from reports.text.secrets import Kind, Secret, found

KINDS: dict[Kind, Promise] = {
    Kind.TOKEN: _("A key or password"),
    Kind.EMAIL: _("An e-mail address"),
    Kind.IBAN: _("A bank account number"),
    Kind.CN_ID: _("A Chinese identity number"),
    Kind.CARD: _("A card number"),
    Kind.CN_MOBILE: _("A mobile number"),
    Kind.IP: _("A network address"),
    Kind.PHONE: _("A telephone number"),
}
AROUND = 40  # characters shown on either side
SHOWN_MOST = 80  # characters shown of a secret; a private key has thousands
PLACES_MOST = 3  # shown of one secret; its mask goes to all
ROUNDS_MOST = 4
LEFT_MOST = 1_000  # secrets that a draft remembers as left as they are
MARKS_MOST = 500  # masks that can be taken off again; who has laid more corrects them in the form

_WRITTEN = frozenset({Form.NONE, Form.SPEAKERS, Form.WEB_PAGE, Form.HEADINGS, Form.BLOCKS, Form.SPECIAL_TOKENS})
_JSON_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_JSON_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_JSON_SIGN = re.compile(rf"{_JSON_PAIR}|\\u[0-9a-fA-F]{{4}}|\\.|.", re.DOTALL)
_JSON_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class Unreachable(Exception):
    """A secret that cannot be masked without changing how the conversation around it is read."""


class Mark(NamedTuple):
    """A mask that was laid: where it stands, of which kind, what stood there, and the key of that."""

    at: int
    kind: str
    was: str
    key: str

    @property
    def end(self) -> int:
        return self.at + len(Kind(self.kind).mark)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret stands: the field, and the words beside it."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Find:
    """One thing that may be private. ``key`` names it in a form; ``more`` counts its places beyond those shown."""

    key: str
    kind: Kind
    text: str
    places: tuple[Place, ...] = ()
    more: int = 0

    @property
    def words(self) -> Promise:
        return KINDS[self.kind]

    @property
    def mark(self) -> str:
        return self.kind.mark


def key_of(kind: Kind, secret: str) -> str:
    """A short name for one secret, alike wherever it stands in a draft."""
    told = f"{kind}\n{secret}".replace("\r\n", "\n")
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:16]


def finds(texts: Mapping[str, str], *, pasted: Collection[str] = ()) -> list[Find]:
    """What may be private in these answers, by their field; those ``pasted`` are conversations."""
    places: dict[Find, list[Place]] = {}
    for name, text in texts.items():
        for told in _told(text, is_pasted=name in pasted):
            for secret in found(told):
                words = told[secret.start : secret.end]
                one = Find(key_of(secret.kind, words), secret.kind, _shortened(words))
                places.setdefault(one, []).append(_place(name, told, secret))
    return [
        Find(one.key, one.kind, one.text, tuple(at[:PLACES_MOST]), max(0, len(at) - PLACES_MOST))
        for one, at in places.items()
    ]


def mask(
    text: str, keys: Iterable[str], *, marks: Iterable[Mark] = (), is_pasted: bool = False
) -> tuple[str, list[Mark]]:
    """The text with those secrets masked, and its marks; ``marks`` are those it had. No other character changes.

    Raises :class:`Unreachable` if one of them is still to be read, or the conversation is read otherwise.
    """
    wanted = frozenset(keys)
    result, laid = text, list(marks)
    for _again in range(ROUNDS_MOST):  # beside a mask the same secret may be seen where it was not before
        keyed = list(_keyed(result, is_pasted=is_pasted))
        chosen = [Mark(at.start, at.kind, result[at.start : at.end], key) for at, key in keyed if key in wanted]
        if not chosen:
            break
        result, laid = _lay(result, chosen, laid)
    if is_pasted and wanted:
        if _shape(turns_of(result)) != _shape(turns_of(text)):
            raise Unreachable
        if wanted & {find.key for find in finds({"": result}, pasted=[""])}:
            raise Unreachable
    return result, laid


def unmask(text: str, key: str, *, marks: Iterable[Mark]) -> tuple[str, list[Mark]]:
    """The text with what those marks hide, and the marks that are left."""
    told, kept, place, shift = [], [], 0, 0
    for mark in sorted(marks):
        if mark.key != key:
            kept.append(mark._replace(at=mark.at + shift))
            continue
        told += [text[place : mark.at], mark.was]
        place = mark.end
        shift += len(mark.was) - (mark.end - mark.at)
    return "".join([*told, text[place:]]), kept


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a draft remembers of masks: the keys of what was left as it is, and the masks that were laid.

    ``marks`` are by field, each with the digest of the text they were laid in: once it has been changed by hand,
    nobody knows where they stand, and they are forgotten.
    """

    left: tuple[str, ...] = ()
    marks: Mapping[str, tuple[str, tuple[Mark, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Self:
        marks = notes.get("marks", {}).items()
        read = {name: (digest, tuple(Mark(*mark) for mark in laid)) for name, (digest, laid) in marks}
        return cls(tuple(notes.get("left", ())), read)

    @property
    def notes(self) -> dict[str, Any]:
        return {"left": self.left, "marks": self.marks}

    def marks_in(self, name: str, text: str) -> tuple[Mark, ...]:
        digest, marks = self.marks.get(name, ("", ()))
        return marks if digest == _digest(text) else ()

    def with_marks(self, name: str, text: str, marks: Iterable[Mark]) -> Self:
        laid = tuple(marks)
        kept = laid if len(laid) <= MARKS_MOST else ()
        return replace(self, marks={**self.marks, name: (_digest(text), kept)})

    def with_left(self, keys: Iterable[str]) -> Self:
        return replace(self, left=tuple(dict.fromkeys([*self.left, *keys]))[-LEFT_MOST:])

    def laid_in(self, texts: Mapping[str, str]) -> list[Find]:
        """What is masked now, once each."""
        marks = [mark for name, text in texts.items() for mark in self.marks_in(name, text)]
        laid = {mark.key: Find(mark.key, Kind(mark.kind), _shortened(mark.was)) for mark in marks}
        return list(laid.values())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _told(text: str, *, is_pasted: bool) -> list[str]:
    """What the report would hold of an answer: itself, or the turns of a conversation where any are found."""
    turns = turns_of(text).turns if is_pasted else []
    return [turn["content"] for turn in turns] or [text]


def _shortened(words: str) -> str:
    return words if len(words) <= SHOWN_MOST else words[:SHOWN_MOST] + "…"


def _place(field: str, text: str, secret: Secret) -> Place:
    """The words on either side, cut between words where there are any."""
    before, after = text[max(0, secret.start - AROUND) : secret.start], text[secret.end : secret.end + AROUND]
    if secret.start > AROUND:
        before = "…" + before[before.find(" ") + 1 :]
    if secret.end + AROUND < len(text):
        after = (after[: after.rfind(" ") + 1] or after) + "…"
    return Place(field, before, after)


def _keyed(text: str, *, is_pasted: bool) -> Iterator[tuple[Secret, str]]:
    """The secrets of a text where they stand in it, each with its key."""
    read = turns_of(text) if is_pasted else Conversation()
    if read.form in _WRITTEN:
        for secret in found(text):
            yield secret, key_of(secret.kind, text[secret.start : secret.end])
        return
    filed = {find.key for find in finds({"": text}, pasted=[""])}
    for string in _JSON_STRING.finditer(text):
        yield from _in_string(string, filed)


def _in_string(string: re.Match[str], filed: Collection[str]) -> Iterator[tuple[Secret, str]]:
    """The secrets of one JSON string, as long as they are in its spelling. One that only its name gives away as a
    secret ("api_key") is known by standing among those that are ``filed``, as the whole of its string."""
    told, starts = _spoken(string[1], string.start(1))
    alone = next((kind for kind in Kind if key_of(kind, told) in filed), None)
    for secret in [Secret(alone, 0, len(told))] if alone else found(told):
        at = Secret(secret.kind, starts[secret.start], starts[secret.end])
        yield at, key_of(secret.kind, told[secret.start : secret.end])


def _spoken(spelling: str, offset: int) -> tuple[str, list[int]]:
    """What a JSON string says, and where each of its characters begins; one more place for its end."""
    told, starts = [], []
    for sign in _JSON_SIGN.finditer(spelling):
        told.append(_said(sign[0]))
        starts.append(offset + sign.start())
    return "".join(told), [*starts, offset + len(spelling)]


def _said(sign: str) -> str:
    if not sign.startswith("\\"):
        return sign
    if not sign.startswith("\\u") or len(sign) < 6:
        return _JSON_SHORT.get(sign[1], sign[1])
    if len(sign) == 12:
        return chr(0x10000 + ((int(sign[2:6], 16) - 0xD800) << 10) + int(sign[8:], 16) - 0xDC00)
    return chr(int(sign[2:], 16))


def _lay(text: str, chosen: list[Mark], before: list[Mark]) -> tuple[str, list[Mark]]:
    """Put each chosen mark where its secret stands, and move those that were there ``before``."""
    told, laid, place, length = [], [], 0, 0
    spans = [(mark.at, mark.at + len(mark.was), mark) for mark in chosen] + [
        (mark.at, mark.end, mark) for mark in before
    ]
    for start, end, mark in sorted(spans):
        if start < place:  # a mark inside a secret: what is now hidden there is the mark
            continue
        plain, sign = text[place:start], Kind(mark.kind).mark
        laid.append(mark._replace(at=length + len(plain)))
        told += [plain, sign]
        length += len(plain) + len(sign)
        place = end
    return "".join([*told, text[place:]]), laid


def _shape(read: Conversation) -> tuple[Form, list[str]]:
    return read.form, [turn["role"] for turn in read.turns]
