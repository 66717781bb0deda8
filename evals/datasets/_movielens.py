"""What the MovieLens datasets have in common: their licence, and titles that end in a year."""

from __future__ import annotations

import re
from collections.abc import Iterable

from recommender import Item

LICENCE = (
    "GroupLens licence: research use only, acknowledge it, no redistribution, no commercial use without permission."
)
UNKNOWN = {"unknown", "unkonwn"}  # item 267 of ML-100K; RecBole's file has the typing error
NO_GENRES = "(no genres listed)"

_YEAR = re.compile(r"(?P<title>.*?)\s*\((?P<year>\d{4})\)(\s*\((V|TV)\))?")


def film(item_id: str, title: str, genres: Iterable[str]) -> Item:
    """Makes an item from a title that ends in its year, and of videos in ``(V)`` after it.

    ``year`` and ``genres`` (sorted, joined by ``|``) are attributes, left out where unknown.
    """
    title = title.strip()
    match = _YEAR.fullmatch(title)
    attributes = {"year": match["year"]} if match else {}
    known = sorted(genre for genre in genres if genre and genre != NO_GENRES and genre not in UNKNOWN)
    if known:
        attributes["genres"] = "|".join(known)
    name = match["title"] if match and match["title"] else title
    return Item(item_id, "unknown" if name in UNKNOWN else name, attributes)
