"""From a request to who asks."""

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.actors import actor_for, actor_of
from accounts.models import Grant
from accounts.network import network_of
from accounts.policy import ANONYMOUS, Act

pytestmark = pytest.mark.django_db


def test_an_actor_holds_the_roles_that_stand(someone: Any, artifact: Any, django_assert_num_queries: Any) -> None:
    user = someone("triager", "maintainer", artifact_id=artifact.pk)
    Grant.objects.create(user=user, role="moderator", ended_at="2021-01-01T00:00:00Z")

    with django_assert_num_queries(1):
        actor = actor_for(user)

    assert actor.roles == {"triager", "maintainer"}
    assert actor.artifact_ids == {artifact.pk}
    assert (actor.user_id, actor.pseudonym) == (user.pk, user.pseudonym)


def test_who_asks_is_worked_out_once_a_request(
    rf: RequestFactory, triager: Any, django_assert_num_queries: Any
) -> None:
    request = rf.get("/")
    request.user = triager

    with django_assert_num_queries(1):
        assert actor_of(request) == actor_of(request)


def test_a_closed_account_is_anonymous(rf: RequestFactory, triager: Any) -> None:
    triager.is_active = False
    request = rf.get("/")
    request.user = triager

    assert actor_of(request) == ANONYMOUS


def test_every_view_of_the_house_says_its_act() -> None:
    from reports.pages.filing import report
    from triage.pages import queue

    assert (report.act, queue.act) == (Act.FILE, Act.DECIDE)  # type: ignore[attr-defined] # set by @needs


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        (2, "203.0.113.9, 198.51.100.1", "203.0.113.9"),
        (2, "198.51.100.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, " , ", "127.0.0.1"),
        (1, "not an address", "not an address"),
    ],
)
def test_a_caller_cannot_name_their_own_network(
    rf: RequestFactory, settings: Any, proxies: int, forwarded: str, seen: str
) -> None:
    settings.PROXY_COUNT = proxies

    assert network_of(rf.get("/", headers={"X-Forwarded-For": forwarded})) == seen
