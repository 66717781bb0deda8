"""Items whose title and attributes share words with the history and the context: BM25 (Robertson and Zaragoza, 2009).

Words of the newest interactions count as the query.  Items that share no word are not picked while others remain; then
the catalogue's order fills up, so that a caller always gets the number asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..catalog import Catalog
from ..types import History, Item

LATEST = 20  # interactions that make the query


class Bm25:
    """See the module's docstring.  The index is built at the first pick."""

    def __init__(self, catalog: Catalog) -> None:
        self._items = tuple(catalog)
        self._index: Any = None
        self._lock = threading.Lock()

    def pick(self, history: History, context: str | None, allowed: Sequence[Item], n: int) -> list[Item]:
        """Returns the ``n`` allowed items nearest to the query, best first."""
        scores = self._scores(_query(history, context))
        wanted = {item.item_id for item in allowed}
        order = [self._items[at] for at in np.argsort(-scores, kind="stable")]
        return [item for item in order if item.item_id in wanted][:n]

    def scores(self, history: History, context: str | None, items: Sequence[Item]) -> list[float]:
        """Returns the BM25 score of each item; 0 where the catalogue does not hold it."""
        found = self._scores(_query(history, context))
        by_id = {item.item_id: float(score) for item, score in zip(self._items, found, strict=True)}
        return [by_id.get(item.item_id, 0.0) for item in items]

    def _scores(self, query: str) -> np.ndarray[Any, np.dtype[np.float32]]:
        import bm25s

        with self._lock:
            if self._index is None:
                tokens = bm25s.tokenize([_text(item) for item in self._items], stopwords=None, show_progress=False)
                index = bm25s.BM25()
                index.index(tokens, show_progress=False)
                self._index = index
            [words] = bm25s.tokenize([query], stopwords=None, show_progress=False, return_ids=False)
            known = [word for word in words if word in self._index.vocab_dict]
            if not known:
                return np.zeros(len(self._items), dtype=np.float32)
            scores: np.ndarray[Any, np.dtype[np.float32]] = self._index.get_scores(known)
            return scores


def _query(history: History, context: str | None) -> str:
    latest = history.latest(LATEST)
    return " ".join([*map(_text, latest.items), *(i.text for i in latest if i.text), context or ""])


def _text(item: Item) -> str:
    return " ".join([item.title, *item.attributes.values()])


FIRST_STAGE = Bm25
