"""Reading the record by API: what the caller may see, in pages, once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from accounts.tokens import make_token
from reports.api.issues import tag_for_change
from reports.models import Affected, Artifact, Issue, Lineage, Reproduction, Signal, Version
from reports.naming import artifact_named
from reports.published import catch_up
from triage.decisions import decide

Make = Callable[..., Any]


@pytest.fixture
def queue_token(triager: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(triager, scopes=['queue:read'])}"}


def test_the_public_reads_what_is_published(client: Client, make_issue: Make) -> None:
    make_issue("Shown")
    make_issue("Held back", published_at=None)
    make_issue("New", status="new")

    answer = client.get("/api/v1/issues/").json()

    assert [(issue["id"], issue["title"]) for issue in answer["results"]] == [("TT-2026-00001", "Shown")]
    assert answer["next"] is None
    assert "reports" not in answer["results"][0]
    assert client.get("/api/v1/issues/?state=new").json() == {"results": [], "next": None, "previous": None}


def test_an_issue_reads_like_its_twin(client: Client, make_issue: Make) -> None:
    make_issue()

    assert client.get("/api/v1/issues/TT-2026-00001/").json() == client.get("/issues/TT-2026-00001.json").json()


def test_a_token_of_the_queue_reads_new_issues_and_their_reports(
    client: Client, file: Make, queue_token: dict[str, str]
) -> None:
    first = file(summary="Cites a ruling on rent that is not there", visibility="private")
    issue = first.placements.get().issue
    second = file(summary="It invents a ruling about rent", confirms="", grouped=False)
    second.placements.create(issue=issue, by="person")
    moved = file(summary="Another thing altogether", grouped=False)
    moved.placements.create(issue=issue, by="person", superseded_at=timezone.now())

    (told,) = client.get("/api/v1/issues/?state=new", headers=queue_token).json()["results"]

    assert {name: told[name] for name in ("id", "number", "url", "title", "status", "reports")} == {
        "id": issue.pk,
        "number": None,
        "url": None,
        "title": "It invents a ruling about rent",
        "status": "new",
        "reports": [first.reference, second.reference],
    }


def test_an_issue_of_private_reports_is_called_by_kind_and_artifact(
    client: Client, file: Make, queue_token: dict[str, str]
) -> None:
    file(visibility="private")

    (told,) = client.get("/api/v1/issues/?state=new", headers=queue_token).json()["results"]

    assert told["title"] == "False information · acme/chat-7b"


def test_a_token_without_the_scope_reads_what_the_public_reads(client: Client, make_issue: Make, triager: Any) -> None:
    make_issue("New", status="new")
    token = make_token(triager, scopes=["report:write"])

    answer = client.get("/api/v1/issues/", headers={"Authorization": f"Bearer {token}"})

    assert answer.json()["results"] == []
    assert client.get("/api/v1/issues/", headers={"Authorization": "Bearer tt_no"}).status_code == 401


def test_issues_are_filtered(client: Client, make_issue: Make) -> None:
    make_issue("Open one")
    make_issue("Ended", status="resolved", kind="other")
    catch_up()

    def found(asked: str) -> list[str]:
        return [issue["title"] for issue in client.get(f"/api/v1/issues/?{asked}").json()["results"]]

    assert found("state=resolved") == found("kind=other") == found("q=ended") == ["Ended"]
    assert found("artifact=acme/chat-7b&state=open") == ["Open one"]
    assert found("artifact=acme/other") == found("artifact_kind=dataset") == []
    assert client.get("/api/v1/issues/?state=banana").status_code == 400


def test_pages_follow_a_cursor_and_tell_each_issue_once(client: Client, make_issue: Make) -> None:
    for number in range(5):
        make_issue(f"Issue {number}")

    address, seen = "/api/v1/issues/?limit=2", []
    while address:
        page = client.get(address).json()
        seen += [issue["title"] for issue in page["results"]]
        make_issue("Came in meanwhile")
        address = page["next"]

    assert seen == [f"Issue {number}" for number in reversed(range(5))]


def test_a_hidden_issue_answers_like_one_that_never_was(client: Client, make_issue: Make) -> None:
    make_issue(published_at=None)

    hidden, never = (client.get(f"/api/v1/issues/TT-2026-{number}/") for number in ("00001", "77777"))

    assert (hidden.status_code, hidden.content) == (never.status_code, never.content)
    assert hidden.status_code == 404


def test_a_merged_issue_leads_on(client: Client, make_issue: Make) -> None:
    survivor, gone = make_issue(), make_issue()
    Issue.objects.filter(pk=gone.pk).update(status="merged", merged_into=survivor)

    answer = client.get(f"/api/v1/issues/{gone.number}/")

    assert (answer.status_code, answer["Location"]) == (301, f"/api/v1/issues/{survivor.number}/")


def test_artifacts_are_read_by_kind_and_name(client: Client, artifact: Artifact, make_issue: Make) -> None:
    make_issue()
    make_issue(status="resolved")
    Version.objects.create(artifact=artifact, name="typed by a reporter")
    Lineage.objects.create(child=artifact, parent=artifact_named("model", "secret/base"), relation="fine_tuned_from")
    artifact_named("model", "acme/unseen")

    (listed,) = client.get("/api/v1/models/?q=acme").json()["results"]

    assert listed == {
        "schema_version": 1,
        "kind": "model",
        "name": "acme/chat-7b",
        "url": "http://127.0.0.1:8000/models/acme/chat-7b/",
        "title": "",
        "developer": "Acme",
        "deployer": "",
        "access": "",
        "versions": [
            {"name": "2026-05", "released_on": None, "alias": False},
            {"name": "2026-06", "released_on": None, "alias": False},
        ],
        "parents": [],
        "open_issues": 1,
        "resolved_issues": 1,
        "on_record_since": timezone.now().date().isoformat(),
    }
    assert client.get("/api/v1/models/Acme/chat-7B/").json() == listed
    assert client.get("/api/v1/models/acme/unseen/").status_code == 404
    assert client.get("/api/v1/models/acme/a%00b/").status_code == 404
    assert client.get("/api/v1/systems/").json()["results"] == []


@pytest.mark.parametrize(
    "address",
    ["/api/v1/issues/", "/api/v1/issues/TT-2026-00001/", "/api/v1/models/", "/api/v1/models/acme/chat-7b/"],
)
def test_a_caller_who_has_it_already_is_told_so(client: Client, make_issue: Make, address: str) -> None:
    issue = make_issue()
    tag = client.get(address)["ETag"]

    again = client.get(address, headers={"If-None-Match": tag})
    make_issue("Hidden", status="new")
    unmoved = client.get(address, headers={"If-None-Match": tag})
    Affected.objects.filter(issue=issue).update(resolution="documented", resolved_at=timezone.now())

    assert (again.status_code, unmoved.status_code) == (304, 304)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200
    assert "Authorization" in again["Vary"]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/api/v1/issues/", 3),
        ("/api/v1/issues/TT-2026-00001/", 9),
        ("/api/v1/models/", 4),
        ("/api/v1/models/acme/chat-7b/", 4),
    ],
)
def test_answers_cost_the_same_for_one_row_and_three(
    client: Client, make_issue: Make, django_assert_num_queries: Any, address: str, queries: int, rows: int
) -> None:
    for number in range(rows):
        issue = make_issue()
        other = artifact_named("model", f"acme/{number}")
        Artifact.objects.filter(pk=other.pk).update(confirmed_at=timezone.now())
        Affected.objects.create(issue=issue, artifact=other, status="affected")
        Version.objects.create(artifact=other, name="1", position=1)

    for _ in range(2):  # the first request of a day makes its salt, the second remembers it
        client.get(address)

    with django_assert_num_queries(queries):
        client.get(address)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_queue_costs_the_same_for_one_row_and_three(
    client: Client, file: Make, queue_token: dict[str, str], django_assert_num_queries: Any, rows: int
) -> None:
    for number in range(rows):
        file(artifact=f"acme/model-{number}")
        file(artifact=f"acme/model-{number}")
    client.get("/api/v1/issues/", headers=queue_token)  # a token's first use of the day is noted

    with django_assert_num_queries(6):
        assert len(client.get("/api/v1/issues/?state=new", headers=queue_token).json()["results"]) == rows


# What hangs on one issue or one artifact


def test_a_version_that_holds_a_fix_is_told_with_the_artifact(
    client: Client, artifact: Artifact, make_issue: Make
) -> None:
    hotfix = Version.objects.create(artifact=artifact, name="hotfix")  # nobody has given it a place
    Version.objects.create(artifact=artifact, name="my private build")
    Affected.objects.filter(issue=make_issue(status="resolved")).update(fixed_in=hotfix)

    told = client.get("/api/v1/models/acme/chat-7b/").json()

    assert [version["name"] for version in told["versions"]] == ["2026-05", "2026-06", "hotfix"]


def test_versions_are_told_the_newest_first(client: Client, artifact: Artifact, make_issue: Make) -> None:
    fixed = Version.objects.get(name="2026-06")
    Affected.objects.filter(issue=make_issue(status="resolved")).update(fixed_in=fixed)

    first = client.get("/api/v1/models/acme/chat-7b/versions/?limit=1").json()
    second = client.get(first["next"]).json()

    assert first["results"] == [{"name": "2026-06", "released_on": None, "alias": False, "fixes": 1}]
    assert [version["name"] for version in second["results"]] == ["2026-05"]
    assert second["next"] is None
    assert client.get(second["previous"]).json()["results"] == first["results"]


def test_lineage_is_told_on_both_sides(client: Client, artifact: Artifact) -> None:
    for name, ends in {"base": ("child", "parent"), "tuned": ("parent", "child")}.items():
        other = artifact_named("model", f"acme/{name}")
        Artifact.objects.filter(pk=other.pk).update(confirmed_at=timezone.now())
        Lineage.objects.create(relation="fine_tuned_from", **dict(zip(ends, (artifact, other), strict=True)))

    told = client.get("/api/v1/models/acme/chat-7b/lineage/").json()["results"]

    assert [(step["side"], step["name"], step["relation"]) for step in told] == [
        ("parent", "acme/base", "fine_tuned_from"),
        ("child", "acme/tuned", "fine_tuned_from"),
    ]
    assert told[0]["url"] == "http://127.0.0.1:8000/models/acme/base/"


def test_who_is_affected_and_who_tried_again(client: Client, artifact: Artifact, make_issue: Make) -> None:
    issue = make_issue()
    for failures in (1, 2, 3):
        Reproduction.objects.create(issue=issue, artifact=artifact, tries=5, failures=failures)

    affected = client.get(f"/api/v1/issues/{issue.number}/affected/").json()["results"]
    page = client.get(f"/api/v1/issues/{issue.number}/reproductions/?limit=2").json()
    rest = client.get(page["next"]).json()["results"]

    assert [(row["name"], row["status"]) for row in affected] == [("acme/chat-7b", "affected")]
    assert [tried["failures"] for tried in [*page["results"], *rest]] == [3, 2, 1]
    assert page["results"][0]["by"] == "triager"


def test_signals_are_those_a_person_confirmed(client: Client, artifact: Artifact, queue_token: dict[str, str]) -> None:
    for state in ("new", "confirmed"):
        Signal.objects.create(
            artifact=artifact,
            state=state,
            tier="alarm",
            detector="burst",
            method="burst-1",
            observed=9,
            expected=2,
            since="2026-05-01",
        )

    (told,) = client.get("/api/v1/signals/").json()["results"]

    assert (told["state"], told["artifact"], told["issue"]) == ("confirmed", "acme/chat-7b", None)
    assert len(client.get("/api/v1/signals/", headers=queue_token).json()["results"]) == 2
    assert len(client.get("/api/v1/signals/?state=new", headers=queue_token).json()["results"]) == 1


def test_exports_lead_to_where_they_are(client: Client, make_issue: Make) -> None:
    issue = make_issue()

    led = client.get(f"/api/v1/issues/{issue.number}/export/osv/")
    listed = client.get("/api/v1/exports/").json()["results"]

    assert (led.status_code, led["Location"]) == (302, f"/issues/{issue.number}/export/osv/")
    assert client.get(led["Location"]).status_code == 200
    assert {export["url"] for export in listed} >= {"http://127.0.0.1:8000/issues/export/csv/"}


def test_one_issue_of_the_queue_has_the_tag_that_a_decision_names(
    client: Client, file: Make, queue_token: dict[str, str], triager: Any
) -> None:
    issue = file().placements.get().issue
    address = f"/api/v1/queue/{issue.pk}/"

    told = client.get(address, headers=queue_token)
    decide(issue, "confirm", by=triager)
    later = client.get(address, headers=queue_token)

    assert told.json()["id"] == issue.pk
    assert later["ETag"] == tag_for_change(issue.pk, actor_for(triager)) != told["ETag"]
    assert client.get(address).status_code == 404
    assert client.get("/api/v1/queue/77777/", headers=queue_token).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/api/v1/models/acme/chat-7b/versions/", 3),
        ("/api/v1/models/acme/chat-7b/lineage/", 3),
        ("/api/v1/issues/TT-2026-00001/affected/", 4),
        ("/api/v1/issues/TT-2026-00001/reproductions/", 5),
        ("/api/v1/signals/", 2),
    ],
)
def test_what_hangs_on_one_costs_the_same_for_one_row_and_three(
    client: Client,
    artifact: Artifact,
    make_issue: Make,
    django_assert_num_queries: Any,
    address: str,
    queries: int,
    rows: int,
) -> None:
    issue = make_issue()
    for number in range(rows):
        other = artifact_named("model", f"acme/{number}")
        Artifact.objects.filter(pk=other.pk).update(confirmed_at=timezone.now())
        Affected.objects.create(issue=issue, artifact=other, status="affected")
        Lineage.objects.create(child=artifact, parent=other, relation="merged_from")
        Version.objects.create(artifact=artifact, name=str(number), position=10 + number)
        Reproduction.objects.create(issue=issue, artifact=other, tries=5, failures=1)
        Signal.objects.create(
            issue=issue,
            state="confirmed",
            tier="alarm",
            detector="burst",
            method="m",
            observed=9,
            expected=2,
            since="2026-05-01",
        )
    for _ in range(2):  # as above
        client.get(address)

    with django_assert_num_queries(queries):
        assert len(client.get(address).json()["results"]) >= rows
