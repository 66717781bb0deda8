"""What every dataset is turned into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from recommender import Catalog, Kind

from ..errors import DataError

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Event:
    """One user did one thing to one item.

    Attributes:
        time: Seconds since 1970 in UTC; None where the data keeps only the order.
        rating: On the data's own scale.
    """

    user_id: str
    item_id: str
    time: float | None
    rating: float | None = None
    kind: Kind = Kind.INTERACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """A slate that was really shown to a user, and what was clicked in it.

    Attributes:
        time: Seconds since 1970 in UTC.
        history: Ids of what the user had clicked before, oldest first.
        shown: Ids in the order of the file.
    """

    impression_id: str
    user_id: str
    time: float
    history: tuple[str, ...]
    shown: tuple[str, ...]
    clicked: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """A dataset in memory.

    Attributes:
        name: Name of the dataset, for protocols and manifests.
        items: The whole catalogue.
        events: All interactions, in the file's order; either all have a time or none has.
        impressions: Slates as they were shown, where the data has them.
        lists: Files with a candidate list for each user, by name, where the data comes with them.
        notes: What was left out in reading, counted.
        digest: Hash of catalogue, events and impressions; two layouts of the same data have the same.

    Raises:
        DataError: If there are no events, an event or a slate has an item that the catalogue lacks, a click is of an
            item that was not shown, or only some events have a time.
    """

    name: str
    items: Catalog
    events: tuple[Event, ...]
    impressions: tuple[Impression, ...] = ()
    lists: Mapping[str, Path] = field(default_factory=dict, compare=False)
    notes: tuple[str, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.events:
            raise DataError(f"{self.name}: no interactions in it.")
        timed = sum(event.time is not None for event in self.events)
        if 0 < timed < len(self.events):
            raise DataError(
                f"{self.name}: {len(self.events) - timed} of {len(self.events)} interactions have no time; "
                "give all of them one, or none."
            )
        for number, event in enumerate(self.events, start=1):
            if event.item_id not in self.items:
                raise DataError(
                    f"{self.name}: interaction {number} is of item {event.item_id!r}, which its catalogue lacks; "
                    "add the item or remove the interaction."
                )
        self._check_slates()
        digest = hashlib.blake2b(self.items.digest().encode(), digest_size=16)
        encode = msgspec.json.Encoder().encode
        for event in self.events:
            digest.update(encode((event.user_id, event.item_id, event.time, event.rating, event.kind)))
        for one in self.impressions:
            digest.update(encode((one.impression_id, one.user_id, one.time, one.history, one.shown)))
            digest.update(encode(sorted(one.clicked)))
        object.__setattr__(self, "digest", digest.hexdigest())

    def _check_slates(self) -> None:
        known = frozenset(item.item_id for item in self.items) if self.impressions else frozenset[str]()
        for one in self.impressions:
            where = f"{self.name}: impression {one.impression_id!r}"
            if not known.issuperset(one.shown):
                raise DataError(f"{where} shows an item that its catalogue lacks; add the item or leave the slate out.")
            if not one.clicked.issubset(one.shown):
                raise DataError(f"{where} has a click on an item that it does not show; add the item to the slate.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Where a dataset comes from and how its files are read.

    Attributes:
        licence: In words, said before anything is fetched.
        home: Address of its home page.
        fetch: Returns the folder with its files, fetching them where they are missing.  It tells its argument in
            sentences what it does, and raises :class:`DataError` if the files cannot be had.
        load: Reads such a folder, or a user's own copy of it.  Raises :class:`DataError` with file and line.
        parts: Names of its parts, where it is too large to be had whole: ``NAME:PART`` is a dataset of its own.
        part: Returns the dataset of one part.
    """

    name: str
    summary: str
    licence: str
    home: str
    fetch: Callable[[Log], Path]
    load: Callable[[Path], Interactions]
    parts: tuple[str, ...] = ()
    part: Callable[[str], Dataset] | None = None
