"""How many failures that nobody has reported yet a file would add: told apart from each other and from what is known.

It is an estimate, and cheap: a scanner's reports are one failure for each rule and family, as grouping has them; of
others those count as one that use the same words. Known is what ``actor`` may see, so that nothing hidden is counted.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from accounts.policy import SYSTEM, Actor
from reports.known import Asked, known_issues
from reports.models import Issue
from reports.naming import find_artifact, parse
from reports.text import mask, normalise, terms
from reports.vocabulary import ArtifactKind, Status

KNOWN = (Status.NEW, Status.CONFIRMED, Status.RESOLVED)  # what a scanner's rule gathers into
TEXT_AT_MOST = 4_000  # characters of an account: what it is about has been said by then
CACHED = 1_024  # families; a file is about few artifacts


class Failures:
    """Told of each report that would be filed, says whether it is of a failure not yet known."""

    def __init__(self, actor: Actor = SYSTEM) -> None:
        self.actor = actor
        self.seen: set[bytes] = set()
        self.new = 0
        self.family_of = lru_cache(CACHED)(family_of)

    def add(self, answers: Mapping[str, Any]) -> bool:
        """Counts the report, and says whether its failure is new. The same one again never is."""
        kind, named = str(answers.get("artifact_kind") or ArtifactKind.MODEL), str(answers.get("artifact", ""))
        family = self.family_of(kind, named)
        key = digest_of(answers, family or f"{kind} {named.lower()}")
        is_new = key not in self.seen and not self.is_known(answers, family)
        self.seen.add(key)
        self.new += is_new
        return is_new

    def is_known(self, answers: Mapping[str, Any], family: int | None) -> bool:
        if rule := answers.get("rule_id"):
            # Whoever has the shell has the database.
            issues = Issue.objects.all() if self.actor == SYSTEM else Issue.objects.visible_to(self.actor)
            return family is not None and issues.filter(family=family, rule_id=rule, status__in=KNOWN).exists()
        asked = Asked(
            artifact=str(answers.get("artifact", "")),
            artifact_kind=str(answers.get("artifact_kind") or ""),
            summary=str(answers.get("summary", "")),
            what_happened=str(answers.get("what_happened", ""))[:TEXT_AT_MOST],
        )
        return bool(known_issues(asked, limit=1))


def family_of(kind: str, named: str) -> int | None:
    """The family of what a report names; None if nobody has named it before."""
    artifact = find_artifact(kind, *parse(named)) if named else None
    return (artifact.family_id or artifact.pk) if artifact else None


def digest_of(answers: Mapping[str, Any], family: int | str) -> bytes:
    """What two reports on the same failure share: family and rule, else family and words."""
    words = str(answers.get("rule_id") or "") or " ".join(sorted(words_of(answers)))
    is_by_rule = bool(answers.get("rule_id"))
    return hashlib.blake2b(f"{family}\n{is_by_rule}\n{words}".encode(errors="replace"), digest_size=16).digest()


def words_of(answers: Mapping[str, Any]) -> set[str]:
    """The terms of a report, less the names of what it is about: else they would be all that tells two apart."""
    named = str(answers.get("artifact", ""))
    told = f"{answers.get('summary', '')}\n{str(answers.get('what_happened', ''))[:TEXT_AT_MOST]}"
    return set(terms(mask(normalise(told), [each for each in (named, *parse(named), answers.get("version")) if each])))
