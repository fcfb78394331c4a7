"""Who hears of an act. Notices are written where the act's event is recorded, in its transaction, and here alone.

A notice holds ids and a verb. What it says is made when somebody reads it (``reports.wording``), in their language, and
only for those who may see the thing then (``Notice.objects.visible_to``).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Role, User
from accounts.policy import Act, Actor, allows
from ledger.models import Event
from ledger.record import events_about
from reports.models import Artifact, Contact, Issue, Notice, Signal, Subscription
from reports.models.notice import (
    ABOUT_ONE,
    DESK,
    EMAIL,
    LIST,
    MAINTAINERS,
    MINE,
    MUTED,
    OPENINGS,
    PUBLIC,
    QUEUE,
    REPORTERS,
    TO_DISPUTERS,
    WAITING,
    WEBHOOK,
    undoing,
)

GRACE = timedelta(minutes=1)  # before an e-mail leaves, so that what is undone at once is told to nobody outside
DIGEST_HOUR = 7  # UTC, when the e-mail of a day goes out
UNREAD_SHOWN = 99  # the header counts no further

# One statement, however many hear of it. `part` holds the issues meant and all that became part of them: whoever
# followed those follows these. Whom an act concerns need not follow: they are asked (`mine`) only for their pace.
TELL = """
WITH RECURSIVE part (id) AS (
  SELECT unnest(%(issues)s::bigint[])
  UNION SELECT i.id FROM reports_issue i JOIN part ON i.merged_into_id = part.id
),
desk (user_id) AS (
  SELECT user_id FROM accounts_grant WHERE role = ANY(%(desk_roles)s) AND ended_at IS NULL
),
own (report_id, reporter_id, has_contact) AS ({own}),
followers (user_id, channel, pace, subject, rank) AS (
  SELECT s.user_id, s.channel, s.pace, %(chief)s, 3 FROM reports_subscription s
  WHERE s.channel <> %(muted)s AND (%(hooks)s OR left(s.channel, 5) <> %(hook)s)
    AND (%(public)s OR s.user_id IN (SELECT user_id FROM desk)) AND s.subject IN (
    SELECT 'issue:' || part.id FROM part
    UNION ALL SELECT unnest(%(artifacts)s::varchar[])
    UNION ALL SELECT 'artifact:' || a.artifact_id FROM reports_affected a JOIN part ON part.id = a.issue_id
    WHERE a.status <> 'under_investigation' OR a.resolution <> '' OR a.stated_at IS NOT NULL
  )
  UNION ALL
  SELECT s.user_id, s.channel, s.pace, %(chief)s, 3 FROM reports_subscription s JOIN desk USING (user_id)
  WHERE %(waiting)s AND s.subject = %(queue)s AND s.channel <> %(muted)s
    AND (%(hooks)s OR left(s.channel, 5) <> %(hook)s)
),
concerned (user_id, subject, rank) AS (
  SELECT i.assignee_id, %(chief)s, 1 FROM reports_issue i
  WHERE %(desk)s AND i.id = ANY(%(issues)s) AND i.assignee_id IS NOT NULL
  UNION ALL
  SELECT m.by_id, %(chief)s, 1 FROM reports_message m
  WHERE %(waiting)s AND m.report_id = ANY(%(reports)s) AND NOT m.from_reporter AND m.by_id IS NOT NULL
  UNION ALL
  SELECT g.user_id, %(chief)s, 2 FROM accounts_grant g
  JOIN reports_affected a ON a.artifact_id = g.artifact_id AND a.notified_at IS NOT NULL
  JOIN part ON part.id = a.issue_id
  WHERE %(maintainers)s AND g.role = 'maintainer' AND g.ended_at IS NULL
  UNION ALL
  SELECT g.user_id, %(chief)s, 2 FROM accounts_grant g
  WHERE g.artifact_id = ANY(%(of_signal)s::bigint[]) AND g.role = 'maintainer' AND g.ended_at IS NULL
  UNION ALL
  SELECT reporter_id, 'report:' || report_id, 0 FROM own WHERE reporter_id IS NOT NULL
),
hearers (user_id, channel, pace, subject, rank) AS (
  SELECT * FROM followers
  UNION ALL
  SELECT user_id, %(list)s, '', subject, rank FROM concerned
  UNION ALL
  SELECT c.user_id, %(email)s, COALESCE(mine.pace, 'at_once'), c.subject, c.rank FROM concerned c
  LEFT JOIN reports_subscription mine
    ON mine.user_id = c.user_id AND mine.subject = %(mine)s AND mine.channel = %(email)s
  WHERE NOT EXISTS (
    SELECT FROM reports_subscription mute
    WHERE mute.user_id = c.user_id AND mute.channel = %(muted)s AND mute.subject IN (%(mine)s, c.subject)
  )
),
people AS (
  SELECT DISTINCT ON (h.user_id, h.channel) h.* FROM hearers h JOIN accounts_user u ON u.id = h.user_id
  WHERE u.is_active AND u.pseudonym <> %(actor)s
  ORDER BY h.user_id, h.channel, h.rank, h.subject
)
INSERT INTO reports_notice (user_id, report_id, channel, verb, subject, event_id, created_at, due_at, sent_at)
SELECT user_id, NULL::bigint, channel, %(verb)s, subject, %(event)s, %(at)s,
  CASE pace WHEN 'daily' THEN %(daily)s ELSE %(soon)s END, CASE channel WHEN %(list)s THEN %(at)s END
FROM people WHERE NOT {told}
UNION ALL
SELECT p.user_id, NULL, %(hook)s || e.id, %(verb)s, p.subject, %(event)s, %(at)s, %(soon)s, NULL
FROM people p JOIN reports_endpoint e ON e.user_id = p.user_id AND e.hears_all AND e.disabled_at IS NULL
WHERE %(hooks)s AND p.channel = %(list)s
UNION ALL
SELECT NULL, report_id, %(email)s, %(verb)s, 'report:' || report_id, %(event)s, %(at)s, %(soon)s, NULL
FROM own WHERE has_contact AND reporter_id IS NULL
"""
# Who was told of the same opening of a signal, in a notice that was taken up: nobody gets a second one.
TOLD = """(%(taken_up)s AND EXISTS (
  SELECT FROM reports_notice n
  WHERE n.event_id = %(event)s AND n.user_id = people.user_id AND n.channel = people.channel
))"""
# Whose reports are meant: those the act names, those whose reporters disputed, or all that stand in its issues.
OWN = """
  SELECT r.id, r.reporter_id, c.report_id IS NOT NULL FROM reports_report r
  LEFT JOIN reports_contact c ON c.report_id = r.id
  WHERE r.erased_at IS NULL AND r.withdrawn_at IS NULL AND (r.reporter_id IS NOT NULL OR c.report_id IS NOT NULL)
"""
PLACED = """
  SELECT p.report_id FROM reports_placement p JOIN part ON part.id = p.issue_id WHERE p.superseded_at IS NULL
"""
OWN_NAMED = f"{OWN} AND r.id = ANY(%(reports)s)"
OWN_PLACED = f"{OWN} AND r.id IN ({PLACED})"
DISPUTED = """
  SELECT unnest(e.subjects) FROM ledger_event e
  WHERE e.verb = 'dispute' AND e.subjects && ARRAY(SELECT 'issue:' || part.id FROM part)::varchar[]
"""
OWN_DISPUTING = f"{OWN} AND 'report:' || r.id IN ({DISPUTED})"
OWN_NONE = "SELECT NULL::bigint, NULL::bigint, false WHERE false"


def tell(event: Event, *, undone: str = "") -> None:
    """Write the notices of one act, inside its transaction, after its rows are changed. One statement.

    ``event`` is what ``ledger.record.record`` returned; ``undone`` is the verb an undo took back: who heard of that
    hears of this. Verbs that nobody hears of cost nothing.
    """
    verb = undoing(undone) if undone else event.verb
    if verb not in PUBLIC | DESK | REPORTERS | MAINTAINERS | WAITING:
        return
    named = _named(event.subjects)
    issues, artifacts = named["issue"], named["artifact"]
    if not issues and not artifacts and not named["signal"]:
        return
    now = timezone.now()
    told: dict[str, Any] = {
        "issues": issues,
        "reports": named["report"],
        "artifacts": [] if issues else [f"artifact:{pk}" for pk in artifacts],
        "of_signal": artifacts if named["signal"] and not issues and verb in MAINTAINERS else [],
        "chief": _chief(verb, named),
        "public": verb in PUBLIC,
        "desk": verb in DESK,
        "maintainers": verb in MAINTAINERS,
        "waiting": verb in WAITING,
        "desk_roles": [Role.TRIAGER.value, Role.MODERATOR.value],
        "actor": event.actor,
        "verb": verb,
        "event": event.pk,
        "at": now,
        "soon": now + GRACE,
        "daily": next_digest(now),
        "hooks": settings.WEBHOOKS,
        "hook": WEBHOOK,
        **{"list": LIST, "email": EMAIL, "muted": MUTED, "mine": MINE, "queue": QUEUE},
    }
    told["taken_up"] = verb in OPENINGS and bool(named["signal"]) and _taken_up(named["signal"][0], event, now)
    with connection.cursor() as cursor:
        cursor.execute(TELL.replace("{own}", _own(verb)).replace("{told}", TOLD), told)


def _taken_up(signal_id: int, event: Event, now: datetime) -> bool:
    """Whether a signal was told of before: those notices tell of the event now, as new ones, but for mail that left."""
    earlier = events_about(Signal(pk=signal_id), verbs=OPENINGS).exclude(pk=event.pk)
    before = list(earlier.values_list("pk", flat=True))
    if not before:
        return False
    standing = Notice.objects.filter(Q(channel=LIST) | Q(sent_at=None), event_id__in=before)
    standing.update(verb=event.verb, event_id=event.pk, created_at=now, read_at=None)
    return True


def _chief(verb: str, named: dict[str, list[int]]) -> str:
    """What a notice of the act is about. A merged issue is told of as what it became; of a theme there is a signal."""
    if named["issue"]:
        return f"issue:{named['issue'][-1 if verb == 'merge' else 0]}"
    return f"artifact:{named['artifact'][0]}" if named["artifact"] else f"signal:{named['signal'][0]}"


def _own(verb: str) -> str:
    if verb not in REPORTERS:
        return OWN_NONE
    if verb in TO_DISPUTERS:
        return OWN_DISPUTING
    return OWN_NAMED if verb in ABOUT_ONE else OWN_PLACED


def tell_owner(user: User, verb: str, subject: str) -> None:
    """Tell ``user`` of something of theirs that no event is about: in the list, and by e-mail at their usual pace."""
    now, pace = timezone.now(), pace_of(user)
    told = [Notice(user=user, channel=LIST, verb=verb, subject=subject, created_at=now, due_at=now, sent_at=now)]
    if pace:
        due = next_digest(now) if pace == Subscription.Pace.DAILY else now
        told.append(Notice(user=user, channel=EMAIL, verb=verb, subject=subject, created_at=now, due_at=due))
    Notice.objects.bulk_create(told)


def next_digest(now: datetime) -> datetime:
    today = now.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if now < today else today + timedelta(days=1)


def _named(subjects: Iterable[str]) -> dict[str, list[int]]:
    """The numbers of the issues, reports, artifacts and signals among an event's subjects, in their order."""
    named: dict[str, list[int]] = {"issue": [], "report": [], "artifact": [], "signal": []}
    for name in subjects:
        kind, _, pk = name.partition(":")
        if kind in named:
            named[kind].append(int(pk))
    return named


# Following


def may_follow(actor: Actor, subject: str) -> bool:
    """Whether ``subject`` ("issue:12", "artifact:3", "queue") is there for ``actor`` to follow."""
    if subject == QUEUE:
        return allows(actor, Act.DECIDE)
    kind, _, pk = subject.partition(":")
    if not pk.isascii() or not pk.isdecimal() or len(pk) > 18:
        return False
    things: dict[str, QuerySet[Any]] = {
        "issue": Issue.objects.visible_to(actor),
        "artifact": Artifact.objects.visible_to(actor),
    }
    return kind in things and things[kind].filter(pk=int(pk)).exists()


def follow(user: User, subject: str) -> None:
    """From now on ``user`` hears of ``subject``: in the list, and by e-mail at their usual pace."""
    pace = pace_of(user)
    Subscription.objects.filter(user=user, subject=subject, channel=MUTED).delete()
    rows = [Subscription(user=user, subject=subject, channel=LIST)]
    if pace:
        rows.append(Subscription(user=user, subject=subject, channel=EMAIL, pace=pace))
    Subscription.objects.bulk_create(rows, ignore_conflicts=True)  # pressed twice


def unfollow(user: User, subject: str) -> None:
    Subscription.objects.filter(user=user, subject=subject).exclude(channel=MUTED).delete()


def follows(user: User, subject: str) -> bool:
    return Subscription.objects.filter(user=user, subject=subject, channel=LIST).exists()


def pace_of(user: User) -> str:
    """How often ``user`` gets e-mail: a ``Subscription.Pace``, "" for never."""
    said = dict(Subscription.objects.filter(user=user, subject=MINE).values_list("channel", "pace"))
    return "" if MUTED in said else said.get(EMAIL, Subscription.Pace.AT_ONCE.value)


def choose_pace(user: User, pace: str) -> None:
    """One choice for all e-mail: a ``Subscription.Pace``, or "" for none. What is followed stays followed."""
    with transaction.atomic():
        own = Subscription.objects.filter(user=user)
        if not pace:
            stop_email(user)
            return
        own.filter(subject=MINE, channel=MUTED).delete()
        own.filter(channel=EMAIL).update(pace=pace)
        muted = set(own.filter(channel=MUTED).values_list("subject", flat=True))
        followed = [MINE, *own.filter(channel=LIST).values_list("subject", flat=True)]
        Subscription.objects.bulk_create(
            [
                Subscription(user=user, subject=subject, channel=EMAIL, pace=pace)
                for subject in followed
                if subject not in muted
            ],
            ignore_conflicts=True,
        )


def stop_email(user: User, subject: str = "") -> None:
    """No more e-mail about ``subject``, of all things if none is named; what waits to be sent is not sent."""
    with transaction.atomic():
        mails = Subscription.objects.filter(user=user, channel=EMAIL)
        waiting = Notice.objects.filter(user=user, channel=EMAIL, sent_at=None)
        if subject:
            mails, waiting = mails.filter(subject=subject), waiting.filter(subject=subject)
        mails.delete()
        waiting.delete()
        Subscription.objects.get_or_create(user=user, subject=subject or MINE, channel=MUTED)


def forget_contact(report_id: int) -> None:
    """Erase the address that a report left for answers, and what waits to be sent there."""
    with transaction.atomic():
        Notice.objects.filter(report=report_id, sent_at=None).delete()
        Contact.objects.filter(report=report_id).delete()


# Reading


def listed(actor: Actor) -> "QuerySet[Notice]":
    """What ``actor`` finds in their list, newest first."""
    return Notice.objects.visible_to(actor).filter(channel=LIST)


def unread_count(actor: Actor) -> int:
    """How many of them are unread, counted to one more than is shown."""
    return listed(actor).filter(read_at=None).order_by()[: UNREAD_SHOWN + 1].count() if actor.user_id else 0


def unread_shown(actor: Actor) -> str:
    """The number in the header; "" for none."""
    count = unread_count(actor)
    return f"{UNREAD_SHOWN}+" if count > UNREAD_SHOWN else str(count or "")


def mark_read(actor: Actor, *, subject: str = "") -> int:
    """What ``actor`` was told of ``subject``, or all of it. Returns how many were unread."""
    if actor.user_id is None:
        return 0
    unread = Notice.objects.filter(user=actor.user_id, channel=LIST, read_at=None)
    return (unread.filter(subject=subject) if subject else unread).update(read_at=timezone.now())
