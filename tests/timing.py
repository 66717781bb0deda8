"""How work grows with its input: ratios within one run, never seconds."""

from __future__ import annotations

import time
from collections.abc import Callable


def growth(work: Callable[[int], object], small: int, large: int) -> float:
    """CPU time of ``work(large)`` over that of ``work(small)``, each the best of three."""

    def best(size: int) -> float:
        times = []
        for _ in range(3):
            started = time.process_time()
            work(size)
            times.append(time.process_time() - started)
        return min(times)

    return best(large) / max(best(small), 5e-3)  # what takes no time at all grows by chance
