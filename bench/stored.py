"""A site full of invented reports, put into the tables by COPY: as many as are asked for, the same for the same seed.

Words are made of syllables and as frequent as words are. A third of the reports tell of a failure that others tell of
too, in part with the same dozen words; the others stand alone. Families are of all sizes, the largest has 7 %. Reports
of a failure, and of a family, lie scattered: a search that is good only where they lie together would look too good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from triage.grouping.vector import ANALYSER, GRAM, RUN, TERM, hash_terms

WORDS = 300_000
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvzhj" for vowel in "aeiou"]
FLATNESS = 20.0  # the commonest word stands in a quarter of the reports; commoner ones are left out of terms
DRAWN = 46  # words of a report, some of them twice: 43 different ones
SHARED = 0.35  # of the reports tell of a failure that others tell of
PER_FAILURE = 8  # reports, on average
TOLD, OF = 8, 12  # of a failure's dozen words each report has so many
LARGEST_SHARE = 0.07
PER_FAMILY = 330
RUNS, GRAMS, SKETCH = 60, 240, 256  # runs and pieces of words of a report, and bytes of its sketch, all of them noise
CHUNK = 20_000
TITLE = 6  # words of the summary
ORG = "bench"
KIND = "false_information"

STAGED = """
CREATE TEMPORARY TABLE staged (
    report bigint, issue bigint, family bigint, summary text, said text,
    terms bytea, runs bytea, grams bytea, sketch bytea, digest bytea
)
"""
STAGE = "COPY staged FROM STDIN (FORMAT BINARY)"
STAGED_TYPES = ["int8", "int8", "int8", "text", "text", "bytea", "bytea", "bytea", "bytea", "bytea"]
ARTIFACTS = """
INSERT INTO reports_artifact (id, kind, org, name, title, developer, deployer, access, intended_use,
    known_limitations, data_collection, card_url, family_id, confirmed_at, added_at)
SELECT id, 'model', %s, 'family-' || id, '', '', '', '', '', '', '', '', id, now(), now()
FROM generate_series(%s::bigint, %s::bigint) AS id
"""
REPORTS = """
INSERT INTO reports_report (id, reference, receipt_digest, voice_key, artifact_id, also_affects, kind, context_of_use,
    harm_occurred, severity, found_by, relation, language, settings, visibility, consent_version, channel, source_type,
    source, source_key, rule_id, filed_at, reported_at, grouped_at, held_for, hazard_level)
SELECT report, 'B-' || report, ''::bytea, 'bench-' || report, family, '{}', 'false_information', '',
    '', 'not_sure', 'use', '', 'en', '{}', 'public_after_review', '2026-11', 'import', 'import',
    'bench', report::text, '', now(), now(), now(), '', 0
FROM staged
"""
EVIDENCE = """
INSERT INTO reports_evidence (report_id, summary, what_happened, expected, transcript)
SELECT report, summary, said, '', '[]' FROM staged
"""
ISSUES = """
INSERT INTO reports_issue (id, family_id, kind, status, resolution, dismissal, public_title, public_summary, severity,
    severity_by_person, context_of_use, lifecycle_stage, hazard_level, is_disputed, is_possible_regression, rule_id,
    harm_occurred, priority, report_count, voice_count, first_reported_at, last_reported_at, opened_at, changed_at,
    revision)
SELECT issue, min(family), 'false_information', 'new', '', '', '', '', 'not_sure',
    false, '', '', 0, false, false, '', '', 0, count(*), count(*), now(), now(), now(), now(), 0
FROM staged GROUP BY issue
ON CONFLICT (id) DO UPDATE SET report_count = reports_issue.report_count + excluded.report_count,
    voice_count = reports_issue.voice_count + excluded.voice_count
"""
AFFECTED = """
INSERT INTO reports_affected (issue_id, artifact_id, status, resolution, statement, untested_reason)
SELECT DISTINCT issue, family, 'under_investigation', '', '', '' FROM staged
ON CONFLICT DO NOTHING
"""
PLACEMENTS = """
INSERT INTO reports_placement (report_id, issue_id, by, method, reasons, needs_look, placed_at)
SELECT report, issue, 'engine', 'bench', '{}', false, now() FROM staged
"""
VECTORS = """
INSERT INTO triage_termvector (report_id, analyser, family_id, terms, runs, grams, sketch, copy_digest, norm)
SELECT report, %s, family, terms, runs, grams, sketch, digest, 0 FROM staged
"""
SEQUENCES = ("reports_artifact", "reports_report", "reports_issue")


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Some reports: of which family (0 is the first) and issue, and the words of each as numbers, rarest highest."""

    families: NDArray[np.int64]
    issues: NDArray[np.int64]
    words: NDArray[np.int64]


class World:
    """What the reports of one seed tell of: ``count`` of them are spread over its families and failures."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.first_family = 1  # the id of the artifact that family 0 is, once loaded
        self.chance = np.random.default_rng(seed)
        self.family_shares = family_shares(max(20, count // PER_FAMILY))
        self.failures = max(1, round(count * SHARED / PER_FAILURE))
        self.families_of_failures = self._families(self.failures)
        ranks = np.exp(self.chance.uniform(np.log(300), np.log(60_000), size=(self.failures, OF)))
        self.words_of_failures = ranks.astype(np.int64)

    def told(self, count: int, *, first: int) -> Told:
        """So many reports; ``first`` is the number of the first, from which the lonely ones' issues are numbered."""
        words = np.searchsorted(self._heights, self.chance.random((count, DRAWN)))
        failures = self.chance.integers(self.failures, size=count)
        is_shared = self.chance.random(count) < SHARED
        picked = self.chance.random((count, OF)).argsort(axis=1)[:, :TOLD]
        words[is_shared, :TOLD] = np.take_along_axis(self.words_of_failures[failures], picked, axis=1)[is_shared]
        return Told(
            families=np.where(is_shared, self.families_of_failures[failures], self._families(count)),
            issues=np.where(is_shared, failures, self.failures + first + np.arange(count)),
            words=words,
        )

    def answers(self, count: int) -> Iterator[dict[str, Any]]:
        """Further reports as the API takes them, told like those stored and of the same families."""
        told = self.told(count, first=self.count)
        for family, words in zip(told.families.tolist(), told.words.tolist(), strict=True):
            summary, said = self.texts(words)
            yield {
                "artifact": f"{ORG}/family-{self.first_family + family}",
                "summary": summary,
                "what_happened": said,
                "kind": KIND,
                "language": "en",
                "consent": True,
            }

    def texts(self, ranks: list[int]) -> tuple[str, str]:
        """The summary and the account made of these words."""
        words = [self.vocabulary[rank] for rank in ranks]
        return " ".join(words[:TITLE]), " ".join(words[TITLE:]) + "."

    @cached_property
    def vocabulary(self) -> list[str]:
        syllables = len(SYLLABLES)
        return [
            SYLLABLES[rank % syllables] + SYLLABLES[rank // syllables % syllables] + SYLLABLES[rank // syllables**2]
            for rank in range(WORDS)
        ]

    @cached_property
    def hashes(self) -> NDArray[np.int32]:
        return hash_terms(self.vocabulary, settings.TERM_KEY)

    @cached_property
    def _heights(self) -> NDArray[np.float64]:
        heights: NDArray[np.float64] = np.cumsum(1 / (np.arange(WORDS) + FLATNESS))
        heights *= (1 + 1e-9) / heights[-1]  # a chance is below 1, and so is found
        return heights

    def _families(self, count: int) -> NDArray[np.int64]:
        return self.chance.choice(len(self.family_shares), size=count, p=self.family_shares).astype(np.int64)


def family_shares(count: int) -> NDArray[np.float64]:
    """Shares that fall as 1 / rank, none above the largest."""
    shares: NDArray[np.float64] = 1 / (np.arange(count) + 2.0)
    for _ in range(20):
        shares = np.minimum(shares / shares.sum(), LARGEST_SHARE)
    shares /= shares.sum()
    return shares


def load(cursor: Any, count: int, seed: int, kind: type[World] = World) -> World:
    """Store ``count`` reports, each grouped, indexed in the tail and placed in an issue. ``triage.index`` seals them.

    ``cursor`` is Django's, in a transaction. Returns the world, whose next reports are told like those stored.
    """
    world = kind(count, seed)
    starts = []
    for table in SEQUENCES:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        starts.append(cursor.fetchone()[0])
    first_family, first_report, first_issue = starts
    world.first_family = first_family
    cursor.execute(ARTIFACTS, [ORG, first_family, first_family + len(world.family_shares) - 1])
    cursor.execute(STAGED)
    for done in range(0, count, CHUNK):
        told = world.told(min(CHUNK, count - done), first=done)
        with cursor.copy(STAGE) as copy:
            copy.set_types(STAGED_TYPES)
            for row in rows(world, told, first_family, first_report + done, first_issue):
                copy.write_row(row)
        for statement in (REPORTS, EVIDENCE, ISSUES, AFFECTED, PLACEMENTS):
            cursor.execute(statement)
        cursor.execute(VECTORS, [ANALYSER])
        cursor.execute("TRUNCATE staged")
    cursor.execute("DROP TABLE staged")
    for table in SEQUENCES:
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    return world


def rows(world: World, told: Told, first_family: int, first_report: int, first_issue: int) -> Iterator[tuple[Any, ...]]:
    """What is staged of each report."""
    count = len(told.words)
    runs = np.sort(world.chance.integers(-(2**31), 2**31, size=(count, RUNS)).astype(RUN), axis=1)
    grams = np.zeros((count, GRAMS), dtype=GRAM)
    grams["hash"] = np.sort(world.chance.integers(2**16, size=(count, GRAMS)), axis=1)
    grams["weight"] = 50
    sketches = world.chance.integers(256, size=(count, SKETCH), dtype=np.uint8)
    for at, terms in enumerate(packed_terms(world, told)):
        summary, said = world.texts(told.words[at].tolist())
        yield (
            first_report + at,
            first_issue + int(told.issues[at]),
            first_family + int(told.families[at]),
            summary,
            said,
            terms,
            runs[at].tobytes(),
            grams[at].tobytes(),
            sketches[at].tobytes(),
            (first_report + at).to_bytes(16, "big"),
        )


def packed_terms(world: World, told: Told) -> Iterator[bytes]:
    """The stored terms of each report: different words by hash, those of the summary heavier."""
    weights = world.chance.integers(60, 110, size=told.words.shape, dtype=np.uint8)
    weights[:, :TITLE] += 70
    hashes = world.hashes[told.words]
    order = np.argsort(hashes, axis=1, kind="stable")
    sorted_hashes = np.take_along_axis(hashes, order, axis=1)
    packed = np.empty(hashes.shape, dtype=TERM)
    packed["hash"], packed["weight"] = sorted_hashes, np.take_along_axis(weights, order, axis=1)
    is_new = np.diff(sorted_hashes, axis=1, prepend=~sorted_hashes[:, :1]) != 0
    for row, kept in zip(packed, is_new, strict=True):
        yield row[kept].tobytes()
