"""Files beside reports: what is taken, what a worker makes of it, who gets it, and what is left of it afterwards."""

import io
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.policy import ANONYMOUS, Actor
from bench.hostile import CANARY, Hostile, hostile, jpeg, located, made, png, saved
from ledger.models import Event
from reports import attachments, examining, quarantine, remaking, showing
from reports.addresses import address_of
from reports.contents import MARKUP, NotTaken, content_of
from reports.filing import file_report
from reports.models import Attachment, Draft, Issue, Report
from reports.quarantine import Room
from reports.uploads import is_cut
from reports.vocabulary import Channel
from triage.tasks import examine_attachment, tidy_attachments

File = Callable[..., Any]
HOSTILE = list(hostile())
DEAR = {
    "40 million pixels, black",
    "40 million pixels one can see through",
}  # seconds each: tried once, with the program itself
MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff"}


@pytest.fixture(autouse=True)
def files_dir(settings: Any, tmp_path: Path) -> Path:
    settings.FILES_DIR = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def draft(db: None) -> Draft:
    return Draft.objects.create(digest=os.urandom(32), sealed=b"")


def sent(raw: bytes, name: str = "a.png", claimed: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, raw, claimed)


def laid(room: Room) -> list[str]:
    return sorted(path.name for path in quarantine.folder(room).iterdir())


def ready(row: Attachment) -> bytes:
    return quarantine.path_of(Room.READY, row.name).read_bytes()


def fate(raw: bytes) -> tuple[str, bytes]:
    """What becomes of a file, as the door and the worker's program decide, without process and table."""
    try:
        result = remaking.made_anew(raw, content_of(raw).format)
    except NotTaken as refusal:
        return refusal.reason.value, b""
    except remaking.Refused as refusal:
        return str(refusal), b""
    return result.format, result.raw


# What a file is, and what is made of it


@pytest.mark.parametrize("case", [case for case in HOSTILE if case.label not in DEAR], ids=lambda case: case.label)
def test_every_file_is_refused_or_made_harmless(case: Hostile) -> None:
    verdict, raw = fate(made(case.label))

    assert verdict == case.verdict
    if verdict in MAGIC:
        image = Image.open(io.BytesIO(raw))
        assert raw.startswith(MAGIC[verdict])
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment", "Comment", "XML:com.adobe.xmp"} & set(image.info)
        assert CANARY.encode() not in raw
        assert b"<script" not in raw
        assert b"PK\x03\x04" not in raw
    elif verdict in ("text", "json"):
        assert not {chr(code) for code in range(32)} - set("\t\n") & set(raw.decode())
        assert not MARKUP.match(raw.decode())


def test_a_picture_is_turned_upright_before_it_forgets_how_it_was_held() -> None:
    verdict, raw = fate(jpeg(exif=located()))

    assert (verdict, Image.open(io.BytesIO(raw)).size) == ("jpeg", (30, 40))


def test_a_large_picture_is_scaled_and_a_small_one_is_not() -> None:
    wide = Image.open(io.BytesIO(fate(saved(Image.new("L", (6000, 60)), "PNG"))[1]))
    small = Image.open(io.BytesIO(fate(png())[1]))

    assert (wide.size, small.size) == ((4096, 41), (40, 30))
    assert small.getpixel((0, 0)) == (200, 30, 30)


def test_a_picture_of_sixteen_bits_keeps_its_grey() -> None:
    grey = Image.open(io.BytesIO(fate(made("PNG of 16 bits"))[1]))

    assert grey.getpixel((5, 5)) in (117, (117, 117, 117))  # 30,000 of 65,536


def test_a_picture_too_large_as_png_becomes_a_photograph_on_white(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remaking, "PNG_LARGEST", 10)

    verdict, raw = fate(saved(Image.new("RGBA", (40, 30)), "PNG"))

    assert verdict == "jpeg"
    assert Image.open(io.BytesIO(raw)).getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"\xef\xbb\xbfa\r\nb\rc", "a\nb\nc"),
        ("一句话".encode("utf-16"), "一句话"),
        (b"a\x1b[31mred\x07\x7f\xc2\x85", "a\u241b[31mred\u2407\u2421\ufffd"),
        ("a\u202eb".encode(), "a\u202eb"),  # pages mark it; a person's own words may need it
    ],
)
def test_text_is_kept_as_text(raw: bytes, kept: str) -> None:
    assert fate(raw) == ("text", kept.encode())


def test_json_is_kept_as_it_was_sent() -> None:
    assert fate(b'{"b": 1,  "a": 1.50, "a": [[]]}') == ("json", b'{"b": 1,  "a": 1.50, "a": [[]]}')


# Taking


def test_a_file_waits_in_quarantine_for_its_owner_alone(draft: Draft, files_dir: Path) -> None:
    (row,) = attachments.take([sent(png(), "../../../../tmp/evil.png", "text/html")], draft=draft)

    path = files_dir / "waiting" / row.name
    assert (row.state, row.format, row.width, row.height, row.size) == ("waiting", "png", 40, 30, len(png()))
    assert path.read_bytes() == png()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (files_dir, path.parent)} == {0o700}
    assert "evil" not in row.name
    assert len(row.name) == 32


@pytest.mark.parametrize(
    "case",
    [case for case in HOSTILE if len(case.name) > 20 or "\x00" in case.name or "\u202e" in case.name],
    ids=lambda case: case.label,
)
def test_no_name_of_a_sender_gets_anywhere(case: Hostile, draft: Draft, files_dir: Path) -> None:
    file = sent(made(case.label))
    file._name = case.name  # type: ignore[attr-defined] # past what Django would do to it

    with nullcontext() if case.verdict == "png" else pytest.raises(ValidationError, match="The first file: programs"):
        attachments.take([file], draft=draft)

    assert all(quarantine.NAME.fullmatch(name) for name in laid(Room.WAITING))
    assert {path.name for path in files_dir.iterdir()} <= {"waiting", "half", "ready"}


def test_the_good_files_are_kept_and_the_others_told_by_their_place(draft: Draft) -> None:
    with pytest.raises(ValidationError) as refusal:
        attachments.take([sent(png()), sent(made("SVG")), sent(made("PDF named JSON")), sent(b"words")], draft=draft)

    assert [message.split(":")[0] for message in refusal.value.messages] == ["The second file", "The third file"]
    assert [row.format for row in attachments.of(draft=draft)] == ["png", "text"]
    assert len(laid(Room.WAITING)) == 2


def test_what_is_refused_leaves_nothing(draft: Draft) -> None:
    refused = [made(case.label) for case in HOSTILE if case.verdict in ("markup", "archive", "program", "damaged")]

    with pytest.raises(ValidationError) as refusal:
        attachments.take([sent(raw) for raw in refused], draft=draft)

    assert len(refusal.value.messages) == len(refused)
    assert refusal.value.messages[6].startswith("File 7: ")
    assert not Attachment.objects.exists()
    assert laid(Room.WAITING) == []


def test_a_report_holds_five_files_and_twenty_megabytes(draft: Draft, settings: Any) -> None:
    settings.FILE_LIMIT, settings.FILES_LIMIT = 100, 250

    with pytest.raises(ValidationError, match="The first file: it is too large: 0 MB at most"):
        attachments.take([sent(b"a" * 101)], draft=draft)
    with pytest.raises(ValidationError, match="The third file: with the others it is too large"):
        attachments.take([sent(letter * 90) for letter in (b"a", b"b", b"c")], draft=draft)
    with pytest.raises(ValidationError, match="The fourth file: a report holds 5 files"):
        attachments.take([sent(letter) for letter in (b"d", b"e", b"f", b"g")], draft=draft)
    assert attachments.of(draft=draft).count() == 5


def test_adding_and_taking_away_comes_to_an_end(draft: Draft, settings: Any) -> None:
    settings.FILES_AT_MOST = 1
    for at in range(4):
        (row,) = attachments.take([sent(b"%d" % at)], draft=draft)
        assert attachments.remove(row.name, draft=draft)

    with pytest.raises(ValidationError, match="too many files were added"):
        attachments.take([sent(b"more")], draft=draft)


def test_a_button_pressed_twice_sends_its_files_once(draft: Draft) -> None:
    first = attachments.take([sent(png())], draft=draft)
    second = attachments.take([sent(png()), sent(png())], draft=draft)

    assert [row.pk for row in second] == [first[0].pk] * 2
    assert laid(Room.WAITING) == [first[0].name]


def test_a_full_disk_is_told_and_nothing_promised(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(raw: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(quarantine, "lay_down", full)

    with pytest.raises(ValidationError, match="it could not be kept just now"):
        attachments.take([sent(png())], draft=draft)
    assert not Attachment.objects.exists()


def test_a_draft_that_is_gone_takes_no_file(draft: Draft) -> None:
    Draft.objects.all().delete()

    with pytest.raises(ValidationError, match="no longer here"):
        attachments.take([sent(png())], draft=draft)
    assert laid(Room.WAITING) == []


# Reading what was sent


def upload(*parts: tuple[str, bytes], length: int | None = None) -> HttpRequest:
    files = "".join(
        f'--b\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        f"Content-Type: image/png\r\n\r\n{raw.decode('latin-1')}\r\n"
        for name, raw in parts
    )
    body = f'{files}--b\r\nContent-Disposition: form-data; name="told"\r\n\r\nstill here\r\n--b--\r\n'.encode("latin-1")
    request = RequestFactory().post("/report/", body, content_type="multipart/form-data; boundary=b")
    request.META["CONTENT_LENGTH"] = str(length or len(body))
    return request


def test_files_wait_in_memory(tmp_path: Path, settings: Any) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    request = upload(("a.png", png()), ("b.png", b"b" * 3_000_000))

    files = request.FILES.getlist("files")

    assert [file.read() for file in files] == [png(), b"b" * 3_000_000]
    assert not [file for file in files if hasattr(file, "temporary_file_path")]
    assert list(tmp_path.iterdir()) == []


def test_a_file_too_large_is_cut_and_the_answers_beside_it_are_not_lost(settings: Any, draft: Draft) -> None:
    settings.FILE_LIMIT, settings.FILES_LIMIT = 100_000, 150_000
    request = upload(("a.png", b"a" * 300_000), ("b.png", png()), ("c.txt", b"c" * 90_000), ("d.txt", b"d" * 90_000))

    files = request.FILES.getlist("files")

    assert [is_cut(file) for file in files] == [True, False, False, True]
    assert files[0].read() == files[3].read() == b""
    assert request.POST["told"] == "still here"
    with pytest.raises(ValidationError) as refusal:
        attachments.take(files, draft=draft)
    assert [message.split(":")[0] for message in refusal.value.messages] == ["The first file", "The fourth file"]


def test_a_body_far_beyond_is_refused_unread() -> None:
    request = upload(("a.png", png()), length=200_000_000)

    with pytest.raises(RequestDataTooBig):
        request.POST  # noqa: B018 -- to read it is the act


def test_ten_thousand_tiny_files_are_refused_after_a_hundred() -> None:
    request = upload(*((f"{at}.png", b"a") for at in range(10_000)))

    with pytest.raises(TooManyFilesSent):
        request.FILES  # noqa: B018


def test_a_page_answers_400_to_both(client: Client) -> None:
    many = {"files": [sent(b"a", f"{at}.txt") for at in range(200)]}
    kind = "multipart/form-data; boundary=b"

    assert client.post("/report/", many).status_code == 400
    assert client.generic("POST", "/report/", b"--b", kind, CONTENT_LENGTH="200000000").status_code == 400


# Examining


@pytest.fixture
def examined(draft: Draft) -> Callable[..., Attachment]:
    def done(raw: bytes) -> Attachment:
        (row,) = attachments.take([sent(raw)], draft=draft)
        with transaction.atomic():
            examine_attachment(row.pk)
        row.refresh_from_db()
        return row

    return done


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_program_makes_the_picture_anew(examined: Callable[..., Attachment], committed: Any) -> None:
    with committed():
        row = examined(made("JPEG with place, author and side") + b"<?php hidden")

    assert (row.state, row.format, (row.width, row.height)) == ("ready", "jpeg", (30, 40))
    assert row.examined_at is not None
    assert row.size == len(ready(row))
    assert CANARY.encode() not in ready(row)
    assert stat.S_IMODE(quarantine.path_of(Room.READY, row.name).stat().st_mode) == 0o600
    assert laid(Room.WAITING) == laid(Room.HALF) == []


@pytest.mark.parametrize(
    ("label", "format"),
    [
        ("PNG with place and author", "png"),
        ("WebP with place and author", "jpeg"),
        ("GIF of three frames", "png"),
        ("JPEG of four inks", "jpeg"),
        ("text in UTF-16", "text"),
    ],
)
def test_the_program_has_all_it_needs_once_it_is_confined(label: str, format: str) -> None:
    name = quarantine.lay_down(made(label))

    assert examining.verdict_on(name, content_of(made(label)).format).format == format


@pytest.mark.parametrize(
    ("label", "refusal"),
    [("half a PNG", "unreadable"), ("GIF with a frame larger than it", "too_many_pixels")],
)
def test_what_the_program_refuses_is_gone(
    label: str, refusal: str, examined: Callable[..., Attachment], committed: Any
) -> None:
    with committed():
        row = examined(made(label))

    assert (row.state, row.refusal) == ("refused", refusal)
    assert laid(Room.WAITING) == laid(Room.HALF) == laid(Room.READY) == []


def test_the_largest_picture_fits_the_program_s_memory(draft: Draft) -> None:
    name = quarantine.lay_down(made("40 million pixels, black"))

    verdict = examining.verdict_on(name, "png")

    assert (verdict.format, verdict.width, verdict.height) == ("png", 4096, 2560)
    assert 0 < verdict.peak_kb < 500_000


CONFINED = """
import importlib.util, os, socket, sys
spec = importlib.util.spec_from_file_location("remaking", sys.argv[1])
sys.modules["remaking"] = remaking = importlib.util.module_from_spec(spec)
spec.loader.exec_module(remaking)
remaking.confine()
def fails(act):
    try:
        act()
    except (OSError, MemoryError):
        return True
reach = lambda: socket.socket().connect(("127.0.0.1", int(sys.argv[2])))
print([fails(act) for act in (lambda: bytearray(1_100_000_000), os.fork, lambda: open("/etc/shadow"), reach)])
"""


def test_the_program_is_confined() -> None:
    """It cannot hold a gigabyte nor start a program; as root's child it has neither root's files nor a network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", CONFINED, str(examining.PROGRAM), str(server.getsockname()[1])]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert told.startswith("[True, True, ")
    assert os.geteuid() != 0 or told == "[True, True, True, True]\n"


@pytest.mark.parametrize(
    ("status", "said", "state"),
    [
        (None, ["begun"], "refused"),  # longer than we wait
        (-signal.SIGXCPU, ["begun"], "refused"),
        (1, ["begun", "Traceback", "RuntimeError"], "refused"),
        (0, ["begun", '{"format": "gif"}'], "refused"),  # not what it may make of a PNG
        (0, ["begun", '{"format": "png", "width": 1, "height": 1}'], "refused"),  # nothing of the kind lies there
        (-signal.SIGKILL, ["begun"], "waiting"),  # killed with the worker: again, later
        (1, ["ImportError: PIL"], "waiting"),  # nothing is wrong with the file
    ],
)
def test_how_the_program_ends(
    status: int | None,
    said: list[str],
    state: str,
    examined: Callable[..., Attachment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(examining, "run", lambda *_: (status, said))

    row = examined(png())

    assert row.state == state
    assert laid(Room.READY) == []


def test_a_file_that_kills_every_time_is_given_up(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = attachments.take([sent(png())], draft=draft)
    monkeypatch.setattr(examining, "run", lambda *_: (-signal.SIGKILL, ["begun"]))
    Attachment.objects.update(added_at=timezone.now() - timedelta(hours=1))

    examine_attachment()

    row.refresh_from_db()
    assert (row.state, row.refusal) == ("refused", "too_long")


def test_examining_again_is_harmless(draft: Draft, committed: Any) -> None:
    (row,) = attachments.take([sent(made("JSON"))], draft=draft)
    examine_attachment(row.pk)  # as if the worker had ended before the original was deleted
    once = ready(row)

    with committed():
        examine_attachment(row.pk, row.pk, 4711)
    Attachment.objects.update(state="waiting", examined_at=None)  # as if before its row was written
    examine_attachment()

    row.refresh_from_db()
    assert (row.state, row.format, ready(row)) == ("ready", "json", once)


def test_a_row_without_its_file_is_refused(draft: Draft) -> None:
    (row,) = attachments.take([sent(png())], draft=draft)
    quarantine.drop(row.name)

    examine_attachment()

    row.refresh_from_db()
    assert (row.state, row.refusal) == ("refused", "unreadable")


@pytest.mark.django_db(transaction=True)
def test_one_file_at_a_time_so_that_grouping_keeps_the_other_workers() -> None:
    draft = Draft.objects.create(digest=os.urandom(32), sealed=b"")
    (row,) = attachments.take([sent(b"words")], draft=draft)

    def elsewhere() -> bool:
        try:
            return examining.examine(row.pk)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as others:
        assert examining._has_turn()
        assert not others.submit(elsewhere).result()
    assert examining.examine(row.pk)

    row.refresh_from_db()
    assert (row.state, laid(Room.WAITING), laid(Room.READY)) == ("ready", [], [row.name])


@pytest.mark.long
def test_the_whole_table() -> None:
    """Every file through the program itself: what it loads late it can no longer open once it is confined."""
    told = subprocess.run([sys.executable, "-m", "bench.attachments"], capture_output=True, text=True, check=False)

    assert "0 of them not as they should" in told.stdout, told.stdout


# Moving, taking away, tidying


def test_files_go_with_the_report_that_the_draft_became(draft: Draft, answers: dict[str, Any], artifact: Any) -> None:
    attachments.take([sent(png()), sent(b"words")], draft=draft)

    report = file_report(answers, channel=Channel.FORM, draft=draft).report
    draft.delete()

    assert [row.format for row in attachments.of(report=report)] == ["png", "text"]


def test_a_refused_report_leaves_the_files_with_the_draft(draft: Draft, answers: dict[str, Any]) -> None:
    attachments.take([sent(png())], draft=draft)

    with pytest.raises(ValidationError):
        file_report({**answers, "summary": ""}, channel=Channel.FORM, draft=draft)

    assert attachments.of(draft=draft).count() == 1


def test_what_is_taken_away_is_gone(draft: Draft, examined: Callable[..., Attachment], committed: Any) -> None:
    row = examined(png())
    other = Draft.objects.create(digest=os.urandom(32), sealed=b"")

    assert not attachments.remove(row.name, draft=other)
    with committed():
        assert attachments.remove(row.name, draft=draft)
    assert not attachments.remove(row.name, draft=draft)
    assert laid(Room.READY) == laid(Room.WAITING) == []


def test_tidying_deletes_what_no_row_wants(draft: Draft, committed: Any) -> None:
    wanted, removed, orphan = attachments.take([sent(b"a"), sent(b"b"), sent(b"c")], draft=draft)
    done = attachments.take([sent(b"d")], draft=draft)[0]
    examining.examine(done.pk)  # its original is not deleted: the transaction of a test never commits
    Attachment.objects.filter(pk=orphan.pk).delete()
    Attachment.objects.filter(pk=removed.pk).update(removed_at=timezone.now())
    fresh = quarantine.lay_down(b"just now, its row is on its way")
    stranger = quarantine.folder(Room.WAITING) / "README"
    stranger.write_text("not ours")
    for path in (*quarantine.folder(Room.WAITING).iterdir(), *quarantine.folder(Room.READY).iterdir()):
        if path.name != fresh:
            os.utime(path, (time.time() - 7_200,) * 2)

    tidy_attachments()
    tidy_attachments()

    assert laid(Room.WAITING) == sorted(["README", wanted.name, fresh])
    assert laid(Room.READY) == [done.name]


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "a" * 31, "a" * 31 + "/", "a" * 31 + "\x00", "é" * 32])
def test_no_path_is_made_of_a_name_that_is_not_ours(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        quarantine.path_of(Room.READY, name)


# Giving it to somebody


@pytest.fixture
def report(file: File, artifact: Any) -> Report:
    filed: Report = file()
    return filed


def beside(report: Report, raw: bytes) -> Attachment:
    (row,) = attachments.take([sent(raw)], report=report)
    examine_attachment(row.pk)
    row.refresh_from_db()
    return row


@pytest.fixture
def holder(client: Client, report: Report) -> Client:
    """A browser in which the receipt is open."""
    session = client.session
    session["open_receipts"] = [report.reference]
    session.save()
    return client


def theirs(row: Attachment, actor: Actor = ANONYMOUS) -> str:
    (only,) = showing.shown([row], actor)
    return only.address


def test_a_picture_is_shown_locked_up(holder: Client, report: Report) -> None:
    row = beside(report, png())

    answer: Any = holder.get(theirs(row))

    assert b"".join(answer.streaming_content) == ready(row)
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer["Content-Security-Policy"].endswith("sandbox")
    assert {"no-store", "private"} <= set(answer["Cache-Control"].replace(" ", "").split(","))


@pytest.mark.parametrize(
    ("raw", "kind", "ending"), [(b"<b", "text/plain; charset=utf-8", "txt"), (b"{}", "application/json", "json")]
)
def test_text_is_given_to_be_kept_not_shown(raw: bytes, kind: str, ending: str, holder: Client, report: Report) -> None:
    answer: Any = holder.get(theirs(beside(report, raw)))

    assert (answer["Content-Type"], b"".join(answer.streaming_content)) == (kind, raw)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Disposition"].endswith(f'.{ending}"')


def test_only_an_address_that_we_made_for_them_opens_it(
    holder: Client, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, other = beside(report, b"one"), beside(report, b"two")
    address = theirs(row)
    path, query = address.split("?")
    signed = dict(pair.split("=") for pair in query.split("&"))
    later = signed | {"until": str(int(signed["until"]) + 60)}
    wrong = [
        path,
        f"{path}?{query}x",
        f"{path}?" + "&".join(f"{name}={value}" for name, value in later.items()),
        address.replace(row.name, other.name),
        address.replace(row.name, "x" * 32),
        address_of(row.name, reader="account:1"),
        f"{path}?until=٣&for=é&signature=\x00",
        f"{path}?until={'9' * 5000}&for={signed['for']}&signature={signed['signature']}",
    ]

    assert [holder.get(asked).status_code for asked in wrong] == [404] * len(wrong)
    assert holder.get(address).status_code == 200
    later_on = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later_on)
    assert holder.get(address).status_code == 404


def test_the_right_is_asked_anew(holder: Client, report: Report, committed: Any) -> None:
    row = beside(report, png())
    address = theirs(row)

    assert Client().get(address).status_code == 404  # a stranger who was handed the address
    with committed():
        attachments.remove(row.name, report=report)
    assert holder.get(address).status_code == 404


def test_what_waits_or_was_refused_has_no_address(holder: Client, report: Report) -> None:
    attachments.take([sent(png()), sent(made("half a PNG"))], report=report)
    rows = list(attachments.of(report=report))

    assert [theirs(row) for row in rows] == ["", ""]
    assert holder.get(address_of(rows[0].name, reader=showing.reader_of(ANONYMOUS, rows[0]))).status_code == 404


def test_who_reads_the_report_reads_its_files(client: Client, report: Report, triager: Any, someone: Any) -> None:
    row = beside(report, png())

    def asked_by(user: Any) -> int:
        client.force_login(user)
        status: int = client.get(theirs(row, Actor(user_id=user.pk))).status_code
        return status

    assert asked_by(triager) == 200
    assert asked_by(someone()) == 404
    assert asked_by(someone("maintainer", artifact_id=report.artifact_id)) == 404
    Report.objects.update(hazard_level=3)
    assert asked_by(triager) == 404
    assert asked_by(someone("moderator")) == 200


def test_of_a_text_the_beginning_is_told(report: Report) -> None:
    (row,) = showing.shown([beside(report, "ü".encode() * 15_000)], ANONYMOUS)

    assert (row.text, row.goes_on) == ("ü" * 10_000, True)


# Pages


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


def test_the_desk_sends_no_file_before_somebody_asks(desk: Client, report: Report, triager: Any) -> None:
    row = beside(report, f"{CANARY}-in-a-file".encode())
    beside(report, png())
    issue = Issue.objects.get()
    page = desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()

    assert "2 files are attached" in page
    assert CANARY not in page
    assert row.name not in page

    asked = reverse("reveal_files", args=[report.reference])
    part = desk.post(asked, {"issue": issue.pk}, headers={"HX-Request": "true"}).content.decode()
    whole = desk.post(asked, {"issue": issue.pk}).content.decode()

    for shown in (part, whole):
        assert f"{CANARY}-in-a-file" in shown
        assert shown.count('<img src="/files/') == 1
    assert "<html" not in part
    events = Event.objects.filter(verb="reveal")
    assert [event.payload.content for event in events] == [{"files": 2}] * 2
    assert f"Files of {report.reference} shown" in desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()


def test_files_of_a_blurred_report_are_not_even_counted(desk: Client, report: Report) -> None:
    beside(report, png())
    Report.objects.update(hazard_level=1)

    assert "attached" not in desk.get(reverse("triage_issue", args=[Issue.objects.get().pk])).content.decode()


def test_only_the_desk_asks(client: Client, report: Report, someone: Any) -> None:
    asked = reverse("reveal_files", args=[report.reference])

    assert client.post(asked, {"issue": "1"}).status_code == 302
    client.force_login(someone())
    assert client.post(asked, {"issue": "1"}).status_code == 403
    assert not Event.objects.filter(verb="reveal").exists()
