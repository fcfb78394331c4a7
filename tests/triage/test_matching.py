"""Grouping through the real intake."""

from collections.abc import Callable
from typing import Any

from reports.models import Issue, Placement, Report
from triage.models import Suggestion, TermVector

QUOTE = "You can call the Harbour Calm Line at 0800 555 0199, free at any hour of the night."


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
    from triage.matching import match_report

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
    from triage.matching import match_report

    kept, gone = make_issue(), make_issue()
    report = file(confirms=gone.number, grouped=False)
    Issue.objects.filter(pk=gone.pk).update(status="merged", merged_into=kept)

    match_report(report.pk)

    assert issue_of(report) == kept


def test_a_dismissed_issue_is_suggested_and_never_joined(file: Callable[..., Any], triager: Any) -> None:
    from triage.decisions import decide

    first = file(what_happened=f"It said: “{QUOTE}” and that is not true at all.")
    decide(issue_of(first), "dismiss", by=triager, reason="insufficient")

    again = file(summary="It happened again", what_happened=f"Today it told me: “{QUOTE}” The line is dead.")

    assert issue_of(again) != issue_of(first)
    assert [suggestion.issue for suggestion in again.suggestions.all()] == [issue_of(first)]


def test_a_copy_of_what_was_dismissed_opens_an_issue_of_its_own(file: Callable[..., Any], triager: Any) -> None:
    from triage.decisions import decide

    first = file()
    decide(issue_of(first), "dismiss", by=triager, reason="spam")

    assert issue_of(file()) != issue_of(first)


def test_families_never_meet(file: Callable[..., Any]) -> None:
    words = f"It said: “{QUOTE}” and that is not true at all."

    assert issue_of(file(what_happened=words)) != issue_of(file(what_happened=words, artifact="other/talk-2b"))


def test_kin_of_one_family_meet(file: Callable[..., Any]) -> None:
    from reports.lineage import descend
    from reports.naming import artifact_named
    from reports.vocabulary import Relation

    child = artifact_named("model", "acme/chat-7b-int4")
    descend(child, artifact_named("model", "acme/chat-7b"), Relation.QUANTISED_FROM)
    words = "It said: “{quote}” and that is not true at all. Seen {time}."

    parent_report = file(what_happened=words.format(quote=QUOTE, time="at noon"))
    child_report = file(what_happened=words.format(quote=QUOTE, time="at night"), artifact=str(child))

    assert issue_of(parent_report) == issue_of(child_report)


def test_what_a_report_names_besides_stands_in_the_issue_unjudged(file: Callable[..., Any], artifact: Any) -> None:
    from reports.naming import artifact_named

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
    from triage.decisions import decide

    first = file(version="2026-05")
    decide(issue_of(first), "confirm", by=triager)
    decide(issue_of(first), "resolve", by=triager, reason="fixed", fixed_in="2026-06")

    file(version="2026-05", summary="Seen on the old version")
    assert not issue_of(first).is_possible_regression

    file(version="2026-06", summary="Seen on the new version")
    assert issue_of(first).is_possible_regression
    assert issue_of(first).status == "resolved"


def test_reasons_and_events_hold_no_word_of_any_report(file: Callable[..., Any]) -> None:
    from ledger.models import Payload

    for time in ("at noon", "at night"):
        file(what_happened=f"It said: “{QUOTE}” and that is not true at all. Seen {time}.")

    told = [*Placement.objects.values_list("reasons"), *Suggestion.objects.values_list("reasons")]
    told += Payload.objects.values_list("content")
    assert not any(word in str(told) for word in ("Harbour", "helpline", "Calm", "not true", "chat-7b"))


def test_texts_of_every_kind_are_grouped(file: Callable[..., Any]) -> None:
    texts = [
        "\u202e" * 40,
        "👩‍👩‍👧‍👦" * 40,
        "a" * 20_000,
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
