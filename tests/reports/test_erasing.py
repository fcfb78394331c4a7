"""A report full of canaries is erased: none is left in any row, any file, the index, the vectors, a restored backup."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
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
from reports.erasing import erase
from reports.filing import AlreadyFiled, file_report
from reports.idempotency import OtherRequest, answered_once
from reports.models import (
    Affected,
    Answer,
    Erasure,
    Evidence,
    EvidenceKey,
    Import,
    ImportReject,
    Issue,
    Placement,
    PublicText,
    Report,
    Reproduction,
)
from reports.receipts import code_digest, new_code
from reports.standing import issue_of
from reports.text import terms
from reports.vocabulary import Channel
from tests.reports.test_signals import make_signal
from triage import embeddings, sealing
from triage.counting import recount
from triage.decisions import decide, undo
from triage.erasures import execute, propose
from triage.grouping.postings import Bags
from triage.judging import Judgement, judge
from triage.matching import match_report
from triage.models import Bulk, Decision, EmbeddingSpace, PostingBlock, TermVector

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
    decide(
        issue, "write", by=triager, public_title=SUMMARY, public_summary=f"People say that {TOLD[:150]}", note=QUOTED
    )
    decide(issue, "excerpt", by=triager, report=report, spans=[("what_happened", 0, 60)])
    decide(issue, "translate", by=triager, report=report, part="summary", language="es", text="Zanary30 cita")
    Reproduction.objects.create(
        issue=issue, artifact=report.artifact, report=report, tries=3, failures=1, evidence="It zanary31 failed."
    )
    Answer.objects.create(issue=issue, artifact=report.artifact, by=maintainer, text=QUOTED)
    Affected.objects.filter(issue=issue).update(statement=QUOTED)
    Bulk.objects.create(verb="snooze", told={"note": QUOTED}, watermark=1, expected=1, issue_ids=[issue.pk], by=triager)
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

    assert done.left == []
    assert done.finished_at is not None
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


# Twice, late, undone, again


@pytest.fixture
def plain(file: Make, artifact: Any) -> Report:
    return file()  # type: ignore[no-any-return] # a Report


def gone(report: Report) -> Report:
    erase(report, basis="consent", actor=SYSTEM)
    return Report.objects.get(pk=report.pk)


def test_twice_is_once(plain: Report) -> None:
    gone(plain)
    before = sorted(rows())

    gone(plain)

    assert sorted(rows()) == before
    assert Event.objects.filter(verb="erase").count() == 1


def test_it_is_taken_further_where_a_worker_died(plain: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    attachments.take([SimpleUploadedFile("a.txt", b"What it said, once more.\n")], report=plain)
    done = erase(plain, basis="consent", actor=SYSTEM)
    with monkeypatch.context() as broken:
        broken.setattr(quarantine, "drop", _disk_is_away)
        assert not remains.take_away(done)
    assert Erasure.objects.get().left[0] == "files"
    assert "imports" not in Erasure.objects.get().left  # it came in no file of many

    sequencer.keep_up()
    assert remains.take_all_away() == 1

    assert Erasure.objects.get().finished_at is not None
    assert [each.reference for each in journal.kept()] == [plain.reference]
    assert not plain.attachments.exists()


def _disk_is_away(*_names: object) -> None:
    raise OSError("away")


def test_what_is_read_into_the_index_meanwhile_goes_with_the_rest(
    plain: Report, django_capture_on_commit_callbacks: Make
) -> None:
    read = TermVector.objects.get(report=plain)
    done = erase(plain, basis="consent", actor=SYSTEM)
    read.save(force_insert=True)  # by a worker that had read the words before

    remains.take_away(done)

    assert not TermVector.objects.filter(report=plain).exists()


def test_what_waited_to_be_compared_is_never_compared(file: Make, artifact: Any) -> None:
    report = gone(file(grouped=False))

    match_report(report.pk)

    assert not Placement.objects.filter(report=report).exists()
    assert not TermVector.objects.filter(report=report).exists()


def test_vectors_of_meaning_go_and_do_not_come_back(plain: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    space = EmbeddingSpace.objects.create(embedder="little", dimension=2, table="embedding_of_a_test")
    table = embeddings.table_of(space)
    table.make()
    table.store([plain.pk], [plain.artifact_id], [None])

    gone(plain)

    assert table.known([plain.pk]) == set()
    assert table.missing(after=0, most=9) == []


def test_sealed_words_go_with_their_key(file: Make, artifact: Any) -> None:
    report = file(kind="dangerous_instructions")
    assert EvidenceKey.objects.filter(report=report).exists()

    gone(report)

    assert not EvidenceKey.objects.exists()
    assert not Evidence.objects.exists()


def test_its_reporter_reads_that_it_was_and_everybody_else_is_asked_for_the_code(plain: Report, triager: Any) -> None:
    code = new_code()
    Report.objects.filter(pk=plain.pk).update(receipt_digest=code_digest(code))
    reader = Client()
    reader.post(f"/reports/{plain.reference}/", {"code": code})
    gone(plain)
    sequencer.keep_up()
    sequencer.sign()

    told = reader.get(f"/reports/{plain.reference}/").content.decode()
    proof = reader.get(f"/reports/{plain.reference}/erased.json").json()

    assert "Your report was erased" in told
    assert "Whoever filed it takes their consent back" in told
    assert json.loads(proof["opened"]["payload"]["value"]) == {"basis": "consent", "reference": plain.reference}
    assert reader.get(f"/reports/{plain.reference}/proof.json").status_code == 200
    assert as_strangers_read(plain.reference) == as_strangers_read("r-0000-0000-0000-0000")
    assert Client().get(f"/reports/{plain.reference}/erased.json").status_code == 404


def as_strangers_read(reference: str) -> str:
    told = Client().get(f"/reports/{reference}/").content.decode().replace(reference, "")
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", told)


def test_the_reporter_asks_and_may_take_it_back(plain: Report, someone: Make) -> None:
    owner = someone()
    Report.objects.filter(pk=plain.pk).update(reporter=owner)
    reader = Client()
    reader.force_login(owner)
    page = reader.get(f"/reports/{plain.reference}/erase/").content.decode()
    assert page.index("What goes") < page.index("What stays") < page.index("Ask for it to be erased")

    reader.post(f"/reports/{plain.reference}/erase/", {"words": "I told too much."})
    reader.post(f"/reports/{plain.reference}/erase/", {"words": "I told too much."})

    assert "that it be erased" in reader.get(f"/reports/{plain.reference}/").content.decode()
    assert Erasure.objects.waiting().count() == 1
    reader.post(f"/reports/{plain.reference}/erase/keep/")
    assert not Erasure.objects.exists()
    assert Evidence.objects.filter(report=plain).exists()


def test_what_was_decided_about_it_before_cannot_be_undone_and_says_why(plain: Report, triager: Any) -> None:
    issue = issue_of(plain)
    assert issue is not None
    confirmed = decide(issue, "confirm", by=triager)
    redacted = decide(issue, "redact", by=triager, report=plain, spans=[("what_happened", 0, 9)])
    gone(plain)

    with pytest.raises(Exception, match="has been erased since"):
        undo(redacted, by=triager)
    Decision.objects.filter(pk=redacted.pk).delete()
    undo(confirmed, by=triager)  # which is about the issue

    assert Issue.objects.get(pk=issue.pk).status == "new"


def test_a_title_of_its_words_becomes_kind_and_artifact_and_waits_for_a_person(plain: Report, triager: Any) -> None:
    issue = issue_of(plain)
    assert issue is not None
    decide(issue, "confirm", by=triager)

    gone(plain)

    issue.refresh_from_db()
    assert issue.public_title == "False information · acme/chat-7b"
    assert Placement.objects.get(report=plain).needs_look
    assert terms("ruling")[0] not in PublicText.objects.get(issue=issue).title
    assert Client().get(issue.get_absolute_url()).status_code == 200


def test_a_file_that_meets_an_erasure_is_not_kept(plain: Report, own_folders: Path) -> None:
    as_it_was_opened = Report.objects.get(pk=plain.pk)
    gone(plain)

    with pytest.raises(ValidationError):
        attachments.take([SimpleUploadedFile("a.txt", b"What zanary it said.\n")], report=as_it_was_opened)

    assert files_with_canaries(own_folders) == set()


def test_what_was_judged_of_many_reports_or_of_the_artifact_tells_none_of_its_words(
    filed: Report, triager: Any, moderator: Any, committed: Make
) -> None:
    about_a_theme = make_signal("new", theme=7)
    judge(about_a_theme, Judgement.REFUTE, by=triager, reason="chance", note=QUOTED)
    Decision.objects.create(verb="describe", artifact=filed.artifact, by="person", decider=triager, note=QUOTED)
    assert tables_with_canaries() >= {"reports_signal", "triage_decision"}

    erased(filed, triager, moderator, committed)

    assert tables_with_canaries() == set()


def test_what_people_wrote_in_their_own_words_stands(plain: Report, triager: Any) -> None:
    issue = issue_of(plain)
    assert issue is not None
    decide(issue, "confirm", by=triager, public_title="Sentences that no judge spoke")

    gone(plain)

    issue.refresh_from_db()
    assert issue.public_title == "Sentences that no judge spoke"


def test_sent_in_again_it_is_known_and_stays_erased(file: Make, artifact: Any) -> None:
    report = file(channel="import", source="garak", source_key="run 7, 12")
    gone(report)

    with pytest.raises(AlreadyFiled) as known:
        file(channel="import", source="garak", source_key="run 7, 12")

    assert known.value.report == report
    assert "run 7" not in str(Report.objects.values_list("source_key", flat=True).get(pk=report.pk))


def test_a_program_that_asks_again_gets_no_receipt_and_files_nothing(plain: Report) -> None:
    def made() -> dict[str, str]:
        return {"reference": plain.reference, "receipt": "CODE"}

    answered_once("who", "key", {"summary": "x"}, made)
    gone(plain)

    with pytest.raises(OtherRequest):
        answered_once("who", "key", {"summary": "x"}, made)


def test_one_voice_stays_one_when_one_of_its_reports_is_erased(file: Make, artifact: Any, someone: Make) -> None:
    actor = actor_for(someone(), is_inside=True)
    first, second = file(actor=actor), file(actor=actor)
    issue = issue_of(first)
    assert issue is not None
    assert issue == issue_of(second)

    gone(first)
    with_one_left = Issue.objects.values_list("report_count", "voice_count").get(pk=issue.pk)
    recount([issue.pk])
    assert Issue.objects.values_list("report_count", "voice_count").get(pk=issue.pk) == with_one_left == (2, 1)
    gone(second)
    recount([issue.pk])

    assert Issue.objects.values_list("report_count", "voice_count").get(pk=issue.pk) == (2, 1)
    assert {key.partition(":")[0] for key in Report.objects.values_list("voice_key", flat=True)} == {"erased"}
    assert not Report.objects.filter(reporter__isnull=False).exists()


def test_the_engine_and_people_go_on_around_what_is_erased(file: Make, artifact: Any, triager: Any) -> None:
    first, other = file(), file(summary="It swears at children", kind="toxic_or_hateful", what_happened=SWEARS)
    copy = file()
    gone(first)
    again = file()
    assert issue_of(copy) == issue_of(first) == issue_of(again)
    call_command("regroup", "--method", "lexical-2")
    call_command("refit_grouping")

    here, there = issue_of(first), issue_of(other)
    assert here is not None
    assert there is not None
    merged = decide(there, "merge", by=triager, target=here)
    undo(merged, by=triager)
    apart = decide(issue_of(first), "split", by=triager, reports=[first])  # type: ignore[arg-type] # it stands there

    assert apart.verb == "split"
    assert Client().get("/issues/").status_code == 200


SWEARS = "It called a child of nine a name that nobody should be called, twice, and laughed about it."


def test_whoever_closes_an_account_may_ask_for_all_their_reports(file: Make, artifact: Any, someone: Make) -> None:
    owner = someone()
    reports = [file(actor=actor_for(owner, is_inside=True)) for _each in range(2)]
    reader = Client()
    reader.force_login(owner)

    reader.post("/account/delete/", {"email": owner.email, "erase": "1"})

    assert {asked.report for asked in Erasure.objects.waiting()} == set(reports)
    assert not Report.objects.filter(withdrawn_at=None).exists()
