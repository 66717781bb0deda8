"""MIND: news, what readers clicked, and the slates in which they did.

Wu et al., "MIND: A Large-scale Dataset for News Recommendation", ACL 2020.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from sys import intern

from backends import cache_dir
from recommender import Item, Kind, number_of

from ..errors import DataError
from ._files import fetch_zip, holds, rows
from ._table import checked, unique
from .base import Dataset, Event, Impression, Interactions, Log

NAME = "mind"
LICENCE = "Microsoft Research License Terms: research use only, no redistribution."
HOME = "https://msnews.github.io/"
PARTS = {"small-train": "MINDsmall_train", "small-dev": "MINDsmall_dev",
         "large-train": "MINDlarge_train", "large-dev": "MINDlarge_dev"}  # fmt: skip

_BASE = "https://recodatasets.z20.web.core.windows.net/newsrec"
_FILES = ("news.tsv", "behaviors.tsv")
_TIME = "%m/%d/%Y %I:%M:%S %p"


def load(folder: Path) -> Interactions:
    """Reads ``news.tsv`` and ``behaviors.tsv``.

    Every line of ``behaviors.tsv`` becomes an impression.  A user's events are the history of their first line and then
    what they clicked, by time; the histories have no times, so no event has one.  Impressions without a click or of
    news that ``news.tsv`` lacks are left out, and counted.

    Raises:
        DataError: If a file is missing or a line cannot be read.
    """
    if not holds(folder, _FILES):
        raise DataError(f"{folder}: {' and '.join(_FILES)} are not both there; name the folder that holds them.")
    items, repeats = unique(_items(folder / "news.tsv"))
    impressions, notes = [], list(repeats)
    without_click = unknown = 0
    for one in _impressions(folder / "behaviors.tsv"):
        if not {*one.history, *one.shown} <= items.keys():
            unknown += 1
        elif not one.clicked:
            without_click += 1
        else:
            impressions.append(one)
    if without_click:
        notes.append(f"Left out: {number_of(without_click, 'impression')} without a click.")
    if unknown:
        notes.append(f"Left out: {number_of(unknown, 'impression')} of news without a title in news.tsv.")
    impressions.sort(key=lambda one: one.time)
    return checked(
        NAME, folder, items.values(), _events(impressions), impressions=tuple(impressions), notes=tuple(notes)
    )


def fetch(log: Log) -> Path:
    """Raises :class:`DataError`: a part must be named."""
    raise DataError(f"MIND has {len(PARTS)} parts; name one of {', '.join(f'{NAME}:{part}' for part in PARTS)}.")


def fetch_part(part: str, log: Log) -> Path:
    """Returns the cache folder with the two files of a part.  Microsoft publishes no checksum."""
    folder = cache_dir() / NAME / part
    if not holds(folder, _FILES):
        log(f"MIND {part}. {LICENCE} {HOME}")
    return fetch_zip(f"{_BASE}/{PARTS[part]}.zip", folder, {name: name for name in _FILES}, log=log)


def _items(path: Path) -> Iterator[Item]:
    for number, fields in rows(path):
        if len(fields) < 5:
            raise DataError(f"{path}:{number}: expected news id, category, subcategory, title and abstract.")
        news_id, category, subcategory, title, abstract = (field.strip() for field in fields[:5])
        attributes = {"category": category, "subcategory": subcategory, "abstract": abstract}
        if title:
            yield Item(intern(news_id), title, {name: value for name, value in attributes.items() if value})


def _impressions(path: Path) -> Iterator[Impression]:
    for number, fields in rows(path):
        try:
            impression_id, user_id, time, history, slate = fields
            when = datetime.strptime(time, _TIME).replace(tzinfo=UTC).timestamp()
            shown, clicked = _slate(slate)
        except ValueError as error:
            raise DataError(
                f"{path}:{number}: expected impression, user, time, history and a slate such as N1-0 N2-1 ({error})."
            ) from None
        yield Impression(
            impression_id=impression_id,
            user_id=intern(user_id),
            time=when,
            history=tuple(map(intern, history.split())),
            shown=tuple(dict.fromkeys(shown)),
            clicked=frozenset(clicked),
        )


def _slate(text: str) -> tuple[list[str], list[str]]:
    shown, clicked = [], []
    for entry in text.split():
        news_id, dash, label = entry.rpartition("-")
        if not dash or label not in {"0", "1"}:
            raise ValueError(f"{entry!r} has no label 0 or 1")
        shown.append(intern(news_id))
        if label == "1":
            clicked.append(intern(news_id))
    return shown, clicked


def _events(impressions: Sequence[Impression]) -> Iterator[Event]:
    started: set[str] = set()
    for one in impressions:
        if one.user_id not in started:
            started.add(one.user_id)
            yield from (Event(one.user_id, news_id, None, None, Kind.CLICK) for news_id in one.history)
        yield from (
            Event(one.user_id, news_id, None, None, Kind.CLICK) for news_id in one.shown if news_id in one.clicked
        )


def _part(part: str) -> Dataset:
    name = f"{NAME}:{part}"

    def named(folder: Path) -> Interactions:
        return replace(load(folder), name=name)

    return replace(DATASET, name=name, fetch=lambda log: fetch_part(part, log), load=named, parts=(), part=None)


DATASET = Dataset(
    name=NAME,
    summary="MSN news of 2019 with clicks and the slates that were shown: mind:small-dev",
    licence=LICENCE,
    home=HOME,
    fetch=fetch,
    load=load,
    parts=tuple(PARTS),
    part=_part,
)
