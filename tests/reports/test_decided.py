"""Who decided what on an artifact or in some days, of what everybody may read; nothing that is hidden moves a byte."""

import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger import sequencer, verifier
from ledger.models import Event
from ledger.record import record
from ledger.signing import public_key
from reports.decided import Asked, decided
from reports.models import Artifact, Issue
from tests.conftest import account
from triage.catalogue import confirm_artifact, describe, undo
from triage.decisions import decide
from triage.decisions import undo as undo_decision

pytestmark = pytest.mark.django_db
OF_IT = "/models/acme/chat-7b/audit/"
OF_DAYS = "/ledger/decisions/"


def sign() -> None:
    sequencer.keep_up()
    sequencer.sign()


@pytest.fixture(scope="module")
def ground(ground: Any) -> Any:
    """A public issue that was decided on, undone and decided on again; one of another artifact; all of it signed."""
    ground.triager = account("triager")
    ground.issue = ground.file().placements.get().issue
    decide(ground.issue, "confirm", by=ground.triager, public_title="It invents rulings")
    undo_decision(decide(ground.issue, "classify", by=ground.triager, severity="high"), by=ground.triager)
    decide(ground.issue, "resolve", by=ground.triager, reason="works_as_intended")
    ground.other = ground.file(artifact="beta/other").placements.get().issue
    ground.beta = Artifact.objects.get(name="other")
    confirm_artifact(ground.beta, by=ground.triager)
    decide(ground.other, "confirm", by=ground.triager, public_title="It tells addresses")
    undo(describe(ground.beta, by=ground.triager, title="Beta's other"), by=ground.triager)
    sign()
    return ground


def streamed(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def told(client: Client) -> list[Any]:
    seen: list[Any] = []
    for path in (OF_IT, OF_DAYS, f"{OF_DAYS}?act=confirm", f"{OF_DAYS}?since=2020-01-01"):
        page = client.get(path)
        address, _mark, query = path.partition("?")
        bundle = client.get(f"{address}bundle.zip?{query}")
        seen += [page.content, page["ETag"], page["Last-Modified"]]
        seen += [streamed(bundle), bundle["ETag"], bundle["Last-Modified"]]
    return seen


def verbs(asked: Asked) -> list[str]:
    return [("undo " if line.step.is_undo else "") + line.step.verb for line in decided(asked, most=50)]


def test_what_was_decided_on_an_artifact_and_its_issues(ground: Any, client: Client) -> None:
    ground.issue.refresh_from_db()
    page = client.get(OF_IT).content.decode()

    assert verbs(Asked(ground.artifact))[:4] == ["resolve", "undo classify", "classify", "confirm"]
    for said in (ground.triager.pseudonym, ground.issue.number, "It invents rulings", "works_as_intended"):
        assert said in page, said
    assert f"/ledger/inclusion/{Event.objects.get(verb='resolve').sequence}" in page
    assert "It tells addresses" not in page
    assert OF_IT in client.get("/models/acme/chat-7b/").content.decode()


def test_what_was_decided_in_some_days(ground: Any, client: Client) -> None:
    today = timezone.now().date()
    on_beta = ["undo describe_artifact", "describe_artifact", "confirm", "confirm_artifact"]

    assert verbs(Asked()) == [*on_beta, *verbs(Asked(ground.artifact))]
    assert verbs(Asked(act="describe_artifact")) == on_beta[:2]
    assert verbs(Asked(act="confirm")) == ["confirm", "confirm"]
    assert verbs(Asked(since=today + timedelta(days=1))) == verbs(Asked(until=today - timedelta(days=1))) == []
    assert len(verbs(Asked(since=today, until=today))) == len(verbs(Asked()))
    assert "(undone since)" in client.get(OF_DAYS).content.decode()
    assert OF_DAYS in client.get("/ledger/").content.decode()


def test_parts_follow_each_other_without_gap_or_double(
    ground: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = re.findall(r"/ledger/inclusion/(\d+)", client.get(OF_DAYS).content.decode())
    monkeypatch.setattr("reports.pages.decided.A_PAGE", 3)
    monkeypatch.setattr("reports.decided.AT_ONCE", 1)
    query, seen = "", []
    while query is not None:
        page = client.get(f"{OF_DAYS}{query}").content.decode()
        seen += re.findall(r"/ledger/inclusion/(\d+)", page)
        further = re.search(r'rel="next" href="(\?[^"]+)"', page)
        query = further and further[1]  # type: ignore[assignment] # the last has none

    assert seen == whole
    assert len(seen) >= 8


def test_what_is_hidden_moves_no_byte(ground: Any, client: Client) -> None:
    before = told(client)

    hidden = ground.file(artifact="acme/unheard-of", kind="unfair_or_stereotyped").placements.get().issue
    decide(hidden, "confirm", by=ground.triager, public_title="Nobody reads this")
    for changes in ({"kind": "dangerous_instructions"}, {"embargo_until": timezone.now() + timedelta(days=9)}):
        held = ground.make_issue("Held back", status="new", **changes)
        decide(held, "classify", by=ground.triager, severity="low")
        decide(held, "confirm", by=ground.triager, public_title="Nobody reads this either")
        assert not Issue.objects.get(pk=held.pk).is_public
    describe(Artifact.objects.get(name="unheard-of"), by=ground.triager, title="Unheard of")
    ground.issue.affected.create(artifact=Artifact.objects.get(name="unheard-of"))
    decide(
        ground.issue, "affect", by=ground.triager, artifact=Artifact.objects.get(name="unheard-of"), status="affected"
    )
    decide(ground.issue, "assign", by=ground.triager, assignee=ground.triager)
    record("look", actor="p-0011223344")
    sign()

    assert told(client) == before
    client.force_login(ground.triager)
    assert streamed(client.get(f"{OF_DAYS}bundle.zip")) == before[9]


def test_a_bundle_verifies_without_the_site_and_opens_no_row(ground: Any, client: Client, tmp_path: Path) -> None:
    for address, about in ((OF_IT, "decisions on model acme/chat-7b"), (OF_DAYS, "decisions")):
        path = tmp_path / "bundle.zip"
        path.write_bytes(streamed(client.get(f"{address}bundle.zip")))

        _checkpoint, named, count = verifier.check_bundle(path, verifier.Key.read(public_key()))
        assert named == about
        assert count == len(re.findall("/ledger/inclusion/", client.get(address).content.decode()))
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
        for hidden in (f"issue:{ground.issue.pk}", "report:", '"decision"', "artifact:"):
            assert hidden not in everything


def test_a_bundle_that_is_too_large_is_not_begun(ground: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.pages.decided.MOST", 2)

    answer = client.get(f"{OF_DAYS}bundle.zip")

    assert (answer.status_code, answer.content) == (400, b"A bundle holds 2 events at most. Ask for fewer days.")
    assert client.get(f"{OF_DAYS}bundle.zip?act=describe_artifact").status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"act": "abdicate"},
        {"since": "yesterday"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"before": "7"},
        {"before": "\x00"},
        {"until": "\x00٣"},
    ],
)
def test_what_is_not_understood_finds_nothing_and_says_so(ground: Any, client: Client, asked: dict[str, str]) -> None:
    page = client.get(OF_DAYS, asked).content.decode()

    assert "The question was not understood." in page
    assert "/ledger/inclusion/" not in page
    assert client.get(f"{OF_DAYS}bundle.zip", asked).status_code == 404


def test_the_ends_of_the_calendar_are_days_too(ground: Any, client: Client) -> None:
    page = client.get(OF_DAYS, {"since": "0001-01-01", "until": "9999-12-31"}).content.decode()

    assert "/ledger/inclusion/" in page


def test_what_has_no_page_has_no_audit(ground: Any, client: Client) -> None:
    ground.file(artifact="acme/unheard-of")

    for name in ("acme/unheard-of", "acme/nobody", "acme/\x00"):
        for rest in ("", "bundle.zip"):
            assert client.get(f"/models/{name}/audit/{rest}").status_code == 404
    assert client.get("/models/ACME/chat-7b/audit/")["Location"] == OF_IT


def test_many_public_rows_are_found_as_few_are(ground: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    few = decided(Asked(), most=50)

    monkeypatch.setattr("reports.decided.FEW", 0)

    assert few
    assert decided(Asked(), most=50) == few


def test_it_costs_the_same_however_much_there_is(ground: Any, client: Client, django_assert_num_queries: Any) -> None:
    for path in (f"{OF_DAYS}?act=resolve", f"{OF_DAYS}?act=confirm"):  # of one issue, and of two
        with django_assert_num_queries(6):
            client.get(path)
    for path in (f"{OF_IT}?act=resolve", f"{OF_IT}?act=classify"):
        with django_assert_num_queries(7):
            client.get(path)


def test_whoever_has_it_is_told_so(ground: Any, client: Client) -> None:
    tag = client.get(OF_DAYS)["ETag"]

    assert client.get(OF_DAYS, headers={"If-None-Match": tag}).status_code == 304
    decide(ground.issue, "reopen", by=ground.triager)
    assert client.get(OF_DAYS, headers={"If-None-Match": tag}).status_code == 200
