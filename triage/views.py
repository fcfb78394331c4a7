"""Views: searches with a name. The house's own come first, then one's own, then those that others share."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from triage import search
from triage.search import Query

MOST = 50  # of one person: each is counted whenever the queue is shown
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Default:
    """A view that everybody has. ``slug`` is what ``?state=`` called it."""

    slug: str
    name: Promise
    text: str

    @property
    def query(self) -> Query:
        return search.parse(self.text)


DEFAULTS = (
    Default("new", _("Waiting"), search.WAITING),
    Default("mine", _("Mine"), "is:open assigned:me"),
    Default("look", _("To look at"), "is:look"),
    Default("signals", _("Signals"), "signal:any"),
    Default("regressions", _("Regressions"), "is:possible-regression"),
    Default("disputed", _("Disputed"), "is:disputed"),
    Default("snoozed", _("Snoozed"), "is:snoozed"),
    Default("confirmed", _("Confirmed"), "is:confirmed"),
    Default("resolved", _("Resolved"), "is:resolved"),
    Default("dismissed", _("Dismissed"), "is:dismissed"),
    Default("all", _("All"), ""),
)
BY_SLUG = {view.slug: view for view in DEFAULTS}
