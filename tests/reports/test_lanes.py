"""Who passes, who is held and who is refused, and that none of it is told to whoever need not know."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.actors import actor_for
from accounts.policy import ANONYMOUS, Actor
from accounts.tokens import make_token
from reports import lanes, traps
from reports.filing import file_report
from reports.lanes import FREE, TooMany, knock, lane_for, may_begin, may_look, may_try
from reports.models import RateBucket, Report
from reports.vocabulary import Channel, HeldFor
from triage.decisions import decide

pytestmark = pytest.mark.django_db
NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)  # in no window of the hour in which this is run
HERE, NEXT_DOOR, ELSEWHERE = "192.0.2.7", "192.0.2.200", "198.51.100.1"
TOO_MANY = "refused"


@pytest.fixture(autouse=True)
def small(settings: Any) -> None:
    """Few enough to count: 2 pass and 4 are taken of a network, 3 pass about an artifact and 4 on the site."""
    few = {"NETWORK": 2, "NETWORK_HOUR": 4, "ARTIFACT": 3, "SITE": 4, "HELD": 5}
    few |= {"NEWCOMER": 2, "NEWCOMER_HOUR": 4, "TRUSTED_HOUR": 6, "CODES": 2, "DRAFTS": 2, "ALL_DRAFTS": 3}
    for name, most in few.items():
        setattr(settings, f"LIMIT_{name}", most)


def asked(network: str = HERE, artifact: str = "acme/chat-7b", *, at: datetime = NOON, **told: Any) -> str:
    """What becomes of one more anonymous report: "" if it passes, why it is held, or that it is refused."""
    try:
        return str(lane_for(ANONYMOUS, network, Channel.API, artifact, at=at, **told).held_for)
    except TooMany:
        return TOO_MANY


def test_a_network_has_a_share_and_then_some(settings: Any) -> None:
    assert [asked() for _ in range(6)] == ["", "", "many", "many", TOO_MANY, TOO_MANY]
    assert asked(NEXT_DOOR) == TOO_MANY
    assert asked(ELSEWHERE) == ""


def test_windows_end() -> None:
    later, next_hour = NOON + timedelta(minutes=10), NOON + timedelta(hours=1)

    assert [asked() for _ in range(3)] == ["", "", "many"]
    assert [asked(at=later) for _ in range(2)] == ["", TOO_MANY]
    assert [asked(at=next_hour - timedelta(seconds=1)), asked(at=next_hour)] == [TOO_MANY, ""]


def test_one_that_floods_uses_up_nobody_else_s_share() -> None:
    for _ in range(20):
        asked()

    assert [asked(f"203.0.{number}.1", "other/model") for number in range(3)] == ["", "", "flood"]


def test_an_artifact_has_a_share_by_whatever_spelling() -> None:
    spellings = ["acme/chat-7b", "ACME/Chat-7B", "https://hub.example/acme/chat-7b", " acme/chat-7b "]

    assert [asked(f"203.0.{at}.1", name) for at, name in enumerate(spellings)] == ["", "", "", "flood"]


def test_what_nobody_could_name_is_no_artifact(settings: Any) -> None:
    settings.LIMIT_ARTIFACT = 1

    assert [asked(f"203.0.{at}.1", "unknown") for at in range(3)] == ["", "", ""]


def test_the_site_holds_so_many_and_then_refuses(settings: Any) -> None:
    settings.LIMIT_SITE = 0

    assert [asked(f"203.0.{at}.1") for at in range(7)] == ["flood"] * 5 + [TOO_MANY] * 2


def test_whoever_falls_into_the_trap_is_held_and_takes_nothing_from_others() -> None:
    assert asked(is_trapped=True) == "trap"
    assert not RateBucket.objects.filter(scope__in=["site", "artifact"]).exists()
    assert asked() == ""


def test_an_address_that_cannot_be_read_is_counted_with_the_site_alone() -> None:
    assert [asked("") for _ in range(5)] == ["", "", "", "flood", "flood"]


def test_what_is_known_costs_nothing(django_assert_num_queries: Any) -> None:
    for _ in range(5):
        asked()

    with django_assert_num_queries(0):
        assert asked() == TOO_MANY
        with pytest.raises(TooMany):
            knock(ANONYMOUS, HERE, at=NOON)
        knock(ANONYMOUS, ELSEWHERE, at=NOON)


def test_what_passes_costs_one_statement(django_assert_num_queries: Any) -> None:
    asked(ELSEWHERE), asked(ELSEWHERE)  # the salt of the day is made and read

    with django_assert_num_queries(1):
        assert asked() == ""


def test_one_is_told_how_much_is_left_and_until_when() -> None:
    at = NOON + timedelta(seconds=169)
    told = [lane_for(ANONYMOUS, HERE, Channel.API, "acme/chat-7b", at=at).quota for _ in range(3)]

    assert [quota and quota.headers["RateLimit"] for quota in told] == [
        '"anonymous";r=1;t=431',
        '"anonymous";r=0;t=431',
        '"anonymous";r=0;t=431',
    ]
    assert told[0] is not None
    assert told[0].headers["RateLimit-Policy"] == '"anonymous";q=2;w=600'
    asked(at=at)
    with pytest.raises(TooMany) as refusal:
        knock(ANONYMOUS, HERE, at=at)
    assert (refusal.value.retry_after, refusal.value.sentence) == (
        3431,
        "That is more than this site takes at once. Try again in 58 minutes.",
    )


# Accounts


def test_a_new_account_is_held_and_then_refused(someone: Any) -> None:
    ann, bob = actor_for(someone()), actor_for(someone(email="bob@example.org"))

    assert [by(ann) for _ in range(5)] == ["", "", "newcomer", "newcomer", TOO_MANY]
    assert by(ann, at=NOON + timedelta(hours=1)) == "newcomer"
    assert by(ann, at=NOON + timedelta(days=1)) == ""
    assert by(bob) == ""
    with pytest.raises(TooMany):
        knock(ann, HERE, at=NOON)
    knock(ANONYMOUS, HERE, at=NOON)  # where they file from is nobody's fault


def by(actor: Actor, *, at: datetime = NOON) -> str:
    try:
        return str(lane_for(actor, HERE, Channel.FORM, "acme/chat-7b", at=at).held_for)
    except TooMany:
        return TOO_MANY


def test_whoever_was_right_once_is_not_held(someone: Any, triager: Any, answers: Any, settings: Any) -> None:
    ann = actor_for(someone())
    from triage.matching import match_report

    report = file_report(answers, channel=Channel.API, actor=ann).report
    match_report(report.pk)
    decide(report.placements.get().issue, "confirm", by=triager)

    assert [by(ann) for _ in range(7)] == [""] * 6 + [TOO_MANY]


def test_whoever_files_in_bulk_is_not_counted(someone: Any) -> None:
    researcher = actor_for(someone("researcher"))

    assert lane_for(researcher, HERE, Channel.API, "x", at=NOON) is FREE
    assert [lane_for(ANONYMOUS, HERE, channel, "x", at=NOON) for channel in lanes.OUTSIDE] == [FREE] * 3
    assert not RateBucket.objects.exists()


def test_a_token_that_files_one_by_one_is_counted_whoever_made_it(someone: Any) -> None:
    narrowed = actor_for(someone("researcher"), scopes=frozenset({"report:write"}))

    assert [by(narrowed) for _ in range(3)] == ["", "", "newcomer"]


# Codes and drafts


def test_codes_are_tried_so_often_by_a_network_and_for_a_report() -> None:
    for _ in range(2):
        may_try(HERE, "r-1", at=NOON)

    for network, reference in ((HERE, "r-2"), (ELSEWHERE, "R-1")):
        with pytest.raises(TooMany):
            may_try(network, reference, at=NOON)
        with pytest.raises(TooMany):
            may_look(network, reference, at=NOON)
    may_try(ELSEWHERE, "r-3", at=NOON)
    may_try(HERE, "r-1", at=NOON + timedelta(minutes=10))


def test_drafts_are_begun_so_often() -> None:
    for _ in range(2):
        may_begin(HERE, at=NOON)
    with pytest.raises(TooMany):
        may_begin(NEXT_DOOR, at=NOON)

    may_begin(ELSEWHERE, at=NOON)
    with pytest.raises(TooMany):
        may_begin("203.0.113.1", at=NOON)


# The trap


@pytest.mark.parametrize(
    ("took_s", "sent", "is_trapped"),
    [
        (3, {}, False),
        (24 * 3600, {}, False),
        (2, {}, True),
        (24 * 3600 + 1, {}, True),
        (60, {"website": "https://spam.example"}, True),
        (60, {"drawn": ""}, True),
        (60, {"drawn": "1.0"}, True),
        (60, {"drawn": "x"}, True),
        (60, {"drawn": "\ud800.é"}, True),
        (60, {"drawn": "9" * 5_000}, True),
    ],
)
def test_a_form_is_filled_in_as_a_person_does_it(took_s: int, sent: dict[str, str], is_trapped: bool) -> None:
    fields = {"drawn": traps.drawn(NOON), "website": "", **sent}

    assert lanes.trapped(fields, at=NOON + timedelta(seconds=took_s)) is is_trapped


def test_a_time_that_somebody_made_up_is_none() -> None:
    moment, signature = traps.drawn(NOON).split(".")

    assert lanes.trapped({"drawn": f"{int(moment) + 60}.{signature}"}, at=NOON + timedelta(minutes=5))


# Through the doors


def test_a_held_report_is_answered_alike_and_has_no_voice(client: Client, answers: Any, settings: Any) -> None:
    settings.LIMIT_NETWORK = 1
    told = [post(client, answers | {"summary": f"Summary of number {number}"}) for number in range(2)]

    assert [answer.status_code for answer in told] == [201, 201]
    assert [sorted(answer.json()) for answer in told] == [["receipt", "reference", "status", "url"]] * 2
    assert {answer.json()["status"] for answer in told} == {"received"}
    assert [answer.headers["RateLimit"].partition(";t")[0] for answer in told] == ['"anonymous";r=0'] * 2
    stored = dict(Report.objects.values_list("held_for", "held_at"))
    assert stored[""] is None
    assert stored[HeldFor.MANY] is not None
    standing = [
        client.get(f"/api/v1/reports/{told['reference']}/", headers={"Authorization": f"Receipt {told['receipt']}"})
        for told in (answer.json() for answer in told)
    ]
    assert [(answer.status_code, answer.json()["status"]) for answer in standing] == [(200, "received")] * 2


def post(client: Client, body: Any, **headers: str) -> Any:
    return client.post("/api/v1/reports/", body, content_type="application/json", headers=headers)


def test_a_refusal_is_a_problem_document_that_says_when(client: Client, answers: Any, nothing_stored: Any) -> None:
    for number in range(4):
        assert post(client, answers | {"summary": f"Summary of number {number}"}).status_code == 201

    with nothing_stored():
        told = [post(client, answers), post(client, {}), post(client, answers, **{"Idempotency-Key": "k"})]

    for answer in told:  # the second before anybody looked at what it says
        assert answer.status_code == 429
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
        assert answer.headers["RateLimit-Policy"] == '"anonymous";q=4;w=3600'
        assert answer.headers["RateLimit"] == f'"anonymous";r=0;t={answer.headers["Retry-After"]}'
        assert answer.json()["title"].startswith("That is more than this site takes at once. Try again in ")


def test_a_token_of_its_own_is_no_part_of_a_flood(client: Client, answers: Any, someone: Any) -> None:
    token = make_token(someone(), scopes=["report:write"])
    for _ in range(6):
        last = post(client, answers)

    answer = post(client, answers, Authorization=f"Bearer {token}")

    assert (last.status_code, answer.status_code) == (429, 201)
    assert answer.headers["RateLimit-Policy"] == '"account";q=4;w=3600'


def test_the_form_keeps_what_was_typed(client: Client, answers: Any, nothing_stored: Any) -> None:
    for _ in range(4):
        post(client, answers)

    with nothing_stored():
        page = client.post("/report/", {"gate": "no", "summary": 'A "quoted" <summary>', "consent": "on"})

    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0
    assert '<input type="hidden" name="summary" value="A &quot;quoted&quot; &lt;summary&gt;">' in page.content.decode()
    assert "Try again in" in page.content.decode()


def test_codes_of_receipts_have_a_limit(client: Client, answers: Any) -> None:
    told = post(client, answers).json()
    address = f"/reports/{told['reference']}/"

    codes = [client.post(address, {"code": "wrong"}).status_code for _ in range(3)]

    assert codes == [403, 403, 429]
    assert client.get(address).status_code == 200
    wrong = client.get(f"/api/v1{address}", headers={"Authorization": f"Receipt {told['receipt']}"})
    assert wrong.status_code == 429  # who tries many, or tries one report often, waits with whatever code
    elsewhere = client.get(f"/api/v1{address}", headers={"Authorization": "Receipt x"}, REMOTE_ADDR=ELSEWHERE)
    assert elsewhere.status_code == 429


def test_whoever_has_the_code_asks_as_often_as_they_like(client: Client, answers: Any) -> None:
    told = post(client, answers).json()
    header = {"Authorization": f"Receipt {told['receipt']}"}

    codes = {client.get(f"/api/v1/reports/{told['reference']}/", headers=header).status_code for _ in range(5)}

    assert codes == {200}
    assert not RateBucket.objects.filter(scope__startswith="code").exists()


def test_nothing_that_is_counted_names_anybody(client: Client, answers: Any, someone: Callable[..., Any]) -> None:
    post(client, answers)

    names = {bytes(row.who) for row in RateBucket.objects.all()}
    assert len(names) == RateBucket.objects.count() == 4
    assert not any(told in name for name in names for told in (b"127.0.0", b"acme"))
