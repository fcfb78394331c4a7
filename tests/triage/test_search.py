"""What a search asks, what of it is explained instead, and what it finds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.actors import actor_for
from accounts.policy import ANONYMOUS, Actor
from reports.models import Issue, Report, Signal
from triage import grammar, sealing, search
from triage.counting import recount
from triage.filters import QueueFilter
from triage.models import Claim, Theme, ThemeIssue
from triage.questions import QUESTIONS, like

Make = Callable[..., Any]
TRIAGER = Actor(user_id=1, roles=frozenset({"triager"}))

WORDS = st.sampled_from([*QUESTIONS, "foo", "İs", "-is", "a"])
TERMS = st.builds(
    lambda sign, name, values: f"{sign}{name}:{','.join(values)}",
    st.sampled_from(["", "-", "--"]),
    WORDS,
    st.lists(st.sampled_from(["new", '"a b"', ">3", "..", "5..", "", '"', "none", "2026-13", "7d", "x" * 400])),
)
HOSTILE = st.text(alphabet=st.sampled_from(list('ab:-", .<>=*\n\x00“”١ \u202eé\ud800')), max_size=80)


@given(st.one_of(HOSTILE, st.text(max_size=1_500), st.lists(TERMS, max_size=60).map(" ".join)))
@example('"' * 1_200)
@example("is:" + "new," * 500)
@example("a" * 5_000)
@example('"a' * 333)
def test_whatever_is_typed_is_read_once_and_for_all(text: str) -> None:
    query = search.parse(text)

    assert search.parse(query.text).terms == query.terms
    assert len(query.text) <= grammar.LONGEST
    assert len(query.terms) <= grammar.MOST
    assert all(len(term.values) <= grammar.MOST for term in query.terms)
    assert len(query.chips) == len(query.terms)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("  IS:New   kind:'x'", "is:new kind:'x'"),
        ('kind:"False information"', "kind:false_information"),
        ("is:possible_regression", "is:possible-regression"),
        ("“exact  words” rest", '"exact words" rest'),
        ("is:new,new,,confirmed", "is:new,confirmed"),
        ("tt-2026-00001", "number:TT-2026-00001"),
        ("severity:>=HIGH", "severity:>=high"),
        ("", ""),
    ],
)
def test_a_search_is_written_in_one_way(typed: str, written: str) -> None:
    assert search.parse(typed).text == written


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("is:waitin", "“is:” knows no “waitin”. Did you mean “waiting”? It takes: new, confirmed"),
        ("foo:bar", "“foo:” cannot be asked. What can be: is:, artifact:"),
        ("status:new", "“status:” cannot be asked. Did you mean “is:”?"),
        ("severty:high", "“severty:” cannot be asked. Did you mean “severity:”?"),
        ("disputed:yes", "“disputed:” cannot be asked. Did you mean “is:disputed”?"),
        ("severity:>=hi", "Did you mean “high”?"),
        ("voices:many", "“voices:” knows no “many”. It takes: 3, >3, <=10, 5..20."),
        ("voices:..", "“voices:” knows no “..”."),
        ("voices:99999999999", "“voices:” knows no “99999999999”."),
        ("age:7", "“age:” knows no “7”. It takes: <7d"),
        ("opened:2026-02-30", "“opened:” knows no “2026-02-30”."),
        ("language:e", "“language:” knows no “e”."),
        ("theme:first", "“theme:” knows no “first”."),
        ("number:12a", "“number:” knows no “12a”."),
        ("is:", "“is:” needs something behind it: new"),
        ("sort:age,new", "One order at a time"),
        ("the", "“the” says too little"),
        ("-the ruling", "“the” says too little"),
        ("x" * 1_001, "A search has 1000 characters at most."),
    ],
)
def test_what_is_not_understood_is_explained(typed: str, said: str) -> None:
    ((word, sentence),) = search.parse(typed).errors

    assert said in sentence
    assert word in search.parse(typed).text


@pytest.mark.django_db
def test_what_is_not_understood_finds_nothing(make_issue: Make) -> None:
    make_issue(status="new")

    assert not search.found(search.parse("is:new foo:bar"), TRIAGER).exists()
    assert search.page(search.parse("is:new foo:bar"), TRIAGER).paginator.count == 0


def test_a_chip_has_the_search_without_it() -> None:
    chips = search.parse('is:new -kind:other,privacy_leak "no such ruling" foo:1').chips

    assert [(chip.label, chip.words, chip.is_negated, chip.without) for chip in chips] == [
        ("State", "New", False, '-kind:other,privacy_leak "no such ruling" foo:1'),
        ("Kind", "Something else or Privacy leak", True, 'is:new "no such ruling" foo:1'),
        ("Exact words", "no such ruling", False, "is:new -kind:other,privacy_leak foo:1"),
        ("foo", "", False, 'is:new -kind:other,privacy_leak "no such ruling"'),
    ]
    assert [bool(chip.wrong) for chip in chips] == [False, False, False, True]


# What is found


@pytest.fixture
def three(make_issue: Make, triager: Any) -> dict[str, Issue]:
    """A severe one that is new, one confirmed for somebody, and one dismissed."""
    now = timezone.now()
    severe = make_issue(
        "severe",
        status="new",
        severity="critical",
        kind="privacy_leak",
        harm_occurred="yes",
        context_of_use="health",
        voice_count=7,
        report_count=9,
        hazard_level=2,
        growth_flagged_at=now,
        rule_id="dan.Ablation",
        opened_at=now - timedelta(days=2),
        last_reported_at=now - timedelta(hours=3),
        embargo_until=now + timedelta(days=1),
        number=None,
    )
    given = make_issue(
        "given",
        severity="medium",
        assignee=triager,
        lifecycle_stage="data",
        is_disputed=True,
        asked_at=now,
        priority_override=64,
        opened_at=now - timedelta(days=40),
    )
    closed = make_issue("closed", status="dismissed", severity="low", opened_at=now - timedelta(days=10))
    return {"severe": severe, "given": given, "closed": closed}


def found(text: str, actor: Actor = TRIAGER) -> list[str]:
    query = search.parse(text)
    assert not query.errors
    return sorted(search.found(query, actor).values_list("public_title", flat=True))


SEARCHES = [
    ("", ["closed", "given", "severe"]),
    ("is:new", ["severe"]),
    ("is:new,dismissed", ["closed", "severe"]),
    ("-is:new", ["closed", "given"]),
    ("is:open", ["given", "severe"]),
    ("is:waiting", ["severe"]),
    ("is:look", ["severe"]),
    ("is:disputed", ["given"]),
    ("is:gated", ["severe"]),
    ("is:embargoed", ["severe"]),
    ("is:growing", ["severe"]),
    ("is:unassigned -is:dismissed", ["severe"]),
    ("is:published", ["given"]),
    ("is:asked", ["given"]),
    ("is:prioritised", ["given"]),
    ("is:possible-regression", []),
    ("is:snoozed", []),
    ("artifact:acme/*", ["closed", "given", "severe"]),
    ("artifact:ACME/chat-7b", ["closed", "given", "severe"]),
    ("artifact:chat*", ["closed", "given", "severe"]),
    ("artifact:acme", ["closed", "given", "severe"]),
    ("artifact:chat", []),
    ("artifact:acm_/chat-7b", []),
    ("kind:privacy_leak", ["severe"]),
    ("severity:>=medium", ["given", "severe"]),
    ("severity:<critical", ["closed", "given"]),
    ("severity:low..medium", ["closed", "given"]),
    ("severity:critical,low", ["closed", "severe"]),
    ("hazard:>=1", ["severe"]),
    ("context:health,work", ["severe"]),
    ("context:none", ["closed", "given"]),
    ("stage:data", ["given"]),
    ("harm:yes", ["severe"]),
    ("-harm:yes", ["closed", "given"]),
    ("voices:>3", ["severe"]),
    ("reports:5..20", ["severe"]),
    ("reports:..1", ["closed", "given"]),
    ("voices:1,7", ["closed", "given", "severe"]),
    ("age:<7d", ["severe"]),
    ("age:>1w", ["closed", "given"]),
    ("age:1w..2m", ["closed", "given"]),
    ("age:2d", ["severe"]),
    ("heard:<4h", ["severe"]),
    ("opened:1999..", ["closed", "given", "severe"]),
    ("opened:<2000-01", []),
    ("assigned:me", ["given"]),
    ("assigned:none", ["closed", "severe"]),
    ("assigned:any", ["given"]),
    ("assigned:triager", ["given"]),
    ("assigned:triager@EXAMPLE.org", ["given"]),
    ("assigned:nobody-of-this-name", []),
    ("rule:dan.*", ["severe"]),
    ("rule:DAN.ablation", ["severe"]),
    ("rule:none", ["closed", "given"]),
    ("number:none", ["closed", "severe"]),
    ("number:any", ["given"]),
    ("TT-2026-00002", ["given"]),
    ("signal:none", ["closed", "given", "severe"]),
    ("claimed:none", ["closed", "given", "severe"]),
    ("claimed:any", []),
    ("theme:none", ["closed", "given", "severe"]),
    ("language:es", []),
    ("found:research", []),
    ("GIVEN", ["given"]),
    ("-given", ["closed", "severe"]),
]


@pytest.mark.django_db
def test_each_word_finds_what_it_means(three: dict[str, Issue], triager: Any, subtests: pytest.Subtests) -> None:
    for asked, titles in SEARCHES:
        with subtests.test(asked):
            assert found(asked, actor_for(triager)) == titles


def test_many_asterisks_ask_what_one_asks() -> None:
    assert like("acme**-7b***") == like("acme*-7b*")


@pytest.mark.django_db
def test_the_order_that_was_asked_for(three: dict[str, Issue]) -> None:
    def order(text: str) -> list[str]:
        return [issue.public_title for issue in search.found(search.parse(text), TRIAGER)]

    assert order("sort:age") == ["given", "closed", "severe"]
    assert order("-sort:age") == order("sort:new") == ["severe", "closed", "given"]
    assert order("sort:voices")[0] == "severe"

    Issue.objects.filter(pk=three["closed"].pk).update(priority=9)
    Issue.objects.filter(pk=three["given"].pk).update(is_possible_regression=True)

    assert order("") == order("sort:priority") == ["given", "closed", "severe"]


@pytest.mark.django_db
def test_signals_claims_and_themes(three: dict[str, Issue], triager: Any) -> None:
    actor, severe = actor_for(triager), three["severe"]
    signal = {"detector": "d", "method": "m", "observed": 3, "expected": 1, "since": timezone.now()}
    Signal.objects.create(issue=severe, tier="alarm", **signal)
    Signal.objects.create(issue=three["given"], tier="alarm", state="refuted", **signal)
    Claim.objects.create(issue=severe, user=triager, until=timezone.now() + timedelta(minutes=5))
    Claim.objects.create(issue=three["given"], user=triager, until=timezone.now())
    theme = ThemeIssue.objects.create(theme=Theme.objects.create(), issue=severe, score=1, method="m").theme

    for asked in ("signal:alarm", "signal:any", "claimed:me", "claimed:any", f"theme:{theme.pk}", "theme:any"):
        assert found(asked, actor) == ["severe"]
    for asked in ("signal:watch", f"theme:{theme.pk + 1}"):
        assert found(asked, actor) == []
    assert found("claimed:none", actor) == ["closed", "given"]


@pytest.mark.django_db
def test_what_became_part_of_another_is_found_only_if_it_is_asked_for(three: dict[str, Issue]) -> None:
    Issue.objects.filter(pk=three["severe"].pk).update(status="merged", merged_into=three["given"])

    assert found("") == ["closed", "given"]
    assert found("is:growing") == []
    assert found("is:merged") == ["severe"]
    assert found(f"number:{three['severe'].pk}") == ["severe"]


def of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.mark.django_db
def test_what_its_reports_are_like(file: Make) -> None:
    plain = of(file())
    other = file(
        summary="Borra carpetas enteras",
        what_happened="Le pedí que ordenara mis fotos y borró la carpeta entera sin preguntar nada a nadie.",
        language="es-MX",
        version="2026-06",
        found_by="research",
        kind="unsafe_action",
        visibility="private",
    )
    issue = of(other)

    for asked in (
        "language:es",
        "language:es-mx",
        "version:2026-06",
        "version:2026-0*",
        "found:research",
        "is:private",
    ):
        assert issue in search.found(search.parse(asked), TRIAGER), asked
        assert (plain in search.found(search.parse(asked), TRIAGER)) == (asked == "version:2026-0*"), asked
    assert set(search.found(search.parse("source:api"), TRIAGER)) == {plain, issue}
    assert not search.found(search.parse("is:held"), TRIAGER).exists()

    Report.objects.filter(pk=other.pk).update(held_at=timezone.now())

    assert list(search.found(search.parse("is:held"), TRIAGER)) == [issue]


# Words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ("rulings", True),  # as "ruling": words are reduced to their stems
        ("RULING judge", True),
        ("ruling folder", False),
        ('"cited one that"', True),
        ('"that one cited"', False),
        ('"CITED one THAT"', True),
        ("-ruling", False),
        ("-folder", True),
        ("and ruling", True),
        ("the ruling", False),
        ('ruling -"cited one that"', False),
    ],
)
def test_words_are_found_in_what_reports_say(file: Make, asked: str, is_found: bool) -> None:
    issue = of(file())

    assert list(search.found(search.parse(asked), TRIAGER)) == ([issue] if is_found else [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("它说悉尼是澳大利亚的首都，这是错误的信息，请核实。", "悉尼"),
        ("قال إن القاهرة عاصمة تونس وهذا خطأ واضح", "القاهرة"),
    ],
)
def test_words_of_other_scripts_are_found(file: Make, said: str, asked: str) -> None:
    issue = of(file(summary=said[:20], what_happened=said + said))

    assert list(search.found(search.parse(asked), TRIAGER)) == [issue]


@pytest.mark.django_db
def test_words_of_a_transcript_are_found_across_its_lines(file: Make) -> None:
    turns = [
        {"role": "user", "content": "Name a river"},
        {"role": "assistant", "content": 'The "Blue\nDanube" of course'},
    ]
    issue = of(file(transcript=turns))

    assert list(search.found(search.parse('"blue danube"'), TRIAGER)) == [issue]
    assert list(search.found(search.parse('"blue danube" -"danube blue"'), TRIAGER)) == [issue]


@pytest.mark.django_db
def test_words_are_found_in_sealed_segments_as_in_the_tail(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "SIZES", (1, 16))
    sealed = of(file())
    assert sealing.seal() == 1
    tail = of(
        file(
            summary="A ruling again",
            what_happened="Tax law this time: a ruling out of thin air, and dated.",
            kind="other",
        )
    )

    assert set(search.found(search.parse("ruling"), TRIAGER)) == {sealed, tail}


@pytest.mark.django_db
def test_erased_moved_and_hidden_words_find_nothing(file: Make) -> None:
    report = file()
    issue = of(report)
    Report.objects.update(hazard_level=3)

    assert not search.found(search.parse("ruling"), TRIAGER).exists()
    assert search.found(search.parse("ruling"), Actor(user_id=1, roles=frozenset({"moderator"}))).exists()

    Report.objects.update(hazard_level=0)
    assert list(search.found(search.parse("ruling"), TRIAGER)) == [issue]

    report.term_vector.delete()
    assert not search.found(search.parse("ruling"), TRIAGER).exists()


@pytest.mark.django_db
def test_the_public_finds_nothing_by_what_is_not_public(file: Make) -> None:
    file()

    for asked in ("ruling", "is:new", '"cited one that"'):
        assert not search.found(search.parse(asked), ANONYMOUS).exists()


# The form beside the text


def form(sent: str, default: str = "is:waiting") -> QueueFilter:
    return QueueFilter(QueryDict(sent), actor=TRIAGER, default=default)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("", "is:waiting"),
        ("q=", ""),
        ("q=is:new", "is:new"),
        ("q=is:new+kind:other&kind=privacy_leak", "is:new kind:privacy_leak"),
        ("q=is:new+kind:other&kind=", "is:new"),
        ("kind=other&severity=>%3Dhigh", "is:waiting kind:other severity:>=high"),
        ("q=-kind:other&kind=other", "-kind:other kind:other"),
        ("q=&artifact=a+%22b%22", 'artifact:"a b"'),
        ("q=&kind=nonsense", "kind:nonsense"),
    ],
)
def test_a_field_rewrites_the_text(sent: str, text: str) -> None:
    assert form(sent).query.text == text


@pytest.mark.django_db
def test_the_text_fills_the_fields(three: dict[str, Issue]) -> None:
    narrowed = form("q=kind:privacy_leak+severity:>%3Dhigh+is:new,confirmed")

    shown = {name: narrowed.form[name].value() for name in ("q", "kind", "severity", "artifact")}
    assert shown == {"q": narrowed.query.text, "kind": "privacy_leak", "severity": ">=high", "artifact": None}
    assert [issue.public_title for issue in narrowed.qs] == ["severe"]


@pytest.mark.django_db
def test_the_page_of_a_search_counts_what_waits_as_the_list_has_it(three: dict[str, Issue]) -> None:
    page = search.page(search.parse("is:waiting"), TRIAGER, "nonsense")

    assert (page.paginator.count, [issue.pk for issue in page]) == (1, [three["severe"].pk])

    recount([three["severe"].pk])  # nobody speaks of it

    assert search.count(search.parse("is:waiting"), TRIAGER) == 0


@pytest.mark.parametrize("asked", ["sort:age", "artifact:* sort:age"])
@pytest.mark.parametrize(
    ("number", "at"), [(None, 0), ("1", 0), ("2", 1), ("3", 2), ("99", 2), ("0", 2), ("9" * 30, 2)]
)
def test_the_pages_of_a_search_however_it_is_found(
    three: dict[str, Issue], monkeypatch: pytest.MonkeyPatch, asked: str, number: str | None, at: int
) -> None:
    monkeypatch.setattr(search, "PAGE", 1)
    oldest_first = sorted(three.values(), key=lambda issue: (issue.opened_at, issue.pk))

    page = search.page(search.parse(asked), TRIAGER, number)

    assert [issue.pk for issue in page] == [oldest_first[at].pk]
    assert (page.number, page.paginator.count) == (at + 1, 3)
