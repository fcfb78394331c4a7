"""Finding what people did not mean to tell: keys, addresses and numbers in a text, to be masked by whoever wrote it.

Structured secrets only. Names of people and places are not found, and the page that offers masks says so.

What is marked, where opinions differ: the e-mail address of anybody, role accounts and example domains too; private and
documentation addresses of networks, for nobody misses one that was masked; of a connection string the password only.
What is not: loopback, netmasks and public resolvers; emergency and short numbers, and those that are free to call, for
they are helplines; placeholders ("sk-...", "<token>"); a number that fails its checksum; hashes and UUIDs, unless
something beside them says that they are a key.
"""

from collections.abc import Callable, Iterable, Iterator

from reports.text.secrets.addresses import emails, ips
from reports.text.secrets.folding import fold
from reports.text.secrets.numbers import cards, chinese_ids, chinese_mobiles, ibans
from reports.text.secrets.phones import phones
from reports.text.secrets.secret import Kind, Secret
from reports.text.secrets.tokens import tokens

__all__ = ["Kind", "Secret", "found", "masked"]

_Finder = Callable[[str], Iterable[tuple[int, int]]]
_FINDERS: dict[Kind, _Finder] = {
    Kind.TOKEN: tokens,
    Kind.EMAIL: emails,
    Kind.IBAN: ibans,
    Kind.CN_ID: chinese_ids,
    Kind.CARD: cards,
    Kind.CN_MOBILE: chinese_mobiles,
    Kind.IP: ips,
    Kind.PHONE: phones,
}


def found(text: str) -> list[Secret]:
    """The secrets in a text, in order and apart from each other. Time grows as the length does.

    >>> found("mail sam@example.com or call +1 212 555 0142")
    [Secret(kind=<Kind.EMAIL: 'email'>, start=5, end=20), Secret(kind=<Kind.PHONE: 'phone'>, start=29, end=44)]
    """
    folded, places = fold(text)
    apart = sorted(_apart(folded), key=lambda secret: secret.start)
    return [Secret(each.kind, places[each.start], places[each.end - 1] + 1) for each in apart]


def _apart(text: str) -> Iterator[Secret]:
    taken = bytearray(len(text))
    for kind in Kind:
        for start, end in _FINDERS[kind](text):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                yield Secret(kind, start, end)


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """The text with a mark in place of each secret that names its kind.

    >>> masked("mail sam@example.com", found("mail sam@example.com"))
    'mail [email]'
    """
    told, place = [], 0
    for secret in sorted(secrets, key=lambda each: (each.start, each.end)):
        if secret.start >= place:
            told += [text[place : secret.start], secret.kind.mark]
            place = secret.end
    return "".join([*told, text[place:]])
