"""Geometry for the charts templates draw: numbers in, coordinates out.

Coordinates are text: a template would write 3.5 as 3,5 in Spanish, and an SVG would not understand it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, pgettext

register = template.Library()

LEFT, RIGHT, TOP, BASE = 34.0, 708.0, 34.0, 192.0  # the plot inside chart.html's 720 by 218
SPARK_WIDTH, SPARK_TOP, SPARK_BASE = 88.0, 3.0, 20.0  # sparkline.html's 88 by 22
BAR_SPAN = 94.0  # of why.html's 100; the rest keeps strokes off the edge
MONTH_GAP = 44.0  # least distance of two month names
SIGN_WIDTH = 7.5  # of a 12 px letter, on the safe side


@dataclass(frozen=True)
class SignedBar:
    words: str
    side: str  # "for" or "against", the class that draws it
    x: str
    width: str
    axis: str
    strength: str


@dataclass(frozen=True)
class Sparkline:
    points: str
    last_x: str
    last_y: str
    is_over: bool
    band_y: str
    band_height: str
    label: str


@dataclass(frozen=True)
class WeeklyChart:
    ticks: list[dict[str, Any]]
    bars: list[dict[str, Any]]
    band: str
    expected: str
    months: list[dict[str, str]]
    flags: list[dict[str, str]]
    published: str
    rows: list[dict[str, Any]]
    label: str


@dataclass(frozen=True)
class DailyChart:
    ticks: list[dict[str, Any]]
    bars: list[dict[str, Any]]
    days: list[dict[str, str]]
    label: str


@register.filter
def signed_bars(reasons: Iterable[Any] | None) -> list[SignedBar]:
    """Reasons (``words``, signed ``weight``) on one axis, strongest first, as bars 0 to 100 wide."""
    told = sorted(
        ((str(_part(reason, "words")), float(_part(reason, "weight") or 0)) for reason in reasons or ()),
        key=lambda pair: -pair[1],
    )
    most_for = max((weight for _, weight in told if weight > 0), default=0.0)
    most_against = max((-weight for _, weight in told if weight < 0), default=0.0)
    scale = BAR_SPAN / ((most_for + most_against) or 1.0)
    axis = 3.0 + most_against * scale
    return [
        SignedBar(
            words=words,
            side="for" if weight >= 0 else "against",
            x=_number(axis + min(0.0, weight) * scale),
            width=_number(abs(weight) * scale),
            axis=_number(axis),
            strength=_strength(weight, most_for),
        )
        for words, weight in told
    ]


@register.simple_tag
def sparkline(counts: Sequence[float] | None, expected: float | None = None) -> Sparkline:
    """A line over weekly ``counts``, oldest first; ``expected`` is the highest count that is no surprise."""
    series = [float(count) for count in counts or ()] or [0.0]
    top = max(*series, expected or 0.0, 1.0)
    step = SPARK_WIDTH / max(1, len(series) - 1)
    points = [(index * step, _height(count, top, SPARK_TOP, SPARK_BASE)) for index, count in enumerate(series)]
    band_y = _height(expected, top, SPARK_TOP, SPARK_BASE) if expected else SPARK_BASE
    return Sparkline(
        points=_points(points),
        last_x=_number(points[-1][0]),
        last_y=_number(points[-1][1]),
        is_over=bool(expected) and series[-1] > float(expected or 0),
        band_y=_number(band_y),
        band_height=_number(SPARK_BASE - band_y) if expected else "",
        label=_in_words(series),
    )


@register.simple_tag
def weekly_chart(weeks: Iterable[Any] | None, releases: Iterable[Any] | None = None) -> WeeklyChart:
    """Bars over consecutive weeks (``start``, ``count``, maybe ``expected``, ``low``, ``high``), oldest first,
    with a flag for each release (``on``, ``name``) that falls into them, and a mark below those in which issues were
    ``published``."""
    shown = list(weeks or ())
    counts = [float(_part(week, "count") or 0) for week in shown]
    highs = [float(high) for week in shown if (high := _part(week, "high")) is not None]
    most = max([*counts, *highs, 1.0])
    unit = _unit(most)
    steps = ceil(most / unit)
    top = float(unit * steps)
    step = (RIGHT - LEFT) / max(1, len(shown))
    centres = [LEFT + step * (index + 0.5) for index in range(len(shown))]
    return WeeklyChart(
        ticks=[_tick(unit * mark, top) for mark in range(steps + 1)],
        bars=[_bar(week, centre, step, top) for week, centre in zip(shown, centres, strict=True)],
        band=_band(shown, centres, top),
        expected=_points(_line(shown, centres, "expected", top)),
        months=_months(shown, step),
        flags=_flags(shown, step, releases or ()),
        published=" ".join(
            f"M{_number(centre)} {BASE + 1:g}l3.5 4-3.5 4-3.5-4z"
            for week, centre in zip(shown, centres, strict=True)
            if _part(week, "published")
        ),
        rows=[_row(week) for week in reversed(shown)],
        label=_in_words(counts),
    )


@register.simple_tag
def daily_chart(days: Iterable[Any] | None) -> DailyChart:
    """Bars over consecutive days (``on``, ``count``), oldest first, with the date under each seventh."""
    shown = list(days or ())
    counts = [float(_part(day, "count") or 0) for day in shown]
    unit = _unit(max([*counts, 1.0]))
    steps = ceil(max([*counts, 1.0]) / unit)
    step = (RIGHT - LEFT) / max(1, len(shown))
    # Translators: format of Django's date filter, for a day on the axis of a chart
    form = pgettext("format of a day on a chart", "j M")
    return DailyChart(
        ticks=[_tick(unit * mark, float(unit * steps)) for mark in range(steps + 1)],
        bars=[_bar(day, LEFT + step * (at + 0.5), step, float(unit * steps)) for at, day in enumerate(shown)],
        days=[
            {"x": _number(LEFT + step * at), "words": date_format(_part(day, "on"), form)}
            for at, day in enumerate(shown)
            if at % 7 == 0
        ],
        label=_days_in_words(counts),
    )


def _days_in_words(counts: Sequence[float]) -> str:
    if not counts:
        return gettext("No days yet.")
    return ngettext(
        "%(days)d day, between %(least)d and %(most)d, %(last)d on the last.",
        "%(days)d days, between %(least)d and %(most)d, %(last)d on the last.",
        len(counts),
    ) % {"days": len(counts), "least": min(counts), "most": max(counts), "last": counts[-1]}


def _part(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _number(value: float) -> str:
    return f"{value:.1f}"


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _height(count: float | None, top: float, ceiling: float, base: float) -> float:
    return base - (base - ceiling) * float(count or 0) / top


def _strength(weight: float, most: float) -> str:
    if weight < 0:
        return gettext("against")
    share = weight / (most or 1.0)
    return gettext("strong") if share > 0.66 else gettext("clear") if share > 0.33 else gettext("slight")


def _in_words(counts: Sequence[float]) -> str:
    """What somebody hears instead of the drawing; the numbers themselves stand in the table."""
    if not counts:
        return gettext("No weeks yet.")
    return ngettext(
        "%(weeks)d week, between %(least)d and %(most)d voices, %(last)d in the last.",
        "%(weeks)d weeks, between %(least)d and %(most)d voices, %(last)d in the last.",
        len(counts),
    ) % {"weeks": len(counts), "least": min(counts), "most": max(counts), "last": counts[-1]}


def _unit(most: float) -> int:
    """The smallest round number of which four reach the top."""
    power = 1
    while True:
        for factor in (1, 2, 3, 4, 5):
            if factor * power * 4 >= most:
                return factor * power
        power *= 10


def _tick(count: int, top: float) -> dict[str, Any]:
    y = _height(count, top, TOP, BASE)
    return {"count": count, "y": _number(y), "text_y": _number(y + 4)}


def _bar(week: Any, centre: float, step: float, top: float) -> dict[str, Any]:
    count = float(_part(week, "count") or 0)
    high = _part(week, "high")
    y = _height(count, top, TOP, BASE)
    return {
        "x": _number(centre - step * 0.32),
        "y": _number(y),
        "width": _number(step * 0.64),
        "height": _number(BASE - y),
        "is_over": high is not None and count > float(high),
    }


def _line(weeks: list[Any], centres: list[float], name: str, top: float) -> list[tuple[float, float]]:
    return [
        (centre, _height(value, top, TOP, BASE))
        for week, centre in zip(weeks, centres, strict=True)
        if (value := _part(week, name)) is not None
    ]


def _band(weeks: list[Any], centres: list[float], top: float) -> str:
    high = _line(weeks, centres, "high", top)
    low = _line(weeks, centres, "low", top) or [(x, BASE) for x, _ in high]
    return _points([*high, *reversed(low)]) if high else ""


def _months(weeks: list[Any], step: float) -> list[dict[str, str]]:
    """A name under the first week of each month, the year with the first name and with each January."""
    # Translators: formats of Django's date filter, for a month without and with its year; short, they share a line
    short, long = pgettext("format of a month on a chart", "M"), pgettext("format of a month on a chart", "M Y")
    named: list[dict[str, str]] = []
    last_x = -MONTH_GAP
    for index, week in enumerate(weeks):
        start = _day(_part(week, "start"))
        x = LEFT + step * index
        if (index and start.day > 7) or x - last_x < MONTH_GAP or x > RIGHT - MONTH_GAP:
            continue
        with_year = not named or start.month == 1
        named.append({"x": _number(x), "words": date_format(start, long if with_year else short)})
        last_x = x + (MONTH_GAP if with_year else 0)
    return named


def _flags(weeks: list[Any], step: float, releases: Iterable[Any]) -> list[dict[str, str]]:
    """A flag per release within the weeks; its name is left out where it would run into the one before it."""
    if not weeks:
        return []
    first = _day(_part(weeks[0], "start"))
    last = _day(_part(weeks[-1], "start")) + timedelta(days=7)
    flags: list[dict[str, str]] = []
    free_from = LEFT
    for release in sorted(releases, key=lambda each: _day(_part(each, "on"))):
        on = _day(_part(release, "on"))
        if not first <= on < last:
            continue
        x = LEFT + step * (on - first).days / 7
        name = str(_part(release, "name"))
        width = 12 + SIGN_WIDTH * len(name)
        fits = x >= free_from and x + width <= RIGHT + 12
        flags.append({"x": _number(x), "text_x": _number(x + 13), "name": name if fits else ""})
        free_from = x + width if fits else max(free_from, x)
    return flags


def _row(week: Any) -> dict[str, Any]:
    expected, low, high = (_part(week, name) for name in ("expected", "low", "high"))
    words = ""
    if expected is not None:
        words = f"{float(expected):.1f}"
        if high is not None:
            words += f" ({float(low or 0):.1f}\N{EN DASH}{float(high):.1f})"
    return {
        "start": _part(week, "start"),
        "count": _part(week, "count"),
        "expected": words,
        "published": _part(week, "published"),
    }


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
