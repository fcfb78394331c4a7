"""What is hidden moves nothing that the API tells: not a byte, a count, an order, a tag or a link."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Affected, Artifact, Lineage, Reproduction, Signal, Version
from reports.naming import artifact_named

pytestmark = pytest.mark.django_db
MODEL, ISSUE = "/api/v1/models/acme/chat-7b/", "/api/v1/issues/TT-2026-00001/"
OF_EACH_REQUEST = ("RateLimit", "X-Request-ID")
ADDRESSES = [
    "/api/v1/",
    "/api/v1/issues/",
    "/api/v1/issues/?limit=1",
    "/api/v1/issues/?artifact=acme/chat-7b",
    ISSUE,
    f"{ISSUE}affected/?limit=1",
    f"{ISSUE}reproductions/?limit=1",
    f"{ISSUE}export/json/",
    "/api/v1/models/",
    MODEL,
    f"{MODEL}versions/",
    f"{MODEL}versions/?limit=1",
    f"{MODEL}lineage/",
    f"{MODEL}lineage/?limit=1",
    "/api/v1/signals/",
    "/api/v1/signals/?artifact=acme/chat-7b",
    "/api/v1/signals/?artifact=acme/secret",
    "/api/v1/exports/",
    "/api/v1/issues/TT-2026-00002/affected/",
    "/api/v1/issues/TT-2026-00002/reproductions/",
    "/api/v1/issues/TT-2026-00002/export/json/",
    "/api/v1/models/acme/secret/versions/",
    "/api/v1/models/acme/secret/lineage/",
    "/api/v1/queue/1/",
]


def read(client: Client) -> dict[str, tuple[int, bytes, dict[str, str]]]:
    """Each address and those that it leads on to, with all that is told there."""
    told, waiting = {}, list(ADDRESSES)
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        headers = {name: value for name, value in answer.headers.items() if name not in OF_EACH_REQUEST}
        told[address] = (answer.status_code, answer.content, headers)
        following = answer.json().get("next") if answer.status_code == 200 else None
        waiting += [following] if following and following not in told else []
    return told


def shown(kind: str, name: str) -> Artifact:
    made = artifact_named(kind, name)
    made.confirmed_at = timezone.now()
    made.save()
    return made


def signal(**about: Any) -> Signal:
    numbers = {"observed": 9.0, "expected": 2.0, "since": date(2026, 5, 1), "detector": "burst", "method": "burst-1"}
    return Signal.objects.create(tier="alarm", state=about.pop("state", "confirmed"), **numbers, **about)


@pytest.fixture
def public(artifact: Artifact, make_issue: Any) -> Any:
    """A little of everything that is told."""
    issue = make_issue()
    for name in ("base", "child"):
        other = shown("model", f"acme/{name}")
        ends = {"child": artifact, "parent": other} if name == "base" else {"child": other, "parent": artifact}
        Lineage.objects.create(relation="fine_tuned_from", **ends)
        Affected.objects.create(issue=issue, artifact=other, status="affected")
        Reproduction.objects.create(issue=issue, artifact=other, tries=5, failures=3)
    signal(issue=issue)
    return issue


def test_hidden_rows_move_nothing(client: Client, public: Any, artifact: Artifact, file: Any, make_issue: Any) -> None:
    before = read(client)
    assert sum(status == 200 for status, _body, _headers in before.values()) > 15

    hidden = make_issue("Held back", published_at=None)
    secret = artifact_named("model", "acme/secret")
    Version.objects.create(artifact=artifact, name="typed by a reporter")
    Version.objects.create(artifact=secret, name="1", position=1)
    Lineage.objects.create(child=secret, parent=artifact, relation="fine_tuned_from")
    Lineage.objects.create(child=artifact, parent=secret, relation="merged_from")
    for stood in (secret, shown("system", "acme/named-only")):
        status = "affected" if stood == secret else "under_investigation"
        Affected.objects.create(issue=public, artifact=stood, status=status)
        Reproduction.objects.create(issue=public, artifact=stood, tries=9, failures=9)
    for made in ("private", "held", "withdrawn"):
        report = file(summary=f"A {made} report", visibility="private" if made == "private" else "", grouped=False)
        type(report).objects.filter(pk=report.pk).update(
            held_at=timezone.now() if made == "held" else None,
            withdrawn_at=timezone.now() if made == "withdrawn" else None,
        )
        Reproduction.objects.create(issue=public, artifact=artifact, report=report, tries=7, failures=7)
    Reproduction.objects.create(issue=public, artifact=artifact, tries=7, failures=7, ended_at=timezone.now())
    signal(issue=hidden)
    signal(artifact=secret)
    for state in ("new", "in_review", "refuted", "known", "insufficient"):
        signal(issue=public, state=state)

    after = read(client)
    assert [address for address in before if before[address] != after[address]] == []
    assert before.keys() == after.keys()


def test_what_is_not_for_you_and_what_never_was_answer_alike(client: Client, make_issue: Any) -> None:
    make_issue(published_at=None)
    artifact_named("model", "acme/secret")

    for part in ("", "affected/", "reproductions/", "export/json/"):
        there, never = (client.get(f"/api/v1/issues/TT-2026-{number}/{part}") for number in ("00001", "77777"))
        assert (there.status_code, there.content) == (never.status_code, never.content) == (404, never.content)
    for part in ("", "versions/", "lineage/"):
        there, never = (client.get(f"/api/v1/models/acme/{name}/{part}") for name in ("secret", "never"))
        assert (there.status_code, there.content) == (never.status_code, never.content) == (404, never.content)
