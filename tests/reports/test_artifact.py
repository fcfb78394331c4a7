"""The page of an artifact: what it tells, to whom, how it is narrowed, and what it costs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Affected, Alias, Answer, Artifact, DailyCount, Lineage, Placement, Version
from reports.naming import artifact_named

Make = Callable[..., Any]
PAGE = "/models/acme/chat-7b/"


def confirmed(kind: str, name: str, **fields: Any) -> Artifact:
    made = artifact_named(kind, name)
    Artifact.objects.filter(pk=made.pk).update(confirmed_at=timezone.now(), **fields)
    made.refresh_from_db()
    return made


def found(response: Any) -> list[str]:
    return [each.line.title for group in response.context["groups"] for each in group["found"]]


# The page of an artifact


def test_an_artifact_page_goes_by_how_the_issue_stands_for_it(client: Client, make_issue: Make) -> None:
    other = confirmed("model", "acme/other")
    half = make_issue("Mended here only")
    Affected.objects.filter(issue=half).update(resolution="documented", resolved_at=timezone.now())
    Affected.objects.create(issue=half, artifact=other, status="affected")
    cleared = make_issue("Not ours")
    Affected.objects.filter(issue=cleared).update(status="not_affected")
    lost = make_issue("Nobody sees it again", status="resolved")
    Affected.objects.filter(issue=lost).update(status="affected", resolution="not_reproducible")
    make_issue("Disputed", is_disputed=True)
    make_issue("Open")

    def groups(address: str) -> dict[str, list[str]]:
        found = client.get(address).context["groups"]
        return {group["words"]: [each.line.title for each in group["found"]] for group in found}

    assert groups("/models/acme/chat-7b/") == {
        "Open": ["Open"],
        "Open, disputed": ["Disputed"],
        "Resolved": ["Mended here only"],
        "Not reproduced": ["Nobody sees it again"],
        "Not affected": ["Not ours"],
    }
    assert groups("/models/acme/chat-7b/?state=open") == {"Open": ["Open"], "Open, disputed": ["Disputed"]}
    assert groups("/models/acme/chat-7b/?state=not_reproduced") == {"Not reproduced": ["Nobody sees it again"]}
    assert groups("/models/acme/other/") == {"Open": ["Mended here only"]}


def test_the_desk_sees_which_rows_the_public_does_not(client: Client, make_issue: Make, triager: Any) -> None:
    make_issue("Told")
    Affected.objects.filter(issue=make_issue("Asked about")).update(status="under_investigation")

    assert found(client.get("/models/acme/chat-7b/")) == ["Told"]
    client.force_login(triager)
    response = client.get("/models/acme/chat-7b/")

    told = {each.line.title: each.line.is_public for group in response.context["groups"] for each in group["found"]}
    assert told == {"Told": True, "Asked about": False}
    assert response.content.decode().count("Not public") == 1


def test_an_artifact_page_says_what_it_is(client: Client, artifact: Artifact) -> None:
    base = confirmed("model", "acme/base")
    child = confirmed("system", "clinic/desk")
    Lineage.objects.create(child=artifact, parent=base, relation="fine_tuned_from")
    Lineage.objects.create(child=child, parent=artifact, relation="built_on")
    Lineage.objects.create(child=artifact, parent=artifact_named("dataset", "secret/crawl"), relation="trained_on")
    Artifact.objects.filter(pk=artifact.pk).update(intended_use="Chat in English.", access="open")

    response = client.get("/models/acme/chat-7b/")
    page = response.content.decode()

    assert [leaf["name"] for leaf in response.context["lineage"]["parents"]] == ["acme/base"]
    assert [leaf["words"] for leaf in response.context["lineage"]["children"]] == ["built on it"]
    assert [release.name for release in response.context["releases"] if release.is_newest] == ["2026-06"]
    assert "Chat in English." in page
    assert "The card does not say." in page
    assert "Reports are not rates" in page
    assert 'href="/report/?model=acme%2Fchat-7b"' in page


def test_a_version_that_only_a_reporter_named_is_not_shown(
    client: Client, artifact: Artifact, make_issue: Make
) -> None:
    Version.objects.create(artifact=artifact, name="my private build")
    fixed = Version.objects.create(artifact=artifact, name="2026-07")
    issue = make_issue(status="resolved")
    Affected.objects.filter(issue=issue).update(fixed_in=fixed)

    releases = client.get("/models/acme/chat-7b/").context["releases"]

    assert [(release.name, release.fixed) for release in releases] == [("2026-06", 0), ("2026-05", 0), ("2026-07", 1)]


@pytest.mark.parametrize(
    "address", ["/models/acme/unseen/", "/models/acme/never/", "/systems/acme/chat-7b/", "/models/a/%00/"]
)
def test_an_artifact_without_a_page_answers_like_one_that_never_was(
    client: Client, artifact: Artifact, address: str
) -> None:
    unseen = artifact_named("model", "acme/unseen")
    Alias.objects.create(artifact=unseen, name="acme/never")

    assert client.get(address).status_code == 404


def test_old_and_other_names_lead_to_the_artifact(client: Client, artifact: Artifact) -> None:
    Alias.objects.create(artifact=artifact, name="acme/chatty")
    confirmed("model", "acme/doublet", merged_into=artifact)

    for address in ("/models/acme/chatty/", "/models/acme/doublet/", "/models/ACME/Chat-7B/"):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (301, "/models/acme/chat-7b/")
        assert client.get(f"{address}?state=open")["Location"] == "/models/acme/chat-7b/?state=open"


def test_the_chart_counts_voices_of_public_issues_only(client: Client, artifact: Artifact, make_issue: Make) -> None:
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday())
    unjudged = make_issue("Names it, unjudged")
    Affected.objects.filter(issue=unjudged).update(status="under_investigation")
    for issue, voices in ((make_issue(), 4), (make_issue(status="new"), 50), (unjudged, 60)):
        for day in (monday, monday - timedelta(days=14)):
            DailyCount.objects.create(
                issue=issue,
                day=day,
                artifact=artifact,
                kind="other",
                channel="api",
                report_count=70,
                voice_count=voices,
            )

    response = client.get("/models/acme/chat-7b/")

    assert [(week["start"], week["count"]) for week in response.context["weeks"]] == [
        (monday - timedelta(days=14), 4),
        (monday - timedelta(days=7), 0),
        (monday, 4),
    ]
    assert '<svg viewBox="0 0 720 218"' in response.content.decode()


# What stands beside each issue


def test_an_issue_tells_what_is_known_of_it(client: Client, artifact: Artifact, make_issue: Make) -> None:
    now = timezone.now()
    issue = make_issue(
        "Cites rulings",
        status="resolved",
        public_summary="It invents a ruling, whatever it is asked.",
        severity="high",
        severity_by_person=True,
        context_of_use="justice",
        lifecycle_stage="fine_tuning",
        in_stated_use=True,
        voice_count=1,
        first_reported_at=datetime(2026, 6, 3, tzinfo=UTC),
        confirmed_at=now - timedelta(days=41),
    )
    first, second = artifact.versions.order_by("position")
    Affected.objects.filter(issue=issue).update(
        introduced_in=first,
        fixed_in=second,
        tries=10,
        failures=7,
        statement="Mended in training.",
        stated_at=datetime(2026, 6, 9, tzinfo=UTC),
        notified_at=datetime(2026, 6, 5, tzinfo=UTC),
        acknowledged_at=datetime(2026, 6, 6, tzinfo=UTC),
    )

    page = client.get(PAGE).content.decode()

    for words in (
        "It invents a ruling, whatever it is asked.",
        "False information",
        "Justice",
        "1 voice",
        "reproduced 7 of 10",
        "inside stated use",
        "severity set by a triager",
        "stage: Fine-tuning",
        "seen from 2026-05",
        "fixed in 2026-06",
        "first reported 3 Jun 2026",
        "its developer told 5 Jun 2026",
        "acknowledged 6 Jun 2026",
        "answered 9 Jun 2026",
        "resolved after 41 days",
        "Mended in training.",
    ):
        assert words in page


def test_who_found_it_goes_by_reports_that_are_counted_and_not_private(
    client: Client, file: Make, make_issue: Make
) -> None:
    issue = make_issue()
    for layer, fields in (("audit", {}), ("research", {"visibility": "private"}), ("use", {})):
        report = file(found_by=layer, grouped=False, **fields)
        Placement.objects.create(report=report, issue=issue, by="person")
    held = file(found_by="monitoring", grouped=False)
    held.held_at = timezone.now()
    held.save()
    Placement.objects.create(report=held, issue=issue, by="person")

    assert "found by: Audit, Everyday use" in client.get(PAGE).content.decode()


def test_silence_is_told_with_its_days_and_an_answer_ends_it(
    client: Client, artifact: Artifact, make_issue: Make, someone: Make
) -> None:
    issue = make_issue()
    Affected.objects.filter(issue=issue).update(notified_at=timezone.now() - timedelta(days=12))

    silent = client.get(PAGE).content.decode()
    maintainer = someone("maintainer", artifact_id=artifact.pk)
    given = Answer.objects.create(issue=issue, artifact=artifact, text="We look into it.", by=maintainer)
    waiting = client.get(PAGE).content.decode()
    Answer.objects.filter(pk=given.pk).update(accepted_at=timezone.now())
    answered = client.get(PAGE).content.decode()

    assert "No answer on record to 1 issue that its developer was told of, day 12 of it." in silent
    assert "no answer, day 12" in silent
    assert waiting == silent  # what nobody has accepted is not on record
    assert "no answer" not in answered.lower()


def test_medians_are_told_from_five_on(client: Client, make_issue: Make) -> None:
    told = datetime(2026, 6, 1, tzinfo=UTC)
    for days in (1, 2, 3, 4):
        Affected.objects.filter(issue=make_issue()).update(notified_at=told, stated_at=told + timedelta(days=days))

    four = client.get(PAGE)
    Affected.objects.filter(issue=make_issue()).update(notified_at=told, stated_at=told + timedelta(days=50))
    five = client.get(PAGE)

    assert len(four.context["figures"]) == 2
    assert "How long the first answer takes is told from 5 answers on; there are 4." in four.content.decode()
    assert five.context["figures"][2] == {
        "number": 3,
        "unit": "days",
        "words": "to the first answer, median; p90 50",
    }


# Narrowing


def test_issues_are_narrowed_by_the_address(client: Client, artifact: Artifact, make_issue: Make) -> None:
    first, second = artifact.versions.order_by("position")
    old = make_issue("Old", kind="privacy_leak", severity="high", context_of_use="health", status="resolved")
    Affected.objects.filter(issue=old).update(introduced_in=first, fixed_in=second)
    new = make_issue("New", lifecycle_stage="data", in_stated_use=False)
    Affected.objects.filter(issue=new).update(introduced_in=second)

    def narrowed(query: str) -> list[str]:
        return found(client.get(f"{PAGE}?{query}"))

    assert narrowed("kind=privacy_leak&severity=high&context_of_use=health") == ["Old"]
    assert narrowed("lifecycle_stage=data&stated_use=outside") == ["New"]
    assert narrowed("stated_use=inside") == []
    assert narrowed("version=2026-05") == ["Old"]
    assert narrowed("version=2026-06") == ["New", "Old"]  # seen in it, and fixed in it
    assert narrowed("resolution=fixed&state=resolved") == ["Old"]


def test_what_was_asked_for_can_be_taken_back_one_by_one(client: Client, make_issue: Make) -> None:
    make_issue()

    response = client.get(f"{PAGE}?state=open&kind=other&severity=high")

    assert [chip["href"] for chip in response.context["chips"]] == [
        "?state=open&severity=high",
        "?state=open&kind=other",
    ]
    assert "No issue here fits." in response.content.decode()
    assert 'href="?"' in response.content.decode()


@pytest.mark.parametrize(
    "query", ["kind=banana", "version=x%00y", "state=%D8%A7", "severity=" + "a" * 3000, "page=-1", "page=9999999999999"]
)
def test_bad_filters_are_told_and_never_an_error(client: Client, make_issue: Make, query: str) -> None:
    make_issue()

    assert client.get(f"{PAGE}?{query}").status_code == 200


def test_issues_come_in_pages_of_25(client: Client, make_issue: Make) -> None:
    for number in range(27):
        make_issue(f"Issue {number}")

    first, second = client.get(PAGE), client.get(f"{PAGE}?page=2")

    assert (len(found(first)), len(found(second))) == (25, 2)
    assert not set(found(first)) & set(found(second))


# What it was made from


def test_issues_of_ancestors_are_told_as_inherited(client: Client, artifact: Artifact, make_issue: Make) -> None:
    base, crawl = confirmed("model", "acme/base"), confirmed("dataset", "acme/crawl")
    Lineage.objects.create(child=artifact, parent=base, relation="fine_tuned_from")
    Lineage.objects.create(child=base, parent=crawl, relation="trained_on")
    make_issue("Of the base", artifact=base)
    make_issue("Of the data", artifact=crawl)
    both = make_issue("Judged for both", artifact=base)
    Affected.objects.create(issue=both, artifact=artifact, status="not_affected")
    cleared = make_issue("Not even of the base", artifact=base)
    Affected.objects.filter(issue=cleared).update(status="not_affected")

    response = client.get(PAGE)

    told = response.context["inherited"]
    assert {(row["title"], row["of"]["name"]) for row in told["first"]} == {
        ("Of the base", "acme/base"),
        ("Of the data", "acme/crawl"),
    }
    assert told["count"] == 2
    assert "Known in what it was made from" in response.content.decode()


def test_what_two_ancestors_are_known_for_is_inherited_once_from_the_nearest(
    client: Client, artifact: Artifact, make_issue: Make
) -> None:
    base, oldest = confirmed("model", "acme/base"), confirmed("model", "acme/oldest")
    Lineage.objects.create(child=artifact, parent=base, relation="fine_tuned_from")
    Lineage.objects.create(child=base, parent=oldest, relation="fine_tuned_from")
    handed_on = make_issue("Handed on", artifact=oldest)
    Affected.objects.create(issue=handed_on, artifact=base, status="affected")

    told = client.get(PAGE).context["inherited"]

    assert [(row["title"], row["of"]["name"]) for row in told["first"]] == [("Handed on", "acme/base")]
    assert (told["count"], told["more"]) == (1, 0)


def test_nothing_is_inherited_by_way_of_what_is_hidden(client: Client, artifact: Artifact, make_issue: Make) -> None:
    hidden, oldest = artifact_named("model", "acme/secret"), confirmed("model", "acme/oldest")
    Lineage.objects.create(child=artifact, parent=hidden, relation="fine_tuned_from")
    Lineage.objects.create(child=hidden, parent=oldest, relation="fine_tuned_from")
    make_issue("Of the oldest", artifact=oldest)
    named = confirmed("model", "acme/named")
    Lineage.objects.create(child=artifact, parent=named, relation="merged_from")
    kept = make_issue("Of one that is named", artifact=named)
    Affected.objects.create(issue=kept, artifact=artifact)  # a report says so, and nobody has judged it

    response = client.get(PAGE)

    assert [row["title"] for row in response.context["inherited"]["first"]] == ["Of one that is named"]
    assert "secret" not in response.content.decode()


# What the card promises


def test_promises_stand_beside_what_was_found(client: Client, artifact: Artifact, make_issue: Make) -> None:
    Artifact.objects.filter(pk=artifact.pk).update(intended_use="Chat in English.")
    make_issue(in_stated_use=True)
    make_issue(in_stated_use=False, lifecycle_stage="data")
    ended = make_issue(in_stated_use=False, status="resolved", resolution="documented")
    Affected.objects.filter(issue=ended).update(status="affected", resolution="documented")

    intended, known, collected = client.get(PAGE).context["promises"]

    assert intended["says"] == "Chat in English."
    assert [(each["words"], each["href"]) for each in intended["found"]] == [
        ("1 issue inside stated use", "?stated_use=inside#issues"),
        ("2 issues outside it", "?stated_use=outside#issues"),
        ("0 nobody has judged", ""),
    ]
    assert known["found"][0]["words"] == "1 issue resolved by documenting it"
    assert collected["found"][0]["href"] == "?lifecycle_stage=data#issues"


# Taking it along


def test_it_leads_to_all_its_other_forms(client: Client, artifact: Artifact, make_issue: Make) -> None:
    make_issue()

    response = client.get(PAGE)
    page = response.content.decode()

    links = response.context["links"]
    assert '<link rel="alternate" type="application/atom+xml" href="/models/acme/chat-7b/feed.atom"' in page
    for address in (links["feed"], links["card"], links["badge"], *(form["href"] for form in links["exports"])):
        assert client.get(address).status_code == 200
    assert links["snippet"] == (
        "[![Issues of acme/chat\\-7b on the public record](http://127.0.0.1:8000/models/acme/chat-7b/badge.svg)]"
        "(http://127.0.0.1:8000/models/acme/chat-7b/)"
    )


# What it costs


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("query", "queries"),
    [("", 4), ("?state=open", 4), ("?severity=not_sure&version=2026-05&state=open", 6), ("?page=2", 4)],
)
def test_a_page_costs_the_same_for_one_row_and_three(
    client: Client,
    make_issue: Make,
    artifact: Artifact,
    django_assert_num_queries: Any,
    rows: int,
    query: str,
    queries: int,
) -> None:
    for _ in range(rows):
        issue = make_issue()
        Affected.objects.filter(issue=issue).update(introduced_in=artifact.versions.first())
    client.get(PAGE)

    with django_assert_num_queries(queries):
        response = client.get(PAGE + query)

    assert len(found(response)) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_what_stirs_a_page_is_counted_once_more_and_no_oftener(
    client: Client, make_issue: Make, django_assert_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        make_issue()

    with django_assert_num_queries(21):
        client.get(PAGE)


def test_whoever_has_the_page_costs_two_queries(
    client: Client, make_issue: Make, django_assert_num_queries: Any
) -> None:
    make_issue()
    tag = client.get(PAGE)["ETag"]

    with django_assert_num_queries(2):
        response = client.get(PAGE, headers={"If-None-Match": tag})

    assert (response.status_code, response.content) == (304, b"")
