"""Judging a signal: from the desk to the public page and back, with a reason, an event, and one undo."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from ledger.models import Event
from ledger.record import record
from reports.models import Artifact, Issue, Notice, Signal
from reports.notices import follow, tell
from reports.vocabulary import SignalReason
from tests.reports.test_signals import BURST, make_signal
from triage import judging
from triage.alarms import tally
from triage.decisions import ChangedSince, DecidedSince
from triage.judging import JUDGEMENTS, Judgement, judge, undo
from triage.models import Decision, NightWatch

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
State = Signal.State


@pytest.fixture(scope="module")
def decider(ground: Any) -> Any:
    return ground.someone("triager")


@pytest.fixture
def triager(decider: Any) -> Any:
    return deepcopy(decider)


@pytest.fixture
def artifact(ground: Any) -> Artifact:
    made: Artifact = deepcopy(ground.artifact)
    return made


@pytest.fixture
def make_issue(ground: Any) -> Make:
    make: Make = ground.make_issue
    return make


@pytest.fixture
def issue(make_issue: Make) -> Issue:
    made: Issue = make_issue("Invented helpline numbers")
    return made


@pytest.fixture
def signal(issue: Issue) -> Signal:
    return make_signal("new", issue=issue, key=f"burst:issue:{issue.pk}")


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


def press(desk: Client, signal: Signal, verb: str, **posted: Any) -> Any:
    signal.refresh_from_db()
    return desk.post(f"/triage/signals/{signal.pk}/judge/", {"verb": verb, "revision": str(signal.revision), **posted})


def state_of(signal: Signal) -> str:
    signal.refresh_from_db()
    return signal.state


def test_a_signal_goes_from_the_desk_to_the_public_and_back(desk: Client, signal: Signal) -> None:
    outside, page = Client(), f"/signals/{signal.pk}/"
    assert "Invented helpline numbers" in desk.get("/triage/signals/").content.decode()
    assert outside.get(page).status_code == 404

    press(desk, signal, "review_signal")
    assert (state_of(signal), outside.get(page).status_code) == ("in_review", 404)
    answer = press(desk, signal, "confirm_signal", reason="independent", note="Three people, three cities")
    assert answer["Location"] == f"/triage/signals/{signal.pk}/"
    shown = outside.get(page).content.decode()
    assert "Invented helpline numbers" in shown
    assert "Three people, three cities" not in shown
    assert "Three people, three cities" in desk.get(answer["Location"]).content.decode()
    press(desk, signal, "refute_signal", reason="chance")

    assert (state_of(signal), outside.get(page).status_code) == ("refuted", 404)
    assert "Invented" not in outside.get("/signals/").content.decode()


def test_what_closes_takes_a_reason_of_its_own(desk: Client, signal: Signal) -> None:
    for posted in ({}, {"reason": "chance"}, {"reason": "banana\x00"}):
        assert press(desk, signal, "confirm_signal", **posted).status_code == 422
    assert press(desk, signal, "reign").status_code == 422
    assert press(desk, signal, "refute_signal", reason="chance", note="x" * 2_001).status_code == 422
    assert (state_of(signal), Decision.objects.filter(signal=signal).count()) == ("new", 0)


def test_every_reason_goes_with_one_judgement() -> None:
    told = [reason for way in JUDGEMENTS.values() for reason in way.reasons]

    assert sorted(told) == sorted(SignalReason)
    assert {way.to for way in JUDGEMENTS.values()} == set(State) - {State.NEW}


def test_who_comes_late_is_told_what_was_said_meanwhile(desk: Client, signal: Signal, ground: Any) -> None:
    judge(signal, Judgement.REFUTE, by=ground.someone("triager", email="other@example.org"), reason="campaign")

    answer = desk.post(
        f"/triage/signals/{signal.pk}/judge/",
        {"verb": "confirm_signal", "revision": "0", "reason": "tried", "note": "I saw it"},
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Refuted: Many reports of few people" in page
    assert "I saw it" in page
    assert 'name="revision" value="1"' in page
    assert press(desk, signal, "confirm_signal", reason="tried").status_code == 302


def test_numbers_that_moved_are_looked_at_again(signal: Signal, triager: Any) -> None:
    Signal.objects.filter(pk=signal.pk).update(revision=7, observed=19)

    with pytest.raises(ChangedSince):
        judge(signal, Judgement.CONFIRM, by=triager, reason="tried", revision=6)


def test_each_act_leaves_a_decision_and_an_event_without_words(signal: Signal, triager: Any, issue: Issue) -> None:
    made = judge(signal, Judgement.CONFIRM, by=triager, reason="tried", note="a secret word")

    signal.refresh_from_db()
    event = Event.objects.filter(verb="confirm_signal").select_related("payload").get()
    assert event.subjects == [f"signal:{signal.pk}", f"issue:{issue.pk}"]
    assert event.payload.content == {"decision": made.pk, "reason": "tried", "state": ["new", "confirmed"]}
    told = (signal.judged_by, signal.reason, signal.reason_words, signal.revision)
    assert told == (triager.pseudonym, "tried", "a secret word", 1)
    assert signal.ratio_judged == pytest.approx(11 / 1.9)


def test_an_undo_puts_back_exactly_what_stood(signal: Signal, triager: Any) -> None:
    told = ("state", "reason", "reason_words", "judged_at", "judged_by", "ratio_judged")
    before = Signal.objects.values(*told).get(pk=signal.pk)
    made = judge(signal, Judgement.KNOW, by=triager, reason="on_record", note="TT-2026-00001")

    undo(made, by=triager)

    assert Signal.objects.values(*told).get(pk=signal.pk) == before
    with pytest.raises(ValidationError):
        undo(made, by=triager)
    assert Event.objects.get(verb="undo").subjects[0] == f"signal:{signal.pk}"


def test_only_the_last_word_is_taken_back(desk: Client, signal: Signal, triager: Any) -> None:
    first = judge(signal, Judgement.REVIEW, by=triager)
    last = judge(signal, Judgement.LACK, by=triager, reason="few")

    with pytest.raises(DecidedSince):
        undo(first, by=triager)
    assert desk.post(f"/triage/signals/{signal.pk}/undo/{first.pk}/").status_code == 409
    assert desk.post(f"/triage/signals/{signal.pk}/undo/{last.pk}/").status_code == 302
    assert state_of(signal) == "in_review"


def test_the_desk_s_undo_takes_back_a_judgement_too(desk: Client, signal: Signal, triager: Any) -> None:
    judge(signal, Judgement.REFUTE, by=triager, reason="chance")

    desk.post("/triage/decisions/undo-last/")

    assert state_of(signal) == "new"


def test_of_one_thing_one_signal_waits(signal: Signal, triager: Any, issue: Issue) -> None:
    made = judge(signal, Judgement.LACK, by=triager, reason="few")
    make_signal("new", issue=issue, key=signal.key)

    with pytest.raises(ValidationError, match="newer signal"):
        judge(signal, Judgement.REVIEW, by=triager)
    with pytest.raises(ValidationError, match="newer signal"):
        undo(made, by=triager)


@pytest.mark.parametrize("role", ["", "researcher", "maintainer", "auditor", "admin"])
def test_nobody_else_judges(signal: Signal, ground: Any, artifact: Artifact, role: str) -> None:
    roles = [role] if role else []
    with pytest.raises(PermissionDenied):
        judge(signal, Judgement.REVIEW, by=ground.someone(*roles, email="x@example.org", artifact_id=artifact.pk))


def test_who_answers_for_it_does_not_close_it_alone(artifact: Artifact, ground: Any, issue: Issue) -> None:
    both = ground.someone("triager", "maintainer", email="both@example.org", artifact_id=artifact.pk)
    for signal in (make_signal("new", issue=issue), make_signal("new", artifact=artifact)):
        judge(signal, Judgement.REVIEW, by=both)
        with pytest.raises(ValidationError, match="somebody else has to decide"):
            judge(signal, Judgement.REFUTE, by=both, reason="chance")


def test_an_open_signal_moves_its_issue_and_a_refuted_one_does_not(signal: Signal, issue: Issue, triager: Any) -> None:
    judge(signal, Judgement.REVIEW, by=triager)
    before = Issue.objects.get(pk=issue.pk).priority

    judge(signal, Judgement.REFUTE, by=triager, reason="attention")

    assert Issue.objects.get(pk=issue.pk).priority < before


# The pages


def test_new_ones_stand_before_those_in_review_and_alarms_before_watches(desk: Client, make_issue: Make) -> None:
    for state, tier, title in (
        ("in_review", "alarm", "c"),
        ("new", "watch", "b"),
        ("new", "alarm", "a"),
        ("refuted", "alarm", "closed"),
        ("confirmed", "watch", "public"),
    ):
        make_signal(state, tier=tier, issue=make_issue(title))

    def titles(address: str) -> list[str]:
        return [card.shown.title for card in desk.get(address).context["cards"]]

    assert titles("/triage/signals/") == ["a", "b", "c"]
    assert titles("/triage/signals/?state=closed") == ["closed"]
    assert titles("/triage/signals/?state=confirmed") == ["public"]
    assert titles("/triage/signals/?state=banana%00&page=999") == ["a", "b", "c"]


@pytest.mark.parametrize("detector", [*Signal.Detector.values, "of-tomorrow"])
def test_the_desk_shows_whatever_a_detector_tells(
    desk: Client, artifact: Artifact, issue: Issue, make_issue: Make, detector: str
) -> None:
    version = artifact.versions.get(name="2026-06")
    told: dict[str, dict[str, Any]] = {
        "severity": {"issue": issue, "expected": 0, "statistics": {"because": {}, "report_ids": []}},
        "burst": {"theme": 7, "statistics": {**BURST, "is_possible_campaign": True, "is_alone": True}},
        "emergence": {"issue": issue, "statistics": {"reports": 3, "p": 0.01}},
        "spread": {"theme": 7, "artifact": artifact, "cell": {"path": "family", "origin": artifact.pk}},
        "disproportion": {
            "artifact": artifact,
            "cell": {"table": "version", "kind": "false_information", "version": version.pk},
            "statistics": {
                "ic": 1.2,
                "interval": [0.3, 1.9],
                "drivers": [[make_issue("<b>One</b>", status="new").pk, 5], [0, 1]],
                "low_without_first": -0.4,
            },
        },
        "release": {
            "artifact": artifact,
            "cell": {"version": version.pk, "kind": "other"},
            "statistics": {
                "interval": [1.8, None],
                "before": {"voices": 0, "all_voices": 9, "days": 56},
                "after": {"voices": 5, "all_voices": 8, "days": 9},
                "released_on": "2026-11-01",
                "series": {"from": "2026-09-06", "voices": [0] * 56 + [1] * 9, "expected": [0.0] * 65},
            },
        },
    }
    signal = make_signal("new", detector=detector, **{"statistics": {}, **told.get(detector, {"issue": issue})})

    pages = [desk.get(address) for address in ("/triage/signals/", f"/triage/signals/{signal.pk}/")]

    assert [page.status_code for page in pages] == [200, 200]
    page = pages[1].content.decode()
    assert "<b>One</b>" not in page
    expected = {
        "burst": "possible campaign",
        "disproportion": "without it: no more than expected",
        "release": "Before the release",
        "spread": "known from",
    }
    assert expected.get(detector, "") in page


def test_a_report_that_is_hard_to_meet_is_veiled_in_the_list(
    desk: Client, file: Make, issue: Issue, signal: Signal
) -> None:
    report = file(summary="canary in a coal mine")
    report.placements.update(issue=issue)
    Issue.objects.filter(pk=issue.pk).update(hazard_level=2)
    Signal.objects.filter(pk=signal.pk).update(statistics={**BURST, "report_ids": [report.pk]})

    page = desk.get(f"/triage/signals/{signal.pk}/").content.decode()

    assert "canary" not in page
    assert f"?report={report.reference}" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_all(
    desk: Client, make_issue: Make, artifact: Artifact, django_assert_num_queries: Any, rows: int
) -> None:
    for _number in range(rows):
        make_signal("new", issue=make_issue(status="new"))
        make_signal("new", artifact=artifact, detector="disproportion", statistics={"drivers": [[make_issue().pk, 3]]})

    with django_assert_num_queries(14):
        desk.get("/triage/signals/")


def test_the_tally_tells_how_alarms_did(issue: Issue, make_issue: Make, desk: Client) -> None:
    now = timezone.now()
    early = make_issue("a", confirmed_at=now - timedelta(days=2))
    make_signal("confirmed", issue=early, opened_at=now - timedelta(days=6), judged_at=now - timedelta(days=1))
    make_signal("refuted", issue=issue, opened_at=now - timedelta(days=20))
    make_signal("new", detector="severity", issue=issue, opened_at=now)
    make_signal("new", tier="watch", issue=issue, opened_at=now)
    NightWatch.objects.create(on=now.date(), budget=5, own_level=0.0008, level=0.00014)

    told = tally(now)

    assert (told.alarms, told.bursts, told.judged, told.confirmed, told.share) == (2, 1, 2, 1, 50.0)
    assert (told.lead_days, told.is_tightened) == (4.0, True)
    page = desk.get("/triage/signals/").content.decode()
    assert [words in page for words in ("50 %", "at most 5 a week", "0.00014", "tightened")] == [True] * 4


def test_the_menu_counts_what_waits(desk: Client, signal: Signal) -> None:
    assert desk.get("/triage/themes/").context["waiting_signal_count"]() == 1
    assert judging.waiting_count() == 1


# Notices


def heard(user: Any) -> list[tuple[str, str]]:
    return list(Notice.objects.filter(user=user, channel="list").order_by("pk").values_list("verb", "subject"))


def test_an_opening_that_rises_takes_up_the_notice_there_was(
    signal: Signal, issue: Issue, ground: Any, triager: Any
) -> None:
    follower = ground.someone(email="follower@example.org")
    follow(follower, f"issue:{issue.pk}")
    follow(triager, f"issue:{issue.pk}")
    tell(record("warn", signal, issue, actor="engine", tier="watch"))
    assert (heard(follower), len(heard(triager))) == ([], 1)
    Notice.objects.filter(user=triager).update(read_at=timezone.now())

    tell(record("alarm", signal, issue, actor="engine", tier="alarm"))
    tell(record("alarm", make_signal("new", issue=issue), issue, actor="engine", tier="alarm"))

    told = [("alarm", f"issue:{issue.pk}")] * 2
    assert (heard(follower), heard(triager)) == (told, told)
    assert not Notice.objects.filter(user=triager, channel="list", read_at__isnull=False).exists()


def test_what_is_told_of_a_theme_leads_to_the_desk(desk: Client, triager: Any) -> None:
    signal = make_signal("new", theme=7)
    follow(triager, "queue")
    tell(record("warn", signal, actor="engine", tier="alarm"))

    page = desk.get("/notices/").content.decode()

    assert "An early warning about a theme" in page
    notice = Notice.objects.get(user=triager, channel="list")
    assert desk.get(f"/notices/{notice.pk}/")["Location"] == f"/triage/signals/{signal.pk}/"


def test_what_is_under_embargo_keeps_a_cell_from_being_confirmed(
    artifact: Artifact, make_issue: Make, triager: Any
) -> None:
    quiet = make_issue(embargo_until=timezone.now() + timedelta(days=3))
    signal = make_signal("new", artifact=artifact, statistics={"drivers": [[quiet.pk, 4]]})

    with pytest.raises(ValidationError, match="embargo"):
        judge(signal, Judgement.CONFIRM, by=triager, reason="tried")
    assert judge(signal, Judgement.REFUTE, by=triager, reason="chance")


def test_so_does_what_is_under_embargo_and_named_nowhere(
    desk: Client, artifact: Artifact, file: Make, triager: Any
) -> None:
    report = file(kind="other")
    version = artifact.versions.get(name="2026-06")
    signal = make_signal(
        "new",
        artifact=artifact,
        detector="release",
        since=timezone.now().date() - timedelta(days=9),
        cell={"version": version.pk, "kind": "other"},
        statistics={},
    )
    assert f"?report={report.reference}" in desk.get(f"/triage/signals/{signal.pk}/").content.decode()

    Issue.objects.filter(placements__report=report).update(embargo_until=timezone.now() + timedelta(days=3))

    with pytest.raises(ValidationError, match="embargo"):
        judge(signal, Judgement.CONFIRM, by=triager, reason="tried")


def test_a_confirmed_signal_is_told_to_who_follows_and_answers(
    signal: Signal, issue: Issue, artifact: Artifact, ground: Any, triager: Any
) -> None:
    follower = ground.someone(email="follower@example.org")
    answers = ground.someone("maintainer", email="m@example.org", artifact_id=artifact.pk)
    stranger = ground.someone("maintainer", email="n@example.org", artifact_id=artifact.pk + 1_000)
    issue.affected.update(notified_at=timezone.now())
    follow(follower, f"issue:{issue.pk}")

    judge(signal, Judgement.REVIEW, by=triager)
    judge(signal, Judgement.CONFIRM, by=triager, reason="tried")

    assert [heard(each) for each in (follower, answers, stranger)] == [
        [("confirm_signal", f"issue:{issue.pk}")],
        [("confirm_signal", f"issue:{issue.pk}")],
        [],
    ]
    client = Client()
    client.force_login(follower)
    assert (
        "A person confirmed the early warning: Somebody tried it and saw it" in client.get("/notices/").content.decode()
    )
