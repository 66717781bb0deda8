"""Sorts by questions to a model: a heap whose nodes are compared with all their children at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from backends import Request, Response

Best = Generator[Sequence[Request], Sequence[Response], int]
"""Asks which of a few is best, and returns its place among them."""
Sorted = Generator[Sequence[Request], Sequence[Response], list[int]]


def heapsort(n: int, top: int, arity: int, best: Callable[[Sequence[int]], Best]) -> Sorted:
    """Returns the ``top`` of the numbers below ``n``, best first.

    Args:
        n: How many there are.
        top: How many are wanted.
        arity: Children of a node.
        best: Compares a node (first) with its children; the node should win where nothing can be told.
    """
    heap = list(range(n))

    def sink(at: int, end: int) -> Generator[Sequence[Request], Sequence[Response], None]:
        while (first := arity * at + 1) < end:
            family = [at, *range(first, min(first + arity, end))]
            chosen = family[(yield from best([heap[place] for place in family]))]
            if chosen == at:
                return
            heap[at], heap[chosen] = heap[chosen], heap[at]
            at = chosen

    for at in reversed(range((n - 2) // arity + 1)):
        yield from sink(at, n)
    for end in range(n - 1, max(n - top, 0) - 1, -1):
        heap[0], heap[end] = heap[end], heap[0]
        if end > n - top:
            yield from sink(0, end)
    return heap[n - top :][::-1]
