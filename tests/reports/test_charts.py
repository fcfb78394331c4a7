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


def test_a_forest_marks_one_and_keeps_open_ends_on_its_axis() -> None:
    rows = [
        {"words": "All of it", "ratio": 4.0, "low": 2.0, "high": float("inf")},
        {"words": "Without one", "ratio": 1.0, "low": 0, "high": 2.0},
    ]

    drawn = charts.forest(rows)

    assert [tick["words"] for tick in drawn.ticks] == ["1/2 ×", "1", "2 ×", "4 ×"]
    one = next(tick["x"] for tick in drawn.ticks if tick["is_one"])
    assert [line["high"] for line in drawn.lines] == ["704.0", drawn.ticks[2]["x"]]
    assert (drawn.lines[1]["low"], drawn.lines[1]["x"]) == ("16.0", one)
    assert "All of it: 4.0 times what was expected, interval 2.0 to ∞." in drawn.label


def test_a_forest_of_nothing_and_of_a_hundredfold_stays_readable() -> None:
    assert charts.forest([]).label == "Nothing to compare yet."
    assert len(charts.forest([{"words": "", "ratio": 5_000.0, "low": 0.001, "high": 1e9}]).ticks) <= charts.MOST_TICKS


def test_a_forest_has_a_table_twin_in_every_language() -> None:
    rows = [{"words": "<b>All</b>", "ratio": 5.8, "low": 0.4, "high": 2.2, "is_usual": True}]

    with override("es"):
        shown = render_to_string("components/forest.html", {"title": "Observed", "rows": rows, "usual": True})

    assert re.findall(r'(?:x|y|width|height)="[^"]*,[^"]*"', shown) == []
    twin = shown.partition("<tbody>")[2]
    assert [told in twin for told in ("<td>5,8</td>", "0,4", "2,2", "&lt;b&gt;All")] == [True] * 4


def test_bars_of_other_spans_flag_releases_where_they_fall_and_name_each_month_once() -> None:
    days = [{"start": date(2026, 6, 1) + timedelta(days=day), "count": day} for day in range(8)]

    chart = charts.weekly_chart(days, [{"on": date(2026, 6, 5), "name": "2026-06"}], days=1)

    assert [month["words"] for month in chart.months] == ["Jun 2026"]
    assert [flag["x"] for flag in chart.flags] == ["371.0"]
    assert chart.label == "8 days, between 0 and 7, 7 on the last."
    assert "3 days" in charts.weekly_chart(days[::3], days=3).label
