"""Becoming a maintainer: asked for, shown by a file or a hub, decided by an admin with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import actor_for
from accounts.models import Grant
from ledger.models import Event
from reports import maintaining
from reports.maintaining import approve, ask, look_for_file, refuse, see_file, take_back
from reports.models import MaintainerRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina(someone: Any) -> Any:
    return someone(email="mina@example.org")


@pytest.fixture
def request_of_mina(mina: Any, artifact: Any) -> MaintainerRequest:
    return ask(mina, artifact, note="I train it.")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def roles(user: Any) -> list[tuple[str, int | None]]:
    return [*Grant.objects.filter(user=user, ended_at=None).values_list("role", "artifact_id")]


def verbs() -> list[str]:
    return [*Event.objects.order_by("pk").values_list("verb", flat=True)]


def test_the_whole_way_on_pages(mina: Any, artifact: Any, someone: Any) -> None:
    theirs, admins, triagers = signed_in(mina), signed_in(someone("admin")), signed_in(someone("triager"))
    found = theirs.get(reverse("maintaining"), {"artifact": "chat-7b"})
    assert b"acme/chat-7b" in found.content

    theirs.post(reverse("maintaining"), {"artifact": artifact.pk, "note": "I train it."})
    asked = MaintainerRequest.objects.get()
    assert asked.token.encode() in theirs.get(reverse("maintaining")).content

    page = reverse("maintainer_request", args=[asked.pk])
    assert b"mina@example.org" not in triagers.get(page).content  # who looks for a file needs no address
    assert b"mina@example.org" in admins.get(page).content
    triagers.post(reverse("maintainer_look", args=[asked.pk]))
    assert triagers.post(reverse("maintainer_decide", args=[asked.pk]), {"verdict": "approve"}).status_code == 403
    assert roles(mina) == []

    admins.post(reverse("maintainer_decide", args=[asked.pk]), {"verdict": "approve", "reason": "Welcome."})
    assert roles(mina) == [("maintainer", artifact.pk)]
    assert verbs() == ["ask_to_maintain", "see_maintainer_file", "approve_request", "grant"]
    assert Event.objects.get(verb="grant").payload.content["proof"] == "file"
    assert "Welcome." in signed_in(mina).get(reverse("maintaining")).content.decode()


def test_a_refusal_takes_a_reason_and_is_told(request_of_mina: MaintainerRequest, mina: Any, someone: Any) -> None:
    admins = signed_in(someone("admin"))
    decide = reverse("maintainer_decide", args=[request_of_mina.pk])

    assert admins.post(decide, {"verdict": "refuse", "reason": " "}).status_code == 409
    assert admins.post(decide, {"verdict": "refuse", "reason": "Not on the team page."}).status_code == 302
    assert admins.post(decide, {"verdict": "approve"}).status_code == 409  # too late

    assert "Not on the team page." in signed_in(mina).get(reverse("maintaining")).content.decode()
    assert (roles(mina), verbs()[1:]) == ([], ["refuse_request"])


def test_nobody_looks_into_or_decides_about_their_own(artifact: Any, someone: Any) -> None:
    both = someone("admin", "triager")
    own = ask(both, artifact)
    actor = actor_for(both)

    for act in (see_file, look_for_file, approve):
        with pytest.raises(ValidationError, match="their own"):
            act(own, by=actor)
    with pytest.raises(ValidationError, match="their own"):
        refuse(own, by=actor, reason="No.")


def test_one_request_waits_for_each_artifact(request_of_mina: MaintainerRequest, mina: Any, artifact: Any) -> None:
    with pytest.raises(ValidationError, match="asked for this already"):
        ask(mina, artifact)
    take_back(request_of_mina, by=actor_for(mina))
    again = ask(mina, artifact)

    assert again.token != request_of_mina.token


def test_who_answers_for_it_already_need_not_ask(someone: Any, artifact: Any) -> None:
    with pytest.raises(ValidationError, match="already"):
        ask(someone("maintainer", artifact_id=artifact.pk), artifact)


def test_requests_of_others_are_not_one_s_own(request_of_mina: MaintainerRequest, someone: Any) -> None:
    other = signed_in(someone())

    assert other.post(reverse("maintaining_withdraw", args=[request_of_mina.pk])).status_code == 404
    assert other.get(reverse("maintainer_request", args=[request_of_mina.pk])).status_code == 403
    assert request_of_mina.token.encode() not in other.get(reverse("maintaining")).content


def test_an_artifact_without_a_page_cannot_be_asked_for(mina: Any, artifact: Any) -> None:
    type(artifact).objects.update(confirmed_at=None)

    assert signed_in(mina).post(reverse("maintaining"), {"artifact": artifact.pk}).status_code == 422


class TestAHub:
    def kept(self, user: Any, orgs: list[str], days: int = 0) -> None:
        told_at = (timezone.now() - timedelta(days=days)).isoformat()
        SocialAccount.objects.create(
            user=user, provider="oidc", uid="u1", extra_data={"orgs": orgs, "told_at": told_at}
        )

    def test_naming_the_org_is_shown_and_gives_nothing_by_itself(self, mina: Any, artifact: Any) -> None:
        self.kept(mina, ["ACME", "lab"])

        asked = ask(mina, artifact)

        assert (asked.hub_org, asked.proof, roles(mina)) == ("acme", "hub", [])

    @pytest.mark.parametrize(("orgs", "days"), [(["other"], 0), ([], 0), (["acme"], 8)])
    def test_another_org_or_an_old_word_shows_nothing(
        self, mina: Any, artifact: Any, orgs: list[str], days: int
    ) -> None:
        self.kept(mina, orgs, days)

        assert ask(mina, artifact).proof == ""


class TestTheSiteLooks:
    def test_nowhere_unless_the_operator_named_the_place(
        self, request_of_mina: MaintainerRequest, triager: Any, monkeypatch: Any
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(maintaining, "fetch", asked.append)

        assert not look_for_file(request_of_mina, by=actor_for(triager))
        assert asked == []

    @pytest.mark.parametrize(
        ("told", "is_found"),
        [("{token}\n", True), ("# ours\n{token}", True), ("x{token}", False), ("", False), (None, False)],
    )
    def test_where_it_was_named_for_the_whole_line(
        self,
        request_of_mina: MaintainerRequest,
        triager: Any,
        settings: Any,
        monkeypatch: Any,
        told: str | None,
        is_found: bool,
    ) -> None:
        settings.MAINTAINER_FILES = ["https://hub.example/{org}/{name}/raw/main/telltale.txt"]
        asked: list[str] = []
        answer = told.format(token=request_of_mina.token).encode() if told is not None else None

        def fetched(address: str) -> bytes | None:
            asked.append(address)
            return answer

        monkeypatch.setattr(maintaining, "fetch", fetched)

        assert look_for_file(request_of_mina, by=actor_for(triager)) is is_found

        request_of_mina.refresh_from_db()
        assert asked == ["https://hub.example/acme/chat-7b/raw/main/telltale.txt"]
        assert (request_of_mina.seen_at is not None, request_of_mina.was_fetched) == (is_found, is_found)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_many(
    someone: Any, artifact: Any, django_assert_num_queries: Any, count: int
) -> None:
    for at in range(count):
        ask(someone(email=f"m{at}@example.org"), artifact)
    admins = signed_in(someone("admin"))

    with django_assert_num_queries(6):  # session, account, roles; how many, which; unread notices
        told = admins.get(reverse("maintainer_requests"))

    assert told.content.count(b'class="title"') == count
