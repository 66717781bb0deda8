"""Amazon Review Data of 2018: reviews or ratings of one category, and its metadata.

Ni, Li and McAuley, "Justifying Recommendations using Distantly-Labeled Reviews and Fine-Grained Aspects", EMNLP 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sys import intern
from typing import Any

import msgspec

from backends import cache_dir
from recommender import Item, Kind

from ..errors import DataError
from ._amazon import clean, no_category, with_categories
from ._files import csv_rows, fetch_files, json_lines, one_of, seconds, stars
from ._table import checked, titled, unique
from .base import Dataset, Event, Interactions, Log

NAME = "amazon-2018"
LICENCE = "no licence is stated; the authors ask for a citation and research use. Amazon's terms hold for the texts."
HOME = "https://nijianmo.github.io/amazon/index.html"
CATEGORIES = (
    "AMAZON_FASHION", "All_Beauty", "Appliances", "Arts_Crafts_and_Sewing", "Automotive", "Books", "CDs_and_Vinyl",
    "Cell_Phones_and_Accessories", "Clothing_Shoes_and_Jewelry", "Digital_Music", "Electronics", "Gift_Cards",
    "Grocery_and_Gourmet_Food", "Home_and_Kitchen", "Industrial_and_Scientific", "Kindle_Store", "Luxury_Beauty",
    "Magazine_Subscriptions", "Movies_and_TV", "Musical_Instruments", "Office_Products", "Patio_Lawn_and_Garden",
    "Pet_Supplies", "Prime_Pantry", "Software", "Sports_and_Outdoors", "Tools_and_Home_Improvement", "Toys_and_Games",
    "Video_Games",
)  # fmt: skip

_BASE = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_v2"
_META = ("meta_*.json", "meta_*.json.gz")
_REVIEWS = ("[!m]*_5.json", "[!m]*_5.json.gz", "[!m]*.json", "[!m]*.json.gz", "*.csv", "*.csv.gz")


class _Meta(msgspec.Struct):
    asin: str
    title: str | None = None
    brand: str | None = None
    category: list[str] | None = None


class _Review(msgspec.Struct):
    reviewerID: str  # noqa: N815 (the file's own names)
    asin: str
    overall: float
    unixReviewTime: int  # noqa: N815


def load(folder: Path) -> Interactions:
    """Reads ``meta_CATEGORY.json`` and the reviews beside it, packed or not.

    Reviews are ``CATEGORY_5.json`` (every user and item has five), ``CATEGORY.json``, or the ratings only,
    ``CATEGORY.csv``: item, user, rating, time, without a header.  Items without a title are left out with their
    reviews, and of two rows of one item the first is taken; both are counted.

    Raises:
        DataError: If a file is missing or a line cannot be read.
    """
    items, repeats = unique(_items(one_of(folder, _META, "metadata file of 2018")))
    path = one_of(folder, _REVIEWS, "reviews file of 2018")
    events, notes = titled(items, _ratings(path) if ".csv" in path.suffixes else _reviews(path))
    return checked(NAME, folder, items.values(), events, notes=notes + repeats)


def fetch(log: Log) -> Path:
    """Raises :class:`DataError`: a category must be named."""
    raise no_category(NAME, CATEGORIES)


def fetch_category(category: str, log: Log) -> Path:
    """Returns the cache folder with the 5-core reviews and the metadata of a category."""
    log(f"Amazon Review Data 2018, {category}. Licence: {LICENCE} {HOME}")
    urls = {
        f"meta_{category}.json.gz": f"{_BASE}/metaFiles2/meta_{category}.json.gz",
        f"{category}_5.json.gz": f"{_BASE}/categoryFilesSmall/{category}_5.json.gz",
    }
    return fetch_files(urls, cache_dir() / NAME / category, log=log)


def _items(path: Path) -> Iterator[Item]:
    meta: Any
    for _, meta in json_lines(path, _Meta):
        title = clean(meta.title)
        if not title:
            continue
        attributes = {"brand": clean(meta.brand)} if clean(meta.brand) else {}
        categories = [name for name in map(clean, meta.category or ()) if name]
        if categories:
            attributes["categories"] = "|".join(categories)
        yield Item(intern(meta.asin), title, attributes)


def _reviews(path: Path) -> Iterator[Event]:
    review: Any
    for number, review in json_lines(path, _Review):
        yield _event(path, number, review.reviewerID, review.asin, review.overall, review.unixReviewTime)


def _ratings(path: Path) -> Iterator[Event]:
    for number, fields in csv_rows(path):
        if len(fields) != 4:
            raise DataError(f"{path}:{number}: expected item, user, rating and time, without a header.")
        item_id, user_id, rating, time = fields
        yield _event(path, number, user_id, item_id, rating, time)


def _event(path: Path, number: int, user_id: str, item_id: str, rating: str | float, time: str | float) -> Event:
    try:
        return Event(intern(user_id), intern(item_id), seconds(time), stars(rating), Kind.RATING)
    except ValueError as error:
        raise DataError(f"{path}:{number}: rating or time cannot be read ({error}).") from None


DATASET = with_categories(
    Dataset(
        name=NAME,
        summary="Amazon reviews of 1996 to 2018, a category each: amazon-2018:Video_Games",
        licence=LICENCE,
        home=HOME,
        fetch=fetch,
        load=load,
    ),
    CATEGORIES,
    fetch_category,
)
