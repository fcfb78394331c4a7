"""Home: its two doors, what is told there, and the one thing that was meant."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Alias, Artifact, Signal
from reports.naming import artifact_named

Make = Callable[..., Any]


def confirmed(name: str, **fields: Any) -> Artifact:
    made = artifact_named("model", name)
    Artifact.objects.filter(pk=made.pk).update(confirmed_at=timezone.now(), **fields)
    made.refresh_from_db()
    return made


def make_signal(state: str = "confirmed", **about: Any) -> Signal:
    told: dict[str, Any] = {"detector": "burst", "method": "burst-1", "tier": "watch", "observed": 11, "expected": 1.94}
    return Signal.objects.create(state=state, since=date(2026, 11, 9), **{**told, **about})


def titles(response: Any, section: str) -> list[str]:
    return [line.title for line in response.context[section]]


def test_home_shows_what_is_open_and_what_was_resolved_the_newest_decision_first(
    client: Client, make_issue: Make
) -> None:
    now = timezone.now()
    make_issue("Old", published_at=now - timedelta(days=9), confirmed_at=now - timedelta(days=9))
    make_issue("Ended today", status="resolved", published_at=now - timedelta(days=20))
    make_issue("New", published_at=now - timedelta(days=3), confirmed_at=now - timedelta(days=3))
    make_issue("Ended long ago", status="resolved", resolved_at=now - timedelta(days=8), published_at=None)
    make_issue("Ended before", status="resolved", resolution="documented", resolved_at=now - timedelta(days=7))

    response = client.get("/")

    assert titles(response, "lines") == ["New", "Old"]
    assert titles(response, "resolved") == ["Ended today", "Ended before"]
    page = response.content.decode()
    assert [how in page for how in ("Fixed", "Documented", 'href="/issues/?state=resolved"')] == [True] * 3
    assert 'type="application/atom+xml" title="Issues on record" href="/issues/feed.atom"' in page


def test_home_says_so_when_nothing_is_on_record(client: Client, db: None) -> None:
    page = client.get("/").content.decode()

    assert "Nothing is on the record yet." in page
    assert [heading in page for heading in ("Recently resolved", "Patterns a person", "New pages")] == [False] * 3


def test_home_tells_which_pages_are_new(client: Client, artifact: Artifact) -> None:
    confirmed("kelp/reader")
    artifact_named("model", "kelp/unseen")

    assert [page.name for page in client.get("/").context["newest"]] == ["kelp/reader", "acme/chat-7b"]


def test_signals_that_a_person_confirmed_are_told(client: Client, make_issue: Make, artifact: Artifact) -> None:
    make_signal(issue=make_issue("Invented helplines"), artifact=artifact)
    make_signal(artifact=artifact)

    response = client.get("/")

    told = [(signal.title, signal.get_absolute_url) for signal in response.context["emerging"]]
    assert told == [("acme/chat-7b", "/models/acme/chat-7b/"), ("Invented helplines", "/issues/TT-2026-00001/")]
    assert "11 seen where 1.9 were expected" in response.content.decode()


def test_two_signals_of_one_issue_are_told_apart(client: Client, make_issue: Make) -> None:
    issue = make_issue("Invented helplines")
    make_signal(issue=issue)
    make_signal(issue=issue, detector="severity", observed=2, expected=0)

    page = client.get("/").content.decode()

    assert "<span>Burst</span>" in page
    assert "<span>Grave harm</span>\n        <span>2 reports</span>" in page
    assert "where 0 were expected" not in page + client.get("/signals/feed.atom").content.decode()


@pytest.mark.parametrize("role", ["", "triager"])
def test_no_other_signal_is_told(
    client: Client, make_issue: Make, artifact: Artifact, someone: Make, role: str
) -> None:
    shown = make_issue()
    hidden = artifact_named("model", "secret/model")
    before = client.get("/")
    for state in Signal.State.values:
        if state != "confirmed":
            make_signal(state, issue=shown, artifact=artifact)
    make_signal(cell={"context_of_use": "health"})
    make_signal(issue=make_issue(status="new"))
    if not role:
        make_signal(issue=make_issue(published_at=None))
        make_signal(issue=make_issue(embargo_until=timezone.now() + timedelta(days=1)), artifact=artifact)
        make_signal(artifact=hidden)
        make_signal(issue=shown, artifact=hidden)

    after = client.get("/")
    if role:
        client.force_login(someone(role))

    assert (after.content, after["ETag"]) == (before.content, before["ETag"])
    assert list(client.get("/").context["emerging"]) == []


@pytest.mark.parametrize("asked", ["TT-2026-00001", " tt-2026-00001 "])
def test_a_number_in_the_search_box_leads_to_its_issue(client: Client, make_issue: Make, asked: str) -> None:
    make_issue()

    assert client.get("/", {"q": asked})["Location"] == "/issues/TT-2026-00001/"


@pytest.mark.parametrize("asked", ["acme/chat-7b", "Chat-7B", "the acme one"])
def test_a_name_in_the_search_box_leads_to_its_artifact(client: Client, artifact: Artifact, asked: str) -> None:
    Alias.objects.create(artifact=artifact, name="The Acme One")

    assert client.get("/", {"q": asked})["Location"] == "/models/acme/chat-7b/"


@pytest.mark.parametrize("asked", ["rent law", "TT-2026-99999", "nul\x00byte", "/", "%", "long " * 9_000])
def test_anything_else_in_the_search_box_searches_the_issues(client: Client, artifact: Artifact, asked: str) -> None:
    response = client.get("/", {"q": asked}, follow=True)

    assert response.redirect_chain[0][0].startswith("/issues/?q=")
    assert response.status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_home_costs_the_same_for_one_row_and_three(
    client: Client, make_issue: Make, django_assert_num_queries: Any, rows: int
) -> None:
    for number in range(rows):
        make_signal(issue=make_issue(artifact=confirmed(f"acme/of-{number}")))
        make_issue(status="resolved")

    with django_assert_num_queries(6):
        client.get("/")
