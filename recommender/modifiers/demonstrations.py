"""Examples of what somebody chose next: the person's own steps, the same people for everybody, or similar people.

In-context learning as in LLMRank (Hou et al., arXiv 2305.08845).  Only histories are read, never a target.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import ConfigError
from ..types import History, Item

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..strategies.base import DemonstrationOptions, Setting

Steps = tuple[Item, ...]
SAME = 0.8
"""Whoever has this share of a person's items is taken for the person."""


class _Line(msgspec.Struct):
    history: list[str | int]


class Demonstrations:
    """Finds the examples for one history.

    Args:
        options: Which and how many.
        setting: Gives the catalogue for ``random`` and ``similar``, and the seed.

    Raises:
        ConfigError: If the file of other people cannot be used.
    """

    def __init__(self, options: DemonstrationOptions, setting: Setting) -> None:
        self._options = options
        self._people: list[Steps] = []
        if options.file is not None:
            if setting.catalog is None:
                raise ConfigError("strategy.demonstrations: ids of other people's items need a `catalog`.")
            self._people = [steps for steps in _read(setting.folder / options.file, setting.catalog) if len(steps) > 1]
            random.Random(setting.seed).shuffle(self._people)  # noqa: S311 - a seeded draw
        self._sets = [frozenset(item.item_id for item in steps) for steps in self._people]
        self._by_item: dict[str, list[int]] = defaultdict(list)
        for at, ids in enumerate(self._sets):
            for item_id in ids:
                self._by_item[item_id].append(at)

    def of(self, history: History) -> list[dict[str, Any]]:
        """Returns the examples: the titles of a ``history``, oldest first, and the title that came ``next``."""
        own = history.items
        ids = history.item_ids
        if self._options.kind == "own":
            ends = range(max(1, len(own) - self._options.count), len(own))
            return [self._shown(own[: end + 1]) for end in ends]
        found: list[Steps] = []
        for at in self._order(ids):
            if len(found) == self._options.count:
                break
            if not _same_person(ids, self._sets[at]):
                found.append(self._people[at])
        return [self._shown(steps) for steps in found]

    def _order(self, own: frozenset[str]) -> Iterator[int]:
        """People to take: in seeded order, or by cosine similarity of the sets of items first."""
        if self._options.kind == "similar":
            shared = Counter(at for item_id in own for at in self._by_item.get(item_id, ()))
            yield from sorted(shared, key=lambda at: (-shared[at] / len(self._sets[at]) ** 0.5, at))
            yield from (at for at in range(len(self._people)) if at not in shared)
        else:
            yield from range(len(self._people))

    def _shown(self, steps: Sequence[Item]) -> dict[str, Any]:
        *before, last = steps[-self._options.length - 1 :]
        return {"history": [item.title for item in before], "next": last.title}


def _same_person(own: frozenset[str], other: frozenset[str]) -> bool:
    """Whether a history holds nearly all that the person did: then it may be the person's, with the future in it."""
    return bool(own) and len(own & other) >= SAME * len(own)


def _read(path: Path, catalog: Catalog) -> Iterator[Steps]:
    if not path.is_file():
        raise ConfigError(f"strategy.demonstrations.file: there is no file {path}.")
    decode = msgspec.json.Decoder(_Line).decode
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                ids = [str(item_id) for item_id in decode(line).history]
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise ConfigError(
                    f"{path}:{number}: not a person ({error}); write a JSON object with a `history` of item ids a line."
                ) from None
            unknown = next((item_id for item_id in ids if item_id not in catalog), None)
            if unknown is not None:
                raise ConfigError(f"{path}:{number}: item {unknown!r} is not in {catalog.name}.")
            yield tuple(item for item_id in ids if (item := catalog.get(item_id)) is not None)
