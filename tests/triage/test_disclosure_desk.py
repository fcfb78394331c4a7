"""Coordinated disclosure at the desk: an end is agreed on in a place's own time; what people may not do is refused."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.policy import ANONYMOUS
from ledger.models import Event
from reports.models import Affected, ContextRule, Issue, Notice, Stub
from reports.naming import artifact_named
from triage import decisions
from triage.decisions import decide
from triage.models import Decision

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SOON = NOW + timedelta(days=30)


@pytest.fixture(scope="module")
def people(ground: Any) -> dict[str, Any]:
    made = {"one": ground.someone("triager"), "two": ground.someone("moderator")}
    made["maintainer"] = ground.someone("maintainer", artifact_id=ground.artifact.pk)
    made["reporter"] = ground.someone(email="who.filed@example.org")
    return made


@pytest.fixture
def one(people: dict[str, Any]) -> Any:
    return deepcopy(people["one"])


@pytest.fixture
def two(people: dict[str, Any]) -> Any:
    return deepcopy(people["two"])


@pytest.fixture(scope="module")
def kept(ground: Any, people: dict[str, Any]) -> Issue:
    """Confirmed by one, under embargo for a month, and its maintainer was told."""
    report = ground.file()
    type(report).objects.filter(pk=report.pk).update(reporter=people["reporter"])
    issue = report.placements.get().issue
    decide(issue, "embargo", by=people["one"], until=SOON, zone="Europe/Berlin")
    decide(issue, "confirm", by=people["one"])
    return Issue.objects.get(pk=issue.pk)


@pytest.fixture
def issue(kept: Issue) -> Issue:
    return Issue.objects.get(pk=kept.pk)


@pytest.fixture
def desk(client: Client, two: Any) -> Client:
    client.force_login(two)
    return client


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ValidationError) as refusal:
        act()
    return str(refusal.value.messages[0])


def visible(issue: Issue) -> bool:
    return Issue.objects.visible_to(ANONYMOUS).filter(pk=issue.pk).exists()


def test_an_embargo_is_set_in_a_zone_and_told_in_words(issue: Issue, desk: Client) -> None:
    page = desk.get(f"/triage/{issue.pk}/disclosure/").content.decode()

    assert issue.published_at is None
    assert "Europe/Berlin" in page
    assert "UTC" in page
    assert "Nothing is published by that alone" in page


@pytest.mark.parametrize(
    ("day", "hour", "at", "said"),
    [
        ("2027-03-28", "02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC), "set forward"),
        ("2027-10-31", "02:30", datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "comes twice"),
        ("2027-02-28", "09:00", datetime(2027, 2, 28, 8, 0, tzinfo=UTC), ""),
    ],
)
def test_an_hour_that_is_odd_is_explained(
    make: Callable[..., Issue], desk: Client, settings: Any, day: str, hour: str, at: datetime, said: str
) -> None:
    settings.EMBARGO_LONGEST_DAYS = 2_000
    new = make(status="new")
    sent = {"verb": "embargo", "day": day, "hour": hour, "zone": "europe/berlin", "revision": "0"}

    answer = desk.post(f"/triage/{new.pk}/disclosure/", sent, follow=True)

    new.refresh_from_db()
    assert (new.embargo_until, new.embargo_zone) == (at, "Europe/Berlin")
    assert not said or said in answer.content.decode()


@pytest.fixture
def make(ground: Any) -> Callable[..., Issue]:
    return ground.make_issue  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Mars/Olympus"},
        {"zone": "Europe/Berlin\x00"},
        {"day": "2027-02-30"},
        {"day": "9999-12-31", "hour": "23:59", "zone": "America/New_York"},
        {"hour": "26:00"},
        {"day": "2020-01-01"},
        {"day": ""},
        {"verb": "unpublish"},
        {"revision": "99999999999999"},
    ],
)
def test_bad_input_is_told_and_changes_nothing(make: Callable[..., Issue], desk: Client, wrong: dict[str, str]) -> None:
    new = make(status="new")
    day = f"{SOON:%Y-%m-%d}"
    sent = {"verb": "embargo", "day": day, "hour": "09:00", "zone": "UTC", "revision": "0", **wrong}

    answer = desk.post(f"/triage/{new.pk}/disclosure/", sent)

    new.refresh_from_db()
    assert answer.status_code == 422
    assert new.embargo_until is None


def test_whoever_is_late_decides_on_top_of_what_changed(make: Callable[..., Issue], desk: Client, one: Any) -> None:
    new = make(status="new")
    sent = {"verb": "embargo", "day": f"{SOON:%Y-%m-%d}", "hour": "09:00", "zone": "UTC", "revision": new.revision}
    decide(new, "classify", by=one, severity="critical")

    late = desk.post(f"/triage/{new.pk}/disclosure/", sent)
    again = desk.post(f"/triage/{new.pk}/disclosure/", late.context["forms"]["embargo"].data.dict())

    new.refresh_from_db()
    assert (late.status_code, again.status_code) == (409, 302)
    assert new.is_embargoed


def test_what_is_public_is_not_put_under_an_embargo(make: Callable[..., Issue], one: Any) -> None:
    public = make()

    assert "Unpublish it first" in refused(lambda: decide(public, "embargo", by=one, until=SOON, zone="UTC"))


def test_no_embargo_lasts_longer_than_the_site_allows(make: Callable[..., Issue], one: Any) -> None:
    new = make(status="new")

    said = refused(lambda: decide(new, "embargo", by=one, until=NOW + timedelta(days=181), zone="UTC"))

    assert "at the latest" in said


def test_a_context_of_use_has_terms_of_its_own(make: Callable[..., Issue], one: Any) -> None:
    ContextRule.objects.update_or_create(context="health", defaults={"embargo_days": 400})
    new = make(status="new", context_of_use="health")

    decide(new, "embargo", by=one, until=NOW + timedelta(days=399), zone="UTC")


def test_it_is_extended_for_a_reason_and_far_by_somebody_else(issue: Issue, one: Any, two: Any) -> None:
    near, far = SOON + timedelta(days=14), SOON + timedelta(days=20)

    assert "Choose a reason" in refused(lambda: decide(issue, "extend", by=one, until=near, zone="UTC"))
    assert "later" in refused(lambda: decide(issue, "extend", by=one, until=SOON, zone="UTC", reason="harm"))
    decide(issue, "extend", by=one, until=near, zone="UTC", reason="fix_promised")
    assert "Somebody else" in refused(lambda: decide(issue, "extend", by=one, until=far, zone="UTC", reason="harm"))
    made = decide(issue, "extend", by=two, until=far, zone="Asia/Tokyo", reason="others_affected")

    issue.refresh_from_db()
    assert issue.embargo_until == far
    decisions.undo(made, by=two)
    issue.refresh_from_db()
    assert (issue.embargo_until, issue.embargo_zone) == (near, "UTC")


def test_an_extension_is_not_undone_into_the_past(issue: Issue, two: Any) -> None:
    made = decide(issue, "extend", by=two, until=SOON + timedelta(days=9), zone="UTC", reason="harm")
    rows = made.before["rows"]
    rows[f"issue:{issue.pk}"]["embargo_until"] = (NOW - timedelta(days=1)).isoformat()
    Decision.objects.filter(pk=made.pk).update(before={"rows": rows})

    assert "Lift it instead" in refused(lambda: decisions.undo(made, by=two))


def test_lifting_takes_a_reason_and_somebody_who_did_not_confirm(issue: Issue, one: Any, two: Any) -> None:
    assert "Choose a reason" in refused(lambda: decide(issue, "lift", by=two))
    assert "You confirmed it" in refused(lambda: decide(issue, "lift", by=one, reason="agreed"))

    decide(issue, "schedule", by=two)
    made = decide(issue, "lift", by=two, reason="known")

    assert visible(issue)
    decisions.undo(made, by=two)
    assert not visible(issue)
    issue.refresh_from_db()
    assert issue.publishes_at_end


def test_reporters_and_maintainers_hear_of_what_was_decided(issue: Issue, two: Any, people: dict[str, Any]) -> None:
    Notice.objects.all().delete()

    decide(issue, "lift", by=two, reason="agreed")

    told = Notice.objects.filter(verb="lift", channel="list").values_list("user__email", "subject")
    assert {(people["maintainer"].email, f"issue:{issue.pk}")} <= set(told)
    assert any(email == people["reporter"].email and subject.startswith("report:") for email, subject in told)


def test_a_reporters_embargo_is_lifted_with_it(ground: Any, people: dict[str, Any], one: Any, two: Any) -> None:
    ends = (NOW + timedelta(days=60)).isoformat()
    words = {
        "summary": "It tells how to get in",
        "what_happened": "Whoever asks in verse is handed the way in.",
    }
    report = ground.file(**words, kind="jailbreak_or_injection", embargo_until=ends)
    issue = report.placements.get().issue
    decide(issue, "confirm", by=one)
    assert "embargo" in refused(lambda: decide(issue, "publish", by=two))

    made = decide(issue, "lift", by=two, reason="agreed")

    report.refresh_from_db()
    assert report.embargo_lifted_at
    decisions.undo(made, by=two)
    report.refresh_from_db()
    assert report.is_embargoed


def test_silence_is_a_reason_only_once_the_clock_has_run_out(issue: Issue, two: Any) -> None:
    assert "until" in refused(lambda: decide(issue, "lift", by=two, reason="unresponsive"))
    Affected.objects.filter(issue=issue).update(notified_at=NOW - timedelta(days=9))

    decide(issue, "lift", by=two, reason="unresponsive")


def test_a_fix_is_a_reason_only_once_people_had_time_to_update(issue: Issue, two: Any) -> None:
    assert "not on record as fixed" in refused(lambda: decide(issue, "lift", by=two, reason="fixed"))
    fixed = {"status": "fixed", "resolution": "fixed"}
    Affected.objects.filter(issue=issue).update(**fixed, resolved_at=NOW - timedelta(days=29))
    assert "time to update" in refused(lambda: decide(issue, "lift", by=two, reason="fixed"))
    Affected.objects.filter(issue=issue).update(resolved_at=NOW - timedelta(days=31))

    decide(issue, "lift", by=two, reason="fixed")


def test_publication_at_its_end_takes_somebody_who_did_not_confirm(issue: Issue, one: Any, two: Any) -> None:
    assert "You confirmed it" in refused(lambda: decide(issue, "schedule", by=one))

    decide(issue, "schedule", by=two)
    assert "already" in refused(lambda: decide(issue, "schedule", by=two))
    decide(issue, "schedule", by=one, stands=False)

    issue.refresh_from_db()
    assert not issue.publishes_at_end


def test_once_it_has_ended_it_is_neither_extended_nor_put_back(issue: Issue, two: Any) -> None:
    made = decide(issue, "extend", by=two, until=SOON + timedelta(days=9), zone="UTC", reason="harm")
    Issue.objects.filter(pk=issue.pk).update(embargo_lifted_at=SOON)

    later = {"by": two, "until": SOON + timedelta(days=99), "zone": "UTC"}
    assert "not put back" in refused(lambda: decide(issue, "extend", reason="harm", **later))
    assert "not put back" in refused(lambda: decide(issue, "embargo", **later))
    assert "cannot be undone" in refused(lambda: decisions.undo(made, by=two))


def test_who_answers_for_it_or_reported_it_decides_nothing_of_it(issue: Issue, ground: Any) -> None:
    both = ground.someone("triager", "maintainer", email="both@example.org", artifact_id=ground.artifact.pk)

    assert "somebody else" in refused(lambda: decide(issue, "extend", by=both, until=SOON, reason="harm"))
    assert "somebody else" in refused(lambda: decide(issue, "lift", by=both, reason="agreed"))


def test_maintainers_see_each_other_only_by_decision(
    issue: Issue, client: Client, people: dict[str, Any], two: Any, ground: Any
) -> None:
    other = artifact_named("model", "else/where")
    issue.affected.create(artifact=other, notified_at=datetime(2026, 3, 3, tzinfo=UTC), status="affected")
    client.force_login(people["maintainer"])
    page = f"/maintain/{issue.pk}/"
    assert "else/where" not in client.get(page).content.decode()

    decide(issue, "share", by=two)

    told = client.get(page).content.decode()
    assert "else/where" in told
    assert "no answer on record since" in told
    decide(issue, "share", by=two, stands=False)
    assert "else/where" not in client.get(page).content.decode()


def test_every_act_is_one_event_without_words(issue: Issue, two: Any) -> None:
    before = Event.objects.count()

    decide(issue, "announce", by=two, note="a canary of a note")

    (event,) = Event.objects.order_by("-pk")[: Event.objects.count() - before]
    assert event.verb == "announce"
    assert "canary" not in str(event.payload.content)
    assert Stub.objects.shown().count() == 1
