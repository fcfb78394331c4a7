"""The Open Source Vulnerability format, 1.7.5 (github.com/ossf/osv-schema).

Its ecosystems hold no hub of models and its severities no word of ours, so the purl, the severity and how each
artifact stands are told in ``database_specific``; ``affected`` names those that a person found affected or fixed.
"""

from reports.exporters.purls import purl_of
from reports.exporters.records import Record, Standing, facts_of, given, moment
from reports.vocabulary import AffectedStatus

SCHEMA_VERSION = "1.7.5"
AFFECTED = (AffectedStatus.AFFECTED, AffectedStatus.FIXED)


def document(record: Record) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "id": f"x_{record.number}",
        "modified": moment(record.modified),
        "published": moment(record.published),
        "summary": record.title,
        **given(details=record.summary),
        "affected": [_affected(each) for each in record.standings if each.status in AFFECTED],
        "references": [
            {"type": "ADVISORY", "url": record.url},
            *({"type": "PACKAGE", "url": each.url} for each in record.standings if each.url),
        ],
        "database_specific": given(
            number=record.number,
            kind=record.kind,
            severity=record.severity,
            context_of_use=record.context_of_use,
            lifecycle_stage=record.lifecycle_stage,
            status=record.status,
            resolution=record.resolution,
            disputed=record.is_disputed,
            first_reported=moment(record.first_reported),
            resolved=moment(record.resolved),
            reports=record.report_count,
            voices=record.voice_count,
            not_affected=[purl_of(each) for each in record.standings if each.status == AffectedStatus.NOT_AFFECTED],
            under_investigation=[
                purl_of(each) for each in record.standings if each.status == AffectedStatus.UNDER_INVESTIGATION
            ],
        ),
    }


def _affected(standing: Standing) -> dict[str, object]:
    return {
        **given(versions=list(standing.affected_versions)),
        "database_specific": given(
            purl=purl_of(standing),
            kind=standing.kind,
            name=standing.full_name,
            developer=standing.developer,
        )
        | facts_of(standing),
    }
