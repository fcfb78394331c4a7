"""Events: written in the transaction of the act, found by what they are about, never holding text."""

from typing import Any

import pytest
from django.db import transaction

from ledger.models import Event, Payload
from ledger.record import events_about, record, subject

pytestmark = pytest.mark.django_db


def test_an_event_names_what_it_is_about(artifact: Any, triager: Any) -> None:
    event = record("confirm_artifact", artifact, triager, actor=triager.pseudonym, decision=7)

    event.refresh_from_db()
    assert event.subjects == [f"artifact:{artifact.pk}", f"user:{triager.pk}"]
    assert event.payload.content == {"decision": 7}
    assert event.sequence is None
    assert str(event) == f"confirm_artifact by {triager.pseudonym}"


def test_an_event_without_content_has_no_payload(artifact: Any) -> None:
    record("look", artifact, actor="system")

    assert not Payload.objects.exists()


def test_an_event_s_key_cannot_be_guessed(artifact: Any) -> None:
    keys = {bytes(record("look", artifact, actor="system").key) for _ in range(20)}

    assert len(keys) == 20
    assert {len(key) for key in keys} == {16}


def test_an_event_goes_with_its_act(artifact: Any) -> None:
    with transaction.atomic():
        record("look", artifact, actor="system")
        transaction.set_rollback(True)

    assert not Event.objects.exists()


def test_events_are_found_by_any_of_their_subjects_oldest_first(
    artifact: Any, triager: Any, django_assert_num_queries: Any
) -> None:
    first = record("look", artifact, actor="system")
    second = record("see", triager, artifact, actor="system", at=1)
    record("see", triager, actor="system")

    assert subject(artifact) == f"artifact:{artifact.pk}"
    with django_assert_num_queries(1):
        found = list(events_about(artifact))
        assert [event.payload.content for event in found if hasattr(event, "payload")] == [{"at": 1}]
    assert found == [first, second]
    assert list(events_about(artifact, verbs=["see"])) == [second]
    assert list(events_about(artifact, verbs=iter(["look", "see"]))) == [first, second]


def test_a_number_that_begins_another_is_not_it(artifact: Any) -> None:
    class Lookalike:
        _meta = artifact._meta
        pk = int(f"{artifact.pk}0")

    record("look", artifact, actor="system")

    assert not events_about(Lookalike()).exists()  # type: ignore[arg-type] # only its name and number are read
