"""Numbers of things in the sentences that people read."""

from __future__ import annotations


def number_of(count: int, noun: str) -> str:
    """Says how many: ``1 user``, ``2 users``.  The noun is one whose plural ends in s."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
