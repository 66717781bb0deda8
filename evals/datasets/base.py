"""What every data set is turned into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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
        time: Seconds since 1970 in UTC.
        rating: On the data's own scale.
    """

    user_id: str
    item_id: str
    time: float
    rating: float | None = None
    kind: Kind = Kind.INTERACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """A data set in memory.

    Attributes:
        name: Name of the data set, for protocols and manifests.
        items: The whole catalogue.
        events: All interactions, in the file's order.
        digest: Hash of catalogue and events; two layouts of the same data have the same.

    Raises:
        DataError: If there are no events, or one is of an item that the catalogue lacks.
    """

    name: str
    items: Catalog
    events: tuple[Event, ...]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.events:
            raise DataError(f"{self.name}: no interactions in it.")
        for number, event in enumerate(self.events, start=1):
            if event.item_id not in self.items:
                raise DataError(
                    f"{self.name}: interaction {number} is of item {event.item_id!r}, which its catalogue lacks; "
                    "add the item or remove the interaction."
                )
        digest = hashlib.blake2b(self.items.digest().encode(), digest_size=16)
        encode = msgspec.json.Encoder().encode
        for event in self.events:
            digest.update(encode((event.user_id, event.item_id, event.time, event.rating, event.kind)))
        object.__setattr__(self, "digest", digest.hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Where a data set comes from and how its files are read.

    Attributes:
        licence: In words, said before anything is fetched.
        home: Address of its home page.
        fetch: Returns the folder with its files, fetching them where they are missing.  It tells its argument in
            sentences what it does, and raises :class:`DataError` if the files cannot be had.
        load: Reads such a folder, or a user's own copy of it.  Raises :class:`DataError` with file and line.
    """

    name: str
    summary: str
    licence: str
    home: str
    fetch: Callable[[Log], Path]
    load: Callable[[Path], Interactions]
