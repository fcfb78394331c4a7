"""The ledger as outsiders read it: pages, tiles, proofs; and their own verifier, which takes nobody's word."""

import json
import runpy
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ledger import proving, sequencer, verifier
from ledger.models import Checkpoint, Event
from ledger.record import record
from ledger.signing import public_key
from ledger.verifier import Key, Refuted, check_log, check_proof, check_since
from reports.models import Evidence, Report
from reports.vouching import vouched

pytestmark = pytest.mark.django_db
LEDGER = "/ledger/"
FOR_EVER = "public, max-age=31536000, immutable"


def happened(number: int) -> Checkpoint:
    for at in range(number):
        record("look", actor="p-0011223344", nth=at)
    sequencer.keep_up()
    sequencer.sign()
    return Checkpoint.objects.latest("size")


def reader(client: Client, **instead: bytes) -> Callable[[str], bytes]:
    """Reads the site as the verifier does, but for what is put ``instead``, by address."""

    def fetch(path: str) -> bytes:
        if path in instead:
            return instead[path]
        answer = client.get(f"{LEDGER}{path}")
        if answer.status_code != 200:
            raise Refuted(f"{path}: {answer.status_code}")
        return bytes(answer.content)

    return fetch


@pytest.fixture
def key() -> Key:
    return Key.read(public_key())


@pytest.fixture(scope="module")
def grown(ground: Any) -> list[Checkpoint]:
    """Three checkpoints of a tree of more than one tile."""
    return [happened(number) for number in (100, 199, 301)]


def test_an_empty_ledger_says_so_and_has_nothing_to_show(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "newest", lambda: None)

    page = client.get(LEDGER)

    assert "Nothing is signed yet." in page.content.decode()
    for address in ("checkpoint", "tile/0/000", "inclusion/0", "consistency/0/0"):
        assert client.get(f"{LEDGER}{address}").status_code == 404, address


def test_the_page_shows_the_newest_checkpoint_the_key_and_earlier_ones(grown: Any, client: Client) -> None:
    page = client.get(LEDGER).content.decode()

    assert "600 events" in page
    assert public_key() in page
    assert grown[-1].signed_note in page


def test_an_event_is_looked_up_by_its_number(grown: Any, client: Client) -> None:
    page = client.get(LEDGER, {"event": "599"}).content.decode()

    assert "Event 599 stands in the ledger" in page
    assert reverse("ledger_inclusion", args=[599]) in page
    for odd in ("600", "-1", "٣", "9" * 30, "x", "\x00"):
        assert "No event of that number is signed." in client.get(LEDGER, {"event": odd}).content.decode(), odd


@pytest.mark.parametrize(
    "address",
    [
        "tile/0/003",
        "tile/0/002.p/89",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/1/000",
        "tile/8/000.p/1",
        "tile/00/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/entries/003.p/1",
        "tile/entries/000/",
        "tile/0/%00",
        "tile/-1/000",
        "tile/0/٠٠٠",
        f"tile/0/{'x999/' * 5}999",
        f"inclusion/{10**20}",
        "inclusion/600",
        f"consistency/0/{10**30}",
        "consistency/3/2",
        f"checkpoints/{10**20}",
        "checkpoints/7",
    ],
)
def test_what_the_signed_tree_does_not_have_is_not_there(grown: Any, client: Client, address: str) -> None:
    assert client.get(f"{LEDGER}{address}").status_code == 404


def test_what_never_changes_is_kept_for_ever_and_the_rest_is_asked_for_again(grown: Any, client: Client) -> None:
    for address in ("tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "checkpoints/100"):
        answer = client.get(f"{LEDGER}{address}")
        assert answer["Cache-Control"] == FOR_EVER, address
        assert client.get(f"{LEDGER}{address}", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    for address in ("", "checkpoint", "key", "verify.py", "inclusion/3"):
        answer = client.get(f"{LEDGER}{address}")
        assert answer["Cache-Control"] == "no-cache", address
        assert client.get(f"{LEDGER}{address}", headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_partial_tiles_stay_when_the_tree_has_grown(grown: Any, client: Client) -> None:
    before = client.get(f"{LEDGER}tile/0/002.p/88").content

    happened(5)

    assert client.get(f"{LEDGER}tile/0/002.p/88").content == before
    assert client.get(f"{LEDGER}tile/0/002.p/93").content[: len(before)] == before


def test_the_verifier_agrees_with_the_site(grown: Any, client: Client, key: Key) -> None:
    fetch = reader(client)

    for kept in grown:
        old = verifier.Checkpoint.read(client.get(f"{LEDGER}checkpoints/{kept.size}").content.decode())
        assert check_log(fetch, key, old).size == check_since(fetch, key, old).size == 600
    typed = verifier.Checkpoint.read(":".join(grown[0].signed_note.splitlines()[1:3]))
    assert check_since(fetch, key, typed).size == 600


def test_the_verifier_names_the_event_that_was_changed_served_or_hashed(grown: Any, client: Client, key: Key) -> None:
    entries = client.get(f"{LEDGER}tile/entries/001").content
    tile = client.get(f"{LEDGER}tile/0/001").content
    other = entries.replace(b'"commit":"', b'"commit":"0', 1)
    swapped = bytes([*entries[:40], entries[40] ^ 1, *entries[41:]])

    with pytest.raises(Refuted, match="Event 256"):
        check_log(reader(client, **{"tile/entries/001": swapped}), key)
    with pytest.raises(Refuted, match=r"ends early|Event 256"):
        check_log(reader(client, **{"tile/entries/001": other}), key)
    with pytest.raises(Refuted, match="Event 258"):
        check_log(reader(client, **{"tile/0/001": tile[:64] + tile[32:64] + tile[96:]}), key)
    with pytest.raises(Refuted, match="more than"):
        check_log(reader(client, **{"tile/entries/001": entries + b"\x00\x00"}), key)


def test_an_old_checkpoint_that_is_served_again_is_noticed(grown: Any, client: Client, key: Key) -> None:
    newest = verifier.Checkpoint.read(grown[-1].signed_note)
    replayed = reader(client, checkpoint=grown[0].signed_note.encode())

    for check in (check_log, check_since):
        with pytest.raises(Refuted, match="some are gone"):
            check(replayed, key, newest)


def test_another_ledger_or_another_key_is_not_ours(grown: Any, client: Client, key: Key, settings: Any) -> None:
    forged = grown[-1].signed_note.replace("\n600\n", "\n599\n")

    with pytest.raises(Refuted, match="not signed"):
        check_log(reader(client, checkpoint=forged.encode()), key)
    settings.LEDGER_KEY = b"k" * 32
    with pytest.raises(Refuted, match="not signed"):
        check_log(reader(client), Key.read(public_key()))
    settings.LEDGER_ORIGIN = "elsewhere.example/ledger"
    with pytest.raises(Refuted, match="elsewhere"):
        check_log(reader(client), Key.read(public_key()))


# The reporter's proof


@pytest.fixture
def mine(ground: Any, client: Client) -> Report:
    """A report whose receipt this browser has open."""
    report: Report = ground.file(grouped=False, summary="A ruling that was never made")
    session = client.session
    session["open_receipts"] = [report.reference]
    session.save()
    return report


def test_a_receipt_proves_that_the_report_was_received(mine: Report, client: Client, key: Key) -> None:
    page = client.get(mine.get_absolute_url()).content.decode()
    assert "within some minutes" in page
    assert client.get(reverse("receipt_proof", args=[mine.reference])).status_code == 404

    happened(3)

    assert reverse("receipt_proof", args=[mine.reference]) in client.get(mine.get_absolute_url()).content.decode()
    document = client.get(reverse("receipt_proof", args=[mine.reference])).content
    checkpoint, opened = check_proof(document, key)
    event = Event.objects.get(verb="file", subjects__contains=[f"report:{mine.pk}"])
    assert opened == {
        "at": event.at.isoformat().replace("+00:00", "Z"),
        "verb": "file",
        "payload": {"channel": "api", "reference": mine.reference, "words": vouched(mine.evidence)},
    }
    assert checkpoint.size == Checkpoint.objects.latest("size").size
    assert event.actor not in json.dumps(json.loads(document)["opened"])


def test_a_proof_with_words_shows_what_was_filed_and_that_a_site_has_changed_it(
    mine: Report, client: Client, key: Key
) -> None:
    happened(3)
    address = f"{reverse('receipt_proof', args=[mine.reference])}?words=1"
    answer = client.get(address)
    filed = answer.content
    assert answer["Content-Disposition"] == f'attachment; filename="{mine.reference}.proof-with-words.json"'
    _checkpoint, opened = check_proof(filed, key)
    assert opened["words"]["summary"] == "A ruling that was never made"  # type: ignore[index] # the words by their names

    Evidence.objects.filter(report=mine).update(plain_summary="A ruling that was made")

    with pytest.raises(Refuted, match="not the words that were filed"):
        check_proof(client.get(address).content, key)
    assert check_proof(filed, key)[1] == opened

    Evidence.objects.filter(report=mine).delete()
    bare = client.get(address)
    assert "words" not in json.loads(bare.content)
    assert bare["Content-Disposition"].endswith(f'"{mine.reference}.proof.json"')


def test_a_proof_that_was_touched_holds_no_more(mine: Report, client: Client, key: Key) -> None:
    happened(3)
    said = json.loads(client.get(reverse("receipt_proof", args=[mine.reference])).content)

    def changed(**values: Any) -> bytes:
        return json.dumps({**deepcopy(said), **values}).encode()

    later = {**said["opened"], "at": {**said["opened"]["at"], "value": '"2020-01-01T00:00:00.000000Z"'}}
    forged = [
        changed(opened=later),
        changed(opened={}),
        changed(opened={**said["opened"], "mood": said["opened"]["at"]}),
        changed(closed={}),
        changed(seq=said["seq"] + 1),
        changed(seq="0"),
        changed(hashes=said["hashes"][:-1]),
        changed(hashes=said["hashes"][::-1]),
        changed(leaf=said["leaf"].replace("2", "3")),
        changed(leaf="[]"),
        changed(leaf="{}"),
        changed(checkpoint=7),
        b"[]",
        b"\xff",
        b"",
    ]
    for document in forged:
        with pytest.raises(Refuted):
            check_proof(document, key)


def test_nobody_else_is_given_the_proof(mine: Report) -> None:
    happened(1)

    assert Client().get(reverse("receipt_proof", args=[mine.reference])).status_code == 404


# What the ledger tells of what is hidden


def test_leaves_are_alike_whatever_was_done(ground: Any, client: Client, triager: Any) -> None:
    before = happened(1)
    report = ground.file(summary="xq000canary", visibility="private")
    record("embargo", report, triager, actor=triager.pseudonym, until="2027-01-01", reason="xq001canary")
    happened(1)
    leaves = proving.leaves(before.size, 100)

    assert len(leaves) >= 4
    assert {tuple(json.loads(each)) for each in leaves} == {("commit", "on", "seq")}
    told = b"".join(leaves).decode()
    for word in ("canary", report.reference, triager.pseudonym, "embargo", "file", "report:", "anonymous"):
        assert word not in told
    assert len({len(each) - len(str(before.size + at)) for at, each in enumerate(leaves)}) == 1


def test_what_is_hidden_changes_nothing_but_the_size_and_the_hashes(grown: Any, ground: Any, client: Client) -> None:
    stays = ["tile/0/000", "tile/entries/001", "checkpoints/299", "key", "verify.py", "consistency/100/299"]
    before = [client.get(f"{LEDGER}{address}") for address in stays]
    page = client.get(LEDGER).content.decode()

    ground.file(summary="What nobody may see", visibility="private")
    unsigned = client.get(LEDGER).content.decode()
    newest = happened(0)

    after = [client.get(f"{LEDGER}{address}") for address in stays]
    assert unsigned == page
    assert [(each.content, each["ETag"]) for each in after] == [(each.content, each["ETag"]) for each in before]
    now = client.get(LEDGER).content.decode()
    now = now.replace(f"{newest.size} events", "600 events")
    differing = [line for line, old in zip(now.splitlines(), page.splitlines(), strict=True) if line != old]
    assert len(differing) <= 4  # three lines of the note, and the minute it was signed


def test_the_page_costs_as_much_with_one_checkpoint_as_with_three(
    ground: Any, client: Client, django_assert_num_queries: Any
) -> None:
    happened(1)
    client.get(LEDGER)
    with django_assert_num_queries(2):
        client.get(LEDGER)

    happened(1)
    happened(1)

    with django_assert_num_queries(2):
        client.get(LEDGER)


def test_the_program_that_is_served_is_the_one_that_is_used(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "verify.py"
    file.write_bytes(client.get(f"{LEDGER}verify.py").content)

    assert runpy.run_path(str(file))["__doc__"] == verifier.__doc__
