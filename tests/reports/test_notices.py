"""Who hears of what, where, and when."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import actor_for
from ledger.record import record
from reports.models import Affected, Artifact, Issue, Notice, Report, Subscription
from reports.notices import (
    choose_pace,
    follow,
    follows,
    listed,
    mark_read,
    may_follow,
    pace_of,
    stop_email,
    tell,
    unfollow,
    unread_count,
)
from reports.standing import issue_of

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def act(verb: str, *about: Any, by: str = "p-somebody", undone: str = "") -> None:
    """One act, as whoever records it tells of it."""
    tell(record(verb, *about, actor=by), undone=undone)


def told() -> list[tuple[str, str, str, str]]:
    """Who was told what of what by which channel."""
    return sorted(
        (str(notice.user or f"contact of {notice.report_id}"), notice.channel, notice.verb, notice.subject)
        for notice in Notice.objects.select_related("user")
    )


def issue_with(report: Report) -> Issue:
    found = issue_of(report)
    assert found is not None
    return found


def test_who_follows_an_issue_hears_of_it_in_the_list_and_by_mail(make_issue: Make, someone: Make) -> None:
    issue, other = make_issue(), make_issue("Another")
    reader = someone(email="reader@example.org")
    follow(reader, f"issue:{issue.pk}")

    act("resolve", issue)
    act("resolve", other)

    subject = f"issue:{issue.pk}"
    assert told() == [("reader@example.org", channel, "resolve", subject) for channel in ("email", "list")]
