"""What happens to a report next: what the step is, who takes it, and by when, where anybody has said so.

No step has a deadline that nothing here keeps: where there is none, that is what is said.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.models import Affected, ContextRule, Issue, Report
from reports.models.context import ACKNOWLEDGE_WITHIN
from reports.standing import CONFIRMED, DECLINED, GROUPED, RECEIVED, RESOLVED, UNDER_REVIEW
from reports.vocabulary import Visibility
from reports.workdays import day_in_words, due_on

NEXT = {
    RECEIVED: gettext_lazy(
        "It is compared with other reports. The engine does that, within seconds; reload the page to see."
    ),
    GROUPED: gettext_lazy("A triager looks at it and decides. The most urgent come first."),
    UNDER_REVIEW: gettext_lazy("A triager has taken it up and decides."),
    CONFIRMED: gettext_lazy("Whoever makes or offers it may answer, and a triager records how it ends."),
    RESOLVED: gettext_lazy(
        "Nothing more is planned. Should it happen again, file a new report: it is put together with this one."
    ),
    DECLINED: gettext_lazy("Nothing more is planned, unless you say what was overlooked. Then a person looks again."),
}
NO_DEADLINE = {
    GROUPED: gettext_lazy("There is no deadline for this. No machine and no timer closes a report: it waits."),
    UNDER_REVIEW: gettext_lazy("There is no deadline for this. No machine and no timer closes a report: it waits."),
    CONFIRMED: gettext_lazy("There is no deadline for this."),
}
READ_BY = {
    Visibility.PRIVATE: gettext_lazy("Only triagers read what you wrote. Nothing of it is ever published."),
    Visibility.PUBLIC_WITHOUT_TRANSCRIPT: gettext_lazy(
        "Of what you wrote only passages that a person chose become public, and nothing of the conversation."
    ),
    Visibility.PUBLIC_AFTER_REVIEW: gettext_lazy("Of what you wrote only passages that a person chose become public."),
}


@dataclass(frozen=True, slots=True)
class Prospect:
    """``step``: what comes next and who does it. ``by_when``: until when, or that nobody has said."""

    step: str | Promise
    by_when: str | Promise = ""


def prospect_of(report: Report, issue: Issue | None, status: str, *, asked: bool, now: datetime) -> Prospect:
    """``asked``: whether a question waits for the reporter. Two queries for what is confirmed, else none."""
    if report.withdrawn_at:
        return Prospect(_("Nothing: you withdrew this report."))
    if asked and status in (RECEIVED, GROUPED, UNDER_REVIEW):
        return Prospect(
            _("You answer the question below, if you can. A triager reads it and decides."),
            _("There is no deadline for this. They may decide without your answer."),
        )
    told = _acknowledging(report, issue, now) if issue is not None and status == CONFIRMED else None
    return told or Prospect(NEXT[status], NO_DEADLINE.get(status, ""))


def _acknowledging(report: Report, issue: Issue, now: datetime) -> Prospect | None:
    """Those who answer for it were told, and are asked to say within some days that they have read it."""
    row = Affected.objects.filter(issue=issue, artifact=report.artifact_id, notified_at__isnull=False).first()
    if row is None or row.notified_at is None:
        return None
    about = {"artifact": str(report.artifact), "told": day_in_words(row.notified_at)}
    if row.acknowledged_at is not None:
        about["read"] = day_in_words(row.acknowledged_at)
        step = _("Whoever answers for %(artifact)s was told on %(told)s, and said on %(read)s that they have it.")
        return Prospect(step % about, NO_DEADLINE[CONFIRMED])
    rule = ContextRule.objects.filter(context=issue.context_of_use).first() if issue.context_of_use else None
    due = due_on(row.notified_at, within=rule.acknowledge_within if rule else ACKNOWLEDGE_WITHIN)
    step = _("Whoever answers for %(artifact)s was told on %(told)s. Next, they say that they have it.") % about
    if now.astimezone(UTC).date() > due:
        late = _("They were asked to by %(day)s, and have not. Triagers see that.")
        return Prospect(step, late % {"day": day_in_words(due)})
    return Prospect(step, _("They are asked to by %(day)s.") % {"day": day_in_words(due)})
