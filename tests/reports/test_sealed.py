"""What is sensitive is nowhere in clear: not in a table, not in a file; and whoever may read it reads it as before."""

import io
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actors import actor_for
from accounts.policy import ANONYMOUS
from reports import attachments, envelopes, examining, quarantine
from reports.correspondence import add_evidence
from reports.envelopes import Unreadable
from reports.models import Attachment, Evidence, EvidenceKey, Issue, Message, Report
from reports.quarantine import Room
from reports.sealed import due, is_sensitive, rewrap, seal_due, sensitive
from reports.sealed_files import MARK, PIECE, open_ready
from reports.vocabulary import HazardLevel, Kind, Visibility
from triage.decisions import decide
from triage.grammar import read as read_search
from triage.moves import Verb
from triage.phrases import reports_saying
from triage.queue import title_in_words, titled
from triage.reading import stored

pytestmark = pytest.mark.django_db

CANARY = "zanzibarquince"
WORDS = {
    "summary": f"It told the recipe of {CANARY}",
    "what_happened": f"I asked nicely, and it went through the making of {CANARY} step by step, twice over.",
    "expected": f"No word of {CANARY}",
    "transcript": [{"role": "user", "content": f"And {CANARY}?"}, {"role": "assistant", "content": f"Boil {CANARY}."}],
}


@pytest.fixture(autouse=True)
def files_of_our_own(settings: Any, tmp_path: Path) -> None:
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture
def key_file(settings: Any, tmp_path: Path) -> Path:
    settings.KEY_FILE = tmp_path / "telltale.key"
    settings.KEY_FILE.write_text("00" * 32 + "\n")
    return Path(settings.KEY_FILE)


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def everything() -> str:
    """All rows of all tables as text, bytes as they would be read in a dump."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            told += [row[0] for row in cursor.fetchall()]
    return "\n".join(told)


def is_told(word: str) -> bool:
    dump = everything()
    return word in dump or word.encode().hex() in dump


def test_no_table_tells_a_word_of_a_sensitive_report(file: Callable[..., Any], triager: Any) -> None:
    report = file(kind="privacy_leak", **WORDS)
    add_evidence(report, text=f"And more of {CANARY}", actor=ANONYMOUS)
    issue = issue_of(report)
    said: dict[str, Any] = {"part": "summary", "language": "es", "text": f"La receta de {CANARY}"}
    decide(issue, Verb.TRANSLATE, by=triager, report=report, **said)

    assert not is_told(CANARY)
    read = Report.objects.get(pk=report.pk)
    assert {name: getattr(read.evidence, name) for name in WORDS} == WORDS
    assert read.messages.get().text == f"And more of {CANARY}"
    assert read.translations.get().text == f"La receta de {CANARY}"


def test_others_are_filed_as_before(file: Callable[..., Any]) -> None:
    report = file(**WORDS)

    assert not report.evidence.is_sealed
    assert not EvidenceKey.objects.exists()
    assert is_told(CANARY)


@pytest.mark.parametrize("kind", ["false_information", "privacy_leak"])
def test_sealing_is_one_row_more_and_nothing_else(file: Callable[..., Any], kind: str) -> None:
    file(grouped=False)

    with CaptureQueriesContext(connection) as asked:
        file(grouped=False, kind=kind)

    written = [query["sql"] for query in asked if "reports_evidence" in query["sql"]]
    assert len(written) == (2 if kind == "privacy_leak" else 1)


def test_python_and_sql_agree_on_what_is_sensitive(file: Callable[..., Any]) -> None:
    report = file(grouped=False)
    kinds = (Kind.OTHER, Kind.PRIVACY_LEAK, Kind.JAILBREAK_OR_INJECTION)
    levels = (HazardLevel.NONE, HazardLevel.BLURRED, HazardLevel.GATED, HazardLevel.MODERATORS)
    ends = (None, timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1))

    for kind, level, visibility, until in itertools.product(kinds, levels, Visibility.values, ends):
        fields = {"kind": kind, "hazard_level": level, "visibility": visibility, "embargo_until": until}
        Report.objects.filter(pk=report.pk).update(**fields)
        report.refresh_from_db()
        assert Report.objects.filter(sensitive()).exists() == is_sensitive(report), fields


def test_a_hazard_level_that_is_raised_seals_what_stands_there(file: Callable[..., Any], triager: Any) -> None:
    report = file(**WORDS)
    add_evidence(report, text=f"More {CANARY}", actor=ANONYMOUS)

    decide(issue_of(report), Verb.CLASSIFY, by=triager, hazard_level=HazardLevel.GATED)
    assert not is_told(CANARY)
    decide(issue_of(report), Verb.CLASSIFY, by=triager, hazard_level=HazardLevel.NONE)

    assert not is_told(CANARY)  # what is sealed stays sealed
    assert Report.objects.get().evidence.summary == WORDS["summary"]
    assert Message.objects.get().text == f"More {CANARY}"


def test_what_was_written_while_a_report_was_being_sealed_is_sealed_after_it(file: Callable[..., Any]) -> None:
    report = file(**{**WORDS, "visibility": "private"})
    Message.objects.create(report=report, from_reporter=True, plain_text=f"More {CANARY}")
    assert is_told(CANARY)

    seal_due(most=1)

    assert not is_told(CANARY)
    assert Message.objects.get().text == f"More {CANARY}"


def test_what_stood_before_is_sealed_in_steps_and_once(file: Callable[..., Any], capsys: Any) -> None:
    reports = [file(grouped=False, **WORDS) for _ in range(3)]
    Report.objects.filter(pk__in=[each.pk for each in reports[:2]]).update(visibility=Visibility.PRIVATE)

    assert seal_due(most=1) == 1
    call_command("seal_evidence")
    call_command("seal_evidence")

    assert capsys.readouterr().out.split("\n")[:2] == ["sealed 1, left 0", "sealed 0, left 0"]
    assert not due().exists()
    assert [row.is_sealed for row in Evidence.objects.order_by("pk")] == [True, True, False]


def test_a_ciphertext_laid_elsewhere_does_not_open(file: Callable[..., Any]) -> None:
    one, other = (file(grouped=False, kind="privacy_leak", **WORDS | {"summary": f"The {n} summary"}) for n in "ab")
    stolen = Evidence.objects.get(report=other)
    key = EvidenceKey.objects.get(report=other)

    Evidence.objects.filter(report=one).update(sealed_summary=stolen.sealed_summary, sealed_words=stolen.sealed_words)
    assert Evidence.objects.get(report=one).parts == {}
    assert Evidence.objects.get(report=one).is_unreadable
    EvidenceKey.objects.filter(report=one).update(wrapped=key.wrapped)  # with its key, neither
    assert Evidence.objects.get(report=one).parts == {}
    within = Evidence.objects.filter(report=other)
    within.update(sealed_summary=stolen.sealed_words, sealed_words=stolen.sealed_summary)  # nor another part
    assert Evidence.objects.get(report=other).parts == {}


def test_without_its_key_all_that_is_left_is_that_there_was_something(
    file: Callable[..., Any], triager: Any, client: Client
) -> None:
    report = file(kind="privacy_leak", **WORDS)
    add_evidence(report, text=f"More {CANARY}", actor=ANONYMOUS)
    EvidenceKey.objects.all().delete()
    client.force_login(triager)

    page = client.get(f"/triage/?issue={issue_of(report).pk}")
    receipt = Report.objects.get(pk=report.pk)

    assert page.status_code == 200
    assert "erased" in page.content.decode()
    assert CANARY not in page.content.decode()
    assert receipt.evidence.parts == {}
    assert receipt.messages.get().text == ""
    assert title_in_words(titled(Issue.objects.select_related("family")).get()) == "Privacy leak · acme/chat-7b"
    assert stored(report.pk) is None  # grouping reads it as gone


def test_lists_and_searches_read_what_is_sealed(file: Callable[..., Any], triager: Any) -> None:
    report = file(kind="privacy_leak", **WORDS)
    found = titled(Issue.objects.select_related("family")).get()
    asked = read_search(f'"recipe of {CANARY}"')
    other = read_search(f'"of recipe {CANARY}"')

    assert title_in_words(found) == WORDS["summary"]
    assert reports_saying(asked, actor_for(triager)) == [report.pk]
    assert reports_saying(other, actor_for(triager)) == []


def test_a_new_key_of_the_site_opens_all_the_old_ones_sealed(file: Callable[..., Any], key_file: Path) -> None:
    before = file(grouped=False, kind="privacy_leak", **WORDS)
    sealed = Evidence.objects.get(report=before).sealed_words

    call_command("rotate_evidence_keys", "--only-add", stdout=io.StringIO())
    between = file(grouped=False, kind="privacy_leak", **WORDS)
    call_command("rotate_evidence_keys", "--only-rewrap", stdout=io.StringIO())

    assert list(EvidenceKey.objects.values_list("version", flat=True)) == [2, 2]
    assert Evidence.objects.get(report=before).sealed_words == sealed
    assert {Evidence.objects.get(report=each).summary for each in (before, between)} == {WORDS["summary"]}
    assert rewrap(most=10) == 0
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.read_text().splitlines()[0] == "00" * 32
    key_file.write_text("00" * 32 + "\n")  # the second line was lost
    assert Evidence.objects.get(report=before).is_unreadable


def test_what_was_changed_does_not_open() -> None:
    key = envelopes.new_key()
    sealed = envelopes.sealed(b"words", key=key, place="7 summary")

    assert envelopes.opened(sealed, key=key, place="7 summary") == b"words"
    for wrong, place in ((sealed, "8 summary"), (sealed[:-1] + b"\0", "7 summary"), (b"", "7 summary")):
        with pytest.raises(Unreadable):
            envelopes.opened(wrong, key=key, place=place)


# Files


def laid(report: Report, text: bytes) -> Attachment:
    """A text file beside a report, as a worker leaves it."""
    (row,) = attachments.take([SimpleUploadedFile("any.txt", text)], report=report)
    assert examining.examine(row.pk)
    row.refresh_from_db()
    return row


@pytest.mark.django_db(transaction=True)
def test_files_are_sealed_with_the_words(file: Callable[..., Any], settings: Any) -> None:
    text = f"{CANARY} and on it goes\n".encode() * 6_000  # more than two pieces
    report = file(grouped=True, kind="privacy_leak", **WORDS)
    row = laid(report, text)
    lies = quarantine.path_of(Room.READY, row.name).read_bytes()

    assert row.is_sealed
    assert row.size == len(text) > 2 * PIECE
    assert lies.startswith(MARK)
    kept = [path.read_bytes() for path in settings.FILES_DIR.rglob("*") if path.is_file()]
    assert not [content for content in kept if CANARY.encode() in content]
    with open_ready(row) as opened:
        assert opened.read() == text
    for broken in (
        lies[:-1],
        lies[: -(PIECE + 40)],
        lies[:100] + bytes([lies[100] ^ 1]) + lies[101:],
        lies[: len(MARK) + 16],
    ):
        quarantine.path_of(Room.READY, row.name).write_bytes(broken)
        with pytest.raises(Unreadable), open_ready(row) as opened:
            opened.read()


@pytest.mark.django_db(transaction=True)
def test_files_that_lay_there_are_sealed_by_the_worker(file: Callable[..., Any], triager: Any) -> None:
    report = file(**WORDS)
    row = laid(report, CANARY.encode())
    assert not row.is_sealed

    decide(issue_of(report), Verb.CLASSIFY, by=triager, hazard_level=HazardLevel.GATED)
    assert examining.waiting() == [row.pk]
    examining.examine(row.pk)

    row.refresh_from_db()
    assert (row.is_sealed, row.awaits_sealing) == (True, False)
    assert examining.waiting() == []
    EvidenceKey.objects.all().delete()
    with pytest.raises(Unreadable):
        open_ready(row)
