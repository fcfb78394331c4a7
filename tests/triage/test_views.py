"""Kept searches: one's own, shared ones, and those that everybody has."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.actors import actor_for
from reports.models import Issue
from triage import search, views
from triage.models import View

pytestmark = pytest.mark.django_db
NEW = "/triage/views/new/"


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


def test_each_default_view_is_understood_and_counted(triager: Any, make_issue: Callable[..., Issue]) -> None:
    make_issue("One that waits", status="new", assignee=triager)
    make_issue("One that is confirmed")

    listed = views.listed(triager, actor_for(triager), here=search.parse("is:confirmed"))

    assert {shown.name: shown.count for shown in listed if shown.count} == {
        "Waiting": 1,
        "Mine": 1,
        "Confirmed": 1,
        "All": 2,
    }
    assert [shown.name for shown in listed if shown.is_here] == ["Confirmed"]
    assert all(not search.parse(default.text).errors for default in views.DEFAULTS)


@pytest.mark.parametrize("how_many", [1, 3])
def test_views_are_counted_by_one_statement(
    triager: Any, someone: Callable[..., Any], django_assert_num_queries: Any, how_many: int
) -> None:
    other = someone("triager", email="other@example.org")
    for number in range(how_many):
        View.objects.create(owner=triager, name=f"Own {number}", query="is:new")
        View.objects.create(owner=other, name=f"Shared {number}", query="kind:other", is_shared=True)

    actor = actor_for(triager)

    with django_assert_num_queries(3):
        listed = views.listed(triager, actor)
        _owners = [shown.view.owner.email for shown in listed if shown.view and not shown.is_own]

    assert len(listed) == len(views.DEFAULTS) + 2 * how_many


def test_each_is_told_their_own_count(
    triager: Any, someone: Callable[..., Any], make_issue: Callable[..., Issue]
) -> None:
    other = someone("triager", email="other@example.org")
    make_issue("One that waits", status="new", assignee=triager)

    def mine(user: Any) -> int:
        return next(shown.count for shown in views.listed(user, actor_for(user)) if shown.name == "Mine")

    assert [mine(triager), mine(other), mine(triager)] == [1, 0, 1]


def test_what_is_known_is_not_counted_again(triager: Any) -> None:
    listed = views.listed(triager, actor_for(triager), known={"is:confirmed": 7})

    assert {shown.name: shown.count for shown in listed if shown.count} == {"Confirmed": 7}


def test_a_search_is_kept_as_it_is_written(desk: Client, triager: Any) -> None:
    page = desk.get(NEW, {"q": "is:new kind:other"})

    assert 'value="is:new kind:other"' in page.content.decode()

    desk.post(NEW, {"name": "  Odd   ones ", "query": 'is:new  kind:"Other"', "is_shared": "on"})

    assert list(View.objects.values_list("owner", "name", "query", "is_shared")) == [
        (triager.pk, "Odd ones", "is:new kind:other", True)
    ]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"name": "", "query": "is:new"}, "This answer is needed."),
        ({"name": "odd ONES", "query": "is:new"}, "You have a view of this name."),
        ({"name": "Other", "query": "is:nwe"}, "Did you mean “new”?"),
        ({"name": "x" * 81, "query": ""}, "at most 80 characters"),
        ({"name": "Other", "query": "x" * 1_001}, "at most 1000 characters"),
        ({"name": "a\x00b", "query": ""}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_kept_is_explained_and_not_kept(
    desk: Client, triager: Any, told: dict[str, str], said: str
) -> None:
    View.objects.create(owner=triager, name="Odd ones", query="")

    answer = desk.post(NEW, told)

    assert (answer.status_code, View.objects.count()) == (422, 1)
    assert said in answer.content.decode()


def test_the_search_one_comes_from_can_be_kept(desk: Client) -> None:
    page = desk.get("/triage/views/", {"q": "is:new <b>"}).content.decode()

    assert 'href="/triage/views/new/?q=is%3Anew%20%3Cb%3E"' in page
    assert "<b>" not in page.split("<main", 1)[1].split("</h1>", 1)[1].split("</section>", 1)[0]


def test_there_are_only_so_many(desk: Client, triager: Any) -> None:
    View.objects.bulk_create(View(owner=triager, name=f"Number {at}", query="") for at in range(views.MOST))

    answer = desk.post(NEW, {"name": "One more", "query": ""})

    assert (answer.status_code, View.objects.count()) == (422, views.MOST)


def test_one_s_own_is_renamed_shared_and_deleted(desk: Client, triager: Any) -> None:
    view = View.objects.create(owner=triager, name="Odd ones", query="is:new")
    address = f"/triage/views/{view.pk}/"

    desk.post(address, {"name": "odd ones", "query": "is:new", "is_shared": "on"})
    view.refresh_from_db()

    assert (view.name, view.is_shared) == ("odd ones", True)

    desk.post(f"{address}delete/")

    assert not View.objects.exists()


def test_somebody_else_s_is_read_and_copied_if_it_is_shared_and_never_changed(
    desk: Client, triager: Any, someone: Callable[..., Any]
) -> None:
    other = someone("triager", email="other@example.org")
    shared = View.objects.create(owner=other, name="Shared ones", query="is:new", is_shared=True)
    secret = View.objects.create(owner=other, name="Nobody else's", query="is:new")

    page = desk.get("/triage/views/").content.decode()
    answers = [
        desk.post(f"/triage/views/{view.pk}/{verb}", {"name": "Mine", "query": ""}).status_code
        for view in (shared, secret)
        for verb in ("", "delete/", "copy/")
    ]

    assert "Shared ones" in page
    assert "Nobody else" not in page
    assert answers == [403, 403, 302, 404, 404, 404]
    assert list(View.objects.filter(owner=triager).values_list("name", "query", "is_shared")) == [
        ("Shared ones", "is:new", False)
    ]

    View.objects.filter(owner=triager).update(name="shared ONES")
    desk.post(f"/triage/views/{shared.pk}/copy/")

    assert View.objects.filter(owner=triager, name="Shared ones (2)").exists()


def test_a_view_that_is_understood_no_longer_is_listed_and_finds_nothing(desk: Client, triager: Any) -> None:
    View.objects.create(owner=triager, name="Of old", query="colour:blue")

    listed = views.listed(triager, actor_for(triager))

    assert [(shown.text, shown.count) for shown in listed if shown.view] == [("colour:blue", 0)]
    assert desk.get("/triage/views/").status_code == 200
