"""The page of an issue: its story, how we know, whom to thank, and the history of what everybody could see happen."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.policy import ANONYMOUS
from reports.models import Affected, Answer, Artifact, Credit, Issue, Report, Reproduction
from reports.naming import artifact_named
from reports.withdrawing import withdraw
from triage.decisions import decide, undo

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
CANARY = "canary-in-the-page"
HOSTILE = "</script><b>Eve</b> \u202e\u2066 {{ 7 }}"


@pytest.fixture(scope="module")
def made(ground: Any) -> Any:
    """A public issue of two reports, and a triager."""
    triager = ground.someone("triager")
    first = ground.file(credit_name="Ada Lovelace")
    told = "Looking for precedents on noise at night it named a case of 1987 that no court has ever heard."
    second = ground.file(summary="Made-up precedents on noise", what_happened=told, found_by="audit")
    issue = first.placements.get().issue
    if second.placements.get().issue != issue:
        decide(second.placements.get().issue, "place", by=triager, report=second, target=issue)
    decide(issue, "confirm", by=triager, severity="high")
    issue.refresh_from_db()
    return issue, first, second, triager, ground.artifact


@pytest.fixture
def issue(made: Any) -> Issue:
    copied: Issue = deepcopy(made[0])
    return copied


@pytest.fixture
def reports(made: Any) -> tuple[Report, Report]:
    return deepcopy(made[1]), deepcopy(made[2])


@pytest.fixture
def triager(made: Any) -> Any:
    return made[3]


@pytest.fixture
def artifact(made: Any) -> Artifact:
    copied: Artifact = deepcopy(made[4])
    return copied


def page(client: Client, issue: Issue) -> str:
    return client.get(issue.get_absolute_url()).content.decode()


def twin(client: Client, issue: Issue) -> dict[str, Any]:
    told: dict[str, Any] = client.get(f"/issues/{issue.number}.json").json()
    return told


def story(client: Client, issue: Issue) -> str:
    told = str(client.get(issue.get_absolute_url()).context["story"])
    return told.replace("\u2068", "").replace("\u2069", "")


def steps(client: Client, issue: Issue) -> list[str]:
    return [step["words"] for step in client.get(issue.get_absolute_url()).context["history"]]


def both(client: Client, issue: Issue) -> tuple[bytes, bytes]:
    """What everybody is sent: neither may move when something hidden happens."""
    return client.get(issue.get_absolute_url()).content, client.get(f"/issues/{issue.number}.json").content


# The story


def test_the_story_tells_what_where_since_when_and_how_it_ended(
    client: Client, issue: Issue, artifact: Artifact, triager: Any
) -> None:
    told = story(client, issue)
    assert told.startswith("False information in acme/chat-7b. 2 independent voices reported it, the first on ")
    assert told.endswith("It is open.")

    decide(issue, "affect", by=triager, artifact=artifact, status="affected", introduced_in="2026-05")
    decide(issue, "reproduce", by=triager, artifact=artifact, version="2026-06", tries=10, failures=0)
    decide(
        issue,
        "resolve",
        by=triager,
        reason="fixed",
        fixed_in=artifact.versions.get(name="2026-06"),
        statement="It looks rulings up.",
    )

    told = story(client, issue)
    assert "It has been seen from version 2026-05 on." in told
    assert "When it was last tried again, 0 of 10 tries failed." in told
    assert "It was fixed in 2026-06, on " in told


def test_the_story_counts_nothing_that_has_no_page(
    client: Client, issue: Issue, artifact: Artifact, triager: Any
) -> None:
    Affected.objects.create(issue=issue, artifact=artifact_named("model", "acme/secret"))
    decide(issue, "resolve", by=triager, reason="documented", artifact=artifact)

    assert story(client, issue).endswith("It is open.")


def test_the_story_says_who_answered_who_was_silent_and_who_disputes(
    client: Client, issue: Issue, artifact: Artifact, triager: Any, someone: Make
) -> None:
    row = Affected.objects.get(issue=issue)
    Affected.objects.filter(pk=row.pk).update(notified_at=timezone.now())
    assert "Acme was told on " in story(client, issue)
    assert "and has not answered on the record." in story(client, issue)

    maintainer = someone("maintainer", artifact_id=artifact.pk)
    answer = Answer.objects.create(
        issue=issue, artifact=artifact, by=maintainer, text="We retrain it.", is_dispute=True
    )
    Issue.objects.filter(pk=issue.pk).update(is_disputed=True)
    waiting = page(client, issue)
    assert "The developer disputes it." in waiting
    assert "We retrain it." not in waiting  # nobody has taken it yet
    decide(issue, "affect", by=triager, artifact=artifact, answer=answer)

    assert "Acme answered on " in story(client, issue)
    assert "We retrain it." in page(client, issue)
    assert maintainer.email not in page(client, issue)
    assert [said["by"] for said in twin(client, issue)["answers"]] == ["developer"]


# How we know


def test_reproductions_say_how_often_on_what_and_by_whom(
    client: Client, issue: Issue, artifact: Artifact, triager: Any, someone: Make
) -> None:
    maintainer = someone("maintainer", artifact_id=artifact.pk)
    about = {"issue": issue, "artifact": artifact, "version": artifact.versions.get(name="2026-05")}
    at = timezone.now()
    Reproduction.objects.create(**about, by=maintainer, tries=9, failures=2, tried_at=at, evidence=CANARY)
    settings = {"temperature": 0.7, HOSTILE: HOSTILE, "nested": {CANARY: CANARY}}
    Reproduction.objects.create(
        **about, by=triager, tries=5, failures=3, tried_at=at - timedelta(days=1), settings=settings
    )
    ended = {"ended_at": at, "tried_at": at}
    Reproduction.objects.create(**about, by=triager, tries=77, failures=77, **ended)

    told = twin(client, issue)["reproductions"]

    assert [(each["failures"], each["tries"], each["version"], each["by"]) for each in told] == [
        (2, 9, "2026-05", "developer"),
        (3, 5, "2026-05", "triager"),
    ]
    assert told[1]["settings"]["temperature"] == "0.7"
    words = page(client, issue)
    assert "2 of 9" in words
    assert "77 of 77" not in words
    assert CANARY not in words + json.dumps(told)
    assert "<b>Eve" not in words


def test_tries_on_what_has_no_page_and_of_private_reports_stay_hidden(
    client: Client, issue: Issue, reports: tuple[Report, Report], artifact: Artifact, triager: Any
) -> None:
    hidden = Artifact.objects.create(kind="system", org="secret", name=CANARY)
    Affected.objects.create(issue=issue, artifact=hidden, status="affected")
    before = both(client, issue)

    Reproduction.objects.create(issue=issue, artifact=hidden, by=triager, tries=5, failures=3)
    private = Report.objects.create(
        reference="r-private", receipt_digest=b"x", voice_key="v", artifact=artifact, kind="other", channel="api",
        visibility="private", consent_version="1",
    )  # fmt: skip
    Reproduction.objects.create(issue=issue, artifact=artifact, report=private, tries=5, failures=3)

    assert both(client, issue) == before


def test_found_by_counts_reports_that_everybody_may_know_of(
    client: Client, issue: Issue, reports: tuple[Report, Report]
) -> None:
    assert twin(client, issue)["found_by"] == {"audit": 1, "use": 1}

    Report.objects.filter(pk=reports[1].pk).update(visibility="private")

    assert twin(client, issue)["found_by"] == {"use": 1}


# Whom to thank


def test_who_agreed_to_it_is_thanked_by_name(client: Client, issue: Issue) -> None:
    assert "Ada Lovelace" in page(client, issue)
    assert twin(client, issue)["credits"] == ["Ada Lovelace"]


HIDDEN: list[dict[str, Any]] = [
    {"visibility": "private"},
    {"held_at": timezone.now()},
    {"withdrawn_at": timezone.now()},
    {"erased_at": timezone.now()},
    {"embargo_until": timezone.now() + timedelta(days=9)},
]


@pytest.mark.parametrize("hide", HIDDEN, ids=lambda hide: next(iter(hide)))
def test_nobody_is_thanked_whose_report_is_not_public(
    client: Client, issue: Issue, reports: tuple[Report, Report], hide: dict[str, Any]
) -> None:
    Credit.objects.create(report=reports[1], name=CANARY)
    assert CANARY in page(client, issue)

    Report.objects.filter(pk=reports[1].pk).update(**hide)

    assert CANARY not in page(client, issue) + json.dumps(twin(client, issue))


def test_nobody_is_thanked_before_it_is_published_or_elsewhere(
    client: Client, issue: Issue, reports: tuple[Report, Report], triager: Any
) -> None:
    withdraw(reports[0], actor=ANONYMOUS)
    Credit.objects.create(report=reports[1], name=CANARY)
    reports[1].placements.update(superseded_at=timezone.now())
    assert twin(client, issue)["credits"] == []
    reports[1].placements.update(superseded_at=None)
    Issue.objects.filter(pk=issue.pk).update(published_at=None)
    client.force_login(triager)

    assert twin(client, issue)["credits"] == []


def test_a_hostile_name_is_text(client: Client, issue: Issue, reports: tuple[Report, Report]) -> None:
    Credit.objects.create(report=reports[1], name=HOSTILE)

    words = page(client, issue)

    assert "<b>Eve" not in words
    assert "U+202E" in words


# The history


def test_every_public_change_is_told(client: Client, issue: Issue, artifact: Artifact, triager: Any) -> None:
    decide(issue, "classify", by=triager, severity="low", kind="other")
    decide(issue, "write", by=triager, public_title="Another title", public_summary="What it is.")
    made = decide(issue, "resolve", by=triager, reason="documented")
    undo(made, by=triager)
    decide(issue, "affect", by=triager, artifact=artifact, status="not_affected")

    assert steps(client, issue) == [
        "acme/chat-7b: Affected → Not affected",
        "Undone: Documented",
        "Documented (undone since)",
        "The title was written anew; The summary was written anew",
        "Kind of failure: False information → Something else; Severity: High → Low",
        "Confirmed and published",
        "First report",
    ]
    told = twin(client, issue)["history"]
    assert [(step["act"], step["is_undo"], step["is_undone"]) for step in told[1:3]] == [
        ("resolve", True, False),
        ("resolve", False, True),
    ]
    assert told[4]["changes"][1] == {"field": "severity", "before": "high", "after": "low", "artifact": ""}


def test_acts_that_change_nothing_public_are_not_told(
    client: Client, issue: Issue, reports: tuple[Report, Report], triager: Any
) -> None:
    before = both(client, issue)
    hidden = Artifact.objects.create(kind="system", org="secret", name=CANARY)

    decide(issue, "assign", by=triager, assignee=triager)
    decide(issue, "affect", by=triager, artifact=hidden, status="affected")

    decide(issue, "redact", by=triager, report=reports[0], spans=[("what_happened", 0, 5)])
    Report.objects.filter(pk=reports[0].pk).update(embargo_until=timezone.now() + timedelta(days=1))
    decide(issue, "excerpt", by=triager, report=reports[0], spans=[("what_happened", 6, 20)])

    after = both(client, issue)
    Report.objects.filter(pk=reports[0].pk).update(embargo_until=None)
    assert json.loads(after[1])["history"] == json.loads(before[1])["history"]


def test_passages_and_what_was_removed_from_them_are_told_not_what(
    client: Client, issue: Issue, reports: tuple[Report, Report], triager: Any
) -> None:
    decide(issue, "excerpt", by=triager, report=reports[0], spans=[("what_happened", 0, 40)])
    decide(issue, "redact", by=triager, report=reports[0], spans=[("what_happened", 60, 64)])  # not published
    assert steps(client, issue)[0] == "A passage was published"

    decide(issue, "redact", by=triager, report=reports[0], spans=[("what_happened", 3, 9), ("what_happened", 60, 64)])
    assert steps(client, issue)[0] == "Words were removed from what is published"

    withdraw(reports[0], actor=ANONYMOUS)
    assert steps(client, issue)[0] == "Confirmed and published"


def test_a_merge_is_told_by_number_where_the_other_was_public(
    client: Client, issue: Issue, artifact: Artifact, triager: Any, ground: Any
) -> None:
    public = ground.make_issue("Also public", number="TT-2026-00777")
    unpublished = ground.make_issue(CANARY, number="TT-2026-00778", published_at=None)
    decide(unpublished, "merge", by=triager, target=issue)
    assert steps(client, issue)[0] == "Confirmed and published"

    made = decide(public, "merge", by=triager, target=issue)
    assert steps(client, issue)[0] == "TT-2026-00777 became part of this issue"
    assert twin(client, issue)["history"][0]["merged"] == "TT-2026-00777"

    undo(made, by=triager)
    assert steps(client, issue)[:2] == [
        "Undone: TT-2026-00777 became part of this issue",
        "TT-2026-00777 became part of this issue (undone since)",
    ]
    assert "00778" not in page(client, issue)


def test_what_was_done_while_nobody_could_read_it_is_not_told(client: Client, issue: Issue, triager: Any) -> None:
    decide(issue, "classify", by=triager, kind="other")
    gone = decide(issue, "unpublish", by=triager, reason="mistaken")
    written = decide(issue, "write", by=triager, public_title=CANARY)
    undo(written, by=triager)
    undo(gone, by=triager)

    assert steps(client, issue)[:3] == [
        "Undone: Taken off the record. It was published by mistake.",
        "Taken off the record. It was published by mistake. (undone since)",
        "Kind of failure: False information → Something else",
    ]


def test_the_ledger_hears_codes_and_never_words(issue: Issue, reports: tuple[Report, Report], triager: Any) -> None:
    from ledger.models import Payload

    decide(issue, "write", by=triager, public_title=CANARY, public_summary=CANARY)
    decide(issue, "excerpt", by=triager, report=reports[0], spans=[("what_happened", 0, 40)])

    assert CANARY not in json.dumps(list(Payload.objects.values_list("content", flat=True)))


# What is beside it


def test_the_page_names_its_feeds_its_twin_and_its_exports(client: Client, issue: Issue) -> None:
    words = page(client, issue)

    for address in (
        f"/issues/{issue.number}.json",
        "/issues/feed.atom",
        "/models/acme/chat-7b/feed.atom",
        f"/issues/{issue.number}/export/osv/",
        f"/issues/{issue.number}/export/csv/",
    ):
        assert f'href="{address}"' in words
        assert client.get(address).status_code == 200
    assert "I see this too" in words


def test_the_page_stays_small_with_all_there_can_be(
    client: Client, issue: Issue, artifact: Artifact, triager: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(7):
        client.get(issue.get_absolute_url())
    for _ in range(60):
        Reproduction.objects.create(issue=issue, artifact=artifact, by=triager, tries=5, failures=3)
    for _ in range(30):
        decide(issue, "classify", by=triager, severity="low")
        decide(issue, "classify", by=triager, severity="high")

    with django_assert_num_queries(8):  # and who answers for what was tried
        words = client.get(issue.get_absolute_url()).content

    assert len(words) < 50_000
