"""Which texts an embedder can read. What it cannot read is compared by its words alone."""

import re
from collections.abc import Iterable

from reports.text import guess_language

ANY = "*"
MOST_FOREIGN = 0.3  # share of letters that are not Latin, above which a text is not in a language written in Latin ones
_LATIN = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
# What guess_language tells by the script alone
_OF_OTHER_SCRIPTS = frozenset(["ar", "bn", "el", "fa", "he", "hi", "ja", "ko", "ru", "ta", "th", "uk", "ur", "zh"])
_FRONT = re.compile(r"---\n(.*?)\n---", re.DOTALL)
_LANGUAGE = re.compile(r"^languages?:[ \t]*(.*(?:\n[ \t]*- .*)*)", re.MULTILINE)
_TAG = re.compile(r"(?<![\w-])(?:[a-z]{2,3}|multilingual)(?![a-z])", re.IGNORECASE)


def languages_named(tags: Iterable[str]) -> frozenset[str]:
    """Primary tags in small letters; empty, which is every language, if "*" or "multilingual" is among them.

    >>> sorted(languages_named(["en", "pt-BR"])), sorted(languages_named(["en", "*"]))
    (['en', 'pt'], [])
    """
    named = {primary(tag) for tag in tags if tag.strip()}
    return frozenset() if named & {ANY, "multilingual"} else frozenset(named)


def languages_of_card(card: str) -> frozenset[str] | None:
    """What the metadata at the head of a model card says of languages; None if it says nothing.

    >>> sorted(languages_of_card("---\\nlicense: mit\\nlanguage:\\n- en\\n- de\\ntags: [x]\\n---\\n# A card") or ())
    ['de', 'en']
    """
    front = _FRONT.match(card.replace("\r\n", "\n").lstrip("\ufeff"))
    said = _LANGUAGE.search(front[1]) if front else None
    tags = _TAG.findall(said[1]) if said else []
    return languages_named(tags) if tags else None


def can_read(languages: frozenset[str], text: str, *, said: str = "") -> bool:
    """Whether an embedder of these languages can read the text; ``said`` is the language the report names, if any.

    Short texts do not tell their language: those in Latin letters are taken for what the report says, and where it
    says nothing, for readable. A text without letters says nothing to any embedder.

    >>> english = frozenset({"en"})
    >>> can_read(english, "Wrong dose"), can_read(english, "Wrong dose", said="fr"), can_read(english, "剂量错误")
    (True, False, False)
    >>> can_read(frozenset(), "剂量错误"), can_read(frozenset(), "…?!")
    (True, False)
    """
    letters = len(_LETTER.findall(text))
    if not letters or not languages:
        return bool(letters)
    guess = guess_language(text)
    if letters - len(_LATIN.findall(text)) > MOST_FOREIGN * letters:
        return guess in languages & _OF_OTHER_SCRIPTS
    if guess != "und":
        return guess in languages
    return not said or primary(said) in languages | {"und"}


def primary(tag: str) -> str:
    return tag.strip().lower().replace("_", "-").partition("-")[0]
