"""Reports of the AI Vulnerability Database: one JSON document a line, one report each."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reports.answers import SUMMARY_MAX
from reports.importers.kinds import kind_of_codes, kind_of_headline, kind_of_probe
from reports.importers.lines import Row
from reports.importers.shapes import at, count, fingerprint, name, objects, says_unknown, text, texts
from reports.importers.units import Found, Rejected, Unit
from reports.models.artifact import UNKNOWN
from reports.vocabulary import ArtifactKind, FoundBy, Kind, Severity

SOURCE = "avid"
ALSO_AFFECTS = 10
FOUND_BY = {
    "AIID Incident": FoundBy.USE,
    "ATLAS Case Study": FoundBy.RESEARCH,
    "CVE Entry": FoundBy.RESEARCH,
    "LLM Evaluation": FoundBy.EVALUATION,
    "Third-party Report": FoundBy.RESEARCH,
}
LANGUAGES = {"ara": "ar", "deu": "de", "eng": "en", "fra": "fr", "spa": "es", "zho": "zh"}  # ISO 639-3 to BCP 47
_HUB_NAME = re.compile(r"[\w.@~+-]+/[\w.+-]+")
_NOT_OF_SLUG = re.compile(r"[^\w.]+")
_PROBE = re.compile(r"\bprobe [`'\"]?([a-z]\w*\.[A-Z]\w*)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


def reports(rows: Iterable[Row | Rejected], *, artifact: str = "") -> Iterator[Found]:
    """One report a document. ``artifact`` stands in for what the documents name."""
    for row in rows:
        yield row if isinstance(row, Rejected) else report(row, artifact)


def report(row: Row, artifact: str = "") -> Unit | Rejected:
    document = row.value
    target = {"artifact": artifact} if artifact else target_of(document)
    if not target:
        return Rejected(row.line, "names no artifact")
    what_happened = value_of(at(document, "description"))
    headline = value_of(at(document, "problemtype", "description"))
    if not (what_happened or headline):
        return Rejected(row.line, "has no description")
    probe = _PROBE.search(f"{headline}\n{what_happened}")
    answers = {
        **target,
        "also_affects": also_affected(document),
        "summary": measured(document, probe[1]) if probe else headline or first_sentence(what_happened),
        "what_happened": whole(headline, what_happened),
        "language": language_of(document),
        "found_by": FOUND_BY.get(text(at(document, "problemtype", "classof")), ""),
        "severity": severity_of(document),
        "reproduction": reproduction(document),
        "kind": kind_of_probe(probe[1]) if probe else kind_of(document, headline),
        "rule_id": f"garak/{probe[1]}" if probe else "",
        "reported_at": at(document, "reported_date"),
        "source": SOURCE,
        "source_key": text(at(document, "metadata", "report_id")) or fingerprint(document),
        "consent": True,
    }
    return Unit(row.line, answers, author=author_of(document))


def author_of(document: dict[str, Any]) -> str:
    """Those credited; "" if nobody is, or nobody by name."""
    credited = [name(at(credit, "value")) for credit in objects(at(document, "credit"))]
    return ", ".join(each for each in credited if each and each.lower() != "anonymous")


def value_of(described: Any) -> str:
    """A description's text: AVID writes ``{lang, value}``, others have written the bare text."""
    return text(at(described, "value")) or text(described)


def target_of(document: dict[str, Any]) -> dict[str, object]:
    """What the report is about: the first artifact named, ``unknown`` if it says so; nothing if that is no name."""
    named = objects(at(document, "affects", "artifacts"))
    first = name(at(named[0], "name")) if named else ""
    if not first:
        return {"artifact": UNKNOWN} if named and says_unknown(at(named[0], "name")) else {}
    kind = text(at(named[0], "type")).lower()
    others = [name(at(other, "name")) for other in named[1:]]
    developer = whose(first, others, texts(at(document, "affects", "developer")))
    return {
        "artifact": first if _HUB_NAME.fullmatch(first) else full_name(developer, first),
        "artifact_kind": kind if kind in ArtifactKind.values else ArtifactKind.MODEL,
        "developer": developer,
        "deployer": whose(first, others, texts(at(document, "affects", "deployer"))),
        "version": name(at(named[0], "version")),
    }


def full_name(developer: str, artifact: str) -> str:
    """``org/name``, so that equal names of two developers stay two; a bare name where nobody is named."""
    org, bare = _NOT_OF_SLUG.sub("-", developer.lower()).strip("-."), artifact.replace("/", "-")
    return f"{org}/{bare}" if org else bare


def whose(artifact: str, others: list[str], told: list[str]) -> str:
    """Which of those told makes, or offers, the artifact; "" if that cannot be said.

    A document on several artifacts lists their developers and deployers without saying whose is whose; one whose name
    begins another artifact's name is that one's.
    """
    named = [said for each in told if (said := name(each))]
    own = [said for said in named if begins(artifact, said)]
    free = [said for said in named if not any(begins(other, said) for other in others)]
    return (own or free or [""])[0]


def begins(artifact: str, said: str) -> bool:
    return artifact.lower().startswith(said.lower())


def also_affected(document: dict[str, Any]) -> list[str]:
    others = [name(at(other, "name")) for other in objects(at(document, "affects", "artifacts"))[1:]]
    return list(dict.fromkeys(other for other in others if other))[:ALSO_AFFECTS]


def language_of(document: dict[str, Any]) -> str:
    written = text(at(document, "description", "lang"))
    return LANGUAGES.get(written, written)


def severity_of(document: dict[str, Any]) -> str:
    severity = text(at(document, "impact", "cvss", "baseSeverity")).lower()
    return severity if severity in Severity.values else ""


def whole(headline: str, description: str) -> str:
    """The description; before it the headline, where the summary cannot hold it or nothing else is there."""
    kept = headline if len(headline) > SUMMARY_MAX or not description else ""
    return "\n\n".join(filter(None, [kept, description]))


def first_sentence(words: str) -> str:
    return _SENTENCE_END.split(words, maxsplit=1)[0]


def kind_of(document: dict[str, Any], headline: str) -> Kind:
    if at(document, "impact", "odin", "JailbreakTaxonomy"):
        return Kind.JAILBREAK_OR_INJECTION
    codes = texts(at(document, "impact", "avid", "sep_view"))
    return kind_of_headline(headline) or kind_of_codes(codes) or Kind.OTHER


@dataclass(frozen=True, slots=True)
class Count:
    """k of n by one detector."""

    detector: str
    tries: int
    failures: int


def measured(document: dict[str, Any], probe: str) -> str:
    """A scanner document in a line. Its own headline puts the names first, and all of one artifact look alike."""
    found = worst(document)
    return f"garak {probe}: {found.detector} failed {found.failures} of {found.tries}" if found else f"garak {probe}"


def reproduction(document: dict[str, Any]) -> dict[str, int] | None:
    found = worst(document)
    return {"tries": found.tries, "failures": found.failures} if found else None


def worst(document: dict[str, Any]) -> Count | None:
    """The count of the detector that found most, where the document gives whole numbers."""
    found = []
    for metric in objects(at(document, "metrics")):
        for row in objects(at(metric, "results", "rows")):
            tries, passed = count(row.get("total_evaluated")), count(row.get("passed"))
            if tries and passed is not None and passed <= tries:
                found.append(Count(text(row.get("detector")).rpartition(".")[2], tries, tries - passed))
    return max(found, key=lambda each: each.failures, default=None)
