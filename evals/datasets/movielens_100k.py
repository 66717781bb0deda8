"""MovieLens-100K: 100,000 ratings of 1,682 films by 943 users, from RecBole's atomic files or GroupLens's own.

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from backends import DownloadError, cache_dir, fetch_from_wheel
from recommender import Item, Kind

from ..errors import DataError
from ._files import fetch_zip, holds, rows, seconds, stars, table
from ._movielens import LICENCE, UNKNOWN, film
from ._table import checked
from .base import Dataset, Event, Interactions, Log

NAME = "movielens-100k"
HOME = "https://grouplens.org/datasets/movielens/100k/"
EVENTS = "c98970c48ae3e6b98bb44a3f6725d386b37e7817707570c2b7c30a7e395a02f2"
"""Hash of the 100,000 ratings, which both layouts write alike."""

_ZIP = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
_WHEEL = ("recbole", "1.2.1", "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407")
_MEMBERS = {
    "recbole/dataset_example/ml-100k/ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "recbole/dataset_example/ml-100k/ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
}
_ATOMIC = ("ml-100k.inter", "ml-100k.item")
_GROUPLENS = ("u.data", "u.item")
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


def load(folder: Path) -> Interactions:
    """Reads either layout: ``ml-100k.inter`` and ``ml-100k.item``, or ``u.data`` and ``u.item``.

    Titles are as in the files but without the year (``Godfather, The``); ``year`` and ``genres`` (joined by ``|``) are
    attributes, left out where unknown.

    Raises:
        DataError: If the folder holds neither, or a line cannot be read.
    """
    if holds(folder, _GROUPLENS):
        items, events = _grouplens_items(folder / "u.item"), _events(folder / "u.data", rows(folder / "u.data"))
    elif holds(folder, _ATOMIC):
        items, events = _atomic_items(folder / "ml-100k.item"), _atomic_events(folder / "ml-100k.inter")
    else:
        raise DataError(
            f"{folder}: neither {' and '.join(_ATOMIC)} nor {' and '.join(_GROUPLENS)} is there; "
            "name the folder that holds them."
        )
    return checked(NAME, folder, items, events)


def fetch(log: Log) -> Path:
    """Returns the cache folder with the files, fetched from the package index or else from GroupLens.

    Raises:
        DataError: If neither can be reached, or what was fetched is not the data.
    """
    folder = cache_dir() / "ml-100k"
    if holds(folder, _GROUPLENS):
        return folder
    if not holds(folder, _ATOMIC):
        log(f"MovieLens-100K. {LICENCE} {HOME}")
    distribution, version, sha256 = _WHEEL
    try:
        fetch_from_wheel(distribution, version, wheel_sha256=sha256, members=_MEMBERS, folder=folder, log=log)
    except DownloadError as first:
        log(f"{first} Trying GroupLens instead.")
        try:
            return fetch_zip(_ZIP, folder, {f"ml-100k/{name}": name for name in _GROUPLENS}, log=log, check=_check)
        except DataError as second:
            raise DataError(
                f"MovieLens-100K cannot be had. From the package index: {first} From GroupLens: {second}"
            ) from second
    return folder


def _check(folder: Path) -> None:
    """GroupLens publishes no hash that is pinned here; the ratings must be the pinned ones."""
    found = events_digest(load(folder))
    if found != EVENTS:
        raise DataError(f"{_ZIP}: its ratings hash to {found} instead of {EVENTS}; it was thrown away.")


def events_digest(data: Interactions) -> str:
    """Hash of the ratings as a set, whatever the order of lines."""
    rows = sorted(f"{e.user_id} {e.item_id} {e.rating:g} {e.time:.0f}" for e in data.events)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _atomic_rows(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yields the wanted columns of an atomic file, whose header names them ``name:type``."""
    _, records = table(path, rows(path), wanted, strip_types=True)
    return ((number, [record[column] for column in wanted]) for number, record in records)


def _atomic_events(path: Path) -> Iterator[Event]:
    return _events(path, _atomic_rows(path, ("user_id", "item_id", "rating", "timestamp")))


def _events(path: Path, found: Iterator[tuple[int, list[str]]]) -> Iterator[Event]:
    for number, fields in found:
        try:
            user_id, item_id, rating, time = fields
            event = Event(user_id, item_id, seconds(time), stars(rating), Kind.RATING)
        except ValueError:
            raise DataError(f"{path}:{number}: expected user, item, rating and time, separated by tabs.") from None
        yield event


def _atomic_items(path: Path) -> Iterator[Item]:
    for _, (item_id, title, year, genres) in _atomic_rows(path, ("item_id", "movie_title", "release_year", "class")):
        # Two rows of 1,682 are odd: 267 has no title, 1412 has ``(1995)`` in its title and ``V``, for video, as year.
        whole = f"{title} ({year})" if year and title not in UNKNOWN else title
        yield film(item_id, whole, genres.split(" "))


def _grouplens_items(path: Path) -> Iterator[Item]:
    for number, fields in rows(path, encoding="latin-1", separator="|"):
        flags = fields[5:]
        if len(flags) != len(_GENRES) or not set(flags) <= {"0", "1"}:
            raise DataError(f"{path}:{number}: expected 5 fields and {len(_GENRES)} genre flags, separated by |.")
        yield film(fields[0], fields[1], [genre for genre, flag in zip(_GENRES, flags, strict=True) if flag == "1"])


DATASET = Dataset(
    name=NAME,
    summary="100,000 film ratings of 943 users, 1997 to 1998",
    licence=LICENCE,
    home=HOME,
    fetch=fetch,
    load=load,
)
