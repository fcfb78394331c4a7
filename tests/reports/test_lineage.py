"""Where artifacts came from: which family follows, and which steps cannot be."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.lineage import ancestors, descend, moves, refuse_step
from reports.models import Artifact, Lineage
from reports.naming import artifact_named
from reports.vocabulary import FAMILY_RELATIONS, Relation

pytestmark = pytest.mark.django_db


@pytest.fixture
def models() -> list[Artifact]:
    return [artifact_named("model", f"acme/m{number}") for number in range(5)]


def family(artifact: Artifact) -> int | None:
    return Artifact.objects.get(pk=artifact.pk).family_id


def test_who_follows_goes_to_the_parents_family(models: list[Artifact]) -> None:
    base, tuned, quantised, *_ = models
    descend(quantised, tuned, Relation.QUANTISED_FROM)

    descend(tuned, base, Relation.FINE_TUNED_FROM)

    assert [family(each) for each in (base, tuned, quantised)] == [base.pk] * 3
    assert ancestors(quantised) == {quantised.pk, tuned.pk, base.pk}


def test_the_first_parent_gives_the_family(models: list[Artifact]) -> None:
    first, second, merged, *_ = models
    descend(merged, first, Relation.MERGED_FROM, position=0)
    descend(merged, second, Relation.MERGED_FROM, position=1)

    assert family(merged) == first.pk


def test_data_and_systems_give_no_family(models: list[Artifact]) -> None:
    data, system = artifact_named("dataset", "acme/crawl"), artifact_named("system", "acme/desk")
    model = models[0]
    descend(model, data, Relation.TRAINED_ON)
    descend(system, model, Relation.BUILT_ON)

    assert [family(each) for each in (model, data, system)] == [model.pk, data.pk, system.pk]
    with pytest.raises(ValidationError, match="Only models"):
        refuse_step(system, model, Relation.FINE_TUNED_FROM)


def test_a_step_without_family_does_not_stand_before_one_with(models: list[Artifact]) -> None:
    base, tuned, *_ = models
    descend(tuned, artifact_named("dataset", "acme/crawl"), Relation.TRAINED_ON, position=0)
    descend(tuned, base, Relation.FINE_TUNED_FROM, position=1)

    assert family(tuned) == base.pk


@pytest.mark.parametrize("relation", Relation)
def test_rings_are_refused_by_whatever_relation(models: list[Artifact], relation: Relation) -> None:
    old, middle, young, *_ = models
    descend(middle, old, Relation.TRAINED_ON)
    descend(young, middle, Relation.FINE_TUNED_FROM)

    with pytest.raises(ValidationError, match="in a ring"):
        descend(old, young, relation)
    with pytest.raises(ValidationError, match="Nothing comes from itself"):
        descend(old, old, relation)


def test_siblings_may_be_merged_from_each_other(models: list[Artifact]) -> None:
    base, one, other, *_ = models
    descend(one, base, Relation.FINE_TUNED_FROM)
    descend(other, base, Relation.FINE_TUNED_FROM)

    descend(other, one, Relation.MERGED_FROM, position=1)

    assert family(other) == base.pk


def test_a_step_is_recorded_once_and_unknown_has_none(models: list[Artifact]) -> None:
    descend(models[1], models[0], Relation.FINE_TUNED_FROM)

    with pytest.raises(ValidationError, match="on record already"):
        descend(models[1], models[0], Relation.FINE_TUNED_FROM)
    with pytest.raises(ValidationError, match="no lineage"):
        descend(artifact_named("model", "unknown"), models[0], Relation.FINE_TUNED_FROM)


def test_what_would_move_is_told_before_it_does(models: list[Artifact]) -> None:
    base, tuned, quantised, other, _ = models
    step = descend(tuned, base, Relation.FINE_TUNED_FROM)
    descend(quantised, tuned, Relation.QUANTISED_FROM)
    both = {base.pk, other.pk}

    assert moves(both) == {}
    assert moves(both, without={step.pk}) == {tuned.pk: tuned.pk, quantised.pk: tuned.pk}
    assert moves(both, added=[(base.pk, other.pk)]) == dict.fromkeys((base.pk, tuned.pk, quantised.pk), other.pk)
    assert moves(both, added=[(tuned.pk, other.pk)]) == {}  # it has a first parent
    assert moves(both, merged={tuned.pk: other.pk}) == {other.pk: base.pk}
    assert moves(both, merged={base.pk: other.pk}) == dict.fromkeys((base.pk, tuned.pk, quantised.pk), other.pk)


STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(list(Relation)), st.integers(0, 2)), max_size=12
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_stored_families_always_follow_from_the_steps(db: Any, steps: list[tuple[int, int, Relation, int]]) -> None:
    Lineage.objects.all().delete()
    Artifact.objects.update(family=None)
    Artifact.objects.all().delete()
    made = [artifact_named("model", f"acme/p{number}") for number in range(6)]
    for child, parent, relation, position in steps:
        fresh = {artifact.pk: artifact for artifact in Artifact.objects.all()}
        try:
            descend(fresh[made[child].pk], fresh[made[parent].pk], relation, position=position)
        except ValidationError:
            continue

    assert moves(artifact.pk for artifact in made) == {}
    for artifact in Artifact.objects.all():
        first = artifact.parents.filter(relation__in=FAMILY_RELATIONS).order_by("position", "pk").first()
        assert artifact.family_id == (first.parent.family_id if first else artifact.pk)
        assert all(artifact.pk not in ancestors(step.parent) for step in artifact.parents.all())
