"""RecBole's atomic files, of any dataset: a folder with one ``.item`` and the ``.inter`` files.

Zhao et al., "RecBole: Towards a Unified, Comprehensive and Efficient Framework for Recommendation Algorithms", CIKM
2021.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sys import intern

from recommender import Item, Kind

from ..errors import DataError
from ._files import one_of, rows, seconds, stars, table
from ._table import checked, titled, unique
from .base import Dataset, Event, Interactions, Log

NAME = "recbole"
HOME = "https://recbole.io/dataset_list.html"
TITLES = ("title", "movie_title", "book_title", "item_name", "name", "track_title", "artist_name", "business_name")


def load(folder: Path) -> Interactions:
    """Reads ``NAME.item`` and ``NAME.inter``, or ``NAME.train.inter``, ``NAME.valid.inter`` and ``NAME.test.inter``.

    The title is the first of the columns in ``TITLES``; all other columns become attributes.  Values of a sequence are
    joined by ``|``, but a title keeps its spaces.  ``rating`` and ``timestamp`` are read where they are there.  Items
    without a title are left out with their interactions, and of two rows of one item the first is taken; both are
    counted.

    Raises:
        DataError: If a file or a column is missing or a line cannot be read.
    """
    path = one_of(folder, ("*.item",), "RecBole .item file")
    items, repeats = unique(_items(path))
    name = path.name.removesuffix(".item")
    parts = [folder / f"{name}.{part}inter" for part in ("", "train.", "valid.", "test.")]
    found = [part for part in parts if part.is_file()]
    if not found:
        raise DataError(f"{folder}: there is no {name}.inter and no {name}.train.inter; put it beside {path.name}.")
    if len(found) > 1 and found[0] == parts[0]:
        raise DataError(f"{folder}: there is {name}.inter and {found[1].name}; keep the whole or the parts.")
    events, notes = titled(items, (event for part in found for event in _events(part)))
    return checked(name, folder, items.values(), events, notes=notes + repeats)


def fetch(log: Log) -> Path:
    """Raises :class:`DataError`: which dataset is meant is known only to the folder that ``data:`` names."""
    raise DataError(f"Fetch the dataset that you want from {HOME} and name its folder with `data:`.")


def _items(path: Path) -> Iterator[Item]:
    kinds = dict(part.partition(":")[::2] for part in next(rows(path), (1, [""]))[1])
    names, records = table(path, rows(path), ("item_id",), strip_types=True)
    title = next((column for column in TITLES if column in names), None)
    if title is None:
        raise DataError(f"{path}:1: no column with titles. Known: {', '.join(TITLES)}. Found: {', '.join(names)}.")
    for number, row in records:
        if not row["item_id"]:
            raise DataError(f"{path}:{number}: item_id is empty.")
        if row[title].strip():
            others = {k: _joined(v, kinds[k]) for k, v in row.items() if k not in {"item_id", title} and v.strip()}
            if "release_year" in others:
                others.setdefault("year", others["release_year"])
            yield Item(row["item_id"], row[title].strip(), others)


def _joined(value: str, kind: str) -> str:
    return "|".join(value.split()) if kind.endswith("_seq") else value.strip()


def _events(path: Path) -> Iterator[Event]:
    names, records = table(path, rows(path), ("user_id", "item_id"), strip_types=True)
    if "item_id_list" in names:
        raise DataError(f"{path}: one row is a whole sequence (item_id_list); take `dataset: llmrank` for this layout.")
    timed, rated = "timestamp" in names, "rating" in names
    for number, row in records:
        try:
            time = seconds(row["timestamp"]) if timed else None
            rating = stars(row["rating"]) if rated else None
        except ValueError as error:
            raise DataError(f"{path}:{number}: rating or timestamp cannot be read ({error}).") from None
        kind = Kind.RATING if rated else Kind.INTERACTION
        yield Event(intern(row["user_id"]), intern(row["item_id"]), time, rating, kind)


DATASET = Dataset(
    name=NAME,
    summary="RecBole's atomic files (.inter and .item) in a folder of yours",
    licence="that of the dataset itself; see the home page.",
    home=HOME,
    fetch=fetch,
    load=load,
)
