"""What a system ranks where: by the place at which a candidate was offered, and by how popular it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .metrics import Batch

BINS = 20
TOP = 20


class Profile:
    """Adds up what plots are drawn from, a part of the users at a time."""

    def __init__(self) -> None:
        self._position = np.zeros((2, BINS))
        self._popularity = np.zeros((2, TOP))
        self._bins = 0

    def add(self, batch: Batch, *, popularity: bool = True) -> None:
        """Takes in some users; ``popularity`` is left out where only the order of the candidates is another."""
        if not batch.offered.size or not batch.ranked.size:
            return
        self._add_positions(batch)
        if popularity:
            top = batch.ranked[:, :TOP]
            known = top >= 0
            values = np.where(known, batch.shelf.popularity_rank[top], 0.0)
            self._popularity[:, : top.shape[1]] += values.sum(axis=0), known.sum(axis=0)

    def _add_positions(self, batch: Batch) -> None:
        offered, ranked = batch.offered, batch.ranked
        widths = (offered >= 0).sum(axis=1)
        self._bins = max(self._bins, min(BINS, int(widths.max())))
        user = np.arange(len(batch), dtype=np.int64)[:, None] * len(batch.shelf)
        shown, own = (np.where(ids >= 0, ids + user, -1 - at) for at, ids in enumerate((offered, ranked)))
        _, at_shown, at_own = np.intersect1d(shown, own, return_indices=True)
        users, given = np.divmod(at_shown, offered.shape[1])
        width = widths[users]
        several = width > 1
        bins = (given * np.minimum(BINS, width) // width)[several]
        got = (at_own % ranked.shape[1])[several] / (width[several] - 1)
        np.add.at(self._position[0], bins, got)
        np.add.at(self._position[1], bins, 1.0)

    def merge(self, other: Profile) -> None:
        """Takes in another profile's users."""
        self._position += other._position
        self._popularity += other._popularity
        self._bins = max(self._bins, other._bins)

    def document(self) -> dict[str, list[float | None]]:
        """The plots' series.

        Returns:
            ``position``: the mean place, 0 first and 1 last, by the place at which a candidate was offered, in up to 20
            equal parts; None for a part of which the system ranked nothing.  ``popularity``: by place, the mean share
            of the catalogue that is no more popular.
        """
        depth = np.count_nonzero(self._popularity[1])  # who ranks a place has ranked those before
        return {
            "position": _means(self._position[:, : self._bins]),
            "popularity": _means(self._popularity[:, :depth]),
        }


def _means(sums: npt.NDArray[Any]) -> list[float | None]:
    return [round(float(total / count), 5) if count else None for total, count in sums.T]
