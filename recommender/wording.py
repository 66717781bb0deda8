"""Counts in sentences."""

from __future__ import annotations


def number_of(count: int, one: str, many: str = "") -> str:
    """A count and what it counts: ``1 user has``, ``1,200 users have``.

    Args:
        count: How many.
        one: The words after 1, such as ``user`` or ``user has``.
        many: The words after any other number; where it is empty, ``one`` with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
