"""Who may be told apart in what auditors read: whoever holds or held a role, by pseudonym and role. Nobody else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.models import Grant, Role
from accounts.policy import ANONYMOUS, ENGINE, SYSTEM
from ledger.models import Event
from reports.history import said

HOUSE: dict[str, Promise] = {
    ENGINE.pseudonym: gettext_lazy("the engine"),
    SYSTEM.pseudonym: gettext_lazy("whoever has the shell"),
    ANONYMOUS.pseudonym: gettext_lazy("somebody without an account"),
}
# What a reporter does to their own report, or an account to itself; whoever does it, it is done as a reporter.
OF_REPORTERS = frozenset(
    {"file", "add", "adopt", "ask_erasure", "keep_words", "dispute", "reply", "withdraw", "unwithdraw"}
)


@dataclass(frozen=True, slots=True)
class Held:
    role: str
    since: datetime
    until: datetime | None


class Staff:
    """Accounts that hold or held a role, by id and by pseudonym; in one query."""

    def __init__(self, *, pseudonyms: Iterable[str] = (), ids: Iterable[int] = ()) -> None:
        asked = Q(user__pseudonym__in=set(pseudonyms)) | Q(user__in=set(ids))
        self.by_id: dict[int, str] = {}
        self.held: dict[str, list[Held]] = {}
        rows = Grant.objects.filter(asked).order_by("granted_at", "pk")
        for pk, name, role, since, until in rows.values_list(
            "user", "user__pseudonym", "role", "granted_at", "ended_at"
        ):
            self.by_id[pk] = name
            self.held.setdefault(name, []).append(Held(role, since, until))

    def may_name(self, event: Event) -> bool:
        """Whether its actor is told apart from others."""
        if event.actor in HOUSE:
            return True
        if event.verb in OF_REPORTERS:
            return False
        return event.actor in self.held or "decision" in said(event)  # one who decided may have left since

    def roles_at(self, pseudonym: str, at: datetime) -> list[str]:
        """What they held then; in the order in which it was given."""
        held = self.held.get(pseudonym, ())
        roles = dict.fromkeys(each.role for each in held if each.since <= at and (not each.until or at < each.until))
        return [str(Role(role).label) for role in roles]
