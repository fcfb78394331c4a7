"""The publication desk: nothing is public that nobody chose, and what is shown beforehand is what will be."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledger.models import Event
from reports.models import Excerpt, Issue, Redaction, Report, Translation
from reports.redaction import MARK
from triage.decisions import decide
from triage.models import Decision

File = Callable[..., Report]
ACCOUNT = "I asked about rent. Ann Bell told me of a ruling. It was never made, as far as I can find."
TURNS = [
    {"role": "user", "content": "Cite a ruling on rent for Ann Bell."},
    {"role": "assistant", "content": "Marlow v Teviot Water, 1987. It is binding. Call Ann Bell on 0131 496 0999."},
]


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


@pytest.fixture
def report(file: File, artifact: Any) -> Report:
    return file(what_happened=ACCOUNT, transcript=TURNS, expected="That it says so where it knows of none.")


@pytest.fixture
def issue(report: Report, triager: Any) -> Issue:
    """Confirmed, and so published."""
    found = Issue.objects.get(placements__report=report)
    decide(found, "confirm", by=triager)
    found.refresh_from_db()
    return found


def at(issue: Issue) -> str:
    return reverse("publication", args=[issue.pk])


def press(desk: Client, issue: Issue, verb: str, **told: Any) -> Any:
    return desk.post(at(issue), {"verb": verb, **told}, follow=True)


def span(part: str, text: str, words: str) -> str:
    start = text.index(words)
    return f"{part}:{start}:{start + len(words)}"


def quotes(issue: Issue) -> list[tuple[str, str, str]]:
    """What the twin says to everybody."""
    twin = Client().get(reverse("issue_twin", args=[issue.number])).json()
    return [(row["part"], row["role"], row["text"]) for quoted in twin["excerpts"] for row in quoted["quotes"]]


def main_of(page: str) -> str:
    """The record itself: without the frame, and without what stands above it on a preview."""
    body = page[page.index('<nav class="crumbs"') : page.index("</main>")]
    return re.sub(r"\s+", " ", body.partition('<div class="toasts"')[0]).strip()


def test_nothing_of_a_report_is_public_before_it_is_chosen(desk: Client, issue: Issue) -> None:
    page = Client().get(issue.get_absolute_url()).content.decode()

    assert quotes(issue) == []
    assert "Teviot" not in page
    assert "What reporters wrote is not shown here." in page


def test_evidence_is_chosen_and_removed_passage_by_passage(desk: Client, issue: Issue, report: Report) -> None:
    said = TURNS[1]["content"]
    response = press(
        desk,
        issue,
        "evidence",
        report=report.pk,
        quoted=[span("what_happened", ACCOUNT, "Ann Bell told me of a ruling. "), f"turn:1:0:{len(said)}"],
        redacted=[span("turn:1", said, "0131 496 0999")],
        words="ann bell",
    )

    assert response.redirect_chain == [(f"{at(issue)}?report={report.reference}#evidence", 302)]
    assert quotes(issue) == [
        ("what_happened", "", f"{MARK} told me of a ruling. "),
        ("turn:1", "assistant", f"Marlow v Teviot Water, 1987. It is binding. Call {MARK} on {MARK}."),
    ]
    page = Client().get(issue.get_absolute_url()).content.decode()
    for hidden in ("Ann Bell", "0131", "I asked about rent", "where it knows of none"):
        assert hidden not in page
    assert '<span class="redacted">text removed</span>' in page
    assert [decision.verb for decision in Decision.objects.exclude(verb="confirm").order_by("pk")] == [
        "redact",
        "excerpt",
    ]


def test_what_is_ticked_stands_ticked_and_can_be_taken_back(desk: Client, issue: Issue, report: Report) -> None:
    place = span("what_happened", ACCOUNT, "It was never made")
    press(desk, issue, "evidence", report=report.pk, quoted=[place], redacted=[])

    page = desk.get(at(issue)).content.decode()

    assert re.search(rf'name="quoted" value="{place}"[^>]* checked', page)
    assert press(desk, issue, "evidence", report=report.pk, quoted=[place]).status_code == 422  # nothing was changed
    press(desk, issue, "evidence", report=report.pk)
    assert quotes(issue) == []
    assert Excerpt.objects.get().ended_at is not None


def test_undoing_puts_the_evidence_back(desk: Client, issue: Issue, report: Report) -> None:
    press(desk, issue, "evidence", report=report.pk, quoted=["summary:0:10"])
    press(desk, issue, "evidence", report=report.pk, redacted=["summary:0:10"], quoted=["summary:0:10"])
    assert quotes(issue) == [("summary", "", MARK)]

    desk.post(reverse("triage_undo", args=[Decision.objects.latest("pk").pk]))

    assert quotes(issue) == [("summary", "", "It invents")]


def test_the_removed_words_are_not_in_the_desk_s_page(desk: Client, issue: Issue, report: Report) -> None:
    press(desk, issue, "evidence", report=report.pk, words="Ann Bell")

    for address in (at(issue), reverse("triage_issue", args=[issue.pk])):
        page = desk.get(address).content.decode()
        assert "Ann Bell" not in page
        assert "Teviot" in page
        assert reverse("reveal", args=[report.reference]) in page


@pytest.mark.parametrize(
    "told",
    [
        {"quoted": ["summary:5:900"]},
        {"quoted": ["summary:9:3"]},
        {"quoted": ["turn:9:0:1"]},
        {"quoted": ["elsewhere:0:1"]},
        {"quoted": ["summary:0:1' OR 1=1"]},
        {"redacted": ["summary:0:99999999999999999999"]},
        {"words": "never written"},
        {"quoted": [f"what_happened:{at}:{at + 1}" for at in range(0, 900, 2)]},
        {},
    ],
)
def test_a_passage_that_is_not_there_is_refused(
    desk: Client, issue: Issue, report: Report, told: dict[str, Any], nothing_stored: Any
) -> None:
    desk.get(at(issue))
    with nothing_stored():
        response = press(desk, issue, "evidence", report=report.pk, **told)

    assert response.status_code == 422
    assert response.content.decode().count('class="notice') >= 1


def test_a_private_report_gives_nothing_away(desk: Client, issue: Issue, report: Report, nothing_stored: Any) -> None:
    Report.objects.filter(pk=report.pk).update(visibility="private")

    page = desk.get(at(issue)).content.decode()
    assert "Its reporter keeps it private." in page
    assert 'name="quoted"' not in page
    assert press(desk, issue, "evidence", report=report.pk, quoted=["summary:0:10"]).status_code == 422
    assert quotes(issue) == []


def test_a_conversation_stays_private_where_its_reporter_said_so(desk: Client, issue: Issue, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(visibility="public_without_transcript")
    Excerpt.objects.create(report=report, issue=issue, part="turn:1", start=0, end=20)

    assert quotes(issue) == []
    assert press(desk, issue, "evidence", report=report.pk, quoted=["turn:1:0:20", "summary:0:5"]).status_code == 422


def test_somebody_else_was_faster(desk: Client, issue: Issue, report: Report, someone: Any) -> None:
    shown = issue.revision
    decide(issue, "write", by=someone("moderator"), public_title="Cites rulings that are none", public_summary="")

    response = press(desk, issue, "write", revision=shown, public_title="Mine", public_summary="Mine too")

    assert response.status_code == 409
    assert "Somebody has changed this meanwhile." in response.content.decode()
    assert "moderator@example.org" in response.content.decode()
    assert "Mine too" in response.content.decode()
    assert Issue.objects.get(pk=issue.pk).public_title == "Cites rulings that are none"

    again = response.context["forms"]["write"].data
    assert desk.post(at(issue), {**again.dict(), "verb": "write"}).status_code == 302
    assert Issue.objects.get(pk=issue.pk).public_title == "Mine"


def test_title_and_summary_are_written_and_read(desk: Client, issue: Issue) -> None:
    press(desk, issue, "write", public_title="  Cites <b>rulings</b> ", public_summary="قال إن الحكم موجود")

    page = Client().get(issue.get_absolute_url()).content.decode()
    assert "Cites &lt;b&gt;rulings&lt;/b&gt;" in page
    assert "قال إن الحكم موجود" in page

    assert press(desk, issue, "write", public_title="", public_summary="x").status_code == 422
    assert press(desk, issue, "write", public_title="x" * 201).status_code == 422


# As the public will see it


def test_the_preview_is_the_page_before_and_after(desk: Client, issue: Issue, report: Report) -> None:
    press(desk, issue, "evidence", report=report.pk, quoted=["summary:0:10", "turn:1:0:29"], words="Teviot")
    before = main_of(desk.get(reverse("publication_preview", args=[issue.pk])).content.decode())

    assert before == main_of(Client().get(issue.get_absolute_url()).content.decode())


def test_an_unpublished_issue_is_previewed_and_stays_unpublished(
    desk: Client, issue: Issue, report: Report, nothing_stored: Any
) -> None:
    press(desk, issue, "unpublish")
    assert Client().get(issue.get_absolute_url()).status_code == 410

    with nothing_stored():
        page = desk.get(reverse("publication_preview", args=[issue.pk])).content.decode()

    assert "It invents a court ruling" in page
    assert Issue.objects.get(pk=issue.pk).published_at is None
    assert Client().get(issue.get_absolute_url()).status_code == 410


def test_a_new_issue_is_previewed_as_confirming_would_make_it(
    desk: Client, report: Report, nothing_stored: Any
) -> None:
    issue = Issue.objects.get(placements__report=report)
    with nothing_stored():
        response = desk.get(reverse("publication_preview", args=[issue.pk]))

    assert response.status_code == 200
    assert "It invents a court ruling" in response.content.decode()
    assert (Issue.objects.get(pk=issue.pk).status, Issue.objects.get(pk=issue.pk).number) == ("new", None)


def test_without_a_page_there_is_no_preview(desk: Client, file: File) -> None:
    file(artifact="acme/unheard-of")
    issue = Issue.objects.get()

    response = desk.get(reverse("publication_preview", args=[issue.pk]), follow=True)

    assert "It would have no page" in response.content.decode()


# Held back, and a second person


@pytest.fixture
def held(file: File, artifact: Any, triager: Any) -> Issue:
    report = file(
        kind="dangerous_instructions", summary="Tells how to make it", what_happened="It told all of it. " * 3
    )
    issue = Issue.objects.get(placements__report=report)
    decide(issue, "confirm", by=triager)
    issue.refresh_from_db()
    return issue


def test_alone_one_may_publish_what_was_held_back(desk: Client, held: Issue) -> None:
    assert held.published_at is None
    assert "never published by confirmation alone" in desk.get(at(held)).content.decode()

    press(desk, held, "publish")

    assert Client().get(held.get_absolute_url()).status_code == 200


def test_where_there_are_two_the_other_publishes(desk: Client, held: Issue, someone: Any) -> None:
    other = Client()
    other.force_login(someone("moderator"))

    page = desk.get(at(held)).content.decode()
    assert "Somebody else has to publish it." in page
    assert 'value="publish"' not in page
    assert press(desk, held, "publish").status_code == 422
    assert Client().get(held.get_absolute_url()).status_code == 404

    assert press(other, held, "publish").status_code == 200
    assert Client().get(held.get_absolute_url()).status_code == 200


def test_once_it_is_public_whoever_confirmed_it_alone_adds_nothing(desk: Client, held: Issue, someone: Any) -> None:
    other, report = Client(), Report.objects.get(placements__issue=held)
    other.force_login(someone("moderator"))
    press(other, held, "publish")

    assert press(desk, held, "evidence", report=report.pk, quoted=["summary:0:5"]).status_code == 422
    press(other, held, "evidence", report=report.pk, quoted=["summary:0:5"])
    assert quotes(held) == [("summary", "", "Tells")]
    press(desk, held, "evidence", report=report.pk)
    assert quotes(held) == []


def test_two_persons_are_not_asked_where_the_house_says_so(
    desk: Client, held: Issue, someone: Any, settings: Any
) -> None:
    someone("moderator")
    settings.TWO_PERSON = False

    press(desk, held, "publish")

    assert Client().get(held.get_absolute_url()).status_code == 200


def test_an_embargo_is_not_to_be_talked_out_of(desk: Client, issue: Issue, someone: Any) -> None:
    press(desk, issue, "unpublish")
    Issue.objects.filter(pk=issue.pk).update(embargo_until=timezone.now() + timedelta(days=3))
    other = Client()
    other.force_login(someone("moderator"))

    for client in (desk, other):
        assert press(client, issue, "publish").status_code == 422
    assert "An embargo stands." in desk.get(at(issue)).content.decode()


def test_a_gated_issue_loses_its_page_and_its_evidence(desk: Client, issue: Issue, report: Report) -> None:
    press(desk, issue, "evidence", report=report.pk, quoted=["summary:0:10"])
    press(desk, issue, "classify", hazard_level="2")

    assert Client().get(issue.get_absolute_url()).status_code == 404
    press(desk, issue, "publish")
    assert Client().get(issue.get_absolute_url()).status_code == 200
    assert quotes(issue) == []


def test_blurred_evidence_is_sent_when_asked_for(desk: Client, issue: Issue, report: Report) -> None:
    press(desk, issue, "evidence", report=report.pk, quoted=["turn:1:0:29"])
    press(desk, issue, "classify", hazard_level="1")
    anybody = Client()

    veiled = anybody.get(issue.get_absolute_url())
    assert "Teviot" not in veiled.content.decode()
    assert "Not loaded until you ask." in veiled.content.decode()
    assert quotes(issue) == []

    shown = anybody.get(f"{issue.get_absolute_url()}?show=1")
    assert "Marlow v Teviot Water" in shown.content.decode()
    assert shown["ETag"] != veiled["ETag"]
    assert "Teviot" not in anybody.get(f"{issue.get_absolute_url()}?show=2&show=x").content.decode()


def test_what_is_hidden_moves_no_tag(desk: Client, issue: Issue, file: File) -> None:
    before = Client().get(issue.get_absolute_url())["ETag"]
    report = file(grouped=False, visibility="private")
    issue.placements.create(report=report, by="person")
    Excerpt.objects.create(report=report, issue=issue, part="summary", start=0, end=5)
    Redaction.objects.create(report=report, part="summary", start=0, end=5)
    Translation.objects.create(report=report, part="summary", language="es", plain_text="Inventa")

    assert Client().get(issue.get_absolute_url())["ETag"] == before


# In another language


def test_a_translation_stands_beside_the_original(desk: Client, issue: Issue, report: Report, triager: Any) -> None:
    press(desk, issue, "translate", report=report.pk, part="summary", language="ar", text="يخترع حكمًا قضائيًا")

    for address in (at(issue), reverse("triage_issue", args=[issue.pk])):
        page = desk.get(address).content.decode()
        assert '<p dir="auto" lang="ar">يخترع حكمًا قضائيًا</p>' in page
        assert "triager@example.org" in page
    press(desk, issue, "translate", report=report.pk, part="summary", language="ar", text="حكم مخترع")
    assert Translation.objects.get(ended_at=None).text == "حكم مخترع"
    assert Translation.objects.get(ended_at=None).by == triager


def test_a_translation_is_published_only_with_the_whole_of_its_part(desk: Client, issue: Issue, report: Report) -> None:
    press(desk, issue, "translate", report=report.pk, part="summary", language="es", text="Inventa una sentencia")
    press(desk, issue, "evidence", report=report.pk, quoted=["summary:0:10"])
    assert "Inventa" not in Client().get(issue.get_absolute_url()).content.decode()

    press(desk, issue, "evidence", report=report.pk, quoted=["summary:0:25"])
    assert "Inventa una sentencia" in Client().get(issue.get_absolute_url()).content.decode()

    press(desk, issue, "evidence", report=report.pk, quoted=["summary:0:25"], redacted=["summary:11:16"])
    assert "Inventa" not in Client().get(issue.get_absolute_url()).content.decode()
    assert "Inventa" not in desk.get(at(issue)).content.decode()


@pytest.mark.parametrize(
    "told",
    [{"language": "no such tag"}, {"text": ""}, {"part": "turn:44"}, {"part": "nothing"}, {"text": "x" * 20_001}],
)
def test_a_translation_of_nothing_is_refused(
    desk: Client, issue: Issue, report: Report, told: dict[str, str], nothing_stored: Any
) -> None:
    desk.get(at(issue))
    with nothing_stored():
        response = press(
            desk, issue, "translate", **{"report": report.pk, "part": "summary", "language": "es", "text": "Sí", **told}
        )

    assert response.status_code == 422


# What it costs, and what the ledger keeps


@pytest.mark.parametrize("how_many", [1, 3])
def test_the_desk_costs_the_same_for_one_report_and_three(
    desk: Client, issue: Issue, file: File, django_assert_num_queries: Any, how_many: int
) -> None:
    from reports.models import Placement

    for number in range(how_many - 1):
        other = file(grouped=False, summary=f"It invents ruling number {number}")
        Placement.objects.create(report=other, issue=issue, by="person")
        Excerpt.objects.create(report=other, issue=issue, part="summary", start=0, end=5)
        Redaction.objects.create(report=other, part="summary", start=0, end=5)
    desk.get(at(issue))

    with django_assert_num_queries(19):
        desk.get(at(issue))


def test_the_public_page_costs_the_same_however_much_is_quoted(
    issue: Issue, report: Report, file: File, django_assert_num_queries: Any
) -> None:
    from reports.models import Placement

    for at_ in range(3):
        other = file(grouped=False, summary=f"It invents ruling number {at_}")
        Placement.objects.create(report=other, issue=issue, by="person")
        Excerpt.objects.create(report=other, issue=issue, part="summary", start=0, end=5)
        Redaction.objects.create(report=other, part="summary", start=1, end=2)

        with django_assert_num_queries(10):
            Client().get(issue.get_absolute_url())


def test_the_ledger_hears_of_no_words(desk: Client, issue: Issue, report: Report) -> None:
    press(desk, issue, "evidence", report=report.pk, quoted=["turn:1:0:29"], words="Ann Bell")
    press(desk, issue, "translate", report=report.pk, part="summary", language="es", text="Inventa una sentencia")
    press(desk, issue, "write", public_title="Cites rulings that are none", public_summary="Nobody made them.")

    told = " ".join(str(event.payload.content) for event in Event.objects.select_related("payload"))
    for words in ("Ann", "Teviot", "Inventa", "Cites", "Nobody"):
        assert words not in told
