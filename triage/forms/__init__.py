"""What each move asks of a person. A form turns what was typed into what ``triage.decisions.decide`` is told."""

from collections.abc import Mapping

from triage.forms.base import MoveForm, ReportForm
from triage.forms.placing import LookForm, PlaceForm, RefuseForm
from triage.forms.status import ConfirmForm, DismissForm, ReopenForm, ResolveForm
from triage.moves import Verb

FORMS: Mapping[str, type[MoveForm]] = {
    Verb.CONFIRM: ConfirmForm,
    Verb.RESOLVE: ResolveForm,
    Verb.DISMISS: DismissForm,
    Verb.REOPEN: ReopenForm,
    Verb.PLACE: PlaceForm,
    Verb.KEEP: ReportForm,
    Verb.PART: ReportForm,
    Verb.LOOK: LookForm,
    Verb.REFUSE: RefuseForm,
}

__all__ = ["FORMS", "MoveForm"]
