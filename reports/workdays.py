"""Working days, all but the weekend of the site, in UTC: one calendar for everybody, and nobody's holidays."""

from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import get_language


def due_on(since: datetime, *, within: int) -> date:
    """The last day in time: the ``within``-th working day after ``since``, all of it.

    >>> due_on(datetime(2026, 11, 20, 23, 59, tzinfo=UTC), within=3)  # a Friday
    datetime.date(2026, 11, 25)
    >>> due_on(datetime(2026, 11, 21, 8, tzinfo=UTC), within=3)  # the Saturday after it
    datetime.date(2026, 11, 25)
    """
    day = since.astimezone(UTC).date()
    for _day in range(within):
        day = next_working_day(day)
    return day


def next_working_day(day: date) -> date:
    day += timedelta(days=1)
    while day.weekday() in settings.WEEKEND:
        day += timedelta(days=1)
    return day


def day_in_words(moment: date) -> str:
    """The day (UTC) as its reader writes days."""
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    is_english = (get_language() or "en").startswith("en")
    return date_format(day, "j M Y" if is_english else "DATE_FORMAT")  # Django's own English is American
