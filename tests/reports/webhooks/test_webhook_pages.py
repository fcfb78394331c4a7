"""The pages of one's webhooks."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from reports.leaving import belongings
from reports.models import Delivery, Endpoint, Issue, Notice, Try
from reports.notices import follow
from reports.webhooks import endpoints

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
URL = "https://hooks.example/telltale"


@pytest.fixture(autouse=True)
def on(settings: Any) -> None:
    settings.WEBHOOKS = True


@pytest.fixture
def rosa(client: Client, someone: Make) -> Any:
    made = someone(email="rosa@reporters.example")
    client.force_login(made)
    return made


@pytest.fixture
def endpoint(rosa: Any) -> Endpoint:
    return endpoints.named(rosa, URL, subjects=None)[0]


def secret_in(text: str) -> str:
    return str(re.findall(r"whsec_[A-Za-z0-9+/=]+", text)[0])


def test_a_webhook_is_named_and_its_secret_told_once(client: Client, rosa: Any) -> None:
    answer = client.post("/account/webhooks/", {"url": URL, "hears": "all"})

    endpoint = Endpoint.objects.get()
    secret = secret_in(answer.text)
    assert endpoints.secrets_of(endpoint, at=datetime.now(UTC)) == [secret]
    assert (endpoint.user, endpoint.url, endpoint.hears_all) == (rosa, URL, True)
    for page in ("/account/webhooks/", f"/account/webhooks/{endpoint.pk}/"):
        assert URL in client.get(page).text
        assert secret not in client.get(page).text
    assert "whsec" not in "".join(belongings(rosa))
    assert URL in "".join(belongings(rosa))


def test_it_hears_of_what_was_chosen_from_what_one_follows(client: Client, rosa: Any, make_issue: Make) -> None:
    mine, others = make_issue(), make_issue("Of somebody else")
    follow(rosa, f"issue:{mine.pk}")

    refused = client.post("/account/webhooks/", {"url": URL, "hears": "chosen", "subjects": [f"issue:{others.pk}"]})
    assert (refused.status_code, Endpoint.objects.count()) == (422, 0)
    assert client.post("/account/webhooks/", {"url": URL, "hears": "chosen"}).status_code == 422

    client.post("/account/webhooks/", {"url": URL, "hears": "chosen", "subjects": [f"issue:{mine.pk}"]})
    endpoint = Endpoint.objects.get()
    assert (endpoint.hears_all, endpoints.chosen_by(endpoint)) == (False, {f"issue:{mine.pk}"})

    page = f"/account/webhooks/{endpoint.pk}/"
    assert client.post(f"{page}hears/", {"hears": "chosen"}).status_code == 422
    client.post(f"{page}hears/", {"hears": "all"})
    endpoint.refresh_from_db()
    assert (endpoint.hears_all, endpoints.chosen_by(endpoint)) == (True, set())


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://hooks.example/", "https://10.0.0.1/", "https://a\x00/", "x" * 600]
)
def test_an_address_that_cannot_be_meant_is_explained(client: Client, rosa: Any, url: str) -> None:
    answer = client.post("/account/webhooks/", {"url": url, "hears": "all"})

    assert (answer.status_code, Endpoint.objects.count()) == (422, 0)
    assert 'id="errors"' in answer.text


def test_the_sixth_is_refused(client: Client, rosa: Any) -> None:
    for serial in range(5):
        endpoints.named(rosa, f"{URL}/{serial}", subjects=None)

    answer = client.post("/account/webhooks/", {"url": f"{URL}/more", "hears": "all"})

    assert (answer.status_code, Endpoint.objects.count()) == (422, 5)
    assert "at most" in client.get("/account/webhooks/").text


def test_its_owner_rotates_tests_switches_replays_and_deletes(client: Client, endpoint: Endpoint) -> None:
    page = f"/account/webhooks/{endpoint.pk}/"

    assert secret_in(client.post(f"{page}secret/").text) in endpoints.secrets_of(
        Endpoint.objects.get(), at=datetime.now(UTC)
    )
    client.post(f"{page}test/")
    delivery = Delivery.objects.get()
    client.post(f"{page}switch/")
    delivery.refresh_from_db()
    assert (Endpoint.objects.get().disabled_why, delivery.state) == ("owner", "failed")
    client.post(f"{page}switch/", {"on": "1"})
    client.post(f"{page}replay/{delivery.pk}/")
    delivery.refresh_from_db()
    assert (Endpoint.objects.get().disabled_at, delivery.state) == (None, "waiting")
    assert client.get(f"{page}delete/").status_code == 200
    client.post(f"{page}delete/")
    assert Endpoint.objects.count() == 0


def test_nobody_else_finds_it(client: Client, endpoint: Endpoint, someone: Make) -> None:
    delivery = Delivery.objects.create(endpoint=endpoint)
    client.force_login(someone("moderator"))
    page = f"/account/webhooks/{endpoint.pk}/"

    assert URL not in client.get("/account/webhooks/").text
    assert [client.get(f"{page}{end}").status_code for end in ("", "delete/")] == [404, 404]
    posts = ("hears/", "secret/", "test/", "switch/", "delete/", f"replay/{delivery.pk}/")
    assert {client.post(f"{page}{end}").status_code for end in posts} == {404}


def test_a_delivery_of_another_webhook_is_not_replayed_through_one_s_own(
    client: Client, endpoint: Endpoint, someone: Make
) -> None:
    other = endpoints.named(someone(email="other@example.org"), URL, subjects=None)[0]
    theirs = Delivery.objects.create(endpoint=other, state="failed")

    assert client.post(f"/account/webhooks/{endpoint.pk}/replay/{theirs.pk}/").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_log_tells_of_each_thing_as_it_may_be_seen_now(
    client: Client, rosa: Any, endpoint: Endpoint, make_issue: Make, rows: int, django_assert_num_queries: Any
) -> None:
    for serial in range(rows):
        about = make_issue(f"Title {serial}")
        notice = Notice.objects.create(user=rosa, channel=endpoint.channel, verb="resolve", subject=f"issue:{about.pk}")
        delivery = Delivery.objects.create(endpoint=endpoint, notice=notice, state="failed", tries=1)
        Try.objects.create(delivery=delivery, at=delivery.due_at, outcome="refused", status=503, milliseconds=12)
    page = f"/account/webhooks/{endpoint.pk}/"

    with django_assert_num_queries(13):
        shown = client.get(page).text
    assert shown.count("Refused") == rows
    assert "Title 0" in shown

    Issue.objects.update(published_at=None)
    hidden = client.get(page).text
    assert "Title 0" not in hidden
    assert hidden.count("Something that you may not see any more") == rows


def test_a_site_that_calls_out_to_nobody_says_so(client: Client, rosa: Any, settings: Any) -> None:
    settings.WEBHOOKS = False

    assert "This site calls out to nobody." in client.get("/account/webhooks/").text
    client.post("/account/webhooks/", {"url": URL, "hears": "all"})
    assert Endpoint.objects.count() == 0
