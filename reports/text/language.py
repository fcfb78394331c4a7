"""Guessing a text's language by its script and its commonest words. Small and honest: when unsure, it says so."""

import re
from collections import Counter

from reports.text.normalising import normalise

_SAMPLE = 2000  # characters looked at
_SCRIPTS = {
    "kana": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "zh": re.compile("[\u3400-\u9fff]"),
    "arabic": re.compile("[\u0621-\u06d3]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "he": re.compile("[\u05d0-\u05ea]"),
    "hi": re.compile("[\u0904-\u0939]"),
    "bn": re.compile("[\u0985-\u09b9]"),
    "ta": re.compile("[\u0b85-\u0bb9]"),
    "th": re.compile("[\u0e01-\u0e30]"),
    "latin": re.compile("[a-z\u00df-\u024f]"),
}
_WEIGHTS = {"kana": 3.0, "ko": 2.0, "zh": 3.0}  # one such character says as much as about three letters
_PERSIAN = re.compile("[پچژگ]")
_URDU = re.compile("[ٹڈڑںےھ]")
_UKRAINIAN = re.compile("[іїєґ]")

# The commonest short words, as distinct between these languages as such words can be.
_COMMON = {
    # Those that Portuguese shares ("a", "as", "do", "no") too: without them it would claim terse English.
    "en": "the and of to is in that it was for with this not you are from have but they what a an as at be by do how "
    "my no on when",
    "es": "el la los las de que y en un una por con para no es se del como pero más muy lo está",
    "fr": "le la les des et est une un dans pour que qui pas ne du je il elle avec sur ce mais vous",
    "de": "der die das und ist nicht ein eine ich zu den mit von auf für es sich dem auch wird",
    "pt": "o a os as de que e em um uma para não com por mais do da no na você é foi ele mas",
    "it": "il lo gli di che e un una per non con del della sono è ma come anche nel più mi ha",
    "id": "yang dan di ini itu untuk dengan tidak dari saya ada ke pada adalah akan bisa",
    "tr": "ve bir bu için ile çok değil ne ben da de gibi daha ama olarak mı",
    "nl": "de het een en van is niet dat op te zijn voor met ik maar ook er aan",
}
_COMMON_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_WORD = re.compile(r"[^\W\d_]+")


def guess_language(text: str) -> str:
    """The BCP-47 primary tag of the text's main language, or "und" if the text does not tell.

    >>> [guess_language(text) for text in ("It said that the dose was safe.", "它说这个剂量是安全的", "👍", "OK")]
    ['en', 'zh', 'und', 'und']
    >>> guess_language("El modelo dijo que la capital es Sídney"), guess_language("قال النموذج إن الجرعة آمنة")
    ('es', 'ar')
    """
    sample = normalise(text[:_SAMPLE])
    counts = {script: len(letters.findall(sample)) * _WEIGHTS.get(script, 1.0) for script, letters in _SCRIPTS.items()}
    script = max(counts, key=lambda name: counts[name])
    if not counts[script]:
        return "und"
    if script == "kana" or (script == "zh" and counts["kana"] > 0.2 * counts["zh"]):
        return "ja"
    if script == "arabic":
        return "ur" if _URDU.search(sample) else "fa" if _PERSIAN.search(sample) else "ar"
    if script == "cyrillic":
        return "uk" if _UKRAINIAN.search(sample) else "ru"
    return _latin_language(sample) if script == "latin" else script


def _latin_language(sample: str) -> str:
    """The language whose common words the sample holds most of; undetermined on a tie or with fewer than two."""
    words = Counter(_WORD.findall(sample))
    found = {
        language: sum(count for word, count in words.items() if word in common)
        for language, common in _COMMON_WORDS.items()
    }
    best, second = sorted(found.values(), reverse=True)[:2]
    if best < 2 or best == second:
        return "und"
    return max(found, key=lambda language: found[language])
