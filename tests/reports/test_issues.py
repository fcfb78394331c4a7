"""The list of issues and searching it: what is found, what is shown of it, and what never shows."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tokens import make_token
from reports.models import Affected, Alias, Artifact, Issue
from reports.naming import artifact_named
from reports.published import catch_up
from triage.decisions import decide

Make = Callable[..., Any]


def confirmed(kind: str, name: str, **fields: Any) -> Artifact:
    made = artifact_named(kind, name)
    Artifact.objects.filter(pk=made.pk).update(confirmed_at=timezone.now(), **fields)
    made.refresh_from_db()
    return made


def titles(response: Any) -> list[str]:
    return [found.line.title for found in response.context["found"]]


@pytest.fixture
def look(client: Client, db: None) -> Make:
    """Searches once what stands is indexed: ``look(q="…") -> titles``."""

    def found(**asked: str) -> list[str]:
        catch_up()
        return titles(client.get("/issues/", asked))

    return found


# What narrows the list


def test_issues_are_narrowed_by_the_address(make_issue: Make, look: Make) -> None:
    clinic = confirmed("system", "acme/clinic", developer="Acme Health")
    make_issue("Invents rulings on rent", kind="false_information", severity="high")
    make_issue("Refuses to kill a process", kind="refuses_harmless", status="resolved")
    make_issue("Misreads pulses", artifact=clinic, public_summary="Rent is not its subject.", context_of_use="health")

    assert sorted(look(state="open")) == ["Invents rulings on rent", "Misreads pulses"]
    assert look(state="resolved") == look(kind="refuses_harmless") == ["Refuses to kill a process"]
    assert look(artifact_kind="system") == look(context_of_use="health") == ["Misreads pulses"]
    assert look(severity="high") == ["Invents rulings on rent"]
    assert look(developer="ACME health") == ["Misreads pulses"]
    assert len(look(developer="acme")) == 3
    assert look(q="RENT") == ["Invents rulings on rent", "Misreads pulses"]
    assert look(q="rent", context_of_use="health") == ["Misreads pulses"]
    assert look(q="rent", developer="nobody") == look(q="100%_") == []


def test_the_best_match_comes_first_unless_the_latest_is_asked_for(make_issue: Make, look: Make) -> None:
    now = timezone.now()
    make_issue("Rent rulings are invented", confirmed_at=now - timedelta(days=9), published_at=now - timedelta(days=9))
    make_issue("Something else", public_summary="It is about rent.")

    assert look(q="rent rulings") == ["Rent rulings are invented"]
    assert look(q="rent") == ["Rent rulings are invented", "Something else"]
    assert look(q="rent", order="latest") == ["Something else", "Rent rulings are invented"]


def test_an_issue_is_found_by_the_artifact_it_is_about(make_issue: Make, look: Make) -> None:
    make_issue("Invents rulings on rent", artifact=confirmed("model", "kelp/reader-2"))
    make_issue("Invents rulings on rent too")

    assert look(q="kelp/reader-2") == look(q="reader-2") == look(q="KELP") == ["Invents rulings on rent"]
    assert look(q="rent reader-2")[0] == "Invents rulings on rent"


def test_a_filter_that_means_nothing_is_told_beside_it_and_finds_nothing(client: Client, make_issue: Make) -> None:
    make_issue()

    response = client.get("/issues/", {"state": "banana", "q": "a\x00b", "page": "nine"})

    assert response.status_code == 200
    assert set(response.context["form"].errors) == {"state", "q"}
    assert titles(response) == []
    page = response.content.decode()
    assert "The search was not understood." in page
    assert 'aria-describedby="id_state_error"' in page
    assert 'id="id_state_error"' in page  # what is beside it is read out with it


def test_a_field_that_is_seldom_used_is_folded_away_until_it_is(client: Client, make_issue: Make) -> None:
    make_issue()

    shut, open_ = (client.get("/issues/", asked).content.decode() for asked in ({}, {"developer": "acme"}))

    assert ("<details open>" in shut, "<details open>" in open_) == (False, True)


@pytest.mark.parametrize("asked", ["TT-2026-00001", " tt-2026-00001 "])
def test_a_number_leads_to_its_issue(client: Client, make_issue: Make, asked: str) -> None:
    make_issue()

    assert client.get("/issues/", {"q": asked})["Location"] == "/issues/TT-2026-00001/"


def test_issues_come_in_pages(client: Client, make_issue: Make) -> None:
    for number in range(26):
        make_issue(f"Issue {number}")

    first, second = client.get("/issues/"), client.get("/issues/?page=2")

    assert (len(titles(first)), len(titles(second))) == (25, 1)
    assert 'href="?page=2"' in first.content.decode()


# What is shown of what was found


STORY = {
    "en": ("It invents rulings on rent", "A tenant was given three rulings.", "rulings", "ruling"),
    "zh": ("它编造关于租金的判决", "租客得到三个不存在的判决。", "判决", "判决"),
    "ar": ("يخترع أحكاما عن الإيجار", "أعطى المستأجر ثلاثة أحكام غير موجودة", "الإيجار", "إيجار"),
}


@pytest.mark.parametrize("language", STORY)
def test_whoever_looks_in_their_language_finds_and_sees_why(client: Client, make_issue: Make, language: str) -> None:
    title, summary, typed, within = STORY[language]
    make_issue(title, public_summary=summary)
    make_issue("Entirely about another thing", public_summary="Nothing of it.")
    catch_up()

    response = client.get("/issues/", {"q": typed}, headers={"Accept-Language": language})

    (found,) = response.context["found"]
    assert found.line.title == title
    assert [within in title[start:end] for start, end in found.marks] == [True]
    assert found.passage.text == summary
    assert '<mark class="asked">' in response.content.decode()


def test_hostile_words_are_marked_as_text(client: Client, make_issue: Make) -> None:
    make_issue('<script>alert("rent")</script>', public_summary="A <b>rent</b> & a \u202erent")
    catch_up()

    page = client.get("/issues/", {"q": "<script> rent"}).content.decode()

    assert '&lt;<mark class="asked">script</mark>&gt;alert(&quot;<mark class="asked">rent</mark>' in page
    assert "A &lt;b&gt;<mark" in page
    assert "<script>alert" not in page
    assert "U+202E" in page


def test_a_passage_comes_from_the_excerpt_that_was_found(client: Client, file: Make, triager: Any) -> None:
    report = file(artifact="acme/chat-7b", what_happened=f"{'Long before it. ' * 40}A marmalade clause was cited.")
    issue = Issue.objects.get(placements__report=report)
    confirm_page(report.artifact)
    decide(issue, "confirm", by=triager, public_title="It invents a ruling")
    size = len(report.evidence.what_happened)
    decide(issue, "excerpt", by=triager, report=report, spans=[("what_happened", 0, size)])

    (found,) = client.get("/issues/", {"q": "marmalade"}).context["found"]

    assert found.passage.is_quoted
    assert found.passage.text.startswith("… ")
    assert found.passage.text.endswith("A marmalade clause was cited.")
    assert len(found.passage.text) < 260

    Issue.objects.filter(pk=issue.pk).update(hazard_level=1)  # found all the same, and not shown unasked
    (blurred,) = client.get("/issues/", {"q": "marmalade"}).context["found"]
    assert blurred.passage is None


def confirm_page(artifact: Artifact) -> None:
    Artifact.objects.filter(pk=artifact.pk).update(confirmed_at=timezone.now())


def test_artifacts_of_that_name_are_offered_above(client: Client, make_issue: Make, artifact: Artifact) -> None:
    Alias.objects.create(artifact=artifact, name="Evening Star")
    make_issue()
    make_issue()
    artifact_named("model", "secret/chat-7b")

    def offered(typed: str) -> list[tuple[str, int]]:
        offers = client.get("/issues/", {"q": typed}).context["named"]
        return [(offer.name, offer.issue_count) for offer in offers]

    assert offered("acme/chat-7b") == offered("rent in CHAT-7B?") == offered("evening star") == [("acme/chat-7b", 2)]
    assert offered("secret/chat-7b and chat-7") == []


def test_a_search_that_finds_nothing_says_what_to_do(client: Client, make_issue: Make) -> None:
    make_issue()

    response = client.get("/issues/", {"q": "chat zeppelin", "state": "open"})

    page = response.content.decode()
    assert "No issue on the record fits." in page
    assert [offer.name for offer in response.context["like"]] == ["acme/chat-7b"]
    assert 'href="/issues/?q=chat+zeppelin"' in page
    assert page.count('href="/report/"') > 1


def test_an_empty_record_says_so(client: Client, db: None) -> None:
    assert "Nothing is on the record yet." in client.get("/issues/").content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        "%_\\*?",
        "🦑🦑",
        "the of and",
        "word " * 40,
        "word " * 10_000,
        "\u202eتبع\u202c שלום",
        "'; DROP TABLE reports_issue; --",
        "a/b/c/d///",
        "((((",
        "\x00",
        "İ ς ﷺ",
    ],
)
def test_a_hostile_search_is_answered(client: Client, make_issue: Make, typed: str) -> None:
    make_issue()
    catch_up()

    for address in ("/issues/", "/issues/feed.atom", "/models/"):
        assert client.get(address, {"q": typed, "developer": typed, "page": "-1"}).status_code == 200
    assert client.get("/", {"q": typed}, follow=True).status_code == 200
    assert client.get("/api/v1/issues/", {"q": typed}).status_code in (200, 400)
    assert titles(client.get("/issues/", {"q": typed})) == []


# One search behind every door


def test_list_feed_and_api_find_the_same(client: Client, make_issue: Make, triager: Any) -> None:
    make_issue("Invents rulings on rent")
    make_issue("About tenants", public_summary="Who pays rent is asked for rulings.", status="resolved")
    make_issue("Another thing")
    make_issue("Rent rulings of nobody", published_at=None)
    catch_up()
    asked = {"q": "rent rulings"}

    listed = sorted(titles(client.get("/issues/", asked)))
    fed = client.get("/issues/feed.atom", asked).content.decode()
    called = sorted(row["title"] for row in client.get("/api/v1/issues/", asked).json()["results"])

    assert listed == called == ["About tenants", "Invents rulings on rent"]
    assert [fed.count(title) > 0 for title in [*listed, "Another thing", "of nobody"]] == [True, True, False, False]
    assert fed.index("About tenants") < fed.index("Invents rulings")  # the latest decision first, as feeds are


def test_the_list_names_the_feed_and_exports_that_are_as_narrow(client: Client, make_issue: Make) -> None:
    make_issue()

    page = client.get("/issues/?kind=false_information&order=latest&page=1&q=").content.decode()

    assert 'title="Issues on record" href="/issues/feed.atom?kind=false_information"' in page
    assert 'href="/issues/export/csv/?kind=false_information"' in page


def test_who_sees_what_is_not_public_finds_that_too(client: Client, make_issue: Make, triager: Any) -> None:
    make_issue("Rent rulings of nobody", published_at=None)
    make_issue("Invents rulings on rent")
    make_issue("Another thing", published_at=None)
    catch_up()
    token = {"Authorization": f"Bearer {make_token(triager, scopes=['queue:read'])}"}

    called = client.get("/api/v1/issues/?q=rent+rulings", headers=token).json()["results"]
    client.force_login(triager)

    assert titles(client.get("/issues/?q=rent+rulings")) == ["Invents rulings on rent", "Rent rulings of nobody"]
    assert sorted(row["title"] for row in called) == ["Invents rulings on rent", "Rent rulings of nobody"]
    assert titles(client.get("/issues/?q=rent&order=latest"))[0] == "Invents rulings on rent"


# What must not show


def test_a_hidden_artifact_does_not_answer_a_filter(make_issue: Make, look: Make) -> None:
    issue = make_issue()
    hidden = artifact_named("system", "secret/tool", developer="Umbra")
    Affected.objects.create(issue=issue, artifact=hidden, status="affected")
    Affected.objects.create(issue=issue, artifact=confirmed("dataset", "open/corpus"))  # and nobody judged it

    for asked in ({"artifact_kind": "system"}, {"artifact_kind": "dataset"}, {"developer": "Umbra"}, {"q": "tool"}):
        assert look(**asked) == []
    assert look(q="secret/tool") == look(q="corpus") == look(developer="open") == []


SEARCHES = [
    "/issues/",
    "/issues/?q=rent",
    "/issues/?q=rent+chat-7b",
    "/issues/?q=acme/chat-7b",
    "/issues/?q=rulings&order=latest",
    "/issues/?q=zeppelin+chat",
    "/issues/?q=umbra",
    "/issues/?developer=umbra",
    "/issues/?developer=acme&severity=high",
    "/issues/feed.atom?q=rent",
    "/api/v1/issues/?q=rent",
]


def test_what_is_hidden_moves_no_search(client: Client, make_issue: Make, artifact: Artifact) -> None:
    make_issue("Invents rulings on rent")
    make_issue("About tenants", public_summary="They ask for rulings about rent.")
    make_issue("Of courts", public_summary="Rent, in chat-7b.", severity="high")
    catch_up()
    before = [told(client.get(address)) for address in SEARCHES]

    hidden = artifact_named("model", "umbra/chat-7b")
    Alias.objects.create(artifact=hidden, name="zeppelin")
    soon = timezone.now() + timedelta(days=1)
    words = {"public_summary": "Rent rulings zeppelin umbra chat-7b"}
    make_issue("Rent rent zeppelin", published_at=None, **words)
    make_issue("Rent rulings under embargo", embargo_until=soon, **words)
    make_issue("Rent rulings of a hidden model", artifact=hidden, **words)
    make_issue("Rent rulings, new", status="new", **words)
    make_issue("Rent rulings, dismissed", status="dismissed", **words)
    unjudged = make_issue("Rent rulings nobody judged", **words)
    Affected.objects.filter(issue=unjudged).update(status="under_investigation")
    catch_up()

    assert [told(client.get(address)) for address in SEARCHES] == before


def told(response: Any) -> str:
    assert response.status_code == 200
    return json.dumps([response.content.decode(), response.get("ETag"), response.get("Last-Modified")])


# What it costs


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("asked", "queries"),
    [
        ("", 3),
        ("state=open&kind=false_information&artifact_kind=model&severity=not_sure&developer=acme", 3),
        ("q=ruling", 9),
        ("q=ruling&state=open&order=latest", 9),
        ("q=zeppelin", 7),
    ],
)
def test_the_list_costs_the_same_for_one_row_and_three(
    client: Client, make_issue: Make, django_assert_num_queries: Any, asked: str, queries: int, rows: int
) -> None:
    for _ in range(rows):
        issue = make_issue()
        Affected.objects.create(issue=issue, artifact=confirmed("model", f"acme/{issue.number}"), status="affected")
    catch_up()

    with django_assert_num_queries(queries):
        client.get(f"/issues/?{asked}")
