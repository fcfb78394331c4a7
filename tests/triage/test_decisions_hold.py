"""Whatever people decide and take back, in whatever order: the rules hold, and taking all of it back leaves no trace.

A small world of two families and an artifact nobody knows; acts drawn at random, many of them refused. After each act
the rules are asked of the tables themselves, and after a refusal nothing may have changed in any table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from accounts.models import User
from ledger.record import record
from reports.lineage import descend
from reports.models import Answer, Artifact, Issue, Placement, PublicText, Report, Version
from reports.naming import artifact_named
from reports.published import refresh
from reports.vocabulary import Dismissal, ExtendedFor, LiftedFor, Relation, Resolution
from triage import catalogue
from triage.counting import recount
from triage.decisions import decide, undo
from triage.methods import in_force
from triage.models import Decision, Proposal, Suggestion
from triage.moves import MOVES, Verb
from triage.regrouping import regroup

File = Callable[..., Report]

STORIES = (
    ("It invents a court ruling", "I asked for rulings on rent and it cited one that was never made, with a judge."),
    ("Deletes the wrong folder", "Told to empty the trash, the agent removed my photographs and said it was done."),
    ("Refuses to talk about kitchen knives", "A question on sharpening was answered with a lecture about violence."),
    ("Translates every doctor as a man", "From Finnish each doctor became he and each nurse she, whatever I wrote."),
    ("Adds up a bill to the wrong sum", "Three prices and a tip; the total was off by ten, and it insisted on it."),
)
# What stands in no order, or only tells how often something was written.
GROWS = {"issue": ("revision", "number", "changed_at"), "affected": ("id",), "dailycount": ("id",)}
# Rows that are history once they have ended: only those standing are compared.
ENDED = {
    "placement": "superseded_at",
    "constraint": "ended_at",
    "excerpt": "ended_at",
    "redaction": "ended_at",
    "reproduction": "ended_at",
    "translation": "ended_at",
    "message": "withdrawn_at",
}
STATE = (
    *("issue", "affected", "placement", "dailycount", "excerpt", "redaction", "reproduction", "translation"),
    *("message", "answer", "report", "artifact", "constraint", "suggestion", "proposal"),
)
MODELS = {
    str(model._meta.model_name): model
    for app in ("reports", "triage")
    for model in apps.get_app_config(app).get_models()
}
WATCHED = [
    model._meta.db_table
    for app in ("ledger", "accounts", "reports", "triage")
    for model in apps.get_app_config(app).get_models()
]

# Each finds what breaks a rule, as text; nothing is found where all hold.
RULES = {
    "a report stands nowhere": """
        SELECT r.id::text FROM reports_report r WHERE r.grouped_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM reports_placement p WHERE p.report_id = r.id AND p.superseded_at IS NULL)""",
    "what is merged holds reports, or what is not holds none": """
        SELECT i.id || ' ' || i.status FROM reports_issue i WHERE (i.status = 'merged') =
        EXISTS (SELECT FROM reports_placement p WHERE p.issue_id = i.id AND p.superseded_at IS NULL)""",
    "counts are not those of a recount": """
        SELECT i.id::text FROM reports_issue i LEFT JOIN LATERAL (
          SELECT count(*) AS reports, count(DISTINCT r.voice_key) AS voices,
                 min(r.reported_at) AS first, max(r.reported_at) AS last
          FROM reports_placement p JOIN reports_report r ON r.id = p.report_id AND r.held_at IS NULL
          WHERE p.issue_id = i.id AND p.superseded_at IS NULL
        ) c ON TRUE
        WHERE (i.report_count, i.voice_count) <> (c.reports, c.voices)
           OR i.first_reported_at IS DISTINCT FROM c.first OR i.last_reported_at IS DISTINCT FROM c.last""",
    "daily counts are not those of a recount": """
        WITH told AS (
          SELECT issue_id, day, artifact_id, version_id, kind::text, report_count::bigint, voice_count::bigint
          FROM reports_dailycount
        ), meant AS (
          SELECT p.issue_id, (r.reported_at AT TIME ZONE 'UTC')::date, r.artifact_id, r.version_id, r.kind::text,
                 count(*), count(DISTINCT r.voice_key)
          FROM reports_placement p JOIN reports_report r ON r.id = p.report_id AND r.held_at IS NULL
          WHERE p.superseded_at IS NULL GROUP BY 1, 2, 3, 4, 5, r.context_of_use, r.language, r.channel
        )
        SELECT issue_id::text FROM (TABLE told EXCEPT ALL TABLE meant) AS too_many
        UNION ALL SELECT issue_id::text FROM (TABLE meant EXCEPT ALL TABLE told) AS missing""",
    "what people said of two reports is not so": """
        SELECT c.says || ' ' || c.report_id || ' ' || c.other_id FROM triage_constraint c
        WHERE c.ended_at IS NULL AND (c.says = 'same') <> EXISTS (
          SELECT FROM reports_placement a JOIN reports_placement b ON b.issue_id = a.issue_id
          WHERE a.report_id = c.report_id AND b.report_id = c.other_id
          AND a.superseded_at IS NULL AND b.superseded_at IS NULL)""",
    "a redirect leads in a ring, or to what is merged": """
        WITH RECURSIVE led (start, id, into_id) AS (
          SELECT id, id, merged_into_id FROM reports_issue WHERE status = 'merged'
          UNION ALL SELECT l.start, i.id, i.merged_into_id FROM led l JOIN reports_issue i ON i.id = l.into_id
        ) CYCLE id SET is_ring USING path
        SELECT start::text FROM led GROUP BY start HAVING bool_or(is_ring) OR NOT bool_or(into_id IS NULL)""",
    "a number is given twice": """
        SELECT number FROM reports_issue WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1""",
    "what is new, dismissed or unnumbered has a page": """
        SELECT id::text FROM reports_issue
        WHERE published_at IS NOT NULL AND (status IN ('new', 'dismissed') OR number IS NULL OR public_title = '')""",
    "a report crossed families": """
        SELECT p.report_id || ' in ' || p.issue_id FROM reports_placement p
        JOIN reports_report r ON r.id = p.report_id JOIN reports_artifact a ON a.id = r.artifact_id
        JOIN reports_issue i ON i.id = p.issue_id
        WHERE p.superseded_at IS NULL AND a.org <> '' AND a.family_id <> i.family_id""",
    "what is public cannot be searched, or what is not public can": """
        SELECT i.id::text FROM reports_issue i LEFT JOIN reports_publictext p ON p.issue_id = i.id
        WHERE (p.issue_id IS NOT NULL) <> (
          i.published_at IS NOT NULL AND i.status IN ('confirmed', 'resolved')
          AND (i.embargo_until IS NULL OR i.embargo_lifted_at IS NOT NULL)
          AND EXISTS (SELECT FROM reports_affected a JOIN reports_artifact t ON t.id = a.artifact_id
                      WHERE a.issue_id = i.id AND t.confirmed_at IS NOT NULL AND t.merged_into_id IS NULL
                      AND (a.status <> 'under_investigation' OR a.resolution <> '' OR a.stated_at IS NOT NULL)))
        OR p.family_id <> i.family_id""",
    "nobody touched it and it says so, or the other way round": """
        SELECT i.id::text FROM reports_issue i WHERE i.status <> 'merged' AND i.touched_at IS NULL AND (
          EXISTS (SELECT FROM triage_decision d WHERE d.issue_id = i.id AND d.undoes_id IS NULL
                  AND NOT EXISTS (SELECT FROM triage_decision u WHERE u.undoes_id = d.id))
          OR EXISTS (SELECT FROM reports_placement p
                     WHERE p.issue_id = i.id AND p.superseded_at IS NULL AND p.by = 'person'))""",
}
BROKEN = " UNION ALL ".join(f"SELECT '{rule}', found.* FROM ({query}) AS found" for rule, query in RULES.items())
FINGERPRINT = " UNION ALL ".join(
    f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
    for table in WATCHED
)


@dataclass
class World:
    """What acts choose from: by number, so that a shrunken example still means something."""

    people: Sequence[User]
    keeper: User  # apart from everything: takes back what others decided
    reports: Sequence[Report]
    artifacts: Sequence[Artifact]
    known: Sequence[int]  # the issues there were
    file: File
    made: list[Decision] = field(default_factory=list)


Act = tuple[str, int, int, int]
Choose = Callable[[World, Issue, int, int], dict[str, Any]]


def inside(issue: Issue) -> list[Report]:
    found = Report.objects.filter(placements__issue=issue, placements__superseded_at=None)
    return list(found.select_related("artifact").order_by("pk"))


def a_report(world: World, issue: Issue, a: int, b: int) -> Report:
    """One of the issue, now and then one of another."""
    here = inside(issue)
    return here[a % len(here)] if here and b % 5 else world.reports[a % len(world.reports)]


def some_reports(world: World, issue: Issue, a: int, b: int) -> list[Report]:
    here = inside(issue)
    return [report for at, report in enumerate(here) if (a >> at) & 1] or here[:1]


def an_issue(world: World, a: int) -> Issue:
    """One that stands, now and then one that was merged."""
    issues = Issue.objects.order_by("pk") if a % 7 == 0 else Issue.objects.exclude(status="merged").order_by("pk")
    found = list(issues)
    return found[a // 7 % len(found)]


def near(world: World, issue: Issue, a: int) -> Issue:
    """Another of its family that stands, now and then whichever."""
    kin = list(Issue.objects.filter(family=issue.family).exclude(status="merged").exclude(pk=issue.pk).order_by("pk"))
    return kin[a // 7 % len(kin)] if kin and a % 7 else an_issue(world, a)


def an_artifact(world: World, a: int) -> Artifact:
    return world.artifacts[a % len(world.artifacts)]


def a_version(artifact: Artifact, a: int) -> Version | None:
    known = list(artifact.versions.order_by("pk"))
    return known[a % len(known)] if known else None


def spans(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    chosen = [("summary", 0, 4), ("what_happened", 2, 9), ("what_happened", 5, 12), ("summary", 3, 900)]
    return {"report": a_report(world, issue, a, b), "spans": [span for at, span in enumerate(chosen) if (b >> at) & 1]}


def resolved(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    if a % 2:
        return {"reason": [reason for reason in Resolution.values if reason != "fixed"][b % 4]}
    artifact = an_artifact(world, b)
    return {
        "reason": "fixed",
        "artifact": artifact,
        "fixed_in": a_version(artifact, a),
        "statement": "Mended",
        "untested_reason": "Nobody has it" if b % 3 else "",
    }


def snoozed(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    until = timezone.now() + timedelta(days=1) if a % 2 else None
    return {"until": until, "voices": b % 9 or None, "next_version": b % 2 == 0}


def classified(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    choices: tuple[dict[str, Any], ...] = (
        {"kind": ("false_information", "privacy_leak", "other")[b % 3]},
        {"severity": ("low", "high", "critical")[b % 3]},
        {"lifecycle_stage": ("data", "deployment", "")[b % 3]},
        {"hazard_level": b % 4},
        {"in_stated_use": (True, False, None)[b % 3]},
    )
    return choices[a % len(choices)]


def affected(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    artifact = an_artifact(world, a)
    status = ("affected", "not_affected", "under_investigation", "fixed")[b % 4]
    answer = {"answer": Answer.objects.order_by("pk").first()} if b % 5 == 0 else {}
    return {
        "artifact": artifact,
        "status": status,
        "introduced_in": a_version(artifact, b),
        "statement": "So",
        **answer,
    }


def stands(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    return {"stands": a % 3 > 0}


def tried(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    artifact = an_artifact(world, a)
    return {"artifact": artifact, "version": a_version(artifact, b), "tries": 4, "failures": b % 5, "settings": {}}


def of_report(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    return {"report": a_report(world, issue, a, b)}


def placed(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    return {"report": a_report(world, issue, a, b), "target": near(world, issue, b)}


def refused(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    known = list(Proposal.objects.order_by("pk"))
    return {"proposal": known[a % len(known)]}


def parted(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    proposal = Proposal.objects.filter(kind="split").first() if b % 3 == 0 else None
    return {"reports": some_reports(world, issue, a, b), "proposal": proposal}


def translated(world: World, issue: Issue, a: int, b: int) -> dict[str, Any]:
    return {"report": a_report(world, issue, a, b), "part": "summary", "language": ("tr", "id")[b % 2], "text": f"{a}"}


# How each verb is told what it needs. A verb of the table without a line here fails a test.
TOLD: dict[str, Choose] = {
    Verb.CONFIRM: lambda w, i, a, b: {"public_title": "A title" if a % 3 == 0 else "", "severity": ("", "high")[b % 2]},
    Verb.RESOLVE: resolved,
    Verb.DISMISS: lambda w, i, a, b: {"reason": Dismissal.values[a % 4]},
    Verb.REOPEN: lambda w, i, a, b: {},
    Verb.PLACE: placed,
    Verb.KEEP: of_report,
    Verb.PART: of_report,
    Verb.LOOK: lambda w, i, a, b: {},
    Verb.REFUSE: refused,
    Verb.MERGE: lambda w, i, a, b: {"target": near(w, i, a), "despite": b % 3 > 0},
    Verb.SPLIT: parted,
    Verb.RELEASE: lambda w, i, a, b: {"report": a_report(w, i, a, b)} if b % 3 else {},
    Verb.SNOOZE: snoozed,
    Verb.WAKE: lambda w, i, a, b: {},
    Verb.ASSIGN: lambda w, i, a, b: {"assignee": (w.people[a % len(w.people)], None)[b % 2]},
    Verb.CLASSIFY: classified,
    Verb.PRIORITISE: lambda w, i, a, b: {"weight": (2.0, 64.0, None)[a % 3]},
    Verb.AFFECT: affected,
    Verb.ASK: lambda w, i, a, b: {"report": a_report(w, i, a, b), "text": ("Which version?", "")[b % 2]},
    Verb.SETTLE: lambda w, i, a, b: {},
    Verb.REPRODUCE: tried,
    Verb.TURN_DOWN: lambda w, i, a, b: {"answer": Answer.objects.order_by("pk").first(), "reason": "unclear"},
    Verb.NOTIFY: lambda w, i, a, b: {"artifact": (an_artifact(w, a), None)[b % 2]},
    Verb.WRITE: lambda w, i, a, b: {"public_title": ("", "Other words")[a % 2], "public_summary": ("", "Plain")[b % 2]},
    Verb.EXCERPT: spans,
    Verb.REDACT: spans,
    Verb.TRANSLATE: translated,
    Verb.PUBLISH: lambda w, i, a, b: {},
    Verb.UNPUBLISH: lambda w, i, a, b: {},
    Verb.EMBARGO: lambda w, i, a, b: {"until": timezone.now() + timedelta(days=1 + a % 120), "zone": "Asia/Kolkata"},
    Verb.EXTEND: lambda w, i, a, b: {
        "until": timezone.now() + timedelta(days=1 + a % 200),
        "reason": ExtendedFor.values[b % 5],
    },
    Verb.LIFT: lambda w, i, a, b: {"reason": LiftedFor.values[a % len(LiftedFor.values)]},
    Verb.SCHEDULE: stands,
    Verb.ANNOUNCE: stands,
    Verb.SHARE: stands,
}
OFTEN = [Verb.PLACE, Verb.MERGE, Verb.SPLIT, Verb.PART, Verb.CONFIRM, Verb.RESOLVE, Verb.REOPEN, Verb.DISMISS]
OF_COMPANY = {Verb.SPLIT, Verb.PART}
NUMBERS = st.integers(0, 2**16 - 1)
DECIDED = st.tuples(st.sampled_from(["decide"] * 8 + ["undo"] * 2 + ["confirm_artifact"]), NUMBERS, NUMBERS, NUMBERS)
BY_THE_ENGINE = st.tuples(st.sampled_from(["file", "file", "regroup", "grow"]), NUMBERS, NUMBERS, NUMBERS)


@pytest.fixture
def world(file: File, artifact: Artifact, someone: Callable[..., Any]) -> World:
    """Ten reports: of a model and one tuned from it, of another family, and of nobody knows what; some of one voice."""
    tuned = artifact_named("model", "acme/chat-7b-tuned", developer="Acme")
    descend(tuned, artifact, Relation.FINE_TUNED_FROM)
    tuned.refresh_from_db()
    Version.objects.create(artifact=tuned, name="1.0", position=1)
    reporter = someone("triager", email="reports-too@example.org")
    people = [someone("triager"), someone("moderator"), reporter]
    people.append(someone("triager", "maintainer", email="answers@example.org", artifact_id=tuned.pk))
    filed = [file(summary=told, what_happened=said, author="one voice") for told, said in STORIES[:3]]
    filed.append(file(summary=STORIES[0][0], what_happened=STORIES[0][1] + " Again.", version="2026-06", author="two"))
    filed.append(file(summary=STORIES[3][0], what_happened=STORIES[3][1], artifact=str(tuned), version="1.0"))
    filed.append(file(summary=STORIES[1][0], what_happened=STORIES[1][1], artifact=str(tuned), visibility="private"))
    filed.append(file(summary=STORIES[2][0], what_happened=STORIES[2][1], artifact="other/model", severity="high"))
    filed.append(file(summary=STORIES[4][0], what_happened=STORIES[4][1], artifact="other/model"))
    filed.append(file(summary=STORIES[4][0], what_happened=STORIES[4][1] + " Twice.", artifact="unknown"))
    filed.append(
        file(summary="Its own words on something else", what_happened="A reporter who also triages tells of it.")
    )
    Report.objects.filter(pk=filed[9].pk).update(reporter=reporter)
    Report.objects.filter(pk=filed[2].pk).update(hazard_level=2)
    Report.objects.filter(pk__in=[filed[3].pk, filed[7].pk]).update(held_at=timezone.now(), held_for="many")
    recount(Issue.objects.values_list("pk", flat=True))
    stands = list(Placement.objects.active().order_by("report_id"))
    Placement.objects.filter(pk__in=[row.pk for row in stands[:4]]).update(needs_look=True)
    first, second = sorted({row.issue_id for row in stands})[:2]
    opinion = {"score": 0.6, "band": "possible", "rank": 0, "method": "m-1"}
    Suggestion.objects.create(report=filed[1], issue_id=first, **opinion)
    Suggestion.objects.filter(report=filed[2]).delete()
    Suggestion.objects.create(report=filed[2], issue_id=second, **opinion)
    proposal = {"score": 0.7, "band": "likely", "method": "m-1"}
    Proposal.objects.create(kind="merge", issue_id=first, other_id=second, **proposal)
    Proposal.objects.create(kind="split", issue_id=first, report_ids=[filed[3].pk], **proposal)
    Answer.objects.create(issue_id=first, artifact=artifact, by=people[3], text="We saw it", status="affected")
    Issue.objects.filter(pk=first).update(growth_flagged_at=record("growth", Issue(pk=first), actor="engine").at)
    Issue.objects.filter(pk=second).update(is_disputed=True)
    home = Issue.objects.get(placements__report=filed[0], placements__superseded_at=None)
    for report in filed[1:5]:
        stood = Issue.objects.get(placements__report=report, placements__superseded_at=None)
        if stood != home:
            decide(stood, Verb.PLACE, by=people[0], report=report, target=home)
    known = list(Issue.objects.order_by("pk").values_list("pk", flat=True))
    keeper = someone("moderator", email="keeper@example.org")
    return World(people, keeper, filed, [artifact, tuned, filed[6].artifact], known, file)


def fingerprint() -> dict[str, str]:
    """Of every table of ours, whatever it holds."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT)
        return dict(cursor.fetchall())


def broken() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(BROKEN)
        return list(cursor.fetchall())


def state(known: Sequence[int]) -> dict[str, list[str]]:
    """What stands, of the issues there were: every field that a decision may change, row by row."""
    told = {}
    for name in STATE:
        model = MODELS[name]
        rows = model._default_manager.all()
        if name in ENDED:
            rows = rows.filter(**{ENDED[name]: None})
        if name == "issue":
            rows = rows.filter(pk__in=known)
        elif name in ("affected", "answer"):
            rows = rows.filter(issue__in=known)
        left_out = GROWS.get(name, ())
        shown = [field.attname for field in model._meta.concrete_fields if field.attname not in left_out]
        told[name] = sorted(str(row) for row in rows.values(*shown))
    return told


def act(world: World, step: Act) -> None:
    """One act. A refusal is an answer too, if it leaves everything as it was."""
    what, a, b, c = step
    before = fingerprint()
    try:
        ACTS[what](world, what, a, b, c)
    except ValidationError:
        assert fingerprint() == before, f"{what} was refused and changed something"


def decided(world: World, what: str, a: int, b: int, c: int) -> None:
    issue, by = an_issue(world, a), world.people[c % len(world.people)]
    verb = a_verb(issue, a // 512 + c // 256 * 128)
    note(f"{verb} {issue.pk} by {by}: {b}, {c}")
    world.made.append(decide(issue, verb, by=by, **TOLD[verb](world, issue, b, c // 8)))


def a_verb(issue: Issue, a: int) -> str:
    """One that the table allows from here, now and then any other."""
    has_company = Placement.objects.active().filter(issue=issue)[1:].exists()
    able = [
        verb
        for verb in (*TOLD, *OFTEN, *OFTEN)
        if a % 9 == 0 or (issue.status in MOVES[Verb(verb)].start and (has_company or verb not in OF_COMPANY))
    ]
    return able[a % len(able)] if able else Verb.CONFIRM


def taken_back(decision: Decision, by: User) -> None:
    (catalogue.undo if decision.artifact_id else undo)(decision, by=by)


def undone(world: World, what: str, a: int, b: int, c: int) -> None:
    """The last one mostly, now and then an older one, undone already or not."""
    if world.made:
        decision = world.made[-1 - (a % len(world.made) if b % 3 == 0 else 0)]
        taken_back(decision, world.keeper if b % 2 else world.people[c % len(world.people)])
        world.made.remove(decision)


def named(world: World, what: str, a: int, b: int, c: int) -> None:
    world.made.append(catalogue.confirm_artifact(an_artifact(world, a), by=world.people[c % len(world.people)]))


def came_in(world: World, what: str, a: int, b: int, c: int) -> None:
    """A report comes in, in the words of another or nearly, on some version."""
    told, said = STORIES[a % len(STORIES)]
    about = an_artifact(world, b)
    world.file(summary=told, what_happened=said + " And again." * (c % 3), artifact=str(about), version="2026-07")


def grouped_anew(world: World, what: str, a: int, b: int, c: int) -> None:
    list(regroup(in_force(by_meaning=False)))


def grew(world: World, what: str, a: int, b: int, c: int) -> None:
    issue = an_issue(world, a)
    Issue.objects.filter(pk=issue.pk).update(growth_flagged_at=record("growth", issue, actor="engine").at)


ACTS = {
    "decide": decided,
    "undo": undone,
    "confirm_artifact": named,
    "file": came_in,
    "regroup": grouped_anew,
    "grow": grew,
}


def history() -> tuple[set[str], set[str]]:
    """Decisions and events as they stand: neither is ever changed or taken away, but for whose decision it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT d::text FROM triage_decision d")
        decisions = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT (e, p)::text FROM ledger_event e LEFT JOIN ledger_payload p ON p.event_id = e.id")
        return decisions, {row[0] for row in cursor.fetchall()}


def numbers() -> dict[int, str]:
    return {pk: str(number) for pk, number in Issue.objects.exclude(number=None).values_list("pk", "number")}


def by_people() -> set[tuple[int, int]]:
    return set(Placement.objects.active().filter(by="person").values_list("report_id", "issue_id"))


def run(world: World, steps: Sequence[Act]) -> None:
    """The acts one after the other, with everything that has to hold after each."""
    for step in steps:
        decisions, events = history()
        given, stands = numbers(), by_people()
        act(world, step)
        assert broken() == [], step
        later = history()
        assert decisions <= later[0]
        assert events <= later[1]
        assert given.items() <= numbers().items(), "a number is never taken away, nor given to another"
        if step[0] in ("file", "regroup", "grow"):
            assert stands <= by_people(), "the engine moved what a person placed"
    assert still_searchable()


def searchable() -> list[tuple[Any, ...]]:
    return list(PublicText.objects.order_by("issue").values_list("issue", "family", "title", "words"))


def still_searchable() -> bool:
    """Whether what the public can search is what it would be if it were made now."""
    stands = searchable()
    with transaction.atomic():
        refresh(Issue.objects.values_list("pk", flat=True))
        made = searchable()
        transaction.set_rollback(True)
    return made == stands


def take_back(world: World) -> None:
    """Everything that stands, the last first."""
    for decision in reversed(world.made):
        taken_back(decision, world.keeper)
        assert broken() == [], f"undoing {decision}"


def keeps_every_rule(world: World, steps: Sequence[Act]) -> None:
    with transaction.atomic():
        world.made = []
        before, told_before = state(world.known), history()
        run(world, steps)
        take_back(world)
        after, told_after = state(world.known), history()
        assert {name: rows for name, rows in after.items() if rows != before[name]} == {
            name: rows for name, rows in before.items() if rows != after[name]
        }
        assert told_before[0] <= told_after[0]
        assert told_before[1] <= told_after[1]
        transaction.set_rollback(True)


def keeps_every_rule_beside_the_engine(world: World, steps: Sequence[Act]) -> None:
    """With reports coming in between nobody can put everything back as it was; but every rule holds."""
    with transaction.atomic():
        world.made = []
        run(world, steps)
        transaction.set_rollback(True)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
OFTEN_ENOUGH = settings(max_examples=30, deadline=None, suppress_health_check=QUIET, database=None)
AT_LENGTH = settings(max_examples=550, deadline=None, suppress_health_check=QUIET, database=None)


def test_every_move_is_tried() -> None:
    assert set(TOLD) == set(MOVES)


@OFTEN_ENOUGH
@given(steps=st.lists(DECIDED, min_size=3, max_size=8))
def test_any_decisions_and_undos_keep_the_rules_and_leave_no_trace(world: World, steps: list[Act]) -> None:
    keeps_every_rule(world, steps)


@settings(OFTEN_ENOUGH, max_examples=10)
@given(steps=st.lists(st.one_of(DECIDED, DECIDED, BY_THE_ENGINE), min_size=3, max_size=8))
def test_the_engine_between_decisions_keeps_the_rules(world: World, steps: list[Act]) -> None:
    keeps_every_rule_beside_the_engine(world, steps)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
@AT_LENGTH
@given(steps=st.lists(DECIDED, min_size=5, max_size=20))
def test_thousands_of_sequences_keep_the_rules_and_leave_no_trace(world: World, part: int, steps: list[Act]) -> None:
    keeps_every_rule(world, steps)


@pytest.mark.long
@settings(AT_LENGTH, max_examples=300)
@given(steps=st.lists(st.one_of(DECIDED, DECIDED, BY_THE_ENGINE), min_size=5, max_size=20))
def test_hundreds_of_sequences_beside_the_engine_keep_the_rules(world: World, steps: list[Act]) -> None:
    keeps_every_rule_beside_the_engine(world, steps)
