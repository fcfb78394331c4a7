"""The record taken away: every form of one issue, of an artifact, of the site; one and the same for everybody."""

import csv
import io
import json
from copy import deepcopy
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import connection
from django.db.models import BooleanField, CharField, DateField, DateTimeField, ForeignKey, JSONField, Model, TextField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.policy import ANONYMOUS
from reports.exporters.formats import many
from reports.exporters.told import told_of
from reports.models import Affected, Artifact, Issue, Version
from reports.record import issues_on_record
from reports.vocabulary import ExportForm

pytestmark = pytest.mark.django_db
SOMETIMES_TOLD = {"confirmed_at", "position"}  # public: the last of several dates, the order of releases
SITE = "/issues/export/{}/"
OF_ARTIFACT = "/models/acme/chat-7b/export/{}/"
TYPES = {
    "json": "application/jsonl",
    "osv": "application/zip",
    "openvex": "application/json",
    "avid": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
}


def body(client: Client, address: str, **more: Any) -> bytes:
    answer: Any = client.get(address, **more)
    assert answer.status_code == 200, (address, answer.content)
    told: bytes = answer.getvalue()
    return told


def documents(form: str, told: bytes) -> list[Any]:
    """One for each issue, as whoever reads that format takes it apart."""
    if form == "csv":
        return list(csv.DictReader(io.StringIO(told.decode())))
    if form == "osv":
        with ZipFile(io.BytesIO(told)) as archive:
            return [json.loads(archive.read(name)) for name in archive.namelist()]
    if form == "openvex":
        return list(json.loads(told)["statements"])
    return [json.loads(line) for line in told.splitlines()]


def number_in(form: str, document: Any) -> str:
    found = {
        "json": lambda: document["number"],
        "csv": lambda: document["number"],
        "osv": lambda: document["database_specific"]["number"],
        "openvex": lambda: document["vulnerability"]["name"],
        "avid": lambda: document["metadata"]["report_id"],
    }[form]()
    return str(found)


@pytest.fixture(scope="module")
def stood(ground: Any) -> list[Issue]:
    return [
        ground.make_issue("Invents rulings", severity="high"),
        ground.make_issue("Leaks addresses", kind="privacy_leak", status="resolved"),
    ]


@pytest.fixture
def issues(stood: list[Issue]) -> list[Issue]:
    return deepcopy(stood)


@pytest.fixture
def artifact(ground: Any) -> Artifact:
    return deepcopy(ground.artifact)  # type: ignore[no-any-return] # the ground is untyped


@pytest.mark.parametrize("form", ExportForm.values)
def test_one_issue_is_told_in_every_form(client: Client, issues: list[Issue], form: str) -> None:
    number = str(issues[0].number)

    answer = client.get(f"/issues/{number}/export/{form}/")

    assert answer["Content-Type"] == ("text/csv; charset=utf-8" if form == "csv" else "application/json")
    assert number in answer["Content-Disposition"]
    assert answer["Content-Disposition"].startswith("attachment")
    told = documents("csv", answer.content) if form == "csv" else [json.loads(answer.content)]
    told = told[0]["statements"] if form == "openvex" else told
    assert [number_in(form, each) for each in told] == [number]
    assert not answer.cookies


@pytest.mark.parametrize("address", [SITE, OF_ARTIFACT])
@pytest.mark.parametrize("form", ExportForm.values)
def test_many_are_told_in_every_form(client: Client, issues: list[Issue], form: str, address: str) -> None:
    answer: Any = client.get(address.format(form))

    told = answer.getvalue()
    if address == OF_ARTIFACT and form == "json":
        assert answer["Content-Type"] == "application/json"
        assert json.loads(told)["artifact"]["name"] == "acme/chat-7b"
        rows = json.loads(told)["issues"]
    else:
        assert answer["Content-Type"] == TYPES[form]
        rows = documents(form, told)
    assert answer.streaming
    assert {number_in(form, each) for each in rows} == {issue.number for issue in issues}


def test_the_site_is_as_narrow_as_the_list(client: Client, issues: list[Issue]) -> None:
    for form in ("json", "csv", "osv", "avid", "openvex"):
        narrow = documents(form, body(client, f"{SITE.format(form)}?kind=privacy_leak"))
        assert [number_in(form, each) for each in narrow] == [issues[1].number]
    assert documents("json", body(client, f"{SITE.format('json')}?kind=privacy_leak&state=open")) == []


def test_nothing_on_record_is_an_empty_export_where_the_format_knows_one(client: Client, artifact: Artifact) -> None:
    narrow = "?kind=unsafe_action"

    assert body(client, f"{SITE.format('json')}{narrow}") == body(client, f"{SITE.format('avid')}{narrow}") == b""
    assert body(client, f"{SITE.format('csv')}{narrow}").count(b"\r\n") == 1
    assert documents("osv", body(client, f"{SITE.format('osv')}{narrow}")) == []
    refused = client.get(f"{SITE.format('openvex')}{narrow}")
    assert (refused.status_code, refused.json()["status"]) == (404, 404)


def test_what_cannot_be_exported_is_refused(client: Client, issues: list[Issue], artifact: Artifact) -> None:
    Artifact.objects.create(kind="model", org="acme", name="hidden")

    for address in ("/issues/TT-2026-00001/export/xml/", SITE.format("JSON"), OF_ARTIFACT.format("csaf")):
        assert client.get(address).status_code == 404
    assert client.get("/issues/TT-2026-99999/export/json/").status_code == 404
    assert client.get("/models/acme/hidden/export/json/").status_code == 404
    assert client.get("/models/acme/%00/export/csv/").status_code == 404
    wrong = client.get(f"{SITE.format('csv')}?kind=nonsense&artifact_kind=%00")
    assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"kind", "artifact_kind"})
    assert client.post(SITE.format("csv")).status_code == 405


def test_old_numbers_and_names_lead_on(client: Client, issues: list[Issue], artifact: Artifact) -> None:
    merged, into = issues
    Issue.objects.filter(pk=merged.pk).update(status="merged", merged_into=into)

    moved = client.get(f"/issues/{merged.number}/export/osv/")

    assert (moved.status_code, moved["Location"]) == (301, f"/issues/{into.number}/export/osv/")
    assert client.get("/models/ACME/Chat-7B/export/csv/")["Location"] == OF_ARTIFACT.format("csv")


def test_what_was_taken_off_the_record_answers_that_it_is_gone(
    client: Client, issues: list[Issue], triager: Any
) -> None:
    from triage.decisions import decide

    decide(issues[0], "unpublish", by=triager, reason="mistaken")

    gone = client.get(f"/issues/{issues[0].number}/export/avid/")

    assert gone.status_code == 410
    assert gone.json()["status"] == "withdrawn"
    assert gone.json()["number"] == issues[0].number
    assert "rulings" not in gone.content.decode()


def test_somebody_who_has_it_is_not_sent_it_again(client: Client, issues: list[Issue]) -> None:
    addresses = [SITE, OF_ARTIFACT, f"/issues/{issues[0].number}/export/{{}}/"]
    for address in [each.format(form) for each in addresses for form in ExportForm.values]:
        tag = client.get(address)["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_signing_in_changes_nothing(client: Client, issues: list[Issue], triager: Any) -> None:
    before = told_everywhere(client)

    client.force_login(triager)

    assert told_everywhere(client) == before


def told_everywhere(client: Client) -> dict[str, tuple[bytes, str, str]]:
    addresses = [SITE, OF_ARTIFACT, "/issues/TT-2026-00001/export/{}/", f"{SITE}?state=open&kind=false_information"]
    found = {}
    for address in [each.format(form) for each in addresses for form in ExportForm.values]:
        answer: Any = client.get(address)
        assert answer.status_code == 200, address
        found[address] = (answer.getvalue(), answer["ETag"], answer.get("Last-Modified", ""))
    return found


def test_hidden_rows_change_no_byte_and_no_tag(
    client: Client, ground: Any, issues: list[Issue], artifact: Artifact
) -> None:
    before = told_everywhere(client)

    now = timezone.now()
    unpublished, embargoed, new, private = (ground.make_issue("Invents rulings canary") for _ in range(4))
    Issue.objects.filter(pk=unpublished.pk).update(published_at=None)
    Issue.objects.filter(pk=embargoed.pk).update(embargo_until=now + timedelta(days=1))
    Issue.objects.filter(pk=new.pk).update(status="new", number=None, published_at=None, confirmed_at=None)
    Affected.objects.filter(issue=private).update(status="under_investigation", resolution="", stated_at=None)
    hidden = Artifact.objects.create(kind="model", org="acme", name="canary")
    Affected.objects.create(issue=issues[0], artifact=hidden, status="affected", statement="canary")
    Affected.objects.create(issue=issues[1], artifact=confirmed("acme", "named"))  # nobody judged it
    ground.file(summary="It invents rulings, canary", visibility="private", version="canary-9")
    Version.objects.create(artifact=artifact, name="canary-10")  # typed by a reporter: it has no place

    assert told_everywhere(client) == before


def confirmed(org: str, name: str) -> Artifact:
    made = Artifact.objects.create(kind="model", org=org, name=name, confirmed_at=timezone.now())
    Artifact.objects.filter(pk=made.pk).update(family=made)
    return made


def another(field: Any, row: Model, artifact: Artifact) -> Any:
    """Another value that the column can hold, or None where it can hold no other here."""
    value = getattr(row, field.attname)
    if field.choices:
        return next(code for code, _label in field.choices if code not in (value, ""))
    if isinstance(field, BooleanField):
        return not value
    if isinstance(field, DateTimeField):
        return timezone.now() - timedelta(days=40)
    if isinstance(field, DateField):
        return timezone.now().date()
    if isinstance(field, ForeignKey):
        newest = Version.objects.filter(artifact=artifact).order_by("-position").first()
        return newest.pk if field.related_model is Version and newest else None
    if isinstance(field, JSONField):
        return {"other": 1}
    if isinstance(field, (CharField, TextField)):
        return "TT-2026-55555" if field.name == "number" else f"{value}x"
    return 3 if value != 3 else 4


def columns(model: type[Model]) -> list[Any]:
    return [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and not getattr(field, "db_generated", False) and field.name != "waits"
    ]


@pytest.mark.parametrize("model", [Issue, Affected, Artifact, Version])
def test_a_digest_moves_if_and_only_if_something_told_does(issues: list[Issue], artifact: Artifact, model: Any) -> None:
    """Whatever column of the record is changed: what is told and its digest change together, or neither does."""
    one, two = Version.objects.filter(artifact=artifact).order_by("position")
    mine = Affected.objects.filter(issue=issues[0])
    mine.update(introduced_in=one, last_affected=two, tries=9, failures=2)
    row = {Issue: issues[0], Affected: mine.get(), Artifact: artifact, Version: two}[model]
    was, was_tagged = all_told()
    apart = []
    for field in columns(model):
        value = another(field, row, artifact)
        if value is None or not changed(model, row, field, value):
            continue
        now, now_tagged = all_told()
        model.objects.filter(pk=row.pk).update(**{field.attname: getattr(row, field.attname)})
        if (now != was) != (now_tagged != was_tagged) and field.name not in SOMETIMES_TOLD:
            apart.append((field.name, f"told: {now != was}", f"tagged: {now_tagged != was_tagged}"))
    assert apart == []


def all_told() -> tuple[list[bytes], str]:
    """What exports of the site say, in the forms that between them say everything, and the digest of it."""
    issues = issues_on_record(ANONYMOUS)
    told = told_of(issues)
    forms = (ExportForm.JSON, ExportForm.AVID, ExportForm.CSV, ExportForm.OSV)
    return [b"".join(many(form, issues.all(), told, address="")) for form in forms], told.digest


def changed(model: Any, row: Any, field: Any, value: Any) -> bool:
    """Whether the database takes that value alone."""
    from django.db import IntegrityError, transaction

    try:
        with transaction.atomic():
            model.objects.filter(pk=row.pk).update(**{field.attname: value})
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize("form", ExportForm.values)
def test_three_cost_as_many_questions_as_one(client: Client, ground: Any, artifact: Artifact, form: str) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked_of_it:
            body(client, SITE.format(form))
        return len(asked_of_it)

    ground.make_issue("One")
    first = asked()
    ground.make_issue("Two")
    ground.make_issue("Three")

    assert asked() == first == {"json": 5, "osv": 5, "openvex": 5, "avid": 5, "csv": 5}[form]
