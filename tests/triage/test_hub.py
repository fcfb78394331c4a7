"""A hub tells of a commit, and what the artifact is affected by is to be checked."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger.models import Event
from reports.models import Affected, Alias, Commit, Notice
from reports.naming import artifact_named
from reports.notices import follow
from reports.wording import topics
from triage.decisions import decide, undo
from triage.pages.hub import LONGEST_BODY
from triage.questions import STATES
from triage.rechecks import note_commit

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
SECRET = "a secret of two servers"
REVISION = "4f1c9d2e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d"
# As the documentation of the hub has it, less what nobody here reads.
COMMIT: dict[str, Any] = {
    "event": {"action": "update", "scope": "repo.content"},
    "repo": {
        "type": "model",
        "name": "acme/chat-7b",
        "id": "621ffdc036468d709f17434d",
        "private": False,
        "headSha": REVISION,
        "tags": [],
        "owner": {"id": "628b753283ef59b5be89e937"},
        "url": {"web": "https://hub.example/acme/chat-7b", "api": "https://hub.example/api/models/acme/chat-7b"},
    },
    "updatedRefs": [{"ref": "refs/heads/main", "oldSha": "0" * 40, "newSha": REVISION}],
    "webhook": {"id": "6390e855e30d9209411de93b", "version": 3},
}


@pytest.fixture(autouse=True)
def known(settings: Any) -> None:
    settings.HUB_WEBHOOK_SECRET = SECRET


@pytest.fixture
def affected(make_issue: Make) -> Any:
    """An issue confirmed yesterday."""
    return make_issue(confirmed_at=timezone.now() - timedelta(days=1))


def call(client: Client, said: Any, *, secret: str = SECRET) -> int:
    body = said if isinstance(said, bytes) else json.dumps(said)
    told = {"X-Webhook-Secret": secret} if secret else {}
    return client.post("/hooks/hub/", body, content_type="application/json", headers=told).status_code


def to_check() -> list[int]:
    from accounts.policy import SYSTEM
    from reports.models import Issue

    return list(Issue.objects.filter(STATES["check"][1](SYSTEM)).order_by("pk").values_list("pk", flat=True))


def test_a_commit_opens_what_the_model_is_affected_by(client: Client, affected: Any, make_issue: Make) -> None:
    make_issue("Resolved", status="resolved")
    make_issue("New", status="new")
    make_issue("Of another", artifact=artifact_named("model", "acme/other"))
    not_affected = make_issue("Not affected", confirmed_at=affected.confirmed_at)
    Affected.objects.filter(issue=not_affected).update(status="not_affected")

    assert call(client, COMMIT) == 204

    assert to_check() == [affected.pk]


def test_the_desk_is_told_once_until_somebody_has_checked(client: Client, affected: Any, triager: Any) -> None:
    follow(triager, "queue")

    for serial in range(3):
        call(client, COMMIT)
        call(client, {**COMMIT, "updatedRefs": [{"ref": "refs/heads/main", "newSha": f"{serial:040}"}]})

    assert Commit.objects.count() == 4
    assert Event.objects.filter(verb="commit").count() == 1
    from accounts.actors import actor_for

    ((topic,),) = [topics(Notice.objects.filter(channel="list"), actor_for(triager))]
    assert [line.words for line in topic.lines] == ["A new commit: check whether what is open is fixed"]


def test_trying_again_settles_it_until_the_next_commit_and_an_undo_brings_it_back(
    affected: Any, artifact: Any, triager: Any
) -> None:
    note_commit(artifact, REVISION)
    version = artifact.versions.get(name="2026-06")

    tried = decide(affected, "reproduce", by=triager, artifact=artifact, version=version, tries=5, failures=5)
    assert to_check() == []

    undo(tried, by=triager)
    assert to_check() == [affected.pk]

    decide(affected, "reproduce", by=triager, artifact=artifact, version=version, tries=5, failures=5)
    assert note_commit(artifact, REVISION) == 0  # told twice
    assert to_check() == []
    assert note_commit(artifact, "b" * 40) == 1
    assert to_check() == [affected.pk]


def test_triagers_search_for_it(client: Client, affected: Any, artifact: Any, triager: Any) -> None:
    note_commit(artifact, REVISION)
    client.force_login(triager)

    assert f"/triage/{affected.pk}/" in client.get("/triage/?q=is:check&view=list").text


def test_nobody_outside_sees_that_a_commit_was_told_of(client: Client, affected: Any, artifact: Any) -> None:
    pages = [artifact.get_absolute_url(), affected.get_absolute_url(), "/api/v1/issues/"]
    before = [client.get(page) for page in pages]

    call(client, COMMIT)

    for was, page in zip(before, pages, strict=True):
        now = client.get(page)
        assert (now.get("ETag"), now.get("Last-Modified")) == (was.get("ETag"), was.get("Last-Modified"))
        assert now.content == was.content


def test_other_names_and_kinds_of_an_artifact_are_found(client: Client, artifact: Any) -> None:
    Alias.objects.create(artifact=artifact, name="acme-labs/chat-7b")
    system = artifact_named("system", "acme/helpdesk")

    call(client, {**COMMIT, "repo": {**COMMIT["repo"], "name": "Acme-Labs/Chat-7B"}})
    call(client, {**COMMIT, "repo": {**COMMIT["repo"], "type": "space", "name": "acme/helpdesk"}})

    assert set(Commit.objects.values_list("artifact", flat=True)) == {artifact.pk, system.pk}


IGNORED: dict[str, Any] = {
    "unknown repository": {**COMMIT, "repo": {**COMMIT["repo"], "name": "acme/never-heard-of"}},
    "the one that stands for any": {**COMMIT, "repo": {**COMMIT["repo"], "name": "unknown"}},
    "a discussion": {**COMMIT, "event": {"action": "create", "scope": "discussion"}},
    "settings": {**COMMIT, "event": {"action": "update", "scope": "repo.config"}},
    "a proposal's branch": {**COMMIT, "updatedRefs": [{"ref": "refs/pr/1", "newSha": REVISION}]},
    "a branch that went": {**COMMIT, "updatedRefs": [{"ref": "refs/heads/main", "newSha": None}]},
    "a user": {**COMMIT, "repo": {**COMMIT["repo"], "type": "user"}},
    "no list": {**COMMIT, "updatedRefs": {"ref": "refs/heads/main"}, "repo": {**COMMIT["repo"], "headSha": 7}},
    "no revision": {**COMMIT, "updatedRefs": [{"ref": "refs/heads/main", "newSha": "<script>"}]},
    "zeroes in names": {**COMMIT, "repo": {**COMMIT["repo"], "name": "ac\x00me/chat\x00", "headSha": "\x00"}},
    "long names": {**COMMIT, "repo": {**COMMIT["repo"], "name": "a/" + "b" * 5_000}},
    "lists for words": {"event": [], "repo": [], "updatedRefs": 1},
    "a list": [COMMIT],
    "a number": 7,
    "nothing": None,
    "arabic": {**COMMIT, "repo": {**COMMIT["repo"], "name": "شركة/نموذج"}},
    "half a letter": {**COMMIT, "repo": {**COMMIT["repo"], "name": "acme/\ud800"}},
}


def test_what_is_no_commit_of_ours_is_answered_alike(client: Client, affected: Any, nothing_stored: Any) -> None:
    with nothing_stored():
        told = {name: call(client, said) for name, said in IGNORED.items()}

    assert told == dict.fromkeys(IGNORED, 204)


def test_who_does_not_know_the_secret_is_turned_away(client: Client, affected: Any, nothing_stored: Any) -> None:
    with nothing_stored():
        assert [call(client, COMMIT, secret=wrong) for wrong in ("", "a secret", SECRET + "x", "سر")] == [401] * 4
        assert client.get("/hooks/hub/").status_code == 405


def test_without_a_secret_of_its_own_the_site_has_no_such_door(client: Client, affected: Any, settings: Any) -> None:
    settings.HUB_WEBHOOK_SECRET = ""

    assert [call(client, COMMIT, secret=secret) for secret in ("", SECRET)] == [404, 404]


def test_a_body_that_is_none_or_too_long_is_refused(client: Client) -> None:
    bodies = {b"": 400, b"{": 400, b"\xff\xfe": 400, b"[" * 100_000: 400, b" " * (LONGEST_BODY + 1): 413}

    assert {body: call(client, body) for body in bodies} == bodies
