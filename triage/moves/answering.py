"""Moves about what others say: the reporter, the maintainers, and whoever tried again."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.models import Affected, Answer, Artifact, Message, Reproduction, Version
from reports.vocabulary import AffectedStatus
from triage.moves.affecting import open_as_its_worst
from triage.moves.scene import Scene, named_report
from triage.publication import reports_in

QUESTION_LENGTH = 2_000
EVIDENCE_LENGTH = 20_000
TRIES_AT_MOST = 1_000_000


def affect(scene: Scene) -> None:
    """Say how one artifact stands in the issue, and from which version to which; fixed is told by resolving."""
    artifact, status = scene.details.get("artifact"), scene.details.get("status")
    if not isinstance(artifact, Artifact) or artifact.is_unknown:
        raise ValidationError(_("Say which artifact is meant."))
    if status == AffectedStatus.FIXED:
        raise ValidationError(_("To say that it is fixed, resolve the issue for that artifact."))
    if status not in AffectedStatus.values:
        raise ValidationError(_("There is no such choice."))
    row = scene.issue.affected.filter(artifact=artifact).first() or Affected(issue=scene.issue, artifact=artifact)
    if row.resolution:
        raise ValidationError(_("It is resolved for %(artifact)s. Reopen it first.") % {"artifact": artifact})
    if row.pk is None:
        scene.trail.add(row)
    answer = accept(scene, [row])
    changes: dict[str, object] = {"status": status}
    for name in ("introduced_in", "last_affected"):
        if name in scene.details:
            changes[name] = _version_of(artifact, scene.details[name])
    if statement := str(scene.details.get("statement") or (answer.text if answer else "")).strip():
        by, at = (answer.by, answer.given_at) if answer else (scene.by, scene.at)
        changes |= {"statement": statement, "stated_by": by, "stated_at": at}
    scene.trail.change(row, **changes)
    open_as_its_worst(scene, scene.issue)


def accept(scene: Scene, rows: Sequence[Affected]) -> Answer | None:
    """The maintainer's answer that is taken by this act, if one is named; it is about one of ``rows``."""
    answer = scene.details.get("answer")
    if answer is None:
        return None
    found = _waiting(scene, answer)
    if found.artifact_id not in {row.artifact_id for row in rows}:
        raise ValidationError(_("That answer is about another artifact."))
    scene.trail.change(found, accepted_at=scene.at)
    return found


def turn_down(scene: Scene) -> None:
    """What a maintainer proposes is not recorded."""
    scene.trail.change(_waiting(scene, scene.details.get("answer")), refused_at=scene.at)


def ask(scene: Scene) -> None:
    """Ask the reporter for more: it stands on the page of their receipt."""
    report = named_report(scene)
    text = str(scene.details.get("text") or "").strip()
    if not reports_in(scene.issue).filter(pk=report.pk).exists():
        raise ValidationError(_("The report is no longer in this issue."), code="status")
    if not 2 <= len(text) <= QUESTION_LENGTH:
        raise ValidationError(
            _("Write what you want to know, in %(most)d characters at most.") % {"most": QUESTION_LENGTH}
        )
    scene.trail.add(Message(report=report, by=scene.by, from_reporter=False, text=text, sent_at=scene.at))
    scene.trail.change(scene.issue, asked_at=scene.at)


def settle(scene: Scene) -> None:
    """A dispute has been looked at, and what was decided stands."""
    if not scene.issue.is_disputed:
        raise ValidationError(_("Nobody disputes it."), code="status")
    scene.trail.change(scene.issue, is_disputed=False)


def reproduce(scene: Scene) -> None:
    """Record that somebody tried again: how often it failed, on which version, with which settings."""
    details = scene.details
    artifact, tries, failures = details.get("artifact"), details.get("tries") or 0, details.get("failures") or 0
    if not isinstance(artifact, Artifact):
        raise ValidationError(_("Say which artifact is meant."))
    if not 0 < tries <= TRIES_AT_MOST or not 0 <= failures <= tries:
        raise ValidationError(_("Say how often it was tried, and how many of those failed."))
    evidence = str(details.get("evidence") or "").strip()
    if len(evidence) > EVIDENCE_LENGTH:
        raise ValidationError(_("That is too long: %(most)d characters at most.") % {"most": EVIDENCE_LENGTH})
    tried = Reproduction(
        issue=scene.issue,
        artifact=artifact,
        version=_version_of(artifact, details.get("version")),
        by=scene.by,
        tries=tries,
        failures=failures,
        settings=details.get("settings") or {},
        evidence=evidence,
        tried_at=scene.at,
    )
    scene.trail.add(tried)
    if row := scene.issue.affected.filter(artifact=artifact).first():
        scene.trail.change(row, tries=tries, failures=failures)


def _waiting(scene: Scene, answer: object) -> Answer:
    found = scene.issue.answers.filter(pk=answer.pk).first() if isinstance(answer, Answer) else None
    if found is None or found.accepted_at or found.refused_at:
        raise ValidationError(_("Somebody has answered that already."), code="status")
    return found


def _version_of(artifact: Artifact, named: object) -> Version | None:
    """The version itself or by its name, made if nobody has named it before. Raises ValidationError for another's."""
    if isinstance(named, Version):
        if named.artifact_id != artifact.pk:
            raise ValidationError(_("That is a version of another artifact."))
        return named
    name = str(named or "").strip()
    if not name:
        return None
    return artifact.versions.filter(name__iexact=name).first() or Version.objects.create(artifact=artifact, name=name)
