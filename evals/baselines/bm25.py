"""BM25 over titles: items whose titles share words with those of the history.  Learns nothing from other users.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from recommender import History

from ..components import Options
from .base import Baseline, Floats, Training, scored


class Bm25Options(Options):
    """Options.

    Attributes:
        latest: How many of the newest interactions make the query.
    """

    latest: int = Field(default=50, ge=1, strict=True)


class Bm25:
    """See the module's docstring."""

    def __init__(self, training: Training, options: Bm25Options) -> None:
        import bm25s

        self._latest = options.latest
        self._items = len(training.item_ids)
        titles = [item.title for item in training.catalog]
        tokens = bm25s.tokenize(titles, stopwords=None, show_progress=False)
        self._words = frozenset(tokens.vocab)
        self._index = bm25s.BM25()
        if self._words:  # titles of single letters or signs alone have none
            self._index.index(tokens, show_progress=False)

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns the scores of all titles for each history's titles."""
        import bm25s

        queries = [" ".join(item.title for item in history.items[-self._latest :]) for history in histories]
        found = np.zeros((len(queries), self._items), dtype=np.float32)
        words = bm25s.tokenize(queries, stopwords=None, show_progress=False, return_ids=False)
        for row, query in zip(found, words, strict=True):
            known = [word for word in query if word in self._words]
            if known:
                row[:] = self._index.get_scores(known)
        return found


BASELINE = Baseline(summary="BM25 between the titles of history and candidates", fit=scored(Bm25), options=Bm25Options)
