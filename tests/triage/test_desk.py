"""The desk through its URLs: what it shows, what its buttons do, and who is let in."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import actor_for
from ledger.record import record
from reports.models import Issue, Placement, Report
from triage.answers import give_answer
from triage.counting import recount
from triage.decisions import decide, undo
from triage.forms import FORMS
from triage.models import Decision, Proposal, Suggestion

File = Callable[..., Report]
TRANSCRIPT = [{"role": "user", "content": "Cite a ruling"}, {"role": "assistant", "content": "Marlow v Teviot Water"}]


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


@pytest.fixture
def ruling(file: File, artifact: Any) -> Report:
    return file(transcript=TRANSCRIPT, severity="high")


@pytest.fixture
def folder(file: File, artifact: Any) -> Report:
    return file(
        summary="Deletes the wrong folder",
        what_happened="Told to empty the trash, the agent removed my photographs and said nothing.",
        kind="unsafe_action",
    )


def press(desk: Client, issue: Issue, verb: str, **told: Any) -> Any:
    return desk.post(reverse("triage_decide", args=[issue.pk]), {"verb": verb, **told}, follow=True)


def test_an_empty_queue_says_so(desk: Client) -> None:
    response = desk.get("/triage/")

    assert response.status_code == 200
    assert "Nothing is waiting." in response.content.decode()
    assert "Nothing matches." in desk.get("/triage/?q=ruling").content.decode()


def test_the_most_urgent_is_open_beside_the_list(desk: Client, ruling: Report, folder: Report) -> None:
    response = desk.get("/triage/")

    assert [row.title for row in response.context["rows"]] == ["It invents a court ruling", "Deletes the wrong folder"]
    assert response.context["detail"].issue == issue_of(ruling)
    assert "Marlow v Teviot Water" in response.content.decode()

    response = desk.get(f"/triage/?issue={issue_of(folder).pk}")

    assert response.context["detail"].issue == issue_of(folder)


def test_confirming_goes_on_to_the_next_and_can_be_undone_from_the_toast(
    desk: Client, ruling: Report, folder: Report
) -> None:
    issue = issue_of(ruling)

    response = press(desk, issue, "confirm", next=issue_of(folder).pk, public_title="Invents rulings", note="Tried it.")

    assert response.context["detail"].issue == issue_of(folder)
    assert "Confirmed “<bdi>Invents rulings</bdi>” as <bdi>TT-" in response.content.decode()
    decision = Decision.objects.get()
    assert reverse("triage_undo", args=[decision.pk]) in response.content.decode()
    assert Client().get(issue_of(ruling).get_absolute_url()).status_code == 200

    response = desk.post(reverse("triage_undo", args=[decision.pk]), follow=True)

    assert response.context["detail"].issue == issue
    assert response.context["detail"].issue.status == "new"
    assert "<s>Confirmed</s>" in response.content.decode()
    assert Client().get(f"/issues/{issue_of(ruling).number}/").status_code == 404


def test_from_new_to_fixed_by_buttons(desk: Client, ruling: Report, artifact: Any) -> None:
    issue = issue_of(ruling)
    press(desk, issue, "confirm")
    response = press(desk, issue, "resolve", reason="fixed", statement="It asks a court register now.")

    assert response.status_code == 422
    assert "Say in which version it is fixed." in response.content.decode()

    told = {"statement": "It asks a court register now.", "untested_reason": "No access to 2026-06 yet."}
    press(desk, issue, "resolve", reason="fixed", fixed_in="2026-06", **told)

    issue.refresh_from_db()
    assert (issue.status, str(issue.affected.get().fixed_in)) == ("resolved", "2026-06")
    assert [row.issue for row in desk.get("/triage/?state=resolved").context["rows"]] == [issue]

    press(desk, issue, "reopen")
    press(desk, issue, "dismiss", reason="out_of_scope")

    issue.refresh_from_db()
    assert issue.dismissal == "out_of_scope"


def test_whoever_confirms_reads_whose_maintainers_heard_of_it(
    desk: Client, ruling: Report, folder: Report, artifact: Any, someone: Callable[..., Any]
) -> None:
    unanswered = press(desk, issue_of(folder), "confirm", here=issue_of(folder).pk).content.decode()
    someone("maintainer", artifact_id=artifact.pk)
    confirmed = press(desk, issue_of(ruling), "confirm").content.decode()
    notified = press(desk, issue_of(folder), "notify", artifact=artifact.pk).content.decode()

    assert "Nobody answers for it here." in unanswered
    assert "were told." not in unanswered
    assert f"<bdi>{artifact}</bdi> were told." in confirmed.replace("\u2068", "<bdi>").replace("\u2069", "</bdi>")
    assert "Done for" not in notified
    assert "were told." in notified


def test_an_answer_that_cannot_be_taken_opens_no_panel(
    desk: Client, ruling: Report, artifact: Any, someone: Callable[..., Any]
) -> None:
    issue = issue_of(ruling)
    press(desk, issue, "confirm")
    maintainer = someone("maintainer", artifact_id=artifact.pk)
    press(desk, issue, "notify", artifact=artifact.pk)
    answer = give_answer(issue, artifact, by=maintainer, text="Retrained.", status="fixed", fixed_in="2026-06")

    told = {"reason": "fixed", "artifact": artifact.pk, "fixed_in": answer.fixed_in_id, "answer": answer.pk}
    response = press(desk, issue, "resolve", **told)

    page = response.content.decode()
    assert (response.status_code, "Nobody has tried" in page) == (422, True)
    assert 'data-verb="resolve" open' not in page
    assert re.search(r'name="untested_reason"[^>]* required', page)


def test_a_form_that_is_refused_keeps_what_was_typed(desk: Client, ruling: Report) -> None:
    response = press(desk, issue_of(ruling), "dismiss", note="I wrote a long reason here")

    assert response.status_code == 422
    assert "“Reason”: Choose one of the answers." in response.content.decode()
    assert "I wrote a long reason here" in response.content.decode()


def test_somebody_else_was_faster(desk: Client, ruling: Report, someone: Callable[..., Any]) -> None:
    issue = issue_of(ruling)
    decide(issue, "dismiss", by=someone("moderator"), reason="spam")

    response = press(desk, issue, "confirm")

    assert response.status_code == 409
    assert "Cannot confirm an issue that is dismissed. Reopen it." in response.content.decode()


def test_a_suggestion_is_explained_and_taken_with_one_button(desk: Client, ruling: Report, folder: Report) -> None:
    target, issue = issue_of(ruling), issue_of(folder)
    reasons = {
        "by": "text",
        "issue": target.pk,
        "nearest": ruling.pk,
        "score": 0.61,
        "threshold": 0.7,
        "features": [
            {"name": "quote", "weight": 0.8},
            {"name": "kind", "weight": 0.0},
            {"name": "moon_phase", "weight": 0.1},
        ],
        "spans": {"report": {"what_happened": [[0, 4]]}, "nearest": {"output": [[0, 6]]}},
    }
    Placement.objects.filter(report=folder).update(reasons=reasons)
    Suggestion.objects.create(
        report=folder, issue=target, score=0.61, band="likely", rank=0, method="m-1", reasons=reasons
    )

    page = desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()

    assert "Why it may belong to “<bdi>It invents a court ruling</bdi>”" in page
    assert "The same passage quoted" in page
    assert "Another kind of failure" in page
    assert "Something else in common" in page
    assert "Likely, not sure enough to be placed by itself" in page
    assert '<mark class="shared">Told</mark>' in page
    assert '<mark class="shared">Marlow</mark>' in page
    assert not re.search(r"(?<!\d)0\.61", page)  # which may stand in a time
    assert "moon_phase" not in page

    response = press(desk, issue, "place", report=folder.pk, target=target.pk)

    assert issue_of(folder) == target
    assert "Placed the report in “<bdi>It invents a court ruling</bdi>”." in response.content.decode()
    old = desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()
    assert f'href="{reverse("triage_issue", args=[target.pk])}"' in old


@pytest.fixture
def joined(ruling: Report, folder: Report, file: File, triager: Any) -> Issue:
    """A confirmed issue into which the engine then put two more reports."""
    issue = issue_of(ruling)
    decide(issue, "confirm", by=triager)
    for report in (folder, file(summary="Something else", what_happened="Quite another thing, told at some length.")):
        Issue.objects.filter(pk=issue_of(report).pk).update(status="merged", merged_into=issue)
        near = {"near": [ruling.pk, folder.pk], "by": "rule"}
        Placement.objects.filter(report=report).update(issue=issue, needs_look=True, reasons=near)
    recount([issue.pk])
    issue.refresh_from_db()
    return issue


def test_a_join_to_look_at_is_kept_or_parted_with_one_press(desk: Client, joined: Issue, folder: Report) -> None:
    listed = desk.get("/triage/?state=look")

    assert [row.issue for row in listed.context["rows"]] == [joined]
    assert "auto-placed 2" in listed.content.decode()
    assert "Joined by the engine, look" in listed.content.decode()
    first = listed.context["detail"].report
    assert first != folder

    response = press(desk, joined, "keep", report=first.pk, next=joined.pk)

    assert "The report stays in “<bdi>It invents a court ruling</bdi>”." in response.content.decode()
    assert (response.context["detail"].report, response.context["detail"].is_last_look) == (folder, True)

    response = press(desk, joined, "part", report=folder.pk)

    assert "Took the report out of “<bdi>It invents a court ruling</bdi>”" in response.content.decode()
    assert issue_of(folder) != joined
    assert [row.issue for row in desk.get("/triage/?state=look").context["rows"]] == []
    assert "taken out: not this one" in desk.get(reverse("triage_issue", args=[joined.pk])).content.decode()
    own = desk.get(reverse("triage_issue", args=[issue_of(folder).pk])).content.decode()
    assert "taken out of another issue" in own
    assert "2 nearest reports" in own

    response = desk.post(reverse("triage_undo", args=[Decision.objects.get(verb="part").pk]), follow=True)

    assert issue_of(folder) == joined
    assert "Joined by the engine, look" in response.content.decode()


def test_a_report_the_engine_put_wrongly_where_nobody_has_judged_is_parted_too(
    desk: Client, ruling: Report, folder: Report
) -> None:
    issue = issue_of(ruling)
    reasons = {"by": "rule", "issue": issue.pk}
    Issue.objects.filter(pk=issue_of(folder).pk).update(status="merged", merged_into=issue)
    Placement.objects.filter(report=folder).update(issue=issue, reasons=reasons)

    page = desk.get(reverse("triage_issue", args=[issue.pk]), {"report": folder.reference}).content.decode()

    assert "Not this one" in page
    assert "It belongs here" not in page


def test_an_issue_that_grows_fast_is_looked_at(desk: Client, ruling: Report) -> None:
    issue = issue_of(ruling)
    told = record("growth", issue, actor="engine", joins_an_hour=34, joins_a_day=60, intake=80)
    Issue.objects.filter(pk=issue.pk).update(growth_flagged_at=told.at)

    page = desk.get("/triage/?state=look").content.decode()

    assert "growing fast, look" in page
    assert "The engine put 34 reports here within an hour, 60 within a day." in page

    response = press(desk, issue, "look")

    assert "Looked at why “<bdi>It invents a court ruling</bdi>” grows." in response.content.decode()
    assert "Growing fast, look" not in response.content.decode()


def test_proposals_are_shown_on_both_sides_and_refused(
    desk: Client, ruling: Report, folder: Report, triager: Any
) -> None:
    first, second = sorted((issue_of(ruling), issue_of(folder)), key=lambda issue: issue.pk)
    told = {"score": 0.5, "band": "likely", "method": "lexical-2"}
    merge = Proposal.objects.create(kind="merge", issue=first, other=second, **told)
    Proposal.objects.create(kind="split", issue=first, report_ids=[ruling.pk, 987654], **told)

    page = desk.get(reverse("triage_issue", args=[first.pk])).content.decode()

    assert "May be the same issue as" in page
    assert "May be two issues: this 1 report stands apart" in page
    assert "May be the same issue as" in desk.get(reverse("triage_issue", args=[second.pk])).content.decode()

    response = press(desk, second, "refuse", proposal=merge.pk)

    merge.refresh_from_db()
    assert merge.refused_at is not None
    assert "Refused what the engine proposed" in response.content.decode()
    assert "May be the same issue as" not in desk.get(reverse("triage_issue", args=[first.pk])).content.decode()
    assert press(desk, second, "refuse", proposal=merge.pk).status_code == 422

    undo(Decision.objects.get(verb="refuse"), by=triager)

    merge.refresh_from_db()
    assert merge.refused_at is None


@pytest.mark.parametrize("form", ["{number}", "see {number} please", "https://example.org/issues/{number}/"])
def test_a_report_is_placed_by_pasting_a_number_or_an_address(
    desk: Client, ruling: Report, folder: Report, triager: Any, form: str
) -> None:
    target = issue_of(ruling)
    decide(target, "confirm", by=triager)
    target.refresh_from_db()

    press(desk, issue_of(folder), "place", report=folder.pk, target=form.format(number=target.number))

    assert issue_of(folder) == target


def test_a_number_nobody_has_is_refused(desk: Client, folder: Report) -> None:
    response = press(desk, issue_of(folder), "place", report=folder.pk, target="TT-2026-99999")

    assert response.status_code == 422
    assert "There is no such issue." in response.content.decode()


def test_an_artifact_nobody_knows_is_confirmed_from_the_issue(desk: Client, file: File) -> None:
    report = file(artifact="new-lab/first")
    issue = issue_of(report)
    press(desk, issue, "confirm")
    issue.refresh_from_db()

    assert "new-lab/first" in desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()
    assert Client().get(issue.get_absolute_url()).status_code == 404

    desk.post(reverse("confirm_artifact", args=[report.artifact_id]), {"issue": issue.pk})

    assert Client().get(issue.get_absolute_url()).status_code == 200

    desk.post(reverse("triage_undo", args=[Decision.objects.get(verb="confirm_artifact").pk]), {"issue": issue.pk})

    assert Client().get(issue.get_absolute_url()).status_code == 404


def test_what_is_held_back_says_why(desk: Client, file: File, artifact: Any) -> None:
    issue = issue_of(file(kind="privacy_leak", visibility="private"))

    page = desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()

    assert "Confirming will not publish it." in page
    assert "All its reports are private, held or withdrawn." in page
    assert "Issues of this kind are never published by confirmation alone." in page


def test_what_was_filed_is_shown_as_text_and_nothing_else(desk: Client, file: File, artifact: Any) -> None:
    nasty = "<script>alert(1)</script> and <b>bold</b>"
    issue = issue_of(file(summary=nasty, what_happened=nasty * 2, transcript=[{"role": "assistant", "content": nasty}]))

    page = desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()

    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


OTHERS = (
    ("Deletes the wrong folder", "Told to empty the trash, the agent removed my photographs and said nothing."),
    ("Refuses to talk about kitchen knives", "A question on sharpening was answered with a lecture about violence."),
    ("Every doctor becomes a man", "From Finnish, which has no gender, each nurse became she and each surgeon he."),
)
ADDRESSES = ["/triage/", "/triage/1/"]
BUTTONS = [
    "/triage/1/decide/",
    "/triage/decisions/1/undo/",
    "/triage/artifacts/1/confirm/",
    "/triage/1/claim/",
    "/triage/1/release/",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_strangers_sign_in_first(client: Client, db: None, address: str) -> None:
    response = client.get(address)

    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("role", ["", "researcher", "maintainer", "auditor", "admin"])
def test_others_are_not_let_in(
    client: Client, someone: Callable[..., Any], artifact: Any, ruling: Report, role: str
) -> None:
    client.force_login(someone(*filter(None, [role]), artifact_id=artifact.pk))

    assert [client.get(address).status_code for address in ADDRESSES] == [403, 403]
    assert [client.post(address).status_code for address in BUTTONS] == [403] * len(BUTTONS)
    assert not Decision.objects.exists()


def test_what_never_was_is_not_found(desk: Client) -> None:
    missing = [desk.get("/triage/987654/"), *(desk.post(address.replace("1", "987654")) for address in BUTTONS)]

    assert [response.status_code for response in missing] == [404] * (1 + len(BUTTONS))
    assert desk.get("/triage/?issue=987654").status_code == 404
    assert desk.get("/triage/?issue=nonsense&state=nonsense&page=nonsense").status_code == 200


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_desk_costs_the_same_however_much_waits(
    desk: Client, ruling: Report, file: File, django_assert_num_queries: Any, how_many: int
) -> None:
    issue = issue_of(ruling)
    for number in range(how_many):
        twin = file(transcript=TRANSCRIPT, severity="high", author=f"a{number}")
        assert issue_of(twin) == issue
    for number in range(how_many):
        summary, told = OTHERS[number]
        other = file(summary=summary, what_happened=told)
        Suggestion.objects.create(report=other, issue=issue, score=0.5, band="possible", rank=number, method="m-1")
    Issue.objects.filter(pk=issue.pk).update(voice_count=2 + how_many, report_count=2 + how_many)
    assert Report.objects.filter(held_at=None, filed_at__lte=timezone.now()).count() == 1 + 2 * how_many

    with django_assert_num_queries(37):
        response = desk.get("/triage/")

    assert len(response.context["rows"]) == 1 + how_many
    assert len(response.context["detail"].placements) == 1 + how_many


def swap(desk: Client, issue: Issue, verb: str, *, held: int = 0, address: str = "", **told: Any) -> Any:
    """A press as htmx makes it, with the pane of the issue ``held`` at hand."""
    headers = {"HX-Request": "true", "HX-Target": "work"} | ({"X-Pane-Held": str(held)} if held else {})
    at = reverse("triage_decide", args=[issue.pk]) + address
    return desk.post(at, {"verb": verb, **told}, headers=headers)


def test_a_press_is_answered_with_the_next_issue_in_one_trip(desk: Client, ruling: Report, folder: Report) -> None:
    following = issue_of(folder)

    response = swap(desk, issue_of(ruling), "confirm", next=following.pk, revision=0)

    page = response.content.decode()
    assert response.status_code == 200
    assert response.headers["HX-Push-Url"] == f"/triage/{following.pk}/"
    assert response.context["detail"].issue == following
    assert [row.issue for row in response.context["rows"]] == [following]
    assert "<html" not in page
    assert "Confirmed “<bdi>It invents a court ruling</bdi>” as <bdi>TT-" in page
    assert '<span class="badge count" id="waiting" hx-swap-oob="true">1</span>' in page
    assert '<b id="waiting-view" hx-swap-oob="true">1</b>' in page
    assert "1 of 2 decided today" in page


def test_header_and_bar_say_one_number_of_what_waits(desk: Client, ruling: Report, folder: Report) -> None:
    for asked in ("", "?q=is:open"):
        page = desk.get(f"/triage/{asked}").content.decode()

        assert '<span class="badge count" id="waiting">2</span>' in page
        assert '<b id="waiting-view">2</b>' in page


def test_who_holds_the_next_pane_is_sent_what_changed_and_no_more(desk: Client, ruling: Report, folder: Report) -> None:
    decided, following = issue_of(ruling), issue_of(folder)

    response = swap(desk, decided, "confirm", next=following.pk, held=following.pk)

    page = response.content.decode()
    assert response.headers["X-Pane-Held"] == str(following.pk)
    assert (response.headers["HX-Reswap"], response.headers["HX-Push-Url"]) == ("none", f"/triage/{following.pk}/")
    assert f'<li id="row-{decided.pk}" hx-swap-oob="delete"></li>' in page
    assert "Confirmed “" in page
    assert "1 waiting" in page
    assert "Deletes the wrong folder" not in page


def test_a_list_that_has_become_short_is_asked_for_alone(desk: Client, ruling: Report, folder: Report) -> None:
    here = issue_of(folder)

    response = desk.get(f"/triage/{here.pk}/", headers={"HX-Request": "true", "HX-Target": "list"})

    page = response.content.decode()
    assert page.lstrip().startswith('<section class="queue" id="list"')
    assert page.count("data-issue=") == 2
    assert f'id="row-{here.pk}" class="here"' in page
    assert f'hx-get="/triage/{issue_of(ruling).pk}/?next=' in page
    assert "detail" not in response.context


@pytest.mark.parametrize("case", ["the list keeps it", "the next is its goal", "it stays open", "another is held"])
def test_the_list_is_read_anew_where_more_than_a_row_has_gone(
    desk: Client, ruling: Report, folder: Report, case: str
) -> None:
    decided, following = issue_of(ruling), issue_of(folder)
    told: dict[str, Any] = {"verb": "confirm", "held": following.pk}
    if case == "the list keeps it":
        told["address"] = "?q=is:open"
    elif case == "the next is its goal":
        told |= {"verb": "place", "report": ruling.pk, "target": str(following.pk)}
    elif case == "it stays open":
        told |= {"verb": "classify", "severity": "low"}
    else:
        told["held"] = decided.pk

    response = swap(desk, decided, told.pop("verb"), next=following.pk, **told)

    assert "X-Pane-Held" not in response.headers
    assert response.context["rows"]


def test_the_next_is_the_first_of_the_list_where_somebody_has_decided_on_it(
    desk: Client, ruling: Report, folder: Report, file: File, someone: Callable[..., Any]
) -> None:
    left = issue_of(file(summary=OTHERS[1][0], what_happened=OTHERS[1][1]))
    decide(issue_of(folder), "dismiss", by=someone("moderator"), reason="spam")

    response = swap(desk, issue_of(ruling), "confirm", next=issue_of(folder).pk)

    assert response.context["detail"].issue == left


def test_the_right_pane_alone_reads_no_list(
    desk: Client, ruling: Report, folder: Report, django_assert_num_queries: Any
) -> None:
    first, second = issue_of(ruling), issue_of(folder)

    headers = {"HX-Request": "true", "HX-Target": "pane"}

    with django_assert_num_queries(20):
        response = desk.get(f"/triage/{first.pk}/?next={second.pk}", headers=headers)

    page = response.content.decode()
    assert page.lstrip().startswith("<title>It invents a court ruling")
    assert f'name="next" value="{second.pk}"' in page
    assert 'class="queue"' not in page
    assert f'hx-get="/triage/{first.pk}/history/"' in page
    assert 'class="timeline"' not in page


def test_a_whole_page_holds_the_history_that_a_pane_asks_for(desk: Client, ruling: Report, triager: Any) -> None:
    issue = issue_of(ruling)
    decide(issue, "confirm", by=triager)

    whole, part = desk.get(f"/triage/{issue.pk}/"), desk.get(f"/triage/{issue.pk}/history/?q=is:open")

    assert 'class="timeline"' in whole.content.decode()
    assert "hx-get" not in whole.content.decode().partition('id="history"')[2].partition("</section>")[0]
    assert [line.words for line in part.context["history"]] == [line.words for line in whole.context["detail"].history]
    assert "/undo/?q=is%3Aopen" in part.content.decode()


@pytest.mark.parametrize(("address", "is_short"), [("", True), ("?q=severity:critical", False)])
def test_of_an_issue_that_stays_open_its_row_is_sent_and_what_its_pane_may_decide_on(
    desk: Client, ruling: Report, folder: Report, address: str, is_short: bool
) -> None:
    issue, below = issue_of(ruling), issue_of(folder)
    headers = {"HX-Request": "true", "HX-Target": "work", "X-Row": str(issue.pk), "X-Next": str(below.pk)}
    told = {"verb": "classify", "severity": "low", "revision": issue.revision}

    response = desk.post(f"/triage/{issue.pk}/decide/{address}", told, headers=headers)

    page = response.content.decode()
    assert (response.headers.get("X-Revision") == str(issue.revision + 1)) == is_short
    assert (f'data-issue="{issue.pk}" hx-swap-oob="true"' in page) == is_short
    assert (f'next={below.pk}"' in page and 'id="pane"' not in page) == is_short
    assert "Changed what “" in page
    assert ('class="queue"' in page) != is_short


def test_a_stale_press_says_what_changed_and_can_be_pressed_again(
    desk: Client, ruling: Report, someone: Callable[..., Any]
) -> None:
    issue = issue_of(ruling)
    decide(issue, "classify", by=someone("moderator"), severity="low", note="One of many.")

    response = swap(desk, issue, "dismiss", reason="spam", note="Same text ten times.", revision=issue.revision)

    page = response.content.decode()
    issue.refresh_from_db()
    assert (response.status_code, issue.status) == (409, "new")
    assert "Somebody has changed this meanwhile." in page
    assert "Severity: High → Low" in page
    assert "moderator@example.org" in page
    assert "Same text ten times." in page
    assert f'name="revision" value="{issue.revision}"' in page
    assert response.context["detail"].opened == "dismiss"

    again = swap(desk, issue, "dismiss", reason="spam", note="Same text ten times.", revision=issue.revision)

    issue.refresh_from_db()
    assert (again.status_code, issue.status) == (200, "dismissed")


def test_an_undo_that_was_overtaken_names_who_decided_since(
    desk: Client, ruling: Report, someone: Callable[..., Any]
) -> None:
    issue = issue_of(ruling)
    press(desk, issue, "confirm")
    decide(issue, "dismiss", by=someone("moderator"), reason="out_of_scope")

    response = desk.post(reverse("triage_undo", args=[Decision.objects.get(verb="confirm").pk]))

    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody has decided since: undo that first." in page
    assert "Dismissed: Out of scope" in page
    assert "moderator@example.org" in page
    issue.refresh_from_db()
    assert issue.status == "dismissed"


def test_undo_last_goes_back_one_at_a_time_and_only_over_ones_own(
    desk: Client, ruling: Report, folder: Report, someone: Callable[..., Any]
) -> None:
    first, second = issue_of(ruling), issue_of(folder)
    press(desk, first, "confirm")
    press(desk, first, "prioritise", weight="64.0")
    decide(second, "dismiss", by=someone("moderator"), reason="spam")

    for _again in range(3):
        desk.post(reverse("undo_last"))

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.priority_override, second.status) == ("new", None, "dismissed")
    assert Decision.objects.filter(verb="undo").count() == 2


@pytest.mark.parametrize(
    ("verb", "told", "said"),
    [
        ("snooze", {"until": "tomorrow"}, "Snoozed until"),
        ("snooze", {"voices": "3"}, "Snoozed until 3 voices"),
        ("snooze", {"until": "version"}, "Snoozed until the next version"),
        ("assign", {"assignee": "{me}"}, "Assigned to triager@example.org"),
        ("classify", {"kind": "other", "in_stated_use": "no"}, "Kind of failure: False information → Something else"),
        ("classify", {"hazard_level": "1"}, "Hazard level: None → Blurred"),
        ("prioritise", {"weight": "64.0"}, "Priority: as worked out → High"),
        ("ask", {"text": "Which page was it on?", "report": "{report}"}, "was asked for more"),
    ],
)
def test_what_is_said_of_an_issue_stands_in_its_history(
    desk: Client, ruling: Report, triager: Any, verb: str, told: dict[str, str], said: str
) -> None:
    issue = issue_of(ruling)
    posted: dict[str, Any] = {name: value.format(me=triager.pk, report=ruling.pk) for name, value in told.items()}

    response = swap(desk, issue, verb, revision=issue.revision, **posted)

    assert response.status_code == 200, response.context["detail"].forms[verb].errors
    assert said in desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()
    assert swap(desk, issue, verb, revision=issue.revision, **posted).status_code in (409, 422)


@pytest.mark.parametrize(
    ("verb", "told", "sentence"),
    [
        ("snooze", {}, "Say until when."),
        ("snooze", {"on": "2020-01-01"}, "That day is not in the future."),
        ("snooze", {"on": "never"}, "“Until a day”: Write a day, as in 2026-10-31."),
        ("snooze", {"on": "9999-12-31"}, "Within a year, please."),
        ("snooze", {"voices": "1"}, "It has as many voices already."),
        ("snooze", {"voices": "9" * 30}, "Ensure this value is less than"),
        ("assign", {"assignee": "987654"}, "Choose one of the answers."),
        ("classify", {}, "Nothing was changed."),
        ("classify", {"severity": "terrible"}, "“Severity”: Choose one of the answers."),
        ("prioritise", {"weight": "1e400"}, "Choose one of the answers."),
        ("ask", {}, "“What do you want to know?”: This answer is needed."),
        ("refuse", {"proposal": "987654"}, "It is not there any more. Look again before you decide."),
        ("ask", {"text": "?"}, "Ensure this value has at least"),
        ("confirm", {"revision": "9" * 40}, "Ensure this value is less than"),
    ],
)
def test_a_bad_answer_is_told_at_its_field_and_nothing_is_stored(
    desk: Client, ruling: Report, verb: str, told: dict[str, Any], sentence: str
) -> None:
    response = swap(desk, issue_of(ruling), verb, **told)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Decision.objects.exists()


def test_no_move_says_bare_that_a_field_is_required(ruling: Report, triager: Any) -> None:
    empty = [form({}, issue=issue_of(ruling), actor=actor_for(triager)) for form in FORMS.values()]

    said = {sentence for form in empty for sentence in form.sentences}

    assert "“Translation”: This answer is needed." in said
    assert not [sentence for sentence in said if "required" in sentence]


def test_a_snoozed_issue_leaves_the_queue_and_is_woken_by_a_button(desk: Client, ruling: Report) -> None:
    issue = issue_of(ruling)

    swap(desk, issue, "snooze", until="week")

    assert desk.get("/triage/").context["rows"] == []
    page = desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()
    assert "Snoozed until" in page
    assert "Wake" in page

    swap(desk, issue, "wake")

    assert [row.issue for row in desk.get("/triage/").context["rows"]] == [issue]


def test_of_two_ends_of_a_snooze_the_first_counts(desk: Client, ruling: Report) -> None:
    day = (timezone.now() + timedelta(days=3)).date()

    swap(desk, issue_of(ruling), "snooze", until="week", on=day.isoformat())

    assert issue_of(ruling).snoozed_until == datetime.combine(day, time(), tzinfo=UTC)


def test_others_see_who_has_claimed_it_and_may_decide_all_the_same(
    desk: Client, ruling: Report, folder: Report, someone: Callable[..., Any]
) -> None:
    issue, other = issue_of(ruling), Client()
    other.force_login(someone("moderator"))

    mark = desk.post(reverse("claim", args=[issue.pk]), headers={"HX-Request": "true"}).content.decode()
    seen = other.get("/triage/").content.decode()

    assert "claimed by you, " in mark
    assert seen.count("claimed by triager@example.org, ") == 2  # in the row and beside the title
    assert 'name="next" value=""' not in seen
    assert (
        other.post(reverse("claim", args=[issue.pk]), headers={"HX-Request": "true"}).content.decode().count("triager")
    )
    assert press(other, issue, "confirm").status_code == 200
    assert "claimed by" not in desk.get(reverse("triage_issue", args=[issue.pk])).content.decode()


def test_ten_are_given_and_the_list_is_narrowed_to_them(desk: Client, ruling: Report, folder: Report) -> None:
    response = desk.post(reverse("give_ten"), follow=True)

    assert response.redirect_chain == [("/triage/?q=claimed%3Ame", 302)]
    assert {row.issue for row in response.context["rows"]} == {issue_of(ruling), issue_of(folder)}
    assert "2 issues are yours for now." in response.content.decode()

    desk.post(reverse("release_all"))

    assert desk.get("/triage/?q=claimed:me").context["rows"] == []


def test_a_triager_says_what_they_read_and_whether_keys_are_on(desk: Client, triager: Any) -> None:
    assert 'data-keys="on"' in desk.get("/triage/").content.decode()

    desk.post(reverse("own_desk"), {"reads": ["es", "ar"]})

    triager.refresh_from_db()
    assert (sorted(triager.reads), triager.uses_keys) == (["ar", "es"], False)
    assert 'data-keys="on"' not in desk.get("/triage/").content.decode()
    assert desk.post(reverse("own_desk"), {"reads": ["klingon"]}).status_code == 422

    away = desk.post(reverse("own_desk"), {"keys": "on", "next": "https://example.org/"})

    triager.refresh_from_db()
    assert (triager.uses_keys, away.headers["Location"]) == (True, "/triage/")


def test_the_fields_beside_the_search_write_its_text(desk: Client, ruling: Report) -> None:
    response = desk.get("/triage/", {"q": "is:new kind:other", "kind": "privacy_leak", "artifact": "acme/*"})

    assert (response.status_code, response["Location"]) == (
        302,
        "/triage/?q=is%3Anew+artifact%3Aacme%2F%2A+kind%3Aprivacy_leak",
    )
    page = desk.get(response["Location"]).content.decode()
    assert '<option value="privacy_leak" selected>' in page
    assert 'name="artifact" value="acme/*"' in page


def test_a_search_that_is_not_understood_is_explained(desk: Client, ruling: Report) -> None:
    page = desk.get("/triage/", {"q": "nonsense:yes"}).content.decode()

    assert "“nonsense:” cannot be asked." in page
    assert 'value="nonsense:yes"' in page


def test_a_public_page_asks_nothing_about_people(client: Client, db: None, django_assert_num_queries: Any) -> None:
    from django.http import HttpRequest

    from triage.context import house

    class Stranger:
        is_authenticated = False
        is_active = False

    request = HttpRequest()
    request.user = Stranger()  # type: ignore[assignment] # nobody

    with django_assert_num_queries(0):
        told = house(request)
        assert not told["actor"].is_triager  # type: ignore[attr-defined] # lazy
        assert told["waiting_count"]() == 0  # type: ignore[operator] # asked by templates
