"""Catalogue coverage: the share of the items offered to anybody that stand in somebody's first k (Ge et al., 2010)."""

from __future__ import annotations

from ._lists import exposure, top
from ._shelf import Places, Shelf
from .base import Metric


def _reduce(lists: Places, shelf: Shelf) -> float:
    counts = exposure(lists, shelf)
    return float((counts > 0).mean()) if len(counts) else float("nan")


METRIC = Metric(
    summary="share of the items offered that stand in somebody's first k",
    cut=True,
    values=top,
    about="lists",
    reduce=_reduce,
)
