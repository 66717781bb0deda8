"""Small data of which it is known what can be learned."""

from __future__ import annotations

import numpy as np

from evals.datasets import Event, Interactions
from recommender import Catalog, Item


def two_tribes(users: int = 40) -> Interactions:
    """Even users touch the items from 0 to 9 and odd ones those from 10 to 19; 20 to 29 are for nobody."""
    rng = np.random.default_rng(0)
    events = []
    for u in range(users):
        for t, n in enumerate(rng.permutation(10)[:6]):
            events.append(Event(f"u{u:02d}", f"i{n + 10 * (u % 2)}", float(t)))
    words = ("red", "blue", "grey")
    items = Catalog(Item(f"i{n}", f"{words[n // 10]} film {n}") for n in range(30))
    return Interactions(name="two tribes", items=items, events=tuple(events))


def circle(users: int = 60) -> Interactions:
    """After item n comes item n + 1: only the order tells what is next."""
    items = Catalog(Item(f"i{n}", f"word{n}") for n in range(12))
    events = [Event(f"u{u:02d}", f"i{(u + t) % 12}", float(t)) for u in range(users) for t in range(5)]
    return Interactions(name="circle", items=items, events=tuple(events))
