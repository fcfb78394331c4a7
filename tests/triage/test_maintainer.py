"""The maintainer's desk: what they see of their artifacts, what they never see, and what they say there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import actor_for
from accounts.policy import spokesperson
from ledger.models import Event
from reports.models import Affected, Answer, Issue, Placement, Redaction, Report, Reproduction
from reports.naming import artifact_named
from triage.decisions import decide

pytestmark = pytest.mark.django_db
SUMMARY = "It invents a court ruling"


@pytest.fixture
def maintainer(someone: Callable[..., Any], artifact: Any) -> Any:
    return someone("maintainer", artifact_id=artifact.pk)


@pytest.fixture
def stranger(someone: Callable[..., Any]) -> Any:
    """Answers for something else."""
    other = artifact_named("model", "acme/other")
    return someone("maintainer", email="stranger@example.org", artifact_id=other.pk)


@pytest.fixture
def issue(file: Callable[..., Any], maintainer: Any, triager: Any) -> Any:
    issue = file().placements.get().issue
    decide(issue, "confirm", by=triager)
    issue.refresh_from_db()
    return issue


@pytest.fixture
def desk(client: Client, maintainer: Any) -> Client:
    client.force_login(maintainer)
    return client


def page(issue: Any) -> str:
    return reverse("maintain_issue", args=[issue.pk])


def told(client: Client, issue: Any, **asked: str) -> str:
    """The page, without the address that its language form repeats."""
    response = client.get(page(issue), asked)
    assert response.status_code == 200
    return str(response.content.decode()).replace(urlencode(asked), "")


# What they see


def test_the_list_shows_what_they_were_told_of(desk: Client, issue: Any, make_issue: Any) -> None:
    make_issue("Never told")

    response = desk.get(reverse("maintain"))

    ((heading, lines),) = response.context["groups"]
    assert heading == "Acknowledge these"
    assert [line.row.issue for line in lines] == [issue]
    assert "Acknowledge by" in response.content.decode()


def test_an_empty_list_says_what_would_come(desk: Client) -> None:
    assert "You have been told of no issue." in desk.get(reverse("maintain")).content.decode()


def test_the_page_shows_redacted_evidence_and_where_it_stands(desk: Client, issue: Any) -> None:
    report = Report.objects.get()
    Redaction.objects.create(report=report, part="what_happened", start=0, end=7)

    body = told(desk, issue)

    assert SUMMARY in body
    assert "I asked for rulings" not in body
    assert "for rulings on rent" in body
    assert "Affected" in body


def test_an_issue_that_is_not_public_is_shown_with_what_that_means(desk: Client, issue: Any, client: Client) -> None:
    Issue.objects.filter(pk=issue.pk).update(published_at=None, embargo_until=timezone.now() + timedelta(days=3))

    body = told(desk, issue)

    assert "this issue has no public page" in body
    assert "Embargo until" in body
    assert desk.get(issue.get_absolute_url()).status_code == 404
    assert SUMMARY not in desk.get("/issues/").content.decode()
    assert desk.get(f"/issues/{issue.number}.json").status_code == 404


@pytest.mark.parametrize("status", ["new", "dismissed", "merged"])
def test_only_what_is_confirmed_or_resolved_is_theirs(
    desk: Client, make_issue: Any, artifact: Any, status: str
) -> None:
    merged = {"merged_into": make_issue()} if status == "merged" else {}
    issue = make_issue(status=status, **merged)
    issue.affected.update(notified_at=timezone.now())

    assert desk.get(page(issue)).status_code == 404
    assert issue.public_title not in [
        line.title for _heading, lines in desk.get(reverse("maintain")).context["groups"] for line in lines
    ]


def test_nobody_told_is_404(desk: Client, make_issue: Any) -> None:
    assert desk.get(page(make_issue())).status_code == 404


@pytest.mark.parametrize(
    ("name", "posted"),
    [
        ("maintain_issue", None),
        ("maintain_acknowledge", {"artifact": "{artifact}"}),
        ("maintain_answer", {"artifact": "{artifact}", "text": "We know."}),
        ("maintain_reproduce", {"artifact": "{artifact}", "version": "2026-05", "tries": "1", "failures": "0"}),
        ("maintain_take_back", {"reproduction": "1"}),
        ("maintain_reveal", {"report": "{reference}"}),
    ],
)
def test_another_artifact_s_maintainer_finds_nothing(
    client: Client, issue: Any, artifact: Any, stranger: Any, nothing_stored: Any, name: str, posted: Any
) -> None:
    client.force_login(stranger)
    known = {"artifact": artifact.pk, "reference": Report.objects.get().reference}
    address = reverse(name, args=[issue.pk])

    with nothing_stored():
        filled = {key: value.format(**known) for key, value in (posted or {}).items()}
        response = client.post(address, filled) if posted else client.get(address)

    assert response.status_code == 404


def test_who_triages_and_maintains_sees_at_this_desk_what_maintainers_see(
    client: Client, issue: Any, make_issue: Any, someone: Any, artifact: Any
) -> None:
    both = someone("moderator", "maintainer", email="both@example.org", artifact_id=artifact.pk)
    client.force_login(both)
    Report.objects.update(hazard_level=3)
    Issue.objects.update(public_title="A title that somebody wrote")

    assert client.get(page(make_issue("Another"))).status_code == 404
    assert SUMMARY not in told(client, issue)


# What they never see


@pytest.mark.parametrize(
    "hidden",
    [
        {"visibility": "private"},
        {"held_at": "now"},
        {"withdrawn_at": "now"},
        {"hazard_level": 3},
    ],
)
def test_some_reports_are_not_for_them(
    desk: Client, issue: Any, file: Any, maintainer: Any, hidden: dict[str, Any]
) -> None:
    canary = "A canary sings of a court ruling"
    report = file(summary=canary, what_happened="Another account altogether, which the canary tells at length here.")
    Placement.objects.filter(report=report).update(issue=issue)
    assert canary in told(desk, issue)
    now = timezone.now()
    Report.objects.filter(pk=report.pk).update(
        **{key: now if value == "now" else value for key, value in hidden.items()}
    )

    for body in (told(desk, issue), told(desk, issue, report=report.reference)):
        assert "canary" not in body
        assert report.reference not in body
    actor = spokesperson(actor_for(maintainer))
    assert report not in Report.objects.visible_to(actor)
    assert desk.post(reverse("maintain_reveal", args=[issue.pk]), {"report": report.reference}).status_code == 404


def test_reports_of_other_artifacts_in_the_issue_are_not_for_them(desk: Client, issue: Any, file: Any) -> None:
    report = file(artifact="acme/other", summary="A canary of another model")
    Placement.objects.filter(report=report).update(issue=issue)

    assert "canary" not in told(desk, issue)
    assert report.reference not in told(desk, issue, report=report.reference)


def test_an_issue_for_moderators_keeps_all_its_reports_from_them(desk: Client, issue: Any) -> None:
    Issue.objects.filter(pk=issue.pk).update(hazard_level=3)

    assert Report.objects.get().reference not in told(desk, issue)


def test_nobody_learns_who_filed_it(desk: Client, issue: Any, someone: Any) -> None:
    reporter = someone(email="canary@example.org")
    Report.objects.update(reporter=reporter, relation="journalist")

    body = told(desk, issue)

    for word in ("canary@example.org", reporter.pseudonym, "ournalist"):
        assert word not in body


def test_the_receipt_and_the_desk_of_triagers_stay_shut(desk: Client, issue: Any) -> None:
    report = Report.objects.get()

    assert SUMMARY not in desk.get(report.get_absolute_url()).content.decode()
    for name in ("triage_issue", "reproductions"):
        assert desk.get(reverse(name, args=[issue.pk])).status_code == 403


def test_what_is_hazardous_is_not_sent_until_asked_and_then_stays_redacted(
    desk: Client, issue: Any, maintainer: Any
) -> None:
    report = Report.objects.get()
    Report.objects.update(hazard_level=1)
    Redaction.objects.create(report=report, part="what_happened", start=0, end=7)
    Issue.objects.update(public_title="A title that somebody wrote")
    assert SUMMARY not in told(desk, issue)

    shown = desk.post(reverse("maintain_reveal", args=[issue.pk]), {"report": report.reference}).content.decode()

    assert SUMMARY in shown
    assert "for rulings on rent" in shown
    assert "I asked for rulings" not in shown
    event = Event.objects.get(verb="reveal")
    assert event.actor == maintainer.pseudonym
    assert event.subjects == [f"report:{report.pk}", f"issue:{issue.pk}"]
    assert SUMMARY not in told(desk, issue)


def test_public_pages_are_the_same_for_maintainers(client: Client, issue: Any, maintainer: Any, someone: Any) -> None:
    Issue.objects.filter(pk=issue.pk).update(published_at=None)
    reader, seen = someone(email="reader@example.org"), []
    for person in (reader, maintainer):
        client.force_login(person)
        listed = {"/": "lines", "/issues/": "found", "/issues/?q=acme/chat-7b": "found"}
        found = [client.get(address).context[name] for address, name in listed.items()]
        seen.append([*found, client.get("/models/acme/chat-7b/").content.decode().count("TT-")])

    assert seen[0] == seen[1]


# What they say there


def test_acknowledging_and_taking_it_back(desk: Client, issue: Any, artifact: Any) -> None:
    address = reverse("maintain_acknowledge", args=[issue.pk])

    assert desk.post(address, {"artifact": artifact.pk}).status_code == 302
    assert Affected.objects.get(issue=issue).acknowledged_at is not None
    assert desk.post(address, {"artifact": artifact.pk, "take_back": "1"}).status_code == 302
    assert Affected.objects.get(issue=issue).acknowledged_at is None
    assert desk.post(address, {"artifact": "x"}).status_code == 404
    assert desk.get(address).status_code == 405


def test_an_answer_is_filed_and_both_sides_see_how_it_stands(
    desk: Client, issue: Any, artifact: Any, triager: Any
) -> None:
    posted = {"artifact": artifact.pk, "text": "نعرف ذلك.", "status": "affected", "is_dispute": "on"}

    assert desk.post(reverse("maintain_answer", args=[issue.pk]), posted).status_code == 302

    answer = Answer.objects.get()
    assert (answer.text, answer.status, answer.is_dispute) == ("نعرف ذلك.", "affected", True)
    assert "Waits for a triager" in told(desk, issue)
    decide(issue, "turn_down", by=triager, answer=answer, reason="not_shown")
    body = told(desk, issue)
    assert "Turned down" in body
    assert "The evidence here says otherwise" in body


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"text": ""},
        {"text": "x" * 4_001},
        {"text": "Fixed.", "status": "fixed"},
        {"text": "Fixed.", "status": "nonsense"},
        {"text": "Fixed.", "artifact": "999999999999999999999"},
        {"text": "Fixed.", "status": "fixed", "fixed_in": "v" * 121},
        {"text": "nul \x00", "status": "fixed", "fixed_in": "\x00"},
    ],
)
def test_bad_answers_come_back_with_what_was_typed(
    desk: Client, issue: Any, artifact: Any, nothing_stored: Any, posted: dict[str, str]
) -> None:
    with nothing_stored():
        response = desk.post(reverse("maintain_answer", args=[issue.pk]), {"artifact": artifact.pk, **posted})

    assert response.status_code == 422
    assert response.context["failed"].errors
    assert 'class="error-summary"' in response.content.decode()


def test_hostile_words_are_only_read(desk: Client, issue: Any, artifact: Any) -> None:
    words = "<script>alert(1)</script>\u202e"
    desk.post(reverse("maintain_answer", args=[issue.pk]), {"artifact": artifact.pk, "text": words})

    body = told(desk, issue)

    assert "<script>alert" not in body
    assert "\u202e" not in body


def test_a_trial_is_recorded_with_settings_and_taken_back(desk: Client, issue: Any, artifact: Any) -> None:
    posted = {"artifact": artifact.pk, "version": "2026-06", "tries": "5", "failures": "0"}
    settings = {"settings": "temperature = 0.7\nprompt: short", "evidence": "It held."}

    assert desk.post(reverse("maintain_reproduce", args=[issue.pk]), {**posted, **settings}).status_code == 302

    tried = Reproduction.objects.get()
    assert tried.settings == {"temperature": 0.7, "prompt": "short"}
    assert "by you" in told(desk, issue)
    assert desk.post(reverse("maintain_take_back", args=[issue.pk]), {"reproduction": tried.pk}).status_code == 302
    assert "It held." not in told(desk, issue)


def test_what_triagers_tried_is_shown_without_their_names(
    desk: Client, issue: Any, artifact: Any, triager: Any
) -> None:
    decide(issue, "reproduce", by=triager, artifact=artifact, version="2026-05", tries=3, failures=2)

    body = told(desk, issue)

    assert "by a triager" in body
    assert triager.email not in body


# What it costs


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_often_however_long(
    desk: Client, make_issue: Any, django_assert_num_queries: Any, rows: int
) -> None:
    for _row in range(rows):
        make_issue().affected.update(notified_at=timezone.now())
    desk.get(reverse("maintain"))

    with django_assert_num_queries(9):
        desk.get(reverse("maintain"))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_asks_as_often_however_many_reports(
    desk: Client, issue: Any, file: Any, django_assert_num_queries: Any, rows: int
) -> None:
    for at in range(1, rows):
        report = file(summary=f"Another court ruling, number {at}", version="2026-06")
        Placement.objects.filter(report=report).update(issue=issue)
    desk.get(page(issue))

    with django_assert_num_queries(18):
        desk.get(page(issue))
