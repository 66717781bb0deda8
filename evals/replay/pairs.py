"""Hits of the runs whose answers are lists of "watched - candidate" pairs (NIR, arXiv 2304.03153)."""

from __future__ import annotations

from recommender import Grounder, Item, read_pair_matches

from .folder import Recorded, Response


class PairHits:
    """Counts an answer as a hit by two rules."""

    def __init__(self, run: Recorded) -> None:
        self._run = run
        self._items = {item_id: Item(item_id, title) for item_id, title in run.titles.items()}
        self._grounder = Grounder(self._items.values())

    def substring(self, response: Response) -> bool:
        """The authors' rule: a target's title stands anywhere in the answer, on the watched side too."""
        titles = [self._run.titles[item_id] for item_id in self._targets(response)]
        if self._run.protocol.exact_case:
            return any(title in response.text for title in titles)
        text = response.text.casefold()
        return any(title.casefold() in text for title in titles)

    def pair(self, response: Response) -> bool:
        """The strict rule: a target is the candidate of a pair, or all that an entry names.

        A pair whose second side lists several candidates hits none of them.
        """
        targets = self._targets(response)
        offered = None if response.candidates is None else [self._items[item_id] for item_id in response.candidates]
        sides = read_pair_matches(response.text, offered, self._grounder)
        return any(len(side) == 1 and side[0].item_id in targets for side in sides)

    def _targets(self, response: Response) -> list[str]:
        return [item_id for item_id in self._run.truth.get(response.user_id, {}) if item_id in self._run.titles]
