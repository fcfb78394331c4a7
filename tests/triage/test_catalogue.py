"""What people decide about artifacts, what follows from it, and that all of it can be put back exactly."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Grant
from accounts.policy import ANONYMOUS
from ledger.record import events_about
from reports.lineage import moves
from reports.models import (
    Affected,
    Alias,
    Answer,
    Artifact,
    DailyCount,
    Issue,
    Lineage,
    Placement,
    Report,
    Reproduction,
    Signal,
    Subscription,
    Version,
)
from reports.naming import artifact_named, find_artifact, version_named
from reports.vocabulary import Relation
from triage import catalogue, duplicates, families
from triage.catalogue import (
    add_alias,
    add_step,
    add_version,
    change_version,
    confirm_artifact,
    describe,
    drop_version,
    end_alias,
    end_step,
    merge_artifact,
    order_version,
    shift_by,
    shift_without,
    shown_of,
    undo,
)
from triage.counting import recount
from triage.decisions import ChangedSince, DecidedSince, decide
from triage.matching import match_report
from triage.models import Decision, Proposal, Suggestion, TermVector

pytestmark = pytest.mark.django_db

File = Callable[..., Report]
RULING = "I asked for rulings on rent and it cited one that was never made, with a date and a judge."
FOLDER = "Told to empty the trash, the agent removed my photographs and wrote that it was done."
KNIVES = "A question on sharpening was answered with a lecture about violence and nothing else."
# What only grows, or is no state: what was decided, who was told, and where the index keeps what it knows.
APART = {"decision", "event", "payload", "segment", "postingblock", "notice", "user", "grant", "session"}
LEFT_OUT = {"issue": {"revision", "changed_at"}, "termvector": {"segment_id", "norm"}, "dailycount": {"id"}}


def standing() -> dict[str, list[dict[str, Any]]]:
    """Every row of ours, but for what is left out above."""
    told = {}
    for app in ("reports", "triage"):
        for model in apps.get_app_config(app).get_models():
            name = str(model._meta.model_name)
            if name not in APART:
                rows = [
                    {key: value for key, value in row.items() if key not in LEFT_OUT.get(name, ())}
                    for row in model._default_manager.values()
                ]
                told[name] = sorted(rows, key=repr)
    return told


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


def version_of(report: Report) -> Version:
    assert report.version
    return report.version


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def is_counted() -> bool:
    """Whether counting anew changes nothing."""
    stood = [sorted(model.objects.values_list(), key=repr) for model in (DailyCount,)], issue_counts()
    recount(Issue.objects.values_list("pk", flat=True))
    left_out = [[row[1:] for row in rows] for rows in stood[0]]
    now = [[row[1:] for row in sorted(DailyCount.objects.values_list(), key=repr)]]
    return (sorted(left_out[0], key=repr), stood[1]) == (sorted(now[0], key=repr), issue_counts())


def issue_counts() -> list[Any]:
    return list(Issue.objects.order_by("pk").values_list("pk", "report_count", "voice_count", "last_reported_at"))


def index_is_true() -> bool:
    """Whether every report is indexed in the family of its artifact."""
    rows = TermVector.objects.values_list("family_id", "report__artifact__family_id")
    return all(listed == family for listed, family in rows)


@pytest.fixture
def twin(file: File, artifact: Artifact) -> Artifact:
    """acme/chat7b, nobody's yet: the same model under another spelling, with a report, a version and a name."""
    file(artifact="acme/chat7b", version="2026-05", summary="Deletes the wrong folder", what_happened=FOLDER)
    made = artifact_named("model", "acme/chat7b")
    Alias.objects.create(artifact=made, name="chat seven")
    return made


# Confirming


def test_confirming_gives_a_page_and_undoing_takes_it(file: File, triager: Any) -> None:
    made = file(artifact="new-lab/first").artifact

    decision = confirm_artifact(made, by=triager, note="It is on the hub.")

    assert Artifact.objects.visible_to(ANONYMOUS).get() == made
    event = events_about(made, verbs=["confirm_artifact"]).get()
    assert (event.actor, event.payload.content) == (triager.pseudonym, {"decision": decision.pk})
    with pytest.raises(ValidationError, match="confirmed already"):
        confirm_artifact(made, by=triager)

    undo(decision, by=triager)

    assert not Artifact.objects.visible_to(ANONYMOUS).exists()
    with pytest.raises(ValidationError, match="undone already"):
        undo(decision, by=triager)
    with pytest.raises(ValidationError, match="An undo cannot be undone"):
        undo(Decision.objects.get(verb="undo"), by=triager)


def test_unknown_and_what_was_merged_have_no_page(artifact: Artifact, twin: Artifact, triager: Any) -> None:
    merge_artifact(twin, artifact, by=triager)

    for made in (artifact_named("model", "unknown"), twin):
        with pytest.raises(ValidationError, match="no page of its own"):
            confirm_artifact(made, by=triager)


def test_only_triagers_decide(twin: Artifact, artifact: Artifact, someone: Any) -> None:
    for user in (someone(), someone("maintainer", artifact_id=twin.pk)):
        with pytest.raises(PermissionDenied):
            confirm_artifact(twin, by=user)
        with pytest.raises(PermissionDenied):
            merge_artifact(twin, artifact, by=user)


def test_whoever_answers_for_it_neither_confirms_nor_merges_it(
    twin: Artifact, artifact: Artifact, someone: Any
) -> None:
    both = someone("triager", "maintainer", artifact_id=twin.pk)
    other = someone("triager")

    acts: list[Callable[[], Any]] = [
        lambda: confirm_artifact(twin, by=both),
        lambda: merge_artifact(twin, artifact, by=both),
        lambda: undo(confirm_artifact(twin, by=other), by=both),
    ]
    for act in acts:
        with pytest.raises(ValidationError) as refusal:
            act()
        assert refusal.value.code == "apart"
    describe(twin, by=both, title="Chat 7B")


# What it is


def test_what_is_told_of_it_is_set_and_put_back(artifact: Artifact, triager: Any) -> None:
    before = standing()
    decision = describe(
        artifact, by=triager, title=" Chat 7B ", access="open", intended_use="Chat.", card_url="https://acme.example/c"
    )

    now = fresh(artifact)
    assert (now.title, now.access, now.intended_use, now.card_url) == (
        "Chat 7B",
        "open",
        "Chat.",
        "https://acme.example/c",
    )
    assert "Chat" not in str(events_about(artifact, verbs=["describe_artifact"]).get().payload.content)

    undo(decision, by=triager)

    assert standing() == before


@pytest.mark.parametrize(
    "facts",
    [
        {"card_url": "http://acme.example/card"},
        {"card_url": "javascript:alert(1)"},
        {"access": "sometimes"},
        {"title": "x" * 201},
        {"developer": "Acme"},  # as it stands
    ],
)
def test_what_cannot_be_told_is_refused(
    artifact: Artifact, triager: Any, facts: dict[str, str], nothing_stored: Any
) -> None:
    with nothing_stored(), pytest.raises(ValidationError):
        describe(artifact, by=triager, **facts)


def test_what_changed_since_it_was_shown_is_told(artifact: Artifact, triager: Any, someone: Any) -> None:
    shown = shown_of("facts", fresh(artifact))
    other = someone("moderator")
    made = describe(artifact, by=other, title="Chat 7B", shown=shown)

    with pytest.raises(ChangedSince) as refusal:
        describe(artifact, by=triager, developer="Acme Inc", shown=shown)

    assert refusal.value.since == [made]
    assert fresh(artifact).developer == "Acme"
    describe(artifact, by=triager, developer="Acme Inc", shown=shown_of("facts", fresh(artifact)))


def test_what_was_said_since_cannot_be_overwritten_by_an_undo(artifact: Artifact, triager: Any) -> None:
    first = describe(artifact, by=triager, title="Chat 7B", developer="Acme Inc")
    apart = describe(artifact, by=triager, access="open")
    since = describe(artifact, by=triager, title="Chat")

    with pytest.raises(DecidedSince) as refusal:
        undo(first, by=triager)
    assert set(refusal.value.since) == {apart, since}

    undo(since, by=triager)
    undo(first, by=triager)

    assert (fresh(artifact).title, fresh(artifact).developer, fresh(artifact).access) == ("", "Acme", "open")


# What it is called


@pytest.mark.parametrize("typed", ["Chat Seven", "acme-labs/chat-7b", "محادثة سبعة", "C7 (beta)"])
def test_filing_under_another_name_finds_it(artifact: Artifact, triager: Any, file: File, typed: str) -> None:
    decision = add_alias(artifact, f"  {typed} ", by=triager)

    assert file(artifact=typed, summary="Under another name").artifact == artifact

    undo(decision, by=triager)

    assert not artifact.aliases.exists()
    assert file(artifact=typed, summary="Under another name").artifact != artifact


def test_a_name_that_means_another_is_explained(artifact: Artifact, twin: Artifact, triager: Any) -> None:
    for name in ("acme/chat7b", "ACME/Chat7B", "chat7b", "Chat Seven", "chat-seven"):
        with pytest.raises(catalogue.NameTaken) as refusal:
            add_alias(artifact, name, by=triager)
        assert refusal.value.artifact == twin


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("Acme/Chat-7B", "called that"), ("", "1 to 200"), ("x" * 201, "1 to 200"), ("/", "1 to 200")],
)
def test_names_that_are_none_are_refused(artifact: Artifact, triager: Any, name: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        add_alias(artifact, name, by=triager)


def test_a_name_ends_and_comes_back_as_it_was(twin: Artifact, triager: Any) -> None:
    before = standing()
    decision = end_alias(twin.aliases.get(), by=triager)

    assert find_artifact("model", "", "chat seven") is None

    undo(decision, by=triager)

    assert standing() == before


def test_a_name_does_not_come_back_where_it_means_another_now(twin: Artifact, artifact: Artifact, triager: Any) -> None:
    decision = end_alias(twin.aliases.get(), by=triager)
    add_alias(artifact, "chat seven", by=triager)

    with pytest.raises(ValidationError, match="means acme/chat-7b"):
        undo(decision, by=triager)


# Its releases


def names_in_order(artifact: Artifact) -> list[str]:
    return [version.name for version in artifact.versions.filter(position__isnull=False).order_by("position")]


def test_releases_are_added_moved_and_put_back(artifact: Artifact, triager: Any) -> None:
    before = standing()
    made = [add_version(artifact, "2026-04", by=triager, released_on=date(2026, 4, 1))]
    version = artifact.versions.get(name="2026-04")
    made += [order_version(version, to="older", by=triager) for _ in range(2)]

    assert names_in_order(artifact) == ["2026-04", "2026-05", "2026-06"]
    with pytest.raises(ValidationError, match="end of the order"):
        order_version(version, to="older", by=triager)

    made.append(order_version(version, to="out", by=triager))
    made.append(order_version(version, to="in", by=triager))
    assert names_in_order(artifact) == ["2026-05", "2026-06", "2026-04"]

    for decision in reversed(made):
        undo(decision, by=triager)

    assert standing() == before


def test_a_moving_name_has_no_place(artifact: Artifact, triager: Any) -> None:
    add_version(artifact, "latest", by=triager, is_alias=True)
    latest = artifact.versions.get(name="latest")
    assert latest.position is None
    with pytest.raises(ValidationError, match="moving name"):
        order_version(latest, to="in", by=triager)

    decision = change_version(
        artifact.versions.get(name="2026-06"), name="current", released_on=None, is_alias=True, by=triager
    )
    assert names_in_order(artifact) == ["2026-05"]

    undo(decision, by=triager)
    assert names_in_order(artifact) == ["2026-05", "2026-06"]


def test_version_names_are_one_each(artifact: Artifact, triager: Any) -> None:
    with pytest.raises(ValidationError, match="of that name already"):
        add_version(artifact, " 2026-05 ", by=triager)
    version = artifact.versions.get(name="2026-06")
    with pytest.raises(ValidationError, match="of that name already"):
        change_version(version, name="2026-05", released_on=None, is_alias=False, by=triager)
    with pytest.raises(ValidationError, match="Nothing is different"):
        change_version(version, name="2026-06", released_on=None, is_alias=False, by=triager)


def test_a_version_that_reports_name_stays(artifact: Artifact, file: File, triager: Any) -> None:
    file(version="2026-05")

    with pytest.raises(ValidationError, match="stays"):
        drop_version(artifact.versions.get(name="2026-05"), by=triager)

    before = standing()
    decision = drop_version(artifact.versions.get(name="2026-06"), by=triager)
    assert not artifact.versions.filter(name="2026-06").exists()
    undo(decision, by=triager)
    assert standing() == before


def test_adding_a_version_cannot_be_undone_once_a_report_names_it(artifact: Artifact, file: File, triager: Any) -> None:
    decision = add_version(artifact, "2026-07", by=triager)
    file(version="2026-07")

    with pytest.raises(ValidationError, match="stays"):
        undo(decision, by=triager)


def test_a_place_in_the_order_flags_what_came_back(
    artifact: Artifact, file: File, triager: Any, make_issue: Any
) -> None:
    issue = make_issue(status="resolved", resolved_at=timezone.now() - timedelta(days=3))
    Affected.objects.filter(issue=issue).update(
        fixed_in=artifact.versions.get(name="2026-06"), resolved_at=timezone.now() - timedelta(days=3)
    )
    report = file(version="2026-07", summary="It still does that")
    Placement.objects.filter(report=report).update(issue=issue)

    decision = order_version(artifact.versions.get(name="2026-07"), to="in", by=triager)

    assert fresh(issue).is_possible_regression

    undo(decision, by=triager)

    assert not fresh(issue).is_possible_regression


# Where it came from


@pytest.fixture
def base(file: File, artifact: Artifact) -> Artifact:
    """acme/base, which acme/chat-7b was tuned from, though nobody has said so; each has a report of one failure."""
    file(artifact="acme/base", version="", summary="It invents a court ruling", what_happened=RULING)
    file(summary="It invents a court ruling", what_happened=RULING, version="2026-05")
    file(summary="Lectures about knives", what_happened=KNIVES, version="2026-05")
    return artifact_named("model", "acme/base")


def test_the_family_its_issues_and_the_index_follow(
    artifact: Artifact, base: Artifact, file: File, triager: Any
) -> None:
    before = standing()
    shift = shift_by(artifact, base, "fine_tuned_from")
    assert (dict(shift.artifacts), shift.report_count, len(shift.issues), shift.staying) == (
        {artifact.pk: base.pk},
        2,
        2,
        0,
    )

    decision = add_step(artifact, base, "fine_tuned_from", by=triager)

    assert fresh(artifact).family == base
    assert set(Issue.objects.values_list("family", flat=True)) == {base.pk}
    assert index_is_true()
    assert [issue.revision for issue in Issue.objects.filter(pk__in=shift.issues)] == [1, 1]
    event = events_about(artifact, verbs=["add_lineage"]).get()
    assert event.subjects == [f"artifact:{artifact.pk}", f"artifact:{base.pk}"]

    undo(decision, by=triager)

    assert standing() == before
    assert index_is_true()


def test_a_new_report_is_grouped_with_those_that_moved_in(
    artifact: Artifact, base: Artifact, file: File, triager: Any
) -> None:
    moved = issue_of(Report.objects.get(evidence__plain_summary="Lectures about knives"))
    add_step(artifact, base, "fine_tuned_from", by=triager)

    report = file(artifact="acme/base", version="", summary="Lectures about knives", what_happened=KNIVES)

    assert issue_of(report) == moved
    assert set(moved.affected.values_list("artifact__name", flat=True)) == {"chat-7b", "base"}


def test_an_issue_with_reports_in_two_families_stays_whole_and_takes_in_its_own_alone(
    artifact: Artifact, base: Artifact, file: File, triager: Any
) -> None:
    add_step(artifact, base, "fine_tuned_from", by=triager)
    both = issue_of(file(artifact="acme/base", version="", summary="Lectures about knives", what_happened=KNIVES))
    step = Lineage.objects.get()
    shift = shift_without(step)
    assert (shift.staying, len(shift.issues)) == (1, 1)

    end_step(step, by=triager)

    assert fresh(both).family == base
    assert both.placements.active().count() == 2
    assert index_is_true()
    again = file(version="2026-05", summary="Lectures about knives", what_happened=KNIVES)
    assert issue_of(again) != both
    assert issue_of(again).family == artifact
    assert (
        issue_of(file(artifact="acme/base", version="", summary="Lectures about knives", what_happened=KNIVES)) == both
    )


def test_what_came_since_follows_when_a_step_is_undone(
    artifact: Artifact, base: Artifact, file: File, triager: Any
) -> None:
    decision = add_step(artifact, base, "fine_tuned_from", by=triager)
    report = file(version="2026-05", summary="Deletes the wrong folder", what_happened=FOLDER)
    assert issue_of(report).family == base

    undo(decision, by=triager)

    assert issue_of(report).family == artifact
    assert index_is_true()


def test_removal_leads_to_another_first_parent_or_home(artifact: Artifact, base: Artifact, triager: Any) -> None:
    other = artifact_named("model", "acme/other")
    first = add_step(artifact, base, "merged_from", by=triager)
    second = add_step(artifact, other, "merged_from", by=triager)
    assert fresh(artifact).family == base

    end_step(Lineage.objects.get(parent=base), by=triager)
    assert fresh(artifact).family == other

    end_step(Lineage.objects.get(parent=other), by=triager)
    assert fresh(artifact).family == artifact
    with pytest.raises(DecidedSince):
        undo(first, by=triager)
    assert second.after["parent"] == other.pk


def test_a_step_is_not_undone_under_what_was_built_on_it(artifact: Artifact, base: Artifact, triager: Any) -> None:
    tuned = artifact_named("model", "acme/tuned")
    first = add_step(artifact, base, "fine_tuned_from", by=triager)
    second = add_step(tuned, artifact, "quantised_from", by=triager)

    with pytest.raises(DecidedSince):
        undo(first, by=triager)

    undo(second, by=triager)
    undo(first, by=triager)
    assert [fresh(each).family_id for each in (artifact, base, tuned)] == [artifact.pk, base.pk, tuned.pk]


def test_rings_and_datasets_are_refused(artifact: Artifact, base: Artifact, triager: Any, nothing_stored: Any) -> None:
    add_step(artifact, base, "fine_tuned_from", by=triager)

    with nothing_stored(), pytest.raises(ValidationError, match="in a ring"):
        add_step(base, artifact, "trained_on", by=triager)
    with nothing_stored(), pytest.raises(ValidationError, match="on record already"):
        add_step(artifact, base, "fine_tuned_from", by=triager)


def test_opinions_across_families_go_and_come_back(artifact: Artifact, base: Artifact, triager: Any) -> None:
    add_step(artifact, base, "fine_tuned_from", by=triager)
    own, other = (
        issue_of(report) for report in Report.objects.filter(artifact__in=[artifact, base]).order_by("pk")[:2]
    )
    report = Report.objects.get(artifact=base)
    Suggestion.objects.all().delete()
    Suggestion.objects.create(report=report, issue=other, score=0.5, band="possible", rank=0, method="m")
    Suggestion.objects.create(report=report, issue=own, score=0.5, band="possible", rank=1, method="m")
    one, two = sorted((own, other), key=lambda issue: issue.pk)
    Proposal.objects.create(kind="merge", issue=one, other=two, score=0.5, band="possible", method="m")
    before = standing()

    decision = end_step(Lineage.objects.get(), by=triager)

    assert list(Suggestion.objects.values_list("issue", flat=True)) == [own.pk]
    assert not Proposal.objects.exists()

    undo(decision, by=triager)

    assert standing() == before


def test_more_than_one_request_may_move_is_refused(
    artifact: Artifact, base: Artifact, twin: Artifact, triager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(families, "MOST_REPORTS", 1)
    before = standing()

    with pytest.raises(ValidationError, match="would move 2 reports"):
        add_step(artifact, base, "fine_tuned_from", by=triager)
    with pytest.raises(ValidationError, match="would move 2 reports"):
        merge_artifact(artifact, confirmed(base), by=triager)
    assert standing() == before | {"artifact": standing()["artifact"]}


def confirmed(artifact: Artifact) -> Artifact:
    Artifact.objects.filter(pk=artifact.pk).update(confirmed_at=timezone.now())
    return Artifact.objects.get(pk=artifact.pk)


# Two that are one


def test_a_merge_moves_everything_and_its_undo_puts_all_back(
    artifact: Artifact, twin: Artifact, file: File, triager: Any, someone: Any
) -> None:
    rich(artifact, twin, file, someone)
    before = standing()
    found = duplicates.duplicate(twin, artifact)

    decision = merge_artifact(twin, artifact, by=triager)

    assert fresh(twin).merged_into == artifact
    assert not Report.objects.filter(artifact=twin).exists()
    assert found.report_count == 3
    assert Report.objects.filter(artifact=artifact, version__name="2026-05").count() == 2
    assert not Report.objects.exclude(version=None).exclude(version__artifact=artifact).exists()
    assert (found.united_versions, found.moved_versions) == (["2026-05"], ["v1", "2027"])
    assert names_in_order(artifact) == found.order == ["2026-05", "2026-06", "v1"]
    assert {alias.name for alias in artifact.aliases.all()} == set(found.names) == {"acme/chat7b", "chat seven"}
    assert (found.moved_standings, found.united_standings) == (3, 1)
    assert not Affected.objects.filter(artifact=twin).exists()
    assert (found.moved_steps, found.dropped_steps) == (2, 1)
    assert {(step.child.name, step.parent.name) for step in Lineage.objects.all()} == {
        ("chat-7b", "crawl"),
        ("small", "chat-7b"),
    }
    assert found.maintainer_count == 1
    assert Grant.objects.get(role="maintainer").artifact_id == twin.pk
    assert Subscription.objects.filter(subject=f"artifact:{artifact.pk}").count() == 2
    assert fresh(artifact_named("model", "acme/small")).family == artifact
    assert found.signal_count == 3
    assert_signals_moved(artifact, twin)
    assert index_is_true()
    assert is_counted()

    undo(decision, by=triager)

    assert standing() == before
    assert index_is_true()


def rich(artifact: Artifact, twin: Artifact, file: File, someone: Any) -> None:
    """The loser with one of everything."""
    file(artifact="acme/chat7b", version="v1", summary="Lectures about knives", what_happened=KNIVES)
    Version.objects.filter(artifact=twin, name="v1").update(position=1)
    same = issue_of(file(summary="It invents a court ruling", what_happened=RULING))
    stray = file(artifact="acme/chat7b", version="", summary="Cites rulings", what_happened=RULING[::-1])
    Placement.objects.filter(report=stray).update(issue=same)
    own = Affected.objects.create(issue=same, artifact=twin, status="affected", stated_at=timezone.now())
    own.introduced_in = own.last_affected = twin.versions.get(name="2026-05")
    own.save()
    Version.objects.create(artifact=twin, name="2027")
    Reproduction.objects.create(issue=same, artifact=twin, version=own.introduced_in, tries=3, failures=1)
    Answer.objects.create(issue=same, artifact=twin, text="We look into it.", fixed_in=twin.versions.get(name="v1"))
    Issue.objects.filter(pk=same.pk).update(snoozed_at=timezone.now(), snoozed_version=own.introduced_in)
    data, small = artifact_named("dataset", "acme/crawl"), artifact_named("model", "acme/small")
    Lineage.objects.create(child=twin, parent=data, relation=Relation.TRAINED_ON)
    Lineage.objects.create(child=artifact, parent=data, relation=Relation.TRAINED_ON)
    Lineage.objects.create(child=twin, parent=data, relation=Relation.BUILT_ON)
    Lineage.objects.create(child=small, parent=twin, relation=Relation.QUANTISED_FROM)
    Artifact.objects.filter(pk=small.pk).update(family=twin)
    file(artifact="acme/small", version="", summary="Wrong folder, small", what_happened=FOLDER)
    warn(twin, f"disproportion:artifact:{twin.pk}:bias", table="artifact")
    warn(twin, f"disproportion:version:{twin.pk}:{own.introduced_in.pk}:bias", version=own.introduced_in.pk)
    warn(twin, f"spread:theme:{artifact.pk}:artifact:{twin.pk}", state="in_review")
    warn(artifact, f"spread:theme:{artifact.pk}:artifact:{artifact.pk}")
    user, _ = someone("maintainer", artifact_id=twin.pk), someone("researcher")
    Subscription.objects.create(user=user, subject=f"artifact:{twin.pk}")
    Subscription.objects.create(user=_, subject=f"artifact:{twin.pk}")
    Subscription.objects.create(user=_, subject=f"artifact:{artifact.pk}")
    recount(Issue.objects.values_list("pk", flat=True))


def warn(artifact: Artifact, key: str, *, state: str = "new", **cell: object) -> None:
    told = {"detector": key.partition(":")[0], "tier": "watch", "observed": 3, "expected": 1, "since": "2026-05-01"}
    Signal.objects.create(key=key, artifact=artifact, method="m", state=state, cell=cell, **told)


def assert_signals_moved(artifact: Artifact, twin: Artifact) -> None:
    """With what they name; but of two that wait for one thing each keeps its key."""
    version = artifact.versions.get(name="2026-05").pk
    assert {(row.key, row.artifact_id, row.cell.get("version")) for row in Signal.objects.all()} == {
        (f"disproportion:artifact:{artifact.pk}:bias", artifact.pk, None),
        (f"disproportion:version:{artifact.pk}:{version}:bias", artifact.pk, version),
        (f"spread:theme:{artifact.pk}:artifact:{twin.pk}", artifact.pk, None),
        (f"spread:theme:{artifact.pk}:artifact:{artifact.pk}", artifact.pk, None),
    }


def test_filing_under_the_merged_name_finds_the_survivor(
    artifact: Artifact, twin: Artifact, file: File, triager: Any
) -> None:
    decision = merge_artifact(twin, artifact, by=triager)

    for typed in ("acme/chat7b", "ACME/CHAT7B", "chat7b", "chat seven"):
        assert artifact_named("model", typed) == artifact
    report = file(artifact="acme/chat7b", version="2026-05", summary="Deletes the wrong folder", what_happened=FOLDER)
    assert (report.artifact, version_of(report).artifact) == (artifact, artifact)
    assert issue_of(report) == issue_of(Report.objects.order_by("pk")[0])

    undo(decision, by=triager)

    assert artifact_named("model", "acme/chat7b") == twin
    assert fresh(report).artifact == artifact  # filed since, it stays with whom it came to
    assert index_is_true()


def test_a_report_filed_since_names_a_version_of_its_own_after_the_undo(
    artifact: Artifact, twin: Artifact, file: File, triager: Any
) -> None:
    Version.objects.create(artifact=twin, name="v9")
    decision = merge_artifact(twin, artifact, by=triager)
    report = file(version="v9", summary="Lectures about knives", what_happened=KNIVES)

    undo(decision, by=triager)

    assert fresh(report).version == artifact.versions.get(name="v9")
    assert twin.versions.filter(name="v9").exists()
    assert is_counted()


def test_merges_follow_in_one_step_however_many(artifact: Artifact, twin: Artifact, triager: Any) -> None:
    third = artifact_named("model", "acme/chat_7b")
    merge_artifact(third, twin, by=triager)

    decision = merge_artifact(twin, artifact, by=triager)

    assert (fresh(third).merged_into, fresh(twin).merged_into) == (artifact, artifact)
    assert artifact_named("model", "acme/chat_7b") == artifact

    undo(decision, by=triager)

    assert (fresh(third).merged_into, fresh(twin).merged_into) == (twin, None)


def test_decisions_on_what_was_merged_wait_for_the_merge_to_be_undone(
    artifact: Artifact, twin: Artifact, triager: Any
) -> None:
    named = add_alias(twin, "C7", by=triager)
    merge = merge_artifact(twin, artifact, by=triager)

    with pytest.raises(DecidedSince) as refusal:
        undo(named, by=triager)
    assert refusal.value.since == [merge]
    with pytest.raises(ValidationError, match="was merged into another"):
        describe(twin, by=triager, title="Chat")

    undo(merge, by=triager)
    undo(named, by=triager)


def test_a_merge_is_not_undone_over_what_was_decided_since(artifact: Artifact, twin: Artifact, triager: Any) -> None:
    merge = merge_artifact(twin, artifact, by=triager)
    issue = issue_of(Report.objects.get())
    since = decide(issue, "confirm", by=triager)

    with pytest.raises(DecidedSince) as refusal:
        undo(merge, by=triager)
    assert refusal.value.since == [since]


@pytest.mark.parametrize(
    ("kind", "loser", "survivor", "code"),
    [
        ("model", "acme/chat-7b", "acme/chat-7b", "itself"),
        ("dataset", "acme/data", "acme/chat-7b", "kind"),
        ("model", "acme/chat-7b", "acme/chat7b", "page"),
    ],
)
def test_merges_that_cannot_be(
    artifact: Artifact, twin: Artifact, triager: Any, kind: str, loser: str, survivor: str, code: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        merge_artifact(artifact_named(kind, loser), artifact_named("model", survivor), by=triager)

    assert refusal.value.code == code
    assert not Artifact.objects.exclude(merged_into=None).exists()


def test_a_merge_that_would_close_a_ring_is_refused(artifact: Artifact, twin: Artifact, triager: Any) -> None:
    middle = artifact_named("model", "acme/middle")
    add_step(middle, artifact, "fine_tuned_from", by=triager)
    add_step(twin, middle, "fine_tuned_from", by=triager)

    with pytest.raises(ValidationError, match="in a ring"):
        merge_artifact(twin, artifact, by=triager)


def test_a_step_between_the_two_goes_and_comes_back(artifact: Artifact, twin: Artifact, triager: Any) -> None:
    add_step(twin, artifact, "fine_tuned_from", by=triager)
    before = standing()

    decision = merge_artifact(twin, artifact, by=triager)

    assert not Lineage.objects.exists()
    undo(decision, by=triager)
    assert standing() == before


@pytest.mark.parametrize(
    ("one", "other", "left"),
    [
        ("under_investigation", "affected", "affected"),
        ("affected", "under_investigation", "affected"),
        ("affected", "not_affected", "affected"),
        ("not_affected", "affected", "affected"),
        ("not_affected", "under_investigation", "not_affected"),
    ],
)
def test_an_issue_is_as_open_as_its_worst_judgement(
    artifact: Artifact, twin: Artifact, make_issue: Any, triager: Any, one: str, other: str, left: str
) -> None:
    issue = make_issue()
    Affected.objects.filter(issue=issue, artifact=artifact).update(status=one)
    Affected.objects.create(issue=issue, artifact=twin, status=other)

    merge_artifact(twin, artifact, by=triager)

    assert issue.affected.get().status == left
    assert issue.affected.get().artifact == artifact


def test_a_report_that_was_being_filed_meanwhile_follows(
    artifact: Artifact, twin: Artifact, file: File, triager: Any
) -> None:
    late = file(
        artifact="acme/chat7b", version="v2", summary="Lectures about knives", what_happened=KNIVES, grouped=False
    )
    merge_artifact(twin, artifact, by=triager)
    Report.objects.filter(pk=late.pk).update(artifact=twin, version=version_named(twin, "v2"))

    match_report(late.pk)

    late.refresh_from_db()
    assert (late.artifact, version_of(late).artifact, late.grouped_at is None) == (artifact, artifact, False)


# Any sequence of acts and undos

NAMES = ("acme/a", "acme/b", "acme/c", "acme/d")
ACTS = st.lists(
    st.tuples(st.sampled_from(["merge", "step", "end", "alias", "file", "undo"]), st.integers(0, 3), st.integers(0, 3)),
    max_size=8,
)
TOLD = (RULING, FOLDER, KNIVES, "It translates every doctor as a man, though the Finnish it was given has no gender.")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_any_sequence_keeps_families_index_and_counts_and_is_undone_exactly(
    db: Any, file: File, triager: Any, acts: list[tuple[str, int, int]]
) -> None:
    clear()
    made = [
        file(artifact=name, version="", summary=told[:60], what_happened=told).artifact
        for name, told in zip(NAMES, TOLD, strict=True)
    ]
    stack: list[tuple[Decision, dict[str, Any]]] = []
    for verb, one, other in acts:
        before = standing()
        try:
            decision = act(verb, fresh(made[one]), fresh(made[other]), stack, triager, file)
        except ValidationError:
            continue
        if decision is not None:
            stack.append((decision, before))
        elif verb == "file":
            stack.clear()  # what was filed since stays
        assert moves(artifact.pk for artifact in made) == {}
        assert index_is_true()
        assert is_counted()
    while stack:
        decision, before = stack.pop()
        undo(decision, by=triager)
        assert standing() == before


def clear() -> None:
    """As at the start: hypothesis runs its examples in one transaction."""
    Decision.objects.update(undoes=None)
    for model in (
        Decision,
        Suggestion,
        Proposal,
        DailyCount,
        Affected,
        Placement,
        TermVector,
        Issue,
        Report,
        Lineage,
        Alias,
    ):
        model._default_manager.all().delete()
    Artifact.objects.update(family=None, merged_into=None)
    Artifact.objects.all().delete()


def act(
    verb: str, one: Artifact, other: Artifact, stack: list[tuple[Decision, dict[str, Any]]], by: Any, file: File
) -> Decision | None:
    if verb == "merge":
        return merge_artifact(one, other, by=by)
    if verb == "step":
        return add_step(one, other, "fine_tuned_from", by=by)
    if verb == "alias":
        return add_alias(one, f"also {other.name}", by=by)
    if verb == "end":
        step = Lineage.objects.filter(child=one).first()
        return end_step(step, by=by) if step else None
    if verb == "file":
        file(
            artifact=str(one),
            version="",
            summary=f"More of {other.name}"[:60],
            what_happened=TOLD[NAMES.index(str(other))],
        )
        return None
    if stack:
        decision, before = stack.pop()
        undo(decision, by=by)
        assert standing() == before
    return None
