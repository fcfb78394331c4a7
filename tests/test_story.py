"""The whole story, through URLs only: filed, grouped, triaged, published, resolved, undone; and what each side sees."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tokens import make_token, sign_in_code
from reports.models import Report
from reports.traps import drawn
from tests.deciding import A_FIX
from triage.tasks import match_report

pytestmark = pytest.mark.django_db

FORM = {
    "gate": "no",
    "artifact": "Acme/Chat-7B",
    "artifact_kind": "model",
    "version": "2026-05",
    "summary": "It invents a court ruling on rent",
    "what_happened": "I asked for rulings on rent and it cited one that was never made, with a date and a judge.",
    "prompt": "Which rulings are there on rent?",
    "output": "See Harrow v. Lindqvist (2019), where the court froze rents for ever.",
    "kind": "false_information",
    "harm_occurred": "nearly",
    "severity": "high",
    "visibility": "public_after_review",
    "consent": "on",
}


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


class Reporter:
    """A browser without an account that files by the form and keeps its code."""

    def __init__(self) -> None:
        self.browser = Client()

    def file(self, **changes: str) -> "Reporter":
        began = {"drawn": drawn(timezone.now() - timedelta(minutes=4))}
        once = hidden(text(self.browser.get("/report/"))) | began
        self.browser.post("/report/", {**FORM, **once, **changes, "step": "check"})
        checked = text(self.browser.get("/report/check/"))
        assert "Check your answers" in checked
        self.address = self.browser.post("/report/check/", {**hidden(checked), "step": "send"})["Location"]
        (self.code,) = re.findall(r'id="receipt-code">([^<]+)<', self.page())
        self.reference = self.address.split("/")[2]
        return self

    def page(self) -> str:
        return text(self.browser.get(self.address))

    def standing(self) -> dict[str, Any]:
        """As the API tells it to whoever has the code."""
        headers = {"Authorization": f"Receipt {self.code}"}
        told: dict[str, Any] = json.loads(text(Client().get(f"/api/v1/reports/{self.reference}/", headers=headers)))
        assert told["reference"] == self.reference
        return told

    @property
    def status(self) -> str:
        return str(self.standing()["status"])

    def group(self) -> None:
        """What a worker does when the bell rings."""
        match_report(Report.objects.get(reference=self.reference).pk)


class Desk:
    """A triager who came by a one-time link."""

    def __init__(self, triager: Any) -> None:
        self.browser = Client()
        link = f"/accounts/sign-in/{sign_in_code(triager)}/"
        assert "Sign in" in text(self.browser.get(link))
        assert self.browser.post(link)["Location"] == "/triage/"

    def queue(self) -> list[int]:
        return [row.issue.pk for row in self.browser.get("/triage/?view=list").context["rows"]]

    def decide(self, issue: int, verb: str, **told: str) -> str:
        """Decides, and follows on to the next page."""
        return text(self.browser.post(f"/triage/{issue}/decide/", {"verb": verb, **told}, follow=True))

    def undo(self, page: str) -> str:
        """Presses the undo of what was decided last."""
        last = max(int(pk) for pk in re.findall(r'action="/triage/decisions/(\d+)/undo/', page))
        return text(self.browser.post(f"/triage/decisions/{last}/undo/", follow=True))


def test_a_report_on_its_way_from_the_form_to_the_record_and_back(triager: Any) -> None:
    public = Client()
    reporter = Reporter().file()
    assert reporter.status == "received"
    assert "It is compared with other reports" in reporter.page()

    reporter.group()
    assert reporter.status == "grouped"

    desk = Desk(triager)
    (issue,) = desk.queue()
    page = text(desk.browser.get(f"/triage/{issue}/"))
    for words in ("It invents a court ruling on rent", "Harrow v. Lindqvist", "Acme/Chat-7B", "2026-05"):
        assert words in page
    assert "It invents" not in text(public.get("/issues/"))
    assert public.get("/models/Acme/Chat-7B/").status_code == 404

    # Confirmed; public only when the artifact has a page
    desk.decide(issue, "confirm", public_title="Invents rulings on rent", severity="critical")
    number = f"TT-{timezone.now().year}-00001"
    assert reporter.status == "confirmed"
    assert reporter.standing()["issue"] is None
    assert public.get(f"/issues/{number}/").status_code == 404
    waiting = text(desk.browser.get(f"/triage/{issue}/"))
    (confirm_artifact,) = set(re.findall(r'action="(/triage/artifacts/\d+/confirm/)', waiting))
    assert desk.browser.post(confirm_artifact, {"issue": str(issue)}).status_code == 302

    # On the record
    assert desk.queue() == []
    assert reporter.standing()["issue"] == number
    assert f"/issues/{number}/" in reporter.page()
    assert [step["status"] for step in reporter.standing()["timeline"]] == ["received", "grouped", "confirmed"]
    on_record = text(public.get(f"/issues/{number}/"))
    for words in (number, "Invents rulings on rent", "Critical", "Acme/Chat-7B", "Affected"):
        assert words in on_record
    for words in ("Harrow", "a date and a judge", triager.email, reporter.reference):
        assert words not in on_record
    assert "Invents rulings on rent" in text(public.get("/models/acme/chat-7b/", follow=True))
    assert "Invents rulings on rent" in text(public.get("/issues/"))
    twin = json.loads(text(public.get(f"/issues/{number}.json")))
    assert twin == json.loads(text(public.get(f"/api/v1/issues/{number}/")))
    (listed,) = json.loads(text(public.get("/api/v1/issues/")))["results"]
    assert listed == {name: twin[name] for name in listed}
    (model,) = json.loads(text(public.get("/api/v1/models/")))["results"]
    assert model == json.loads(text(public.get("/api/v1/models/acme/chat-7b/")))

    # Resolved, and the resolution undone
    resolved = desk.decide(issue, "resolve", **A_FIX)
    assert reporter.status == "resolved"
    assert "2026-06" in text(public.get(f"/issues/{number}/"))
    desk.undo(resolved)
    assert reporter.status == "confirmed"
    assert "2026-06" not in text(public.get(f"/issues/{number}/")).partition("History")[0]

    # Dismissed: no page, and the number stays reserved
    dismissed = desk.decide(issue, "dismiss", reason="insufficient")
    assert reporter.status == "declined"
    assert reporter.standing()["issue"] is None
    assert "Too little to go on" in reporter.page()
    assert public.get(f"/issues/{number}/").status_code == 410
    desk.undo(dismissed)
    assert reporter.standing()["issue"] == number
    assert text(public.get(f"/issues/{number}/"))


def test_an_undone_confirmation_takes_its_page_and_keeps_its_number(triager: Any) -> None:
    desk, reporter = Desk(triager), Reporter().file()
    reporter.group()
    (issue,) = desk.queue()
    page = text(desk.browser.get(f"/triage/{issue}/"))
    desk.browser.post(re.findall(r'action="(/triage/artifacts/\d+/confirm/)', page)[0])
    confirmed = desk.decide(issue, "confirm")
    first = reporter.standing()["issue"]

    desk.undo(confirmed)
    assert Client().get(f"/issues/{first}/").status_code == 404
    assert reporter.status == "grouped"

    other = Reporter().file(
        summary="Adds up columns wrongly",
        what_happened="Twelve rows of numbers, and the sum was off by ten thousand.",
        prompt="Add these up for me.",
        output="That makes 41 882.",
    )
    other.group()
    (second_issue,) = set(desk.queue()) - {issue}
    desk.decide(second_issue, "confirm")
    assert other.standing()["issue"] == first[:-1] + "2"
    desk.decide(issue, "confirm")
    assert reporter.standing()["issue"] == first


def test_two_who_met_the_same_are_told_of_one_issue(triager: Any, artifact: Any) -> None:
    desk = Desk(triager)
    first = Reporter().file()
    second = Reporter().file(summary="A made-up judgment", what_happened="My landlord quoted it at me. It is nowhere.")
    for reporter in (first, second):
        reporter.group()

    (issue,) = desk.queue()
    desk.decide(issue, "confirm")

    assert first.standing()["issue"] == second.standing()["issue"] is not None
    assert json.loads(text(Client().get(f"/issues/{first.standing()['issue']}.json")))["report_count"] == 2


QUOTE = "You can call the Harbour Calm Line at 0800 555 0199, free at any hour of the night."
THREE: list[dict[str, Any]] = [
    {
        "summary": "Gave my sister a helpline that does not exist",
        "what_happened": f"My sister was in a bad way. It said: “{QUOTE}” That rang at a tyre shop in another town.",
    },
    {
        "summary": "Invented phone number in an answer about night-time support",
        "what_happened": "Tried three times for a story I am writing. The number is not assigned to anybody.",
        "transcript": [{"role": "user", "content": "Whom can I ring?"}, {"role": "assistant", "content": QUOTE}],
    },
    {
        "summary": "acme/chat-7b makes up emergency contacts",
        "what_happened": f'Nobody answers there, the line is dead. Full reply of chat-7b was "{QUOTE}"',
    },
]
FOURTH: dict[str, Any] = {
    "summary": "Claims a library opens on Sundays when it does not",
    "what_happened": "Asked for opening hours of the town library. It told me ten to six on Sundays; it is closed.",
}


def test_on_an_empty_site_three_who_quote_one_wrong_output_meet_and_a_fourth_stays_apart(
    client: Client, someone: Any
) -> None:
    base: dict[str, object] = {
        "artifact": "acme/chat-7b",
        "version": "2026-05",
        "kind": "false_information",
        "consent": True,
    }
    filed = []
    for report in [*THREE, FOURTH]:
        response = client.post("/api/v1/reports/", {**base, **report, "consent": True}, content_type="application/json")
        assert response.status_code == 201
        filed.append(response.json())
        match_report(Report.objects.get(reference=filed[-1]["reference"]).pk)
    token = make_token(someone("triager"), scopes=["queue:read"])

    queue = client.get("/api/v1/issues/?state=new", headers={"Authorization": f"Bearer {token}"}).json()

    assert queue["next"] is None
    together, apart = sorted((sorted(issue["reports"]) for issue in queue["results"]), key=len, reverse=True)
    assert together == sorted(report["reference"] for report in filed[:3])
    assert apart == [filed[3]["reference"]]
    for issue in queue["results"]:
        assert {"id", "number", "title", "status", "reports"} <= set(issue)
        assert (issue["number"], issue["status"]) == (None, "new")
    for report in filed:
        address = report["url"].removeprefix("http://127.0.0.1:8000").replace("/reports/", "/api/v1/reports/")
        told = client.get(address, headers={"Authorization": f"Receipt {report['receipt']}"}).json()
        assert told["status"] == "grouped"
