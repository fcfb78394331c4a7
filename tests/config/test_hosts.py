"""Names beside the site's own: what is answered under which, and what a forged header changes. Nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.policy import ANONYMOUS, Actor
from reports import showing
from reports.addresses import GOOD_FOR_S
from reports.models import Attachment, Report
from reports.quarantine import Room, path_of
from tests.guarded import guarded, kept_by_nobody

pytestmark = pytest.mark.django_db
HERE, FILES, STAFF = "127.0.0.1", "files.example", "staff.example"


@pytest.fixture
def hosts(settings: Any) -> None:
    settings.FILES_HOST, settings.ADMIN_HOST = FILES, STAFF
    settings.FILES_URL, settings.STAFF_URL = f"http://{FILES}", f"http://{STAFF}"
    settings.ALLOWED_HOSTS = [HERE, FILES, STAFF]


def at(host: str, user: Any = None) -> Client:
    client = Client(headers={"Host": host})
    if user is not None:
        client.force_login(user)
    return client


# Files


@pytest.fixture
def picture(file: Callable[..., Any], settings: Any, tmp_path: Path) -> Attachment:
    settings.FILES_DIR = tmp_path
    row = Attachment.objects.create(
        report=file(), name="p" * 32, format="png", state="ready", size=9, width=4, height=3, examined_at=timezone.now()
    )
    path_of(Room.READY, row.name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3)).save(path_of(Room.READY, row.name), "PNG")
    return row


def address_for(row: Attachment, user: Any = None) -> str:
    """As a page has it: of an open receipt, or on the desk of ``user``."""
    if user is None:
        return showing.beside(ANONYMOUS, report=row.report)[0].address
    return showing.shown([row], Actor(user_id=user.pk))[0].address


def test_a_file_is_read_by_its_address_under_the_other_name_alone(hosts: None, picture: Attachment) -> None:
    whole = urlsplit(address_for(picture))
    path = f"{whole.path}?{whole.query}"

    answer = at(FILES).get(path)

    assert (whole.netloc, answer.status_code, answer["Content-Type"]) == (FILES, 200, "image/png")
    assert at(HERE).get(path).status_code == 404
    assert at(STAFF).get(path).status_code == 404
    guarded(answer)
    assert kept_by_nobody(answer)
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_no_cookie_counts_there_and_none_is_given(hosts: None, picture: Attachment, triager: Any) -> None:
    own = at(FILES, triager)
    bare = urlsplit(address_for(picture)).path

    assert own.get(bare).status_code == 404
    assert not own.get(urlsplit(address_for(picture)).path).cookies


@pytest.mark.parametrize("path", ["/", "/issues/", "/triage/", "/admin/", "/api/v1/issues/", "/accounts/login/", "/x"])
def test_nothing_else_is_there(hosts: None, triager: Any, path: str) -> None:
    for method in ("get", "post"):
        answer = getattr(at(FILES, triager), method)(path)

        assert (answer.status_code, answer.content) == (404, b"Not found.\n")
        assert not answer.cookies
        guarded(answer)


def test_the_address_is_bound_to_the_right_of_whom_it_was_made_for(
    hosts: None, picture: Attachment, triager: Any, someone: Any
) -> None:
    read, another = address_for(picture, triager), address_for(picture, someone())

    assert at(FILES).get(read).status_code == 200
    assert at(FILES).get(another).status_code == 404  # signed by us, for somebody without the right
    triager.grants.update(ended_at=timezone.now())
    assert at(FILES).get(read).status_code == 404  # and the right is gone now


def test_an_address_is_good_for_minutes_and_as_it_was_made(
    hosts: None, picture: Attachment, triager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = dict(parse_qsl(urlsplit(address_for(picture, triager)).query))
    of_receipt = dict(parse_qsl(urlsplit(address_for(picture)).query))

    def status(**changes: str) -> int:
        return at(FILES).get(f"/files/{picture.name}/?{urlencode({**told, **changes})}").status_code

    assert status() == 200
    assert status(by="") == status(by="x" * 90) == status(by=of_receipt["by"]) == status(until="99999999999") == 404
    monkeypatch.setattr("time.time", lambda: timezone.now().timestamp() + GOOD_FOR_S + 1)
    assert status() == 404


def test_without_the_setting_files_stay_where_they_were(picture: Attachment, triager: Any) -> None:
    address = address_for(picture, triager)
    client = Client()
    client.force_login(triager)

    assert address.startswith("/files/")
    assert client.get(address).status_code == 200
    assert Client().get(address).status_code == 404


# Staff


@pytest.mark.parametrize("path", ["/triage/", "/triage/views/", "/triage/signals/", "/admin/", "/admin/people/"])
def test_the_pages_of_staff_are_under_their_own_name_alone(hosts: None, someone: Any, path: str) -> None:
    staff = someone("triager", "admin")

    assert at(STAFF, staff).get(path).status_code == 200
    for visitor in (at(HERE, staff), at(HERE)):
        assert visitor.get(path).status_code == 404
        assert visitor.post(path).status_code == 404


def test_on_the_public_name_staff_are_people_like_others(hosts: None, triager: Any) -> None:
    assert b'href="/triage/' in at(STAFF, triager).get("/").content
    assert b'href="/triage/' not in at(HERE, triager).get("/").content
    assert b'href="/account/' in at(HERE, triager).get("/").content


def test_what_is_public_is_read_under_both_and_maintainers_keep_their_desk(
    hosts: None, someone: Any, artifact: Any
) -> None:
    maintainer = someone("maintainer", artifact_id=artifact.pk)

    assert at(HERE).get("/issues/").status_code == at(STAFF).get("/issues/").status_code == 200
    assert at(HERE, maintainer).get("/maintain/").status_code == 200


def test_cookies_name_no_domain_so_each_name_has_its_own_sign_in(hosts: None, triager: Any) -> None:
    triager.set_password("a long password")
    triager.save()

    signed_in = at(STAFF).post("/accounts/login/", {"login": triager.email, "password": "a long password"})

    assert signed_in.status_code == 302
    assert not any(cookie["domain"] for cookie in signed_in.cookies.values())


def test_links_for_staff_lead_where_their_rights_count(hosts: None, capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management import call_command

    call_command("grant", "triager", "ann@example.org")
    call_command("grant", "researcher", "ben@example.org")

    first, second = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Sign in once")]
    assert f"http://{STAFF}/accounts/" in first
    assert f"http://{STAFF}/" not in second


# Forged


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Original-Host", "X-Host", "Forwarded", "X-Forwarded-Server"])
def test_nobody_says_by_a_header_which_name_they_asked(hosts: None, triager: Any, name: str) -> None:
    value = f"host={STAFF}" if name == "Forwarded" else STAFF

    assert at(HERE, triager).get("/triage/", headers={name: value}).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", f"{STAFF}.evil.example", f"{STAFF}:99@evil.example", "", f" {STAFF}"])
def test_a_name_that_is_not_ours_is_answered_nothing(hosts: None, triager: Any, host: str) -> None:
    assert at(host, triager).get("/triage/").status_code in (400, 404)


def test_the_name_in_capitals_is_the_name(hosts: None, triager: Any) -> None:
    assert at(STAFF.upper(), triager).get("/triage/").status_code == 200


@pytest.mark.parametrize(
    ("count", "seen"), [(0, "10.0.0.9"), (1, "3.3.3.3"), (2, "2.2.2.2"), (3, "1.1.1.1"), (4, "10.0.0.9")]
)
def test_an_address_is_believed_as_far_as_proxies_are_ours(rf: Any, settings: Any, count: int, seen: str) -> None:
    from accounts.network import network_of

    settings.PROXY_COUNT = count
    said = {"X-Forwarded-For": "1.1.1.1, 2.2.2.2 ,3.3.3.3", "X-Real-IP": "4.4.4.4", "Forwarded": "for=5.5.5.5"}

    assert network_of(rf.get("/", headers=said, REMOTE_ADDR="10.0.0.9")) == seen


def test_a_report_is_of_the_name_of_no_host(hosts: None, file: Callable[..., Report]) -> None:
    """An address that leaves the house is made of settings, not of what somebody asked for."""
    told = at(STAFF).get("/issues/").content.decode()

    assert 'rel="canonical" href="http://127.0.0.1' in told
