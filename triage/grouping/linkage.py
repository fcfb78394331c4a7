"""Average link: which issues tell of kindred failures, in numbers. What themes are for: ``triage.themes``.

An issue is a point: the mean of the unit vectors of its first reports. The likeness of two points is a sum of cosines,
so the mean likeness of two groups is the product of their sums over the product of their sizes: exact, and as cheap for
groups of fifty as for single issues.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from triage.grouping.postings import Bags

METHOD = "theme-1"
CROWD = 3  # an issue moves only to a theme of so many: between pairs there is no telling which is nearer
_STEADY = 50.0  # vectors that the mean of an embedder's space waits for, so that the first few do not cancel themselves


@dataclass(frozen=True, slots=True)
class Levels:
    """Mean likenesses: from ``join`` on an issue enters a theme when it comes, from ``merge`` on two themes are one.

    Joining asks for more, since a single likeness tells less than many. A member moves to a theme that it is more like
    than its own by ``move``.
    """

    join: float
    merge: float
    move: float


# Measured on two labelled streams, merged each 100 arrivals; B-cubed F1, patterns found, median reports to the pattern.
# words:   news .71 / .99 / 3, banking77 .34.  .10 to .16 and .08 to .12 change neither by more than .03.
# meaning: news .82 / 1.0 / 3, banking77 .48, with the mean of the embedder's space taken out: without, news .80 costs
#   banking77 .12, since everything a bank is asked looks alike to an embedder.
WORDS = Levels(join=0.12, merge=0.09, move=0.03)
MEANING = Levels(join=0.26, merge=0.20, move=0.06)
_WORDS_SHARE = 0.4  # of the likeness of two points that both have a meaning; the rest is the meaning's
_SCALE = MEANING.join / WORDS.join  # makes likeness by words alone mean the same by the levels for both


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Issues: end to end their weighted terms, as column numbers, and maybe what they mean.

    ``meanings`` is (count, dimension), a row of zeros where nothing is known; dimension 0 without an embedder.
    """

    columns: NDArray[np.intp]
    weights: NDArray[np.float64]
    owners: NDArray[np.intp]
    width: int
    meanings: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.meanings)

    @property
    def levels(self) -> Levels:
        return MEANING if self.meanings.shape[1] else WORDS

    @classmethod
    def of(
        cls,
        reports: Bags,
        rarities: NDArray[np.float64],
        issues: NDArray[np.intp],
        meanings: NDArray[np.float64] | None = None,
    ) -> Points:
        """The points of issues 0 to n - 1, each with a report at least.

        ``rarities[i]`` is that of ``reports.terms[i]``, ``issues[j]`` the issue of report j, ``meanings[j]`` its unit
        vector in the embedder's space, or zeros.
        """
        sizes = np.bincount(issues)
        lengths = np.maximum(reports.norms(rarities), 1e-9) * sizes[issues]
        weights = reports.weights * rarities / lengths[reports.owners]
        terms, columns = np.unique(reports.terms, return_inverse=True)
        owners, columns, (weights,) = _added(issues[reports.owners], columns, (weights,), len(terms))
        space = np.zeros((len(sizes), 0 if meanings is None else meanings.shape[1]))
        if meanings is not None:
            np.add.at(space, issues, meanings)
            space = unit(space)
        return cls(columns, weights, owners, len(terms), space)

    def only(self, which: NDArray[np.intp]) -> Points:
        """Some of the points, ascending, numbered anew from 0 on."""
        numbers = np.full(len(self), -1)
        numbers[which] = np.arange(len(which))
        here = numbers[self.owners] >= 0
        return Points(
            self.columns[here], self.weights[here], numbers[self.owners[here]], self.width, self.meanings[which]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Groups of points: the sums of their members, terms end to end in ascending order of the groups.

    ``known`` are the weights of those members alone that have a meaning, of whom there are ``knowing``.
    """

    columns: NDArray[np.intp]
    weights: NDArray[np.float64]
    known: NDArray[np.float64]
    owners: NDArray[np.intp]
    sizes: NDArray[np.intp]
    width: int
    meanings: NDArray[np.float64]

    @classmethod
    def of(cls, points: Points, groups: NDArray[np.intp], count: int) -> Groups:
        """``groups[i]`` in 0 to count - 1 is the group of point i."""
        has_meaning: NDArray[np.bool_] = np.any(points.meanings != 0, axis=1)
        known = np.where(has_meaning[points.owners], points.weights, 0.0)
        owners, columns, (weights, known) = _added(
            groups[points.owners], points.columns, (points.weights, known), points.width
        )
        meanings = np.zeros((count, points.meanings.shape[1]))
        np.add.at(meanings, groups, points.meanings)
        return cls(columns, weights, known, owners, np.bincount(groups, minlength=count), points.width, meanings)

    @property
    def by_meaning(self) -> bool:
        return bool(self.meanings.shape[1])

    @classmethod
    def each(cls, points: Points) -> Groups:
        """Every point a group of its own."""
        return cls.of(points, np.arange(len(points)), len(points))

    def selves(self) -> NDArray[np.float64]:
        """The likeness of each group's sum to itself: of a single point, what ``moves`` must leave out."""
        scale = _SCALE if self.by_meaning else 1.0
        products = scale * self.weights**2 - self.by_meaning * (scale - _WORDS_SHARE) * self.known**2
        found = np.bincount(self.owners, weights=products, minlength=len(self.sizes)).astype(np.float64)
        return found + (1 - _WORDS_SHARE) * np.sum(self.meanings**2, axis=1, dtype=np.float64)

    def sums(self, asked: Groups) -> NDArray[np.float64]:
        """(asked, own): the likenesses of all pairs of members of an asked and an own group, added up."""
        starts = np.searchsorted(asked.owners, np.arange(len(asked.sizes) + 1))
        found = np.zeros((len(asked.sizes), len(self.sizes)))
        scale = _SCALE if self.by_meaning else 1.0
        weights, known = np.zeros(self.width), np.zeros(self.width)
        for number, (start, end) in enumerate(pairwise(starts.tolist())):
            part = slice(start, end)
            here = asked.columns[part]
            weights[here], known[here] = scale * asked.weights[part], (scale - _WORDS_SHARE) * asked.known[part]
            products = self.weights * weights[self.columns]
            if self.by_meaning:  # two that both have a meaning are not compared by their words alone
                products -= self.known * known[self.columns]
            found[number] = np.bincount(self.owners, weights=products, minlength=len(self.sizes))
            weights[here] = known[here] = 0.0
        if self.by_meaning:
            found += (1 - _WORDS_SHARE) * (asked.meanings @ self.meanings.T)
        return found

    def means(self, asked: Groups) -> NDArray[np.float64]:
        """(asked, own): the mean likeness of their members; 0 to an empty group."""
        pairs = np.outer(asked.sizes, self.sizes)
        means: NDArray[np.float64] = np.divide(self.sums(asked), pairs, out=np.zeros(pairs.shape), where=pairs > 0)
        return means


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row made as long as 1; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: NDArray[np.float64] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return units


def centred(vectors: NDArray[np.float64], total: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """What distinguishes each vector from the site's others, as unit rows; zeros stay.

    ``total`` is the sum of ``count`` vectors of the site. What a site's reports share says nothing of a failure.
    """
    is_there = vectors.any(axis=1, keepdims=True)
    return unit(np.where(is_there, vectors - total / (count + _STEADY), 0.0))


def nearest(means: NDArray[np.float64], level: float) -> int | None:
    """The place of the highest mean if it reaches the level; ties go to the first."""
    if not len(means):
        return None
    best = int(np.argmax(means))
    return best if means[best] >= level else None


def merges(sums: NDArray[np.float64], sizes: NDArray[np.intp], level: float) -> Iterator[tuple[int, int]]:
    """(stays, goes): which groups become one, best first, until no two are as alike as ``level`` on average.

    ``sums`` is (n, n) as ``Groups.sums`` gives it, groups in order of age: the older stays. Average link: a merged
    group is as like to a third as all its members are on average.
    """
    count, pairs = sizes.astype(np.float64), sums.copy()
    means = pairs / np.outer(count, count)
    np.fill_diagonal(means, -np.inf)
    best = means.max(axis=1, initial=-np.inf)
    while len(best) > 1 and best.max() >= level:
        one = int(np.argmax(best))
        other = int(np.argmax(means[one]))
        stays, goes = min(one, other), max(one, other)
        yield stays, goes
        pairs[stays] += pairs[goes]
        pairs[:, stays] += pairs[:, goes]
        count[stays] += count[goes]
        gone = np.isneginf(best)
        gone[goes] = True
        means[goes] = means[:, goes] = -np.inf
        means[stays] = means[:, stays] = np.where(gone, -np.inf, pairs[stays] / (count * count[stays]))
        means[stays, stays] = best[goes] = -np.inf
        best = np.where(gone, -np.inf, means.max(axis=1))


def moves(
    sums: NDArray[np.float64], own: NDArray[np.intp], sizes: NDArray[np.intp], margin: float
) -> Iterator[tuple[int, int]]:
    """(point, group): members that are more like another group than their own by ``margin``.

    ``sums[i, g]`` is the likeness of point i to the members of group g added up, less that to itself. Only groups of
    ``CROWD`` are moved to, and whoever is alone stays: a group of one merges, it does not move.
    """
    everybody = np.arange(len(own))
    others = sizes[own] - 1
    at_home = np.divide(sums[everybody, own], others, out=np.full(len(own), np.inf), where=others > 0)
    means = np.where(sizes >= CROWD, sums / np.maximum(sizes, 1), -np.inf)
    means[everybody, own] = -np.inf
    best = np.argmax(means, axis=1)
    for point in np.flatnonzero(means[everybody, best] > at_home + margin):
        yield int(point), int(best[point])


def _added(
    owners: NDArray[np.intp], columns: NDArray[np.intp], weights: Sequence[NDArray[np.float64]], width: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], list[NDArray[np.float64]]]:
    """(owners, columns, weights) in ascending order, weights that meet in one place added up."""
    places, back = np.unique(owners * max(width, 1) + columns, return_inverse=True)
    summed = [np.bincount(back, weights=each, minlength=len(places)).astype(np.float64) for each in weights]
    return places // max(width, 1), places % max(width, 1), summed
