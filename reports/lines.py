"""Rows of the lists of the record: plain values, ready to be shown, and nothing a reader may not see."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from reports.models import Affected, Artifact, Issue
from reports.record import affected_of
from reports.vocabulary import ContextOfUse, FoundBy, Kind, LifecycleStage, Severity, Status
from reports.workdays import day_in_words

VERSIONS = (_("seen from %(version)s"), _("last seen in %(version)s"), _("fixed in %(version)s"))
MOMENTS = (
    _("first reported %(day)s"),
    _("published %(day)s"),
    _("its developer told %(day)s"),
    _("acknowledged %(day)s"),
    _("answered %(day)s"),
)
SUMMARY, STATEMENT = 120, 100  # characters of them in a list


@dataclass(frozen=True, slots=True)
class Line:
    """One issue in a list, as ``components/issue_row.html`` reads it."""

    number: str
    title: str
    severity: str
    status: str
    resolution: str
    version: str
    voice_count: int
    artifacts: tuple[str, ...]
    context_of_use: str
    state_date: datetime | None
    is_public: bool
    get_absolute_url: str
    get_kind_display: str
    get_context_of_use_display: str

    @classmethod
    def of(cls, issue: Issue) -> Self:
        """The issue as a whole."""
        rows = affected_of(issue)
        fixes = {str(row.fixed_in) for row in rows if row.fixed_in}
        return cls._drawn(
            issue,
            status=issue.status,
            resolution=issue.resolution,
            version=fixes.pop() if len(fixes) == 1 else "",
            artifacts=tuple(str(row.artifact) for row in rows),
            is_public=issue.is_public,
            state_date=issue.resolved_at or issue.published_at,
        )

    @classmethod
    def for_artifact(cls, row: Affected) -> Self:
        """The issue as it stands for one artifact."""
        return cls._drawn(
            row.issue,
            status=Status.RESOLVED if row.resolution else Status.CONFIRMED,
            resolution=row.resolution,
            version=str(row.fixed_in or ""),
            artifacts=(),
            is_public=row.issue.is_public and row.is_judged,
            state_date=row.resolved_at or row.issue.published_at,
        )

    @classmethod
    def _drawn(cls, issue: Issue, **stands: Any) -> Self:
        return cls(
            number=issue.number or "",
            title=issue.public_title,
            severity=issue.severity,
            voice_count=issue.voice_count,
            context_of_use=issue.context_of_use,
            get_absolute_url=issue.get_absolute_url(),
            # by their labels: Django's own way translates the whole list for each row
            get_kind_display=str(Kind(issue.kind).label),
            get_context_of_use_display=str(ContextOfUse(issue.context_of_use).label) if issue.context_of_use else "",
            **stands,
        )


def lines(issues: Iterable[Issue]) -> list[Line]:
    return [Line.of(issue) for issue in issues]


@dataclass(frozen=True, slots=True)
class Finding:
    """One issue on the page of one artifact: its line, and what is known of it there, in words.

    ``facts`` stand beside its number, ``end`` below its state, ``more`` behind a fold.
    """

    line: Line
    group: str
    status: str
    facts: tuple[str, ...]
    end: str
    is_disputed: bool
    summary: str
    statement: str
    more: str

    @classmethod
    def of(cls, row: Affected, *, group: str, found_by: Iterable[str], heard: "Heard") -> Self:
        issue, line, end = row.issue, Line.for_artifact(row), _end(row, heard)
        return cls(
            line=line,
            group=group,
            status=row.status,
            facts=tuple(_facts(row, line)),
            end=end,
            is_disputed=issue.is_disputed and group != "disputed",
            summary=shortened(issue.public_summary, SUMMARY),
            statement=shortened(row.statement, STATEMENT),
            more=" · ".join(_more(row, found_by, heard, end=end)),
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """What ``reports.promptness`` makes of a row: when its developer answered, or for how many days they have not, and
    how many days it took to resolve."""

    answered_at: datetime | None
    silent_days: int | None
    resolved_after: int | None


def _facts(row: Affected, line: Line) -> Iterator[str]:
    issue = row.issue
    yield line.get_kind_display
    if issue.context_of_use:
        yield line.get_context_of_use_display
    yield ngettext("%(voices)s voice", "%(voices)s voices", issue.voice_count) % {"voices": issue.voice_count}
    if row.tries:
        yield gettext("reproduced %(failures)d of %(tries)d") % {"failures": row.failures or 0, "tries": row.tries}
    if issue.in_stated_use is not None:
        yield gettext("inside stated use") if issue.in_stated_use else gettext("outside stated use")


def _end(row: Affected, heard: Heard) -> str:
    if row.resolved_at:
        return day_in_words(row.resolved_at)
    if heard.answered_at:
        return gettext("answered %(day)s") % {"day": day_in_words(heard.answered_at)}
    if heard.silent_days:
        return gettext("no answer, day %(day)d") % {"day": heard.silent_days}
    if row.acknowledged_at:
        return gettext("acknowledged %(day)s") % {"day": day_in_words(row.acknowledged_at)}
    return day_in_words(row.issue.published_at) if row.issue.published_at else ""


def _more(row: Affected, found_by: Iterable[str], heard: Heard, *, end: str) -> Iterator[str]:
    issue = row.issue
    if issue.severity != Severity.NOT_SURE and issue.severity_by_person:
        yield gettext("severity set by a triager")
    elif issue.severity != Severity.NOT_SURE:
        yield gettext("severity as reporters said, the median")
    if issue.lifecycle_stage:
        yield gettext("stage: %(stage)s") % {"stage": LifecycleStage(issue.lifecycle_stage).label}
    if layers := ", ".join(str(FoundBy(layer).label) for layer in found_by):
        yield gettext("found by: %(layers)s") % {"layers": layers}
    versions = (row.introduced_in, row.last_affected, row.fixed_in)
    yield from (str(words) % {"version": each} for words, each in zip(VERSIONS, versions, strict=True) if each)
    moments = (issue.first_reported_at, issue.published_at, row.notified_at, row.acknowledged_at, heard.answered_at)
    told = (str(words) % {"day": day_in_words(each)} for words, each in zip(MOMENTS, moments, strict=True) if each)
    yield from (words for words in told if words != end)
    if (days := heard.resolved_after) is not None:
        yield ngettext("resolved after %(days)d day", "resolved after %(days)d days", days) % {"days": days}


def shortened(words: str, most: int) -> str:
    """The beginning, cut between words; all of it stands on the issue's own page.

    >>> shortened("one two three", 8)
    'one two…'
    """
    plain = " ".join(words.split())
    if len(plain) <= most:
        return plain
    cut = plain[: most + 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut[most // 2 :] else cut[:most]}…"


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """One artifact in the directory."""

    name: str
    org: str
    title: str
    developer: str
    access: str
    open_count: int
    resolved_count: int
    latest_at: datetime | None
    is_public: bool
    get_absolute_url: str

    @classmethod
    def of(cls, artifact: Artifact) -> Self:
        tallied: Any = artifact  # by record.with_tallies
        return cls(
            name=str(artifact),
            org=artifact.org,
            title=artifact.title,
            developer=artifact.developer,
            access=artifact.get_access_display(),
            open_count=tallied.open_count,
            resolved_count=tallied.resolved_count,
            latest_at=tallied.latest_at,
            is_public=artifact.confirmed_at is not None,
            get_absolute_url=artifact.get_absolute_url(),
        )
