"""The directory of models, systems and datasets."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Affected, Alias, Artifact
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


def test_a_developer_s_artifacts_have_an_address(client: Client, make_issue: Make) -> None:
    confirmed("model", "kelp/reader", developer="Kelp & Sons")
    confirmed("model", "kelp/writer")
    confirmed("dataset", "kelp/pages")
    artifact_named("model", "kelp/unseen")
    artifact_named("model", "secret/unseen")
    make_issue()

    page, narrowed = client.get("/models/"), client.get("/models/?developer=KELP")

    assert [(each["org"], each["total"]) for each in page.context["developers"]] == [("acme", 1), ("kelp", 2)]
    assert 'href="?developer=kelp"' in page.content.decode()
    assert [line.name for line in narrowed.context["lines"]] == ["kelp/reader", "kelp/writer"]
    assert 'href="/issues/?developer=KELP"' in narrowed.content.decode()
    assert [line.name for line in client.get("/models/?developer=kelp+%26+sons").context["lines"]] == ["kelp/reader"]
    assert "It can be reported all the same." in client.get("/models/?developer=nobody").content.decode()


def test_the_directory_is_narrowed_by_what_is_on_record_and_never_ordered_by_it(
    client: Client, make_issue: Make
) -> None:
    quiet = confirmed("model", "kelp/quiet", access="open")
    make_issue("Two of them")
    make_issue("Two of them")
    make_issue("Ended", artifact=confirmed("model", "kelp/mended"), status="resolved")
    make_issue("Of nobody", artifact=quiet, published_at=None)

    def names(**asked: str) -> list[str]:
        return [line.name for line in client.get("/models/", asked).context["lines"]]

    assert names(issues="open") == ["acme/chat-7b"]
    assert names(issues="resolved") == ["kelp/mended"]
    assert names(issues="none") == names(access="open") == ["kelp/quiet"]
    assert names(order="newest") == ["kelp/mended", "kelp/quiet", "acme/chat-7b"]
    assert names(order="most_open") == []
    page = client.get("/models/").content.decode()
    assert "This list is no ranking." in page
    assert 'href="/issues/feed.atom?artifact_kind=model"' in page


def test_a_line_says_when_something_was_last_decided(client: Client, make_issue: Make) -> None:
    long_ago, lately = (timezone.now() - timedelta(days=days) for days in (9, 2))
    make_issue(published_at=long_ago, confirmed_at=long_ago)
    make_issue(published_at=lately, confirmed_at=lately)
    make_issue(published_at=None)

    (line,) = client.get("/models/").context["lines"]

    assert line.latest_at == lately


PAGES = ["/models/", "/models/?order=latest", "/models/?developer=acme", "/models/?issues=none", "/models/?q=umbra"]


def test_what_is_hidden_moves_no_directory(client: Client, make_issue: Make, artifact: Artifact) -> None:
    confirmed("model", "kelp/reader")
    before = [(page.content, page["ETag"]) for page in map(client.get, PAGES)]

    hidden = artifact_named("model", "acme/umbra", developer="Umbra")
    Alias.objects.create(artifact=hidden, name="umbra")
    make_issue(artifact=hidden)
    make_issue(published_at=None)
    make_issue(embargo_until=timezone.now() + timedelta(days=1))
    unjudged = make_issue()
    Affected.objects.filter(issue=unjudged).update(status="under_investigation")

    assert [(page.content, page["ETag"]) for page in map(client.get, PAGES)] == before


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("asked", "queries"), [("", 3), ("q=acme&access=&issues=open&order=latest", 3), ("developer=acme", 2)]
)
def test_the_directory_costs_the_same_for_one_row_and_three(
    client: Client, make_issue: Make, django_assert_num_queries: Any, asked: str, queries: int, rows: int
) -> None:
    for number in range(rows):
        make_issue(artifact=confirmed("model", f"acme/of-{number}", developer="Acme"))

    with django_assert_num_queries(queries):
        client.get(f"/models/?{asked}")
