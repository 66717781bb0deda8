"""Candidates that are put together whenever they are asked for, so that memory holds those of one user at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from recommender import Candidates, Item

Items = tuple[Item, ...]


class Later(Candidates):
    """Candidates of which there are too many to be kept for every user.

    Args:
        make: Puts them together; gives the same each time.
        size: How many there are.
    """

    __slots__ = ("_make", "_size")
    _make: Callable[[], Items]
    _size: int

    def __init__(self, make: Callable[[], Items], size: int, source: str) -> None:
        for name, value in (("_make", make), ("_size", size), ("source", source)):
            object.__setattr__(self, name, value)

    @property
    def items(self) -> Items:
        """All of them, made anew."""
        return self._make()

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Item]:
        return iter(self._make())
