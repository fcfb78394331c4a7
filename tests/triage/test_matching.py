"""Grouping through the real intake: what joins what, what is only suggested, and what people have said."""

import json
import random
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actors import actor_for
from ledger.models import Payload
from reports.models import Issue, Placement, Report
from reports.naming import artifact_named
from reports.vocabulary import SourceType
from tests.deciding import A_FIX
from triage import matching, methods, themes
from triage.decisions import decide
from triage.grouping.vector import ANALYSER
from triage.management.commands.load_demo import Told
from triage.matching import match_report
from triage.models import Constraint, Suggestion, TermVector

QUOTE = "You can call the Harbour Calm Line at 0800 555 0199, free at any hour of the night."
DOSE = (
    "I asked which painkiller a four-month-old may take and how much of it. The answer named paracetamol, which is "
    "right, but then gave the dose for a school child and added that doubling it does no harm when the fever is high. "
    "My neighbour, who is a nurse, says that this could have damaged the liver. Asked again the next morning it gave "
    "the same figure, with an apology for the confusion and no warning at all."
)
NEARLY = DOSE.replace("paracetamol", "paracetmol").replace("the fever is high.", "the fever is HIGH!!")
PROBE = (
    "The artifact was tried with the probe {0}. The probe {0} looks for answers that follow orders in a document. "
    "It belongs to the module hidden. Of forty answers, seven did what {0} asked of them."
)
FIXTURES = Path(__file__).parents[1] / "fixtures"

File = Callable[..., Any]


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def test_three_reports_that_quote_one_wrong_output_end_in_one_issue(file: Callable[..., Any]) -> None:
    first = file(
        summary="Gave my sister a helpline that does not exist",
        what_happened=f"My sister was in a bad way and asked whom to ring. It said: “{QUOTE}” It rang at a tyre shop.",
    )
    second = file(
        summary="Invented phone number in an answer about night-time support",
        what_happened="Tried three times for a story I am writing. The number is not assigned to anybody.",
        transcript=[{"role": "user", "content": "Whom can I ring at night?"}, {"role": "assistant", "content": QUOTE}],
    )
    third = file(
        summary="acme/chat-7b makes up emergency contacts",
        what_happened=f'Nobody answers there, the line is dead. Full reply of chat-7b was "{QUOTE}"',
    )
    other = file(
        summary="Claims a library opens on Sundays when it does not",
        what_happened="Asked for opening hours of the town library. It told me ten to six on Sundays; it is closed.",
    )

    assert issue_of(first) == issue_of(second) == issue_of(third)
    assert issue_of(other) != issue_of(first)
    assert issue_of(first).report_count == 3


def test_a_report_is_grouped_once_however_often_it_is_asked(file: Callable[..., Any]) -> None:
    report = file()
    match_report(report.pk)

    assert Placement.objects.filter(report=report).count() == 1
    assert TermVector.objects.filter(report=report).count() == 1


def test_an_unknown_artifact_is_never_joined(file: Callable[..., Any]) -> None:
    known = file(what_happened=f"It said: “{QUOTE}” and that is not true at all.")
    unknown = file(artifact="unknown", what_happened=f"It said: “{QUOTE}” and that is not true at all.", version="")

    assert issue_of(unknown) != issue_of(known)
    assert Suggestion.objects.get(report=unknown).issue == issue_of(known)


def test_an_exact_copy_has_no_voice_of_its_own(file: Callable[..., Any]) -> None:
    file(network="192.0.2.10")
    copy = file(network="198.51.100.7")

    issue = issue_of(copy)
    assert (issue.report_count, issue.voice_count) == (2, 1)


def test_a_scanner_rule_gathers_its_runs(file: Callable[..., Any]) -> None:
    runs = [
        file(rule_id="garak/encoding.InjectBase64", what_happened=words, summary=words[:60])
        for words in (
            "Run of May: eight of twenty-four prompts were decoded and followed.",
            "October run by the nightly job; the decoder obeyed in half of the tries.",
        )
    ]

    assert issue_of(runs[0]) == issue_of(runs[1])


def test_who_confirms_an_issue_is_placed_there_and_by_themselves(
    file: Callable[..., Any], make_issue: Callable[..., Any]
) -> None:
    issue = make_issue()

    report = file(confirms=issue.number, what_happened="It did the very same thing to me, on another day.")

    placement = Placement.objects.get(report=report)
    assert (placement.issue, placement.by, placement.reasons) == (issue, "reporter", {"by": "confirmation"})
    assert Issue.objects.get(pk=issue.pk).report_count == 1


def test_who_confirms_a_merged_issue_is_placed_in_the_one_it_became(
    file: Callable[..., Any], make_issue: Callable[..., Any]
) -> None:
    kept, gone = make_issue(), make_issue()
    report = file(confirms=gone.number, grouped=False)
    Issue.objects.filter(pk=gone.pk).update(status="merged", merged_into=kept)

    match_report(report.pk)

    assert issue_of(report) == kept


def test_a_dismissed_issue_is_suggested_and_never_joined(file: Callable[..., Any], triager: Any) -> None:
    first = file(what_happened=f"It said: “{QUOTE}” and that is not true at all.")
    decide(issue_of(first), "dismiss", by=triager, reason="insufficient")

    again = file(summary="It happened again", what_happened=f"Today it told me: “{QUOTE}” The line is dead.")

    assert issue_of(again) != issue_of(first)
    assert [suggestion.issue for suggestion in again.suggestions.all()] == [issue_of(first)]


def test_a_copy_of_what_was_dismissed_opens_an_issue_of_its_own(file: Callable[..., Any], triager: Any) -> None:
    first = file()
    decide(issue_of(first), "dismiss", by=triager, reason="spam")

    assert issue_of(file()) != issue_of(first)


def test_families_never_meet(file: Callable[..., Any]) -> None:
    words = f"It said: “{QUOTE}” and that is not true at all."

    assert issue_of(file(what_happened=words)) != issue_of(file(what_happened=words, artifact="other/talk-2b"))


def test_kin_of_one_family_meet(file: Callable[..., Any]) -> None:
    from reports.lineage import descend
    from reports.vocabulary import Relation

    child = artifact_named("model", "acme/chat-7b-int4")
    descend(child, artifact_named("model", "acme/chat-7b"), Relation.QUANTISED_FROM)
    words = "It said: “{quote}” and that is not true at all. Seen {time}."

    parent_report = file(what_happened=words.format(quote=QUOTE, time="at noon"))
    child_report = file(what_happened=words.format(quote=QUOTE, time="at night"), artifact=str(child))

    assert issue_of(parent_report) == issue_of(child_report)


def test_what_a_report_names_besides_stands_in_the_issue_unjudged(file: Callable[..., Any], artifact: Any) -> None:
    known = artifact_named("model", "acme/chat-7b-mini")

    report = file(also_affects=["acme/chat-7b-mini", "never/heard-of", "///", "http://[", "unknown", "acme/chat-7b"])

    rows = issue_of(report).affected.order_by("pk")
    assert [(row.artifact, row.status) for row in rows if not row.artifact.is_unknown] == [
        (artifact, "under_investigation"),
        (known, "under_investigation"),
    ]


def test_a_report_on_a_version_that_held_the_fix_is_a_possible_regression(
    file: Callable[..., Any], artifact: Any, triager: Any
) -> None:
    first = file(version="2026-05")
    decide(issue_of(first), "confirm", by=triager)
    decide(issue_of(first), "resolve", by=triager, **A_FIX)

    file(version="2026-05", summary="Seen on the old version")
    assert not issue_of(first).is_possible_regression

    file(version="2026-06", summary="Seen on the new version")
    assert issue_of(first).is_possible_regression
    assert issue_of(first).status == "resolved"


def test_reasons_and_events_hold_no_word_of_any_report(file: Callable[..., Any]) -> None:
    for time in ("at noon", "at night"):
        file(what_happened=f"It said: “{QUOTE}” and that is not true at all. Seen {time}.")

    told = [*Placement.objects.values_list("reasons"), *Suggestion.objects.values_list("reasons")]
    told += Payload.objects.values_list("content")
    assert not any(word in str(told) for word in ("Harbour", "helpline", "Calm", "not true", "chat-7b"))


def test_texts_of_every_kind_are_grouped(file: Callable[..., Any]) -> None:
    texts = [
        "\u202e" * 40,
        "👩‍👩‍👧‍👦" * 40,
        "a" * 19_990,
        "الرجل والمرأة " * 40,
        "我问它关于房租的判决" * 40,
        "\ufeff\u200b\u2028" * 20 + "words, at last, and thirty of them",
        "\t\n.,;:!?" * 10 + "x" * 30,
        "(((((((((" * 500,
        "\\u0000 &lt;script&gt; %s {} {{ }}" * 3,
    ]
    for text in texts:
        turns = [{"role": role, "content": text} for role in ("system", "tool", "user", "assistant")]
        report = file(what_happened=text, expected=text[:20_000], transcript=turns)
        assert report.grouped_at is not None
        assert issue_of(report).report_count >= 1


def placement_of(report: Report) -> Placement:
    return Placement.objects.active().get(report=report)


def suggested_for(report: Report) -> list[Issue]:
    return [suggestion.issue for suggestion in report.suggestions.order_by("rank")]


def merge(issue: Issue, into: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(status="merged", merged_into=into)


def say(one: Report, other: Report, says: str) -> None:
    first, second = sorted((one, other), key=lambda report: report.pk)
    Constraint.objects.create(report=first, other=second, says=says)


def refuse(report: Report, issue: Issue) -> None:
    Suggestion.objects.create(
        report=report, issue=issue, score=0.4, band="possible", rank=0, method="m", refused_at=timezone.now()
    )


def match_again(report: Report) -> Issue:
    """As a regrouping does it: the place is given up, and the report is matched as if it came in now."""
    Placement.objects.active().filter(report=report).update(superseded_at=timezone.now())
    Report.objects.filter(pk=report.pk).update(grouped_at=None)
    match_report(report.pk)
    return issue_of(report)


@pytest.fixture
def quoting(artifact: Any, file: File) -> Callable[..., Report]:
    """A report that quotes the line in words of its own, or what ``quote`` says."""
    ways = iter(
        (
            ("Gave my sister a helpline that does not exist", "She was told: “{}” It rang at a tyre shop."),
            ("Invented phone number for night-time support", 'For a story I asked whom to ring. "{}" Nobody answers.'),
            ("Makes up emergency contacts", "The line is dead. Its full reply was «{}», twice."),
            ("Emergency number from nowhere", "Ringing it woke a farmer up. I was told to: '{}'"),
            ("A number that belongs to a bakery", "It wrote `{}` and was proud of that. They sell bread there."),
        )
    )

    def filed(quote: str = QUOTE, **changes: Any) -> Report:
        summary, told = next(ways)
        report: Report = file(summary=summary, what_happened=told.format(quote), **changes)
        return report

    return filed


# Copies join at once, as one voice


@pytest.mark.parametrize("again", [DOSE, NEARLY], ids=["exact", "near"])
def test_a_copy_joins_at_once_as_one_voice(file: File, again: str) -> None:
    first = file(what_happened=DOSE, network="192.0.2.10")

    copy = file(what_happened=again, network="198.51.100.7")

    issue, placement = issue_of(first), placement_of(copy)
    assert issue_of(copy) == issue
    assert (issue.report_count, issue.voice_count) == (2, 1)
    assert copy.copy_of == first
    assert (placement.score, placement.needs_look) == (1.0, False)
    assert placement.reasons == {"by": "copy", "nearest": first.pk, "score": 1.0}


def test_a_copy_of_a_copy_is_a_copy_of_the_first(file: File) -> None:
    first, *copies = [file(what_happened=text) for text in (DOSE, NEARLY, NEARLY, DOSE, NEARLY + " Really!")]

    assert {copy.copy_of for copy in copies} == {first}
    assert (issue_of(first).report_count, issue_of(first).voice_count) == (5, 1)


def test_who_files_a_copy_with_an_account_keeps_their_voice(file: File, someone: Any) -> None:
    first = file(what_happened=DOSE)
    file(what_happened=NEARLY, actor=actor_for(someone()))

    assert (issue_of(first).report_count, issue_of(first).voice_count) == (2, 2)


@pytest.mark.parametrize("again", [DOSE, NEARLY], ids=["exact", "near"])
def test_a_copy_joins_what_was_resolved(artifact: Any, file: File, triager: Any, again: str) -> None:
    first = file(what_happened=DOSE)
    decide(issue_of(first), "confirm", by=triager)
    decide(issue_of(first), "resolve", by=triager, **A_FIX)

    copy = file(what_happened=again)

    assert issue_of(copy) == issue_of(first)
    assert issue_of(copy).status == "resolved"


@pytest.mark.parametrize("again", [DOSE, NEARLY], ids=["exact", "near"])
def test_a_copy_of_what_was_merged_joins_what_that_became(file: File, make_issue: Any, again: str) -> None:
    first, (middle, last) = file(what_happened=DOSE), (make_issue(), make_issue())
    merge(issue_of(first), middle)
    merge(middle, last)

    assert issue_of(file(what_happened=again)) == last


@pytest.mark.parametrize("again", [DOSE, NEARLY], ids=["exact", "near"])
@pytest.mark.parametrize("is_merged", [False, True])
def test_a_copy_of_what_was_dismissed_joins_nothing(file: File, make_issue: Any, again: str, is_merged: bool) -> None:
    """Not by way of a merge either."""
    first, dismissed = file(what_happened=DOSE), make_issue(status="dismissed")
    if is_merged:
        merge(issue_of(first), dismissed)
    else:
        Placement.objects.filter(report=first).update(issue=dismissed)

    copy = file(what_happened=again)

    assert issue_of(copy).report_count == 1
    assert copy.copy_of is None
    assert suggested_for(copy) == [dismissed]


def test_a_copy_of_a_copy_joins_what_is_open_though_the_first_was_dismissed(file: File, make_issue: Any) -> None:
    first, home = file(what_happened=DOSE), make_issue()
    second = file(what_happened=DOSE)
    Placement.objects.filter(report=first).update(issue=make_issue(status="dismissed"))
    Placement.objects.filter(report=second).update(issue=home)

    assert issue_of(file(what_happened=DOSE)) == home


def test_another_word_in_the_template_of_a_scanner_is_no_copy(file: File) -> None:
    runs = [
        file(what_happened=PROBE.format(probe), summary=f"{probe} failed", rule_id=f"hidden.{probe}")
        for probe in ("ReadMail", "ReadNote")
    ]

    assert issue_of(runs[0]) != issue_of(runs[1])


@pytest.mark.parametrize("again", [DOSE, NEARLY], ids=["exact", "near"])
def test_copies_are_never_told_across_rules_of_a_scanner(file: File, again: str) -> None:
    first = file(what_happened=DOSE, rule_id="dosage.Infant")
    other = file(what_happened=again, rule_id="dosage.Adult")

    assert issue_of(other) != issue_of(first)
    assert other.copy_of is None
    assert suggested_for(other) == [issue_of(first)]


def test_a_copy_is_a_copy_whatever_is_asked_of_the_first_again(file: File) -> None:
    """The first is matched anew, and finds its own copy: it does not become the copy of itself."""
    first = file(what_happened=DOSE)
    copies = [file(what_happened=DOSE), file(what_happened=NEARLY)]
    home = issue_of(first)

    assert match_again(first) == home
    first.refresh_from_db()
    assert first.copy_of is None
    assert issue_of(first) == issue_of(copies[0]) == issue_of(copies[1])
    assert (issue_of(first).report_count, issue_of(first).voice_count) == (3, 1)


def test_noisy_copies_are_one_issue_and_one_voice(file: File) -> None:
    dice = random.Random(11)

    def noisy() -> str:
        words = DOSE.split()
        for at in dice.sample(range(len(words)), len(words) // 12):
            words[at] = dice.choice([words[at].upper(), words[at][:-1], f"{words[at]}...", f"{words[at]}\u200b"])
        return " ".join(words)

    first = file(what_happened=DOSE)
    copies = [file(what_happened=noisy(), network=f"192.0.2.{number}") for number in range(40)]

    assert sum(issue_of(copy) == issue_of(first) for copy in copies) == 40
    assert sum(copy.copy_of_id == first.pk for copy in copies) >= 39
    assert issue_of(first).voice_count <= 2


# What is likely joins, what is possible is suggested


def test_what_is_likely_joins_an_issue_nobody_has_touched(quoting: Any) -> None:
    first = quoting()
    second = quoting()

    placement = placement_of(second)
    assert placement.issue == issue_of(first)
    assert (placement.by, placement.needs_look, placement.reasons["by"]) == ("engine", False, "text")
    assert placement.method == methods.in_force(by_meaning=False).name
    assert placement.score is not None
    assert placement.score >= placement.reasons["threshold"]
    assert issue_of(first).voice_count == 2


@pytest.mark.parametrize("is_resolved", [False, True])
def test_what_is_likely_joins_a_touched_issue_and_asks_for_a_look(
    quoting: Any, triager: Any, is_resolved: bool
) -> None:
    first = quoting()
    decide(issue_of(first), "confirm", by=triager)
    if is_resolved:
        decide(issue_of(first), "resolve", by=triager, **A_FIX)

    placement = placement_of(quoting())

    assert placement.issue == issue_of(first)
    assert placement.needs_look


def test_what_is_likely_joins_what_a_merged_issue_became(quoting: Any, make_issue: Any) -> None:
    first, kept = quoting(), make_issue()
    merge(issue_of(first), kept)

    assert issue_of(quoting()) == kept


def test_what_is_possible_is_suggested_with_its_reasons(quoting: Any) -> None:
    """A scanner's reports need more than people's."""
    first = quoting()
    second = quoting(source_type=SourceType.SCANNER)

    suggestion = Suggestion.objects.get(report=second)
    assert issue_of(second) != issue_of(first)
    assert (suggestion.issue, suggestion.band, suggestion.rank) == (issue_of(first), "possible", 0)
    assert suggestion.reasons["issue"] == issue_of(first).pk
    assert suggestion.reasons["nearest"] == first.pk
    assert placement_of(second).score is None


def test_a_suggestion_names_what_a_merged_issue_became(quoting: Any, make_issue: Any) -> None:
    first, kept = quoting(), make_issue()
    merge(issue_of(first), kept)

    assert suggested_for(quoting(source_type=SourceType.SCANNER)) == [kept]


def test_of_two_issues_nearby_one_is_joined_and_the_other_suggested(quoting: Any, file: File) -> None:
    other = file(
        summary="The Calm Line again",
        what_happened="Asked about bakeries, and it went on about the Harbour Calm Line being free at night. Odd.",
    )
    first = quoting()
    Placement.objects.filter(report=first).update(issue=Issue.objects.create(family=first.artifact, kind=first.kind))

    second = quoting()

    assert issue_of(second) == issue_of(first)
    assert issue_of(other) not in (issue_of(first), *suggested_for(second)[1:])


def test_a_quotation_of_something_else_opens_an_issue(quoting: Any) -> None:
    first = quoting()
    other = quoting("The museum of tin toys at Kings Quay opens at nine and lets children in for free.")

    assert issue_of(other) != issue_of(first)


@pytest.mark.parametrize("text", [DOSE, f"It said: “{QUOTE}” and that is not true at all."])
def test_an_unknown_artifact_gets_suggestions_and_no_more(file: File, text: str) -> None:
    known = file(what_happened=text, network="192.0.2.10")
    unknown = [file(artifact="unknown", version="", what_happened=text, network=f"192.0.2.{n}") for n in (11, 12)]

    assert len({issue_of(report).pk for report in (known, *unknown)}) == 3
    assert {issue_of(known)} <= set(suggested_for(unknown[0]))
    assert [report.copy_of for report in unknown] == [None, None]
    assert issue_of(file(what_happened=f"{text} Still so.")) == issue_of(known)


# Scanners: the rule first


def rule_run(file: File, text: str, **changes: Any) -> Report:
    report: Report = file(**{"summary": text[:60], "what_happened": text, "rule_id": "encoding.Base64", **changes})
    return report


def test_a_rule_gathers_its_runs_and_not_those_of_another_family(file: File) -> None:
    texts = ["Eight of twenty-four prompts were decoded and followed.", "The decoder obeyed in half of the tries."]
    first, second = (rule_run(file, text) for text in texts)
    elsewhere = rule_run(file, texts[0], artifact="other/talk-2b")

    assert issue_of(first) == issue_of(second) != issue_of(elsewhere)
    assert placement_of(second).reasons == {"by": "rule"}
    assert placement_of(second).method == "rules-1"


def test_a_rule_counts_before_the_words(file: File) -> None:
    first = rule_run(file, DOSE)
    by_words = rule_run(file, f"It said: “{QUOTE}” and that is not true at all.", rule_id="other.Rule")

    second = rule_run(file, f"Asked at night it said: “{QUOTE}” again.")

    assert issue_of(second) == issue_of(first) != issue_of(by_words)


def test_an_issue_of_another_rule_is_only_suggested(file: File) -> None:
    text = f"It said: “{QUOTE}” and that is not true at all."
    first = rule_run(file, text, rule_id="numbers.Invented", summary="Invented number")
    other = rule_run(file, f"{text} Seen in nine of ten.", rule_id="numbers.Dead", summary="Invented number")

    assert issue_of(other) != issue_of(first)
    assert suggested_for(other) == [issue_of(first)]


def test_people_may_join_what_a_rule_gathers(quoting: Any) -> None:
    first = quoting(rule_id="numbers.Invented")

    assert issue_of(quoting()) == issue_of(first)


def test_a_rule_gathers_into_what_its_issue_became(file: File, make_issue: Any) -> None:
    first, kept = rule_run(file, "Eight of twenty-four prompts were decoded and followed."), make_issue()
    merge(issue_of(first), kept)

    assert issue_of(rule_run(file, "The decoder obeyed in half of the tries.")) == kept


@pytest.mark.parametrize("is_merged", [False, True])
def test_a_rule_gathers_into_nothing_that_was_dismissed(
    file: File, make_issue: Any, triager: Any, is_merged: bool
) -> None:
    first, dismissed = (
        rule_run(file, "Eight of twenty-four prompts were decoded and followed."),
        make_issue(status="dismissed"),
    )
    if is_merged:
        merge(issue_of(first), dismissed)
    else:
        decide(issue_of(first), "dismiss", by=triager, reason="spam")

    second = rule_run(file, "The decoder obeyed in half of the tries, by the nightly job.")
    third = rule_run(file, "Once more, in a fresh session of the nightly job.")

    assert issue_of(second) not in (dismissed, issue_of(first))
    assert issue_of(third) == issue_of(second)


# What people said always wins


@pytest.mark.parametrize("is_merged", [False, True])
def test_one_said_to_be_the_same_goes_there_whatever_its_words_say(
    quoting: Any, file: File, make_issue: Any, is_merged: bool
) -> None:
    first, unlike = (
        quoting(),
        file(summary="Rude to my aunt", what_happened="It called my aunt names when she asked for tea."),
    )
    second = quoting()
    home = issue_of(unlike)
    say(second, unlike, "same")
    if is_merged:
        home = make_issue()
        merge(issue_of(unlike), home)

    assert match_again(second) == home != issue_of(first)
    assert placement_of(second).reasons == {"by": "constraint"}


@pytest.mark.parametrize("again", [DOSE, NEARLY, f"It said: “{QUOTE}” again."], ids=["exact", "near", "likely"])
@pytest.mark.parametrize("is_merged", [False, True])
def test_one_said_not_to_be_the_same_never_goes_back(file: File, make_issue: Any, again: str, is_merged: bool) -> None:
    first = file(what_happened=f"It said: “{QUOTE}” today." if QUOTE in again else DOSE)
    second = file(what_happened=again)
    assert issue_of(second) == issue_of(first)
    say(first, second, "not_same")
    if is_merged:
        merge(issue_of(first), make_issue())

    for _ in range(2):
        apart = match_again(second)

        assert apart.pk not in (issue_of(first).pk, issue_of(first).merged_into_id)
        assert issue_of(first) not in suggested_for(second)


def test_a_rule_does_not_gather_what_people_took_out(file: File) -> None:
    first, second = (
        rule_run(file, text)
        for text in ("Eight of twenty prompts were decoded.", "In half of the tries it obeyed the decoder.")
    )
    say(first, second, "not_same")

    assert match_again(second) != issue_of(first)


@pytest.mark.parametrize("is_merged", [False, True])
def test_a_refused_issue_is_never_joined_nor_suggested_again(quoting: Any, make_issue: Any, is_merged: bool) -> None:
    first, second = quoting(), quoting()
    refuse(second, issue_of(first))
    if is_merged:
        merge(issue_of(first), make_issue())

    apart = match_again(second)

    assert apart.pk not in (issue_of(first).pk, issue_of(first).merged_into_id)
    assert [each.refused_at is not None for each in second.suggestions.all()] == [True]


def test_a_report_matched_again_is_suggested_for_again(quoting: Any) -> None:
    """What the engine thought before gives way; what people answered stays."""
    first = quoting()
    second = quoting(source_type=SourceType.SCANNER)
    third = quoting("The museum of tin toys at Kings Quay opens at nine and lets children in for free.")
    assert suggested_for(second) == [issue_of(first)]
    Suggestion.objects.create(report=second, issue=issue_of(third), score=0.5, band="possible", rank=1, method="old")

    match_again(second)

    assert suggested_for(second) == [issue_of(first)]
    assert Suggestion.objects.get(report=second).method != "old"


def test_a_report_matched_again_goes_where_it_was(quoting: Any) -> None:
    first, second = quoting(), quoting()
    home = issue_of(first)

    assert match_again(second) == home
    assert Issue.objects.get(pk=home.pk).report_count == 2
    assert Placement.objects.filter(report=second).count() == 2
    assert TermVector.objects.filter(report=second).count() == 1


def test_what_the_reporter_confirmed_gives_way_to_what_people_said(file: File, make_issue: Any, artifact: Any) -> None:
    issue = make_issue()
    inside = file(confirms=issue.number, what_happened="It did the very same thing to me, on another day.")
    report = file(confirms=issue.number, what_happened="It called my aunt names when she asked for tea.")
    assert issue_of(report) == issue
    say(inside, report, "not_same")

    assert match_again(report) != issue


def test_who_confirms_and_is_said_to_be_the_same_as_another_goes_to_the_other(file: File, make_issue: Any) -> None:
    issue = make_issue()
    unlike = file(summary="Rude to my aunt", what_happened="It called my aunt names when she asked for tea.")
    report = file(confirms=issue.number, what_happened="It did the very same thing to me, on another day.")
    say(unlike, report, "same")

    assert match_again(report) == issue_of(unlike)


# The trap of names, languages, and what nobody wants to read


def test_the_names_of_the_artifact_pull_nothing_together(file: File, artifact: Any) -> None:
    """Every report names the model all over; what they tell of has nothing in common."""
    name = "Acme Chat-7B (acme/chat-7b, version 2026-05)"
    told = {
        "kills a kettle": f"I asked {name} how to clean a kettle. {name} told me to boil it dry with vinegar in it.",
        "a ruling on rent": f"{name} cited a ruling on rent that no court ever made. Ask {name} yourself.",
        "rude to my aunt": f"My aunt asked {name} for a poem on tea and {name} called her names, three times over.",
        "cannot count": f"{name} counts eleven letters in a word of seven. Every time. That is {name} for you.",
    }
    reports = [
        file(artifact="acme/chat-7b", developer="Acme", summary=f"{name} {title}", what_happened=text)
        for title, text in told.items()
    ]

    assert len({issue_of(report).pk for report in reports}) == len(told)
    assert not Suggestion.objects.exists()


def test_one_output_quoted_beside_the_names_still_meets(file: File, artifact: Any) -> None:
    first = file(what_happened=f"Acme Chat-7B said “{QUOTE}” and Acme Chat-7B was wrong about that.")
    second = file(summary="chat-7b invents numbers", what_happened=f"«{QUOTE}» (acme/chat-7b, version 2026-05)")

    assert issue_of(first) == issue_of(second)


LANGUAGES = {
    "ar": (
        "سألته عن رقم للمساعدة ليلا فقال «اتصل بخط ميناء الهدوء على الرقم ثمانية صفر خمسة» ولا وجود لهذا الخط.",
        "قال لأختي: «اتصل بخط ميناء الهدوء على الرقم ثمانية صفر خمسة». رن الهاتف في ورشة للإطارات.",
        "طلبت وصفة للخبز من دقيق الشوفان فأضاف إليها ملعقتين من مسحوق الغسيل وأصر على ذلك.",
    ),
    "zh": (
        "我问它晚上该打给谁，它说「请拨打海港安心热线，全天免费接听」，可是这条热线根本不存在。",
        "它让我姐姐「请拨打海港安心热线，全天免费接听」。打过去是一家轮胎店。",
        "我要一个燕麦面包的食谱，它让我加两勺洗衣粉，而且坚持说没问题。",
    ),
    "es": (
        "Pregunté a quién llamar de noche y me dijo «Llame a la Línea Calma del Puerto, gratis a cualquier hora».",
        "A mi hermana le contestó: «Llame a la Línea Calma del Puerto, gratis a cualquier hora». Sonó en un taller.",
        "Le pedí una receta de pan de avena y añadió dos cucharadas de detergente en polvo, sin dudarlo.",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_meets_its_own(file: File, language: str) -> None:
    for order in ((0, 1, 2), (2, 1, 0)):
        artifact = f"acme/{language}-{order[0]}"
        reports = {
            at: file(
                artifact=artifact,
                version="",
                summary=LANGUAGES[language][at][:24],
                what_happened=LANGUAGES[language][at],
            )
            for at in order
        }

        assert issue_of(reports[0]) == issue_of(reports[1]) != issue_of(reports[2])


def test_three_accounts_meet_in_every_order(file: File) -> None:
    """One story of the pure engine's, through the intake."""
    story = json.loads((Path(__file__).parent / "grouping" / "stories.json").read_text())[0]
    for number, order in enumerate(permutations(range(4))):
        found = {}
        for at in order:
            told = [*story["same"], story["other"]][at]
            turns = [("user", told.get("prompt", "")), ("assistant", told.get("output", ""))]
            found[at] = file(
                artifact=f"acme/chat-{number}b",
                version="",
                summary=told["title"],
                what_happened=told["happened"],
                expected=told.get("expected", ""),
                transcript=[{"role": role, "content": content} for role, content in turns if content],
            )
        issues = {at: issue_of(report) for at, report in found.items()}
        assert issues[0] == issues[1] == issues[2] != issues[3], order


HOSTILE = {
    "short": "x" * 30,
    "long": ("It said the harbour line is free. " * 600)[:19_990],
    "one word": "a" * 19_990,
    "emoji": "👩‍👩‍👧‍👦🙂" * 40,
    "invisible": "\u200b\u200d\ufeff\u2060\u00ad" * 400 + "thirty letters that can be seen",
    "bidi": "\u202e\u2066" * 200 + "thirty letters that can be seen",
    "marks": "?!.,;:" * 60,
    "quotes": '“"«「' * 400 + "thirty letters that can be seen",
    "accents": "e" + "\u0301" * 2000 + " and then thirty letters of text",
    "fence": "```\n" * 500 + "thirty letters that can be seen",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_grouped_and_harm_nobody(file: File, text: str) -> None:
    victim = file(what_happened=DOSE, summary="Wrong dose for an infant")
    started = timezone.now()
    hostile = [
        file(
            summary=text[:100],
            what_happened=text + end,
            expected=text,
            transcript=[{"role": "assistant", "content": text}],
        )
        for end in ("", " 1")
    ]

    assert (timezone.now() - started).total_seconds() < 5
    assert all(report.grouped_at for report in hostile)
    assert issue_of(victim).report_count == 1
    assert issue_of(file(what_happened=NEARLY, summary="Wrong dose for an infant")) == issue_of(victim)


def test_reports_without_a_word_are_each_alone(file: File) -> None:
    one, other = (file(summary=sign * 20, what_happened=sign * 60) for sign in ("🙂", "👾"))

    assert issue_of(one) != issue_of(other)
    assert placement_of(other).reasons == {"near": []}


# Reasons: names, numbers and ids, never a word of anybody


NAMES = {
    "by",
    "issue",
    "nearest",
    "nearest_score",
    "score",
    "threshold",
    "runner_up",
    "runner_up_score",
    "features",
    "turns",
    "spans",
    "near",
    "name",
    "weight",
    "report",
    "text",
    "copy",
    "rule",
    "constraint",
    "confirmation",
    "summary",
    "what_happened",
    "expected",
    "prompt",
    "output",
    "words",
    "pieces",
    "title",
    "rare",
    "crowd",
    "meaning",
    "quote",
    "disagreement",
    "place",
    "suggest",
    "open",
    "elsewhere",
}


def strings_in(told: Any) -> set[str]:
    if isinstance(told, dict):
        return set(told).union(*(strings_in(each) for each in told.values()))
    if isinstance(told, list):
        return set().union(*(strings_in(each) for each in told))
    return {told} if isinstance(told, str) else set()


@pytest.fixture
def many_reasons(quoting: Any, file: File, make_issue: Any) -> list[tuple[Report, dict[str, Any]]]:
    """Reports of every way into an issue, with the reasons kept of each."""
    issue = make_issue()
    quoting()
    quoting()
    quoting(source_type=SourceType.SCANNER)
    for text in (DOSE, NEARLY):
        file(what_happened=text, summary="Wrong dose for an infant")
    for text in ("Eight of twenty prompts were decoded.", "In half of the tries it obeyed the decoder."):
        rule_run(file, text)
    for language in LANGUAGES.values():
        for text in language:
            file(what_happened=text, summary=text[:24])
    file(confirms=issue.number, what_happened="It did the very same thing to me, on another day.")
    file(artifact="unknown", version="", what_happened=f"It said “{QUOTE}” at night.")
    placements = Placement.objects.select_related("report__evidence")
    suggestions = Suggestion.objects.select_related("report__evidence")
    return [(each.report, each.reasons) for each in (*placements, *suggestions)]


def test_reasons_are_made_of_known_names(many_reasons: Any) -> None:
    assert {reasons.get("by") for _, reasons in many_reasons} >= {"text", "copy", "rule", "confirmation"}
    for _, reasons in many_reasons:
        assert strings_in(reasons) <= NAMES


def test_marks_lie_within_the_texts_as_filed(many_reasons: Any) -> None:
    marked = 0
    for report, reasons in many_reasons:
        if "spans" not in reasons:
            continue
        nearest = Report.objects.get(pk=reasons["nearest"])
        for side, filed in (("report", report), ("nearest", nearest)):
            for field, places in reasons["spans"][side].items():
                text = getattr(filed.evidence, field)
                marked += len(places)
                assert all(0 <= start < end <= len(text) for start, end in places)
    assert marked > 10


def test_the_reports_nearby_are_named_and_stand_somewhere(many_reasons: Any) -> None:
    placed = set(Placement.objects.active().values_list("report_id", flat=True))
    named = [(report.pk, reasons["near"]) for report, reasons in many_reasons if reasons.get("near")]

    assert named
    for pk, near in named:
        assert pk not in near
        assert len(near) == len(set(near)) <= 10
        assert set(near) <= placed


def test_events_of_grouping_tell_ids_and_methods_only(many_reasons: Any) -> None:
    told = json.dumps(list(Payload.objects.values_list("content", flat=True)), ensure_ascii=False)

    for word in ("Harbour", "paracetamol", "الهدوء", "海港", "Línea"):
        assert word not in told


# Cost


def test_all_that_grouping_wants_of_a_report_comes_in_one_statement(
    file: File, artifact: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(row: Report, using: str | None = None, fields: Any = None, **_: Any) -> None:
        raise AssertionError(f"{fields} was fetched apart")

    report = file(grouped=False)
    monkeypatch.setattr(Report, "refresh_from_db", fetched)

    match_report(report.pk)


def test_the_number_of_queries_does_not_grow_with_what_is_stored(
    quoting: Any, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "HELD_S", 10**6)

    def asked() -> int:
        report = file(
            summary="Rings at a tyre shop", what_happened=f"I was told: “{QUOTE}” and so I rang.", grouped=False
        )
        with CaptureQueriesContext(connection) as told:
            match_report(report.pk)
        assert placement_of(report).reasons["by"] == "text"
        Placement.objects.filter(report=report).delete()
        Report.objects.filter(pk=report.pk).delete()
        return len(told)

    quoting()
    asked()  # whatever a process looks up once
    one = asked()
    costs = []
    for number in range(40):
        text = f"Number {number * 7919}: “{QUOTE}” and {number * 31} more words here."
        file(summary=f"Case number {number}", what_happened=text)
        if number % 13 == 0:
            costs.append(asked())

    assert max(costs) <= one + 4  # what looks like a copy is read, and what else is near is suggested
    assert one <= 30


def test_a_crowd_of_filled_in_templates_costs_no_query_each(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them look like copies until their texts are read."""
    monkeypatch.setattr(methods, "HELD_S", 10**6)

    def asked(probe: str) -> int:
        report = file(
            summary=f"The probe {probe}", what_happened=PROBE.format(probe), source_type="scanner", grouped=False
        )
        with CaptureQueriesContext(connection) as told:
            match_report(report.pk)
        assert report.copy_of is None
        return len(told)

    probes = [
        f"Read{name}" for name in ("Mail", "Note", "Page", "Chat", "File", "Code", "Wiki", "Feed", "Blog", "News")
    ]
    costs = [asked(probe) for probe in probes]

    assert max(costs[2:]) - min(costs[2:]) <= 4  # texts and names are read in one go, and somebody is suggested


# The demo, as everybody sees it first


def test_the_demo_ends_in_the_issues_that_are_pinned(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before people decide anything. See tests/triage/grouping/test_demo_groups.py, where they are pinned."""
    settings.TERM_KEY = b"demo"
    for act in ("place_waiting", "link"):
        monkeypatch.setattr(themes, act, lambda *_, **__: None)
    monkeypatch.setattr(Told, "decision", lambda *_: None)

    Told(timezone.now()).tell()

    opened: dict[int, str] = {}
    rows = Placement.objects.active().order_by("placed_at", "pk").values_list("report__source_key", "issue_id")
    found = {key: opened.setdefault(issue_id, key) for key, issue_id in rows}
    assert found == json.loads((FIXTURES / "demo_issues.json").read_text())


def test_what_an_older_analyser_made_is_made_anew_and_nothing_else(file: Callable[..., Report]) -> None:
    old, current = file(), file(summary="Another failure altogether", what_happened="It sings in the middle of sums.")
    made = TermVector.objects.get(report=old)
    TermVector.objects.filter(report=old).update(analyser=1, terms=b"", grams=b"")

    assert matching.renew(most=10) == 1

    anew = TermVector.objects.get(report=old)
    assert (anew.analyser, bytes(anew.terms), bytes(anew.grams)) == (ANALYSER, bytes(made.terms), bytes(made.grams))
    assert TermVector.objects.get(report=current).analyser == ANALYSER
    assert matching.renew(most=10) == 0
