"""The stub of an issue under embargo: what it says, that nobody but people put it there, and that nothing moves it."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from reports.models import Affected, Issue, Report
from reports.naming import artifact_named
from triage.decisions import decide, undo

pytestmark = pytest.mark.django_db
END = timezone.now().replace(microsecond=0) + timedelta(days=30)
MOST_SECRET = "A canary in the title"


@pytest.fixture(scope="module")
def people(ground: Any) -> tuple[Any, Any]:
    return ground.someone("triager"), ground.someone("moderator")


@pytest.fixture(scope="module")
def kept(ground: Any, people: tuple[Any, Any]) -> Issue:
    report = ground.file(summary="A canary in the summary")
    Report.objects.filter(pk=report.pk).update(filed_at=datetime(2026, 11, 3, 23, tzinfo=UTC))
    issue = report.placements.get().issue
    decide(issue, "embargo", by=people[0], until=END, zone="Asia/Tokyo")
    decide(issue, "confirm", by=people[0], public_title=MOST_SECRET)
    return Issue.objects.get(pk=issue.pk)


@pytest.fixture
def issue(kept: Issue) -> Issue:
    return deepcopy(kept)


@pytest.fixture
def two(people: tuple[Any, Any]) -> Any:
    return deepcopy(people[1])


def doors(issue: Issue) -> tuple[str, ...]:
    page = f"/issues/{issue.number}"
    return f"{page}/", f"{page}.json", "/issues/feed.atom", "/models/acme/chat-7b/feed.atom"


ALL = ("/", "/issues/", "/models/", "/models/acme/chat-7b/", "/sitemap-issues-1.xml", "/api/v1/issues/")


def read(client: Client, addresses: tuple[str, ...]) -> list[tuple[int, str, str, str]]:
    answers = [client.get(address) for address in addresses]
    return [(each.status_code, each.get("ETag", ""), each.get("Last-Modified", ""), body(each)) for each in answers]


def body(answer: Any) -> str:
    return str(b"".join(answer).decode() if answer.streaming else answer.content.decode())


def test_nothing_is_announced_unasked(issue: Issue, client: Client) -> None:
    page, twin, *feeds = read(client, doors(issue))

    assert (page[0], twin[0]) == (404, 404)
    assert all(str(issue.number) not in feed[3] for feed in feeds)


def test_it_tells_number_artifact_day_and_deadline_alone(issue: Issue, client: Client, two: Any) -> None:
    elsewhere = read(client, ALL)

    decide(issue, "announce", by=two)

    page, twin, *feeds = read(client, doors(issue))
    assert client.get(doors(issue)[1]).json() == {
        "schema_version": 1,
        "number": issue.number,
        "url": f"http://127.0.0.1:8000/issues/{issue.number}/",
        "status": "embargoed",
        "artifacts": [{"name": "acme/chat-7b", "url": "http://127.0.0.1:8000/models/acme/chat-7b/"}],
        "received": "2026-11-03",
        "deadline": END.isoformat().replace("+00:00", "Z"),
    }
    assert page[0] == twin[0] == 200
    assert "Asia/Tokyo" in page[3]
    for answer in (page, twin, *feeds):
        assert str(issue.number) in answer[3]
        assert "canary" not in answer[3]
        assert issue.get_kind_display() not in answer[3]
    assert read(client, ALL) == elsewhere


def test_no_hidden_row_moves_it_by_a_byte_or_a_tag(issue: Issue, client: Client, two: Any, ground: Any) -> None:
    decide(issue, "announce", by=two)
    before = read(client, doors(issue))

    ground.file(summary="Another canary")
    Report.objects.filter(placements__issue=issue).update(filed_at=timezone.now() - timedelta(days=400))
    issue.affected.create(artifact=artifact_named("model", "acme/canary"), status="affected")
    Affected.objects.filter(issue=issue).update(stated_at=timezone.now(), statement="canary")
    decide(Issue.objects.get(pk=issue.pk), "classify", by=two, severity="critical", kind="privacy_leak")
    decide(Issue.objects.get(pk=issue.pk), "write", by=two, public_title="A canary", public_summary="A canary")

    assert read(client, doors(issue)) == before


def test_the_deadline_moves_with_what_people_agreed_on(issue: Issue, client: Client, two: Any) -> None:
    decide(issue, "announce", by=two)
    before = read(client, doors(issue))

    decide(issue, "extend", by=two, until=END + timedelta(days=5), zone="UTC", reason="fix_promised")

    page, twin, *_feeds = read(client, doors(issue))
    assert page[1] != before[0][1]
    assert "fix" not in twin[3]


def test_at_the_end_the_whole_page_stands_there(issue: Issue, client: Client, two: Any) -> None:
    decide(issue, "announce", by=two)
    decide(issue, "schedule", by=two)
    made = decide(issue, "lift", by=two, reason="agreed")

    page, twin, feed, *_more = read(client, doors(issue))
    assert MOST_SECRET in page[3]
    assert '"status": "confirmed"' in twin[3]
    assert feed[3].count(f"/issues/{issue.number}/</id>") <= 1
    undo(made, by=two)
    assert "is under embargo" in read(client, doors(issue))[0][3]


def test_it_takes_somebody_who_did_not_confirm_and_a_site_that_allows_it(
    issue: Issue, people: tuple[Any, Any], two: Any, settings: Any
) -> None:
    with pytest.raises(ValidationError, match="Somebody else"):
        decide(issue, "announce", by=people[0])
    settings.EMBARGO_STUBS = False
    with pytest.raises(ValidationError, match="announces nothing"):
        decide(issue, "announce", by=two)


@pytest.mark.parametrize("how", ["taken back", "undone", "dismissed", "page gone"])
def test_it_goes_without_a_trace(issue: Issue, client: Client, two: Any, how: str, ground: Any) -> None:
    never = read(client, doors(issue))
    made = decide(issue, "announce", by=two)
    if how == "taken back":
        decide(issue, "announce", by=two, stands=False)
    if how == "undone":
        undo(made, by=two)
    if how == "dismissed":
        decide(issue, "dismiss", by=two, reason="spam")
    if how == "page gone":
        type(ground.artifact).objects.filter(pk=ground.artifact.pk).update(confirmed_at=None)

    answers = read(client, doors(issue))
    assert [answer[0] for answer in answers[:2]] == [404, 404]
    assert how == "page gone" or answers == never
