"""Which reports are sensitive, and sealing their words. See docs/evidence.md.

A report is sealed when it is filed, when it or its issue becomes sensitive, or when the sweep finds that it is. Nothing
is ever unsealed in the tables: what is sealed is opened for whoever reads it, by ``reports.models.Evidence``.
"""

import json
import secrets
import struct
from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BinaryField, Case, Exists, F, Func, OuterRef, Q, Value, When
from django.db.models.sql.compiler import SQLCompiler

from ledger.trip import Trip
from reports import envelopes
from reports.models import Attachment, Evidence, EvidenceKey, Message, Placement, Report, Translation
from reports.models.evidence import SUMMARY, WORDS, place_of, read
from reports.vocabulary import HELD_BACK_KINDS, HazardLevel, Visibility

AT_ONCE = 100  # reports sealed in one transaction
PLAIN, SEALED = b"\0", b"\1"  # what a summary begins with on its way out of the database
WRAPPED = envelopes.NONCE + envelopes.LENGTH + 16  # bytes of a wrapped key: nonce, key, tag
HEAD = struct.Struct(">hq")  # version of the site's key, id of the report


# Which


def is_sensitive(report: Report) -> bool:
    """Whether its words may do harm, or were not meant for everybody. :func:`sensitive` asks the same in SQL."""
    return (
        report.hazard_level >= HazardLevel.GATED
        or report.kind in HELD_BACK_KINDS
        or report.visibility == Visibility.PRIVATE
        or report.embargo_until is not None  # whether it is over or not: nothing is unsealed
    )


def sensitive() -> Q:
    """Of reports: those whose words are to be sealed, for their own sake or for that of the issue they stand in."""
    own = Q(hazard_level__gte=HazardLevel.GATED) | Q(kind__in=HELD_BACK_KINDS) | Q(embargo_until__isnull=False)
    gated = Q(issue__hazard_level__gte=HazardLevel.GATED) | Q(issue__kind__in=HELD_BACK_KINDS)
    gated |= Q(issue__embargo_until__isnull=False)
    stands = Placement.objects.filter(gated, report=OuterRef("pk"), superseded_at=None)
    return own | Q(visibility=Visibility.PRIVATE) | Q(Exists(stands))


# Sealing


def keep_words(report: Report, trip: Trip, **words: Any) -> Evidence:
    """The words of a new report, to be kept by ``trip``: sealed if it is sensitive.

    ``words`` are the fields of Evidence by their names.
    """
    plain = {f"plain_{name}": value for name, value in words.items()}
    evidence = Evidence(report=report, words_key=secrets.token_bytes(32), **plain)
    if is_sensitive(report):
        _seal(evidence, _new_key(report))
    trip.insert(evidence)
    return evidence


def _new_key(report: Report) -> bytes:
    key = envelopes.new_key()
    wrapped, version = envelopes.wrapped(key, report_id=report.pk)
    EvidenceKey.objects.create(report=report, wrapped=wrapped, version=version)
    return key


def _seal(evidence: Evidence, key: bytes) -> None:
    """Put the plain words under the key, in the row at hand."""
    pk = evidence.report_id
    rest = {
        "what_happened": evidence.plain_what_happened,
        "expected": evidence.plain_expected,
        "transcript": evidence.plain_transcript,
    }
    evidence.sealed_summary = envelopes.sealed(evidence.plain_summary.encode(), key=key, place=place_of(pk, SUMMARY))
    evidence.sealed_words = envelopes.sealed(json.dumps(rest).encode(), key=key, place=place_of(pk, WORDS))
    evidence.plain_summary = evidence.plain_what_happened = evidence.plain_expected = ""
    evidence.plain_transcript = []


def seal_beside(row: Message | Translation) -> None:
    """Seal new words beside a report's if those are sealed; to save the row is the caller's."""
    key = EvidenceKey.objects.filter(report=row.report_id).first()
    if key is not None:
        row.seal(key.key)


def seal(reports: Iterable[Report]) -> int:
    """Seal the words of those that are not, whatever their hazard level, and say how many that were.

    What lies on disk beside them is sealed by the worker. To be called in a transaction.
    """
    pks = [report.pk for report in reports]
    rows = Evidence.objects.select_for_update(of=["self"]).select_related("report")
    plain = list(rows.filter(report__in=pks, sealed_words=None).order_by("pk"))
    for evidence in plain:
        key = _new_key(evidence.report)
        _seal(evidence, key)
        evidence.save()
        for kind in (Message, Translation):
            for row in kind.objects.filter(report=evidence.report, sealed_text=None):
                row.seal(key)
                row.save(update_fields=["plain_text", "sealed_text"])
    sealed = [evidence.report_id for evidence in plain]
    Attachment.objects.standing().filter(report__in=sealed, is_sealed=False).update(awaits_sealing=True)
    return len(sealed)


def due() -> "models.QuerySet[Report]":
    """Reports whose words are to be sealed and are not."""
    return Report.objects.filter(sensitive(), evidence__sealed_words=None, evidence__isnull=False)


def seal_due(most: int) -> int:
    """Seal up to ``most`` reports that are due, a hundred a transaction, and what was left plain beside those that are
    sealed. Safe to stop, and to run twice."""
    done = 0
    while done < most:
        with transaction.atomic():
            count = seal(due().order_by("pk")[: min(AT_ONCE, most - done)])
        done += count
        if not count:
            break
    _seal_left_beside()
    return done


def _seal_left_beside() -> None:
    """What somebody wrote beside a report in the moment in which it was sealed, and neither saw of the other."""
    for kind in (Message, Translation):
        left = kind._default_manager.filter(sealed_text=None, report__evidence_key__isnull=False)
        with transaction.atomic():
            for row in left.select_for_update(of=["self"]).order_by("pk")[:AT_ONCE]:
                seal_beside(row)
                row.save(update_fields=["plain_text", "sealed_text"])


# Keys


def rewrap(most: int) -> int:
    """Put up to ``most`` keys of reports under the newest key of the site. What they seal stays as it is.

    Raises :class:`~reports.envelopes.Unreadable` for a key that nobody can unwrap.
    """
    newest = max(envelopes.site_keys())
    with transaction.atomic():
        rows = list(EvidenceKey.objects.select_for_update().exclude(version=newest).order_by("pk")[:most])
        for row in rows:
            row.wrapped, row.version = envelopes.wrapped(row.key, report_id=row.report_id)
        EvidenceKey.objects.bulk_update(rows, ["wrapped", "version"])
    return len(rows)


# Summaries in lists


class SummaryField(models.TextField):  # type: ignore[type-arg] # takes no types while it runs
    """A summary as :class:`Summary` selects it: opened when it is read."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else unfolded(bytes(value))


def unfolded(told: bytes) -> str:
    """The words in what SQL brought: plain, or sealed with all that it takes to open them."""
    if told[:1] != SEALED:
        return told[1:].decode()
    version, report_id = HEAD.unpack_from(told, 1)
    start = 1 + HEAD.size
    report = Report(pk=report_id)
    EvidenceKey(report=report, wrapped=told[start : start + WRAPPED], version=version)
    return read(told[start + WRAPPED :], report, place_of(report_id, SUMMARY))


def folded(*, plain: str, sealed: str, report: str, version: str, wrapped: str) -> str:
    """SQL that :func:`unfolded` reads, of these columns; those of the key may be null."""
    return (
        f"CASE WHEN {sealed} IS NULL THEN '\\x00'::bytea || convert_to({plain}, 'UTF8') "
        f"ELSE '\\x01'::bytea || int2send({version}) || int8send({report}) || {wrapped} || {sealed} END"
    )


class Plain(Func):
    """A column of text beside summaries, as a :class:`SummaryField` reads it."""

    template = "('\\x00'::bytea || convert_to(%(expressions)s, 'UTF8'))"
    output_field = SummaryField()


class Summary(Func):
    """Of plain and sealed summary, report, version and wrapped key: what a :class:`SummaryField` reads."""

    output_field = SummaryField()

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> tuple[str, Any]:
        names = ("plain", "sealed", "report", "version", "wrapped")
        columns = (compiler.compile(each)[0] for each in self.get_source_expressions())
        return folded(**dict(zip(names, columns, strict=True))), ()


def summary_of(report: str = "") -> Summary:
    """The summary of the report at that lookup ("report__"), or of the row itself, in a query."""
    return Summary(
        *(
            F(f"{report}{name}")
            for name in (
                "evidence__plain_summary",
                "evidence__sealed_summary",
                "pk",
                "evidence_key__version",
                "evidence_key__wrapped",
            )
        )
    )


def no_summary() -> Value:
    """Nothing, where a query tells a summary elsewhere."""
    return Value(b"", output_field=BinaryField())


def summary_unless(kept_back: Q, report: str = "") -> Case:
    """The summary, "" where a condition holds."""
    return Case(When(kept_back, then=no_summary()), default=summary_of(report), output_field=SummaryField())


def has_summary(report: str = "") -> Q:
    """Of rows that lead to reports: those with words for a summary. A sealed one is taken to have some."""
    return ~Q(**{f"{report}evidence__plain_summary": ""}) & Q(**{f"{report}evidence__isnull": False}) | Q(
        **{f"{report}evidence__sealed_words__isnull": False}
    )
