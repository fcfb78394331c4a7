"""Who may file how much: a report passes, is held until somebody on the desk has looked, or is refused for now.

Held costs its reporter nothing that they would see. Nobody's address is stored: see ``reports.buckets``. The numbers
are settings (``LIMIT_…``, docs/settings.md); what they count is said in ``anonymous`` and ``account``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.policy import Act, Actor, allows
from reports import buckets
from reports.buckets import DAY_S, HOUR_S, MINUTE_S, Bucket
from reports.models import Placement
from reports.models.artifact import UNKNOWN
from reports.naming import parse
from reports.traps import is_trapped as trapped
from reports.vocabulary import Channel, HeldFor, Status
from reports.voices import network_prefix

__all__ = [
    "FREE",
    "Lane",
    "Quota",
    "TooMany",
    "could_begin",
    "knock",
    "lane_for",
    "may_ask",
    "may_begin",
    "may_knock",
    "may_look",
    "may_try",
    "trapped",
]

FIVE_MINUTES_S, TEN_MINUTES_S = 5 * MINUTE_S, 10 * MINUTE_S
OUTSIDE = frozenset({Channel.IMPORT, Channel.DEMO, Channel.REPLAY})  # filed by whoever has the shell


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of a limit is left, as HTTP tells it (IETF draft-ietf-httpapi-ratelimit-headers-09)."""

    name: str
    most: int
    window_s: int
    left: int
    ends_in_s: int

    @property
    def headers(self) -> dict[str, str]:
        """
        >>> Quota("anonymous", 30, 600, 12, 431).headers
        {'RateLimit-Policy': '"anonymous";q=30;w=600', 'RateLimit': '"anonymous";r=12;t=431'}
        """
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.most};w={self.window_s}',
            "RateLimit": f'"{self.name}";r={self.left};t={self.ends_in_s}',
        }


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a report goes. ``held_for`` is a HeldFor, "" if it passes; ``quota`` is None for who has none."""

    held_for: str = ""
    quota: Quota | None = None


FREE = Lane()


class TooMany(Exception):
    """Refused for now. ``retry_after`` is in seconds."""

    def __init__(self, quota: Quota) -> None:
        super().__init__(f"{quota.name}: {quota.ends_in_s} s")
        self.quota = quota
        self.retry_after = quota.ends_in_s

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after), **self.quota.headers}

    @property
    def sentence(self) -> str:
        """When to try again, for a person."""
        minutes = ceil(self.retry_after / MINUTE_S)
        when = ngettext("Try again in %(count)d minute.", "Try again in %(count)d minutes.", minutes)
        return _("That is more than this site takes at once. ") + when % {"count": minutes}


def lane_for(
    actor: Actor,
    network: str,
    channel: Channel,
    artifact: str,
    *,
    is_trapped: bool = False,
    at: datetime | None = None,
) -> Lane:
    """Count one more report, and say where it goes. ``artifact`` is what it is about, as the reporter named it.

    Raises :class:`TooMany`; that costs no query where this process knows it already.
    """
    if _is_free(actor, channel):
        return FREE
    now = at or timezone.now()
    knock(actor, network, at=now)
    return _account(actor, is_trapped, now) if actor.user_id else _anonymous(network, artifact, is_trapped, now)


def knock(actor: Actor, network: str, *, at: datetime | None = None) -> None:
    """Raise :class:`TooMany` for whoever this process knows to be refused. No query, and nothing is counted."""
    if buckets.none_known_full() or _is_free(actor):
        return
    now = at or timezone.now()
    if actor.user_id:
        _refuse_if_full(_of_account(actor, settings.LIMIT_NEWCOMER_HOUR), now, "account")
        return
    own, hour = _of_network(network)
    for bucket in hour:
        _refuse_if_full(bucket, now, "anonymous")
    if any(buckets.known_full(bucket, at=now) for bucket in (*own, _site())):  # it would be held
        _refuse_if_full(_held(), now, "anonymous")


def may_begin(network: str, *, at: datetime | None = None) -> None:
    """Count one more draft that somebody begins. Raises :class:`TooMany`."""
    now = at or timezone.now()
    could_begin(network, at=now)
    begun = _drafts(network)
    counts = buckets.take(*[[bucket] for bucket in begun], at=now)
    for bucket in begun:
        if counts.get(bucket.scope, 0) > bucket.most:
            raise TooMany(_quota("drafts", bucket, bucket.most, now))


def could_begin(network: str, *, at: datetime | None = None) -> None:
    """The same before anything is done about it: no query, and nothing is counted."""
    now = at or timezone.now()
    for bucket in _drafts(network):
        _refuse_if_full(bucket, now, "drafts")


def may_try(network: str, reference: str = "", *, at: datetime | None = None) -> None:
    """Count one more try of a code, of a network and for what it opens. Raises :class:`TooMany`.

    Nobody guesses a code; this is for the load.
    """
    now = at or timezone.now()
    may_look(network, reference, at=now)
    tried = _codes(network, reference)
    counts = buckets.take(tried, at=now) if tried else {}
    for bucket in tried:
        if counts[bucket.scope] > bucket.most:
            raise TooMany(_quota("codes", bucket, bucket.most, now))


def may_look(network: str, reference: str = "", *, at: datetime | None = None) -> None:
    """The same for whoever has a code that may be right: no query, and nothing is counted."""
    now = at or timezone.now()
    for bucket in _codes(network, reference):
        _refuse_if_full(bucket, now, "codes")


def may_knock(network: str, *, at: datetime | None = None) -> None:
    """Count one more try to sign in, sign up or reset, whatever comes of it. Raises :class:`TooMany`."""
    now = at or timezone.now()
    prefix = network_prefix(network)
    if not prefix:
        return
    own = Bucket("doors", prefix, settings.LIMIT_SIGN_IN, TEN_MINUTES_S)
    _refuse_if_full(own, now, "doors")
    if buckets.take([own], at=now)[own.scope] > own.most:
        raise TooMany(_quota("doors", own, own.most, now))


def may_ask(actor: Actor, network: str, *, at: datetime | None = None) -> Quota | None:
    """Count one more request of an account, else of a network, to the API; says what is left. Raises :class:`TooMany`.

    None is said to who comes from no address that can be read.
    """
    now = at or timezone.now()
    own = _of_asker(actor, network)
    if own is None:
        return None
    _refuse_if_full(own, now, "api")
    quota = _quota("api", own, taken := buckets.take([own], at=now)[own.scope], now)
    if taken > own.most:
        raise TooMany(quota)
    return quota


def is_trusted(actor: Actor) -> bool:
    """Whether people have confirmed something that this account reported."""
    judged = {"issue__status__in": [Status.CONFIRMED, Status.RESOLVED], "report__held_at": None}
    return Placement.objects.active().filter(report__reporter=actor.user_id, **judged).exists()


def _is_free(actor: Actor, channel: Channel | None = None) -> bool:
    return channel in OUTSIDE or allows(actor, Act.FILE_BULK)


def _anonymous(network: str, artifact: str, is_trapped: bool, at: datetime) -> Lane:
    """A network has a share of its own, and what is beyond it takes nothing from what all of them share."""
    own, hour = _of_network(network)
    mine = [*own, *hour]
    shared = [] if is_trapped else [_site(), *_of_artifact(artifact)]
    counts = buckets.take(*filter(None, (mine, shared)), at=at) if mine or shared else {}
    for bucket in hour:
        if counts[bucket.scope] > bucket.most:
            raise TooMany(_quota("anonymous", bucket, bucket.most, at))
    held_for = _why_held(counts, own, shared, is_trapped)
    if held_for:
        held = _held()
        if buckets.take([held], at=at)[held.scope] > held.most:
            raise TooMany(_quota("anonymous", held, held.most, at))
    return Lane(held_for, *(_quota("anonymous", bucket, counts[bucket.scope], at) for bucket in own))


def _why_held(counts: Mapping[str, int], own: Sequence[Bucket], shared: Sequence[Bucket], is_trapped: bool) -> str:
    if is_trapped:
        return HeldFor.TRAP
    if any(counts[bucket.scope] > bucket.most for bucket in own):
        return HeldFor.MANY
    return HeldFor.FLOOD if any(counts.get(bucket.scope, 0) > bucket.most for bucket in shared) else ""


def _account(actor: Actor, is_trapped: bool, at: datetime) -> Lane:
    """An account is known by what people made of its reports, wherever it files from."""
    is_known = is_trusted(actor)
    hour = _of_account(actor, settings.LIMIT_TRUSTED_HOUR if is_known else settings.LIMIT_NEWCOMER_HOUR)
    day = Bucket("account_day", hour.who, settings.LIMIT_NEWCOMER, DAY_S)
    counts = buckets.take([hour, day], at=at)
    quota = _quota("account", hour, counts[hour.scope], at)
    if counts[hour.scope] > hour.most:
        raise TooMany(quota)
    if is_trapped:
        return Lane(HeldFor.TRAP, quota)
    is_many = not is_known and counts[day.scope] > day.most
    return Lane(HeldFor.NEWCOMER if is_many else "", quota)


def _of_network(network: str) -> tuple[list[Bucket], list[Bucket]]:
    """What passes, and what is taken; nothing is counted of who comes from no address that can be read."""
    prefix = network_prefix(network)
    if not prefix:
        return [], []
    passing = Bucket("network", prefix, settings.LIMIT_NETWORK, TEN_MINUTES_S)
    return [passing], [Bucket("network_hour", prefix, settings.LIMIT_NETWORK_HOUR, HOUR_S)]


def _site() -> Bucket:
    return Bucket("site", "", settings.LIMIT_SITE, TEN_MINUTES_S)


def _held() -> Bucket:
    return Bucket("held", "", settings.LIMIT_HELD, HOUR_S)


def _of_artifact(named: str) -> list[Bucket]:
    """By name, in whatever case: the artifact may not be there yet. What nobody could name is none."""
    name = "/".join(parse(named)).strip("/").lower()
    return [Bucket("artifact", name, settings.LIMIT_ARTIFACT, HOUR_S)] if name and name != UNKNOWN else []


def _of_account(actor: Actor, most: int) -> Bucket:
    return Bucket("account", str(actor.user_id), most, HOUR_S)


def _of_asker(actor: Actor, network: str) -> Bucket | None:
    if actor.user_id:
        return Bucket("api_account", str(actor.user_id), settings.LIMIT_API_ACCOUNT, FIVE_MINUTES_S)
    prefix = network_prefix(network)
    return Bucket("api", prefix, settings.LIMIT_API, FIVE_MINUTES_S) if prefix else None


def _drafts(network: str) -> list[Bucket]:
    prefix = network_prefix(network)
    own = [Bucket("drafts", prefix, settings.LIMIT_DRAFTS, TEN_MINUTES_S)] if prefix else []
    return [*own, Bucket("all_drafts", "", settings.LIMIT_ALL_DRAFTS, HOUR_S)]


def _codes(network: str, reference: str) -> list[Bucket]:
    tried = {"code_network": network_prefix(network), "code_for": reference.lower()}
    return [Bucket(scope, who, settings.LIMIT_CODES, TEN_MINUTES_S) for scope, who in tried.items() if who]


def _refuse_if_full(bucket: Bucket, at: datetime, name: str) -> None:
    if full := buckets.known_full(bucket, at=at):
        raise TooMany(_quota(name, full, full.most, at))


def _quota(name: str, bucket: Bucket, taken: int, at: datetime) -> Quota:
    ends_in_s = max(1, ceil((bucket.ends(at) - at).total_seconds()))
    return Quota(name, bucket.most, bucket.window_s, max(0, bucket.most - taken), ends_in_s)
