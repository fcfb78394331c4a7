"""Moves of coordinated disclosure: how long nothing is public, and what is told before and after.

An end that people agreed on takes effect by itself (``triage.lifting``); nothing else here happens without a person.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from accounts.policy import ANONYMOUS
from reports.deadlines import hour_in_words, zone_names
from reports.disclosure import day_nought, fixed_at, terms_of
from reports.models import Affected, Artifact, ContextRule, Issue, Report, Stub
from reports.models.context import ACKNOWLEDGE_WITHIN
from reports.models.embargo import under_embargo
from reports.vocabulary import LiftedFor, Status
from reports.workdays import day_in_words, due_on
from triage.models import Decision
from triage.moves.scene import Scene
from triage.publication import default_title, reports_in, second_person_needed, who_may_not_publish, works_in_twos

SETS_AN_END = ("embargo", "extend")  # verbs; the table of moves builds on this module


def embargo(scene: Scene) -> None:
    """Agree that nothing of it is public before ``until``, an hour told in ``zone``."""
    issue = scene.issue
    if issue.is_public:
        raise ValidationError(_("It is public: what was read cannot be kept back. Unpublish it first."), code="status")
    if issue.is_embargoed:
        raise ValidationError(_("An embargo stands already. Extend it, or lift it."), code="embargo")
    if issue.embargo_lifted_at is not None:
        raise ValidationError(_ended(issue), code="embargo")
    until = _end(scene, after=scene.at)
    scene.trail.change(issue, embargo_until=until, embargo_zone=_zone(scene))


def extend(scene: Scene) -> None:
    """Put its end later, for a reason of ``ExtendedFor``; beyond the days of grace it takes somebody else."""
    issue = scene.issue
    if issue.embargo_lifted_at is not None and issue.embargo_until is not None:
        raise ValidationError(_ended(issue), code="embargo")
    if issue.embargo_until is None:
        raise ValidationError(_("No embargo stands: there is nothing to extend."), code="embargo")
    until = _end(scene, after=max(issue.embargo_until, scene.at))
    first, by = _agreed(issue)
    is_within_grace = until <= first + _grace(issue)
    if not is_within_grace and by == scene.by.pk and works_in_twos():
        raise ValidationError(
            _("You set its end last, and that is more than the days of grace. Somebody else has to extend it so far."),
            code="second_person",
        )
    scene.trail.change(issue, embargo_until=until, embargo_zone=_zone(scene))


def lift(scene: Scene) -> None:
    """End it before its time, for a reason of ``LiftedFor``, also where a reporter asked for it: they are told.

    As with publishing, it takes somebody who did not confirm the issue alone.
    """
    issue = scene.issue
    reports = list(reports_in(issue).filter(under_embargo()).select_for_update(of=["self"]).order_by("pk"))
    if not issue.is_embargoed and not reports:
        raise ValidationError(_("No embargo stands."), code="embargo")
    _may_be_lifted_for(scene)
    if second_person_needed(issue, scene.by, scene.at):
        raise ValidationError(
            _("You confirmed it, and it is under embargo. Somebody else has to lift that."), code="second_person"
        )
    scene.trail.change_all(reports, embargo_lifted_at=scene.at)
    if not issue.is_embargoed:
        return
    changes: dict[str, Any] = {"embargo_lifted_at": scene.at, "publishes_at_end": False}
    if issue.publishes_at_end and issue.published_at is None:
        changes |= {"published_at": scene.at, "withdrawn_at": None}
    scene.trail.change(issue, **changes)
    if issue.is_public:
        scene.trail.change_all(list(issue.stubs.filter(ended_at=None)), ended_at=scene.at)


def schedule(scene: Scene) -> None:
    """Decide that its page stands as soon as the embargo ends; with ``stands`` false, that it does not."""
    issue, stands = scene.issue, scene.details.get("stands", True)
    if not issue.is_embargoed:
        raise ValidationError(_("No embargo stands: publish it."), code="embargo")
    if issue.publishes_at_end == stands:
        raise ValidationError(_("That is decided already."), code="status")
    if stands:
        _by_a_second(scene, _("You confirmed it, and it is held back. Somebody else has to decide to publish it."))
        title = issue.public_title or default_title(issue, scene.at)
        scene.trail.change(issue, publishes_at_end=True, public_title=title)
    else:
        scene.trail.change(issue, publishes_at_end=False)


def announce(scene: Scene) -> None:
    """Tell the public that it is there: number, artifact, the day it was received, the deadline, and nothing more.

    With ``stands`` false what was told goes again.
    """
    issue = scene.issue
    standing = list(issue.stubs.filter(ended_at=None))
    if not scene.details.get("stands", True):
        if not standing:
            raise ValidationError(_("It is not announced."), code="status")
        scene.trail.change_all(standing, ended_at=scene.at)
        return
    if not settings.EMBARGO_STUBS:
        raise ValidationError(_("This site announces nothing that is under embargo."), code="setting")
    if not issue.is_embargoed:
        raise ValidationError(_("Only what is under embargo is announced."), code="embargo")
    if standing:
        raise ValidationError(_("It is announced already."), code="status")
    _by_a_second(scene, _("You confirmed it, and it is held back. Somebody else has to announce it."))
    received = reports_in(issue).aggregate(first=Min("filed_at"))["first"] or issue.opened_at
    named = issue.affected.judged().values("artifact")
    artifacts = Artifact.objects.visible_to(ANONYMOUS).filter(pk__in=named).exclude(org="").order_by("pk")
    stubs = [
        Stub(issue=issue, artifact=each, received_on=received.astimezone(UTC).date(), made_at=scene.at)
        for each in artifacts
    ]
    if not stubs:
        raise ValidationError(_("It names no artifact that has a page: there is nothing to announce it for."))
    scene.trail.add_all(stubs)


def share(scene: Scene) -> None:
    """Let each maintainer see who else was told: names of artifacts and how each stands. ``stands`` false ends that."""
    stands = bool(scene.details.get("stands", True))
    if bool(scene.issue.parties_told_at) == stands:
        raise ValidationError(_("That is decided already."), code="status")
    scene.trail.change(scene.issue, parties_told_at=scene.at if stands else None)


def may_be_taken_back(decision: Decision, issue: Issue, *, at: datetime) -> None:
    """Raises ValidationError where undoing would change what has taken effect, or end an embargo by the way."""
    if decision.verb not in (*SETS_AN_END, "lift", "schedule", "announce"):
        return
    if decision.verb == "lift":
        if issue.embargo_until is not None and issue.embargo_until <= at:
            raise ValidationError(_("Its time has come since: there is nothing to go back to. Unpublish it instead."))
        return
    if issue.embargo_lifted_at is not None and decision.verb != "announce":
        raise ValidationError(_("%(ended)s This cannot be undone.") % {"ended": _ended(issue)}, code="embargo")
    before = _end_before(decision, issue)
    if decision.verb == "extend" and before is not None and before <= at:
        raise ValidationError(
            _("The end that stood before has passed: undoing would end the embargo now. Lift it instead."),
            code="embargo",
        )


def unanswered_until(issue: Issue, rows: Sequence[Affected]) -> datetime | None:
    """Until when developers may still acknowledge it; None if one has, or nobody was told."""
    told = [row for row in rows if row.notified_at]
    if not told or any(row.acknowledged_at for row in told):
        return None
    rule = ContextRule.objects.filter(context=issue.context_of_use).first()
    within = rule.acknowledge_within if rule else ACKNOWLEDGE_WITHIN
    last = max(due_on(row.notified_at, within=within) for row in told if row.notified_at)
    return datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=UTC)


def _may_be_lifted_for(scene: Scene) -> None:
    """Two of the reasons are facts, and are looked up."""
    rows = list(scene.issue.affected.all())
    if scene.reason == LiftedFor.UNRESPONSIVE:
        until = unanswered_until(scene.issue, rows)
        if until is None:
            raise ValidationError(_("Nobody was told of it, or a developer has acknowledged it."), code="reason")
        if scene.at <= until:
            told = {"day": day_in_words(until)}
            raise ValidationError(_("Its developers may acknowledge it until %(day)s.") % told, code="reason")
    if scene.reason == LiftedFor.FIXED:
        fixed = fixed_at(rows)
        if fixed is None:
            raise ValidationError(_("It is not on record as fixed for all that are affected."), code="reason")
        end = terms_of(scene.issue).end_after_fix(fixed)
        if scene.at < end:
            told = {"moment": hour_in_words(end, settings.SITE_ZONE)}
            raise ValidationError(
                _("After a fix people are left time to update, until %(moment)s.") % told, code="reason"
            )


def _end(scene: Scene, *, after: datetime) -> datetime:
    until = scene.details.get("until")
    if not isinstance(until, datetime) or until.tzinfo is None:
        raise ValidationError(_("Say when it ends."), code="until")
    if until <= after:
        raise ValidationError(_("It has to end later than that."), code="until")
    last = terms_of(scene.issue).last(day_nought(scene.issue.affected.all(), now=scene.at))
    last = max(last, _reporters_end(scene.issue) or last)
    if until > last:
        told = {"moment": hour_in_words(last, scene.details.get("zone") or settings.SITE_ZONE)}
        raise ValidationError(_("No embargo lasts that long here: %(moment)s at the latest.") % told, code="until")
    return until


def _zone(scene: Scene) -> str:
    zone = scene.details.get("zone") or settings.SITE_ZONE
    if zone not in zone_names():
        raise ValidationError(_("There is no such time zone."), code="zone")
    return str(zone)


def _reporters_end(issue: Issue) -> datetime | None:
    """The latest that one of its reporters asked for."""
    ends = Report.objects.filter(pk__in=reports_in(issue).values("pk")).filter(under_embargo())
    latest: datetime | None = ends.aggregate(latest=Max("embargo_until"))["latest"]
    return latest


def _agreed(issue: Issue) -> tuple[datetime, int | None]:
    """The end before anybody extended it, and who set its end last."""
    decided = Decision.objects.filter(issue=issue, verb__in=SETS_AN_END, undone_by=None).order_by("pk")
    found = list(decided)
    if not found or issue.embargo_until is None:
        return issue.embargo_until or issue.opened_at, None
    first = found[0]
    end = _end_before(first, issue) if first.verb == "extend" else _end_after(first, issue)
    return end or issue.embargo_until, found[-1].decider_id


def _end_before(decision: Decision, issue: Issue) -> datetime | None:
    return _told_end(decision.before, issue)


def _end_after(decision: Decision, issue: Issue) -> datetime | None:
    return _told_end(decision.after, issue)


def _told_end(side: dict[str, Any], issue: Issue) -> datetime | None:
    told = (side.get("rows", {}).get(f"issue:{issue.pk}") or {}).get("embargo_until")
    return datetime.fromisoformat(told) if told else None


def _grace(issue: Issue) -> timedelta:
    return timedelta(days=terms_of(issue).grace)


def _ended(issue: Issue) -> str:
    told = {"day": day_in_words(issue.embargo_lifted_at) if issue.embargo_lifted_at else ""}
    return _("Its embargo ended on %(day)s, and an embargo that has ended is not put back.") % told


def _by_a_second(scene: Scene, sentence: str) -> None:
    if scene.issue.status not in (Status.CONFIRMED, Status.RESOLVED):
        raise ValidationError(_("Only an issue that is confirmed can be published."), code="status")
    if scene.by.pk in who_may_not_publish(scene.issue, scene.at):
        raise ValidationError(sentence, code="second_person")
