"""The public pages: who is shown, what they say, where old addresses lead, and what they cost."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from ledger.record import record
from reports.citing import in_bibtex, in_words
from reports.models import Affected, Artifact, Issue, Version
from reports.naming import artifact_named
from tests.deciding import A_FIX

Make = Callable[..., Any]


def confirmed(kind: str, name: str, **fields: Any) -> Artifact:
    made = artifact_named(kind, name)
    Artifact.objects.filter(pk=made.pk).update(confirmed_at=timezone.now(), **fields)
    made.refresh_from_db()
    return made


def titles(response: Any) -> list[str]:
    rows = response.context.get("found") or response.context.get("lines") or ()
    return [getattr(row, "line", row).title for row in rows]


# The page of an issue


def hide_by_dismissing(issue: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(status="dismissed", dismissal="spam", dismissed_at=timezone.now())


def hide_by_embargo(issue: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(embargo_until=timezone.now() + timedelta(days=1))


def hide_by_holding_back(issue: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(published_at=None)


def hide_by_undoing(issue: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(status="new", published_at=None)


def hide_by_artifact(issue: Issue) -> None:
    Artifact.objects.filter(affected__issue=issue).update(confirmed_at=None)


def hide_by_not_judging(issue: Issue) -> None:
    Affected.objects.filter(issue=issue).update(status="under_investigation")


@pytest.mark.parametrize(
    "hide",
    [
        hide_by_dismissing,
        hide_by_embargo,
        hide_by_holding_back,
        hide_by_undoing,
        hide_by_artifact,
        hide_by_not_judging,
    ],
)
def test_an_issue_that_is_not_public_answers_like_one_that_never_was(
    client: Client, make_issue: Make, hide: Callable[[Issue], None]
) -> None:
    issue = make_issue()
    assert client.get(issue.get_absolute_url()).status_code == 200

    hide(issue)

    for ending in ("/", ".json"):
        hidden = client.get(f"/issues/{issue.number}{ending}")
        never = client.get(f"/issues/TT-2026-77777{ending}")
        assert (hidden.status_code, never.status_code) == (404, 404)
        assert comparable(hidden) == comparable(never)
    assert titles(client.get("/issues/")) == []
    assert titles(client.get("/")) == []


def comparable(response: Any) -> str:
    """The page less what names its own address and the form's token."""
    words = response.content.decode()
    token = str(response.context["csrf_token"]) if response.context else ""
    for own in (response.wsgi_request.get_full_path(), token):
        words = words.replace(own, "") if own else words
    return str(words)


def test_an_issue_page_tells_the_issue(client: Client, make_issue: Make) -> None:
    issue = make_issue(
        "Cites rulings <b>never</b> made",
        public_summary="It invents them.\n\nIn every court.",
        context_of_use="justice",
        severity="high",
        severity_by_person=True,
        first_reported_at=datetime(2026, 6, 3, tzinfo=UTC),
    )
    Affected.objects.filter(issue=issue).update(
        statement="Fix planned.", stated_at=timezone.now(), tries=10, failures=7
    )

    page = client.get(issue.get_absolute_url()).content.decode()

    for words in (
        "Cites rulings &lt;b&gt;never&lt;/b&gt; made",
        "<p>In every court.</p>",
        "Fix planned.",
        "7 of 10",
        "set by a triager",
        "3 Jun 2026",
        "@misc{TT-2026-00001,",
    ):
        assert words in page


def test_the_history_tells_public_decisions_and_no_others(
    client: Client, file: Make, artifact: Artifact, triager: Any
) -> None:
    from triage.decisions import decide, undo

    issue = file().placements.get().issue
    decide(issue, "confirm", by=triager, note="a private note")
    ended = decide(issue, "resolve", by=triager, reason="documented")
    undo(ended, by=triager)
    decide(issue, "resolve", by=triager, **A_FIX)
    record("assign", issue, actor=triager.pseudonym)
    issue.refresh_from_db()

    response = client.get(issue.get_absolute_url())

    assert [step["words"] for step in response.context["history"]] == [
        "Fixed",
        "Undone: Documented",
        "Documented (undone since)",
        "Confirmed and published",
        "First report",
    ]
    assert "a private note" not in response.content.decode()
    assert triager.email not in response.content.decode()
    assert triager.pseudonym in response.content.decode()


def test_a_merged_issue_leads_to_the_one_it_became_part_of(client: Client, make_issue: Make) -> None:
    last, middle, first, unpublished = make_issue("Last"), make_issue(), make_issue(), make_issue(published_at=None)
    for gone, goal in ((middle, last), (first, middle), (unpublished, last)):
        Issue.objects.filter(pk=gone.pk).update(status="merged", merged_into=goal)

    page, twin = client.get(first.get_absolute_url()), client.get(f"/issues/{first.number}.json")

    assert (page.status_code, page["Location"]) == (301, last.get_absolute_url())
    assert (twin.status_code, twin["Location"]) == (301, f"/issues/{last.number}.json")
    assert client.get(unpublished.get_absolute_url()).status_code == 404
    hide_by_embargo(last)
    assert client.get(first.get_absolute_url()).status_code == 404


def test_the_twin_says_what_the_page_says(client: Client, make_issue: Make, artifact: Artifact) -> None:
    fixed = artifact.versions.get(name="2026-06")
    issue = make_issue(
        "Cites rulings", status="resolved", public_summary="It invents.", report_count=5, voice_count=4, severity="high"
    )
    Affected.objects.filter(issue=issue).update(fixed_in=fixed)
    hidden = artifact_named("system", "secret/tool")
    Affected.objects.create(issue=issue, artifact=hidden, status="affected")

    twin = client.get("/issues/TT-2026-00001.json").json()

    assert twin == {
        "schema_version": 1,
        "id": "TT-2026-00001",
        "number": "TT-2026-00001",
        "url": "http://127.0.0.1:8000/issues/TT-2026-00001/",
        "title": "Cites rulings",
        "summary": "It invents.",
        "kind": "false_information",
        "status": "resolved",
        "resolution": "fixed",
        "severity": "high",
        "context_of_use": "",
        "disputed": False,
        "artifacts": [
            {
                "kind": "model",
                "name": "acme/chat-7b",
                "url": "http://127.0.0.1:8000/models/acme/chat-7b/",
                "status": "fixed",
                "resolution": "fixed",
                "introduced_in": None,
                "last_affected": None,
                "fixed_in": "2026-06",
                "tries": None,
                "failures": None,
                "statement": "",
                "stated": None,
                "resolved": twin["resolved"],
            }
        ],
        "report_count": 5,
        "voice_count": 4,
        "first_reported": None,
        "published": twin["published"],
        "resolved": twin["resolved"],
        "modified": twin["resolved"],
        "severity_set_by": "reporters",
        "lifecycle_stage": "",
        "in_stated_use": None,
        "found_by": {},
        "reproductions": [],
        "answers": [],
        "disputed_by": None,
        "credits": [],
        "history": [],
        "excerpts": [],
    }
    assert client.get("/issues/TT-2026-00001/.json")["Location"] == "/issues/TT-2026-00001.json"


def test_what_is_cited_runs_its_own_way_beside_arabic(make_issue: Make) -> None:
    issue = make_issue("It invents a ruling")

    with translation.override("ar"):
        assert "\u2068It invents a ruling\u2069" in in_words(issue, read_on=date(2026, 11, 22))
    assert in_words(issue, read_on=date(2026, 11, 22)).isascii()


def test_bibtex_stays_whole_whatever_the_title_holds(make_issue: Make) -> None:
    entry = in_bibtex(make_issue(r"50% of {odd} \input{x} & more_"), read_on=date(2026, 11, 22))

    assert r"50\% of \{odd\} \textbackslash{}input\{x\} \& more\_" in entry
    assert entry.replace(r"\{", "").replace(r"\}", "").count("{") == entry.replace(r"\{", "").replace(r"\}", "").count(
        "}"
    )


# Who has it already


PAGES = ["/", "/issues/", "/models/", "/models/acme/chat-7b/", "/issues/TT-2026-00001/", "/issues/TT-2026-00001.json"]


@pytest.mark.parametrize("address", PAGES)
def test_a_reader_who_has_the_page_is_told_so(client: Client, make_issue: Make, address: str) -> None:
    make_issue()
    tag = client.get(address)["ETag"]

    again = client.get(address, headers={"If-None-Match": tag})
    Issue.objects.update(public_title="Another title", severity="critical", is_disputed=True)
    Affected.objects.update(resolution="documented", resolved_at=timezone.now())
    changed = client.get(address, headers={"If-None-Match": tag})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert changed.status_code == 200


def test_the_tag_knows_the_language(client: Client, make_issue: Make) -> None:
    make_issue()
    english, spanish = (client.get("/", headers={"Accept-Language": code}) for code in ("en", "es"))

    assert english["ETag"] != spanish["ETag"]
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in english["Vary"].split(",")}


@pytest.mark.parametrize("address", PAGES)
def test_what_is_hidden_moves_no_tag(client: Client, make_issue: Make, artifact: Artifact, address: str) -> None:
    shown, named = make_issue(), confirmed("system", "acme/named")
    tag = client.get(address)["ETag"]

    for hide in (hide_by_dismissing, hide_by_embargo, hide_by_holding_back, hide_by_undoing, hide_by_not_judging):
        hide(make_issue("Hidden"))
    make_issue("Hidden", artifact=artifact_named("model", "acme/unseen"))
    Affected.objects.create(issue=shown, artifact=named)
    Version.objects.create(artifact=artifact, name="typed by a reporter")
    record("snooze", shown, actor="p-1")
    Issue.objects.filter(pk=shown.pk).update(snoozed_at=timezone.now(), changed_at=timezone.now(), revision=9)

    assert client.get(address)["ETag"] == tag


def test_whoever_is_signed_in_gets_a_page_of_their_own(client: Client, make_issue: Make, someone: Make) -> None:
    make_issue()
    client.force_login(someone())

    response = client.get("/issues/")

    assert "ETag" not in response
    assert "private" in response["Cache-Control"]


def test_a_triager_reads_what_is_not_public_and_is_told_so(client: Client, make_issue: Make, triager: Any) -> None:
    held_back = make_issue("Held back", published_at=None)
    make_issue("Still new", status="new")
    client.force_login(triager)

    assert titles(client.get("/issues/")) == ["Held back"]
    assert "Not public" in client.get(held_back.get_absolute_url()).content.decode()
    assert "Not public" in client.get("/models/acme/chat-7b/").content.decode()


# What pages cost


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/issues/TT-2026-00001/", 7),
        ("/issues/TT-2026-00001.json", 7),
    ],
)
def test_pages_cost_the_same_for_one_row_and_three(
    client: Client, make_issue: Make, django_assert_num_queries: Any, address: str, queries: int, rows: int
) -> None:
    for _ in range(rows):
        issue = make_issue()
        Affected.objects.create(issue=issue, artifact=confirmed("model", f"acme/{issue.number}"), status="affected")
        record("confirm", issue, actor="p-1", published=True)

    with django_assert_num_queries(queries):
        client.get(address)
