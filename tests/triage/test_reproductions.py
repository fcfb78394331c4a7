"""Trying again: the page, what a fix needs, and what flags a possible regression."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.policy import ANONYMOUS
from ledger.models import Event
from reports.grounds import grounds_of
from reports.models import Affected, Reproduction, Version
from reports.naming import artifact_named
from reports.record import issues_on_record
from reports.story import story_of
from tests.standing import anew
from triage.decisions import decide, undo
from triage.forms.answering import settings_in
from triage.queue import waiting_count

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def standing(ground: Any) -> dict[str, Any]:
    """A confirmed issue, what it is about, and who confirmed it."""
    triager = ground.someone("triager")
    issue = ground.file().placements.get().issue
    decide(issue, "confirm", by=triager)
    issue.refresh_from_db()
    return {"artifact": ground.artifact, "triager": triager, "issue": issue}


artifact, triager, issue = anew("artifact"), anew("triager"), anew("issue")


@pytest.fixture
def releases(artifact: Any) -> dict[str, Version]:
    """2.9 is before 2.10, whatever their names look like; "latest" points, and "nightly" has no place."""
    for position, name in enumerate(("2.9", "2.10", "2.11"), start=10):
        Version.objects.create(artifact=artifact, name=name, position=position)
    Version.objects.create(artifact=artifact, name="latest", is_alias=True, position=99)
    Version.objects.create(artifact=artifact, name="nightly")
    return {version.name: version for version in artifact.versions.all()}


@pytest.fixture
def fix(artifact: Any, triager: Any) -> Callable[..., Any]:
    """Resolves an issue as fixed in a version of the artifact."""

    def fixed(issue: Any, version: Any, *, about: Any = None) -> Any:
        return decide(
            issue,
            "resolve",
            by=triager,
            reason="fixed",
            artifact=about or artifact,
            fixed_in=version,
            statement="Retrained.",
            untested_reason="No access.",
        )

    return fixed


def flagged(issue: Any) -> bool:
    issue.refresh_from_db()
    return bool(issue.is_possible_regression)


def tried(issue: Any, artifact: Any, triager: Any, version: Any, failures: int = 0, tries: int = 5) -> Any:
    return decide(issue, "reproduce", by=triager, artifact=artifact, version=version, tries=tries, failures=failures)


# The page


def test_a_reproduction_is_recorded_and_undone(client: Client, issue: Any, artifact: Any, triager: Any) -> None:
    client.force_login(triager)
    address = reverse("reproductions", args=[issue.pk])
    posted = {"artifact": artifact.pk, "version": "2026-06", "tries": "5", "failures": "2", "revision": issue.revision}
    typed = {"settings": '{"temperature": 0.7}', "evidence": "It failed at noon.", "note": "With care."}

    assert client.post(address, {**posted, **typed}).status_code == 302

    row = Reproduction.objects.get()
    assert (row.tries, row.failures, row.settings, str(row.version), row.by) == (
        5,
        2,
        {"temperature": 0.7},
        "2026-06",
        triager,
    )
    response = client.get(address)
    assert "It failed at noon." in response.content.decode()
    (trial,) = response.context["trials"]
    client.post(reverse("triage_undo", args=[trial.undo]), {"issue": issue.pk})
    row.refresh_from_db()
    assert row.ended_at is not None
    assert client.get(address).context["trials"] == []


def test_zero_failures_are_an_answer(client: Client, issue: Any, artifact: Any, triager: Any) -> None:
    client.force_login(triager)
    posted = {"artifact": artifact.pk, "version": "2026-06", "tries": "5", "failures": "0"}

    client.post(reverse("reproductions", args=[issue.pk]), posted)

    assert Reproduction.objects.get().failures == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"tries": "0"}, "tries"),
        ({"tries": "1e9"}, "tries"),
        ({"tries": "99999999999"}, "tries"),
        ({"tries": "2", "failures": "3"}, "failures"),
        ({"failures": ""}, "failures"),
        ({"version": ""}, "version"),
        ({"version": "v" * 121}, "version"),
        ({"artifact": "0"}, "artifact"),
        ({"settings": "[1, 2]"}, "settings"),
        ({"settings": '{"a": 1'}, "settings"),
        ({"settings": '{"a": 1e999}'}, "settings"),
        ({"settings": "x" * 4_001}, "settings"),
        ({"evidence": "x" * 20_001}, "evidence"),
        ({"evidence": "nul \x00"}, "evidence"),
    ],
)
def test_bad_input_is_told_of_its_field_and_nothing_is_stored(
    client: Client, issue: Any, artifact: Any, triager: Any, nothing_stored: Any, typed: dict[str, str], field: str
) -> None:
    client.force_login(triager)
    posted = {"artifact": artifact.pk, "version": "2026-06", "tries": "5", "failures": "2"}

    with nothing_stored():
        response = client.post(reverse("reproductions", args=[issue.pk]), {**posted, **typed})

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]


def test_a_page_that_is_stale_is_told_so(client: Client, issue: Any, artifact: Any, triager: Any) -> None:
    client.force_login(triager)
    posted = {"artifact": artifact.pk, "version": "2026-06", "tries": "5", "failures": "2"}

    response = client.post(reverse("reproductions", args=[issue.pk]), {**posted, "revision": issue.revision - 1})

    assert response.status_code == 409
    assert not Reproduction.objects.exists()
    again = response.context["form"].data
    assert client.post(reverse("reproductions", args=[issue.pk]), again).status_code == 302


def test_versions_stand_in_their_order_not_in_that_of_their_names(
    client: Client, issue: Any, artifact: Any, triager: Any, releases: Any
) -> None:
    for version in ("2.9", "nightly", "2.10", "2.11"):
        tried(issue, artifact, triager, version)
    client.force_login(triager)

    trials = client.get(reverse("reproductions", args=[issue.pk])).context["trials"]

    assert [str(trial.row.version) for trial in trials] == ["2.11", "2.10", "2.9", "nightly"]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_asks_as_often_however_many(
    client: Client, issue: Any, artifact: Any, triager: Any, django_assert_num_queries: Any, rows: int
) -> None:
    for _row in range(rows):
        tried(issue, artifact, triager, "2026-06")
    client.force_login(triager)
    client.get(reverse("reproductions", args=[issue.pk]))

    with django_assert_num_queries(13):
        client.get(reverse("reproductions", args=[issue.pk]))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", {}),
        ("temperature = 0.7\n\n  seed: 4\nstream=true", {"temperature": 0.7, "seed": 4, "stream": True}),
        ("prompt = a = b", {"prompt": "a = b"}),
        ("id = 007", {"id": "007"}),
        ("big = 1e400", {"big": "1e400"}),
        ("what = null", {"what": "null"}),
        ('{"a": null, "b": "ب"}', {"a": None, "b": "ب"}),
    ],
)
def test_settings_are_lines_or_an_object(typed: str, read: dict[str, Any]) -> None:
    assert settings_in(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        "nothing to see",
        '{"a": [1]}',
        '{"a": NaN}',
        '{"a": 1}{',
        '{"a":' * 1_500,
        " = 1",
        f"{'k' * 61} = 1",
        "\n".join(f"k{at} = 1" for at in range(41)),
    ],
)
def test_settings_that_are_neither_are_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        settings_in(typed)


# What a fix needs


def told_of(issue: Any) -> str:
    shown = issues_on_record(ANONYMOUS).get(pk=issue.pk)
    return story_of(shown, grounds_of(shown))


def test_a_fix_needs_a_statement_and_a_trial_that_held_or_a_reason(
    issue: Any, artifact: Any, triager: Any, nothing_stored: Any
) -> None:
    fixing = {"by": triager, "reason": "fixed", "artifact": artifact, "fixed_in": "2026-06"}
    with nothing_stored():
        with pytest.raises(ValidationError, match="a fix needs a statement"):
            decide(issue, "resolve", **fixing, untested_reason="No access.")
        with pytest.raises(ValidationError, match="Nobody has tried"):
            decide(issue, "resolve", **fixing, statement="Retrained.")

    decide(issue, "resolve", **fixing, statement="Retrained.", untested_reason="No access.")

    row = Affected.objects.get(issue=issue)
    assert (row.status, row.statement, row.untested_reason) == ("fixed", "Retrained.", "No access.")
    assert "Nobody has tried it yet." in told_of(issue)
    tried(issue, artifact, triager, "2026-06", 0)
    assert "Nobody has tried it yet." not in told_of(issue)


@pytest.mark.parametrize(
    ("tried_on", "failures", "holds"),
    [
        ("2.10", 0, True),
        ("2.11", 0, True),
        ("2.9", 0, False),  # before the fix, though its name sorts after
        ("2.10", 1, False),
        ("latest", 0, False),
        ("nightly", 0, False),
    ],
)
def test_what_was_tried_counts_on_the_fixed_version_or_a_later_one(
    issue: Any, artifact: Any, triager: Any, releases: Any, tried_on: str, failures: int, holds: bool
) -> None:
    tried(issue, artifact, triager, tried_on, failures)
    fixing = {"by": triager, "reason": "fixed", "fixed_in": releases["2.10"], "statement": "Retrained."}

    if holds:
        decide(issue, "resolve", **fixing)
        assert Affected.objects.get(issue=issue).untested_reason == ""
    else:
        with pytest.raises(ValidationError, match="Nobody has tried"):
            decide(issue, "resolve", **fixing)


def test_a_trial_that_was_undone_or_of_another_artifact_counts_for_nothing(
    issue: Any, artifact: Any, triager: Any, releases: Any
) -> None:
    other = artifact_named("model", "acme/other")
    issue.affected.create(artifact=other, status="affected")
    Version.objects.create(artifact=other, name="9", position=99)
    tried(issue, other, triager, "9")
    undo(tried(issue, artifact, triager, "2.10"), by=triager)

    with pytest.raises(ValidationError, match="Nobody has tried"):
        decide(issue, "resolve", by=triager, reason="fixed", fixed_in=releases["2.10"], statement="Retrained.")


# Possible regressions


@pytest.mark.parametrize(
    ("version", "flags"),
    [
        ("2.10", True),
        ("2.11", True),
        ("2.9", False),
        ("2026-05", False),
        ("latest", False),
        ("nightly", False),
        ("2.12", False),  # a version nobody has put in order
        ("", False),
    ],
)
def test_a_report_flags_by_the_place_of_its_version(
    issue: Any, artifact: Any, file: Any, fix: Any, releases: Any, version: str, flags: bool
) -> None:
    fix(issue, releases["2.10"])
    waited = waiting_count()

    report = file(version=version, what_happened="I asked for rulings on rent and it cited one never made. Again.")

    assert report.placements.get(superseded_at=None).issue == issue
    assert flagged(issue) is flags
    assert issue.status == "resolved"
    assert waiting_count() - waited == int(flags)
    assert Event.objects.filter(verb="regress").count() == int(flags)


def test_a_fix_in_an_alias_or_in_a_version_without_a_place_is_never_flagged(
    issue: Any, artifact: Any, file: Any, fix: Any, releases: Any
) -> None:
    fix(issue, releases["nightly"])

    file(version="nightly")
    file(version="2.11")

    assert not flagged(issue)


def test_a_held_report_flags_nothing(issue: Any, artifact: Any, fix: Any, file: Any, releases: Any) -> None:
    from django.utils import timezone

    from reports.models import Report
    from triage.matching import match_report

    fix(issue, releases["2.10"])
    report = file(version="2.10", grouped=False)
    Report.objects.filter(pk=report.pk).update(held_at=timezone.now())

    match_report(report.pk)

    assert not flagged(issue)


def test_each_artifact_has_its_own_fix(issue: Any, artifact: Any, file: Any, fix: Any, releases: Any) -> None:
    tuned = artifact_named("model", "acme/chat-7b-tuned")
    tuned.family = artifact.family
    tuned.save()
    for position, name in enumerate(("1", "2", "3"), start=1):
        Version.objects.create(artifact=tuned, name=name, position=position)
    issue.affected.create(artifact=tuned, status="affected")
    fix(issue, releases["2.11"])
    fix(issue, tuned.versions.get(name="3"), about=tuned)

    file(version="2.10")
    file(artifact="acme/chat-7b-tuned", version="2")
    assert not flagged(issue)

    file(artifact="acme/chat-7b-tuned", version="3")
    assert flagged(issue)


def test_a_report_that_comes_to_a_merged_issue_flags_the_one_it_became(
    issue: Any, artifact: Any, file: Any, fix: Any, releases: Any, triager: Any
) -> None:
    told = {"summary": "It makes up verdicts", "what_happened": "Verdicts of courts that never sat, with all details."}
    gone = file(**told)
    other = gone.placements.get(superseded_at=None).issue
    if other == issue:
        other = decide(issue, "split", by=triager, reports=[gone]).after["target"]
        other = type(issue).objects.get(pk=other)
    fix(issue, releases["2.10"])
    issue.refresh_from_db()
    decide(other, "merge", by=triager, target=issue, despite=True)

    file(
        summary="It makes up verdicts",
        what_happened="Verdicts of courts that never sat, with all details.",
        version="2.11",
    )

    other.refresh_from_db()
    assert other.status == "merged"
    assert not other.is_possible_regression
    assert flagged(issue)


@pytest.mark.parametrize(("version", "flags"), [("2.10", True), ("2.11", True), ("2.9", False), ("latest", False)])
def test_a_trial_that_fails_on_a_fixed_version_flags_it_and_its_undo_takes_that_back(
    issue: Any, artifact: Any, triager: Any, fix: Any, releases: Any, version: str, flags: bool
) -> None:
    fix(issue, releases["2.10"])

    failing = tried(issue, artifact, triager, version, failures=1)

    assert flagged(issue) is flags
    undo(failing, by=triager)
    assert not flagged(issue)


def test_a_trial_that_holds_flags_nothing(issue: Any, artifact: Any, triager: Any, fix: Any, releases: Any) -> None:
    fix(issue, releases["2.10"])

    tried(issue, artifact, triager, "2.10")

    assert not flagged(issue)


@pytest.mark.parametrize("settling", ["look", "reopen"])
def test_only_a_person_settles_it_and_the_undo_puts_it_back(
    issue: Any, artifact: Any, triager: Any, fix: Any, file: Any, releases: Any, settling: str
) -> None:
    fix(issue, releases["2.10"])
    file(version="2.10")
    assert flagged(issue)

    settled = decide(issue, settling, by=triager)

    assert not flagged(issue)
    assert issue.status == {"look": "resolved", "reopen": "confirmed"}[settling]
    undo(settled, by=triager)
    assert flagged(issue)
    assert issue.status == "resolved"
