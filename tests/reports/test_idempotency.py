"""One answer for one keyed request, and for a day only."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.filing import Refused
from reports.idempotency import Answered, OtherRequest, answered_once, forget_answers
from reports.models import IdempotencyKey

pytestmark = pytest.mark.django_db


def test_what_was_done_is_not_done_again() -> None:
    done: list[str] = []

    def make() -> dict[str, str]:
        done.append("once")
        return {"made": str(len(done))}

    answers = [answered_once("somebody", "key", {"a": 1}, make) for _ in range(2)]

    assert answers == [Answered({"made": "1"}, is_repeated=False), Answered({"made": "1"}, is_repeated=True)]
    with pytest.raises(OtherRequest):
        answered_once("somebody", "key", {"a": 2}, make)
    assert answered_once("somebody else", "key", {"a": 1}, make).answer == {"made": "2"}


def test_what_was_refused_may_be_asked_again() -> None:
    def refuse() -> dict[str, str]:
        raise Refused({})

    with pytest.raises(Refused):
        answered_once("somebody", "key", {}, refuse)

    assert answered_once("somebody", "key", {}, lambda: {"made": "now"}).answer == {"made": "now"}


def test_an_answer_is_kept_for_a_day_and_sealed() -> None:
    answered_once("somebody", "old", {}, lambda: {"receipt": "CANARY"})
    answered_once("somebody", "new", {}, lambda: {"receipt": "CANARY"})
    old = IdempotencyKey.objects.order_by("at").first()
    assert old is not None
    IdempotencyKey.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(hours=25))

    assert forget_answers() == 1
    assert all(b"CANARY" not in bytes(row.sealed_answer or b"") for row in IdempotencyKey.objects.all())


def test_a_key_is_free_again_after_a_day_swept_or_not() -> None:
    answered_once("somebody", "key", {"a": 1}, lambda: {"made": "then"})
    IdempotencyKey.objects.update(at=timezone.now() - timedelta(hours=25))

    assert answered_once("somebody", "key", {"a": 2}, lambda: {"made": "now"}).answer == {"made": "now"}
    assert IdempotencyKey.objects.count() == 1
