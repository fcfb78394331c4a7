"""What the engine reads of a report's rows, and which names are blanked out of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.conf import settings

from reports.models import Evidence, Report
from reports.naming import parse
from reports.text import is_everyday, normalise, terms
from triage import index
from triage.grouping.copies import sketch, text_of
from triage.grouping.fields import Fields
from triage.grouping.rarity import Counts
from triage.grouping.vector import Vector, analyse, digest, hash_terms

COMMON_SHARE = 0.01  # of the site's reports: from here on a plain word is prose, though an artifact may be called so
COUNTABLE = 200  # reports a site must hold for that to be told
SHORT = 3  # letters of which there are too few to name anything by themselves


@dataclass(frozen=True, slots=True)
class Reading:
    """One report as the engine sees it. ``text`` is what copies are told by, and never stored."""

    fields: Fields
    masks: list[str]
    vector: Vector
    text: str
    sketch: bytes
    digest: bytes


def read_report(report: Report) -> Reading:
    """The report with its artifact's names blanked out, analysed. Takes no lock; reads how common words are."""
    fields, masks = fields_of(report.evidence), masks_of(report)
    is_common = common_among(index.rarities(), version=report.version.name if report.version else "")
    text = text_of(fields, masks=masks, is_common=is_common)
    return Reading(
        fields,
        masks,
        analyse(fields, masks=masks, key=settings.TERM_KEY, is_common=is_common),
        text,
        sketch(text, settings.TERM_KEY),
        digest(fields),
    )


def common_among(counts: Counts, *, version: str = "") -> Callable[[str], bool]:
    """Which plain words are prose on this site. A version never is; a young site goes by a list."""

    versioned = set(re.findall(r"\w+", normalise(version)))

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


def masks_of(report: Report) -> list[str]:
    """The structured values that stand in the report's own fields, to be blanked out of its text."""
    artifact = report.artifact
    values = [artifact.org, artifact.name, artifact.title, artifact.developer, artifact.deployer, str(artifact)]
    values += [alias.name for alias in artifact.aliases.all()]
    values += [part for name in report.also_affects for part in (name, *parse(name))]
    if report.version:
        values.append(report.version.name)
    return [value for value in dict.fromkeys(values) if value]


def family_of(report: Report) -> int:
    return report.artifact.family_id or report.artifact_id
