"""In whose form the cases of an issue are taken away, and how they are sent."""

from collections.abc import Callable, Sequence

from reports.exporters.cases import for_inspect, for_promptfoo
from reports.exporters.cases.published import Case, cases_of
from reports.exporters.formats import ARCHIVE, Sent
from reports.exporters.records import Record, record_of
from reports.models import Issue
from reports.vocabulary import CaseForm

SENT = {
    CaseForm.INSPECT: Sent(ARCHIVE, ".inspect.zip"),
    CaseForm.PROMPTFOO: Sent("application/yaml", ".promptfoo.yaml"),
}
MADE: dict[CaseForm, Callable[[Record, Sequence[Case]], bytes]] = {
    CaseForm.INSPECT: for_inspect.archive,
    CaseForm.PROMPTFOO: for_promptfoo.configuration,
}


def written(form: CaseForm, issue: Issue) -> bytes | None:
    """An issue from ``record.issues_on_record(ANONYMOUS)``; None where too little is published to run it again."""
    cases = cases_of(issue)
    return MADE[form](record_of(issue), cases) if cases else None
