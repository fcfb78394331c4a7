"""Roots and proofs, checked three ways: published values, the definition read aloud, and somebody else's tree."""

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from ledger.tree import proofs, tiles
from ledger.tree.hashing import EMPTY, leaf_hash
from ledger.verifier import Roots, extends, includes

# Leaves and roots that implementations of Certificate Transparency have in common: the root of the first n at n - 1.
PUBLISHED = {
    "": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "00": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "10": "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "2021": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "3031": "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "40414243": "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "5051525354555657": "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "606162636465666768696a6b6c6d6e6f": "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
# Of our own: over the leaves "0", "1", "2" and so on.
ROOT_OF_1000 = "Y4r6mAIpJbrP3a2xXvIv0BmcGsmcKXO2FYJD0T/OBcI="

SIZES = [*range(1, 20), 31, 32, 33, 255, 256, 257, 511, 512, 513, 700]


def node_over(hashes: list[bytes]) -> proofs.Node:
    kept: dict[tuple[int, int], bytes] = {}
    kept.update(tiles.grown(lambda level, number: kept[level, number], 0, hashes))
    return tiles.nodes_of(lambda level, number: kept[level, number])


LEAVES = [str(at).encode() for at in range(1000)]
HASHES = [leaf_hash(each) for each in LEAVES]
NODE = node_over(HASHES)
ROOTS = [EMPTY, *(proofs.root(size, NODE) for size in range(1, 701))]


# The definition, as RFC 9162 has it (2.1.1, 2.1.3.1, 2.1.4.1)


def left_of(count: int) -> int:
    left = 1
    while left * 2 < count:
        left *= 2
    return left


def mth(leaves: list[bytes]) -> bytes:
    if len(leaves) == 0:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    left = left_of(len(leaves))
    return sha256(b"\x01" + mth(leaves[:left]) + mth(leaves[left:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    left = left_of(len(leaves))
    if index < left:
        return [*path(index, leaves[:left]), mth(leaves[left:])]
    return [*path(index - left, leaves[left:]), mth(leaves[:left])]


def subproof(old: int, leaves: list[bytes], *, is_known: bool = True) -> list[bytes]:
    if old == len(leaves):
        return [] if is_known else [mth(leaves)]
    left = left_of(len(leaves))
    if old <= left:
        return [*subproof(old, leaves[:left], is_known=is_known), mth(leaves[left:])]
    return [*subproof(old - left, leaves[left:], is_known=False), mth(leaves[:left])]


def test_published_roots() -> None:
    leaves = [bytes.fromhex(each) for each in PUBLISHED]
    node, added = node_over([leaf_hash(each) for each in leaves]), Roots()

    for size, expected in enumerate(PUBLISHED.values(), start=1):
        added.add(leaf_hash(leaves[size - 1]))
        assert proofs.root(size, node).hex() == added.root.hex() == expected
    assert proofs.root(0, node).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_values_of_our_own_stay() -> None:
    assert b64encode(proofs.root(1000, NODE)).decode() == ROOT_OF_1000
    assert sha256(b"".join(proofs.inclusion(700, 1000, NODE))).hexdigest()[:16] == "f406452df4fa7f3d"
    assert sha256(b"".join(proofs.consistency(700, 1000, NODE))).hexdigest()[:16] == "eda6d282c0e36456"


def test_roots_and_proofs_are_what_the_definition_says() -> None:
    for size in SIZES[:24]:
        leaves = LEAVES[:size]
        assert ROOTS[size] == mth(leaves)
        for index in {0, size // 3, size // 2, size - 1}:
            assert proofs.inclusion(index, size, NODE) == path(index, leaves)
        for old in {1, size // 3, size // 2, size - 1, size} - {0}:
            assert proofs.consistency(old, size, NODE) == subproof(old, leaves)


def test_roots_and_paths_are_those_of_another_implementation() -> None:
    theirs = InmemoryTree(algorithm="sha256")
    for each in LEAVES[:70]:
        theirs.append_entry(each)

    for size in range(1, 71):
        assert theirs.get_root(size) == ROOTS[size]
        for index in {0, size // 3, size // 2, size - 1}:
            assert theirs.prove_inclusion(index + 1, size).path == [HASHES[index], *proofs.inclusion(index, size, NODE)]


sizes = st.integers(1, 700)


@given(st.data(), sizes)
def test_a_leaf_is_shown_where_it_stands_and_nowhere_else(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda at: at != index)) if size > 1 else size
    shown = proofs.inclusion(index, size, NODE)

    assert includes(index, size, HASHES[index], shown, ROOTS[size])
    assert not includes(other, size, HASHES[index], shown, ROOTS[size])
    assert not includes(index, size, HASHES[other], shown, ROOTS[size])
    assert not includes(index, size, HASHES[index], [*shown, EMPTY], ROOTS[size])
    assert not includes(index, size, HASHES[index], shown, ROOTS[size - 1])
    if shown:
        assert not includes(index, size, HASHES[index], shown[1:], ROOTS[size])
        assert not includes(index, size, HASHES[index], [*shown[:-1], EMPTY], ROOTS[size])


@given(st.data(), sizes)
def test_a_tree_begins_with_what_it_was_and_with_nothing_else(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(0, new))
    shown = proofs.consistency(old, new, NODE)

    assert extends(old, ROOTS[old], new, ROOTS[new], shown)
    assert not extends(old, sha256(b"fork").digest(), new, ROOTS[new], shown)
    assert not extends(old, ROOTS[old], new, ROOTS[new], [*shown, EMPTY])
    if 0 < old < new:
        assert not extends(old, ROOTS[old], new, sha256(b"fork").digest(), shown)
        assert not extends(old, ROOTS[old], new, ROOTS[new], shown[:-1])
        assert not extends(old, ROOTS[old], new, ROOTS[new], [EMPTY, *shown[1:]])
        assert not extends(old - 1, ROOTS[old], new, ROOTS[new], shown)


def test_what_cannot_be_shown_is_refused() -> None:
    for index, size in ((3, 3), (-1, 3), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            proofs.inclusion(index, size, NODE)
        assert not includes(index, size, HASHES[0], [], ROOTS[1])
    for old, new in ((4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="does not begin"):
            proofs.consistency(old, new, NODE)
        assert not extends(old, ROOTS[1], new, ROOTS[3], [])
    assert not extends(1, ROOTS[1], 3, ROOTS[3], [])
    assert not extends(3, ROOTS[3], 7, ROOTS[7], [])
