"""MovieLens-1M: 1,000,209 ratings of 3,883 films by 6,040 users, in GroupLens's ``::`` layout.

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sys import intern

from backends import cache_dir
from recommender import Item, Kind

from ..errors import DataError
from ._files import fetch_zip, holds, rows, seconds, stars
from ._movielens import LICENCE, film
from ._table import checked
from .base import Dataset, Event, Interactions, Log

NAME = "movielens-1m"
HOME = "https://grouplens.org/datasets/movielens/1m/"

_ZIP = "https://files.grouplens.org/datasets/movielens/ml-1m.zip"
_SHA256 = "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"
_FILES = ("movies.dat", "ratings.dat")


def load(folder: Path) -> Interactions:
    """Reads ``movies.dat`` and ``ratings.dat``, Latin-1 with ``::`` between fields.

    Raises:
        DataError: If a file is missing or a line cannot be read.
    """
    if not holds(folder, _FILES):
        raise DataError(f"{folder}: {' and '.join(_FILES)} are not both there; name the folder that holds them.")
    return checked(NAME, folder, _items(folder / "movies.dat"), _events(folder / "ratings.dat"))


def fetch(log: Log) -> Path:
    """Returns the cache folder with the files, fetched from GroupLens; the archive's hash is pinned."""
    folder = cache_dir() / "ml-1m"
    if not holds(folder, _FILES):
        log(f"MovieLens-1M. {LICENCE} {HOME}")
    return fetch_zip(_ZIP, folder, {f"ml-1m/{name}": name for name in _FILES}, log=log, sha256=_SHA256)


def _items(path: Path) -> Iterator[Item]:
    for number, fields in rows(path, separator="::", encoding="latin-1"):
        if len(fields) < 3:
            raise DataError(f"{path}:{number}: expected id, title and genres, separated by ::.")
        item_id, *title, genres = fields  # a title may hold :: itself
        yield film(item_id, "::".join(title), genres.split("|"))


def _events(path: Path) -> Iterator[Event]:
    for number, fields in rows(path, separator="::", encoding="latin-1"):
        try:
            user_id, item_id, rating, time = fields
            yield Event(intern(user_id), intern(item_id), seconds(time), stars(rating), Kind.RATING)
        except ValueError:
            raise DataError(f"{path}:{number}: expected user, item, rating and time, separated by ::.") from None


DATASET = Dataset(
    name=NAME,
    summary="1,000,209 film ratings of 6,040 users, 2000 to 2003",
    licence=LICENCE,
    home=HOME,
    fetch=fetch,
    load=load,
)
