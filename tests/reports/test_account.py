"""What somebody takes along from their account, and closing it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from accounts.models import Grant, Token, User
from accounts.tokens import make_token
from ledger.models import Event
from reports.correspondence import add_evidence
from reports.models import Contact, Credit, Message, Notice, Report, Subscription
from reports.notices import follow
from reports.sealing import seal
from reports.standing import issue_of
from triage.decisions import decide
from triage.models import Decision, View

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.fixture
def report(file: Make, rosa: Any, artifact: Any) -> Report:
    filed: Report = file(actor=actor_for(rosa), transcript=[{"role": "user", "content": "Which rulings are there?"}])
    Contact.objects.create(report=filed, sealed_email=seal("rosa@elsewhere.example"))
    Credit.objects.create(report=filed, name="Rosa")
    return filed


def leave(client: Client, **more: str) -> Any:
    return client.post("/account/delete/", {"email": "Rosa@Reporters.example", **more}, follow=True)


def taken(client: Client) -> Any:
    answer = client.get("/account/export/")
    assert answer["Content-Disposition"] == 'attachment; filename="telltale-account.json"'
    return json.loads(answer.getvalue())


def test_all_that_is_kept_goes_along(client: Client, report: Report, rosa: Any, triager: Any, file: Make) -> None:
    Message.objects.create(report=report, by=triager, from_reporter=False, plain_text="Which ruling was it?")
    add_evidence(report, text="It did it “again”, in العربية too.", actor=actor_for(rosa))
    follow(rosa, f"artifact:{report.artifact_id}")
    token = make_token(rosa, scopes=["report:write"], name="laptop")
    EmailAddress.objects.create(user=rosa, email="rosa@second.example", verified=True)
    Authenticator.objects.create(user=rosa, type=Authenticator.Type.TOTP, data={"secret": "s3cret"})
    about = issue_of(report)
    assert about is not None
    decide(about, "confirm", by=triager)
    file(summary="Somebody else's report here")

    told = taken(client)

    assert told["account"]["email"] == rosa.email
    assert told["addresses"] == [{"email": "rosa@second.example", "verified": True, "primary": False}]
    assert [factor["type"] for factor in told["second_factors"]] == ["totp"]
    assert "s3cret" not in json.dumps(told)
    assert told["account"]["pseudonym"] == rosa.pseudonym
    (own,) = told["reports"]
    assert (own["reference"], own["contact"], own["credit"]) == (report.reference, "rosa@elsewhere.example", "Rosa")
    assert own["transcript"] == [{"role": "user", "content": "Which rulings are there?"}]
    assert [(said["from"], said["added_to_the_report"]) for said in own["messages"]] == [
        ("triagers", False),
        ("you", True),
    ]
    assert [row["name"] for row in told["tokens"]] == ["laptop"]
    assert {row["subject"] for row in told["subscriptions"]} == {f"artifact:{report.artifact_id}"}
    assert {row["verb"] for row in told["notices"]} == {"confirm"}
    everything = json.dumps(told, ensure_ascii=False)
    for secret in (token, "digest", "password", triager.email, "Somebody else"):
        assert secret not in everything


def test_the_file_costs_the_same_for_one_and_for_three(
    client: Client, file: Make, rosa: Any, report: Report, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(EXPORT_COST):
        taken(client)
    file(actor=actor_for(rosa)), file(actor=actor_for(rosa))
    with django_assert_num_queries(EXPORT_COST):
        taken(client)


EXPORT_COST = 18  # session, account, roles; and a query for each list, with two beside the reports


def test_an_account_with_nothing_is_a_document_too(client: Client, rosa: Any) -> None:
    assert taken(client)["reports"] == []


def test_the_address_has_to_be_typed(client: Client, rosa: Any, nothing_stored: Make) -> None:
    for typed in ("", "somebody@else.example", "\x00", "x" * 5_000):
        with nothing_stored():
            answer = client.post("/account/delete/", {"email": typed})
        assert answer.status_code == 422
        assert "There is a problem" in answer.content.decode()


def test_the_account_goes_and_its_reports_are_nobody_s(client: Client, report: Report, rosa: Any) -> None:
    EmailAddress.objects.create(user=rosa, email=rosa.email)
    make_token(rosa, scopes=["report:write"])
    follow(rosa, f"artifact:{report.artifact_id}")
    elsewhere = Client()
    elsewhere.force_login(rosa)

    told = leave(client).content.decode()

    assert "Your account is deleted" in told
    report.refresh_from_db()
    assert (report.reporter, report.withdrawn_at) == (None, None)
    assert report.evidence.what_happened
    for gone in (User, Token, Grant, Subscription, Notice, EmailAddress, Contact, Credit):
        assert not gone.objects.exists(), gone
    assert not Session.objects.filter(session_key=elsewhere.cookies["session"].value).exists()
    assert client.get("/reports/").status_code == elsewhere.get("/reports/").status_code == 302
    left = Event.objects.get(verb="leave")
    assert left.actor == rosa.pseudonym
    assert "rosa@" not in json.dumps([str(event.subjects) for event in Event.objects.all()])


def test_its_reports_can_be_withdrawn_on_the_way_out(client: Client, report: Report, rosa: Any) -> None:
    leave(client, withdraw="1")

    report.refresh_from_db()
    assert report.withdrawn_at is not None
    assert Event.objects.get(verb="withdraw").actor == rosa.pseudonym


def test_what_a_triager_decided_stands(client: Client, file: Make, artifact: Any, someone: Make, triager: Any) -> None:
    leaver = someone("moderator", email="rosa@reporters.example")
    about = issue_of(file())
    assert about is not None
    decide(about, "confirm", by=leaver)
    decide(about, "assign", by=leaver, assignee=leaver)
    View.objects.create(owner=leaver, name="Mine", query="")
    decided = list(Decision.objects.values_list("pk", flat=True))
    client.force_login(leaver)

    leave(client)

    about.refresh_from_db()
    assert (about.status, about.assignee) == ("confirmed", None)
    assert list(Decision.objects.values_list("pk", flat=True)) == decided
    assert set(Decision.objects.values_list("decider", flat=True)) == {None}
    assert Event.objects.get(verb="confirm").actor == leaver.pseudonym
    assert not View.objects.exists()
    client.force_login(triager)
    assert "somebody whose account is gone" in client.get(f"/triage/{about.pk}/").content.decode()


@pytest.mark.parametrize(("role", "other"), [("admin", "triager"), ("triager", "admin"), ("moderator", "researcher")])
def test_the_last_of_an_office_that_is_needed_stays(
    client: Client, someone: Make, nothing_stored: Make, role: str, other: str
) -> None:
    someone(other)
    client.force_login(someone(role, email="rosa@reporters.example"))
    assert "Your account cannot be deleted now." in client.get("/account/delete/").content.decode()

    with nothing_stored():
        answer = leave(client)

    assert answer.status_code == 422
    assert "You are the only" in answer.content.decode()


def test_whoever_has_left_or_lost_the_office_does_not_count(client: Client, someone: Make) -> None:
    ended, closed = someone("triager", email="a@example.org"), someone("moderator", email="b@example.org")
    ended.grants.update(ended_at=timezone.now())
    User.objects.filter(pk=closed.pk).update(is_active=False)
    client.force_login(someone("triager", email="rosa@reporters.example"))

    assert leave(client).status_code == 422


def test_two_who_decide_can_part(client: Client, someone: Make, triager: Any) -> None:
    client.force_login(someone("moderator", email="rosa@reporters.example"))

    assert "Your account is deleted" in leave(client).content.decode()
