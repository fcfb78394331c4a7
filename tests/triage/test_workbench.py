"""The workbench through its addresses: what it tells beforehand, what it refuses, and what it leaves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reports.models import Issue, Placement, Report
from reports.vocabulary import Status
from tests.standing import anew
from triage.counting import recount
from triage.decisions import decide, undo
from triage.models import Constraint, Decision, Proposal, Suggestion

File = Callable[..., Report]

STORIES = (
    ("It invents a court ruling", "I asked for rulings on rent and it cited one that was never made, with a judge."),
    ("Deletes the wrong folder", "Told to empty the trash, the agent removed my photographs and said it was done."),
    ("Refuses to talk about kitchen knives", "A question on sharpening was answered with a lecture about violence."),
    ("Translates every doctor as a man", "From Finnish each doctor became he and each nurse she, whatever I wrote."),
)


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture(scope="module")
def standing(ground: Any) -> dict[str, Any]:
    """Four reports that nobody would group, in four issues, and who works on them."""
    reports = [ground.file(summary=summary, what_happened=told) for summary, told in STORIES]
    return {"artifact": ground.artifact, "triager": ground.someone("triager"), "reports": reports}


artifact, triager, reports = anew("artifact"), anew("triager"), anew("reports")


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


@pytest.fixture
def pair(reports: list[Report]) -> tuple[Issue, Issue]:
    return issue_of(reports[0]), issue_of(reports[1])


@pytest.fixture
def gathered(reports: list[Report], triager: Any) -> Issue:
    """One issue of three reports."""
    home = issue_of(reports[0])
    for report in reports[1:3]:
        decide(issue_of(report), "place", by=triager, report=report, target=home)
    home.refresh_from_db()
    return home


def merge_at(issue: Issue, query: str = "") -> str:
    return reverse("workbench_merge", args=[issue.pk]) + query


def split_at(issue: Issue, query: str = "") -> str:
    return reverse("workbench_split", args=[issue.pk]) + query


def ticked(*reports: Report) -> dict[str, Any]:
    return {"r": [report.pk for report in reports], "to": "preview"}


def sent(response: Any, **changes: Any) -> dict[str, Any]:
    """What the browser would post from the page: the hidden fields of its form, and what is typed."""
    form = response.context["form"]
    hidden = {field.html_name: field.value() for field in form.hidden_fields() if field.value() not in (None, "")}
    other = {"other": response.context["other"].pk} if "other" in response.context else {}
    return {**hidden, **other, **changes}


# Merge


def test_an_issue_without_proposals_asks_for_the_other(desk: Client, pair: tuple[Issue, Issue]) -> None:
    page = desk.get(merge_at(pair[0])).content.decode()

    assert "The engine proposes nothing for this issue." in page
    assert 'name="other"' in page


def test_what_the_engine_proposes_and_suggests_is_offered_with_reasons(
    desk: Client, reports: list[Report], pair: tuple[Issue, Issue]
) -> None:
    Proposal.objects.create(
        kind="merge",
        issue=pair[0],
        other=pair[1],
        score=0.8,
        band="likely",
        method="m-1",
        reasons={"pairs": [[reports[1].pk, reports[0].pk]]},
    )
    reasons = {"features": [{"name": "quote", "weight": 0.8}], "turns": {}, "issue": issue_of(reports[2]).pk}
    Suggestion.objects.create(
        report=reports[0], issue=issue_of(reports[2]), score=0.5, band="possible", rank=0, method="m-1", reasons=reasons
    )

    response = desk.get(merge_at(pair[0]))

    assert [candidate.issue for candidate in response.context["candidates"]] == [pair[1], issue_of(reports[2])]
    assert [near.report for near in response.context["candidates"][0].pair] == [reports[0], reports[1]]
    assert "The same passage quoted" in response.content.decode()


def test_the_union_is_told_exactly_before_it_is_made(
    desk: Client, reports: list[Report], pair: tuple[Issue, Issue]
) -> None:
    Report.objects.filter(pk__in=[reports[0].pk, reports[1].pk]).update(voice_key="the same person")
    recount([issue.pk for issue in pair])

    union = desk.get(merge_at(pair[0], f"?other={pair[1].pk}")).context["union"]

    assert (union.goes.tally.voices, union.stays.tally.voices) == (1, 1)
    assert (union.together.reports, union.together.voices, union.together.held) == (2, 1, 0)
    assert (union.together.first, union.together.last) == (reports[0].reported_at, reports[1].reported_at)
    assert [(str(row.artifact), row.reports) for row in union.standings] == [("acme/chat-7b", 2)]


def test_merging_gives_what_was_told_and_is_undone_from_the_toast(
    desk: Client, reports: list[Report], pair: tuple[Issue, Issue]
) -> None:
    stays, goes = pair
    page = desk.get(merge_at(goes, f"?other={stays.pk}"))
    union = page.context["union"]
    assert (union.goes.issue, union.stays.issue) == (goes, stays)

    response = desk.post(merge_at(goes), sent(page), follow=True)

    stays.refresh_from_db()
    goes.refresh_from_db()
    assert (goes.status, goes.merged_into, stays.status) == ("merged", stays, "new")
    assert (stays.report_count, stays.voice_count) == (union.together.reports, union.together.voices)
    assert (stays.first_reported_at, stays.last_reported_at) == (union.together.first, union.together.last)
    assert "Merged into" in response.content.decode()
    decision = Decision.objects.get(verb="merge")
    assert reverse("triage_undo", args=[decision.pk]) in response.content.decode()

    desk.post(reverse("triage_undo", args=[decision.pk]))

    assert [issue_of(report) for report in reports[:2]] == [stays, goes]
    assert desk.get(merge_at(goes)).status_code == 200


@pytest.mark.parametrize(
    "typed",
    ["{pk}", "#{pk}", " {pk}/ ", "https://site.example/triage/{pk}/", "/triage/{pk}/merge/?x=1", "{pk}?issue=9"],
)
def test_the_other_is_named_by_id_or_by_address(desk: Client, pair: tuple[Issue, Issue], typed: str) -> None:
    response = desk.get(merge_at(pair[0]), {"other": typed.format(pk=pair[1].pk)})

    assert response.context["other"] == pair[1]


@pytest.mark.parametrize(
    "typed", ["{number}", "see {number}, please", "https://site.example/issues/{number}/", "{low}"]
)
def test_the_other_is_named_by_its_number(desk: Client, pair: tuple[Issue, Issue], triager: Any, typed: str) -> None:
    decide(pair[1], "confirm", by=triager)
    pair[1].refresh_from_db()
    number = str(pair[1].number)

    response = desk.get(merge_at(pair[0]), {"other": typed.format(number=number, low=number.lower())})

    assert response.context["other"] == pair[1]
    assert response.context["union"].stays.issue == pair[1]


@pytest.mark.parametrize(
    "typed",
    ["", "TT-2026-99999", "999999", "9" * 30, "soon", "<script>alert(1)</script>", "٩٩٩٩٩", "x" * 400, "1\x002"],
)
def test_what_names_no_issue_is_said_beside_the_field(desk: Client, pair: tuple[Issue, Issue], typed: str) -> None:
    response = desk.get(merge_at(pair[0]), {"other": typed})

    assert response.status_code == 200
    assert response.context["asked"].errors["other"]
    assert "union" not in response.context


def test_an_issue_is_not_merged_with_itself_nor_with_what_is_part_of_it(
    desk: Client, reports: list[Report], gathered: Issue
) -> None:
    inside = Issue.objects.filter(merged_into=gathered).earliest("pk")

    itself = desk.get(merge_at(gathered), {"other": str(gathered.pk)})
    part = desk.get(merge_at(gathered), {"other": str(inside.pk)})

    assert itself.context["asked"].errors["other"] == ["That is this issue itself."]
    assert part.context["asked"].errors["other"] == ["That issue is part of this one already."]


def test_what_was_merged_already_leads_to_its_survivor(desk: Client, reports: list[Report], gathered: Issue) -> None:
    inside = Issue.objects.filter(merged_into=gathered).earliest("pk")
    alone = issue_of(reports[3])

    response = desk.get(merge_at(alone), {"other": str(inside.pk)})

    assert (response.context["other"], response.context["followed"]) == (gathered, inside)
    for name in ("workbench_merge", "workbench_split"):
        assert desk.get(reverse(name, args=[inside.pk]))["Location"] == reverse(name, args=[gathered.pk])


def test_families_are_not_crossed_unless_nobody_knows_the_artifact(
    desk: Client, pair: tuple[Issue, Issue], file: File
) -> None:
    stranger = issue_of(file(artifact="other/model", summary="Nothing like the rest at all"))
    unknown = issue_of(file(artifact="unknown", summary="A friend told me of a ruling it made up"))

    refused = desk.get(merge_at(pair[0]), {"other": str(stranger.pk)})
    backwards = desk.get(merge_at(pair[0]), {"other": str(unknown.pk), "stays": str(unknown.pk)})
    fits = desk.get(merge_at(pair[0]), {"other": str(unknown.pk)})

    assert refused.context["asked"].errors["other"] == [
        "That issue is about another family; grouping never crosses families."
    ]
    assert backwards.context["obstacle"]
    assert (fits.context["union"].stays.issue, fits.context["obstacle"]) == (pair[0], "")

    desk.post(merge_at(pair[0]), sent(fits))

    unknown.refresh_from_db()
    assert unknown.merged_into == pair[0]


def test_the_public_one_goes_on_and_the_other_way_round_is_refused(
    desk: Client, pair: tuple[Issue, Issue], triager: Any
) -> None:
    decide(pair[1], "confirm", by=triager)

    default = desk.get(merge_at(pair[0]), {"other": str(pair[1].pk)})
    turned = desk.get(merge_at(pair[0]), {"other": str(pair[1].pk), "stays": str(pair[0].pk)})

    assert (default.context["union"].stays.issue, default.context["switch"]) == (pair[1], "")
    assert "has come further: merge the other way round." in turned.context["obstacle"]
    pair[1].refresh_from_db()
    posted = {"other": pair[1].pk, "target": pair[0].pk, "revision": pair[1].revision}
    response = desk.post(merge_at(pair[0]), posted)
    assert response.status_code == 422
    assert "merge the other way round" in response.content.decode()
    assert not Issue.objects.filter(status=Status.MERGED).exists()


def test_two_public_ones_the_older_goes_on_and_may_be_switched(
    desk: Client, pair: tuple[Issue, Issue], triager: Any
) -> None:
    for issue in (pair[1], pair[0]):
        decide(issue, "confirm", by=triager)
        issue.refresh_from_db()

    default = desk.get(merge_at(pair[0]), {"other": str(pair[1].pk)})

    assert default.context["union"].stays.issue == pair[1]
    turned = desk.get(merge_at(pair[0], default.context["switch"]))
    assert turned.context["union"].stays.issue == pair[0]

    desk.post(merge_at(pair[0]), sent(turned))

    assert Client().get(pair[1].get_absolute_url())["Location"] == pair[0].get_absolute_url()


@pytest.fixture
def told_apart(pair: tuple[Issue, Issue], reports: list[Report], triager: Any) -> Constraint:
    decision = Decision.objects.create(issue=pair[0], verb="part", by="person", decider=triager, note="Other courts")
    return Constraint.objects.create(report=reports[0], other=reports[1], says="not_same", decision=decision)


def test_what_people_said_is_shown_and_needs_a_tick(
    desk: Client, pair: tuple[Issue, Issue], told_apart: Constraint, triager: Any
) -> None:
    page = desk.get(merge_at(pair[0]), {"other": str(pair[1].pk)})
    said = page.context["union"].said
    assert [(row.one.report, row.other.report, row.who, row.note) for row in said] == [
        (told_apart.report, told_apart.other, str(triager), "Other courts")
    ]
    assert "Merge all the same" in page.content.decode()

    refused = desk.post(merge_at(pair[0]), sent(page, note="They are one."))

    assert refused.status_code == 422
    assert "They are one." in refused.content.decode()
    assert "People have said that reports of these two are not the same." in refused.content.decode()

    desk.post(merge_at(pair[0]), sent(refused, despite="on", note="They are one."))

    pair[1].refresh_from_db()
    assert pair[1].merged_into == pair[0]
    assert not Constraint.objects.filter(says="not_same", ended_at=None).exists()
    undo(Decision.objects.get(verb="merge"), by=triager)
    assert Constraint.objects.filter(says="not_same", ended_at=None).exists()


@pytest.mark.parametrize("changed", [0, 1])
def test_if_either_side_has_changed_nothing_is_merged_and_it_says_what(
    desk: Client, pair: tuple[Issue, Issue], someone: Callable[..., Any], changed: int
) -> None:
    page = desk.get(merge_at(pair[0]), {"other": str(pair[1].pk)})
    other = someone("moderator", email="quick@example.org")
    decide(pair[changed], "confirm", by=other)

    response = desk.post(merge_at(pair[0]), sent(page))

    assert response.status_code == 409
    told = response.content.decode()
    assert "Somebody has changed this meanwhile" in told
    assert str(other) in told
    assert not Issue.objects.filter(status=Status.MERGED).exists()
    if not changed:  # the page shows what stands now, and sending it again works
        assert desk.post(merge_at(pair[0]), sent(response)).status_code == 302


def test_sent_twice_it_is_done_once(desk: Client, pair: tuple[Issue, Issue]) -> None:
    page = desk.get(merge_at(pair[1]), {"other": str(pair[0].pk)})
    posted = sent(page)

    first, second = desk.post(merge_at(pair[1]), posted), desk.post(merge_at(pair[1]), posted)

    assert (first.status_code, second.status_code) == (302, 302)
    assert second["Location"] == merge_at(pair[0])
    assert Decision.objects.filter(verb="merge").count() == 1


def test_a_proposal_is_answered_by_the_merge(desk: Client, reports: list[Report], pair: tuple[Issue, Issue]) -> None:
    made = Proposal.objects.create(
        kind="merge", issue=pair[0], other=pair[1], score=0.8, band="likely", method="m-1", reasons={}
    )

    desk.post(merge_at(pair[0]), sent(desk.get(merge_at(pair[0]), {"other": str(pair[1].pk)})))

    made.refresh_from_db()
    assert made.taken_at is not None


@pytest.mark.parametrize("name", ["workbench_merge", "workbench_split"])
def test_there_is_a_way_back_and_forms_lead_here(desk: Client, gathered: Issue, name: str) -> None:
    page = desk.get(reverse(name, args=[gathered.pk])).content.decode()

    assert f'action="{reverse(name, args=[gathered.pk])}"' in page
    assert page.count(f'href="{reverse("triage_issue", args=[gathered.pk])}"') > 0


# Split


def test_reports_are_ticked_and_both_parts_told(desk: Client, reports: list[Report], gathered: Issue) -> None:
    page = desk.get(split_at(gathered)).content.decode()
    for report in reports[:3]:
        assert f'value="{report.pk}"' in page

    cut = desk.get(split_at(gathered), ticked(reports[1], reports[2])).context["cut"]

    assert (cut.stays.tally.reports, cut.leaves.tally.reports, cut.leaves.tally.voices) == (1, 2, 2)
    assert cut.leaves.title == "Deletes the wrong folder"
    assert cut.held_together > 0
    assert cut.said[0].when


def test_splitting_gives_what_was_told_and_is_undone(
    desk: Client, reports: list[Report], gathered: Issue, triager: Any
) -> None:
    page = desk.get(split_at(gathered), ticked(reports[1], reports[2]))

    response = desk.post(split_at(gathered), sent(page, note="Two failures"), follow=True)

    child = issue_of(reports[1])
    assert issue_of(reports[2]) == child
    assert child != gathered
    assert (child.status, child.report_count, child.number) == ("new", 2, None)
    assert "is an issue of its own now" in response.content.decode()
    gathered.refresh_from_db()
    assert gathered.report_count == 1
    decision = Decision.objects.get(verb="split")
    assert decision.note == "Two failures"

    undo(decision, by=triager)

    assert {issue_of(report) for report in reports[:3]} == {gathered}


def test_ticks_are_kept_from_page_to_page(
    desk: Client, reports: list[Report], gathered: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.pages.workbench.PAGE", 2)
    first = desk.get(split_at(gathered), {"r": str(reports[1].pk), "to": "2"})
    assert first.context["kept"] == str(reports[1].pk)

    preview = desk.get(split_at(gathered), ticked(reports[2]) | {"kept": first.context["kept"]})

    assert preview.context["chosen"] == {reports[1].pk, reports[2].pk}
    again = desk.get(split_at(gathered, preview.context["back"]))
    assert again.context["chosen"] == {reports[1].pk, reports[2].pk}
    assert again.context["page"].number == 1


def test_what_cannot_be_cut_is_said_where_it_is_ticked(
    desk: Client, reports: list[Report], gathered: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [report.pk for report in reports[:3]]

    def wrong(ticked: Any) -> str:
        return str(desk.get(split_at(gathered), {"r": ticked, "to": "preview"}).context["wrong"])

    assert wrong([]) == "Tick the reports that are another issue."
    assert wrong([reports[3].pk, "x", "9" * 30]) == "Tick the reports that are another issue."
    assert wrong(every) == "Something has to stay behind: leave one report unticked at least."
    monkeypatch.setattr("triage.pages.workbench.TICKED_AT_MOST", 1)
    assert wrong(every[1:]) == "That is more than 1 reports: too many for one act."


@pytest.mark.parametrize("typed", ["", "x", "999999", "{strange}", "{inside},{strange}", "{every}"])
def test_what_is_no_cut_is_refused_and_nothing_stored(
    desk: Client, reports: list[Report], gathered: Issue, nothing_stored: Any, typed: str
) -> None:
    every = ",".join(str(report.pk) for report in reports[:3])
    told = typed.format(strange=reports[3].pk, inside=reports[1].pk, every=every)

    with nothing_stored():
        response = desk.post(split_at(gathered), {"reports": told, "revision": gathered.revision})

    assert response.status_code == 422


def test_a_split_of_what_has_changed_is_refused_and_says_what(
    desk: Client, reports: list[Report], gathered: Issue, someone: Callable[..., Any]
) -> None:
    page = desk.get(split_at(gathered), ticked(reports[2]))
    other = someone("moderator", email="quick@example.org")
    decide(gathered, "confirm", by=other)

    response = desk.post(split_at(gathered), sent(page))

    assert response.status_code == 409
    assert str(other) in response.content.decode()
    assert issue_of(reports[2]) == gathered
    assert desk.post(split_at(gathered), sent(response)).status_code == 302


@pytest.fixture
def proposed(reports: list[Report], gathered: Issue) -> Proposal:
    return Proposal.objects.create(
        kind="split",
        issue=gathered,
        report_ids=[reports[2].pk, reports[1].pk],
        score=0.8,
        band="likely",
        method="m-1",
        reasons={"pairs": [[reports[0].pk, reports[1].pk]]},
    )


def test_the_engines_cut_is_shown_with_its_pair_and_taken(
    desk: Client, reports: list[Report], gathered: Issue, proposed: Proposal
) -> None:
    assert "The engine would take 2 reports out" in desk.get(split_at(gathered)).content.decode()
    page = desk.get(split_at(gathered), {"proposal": proposed.pk})
    assert [near.report for near in page.context["proposed"].pair] == [reports[0], reports[1]]
    assert page.context["cut"].leaves.tally.reports == 2

    desk.post(split_at(gathered), sent(page))

    proposed.refresh_from_db()
    assert proposed.taken_at is not None
    assert issue_of(reports[1]) == issue_of(reports[2]) != gathered


def test_a_dismissed_issue_is_neither_merged_nor_split(desk: Client, reports: list[Report], triager: Any) -> None:
    closed, other = issue_of(reports[0]), issue_of(reports[1])
    decide(closed, "dismiss", by=triager, reason="spam")

    assert desk.get(merge_at(other), {"other": str(closed.pk)}).context["asked"].errors["other"] == [
        "That issue is dismissed. Reopen it first."
    ]
    assert desk.get(merge_at(closed), {"other": str(other.pk)}).context["obstacle"]
    assert desk.get(split_at(closed)).context["obstacle"]


def test_hostile_words_stay_words(desk: Client, reports: list[Report], gathered: Issue, file: File) -> None:
    nasty = "<img src=x onerror=alert(1)> \u202eevil"
    strange = file(summary=nasty, what_happened="Quite another thing, told at some length, with brackets.")
    addresses = [merge_at(gathered, f"?other={issue_of(strange).pk}"), split_at(issue_of(strange))]

    for address in addresses:
        page = desk.get(address).content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_however_many_reports_the_pages_ask_as_often(
    desk: Client, reports: list[Report], triager: Any, django_assert_num_queries: Any, rows: int
) -> None:
    home, beside = issue_of(reports[0]), issue_of(reports[3])
    for report in reports[1:rows]:
        decide(issue_of(report), "place", by=triager, report=report, target=home)
    desk.get(split_at(home))

    with django_assert_num_queries(SPLIT_QUERIES):
        desk.get(split_at(home))
    with django_assert_num_queries(MERGE_QUERIES):
        desk.get(merge_at(home))
    with django_assert_num_queries(UNION_QUERIES):
        desk.get(merge_at(home), {"other": str(beside.pk)})


SPLIT_QUERIES, MERGE_QUERIES, UNION_QUERIES = 10, 10, 19


def test_a_report_for_moderators_alone_is_not_told_of(
    desk: Client, reports: list[Report], gathered: Issue, client: Client
) -> None:
    Report.objects.filter(pk=reports[1].pk).update(hazard_level=3)

    page = desk.get(split_at(gathered)).content.decode()
    preview = desk.get(split_at(gathered), ticked(reports[1]))

    assert "Deletes the wrong folder" not in page
    assert preview.context["wrong"] == "Tick the reports that are another issue."
    assert desk.post(split_at(gathered), {"reports": str(reports[1].pk)}).status_code == 422
    assert Placement.objects.active().get(report=reports[1]).issue == gathered
