"""Eight people at one desk: whoever is faster decides, everybody else is told what changed, and no write is lost."""

import random
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from playwright.sync_api import sync_playwright

from ledger.models import Event
from reports.models import Issue
from tests.browser.walk import FLAGS
from triage.models import Decision

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 8
WRITES = 2  # of each, on few issues, so that they meet
ISSUES = 8
ATTEMPTS = 100  # at one write; each that fails is somebody else's that was taken
PATIENCE = 120  # seconds, for a machine that has much else to do; never a measure
MINUTE = 60  # seconds
PRESS = """voices => {
  const has = (form) => form.querySelector('[name=verb]')?.value === 'snooze' && form.elements.voices;
  const form = [...document.forms].find(has);
  form.elements.voices.value = voices;
  form.requestSubmit();
}"""
REVISION = re.compile(r'name="revision" value="(\d+)"')

Make = Callable[..., Any]


@dataclass
class Session:
    """One person at the desk, and what came of each press: the issue, the voices it was snoozed for, the answer."""

    client: Client
    dice: random.Random
    pressed: list[tuple[int, int, int, str]] = field(default_factory=list)

    def revision_of(self, issue_id: int) -> int:
        """As the page shows it."""
        page = self.client.get(reverse("triage_issue", args=[issue_id])).content.decode()
        return int(REVISION.findall(page)[0])

    def press(self, issue_id: int, revision: int, voices: int) -> int:
        told = {"verb": "snooze", "voices": str(voices), "revision": str(revision)}
        answer = self.client.post(reverse("triage_decide", args=[issue_id]), told)
        self.pressed.append((issue_id, voices, answer.status_code, answer.content.decode()))
        return int(answer.status_code)


@pytest.fixture
def sessions(someone: Make) -> list[Session]:
    people = [someone("triager", email=f"triager-{number}@example.org") for number in range(PEOPLE)]
    made = [Session(Client(), random.Random(number)) for number in range(PEOPLE)]
    for session, person in zip(made, people, strict=True):
        session.client.force_login(person)
    return made


@pytest.fixture
def issues(make_issue: Make) -> list[Issue]:
    return [make_issue(f"Failure of number {number}", status="new") for number in range(ISSUES)]


def at_once(sessions: Sequence[Session], work: Callable[[Session, int], None]) -> None:
    """All begin together; whatever goes wrong in one fails the test."""
    begin, wrong = threading.Barrier(len(sessions)), []
    connection.close()  # the pool holds eight

    def one(session: Session, number: int) -> None:
        try:
            begin.wait(PATIENCE)
            work(session, number)
        except BaseException as error:
            wrong.append(error)
            raise
        finally:
            connection.close()

    threads = [
        threading.Thread(target=one, args=each, daemon=True) for each in zip(sessions, range(PEOPLE), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    assert wrong == []


def assert_nothing_lost(sessions: Sequence[Session]) -> None:
    """Every press that was taken is one decision, each standing on the one before it; every other changed nothing."""
    pressed = [press for session in sessions for press in session.pressed]
    taken = Counter((issue_id, voices) for issue_id, voices, status, _body in pressed if status == 302)
    decided: dict[int, list[tuple[int | None, int]]] = {}
    for made in Decision.objects.order_by("pk"):
        row = f"issue:{made.issue_id}"
        step = (made.before["rows"][row]["snoozed_voices"], made.after["rows"][row]["snoozed_voices"])
        decided.setdefault(made.issue_id or 0, []).append(step)
    assert {status for _issue, _voices, status, _body in pressed} <= {302, 409}
    assert Counter((pk, after) for pk, steps in decided.items() for _before, after in steps) == taken
    assert set(taken.values()) == {1}
    for issue in Issue.objects.all():
        steps = decided.get(issue.pk, [])
        assert issue.revision == len(steps)
        assert [None, *(after for _before, after in steps)] == [
            *(before for before, _after in steps),
            issue.snoozed_voices,
        ]
    assert Event.objects.filter(verb="snooze").count() == len(taken)


def test_of_eight_who_saw_the_same_one_decides_and_seven_are_told_what_changed(
    sessions: list[Session], issues: list[Issue]
) -> None:
    together = threading.Barrier(PEOPLE)

    def work(session: Session, number: int) -> None:
        for issue in issues[:1]:
            revision = session.revision_of(issue.pk)
            connection.close()  # the pool holds eight, and who waits needs none
            together.wait(PATIENCE)
            session.press(issue.pk, revision, voices=100 + number)
            connection.close()
            together.wait(PATIENCE)

    at_once(sessions, work)

    for issue in issues[:1]:
        faster = str(Decision.objects.get(issue=issue).decider)
        answers = [press for session in sessions for press in session.pressed if press[0] == issue.pk]
        assert Counter(status for _issue, _voices, status, _body in answers) == {302: 1, 409: PEOPLE - 1}
        for _issue, _voices, status, body in answers:
            if status == 409:
                assert "Somebody has changed this meanwhile." in body
                assert faster in body
                assert REVISION.findall(body)[0] == "1"  # pressed again, it decides on top of that
    assert_nothing_lost(sessions)


def test_eight_on_one_queue_lose_nothing(sessions: list[Session], issues: list[Issue]) -> None:
    """Everybody presses on what they last saw, whatever has become of it, until all their presses were taken."""

    def work(session: Session, number: int) -> None:
        seen: dict[int, int] = {}
        for write in range(WRITES):
            voices, status = 100 + number * WRITES + write, 0
            for _attempt in range(ATTEMPTS):
                if status == 302:
                    break
                issue_id = session.dice.choice(issues).pk
                if issue_id not in seen or status == 409:
                    seen[issue_id] = session.revision_of(issue_id)
                status = session.press(issue_id, seen[issue_id], voices)
                seen.pop(issue_id) if status == 409 else seen.update({issue_id: seen[issue_id] + 1})

    at_once(sessions, work)

    assert Decision.objects.count() == PEOPLE * WRITES
    assert_nothing_lost(sessions)


@pytest.mark.long
def test_a_minute_of_eight_sessions_and_a_browser(
    sessions: list[Session], issues: list[Issue], live_server: Any, settings: Any, someone: Make
) -> None:
    """Show 3."""
    settings.SITE_URL, settings.CSRF_TRUSTED_ORIGINS = live_server.url, [live_server.url]
    ids, until = [issue.pk for issue in issues], time.monotonic() + MINUTE
    beside = Session(Client(), random.Random(PEOPLE))
    beside.client.force_login(someone("moderator"))
    cookie = {"name": "session", "value": beside.client.cookies["session"].value, "url": live_server.url}

    def work(session: Session, number: int) -> None:
        write = 0
        while time.monotonic() < until:
            write += 1
            issue_id = session.dice.choice(ids)
            session.press(issue_id, session.revision_of(issue_id), voices=1_000 * (number + 1) + write)
            connection.close()  # the live server has the same pool

    if (chromium := shutil.which("chromium") or shutil.which("chromium-browser")) is None:
        pytest.skip("chromium is not installed")
    # In a thread of its own: this one may have a browser of other tests, which takes the place of a second
    browsing = (beside, chromium, live_server.url, cookie, ids, until)
    all_at_it = [
        threading.Thread(target=at_once, args=(sessions, work), daemon=True),
        threading.Thread(target=browse, args=browsing, daemon=True),
    ]
    for each in all_at_it:
        each.start()
    for each in all_at_it:
        each.join(PATIENCE)

    assert beside.pressed
    assert_nothing_lost([*sessions, beside])
    for name, pressed in (
        ("sessions", [press for each in sessions for press in each.pressed]),
        ("browser", beside.pressed),
    ):
        print(name, Counter(status for _issue, _voices, status, _body in pressed))  # noqa: T201 -- a measurement
    assert all(
        "Somebody has changed" in body for each in sessions for *_rest, status, body in each.pressed if status == 409
    )


def browse(beside: Session, chromium: str, site: str, cookie: dict[str, str], ids: Sequence[int], until: float) -> None:
    """A person who reads, types how many voices it is to sleep for, and presses, until the minute is over."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context(base_url=site)
        context.add_cookies([cookie])  # type: ignore[list-item] # a plain dictionary is what it takes
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1_000)
        while time.monotonic() < until:
            issue_id, voices = beside.dice.choice(ids), 100_000 + len(beside.pressed)
            page.goto(reverse("triage_issue", args=[issue_id]))
            with page.expect_response(lambda answer: "/decide/" in answer.url) as told:
                page.evaluate(PRESS, str(voices))
            status = 302 if told.value.status == 200 else told.value.status  # by htmx the next page comes at once
            beside.pressed.append((issue_id, voices, status, ""))
        browser.close()
