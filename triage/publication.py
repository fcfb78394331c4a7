"""What confirming an issue makes public, and what is held back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, Max, Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Grant, Role, User
from reports.filing import cut_at_word
from reports.models import (
    Affected,
    Artifact,
    Excerpt,
    Issue,
    NumberSeries,
    Placement,
    Redaction,
    Report,
    Translation,
)
from reports.models.embargo import under_embargo
from reports.models.report import ReportQuerySet
from reports.published import refresh
from reports.redaction import summary_kept_back
from reports.sealed import AT_ONCE, due, has_summary, seal, summary_of
from reports.vocabulary import HELD_BACK_KINDS, HazardLevel, Status, Visibility
from triage.models import Decision
from triage.trail import Trail

TITLE_LENGTH = 200
DECIDING_ROLES = (Role.TRIAGER, Role.MODERATOR)
CONFIRMING = ("confirm", "reopen")  # verbs; triage.moves builds on this module, so it cannot be asked


def reports_in(issue: Issue) -> ReportQuerySet:
    """The reports that stand in the issue now."""
    return Report.objects.filter(placements__issue=issue, placements__superseded_at=None)


def fit_to_print(issue: Issue, at: datetime) -> ReportQuerySet:
    """Those whose words may head a public page: not private, held, withdrawn, hazardous or under embargo."""
    kept_back = under_embargo() | Q(hazard_level__gte=HazardLevel.GATED) | Q(held_at__isnull=False)
    return reports_in(issue).filter(withdrawn_at=None).exclude(visibility=Visibility.PRIVATE).exclude(kept_back)


def default_title(issue: Issue, at: datetime) -> str:
    """The summary of the oldest report that may head a public page and a list; else kind and artifact."""
    if issue.hazard_level >= HazardLevel.BLURRED:
        return f"{issue.get_kind_display()} · {issue.family}"
    summaries = fit_to_print(issue, at).exclude(summary_kept_back("pk"))
    summaries = summaries.filter(has_summary()).order_by("reported_at", "pk")
    summary = summaries.values_list(summary_of(), flat=True).first()
    return cut_at_word(summary, TITLE_LENGTH) if summary else f"{issue.get_kind_display()} · {issue.family}"


def next_number(year: int) -> str:
    """A number nobody has. Its series stays locked until the transaction ends, so that none is skipped or doubled."""
    NumberSeries.objects.get_or_create(year=year)
    series = NumberSeries.objects.select_for_update().get(year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"TT-{year}-{series.last:05d}"


@dataclass(frozen=True, slots=True)
class Reported:
    """What the reports that stand in an issue say of its being published: how many may be, and what of all is worst."""

    free: int
    hazard_level: int
    is_embargoed: bool


def _reported(issue: Issue) -> Reported:
    free = Count("pk", filter=~Q(visibility=Visibility.PRIVATE) & Q(held_at=None, withdrawn_at=None))
    held = Count("pk", filter=under_embargo())
    found = reports_in(issue).aggregate(free=free, worst=Max("hazard_level"), embargoed=held)
    return Reported(found["free"], found["worst"] or 0, bool(found["embargoed"]))


def _all_private(issue: Issue, at: datetime, reported: Reported) -> bool:
    return not reported.free


def _hazardous(issue: Issue, at: datetime, reported: Reported) -> bool:
    return max(issue.hazard_level, reported.hazard_level) >= HazardLevel.GATED


def _of_a_held_back_kind(issue: Issue, at: datetime, reported: Reported) -> bool:
    return issue.kind in HELD_BACK_KINDS


def _embargoed(issue: Issue, at: datetime, reported: Reported) -> bool:
    return issue.is_embargoed or reported.is_embargoed


# DESIGN §3: what is not published by confirmation alone, each with the sentence the desk shows.
RESTRAINTS: tuple[tuple[Callable[[Issue, datetime, Reported], bool], Promise], ...] = (
    (_all_private, _("All its reports are private, held or withdrawn.")),
    (_hazardous, _("Its hazard level is gated or higher.")),
    (_of_a_held_back_kind, _("Issues of this kind are never published by confirmation alone.")),
    (_embargoed, _("An embargo stands.")),
)


def why_held_back(issue: Issue, at: datetime) -> list[Promise]:
    """The sentences that say why confirming does not publish; none if it does."""
    reported = _reported(issue)
    return [words for holds, words in RESTRAINTS if holds(issue, at, reported)]


def works_in_twos() -> bool:
    """Whether what was held back takes a second person here: if so set, and if there are two to ask."""
    if not settings.TWO_PERSON:
        return False
    holders = Grant.objects.filter(role__in=DECIDING_ROLES, ended_at=None, user__is_active=True)
    return len(set(holders.values_list("user", flat=True))) > 1


def who_may_not_publish(issue: Issue, at: datetime) -> frozenset[int]:
    """The accounts by which it may not be published, because they decided alone that it is confirmed."""
    if not why_held_back(issue, at) or not works_in_twos():
        return frozenset()
    confirmed = Decision.objects.filter(issue=issue, verb__in=CONFIRMING, undone_by=None).order_by("-pk").first()
    return frozenset({confirmed.decider_id}) if confirmed and confirmed.decider_id else frozenset()


def second_person_needed(issue: Issue, by: User, at: datetime) -> bool:
    return by.pk in who_may_not_publish(issue, at)


def may_publish(issue: Issue, by: User, at: datetime) -> None:
    """Raises ValidationError with a sentence if ``by`` may not publish it now."""
    if issue.status not in (Status.CONFIRMED, Status.RESOLVED):
        raise ValidationError(gettext("Only an issue that is confirmed can be published."), code="status")
    if _embargoed(issue, at, _reported(issue)):
        raise ValidationError(gettext("An embargo stands. Nothing is published before it ends."), code="embargo")
    if second_person_needed(issue, by, at):
        raise ValidationError(
            gettext("You confirmed it, and it was held back. Somebody else has to publish it."), code="second_person"
        )


def keep_current(trail: Trail, about: Iterable[models.Model | None]) -> None:
    """Let what the public can search follow a decision, in its transaction. ``about`` is what was decided on."""
    refresh(_issues_told_of(trail) | {thing.pk for thing in about if isinstance(thing, Issue)})


def keep_sealed(trail: Trail) -> None:
    """Seal the words of reports that a decision made sensitive, in its transaction: some now, the sweep the rest."""
    grave = ("hazard_level", "kind", "embargo_until")
    issues, placed = trail.ids(Issue, touching=grave), trail.added(Placement)
    if own := trail.ids(Report, touching=grave):
        seal(due().filter(pk__in=own))
    if issues or placed:
        stands = Placement.objects.active().filter(Q(issue__in=issues) | Q(pk__in=placed))
        seal(due().filter(pk__in=stands.values("report")).order_by("pk")[:AT_ONCE])


def _issues_told_of(trail: Trail) -> set[int]:
    """The issues whose public words, or whose being public, may follow from what the trail changed."""
    issues = {*trail.ids(Issue), *trail.stood(Affected, "issue_id")}
    for of_issues in (Affected, Excerpt):
        if ids := trail.ids(of_issues):
            issues.update(of_issues._default_manager.filter(pk__in=ids).values_list("issue", flat=True))
    spans = Q(report__in=trail.ids(Report)) | Q(report__redactions__in=trail.ids(Redaction))
    spans |= Q(report__translations__in=trail.ids(Translation)) | Q(report__placements__in=trail.ids(Placement))
    if any(map(trail.ids, (Report, Redaction, Translation, Placement))):
        issues.update(Excerpt.objects.filter(spans, ended_at=None).values_list("issue", flat=True))
    if pages := trail.ids(Artifact, touching=("confirmed_at", "merged_into_id")):
        issues.update(Affected.objects.filter(artifact__in=pages).values_list("issue", flat=True))
    return issues
