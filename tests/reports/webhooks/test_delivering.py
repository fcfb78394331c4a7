"""What is delivered to whom, when it is tried again, and when nobody tries any more."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from accounts.models import Grant
from ledger.record import record
from reports.models import Affected, Artifact, Delivery, Endpoint, Evidence, Issue, Notice, Subscription, Try
from reports.naming import artifact_named
from reports.notices import follow, tell, unfollow
from reports.posting import post_due
from reports.webhooks import delivering, endpoints, sending
from reports.webhooks.delivering import deliver_due, forget_deliveries
from reports.webhooks.networks import networks_in
from reports.webhooks.schedule import DELAYS, SPREAD, next_try, spread
from reports.webhooks.sending import Answer, Outcome
from reports.webhooks.signing import signature
from tests.reports.webhooks.receivers import OK, receiving, request_of
from tests.reports.webhooks.test_sending import MISBEHAVING

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
URL = "https://hooks.example/telltale"
# Time since start, in seconds, as the specification of Standard Webhooks 1.0.0 tables it.
DOCUMENTED = [0, 5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def past(self, **span: float) -> None:
        self.now += timedelta(**span)


class Outside:
    """The world as seen by ``send``: what went out, and the answers that come, the last of them for ever."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.answers = [Answer(Outcome.ACCEPTED, 204)]

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        self.sent.append((url, json.loads(body), headers))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(autouse=True)
def on(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks are switched on, nothing waits for a grace, and no try is put off by a spread."""
    settings.WEBHOOKS = True
    monkeypatch.setattr("reports.notices.GRACE", timedelta(0))
    monkeypatch.setattr("reports.webhooks.schedule.SPREAD", 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    world = Outside()
    monkeypatch.setattr(delivering, "send", world)
    return world


@pytest.fixture
def rosa(someone: Make) -> Any:
    return someone(email="rosa@readers.example")


@pytest.fixture
def endpoint(rosa: Any) -> Endpoint:
    return endpoints.named(rosa, URL, subjects=None)[0]


def act(verb: str, *about: Any, by: str = "p-somebody", undone: str = "") -> None:
    tell(record(verb, *about, actor=by), undone=undone)


def waiting(endpoint: Endpoint, clock: Clock) -> Delivery:
    """A delivery that is due as of ``clock``, and nothing else."""
    return Delivery.objects.create(endpoint=endpoint, due_at=clock(), created_at=clock())


# What goes where


def test_what_is_told_by_notice_is_told_by_webhook(
    make_issue: Make, endpoint: Endpoint, rosa: Any, outside: Outside
) -> None:
    about = make_issue("A title that somebody wrote")
    follow(rosa, f"issue:{about.pk}")

    act("resolve", about)
    post_due()
    assert deliver_due() == 1

    ((url, said, headers),) = outside.sent
    told = Notice.objects.get(channel=endpoint.channel)
    assert url == URL
    assert said == {
        "type": "issue.resolve",
        "timestamp": told.created_at.isoformat().replace("+00:00", "Z"),
        "data": {
            "subject": f"issue:{about.pk}",
            "url": f"http://127.0.0.1:8000/issues/{about.number}/",
            "number": about.number,
        },
    }
    assert headers["Content-Type"] == "application/json"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.log.get().status) == ("delivered", 1, 204)
    assert deliver_due() == 0  # and not again


def test_the_signature_is_over_the_very_bytes_that_are_sent(endpoint: Endpoint, settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = networks_in("127.0.0.1/32")
    secret = endpoints.rotate(endpoint, at=datetime.now(UTC))
    heard: list[bytes] = []

    def listen(taken: Any) -> None:
        heard.append(request_of(taken))
        taken.sendall(OK)

    with receiving(listen) as receiver:
        Endpoint.objects.update(url=receiver.url)
        endpoints.try_out(endpoint)
        deliver_due()

    head, _end, body = heard[0].partition(b"\r\n\r\n")
    told = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    signed = signature(secret, message_id=told["webhook-id"], timestamp=int(told["webhook-timestamp"]), body=body)
    assert told["webhook-signature"].split(" ")[0] == signed
    assert json.loads(body)["type"] == "webhook.test"
    assert Delivery.objects.get().state == "delivered"


def test_an_endpoint_hears_only_of_what_it_was_to_hear_of(
    make_issue: Make, artifact: Any, rosa: Any, outside: Outside
) -> None:
    other = artifact_named("model", "acme/other")
    Artifact.objects.filter(pk=other.pk).update(confirmed_at=other.added_at)
    mine, others = make_issue(), make_issue("Another", artifact=other)
    for name in (artifact, other):
        follow(rosa, f"artifact:{name.pk}")
    endpoints.named(rosa, URL, subjects=[f"artifact:{artifact.pk}"])
    endpoints.named(rosa, f"{URL}/all", subjects=None)

    for about in (mine, others):
        act("resolve", about)
    post_due()
    deliver_due()

    heard = {(url, said["data"]["subject"]) for url, said, _headers in outside.sent}
    first, second = f"issue:{mine.pk}", f"issue:{others.pk}"
    assert heard == {(URL, first), (f"{URL}/all", first), (f"{URL}/all", second)}


def test_reporters_hear_of_their_report_and_not_of_the_issue(
    file: Make, artifact: Any, triager: Any, rosa: Any, endpoint: Endpoint, outside: Outside
) -> None:
    from accounts.actors import actor_for
    from triage.decisions import decide

    report = file(actor=actor_for(rosa), summary="Words that nobody else reads", visibility="private")
    decide(report.placements.get().issue, "confirm", by=triager)
    post_due()
    deliver_due()

    ((_url, said, _headers),) = outside.sent
    assert (said["type"], said["data"]["subject"]) == ("report.confirm", f"report:{report.pk}")
    assert said["data"]["url"].endswith(f"/reports/{report.reference}/")
    assert "Words" not in json.dumps(said)


def test_no_words_go_out_but_those_of_the_format(
    file: Make, artifact: Any, triager: Any, endpoint: Endpoint, rosa: Any, outside: Outside
) -> None:
    """Canaries in every text that a triager may read; a triager's endpoint hears of all of it."""
    from triage.decisions import decide

    Grant.objects.create(user=rosa, role="triager")
    report = file(summary="CANARY summary of it", what_happened="CANARY of what happened, at some length, as it was.")
    issue = report.placements.get().issue
    Issue.objects.filter(pk=issue.pk).update(public_title="CANARY", public_summary="CANARY")
    Affected.objects.update(statement="CANARY")
    follow(rosa, f"issue:{issue.pk}")

    decide(Issue.objects.get(pk=issue.pk), "dismiss", by=triager, reason="spam", note="CANARY")
    act("dispute", issue, report)
    act("reply", issue, report)
    post_due()
    deliver_due()

    assert len(outside.sent) >= 1
    while deliver_due():
        pass
    assert Evidence.objects.filter(plain_summary__contains="CANARY").exists()
    assert {said["type"] for _url, said, _headers in outside.sent} == {"issue.dismiss", "issue.dispute", "issue.reply"}
    assert "CANARY" not in json.dumps(outside.sent)


HIDDEN = [
    {"published_at": None},
    {"embargo_until": datetime(2090, 1, 1, tzinfo=UTC)},
    {"status": "dismissed", "dismissal": "spam", "dismissed_at": datetime(2026, 1, 1, tzinfo=UTC)},
]


@pytest.mark.parametrize("hidden", HIDDEN, ids=["not published", "embargoed", "dismissed"])
def test_an_act_on_a_hidden_issue_makes_no_delivery(
    make_issue: Make, endpoint: Endpoint, rosa: Any, outside: Outside, hidden: dict[str, Any]
) -> None:
    about = make_issue()
    follow(rosa, f"issue:{about.pk}")
    Issue.objects.filter(pk=about.pk).update(**hidden)

    for verb in ("resolve", "confirm", "affect", "assign", "dispute"):
        act(verb, about)
    post_due()

    assert deliver_due() == 0
    assert (outside.sent, Delivery.objects.count()) == ([], 0)


def test_what_is_hidden_by_the_time_it_is_sent_is_not_sent(
    make_issue: Make, endpoint: Endpoint, rosa: Any, outside: Outside, clock: Clock
) -> None:
    about = make_issue()
    follow(rosa, f"issue:{about.pk}")
    act("resolve", about)
    post_due()
    assert Delivery.objects.count() == 1

    Issue.objects.filter(pk=about.pk).update(published_at=None)

    assert deliver_due() == 0
    assert (outside.sent, Delivery.objects.count()) == ([], 0)


def test_an_artifact_without_a_page_is_told_to_nobody_but_the_desk(
    make_issue: Make, someone: Make, rosa: Any, outside: Outside
) -> None:
    hidden = artifact_named("model", "acme/secret")
    triager = someone("triager", email="desk@example.org")
    for user in (rosa, triager):
        follow(user, f"artifact:{hidden.pk}")
        endpoints.named(user, f"{URL}/{user.pk}", subjects=None)

    act("affect", hidden)
    post_due()
    deliver_due()

    assert [url for url, _said, _headers in outside.sent] == [f"{URL}/{triager.pk}"]


def test_what_is_undone_within_the_grace_goes_to_nobody(
    file: Make, artifact: Any, triager: Any, rosa: Any, endpoint: Endpoint, outside: Outside
) -> None:
    from triage.decisions import decide, undo

    Grant.objects.create(user=rosa, role="moderator")
    issue = file().placements.get().issue
    follow(rosa, f"issue:{issue.pk}")
    undo(decide(issue, "dismiss", by=triager, reason="spam"), by=triager)
    post_due()

    assert deliver_due() == 0
    assert outside.sent == []


def test_what_is_not_followed_any_more_is_not_delivered(make_issue: Make, rosa: Any, outside: Outside) -> None:
    about = make_issue()
    follow(rosa, f"issue:{about.pk}")
    endpoint = endpoints.named(rosa, URL, subjects=[f"issue:{about.pk}"])[0]
    unfollow(rosa, f"issue:{about.pk}")

    act("resolve", about)
    post_due()

    assert deliver_due() == 0
    assert endpoints.chosen_by(endpoint) == set()


def test_switched_off_by_the_operator_nothing_is_written_and_nothing_calls_out(
    make_issue: Make, endpoint: Endpoint, rosa: Any, outside: Outside, settings: Any, django_assert_num_queries: Any
) -> None:
    about = make_issue()
    follow(rosa, f"issue:{about.pk}")
    act("resolve", about)
    settings.WEBHOOKS = False

    act("reopen", about)
    assert Notice.objects.filter(channel=endpoint.channel).count() == 1  # from before
    post_due()
    Delivery.objects.create(endpoint=endpoint)

    assert Notice.objects.filter(channel=endpoint.channel).count() == 0
    with django_assert_num_queries(0):
        assert deliver_due() == 0
    assert outside.sent == []


def test_the_same_statement_tells_however_many_endpoints(
    make_issue: Make, someone: Make, django_assert_num_queries: Any
) -> None:
    about = make_issue()
    for serial in range(3):
        user = someone(email=f"reader{serial}@example.org")
        follow(user, f"issue:{about.pk}")
        endpoints.named(user, URL, subjects=None)
        endpoints.named(user, f"{URL}/2", subjects=[f"issue:{about.pk}"])
    event = record("resolve", about, actor="p-somebody")

    with django_assert_num_queries(1):
        tell(event)

    assert Notice.objects.filter(channel__startswith="hook:").count() == 6


# The schedule


def test_the_schedule_is_the_specification_s() -> None:
    since = [sum((delay.total_seconds() for delay in DELAYS[: at + 1]), 0.0) for at in range(len(DELAYS))]

    assert since == DOCUMENTED
    assert DOCUMENTED[-1] == (75 * 60 + 35) * 60 + 5


def test_a_spread_is_added_and_never_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.webhooks.schedule.SPREAD", SPREAD or 0.1)
    spreads = [spread(f"msg_{serial}", 3) for serial in range(200)]
    at = datetime(2026, 1, 1, tzinfo=UTC)

    assert 0 <= min(spreads) < 0.02
    assert 0.08 < max(spreads) < 0.1
    coming = next_try("msg_7", 3, at=at)
    assert coming is not None
    assert at + DELAYS[3] <= coming < at + DELAYS[3] * 1.1
    assert next_try("msg_7", 3, at=at) == coming


def tried_since_start(delivery: Delivery, clock: Clock) -> list[float]:
    """Runs the worker whenever something is due, and a moment before it is, until nobody tries any more."""
    start = clock()
    while True:
        deliver_due(clock=clock)
        delivery.refresh_from_db()
        if delivery.state != Delivery.State.WAITING:
            return [(each.at - start).total_seconds() for each in delivery.log.all()]
        clock.now = delivery.due_at - timedelta(milliseconds=1)
        assert deliver_due(clock=clock) == 0
        clock.now = delivery.due_at


@pytest.mark.parametrize("outcome", [Outcome.FORBIDDEN])
def test_every_failure_is_tried_again_as_documented(
    endpoint: Endpoint, outside: Outside, clock: Clock, outcome: Outcome
) -> None:
    outside.answers = [Answer(outcome, 500 if outcome == Outcome.REFUSED else None)]
    delivery = waiting(endpoint, clock)

    assert tried_since_start(delivery, clock) == DOCUMENTED
    assert (delivery.state, delivery.tries, len(outside.sent)) == ("failed", 10, 10)
    assert {headers["webhook-id"] for _url, _said, headers in outside.sent} == {delivery.message_id}
    stamps = [int(headers["webhook-timestamp"]) for _url, _said, headers in outside.sent]
    assert [stamp - stamps[0] for stamp in stamps] == DOCUMENTED


@pytest.mark.parametrize("manner", ["stalls", "says too little"])
def test_a_receiver_that_misbehaves_gets_the_documented_schedule(
    endpoint: Endpoint, clock: Clock, settings: Any, monkeypatch: pytest.MonkeyPatch, manner: str
) -> None:
    settings.WEBHOOK_NETWORKS = networks_in("127.0.0.1/32")
    monkeypatch.setattr(sending, "TOTAL_S", 0.05)
    with receiving(MISBEHAVING[manner][0]) as receiver:
        Endpoint.objects.update(url=receiver.url)
        delivery = waiting(endpoint, clock)

        assert tried_since_start(delivery, clock) == DOCUMENTED
        assert receiver.connections == 10


def test_what_gets_through_at_last_is_delivered(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    outside.answers = [Answer(Outcome.REFUSED, 503), Answer(Outcome.TIMEOUT), Answer(Outcome.ACCEPTED, 200)]
    delivery = waiting(endpoint, clock)

    assert tried_since_start(delivery, clock) == [0, 5, 305]
    endpoint.refresh_from_db()
    assert (delivery.state, endpoint.failing_since) == ("delivered", None)


def test_a_receiver_that_asks_us_to_wait_is_heeded(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    outside.answers = [
        Answer(Outcome.REFUSED, 429, timedelta(hours=1)),
        Answer(Outcome.REFUSED, 503, timedelta(seconds=1)),
        Answer(Outcome.REFUSED, 503, timedelta(days=400)),
        Answer(Outcome.ACCEPTED, 200),
    ]
    delivery = waiting(endpoint, clock)

    assert tried_since_start(delivery, clock) == [0, 3_600, 3_900, 3_900 + 24 * 3_600]


def test_one_endpoint_that_fails_holds_up_no_other(
    endpoint: Endpoint, rosa: Any, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    other = endpoints.named(rosa, f"{URL}/2", subjects=None)[0]
    tried: list[str] = []

    def send(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        tried.append(url)
        return Answer(Outcome.REFUSED, 500) if url == URL else Answer(Outcome.ACCEPTED, 200)

    monkeypatch.setattr(delivering, "send", send)
    for _serial in range(4):
        waiting(endpoint, clock)
        waiting(other, clock)

    assert deliver_due(clock=clock) == 5
    assert sorted(tried) == [URL] + [f"{URL}/2"] * 4


def test_two_runs_do_not_send_the_same(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    waiting(endpoint, clock)
    taken = delivering._taken(8, set(), clock())

    assert len(taken) == 1
    assert delivering._taken(8, set(), clock()) == []
    clock.past(minutes=2)
    assert len(delivering._taken(8, set(), clock())) == 1  # whoever took it has died


def test_a_run_that_goes_on_is_left_alone(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    from django.core.cache import cache

    waiting(endpoint, clock)
    cache.add(delivering.RUNNING, True, timeout=60)

    assert deliver_due(clock=clock) == 0
    cache.delete(delivering.RUNNING)
    assert deliver_due(clock=clock) == 1


# Switching off


def test_an_endpoint_that_says_it_is_gone_is_switched_off_and_its_owner_told(
    endpoint: Endpoint, rosa: Any, outside: Outside, clock: Clock
) -> None:
    outside.answers = [Answer(Outcome.GONE, 410)]
    waiting(endpoint, clock)
    waiting(endpoint, clock)

    deliver_due(clock=clock)

    endpoint.refresh_from_db()
    assert (endpoint.disabled_why, len(outside.sent)) == ("gone", 1)
    assert {each.state for each in Delivery.objects.all()} == {"failed"}
    assert sorted(Notice.objects.filter(verb="webhook_off").values_list("channel", flat=True)) == ["email", "list"]
    post_due()
    (sent,) = mail.outbox
    assert sent.to == [rosa.email]
    assert "hooks.example" in sent.subject
    assert f"/account/webhooks/{endpoint.pk}/" in sent.body


def test_an_endpoint_that_fails_for_days_is_switched_off(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    outside.answers = [Answer(Outcome.REFUSED, 500)]
    first = waiting(endpoint, clock)
    tried_since_start(first, clock)
    assert Endpoint.objects.get().disabled_at is None  # three days, and one message

    clock.past(hours=45)
    waiting(endpoint, clock)
    deliver_due(clock=clock)

    endpoint.refresh_from_db()
    assert (endpoint.disabled_why, endpoint.disabled_at) == ("failing", clock())
    assert Notice.objects.filter(verb="webhook_off").count() == 2


def test_what_is_switched_off_hears_nothing_until_it_is_switched_on(
    make_issue: Make, endpoint: Endpoint, rosa: Any, outside: Outside, clock: Clock
) -> None:
    about = make_issue()
    follow(rosa, f"issue:{about.pk}")
    endpoints.disable(endpoint, Endpoint.Why.OWNER, at=clock())
    act("resolve", about)
    post_due()
    assert (deliver_due(), Notice.objects.filter(verb="webhook_off").count()) == (0, 0)
    with pytest.raises(ValidationError):
        endpoints.try_out(endpoint)

    endpoints.enable(endpoint)
    act("reopen", about)
    post_due()

    assert deliver_due() == 1
    assert [said["type"] for _url, said, _headers in outside.sent] == ["issue.reopen"]


def test_an_account_that_is_gone_or_asleep_is_told_nothing(
    make_issue: Make, endpoint: Endpoint, rosa: Any, outside: Outside
) -> None:
    about = make_issue()
    follow(rosa, f"issue:{about.pk}")
    act("resolve", about)
    post_due()
    rosa.is_active = False
    rosa.save()

    assert deliver_due() == 0
    rosa.delete()
    assert Delivery.objects.count() == Endpoint.objects.count() == 0


# Secrets, tests, replays


def test_the_secret_before_signs_for_a_day(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    old = endpoints.secrets_of(endpoint, at=clock())[0]
    new = endpoints.rotate(endpoint, at=clock())

    for _day in range(2):
        waiting(endpoint, clock)
        deliver_due(clock=clock)
        clock.past(hours=24)

    (_u, said, first), (_v, _again, second) = outside.sent
    stored = bytes(Endpoint.objects.get().sealed_secret)
    assert [len(each["webhook-signature"].split(" ")) for each in (first, second)] == [2, 1]
    for secret, sent in zip((new, old), first["webhook-signature"].split(" "), strict=True):
        body = json.dumps(said, separators=(",", ":")).encode()
        stamp = int(first["webhook-timestamp"])
        assert sent == signature(secret, message_id=first["webhook-id"], timestamp=stamp, body=body)
    assert new.encode() not in stored
    assert new != old


def test_a_delivery_is_sent_again_under_its_own_id(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    delivery = waiting(endpoint, clock)
    deliver_due(clock=clock)
    delivery.refresh_from_db()

    endpoints.replay(delivery, at=clock())
    with pytest.raises(ValidationError):
        endpoints.replay(delivery, at=clock())  # pressed twice
    deliver_due(clock=clock)

    assert [headers["webhook-id"] for _url, _said, headers in outside.sent] == [delivery.message_id] * 2
    assert delivery.log.count() == 2


def test_the_log_goes_back_thirty_days(endpoint: Endpoint, outside: Outside, clock: Clock) -> None:
    waiting(endpoint, clock)
    deliver_due(clock=clock)
    clock.past(days=29)
    forget_deliveries(at=clock())
    assert Try.objects.count() == 1

    clock.past(days=1)
    forget_deliveries(at=clock())
    assert Delivery.objects.count() == Try.objects.count() == 0


def test_an_account_names_few_addresses_and_each_once(endpoint: Endpoint, rosa: Any, someone: Make) -> None:
    with pytest.raises(ValidationError):
        endpoints.named(rosa, URL, subjects=None)
    for serial in range(4):
        endpoints.named(rosa, f"{URL}/{serial}", subjects=None)
    with pytest.raises(ValidationError):
        endpoints.named(rosa, f"{URL}/more", subjects=None)

    endpoints.named(someone(email="other@example.org"), URL, subjects=None)
    assert Endpoint.objects.count() == 6


def test_deleting_takes_the_log_and_the_choice_along(make_issue: Make, rosa: Any, clock: Clock) -> None:
    about = make_issue()
    follow(rosa, f"issue:{about.pk}")
    endpoint = endpoints.named(rosa, URL, subjects=[f"issue:{about.pk}"])[0]
    waiting(endpoint, clock)

    endpoints.remove(endpoint)

    assert Delivery.objects.count() == 0
    assert set(Subscription.objects.values_list("channel", flat=True)) == {"list", "email"}
