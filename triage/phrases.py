"""Words looked for in public titles and summaries, and in what reports say: by the index, never through all texts.

The index holds a report's words as the engine reads them: reduced to their stems, without the names of the artifact,
and of very long passages only a part. A word found there has been said. Words between quotation marks are looked up
word by word, and then, in their order, in the texts of the reports that have them all.
"""

import re
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext
from numpy.typing import NDArray

from accounts.policy import Actor
from reports.models import Evidence, Placement
from reports.text import terms
from triage import shelf
from triage.grammar import Term
from triage.grouping.postings import POSITION, Query
from triage.grouping.vector import hash_terms
from triage.index import blocks_of

TEXTS = ("plain_summary", "plain_what_happened", "plain_expected")
BETWEEN = r"(\s|\\n)+"  # words of a phrase; a transcript is searched as it is stored, with its line breaks written out


class OneOf(Func):
    """Whether a number is one of many: as one array, for which the driver needs a hundredth of the time."""

    template = "%(expressions)s::bigint[])"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    @classmethod
    def these(cls, column: str, numbers: Iterable[int]) -> "OneOf":
        return cls(F(column), Value(shelf.array(numbers), output_field=TextField()))

    @classmethod
    def among(cls, column: str, numbers: "QuerySet[Any, Any]") -> "OneOf":
        """One of those that another statement finds: found once, whatever the planner thinks of how many they are."""
        return cls(F(column), ArraySubquery(numbers.order_by()))


def why_not(term: Term, *, beside: Iterable[Term] = ()) -> str:
    """Why a word cannot be looked for among these, "" if it can: "the" can where a word of some weight stands by it."""
    is_led = not term.is_negated and any(is_indexed(other) for other in beside if not other.is_negated)
    if is_indexed(term) or is_led:
        return ""
    sentence = gettext("“%(word)s” says too little to be looked for: it stands nearly everywhere.")
    return sentence % {"word": term.values[0]}


def is_indexed(term: Term) -> bool:
    return bool(terms(term.values[0]))


def saying(asked: Sequence[Term], actor: Actor) -> Q:
    """Issues that say all that is wanted, at the head of their page or in one report, and nothing that is not."""
    wanted = [term for term in asked if not term.is_negated]
    meant = _said(wanted, actor) if wanted else Q()
    for term in asked:
        if term.is_negated:
            meant &= ~_said([term], actor)
    return meant


def _said(asked: Sequence[Term], actor: Actor) -> Q:
    heads = Q()
    for term in asked:
        heads &= Q(public_title__icontains=term.values[0]) | Q(public_summary__icontains=term.values[0])
    return ~Q(public_title="") & heads | Q(OneOf.these("pk", issues_saying(asked, actor)))


def issues_saying(asked: Sequence[Term], actor: Actor) -> set[int]:
    """The issues in which such a report stands, of the reports that the actor may read and whose words are there."""
    report_ids = reports_saying(asked, actor)
    placed = Placement.objects.active().visible_to(actor).filter(OneOf.these("report_id", report_ids))
    return set(placed.filter(report__term_vector__isnull=False).order_by().values_list("issue", flat=True))


def reports_saying(asked: Iterable[Term], actor: Actor) -> list[int]:
    """The reports whose words hold all of it, as far as the index knows."""
    asked = list(asked)
    words = [term for each in asked for term in terms(each.values[0])]
    found: list[int] = having_all(np.unique(hash_terms(words, settings.TERM_KEY))).tolist()
    exact = [each.values[0] for each in asked if " " in each.values[0] or not is_indexed(each)]
    if not exact or not found:
        return found
    texts = Evidence.objects.visible_to(actor).filter(OneOf.these("report_id", found))
    sealed = texts.filter(sealed_words__isnull=False).select_related("report__evidence_key")
    opened = [evidence.pk for evidence in sealed.iterator() if all(_holds(evidence, phrase) for phrase in exact)]
    for phrase in exact:
        texts = texts.alias(turns=Cast("plain_transcript", TextField())).filter(_holding(phrase))
    return [*texts.values_list("pk", flat=True), *opened]


def _holds(evidence: Evidence, phrase: str) -> bool:
    """The same of words that are sealed, which no database can look through."""
    pattern = re.compile(r"\s+".join(map(re.escape, phrase.split())), re.IGNORECASE)
    return any(pattern.search(words) for words in evidence.parts.values())


def _holding(phrase: str) -> Q:
    pattern = BETWEEN.join(map(re.escape, phrase.split()))
    columns = [Q(**{f"{name}__iregex": pattern}) for name in (*TEXTS, "turns")]
    return reduce(Q.__or__, columns)


def having_all(hashes: NDArray[np.int32]) -> NDArray[np.int64]:
    """The ids of the reports in which all these terms stand, ascending; some may have been erased since.

    The tail is looked at first, then the segments, for the reason that ``triage.index`` gives.
    """
    known = shelf.look()
    bags, listing = known.tail.bags, known.tail.listing
    held = np.isin(bags.terms, hashes)
    tail = listing.report_ids[np.bincount(bags.owners[held], minlength=len(listing)) == len(hashes)]
    blocks, offsets, known = blocks_of(Query(hashes, np.ones(len(hashes)), np.zeros(len(hashes), dtype=bool)), known)
    positions = np.frombuffer(b"".join(block.positions for block in blocks), dtype=POSITION).astype(np.intp)
    places = positions + np.repeat(np.asarray(offsets, dtype=np.intp), [block.count for block in blocks])
    # a term stands once at each place at most, so where all stand is where as many blocks meet
    everywhere = np.bincount(places, minlength=len(known.sealed.listing)) == len(hashes)
    found: NDArray[np.int64] = np.union1d(tail, known.sealed.listing.report_ids[everywhere])
    return found
