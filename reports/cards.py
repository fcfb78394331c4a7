"""What the public record says of an artifact, as a block for its model or data card, and as a file beside it.

Only what everybody may read, however the command is run: a card is published elsewhere. The same record gives the same
block to the letter, so that a card is changed only when something is to be said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.policy import ANONYMOUS
from reports.exporters.records import Record, Standing, facts_of, given, moment, records_of
from reports.models import Artifact
from reports.record import STANDS, issues_of, issues_on_record
from reports.text.marked import as_text
from reports.twins import address_of
from reports.vocabulary import ContextOfUse, Kind, Resolution, Severity

SCHEMA_VERSION = 1
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


def limitations_of(artifact: Artifact, *, version: str = "") -> list[Limitation]:
    """The artifact's issues on record, open before resolved. With ``version``, those that may concern that release:
    it is among those affected, or nobody has said which are."""
    rows: list[Any] = list(issues_of(artifact, ANONYMOUS))  # how each stands is annotated
    stands: dict[int, str] = {row.issue_id: row.stands for row in rows}
    on_record = {issue.pk: issue for issue in issues_on_record(ANONYMOUS).filter(pk__in=stands)}
    issues = [on_record[pk] for pk in stands if pk in on_record]
    found = []
    for issue, record in zip(issues, records_of(issues), strict=True):
        own = next((each for each in record.standings if _is(each, artifact)), None)
        if own and (not version or _concerns(own, version)):
            found.append(Limitation(record, own, stands[issue.pk]))
    return found


def _is(standing: Standing, artifact: Artifact) -> bool:
    return (standing.kind, standing.org, standing.name) == (artifact.kind, artifact.org, artifact.name)


def _concerns(standing: Standing, version: str) -> bool:
    if standing.affected_versions:
        return version.lower() in {name.lower() for name in standing.affected_versions}
    return standing.fixed_in.lower() != version.lower()


def in_markdown(artifact: Artifact, limitations: Iterable[Limitation], *, version: str = "") -> str:
    """The block's words, in the language that is active. Somebody's words stand in it as text, never as markup."""
    told = list(limitations)
    name = f"{artifact} {version}".strip()
    lines = [f"## {_('Known limitations')}", "", _introduction(artifact, name, told)]
    for stands in STANDS:
        of_it = [each for each in told if each.stands == stands]
        if of_it:
            lines += ["", f"### {HEADINGS[stands]}", "", *map(_line, of_it)]
    if told:
        lines += ["", _("As of %(day)s.") % {"day": max(each.record.modified for each in told).date().isoformat()}]
    return "\n".join(lines)


def _introduction(artifact: Artifact, name: str, told: list[Limitation]) -> str:
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


def in_json(artifact: Artifact, limitations: Iterable[Limitation], *, version: str = "") -> dict[str, object]:
    """The same for machines, to lie beside the card as ``known-limitations.json``."""
    told = list(limitations)
    modified: datetime | None = max((each.record.modified for each in told), default=None)
    return {
        "schema_version": SCHEMA_VERSION,
        "artifact": {"kind": artifact.kind, "name": str(artifact), "url": address_of(artifact)},
        **given(version=version, modified=moment(modified)),
        "known_limitations": [_fact(each) for each in told],
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
