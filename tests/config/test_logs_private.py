"""Nobody who uses the site stands in its log, whatever they send and whatever fails; and nobody writes lines of it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from django.test import Client

from config import logs
from reports.receipts import new_code

pytestmark = pytest.mark.django_db
CANARY = "canary4711"
ADDRESS, EMAIL, BROWSER = "203.0.113.77", f"{CANARY}@mail.example", f"{CANARY}/7.31"
FORGED = f"\r\nlevel=critical {CANARY} forged\n\u2028{CANARY}\x1b[31m\x00"


@pytest.fixture(params=["json", "plain"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, of every level, as the formatter writes it."""
    monkeypatch.setenv("LOG_FORMAT", request.param)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def visitor() -> Client:
    client = Client(REMOTE_ADDR=ADDRESS, headers={"User-Agent": BROWSER, "Referer": f"http://{CANARY}.example/"})
    client.raise_request_exception = False
    return client


def test_what_people_send_is_in_no_line(written: io.StringIO, answers: dict[str, Any]) -> None:
    code, token = new_code(), f"tt_{'5' * 46}"
    client = visitor()
    client.get(f"/issues/?q={CANARY}")
    client.get(f"/{CANARY}/?q={CANARY}")
    client.get(f"/accounts/sign-in/{CANARY}/")
    client.get(f"/notices/unsubscribe/{CANARY}/")
    client.get(f"/accounts/password/reset/key/1-{CANARY}/")
    client.post("/accounts/login/", {"login": EMAIL, "password": CANARY})
    client.post("/accounts/password/reset/", {"email": EMAIL})
    client.post("/reports/r-0000-0000-0000-0000/", {"code": code})
    client.post("/report/check/", {**answers, "what_happened": CANARY * 9, "step": "check", "gate": "no"})
    client.get("/api/v1/issues/", headers={"Authorization": f"Bearer {token}"})
    client.post("/api/v1/reports/", {**answers, CANARY: CANARY}, content_type="application/json")
    client.post("/api/v1/reports/", f'{{"{CANARY}', content_type="application/json")
    client.get("/", headers={"Host": f"{CANARY}.example"})
    Client(enforce_csrf_checks=True, REMOTE_ADDR=ADDRESS).post("/report/", {"summary": CANARY})

    told = written.getvalue()

    assert told.count("\n") > 6  # something was said of them
    for word in (CANARY, ADDRESS, code, code.replace("-", ""), token):
        assert word not in told, [line for line in told.splitlines() if word in line][:3]


def test_an_error_tells_where_it_was_and_not_about_what(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    from reports.pages import issues

    def fail(*_: object) -> None:
        raise ValueError(f"cannot read {EMAIL} from {ADDRESS}")

    monkeypatch.setattr(issues, "issues_on_record", fail)

    assert visitor().post(f"/issues/?q={CANARY}").status_code == 405
    assert visitor().get(f"/issues/?q={CANARY}").status_code == 500
    told = written.getvalue()

    assert "ValueError" in told
    assert CANARY not in told
    assert ADDRESS not in told


@pytest.mark.parametrize("path", ["/{}/", "/models/{}/x/", "/reports/{}/", "/issues/?q={}"])
def test_no_address_makes_a_line(written: io.StringIO, path: str) -> None:
    visitor().get(path.format(quote(FORGED)))

    assert CANARY not in written.getvalue()


def test_what_is_told_on_purpose_stays_on_its_line(written: io.StringIO) -> None:
    structlog.get_logger().warning("something.happened", said=FORGED)
    logging.getLogger("a.library").warning("it said %s", FORGED)

    lines = written.getvalue().splitlines()

    if all(line.startswith("{") for line in lines):
        assert [json.loads(line)["level"] for line in lines] == ["warning", "warning"]
    assert len(written.getvalue().strip("\n").split("\n")) == 2
    assert not {"\x1b", "\x00", "\r"} & set(written.getvalue())


def test_the_server_writes_no_line_of_each_request() -> None:
    """Granian's own would hold addresses and what was searched for."""
    from config.household import PARTS

    assert "--access-log" not in PARTS["web"]()
