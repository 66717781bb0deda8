"""A Ray cluster of several nodes on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STORE_BYTES = 80 << 20


@contextmanager
def cluster(machines: int) -> Iterator[Any]:
    """A head that works on nothing, and machines with one CPU each."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    started = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False},
    )
    try:
        for _ in range(machines):
            machine(started)
        yield started
    finally:
        started.shutdown()


def machine(started: Any) -> Any:
    """One more machine."""
    return started.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
