"""Where each user's line stands in a file, in 16 bytes a user."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt


class Offsets:
    """Offsets by user, filled once and then looked up.

    Users are told apart by a 64-bit hash, so whoever reads a line checks whose it is: of a million users, two share one
    in less than one of ten million processes.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._found = array("q")
        self._sorted: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._offsets: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def add(self, user_id: str, offset: int) -> None:
        """Notes a line; a later one of the same user will take its place."""
        self._hashes.append(hash(user_id))
        self._found.append(offset)

    def settle(self) -> list[int]:
        """Makes what was added ready to be looked up, and returns the offsets of lines whose place was taken."""
        hashes = np.frombuffer(self._hashes, dtype=np.int64)
        order = np.argsort(hashes, kind="stable")
        hashes, offsets = hashes[order], np.frombuffer(self._found, dtype=np.int64)[order]
        last = np.append(hashes[1:] != hashes[:-1], np.ones(min(1, len(hashes)), dtype=np.bool_))
        self._sorted, self._offsets = hashes[last], offsets[last]
        self._hashes, self._found = array("q"), array("q")
        return [int(offset) for offset in np.sort(offsets[~last])]

    def find(self, user_id: str) -> int | None:
        """The offset of a user's line; None where there is none."""
        wanted = hash(user_id)
        at = int(np.searchsorted(self._sorted, wanted))
        return int(self._offsets[at]) if at < len(self) and self._sorted[at] == wanted else None

    def __len__(self) -> int:
        return len(self._sorted)
