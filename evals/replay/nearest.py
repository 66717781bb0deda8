"""``difflib.get_close_matches(text, titles, n=1)`` with the same result, fast enough for a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def nearest(texts: Sequence[str], titles: Sequence[str], cutoff: float, *, processes: int = 2) -> dict[str, str | None]:
    """Returns for each distinct text the title that difflib takes for it, or None."""
    distinct = sorted(set(texts))
    if len(distinct) * len(titles) < 2_000_000 or processes < 2:
        return dict(_chunk(distinct, titles, cutoff))
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    parts = [distinct[at : at + 100] for at in range(0, len(distinct), 100)]
    found: dict[str, str | None] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for part in pool.map(partial(_chunk, titles=titles, cutoff=cutoff), parts):
            found.update(part)
    return found


def _chunk(texts: Sequence[str], titles: Sequence[str], cutoff: float) -> list[tuple[str, str | None]]:
    import numpy as np

    lengths = np.fromiter(map(len, titles), dtype=np.int64, count=len(titles))
    return [(text, _nearest(text, titles, lengths, cutoff) if titles else None) for text in texts]


def _nearest(text: str, titles: Sequence[str], lengths: npt.NDArray[np.int64], cutoff: float) -> str | None:
    import numpy as np
    from rapidfuzz.distance import LCSseq
    from rapidfuzz.process import cdist

    # Matching blocks form a common subsequence, so the longest one bounds difflib's ratio from above.
    common = cdist([text], titles, scorer=LCSseq.similarity, dtype=np.int32)[0]
    total = lengths + len(text)
    bound = np.where(total > 0, 2.0 * common / np.maximum(total, 1), 1.0)
    matcher = SequenceMatcher()
    matcher.set_seq2(text)
    best: tuple[float, str] | None = None
    for at in np.argsort(-bound, kind="stable"):
        if bound[at] < (cutoff if best is None else best[0]):
            break
        matcher.set_seq1(titles[at])
        ratio = matcher.ratio()
        # Equal ratios go to the greater title, as they do in difflib.
        if ratio >= cutoff and (best is None or (ratio, titles[at]) > best):
            best = (ratio, titles[at])
    return best[1] if best else None
