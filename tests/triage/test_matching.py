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
