"""Claims: one person has an issue for five minutes, nobody is kept from it, and ten are given at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ledger.models import Event
from reports.models import Issue, Placement, Report
from triage.claims import HANDFUL, LEASE, claim, claim_ten, decided, leases, release, renew
from triage.models import Claim

File = Callable[..., Report]


@pytest.fixture
def other(someone: Callable[..., Any]) -> Any:
    return someone("moderator")


def waiting() -> Any:
    return Issue.objects.filter(status="new").order_by("pk")


def test_who_comes_first_has_it_until_the_lease_ends(make_issue: Any, triager: Any, other: Any) -> None:
    issue, now = make_issue(status="new"), timezone.now()

    first = claim(issue, triager, at=now)
    second = claim(issue, other, at=now + timedelta(minutes=4))
    third = claim(issue, other, at=now + LEASE)

    assert [row.user if row else None for row in (first, second, third)] == [triager, triager, other]


def test_claiming_again_holds_it_longer(make_issue: Any, triager: Any) -> None:
    issue, now = make_issue(status="new"), timezone.now()
    claim(issue, triager, at=now)

    again = claim(issue, triager, at=now + timedelta(minutes=3))

    assert again is not None
    assert again.until == now + timedelta(minutes=3) + LEASE


def test_a_page_shows_what_is_left_and_to_whom(make_issue: Any, triager: Any, other: Any) -> None:
    issue, free, now = make_issue(status="new"), make_issue(status="new"), timezone.now()
    claim(issue, triager, at=now)

    mine = leases([issue.pk, free.pk], triager, at=now + timedelta(seconds=48))
    theirs = leases([issue.pk, free.pk], other, at=now + timedelta(seconds=48))

    assert {pk: (lease.is_mine, lease.left) for pk, lease in mine.items()} == {issue.pk: (True, "4:12")}
    assert (theirs[issue.pk].is_mine, theirs[issue.pk].who) == (False, str(triager))
    assert leases([issue.pk], triager, at=now + LEASE) == {}


def test_only_its_owner_releases_a_claim(make_issue: Any, triager: Any, other: Any) -> None:
    issue = make_issue(status="new")
    claim(issue, triager)

    assert release(issue, other) == 0
    assert release(issue, triager) == 1
    assert not Claim.objects.exists()


def test_ten_are_given_and_twice_is_no_more(make_issue: Any, triager: Any, other: Any) -> None:
    issues = [make_issue(f"Issue {number}", status="new") for number in range(13)]
    claim(issues[0], other)

    held = claim_ten(waiting(), triager)
    again = claim_ten(waiting(), triager)

    assert (held, again) == (HANDFUL, HANDFUL)
    mine = Claim.objects.filter(user=triager).order_by("issue").values_list("issue", flat=True)
    assert list(mine) == [issue.pk for issue in issues[1:11]]


def test_the_next_person_is_given_others(make_issue: Any, triager: Any, other: Any) -> None:
    for number in range(12):
        make_issue(f"Issue {number}", status="new")

    held = [claim_ten(waiting(), person) for person in (triager, other)]

    assert held == [10, 2]
    assert Claim.objects.values("issue").distinct().count() == 12


def test_ten_come_in_languages_that_the_triager_reads(file: File, artifact: Any, triager: Any) -> None:
    spanish = file(language="es")
    english = file(language="en", summary="Deletes folders", what_happened="It removed all my photographs at once.")
    assert Placement.objects.active().values("issue").distinct().count() == 2
    triager.reads = ["es"]

    held = claim_ten(waiting(), triager)

    assert held == 1
    assert Claim.objects.get().issue.placements.get().report == spanish
    triager.reads = []
    assert claim_ten(waiting(), triager) == 2
    assert Claim.objects.filter(issue__placements__report=english).exists()


def test_deciding_gives_one_back_and_holds_on_to_the_others(make_issue: Any, triager: Any) -> None:
    first, second = make_issue(status="new"), make_issue(status="new")
    before = timezone.now() - timedelta(minutes=2)
    for issue in (first, second):
        claim(issue, triager, at=before)

    decided(first, triager)

    row = Claim.objects.get()
    assert row.issue == second
    assert row.until > before + LEASE


def test_what_is_done_with_is_held_by_nobody(make_issue: Any, triager: Any, other: Any) -> None:
    issue = make_issue(status="new")
    claim(issue, triager)

    decided(issue, other, is_done=False)
    assert Claim.objects.exists()

    decided(issue, other)
    assert not Claim.objects.exists()


def test_what_has_run_out_is_not_renewed(make_issue: Any, triager: Any) -> None:
    claim(make_issue(status="new"), triager, at=timezone.now() - LEASE)

    assert renew(triager) == 0


def test_a_claim_tells_the_ledger_nothing_and_changes_no_revision(make_issue: Any, triager: Any) -> None:
    issue, events = make_issue(status="new"), Event.objects.count()

    claim(issue, triager)
    claim_ten(waiting(), triager)
    release(issue, triager)

    assert Event.objects.count() == events
    assert Issue.objects.get().revision == issue.revision
