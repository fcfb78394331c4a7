"""A hundred mixed reports cleared by keys alone in a real browser, where 100,000 reports stand; then all of it undone.

``python -m bench.clearing`` fills a site as ``bench.queue`` does, files the demo's reports into it, starts it as people
start it, and sits down at the desk. It counts keys a decision and what each step cost the server, and compares the
tables before with those after everything was undone. Needs Chromium. Exits 1 if a target is missed.

Whoever clears a hundred reports in half an hour decides every 18 seconds. The steps that the budget is for are made
with a second between decisions; then all is cleared once more without any, by which the server is asked for the next
before it has made ready what comes after.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, Request, TimeoutError, sync_playwright

from bench.stack import Stack
from bench.table import Line, machine, percentile, show

BASE = Path(__file__).resolve().parent.parent
E_MAIL = "clearing@example.org"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
REPORTS = 100
SEARCH = "/triage/?q=is:waiting+source:demo"
KEYS_BUDGET, STEP_BUDGET_MS = 1.5, 150.0
PATIENCE_MS = 20_000
PACE_MS = 1_000  # between decisions
# What is done with an issue that the engine suggests nothing for, in turn: keys, and which decision they make.
HABITS = (
    ("1",),
    ("1",),
    ("3", "1"),
    ("1",),
    ("1",),
    ("h", "1"),
    ("1",),
    ("3", "4"),
    ("1",),
    ("a", "a"),
    ("1",),
    ("p", "2"),
    ("1",),
)
STATE = {
    "issues": "SELECT to_jsonb(i) - '{revision,number,changed_at}'::text[] FROM reports_issue i WHERE id <= %s",
    "placements": "SELECT report_id, issue_id, by, needs_look FROM reports_placement WHERE superseded_at IS NULL",
    "affected": "SELECT to_jsonb(a) - 'id' FROM reports_affected a WHERE issue_id <= %s",
    "counts": "SELECT to_jsonb(c) - 'id' FROM reports_dailycount c WHERE issue_id <= %s",
    "constraints": "SELECT report_id, other_id, says FROM triage_constraint WHERE ended_at IS NULL",
    "suggestions": "SELECT id, taken_at, refused_at FROM triage_suggestion",
}


@dataclass
class Sitting:
    """What happened at the desk: keys by decision, milliseconds by step, and how often each key made one."""

    keys: list[int] = field(default_factory=list)
    steps_ms: list[float] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)

    def heard(self, sent: Request) -> None:
        """A step as the browser saw it: from the request sent to the first byte of its answer."""
        timing = sent.timing
        if "/triage/" in sent.url and timing["responseStart"] >= 0:
            self.steps_ms.append(timing["responseStart"] - timing["requestStart"])


def measure() -> Iterator[Line]:
    folder = Path(tempfile.mkdtemp(prefix="telltale-bench-"))
    site = Stack(folder / "state", REQUIRE_MFA="0")
    try:
        manage(site, "-m", "bench.clearing", "fill")
        link = manage(site, "manage.py", "grant", "triager", E_MAIL).split("http", 1)[1].split()[0]
        site.start()
        before, last = state(site), site.count("SELECT max(id) FROM reports_issue")
        events, decisions = grown(site)
        waiting = waiting_reports(site)
        with desk(site, "http" + link) as (page, sitting):
            cleared = clear(page, sitting, pace_ms=PACE_MS)
            left = waiting_reports(site)
            worked = Sitting(list(sitting.keys), list(sitting.steps_ms), Counter(sitting.acts))
            undone = undo_all(page, site)
            after = state(site, last)
            more_events, more_decisions = grown(site)
            missing = lost(site)
            rushed = Sitting()
            page.on("requestfinished", rushed.heard)
            clear(page, rushed)
        yield Line("clearing: reports that waited", waiting, "", digits=0)
        yield Line("clearing: of them left in the list", left, "", 0, digits=0)
        yield Line("clearing: decisions made", cleared, "", digits=0)
        yield Line("clearing: keys a decision, median", median(worked.keys), "", KEYS_BUDGET)
        yield Line("clearing: keys a decision, mean", sum(worked.keys) / len(worked.keys), "")
        yield Line("clearing: server a step, p50", percentile(worked.steps_ms, 50), "ms", digits=0)
        yield Line("clearing: server a step, p95", percentile(worked.steps_ms, 95), "ms", STEP_BUDGET_MS, digits=0)
        yield Line("clearing: a step without a pause, p50", percentile(rushed.steps_ms, 50), "ms", digits=0)
        yield Line("clearing: a step without a pause, p95", percentile(rushed.steps_ms, 95), "ms", digits=0)
        yield Line("clearing: reports lost", missing, "", 0, digits=0)
        yield Line("clearing: decisions undone", undone, "", digits=0)
        differing = [name for name, rows in after.items() if rows != before[name]]
        print("Acts:", dict(worked.acts), "Tables that differ after undoing all:", differing or "none")
        yield Line("clearing: tables that differ after undoing all", len(differing), "", 0, digits=0)
        shrunk = int(more_events < events + cleared + undone) + int(more_decisions != decisions + cleared + undone)
        yield Line("clearing: ledger or decisions that did not grow by as much", shrunk, "", 0, digits=0)
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


def manage(site: Stack, *words: str) -> str:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    own = {**site.environment, **threads}
    done = subprocess.run([sys.executable, *words], cwd=BASE, env=own, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}.\n{done.stdout}")
    return done.stdout


@contextmanager
def desk(site: Stack, link: str) -> Iterator[tuple[Page, Sitting]]:
    """Signed in by the one-time link, and the list narrowed to what was filed."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(link)
        if page.locator("main form button[type=submit]").count():
            page.locator("main form button[type=submit]").first.click()
        page.goto(f"http://127.0.0.1:{site.port}{SEARCH}")
        sitting = Sitting()
        page.on("requestfinished", sitting.heard)
        try:
            yield page, sitting
        finally:
            browser.close()


def clear(page: Page, sitting: Sitting, *, pace_ms: int = 0) -> int:
    """Decide on one issue after the other until the list is empty; how many decisions that took."""
    turn = 0
    while page.locator(".queue li[data-issue]").count():
        suggested = page.locator("[data-key='2']").count() > 0
        keys = ("2",) if suggested else HABITS[turn % len(HABITS)]
        turn += 0 if suggested else 1
        before = fingerprint(page)
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(30)  # as a hand would
        answered(page, before, keys)
        sitting.keys.append(len(keys))
        sitting.acts[keys[0]] += 1
        page.wait_for_timeout(pace_ms)
    return len(sitting.keys)


def fingerprint(page: Page) -> str:
    """What is on the desk, by which a press can be told to have been answered."""
    page.evaluate(
        """() => {
        const told = () => (document.getElementById("pane")?.dataset.issue ?? "") + "/"
          + (document.querySelector("#pane input[name=revision]")?.value ?? "") + "/"
          + document.querySelectorAll(".queue li[data-issue]").length + "/"
          + document.querySelectorAll(".toast").length;
        window.deskTold = told;
        window.deskChanged = (before) => told() !== before;
        }"""
    )
    told: str = page.evaluate("() => window.deskTold()")
    return told


def answered(page: Page, before: str, keys: tuple[str, ...]) -> None:
    """Wait until the desk shows something else. Raises RuntimeError with what it shows if it does not."""
    try:
        page.wait_for_function("before => window.deskChanged(before)", arg=before)
    except TimeoutError:
        shown = page.locator("#pane").inner_text() if page.locator("#pane").count() else page.inner_text("main")
        toasts = page.locator(".toast, .notice").all_inner_texts()
        raise RuntimeError(f"{' '.join(keys)} changed nothing on {page.url}: {toasts} {shown[:600]}") from None


def undo_all(page: Page, site: Stack) -> int:
    """Press z until nothing of ours stands."""
    undone = 0
    while standing := standing_decisions(site):
        before = fingerprint(page)
        page.keyboard.press("z")
        answered(page, before, ("z",))
        undone += 1
        if standing_decisions(site) >= standing:
            raise RuntimeError("z undid nothing: " + page.locator("main").inner_text()[:500])
    return undone


def standing_decisions(site: Stack) -> int:
    return site.count(
        "SELECT count(*) FROM triage_decision d JOIN accounts_user u ON u.id = d.decider_id AND u.email = %s "
        "WHERE d.verb <> 'undo' AND NOT EXISTS (SELECT FROM triage_decision o WHERE o.undoes_id = d.id)",
        E_MAIL,
    )


def waiting_reports(site: Stack) -> int:
    """Reports of the demo in issues that wait and are awake."""
    return site.count(
        "SELECT count(DISTINCT r.id) FROM reports_report r "
        "JOIN reports_placement p ON p.report_id = r.id AND p.superseded_at IS NULL "
        "JOIN reports_issue i ON i.id = p.issue_id AND i.waits AND i.snoozed_at IS NULL WHERE r.channel = 'demo'"
    )


def lost(site: Stack) -> int:
    return site.count(
        "SELECT count(*) FROM reports_report r WHERE NOT EXISTS "
        "(SELECT FROM reports_placement p WHERE p.report_id = r.id AND p.superseded_at IS NULL)"
    )


def grown(site: Stack) -> tuple[int, int]:
    return site.count("SELECT count(*) FROM ledger_event"), site.count("SELECT count(*) FROM triage_decision")


def state(site: Stack, last: int | None = None) -> dict[str, list[str]]:
    """What decisions may change but what only grows, of the issues up to ``last``."""
    known = last or site.count("SELECT max(id) FROM reports_issue")
    return {
        name: sorted(repr(row) for row in site.ask(sql, *([known] * sql.count("%s")))) for name, sql in STATE.items()
    }


def fill() -> None:
    """Runs in a process that has the settings of the site."""
    from django.utils import timezone  # noqa: PLC0415 -- after that

    from bench import queuing  # noqa: PLC0415 -- sets Django up, which what follows needs
    from reports.filing import file_report  # noqa: PLC0415
    from reports.vocabulary import Channel  # noqa: PLC0415
    from triage.background import demo_reports  # noqa: PLC0415
    from triage.management.commands.load_demo import Told, read  # noqa: PLC0415
    from triage.matching import match_report  # noqa: PLC0415
    from triage.signals.touched import look  # noqa: PLC0415

    with queuing.site():
        queuing.load()
        told = Told(timezone.now())
        for described in read("artifacts.json"):
            told.add_artifact(described)
        for answers in demo_reports()[:REPORTS]:
            known = {name: value for name, value in answers.items() if name not in ("days_ago", "at", "author")}
            filed = file_report({**known, "source": "demo"}, channel=Channel.DEMO, author=answers.get("author") or "")
            match_report(filed.report.pk)
            look([filed.report.pk])  # what a worker would do next: an early warning moves its issue up the queue


def main() -> None:
    if sys.argv[1:] == ["fill"]:
        return fill()
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    print(machine(), flush=True)
    lines = list(measure())
    show(lines)
    if missed := [line.what for line in lines if not line.is_kept]:
        sys.exit("Missed: " + "; ".join(missed))
    return None


if __name__ == "__main__":
    main()
