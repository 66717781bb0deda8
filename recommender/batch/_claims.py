"""Which worker has which partition: handed out one by one, so that none waits for a slow worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from backends import StorageError

from ..errors import InputError
from ._shares import parts_of


def journal_of(worker: int) -> str:
    """Name of a worker's journal."""
    return f"worker-{worker:05}.jsonl"


class Claims:
    """For each partition that was begun, a link to the journal that has its answers.

    A link is there whole or not at all, and of all who would make it one does, on a disk that several machines see too.

    Args:
        folder: Where the journals are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def owner(self, part: int) -> int | None:
        """Number of the worker that began a partition.

        Raises:
            InputError: If something else is in its place.
        """
        link = self._link(part)
        try:
            name = link.readlink().name
        except FileNotFoundError:
            return None
        except OSError:
            name = ""
        number = name.removeprefix("worker-").removesuffix(".jsonl")
        if not number.isdecimal() or journal_of(int(number)) != name:
            raise InputError(f"{link}: is no link to a worker's journal; restore it, or give another folder.")
        return int(number)

    def take(self, part: int, worker: int) -> bool:
        """Gives a partition to a worker, unless somebody has it.

        Raises:
            backends.StorageError: If the link cannot be made.
        """
        link = self._link(part)
        try:
            link.symlink_to(journal_of(worker))
        except FileExistsError:
            return False
        except OSError as error:
            raise StorageError(f"{link} cannot be made: {error.strerror}.", hint="Start the same job again.") from error
        return True

    def _link(self, part: int) -> Path:
        return self._folder / f"part-{part:05}"


def handed_out(
    claims: Claims, waiting: Sequence[int], *, worker: int, workers: int, partitions: int, helping: bool = True
) -> Iterator[int]:
    """Yields one worker's partitions; the next one is chosen when it is asked for.

    First those that it began in an earlier session, since its journal has answers of theirs; then its share from the
    front, neighbours that are read together; then what is left of others' shares from the back, where they come last.

    Args:
        claims: Of the job.
        waiting: Numbers of the partitions that are not there.
        worker: Whose.
        workers: All there are.
        partitions: Likewise.
        helping: Take over from others, too.
    """
    yield from [part for part in waiting if claims.owner(part) == worker]
    left = set(waiting)
    for step in range(workers if helping else 1):
        share = parts_of((worker + step) % workers, workers, partitions)
        for part in share if step == 0 else reversed(share):
            if part in left and claims.take(part, worker):
                yield part


def busy_workers(
    claims: Claims, waiting: Sequence[int], *, workers: int, partitions: int, helping: bool = True
) -> list[int]:
    """Numbers of the workers that have something to do: no more than there are partitions for."""
    owners = {part: claims.owner(part) for part in waiting}
    begun = {owner for owner in owners.values() if owner is not None}
    free = [part for part, owner in owners.items() if owner is None]
    fresh = [number for number in range(workers) if number not in begun]
    own = [number for number in fresh if any(part in parts_of(number, workers, partitions) for part in free)]
    others = [number for number in fresh if number not in own] if helping else []
    return sorted([*begun, *[*own, *others][: len(free)]])
