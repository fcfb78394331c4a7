"""What the public record says of an artifact, as a block for its model or data card, and as a file beside it.

Only what everybody may read, however the command is run: a card is published elsewhere. The same record gives the same
block to the letter, so that a card is changed only when something is to be said.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.policy import ANONYMOUS
from reports.exporters.records import (
    Record,
    Standing,
    affected_in,
    facts_of,
    given,
    is_affected,
    moment,
    records_of,
    releases_of,
)
from reports.models import Affected, Artifact, Version
from reports.record import STANDS, issues_of, issues_on_record
from reports.text.marked import as_text
from reports.twins import address_of
from reports.vocabulary import ContextOfUse, Kind, Resolution, Severity

SCHEMA_VERSION = 1
MOST = 100  # limitations; a card is read by people, and some twenty pages are more than enough
HEADINGS: Mapping[str, Promise] = {
    "open": gettext_lazy("Open"),
    "resolved": gettext_lazy("Resolved"),
    "not_affected": gettext_lazy("Looked into, and not affected"),
}


@dataclass(frozen=True, slots=True)
class Limitation:
    """One issue as it concerns one artifact; ``stands`` is a key of ``record.STANDS``."""

    record: Record
    standing: Standing
    stands: str


@dataclass(frozen=True, slots=True)
class Known:
    """The limitations that a card tells, open before resolved, and how many more stand only on the artifact's page."""

    limitations: tuple[Limitation, ...] = ()
    elsewhere: int = 0

    @property
    def count(self) -> int:
        return len(self.limitations) + self.elsewhere


def known_of(artifact: Artifact, *, version: str = "") -> Known:
    """The artifact's issues on record. With ``version``, those that may concern that release: it is among those
    affected, or nobody has said which are.

    All are looked through, and those that are told are read: a card is a page or two, whatever the record holds.
    """
    concerned = list(_concerned(artifact, version))
    stands = dict(concerned[:MOST])
    on_record = {issue.pk: issue for issue in issues_on_record(ANONYMOUS).filter(pk__in=stands)}
    issues = [on_record[pk] for pk in stands if pk in on_record]
    found = []
    for issue, record in zip(issues, records_of(issues), strict=True):
        own = next((each for each in record.standings if _is(each, artifact)), None)
        if own:
            found.append(Limitation(record, own, stands[issue.pk]))
    return Known(tuple(found), len(concerned) - len(stands))


def _concerned(artifact: Artifact, version: str) -> Iterator[tuple[int, str]]:
    """Keys of the issues that concern the version, and how each stands, in the order of the artifact's page."""
    rows: Any = issues_of(artifact, ANONYMOUS).select_related(None)  # how each stands is annotated
    bounds = ("introduced_in", "last_affected", "fixed_in")
    if not version:
        yield from rows.values_list("issue_id", "stands")
        return
    releases = releases_of([artifact.pk]).get(artifact.pk, [])
    named = Version.objects.in_bulk([key for row in rows.values_list(*bounds).distinct() for key in row if key])
    for issue, stands, *bounding in rows.values_list("issue_id", "stands", *bounds):
        row = Affected(**{name: named.get(key) for name, key in zip(bounds, bounding, strict=True)})
        if _concerns(row, releases, version):
            yield issue, stands


def _concerns(row: Affected, releases: list[Version], version: str) -> bool:
    """Unless somebody has said that it does not."""
    release = next((each for each in releases if each.name.lower() == version.lower()), None)
    if release:
        return is_affected(release, row) is not False
    return not affected_in(row, releases) and str(row.fixed_in or "").lower() != version.lower()


def _is(standing: Standing, artifact: Artifact) -> bool:
    return (standing.kind, standing.org, standing.name) == (artifact.kind, artifact.org, artifact.name)


def in_markdown(artifact: Artifact, known: Known, *, version: str = "") -> str:
    """The block's words, in the language that is active. Somebody's words stand in it as text, never as markup."""
    told = known.limitations
    name = f"{artifact} {version}".strip()
    lines = [f"## {_('Known limitations')}", "", _introduction(artifact, name, told)]
    for stands in STANDS:
        of_it = [each for each in told if each.stands == stands]
        if of_it:
            lines += ["", f"### {HEADINGS[stands]}", "", *map(_line, of_it)]
    if known.elsewhere:
        lines += ["", _elsewhere(artifact, known.elsewhere)]
    if told:
        lines += ["", _("As of %(day)s.") % {"day": max(each.record.modified for each in told).date().isoformat()}]
    return "\n".join(lines)


def _elsewhere(artifact: Artifact, count: int) -> str:
    words = ngettext("%(count)d more is on record", "%(count)d more are on record", count) % {"count": count}
    return f"[{words}]({address_of(artifact)})."


def _introduction(artifact: Artifact, name: str, told: Sequence[Limitation]) -> str:
    link = f"[{as_text(name)}]({address_of(artifact)})"
    if not told:
        return _("Nothing about %(artifact)s is on record.") % {"artifact": link}
    return " ".join(
        [
            _("What people reported about %(artifact)s, and others looked into.") % {"artifact": link},
            _("Reports are not rates: they say what happened, not how often."),
        ]
    )


def _line(limitation: Limitation) -> str:
    record, standing = limitation.record, limitation.standing
    facts: list[Any] = [Kind(record.kind).label]
    if record.severity != Severity.NOT_SURE:
        facts.append(_("severity: %(severity)s") % {"severity": Severity(record.severity).label})
    if record.context_of_use:
        facts.append(_("met in: %(context)s") % {"context": ContextOfUse(record.context_of_use).label})
    facts += _versions(standing)
    if standing.tries:
        facts.append(
            _("tried again: %(failures)d of %(tries)d failed")
            % {"failures": standing.failures or 0, "tries": standing.tries}
        )
    title = f"[{record.number}]({record.url}) {as_text(record.title)}"
    summary = f"  \n  {as_text(record.summary)}" if record.summary else ""
    said = f"  \n  {as_text(standing.statement)}" if standing.statement else ""
    return f"* {title} ({'; '.join(as_text(str(fact)) for fact in facts)}){summary}{said}"


def _versions(standing: Standing) -> list[str]:
    told = []
    if standing.introduced_in:
        told.append(_("since %(version)s") % {"version": standing.introduced_in})
    if standing.last_affected:
        told.append(_("last in %(version)s") % {"version": standing.last_affected})
    if standing.fixed_in:
        told.append(_("fixed in %(version)s") % {"version": standing.fixed_in})
    elif standing.resolution:
        told.append(str(Resolution(standing.resolution).label))
    return told


def in_json(artifact: Artifact, known: Known, *, version: str = "") -> dict[str, object]:
    """The same for machines, to lie beside the card as ``known-limitations.json``. ``elsewhere`` counts what it has
    no room for; the artifact's exports hold that."""
    told = known.limitations
    modified: datetime | None = max((each.record.modified for each in told), default=None)
    return {
        "schema_version": SCHEMA_VERSION,
        "artifact": {"kind": artifact.kind, "name": str(artifact), "url": address_of(artifact)},
        **given(version=version, modified=moment(modified)),
        "known_limitations": [_fact(each) for each in told],
        "elsewhere": known.elsewhere,
    }


def _fact(limitation: Limitation) -> dict[str, object]:
    record, standing = limitation.record, limitation.standing
    return {
        "number": record.number,
        "url": record.url,
        "title": record.title,
        **given(
            summary=record.summary,
            kind=record.kind,
            severity=record.severity,
            context_of_use=record.context_of_use,
            lifecycle_stage=record.lifecycle_stage,
            stands=limitation.stands,
            disputed=record.is_disputed,
            published=moment(record.published),
            modified=moment(record.modified),
        ),
        **facts_of(standing),
    }
