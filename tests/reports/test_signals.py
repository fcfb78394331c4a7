"""The public pages of signals: what a person confirmed, of what has a page, and not a byte of the rest."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Artifact, Issue, Signal, Version
from reports.naming import artifact_named

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
PAGES = ("/signals/", "/signals/feed.atom", "/signals/?detector=burst", "/sitemap.xml", "/")
SERIES = {"from": "2026-09-08", "voices": [0, 1, 0, 0, 0, 0, 0] * 8 + [1, 2, 1, 2, 2, 1, 2], "expected": [0.27] * 63}
BURST = {
    "window_days": 7,
    "reports": 14,
    "band": [0, 5],
    "ratio": 5.8,
    "p": 0.0001,
    "launch": 1.0,
    "is_alone": False,
    "is_possible_campaign": False,
    "series": SERIES,
}


def make_signal(state: str = "confirmed", **about: Any) -> Signal:
    told: dict[str, Any] = {
        "detector": "burst",
        "method": "burst-1",
        "tier": "alarm",
        "observed": 11,
        "expected": 1.9,
        "since": date(2026, 11, 3),
        "statistics": BURST,
        "judged_at": timezone.now() if state not in ("new", "in_review") else None,
    }
    return Signal.objects.create(state=state, **{**told, **about})


@pytest.fixture
def artifact(ground: Any) -> Artifact:
    made: Artifact = deepcopy(ground.artifact)
    return made


@pytest.fixture
def make_issue(ground: Any) -> Make:
    make: Make = ground.make_issue
    return make


@pytest.fixture
def issue(make_issue: Make) -> Issue:
    made: Issue = make_issue("Invented helpline numbers")
    return made


def test_the_list_tells_what_was_observed_and_expected(client: Client, issue: Issue) -> None:
    signal = make_signal(issue=issue, reason="independent", reason_words="nobody outside reads this")

    page = client.get("/signals/").content.decode()

    told = ["<b>11</b> voices in 7 days", "14 reports", "<b>1.9</b>", "usual: 0 to 5", "Alarm", "Confirmed by a person"]
    told += [f'href="/signals/{signal.pk}/"', f'href="/issues/{issue.number}/"', "not a rate of failure"]
    assert [words for words in told if words not in page] == []
    assert "nobody outside" not in page + client.get(f"/signals/{signal.pk}/").content.decode()


def test_a_page_of_a_signal_draws_what_it_says_and_tells_the_same_as_tables(client: Client, issue: Issue) -> None:
    signal = make_signal(issue=issue, reason="independent")

    page = client.get(f"/signals/{signal.pk}/").content.decode()

    assert page.count("<svg viewBox") >= 2
    assert page.count("Numbers as a table") == 2
    assert page.count('<th scope="row">') == 9  # weeks; the line of the comparison has a direction of its own
    assert [words in page for words in ("usual, if nothing has changed", "<td>5.8</td>", "0.0 to 2.6")] == [True] * 3
    assert "People met it independently of each other" in page


def test_a_cell_is_told_with_the_issues_that_the_public_may_read_and_no_others(
    client: Client, artifact: Artifact, issue: Issue, make_issue: Make
) -> None:
    hidden = make_issue("canary", status="new")
    Version.objects.create(artifact=artifact, name="canary-typed", released_on=date(2026, 10, 1))
    artifact.versions.filter(name="2026-06").update(released_on=date(2026, 10, 20))
    told = {
        "ic": 1.5,
        "interval": [0.8, 2.1],
        "drivers": [[issue.pk, 7], [hidden.pk, 2]],
        "low_without_first": -0.4,
        "series": SERIES,
    }
    cell = {"kind": "false_information", "language": "es"}
    signal = make_signal(detector="disproportion", artifact=artifact, cell=cell, statistics=told, observed=9)

    page = client.get(f"/signals/{signal.pk}/").content.decode()

    assert [words in page for words in ("acme/chat-7b", "False information", "7 of 9 voices")] == [True] * 3
    assert "without it: no more than expected" in page
    assert "Voices a week" not in page  # its days would tell of the issue that has no page
    assert "canary" not in page
    shown = deepcopy(told) | {"drivers": [[issue.pk, 7]]}
    Signal.objects.filter(pk=signal.pk).update(statistics=shown)
    page = client.get(f"/signals/{signal.pk}/").content.decode()
    assert "Voices a week" in page
    assert ">2026-06<" in page
    assert "canary" not in page


@pytest.mark.parametrize("unnamed", [0, 1])
def test_the_days_since_a_release_are_drawn_if_all_that_they_tell_of_may_be_read(
    client: Client, artifact: Artifact, issue: Issue, unnamed: int
) -> None:
    told = {"series": SERIES, "drivers": [[issue.pk, 9]], "driver_count": 1 + unnamed}
    signal = make_signal(detector="release", artifact=artifact, cell={"kind": "other"}, statistics=told, observed=9)
    silent = make_signal(detector="release", artifact=artifact, statistics={"series": SERIES})

    assert ("Voices a week" in client.get(f"/signals/{signal.pk}/").content.decode()) is not bool(unnamed)
    assert "Voices a week" not in client.get(f"/signals/{silent.pk}/").content.decode()


def test_of_grave_harm_reports_are_told_and_no_voices(client: Client, issue: Issue) -> None:
    told = {"because": {"kind": "privacy_leak"}, "report_ids": [1, 2]}
    signal = make_signal(detector="severity", issue=issue, observed=2, expected=0, statistics=told)

    pages = [client.get(address).content.decode() for address in ("/", "/signals/", f"/signals/{signal.pk}/")]

    assert ["2 reports" in page for page in pages] == [True] * 3
    assert ["2 voices" in page for page in pages] == [False] * 3


@pytest.mark.parametrize("role", ["", "triager", "maintainer"])
def test_whoever_looks_reads_of_none_that_nobody_confirmed(
    client: Client, ground: Any, artifact: Artifact, issue: Issue, role: str
) -> None:
    made = [make_signal(state, issue=issue) for state in Signal.State.values if state != "confirmed"]
    if role:
        client.force_login(ground.someone(role, artifact_id=artifact.pk))

    assert "No signal is confirmed." in client.get("/signals/").content.decode()
    assert [client.get(f"/signals/{each.pk}/").status_code for each in made] == [404] * 5


def test_what_is_hidden_changes_no_byte(client: Client, artifact: Artifact, issue: Issue, make_issue: Make) -> None:
    shown = make_signal(issue=issue)
    pages = [*PAGES, f"/signals/{shown.pk}/"]
    before = [(answer.content, answer.get("ETag")) for answer in map(client.get, pages)]
    secret = artifact_named("model", "secret/canary")
    hidden = make_issue("canary", status="new")

    for state in Signal.State.values:
        if state != "confirmed":
            make_signal(state, issue=issue)
            make_signal(state, artifact=artifact, detector="release")
    make_signal(issue=hidden)
    make_signal(issue=make_issue("canary", published_at=None))
    make_signal(issue=make_issue("canary", embargo_until=timezone.now() + timedelta(days=1)), artifact=artifact)
    make_signal(artifact=secret)
    make_signal(issue=issue, artifact=secret)
    make_signal(theme=7)
    make_signal(cell={"kind": "other"})
    Signal.objects.filter(pk=shown.pk).update(last_seen_on=date(2026, 11, 20))

    assert [(answer.content, answer.get("ETag")) for answer in map(client.get, pages)] == before


def test_a_signal_leaves_with_what_it_is_about(client: Client, issue: Issue) -> None:
    signal = make_signal(issue=issue)
    before = client.get("/signals/")

    Issue.objects.filter(pk=issue.pk).update(embargo_until=timezone.now() + timedelta(days=9))

    assert client.get(f"/signals/{signal.pk}/").status_code == 404
    after = client.get("/signals/")
    assert (after["ETag"] != before["ETag"], issue.public_title in after.content.decode()) == (True, False)


def test_who_has_the_page_gets_304_until_it_says_something_else(client: Client, issue: Issue) -> None:
    signal = make_signal(issue=issue)
    tag = client.get("/signals/")["ETag"]

    assert client.get("/signals/", headers={"If-None-Match": tag}).status_code == 304
    Signal.objects.filter(pk=signal.pk).update(state="refuted")
    assert client.get("/signals/", headers={"If-None-Match": tag}).status_code == 200


def test_the_list_is_narrowed_by_what_was_seen_and_by_what_it_is_about(
    client: Client, artifact: Artifact, issue: Issue
) -> None:
    make_signal(issue=issue)
    make_signal(detector="release", artifact=artifact, observed=86, expected=32.0, statistics={})
    system = artifact_named("system", "acme/desk")
    Artifact.objects.filter(pk=system.pk).update(confirmed_at=timezone.now())
    make_signal(detector="burst", artifact=system)

    def titles(address: str) -> list[str]:
        return [signal.title for signal in client.get(address).context["signals"]]

    assert titles("/signals/") == ["acme/desk", "acme/chat-7b", "Invented helpline numbers"]
    assert titles("/signals/?detector=release") == ["acme/chat-7b"]
    assert titles("/signals/?kind=system") == ["acme/desk"]
    assert titles("/signals/?kind=dataset") == []
    assert titles("/signals/?detector=banana&kind=%00&page=banana") == titles("/signals/")
    chips = [(chip["words"], chip["count"]) for chip in client.get("/signals/").context["chips"]]
    assert chips == [("All", 3), ("Burst", 2), ("Since a release", 1), ("Models", 2), ("Systems", 1)]


@pytest.mark.parametrize("asked", ["0", "9" * 30, "1%00", "-1", "x"])
def test_what_never_was_is_not_found(client: Client, asked: str) -> None:
    assert client.get(f"/signals/{asked}/").status_code == 404


def test_what_is_written_into_titles_is_text(client: Client, make_issue: Make) -> None:
    signal = make_signal(issue=make_issue("<script>alert(1)</script> مرحبا"))

    for address in ("/signals/", f"/signals/{signal.pk}/"):
        page = client.get(address, headers={"Accept-Language": "ar"}).content.decode()
        assert "<script>alert" not in page
        assert "مرحبا" in page


def test_the_feed_tells_each_once_and_keeps_its_id(client: Client, issue: Issue) -> None:
    signal = make_signal(issue=issue)

    feed = client.get("/signals/feed.atom").content.decode()

    assert feed.count("<entry>") == 1
    assert f"tag:127.0.0.1,2026:/signals/{signal.pk}/" in feed
    assert "11 seen where 1.9 were expected." in feed


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_often_for_three_as_for_one(
    client: Client, make_issue: Make, artifact: Artifact, django_assert_num_queries: Any, rows: int
) -> None:
    for _number in range(rows):
        make_signal(issue=make_issue())
        make_signal(artifact=artifact, detector="disproportion", statistics={"drivers": [[make_issue().pk, 3]]})

    with django_assert_num_queries(5):
        client.get("/signals/")


def test_a_page_of_ten_is_no_burden(client: Client, make_issue: Make) -> None:
    for number in range(12):
        make_signal(issue=make_issue(f"Invents a helpline number in language {number}"))

    page = client.get("/signals/")

    assert len(page.context["signals"]) == 10
    assert len(page.content) < 50_000
