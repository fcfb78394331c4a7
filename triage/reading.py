"""What of a report's rows the engine reads, and which names are blanked out of it."""

from reports.models import Evidence, Report
from reports.naming import parse
from triage.grouping.fields import Fields


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
