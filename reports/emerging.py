"""What is emerging: early warnings that a person has confirmed, about issues and artifacts with a page."""

from dataclasses import dataclass
from datetime import date

from django.db.models import F

from accounts.policy import Actor
from reports.models import Signal
from reports.record import artifacts_with_pages, issues_on_record


@dataclass(frozen=True, slots=True)
class Emerging:
    """One signal: ``observed`` were seen where ``expected`` were, since a day."""

    title: str
    severity: str
    observed: float
    expected: float
    since: date
    get_absolute_url: str

    @classmethod
    def of(cls, signal: Signal) -> "Emerging":
        about = signal.issue or signal.artifact
        assert about is not None  # noqa: S101 -- visible_to asks for one of them
        return cls(
            title=signal.issue.public_title if signal.issue else str(signal.artifact),
            severity=signal.issue.severity if signal.issue else "",
            observed=signal.observed,
            expected=signal.expected,
            since=signal.since,
            get_absolute_url=about.get_absolute_url(),
        )


def emerging(actor: Actor, *, most: int) -> list[Emerging]:
    """The signals that were confirmed last, whoever looks: also a triager is shown none that nobody confirmed."""
    about_pages = Signal.objects.visible_to(actor).filter(state=Signal.State.CONFIRMED)
    issues, artifacts = issues_on_record(actor).order_by().values("pk"), artifacts_with_pages(actor).values("pk")
    shown = about_pages.filter(issue=None, artifact__in=artifacts) | about_pages.filter(issue__in=issues)
    rows = shown.select_related("issue", "artifact").order_by(F("judged_at").desc(nulls_last=True), "-pk")
    return [Emerging.of(signal) for signal in rows[:most]]
