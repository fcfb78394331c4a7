"""Who hears of what, where, and when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actors import actor_for
from ledger.record import record
from reports.models import Affected, Issue, Notice, Report, Subscription
from reports.naming import artifact_named
from reports.notices import choose_pace, follow, follows, next_digest, pace_of, tell, unread_count, unread_shown
from reports.standing import issue_of
from triage.decisions import decide, undo

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def act(verb: str, *about: Any, by: str = "p-somebody", undone: str = "") -> None:
    """One act, as whoever records it tells of it."""
    tell(record(verb, *about, actor=by), undone=undone)


def told(channel: str = "list") -> list[tuple[str, str, str]]:
    """Who was told what of what by a channel."""
    found = Notice.objects.filter(channel=channel).select_related("user", "report")
    return sorted((str(each.user or each.report), each.verb, each.subject) for each in found)


def issue(report: Report) -> Issue:
    found = issue_of(report)
    assert found is not None
    return found


@pytest.fixture
def reader(someone: Make) -> Any:
    return someone(email="reader@example.org")


# Who hears of an act


def test_who_follows_an_issue_hears_of_it(make_issue: Make, reader: Any) -> None:
    about, other = make_issue(), make_issue("Another")
    follow(reader, f"issue:{about.pk}")

    act("resolve", about)
    act("resolve", other)

    assert told("list") == told("email") == [("reader@example.org", "resolve", f"issue:{about.pk}")]


def test_who_follows_an_artifact_hears_of_issues_that_name_it(make_issue: Make, artifact: Any, reader: Any) -> None:
    about = make_issue()
    follow(reader, f"artifact:{artifact.pk}")

    act("resolve", about)

    assert told() == [("reader@example.org", "resolve", f"issue:{about.pk}")]


def test_being_named_and_not_judged_tells_no_follower(make_issue: Make, reader: Any) -> None:
    about, named = make_issue(), artifact_named("model", "acme/other")
    Affected.objects.create(issue=about, artifact=named)
    follow(reader, f"artifact:{named.pk}")

    act("resolve", about)

    assert told() == []


def test_nobody_is_told_of_their_own_act(file: Make, artifact: Any, triager: Any, someone: Make) -> None:
    other = someone("moderator")
    about = issue(file())
    for person in (triager, other):
        follow(person, f"issue:{about.pk}")

    decide(about, "confirm", by=triager)

    assert told() == [(other.email, "confirm", f"issue:{about.pk}")]


def test_who_follows_a_merged_issue_follows_what_it_became(make_issue: Make, reader: Any) -> None:
    kept, merged = make_issue(), make_issue("The same")
    follow(reader, f"issue:{merged.pk}")
    Issue.objects.filter(pk=merged.pk).update(status="merged", merged_into=kept)

    act("merge", merged, kept)
    act("resolve", kept)

    subject = f"issue:{kept.pk}"
    assert told() == [("reader@example.org", "merge", subject), ("reader@example.org", "resolve", subject)]


def test_who_hears_of_an_act_hears_of_its_undo(file: Make, artifact: Any, triager: Any, someone: Make) -> None:
    other = someone("moderator")
    about = issue(file())
    follow(other, f"issue:{about.pk}")

    undo(decide(about, "dismiss", by=triager, reason="spam"), by=triager)

    assert [verb for _who, verb, _what in told()] == ["dismiss", "undo_dismiss"]


def test_an_assignee_hears_of_what_is_theirs_without_following(file: Make, triager: Any, someone: Make) -> None:
    other = someone("moderator")
    about = issue(file())

    decide(about, "assign", by=triager, assignee=other)

    assert told("list") == told("email") == [(other.email, "assign", f"issue:{about.pk}")]


def test_maintainers_hear_once_they_were_notified(make_issue: Make, artifact: Any, someone: Make) -> None:
    maintainer = someone("maintainer", artifact_id=artifact.pk)
    someone("maintainer", email="elsewhere@example.org", artifact_id=artifact_named("model", "acme/other").pk)
    about = make_issue()

    act("resolve", about)
    assert told() == []

    Affected.objects.filter(issue=about).update(notified_at=timezone.now())
    act("notify", about)
    assert told() == [(maintainer.email, "notify", f"issue:{about.pk}")]


def test_reporters_hear_of_their_own_report(file: Make, artifact: Any, triager: Any, reader: Any) -> None:
    first = file(actor=actor_for(reader))
    second = file(contact_email="rosa@reporters.example")
    assert issue(first) == issue(second)
    file()  # of nobody who could be told

    decide(issue(first), "confirm", by=triager)

    mine, theirs = f"report:{first.pk}", f"report:{second.pk}"
    assert told("list") == [("reader@example.org", "confirm", mine)]
    assert told("email") == sorted([("reader@example.org", "confirm", mine), (str(second), "confirm", theirs)])


@pytest.mark.parametrize("gone", ["withdrawn_at", "erased_at"])
def test_a_report_that_is_gone_tells_nobody(file: Make, artifact: Any, triager: Any, reader: Any, gone: str) -> None:
    report = file(actor=actor_for(reader), contact_email="rosa@reporters.example")
    Report.objects.filter(pk=report.pk).update(**{gone: timezone.now()})

    decide(issue(report), "confirm", by=triager)

    assert told("list") == told("email") == []


def test_the_desk_hears_of_what_comes_to_it(make_issue: Make, triager: Any, reader: Any) -> None:
    about = make_issue(status="dismissed")
    for person in (triager, reader):
        follow(person, "queue")

    act("dispute", about)

    assert told() == [(triager.email, "dispute", f"issue:{about.pk}")]


def test_of_what_is_the_desk_s_own_others_hear_nothing(make_issue: Make, triager: Any, reader: Any) -> None:
    about = make_issue()
    for person in (triager, reader):
        follow(person, f"issue:{about.pk}")

    for verb in ("snooze", "assign", "dispute", "ask"):
        act(verb, about)

    assert {who for who, _verb, _what in told()} == {triager.email}


@pytest.mark.parametrize("verb", ["keep", "look", "redact", "prioritise", "group", "file", "nonsense"])
def test_what_nobody_hears_of_costs_nothing(
    make_issue: Make, reader: Any, django_assert_num_queries: Any, verb: str
) -> None:
    about = make_issue()
    follow(reader, f"issue:{about.pk}")
    event = record(verb, about, actor="p-somebody")

    with django_assert_num_queries(0):
        tell(event)


def test_each_hears_of_an_act_once_by_a_channel(file: Make, artifact: Any, triager: Any, someone: Make) -> None:
    other = someone("moderator")
    report = file(actor=actor_for(other))
    about = issue(report)
    Issue.objects.filter(pk=about.pk).update(assignee=other)
    for subject in (f"issue:{about.pk}", f"artifact:{artifact.pk}", "queue"):
        follow(other, subject)

    decide(about, "confirm", by=triager)

    assert told() == [(other.email, "confirm", f"report:{report.pk}")]


@pytest.mark.parametrize("followers", [1, 3])
def test_telling_is_one_statement_however_many_hear(
    make_issue: Make, someone: Make, django_assert_num_queries: Any, followers: int
) -> None:
    about = make_issue()
    for serial in range(followers):
        follow(someone(email=f"{serial}@example.org"), f"issue:{about.pk}")
    event = record("resolve", about, actor="p-somebody")

    with django_assert_num_queries(1):
        tell(event)

    assert len(told()) == followers


def test_a_decision_that_is_not_made_tells_nobody(make_issue: Make, reader: Any, triager: Any) -> None:
    from django.core.exceptions import ValidationError

    about = make_issue(status="resolved")
    follow(reader, f"issue:{about.pk}")

    with pytest.raises(ValidationError):
        decide(about, "dismiss", by=triager, reason="spam")

    assert not Notice.objects.exists()


def test_maintainers_are_led_to_their_desk(make_issue: Make, artifact: Any, someone: Make, client: Client) -> None:
    maintainer = someone("maintainer", artifact_id=artifact.pk)
    about = make_issue(embargo_until=timezone.now() + timedelta(days=3))
    Affected.objects.filter(issue=about).update(notified_at=timezone.now())

    act("notify", about)
    client.force_login(maintainer)

    opened = Notice.objects.get(channel="list")
    assert client.get(f"/notices/{opened.pk}/")["Location"] == f"/maintain/{about.pk}/"


# What may be seen


def test_a_hidden_issue_tells_nobody(make_issue: Make, reader: Any, client: Client) -> None:
    about = make_issue("A kestrel")
    follow(reader, f"issue:{about.pk}")
    act("resolve", about)
    client.force_login(reader)
    assert "kestrel" in client.get("/notices/").content.decode()
    (notice,) = Notice.objects.filter(channel="list")

    Issue.objects.update(embargo_until=timezone.now() + timedelta(days=1))

    shown = client.get("/notices/").content.decode()
    assert "kestrel" not in shown
    assert str(about.number) not in shown
    assert unread_count(actor_for(reader)) == 0
    assert client.get(f"/notices/{notice.pk}/")["Location"] == "/notices/"


def test_a_role_that_ended_takes_its_notices_along(file: Make, triager: Any, someone: Make) -> None:
    other = someone("moderator")
    decide(issue(file()), "assign", by=triager, assignee=other)
    assert unread_count(actor_for(other)) == 1

    other.grants.update(ended_at=timezone.now())

    assert unread_count(actor_for(other)) == 0


def test_one_s_notices_are_one_s_own(make_issue: Make, reader: Any, someone: Make, client: Client) -> None:
    about = make_issue("A kestrel")
    follow(reader, f"issue:{about.pk}")
    act("resolve", about)
    client.force_login(someone(email="other@example.org"))

    client.post("/notices/read/")

    assert "kestrel" not in client.get("/notices/").content.decode()
    assert client.get(f"/notices/{Notice.objects.filter(channel='list').get().pk}/")["Location"] == "/notices/"
    assert unread_count(actor_for(reader)) == 1


# Following


@pytest.mark.parametrize("subject", ["issue:{hidden}", "artifact:{unlisted}", "issue:999999", "queue", "mine"])
@pytest.mark.parametrize("more", ["", "x"])
def test_only_what_may_be_seen_can_be_followed(
    make_issue: Make, reader: Any, client: Client, subject: str, more: str
) -> None:
    named = {"hidden": make_issue(status="new").pk, "unlisted": artifact_named("model", "acme/unlisted").pk}
    client.force_login(reader)

    response = client.post("/notices/follow/", {"subject": subject.format(**named) + more})

    assert response.status_code == 404
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("subject", ["", ":", "issue:", "issue:-1", "issue:²", "issue:" + "9" * 40, "report:1", "\x00"])
def test_nonsense_is_followed_by_nobody(reader: Any, client: Client, subject: str) -> None:
    client.force_login(reader)

    assert client.post("/notices/follow/", {"subject": subject}).status_code == 404


def test_following_by_the_button_and_back(make_issue: Make, reader: Any, client: Client) -> None:
    about = make_issue()
    client.force_login(reader)
    address = about.get_absolute_url()
    assert ">Follow<" in client.get(address).content.decode()

    for _press in range(2):
        response = client.post("/notices/follow/", {"subject": f"issue:{about.pk}", "next": address})
    assert response["Location"] == address
    assert "Stop following" in client.get(address).content.decode()

    client.post("/notices/follow/", {"subject": f"issue:{about.pk}", "stop": "1", "next": "https://evil.example/"})
    assert not follows(reader, f"issue:{about.pk}")


def test_who_has_no_account_is_shown_no_button(make_issue: Make, client: Client) -> None:
    about = make_issue()

    response = client.get(about.get_absolute_url())

    assert "Follow" not in response.content.decode()
    assert "csrf" not in response.cookies
    assert response["ETag"]


def test_no_next_leads_away_from_the_site(make_issue: Make, reader: Any, client: Client) -> None:
    client.force_login(reader)

    response = client.post("/notices/follow/", {"subject": f"issue:{make_issue().pk}", "next": "//evil.example/"})

    assert response["Location"] == "/notices/"


# How often


def test_one_choice_holds_for_all_mail(make_issue: Make, reader: Any, client: Client) -> None:
    client.force_login(reader)
    follow(reader, f"issue:{make_issue().pk}")

    client.post("/notices/pace/", {"pace": "daily"})
    follow(reader, f"issue:{make_issue('Another').pk}")
    assert set(Subscription.objects.filter(channel="email").values_list("pace", flat=True)) == {"daily"}

    client.post("/notices/pace/", {"pace": ""})
    assert (pace_of(reader), Subscription.objects.filter(channel="email").exists()) == ("", False)
    assert Subscription.objects.filter(channel="list").count() == 2

    client.post("/notices/pace/", {"pace": "at_once"})
    assert (pace_of(reader), Subscription.objects.filter(channel="email").count()) == ("at_once", 3)


def test_without_mail_the_list_still_tells(file: Make, triager: Any, someone: Make) -> None:
    other = someone("moderator")
    choose_pace(other, "")

    decide(issue(file()), "assign", by=triager, assignee=other)

    assert (len(told("list")), told("email")) == (1, [])


def test_there_is_no_other_pace(reader: Any, client: Client) -> None:
    client.force_login(reader)

    assert client.post("/notices/pace/", {"pace": "hourly"}).status_code == 404
    assert client.post("/notices/pace/").status_code == 404


@pytest.mark.parametrize(("hour", "day"), [(6, 3), (7, 4), (23, 4)])
def test_a_day_s_mail_goes_out_in_the_morning(hour: int, day: int) -> None:
    assert next_digest(datetime(2026, 5, 3, hour, tzinfo=UTC)) == datetime(2026, 5, day, 7, tzinfo=UTC)


# The page


@pytest.fixture
def heard(make_issue: Make, reader: Any, client: Client) -> Callable[[int], None]:
    def acts(count: int) -> None:
        client.force_login(reader)
        for serial in range(count):
            about = make_issue(f"Failure {serial}")
            follow(reader, f"issue:{about.pk}")
            act("resolve", about)

    return acts


COST = 14  # session, user, grants; page, count, titles, issues, artifacts, reports, events; followed; pace; unread


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_for_all(heard: Callable[[int], None], client: Client, rows: int) -> None:
    heard(rows)

    with CaptureQueriesContext(connection) as asked:
        shown = client.get("/notices/").content.decode()

    assert shown.count('<article class="topic') == rows
    assert len(asked) == COST


def test_the_header_counts_with_one_query(heard: Callable[[int], None], client: Client) -> None:
    heard(3)

    with CaptureQueriesContext(connection) as asked:
        shown = client.get("/").content.decode()

    assert '<span class="badge count">3<' in shown
    assert len([query for query in asked if "reports_notice" in query["sql"]]) == 1


def test_opening_one_reads_what_was_told_of_it(heard: Callable[[int], None], client: Client, reader: Any) -> None:
    heard(2)
    opened = Notice.objects.filter(channel="list").order_by("pk")[0]

    response = client.get(f"/notices/{opened.pk}/")

    assert response["Location"] == Issue.objects.get(pk=opened.subject.partition(":")[2]).get_absolute_url()
    assert unread_count(actor_for(reader)) == 1


def test_all_can_be_marked_as_read(heard: Callable[[int], None], client: Client, reader: Any) -> None:
    heard(3)

    client.post("/notices/read/", {"subject": Notice.objects.filter(channel="list")[0].subject})
    assert unread_count(actor_for(reader)) == 2

    client.post("/notices/read/")
    assert unread_shown(actor_for(reader)) == ""


def test_many_unread_are_counted_to_ninety_nine(make_issue: Make, reader: Any) -> None:
    subject = f"issue:{make_issue().pk}"
    Notice.objects.bulk_create([Notice(user=reader, subject=subject, verb="resolve") for _ in range(120)])

    assert unread_shown(actor_for(reader)) == "99+"


@pytest.mark.parametrize("verb", ["resolve", "undo_resolve", "affect", "undo_affect", "merge", "split", "publish"])
def test_every_act_has_its_words(make_issue: Make, reader: Any, client: Client, verb: str) -> None:
    about = make_issue()
    Notice.objects.create(user=reader, subject=f"issue:{about.pk}", verb=verb)
    client.force_login(reader)

    assert client.get("/notices/").status_code == 200


def test_all_that_can_be_told_can_be_said() -> None:
    from reports.models.notice import DESK, MAINTAINERS, PUBLIC, REPORTERS, WAITING
    from reports.wording import words_of

    for verb in DESK | MAINTAINERS | PUBLIC | WAITING:
        assert words_of(Notice(verb=verb, subject="issue:1"), {})
    for verb in REPORTERS:
        assert words_of(Notice(verb=verb, subject="report:1"), {})
