"""Tiles have one address each, never change once they are full, and hold the whole tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tree.hashing import SIZE, leaf_hash
from ledger.tree.proofs import root
from ledger.tree.tiles import ENTRIES, WIDTH, Place, bundle, grown, nodes_of, place
from ledger.verifier import Roots, address

HASHES = [leaf_hash(str(at).encode()) for at in range(70_000)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("0/000", Place(0, 0)),
        ("0/005.p/17", Place(0, 5, 17)),
        ("1/x001/234", Place(1, 1234)),
        ("7/x001/x234/067.p/255", Place(7, 1_234_067, 255)),
        ("entries/x001/x000/000.p/1", Place(ENTRIES, 1_000_000, 1)),
    ],
)
def test_an_address_says_which_tile(path: str, expected: Place) -> None:
    assert place(path) == expected
    assert expected.path == f"tile/{path}"


@given(st.sampled_from([ENTRIES, 0, 1, 7]), st.integers(0, 10**12), st.integers(1, WIDTH))
def test_every_tile_has_one_address_and_the_verifier_knows_it(level: int, number: int, width: int) -> None:
    named = Place(level, number, width)

    assert place(named.path.removeprefix("tile/")) == named
    assert address("entries" if level == ENTRIES else str(level), number, width) == named.path


@given(st.text(alphabet="0123456789x/.p-entries٣\x00", max_size=20))
def test_no_other_text_is_an_address(path: str) -> None:
    found = place(path)

    assert found is None or found.path == f"tile/{path}"


def test_a_tree_has_the_tiles_that_its_size_fills() -> None:
    assert Place(0, 0, 3).within(3)
    assert not Place(0, 0, 4).within(3)
    assert Place(1, 0, 1).within(256)
    assert not Place(1, 0, 1).within(255)
    assert Place(ENTRIES, 1, 44).within(300)
    assert not Place(ENTRIES, 1).within(300)


@pytest.mark.parametrize("steps", [[1, 255, 1, 300, 2, 255], [700], [65_536, 1], [65_535, 600]])
def test_a_tree_that_grew_in_pieces_is_the_tree(steps: list[int]) -> None:
    kept: dict[tuple[int, int], bytes] = {}
    roots, size = Roots(), 0

    for step in steps:
        longer = grown(lambda level, number: kept[level, number], size, HASHES[size : size + step])
        assert all(kept.get(where, b"") == tile[: len(kept.get(where, b""))] for where, tile in longer.items())
        kept.update(longer)
        for hashed in HASHES[size : size + step]:
            roots.add(hashed)
        size += step
        assert root(size, nodes_of(lambda level, number: kept[level, number])) == roots.root

    assert kept[0, 0][:SIZE] == HASHES[0]
    assert {len(kept[level, number]) for level, number in kept if number < (size >> 8 * (level + 1))} == {WIDTH * SIZE}


def test_a_tile_that_does_not_hold_what_it_should_is_not_added_to() -> None:
    with pytest.raises(ValueError, match="holds 2 hashes, not 3"):
        grown(lambda level, number: HASHES[0] + HASHES[1], 3, [HASHES[3]])


def test_a_bundle_gives_each_leaf_its_length() -> None:
    assert bundle([b"ab", b"", b"c" * 300]) == b"\x00\x02ab\x00\x00\x01\x2c" + b"c" * 300
