"""Moves that say what the public reads: write, publish, unpublish, excerpt, redact, translate."""

from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.models import Evidence, Excerpt, Redaction, Report, Translation
from reports.sealed import seal_beside
from reports.vocabulary import HazardLevel, TakenOff, Visibility
from triage.moves.scene import Scene, report_here, within
from triage.moves.status import buried, title_of
from triage.publication import default_title, may_publish, reports_in, second_person_needed

Place = tuple[str, int, int]  # part, start, end
SPANS_AT_MOST = 200
WORDS_AT_MOST = 20_000  # characters of a translation or a summary


def write(scene: Scene) -> None:
    """Put the public title and summary in words. What has a page keeps a title."""
    issue, details = scene.issue, scene.details
    title = title_of(details.get("public_title", ""))
    summary = within(str(details.get("public_summary", "")).strip(), WORDS_AT_MOST)
    if not title and issue.number:
        raise ValidationError(_("An issue with a number needs a title."))
    if (title, summary) == (issue.public_title, issue.public_summary):
        raise ValidationError(_("That is what it says already."))
    scene.trail.change(issue, public_title=title, public_summary=summary)


def publish(scene: Scene) -> None:
    """Give it its page. Where something holds it back it takes somebody who did not confirm it."""
    if scene.issue.published_at:
        raise ValidationError(_("It is published already."), code="status")
    may_publish(scene.issue, scene.by, scene.at)
    title = scene.issue.public_title or default_title(scene.issue, scene.at)
    scene.trail.change(scene.issue, published_at=scene.at, public_title=title, withdrawn_at=None)


def unpublish(scene: Scene) -> None:
    """Take its page away, for a reason of ``TakenOff``; its number stays reserved, and a tombstone stands there."""
    if not scene.issue.published_at:
        raise ValidationError(_("It is not published."), code="status")
    scene.reason = scene.reason or _why(scene)
    if scene.reason not in TakenOff.values:
        raise ValidationError(_("Choose a reason."), code="reason")
    scene.trail.change(scene.issue, published_at=None, **buried(scene))


def _why(scene: Scene) -> TakenOff:
    """The reason where nobody gave one."""
    reports = reports_in(scene.issue)
    are_gone = reports.exists() and not reports.filter(withdrawn_at=None).exists()
    return TakenOff.WITHDRAWN if are_gone else TakenOff.DECIDED


def excerpt(scene: Scene) -> None:
    """Choose which of a report's words the public reads, all of them at once."""
    report = report_here(scene)
    spans = _spans(scene, report)
    if spans and (report.visibility == Visibility.PRIVATE or report.held_at):
        raise ValidationError(_("The report is private or held: none of its words can be published."))
    if spans and max(report.hazard_level, scene.issue.hazard_level) >= HazardLevel.GATED:
        raise ValidationError(_("Its hazard level is gated or higher: none of its words can be published."))
    no_turns = report.visibility == Visibility.PUBLIC_WITHOUT_TRANSCRIPT
    if no_turns and any(part.startswith("turn:") for part, _start, _end in spans):
        raise ValidationError(_("Its reporter agreed to no part of the conversation being public."))
    standing = list(Excerpt.objects.filter(issue=scene.issue, report=report, ended_at=None))
    adds = not set(spans) <= {(row.part, row.start, row.end) for row in standing}
    if adds and scene.issue.published_at and second_person_needed(scene.issue, scene.by, scene.at):
        raise ValidationError(
            _("You confirmed it, and it was held back. Somebody else has to choose what more of it is public."),
            code="second_person",
        )
    _replace(scene, standing, [Excerpt(issue=scene.issue, report=report, **_at(span, scene)) for span in spans])


def redact(scene: Scene) -> None:
    """Choose which of a report's words nobody reads but who asks for them at the desk, all of them at once."""
    report = report_here(scene)
    spans = _spans(scene, report)
    standing = list(Redaction.objects.filter(report=report, ended_at=None))
    _replace(scene, standing, [Redaction(report=report, **_at(span, scene)) for span in spans])
    scene.trail.change(report, redacted_at=scene.at if spans else None)


def translate(scene: Scene) -> None:
    """Put a person's translation of one part beside the original, in place of an older one."""
    report, details = report_here(scene), scene.details
    part, language, text = (str(details.get(name) or "").strip() for name in ("part", "language", "text"))
    if part not in _words(report).parts:
        raise ValidationError(_("The report has no such part."))
    if not language or not text:
        raise ValidationError(_("Give the translation and its language."))
    within(text, WORDS_AT_MOST)
    standing = Translation.objects.filter(report=report, part=part, language=language, ended_at=None)
    scene.trail.change_all(list(standing), ended_at=scene.at)
    made = Translation(report=report, part=part, language=language, plain_text=text, by=scene.by, made_at=scene.at)
    seal_beside(made)
    scene.trail.add(made)


def _words(report: Report) -> Evidence:
    found = Evidence.objects.filter(report=report).first()
    if found is None:
        raise ValidationError(_("The words of this report were erased."))
    return found


def _spans(scene: Scene, report: Report) -> list[Place]:
    """The spans asked for, each once and in their order. Raises ValidationError for what is not in the text."""
    parts = _words(report).parts
    spans = sorted({(str(part), int(start), int(end)) for part, start, end in scene.details.get("spans", [])})
    if len(spans) > SPANS_AT_MOST:
        raise ValidationError(_("Too many passages: %(most)d at most.") % {"most": SPANS_AT_MOST})
    if any(not 0 <= start < end <= len(parts.get(part, "")) for part, start, end in spans):
        raise ValidationError(_("A passage is not where the text has one."))
    return spans


def _at(span: Place, scene: Scene) -> dict[str, object]:
    part, start, end = span
    return {"part": part, "start": start, "end": end, "made_at": scene.at}


def _replace(
    scene: Scene, standing: Sequence[Excerpt] | Sequence[Redaction], chosen: Iterable[Excerpt] | Iterable[Redaction]
) -> None:
    """End what is no longer chosen and add what is new; what stays keeps its row."""
    wanted = {(row.part, row.start, row.end): row for row in chosen}
    stands = {(row.part, row.start, row.end): row for row in standing}
    if wanted.keys() == stands.keys():
        raise ValidationError(_("That is what it says already."))
    gone = [row for place, row in stands.items() if place not in wanted]
    scene.trail.change_all(gone, ended_at=scene.at)
    scene.trail.add_all([row for place, row in wanted.items() if place not in stands])
