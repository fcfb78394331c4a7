"""Tiles: the hashes of a tree in pieces of 256 that never change once they are full.

Source: C2SP tlog-tiles, https://c2sp.org/tlog-tiles. A tile of level L holds the hashes of complete subtrees of
256^L leaves. A tile that is not full yet is addressed with its width, and so never changes either.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ledger.tree.hashing import SIZE, node_hash
from ledger.tree.proofs import Node

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1  # in place of a level: the leaves themselves
LEVELS = 8  # 0 to 7 hold 2^64 leaves

Read = Callable[[int, int], bytes]  # (level, number) -> the hashes that the tile holds so far
_PLACE = re.compile(r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """Which tile, and how many of its hashes or entries; ``level`` is ``ENTRIES`` for leaves."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """As in ``tile/0/x001/234`` or ``tile/entries/005.p/17``."""
        groups = re.findall("...", f"{self.number:0{-(-len(str(self.number)) // 3) * 3}}")
        numbered = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level == ENTRIES else self.level}/{numbered}{part}"

    def within(self, size: int) -> bool:
        """Whether a tree of ``size`` leaves has it."""
        held = size >> (HEIGHT * max(self.level, 0))
        return self.number * WIDTH + self.width <= held


def place(path: str) -> Place | None:
    """What stands after ``tile/`` in an address, written in the one way it may be written; else None."""
    found = _PLACE.fullmatch(path)
    if found is None:
        return None
    level, number, width = found.groups()
    named = Place(
        ENTRIES if level == "entries" else int(level),
        int(re.sub("[x/]", "", number)),
        int(width or WIDTH),
    )
    return named if named.level < LEVELS and named.path == f"tile/{path}" else None


def bundle(leaves: Iterable[bytes]) -> bytes:
    """Leaves as an entry bundle: each after its length in two bytes, the high one first."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def folded(hashes: bytes) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > SIZE:
        pairs = range(0, len(hashes), 2 * SIZE)
        hashes = b"".join(node_hash(hashes[at : at + SIZE], hashes[at + SIZE : at + 2 * SIZE]) for at in pairs)
    return hashes


def nodes_of(read: Read) -> Node:
    """Every complete subtree out of the tiles."""

    def node(level: int, index: int) -> bytes:
        row, below = divmod(level, HEIGHT)
        number, start = divmod(index << below, WIDTH)
        return folded(read(row, number)[start * SIZE : (start + (1 << below)) * SIZE])

    return node


def grown(read: Read, size: int, hashes: list[bytes]) -> Mapping[tuple[int, int], bytes]:
    """The tiles that are new or longer once ``hashes`` follow the first ``size`` leaves, by level and number."""
    changed: dict[tuple[int, int], bytearray] = {}
    level, held = 0, size
    while hashes:
        above = []
        for each in hashes:
            number, width = divmod(held, WIDTH)
            tile = changed.get((level, number))
            if tile is None:
                tile = changed[level, number] = bytearray(read(level, number) if width else b"")
            if len(tile) != width * SIZE:
                raise ValueError(f"Tile {number} of level {level} holds {len(tile) // SIZE} hashes, not {width}.")
            tile += each
            held += 1
            if held % WIDTH == 0:
                above.append(folded(bytes(tile)))
        level, held, hashes = level + 1, size >> (HEIGHT * (level + 1)), above
    return {where: bytes(tile) for where, tile in changed.items()}
