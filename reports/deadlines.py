"""Moments that people agree on: a day, an hour and a zone, and what that is elsewhere. Django's words, no clock.

Where clocks are set, an hour is missing or comes twice. The later moment is meant then: nothing ends before somebody
who reads the hour off their own clock would say that it has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils.formats import time_format
from django.utils.translation import gettext as _

from reports.workdays import day_in_words

UTC_NAME = "UTC"
NOT_PLACES = ("Etc/", "SystemV/", "posix/", "right/")  # names that say no place, but UTC


class Oddity(StrEnum):
    """What is odd about an hour on the day that clocks are set."""

    NONE = ""
    MISSING = "missing"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment as it was asked for."""

    at: datetime  # UTC
    zone: str
    oddity: Oddity = Oddity.NONE

    @property
    def explanation(self) -> str:
        """Why it is not simply what was typed; "" if it is."""
        if self.oddity is Oddity.NONE:
            return ""
        told = {"zone": self.zone, "moment": hour_in_words(self.at, self.zone)}
        if self.oddity is Oddity.MISSING:
            return _("Clocks in %(zone)s are set forward over that hour. It is taken to be %(moment)s.") % told
        return _("That hour comes twice in %(zone)s, as clocks are set back. The second is meant: %(moment)s.") % told


@cache
def zone_names() -> tuple[str, ...]:
    """The zones to choose from, by name."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith(NOT_PLACES)}
    return (UTC_NAME, *sorted(places))


def deadline(day: date, hour: time, zone: str) -> Deadline:
    """The moment of that hour on that day in that zone.

    >>> deadline(date(2027, 3, 28), time(2, 30), "Europe/Berlin").at.isoformat()  # there is none: 3:30 in summer
    '2027-03-28T01:30:00+00:00'
    >>> deadline(date(2027, 10, 31), time(2, 30), "Europe/Berlin").at.isoformat()  # the second, in winter
    '2027-10-31T01:30:00+00:00'

    Raises KeyError if there is no such zone, OverflowError if the calendar has no such moment.
    """
    if zone not in zone_names():
        raise KeyError(zone)
    typed = datetime.combine(day, hour)
    readings = [typed.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
    at = max(readings)
    there = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if readings[0] == readings[1]:
        return Deadline(at, zone)
    return Deadline(at, zone, Oddity.TWICE if there == typed else Oddity.MISSING)


def hour_in_words(moment: datetime, zone: str) -> str:
    """Day and hour in one zone, and how far that is from UTC."""
    there = moment.astimezone(ZoneInfo(zone) if zone in zone_names() else UTC)
    shift = (there.utcoffset() or UTC.utcoffset(None)).total_seconds() / 60
    hours, minutes = divmod(abs(round(shift)), 60)
    sign = "−" if shift < 0 else "+"
    off = f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "") if shift else UTC_NAME
    told = {"day": day_in_words(there.date()), "hour": time_format(there.time(), "H:i"), "off": off}
    return _("%(day)s, %(hour)s (%(off)s)") % told


def in_zones(moment: datetime, zones: Iterable[str]) -> list[tuple[str, str]]:
    """The moment in each of the zones and in UTC: zone and words, each zone once; the words name UTC themselves."""
    names = dict.fromkeys([*filter(None, zones), UTC_NAME])
    return [(zone if zone != UTC_NAME else "", hour_in_words(moment, zone)) for zone in names]
