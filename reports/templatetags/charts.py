"""Geometry for the charts templates draw: numbers in, coordinates out.

Coordinates are text: a template would write 3.5 as 3,5 in Spanish, and an SVG would not understand it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor, inf, isfinite, log2
from typing import Any

from django import template
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext, pgettext

register = template.Library()

LEFT, RIGHT, TOP, BASE = 34.0, 708.0, 34.0, 192.0  # the plot inside chart.html's 720 by 218
SPARK_WIDTH, SPARK_TOP, SPARK_BASE = 88.0, 3.0, 20.0  # sparkline.html's 88 by 22
BAR_SPAN = 94.0  # of why.html's 100; the rest keeps strokes off the edge
MONTH_GAP = 44.0  # least distance of two month names
SIGN_WIDTH = 7.5  # of a 12 px letter, on the safe side
FOREST_LEFT, FOREST_RIGHT = 16.0, 704.0  # the axis inside forest.html's 720
FOREST_TOP, FOREST_STEP = 30.0, 44.0  # of the first row, and to the next
MOST_TICKS = 8  # of a forest's axis
LEAST_POWER, MOST_POWER = -5, 10  # of 2: where a forest's axis ends, whatever lies beyond


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
class Forest:
    ticks: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    base: str
    height: str
    text_y: str
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
def weekly_chart(
    weeks: Iterable[Any] | None, releases: Iterable[Any] | None = None, days: int | None = None
) -> WeeklyChart:
    """Bars over consecutive weeks (``start``, ``count``, maybe ``expected``, ``low``, ``high``), oldest first,
    with a flag for each release (``on``, ``name``) that falls into them, and a mark below those in which issues were
    ``published``. ``days`` is how long each bar lasts, where it is no week."""
    lasts = days or 7
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
        flags=_flags(shown, step, releases or (), lasts),
        published=" ".join(
            f"M{_number(centre)} {BASE + 1:g}l3.5 4-3.5 4-3.5-4z"
            for week, centre in zip(shown, centres, strict=True)
            if _part(week, "published")
        ),
        rows=[_row(week) for week in reversed(shown)],
        label=_in_words(counts) if lasts == 7 else _days_in_words(counts, lasts),
    )


@register.simple_tag
def forest(rows: Iterable[Any] | None) -> Forest:
    """Ratios on one axis of doublings, 1 marked: each row has ``words``, ``ratio``, ``low`` and ``high``.

    An end may be 0, infinite or None: it is open, and drawn to the edge. ``is_usual`` of a row says that its ends are
    where such ratios lie if nothing has changed; else they are where this one may lie.
    """
    shown = list(rows or ())
    ratios = [_ratio(row, name) for row in shown for name in ("ratio", "low", "high")]
    told = [log2(ratio) for ratio in ratios if ratio and isfinite(ratio)]
    least, most = max(LEAST_POWER, floor(min([-1.0, *told]))), min(MOST_POWER, ceil(max([1.0, *told])))
    stride = ceil((most - least + 1) / MOST_TICKS)
    base = FOREST_TOP + FOREST_STEP * max(1, len(shown)) - 8

    def place(ratio: float | None) -> float:
        at = log2(ratio) if ratio and isfinite(ratio) else inf if ratio else -inf
        share = (min(max(at, least), most) - least) / (most - least)
        return FOREST_LEFT + (FOREST_RIGHT - FOREST_LEFT) * share

    return Forest(
        ticks=[
            {"x": _number(place(2.0**power)), "words": _times(power), "is_one": power == 0}
            for power in range(least, most + 1)
            if power % stride == 0
        ],
        lines=[_forest_line(row, place, FOREST_TOP + FOREST_STEP * at) for at, row in enumerate(shown)],
        base=_number(base),
        height=f"{base + 26:.0f}",
        text_y=_number(base + 18),
        label=" ".join(_row_in_words(row) for row in shown) or gettext("Nothing to compare yet."),
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


def _forest_line(row: Any, place: Callable[[float | None], float], y: float) -> dict[str, Any]:
    low, high = _ratio(row, "low"), _ratio(row, "high")
    return {
        "words": _part(row, "words"),
        "text_y": _number(y - 12),
        "y": _number(y),
        "band_y": _number(y - 7),
        "x": _number(place(_ratio(row, "ratio"))),
        "low": _number(place(low)),
        "high": _number(place(inf if high is None else high)),
        "width": _number(place(inf if high is None else high) - place(low)),
        "is_usual": bool(_part(row, "is_usual")),
        "is_over": (_ratio(row, "ratio") or 0) > (high if high is not None and _part(row, "is_usual") else 1),
        "ratio": _ratio_in_words(_ratio(row, "ratio")),
        "interval": _interval_in_words(low, high),
    }


def _ratio(row: Any, name: str) -> float | None:
    value = _part(row, name)
    return None if value is None else float(value)


def _times(power: int) -> str:
    """How often as much as expected.

    >>> _times(0), _times(2), _times(-1)
    ('1', '4 ×', '1/2 ×')
    """
    return "1" if not power else f"{2**power} ×" if power > 0 else f"1/{2**-power} ×"


def _ratio_in_words(ratio: float | None) -> str:
    return "\N{INFINITY}" if ratio is None or not isfinite(ratio) else number_format(round(ratio, 1), 1)


def _interval_in_words(low: float | None, high: float | None) -> str:
    ends = {"low": _ratio_in_words(low or 0.0), "high": _ratio_in_words(high)}
    return gettext("%(low)s to %(high)s") % ends


def _row_in_words(row: Any) -> str:
    told = {
        "what": _part(row, "words"),
        "ratio": _ratio_in_words(_ratio(row, "ratio")),
        "interval": _interval_in_words(_ratio(row, "low"), _ratio(row, "high")),
    }
    if _part(row, "is_usual"):
        return gettext("%(what)s: %(ratio)s times what was expected; usual would be %(interval)s.") % told
    return gettext("%(what)s: %(ratio)s times what was expected, interval %(interval)s.") % told


def _days_in_words(counts: Sequence[float], lasts: int = 1) -> str:
    if not counts:
        return gettext("No days yet.")
    if lasts > 1:
        return gettext(
            "%(spans)d times %(days)d days, between %(least)d and %(most)d voices, %(last)d in the last."
        ) % {"spans": len(counts), "days": lasts, "least": min(counts), "most": max(counts), "last": counts[-1]}
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
    """A name under the first bar of each month, the year with the first name and with each January."""
    # Translators: formats of Django's date filter, for a month without and with its year; short, they share a line
    short, long = pgettext("format of a month on a chart", "M"), pgettext("format of a month on a chart", "M Y")
    named: list[dict[str, str]] = []
    last_x, last = -MONTH_GAP, (0, 0)
    for index, week in enumerate(weeks):
        start = _day(_part(week, "start"))
        x = LEFT + step * index
        month = (start.year, start.month)
        if (index and start.day > 7) or month == last or x - last_x < MONTH_GAP or x > RIGHT - MONTH_GAP:
            continue
        last = month
        with_year = not named or start.month == 1
        named.append({"x": _number(x), "words": date_format(start, long if with_year else short)})
        last_x = x + (MONTH_GAP if with_year else 0)
    return named


def _flags(weeks: list[Any], step: float, releases: Iterable[Any], lasts: int) -> list[dict[str, str]]:
    """A flag per release within the bars; its name is left out where it would run into the one before it."""
    if not weeks:
        return []
    first = _day(_part(weeks[0], "start"))
    last = _day(_part(weeks[-1], "start")) + timedelta(days=lasts)
    flags: list[dict[str, str]] = []
    free_from = LEFT
    for release in sorted(releases, key=lambda each: _day(_part(each, "on"))):
        on = _day(_part(release, "on"))
        if not first <= on < last:
            continue
        x = LEFT + step * (on - first).days / lasts
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
