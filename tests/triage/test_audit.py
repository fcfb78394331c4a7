"""Auditors read who did what, when, why and what it changed; never anybody's words, and no reporter's pseudonym."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.tokens import make_token
from ledger import sequencer, verifier
from ledger.models import Event
from ledger.record import record
from ledger.signing import public_key
from tests.conftest import account
from triage.audit import called
from triage.audit.changes import is_told
from triage.audit.figures import figures
from triage.decisions import decide, undo
from triage.reveals import reveal
from triage.trail import KEPT

pytestmark = pytest.mark.django_db
CANARY = "CANARY-9f3e"


@pytest.fixture(scope="module")
def ground(ground: Any) -> Any:
    """A report full of canaries, decided on, undone and decided on again; a look, a role, a token."""
    ground.auditor, ground.triager = account("auditor"), account("triager")
    ground.moderator, ground.nobody = account("moderator"), account()
    ground.report = ground.file(
        summary=f"It says {CANARY} in its summary",
        what_happened=f"I asked for rulings on rent and it answered {CANARY}, which is no ruling at all.",
        contact_email=f"{CANARY}@example.org",
        credit_name=f"{CANARY} the First",
    )
    ground.issue = ground.report.placements.get().issue
    decide(ground.issue, "classify", by=ground.triager, severity="high", note=f"note {CANARY}")
    ground.wrong = decide(ground.issue, "dismiss", by=ground.triager, reason="spam")
    undo(ground.wrong, by=ground.triager)
    decide(ground.issue, "snooze", by=ground.moderator, until=timezone.now() + timedelta(days=3))
    reveal(ground.report, by=ground.moderator, issue=ground.issue)
    make_token(ground.triager, scopes=["queue:read"], name=f"{CANARY} laptop", lasts=timedelta(days=3))
    record("adopt", ground.report, actor=ground.nobody.pseudonym)
    sequencer.keep_up()
    sequencer.sign()
    return ground


@pytest.fixture
def auditor(ground: Any, client: Client) -> Client:
    client.force_login(ground.auditor)
    return client


def streamed(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def rows(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in streamed(answer).splitlines()]


def test_who_did_what_why_and_what_it_changed(ground: Any, auditor: Client) -> None:
    page = auditor.get("/audit/").content.decode()

    assert ground.triager.pseudonym in page
    assert ground.moderator.pseudonym in page
    for words in ("Classify", "Not sure</bdi> → <bdi>High", "Dismiss</s>", "Undone: Dismiss", "Spam", "Snooze"):
        assert words in page, words
    for words in ("Shown what is kept from view", "Token made", "Report filed", "Report grouped", "the engine"):
        assert words in page, words


def test_every_row_and_field_is_called_as_people_call_it() -> None:
    unnamed = KEPT.keys() - called.ROWS.keys()
    known = called.FIELDS.keys() | called.SAID.keys()
    for model in KEPT.values():
        columns = [field for field in model._meta.concrete_fields if not field.primary_key]
        unnamed |= {field.name for field in columns if is_told(model, field.name) and field.name not in known}

    assert unnamed == set()


def test_a_change_is_told_in_words(ground: Any, auditor: Client) -> None:
    page = auditor.get("/audit/", {"act": "classify"}).content.decode()

    assert f"Severity · issue {ground.issue.pk}</bdi>: <bdi>Not sure</bdi> → <bdi>High" in page
    assert "severity" not in page.partition("<tbody>")[2].partition("</tbody>")[0].replace("Severity", "")


def test_nobody_s_words_are_read_and_no_reporter_is_told_apart(ground: Any, auditor: Client) -> None:
    told = [auditor.get(path).content for path in ("/audit/", f"/audit/issues/{ground.issue.pk}/")]
    told += [streamed(auditor.get(f"/audit/export/{form}/")) for form in ("csv", "jsonl")]
    told += list(unpacked(auditor.get("/audit/bundle.zip")).values())

    for said in told:
        assert CANARY.encode() not in said
        assert ground.report.reference.encode() not in said
        assert ground.nobody.pseudonym.encode() not in said
        assert ground.triager.email.encode() not in said


def test_whoever_reads_reports_reads_notes_too(ground: Any, client: Client) -> None:
    client.force_login(ground.triager)

    page = client.get("/audit/").content.decode()

    assert f"note {CANARY}" in page
    assert f"{CANARY} in its summary" not in page.replace(f"issue {ground.issue.pk}", "")


@pytest.mark.parametrize(
    ("asked", "verbs"),
    [
        ({"act": "snooze"}, ["snooze"]),
        ({"undone": "on"}, ["dismiss"]),
        ({"apart": "on"}, ["undo", "dismiss"][1:]),
        ({"by": "moderator"}, ["reveal", "snooze"]),
        ({"role": "moderator"}, ["reveal", "snooze"]),
        ({"issue": "issue", "act": "classify"}, ["classify"]),
        ({"artifact": "acme/chat-7b", "act": "classify"}, ["classify"]),
        ({"since": "2020-01-01", "until": "2020-02-01"}, []),
        ({"since": "2020-01-01", "until": "9999-12-31", "act": "reveal"}, ["reveal"]),
    ],
)
def test_it_is_narrowed(ground: Any, auditor: Client, asked: dict[str, str], verbs: list[str]) -> None:
    names = {"by": ground.moderator.pseudonym, "issue": str(ground.issue.pk)}
    asked = {name: names.get(name, value) for name, value in asked.items()}

    assert [row["verb"] for row in rows(auditor.get("/audit/export/jsonl/", asked))] == verbs


@pytest.mark.parametrize(
    "asked",
    [
        {"by": "reporter"},
        {"by": "p-nobody"},
        {"by": "\x00"},
        {"issue": "99999999999999999999"},
        {"issue": "TT-2026-99999"},
        {"artifact": "nobody/nothing"},
        {"since": "yesterday"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"role": "king"},
        {"act": "abdicate"},
        {"before": "-1"},
        {"before": "9" * 30},
    ],
)
def test_what_is_not_understood_finds_nothing_and_says_so(ground: Any, auditor: Client, asked: dict[str, str]) -> None:
    asked = {name: ground.nobody.pseudonym if value == "reporter" else value for name, value in asked.items()}

    answer = auditor.get("/audit/", asked)

    assert answer.status_code == 400
    assert "Show all" in answer.content.decode()
    assert auditor.get("/audit/export/csv/", asked).status_code == 404
    assert auditor.get("/audit/bundle.zip", asked).status_code == 404


def test_a_person_without_a_role_has_no_audit(ground: Any, auditor: Client) -> None:
    assert auditor.get(f"/audit/people/{ground.triager.pseudonym}/").status_code == 200
    for name in (ground.nobody.pseudonym, "engine", "anonymous", "p-nobody"):
        assert auditor.get(f"/audit/people/{name}/").status_code == 404


def test_pages_follow_each_other_without_gap_or_double(
    ground: Any, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.pages.audit.A_PAGE", 3)
    path, seen = "/audit/", []
    while path:
        page = auditor.get(path).content.decode()
        seen += re.findall(r"/ledger/inclusion/(\d+)", page)
        further = re.search(r'rel="next" href="(\?[^"]+)"', page)
        path = f"/audit/{further[1]}" if further else ""

    assert seen == [str(at) for at in range(Event.objects.count() - 1, -1, -1)]


def test_it_costs_the_same_however_much_there_is(ground: Any, auditor: Client, django_assert_num_queries: Any) -> None:
    by = {"by": ground.triager.pseudonym}

    for asked in ({**by, "act": "classify"}, by):
        with django_assert_num_queries(13):
            auditor.get("/audit/", asked)


def test_a_table_runs_nothing_and_is_whole(ground: Any, auditor: Client) -> None:
    answer = auditor.get("/audit/export/csv/")
    told = list(csv.DictReader(io.StringIO(streamed(answer).decode())))

    assert len(told) == Event.objects.count()
    classified = next(row for row in told if row["verb"] == "classify")
    assert f"issue {ground.issue.pk} severity: Not sure → High" in classified["changed"]


def unpacked(answer: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(streamed(answer))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_bundle_verifies_without_the_site(ground: Any, auditor: Client, tmp_path: Path) -> None:
    today = timezone.now().date().isoformat()
    asked: dict[str, dict[str, str]] = {
        f"issue {ground.issue.pk}": {"issue": str(ground.issue.pk)},
        f"period {today} {today}": {"since": today, "until": today},
        "everything": {},
    }
    for about, narrowed in asked.items():
        path = tmp_path / "bundle.zip"
        path.write_bytes(streamed(auditor.get("/audit/bundle.zip", narrowed)))
        checked = verifier.check_bundle(path, verifier.Key.read(public_key()))
        assert checked[1] == about
        assert path.read_bytes() == streamed(auditor.get("/audit/bundle.zip", narrowed))


def test_a_command_writes_what_the_page_sends(ground: Any, auditor: Client, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    call_command("audit_bundle", path, "--issue", str(ground.issue.pk), stdout=io.StringIO())

    sent = auditor.get("/audit/bundle.zip", {"issue": str(ground.issue.pk)})
    assert path.read_bytes() == streamed(sent)
    for wrong in (["--issue", "TT-2026-99999"], ["--act", "merge"], []):
        with pytest.raises(CommandError, match=r"issue: There is no|Nothing of the kind|File exists"):
            call_command("audit_bundle", path, *wrong)


def test_who_took_an_audit_away_is_told(ground: Any, auditor: Client) -> None:
    streamed(auditor.get("/audit/export/csv/", {"issue": str(ground.issue.pk), "act": "classify"}))
    streamed(auditor.get("/audit/bundle.zip", {"by": ground.triager.pseudonym}))
    for refused in ({"act": "abdicate"}, {"act": "merge"}):
        auditor.get("/audit/bundle.zip", refused)
    auditor.head("/audit/export/csv/")

    taken = Event.objects.filter(verb="export").order_by("pk")
    assert [(event.actor, event.subjects, event.payload.content) for event in taken] == [
        (ground.auditor.pseudonym, [], {"form": "csv", "asked": ["act classify", f"issue {ground.issue.pk}"]}),
        (ground.auditor.pseudonym, [], {"form": "bundle", "asked": [f"by {ground.triager.pseudonym}"]}),
    ]
    page = auditor.get("/audit/?act=export").content.decode()
    assert "Audit taken away" in page
    assert f"act classify, issue {ground.issue.pk}" in page


def test_a_bundle_that_is_too_large_is_not_begun(ground: Any, auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.audit.opened.MOST", 3)

    answer = auditor.get("/audit/bundle.zip")

    assert (answer.status_code, answer.content) == (400, b"A bundle holds 3 events at most. Ask for fewer days.")


def test_fields_are_told_that_cannot_hold_words(ground: Any) -> None:
    open_text = {
        f"{name}.{field.attname}"
        for name, model in KEPT.items()
        for field in model._meta.concrete_fields
        if is_told(model, field.attname) and field.get_internal_type() in ("CharField", "TextField", "JSONField")
        if not field.choices
    }

    assert open_text == {"issue.number"}


def test_a_few_figures(ground: Any) -> None:
    counted = figures(timezone.now())

    assert (counted["week"], counted["acknowledged"]) == (4, None)
    assert counted["undone"] == pytest.approx(1 / 3)
