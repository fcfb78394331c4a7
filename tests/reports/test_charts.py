"""Numbers in, coordinates out."""

import re
from datetime import date, timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import override

from reports.templatetags import charts

WEEKS: list[dict[str, Any]] = [
    {"start": date(2026, 6, 1) + timedelta(weeks=week), "count": week % 4, "expected": 1.5, "low": 0, "high": 2.5}
    for week in range(12)
]


def test_bars_for_and_against_share_one_axis() -> None:
    against, for_it = sorted(
        charts.signed_bars([{"words": "same words", "weight": 3}, {"words": "other country", "weight": -1}]),
        key=lambda bar: bar.side,
    )

    assert (against.side, for_it.side) == ("against", "for")
    assert float(against.x) + float(against.width) == float(for_it.x) == float(for_it.axis)
    assert float(for_it.x) + float(for_it.width) <= 100


def test_no_reasons_draw_nothing() -> None:
    assert charts.signed_bars(None) == []


def test_strongest_reason_comes_first_in_words() -> None:
    bars = charts.signed_bars([{"words": "weak", "weight": 0.1}, {"words": "strong", "weight": 0.9}])

    assert [(bar.words, bar.strength) for bar in bars] == [("strong", "strong"), ("weak", "slight")]


def test_sparkline_says_when_the_last_week_is_over_expectation() -> None:
    assert charts.sparkline([0, 1, 9], expected=4).is_over
    assert not charts.sparkline([0, 1, 3], expected=4).is_over
    assert not charts.sparkline([0, 1, 9]).is_over


def test_sparkline_of_nothing_is_a_flat_point() -> None:
    line = charts.sparkline([])

    assert (line.points, line.last_y) == ("0.0,20.0", "20.0")


def test_chart_marks_weeks_above_their_interval() -> None:
    chart = charts.weekly_chart(WEEKS)

    assert [bar["is_over"] for bar in chart.bars] == [week["count"] > 2.5 for week in WEEKS]


def test_chart_flags_only_releases_within_its_weeks() -> None:
    releases = [
        {"on": date(2026, 6, 20), "name": "2026-06"},
        {"on": date(2025, 1, 1), "name": "before"},
        {"on": date(2027, 1, 1), "name": "after"},
    ]

    assert [flag["name"] for flag in charts.weekly_chart(WEEKS, releases).flags] == ["2026-06"]


def test_chart_of_no_weeks_says_so() -> None:
    assert charts.weekly_chart([]).label == "No weeks yet."


def test_coordinates_keep_their_point_where_numbers_have_a_comma() -> None:
    with override("es"):
        shown = render_to_string("components/chart.html", {"title": "Voices a week", "weeks": WEEKS})
        spark = render_to_string("components/sparkline.html", {"counts": [1, 2, 5], "expected": 2})

    assert re.findall(r'(?:x|y|width|height)="[^"]*,[^"]*"', shown + spark) == []


def test_chart_has_a_table_twin() -> None:
    shown = render_to_string("components/chart.html", {"title": "Voices a week", "weeks": WEEKS})

    assert shown.count("<tr>") == len(WEEKS) + 1
    assert "1.5 (0.0–2.5)" in shown
