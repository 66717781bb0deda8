"""MovieLens small (``ml-latest-small``), and every later MovieLens in its layout: ``movies.csv`` and ``ratings.csv``.

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.  GroupLens changes the "latest"
sets over time; the pinned one is of September 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sys import intern

from backends import cache_dir
from recommender import Item, Kind

from ..errors import DataError
from ._files import csv_rows, fetch_zip, holds, seconds, stars, table
from ._movielens import film
from ._table import checked
from .base import Dataset, Event, Interactions, Log

NAME = "movielens-small"
LICENCE = "GroupLens licence: acknowledge it, redistribution under the same terms only, no commercial use."
HOME = "https://grouplens.org/datasets/movielens/latest/"

_ZIP = "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip"
_SHA256 = "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436"
_FILES = ("movies.csv", "ratings.csv")


def load(folder: Path) -> Interactions:
    """Reads ``movies.csv`` and ``ratings.csv``; ``ml-25m`` and ``ml-32m`` have the same layout.

    Raises:
        DataError: If a file is missing or a line cannot be read.
    """
    if not holds(folder, _FILES):
        raise DataError(f"{folder}: {' and '.join(_FILES)} are not both there; name the folder that holds them.")
    return checked(NAME, folder, _items(folder / "movies.csv"), _events(folder / "ratings.csv"))


def fetch(log: Log) -> Path:
    """Returns the cache folder with the files, fetched from GroupLens; the archive's hash is pinned."""
    folder = cache_dir() / "ml-latest-small"
    if not holds(folder, _FILES):
        log(f"MovieLens small. {LICENCE} {HOME}")
    return fetch_zip(_ZIP, folder, {f"ml-latest-small/{name}": name for name in _FILES}, log=log, sha256=_SHA256)


def _items(path: Path) -> Iterator[Item]:
    _, records = table(path, csv_rows(path), ("movieId", "title", "genres"))
    for _, row in records:
        yield film(row["movieId"], row["title"], row["genres"].split("|"))


def _events(path: Path) -> Iterator[Event]:
    _, records = table(path, csv_rows(path), ("userId", "movieId", "rating", "timestamp"))
    for number, row in records:
        try:
            time, rating = seconds(row["timestamp"]), stars(row["rating"])
        except ValueError as error:
            raise DataError(f"{path}:{number}: rating or timestamp cannot be read ({error}).") from None
        yield Event(intern(row["userId"]), intern(row["movieId"]), time, rating, Kind.RATING)


DATASET = Dataset(
    name=NAME,
    summary="100,836 film ratings of 610 users, 1996 to 2018",
    licence=LICENCE,
    home=HOME,
    fetch=fetch,
    load=load,
)
