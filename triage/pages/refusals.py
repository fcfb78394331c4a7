"""What a page does with a move that was refused: how it answers, and what it tells of those who were faster."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.policy import Actor
from reports.models import Issue
from triage.forms import FORMS, MoveForm
from triage.happening import Happening
from triage.history import told_of

STALE = frozenset({"status", "changed", "decided_since"})  # codes: what is there is no longer what the page showed


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a press met: ``sentence`` refuses it, ``since`` tells what others decided meanwhile."""

    sentence: str
    since: Sequence[Happening] = ()


def is_stale(refusal: ValidationError) -> bool:
    return getattr(refusal, "code", "") in STALE


def status_of(refusal: ValidationError) -> int:
    """409 where somebody was faster, 422 where it cannot be done at all."""
    return 409 if is_stale(refusal) else 422


def conflict_of(refusal: ValidationError | None, issue: Issue) -> Conflict | None:
    """The refusal as it reads on the page of ``issue``."""
    if refusal is None:
        return None
    return Conflict(" ".join(refusal.messages), told_of(getattr(refusal, "since", ()), issue))


def filled_again(sent: QueryDict, issue: Issue, verb: str, actor: Actor) -> MoveForm:
    """The form of a move that was refused, as it was filled in, with the revision of now."""
    return FORMS[verb](as_of_now(sent, issue), issue=issue, actor=actor, auto_id=f"{verb}_%s")


def as_of_now(sent: QueryDict, issue: Issue) -> QueryDict:
    """What was sent, with the revision of now: pressed again, it decides on top of what changed."""
    issue.refresh_from_db(fields=["revision", "status"])
    filled = sent.copy()
    filled["revision"] = str(issue.revision)
    return filled
