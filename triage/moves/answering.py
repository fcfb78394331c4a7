"""Moves about what others say: the reporter, the maintainers, and whoever tried again."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.models import Affected, Answer, Artifact, Message, Reproduction, Version
from reports.naming import version_named
from reports.sealed import seal_beside
from reports.vocabulary import AffectedStatus
from triage.matching import fixed_by
from triage.moves.affecting import notify_maintainers, open_as_its_worst
from triage.moves.scene import Scene, answers_for, report_here, within

QUESTION_LENGTH = 2_000
EVIDENCE_LENGTH = 20_000
TRIES_AT_MOST = 1_000_000


class TurnedDown(models.TextChoices):
    """Why what a maintainer proposes is not recorded, as they read it."""

    NOT_SHOWN = "not_shown", gettext_lazy("The evidence here says otherwise")
    UNCLEAR = "unclear", gettext_lazy("Not clear enough to be recorded")
    OVERTAKEN = "overtaken", gettext_lazy("Overtaken by what happened since")
    ELSEWHERE = "elsewhere", gettext_lazy("About something else than this issue")


class TriedAlready(ValidationError):
    """The result of that run is recorded: ``known``."""

    def __init__(self, known: Reproduction) -> None:
        super().__init__(_("This run is recorded: %(tried)s failed.") % {"tried": known}, code="status")
        self.known = known


def affect(scene: Scene) -> None:
    """Say how one artifact stands in the issue, and from which version to which; fixed is told by resolving.

    With an ``answer`` what it proposes holds, unless the triager says more; one that proposes nothing is a statement.
    """
    row = _row_of(scene, scene.details.get("artifact"))
    answer = accept(scene, [row])
    status = scene.details.get("status") or (answer.status if answer else "") or (row.status if answer else "")
    if status not in AffectedStatus.values:
        raise ValidationError(_("There is no such choice."))
    if status != row.status and status == AffectedStatus.FIXED:
        raise ValidationError(_("To say that it is fixed, resolve the issue for that artifact."))
    if status != row.status and row.resolution:
        raise ValidationError(_("It is resolved for %(artifact)s. Reopen it first.") % {"artifact": row.artifact})
    changes: dict[str, object] = {"status": status, **_range(scene, row, answer), **stated(scene, answer)}
    scene.trail.change(row, **changes)
    open_as_its_worst(scene, scene.issue)


def accept(scene: Scene, rows: Sequence[Affected]) -> Answer | None:
    """The maintainer's answer that is taken by this act, if one is named; it is about one of ``rows``.

    Whoever answers for the artifact does not take answers about it.
    """
    answer = scene.details.get("answer")
    if answer is None:
        return None
    found = _waiting(scene, answer)
    if found.artifact_id not in {row.artifact_id for row in rows}:
        raise ValidationError(_("That answer is about another artifact."))
    _apart(scene, found.artifact_id)
    scene.trail.change(found, accepted_at=scene.at)
    return found


def stated(scene: Scene, answer: Answer | None) -> dict[str, Any]:
    """What is said of an artifact, and by whom: in the maintainer's name where their answer is taken word for word."""
    theirs = answer.text if answer is not None else ""
    statement = str(scene.details.get("statement") or theirs).strip()
    if not statement:
        return {}
    if answer is not None and statement == theirs.strip():
        return {"statement": statement, "stated_by": answer.by, "stated_at": answer.given_at}
    return {"statement": statement, "stated_by": scene.by, "stated_at": scene.at}


def turn_down(scene: Scene) -> None:
    """What a maintainer proposes is not recorded."""
    scene.trail.change(_waiting(scene, scene.details.get("answer")), refused_at=scene.at)


def ask(scene: Scene) -> None:
    """Ask the reporter for more: it stands on the page of their receipt."""
    report = report_here(scene)
    text = str(scene.details.get("text") or "").strip()
    if not 2 <= len(text) <= QUESTION_LENGTH:
        raise ValidationError(
            _("Write what you want to know, in %(most)d characters at most.") % {"most": QUESTION_LENGTH}
        )
    asked = Message(report=report, by=scene.by, from_reporter=False, plain_text=text, sent_at=scene.at)
    seal_beside(asked)
    scene.trail.add(asked)
    scene.trail.change(scene.issue, asked_at=scene.at)


def settle(scene: Scene) -> None:
    """A dispute has been looked at, and what was decided stands."""
    if not scene.issue.is_disputed:
        raise ValidationError(_("Nobody disputes it."), code="status")
    scene.trail.change(scene.issue, is_disputed=False)


def reproduce(scene: Scene) -> None:
    """Record that somebody tried again: how often it failed, on which version, with which settings.

    A failure on a version that was to hold the fix flags a possible regression, as a report on it would. ``run`` names
    the result of a tool that this was read from; it is recorded once.
    """
    details = scene.details
    row = _named_row(scene, details.get("artifact"))
    tries, failures = details.get("tries") or 0, details.get("failures") or 0
    if not 0 < tries <= TRIES_AT_MOST or not 0 <= failures <= tries:
        raise ValidationError(_("Say how often it was tried, and how many of those failed."))
    evidence = within(str(details.get("evidence") or "").strip(), EVIDENCE_LENGTH)
    run = str(details.get("run") or "")
    if run and (known := Reproduction.objects.filter(run=run, ended_at=None).first()):
        raise TriedAlready(known)
    version = _version_of(row.artifact, details.get("version"))
    tried = Reproduction(
        issue=scene.issue,
        artifact=row.artifact,
        version=version,
        by=scene.by,
        tries=tries,
        failures=failures,
        settings=details.get("settings") or {},
        evidence=evidence,
        tried_at=scene.at,
        run=run,
    )
    scene.trail.add(tried)
    scene.trail.change(row, tries=tries, failures=failures)
    if failures and version is not None and fixed_by(scene.issue, version):
        scene.trail.change(scene.issue, is_possible_regression=True)


def notify(scene: Scene) -> None:
    """Tell the maintainers of one artifact, or of all that are affected: from now on their clock runs."""
    named = scene.details.get("artifact")
    rows = [_named_row(scene, named)] if named is not None else list(scene.issue.affected.order_by("pk"))
    if not notify_maintainers(rows, at=scene.at, trail=scene.trail):
        raise ValidationError(_("Nobody is left to be told: who answers for it knows, or nobody does."), code="status")


def _row_of(scene: Scene, artifact: object) -> Affected:
    """How the artifact stands in the issue; a new row if it was not named yet."""
    if not isinstance(artifact, Artifact) or artifact.is_unknown:
        raise ValidationError(_("Say which artifact is meant."))
    _apart(scene, artifact.pk)
    row = scene.issue.affected.select_related("artifact").filter(artifact=artifact).first()
    if row is None:
        row = Affected(issue=scene.issue, artifact=artifact)
        scene.trail.add(row)
    return row


def _named_row(scene: Scene, artifact: object) -> Affected:
    """How an artifact stands that the issue names already."""
    found = scene.issue.affected.select_related("artifact")
    row = found.filter(artifact=artifact).first() if isinstance(artifact, Artifact) else None
    if row is None:
        raise ValidationError(_("Say which artifact is meant, of those that the issue names."))
    return row


def _apart(scene: Scene, artifact_id: int) -> None:
    if artifact_id in answers_for(scene.by):
        raise ValidationError(_("You answer for that artifact, so somebody else has to decide."), code="apart")


def _range(scene: Scene, row: Affected, answer: Answer | None) -> dict[str, Version | None]:
    """The first and the last affected version, as far as anything is said of them, and in this order."""
    told = {
        name: _version_of(row.artifact, scene.details[name])
        for name in ("introduced_in", "last_affected")
        if name in scene.details
    }
    if answer is not None and answer.introduced_in is not None:
        told.setdefault("introduced_in", answer.introduced_in)
    first, last = ({"introduced_in": row.introduced_in, "last_affected": row.last_affected} | told).values()
    places = [version.position for version in (first, last) if version and version.position is not None]
    if len(places) == 2 and places[0] > places[1]:
        raise ValidationError(
            _("By the order of versions %(first)s is after %(last)s.") % {"first": first, "last": last}
        )
    return told


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
    return version_named(artifact, str(named or "").replace("\x00", ""))
