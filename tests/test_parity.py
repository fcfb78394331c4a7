"""One door: the same answers make the same rows, whether by form, by API or by import."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.models import Event
from reports.models import Artifact, Contact, Credit, Report, Version
from reports.sealing import unseal
from reports.traps import drawn
from reports.vocabulary import ContextOfUse, Harm, Kind, ReporterRelation, Severity, Visibility

NEEDED = {
    "artifact": "acme/chat-7b",
    "summary": "It invents a court ruling",
    "what_happened": "I asked for rulings on rent and it cited one that was never made.",
    "kind": "false_information",
    "consent": True,
}
LINES = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1).filter(str.strip)
TRIES = st.integers(1, 1_000_000)
OPTIONAL = st.fixed_dictionaries(
    {},
    optional={
        "artifact": st.sampled_from(
            ["acme/chat-7b", "Chat 7B", "unknown", "https://hub.example/acme/chat-7b", "نموذج"]
        ),
        "artifact_kind": st.sampled_from(["model", "system", "dataset"]),
        "version": st.sampled_from(["2026-05", " v 7 ", "İ"]),
        "summary": st.sampled_from(["  It invents a court ruling  ", "x" * 120, "它编造了一份法院的判决书"]),
        "what_happened": LINES.map(lambda text: (text * 30)[:20_000]).filter(lambda text: len(text.strip()) >= 30),
        "expected": LINES,
        "transcript": st.tuples(LINES, LINES).map(
            lambda said: [{"role": "user", "content": said[0]}, {"role": "assistant", "content": said[1]}]
        ),
        "kind": st.sampled_from(Kind.values),
        "context_of_use": st.sampled_from(ContextOfUse.values),
        "harm_occurred": st.sampled_from(Harm.values),
        "severity": st.sampled_from(Severity.values),
        "relation": st.sampled_from(ReporterRelation.values),
        "visibility": st.sampled_from(Visibility.values),
        "contact_email": st.sampled_from(["ann@example.org", "bo@bücher.example"]),
        "credit_name": st.sampled_from(["Ann", "آن <b>"]),
        "settings": st.sampled_from([{"temperature": 0.7, "seed": 42}, {"top_p": 1.0, "max_tokens": 512}]),
        "observed_on": st.sampled_from(["2026-05-03"]),
        "language": st.sampled_from(["en", "zh", "ar"]),
        "reproduction": TRIES.flatmap(
            lambda tries: st.integers(0, tries).map(lambda failures: {"tries": tries, "failures": failures})
        ),
    },
)
# What says by which way and when a report came; all else must be equal.
OF_THE_WAY = {"id", "reference", "receipt_digest", "voice_key", "channel", "source", "source_key", "source_type"}
LEAVES = {"may_contact": "contact_email", "wants_credit": "credit_name"}
HIDDEN = re.compile(r'<input type="hidden" name="(once|seen)" value="([^"]*)"')
EVIDENCE = ("summary", "what_happened", "expected", "transcript")
OF_THE_WAY |= {"filed_at", "reported_at", "artifact_id", "version_id"}


def by_api(answers: dict[str, Any], _folder: Path) -> None:
    response = Client().post("/api/v1/reports/", answers, content_type="application/json")
    assert response.status_code == 201, response.content


def by_form(answers: dict[str, Any], _folder: Path) -> None:
    """As a browser sends it, and checks it: every field, texts with the line ends of the wire.

    The form asks who may see it and who may write, and takes no answer for one of its own; so both are answered here.
    """
    fields = {name: value for name, value in answers.items() if isinstance(value, str)}
    fields.setdefault("visibility", Visibility.PUBLIC_AFTER_REVIEW)
    fields["drawn"] = drawn(timezone.now() - timedelta(minutes=4))
    said = {turn["role"]: turn["content"] for turn in answers.get("transcript", [])}
    fields |= {"prompt": said.get("user", ""), "output": said.get("assistant", ""), "consent": "on", "gate": "no"}
    fields |= {leave: "on" for leave, name in LEAVES.items() if name in answers}
    fields |= {name: str(count) for name, count in answers.get("reproduction", {}).items()}
    fields |= {name: str(value) for name, value in answers.get("settings", {}).items()}
    fields = {name: value.replace("\n", "\r\n") for name, value in fields.items()}
    browser = Client()
    checked = browser.post("/report/", fields, follow=True)
    assert checked.redirect_chain == [("/report/check/", 302)], checked.context["form"].errors
    sent = browser.post("/report/check/", dict(HIDDEN.findall(checked.content.decode())) | {"step": "send"})
    assert sent.status_code == 302


def by_import(answers: dict[str, Any], folder: Path) -> None:
    file = folder / "reports.jsonl"
    file.write_text(json.dumps(answers) + "\n")
    call_command("import_reports", str(file), format="telltale", verbosity=0)


WAYS = {"form": by_form, "api": by_api, "import": by_import}


def rows(way: str, answers: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What filing that way leaves behind; taken back afterwards."""
    with transaction.atomic():
        WAYS[way](answers, folder)
        report = Report.objects.select_related("artifact", "version", "evidence").get()
        kept = {name: value for name, value in Report.objects.values().get().items() if name not in OF_THE_WAY}
        evidence = {name: getattr(report.evidence, name) for name in EVIDENCE}
        credits = list(Credit.objects.values_list("name", flat=True))
        contacts = [unseal(bytes(contact.sealed_email)) for contact in Contact.objects.all()]
        artifacts = list(Artifact.objects.values_list("kind", "org", "name", "developer", "deployer"))
        versions = list(Version.objects.values_list("name", "position"))
        events = list(Event.objects.values_list("verb", flat=True))
        assert report.channel == way
        transaction.set_rollback(True)
    return {
        "report": kept,
        "evidence": evidence,
        "contacts": contacts,
        "credits": credits,
        "about": (artifacts, versions),
        "events": events,
    }


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(optional=OPTIONAL)
def test_the_same_answers_make_the_same_rows_by_every_way(tmp_path: Path, optional: dict[str, Any]) -> None:
    answers = NEEDED | optional

    by_way = {way: rows(way, answers, tmp_path) for way in WAYS}

    assert by_way["form"] == by_way["api"] == by_way["import"]


@pytest.mark.django_db
def test_what_the_form_does_not_ask_is_the_same_by_api_and_import(tmp_path: Path) -> None:
    answers = NEEDED | {
        "language": "en",
        "observed_on": "2026-05-03",
        "settings": {"temperature": 0.7, "nested": {"a": [1, None, True]}},
        "found_by": "audit",
        "also_affects": ["acme/chat-7b-mini"],
        "rule_id": "suite/x",
        "reported_at": "2026-05-04T10:00:00+02:00",
        "transcript": [{"role": role, "content": role} for role in ("system", "user", "tool", "assistant", "user")],
    }

    assert rows("api", answers, tmp_path) == rows("import", answers, tmp_path)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "rude"},
        {"artifact": "///"},
        {"visibility": "secret"},
        {"consent": False},
        {"reproduction": {"tries": 1, "failures": 2}},
        {"contact_email": "ann"},
        {"severity": "awful"},
    ],
)
def test_what_one_way_refuses_all_refuse(
    tmp_path: Path, nothing_stored: Any, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    answers: dict[str, Any] = NEEDED | changes
    with nothing_stored():
        assert Client().post("/api/v1/reports/", answers, content_type="application/json").status_code == 400
        form = {name: str(value) for name, value in answers.items() if isinstance(value, str)}
        form |= {name: str(count) for name, count in answers.get("reproduction", {}).items()}
        form |= {"consent": "on"} if answers["consent"] else {}
        form |= {leave: "on" for leave, name in LEAVES.items() if name in answers}
        assert Client().post("/report/", form).status_code == 422  # nothing is kept before the gate is answered
        with pytest.raises(SystemExit):
            by_import(answers, tmp_path)

    assert "rejected 1" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_time_of_the_source_is_kept_and_ours_is_beside_it(tmp_path: Path) -> None:
    by_import(NEEDED | {"reported_at": "2021-01-02T03:04:05Z"}, tmp_path)

    report = Report.objects.get()
    assert report.reported_at == datetime(2021, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert report.filed_at > report.reported_at
