"""Reports of the AI Vulnerability Database, data version 0.3.3 (github.com/avidml/avidtools, ``datamodels``).

An issue is told as one report. What AVID knows no field for (versions, how each artifact stands) is told in its
description, and by the reference to the page, which says it all.
"""

from reports.exporters.records import Record, Standing, given
from reports.vocabulary import AffectedStatus, Kind, LifecycleStage, Severity

DATA_VERSION = "0.3.3"
TAXONOMY_VERSION = "0.2"
LANGUAGE = "eng"
# AVID's taxonomy of security, ethics and performance, the code that says most of each kind; the domains follow from it.
SEP = {
    Kind.FALSE_INFORMATION: "P0204: Accuracy",
    Kind.UNFAIR_OR_STEREOTYPED: "E0101: Group fairness",
    Kind.TOXIC_OR_HATEFUL: "E0301: Toxicity",
    Kind.DANGEROUS_INSTRUCTIONS: "P0402: Physical Safety",
    Kind.PRIVACY_LEAK: "S0301: Information Leak",
    Kind.REFUSES_HARMLESS: "P0200: Model Issues",
    Kind.IGNORES_INSTRUCTIONS: "P0200: Model Issues",
    Kind.UNSAFE_ACTION: "S0300: Over-permissive API",
    Kind.JAILBREAK_OR_INJECTION: "S0403: Adversarial Example",
    Kind.QUALITY_REGRESSION: "P0200: Model Issues",
    Kind.LANGUAGE_OR_ACCESS: "P0200: Model Issues",
    Kind.OTHER: "P0200: Model Issues",
}
DOMAINS = {"S": "Security", "E": "Ethics", "P": "Performance"}
STAGES = {
    LifecycleStage.DATA: "L02: Data Understanding",
    LifecycleStage.PRE_TRAINING: "L04: Model Development",
    LifecycleStage.FINE_TUNING: "L04: Model Development",
    LifecycleStage.EVALUATION: "L05: Evaluation",
    LifecycleStage.DEPLOYMENT: "L06: Deployment",
    LifecycleStage.INTEGRATION: "L06: Deployment",
}
NAMED = (AffectedStatus.AFFECTED, AffectedStatus.FIXED, AffectedStatus.UNDER_INVESTIGATION)


def document(record: Record) -> dict[str, object]:
    named = [each for each in record.standings if each.status in NAMED] or list(record.standings)
    code = SEP[Kind(record.kind)]
    stage = STAGES.get(LifecycleStage(record.lifecycle_stage)) if record.lifecycle_stage else None
    return {
        "data_type": "AVID",
        "data_version": DATA_VERSION,
        "metadata": {"report_id": record.number},
        "affects": {
            "developer": sorted({each.developer for each in named if each.developer}),
            "deployer": sorted({each.deployer for each in named if each.deployer}),
            "artifacts": [{"type": each.kind.capitalize(), "name": each.full_name} for each in named],
        },
        "problemtype": {
            "classof": "Third-party Report",
            "type": "Issue",
            "description": {"lang": LANGUAGE, "value": record.title},
        },
        "metrics": [_metric(each) for each in named if each.tries],
        "references": [
            {"type": "source", "label": f"Telltale {record.number}", "url": record.url},
            *({"type": each.kind, "label": each.full_name, "url": each.url} for each in named if each.url),
        ],
        "description": {"lang": LANGUAGE, "value": _told(record)},
        "impact": {
            "avid": {
                "vuln_id": "",
                "risk_domain": [DOMAINS[code[0]]],
                "sep_view": [code],
                "lifecycle_view": [stage] if stage else [],
                "taxonomy_version": TAXONOMY_VERSION,
            },
            **_severity(record),
        },
        "credit": [],
        "reported_date": (record.first_reported or record.published).date().isoformat(),
    }


def _metric(standing: Standing) -> dict[str, object]:
    """k of n in the words of AVID's scanner reports: how many were evaluated, and how many passed."""
    tries, failures = standing.tries or 0, standing.failures or 0
    row = {"detector": "reproduction", "total_evaluated": tries, "passed": tries - failures}
    return {
        "name": f"reproduced on {standing.full_name}",
        "detection_method": {"type": "Significance Test", "name": "k of n"},
        "results": {"rows": [{**row, "score": round((tries - failures) / tries * 100, 1)}]},
    }


def _severity(record: Record) -> dict[str, object]:
    """AVID takes a CVSS score or nothing; we score nothing, and say the word."""
    if record.severity == Severity.NOT_SURE:
        return {}
    return {"cvss": {"baseSeverity": record.severity.upper()}}


def _told(record: Record) -> str:
    lines = [record.summary or record.title, *(_standing(each) for each in record.standings)]
    return "\n\n".join(line for line in lines if line)


def _standing(standing: Standing) -> str:
    """ "acme/chat-7b: fixed, since 2026-03, fixed in 2026-06." in English, as the rest of the document."""
    facts = given(
        **{
            "": standing.status.replace("_", " "),
            "since": standing.introduced_in,
            "last affected": standing.last_affected,
            "fixed in": standing.fixed_in,
        }
    )
    told = ", ".join(f"{word} {value}".strip() for word, value in facts.items())
    return f"{standing.full_name}: {told}."
