"""What a batch job is, and what carries it through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backends import Registry

from ..config import Config

BATCH_ENGINES = Registry(
    noun="batch engine",
    package="recommender.batch.engines",
    attribute="BATCH_ENGINE",
    group="promptrec.batch_engines",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Users to recommend to.

    Attributes:
        users: A Parquet file, or a folder of them, with ``user_id``, ``history`` (item ids, oldest first) and perhaps
            ``candidates`` (item ids).
        catalog: Takes the place of the config's own.
        out: Folder of the job; see :mod:`recommender.batch.folder`.
        k: Recommendations for each user.
        partition: Users in one file of rankings, which is also what is done again where it was not finished.
        include_seen: Recommend items of the history too.
        wave: Users at a time where requests travel in files; what they are asked next waits for all of them.
        command: What runs vLLM on a file.
        poll: Seconds between two looks at a batch, at first; None for the engine's own.
        quiet: Seconds without a further request after which a file is sent off.
        workers: Processes of Ray; None for as many as the folder began with, else one a node.
        gpus: GPUs of each of them.
        address: Where the Ray cluster is; None for ``RAY_ADDRESS``, else one of its own on this machine.
    """

    users: Path
    config: Config
    out: Path
    catalog: Path | None = None
    k: int = 10
    partition: int = 1_000
    include_seen: bool = False
    wave: int = 20_000
    command: tuple[str, ...] = ("vllm", "run-batch")
    poll: float | None = None
    quiet: float = 2.0
    workers: int | None = None
    gpus: float = 0.0
    address: str | None = None

    def partitions(self, users: int) -> int:
        """Number of partitions of so many users."""
        return -(-users // self.partition)

    def span(self, part: int, users: int) -> range:
        """Numbers of a partition's users, of so many in all."""
        return range(part * self.partition, min((part + 1) * self.partition, users))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What all sessions of a job came to; ``usable`` users have recommendations, ``outcomes`` is a partition of all."""

    users: int
    usable: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEngine:
    """What one file in ``recommender/batch/engines`` defines as ``BATCH_ENGINE``.

    Attributes:
        summary: One line for lists.
        run: Carries a job through, from where an earlier session left it.
    """

    summary: str
    run: Callable[[Job], Awaitable[Summary]]
