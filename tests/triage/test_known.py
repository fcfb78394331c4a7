"""Issues that look like what somebody writes: found by public words alone, and nothing rather than noise."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from reports.known import Asked, known_issues
from reports.models import Artifact, Evidence, Issue, Report
from reports.naming import artifact_named
from reports.pages.known import found_for
from reports.published import catch_up
from triage.decisions import decide

Make = Callable[..., Any]
RULING = Asked(
    artifact="acme/chat-7b",
    artifact_kind="model",
    summary="Chat 7B makes up court rulings",
    what_happened="I asked Acme's chat-7b for rulings on rent. It named a court ruling that was never made.",
)
POST = {
    "gate": "no",
    "artifact": "acme/chat-7b",
    "artifact_kind": "model",
    "summary": "It makes up court rulings",
    "what_happened": "I asked for rulings on rent and it named a court ruling that was never made.",
}


def found(asked: Asked = RULING) -> list[int]:
    return [each.issue_id for each in known_issues(asked)]


def partial(client: Client, **changes: str) -> bytes:
    answer = client.post(reverse("report_known"), {**POST, **changes})
    assert answer.status_code == 200
    return bytes(answer.content)


@pytest.fixture
def record(make_issue: Make) -> dict[str, Issue]:
    """Three public issues of one artifact."""
    issues = {
        "ruling": make_issue("It invents a court ruling", public_summary="Rulings on rent that no court ever made."),
        "folder": make_issue("Deletes the wrong folder", public_summary="Told to empty the trash it took photographs."),
        "knives": make_issue("Refuses to talk about kitchen knives"),
    }
    catch_up()
    return issues


def test_the_issue_that_says_the_same_is_found_and_no_other(record: dict[str, Issue]) -> None:
    told = known_issues(RULING)

    assert [each.issue_id for each in told] == [record["ruling"].pk]
    assert "court" in " ".join(told[0].words)
    assert not told[0].is_elsewhere


@pytest.mark.parametrize(
    "summary", ["It will not speak Welsh", "Chat 7B by Acme", "chat-7b acme chat-7b", "the and of", "👍", "1", "\0"]
)
def test_what_nobody_has_said_and_the_names_of_models_find_nothing(record: dict[str, Issue], summary: str) -> None:
    assert found(Asked(artifact="acme/chat-7b", artifact_kind="model", summary=summary)) == []


def test_a_name_that_two_share_is_nothing_they_have_in_common(make_issue: Make) -> None:
    make_issue("Chat 7B of Acme is slow")
    catch_up()

    assert found(Asked("acme/chat-7b", "model", summary="Chat 7B of Acme was rude to my mother")) == []
    assert found(Asked("", "", summary="Chat 7B of Acme was rude to my mother")) == []


def test_another_family_is_looked_through_only_if_nobody_knows_which_it_is(
    record: dict[str, Issue], make_issue: Make
) -> None:
    other = artifact_named("model", "kelp/reader", developer="Kelp")
    other.confirmed_at = timezone.now()
    other.save()
    elsewhere = make_issue("It invents a court ruling on rent", artifact=other)
    catch_up()

    assert found() == [record["ruling"].pk]
    assert known_issues(Asked("kelp/reader", "model", summary=RULING.summary))[0].issue_id == elsewhere.pk
    unknown = known_issues(Asked("unknown", "model", summary="It invents court rulings on rent"))
    assert {each.issue_id for each in unknown} == {record["ruling"].pk, elsewhere.pk}
    assert all(each.is_elsewhere for each in unknown)


def test_a_chinese_account_finds_a_chinese_issue(make_issue: Make) -> None:
    said = make_issue("它编造了一个法院判决")
    make_issue("它拒绝谈论厨房刀具")
    catch_up()

    told = known_issues(Asked("acme/chat-7b", "model", summary="模型编造法院判决"))

    assert [each.issue_id for each in told] == [said.pk]
    assert told[0].words[0] in "它编造了一个法院判决"


# Nothing that is hidden changes the answer


def planted(file: Make, triager: User, make_issue: Make) -> None:
    """Everything that is like what is asked, and not public."""
    words = {"summary": "It makes up court rulings", "what_happened": POST["what_happened"]}
    make_issue("It makes up court rulings, not out yet", status="new")
    make_issue("It makes up court rulings, not ours", status="dismissed")
    embargoed = {"embargo_until": timezone.now() + timedelta(days=1)}
    for title, changes in (("embargoed", embargoed), ("unpublished", {"published_at": None})):
        make_issue(f"It makes up court rulings, {title}", **changes)
    hidden = artifact_named("model", "shadow/court-rulings", developer="Shadow")
    make_issue("It makes up court rulings of the shadow", artifact=hidden)
    file(**words)
    file(**words, visibility="private")
    held = file(**words)
    Report.objects.filter(pk=held.pk).update(held_at=timezone.now())
    withdrawn = file(**words)
    Report.objects.filter(pk=withdrawn.pk).update(withdrawn_at=timezone.now())
    file(artifact="unlisted-court/rulings", **words)
    catch_up()


def test_answers_are_the_same_to_the_byte_with_and_without_hidden_rows(
    client: Client, record: dict[str, Issue], file: Make, triager: User, make_issue: Make
) -> None:
    asks: list[dict[str, str]] = [{}, {"artifact": ""}, {"artifact": "shadow/court-rulings"}, {"summary": "Of knives"}]
    before = [partial(client, **changes) for changes in asks]
    scores = [known_issues(Asked(**{**vars_of(POST), **vars_of(changes)})) for changes in asks]
    assert b"It invents a court ruling" in before[0]

    planted(file, triager, make_issue)

    assert [partial(client, **changes) for changes in asks] == before
    assert [known_issues(Asked(**{**vars_of(POST), **vars_of(changes)})) for changes in asks] == scores


def vars_of(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != "gate"}


def test_words_that_are_redacted_or_of_a_merged_issue_find_nothing(
    artifact: Artifact, file: Make, triager: User
) -> None:
    report = file(what_happened="It cited the Marmalade ruling, which no court ever made, with a judge and a date.")
    issue = Issue.objects.get(placements__report=report)
    twin = Issue.objects.get(
        placements__report=file(summary="Deletes the wrong folder", what_happened="It removed my photographs, all.")
    )
    for each in (issue, twin):
        decide(each, "confirm", by=triager)
    asked = Asked("acme/chat-7b", "model", summary="Marmalade Marmalade Marmalade")
    decide(issue, "excerpt", by=triager, report=report, spans=[("what_happened", 0, 40)])
    at = Evidence.objects.get(report=report).what_happened.index("Marmalade")
    shown = bool(found(asked))
    decide(issue, "redact", by=triager, report=report, spans=[("what_happened", at, at + 9)])

    assert shown
    assert found(asked) == []

    folder = Asked("acme/chat-7b", "model", summary="Deletes the wrong folder")
    assert found(folder) == [twin.pk]
    decide(twin, "merge", by=triager, target=issue)
    assert found(folder) == []


# The partial, and what follows from it


def test_nothing_is_looked_up_or_kept_before_the_gate_says_no(
    client: Client, record: dict[str, Issue], nothing_stored: Any
) -> None:
    with nothing_stored():
        for gate in ("", "yes"):
            assert b"ruling" not in partial(client, gate=gate)
        partial(client)


def test_it_takes_a_post_with_a_token(client: Client, db: None) -> None:
    assert client.get(reverse("report_known")).status_code == 405
    assert Client(enforce_csrf_checks=True).post(reverse("report_known"), POST).status_code == 403


def test_nothing_known_is_said_and_nothing_written_says_nothing(client: Client, record: dict[str, Issue]) -> None:
    nothing = partial(client, summary="It will not speak Welsh", what_happened="")

    assert b"Nothing like this is known yet." in nothing
    assert partial(client, summary="", what_happened="").strip() == b""


def test_a_known_issue_is_told_with_what_it_takes_to_recognise_it(client: Client, record: dict[str, Issue]) -> None:
    told = partial(client).decode()

    for words in (str(record["ruling"].number), "acme/chat-7b", "found 1 time", "This is mine too"):
        assert words in told
    assert reverse("issue_too", args=[record["ruling"].number]) in told


def test_a_title_is_shown_as_text(client: Client, make_issue: Make) -> None:
    make_issue("<script>court</script> rulings made up")
    catch_up()

    assert b"<script>" not in partial(client)


def test_a_confirmation_cannot_be_offered_for_another_model_that_was_named(record: dict[str, Issue]) -> None:
    here, elsewhere, unknown = (
        found_for({**POST, "artifact": name}) or [] for name in ("acme/chat-7b", "nobody/knows", "unknown")
    )

    assert [each.may_confirm for each in here] == [True]
    assert [each.may_confirm for each in elsewhere] == [False]
    assert [each.may_confirm for each in unknown] == [True]


def test_answers_of_the_api_are_understood_too(record: dict[str, Issue]) -> None:
    turns = [{"role": "user", "content": "court rulings on rent"}, {"role": "assistant", "content": "a court ruling"}]

    told = found_for({"artifact": "acme/chat-7b", "summary": "It makes up rulings", "transcript": turns}) or []

    assert [each.line.number for each in told] == [record["ruling"].number]
    assert found_for({**POST, "confirms": "TT-2026-00001"}) is None


def test_asking_costs_so_many_statements(
    client: Client, record: dict[str, Issue], make_issue: Make, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        make_issue(f"It invents court ruling {number} on rent")
    catch_up()

    with django_assert_num_queries(8):
        partial(client)


def test_this_is_mine_too_leads_to_the_short_form_and_files_a_confirmation(
    client: Client, record: dict[str, Issue], answers: dict[str, Any], file: Make
) -> None:
    number = str(record["ruling"].number)

    led = client.get(reverse("issue_too", args=[number]))
    assert led.headers["Location"] == f"/report/?model=acme%2Fchat-7b&kind=model&confirms={number}"
    assert client.get(led.headers["Location"]).context["form"].is_short

    report = file(
        summary="", what_happened="", confirms=number, version="2026-06", context_of_use="justice",
        reproduction={"tries": 5, "failures": 2},
    )  # fmt: skip
    placed = report.placements.get()
    assert (placed.issue_id, placed.by) == (record["ruling"].pk, "reporter")
    assert (str(report.version), report.context_of_use, report.failures, report.tries) == ("2026-06", "justice", 2, 5)


def test_what_was_written_goes_along(client: Client, record: dict[str, Issue]) -> None:
    for gate in ("no", ""):
        page = client.post(reverse("issue_too", args=[record["ruling"].number]), {**POST, "gate": gate})

        assert page.context["form"].is_short
        assert page.context["form"].written("what_happened") == POST["what_happened"]
        assert page.context["form"].written("artifact") == "acme/chat-7b"


def test_a_file_that_cannot_go_along_is_told(client: Client, record: dict[str, Issue]) -> None:
    address = reverse("issue_too", args=[record["ruling"].number])

    page = client.post(address, {**POST, "gate": "no", "files": SimpleUploadedFile("a.pdf", b"%PDF-1.7")})

    assert "The first file: " in page.content.decode()


def test_one_that_is_hidden_and_one_that_never_was_answer_alike(
    client: Client, record: dict[str, Issue], make_issue: Make, triager: User
) -> None:
    hidden = make_issue("Not yet", published_at=None)
    client.force_login(triager)

    answers = [client.get(reverse("issue_too", args=[number])) for number in (hidden.number, "TT-2026-99999")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content.replace(hidden.number.encode(), b"") == answers[1].content.replace(b"TT-2026-99999", b"")


def test_the_page_of_an_issue_offers_it(client: Client, record: dict[str, Issue]) -> None:
    page = client.get(record["ruling"].get_absolute_url()).content.decode()

    assert reverse("issue_too", args=[record["ruling"].number]) in page
    assert "I see this too" in page
