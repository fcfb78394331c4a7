"""What must hold, the database holds: each constraint refuses the row it should, and races end in one row."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Grant, Role, Token, User
from ledger.models import Checkpoint, Event, Tile
from reports.filing import AlreadyFiled, file_report
from reports.models import (
    Affected,
    Alias,
    Answer,
    Artifact,
    Attachment,
    Commit,
    ContextRule,
    DailyCount,
    Delivery,
    Endpoint,
    Erasure,
    EvidenceRequest,
    Excerpt,
    IdempotencyKey,
    Import,
    Issue,
    Lineage,
    MaintainerRequest,
    Notice,
    OpenedReport,
    Placement,
    RateBucket,
    Redaction,
    RehearsedFailure,
    Report,
    Reproduction,
    Signal,
    Stir,
    Stub,
    Subscription,
    Timepiece,
    Translation,
    Version,
)
from reports.vocabulary import Channel
from tests.triage.test_lifting import DAY, START, Machine
from triage.lifting import lift_due
from triage.matching import match_report
from triage.models import (
    Constraint,
    Decision,
    EmbeddingSpace,
    FittedMethod,
    Meter,
    NightWatch,
    PostingBlock,
    Presence,
    Proposal,
    Segment,
    Suggestion,
    Theme,
    ThemeIssue,
    View,
)

NOW = timezone.now()
EVERY = {
    constraint.name
    for app in ("ledger", "accounts", "reports", "triage")
    for model in apps.get_app_config(app).get_models()
    for constraint in model._meta.constraints
}


class World:
    """A few rows that keep all rules, for each case to break one of."""

    def __init__(self, file: Callable[..., Any], make_issue: Callable[..., Any], triager: User) -> None:
        self.triager = triager
        self.report, self.other = file(), file(summary="Another one entirely", visibility="private")
        self.artifact: Artifact = self.report.artifact
        self.tool = Artifact.objects.create(kind="system", org="acme", name="tool")
        self.version = Version.objects.get(name="2026-06")
        self.new, self.confirmed = Issue.objects.earliest("pk"), make_issue()
        self.resolved = make_issue(status="resolved", artifact=self.artifact)
        self.event = Event.objects.create(verb="look", actor="system", subjects=[])
        self.decision = Decision.objects.create(verb="confirm", by="person", issue=self.confirmed)
        self.theme = Theme.objects.create()
        self.segment = Segment.objects.create(analyser=1, tier=0, report_ids=[], family_ids=[], norms=b"")


@pytest.fixture
def world(file: Callable[..., Any], make_issue: Callable[..., Any], triager: User) -> World:
    return World(file, make_issue, triager)


def change(row: models.Model, **values: Any) -> None:
    """Past every form and every ``save``."""
    type(row)._default_manager.filter(pk=row.pk).update(**values)


def change_all(model: type[models.Model], **values: Any) -> None:
    model._default_manager.update(**values)


def add(*rows: models.Model) -> None:
    type(rows[0])._default_manager.bulk_create(rows)


def proposed(world: World, **values: Any) -> Proposal:
    known = {"kind": "merge", "issue": world.new, "other": world.confirmed, "score": 0.5, "band": "likely"}
    return Proposal(**{**known, "method": "m", **values})


def kindred(world: World) -> ThemeIssue:
    return ThemeIssue(theme=world.theme, issue=world.new, score=0.5, method="m")


def handed_in(world: World, **values: Any) -> Import:
    return Import(**{"account": world.triager, "format": "avid", "name": "a", "size": 9, "sha256": "", **values})


def handed_in_now(world: World) -> Import:
    row = handed_in(world)
    row.save()
    return row


def twice(model: type[models.Model], **values: Any) -> None:
    add(model(**values), model(**values))


def placed(w: World, **values: Any) -> Placement:
    return Placement(**{"report": w.report, "issue": w.confirmed, "by": "person"} | values)


def judged(w: World, **values: Any) -> Affected:
    return Affected(**{"issue": w.new, "artifact": w.tool} | values)


def opinion(w: World, **values: Any) -> Suggestion:
    known = {"report": w.report, "issue": w.new, "score": 0.5, "band": "likely", "rank": 0, "method": "m"}
    return Suggestion(**known | values)


def decided(w: World, **values: Any) -> Decision:
    return Decision(**{"verb": "confirm", "by": "person", "issue": w.new} | values)


def called(w: Any, **changes: Any) -> Endpoint:
    return Endpoint(**{"user": w.triager, "url": "https://hooks.example/", "sealed_secret": b"x", **changes})


def sent_twice(w: Any) -> None:
    """One notice to one endpoint."""
    endpoint, notice = called(w), Notice(user=w.triager, verb="confirm", subject="issue:1")
    add(endpoint)
    add(notice)
    twice(Delivery, endpoint=endpoint, notice=notice)


def cell(w: World, **values: Any) -> DailyCount:
    known = {"issue": w.confirmed, "day": date(2026, 5, 1), "artifact": w.artifact, "kind": "other", "channel": "api"}
    return DailyCount(**known | {"report_count": 1, "voice_count": 1} | values)


def laid(w: World, **values: Any) -> Attachment:
    return Attachment(**{"report": w.report, "name": "a", "format": "png", "size": 1} | values)


def asked(w: World, **values: Any) -> EvidenceRequest:
    return EvidenceRequest(**{"issue": w.new, "by": w.triager, "purpose": "verify", "plan": "", "days": 9} | values)


def opened_twice(w: World) -> None:
    request = asked(w)
    request.save()
    twice(OpenedReport, request=request, report=w.report)


def erasing(w: World, **values: Any) -> Erasure:
    return Erasure(**{"report": w.report, "asked_by": "reporter", "basis": "consent"} | values)


def done(w: World, **values: Any) -> Erasure:
    return erasing(w, **{"executed_at": NOW, "asked_at": NOW} | values)


def vouched(w: World, **values: Any) -> MaintainerRequest:
    return MaintainerRequest(**{"user": w.triager, "artifact": w.artifact, "token": "t"} | values)


# The name of the constraint, and what it must refuse.
CASES: list[tuple[str, Callable[[World], None]]] = [
    ("event_sequence_unique", lambda w: twice(Event, verb="x", actor="a", subjects=[], sequence=7, commit=b"c")),
    ("event_sequence_positive", lambda w: change(w.event, sequence=-1, commit=b"c")),
    ("event_numbered_with_commitment", lambda w: change(w.event, sequence=7)),
    ("event_verb_given", lambda w: add(Event(verb="", actor="a", subjects=[]))),
    ("tile_once", lambda w: twice(Tile, level=0, number=0, hashes=b"")),
    ("checkpoint_size_positive", lambda w: add(Checkpoint(size=-1, root=b"", signed_note=""))),
    ("user_email_unique_any_case", lambda w: add(User(email=w.triager.email.upper()))),
    ("grant_once_at_a_time", lambda w: add(Grant(user=w.triager, role=Role.TRIAGER))),
    ("grant_role_known", lambda w: add(Grant(user=w.triager, role="king"))),
    ("token_expires_within_a_year", lambda w: add(Token(user=w.triager, expires_at=NOW + timedelta(days=370)))),
    ("grant_artifact_for_maintainers_only", lambda w: add(Grant(user=w.triager, role=Role.MAINTAINER))),
    ("grant_artifact_for_maintainers_only", lambda w: add(Grant(user=w.triager, role=Role.AUDITOR, artifact_id=1))),
    ("artifact_name_unique", lambda w: add(Artifact(kind="model", org="ACME", name="Chat-7B"))),
    ("artifact_kind_known", lambda w: change(w.artifact, kind="agent")),
    ("artifact_named", lambda w: change(w.artifact, name="")),
    ("artifact_not_merged_into_itself", lambda w: change(w.artifact, merged_into=w.artifact)),
    ("alias_once_per_artifact", lambda w: add(*(Alias(artifact=w.artifact, name=name) for name in ("A", "a")))),
    ("version_once_per_artifact", lambda w: add(*(Version(artifact=w.tool, name=name) for name in ("A", "a")))),
    ("version_named", lambda w: change(w.version, name="")),
    ("stir_once", lambda w: twice(Stir, artifact=w.artifact, act=1)),
    ("lineage_once", lambda w: twice(Lineage, child=w.tool, parent=w.artifact, relation="built_on")),
    ("lineage_not_of_itself", lambda w: add(Lineage(child=w.tool, parent=w.tool, relation="built_on"))),
    ("lineage_relation_known", lambda w: add(Lineage(child=w.tool, parent=w.artifact, relation="cousin_of"))),
    ("report_source_key_unique", lambda w: change_all(Report, source="s", source_key="k")),
    ("report_kind_known", lambda w: change(w.report, kind="rude")),
    ("report_visibility_known", lambda w: change(w.report, visibility="secret")),
    ("report_hazard_known", lambda w: change(w.report, hazard_level=4)),
    ("report_channel_known", lambda w: change(w.report, channel="pigeon")),
    ("report_source_type_known", lambda w: change(w.report, source_type="oracle")),
    ("report_failures_within_tries", lambda w: change(w.report, tries=1, failures=2)),
    ("report_failures_within_tries", lambda w: change(w.report, tries=0, failures=0)),
    ("report_failures_within_tries", lambda w: change(w.report, tries=1, failures=None)),
    ("report_failures_within_tries", lambda w: change(w.report, tries=None, failures=1)),
    ("attachment_of_report_or_draft", lambda w: add(laid(w, report=None))),
    ("attachment_format_known", lambda w: add(laid(w, format="svg"))),
    ("attachment_state_known", lambda w: add(laid(w, state="lost"))),
    ("attachment_refused_for_a_reason", lambda w: add(laid(w, state="refused"))),
    ("attachment_refused_for_a_reason", lambda w: add(laid(w, refusal="too_large"))),
    ("import_state_known", lambda w: add(handed_in(w, state="lost", offset=9))),
    ("import_failed_for_a_reason", lambda w: add(handed_in(w, state="failed", ended_at=NOW))),
    ("import_failed_for_a_reason", lambda w: add(handed_in(w, failure="lost"))),
    ("import_offset_within_size", lambda w: add(handed_in(w, offset=10))),
    ("import_offset_within_size", lambda w: add(handed_in(w, size=0))),
    ("import_whole_before_it_runs", lambda w: add(handed_in(w, state="running", offset=8))),
    ("import_ended_has_a_date", lambda w: add(handed_in(w, state="cancelled"))),
    ("import_ended_has_a_date", lambda w: add(handed_in(w, ended_at=NOW))),
    ("rehearsed_failure_once", lambda w: twice(RehearsedFailure, of=handed_in_now(w), digest=b"1")),
    ("signal_waits_once", lambda w: twice(Signal, key="burst:issue:1", observed=3, expected=1, since=NOW.date())),
    (
        "night_watch_level_never_looser",
        lambda w: add(NightWatch(on=NOW.date(), budget=5, own_level=0.001, level=0.002)),
    ),
    ("report_has_a_voice", lambda w: change(w.report, voice_key="")),
    ("report_not_a_copy_of_itself", lambda w: change(w.report, copy_of=w.report)),
    ("issue_kind_known", lambda w: change(w.new, kind="rude")),
    ("issue_status_known", lambda w: change(w.confirmed, status="lost")),
    ("issue_severity_known", lambda w: change(w.new, severity="awful")),
    ("issue_hazard_known", lambda w: change(w.new, hazard_level=4)),
    ("issue_numbered_once_confirmed", lambda w: change(w.new, status="confirmed")),
    ("issue_number_shape", lambda w: change(w.new, number="TT-2026-0001")),
    ("issue_number_shape", lambda w: change(w.new, number="tt-2026-00001")),
    ("issue_published_with_number_and_title", lambda w: change(w.new, published_at=NOW)),
    ("issue_published_with_number_and_title", lambda w: change(w.confirmed, public_title="")),
    ("issue_resolution_iff_resolved", lambda w: change(w.confirmed, resolution="fixed", resolved_at=NOW)),
    ("issue_resolution_iff_resolved", lambda w: change(w.confirmed, status="resolved")),
    ("issue_resolution_iff_resolved", lambda w: change(w.resolved, resolved_at=None)),
    ("issue_resolution_iff_resolved", lambda w: change(w.resolved, resolution="")),
    ("issue_dismissal_iff_dismissed", lambda w: change(w.new, dismissal="spam", dismissed_at=NOW)),
    ("issue_dismissal_iff_dismissed", lambda w: change(w.new, status="dismissed")),
    ("issue_merged_iff_merged_into", lambda w: change(w.new, status="merged")),
    ("issue_merged_iff_merged_into", lambda w: change(w.new, merged_into=w.confirmed)),
    ("issue_not_merged_into_itself", lambda w: change(w.new, status="merged", merged_into=w.new)),
    ("issue_voices_within_reports", lambda w: change(w.new, report_count=1, voice_count=2)),
    ("affected_once_per_artifact", lambda w: add(judged(w), judged(w))),
    ("affected_status_known", lambda w: add(judged(w, status="perhaps"))),
    ("affected_resolution_has_a_date", lambda w: add(judged(w, resolution="mitigated"))),
    ("affected_resolution_has_a_date", lambda w: add(judged(w, resolved_at=NOW))),
    ("affected_fixed_means_fixed", lambda w: add(judged(w, status="fixed"))),
    ("affected_fixed_means_fixed", lambda w: add(judged(w, status="fixed", resolution="mitigated", resolved_at=NOW))),
    ("affected_failures_within_tries", lambda w: add(judged(w, tries=1, failures=2))),
    ("affected_failures_within_tries", lambda w: add(judged(w, tries=0, failures=0))),
    ("affected_failures_within_tries", lambda w: add(judged(w, tries=5, failures=None))),
    ("placement_once_at_a_time", lambda w: add(placed(w), placed(w))),
    ("placement_score_range", lambda w: add(placed(w, score=1.5))),
    ("placement_score_range", lambda w: add(placed(w, score=-0.1))),
    ("placement_score_range", lambda w: add(placed(w, score=float("nan")))),
    ("placement_by_known", lambda w: add(placed(w, by="oracle"))),
    ("placement_by_engine_has_a_method", lambda w: add(placed(w, by="engine", method=""))),
    (
        "reproduction_failures_within_tries",
        lambda w: add(Reproduction(issue=w.new, artifact=w.artifact, tries=1, failures=2)),
    ),
    (
        "reproduction_once_per_run",
        lambda w: twice(Reproduction, issue=w.new, artifact=w.artifact, tries=2, failures=1, run="inspect:1"),
    ),
    ("answer_says_something", lambda w: add(Answer(issue=w.new, artifact=w.artifact, text=""))),
    (
        "answer_accepted_or_refused",
        lambda w: add(Answer(issue=w.new, artifact=w.artifact, text="No", accepted_at=NOW, refused_at=NOW)),
    ),
    ("context_weight_positive", lambda w: add(ContextRule(context="other", weight=0))),
    ("redaction_of_something", lambda w: add(Redaction(report=w.report, part="summary", start=2, end=2))),
    ("excerpt_of_something", lambda w: add(Excerpt(report=w.report, issue=w.new, part="summary", start=2, end=2))),
    (
        "translation_once_at_a_time",
        lambda w: twice(Translation, report=w.report, part="summary", language="es", text="…"),
    ),
    ("issue_snoozed_until_something", lambda w: change(w.new, snoozed_voices=3)),
    ("notice_to_somebody", lambda w: add(Notice(verb="confirm", subject="issue:1"))),
    ("notice_to_somebody", lambda w: add(Notice(verb="confirm", subject="issue:1", user=w.triager, report=w.report))),
    ("endpoint_once", lambda w: add(called(w), called(w))),
    ("endpoint_disabled_for_a_reason", lambda w: add(called(w, disabled_at=NOW))),
    ("endpoint_disabled_for_a_reason", lambda w: add(called(w, disabled_why="gone"))),
    ("delivery_once", sent_twice),
    ("commit_once", lambda w: twice(Commit, artifact=w.artifact, revision="4f1c9d2e8b7a")),
    ("subscription_once", lambda w: twice(Subscription, user=w.triager, subject="issue:1")),
    ("daily_count_cell_once", lambda w: add(cell(w), cell(w))),
    ("daily_count_voices_within_reports", lambda w: add(cell(w, voice_count=2))),
    ("rate_bucket_once", lambda w: twice(RateBucket, who=b"x", scope="file", window_start=NOW)),
    (
        "posting_block_once",
        lambda w: twice(PostingBlock, segment=w.segment, term=1, count=1, positions=b"", weights=b""),
    ),
    ("suggestion_once", lambda w: add(opinion(w), opinion(w, rank=1))),
    ("suggestion_score_range", lambda w: add(opinion(w, score=1.01))),
    ("theme_not_merged_into_itself", lambda w: change(w.theme, merged_into=w.theme)),
    ("theme_issue_score_range", lambda w: add(ThemeIssue(theme=w.theme, issue=w.new, score=1.5, method="m"))),
    ("proposal_score_range", lambda w: add(proposed(w, score=-0.5))),
    ("proposal_of_two_or_of_one", lambda w: add(proposed(w, other=None))),
    ("proposal_of_two_or_of_one", lambda w: add(proposed(w, issue=w.confirmed, other=w.new))),
    ("proposal_of_two_or_of_one", lambda w: add(proposed(w, kind="split", other=None))),
    ("proposal_of_two_or_of_one", lambda w: add(proposed(w, kind="split", report_ids=[1]))),
    ("proposal_of_a_merge_once", lambda w: add(proposed(w), proposed(w))),
    (
        "fitted_method_one_in_force",
        lambda w: add(
            *(FittedMethod(name=name, body={}, in_force_since=NOW) for name in ("lexical-2.1", "lexical-2.2"))
        ),
    ),
    ("decision_not_undoing_itself", lambda w: change(w.decision, undoes=w.decision)),
    ("decision_verb_given", lambda w: change(w.decision, verb="")),
    ("decision_on_one_thing", lambda w: add(decided(w, issue=None))),
    ("decision_on_one_thing", lambda w: add(decided(w, artifact=w.artifact))),
    ("constraint_once_at_a_time", lambda w: twice(Constraint, report=w.report, other=w.other, says="same")),
    ("constraint_ordered_pair", lambda w: add(Constraint(report=w.other, other=w.report, says="same"))),
    ("view_name_once", lambda w: twice(View, owner=w.triager, name="mine", query="")),
    ("report_embargo_lifted_was_set", lambda w: change(w.report, embargo_until=None, embargo_lifted_at=NOW)),
    ("issue_embargo_lifted_was_set", lambda w: change(w.new, embargo_until=None, embargo_lifted_at=NOW)),
    ("timepiece_goes_forward", lambda w: add(Timepiece(boot="b", seen=0, steady_since=9, swept=8))),
    ("stub_once_per_artifact", lambda w: twice(Stub, issue=w.new, artifact=w.artifact, received_on=NOW.date())),
    ("evidence_sealed_or_plain", lambda w: change(w.report.evidence, sealed_summary=b"x", sealed_words=b"x")),
    ("evidence_request_once_at_a_time", lambda w: add(asked(w), asked(w))),
    ("evidence_request_purpose_known", lambda w: add(asked(w, purpose="curious"))),
    ("evidence_request_never_decided_by_the_asker", lambda w: add(asked(w, decider=w.triager, decided_at=NOW))),
    ("evidence_request_granted_when_decided", lambda w: add(asked(w, until=NOW))),
    ("opened_report_once", opened_twice),
    ("erasure_once_at_a_time", lambda w: add(erasing(w), erasing(w))),
    ("erasure_asker_known", lambda w: add(erasing(w, asked_by="whoever"))),
    ("erasure_basis_known", lambda w: add(erasing(w, basis="whim"))),
    ("erasure_refused_for_a_reason", lambda w: add(erasing(w, refused_at=NOW))),
    ("erasure_executed_of_something", lambda w: add(done(w, basis=""))),
    ("erasure_finished_once_nothing_is_left", lambda w: add(done(w, finished_at=NOW, left=["files"]))),
    ("erasure_decided_before_it_is_done", lambda w: add(done(w, asked_at=NOW + timedelta(days=1)))),
    ("maintainer_request_once_at_a_time", lambda w: add(vouched(w, token="a"), vouched(w, token="b"))),
    ("maintainer_request_state_known", lambda w: add(vouched(w, state="asleep"))),
    ("maintainer_request_refused_with_reason", lambda w: add(vouched(w, state="refused"))),
    ("meter_once", lambda w: twice(Meter, name="m", label="")),
    ("presence_once", lambda w: twice(Presence, part="web", host="h", pid=1, key_mark="k")),
    ("presence_part_known", lambda w: add(Presence(part="beat", host="h", pid=1, key_mark="k"))),
    # unique columns
    ("reference", lambda w: change(w.other, reference=w.report.reference)),
    ("number", lambda w: change(w.resolved, number=w.confirmed.number)),
    ("pseudonym", lambda w: add(User(email="x@example.org", pseudonym=w.triager.pseudonym))),
    ("digest", lambda w: twice(Token, user=w.triager, digest=b"x")),
    ("undoes", lambda w: add(decided(w, undoes=w.decision), decided(w, undoes=w.decision))),
    ("embedder", lambda w: twice(EmbeddingSpace, embedder="e", dimension=1, table="t")),
    ("issue", lambda w: add(kindred(w), kindred(w))),
    ("size", lambda w: twice(Checkpoint, size=1, root=b"", signed_note="")),
]


def test_every_constraint_has_a_row_that_breaks_it() -> None:
    assert {name for name, _break in CASES} >= EVERY


@pytest.mark.django_db
def test_a_row_that_breaks_a_rule_is_refused(world: World, subtests: pytest.Subtests) -> None:
    for name, break_it in CASES:
        with subtests.test(name), pytest.raises(IntegrityError, match=name), transaction.atomic():
            break_it(world)


# What must remain possible beside it


@pytest.mark.django_db
def test_what_the_rules_leave_open(world: World) -> None:
    add(placed(world, superseded_at=NOW), placed(world, superseded_at=NOW), placed(world))
    add(Grant(user=world.triager, role=Role.TRIAGER, ended_at=NOW), Grant(user=world.triager, role=Role.MODERATOR))
    add(Artifact(kind="dataset", org="acme", name="chat-7b"))
    add(Version(artifact=world.tool, name="2026-06"))
    change(world.report, source="s", source_key="")
    change(world.other, source="s", source_key="")
    change(world.new, number="TT-2026-123456")
    add(cell(world), cell(world, version=world.version))


# Races


@pytest.fixture
def at_once(transactional_db: None) -> Callable[..., list[Any]]:
    """``at_once(act, count)``: what ``act(0)``, ``act(1)``, … return when all begin together, or their exceptions."""

    def run(act: Callable[[int], Any], count: int) -> list[Any]:
        start, results = threading.Barrier(count), dict[int, Any]()

        def one(number: int) -> None:
            try:
                start.wait(timeout=30)
                results[number] = act(number)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the test is told of it
                results[number] = error
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
        connection.close()  # the pool holds eight
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [results[number] for number in range(count)]

    return run


def test_one_source_key_filed_by_many_at_once_is_filed_once(
    at_once: Callable[..., list[Any]], answers: dict[str, Any]
) -> None:
    keyed = answers | {"source": "suite", "source_key": "7"}

    results = at_once(lambda _: file_report(keyed, channel=Channel.IMPORT), 4)

    assert Report.objects.count() == 1
    assert sorted(type(result).__name__ for result in results) == ["AlreadyFiled"] * 3 + ["Receipt"]
    assert {result.report.pk for result in results if isinstance(result, AlreadyFiled)} == {Report.objects.get().pk}


def test_one_idempotency_key_posted_by_many_at_once_gives_one_receipt(
    at_once: Callable[..., list[Any]], answers: dict[str, Any]
) -> None:
    def post(_: int) -> Any:
        headers = {"Idempotency-Key": "k"}
        return Client().post("/api/v1/reports/", answers, content_type="application/json", headers=headers)

    responses = at_once(post, 6)

    done = [response for response in responses if response.status_code == 201]
    waiting = [response for response in responses if response.status_code == 409]
    assert done
    assert len(done) + len(waiting) == 6
    assert len({response.content for response in done}) == 1
    assert all(response.headers["Retry-After"] == "1" for response in waiting)
    assert post(0).content == done[0].content
    assert Report.objects.count() == IdempotencyKey.objects.count() == 1


def test_a_name_first_given_by_many_at_once_makes_one_artifact(
    at_once: Callable[..., list[Any]], answers: dict[str, Any]
) -> None:
    named = ["Acme/İ-Chat", "acme/İ-chat", "ACME/İ-CHAT", "acme/İ-Chat"]

    results = at_once(lambda at: file_report(answers | {"artifact": named[at]}, channel=Channel.API), 4)

    assert [type(result).__name__ for result in results] == ["Receipt"] * 4
    artifact = Artifact.objects.get()
    assert artifact.family == artifact
    assert Version.objects.count() == 1


def test_one_report_matched_by_two_workers_is_placed_once(
    at_once: Callable[..., list[Any]], file: Callable[..., Any]
) -> None:
    report = file(grouped=False)

    assert sorted(at_once(lambda _: match_report(report.pk), 3)) == [False, False, True]

    assert Placement.objects.count() == Issue.objects.count() == 1
    assert Event.objects.filter(verb="group").count() == 1


def test_an_embargo_that_several_find_over_in_one_second_is_lifted_once(
    at_once: Callable[..., list[Any]], file: Callable[..., Any]
) -> None:
    issue = file().placements.get().issue
    Issue.objects.filter(pk=issue.pk).update(embargo_until=START + 90 * DAY)
    machine = Machine().settled().at(START + 90 * DAY)

    lifted = at_once(lambda _: lift_due(machine.reading()), 4)

    assert sorted(lifted) == [0, 0, 0, 1]
    assert Event.objects.filter(verb="lift").count() == 1


def test_many_who_file_and_group_in_one_family_at_once_lose_nothing(
    at_once: Callable[..., list[Any]], answers: dict[str, Any]
) -> None:
    stories = [
        "It cited the ruling of Harrow v. Lindqvist, which froze all rents for ever and was never made.",
        "It said that the town library opens on Sundays from ten to six, when it is closed all weekend.",
    ]

    def file_and_group(number: int) -> list[int]:
        filed = []
        for turn in range(4):
            story = stories[(number + turn) % 2]
            words = {
                "summary": f"Met by number {number}, time {turn}",
                "what_happened": f"{story} Seen {number}.{turn}.",
            }
            report = file_report(answers | words, channel=Channel.API, network=f"192.0.{number}.1").report
            match_report(report.pk)
            filed.append(report.pk)
        return filed

    results = at_once(file_and_group, 8)

    assert all(isinstance(result, list) for result in results), results
    assert Report.objects.count() == 32
    assert not Report.objects.ungrouped().exists()
    assert Placement.objects.active().count() == 32
    assert sum(Issue.objects.values_list("report_count", flat=True)) == 32
    for issue in Issue.objects.all():
        reports = Report.objects.filter(placements__issue=issue)
        assert issue.report_count == reports.count()
        assert issue.voice_count == reports.values("voice_key").distinct().count()
        assert sum(issue.daily_counts.values_list("report_count", flat=True)) == issue.report_count
