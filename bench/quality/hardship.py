"""Ways in which the text of a report is spoiled, by accident or on purpose, to see what that costs. Pure and seeded."""

import random
from collections.abc import Callable

Title = str
Body = str
Change = Callable[[random.Random, Title, Body], tuple[Title, Body]]

FOREIGN_LENGTH = 3_000  # characters
TYPO_SHARE = 0.1  # of the words
LOST_SHARE = 0.2  # of the words
LOOK_ALIKES = str.maketrans("aeocpxyijsABCEHIKMOPTXY", "аеосрхуіјѕАВСЕНІКМОРТХУ")  # Latin letters to Cyrillic ones
HIDDEN = "\u200b"

# Prose of our own about nothing that anybody reports
CHINESE = (
    "清晨的港口很安静", "渔船慢慢离开码头", "老人坐在石阶上喝茶", "孩子们追着一只风筝", "远处的山还在雾里",
    "面包店的门刚刚打开", "邮差骑车经过小桥", "花园里的梨树开了花", "夜里下过一场小雨", "屋顶上晒着干净的被子",
)  # fmt: skip
SPANISH = (
    "el barco dejó la bahía antes del alba", "la abuela guardaba nueces en un cajón",
    "llovió toda la tarde en la sierra",
    "el panadero cantaba una copla antigua", "las cabras bajaron despacio al río",
    "un niño contaba estrellas en la azotea",
    "la tía trajo naranjas y un sombrero", "el tren cruzó el puente sin detenerse",
    "nadie encontró la llave del granero",
    "las campanas sonaron tres veces", "el jardinero podó los rosales", "mañana habrá feria en la plaza",
)  # fmt: skip


def prose(chance: random.Random, sentences: tuple[str, ...], *, stop: str) -> str:
    """``FOREIGN_LENGTH`` characters of foreign sentences in some order."""
    told = ""
    while len(told) < FOREIGN_LENGTH:
        told += stop.join(chance.sample(sentences, k=len(sentences))) + stop
    return told[:FOREIGN_LENGTH]


def mistyped(chance: random.Random, text: str) -> str:
    """One word in ten has two neighbouring letters swapped, one lost, or one doubled.

    >>> mistyped(random.Random(3), "nothing to see here and more words than ten stand in this line")
    'nothing to see here and more wrds than ten stand in this line'
    """
    words = text.split(" ")
    for at, word in enumerate(words):
        if len(word) > 2 and chance.random() < TYPO_SHARE:
            place = chance.randrange(len(word) - 1)
            before, pair, after = word[:place], word[place : place + 2], word[place + 2 :]
            words[at] = before + chance.choice((pair[::-1], pair[0], pair[0] + pair)) + after
    return " ".join(words)


def lossy(chance: random.Random, text: str) -> str:
    """One word in five is lost and the others stand in any order."""
    kept = [word for word in text.split() if chance.random() >= LOST_SHARE]
    chance.shuffle(kept)
    return " ".join(kept)


def disguised(chance: random.Random, text: str, *, share: float) -> str:
    """Letters replaced by others that look the same."""
    return "".join(sign.translate(LOOK_ALIKES) if chance.random() < share else sign for sign in text)


def _both(change: Callable[[random.Random, str], str]) -> Change:
    return lambda chance, title, body: (change(chance, title), change(chance, body))


def _beside(sentences: tuple[str, ...], stop: str, *, before: bool) -> Change:
    def change(chance: random.Random, title: Title, body: Body) -> tuple[Title, Body]:
        foreign = prose(chance, sentences, stop=stop)
        return title, f"{foreign}\n{body}" if before else f"{body}\n{foreign}"

    return change


CHANGES: dict[str, Change] = {
    "typos": _both(mistyped),
    "words_lost": _both(lossy),
    "foreign_script_before": _beside(CHINESE, "。", before=True),
    "foreign_script_after": _beside(CHINESE, "。", before=False),
    "foreign_language_before": _beside(SPANISH, ". ", before=True),
    "foreign_language_after": _beside(SPANISH, ". ", before=False),
    "look_alikes_half": _both(lambda chance, text: disguised(chance, text, share=0.5)),
    "look_alikes_all": _both(lambda chance, text: disguised(chance, text, share=1.0)),
    "hidden_characters": _both(lambda _, text: HIDDEN.join(text)),
}
WORDS = {
    "clean": "as it was",
    "typos": "one word in ten mistyped",
    "words_lost": "one word in five lost, the rest shuffled",
    "foreign_script_before": "3,000 Chinese characters before",
    "foreign_script_after": "3,000 Chinese characters after",
    "foreign_language_before": "3,000 Spanish characters before",
    "foreign_language_after": "3,000 Spanish characters after",
    "look_alikes_half": "half the letters replaced by look-alikes",
    "look_alikes_all": "all letters that have a look-alike replaced",
    "hidden_characters": "a zero-width space between all letters",
}
