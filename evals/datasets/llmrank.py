"""LLMRank's files: Amazon Video Games of 2018 as sequences, with lists of candidates for 6,000 users.

Hou et al., "Large Language Models are Zero-Shot Rankers for Recommender Systems", ECIR 2024.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sys import intern

from backends import cache_dir
from recommender import Item, Kind

from ..errors import DataError
from ._files import fetch_files, one_of, rows, table
from ._table import checked
from .base import Dataset, Event, Interactions, Log

NAME = "llmrank"
LICENCE = "MIT (RUCAIBox/LLMRank); the reviews behind it are Amazon Review Data 2018, for research."
HOME = "https://github.com/RUCAIBox/LLMRank"

_RAW = "https://raw.githubusercontent.com/RUCAIBox/LLMRank/5ec1154cb74cbf68ed5721212f1d7e79336c39c7/llmrank/dataset"
_SHA256 = {
    "Games-6k.item": "be9cea58a8de4f940a20b0ad6b58bad46b22fd6f9dbc82d1a1902e1c62e96ade",
    "Games-6k.test.inter": "b241e4c8a52d2d41530fd073296e8bced4b61753e86ed6c51467c657704bab19",
    "Games-6k.random": "73b8849e0a45c668f1f4ca20ca3e47a835ac591561268662a290575052a9d26f",
    "Games-6k.bm25": "7055cf741b536fef94506287cb83fdb1918ccc4c0f340622260dd23e8449442e",
    "Games-6k.pop": "e997116959c57d3f1bf2119c6ca460e0694ecebdc939cc395bcdb5f5851f491c",
    "Games-6k.sasrec": "0c8f654b5143956f7f79dcdf05fa1a8896e8b1290004323e887a9fb365137a8b",
    "Games-6k.rabmbepobpgrsa_3": "2267aa3b13c890951ded3f4b80739cb047f965a8cbca591a616e6c06b1917946",
}
LISTS = ("random", "bm25", "bert", "pop", "bpr", "gru4rec", "sasrec", "rabmbepobpgrsa_3")


def load(folder: Path) -> Interactions:
    """Reads ``NAME.item`` and ``NAME.test.inter``; the files of candidates that are there become ``lists``.

    A line of ``.test.inter`` is a user's history and last item.  The files hold no times, only the order.  Items of one
    title stay apart.

    Raises:
        DataError: If a file is missing or a line cannot be read.
    """
    path = one_of(folder, ("*.item",), "LLMRank .item file")
    name = path.name.removesuffix(".item")
    events = folder / f"{name}.test.inter"
    if not events.is_file():
        raise DataError(f"{folder}: there is no {events.name}; put it beside {path.name}.")
    lists = {kind: folder / f"{name}.{kind}" for kind in LISTS if (folder / f"{name}.{kind}").is_file()}
    return checked(name, folder, _items(path), _events(events), lists=lists)


def fetch(log: Log) -> Path:
    """Returns the cache folder with the Games-6k files, fetched from the authors' repository; hashes are pinned."""
    folder = cache_dir() / "llmrank-games-6k"
    log(f"LLMRank's Games-6k. {LICENCE} {HOME}")
    return fetch_files({name: f"{_RAW}/Games-6k/{name}" for name in _SHA256}, folder, log=log, sha256=_SHA256)


def _items(path: Path) -> Iterator[Item]:
    names, records = table(path, rows(path), ("item_id",), strip_types=True)
    title = "title" if "title" in names else "movie_title"
    if title not in names:
        raise DataError(f"{path}:1: there is no column title or movie_title. Found: {', '.join(names)}.")
    for _, row in records:
        attributes = {"year": row["release_year"]} if row.get("release_year", "").isdigit() else {}
        yield Item(row["item_id"], row[title].strip(), attributes)


def _events(path: Path) -> Iterator[Event]:
    _, records = table(path, rows(path), ("user_id", "item_id_list", "item_id"), strip_types=True)
    seen: dict[str, int] = {}
    for number, row in records:
        user_id = intern(row["user_id"])
        if user_id in seen:
            raise DataError(f"{path}:{number}: the user of this line stands in line {seen[user_id]} already.")
        seen[user_id] = number
        for item_id in (*row["item_id_list"].split(), row["item_id"]):
            yield Event(user_id, intern(item_id), None, None, Kind.PURCHASE)


DATASET = Dataset(
    name=NAME,
    summary="Amazon Video Games 2018 as LLMRank cut it: 50,546 users, five candidate lists for 6,000 of them",
    licence=LICENCE,
    home=HOME,
    fetch=fetch,
    load=load,
)
