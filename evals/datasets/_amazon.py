"""What both layouts of Amazon Reviews have in common."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import DataError
from .base import Dataset, Interactions, Log

_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]{1,200}>")
_SCRIPT = "var aPageStart"  # what the crawler of 2018 took for a title where the page had none


def clean(title: str | None) -> str:
    """Returns a title without entities, tags and runs of white space; empty where there is none."""
    if not title or title.lstrip().startswith(_SCRIPT):
        return ""
    return _SPACE.sub(" ", _TAG.sub(" ", html.unescape(title))).strip()


def with_categories(dataset: Dataset, categories: Sequence[str], fetch_category: Callable[[str, Log], Path]) -> Dataset:
    """Returns the dataset with a part for each category."""

    def part(category: str) -> Dataset:
        name = f"{dataset.name}:{category}"

        def load(folder: Path) -> Interactions:
            return replace(dataset.load(folder), name=name)

        return replace(
            dataset, name=name, fetch=lambda log: fetch_category(category, log), load=load, parts=(), part=None
        )

    return replace(dataset, parts=tuple(categories), part=part)


def no_category(name: str, categories: Sequence[str]) -> DataError:
    """Says how a category is named."""
    return DataError(f"{name} has {len(categories)} categories; name one, such as {name}:Video_Games, or a folder.")
