"""What the bench loads is what grouping would have stored, and the same every time."""

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F

from bench.stored import load
from reports.models import Artifact, Evidence, Issue, Placement, Report
from triage import index
from triage.grouping.vector import TERM, Vector, hash_terms
from triage.models import TermVector


@pytest.mark.django_db
def test_as_many_reports_as_asked_for_are_stored_each_in_an_issue_of_its_family() -> None:
    with connection.cursor() as cursor:
        load(cursor, 300, seed=5)

    assert Report.objects.exclude(grouped_at=None).count() == Placement.objects.active().count() == 300
    assert sum(Issue.objects.values_list("report_count", flat=True)) == 300
    assert not Placement.objects.exclude(issue__family=F("report__artifact__family")).exists()
    assert Issue.objects.filter(report_count__gt=3).exists()
    assert Artifact.objects.create(org="acme", name="next").pk > Artifact.objects.filter(org="bench").count()


@pytest.mark.django_db
def test_stored_terms_are_those_of_the_words_told() -> None:
    with connection.cursor() as cursor:
        load(cursor, 20, seed=5)

    for vector in TermVector.objects.all():
        evidence = Evidence.objects.get(report=vector.report_id)
        words = f"{evidence.summary} {evidence.what_happened}".strip(".").split()
        terms = np.frombuffer(bytes(vector.terms), dtype=TERM)["hash"].tolist()
        assert terms == sorted(set(hash_terms(words, settings.TERM_KEY).tolist()))


@pytest.mark.django_db
def test_the_next_reports_find_their_like_among_those_stored() -> None:
    with connection.cursor() as cursor:
        world = load(cursor, 300, seed=5)
    index.maintain()
    answers = list(world.answers(5))

    for asked in answers:
        terms = np.unique(hash_terms(f"{asked['summary']} {asked['what_happened']}".split(), settings.TERM_KEY))
        packed = np.zeros(len(terms), dtype=TERM)
        packed["hash"], packed["weight"] = terms, 100
        family = Artifact.objects.get(org="bench", name=asked["artifact"].partition("/")[2]).pk

        found = index.candidates(Vector.from_bytes(packed.tobytes()), report_id=0, family_id=family)

        assert len(found.report_ids) == TermVector.objects.filter(family_id=family).count()
