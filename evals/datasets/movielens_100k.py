"""MovieLens-100K: 100,000 ratings of 1,682 films by 943 users, from RecBole's atomic files or GroupLens's own.

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from backends import DownloadError, cache_dir, download, fetch_from_wheel, near
from recommender import Catalog, CatalogError, Item, Kind

from ..errors import DataError
from .base import Dataset, Event, Interactions, Log

NAME = "movielens-100k"
LICENCE = (
    "GroupLens licence: research use only, acknowledge it, no redistribution, no commercial use without permission."
)
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
_YEAR = re.compile(r"(?P<title>.*?)\s*\((?P<year>\d{4})\)(\s*\((V|TV)\))?")
_UNKNOWN = {"unknown", "unkonwn"}  # item 267; RecBole's file has the typing error


def load(folder: Path) -> Interactions:
    """Reads either layout: ``ml-100k.inter`` and ``ml-100k.item``, or ``u.data`` and ``u.item``.

    Titles are as in the files but without the year (``Godfather, The``); ``year`` and ``genres`` (joined by ``|``) are
    attributes, left out where unknown.

    Raises:
        DataError: If the folder holds neither, or a line cannot be read.
    """
    if _holds(folder, _GROUPLENS):
        items, events = _grouplens_items(folder / "u.item"), _events(folder / "u.data", _rows(folder / "u.data"))
    elif _holds(folder, _ATOMIC):
        items, events = _atomic_items(folder / "ml-100k.item"), _atomic_events(folder / "ml-100k.inter")
    else:
        raise DataError(
            f"{folder}: neither {' and '.join(_ATOMIC)} nor {' and '.join(_GROUPLENS)} is there; "
            "name the folder that holds them."
        )
    try:
        return Interactions(name=NAME, items=Catalog(items, name=NAME), events=tuple(events))
    except CatalogError as error:
        raise DataError(f"{folder}: {error}") from None


def fetch(log: Log) -> Path:
    """Returns the cache folder with the files, fetched from the package index or else from GroupLens.

    Raises:
        DataError: If neither can be reached, or what was fetched is not the data.
    """
    folder = cache_dir() / "ml-100k"
    if _holds(folder, _GROUPLENS):
        return folder
    if not _holds(folder, _ATOMIC):
        log(f"MovieLens-100K. {LICENCE} {HOME}")
    distribution, version, sha256 = _WHEEL
    try:
        fetch_from_wheel(distribution, version, wheel_sha256=sha256, members=_MEMBERS, folder=folder, log=log)
    except DownloadError as first:
        log(f"{first} Trying GroupLens instead.")
        try:
            _fetch_grouplens(folder, log)
        except DownloadError as second:
            raise DataError(
                f"MovieLens-100K cannot be had. From the package index: {first} From GroupLens: {second} "
                f"Put {' and '.join(_GROUPLENS)} into {folder} by hand."
            ) from second
    return folder


def _fetch_grouplens(folder: Path, log: Log) -> None:
    """Unpacks GroupLens's archive; the ratings in it must be the pinned ones."""
    archive = download(_ZIP, folder / "ml-100k.zip", log=log)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        unpacked = Path(temporary)
        try:
            with zipfile.ZipFile(archive) as files:
                for name in _GROUPLENS:
                    with files.open(f"ml-100k/{name}") as source, (unpacked / name).open("wb") as sink:
                        shutil.copyfileobj(source, sink)
            found = events_digest(load(unpacked))
        except (zipfile.BadZipFile, KeyError) as error:
            archive.unlink()
            raise DataError(f"{_ZIP}: not the archive it should be ({error}).") from None
        if found != EVENTS:
            archive.unlink()
            raise DataError(f"{_ZIP}: its ratings hash to {found} instead of {EVENTS}; it was thrown away.")
        for name in reversed(_GROUPLENS):  # u.data last: it is what says that the folder is whole
            (unpacked / name).replace(folder / name)
    archive.unlink()


def events_digest(data: Interactions) -> str:
    """Hash of the ratings as a set, whatever the order of lines."""
    rows = sorted(f"{e.user_id} {e.item_id} {e.rating:g} {e.time:.0f}" for e in data.events)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _holds(folder: Path, names: tuple[str, ...]) -> bool:
    return all((folder / name).is_file() for name in names)


def _rows(path: Path, *, encoding: str = "utf-8", separator: str = "\t") -> Iterator[tuple[int, list[str]]]:
    """Yields line number and fields.  Quotes are ordinary characters in both layouts."""
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n").split(separator)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not {encoding} at byte {error.start}; fetch the file again.") from None


def _atomic_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yields the wanted columns of an atomic file, whose header names them ``name:type``."""
    rows = _rows(path)
    header = [name.partition(":")[0] for name in next(rows, (1, [""]))[1]]
    for column in columns:
        if column not in header:
            raise DataError(
                f"{path}:1: column {column!r} is missing.{near(column, header)} Found: {', '.join(header)}."
            )
    places = [header.index(column) for column in columns]
    for number, fields in rows:
        if len(fields) != len(header):
            raise DataError(f"{path}:{number}: {len(fields)} fields where the header has {len(header)}.")
        yield number, [fields[place] for place in places]


def _atomic_events(path: Path) -> Iterator[Event]:
    return _events(path, _atomic_rows(path, ("user_id", "item_id", "rating", "timestamp")))


def _events(path: Path, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Event]:
    for number, fields in rows:
        try:
            user_id, item_id, rating, time = fields
            event = Event(user_id, item_id, float(time), float(rating), Kind.RATING)
            if not (isfinite(event.time) and isfinite(float(rating))):
                raise ValueError
        except ValueError:
            raise DataError(f"{path}:{number}: expected user, item, rating and time, separated by tabs.") from None
        yield event


def _atomic_items(path: Path) -> Iterator[Item]:
    for _, (item_id, title, year, genres) in _atomic_rows(path, ("item_id", "movie_title", "release_year", "class")):
        # Two rows of 1,682 are odd: 267 has no title, 1412 has ``(1995)`` in its title and ``V``, for video, as year.
        whole = f"{title} ({year})" if year and title not in _UNKNOWN else title
        yield _item(item_id, whole, genres.split(" "))


def _grouplens_items(path: Path) -> Iterator[Item]:
    for number, fields in _rows(path, encoding="latin-1", separator="|"):
        flags = fields[5:]
        if len(flags) != len(_GENRES) or not set(flags) <= {"0", "1"}:
            raise DataError(f"{path}:{number}: expected 5 fields and {len(_GENRES)} genre flags, separated by |.")
        yield _item(fields[0], fields[1], [genre for genre, flag in zip(_GENRES, flags, strict=True) if flag == "1"])


def _item(item_id: str, title: str, genres: list[str]) -> Item:
    """Makes an item from a title that ends in its year, and of videos in ``(V)`` after it."""
    title = title.strip()
    match = _YEAR.fullmatch(title)
    attributes = {"year": match["year"]} if match else {}
    known = sorted(genre for genre in genres if genre and genre not in _UNKNOWN)
    if known:
        attributes["genres"] = "|".join(known)
    name = match["title"] if match else title
    return Item(item_id, "unknown" if name in _UNKNOWN else name, attributes)


DATASET = Dataset(
    name=NAME,
    summary="100,000 film ratings of 943 users, 1997 to 1998",
    licence=LICENCE,
    home=HOME,
    fetch=fetch,
    load=load,
)
