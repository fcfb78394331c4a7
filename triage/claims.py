"""Claims: who is looking at which issue just now, so that two people do not do the same work.

Soft and short: nobody is kept from deciding what somebody else has claimed, and a lease ends by itself. A claim tells
nothing about an issue, so it is no event and changes no revision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from reports.models import Issue, Placement
from reports.models.issue import IssueQuerySet
from triage.models import Claim

LEASE = timedelta(minutes=5)  # long enough to read one report, short enough that nobody waits for who went home
HANDFUL = 10  # what "give me 10" gives


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim as a page shows it: ``left`` in minutes and seconds, as in "4:12"."""

    who: str
    is_mine: bool
    until: datetime
    left: str


def claim(issue: Issue, by: User, *, at: datetime | None = None) -> Claim | None:
    """Take the issue, or take it longer, unless somebody else has it. Returns whoever's claim stands then."""
    _take([issue.pk], by, at or timezone.now())
    return Claim.objects.select_related("user").filter(issue=issue).first()


def claim_ten(waiting: IssueQuerySet, by: User, *, at: datetime | None = None) -> int:
    """Claim the first of ``waiting`` that nobody has, in the languages ``by`` reads, until they hold ten.

    Returns how many they hold. Pressed twice it gives no more: what one person holds, nobody else is given.
    """
    at = at or timezone.now()
    renew(by, at=at)
    for _again in range(3):  # somebody else may be given the same ones in the same moment
        held = standing_claims(at).filter(user=by).count()
        free = readable(waiting, by.reads).exclude(Exists(standing_claims(at).filter(issue=OuterRef("pk"))))
        found = list(free.values_list("pk", flat=True)[: max(0, HANDFUL - held)])
        if not found:
            break
        _take(found, by, at)
    return standing_claims(at).filter(user=by).count()


def readable(issues: IssueQuerySet, languages: Iterable[str]) -> IssueQuerySet:
    """Those with a report in one of the languages, or in one that nobody could tell; all, if none are named."""
    named = list(languages)
    if not named:
        return issues
    told = Placement.objects.active().filter(issue=OuterRef("pk"))
    return issues.filter(Exists(told.filter(report__language__in=[*named, "", "und"])))


def renew(by: User, *, at: datetime | None = None) -> int:
    """Whoever decides is at work: all that they hold is theirs for another lease."""
    at = at or timezone.now()
    return standing_claims(at).filter(user=by).update(until=at + LEASE)


def release(issue: Issue, by: User) -> int:
    """Give back one's own claim; that of somebody else stays."""
    return Claim.objects.filter(issue=issue, user=by).delete()[0]


def release_all(by: User) -> int:
    return Claim.objects.filter(user=by).delete()[0]


def decided(issue: Issue, by: User, *, is_done: bool = True) -> None:
    """What deciding means for claims: nobody need hold what is done with, and whoever decides is at the others."""
    if is_done:
        Claim.objects.filter(issue=issue).delete()
    renew(by)


def leases(issue_ids: Iterable[int], reader: User, *, at: datetime) -> Mapping[int, Lease]:
    """The claims that stand on these issues. One query."""
    rows = standing_claims(at).filter(issue__in=list(issue_ids)).select_related("user")
    return {row.issue_id: lease_of(row, reader, at=at) for row in rows}


def lease_of(row: Claim, reader: User, *, at: datetime) -> Lease:
    seconds = max(0, int((row.until - at).total_seconds()))
    return Lease(str(row.user), row.user_id == reader.pk, row.until, f"{seconds // 60}:{seconds % 60:02}")


def standing_claims(at: datetime | None = None) -> "QuerySet[Claim]":
    """Those that have not run out."""
    return Claim.objects.filter(until__gt=at or Now())


def _take(issue_ids: Iterable[int], by: User, at: datetime) -> None:
    """One row an issue: what has run out, or is one's own, is written over; where there is none, one is made.

    In one order and without waiting, so that two who take the same ones at once do not wait for each other in a ring.
    """
    until, wanted = at + LEASE, sorted(issue_ids)
    with transaction.atomic():
        free = Claim.objects.filter(Q(user=by) | Q(until__lte=at), issue__in=wanted)
        locked = list(free.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Claim.objects.filter(pk__in=locked).update(user=by, until=until)
        Claim.objects.bulk_create([Claim(issue_id=pk, user=by, until=until) for pk in wanted], ignore_conflicts=True)
