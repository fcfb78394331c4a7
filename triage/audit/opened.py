"""What auditors take away to verify: the events they asked for, each with what they may read of it opened."""

from accounts.policy import Act, Actor, allows
from ledger.bundles import Opened
from ledger.models import Event
from ledger.tree.commitments import FIELDS
from reports.history import said
from triage.audit.lines import OF_REPORTS, lines_of
from triage.audit.people import HOUSE, Staff
from triage.audit.table import document


class Opening:
    """For one reader, and the events of one bundle: whose actors are told apart is asked once."""

    def __init__(self, events: list[Event], actor: Actor) -> None:
        self.actor = actor
        self.sees_reports = allows(actor, Act.SEE_UNPUBLISHED)
        self.staff = Staff(pseudonyms={event.actor for event in events} - HOUSE.keys())
        lines = lines_of([event for event in events if event.key], actor, signed=0)
        self.told = {line.pk: document(line) for line in lines}

    def __call__(self, event: Event) -> Opened:
        closed = set()
        if not self.staff.may_name(event):
            closed.add("actor")
        if not self.sees_reports and OF_REPORTS & said(event).keys():
            closed.add("payload")
        return Opened(tuple(name for name in FIELDS if name not in closed), self.told.get(event.pk))
