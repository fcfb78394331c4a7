"""Flaw reports as FLARE gives them in JSON-LD, one report each: a document, a list, a ``@graph``, or one a line.

Provisional: the format has no fixed version yet and was written after its drafts, so names are looked for with and
without their prefixes, and reports say in their settings that they were read so.
"""

from collections.abc import Iterator
from typing import Any

from reports.importers.avid import full_name
from reports.importers.decoding import Broken
from reports.importers.documents import Document
from reports.importers.kinds import kind_of_task
from reports.importers.options import Options
from reports.importers.shapes import fingerprint, name, objects, says_unknown, text, texts
from reports.importers.sources import Source
from reports.importers.units import Found, Rejected, Unit
from reports.models.artifact import UNKNOWN
from reports.vocabulary import ArtifactKind, FoundBy, Harm, Severity, Visibility

SOURCE = "flare"
TYPE = "AIFlawReport"
READ_AS = "FLARE JSON-LD, read provisionally"
PREFIXES = ("", "flare:", "schema:", "https://ai-reports.org/schema/", "https://schema.org/", "http://schema.org/")
ALSO_AFFECTS = 10
SEVERITIES = {"negligible": Severity.LOW, "not sure": Severity.NOT_SURE}
FOUND_BY = {
    "user observation": FoundBy.USE,
    "monitoring": FoundBy.MONITORING,
    "testing": FoundBy.EVALUATION,
    "automated analysis": FoundBy.EVALUATION,
}
NO_TYPE = f"no FLARE report: its @type is not {TYPE}"


def reports(source: Source, options: Options) -> Iterator[Found]:
    source.refuse_what_is_no_text()
    source.counted_by = "report"
    try:
        for piece in Document(source).each():
            if piece.reason:
                yield Rejected(piece.index, piece.reason)
                continue
            for document in objects(graph(piece.value)) or [piece.value]:
                yield report(piece.index, document, options.artifact)
    except Broken as refusal:
        yield Rejected(1, str(refusal))


def graph(value: Any) -> Any:
    return value.get("@graph") if isinstance(value, dict) else None


def report(index: int, document: Any, artifact: str = "") -> Unit | Rejected:
    if not isinstance(document, dict) or TYPE not in [bare(each) for each in texts(document.get("@type"))]:
        return Rejected(index, NO_TYPE)
    target = {"artifact": artifact} if artifact else target_of(document)
    if not target:
        return Rejected(index, "names no AI system: say which it was with --artifact ORG/NAME")
    headline, what_happened = text(said(document, "name")), text(said(document, "description"))
    if not (headline or what_happened):
        return Rejected(index, "has no description")
    answers = {
        **target,
        "summary": headline or what_happened,
        "what_happened": "\n\n".join(filter(None, [what_happened or headline, *paragraphs(document)])),
        "expected": text(said(document, "expectedBehavior")),
        "kind": kind_of_task(headline, *texts(said(document, "impacts")), what_happened[:1000]),
        "severity": severity_of(document),
        "harm_occurred": Harm.YES if "harm" in bare(said(document, "reportType")).lower() else "",
        "found_by": FOUND_BY.get(text(said(document, "discoveryContext")).lower(), ""),
        "visibility": visibility_of(document),
        "settings": {"read_as": READ_AS},
        "reported_at": text(said(document, "dateCreated")) or None,
        "source": SOURCE,
        "source_key": key_of(document),
        "consent": True,
    }
    return Unit(index, answers)


def said(value: Any, key: str) -> Any:
    """What stands under a key, with whichever prefix; of a value that JSON-LD wraps, the value."""
    found = next((value[prefix + key] for prefix in PREFIXES if prefix + key in value), None)
    return found["@value"] if isinstance(found, dict) and "@value" in found else found


def bare(named: Any) -> str:
    """A name without what stands before its last colon, hash or slash."""
    return text(named).replace("#", ":").replace("/", ":").rpartition(":")[2]


def target_of(document: dict[str, Any]) -> dict[str, object]:
    systems = said(document, "aiSystem")
    listed = systems if isinstance(systems, list) else [systems]
    named = [each for each in map(system, listed) if each]
    if not named:
        is_unknown = any(says_unknown(each) or says_unknown(said_of(each, "name")) for each in listed)
        return {"artifact": UNKNOWN} if is_unknown else {}
    return {**named[0], "also_affects": [each["artifact"] for each in named[1 : ALSO_AFFECTS + 1]]}


def said_of(value: Any, key: str) -> Any:
    return said(value, key) if isinstance(value, dict) else None


def system(value: Any) -> dict[str, object]:
    """One of the systems that a report is about; nothing if it has no name."""
    platform = name(said_of(value, "platform")) or name(said_of(value, "manufacturer"))
    model = name(said_of(value, "model")) or name(said_of(value, "name")) or name(value)
    if not (model or platform):
        return {}
    return {
        "artifact": model if "/" in model else full_name(platform if model else "", model or platform),
        "artifact_kind": ArtifactKind.MODEL if model else ArtifactKind.SYSTEM,
        "version": name(said_of(value, "version"))[:120],
    }


def paragraphs(document: dict[str, Any]) -> Iterator[str]:
    """What a report says beside its description, as far as there is no other place for it."""
    evidence = said(document, "evidence")
    told = {
        "Steps to reproduce": said_of(evidence, "stepsToReproduce") or evidence,
        "Proof of concept": said_of(evidence, "proofOfConcept"),
        "What it did": said(document, "actualBehavior"),
        "Prevalence": said(document, "prevalence"),
        "Impacts": ", ".join(texts(said(document, "impacts"))),
    }
    return (f"{label}: {text(value)}" for label, value in told.items() if text(value))


def severity_of(document: dict[str, Any]) -> str:
    severity = text(said(document, "severity")).lower()
    return SEVERITIES.get(severity, severity if severity in Severity.values else "")


def visibility_of(document: dict[str, Any]) -> str:
    """Whoever says that it shall not become public keeps that here."""
    intent = text(said_of(said(document, "disclosure"), "publicDisclosureIntent")).lower()
    return Visibility.PRIVATE if intent == "no" else ""


def key_of(document: dict[str, Any]) -> str:
    named = text(said(document, "identifier")) or text(document.get("@id"))
    return named if 0 < len(named) <= 300 else fingerprint(document)
