"""Orders a long list by windows that slide from its end to its beginning (RankGPT, Sun et al., arXiv 2304.09542)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from backends import Request, Response

from ..types import Item

Order = Generator[Sequence[Request], Sequence[Response], list[Item]]


def windows(n: int, size: int, step: int) -> list[tuple[int, int]]:
    """Returns (first, end) of each window in the order asked: the last one of the list first."""
    found = [(max(0, n - size), n)]
    while found[-1][0] > 0:
        end = found[-1][1] - step
        found.append((max(0, end - size), end))
    return found


def slide(items: Sequence[Item], size: int, step: int, order: Callable[[Sequence[Item]], Order]) -> Order:
    """Orders each window by ``order``; the best of one window move on into the next.

    Args:
        items: Best first, as far as anybody knows.
        size: Items of a window.
        step: How far a window moves; the others of its items are compared again.
        order: Describes the requests that order one window, and returns it ordered.
    """
    places = list(items)
    for first, end in windows(len(places), size, step):
        places[first:end] = yield from order(places[first:end])
    return places
