"""One line of a timeline: what people decided, with its undo, or what was done besides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.utils.translation import gettext as _

from triage.models import Decision
from triage.moves import Verb


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline. ``by`` is "engine" or "person"; ``undo`` the decision that can be undone."""

    when: datetime
    words: str
    by: str = "person"
    who: str = ""
    note: str = ""
    ended: bool = False
    is_undone: bool = False
    undo: int | None = None

    @classmethod
    def of(cls, decision: Decision, words: str) -> Self:
        """A decision that reads as ``words``. It asks for ``decider`` and ``undone_by``."""
        is_undone = getattr(decision, "undone_by", None) is not None
        can_be_undone = decision.verb != Verb.UNDO and not is_undone
        return cls(
            when=decision.decided_at,
            words=words,
            who=str(decision.decider or _("somebody whose account is gone")),
            note=decision.note,
            ended=decision.verb == Verb.RESOLVE and not is_undone,
            is_undone=is_undone,
            undo=decision.pk if can_be_undone else None,
        )
