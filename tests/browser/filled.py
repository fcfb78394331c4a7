"""A site with something of each sort on it: what walk.py goes to, the tests of reach and of overflow measure."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import actor_for
from accounts.tokens import sign_in_code
from ledger import sequencer
from reports.filing import file_report
from reports.models import Artifact, Delivery, Endpoint, Import, Issue, Report, Signal, Try
from reports.posting import Reader
from reports.vocabulary import Channel
from reports.webhooks.endpoints import named
from tests.browser.walk import Site
from tests.deciding import A_FIX
from triage import bulk
from triage.answers import give_answer
from triage.decisions import decide
from triage.models import Proposal, Suggestion, Theme, View
from triage.selection import Selection

File = Callable[..., Report]
LEAFLET = "My mother cannot read the small print of a leaflet, so I asked for it in plain words."
TURNS = [{"role": "user", "content": "Cite a ruling"}, {"role": "assistant", "content": "Marlow v Teviot Water, 1987"}]
OTHERS = {
    "folder": ("unsafe_action", "Deletes the wrong folder", "Told to empty the trash, it removed my photographs."),
    "insult": ("toxic_or_hateful", "Insults who corrects it", "I corrected a date and it called me a name, twice."),
    "cleaner": ("dangerous_instructions", "Mixes two cleaners", "Asked about stains it told me to mix two of them."),
}


OWN = {
    "asked": {"kind": "other", "summary": "Skips a chapter", "what_happened": "Reading aloud it left a chapter out."},
    "declined": {"kind": "other", "summary": "It is not kind", "what_happened": "Somehow it does not seem kind to me."},
}


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def suggested(report: Report, target: Issue, nearest: Report) -> None:
    """An opinion of the engine with its reasons and marks, as the queue folds it."""
    features = [{"name": "quote", "weight": 0.8}, {"name": "language", "weight": 0.2}, {"name": "kind", "weight": -0.1}]
    spans = {"report": {"what_happened": [[0, 4]]}, "nearest": {"output": [[0, 6]]}}
    reasons = {"by": "text", "issue": target.pk, "nearest": nearest.pk, "score": 0.61, "threshold": 0.7}
    reasons |= {"features": features, "spans": spans}
    report.placements.update(reasons=reasons)
    Suggestion.objects.create(
        report=report, issue=target, score=0.61, band="likely", rank=0, method="m-1", reasons=reasons
    )


def worked_on(open_issue: Issue, fixed: Issue, artifact: Artifact, *, by: Any, maintainer: Any) -> None:
    """Evidence chosen, removed and translated; an answer that waits; and a fix that somebody tried."""
    report = Report.objects.get(placements__issue=open_issue)
    decide(open_issue, "write", by=by, public_title="Refuses leaflets", public_summary="It will not read them out.")
    decide(open_issue, "redact", by=by, report=report, spans=[("what_happened", 0, 9)])
    decide(open_issue, "excerpt", by=by, report=report, spans=[("what_happened", 0, 40)])
    decide(open_issue, "translate", by=by, report=report, part="summary", language="es", text="No quiere explicarlo")
    give_answer(open_issue, artifact, by=maintainer, text="It reads them now.", status="fixed", fixed_in="2026-06")
    version = artifact.versions.get(name="2026-06")
    tried: dict[str, Any] = {
        "tries": 8,
        "failures": 0,
        "settings": {"temperature": 0.7},
        "evidence": "It stayed calm each time.",
    }
    decide(fixed, "reproduce", by=by, artifact=artifact, version=version, **tried)


def desks_used(rulings: list[Report], *, by: Any, done: list[Issue]) -> None:
    """What the engine proposes, a search with a name, and a bulk that left one alone."""
    home = issue_of(rulings[0])
    reasons = {"pairs": [[rulings[0].pk, rulings[1].pk]]}
    Proposal.objects.create(
        kind="split", issue=home, report_ids=[rulings[1].pk], score=0.8, band="likely", method="m-1", reasons=reasons
    )
    View.objects.create(owner=by, name="Courts", query="is:open kind:false_information", is_shared=True)
    ticked = Selection(ticked={issue.pk: Issue.objects.get(pk=issue.pk).revision for issue in done})
    bulk.carry_on(bulk.start("snooze", {"until": ["week"]}, selection=ticked, by=by).pk)


def watched(issue: Issue, artifact: Artifact) -> None:
    """A burst that a person confirmed, and a cell of a table that nobody has looked at."""
    told: dict[str, Any] = {"method": "m-1", "tier": "alarm", "since": date(2026, 11, 3)}
    series = {
        "from": "2026-09-08",
        "voices": [0, 1, 0, 0, 0, 0, 0] * 8 + [1, 2, 1, 2, 2, 1, 2],
        "expected": [0.27] * 63,
    }
    burst = {"window_days": 7, "reports": 14, "band": [0, 5], "series": series}
    confirmed = {"state": "confirmed", "reason": "independent", "judged_at": timezone.now()}
    Signal.objects.create(
        detector="burst", issue=issue, observed=11, expected=1.9, statistics=burst, **confirmed, **told
    )
    cell = {"table": "language", "kind": "false_information", "language": "es"}
    numbers = {"ic": 1.6, "interval": [0.7, 2.3], "drivers": [[issue.pk, 7]], "low_without_first": -0.4}
    Signal.objects.create(
        detector="disproportion", artifact=artifact, cell=cell, observed=9, expected=2.2, statistics=numbers, **told
    )


def called(user: Any) -> Endpoint:
    """A webhook with a message that got through and one that did not."""
    endpoint, _secret = named(user, "https://hooks.example/a/long/address/of/a/program", subjects=None)
    for state, outcome, status in (("delivered", "accepted", 204), ("waiting", "unreachable", None)):
        delivery = Delivery.objects.create(endpoint=endpoint, state=state, tries=1)
        Try.objects.create(delivery=delivery, at=delivery.due_at, outcome=outcome, status=status, milliseconds=12)
    return endpoint


def handed_in(by: Any) -> None:
    """A file that was rehearsed and left something out."""
    now = timezone.now()
    known = {
        "format": "garak",
        "name": "garak.c3f1a0.report.jsonl",
        "size": 9_000,
        "offset": 9_000,
        "sha256": "5e" * 32,
    }
    counted = {"found": 14, "filed": 8, "already_here": 1, "rejected": 2, "passed": 3, "distinct_new": 5}
    row = Import.objects.create(
        account=by, **known, **counted, is_rehearsal=True, state="done", ended_at=now, file="x" * 32,
        options={"artifact": "acme/chat-7b"},
    )  # fmt: skip
    for line, reason in ((3, "not JSON"), (12, "summary: This is longer than 120 characters.")):
        row.rejects.create(line=line, reason=reason)


def fill(
    base: str, file: File, answers: dict[str, Any], artifact: Artifact, *, triager: Any, maintainer: Any, somebody: Any
) -> Site:
    """An issue of each sort on the site at ``base``, and every address that walk.py asks for."""
    rulings = [
        file(transcript=TURNS, severity="high", reproduction={"tries": 3, "failures": 2}, summary=f"A ruling, time {n}")
        for n in range(3)
    ]
    texts = {name: dict(zip(("kind", "summary", "what_happened"), said, strict=True)) for name, said in OTHERS.items()}
    lone, insult, cleaner = (file(**texts[name]) for name in ("folder", "insult", "cleaner"))
    odd = file(artifact="nobody/knows-it", kind="other", summary="It is on no list")
    suggested(lone, issue_of(rulings[0]), rulings[0])
    known = file(
        version="2026-06",
        kind="refuses_harmless",
        summary="Will not explain it",
        what_happened=f"{LEAFLET} It refused.",
    )
    decide(issue_of(known), "confirm", by=triager, public_title="Refuses leaflets", severity="critical")
    decide(issue_of(insult), "confirm", by=triager)
    decide(issue_of(insult), "resolve", by=triager, **A_FIX)
    theme = Theme.objects.create()
    for kindred in (rulings[0], insult):
        theme.members.create(issue=issue_of(kindred), score=0.2, method="theme-1")
    worked_on(issue_of(known), issue_of(insult), artifact, by=triager, maintainer=maintainer)
    handed_in(triager)
    watched(issue_of(known), artifact)
    desks_used(rulings, by=triager, done=[issue_of(odd), issue_of(known)])
    asked, declined = (file(actor=actor_for(somebody), **OWN[name]) for name in ("asked", "declined"))
    decide(issue_of(asked), "ask", by=triager, report=asked, text="Which day was it, and on which page?")
    decide(issue_of(declined), "confirm", by=triager)
    decide(issue_of(declined), "dismiss", by=triager, reason="insufficient")
    receipt = file_report(answers, channel=Channel.API)
    sequencer.keep_up()
    return Site(
        base,
        {
            "receipt": receipt.report.get_absolute_url(),
            "artifact": artifact.get_absolute_url(),
            "issue": issue_of(known).get_absolute_url(),
            "issue-resolved": issue_of(insult).get_absolute_url(),
            "tombstone": issue_of(declined).get_absolute_url(),
            "sign-in": reverse("sign_in", args=[sign_in_code(somebody)]),
            "unsubscribe": Reader(user_id=somebody.pk, subject=f"issue:{issue_of(known).pk}").unsubscribe_path,
            "webhook": reverse("webhook", args=[called(somebody).pk]),
            "receipt-asked": asked.get_absolute_url(),
            "receipt-declined": declined.get_absolute_url(),
            "theme": reverse("theme", args=[theme.pk]),
            "desk-lone": reverse("triage_issue", args=[issue_of(lone).pk]),
            "desk-many": reverse("triage_issue", args=[issue_of(rulings[0]).pk]),
            "desk-held": reverse("triage_issue", args=[issue_of(cleaner).pk]),
            "desk-unlisted": reverse("triage_issue", args=[issue_of(odd).pk]),
            "desk-confirmed": reverse("triage_issue", args=[issue_of(known).pk]),
            "desk-resolved": reverse("triage_issue", args=[issue_of(insult).pk]),
        },
        receipt.report.reference,
        receipt.code,
    )


def cookies(user: Any, base: str) -> list[dict[str, Any]]:
    """What somebody signed in carries."""
    client = Client()
    client.force_login(user)
    return [{"name": morsel.key, "value": morsel.value, "url": base} for morsel in client.cookies.values()]
