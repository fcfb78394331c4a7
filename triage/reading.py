"""What the engine reads of a report's rows, and which names are blanked out of it."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, models

from reports.models import Artifact, Evidence, EvidenceKey, Report, Version
from reports.naming import parse
from reports.text import is_everyday, normalise, terms
from triage import shelf
from triage.grouping.copies import sketch, text_of
from triage.grouping.fields import Fields
from triage.grouping.rarity import Counts
from triage.grouping.vector import Vector, analyse, digest, hash_terms
from triage.shelf import Shelf

COMMON_SHARE = 0.01  # of the site's reports: from here on a plain word is prose, though an artifact may be called so
COUNTABLE = 200  # reports a site must hold for that to be told
SHORT = 3  # letters of which there are too few to name anything by themselves

# Of each row what grouping reads, in the order of the model's fields: the rest is there when it is asked for.
READ: dict[str, tuple[type[models.Model], str]] = {
    "r": (
        Report,
        "id embargo_until embargo_lifted_at reference reporter_id voice_key copy_of_id artifact_id version_id "
        "also_affects kind language confirms_id source_type rule_id reported_at grouped_at held_at hazard_level",
    ),
    "a": (Artifact, "id kind org name title developer deployer family_id merged_into_id"),
    "v": (Version, "id name position"),
    "e": (
        Evidence,
        "report_id plain_summary plain_what_happened plain_expected plain_transcript sealed_summary sealed_words",
    ),
    "k": (EvidenceKey, "report_id wrapped version"),
}


def _column(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr] # all of them are columns


# In one statement, because every report is read so, and some of those near it.
STORED = f"""
SELECT ARRAY(SELECT name::text FROM reports_alias WHERE artifact_id = a.id ORDER BY id),
    {", ".join(f"{table}.{_column(model, name)}" for table, (model, names) in READ.items() for name in names.split())}
FROM reports_report r
JOIN reports_artifact a ON a.id = r.artifact_id
JOIN reports_evidence e ON e.report_id = r.id
LEFT JOIN reports_evidencekey k ON k.report_id = r.id
LEFT JOIN reports_version v ON v.id = r.version_id
WHERE r.id = ANY(%s)
"""  # noqa: S608 -- of our own names


@dataclass(frozen=True, slots=True)
class Reading:
    """One report as the engine sees it. ``text`` is what copies are told by, and never stored.

    ``known``: the index by whose common words it was read.
    """

    known: Shelf
    fields: Fields
    masks: list[str]
    vector: Vector
    text: str
    sketch: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A report with its artifact, version and evidence at hand, and its artifact's other names."""

    report: Report
    aliases: list[str]

    @property
    def fields(self) -> Fields:
        return fields_of(self.report.evidence)

    @property
    def masks(self) -> list[str]:
        return masks_of(self.report, self.aliases)

    def common_among(self, counts: Counts) -> Callable[[str], bool]:
        """Which plain words are prose, as this report is read."""
        return common_among(counts, version=self.report.version.name if self.report.version else "")


def stored(report_id: int) -> Stored | None:
    """The report as it is stored; None if it or its words are gone."""
    return stored_among([report_id]).get(report_id)


def stored_among(report_ids: Sequence[int]) -> dict[int, Stored]:
    """Those of the reports that are there, as they are stored, by id."""
    with connection.cursor() as cursor:
        cursor.execute(STORED, [list(report_ids)])
        found = [_put_together(*row) for row in cursor.fetchall()]
    return {each.report.pk: each for each in found if not each.report.evidence.is_unreadable}


def _put_together(aliases: list[str], *values: Any) -> Stored:
    rest = list(values)
    report, artifact, version, evidence, key = (_made(model, columns.split(), rest) for model, columns in READ.values())
    report.artifact, report.version = artifact, version if report.version_id else None
    evidence.plain_transcript = json.loads(evidence.plain_transcript)
    report.evidence = evidence
    if key.report_id is not None:
        report.evidence_key = key
    return Stored(report, aliases)


def _made(model: type[models.Model], columns: Sequence[str], values: list[Any]) -> Any:
    """The model's row out of the first of the values, which are taken away."""
    own, values[:] = values[: len(columns)], values[len(columns) :]
    return model.from_db(connection.alias, columns, own)


def read_report(report: Report, aliases: Sequence[str] | None = None) -> Reading:
    """The report with its artifact's names blanked out, analysed. Takes no lock; reads how common words are."""
    fields, masks = fields_of(report.evidence), masks_of(report, aliases)
    known = shelf.look()
    is_common = common_among(known.rarities, version=report.version.name if report.version else "")
    text = text_of(fields, masks=masks, is_common=is_common)
    return Reading(
        known,
        fields,
        masks,
        analyse(fields, masks=masks, key=settings.TERM_KEY, is_common=is_common),
        text,
        sketch(text, settings.TERM_KEY),
        hmac.digest(settings.TERM_KEY, digest(fields), hashlib.sha256)[:16],  # or a guess at all its words is confirmed
    )


def common_among(counts: Counts, *, version: str = "") -> Callable[[str], bool]:
    """Which plain words are prose on this site. A version never is; a young site goes by a list."""

    versioned = set(re.findall(r"\w+", normalise(version)))

    @cache  # each field of a report asks after the same few words
    def is_common(word: str) -> bool:
        if word in versioned:
            return False
        if counts.total < COUNTABLE:
            return is_everyday(word)
        if len(word) <= SHORT:
            return True
        hashes = hash_terms(terms(word), settings.TERM_KEY)
        return bool(len(hashes)) and bool(np.all(counts.counts_of(hashes) >= COMMON_SHARE * counts.total))

    return is_common


def fields_of(evidence: Evidence) -> Fields:
    """What the engine reads of a report."""
    return Fields(
        title=evidence.summary,
        happened=evidence.what_happened,
        expected=evidence.expected,
        prompt=evidence.prompt,
        output=evidence.output,
    )


def masks_of(report: Report, aliases: Sequence[str] | None = None) -> list[str]:
    """The structured values that stand in the report's own fields, to be blanked out of its text.

    ``aliases`` are the artifact's other names, if they are at hand.
    """
    artifact = report.artifact
    values = [artifact.org, artifact.name, artifact.title, artifact.developer, artifact.deployer, str(artifact)]
    values += [alias.name for alias in artifact.aliases.all()] if aliases is None else aliases
    values += [part for name in report.also_affects for part in (name, *parse(name))]
    if report.version:
        values.append(report.version.name)
    return [value for value in dict.fromkeys(values) if value]


def family_of(report: Report) -> int:
    return report.artifact.family_id or report.artifact_id
