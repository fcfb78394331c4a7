"""A language that nobody speaks: every sentence 40 % longer, so that what does not fit, and what was never handed to
gettext, can be seen. Written in place of Arabic it is mirrored too."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import override_settings
from django.utils.translation import to_locale, trans_real

GROWTH = 0.4
ACCENTED = str.maketrans("aeiouyAEIOUYcnsz", "áéíóúýÁÉÍÓÚÝçñšž")
KEPT = re.compile(r"%\(\w+\)[sd]|%%|\{[^{}]*\}|<[^<>]*>|&\w+;")  # placeholders, tags and entities
FILL = "ẍ̂ó "  # a mark above a letter, so that the line needs its height too


def told(text: str) -> str:
    """``text`` accented, longer by ``GROWTH``, between marks that show where it was cut."""
    parts, place = [], 0
    for kept in KEPT.finditer(text):
        parts += [text[place : kept.start()].translate(ACCENTED), kept.group()]
        place = kept.end()
    parts.append(text[place:].translate(ACCENTED))
    more = (FILL * (int(len(text) * GROWTH) // len(FILL) + 1)).strip()
    return f"⟦{''.join(parts)} {more}⟧"


def catalogue(source: Path, locale: str) -> Catalog:
    with source.open("rb") as file:
        known = read_po(file, locale=locale)
    made = Catalog(locale=locale)
    for message in known:
        if message.id:
            made[message.id] = _message(message, made.num_plurals)
    return made


def _message(message: Message, plurals: int) -> Message:
    if isinstance(message.id, tuple | list):
        one, many = (told(text) for text in message.id)
        string: str | tuple[str, ...] = (one, *[many] * (plurals - 1))
    else:
        string = told(message.id)
    return Message(message.id, string=string, context=message.context)


class Unlisted(NullTranslations):
    """Speaks what no catalogue lists yet: whether they are complete is another test's question."""

    def gettext(self, message: str) -> str:
        return told(message.rpartition("\x04")[2])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@contextmanager
def spoken(folder: Path, *codes: str) -> Iterator[None]:
    """These languages of the site speak it while this lasts; ``folder`` is where their catalogues are put."""
    for code in codes:
        locale = to_locale(code)
        source = Path(settings.LOCALE_PATHS[0]) / locale / "LC_MESSAGES" / "django.po"
        goal = folder / locale / "LC_MESSAGES" / "django.mo"
        goal.parent.mkdir(parents=True)
        with goal.open("wb") as file:
            write_mo(file, catalogue(source, locale))
    with override_settings(LOCALE_PATHS=[folder, *settings.LOCALE_PATHS]):
        for code in codes:
            vars(trans_real.translation(code))["_fallback"] = Unlisted()  # in place of what falls back to English
        yield  # that the setting changed, either way, is heard by gettext, which then reads its catalogues anew
