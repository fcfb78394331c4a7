"""What is stored is found: in the tail and in segments, after every change, and while it changes."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction

from reports.models import Artifact, Report
from triage import index, sealing, shelf
from triage.grouping.postings import Bags
from triage.grouping.vector import ANALYSER, TERM, Vector
from triage.models import PostingBlock, Segment, TermVector

Store = Callable[..., list[int]]
EVERYWHERE = 1  # a term that every report has
READS = 200  # of those who read while others write: as many as a quiet machine does in seconds
PATIENCE_S = 120  # a bound for a loaded machine, not a measurement


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four reports make a segment and four segments the next, and no family is too small for them."""
    monkeypatch.setattr(sealing, "SIZES", (4, 16, 64))
    monkeypatch.setattr(sealing, "FAN_IN", 4)
    monkeypatch.setattr(index, "SMALL_FAMILY", 0)
    shelf._remembered.clear()
    yield
    shelf._remembered.clear()


def packed(terms: dict[int, int]) -> bytes:
    return np.array(sorted({EVERYWHERE: 50, **terms}.items()), dtype=TERM).tobytes()


def invented(seed: int) -> bytes:
    chance = random.Random(seed)
    return packed({chance.randint(2, 40): chance.randint(1, 220) for _ in range(10)})


def new_family(name: str) -> int:
    return Artifact.objects.create(org="acme", name=name).pk


@pytest.fixture
def family(db: None) -> int:
    return new_family("chat")


@pytest.fixture
def other_family(db: None) -> int:
    return new_family("draw")


@pytest.fixture
def store(db: None) -> Store:
    return stored


def stored(family_id: int, *terms: bytes, analyser: int = ANALYSER) -> list[int]:
    """Reports with these terms, in the tail; their ids."""
    reports = Report.objects.bulk_create(
        Report(
            reference=f"T-{random.getrandbits(60)}",
            receipt_digest=b"",
            voice_key="v",
            artifact_id=family_id,
            kind="other",
            consent_version="1",
            channel="api",
        )
        for _ in terms
    )
    TermVector.objects.bulk_create(
        TermVector(report=report, analyser=analyser, family_id=family_id, terms=each, runs=b"", copy_digest=b"")
        for report, each in zip(reports, terms, strict=True)
    )
    return [report.pk for report in reports]


def ask(terms: bytes, family_id: int | None, **changes: Any) -> index.Candidates:
    vector = Vector.from_bytes(terms)
    return index.candidates(vector, **{"report_id": 0, "family_id": family_id, **changes})


def one_by_one(terms: bytes, family_id: int | None) -> list[int]:
    """What ``ask`` is to find: every report with its cosine computed from what is stored, best first."""
    rows = TermVector.objects.filter(**({"family_id": family_id} if family_id else {})).order_by("report_id")
    everything = Bags.unpack([bytes(row.terms) for row in TermVector.objects.all()])
    counts = dict(zip(*(column.tolist() for column in everything.counts()), strict=True))
    total = TermVector.objects.count()

    def weighted(stored: bytes) -> dict[int, float]:
        rarity = {term: np.log1p((total - n + 0.5) / (n + 0.5)) for term, n in counts.items()}
        return {int(term): float(weight) * rarity[int(term)] for term, weight in np.frombuffer(stored, dtype=TERM)}

    asked = weighted(terms)
    scores = {}
    for row in rows:
        has = weighted(bytes(row.terms))
        length = np.sqrt(sum(weight**2 for weight in has.values()))
        scores[row.report_id] = sum(asked.get(term, 0) * weight for term, weight in has.items()) / length
    return sorted(scores, key=lambda key: (-scores[key], key))


def settle() -> None:
    """Seal and merge as far as it goes."""
    while sealing.seal() or sealing.merge():
        pass


def test_a_report_is_found_alike_in_the_tail_in_segments_and_in_a_merged_one(
    store: Store, family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(family, *map(invented, range(16)))
    query = invented(7)
    wanted = one_by_one(query, family)

    in_tail = ask(query, family).report_ids
    monkeypatch.setattr(sealing, "SIZES", (4,))
    settle()
    in_segments = ask(query, family).report_ids
    monkeypatch.setattr(sealing, "SIZES", (4, 16))
    settle()
    merged = ask(query, family).report_ids

    assert in_tail == merged == wanted
    assert in_segments[0] == wanted[0]  # by lengths of when there were fewer, so the order may differ
    assert sorted(in_segments) == sorted(wanted)


def test_four_segments_become_one_and_their_blocks_go(store: Store, family: int) -> None:
    ids = []
    for seed in range(4):
        ids += store(family, *(invented(10 * seed + at) for at in range(4)))
        assert sealing.seal() == 4

    assert sealing.merge() == 16

    segment = Segment.objects.get()
    assert (segment.tier, segment.report_ids) == (1, ids)
    assert set(TermVector.objects.values_list("segment", flat=True)) == {segment.pk}
    assert set(PostingBlock.objects.values_list("segment", flat=True)) == {segment.pk}
    assert sealing.merge() == 0


def test_a_tail_too_short_is_left_alone(store: Store, family: int) -> None:
    store(family, *map(invented, range(3)))

    assert sealing.seal() == 0


def test_a_small_family_is_read_whole_and_brings_the_same_reports(
    store: Store, family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(family, *map(invented, range(30)))
    settle()
    by_blocks = ask(invented(3), family, most=20).report_ids
    monkeypatch.setattr(index, "SMALL_FAMILY", 30)

    read_whole = ask(invented(3), family, most=20).report_ids
    assert read_whole[0] == by_blocks[0]
    assert sorted(read_whole) == sorted(by_blocks)  # by lengths of today, not of when they were sealed
    assert len(by_blocks) == 20


def test_a_family_with_nothing_to_choose_from_is_told_whole_by_id(
    store: Store, family: int, other_family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = store(family, *map(invented, range(20)), packed({99: 60}))
    store(other_family, *map(invented, range(3)))
    store(family, invented(1), analyser=ANALYSER + 1)
    TermVector.objects.update(runs=b"runs", grams=b"gra", sketch=b"sketch")
    monkeypatch.setattr(index, "SMALL_FAMILY", 30)

    found = ask(invented(3), family, report_id=ids[3])

    assert found.report_ids == ids[:3] + ids[4:]
    assert (set(found.family_ids), found.terms[0]) == ({family}, invented(0))
    assert (set(found.runs), set(found.grams), set(found.sketch)) == ({b"runs"}, {b"gra"}, {b"sketch"})
    assert len(ask(invented(3), family, most=20).report_ids) == 20  # one more than may be told


def test_reports_of_a_small_family_whose_length_nobody_has_worked_out_are_found(store: Store, family: int) -> None:
    ids = store(family, *map(invented, range(30)))
    TermVector.objects.update(norm=0)

    assert ask(invented(3), family, most=5).report_ids[0] == ids[3]


def test_the_largest_segment_that_can_be_filled_is_made_first(store: Store, family: int) -> None:
    store(family, *map(invented, range(90)))

    settle()

    assert list(Segment.objects.values_list("tier", flat=True).order_by("pk")) == [2, 1, 0, 0]
    assert TermVector.objects.filter(segment=None).count() == 2


def test_families_are_kept_apart_unless_asked_for(
    store: Store, family: int, other_family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SIZES", (40,))
    mine = store(family, *map(invented, range(20)))
    theirs = store(other_family, *map(invented, range(20, 40)))
    settle()
    query = invented(25)

    found = ask(query, family, beyond_family=3)

    assert sorted(found.report_ids[:20]) == mine
    assert found.report_ids[20:] == one_by_one(query, other_family)[:3]
    assert found.family_ids == [family] * 20 + [other_family] * 3
    assert found.report_ids[20] == theirs[5]
    assert ask(query, None).report_ids == one_by_one(query, None)


def test_what_is_stored_comes_with_each(store: Store, family: int) -> None:
    (report_id,) = store(family, invented(1))
    TermVector.objects.update(runs=b"runs", grams=b"gra", sketch=b"sketch")

    found = ask(invented(1), family)

    assert (found.report_ids, found.terms, found.runs) == ([report_id], [invented(1)], [b"runs"])
    assert (found.grams, found.sketch) == ([b"gra"], [b"sketch"])


def test_a_report_is_no_candidate_of_its_own_nor_is_what_another_analyser_read(store: Store, family: int) -> None:
    first, second, *_ = store(family, *[packed({5: 60})] * 4)
    store(family, *[packed({5: 60})] * 4, analyser=ANALYSER + 1)
    settle()

    assert ask(packed({5: 60}), family, report_id=first, most=1).report_ids == [second]
    assert len(ask(packed({5: 60}), None).report_ids) == 4


def test_what_was_found_otherwise_comes_behind_once_and_from_the_same_family(
    store: Store, family: int, other_family: int
) -> None:
    first, second, third, gone = store(family, packed({5: 60}), packed({6: 60}), packed({7: 60}), packed({8: 60}))
    (elsewhere,) = store(other_family, packed({6: 60}))
    TermVector.objects.filter(report=third).update(runs=b"runs", grams=b"gra", sketch=b"sketch")
    index.forget(gone)
    found = ask(packed({5: 60}), family, most=1)
    further = [elsewhere, third, gone, first, second, third]

    of_family = index.joined(found, further, family)

    assert found.report_ids == [first]
    assert of_family.report_ids == [first, third, second]
    assert of_family.family_ids == [family] * 3
    assert of_family.terms == [packed({5: 60}), packed({7: 60}), packed({6: 60})]
    assert (of_family.runs[1], of_family.grams[1], of_family.sketch[1]) == (b"runs", b"gra", b"sketch")
    assert index.joined(found, further, None).report_ids == [first, elsewhere, third, second]
    assert index.joined(found, [first], family) is found


def test_a_report_without_a_word_finds_and_breaks_nothing(store: Store, family: int) -> None:
    store(family, *map(invented, range(5)))
    store(family, b"")
    settle()

    assert ask(b"", family).report_ids == []


def test_words_are_counted_over_segments_and_tail(store: Store, family: int) -> None:
    store(family, packed({5: 60}), *[packed({6: 60})] * 5)
    sealing.seal()
    assert TermVector.objects.filter(segment=None).count() == 2

    known = index.rarities()

    assert known.total == 6
    assert known.counts_of(np.array([6, EVERYWHERE, 5, 99], dtype=np.int32)).tolist() == [5, 6, 1, 0]


def test_a_forgotten_report_leaves_no_word_behind(store: Store, family: int) -> None:
    gone, *others = store(family, packed({77: 60, 5: 60}), *[packed({5: 60})] * 3)
    sealing.seal()

    index.forget(gone)

    assert not TermVector.objects.filter(report=gone).exists()
    assert not PostingBlock.objects.filter(term=77).exists()
    assert PostingBlock.objects.get(term=5).count == 3
    assert ask(packed({77: 60, 5: 60}), family).report_ids == others


def test_a_forgotten_report_leaves_the_segment_it_had_left_before(store: Store, family: int, other_family: int) -> None:
    moved, *_ = store(family, packed({77: 60}), *[packed({5: 60})] * 3)
    sealing.seal()
    index.move([moved], other_family)

    index.forget(moved)

    assert not PostingBlock.objects.filter(term=77).exists()
    assert ask(packed({77: 60}), other_family).report_ids == []


def test_a_report_that_moved_is_found_in_its_new_family_at_once_and_for_good(
    store: Store, family: int, other_family: int
) -> None:
    ids = store(family, *[packed({5: 60})] * 8)
    settle()

    index.move(ids[:4], other_family)

    for _ in range(2):
        assert ask(packed({5: 60}), other_family).report_ids == ids[:4]
        assert ask(packed({5: 60}), family).report_ids == ids[4:]
        sealing.seal()
    assert ask(packed({5: 60}), None).report_ids == ids


def test_segments_that_many_have_left_are_written_anew(store: Store, family: int, other_family: int) -> None:
    ids = store(family, *[packed({5: 60})] * 8)
    settle()
    index.move(ids[:5], other_family)

    index.maintain()

    assert sorted(Segment.objects.values_list("report_ids", flat=True)) == [ids[:4], ids[5:]]
    assert index.rarities().counts_of(np.array([5], dtype=np.int32)).tolist() == [8]
    assert ask(packed({5: 60}), family).report_ids == ids[5:]


def test_a_merge_between_blocks_and_headers_hides_nothing(
    store: Store, family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of parts were read whose headers are gone a moment later."""
    ids = store(family, *map(invented, range(16)))
    monkeypatch.setattr(sealing, "SIZES", (4,))
    settle()
    monkeypatch.setattr(sealing, "SIZES", (4, 16))
    with_segments = shelf.with_segments
    merged: list[int] = []
    once = iter([True])

    def merge_first(known: shelf.Shelf, segment_ids: set[int]) -> shelf.Shelf:
        if next(once, False):
            merged.append(sealing.merge())
        return with_segments(known, segment_ids)

    monkeypatch.setattr(shelf, "look", shelf.Shelf)  # it knows no header yet; the tail is empty indeed
    monkeypatch.setattr(shelf, "with_segments", merge_first)
    monkeypatch.setattr(index, "SMALL_FAMILY", -1)
    found = ask(invented(3), family)

    assert merged == [16]
    assert sorted(found.report_ids) == ids


def test_what_a_process_remembers_changes_nothing(store: Store, family: int) -> None:
    for seed in range(9):
        store(family, *(invented(10 * seed + at) for at in range(5)))
        index.maintain()
        remembering = ask(invented(3), family).report_ids
        shelf._remembered.clear()
        assert ask(invented(3), family).report_ids == remembering
        assert sorted(remembering) == sorted(one_by_one(invented(3), family))


def test_asking_takes_three_queries_however_many_reports_there_are(
    store: Store, family: int, django_assert_num_queries: Any
) -> None:
    for count in (8, 24):
        store(family, *map(invented, range(count)))
        settle()
        ask(invented(1), family)
        with django_assert_num_queries(3):
            ask(invented(1), family)


@pytest.mark.django_db(transaction=True)
def test_readers_see_every_committed_report_while_others_seal_and_merge() -> None:
    """Writers commit late or not at all; whoever was committed when a reader began is among what it finds."""
    family = new_family("busy")
    committed: list[int] = []
    missed: list[set[int]] = []
    doubled: list[int] = []
    reads: list[int] = []
    failed: list[BaseException] = []
    is_merged = threading.Event()
    at_last = time.monotonic() + PATIENCE_S

    def is_enough() -> bool:
        return (len(reads) >= READS and is_merged.is_set()) or time.monotonic() > at_last

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with transaction.atomic():
            ids = stored(family, *(invented(chance.getrandbits(30)) for _ in range(chance.randint(1, 3))))
            time.sleep(chance.random() * 0.03)
            if chance.random() < 0.2:
                transaction.set_rollback(True)
                return
        committed.extend(ids)

    def change(_: int) -> None:
        sealing.seal()
        sealing.merge()
        sealing.mend()
        if Segment.objects.filter(tier__gt=0).exists():
            is_merged.set()

    def read(_: int) -> None:
        expected = set(committed)
        found = ask(packed({}), family, most=100_000).report_ids
        missed.append(expected - set(found))
        doubled.append(len(found) - len(set(found)))
        reads.append(len(found))

    def repeat(act: Callable[[int], None], number: int) -> None:
        try:
            while not is_enough() and not failed:
                number += 1000
                act(number)
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connection.close()

    acts = [write, write, write, change, change, read, read]
    threads = [threading.Thread(target=repeat, args=(act, number)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert [gone for gone in missed if gone] == []
    assert sum(doubled) == 0
    assert len(reads) >= READS
    assert is_merged.is_set()
    settle()
    listed = [key for ids in Segment.objects.values_list("report_ids", flat=True) for key in ids]
    in_tail = TermVector.objects.filter(segment=None).values_list("report_id", flat=True)
    assert sorted([*listed, *in_tail]) == sorted(committed)
