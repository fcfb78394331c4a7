"""Roots and proofs of a tree whose complete subtrees are known. Source: RFC 9162, sections 2.1.1 to 2.1.4.

Whoever asks brings ``node(level, index)``: the hash over the leaves ``index << level`` up to ``(index + 1) << level``.
Only subtrees that are complete are asked for, some dozens for a proof however large the tree. Proofs are checked by
``ledger.verifier``, which is written for those who do not trust this file.
"""

from collections.abc import Callable

from ledger.tree.hashing import EMPTY, node_hash

Node = Callable[[int, int], bytes]


def root(size: int, node: Node) -> bytes:
    return _over(0, size, node) if size else EMPTY


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The hashes that lead from leaf ``index`` to the root of the first ``size`` leaves, from the leaf upwards.

    Raises ValueError unless 0 ≤ index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} among {size}.")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(_over(middle, end, node))
            end = middle
        else:
            path.append(_over(start, middle, node))
            start = middle
    return path[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """The hashes that show that the first ``old`` leaves are the beginning of the first ``new``.

    Nothing is to be shown of an empty tree, nor of a tree and itself. Raises ValueError unless 0 ≤ old ≤ new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"A tree of {new} leaves does not begin with {old}.")
    if old in (0, new):
        return []
    path, start, end = [], 0, new
    while end != old:
        middle = start + _left(end - start)
        if old <= middle:
            path.append(_over(middle, end, node))
            end = middle
        else:
            path.append(_over(start, middle, node))
            start = middle
    # where the old tree is a complete subtree of the new one its root is known already
    own = [_over(start, end, node)] if start else []
    return [*own, *path[::-1]]


def _left(count: int) -> int:
    """How many of ``count`` ≥ 2 leaves stand left: the largest power of two below it."""
    return 1 << (count - 1).bit_length() - 1


def _over(start: int, end: int, node: Node) -> bytes:
    """The hash over leaves that begin where a complete subtree at least as large would begin."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, start >> level)
    middle = start + _left(count)
    return node_hash(_over(start, middle, node), _over(middle, end, node))
