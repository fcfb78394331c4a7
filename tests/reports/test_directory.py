"""The directory of models, systems and datasets."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from reports.models import Alias, Artifact
from reports.naming import artifact_named

Make = Callable[..., Any]


def confirmed(kind: str, name: str, **fields: Any) -> Artifact:
    made = artifact_named(kind, name)
    Artifact.objects.filter(pk=made.pk).update(confirmed_at=timezone.now(), **fields)
    made.refresh_from_db()
    return made


def test_the_directory_lists_confirmed_artifacts_of_one_kind(client: Client, make_issue: Make) -> None:
    make_issue()
    make_issue(status="resolved")
    make_issue(status="new")
    artifact_named("model", "acme/unseen")
    artifact_named("model", "unknown")
    confirmed("system", "acme/clinic")

    (line,) = client.get("/models/").context["lines"]

    assert (line.name, line.open_count, line.resolved_count) == ("acme/chat-7b", 1, 1)
    assert [line.name for line in client.get("/systems/").context["lines"]] == ["acme/clinic"]
    assert "Nothing is listed yet." in client.get("/datasets/").content.decode()


def test_the_directory_is_searched_by_any_name_and_ordered_by_decision(client: Client, make_issue: Make) -> None:
    late = confirmed("model", "zenith/late", developer="Zenith Labs")
    Alias.objects.create(artifact=late, name="evening star")
    make_issue(published_at=timezone.now() - timedelta(days=5), confirmed_at=timezone.now() - timedelta(days=5))
    make_issue(artifact=late)

    def names(**asked: str) -> list[str]:
        return [line.name for line in client.get("/models/", asked).context["lines"]]

    assert names() == ["acme/chat-7b", "zenith/late"]
    assert names(order="latest") == ["zenith/late", "acme/chat-7b"]
    assert names(q="evening labs") == ["zenith/late"]
    assert names(q="nobody") == []
