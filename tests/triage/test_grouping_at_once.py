"""Eight workers at once, on one family and on eight: nobody waits for ever, nothing is grouped twice or lost."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import connection

from ledger.models import Event
from reports.models import Affected, DailyCount, Issue, Placement, Report
from triage.matching import match_report
from triage.models import TermVector

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8
REPORTS = 80
TWICE = 24  # of them are handed to two workers
PATIENCE = 60  # seconds

File = Callable[..., Any]


def invented(dice: random.Random, count: int) -> str:
    """Words of no language, so that two texts have in common what they are given in common, in whatever order."""
    syllables = ("ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "pa", "re", "si", "tu", "va", "zo")
    return " ".join("".join(dice.choices(syllables, k=4)) for _ in range(count))


def stories(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """What ``count`` reports say: ten failures, by copies, by a rule and by quotations."""
    quotes = [invented(dice, 9) for _ in range(10)]
    copied = invented(dice, 60)
    for number in range(count):
        failure, way = number % 10, number // 10
        told = {"summary": invented(dice, 4), "what_happened": f"{invented(dice, 12)}: “{quotes[failure]}”"}
        if failure == 0:
            told |= {"summary": "The same thing over and over", "what_happened": copied}
        if failure == 1:
            told |= {"what_happened": copied + " and so on" * way, "summary": "The same thing over and over"}
        if failure == 2:
            told |= {"what_happened": invented(dice, 20), "rule_id": "probe.Same"}
        yield told


def filed(file: File, families: Sequence[str], told: Sequence[dict[str, Any]]) -> list[int]:
    """The reports' numbers, each family having its share."""
    return [
        file(artifact=families[at % len(families)], version="", grouped=False, network=f"192.0.2.{at}", **each).pk
        for at, each in enumerate(told)
    ]


def groups(report_ids: Sequence[int]) -> set[frozenset[int]]:
    """Which of them stand together, by their places in the list."""
    places = {report_id: at for at, report_id in enumerate(report_ids)}
    issues: dict[int, set[int]] = {}
    for report_id, issue_id in Placement.objects.active().values_list("report_id", "issue_id"):
        if report_id in places:
            issues.setdefault(issue_id, set()).add(places[report_id])
    return {frozenset(each) for each in issues.values()}


def shared_out(report_ids: Sequence[int], dice: random.Random) -> list[list[int]]:
    """Everything to somebody, some things to two, in no order."""
    handed = [*report_ids, *dice.sample(report_ids, TWICE)]
    dice.shuffle(handed)
    return [handed[start::WORKERS] for start in range(WORKERS)]


def work(shares: Sequence[Sequence[int]]) -> list[BaseException]:
    """All begin at once; returns what went wrong."""
    start, wrong = threading.Barrier(len(shares)), []

    def match(share: Sequence[int]) -> None:
        try:
            start.wait(PATIENCE)
            for report_id in share:
                match_report(report_id)
        except BaseException as error:
            wrong.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=match, args=(share,), daemon=True) for share in shares]
    connection.close()  # the pool holds eight
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return wrong


@pytest.mark.parametrize("count", [1, 8], ids=["one family", "eight families"])
def test_eight_workers_group_as_one_would(file: File, count: int) -> None:
    dice = random.Random(count)
    told = list(stories(dice, REPORTS))
    alone = filed(file, [f"alone/chat-{at}b" for at in range(count)], told)
    for report_id in alone:
        match_report(report_id)
    expected = groups(alone)

    at_once = filed(file, [f"crowd/chat-{at}b" for at in range(count)], told)
    wrong = work(shared_out(at_once, dice))

    assert wrong == []
    assert not Report.objects.filter(grouped_at=None).exists()
    assert set(Counter(Placement.objects.values_list("report_id", flat=True)).values()) == {1}
    assert TermVector.objects.count() == 2 * REPORTS
    assert Event.objects.filter(verb="group").count() == 2 * REPORTS
    assert groups(at_once) == expected
    assert sorted(Counter(map(len, expected))) != [1], "somebody should meet somebody"
    assert_no_double_issue()
    assert_counts_hold()


def assert_no_double_issue() -> None:
    """No text and no rule has two open issues in one family."""
    rows = Placement.objects.active().values_list(
        "issue_id", "report__artifact__family_id", "report__rule_id", "report__term_vector__copy_digest"
    )
    by_text: dict[tuple[int | None, bytes], set[int]] = {}
    by_rule: dict[tuple[int | None, str], set[int]] = {}
    for issue_id, family_id, rule_id, digest in rows:
        by_text.setdefault((family_id, bytes(digest)), set()).add(issue_id)
        if rule_id:
            by_rule.setdefault((family_id, rule_id), set()).add(issue_id)
    assert {len(each) for each in (*by_text.values(), *by_rule.values())} == {1}


def assert_counts_hold() -> None:
    """What stands with an issue is what its placements add up to."""
    for issue in Issue.objects.all():
        reports = Report.objects.filter(placements__issue=issue)
        assert issue.report_count == reports.count() > 0
        assert issue.voice_count == reports.values("voice_key").distinct().count()
        assert sum(DailyCount.objects.filter(issue=issue).values_list("report_count", flat=True)) == issue.report_count
        assert Affected.objects.filter(issue=issue).count() == 1
