"""The simplest search that is any good, to be read against: TF-IDF over plain words. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

WORD = re.compile(r"\w+")


def ranked(texts: Sequence[str], *, of: Iterable[int], count: int) -> dict[int, list[int]]:
    """For each position asked of, the earlier positions most alike, best first; ties go to the earlier.

    Rarity is counted over the earlier texts alone; those with no word in common are left out.

    >>> ranked(["red fox", "blue whale", "a red fox"], of=[2], count=10)
    {2: [0]}
    """
    vocabulary: dict[str, int] = {}
    counted = [Counter(WORD.findall(text.casefold())) for text in texts]
    terms = np.array([vocabulary.setdefault(word, len(vocabulary)) for words in counted for word in words], np.int64)
    times = np.array([number for words in counted for number in words.values()], np.float64)
    ends = np.cumsum([len(words) for words in counted])
    owners = np.repeat(np.arange(len(texts)), np.diff(ends, prepend=0))
    found: dict[int, list[int]] = {}
    for at in of:
        start, end = int(ends[at - 1]) if at else 0, int(ends[at])
        held = np.bincount(terms[:start], minlength=len(vocabulary))
        rarity = np.log((at + 1) / (held + 1)) + 1
        asked = np.zeros(len(vocabulary))
        asked[terms[start:end]] = times[start:end] * rarity[terms[start:end]]
        weights = times[:start] * rarity[terms[:start]]
        norms = np.sqrt(np.bincount(owners[:start], weights=weights * weights, minlength=at))
        dots = np.bincount(owners[:start], weights=weights * asked[terms[:start]], minlength=at)
        cosines = np.divide(dots, norms, out=np.zeros(at), where=norms > 0)
        order = np.lexsort((np.arange(at), -cosines))[:count]
        found[at] = [int(other) for other in order if cosines[other] > 0]
    return found
