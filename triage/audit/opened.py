"""What auditors take away to verify: the events they asked for, each with what they may read of it opened."""

from django.utils.translation import gettext as _

from accounts.policy import Act, Actor, allows
from ledger import proving
from ledger.bundles import Files, Opened, bundle
from ledger.models import Event
from ledger.tree.commitments import FIELDS
from reports.history import said
from triage.audit.asked import AuditForm
from triage.audit.lines import OF_REPORTS, lines_of
from triage.audit.people import HOUSE, Staff
from triage.audit.table import document

MOST = 20_000  # events of one bundle


class TooMany(Exception):
    """It says how many there may be."""


def files_of(form: AuditForm, actor: Actor) -> Files | None:
    """The bundle of what a valid ``form`` asks for, as far as it is signed; None if nothing is. Raises TooMany."""
    about, events = asked_for(form)
    if len(events) > MOST:
        raise TooMany(_("A bundle holds %(most)d events at most. Ask for fewer days.") % {"most": MOST})
    checkpoint = proving.covering(events[-1].sequence or 0) if events else None
    return bundle(about, events, Opening(events, actor), checkpoint) if checkpoint else None


def asked_for(form: AuditForm) -> tuple[str, list[Event]]:
    """What the bundle is about, in a line that needs no language, and its events in the order of the ledger: of days
    alone, every line between them, so that whoever reads it sees that none is left out."""
    asked = form.cleaned_data
    signed = form.found().filter(sequence__lt=proving.size_signed()).order_by("sequence")
    kinds = {name: value for name, value in asked.items() if value and name != "before"}
    if set(kinds) == {"since", "until"}:
        numbers = list(signed.values_list("sequence", flat=True)[: MOST + 1])
        first, last = (numbers[0], numbers[-1]) if numbers else (0, -1)
        rows = Event.objects.filter(sequence__range=(first, last)).select_related("payload").order_by("sequence")
        return f"period {asked['since']} {asked['until']}", list(rows[: MOST + 1])
    if "issue" in kinds:
        kinds["issue"] = asked["issue"].number or asked["issue"].pk
    about = ", ".join(f"{name} {value}" for name, value in kinds.items()) or "everything"
    return " ".join(about.split()), list(signed[: MOST + 1])


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
