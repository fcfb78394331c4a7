"""What is kept of an artifact's page: it follows every change that is to be seen, and none that is not."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.policy import ANONYMOUS
from reports import abstracts
from reports.models import (
    Abstract,
    Affected,
    Alias,
    Answer,
    Artifact,
    Issue,
    Lineage,
    Placement,
    Report,
    Stir,
    Version,
)
from reports.naming import artifact_named
from reports.suppression import LEAST
from reports.vocabulary import ContextOfUse, ReporterRelation
from tests.conftest import Ground
from triage.counting import recount

pytestmark = pytest.mark.django_db
PAGE = "/models/acme/chat-7b/"
EARLY = datetime(2026, 6, 1, tzinfo=UTC)


class Scene:
    """A model with what it was made from and what was made from it, and an issue of each that is told."""

    def __init__(self, ground: Ground) -> None:
        self.model = ground.artifact
        self.base = self.named("acme/base")
        self.hidden = artifact_named("model", "acme/hidden")
        self.child = self.named("acme/child")
        self.stranger = self.named("acme/stranger")
        for child, parent in ((self.model, self.base), (self.child, self.model), (self.model, self.hidden)):
            Lineage.objects.create(child=child, parent=parent, relation="fine_tuned_from")
        self.shown = ground.make_issue("Shown", severity="high", first_reported_at=EARLY)
        self.open = Affected.objects.get(issue=self.shown)
        self.resolved = ground.make_issue("Ended", status="resolved")
        self.inherited = ground.make_issue("Inherited", artifact=self.base)
        self.new = ground.make_issue("New", status="new")
        self.unpublished = ground.make_issue("Unpublished", published_at=None)
        self.embargoed = ground.make_issue("Embargoed", embargo_until=timezone.now() + timedelta(days=1))
        self.unjudged = ground.make_issue("Unjudged")
        Affected.objects.filter(issue=self.unjudged).update(status="under_investigation")
        self.secret = ground.make_issue("Of a hidden one", artifact=self.hidden)
        self.version = self.model.versions.get(name="2026-06")
        self.report = ground.file(found_by="audit")
        self.answer = Answer.objects.create(issue=self.shown, artifact=self.model, text="We know.", given_at=EARLY)

    @staticmethod
    def named(name: str) -> Artifact:
        made = artifact_named("model", name)
        Artifact.objects.filter(pk=made.pk).update(confirmed_at=EARLY)
        return made

    def place(self, issue: Issue, **fields: Any) -> None:
        """Move the report into another issue, as the desk does."""
        Report.objects.filter(pk=self.report.pk).update(**fields)
        Placement.objects.filter(report=self.report).update(issue=issue)
        recount([issue.pk])

    def update(self, thing: Any, **fields: Any) -> None:
        type(thing).objects.filter(pk=thing.pk).update(**fields)


@pytest.fixture(scope="module")
def staged(ground: Ground) -> Iterator[Scene]:
    with pytest.MonkeyPatch.context():
        from django.conf import settings
        from django.test import override_settings

        limits = {name: 1_000_000 for name in dir(settings) if name.startswith("LIMIT_")}
        with override_settings(**limits):
            yield Scene(ground)


@pytest.fixture
def scene(staged: Scene) -> Scene:
    return deepcopy(staged)


Change = Callable[[Scene], object]
NOW = timezone.now()
TO_BE_SEEN: dict[str, Change] = {
    "title": lambda s: s.update(s.shown, public_title="Another"),
    "summary": lambda s: s.update(s.shown, public_summary="In short."),
    "kind": lambda s: s.update(s.shown, kind="other"),
    "severity": lambda s: s.update(s.shown, severity="low"),
    "who set it": lambda s: s.update(s.shown, severity_by_person=True),
    "context": lambda s: s.update(s.shown, context_of_use="health"),
    "stage": lambda s: s.update(s.shown, lifecycle_stage="data"),
    "stated use": lambda s: s.update(s.shown, in_stated_use=True),
    "disputed": lambda s: s.update(s.shown, is_disputed=True),
    "voices": lambda s: s.update(s.shown, report_count=9, voice_count=9),
    "first reported": lambda s: s.update(s.shown, first_reported_at=EARLY - timedelta(days=3)),
    "published": lambda s: s.update(s.shown, published_at=EARLY),
    "no longer published": lambda s: s.update(s.shown, published_at=None),
    "embargo": lambda s: s.update(s.shown, embargo_until=timezone.now() + timedelta(days=1)),
    "lifted": lambda s: s.update(s.embargoed, embargo_lifted_at=timezone.now()),
    "never embargoed": lambda s: s.update(s.embargoed, embargo_until=None),
    "published by now": lambda s: s.update(s.unpublished, published_at=EARLY),
    "judged": lambda s: Affected.objects.filter(issue=s.unjudged).update(status="affected"),
    "not affected": lambda s: s.update(s.open, status="not_affected"),
    "resolved": lambda s: s.update(s.open, resolution="documented", resolved_at=EARLY),
    "statement": lambda s: s.update(s.open, statement="So it is."),
    "stated": lambda s: s.update(s.open, stated_at=EARLY),
    "tried": lambda s: s.update(s.open, tries=10, failures=3),
    "told": lambda s: s.update(s.open, notified_at=EARLY),
    "acknowledged": lambda s: s.update(s.open, acknowledged_at=EARLY),
    "since": lambda s: s.update(s.open, introduced_in=s.version),
    "until": lambda s: s.update(s.open, last_affected=s.version),
    "fixed in": lambda s: Affected.objects.filter(issue=s.resolved).update(fixed_in=s.version),
    "answered": lambda s: s.update(s.answer, accepted_at=EARLY),
    "developer": lambda s: s.update(s.model, developer="Acme Labs"),
    "access": lambda s: s.update(s.model, access="open"),
    "promise": lambda s: s.update(s.model, intended_use="Chat."),
    "alias": lambda s: Alias.objects.create(artifact=s.model, name="The acme one"),
    "release": lambda s: Version.objects.create(artifact=s.model, name="2026-07", position=3),
    "day of a release": lambda s: s.update(s.version, released_on=EARLY.date()),
    "name of a release": lambda s: s.update(s.version, name="2026-06.1"),
    "parent": lambda s: Lineage.objects.create(child=s.model, parent=s.stranger, relation="trained_on"),
    "no parent": lambda s: Lineage.objects.filter(parent=s.base).delete(),
    "name of a parent": lambda s: s.update(s.base, name="basis"),
    "name of a child": lambda s: s.update(s.child, name="kid"),
    "a parent's page": lambda s: s.update(s.hidden, confirmed_at=EARLY),
    "a child's page": lambda s: s.update(s.child, confirmed_at=None),
    "inherited": lambda s: s.update(s.inherited, public_title="Another"),
    "inherited, resolved": lambda s: Affected.objects.filter(issue=s.inherited).update(
        resolution="fixed", resolved_at=EARLY
    ),
    "no longer inherited": lambda s: Affected.objects.create(issue=s.inherited, artifact=s.model, status="affected"),
    "who found it": lambda s: s.place(s.shown),
}
NOT_TO_BE_SEEN: dict[str, Change] = {
    "new": lambda s: s.update(s.new, public_title="Another", voice_count=0),
    "unpublished": lambda s: s.update(s.unpublished, public_title="Another", is_disputed=True),
    "embargoed": lambda s: s.update(s.embargoed, public_title="Another", voice_count=0),
    "dismissed": lambda s: s.update(s.new, status="dismissed", dismissal="spam", dismissed_at=EARLY),
    "unjudged": lambda s: Affected.objects.filter(issue=s.unjudged).update(notified_at=EARLY),
    "unjudged, inherited": lambda s: Affected.objects.create(issue=s.inherited, artifact=s.model),
    "unjudged elsewhere": lambda s: Affected.objects.create(issue=s.shown, artifact=s.stranger),
    "of a hidden parent": lambda s: s.update(s.secret, public_title="Another"),
    "a hidden parent": lambda s: s.update(s.hidden, developer="Nobody"),
    "a hidden child": lambda s: Lineage.objects.create(
        child=artifact_named("model", "acme/unseen"), parent=s.model, relation="quantised_from"
    ),
    "a parent of a hidden one": lambda s: Lineage.objects.create(
        child=s.hidden, parent=s.stranger, relation="fine_tuned_from"
    ),
    "typed version": lambda s: Version.objects.create(artifact=s.model, name="typed by a reporter"),
    "answer that waits": lambda s: Answer.objects.create(issue=s.shown, artifact=s.model, text="We think not."),
    "answer refused": lambda s: s.update(s.answer, refused_at=EARLY),
    "snoozed": lambda s: s.update(s.shown, snoozed_at=EARLY, changed_at=NOW, revision=9, priority=7, assignee=None),
    "untested": lambda s: s.update(s.open, untested_reason="No key."),
    "held report": lambda s: s.place(s.unpublished, held_at=EARLY),
    "private report": lambda s: s.place(s.unpublished, visibility="private"),
    "report of a new issue": lambda s: recount([s.new.pk]),
    "another model": lambda s: s.update(s.stranger, developer="Somebody"),
}


@pytest.mark.parametrize("what", TO_BE_SEEN)
def test_what_is_to_be_seen_moves_page_and_tag(client: Client, scene: Scene, what: str) -> None:
    before = client.get(PAGE)

    TO_BE_SEEN[what](scene)
    after = client.get(PAGE, headers={"If-None-Match": before["ETag"]})

    assert after.status_code == 200
    assert after["ETag"] != before["ETag"]
    assert after.content != before.content


@pytest.mark.parametrize("what", NOT_TO_BE_SEEN)
def test_what_is_hidden_moves_not_a_byte(client: Client, scene: Scene, what: str) -> None:
    before = client.get(PAGE)

    NOT_TO_BE_SEEN[what](scene)
    after = client.get(PAGE)

    assert after.content == before.content
    assert (after["ETag"], after["Last-Modified"]) == (before["ETag"], before["Last-Modified"])
    assert client.get(PAGE, headers={"If-None-Match": before["ETag"]}).status_code == 304


@pytest.mark.parametrize("what", ["statement", "who found it", "parent"])
def test_what_is_taken_back_is_told_as_before(client: Client, scene: Scene, what: str) -> None:
    before = client.get(PAGE)

    with transaction.atomic():
        TO_BE_SEEN[what](scene)
        assert client.get(PAGE)["ETag"] != before["ETag"]
        transaction.set_rollback(True)

    assert client.get(PAGE)["ETag"] == before["ETag"]


def test_no_clock_ends_an_embargo(client: Client, scene: Scene) -> None:
    tag = client.get(PAGE)["ETag"]
    scene.update(scene.embargoed, embargo_until=EARLY)

    assert client.get(PAGE)["ETag"] == tag


def test_what_is_kept_is_made_anew_every_day(client: Client, scene: Scene) -> None:
    tag = client.get(PAGE)["ETag"]
    Abstract.objects.update(day=EARLY.date(), stamp="of that day")

    assert client.get(PAGE)["ETag"] == tag
    assert not Abstract.objects.filter(stamp="of that day").exists()


def test_further_pages_and_narrower_ones_have_tags_of_their_own(client: Client, scene: Scene) -> None:
    tags = {client.get(PAGE + query)["ETag"] for query in ("", "?page=2", "?state=open", "?severity=high")}

    assert len(tags) == 4


def test_whoever_counted_before_another_writes_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    abstracts.abstract_of(scene.model, ANONYMOUS)
    scene.update(scene.shown, public_title="Second")
    count = abstracts._counted

    def overtaken(artifact: Artifact, actor: Any) -> Any:
        seen = count(artifact, actor)
        monkeypatch.setattr(abstracts, "_counted", count)
        scene.update(scene.shown, public_title="Third")
        abstracts.abstract_of(artifact, actor)  # somebody else, who knows of the third
        return seen

    monkeypatch.setattr(abstracts, "_counted", overtaken)
    slow = abstracts.abstract_of(scene.model, ANONYMOUS)

    kept = Abstract.objects.get(artifact=scene.model)
    assert kept.stamp != slow.stamp
    assert kept.stamp == count(scene.model, ANONYMOUS).stamp


def test_a_change_while_it_is_counted_is_not_lost(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    count = abstracts._counted

    def interrupted(artifact: Artifact, actor: Any) -> Any:
        seen = count(artifact, actor)
        monkeypatch.setattr(abstracts, "_counted", count)
        Stir.objects.create(artifact=artifact, act=-1)  # of another transaction, that ends now
        scene.update(scene.shown, public_title="Meanwhile")
        return seen

    monkeypatch.setattr(abstracts, "_counted", interrupted)
    abstracts.abstract_of(scene.model, ANONYMOUS)
    told = abstracts.abstract_of(scene.model, ANONYMOUS)

    assert told.stamp == count(scene.model, ANONYMOUS).stamp


def test_pages_that_nobody_reads_are_forgotten(client: Client, scene: Scene) -> None:
    client.get(PAGE)
    scene.update(scene.shown, public_title="Another")
    Stir.objects.update(at=timezone.now() - timedelta(days=2))

    abstracts.forget_unread()

    assert not Stir.objects.exists()
    assert not Abstract.objects.filter(artifact=scene.model).exists()
    assert "Another" in client.get(PAGE).content.decode()


def test_whoever_triages_is_told_of_all_and_keeps_nothing(client: Client, scene: Scene, someone: Any) -> None:
    client.force_login(someone("triager"))

    response = client.get(PAGE)

    assert "Unpublished" in response.content.decode()
    assert not Abstract.objects.exists()


# Who met it, and where

counts = st.dictionaries(
    st.tuples(
        st.sampled_from([*ContextOfUse.values, ""]),
        st.sampled_from(["en", "es", "ar", "eu", "zh", ""]),
        st.sampled_from([*ReporterRelation.values, ""]),
    ),
    st.integers(1, 40),
    max_size=12,
)


@given(counts)
def test_no_small_cell_is_told_nor_left_over(counted: dict[tuple[str, ...], int]) -> None:
    tables = abstracts.met_in(list(counted.items()))

    for at, table in enumerate(tables.values()):
        true: dict[str, int] = {}
        for values, voices in counted.items():
            true[values[at]] = true.get(values[at], 0) + voices
        kept_back = set(true) - set(table["cells"])
        if table["total"] is None:
            assert (table["cells"], sum(true.values()) < LEAST) == ({}, True)
            continue
        assert all(voices >= LEAST for voices in table["cells"].values())
        assert sum(table["cells"].values()) + (table["rest"] or 0) == table["total"]
        # what is left of the total is never one cell, nor so little
        assert table["rest"] is None or table["rest"] >= LEAST
        assert all(true[value] != table["rest"] for value in kept_back if true[value] < LEAST)


def test_a_table_counts_each_voice_once_and_no_private_one(client: Client, scene: Scene) -> None:
    kept = {"artifact": scene.model, "kind": "other", "consent_version": "1", "channel": "form", "receipt_digest": b""}
    for serial in range(16):
        report = Report.objects.create(
            **kept,
            reference=f"r{serial}",
            voice_key=f"voice-{serial % 12}",  # four wrote twice
            language="en" if serial % 2 else "es",
            relation="user",
            visibility="private" if serial == 11 else "public_after_review",
        )
        Placement.objects.create(report=report, issue=scene.shown, by="person")
    recount([scene.shown.pk])

    tables = {table["name"]: table for table in client.get(PAGE).context["met"]}

    assert (tables["language"]["cells"], tables["language"]["total"]) == ([("es", 6), ("en", 5)], 11)
    assert "relation" not in tables  # all are of one kind, and that nobody is of another is not told either
