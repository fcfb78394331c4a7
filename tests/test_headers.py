"""What goes with every answer: a strict content policy, guarded cookies, and nothing that the policy would forbid."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from tests.guarded import guarded

pytestmark = pytest.mark.django_db

PUBLIC = [
    "/",
    "/report/",
    "/report/?model=%3Cscript%3E",
    "/reports/r-0000-0000-0000-0000/",
    "/models/",
    "/systems/",
    "/models/acme/chat-7b/",
    "/issues/",
    "/issues/?q=%3Cscript%3E",
    "/issues/TT-2026-00001/",
    "/issues/TT-1999-00001/",
    "/accounts/login/",
    "/accounts/login/code/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/nothing-here/",
]
OF_TRIAGERS = ["/triage/", "/triage/?view=list", "/accounts/logout/", "/accounts/email/"]
OF_ADMINS = ["/admin/", "/admin/reports/contextrule/", "/admin/people/"]
FOR_MACHINES = [
    "/issues/TT-2026-00001.json",
    "/api/v1/issues/",
    "/api/v1/issues/TT-1999-00001/",
    "/api/v1/models/",
    "/api/v1/reports/",
    "/api/v1/schema/",
    "/health/ready/",
]
WORDS = ("application/json", "application/ld+json")  # of scripts that do nothing


class Page(HTMLParser):
    """What the policy would stop, or would have to be loosened for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        named = f"<{tag} {told}>"
        addresses = [told[name].strip().lower() for name in ("href", "src", "action", "formaction") if name in told]
        is_name = told.get("rel") == "canonical"  # says what the page is called, and loads nothing
        loads = tag in ("script", "link", "img", "source") and not is_name
        from_elsewhere = loads and re.match("(https?:)?//", "".join(addresses))
        if (
            (tag == "script" and "src" not in told and told.get("type") not in WORDS)
            or tag in ("style", "iframe", "object", "embed", "base", "svg:script")
            or any(name == "style" or name.startswith("on") for name in told)
            or any(address.startswith(("javascript:", "data:text", "vbscript:")) for address in addresses)
            or from_elsewhere
        ):
            self.wrong.append(named)


@pytest.fixture
def full_house(file: Callable[..., Any], make_issue: Callable[..., Any]) -> None:
    """Something on every page, written by somebody who tries to break out of it."""
    hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7 }} javascript:alert(1)"
    make_issue(hostile, public_summary=hostile)
    turns = [{"role": "user", "content": hostile}, {"role": "assistant", "content": hostile}]
    for artifact in ("acme/chat-7b", '"><b>/<i>onx'):
        file(artifact=artifact, summary=hostile[:120], what_happened=hostile, transcript=turns, version="'\"><b>")


def clean(response: Any) -> None:
    assert Page(response.content.decode()).wrong == []


@pytest.mark.parametrize("address", PUBLIC)
def test_public_pages(client: Client, full_house: None, address: str) -> None:
    response = client.get(address)

    assert response.status_code in (200, 404)
    guarded(response)
    clean(response)


@pytest.mark.parametrize(("role", "addresses"), [("triager", OF_TRIAGERS), ("admin", OF_ADMINS)])
def test_pages_of_who_is_signed_in(
    client: Client, full_house: None, someone: Any, role: str, addresses: list[str]
) -> None:
    from reports.models import Issue

    client.force_login(someone(role))
    for address in [
        *addresses,
        *([f"/triage/{pk}/" for (pk,) in Issue.objects.values_list("pk")] * (role == "triager")),
    ]:
        response = client.get(address)
        assert response.status_code == 200, address
        guarded(response)
        clean(response)
        if not address.startswith("/accounts/"):  # those are allauth's, and vary with the cookie
            assert re.search("no-store|private", response.get("Cache-Control", "")), address


@pytest.mark.parametrize("address", FOR_MACHINES)
def test_answers_for_machines(client: Client, full_house: None, address: str) -> None:
    response = client.get(address)

    guarded(response)
    assert "json" in response["Content-Type"] or "openapi" in response["Content-Type"]
    assert not response.cookies


@pytest.mark.parametrize("address", ["/", "/issues/", "/models/", "/models/acme/chat-7b/", "/issues/TT-2026-00001/"])
def test_whoever_only_reads_gets_no_cookie(client: Client, full_house: None, address: str) -> None:
    assert not client.get(address).cookies


def test_refusals_are_guarded_too(client: Client, full_house: None, someone: Any) -> None:
    client.force_login(someone())
    strict = Client(enforce_csrf_checks=True)

    for response, status in (
        (client.get("/triage/"), 403),
        (strict.post("/report/", {}), 403),
        (client.post("/"), 405),
        (client.post("/report/", b"a=b&" * 501, content_type="application/x-www-form-urlencoded"), 400),
        (client.get("/", headers={"Host": "evil.example"}), 400),
    ):
        assert response.status_code == status
        guarded(response)
        clean(response)


def test_the_server_s_own_failure_is_told_in_the_house_s_words(
    client: Client, full_house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reports.pages import issues

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr(issues, "issues_on_record", fail)
    client.raise_request_exception = False

    response = client.get("/issues/")

    assert response.status_code == 500
    guarded(response)
    clean(response)
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize(
    "path", ["/%00", "/issues/%00/", "/models/%00/x/", "/models/acme/%ff%fe/", "/reports/%2e%2e/", "/..%2f"]
)
def test_odd_addresses_are_not_found(client: Client, full_house: None, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    guarded(response)


def test_a_language_is_chosen_without_a_token_and_leads_nowhere_else(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)

    response = strict.post("/language/", {"language": "ar", "next": "https://evil.example/"})

    assert response.status_code == 302
    assert response["Location"] == "/"
    assert 'dir="rtl"' in strict.get("/").content.decode()
