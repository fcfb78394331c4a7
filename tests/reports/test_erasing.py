"""A report full of canaries is erased: none is left in any row, any file, the index, the vectors, a restored backup."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from accounts.policy import SYSTEM
from ledger import sequencer, verification
from ledger.models import Event
from reports import attachments, dump, journal, quarantine, remains
from reports.correspondence import add_evidence, say
from reports.erasing import ask, erase
from reports.filing import AlreadyFiled, file_report
from reports.idempotency import OtherRequest, answered_once
from reports.models import (
    Affected,
    Answer,
    Erasure,
    Evidence,
    Excerpt,
    Import,
    ImportReject,
    Issue,
    Placement,
    PublicText,
    Report,
    Reproduction,
    Translation,
)
from reports.standing import issue_of
from reports.text import terms
from reports.vocabulary import Channel
from triage import embeddings, sealing
from triage.decisions import decide, undo
from triage.erasures import execute, propose
from triage.grouping.postings import Bags
from triage.matching import match_report
from triage.models import Bulk, Decision, EmbeddingSpace, PostingBlock, TermVector
from triage.regrouping import regroup

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
CANARY = "zanary"
SUMMARY = "Zanaryone zanarytwo cites zanarythree rulings nobody zanaryfour made"
TOLD = (
    "I asked zanaryfive for rulings on rent and zanarysix it cited zanaryseven one that zanaryeight was never made, "
    "call me at zanary@reporters.example or ask zanarynine at the desk."
)
QUOTED = f"The reporter says: {TOLD[:120]}"


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> Path:
    settings.FILES_DIR, settings.DUMPS_DIR = tmp_path / "files", tmp_path / "dumps"
    settings.ERASURES_LOG = tmp_path / "erasures.log"
    return tmp_path


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Make) -> Make:
    return partial(django_capture_on_commit_callbacks, execute=True)


@pytest.fixture
def moderator(someone: Make) -> Any:
    return someone("moderator")


@pytest.fixture
def reporter(someone: Make) -> Any:
    return someone()


@pytest.fixture
def filed(file: Make, artifact: Any, reporter: Any, monkeypatch: pytest.MonkeyPatch) -> Report:
    """With canaries wherever a reporter may write something, beside one more report of the same issue."""
    monkeypatch.setattr(sealing, "SIZES", (2, 64, 4096))
    monkeypatch.setattr(embeddings, "active", lambda: None)
    answers = {
        "artifact": "acme/chat-7b",
        "version": "2026-05",
        "summary": SUMMARY,
        "what_happened": TOLD,
        "expected": "That zanaryten it says it does not know zanaryeleven any such ruling at all.",
        "kind": "false_information",
        "consent": True,
        "transcript": [
            {"role": "user", "content": "Which zanarytwelve rulings are there on rent in zanarythirteen?"},
            {"role": "assistant", "content": "Zanaryfourteen v. Zanaryfifteen, of 2019."},
        ],
        "settings": {"system": "zanarysixteen"},
        "also_affects": ["zanary/seventeen"],
        "relation": "affected",
        "observed_on": "2026-05-03",
        "contact_email": "zanary18@reporters.example",
        "credit_name": "Zanary Nineteen",
        "source": "zanary20",
        "source_key": "zanary-21",
        "rule_id": "zanary-rule",
    }
    report: Report = file_report(answers, channel=Channel.API, actor=actor_for(reporter, is_inside=True)).report
    match_report(report.pk)
    return Report.objects.get(pk=report.pk)


def written_about(report: Report, triager: Any, maintainer: Any) -> Issue:
    """What people made of it: everything that can hold words."""
    issue = issue_of(report)
    assert issue is not None
    other = file_like(report)
    Placement.objects.filter(report=other).update(issue=issue)
    decide(issue, "confirm", by=triager)
    attachments.take([SimpleUploadedFile("zanary22.txt", b"What zanary23 it said.\n")], report=report)
    add_evidence(report, text="Once more zanary24, and it zanary25 did it again.", files=[], actor=SYSTEM)
    say(report, text="Is anybody zanary26 reading what I zanary27 wrote to you?", actor=SYSTEM)
    decide(issue, "ask", by=triager, report=report, text="Did zanary28 it name the court zanary29 in question?")
    decide(issue, "write", by=triager, public_title=SUMMARY, public_summary=f"People say that {TOLD[:150]}", note=QUOTED)
    decide(issue, "excerpt", by=triager, report=report, spans=[("what_happened", 0, 60)])
    Translation.objects.create(report=report, part="summary", language="es", text="Zanary30 cita sentencias")
    Reproduction.objects.create(
        issue=issue, artifact=report.artifact, report=report, tries=3, failures=1, evidence="It zanary31 failed."
    )
    Answer.objects.create(issue=issue, artifact=report.artifact, by=maintainer, text=QUOTED)
    Affected.objects.filter(issue=issue).update(statement=QUOTED)
    Bulk.objects.create(
        verb="snooze", told={"note": QUOTED}, watermark=1, expected=1, issue_ids=[issue.pk], by=triager
    )
    handed_in = Import.objects.create(
        account=triager, format="csv", name="a.csv", size=1, sha256="", offset=1, state="done", ended_at=timezone.now()
    )
    ImportReject.objects.create(of=handed_in, line=3, reason="“zanary-21” was here before")
    return Issue.objects.get(pk=issue.pk)


def file_like(report: Report) -> Report:
    """Somebody else's, of the same failure in other words."""
    answers = {
        "artifact": "acme/chat-7b",
        "summary": "Invents rulings on tenancy",
        "what_happened": "It made up a ruling on tenancy, with a judge who does not exist at that court.",
        "kind": "false_information",
        "consent": True,
    }
    made: Report = file_report(answers, channel=Channel.API).report
    match_report(made.pk)
    return made


def rows() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, with what its bytes say."""
    with connection.cursor() as cursor:
        for name in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT t::text FROM "{name}" t')
            for (row,) in cursor.fetchall():
                yield name, row + "".join(decoded(run) for run in re.findall(r"[0-9a-f]{8,}", row))


def decoded(run: str) -> str:
    return bytes.fromhex(run[: len(run) // 2 * 2]).decode("latin-1")


def tables_with_canaries() -> set[str]:
    return {name for name, row in rows() if CANARY in row.lower()}


def files_with_canaries(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and CANARY in path.read_text("latin-1").lower()}


def read_everywhere(issue: Issue, client: Client) -> None:
    """Fills what is kept of pages."""
    for address in (issue.get_absolute_url(), "/models/acme/chat-7b/", "/issues/", "/transparency/", "/"):
        client.get(address)


def erased(report: Report, triager: Any, moderator: Any, committed: Make) -> Erasure:
    with committed():
        done = execute(propose(report, basis="consent", by=triager), by=moderator)
    remains.take_all_away()
    sequencer.keep_up()
    remains.take_all_away()
    return Erasure.objects.get(pk=done.pk)


def test_no_canary_is_left_anywhere_nor_after_a_restore(
    filed: Report,
    triager: Any,
    moderator: Any,
    someone: Make,
    committed: Make,
    own_folders: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with committed():
        issue = written_about(filed, triager, someone("maintainer", artifact_id=filed.artifact_id))
    answered_once("zanary", "key", {"summary": SUMMARY}, lambda: {"reference": filed.reference, "receipt": "ABCD"})
    sealing.seal()
    dump.write_dump()
    read_everywhere(issue, Client())
    sequencer.keep_up()
    sequencer.sign()
    own_terms = set(Bags.unpack([bytes(TermVector.objects.get(report=filed).terms)]).terms.tolist())
    others = {
        term
        for vector in TermVector.objects.exclude(report=filed)
        for term in Bags.unpack([bytes(vector.terms)]).terms.tolist()
    }
    assert tables_with_canaries() >= {
        "reports_evidence", "reports_report", "reports_credit", "reports_message", "reports_translation",
        "reports_issue", "reports_affected", "reports_answer", "reports_reproduction", "reports_importreject",
        "reports_publictext", "triage_decision", "triage_bulk",
    }  # fmt: skip
    assert len(files_with_canaries(own_folders)) >= 2  # the file beside it, and the dump
    counts = Issue.objects.values_list("report_count", "voice_count", "first_reported_at").get(pk=issue.pk)
    backup = transaction.savepoint()

    done = erased(filed, triager, moderator, committed)

    def nothing_is_left() -> None:
        assert tables_with_canaries() == set()
        assert files_with_canaries(own_folders) == set()
        assert not PostingBlock.objects.filter(term__in=own_terms - others).exists()
        assert not TermVector.objects.filter(report=filed).exists()
        held = {term for text in PublicText.objects.all() for term in text.words}
        assert not any(CANARY in term for term in held)
        assert verification.verify().size == Event.objects.filter(sequence__isnull=False).count()

    assert done.left == [] and done.finished_at is not None
    nothing_is_left()
    assert Issue.objects.values_list("report_count", "voice_count", "first_reported_at").get(pk=issue.pk) == counts
    assert CANARY not in (caplog.text + "".join(capfd.readouterr())).lower()

    transaction.savepoint_rollback(backup)  # what a backup from before brings back: all tables, and no file
    assert "reports_evidence" in tables_with_canaries()
    with committed():
        call_command("reapply_erasures")
    sequencer.keep_up()
    call_command("reapply_erasures")

    filed.refresh_from_db()
    assert filed.erased_at is not None
    nothing_is_left()
