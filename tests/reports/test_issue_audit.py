"""Everybody may know who decided, by pseudonym, with its line in the ledger; nothing that is hidden moves a byte."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ledger import sequencer, verifier
from ledger.models import Event
from ledger.record import record
from ledger.signing import public_key
from reports.models import Issue
from tests.conftest import account
from triage.decisions import decide
from triage.reveals import reveal

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def ground(ground: Any) -> Any:
    """A published issue, decided on since; all of it signed."""
    ground.triager = account("triager")
    ground.report = ground.file()
    ground.issue = ground.report.placements.get().issue
    decide(ground.issue, "confirm", by=ground.triager)
    decide(ground.issue, "resolve", by=ground.triager, reason="works_as_intended")
    ground.issue.refresh_from_db()
    sequencer.keep_up()
    sequencer.sign()
    return ground


@pytest.fixture
def address(ground: Any) -> str:
    return f"/issues/{ground.issue.number}/audit/"


def streamed(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def told(client: Client, address: str) -> list[Any]:
    page, bundle = client.get(address), client.get(f"{address}bundle.zip")
    return [
        page.content,
        page["ETag"],
        page["Last-Modified"],
        streamed(bundle),
        bundle["ETag"],
        bundle["Last-Modified"],
    ]


def test_who_decided_and_which_line_says_so(ground: Any, client: Client, address: str) -> None:
    page = client.get(address).content.decode()

    for verb in ("confirm", "resolve"):
        assert f"/ledger/inclusion/{Event.objects.get(verb=verb).sequence}" in page
    assert page.count(ground.triager.pseudonym) == 2
    assert "works_as_intended" in page
    assert address in client.get(f"/issues/{ground.issue.number}/").content.decode()


def test_the_bundle_verifies_without_the_site_and_opens_no_row(
    ground: Any, client: Client, address: str, tmp_path: Path
) -> None:
    body = streamed(client.get(f"{address}bundle.zip"))
    path = tmp_path / "bundle.zip"
    path.write_bytes(body)

    _checkpoint, about, count = verifier.check_bundle(path, verifier.Key.read(public_key()))
    assert (about, count) == (f"issue {ground.issue.number}", 2)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for hidden in (f"issue:{ground.issue.pk}", f"report:{ground.report.pk}", ground.report.reference, '"decision"'):
        assert hidden not in everything


def test_what_is_hidden_moves_no_byte(ground: Any, client: Client, address: str) -> None:
    before = told(client, address)

    other = ground.file(artifact="acme/unheard-of", kind="privacy_leak").placements.get().issue
    decide(other, "classify", by=ground.triager, severity="high")
    decide(ground.issue, "assign", by=ground.triager, assignee=ground.triager)
    reveal(ground.report, by=ground.triager, issue=ground.issue)
    record("look", actor="p-0011223344")
    sequencer.keep_up()
    sequencer.sign()

    assert told(client, address) == before
    client.force_login(ground.triager)
    assert streamed(client.get(f"{address}bundle.zip")) == before[3]


def test_what_everybody_may_not_read_has_none(ground: Any, client: Client, address: str) -> None:
    Issue.objects.filter(pk=ground.issue.pk).update(published_at=None)

    for path in (address, f"{address}bundle.zip", "/issues/TT-2026-99999/audit/"):
        assert client.get(path).status_code == 404


def test_what_is_not_signed_yet_has_no_bundle(ground: Any, client: Client, address: str) -> None:
    decide(ground.issue, "reopen", by=ground.triager)

    assert "not signed yet" in client.get(address).content.decode()
    assert len(zipped(client.get(f"{address}bundle.zip"))) == 6


def zipped(answer: Any) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(streamed(answer))) as archive:
        return archive.namelist()
