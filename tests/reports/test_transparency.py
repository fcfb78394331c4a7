"""What a site tells of itself in numbers, and that they tell of nobody."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from jsonschema import Draft202012Validator

from ledger.models import Event, Payload
from reports.models import Affected, Artifact, Issue, Placement, Report, Signal
from reports.promptness import Promptness, Spread
from reports.suppression import Folded
from reports.transparency import Figures, Quarter, Told, developers, figures

pytestmark = pytest.mark.django_db

TODAY = date(2026, 8, 20)
SPRING, SUMMER = datetime(2026, 5, 4, 12, tzinfo=UTC), datetime(2026, 7, 6, 12, tzinfo=UTC)
SCHEMA = json.loads((Path(__file__).parents[2] / "reports/schemas/transparency.json").read_text())
serial = count(1)


def reports(about: Artifact, number: int, at: datetime = SPRING, **fields: Any) -> list[Report]:
    values = {"channel": "form", "language": "en", "kind": "other", "consent_version": "1"} | fields
    return Report.objects.bulk_create(
        Report(reference=f"R{next(serial)}", receipt_digest=b"x", voice_key="v", artifact=about, filed_at=at, **values)
        for _ in range(number)
    )


def events(verb: str, number: int, at: datetime = SPRING, **content: Any) -> None:
    made = Event.objects.bulk_create(Event(verb=verb, actor="p", subjects=["issue:1"], at=at) for _ in range(number))
    Payload.objects.bulk_create(Payload(event=event, content=content) for event in made)


def shown(name: str = "", today: date = TODAY) -> Figures:
    cache.clear()
    found = figures(name, today=today)
    assert found is not None
    return found


@pytest.fixture
def spring(artifact: Artifact, make_issue: Callable[..., Any]) -> None:
    """A quarter in which much happened, and a running one in which little did."""
    reports(artifact, 30)
    reports(artifact, 6, channel="api", language="es-MX", held_for="many")
    reports(artifact, 2, channel="import", language="ar")
    reports(artifact, 7, SUMMER)
    issue = make_issue("Public", published_at=SPRING, confirmed_at=SPRING)
    make_issue("Ended", status="resolved", published_at=SPRING, confirmed_at=SPRING, resolved_at=SUMMER)
    stands = {"issue": issue, "placed_at": SPRING}
    Placement.objects.bulk_create(
        Placement(report=report, by="engine" if at else "person", method="m", superseded_at=SPRING, **stands)
        for at, report in enumerate(Report.objects.order_by("pk")[:12])
    )
    events("dismiss", 9, reason="spam", decision=1)
    events("dismiss", 3, reason="insufficient", decision=1)
    events("confirm", 20, decision=1)
    events("undo", 5, decision=1, undone="dismiss")
    events("reveal", 8)
    events("reveal", 2, files=3)
    events("file", 40, channel="form")
    Report.objects.filter(pk__in=Report.objects.order_by("pk")[:5].values("pk")).update(erased_at=SPRING)


@pytest.mark.usefixtures("spring")
def test_a_quarter_that_is_over_tells_what_came_and_what_was_decided() -> None:
    told = shown("2026-Q2")

    assert told.flows.received == Told(38, True)
    assert told.flows.held == Told(6, True)
    assert told.flows.placed == Told(12, True)
    assert told.flows.declined == Told(12, True)
    assert (told.flows.decisions, told.flows.undone) == (Told(32, True), Told(5, True))
    assert (told.flows.revealed, told.flows.revealed_files) == (Told(8, True), Told(None, False))
    assert (told.flows.erased, told.flows.signals) == (Told(5, True), Told(None, False))
    assert (told.published, sum(told.resolved.values())) == (2, 0)
    assert told.tables["channel"] == told_channels()
    assert told.tables["language"] == Folded({"en": 30}, 8, 38)
    assert told.tables["dismiss"] == Folded({}, 12, 12)
    assert told.tables["placed"] == Folded({}, 12, 12)
    assert told.tables["signal"] == Folded({}, None, None)


def told_channels() -> Folded[str]:
    return Folded({"form": 30}, 8, 38)


@pytest.mark.usefixtures("spring")
def test_a_running_quarter_has_no_tables_and_says_so(client: Client) -> None:
    told = shown("2026-Q3")

    assert (told.is_running, told.counted_to, told.tables) == (True, date(2026, 8, 19), {})
    assert told.flows.received == Told(7, True)
    assert told.resolved["fixed"] == 1


@pytest.mark.usefixtures("spring")
def test_the_whole_says_no_more_than_its_quarters() -> None:
    told = shown()

    assert told.flows.received == Told(45, True)
    assert told.flows.declined == Told(12, False), "of the running quarter it is not told"
    assert told.flows.merged == Told(None, False)
    assert (told.published, told.resolved["fixed"]) == (2, 1)
    assert [str(quarter) for quarter, *_ in told.each] == ["2026-Q3", "2026-Q2"]


def test_what_happens_today_is_not_counted_before_tomorrow(artifact: Artifact) -> None:
    reports(artifact, 6, datetime(2026, 8, 20, 0, 0, tzinfo=UTC))

    assert shown().flows.received == Told(None, False)
    assert shown(today=TODAY + timedelta(days=1)).flows.received == Told(6, True)


@pytest.mark.usefixtures("spring")
def test_one_hidden_report_moves_only_totals_of_five_or_more(
    artifact: Artifact, make_issue: Callable[..., Any]
) -> None:
    before = {name: shown(name) for name in ("", "2026-Q2", "2026-Q3")}

    (report,) = reports(artifact, 1, visibility="private", language="zh", channel="import", held_for="trap")
    hidden = make_issue("Hidden", status="new", opened_at=SPRING)
    make_issue("Embargoed", published_at=SPRING, embargo_until=timezone.now() + timedelta(days=9))
    Signal.objects.create(
        issue=hidden, detector="d", method="m", tier="watch", observed=3, expected=1, since=SPRING, opened_at=SPRING
    )
    Report.objects.filter(pk=report.pk).update(withdrawn_at=SPRING, redacted_at=SPRING)
    events("withdraw", 1)
    after = {name: shown(name) for name in before}

    assert after["2026-Q3"] == before["2026-Q3"]
    moved = {
        name for name in before[""].flows.__slots__ if getattr(after[""].flows, name) != getattr(before[""].flows, name)
    }
    assert moved == {"received", "held"}
    assert (after["2026-Q2"].flows.received, after["2026-Q2"].flows.held) == (Told(39, True), Told(7, True))
    assert after["2026-Q2"].tables["language"] == Folded({"en": 30}, 9, 39)
    assert after["2026-Q2"].tables["signal"] == before["2026-Q2"].tables["signal"]
    assert after["2026-Q2"].published == before["2026-Q2"].published


def test_a_single_report_of_long_ago_opens_no_quarter(artifact: Artifact) -> None:
    reports(artifact, 1, datetime(2025, 2, 3, tzinfo=UTC))

    assert shown().quarters == (Quarter(2026, 3),)


def test_nearly_all_being_held_is_not_told_as_it_would_tell_of_the_others(artifact: Artifact) -> None:
    reports(artifact, 9, held_for="many")
    reports(artifact, 2)

    assert shown("2026-Q2").flows.held == Told(None, False)


def test_a_language_nobody_knows_is_no_word_of_the_page(artifact: Artifact) -> None:
    reports(artifact, 6, language="<script>")

    assert shown("2026-Q2").tables["language"] == Folded({"und": 6}, None, 6)


def test_signals_are_told_by_how_they_ended(artifact: Artifact, client: Client) -> None:
    def signals(number: int, state: str) -> None:
        Signal.objects.bulk_create(
            Signal(
                detector="d",
                method="m",
                tier="watch",
                observed=3,
                expected=1,
                since=SPRING,
                opened_at=SPRING,
                state=state,
            )
            for _ in range(number)
        )

    assert "Early warnings" not in client.get("/transparency/").content.decode()
    signals(6, "confirmed")
    signals(5, "refuted")

    assert shown("2026-Q2").tables["signal"] == Folded({"confirmed": 6, "refuted": 5}, None, 11)
    assert "Early warnings" in client.get("/transparency/").content.decode()


def test_developers_are_told_of_as_the_public_sees_them(artifact: Artifact, make_issue: Callable[..., Any]) -> None:
    told = {"notified_at": SPRING}
    for _number in range(2):
        Affected.objects.filter(issue=make_issue()).update(**told)
    Affected.objects.filter(issue=make_issue("Hidden", status="new")).update(**told)
    assert developers(TODAY) == {"Acme": Promptness(2, Spread(0), Spread(0), 2, 108)}

    Affected.objects.update(notified_at=None)

    assert developers(TODAY) == {}


@pytest.mark.usefixtures("spring")
def test_the_twin_is_what_its_schema_says(client: Client) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for address in ("/transparency.json", "/transparency.json?period=2026-Q2"):
        cache.clear()
        told = client.get(address).json()
        Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(told)

    assert told["counts"]["received"] == {"count": 38, "is_all": True}
    assert told["tables"]["channel"] == {"cells": {"form": 30}, "others": 8, "total": 38}


@pytest.mark.usefixtures("spring")
def test_the_page_can_be_shared_and_asked_for_again(client: Client) -> None:
    answer = client.get("/transparency/?period=2026-Q2")

    page = answer.content.decode()
    assert "2026, quarter 2" in page
    assert '/transparency/?period=2026-Q2">' in page.partition('rel="canonical"')[2][:99]
    assert 'href="/transparency/?period=2026-Q3"' in page
    assert "too few to tell" in page
    again = client.get("/transparency/?period=2026-Q2", headers={"if-none-match": answer["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name", ["2026-q2", "2026-Q5", "1999-Q1", "9999-Q4", "0000-Q1", "٢٠٢٦-Q2", "\x00", "x" * 9999, "all"]
)
@pytest.mark.parametrize("address", ["/transparency/", "/transparency.json"])
def test_a_period_that_is_none_has_no_page(client: Client, address: str, name: str) -> None:
    assert client.get(address, {"period": name}).status_code == 404


def test_the_page_costs_the_same_however_much_there_is(
    client: Client, artifact: Artifact, make_issue: Callable[..., Any]
) -> None:
    costs = []
    for more in (1, 3):
        for at in (SPRING, SUMMER, SPRING - timedelta(days=400)):
            reports(artifact, 5 * more, at)
            Affected.objects.filter(issue=make_issue(published_at=at)).update(notified_at=at)
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as fresh:
            client.get("/transparency/")
        with CaptureQueriesContext(connection) as kept:
            client.get("/transparency/")
        costs.append((len(fresh), len(kept)))

    assert costs[0] == costs[1]
    assert costs[0][1] == 4  # what is kept, published, resolved, silent


def test_quarters_follow_each_other() -> None:
    last = Quarter.of(date(2026, 12, 31))

    assert (str(last), last.first, last.last, str(last.after)) == (
        "2026-Q4",
        date(2026, 10, 1),
        date(2026, 12, 31),
        "2027-Q1",
    )
    assert [Quarter.of(day) for day in (date(2026, 3, 31), date(2026, 4, 1))] == [Quarter(2026, 1), Quarter(2026, 2)]
    assert (last.is_over(date(2026, 12, 31)), last.is_over(date(2027, 1, 1))) == (False, True)


def test_it_is_the_same_for_those_who_see_more(client: Client, triager: Any, make_issue: Callable[..., Any]) -> None:
    make_issue("Hidden", status="new")
    before = client.get("/transparency.json").content
    client.force_login(triager)

    assert client.get("/transparency.json").content == before
    assert Issue.objects.count() == 1
