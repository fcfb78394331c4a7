"""In whose form the cases of an issue are taken away, and how they are sent."""

from collections.abc import Callable, Sequence

from reports.exporters.formats import ARCHIVE, Sent
from reports.exporters.records import Record, record_of
from reports.exporters.reruns import for_inspect, for_promptfoo
from reports.exporters.reruns.published import Rerun, reruns_of
from reports.models import Issue
from reports.vocabulary import RerunForm

SENT = {
    RerunForm.INSPECT: Sent(ARCHIVE, ".inspect.zip"),
    RerunForm.PROMPTFOO: Sent("application/yaml", ".promptfoo.yaml"),
}
MADE: dict[RerunForm, Callable[[Record, Sequence[Rerun]], bytes]] = {
    RerunForm.INSPECT: for_inspect.archive,
    RerunForm.PROMPTFOO: for_promptfoo.configuration,
}


def written(form: RerunForm, issue: Issue) -> bytes | None:
    """An issue from ``record.issues_on_record(ANONYMOUS)``; None where too little is published to run it again."""
    cases = reruns_of(issue)
    return MADE[form](record_of(issue), cases) if cases else None
