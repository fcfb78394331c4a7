"""What the clock takes: announced first, never what is published, and counted before it is done."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from ledger.models import Event
from reports import retention
from reports.models import Contact, Erasure, Evidence, Issue, Report
from reports.retention import MONTH, Applied, apply, preview
from reports.sealing import seal
from reports.standing import issue_of
from triage.decisions import decide
from triage.erasures import refuse

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def old(file: Make, artifact: Any, now: datetime) -> Report:
    """Filed twenty-five months ago, and never published."""
    report = file()
    Report.objects.filter(pk=report.pk).update(filed_at=now - 25 * MONTH)
    return Report.objects.get(pk=report.pk)


def stands(report: Report) -> bool:
    return Evidence.objects.filter(report=report).exists()


def test_it_is_announced_for_a_month_and_then_taken_away_on_record(old: Report, now: datetime) -> None:
    assert preview(now) == Applied(announced=1)
    assert apply(now) == Applied(announced=1)
    assert apply(now + timedelta(days=29)) == Applied()
    assert stands(old)

    assert apply(now + timedelta(days=30)) == Applied(erased=1)

    assert not stands(old)
    assert Erasure.objects.get().basis == "retention"
    assert [event.actor for event in Event.objects.filter(verb__in=["announce_erasure", "erase"])] == ["system"] * 2


def test_what_comes_of_age_is_announced_a_month_before(file: Make, artifact: Any, now: datetime) -> None:
    report = file()
    Report.objects.filter(pk=report.pk).update(filed_at=now - 24 * MONTH + timedelta(days=29))
    apply(now)

    due = Erasure.objects.get().due_at

    assert due == now + timedelta(days=30)
    assert apply(now + timedelta(days=30)).erased == 1


def test_nothing_published_goes_by_the_clock(old: Report, now: datetime, triager: Any) -> None:
    issue = issue_of(old)
    assert issue is not None
    decide(issue, "confirm", by=triager)

    assert apply(now) == Applied()

    Issue.objects.filter(pk=issue.pk).update(published_at=None)
    assert apply(now) == Applied(announced=1)
    Issue.objects.filter(pk=issue.pk).update(published_at=now)
    assert apply(now + timedelta(days=31)) == Applied(kept_after_all=1)
    assert stands(old)
    assert not Erasure.objects.exists()


def test_a_person_may_keep_it(old: Report, now: datetime, triager: Any) -> None:
    apply(now)
    refuse(Erasure.objects.get(), reason="needed", by=triager)

    assert apply(now + timedelta(days=400)) == Applied()

    assert stands(old)


def test_a_site_that_sets_nothing_keeps_everything(old: Report, now: datetime, settings: Any) -> None:
    apply(now)
    settings.RETAIN_EVIDENCE_MONTHS = settings.RETAIN_CONTACT_DAYS = 0

    assert apply(now + timedelta(days=400)) == Applied(kept_after_all=1)

    assert stands(old)


def test_an_address_goes_ninety_days_after_all_its_issues_were_closed(
    file: Make, artifact: Any, now: datetime, triager: Any
) -> None:
    report = file()
    Contact.objects.create(report=report, sealed_email=seal("rosa@reporters.example"))
    issue = issue_of(report)
    assert issue is not None
    assert apply(now + timedelta(days=91)).contacts == 0
    decide(issue, "dismiss", reason="spam", by=triager)

    assert apply(now + timedelta(days=89)).contacts == 0
    assert preview(now + timedelta(days=91)).contacts == 1
    assert apply(now + timedelta(days=91)).contacts == 1

    assert not Contact.objects.exists()
    assert Event.objects.get(verb="forget_contact").subjects == [f"report:{report.pk}"]


def test_the_command_counts_before_it_does(old: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    told = StringIO()
    call_command("apply_retention", "--dry-run", stdout=told)
    assert told.getvalue().startswith("Nothing was changed. It would be: reports announced 1,")
    assert not Erasure.objects.exists()

    call_command("apply_retention", stdout=told)

    assert retention.announced().count() == 1
