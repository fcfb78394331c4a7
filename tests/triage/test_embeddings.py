"""Vectors: made when an embedder is switched on, complete before they count, gone with the words they were made of."""

import io
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from reports.models import Evidence, Report
from reports.vocabulary import Channel
from triage import embeddings, vectors
from triage.embedders.protocol import EmbedderUnavailable, Vectors, unit_rows
from triage.embeddings import active, catch_up, embed, maintain, neighbours, text_of, vectors_of
from triage.grouping.fields import Fields
from triage.models import EmbeddingSpace
from triage.tasks import sweep

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db

THEMES = ("dose", "ruling", "joke")


class Little:
    """Tells how often a text names each theme. What it was asked stands in ``read``."""

    def __init__(self, name: str = "little", *, dimension: int = 4, languages: Sequence[str] = ("en",)) -> None:
        self.id = name
        self.dimension = dimension
        self.languages = frozenset(languages)
        self.max_tokens = 128
        self.read: list[str] = []
        self.away = ""

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.away:
            raise EmbedderUnavailable(self.away)
        self.read += texts
        counts = [[text.count(theme) for theme in THEMES] for text in texts]
        return unit_rows([[*row, *[0.1] * (self.dimension - len(row))] for row in counts], len(texts))


@pytest.fixture
def file(file: Make) -> Make:
    """As an import does it, for short texts are welcome there; not grouped, which would have it encoded first."""
    return partial(file, channel=Channel.IMPORT, grouped=False)


@pytest.fixture
def set_to(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Little | None], None]:
    """Sets the site's embedder, as a change of EMBEDDER and a new start would."""

    def chosen(embedder: Little | None) -> None:
        settings.EMBEDDER = f"onnx:{embedder.id}" if embedder else ""
        monkeypatch.setattr(embeddings, "load", lambda: embedder)
        monkeypatch.setattr(embeddings, "rest", embeddings.Rest())

    return chosen


@pytest.fixture
def little(set_to: Make) -> Little:
    made = Little()
    set_to(made)
    return made


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("embedding_")}


def later() -> None:
    """As if the rest after a failure were over."""
    embeddings.rest.until = 0


def test_without_an_embedder_there_are_no_vectors_no_tables_and_no_questions(
    file: Make, django_assert_num_queries: Any
) -> None:
    report = file()

    with django_assert_num_queries(0):
        assert active() is None
        assert embed([report.pk]) == 0
    maintain()
    assert vectors_of([report.pk]) == {}
    assert tables() == set()


def test_a_new_site_flips_at_once(little: Little) -> None:
    assert active() is None

    maintain()

    assert active() is little
    assert EmbeddingSpace.objects.get().dimension == 4
    assert len(tables()) == 1


def test_the_sweep_catches_up_and_then_the_vectors_count(
    file: Make, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "BATCH", 2)
    monkeypatch.setattr(embeddings, "SWEEP_S", -1.0)  # one batch a sweep
    reports = [file(summary=f"A wrong dose, case {number}") for number in range(4)]

    sweep()
    assert active() is None
    assert embeddings.progress() == (2, 4)
    sweep()
    sweep()

    assert active() is little
    assert sorted(vectors_of([report.pk for report in reports])) == [report.pk for report in reports]


def test_one_text_is_encoded_and_the_artifact_s_names_are_not_in_it(file: Make, little: Little) -> None:
    report = file(
        summary="Chat-7B gives a wrong dose",
        what_happened="acme/chat-7b 2026-05 named a dose that harms.",
        expected="A warning.",
        transcript=[{"role": "user", "content": "Which dose?"}, {"role": "assistant", "content": "A large one."}],
    )

    catch_up()

    text = "gives a wrong dose\nnamed a dose that harms.\na large one.\na warning.\nwhich dose?"
    assert little.read == [text]
    whole = vectors_of([report.pk])[report.pk]
    assert whole.dtype == np.float32
    assert np.linalg.norm(whole) == pytest.approx(1)
    assert whole @ little.encode([text])[0] == pytest.approx(1, abs=1e-3)


def test_of_a_long_field_the_passages_about_the_title_are_encoded() -> None:
    pasted = " ".join(f"Paragraph {number} of a newsletter that has nothing to do with it." for number in range(60))
    fields = Fields(title="A wrong dose of warfarin", happened=f"{pasted} It named a wrong dose of warfarin.")

    assert text_of(fields, masks=[]).endswith("it named a wrong dose of warfarin.")


def test_a_new_report_is_encoded_once(file: Make, little: Little) -> None:
    catch_up()
    report = file(summary="A wrong dose")

    assert embed([report.pk, 10**9]) == 1
    assert embed([report.pk]) == 0
    catch_up()

    assert len(little.read) == 1


def test_the_nearest_come_first_ties_to_the_older_and_the_family_is_a_fence(file: Make, little: Little) -> None:
    catch_up()
    words = {"summary": "It is about this:", "what_happened": "a dose"}
    first, ruling, second = (
        file(**{**words, "what_happened": what}) for what in ("A dose, a dose.", "A ruling.", "A dose, a dose.")
    )
    elsewhere = file(**{**words, "what_happened": "A dose, a dose."}, artifact="other/talk-3")
    reports = [first, ruling, second, elsewhere]
    embed([report.pk for report in reports])
    whole = vectors_of([elsewhere.pk])[elsewhere.pk]
    family = first.artifact.family_id

    def near(**limits: Any) -> list[int]:
        return neighbours(whole, **{"family_id": None, "exclude": elsewhere.pk, "most": 9, **limits})

    assert near() == [first.pk, second.pk, ruling.pk]
    assert near(family_id=family) == near()
    assert near(most=1) == [first.pk]
    assert near(family_id=elsewhere.artifact.family_id) == []
    assert near(family_id=family, exclude=first.pk) == [second.pk, ruling.pk]

    embeddings.move([first.pk], elsewhere.artifact.family_id)
    assert near(family_id=elsewhere.artifact.family_id) == [first.pk]


def test_a_table_that_grows_gets_an_index_and_the_index_finds_the_same(
    file: Make, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = [file(summary=f"{'dose ' * n}{'ruling ' * (9 - n)}joke") for n in range(1, 9)]
    catch_up()
    whole = vectors_of([reports[0].pk])[reports[0].pk]
    family = reports[0].artifact.family_id
    exact = neighbours(whole, family_id=family, exclude=reports[0].pk, most=5)
    table = embeddings.table_of(EmbeddingSpace.objects.get())
    assert not table.has_index()
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 4)

    reports.append(file(summary="joke joke joke"))
    catch_up()

    assert table.has_index()
    assert exact == [report.pk for report in reports[1:6]]
    assert neighbours(whole, family_id=family, exclude=reports[0].pk, most=5) == exact
    assert neighbours(whole, family_id=None, exclude=reports[0].pk, most=5) == exact


def test_what_the_embedder_cannot_read_is_looked_at_once_and_has_no_vector(file: Make, little: Little) -> None:
    english = file(summary="A wrong dose")
    chinese = file(summary="它给出了错误的剂量建议", what_happened="它说这个剂量是安全的，但是并不安全。")

    catch_up()
    catch_up()

    assert sorted(vectors_of([english.pk, chinese.pk])) == [english.pk]
    assert embeddings.progress() == (2, 2)
    assert len(little.read) == 1
    whole = vectors_of([english.pk])[english.pk]
    assert neighbours(whole, family_id=None, exclude=english.pk, most=9) == []


def test_a_report_that_is_nothing_but_the_artifact_s_name_has_no_vector(file: Make, set_to: Make) -> None:
    set_to(Little(languages=()))
    report = file(summary="acme/chat-7b", what_happened="Chat-7B, Chat-7B, acme/chat-7b, chat 7b, chat_7b …")

    catch_up()

    assert vectors_of([report.pk]) == {}


def test_when_it_is_away_nothing_fails_and_the_sweep_makes_up_for_it(file: Make, little: Little) -> None:
    maintain()
    report = file(summary="A wrong dose")
    little.away = "status 503"

    assert embed([report.pk]) == 0
    little.away = ""
    assert embed([report.pk]) == 0  # it is being left alone
    assert active() is None
    later()
    sweep()

    assert active() is little
    assert list(vectors_of([report.pk])) == [report.pk]


def test_the_sweep_lives_with_an_embedder_that_is_away(file: Make, little: Little) -> None:
    file(summary="A wrong dose")
    little.away = "status 503"

    sweep()
    assert embeddings.rest.is_on
    little.away = ""
    sweep()
    assert little.read == []
    later()
    sweep()

    assert active() is little


def test_a_report_that_was_missed_is_found_however_old_it_is(file: Make, little: Little) -> None:
    missed, kept = file(summary="A wrong dose"), file(summary="A wrong ruling")
    Report.objects.update(filed_at=timezone.now() - timedelta(days=1))
    maintain()
    assert len(vectors_of([missed.pk, kept.pk])) == 2
    little.away = "status 503"
    late = file(summary="A wrong joke")
    embed([late.pk])

    little.away = ""
    later()
    Report.objects.update(filed_at=timezone.now() - timedelta(hours=1))
    maintain()

    assert list(vectors_of([late.pk])) == [late.pk]


def test_a_settled_site_is_not_looked_through_again(
    file: Make, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _new = file(summary="A wrong dose"), file(summary="A wrong ruling")
    Report.objects.filter(pk=old.pk).update(filed_at=timezone.now() - timedelta(hours=1))
    catch_up()
    asked: list[int] = []

    def looking(table: vectors.Table, *, after: int, most: int) -> list[int]:
        asked.append(after)
        return []

    monkeypatch.setattr(vectors.Table, "missing", looking)

    catch_up()

    assert asked == [old.pk]


def test_another_model_under_the_same_name_is_refused_until_all_is_read_afresh(
    file: Make, little: Little, set_to: Make
) -> None:
    catch_up()
    report = file(summary="A wrong dose")
    other = Little(dimension=5)
    set_to(other)

    with pytest.raises(EmbedderUnavailable, match="--afresh"):
        catch_up()
    assert embed([report.pk]) == 0
    later()
    call_command("embed", "--afresh", stdout=io.StringIO())

    assert EmbeddingSpace.objects.get().dimension == 5
    assert vectors_of([report.pk])[report.pk].shape == (5,)


def test_while_another_embedder_reads_grouping_goes_by_words_and_then_flips(
    file: Make, little: Little, set_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "BATCH", 1)
    reports = [file(summary="A wrong dose"), file(summary="A wrong ruling")]
    catch_up()
    other = Little("other", dimension=6)
    set_to(other)

    assert active() is None
    catch_up(within_s=-1)
    assert active() is None
    assert vectors_of([reports[0].pk]) == {}
    catch_up()

    assert active() is other
    assert vectors_of([reports[0].pk])[reports[0].pk].shape == (6,)
    assert len(tables()) == 2

    set_to(little)
    file(summary="A wrong joke")
    assert active() is None
    little.read.clear()
    catch_up()
    assert active() is little
    assert len(little.read) == 1  # what has come since, and no more


def test_other_languages_are_another_space(file: Make, little: Little, set_to: Make) -> None:
    catch_up()
    set_to(Little(languages=("en", "zh")))

    catch_up()

    assert len({space.table for space in EmbeddingSpace.objects.all()}) == 2


def test_an_embedder_that_is_not_set_any_more_does_not_count(little: Little, set_to: Make) -> None:
    catch_up()

    set_to(None)
    maintain()

    assert not EmbeddingSpace.objects.filter(ready_at__isnull=False).exists()


def test_vectors_go_with_the_words_and_with_the_report(file: Make, little: Little) -> None:
    erased, deleted, forgotten, kept = (file(summary=f"A wrong dose, case {number}") for number in range(4))
    catch_up()
    ids = [report.pk for report in (erased, deleted, forgotten, kept)]
    assert len(vectors_of(ids)) == 4

    Evidence.objects.filter(report=erased).delete()
    Report.objects.filter(pk=deleted.pk).delete()
    embeddings.forget([forgotten.pk])

    assert list(vectors_of(ids)) == [kept.pk]


def test_words_that_are_erased_while_they_are_encoded_leave_nothing(
    file: Make, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    catch_up()
    erased, kept = file(summary="A wrong dose"), file(summary="A wrong ruling")
    encode = little.encode

    def slowly(texts: Sequence[str]) -> Vectors:
        Evidence.objects.filter(report=erased).delete()
        return encode(texts)

    monkeypatch.setattr(little, "encode", slowly)

    assert embed([erased.pk, kept.pk]) == 1
    assert list(vectors_of([erased.pk, kept.pk])) == [kept.pk]


def test_no_migration_asks_for_pgvector() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")
        assert cursor.fetchone() == (0,)
    assert tables() == set()


def test_a_server_without_pgvector_is_told_what_to_do(
    file: Make, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = file()
    monkeypatch.setattr(vectors, "EXTENSION", "vector_that_nobody_has")

    with pytest.raises(EmbedderUnavailable, match="Install pgvector"):
        catch_up()
    later()
    sweep()

    assert (active(), embed([report.pk]), tables()) == (None, 0, set())


def test_a_pgvector_that_is_too_old_is_named(little: Little, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "OLDEST", (99,))

    with pytest.raises(EmbedderUnavailable, match=r"has 0\.\d"):
        catch_up()


def test_whoever_may_not_make_the_extension_is_told_who_may(little: Little) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION IF EXISTS vector CASCADE")
        cursor.execute("CREATE ROLE passing_by; SET LOCAL ROLE passing_by")
        with pytest.raises(EmbedderUnavailable, match="superuser"):
            vectors.has_pgvector()
        cursor.execute("RESET ROLE")


def test_vectors_that_are_too_long_for_an_index_are_refused(set_to: Make) -> None:
    set_to(Little(dimension=4_001))

    with pytest.raises(EmbedderUnavailable, match="too long"):
        catch_up()


def test_the_command_reads_all_and_says_so(file: Make, little: Little, set_to: Make) -> None:
    file(summary="A wrong dose")
    file(summary="它给出了错误的剂量建议", what_happened="它说这个剂量是安全的，但是并不安全。")
    set_to(Little("older"))
    catch_up()
    set_to(little)
    said = io.StringIO()

    call_command("embed", stdout=said)
    call_command("embed", "--forget-others", stdout=said)

    first, second, third, *_ = said.getvalue().splitlines()
    assert first == "little (en): 1 reports have vectors, and count in grouping."
    assert second.startswith("1 hold no text")
    assert third == "The vectors of older (en) are kept; --forget-others throws them away."
    assert active() is little
    assert [space.embedder for space in EmbeddingSpace.objects.all()] == ["little (en)"]
    assert len(tables()) == 1


def test_the_command_without_an_embedder_says_what_to_set(settings: Any) -> None:
    settings.EMBEDDER = ""

    with pytest.raises(CommandError, match="EMBEDDER"):
        call_command("embed")


def test_an_embedder_is_loaded_once_by_what_the_settings_say(settings: Any, tmp_path: Path) -> None:
    settings.EMBEDDER = "http:http://127.0.0.1:9/embed#little"
    settings.EMBEDDER_LANGUAGES = ["en", "de"]

    loaded = embeddings.load()

    assert loaded is embeddings.load()
    assert embeddings.name_of(loaded) == "http:http://127.0.0.1:9/embed#little (de en)"
    settings.EMBEDDER = f"onnx:{tmp_path}/nothing"
    assert embeddings.reachable() is None
    later()


def test_long_names_stay_apart() -> None:
    first, second = (Little(f"http:http://host/{'x' * 300}{end}") for end in "ab")

    names = [embeddings.name_of(first), embeddings.name_of(second)]

    assert max(map(len, names)) <= 200
    assert len(set(names)) == len({embeddings.table_name(name) for name in names}) == 2
    assert max(len(f"{embeddings.table_name(name)}_nearest") for name in names) <= 63
