"""Amazon Reviews of 2023: reviews or ratings of one category, and its metadata.

Hou et al., "Bridging Language and Items for Retrieval and Recommendation", arXiv 2403.03952.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import Any

import msgspec

from backends import cache_dir
from recommender import Item, Kind

from ..errors import DataError
from ._amazon import clean, no_category, with_categories
from ._files import csv_rows, fetch_files, json_lines, one_of, seconds, stars, table
from ._table import checked, titled, unique
from .base import Dataset, Event, Interactions, Log

NAME = "amazon-2023"
LICENCE = "no licence is stated; the authors ask for a citation and research use. Amazon's terms hold for the texts."
HOME = "https://amazon-reviews-2023.github.io/"
CATEGORIES = (
    "All_Beauty", "Amazon_Fashion", "Appliances", "Arts_Crafts_and_Sewing", "Automotive", "Baby_Products",
    "Beauty_and_Personal_Care", "Books", "CDs_and_Vinyl", "Cell_Phones_and_Accessories", "Clothing_Shoes_and_Jewelry",
    "Digital_Music", "Electronics", "Gift_Cards", "Grocery_and_Gourmet_Food", "Handmade_Products",
    "Health_and_Household", "Health_and_Personal_Care", "Home_and_Kitchen", "Industrial_and_Scientific", "Kindle_Store",
    "Magazine_Subscriptions", "Movies_and_TV", "Musical_Instruments", "Office_Products", "Patio_Lawn_and_Garden",
    "Pet_Supplies", "Software", "Sports_and_Outdoors", "Subscription_Boxes", "Tools_and_Home_Improvement",
    "Toys_and_Games", "Unknown", "Video_Games",
)  # fmt: skip

_BASE = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023"
_META = ("meta_*.jsonl", "meta_*.jsonl.gz")
_REVIEWS = ("*.csv", "*.csv.gz", "[!m]*.jsonl", "[!m]*.jsonl.gz")
_MILLISECONDS = 1000.0
_RELEASED = ("Release date", "Release Date", "Publication date", "Publication Date", "Date First Available")
_YEAR = re.compile(r"\b(19|20)\d{2}\b")


class _Meta(msgspec.Struct):
    parent_asin: str
    title: str | None = None
    store: str | None = None
    categories: list[str] | None = None
    details: dict[str, Any] | str | None = None


class _Review(msgspec.Struct):
    user_id: str
    parent_asin: str
    rating: float
    timestamp: int


def load(folder: Path) -> Interactions:
    """Reads ``meta_CATEGORY.jsonl`` and the interactions beside it, packed or not.

    Interactions are ``CATEGORY.csv`` with the header ``user_id,parent_asin,rating,timestamp``, or the reviews,
    ``CATEGORY.jsonl``; times are in milliseconds.  ``year`` is the year of release, else that in which Amazon first had
    the item, where the metadata say one.  Items without a title are left out with their reviews, and of two rows of one
    item the first is taken; both are counted.

    Raises:
        DataError: If a file is missing or a line cannot be read.
    """
    items, repeats = unique(_items(one_of(folder, _META, "metadata file of 2023")))
    path = one_of(folder, _REVIEWS, "interactions file of 2023")
    events, notes = titled(items, _ratings(path) if ".csv" in path.suffixes else _reviews(path))
    return checked(NAME, folder, items.values(), events, notes=notes + repeats)


def fetch(log: Log) -> Path:
    """Raises :class:`DataError`: a category must be named."""
    raise no_category(NAME, CATEGORIES)


def fetch_category(category: str, log: Log) -> Path:
    """Returns the cache folder with the 5-core ratings and the metadata of a category."""
    log(f"Amazon Reviews 2023, {category}. Licence: {LICENCE} {HOME}")
    urls = {
        f"meta_{category}.jsonl.gz": f"{_BASE}/raw/meta_categories/meta_{category}.jsonl.gz",
        f"{category}.csv.gz": f"{_BASE}/benchmark/5core/rating_only/{category}.csv.gz",
    }
    return fetch_files(urls, cache_dir() / NAME / category, log=log)


def _items(path: Path) -> Iterator[Item]:
    meta: Any
    for _, meta in json_lines(path, _Meta):
        title = clean(meta.title)
        if not title:
            continue
        attributes = {"store": clean(meta.store)} if clean(meta.store) else {}
        categories = [name for name in map(clean, meta.categories or ()) if name]
        if categories:
            attributes["categories"] = "|".join(categories)
        year = _year(meta.details)
        if year:
            attributes["year"] = year
        yield Item(intern(meta.parent_asin), title, attributes)


def _year(details: object) -> str | None:
    if isinstance(details, str):  # some copies hold the object as text
        try:
            details = msgspec.json.decode(details)
        except (msgspec.DecodeError, RecursionError):
            return None
    if not isinstance(details, Mapping):
        return None
    for name in _RELEASED:
        match = _YEAR.search(str(details.get(name) or ""))
        if match:
            return match[0]
    return None


def _reviews(path: Path) -> Iterator[Event]:
    review: Any
    for number, review in json_lines(path, _Review):
        yield _event(path, number, review.user_id, review.parent_asin, review.rating, review.timestamp)


def _ratings(path: Path) -> Iterator[Event]:
    _, records = table(path, csv_rows(path), ("user_id", "parent_asin", "rating", "timestamp"))
    for number, row in records:
        yield _event(path, number, row["user_id"], row["parent_asin"], row["rating"], row["timestamp"])


def _event(path: Path, number: int, user_id: str, item_id: str, rating: str | float, time: str | float) -> Event:
    try:
        return Event(intern(user_id), intern(item_id), seconds(time, scale=_MILLISECONDS), stars(rating), Kind.RATING)
    except ValueError as error:
        raise DataError(f"{path}:{number}: rating or time cannot be read ({error}).") from None


DATASET = with_categories(
    Dataset(
        name=NAME,
        summary="Amazon reviews of 1996 to 2023, a category each: amazon-2023:Video_Games",
        licence=LICENCE,
        home=HOME,
        fetch=fetch,
        load=load,
    ),
    CATEGORIES,
    fetch_category,
)
