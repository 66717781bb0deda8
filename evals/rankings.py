"""Reads ``rankings.jsonl`` at random, with only the offsets of its lines in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from backends import Usage

from .errors import RunError
from .offsets import Offsets


class RankedId(msgspec.Struct, frozen=True):
    """A place of a ranking; ``by_model`` is False in the filled tail."""

    item_id: str
    score: float | None = None
    by_model: bool = True


class Row(msgspec.Struct):
    """One user's ranking by one system.

    Attributes:
        seconds: None where nothing was asked.
        usage: All that it took to get there, earlier tries included.
    """

    user_id: str
    status: str
    outcome: str
    items: list[RankedId]
    seconds: float | None = None
    usage: Usage = Usage()

    @property
    def own(self) -> tuple[str, ...]:
        """What the system itself ranked, best first."""
        return tuple([item.item_id for item in self.items if item.by_model])


class _Head(msgspec.Struct):
    user_id: str
    usage: Usage = Usage()
    system: str = ""
    trial: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The users of a file of rankings, without those who are to be asked again."""

    offsets: Offsets
    again: frozenset[str]

    def __contains__(self, user_id: object) -> bool:
        return isinstance(user_id, str) and user_id not in self.again and self.offsets.find(user_id) is not None

    def __len__(self) -> int:
        return len(self.offsets) - len(self.again)


@dataclass(slots=True)
class _Lines:
    """Of one system and trial: where each user's latest line is, what earlier ones cost, whom to ask again."""

    offsets: Offsets = field(default_factory=Offsets)
    earlier: dict[str, Usage] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)


class Rankings:
    """The rankings of a run folder, as they stood when this was opened.

    A later line of a user takes the place of an earlier one; torn lines are passed over, and their users ranked again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[tuple[str, str], _Lines] = {}
        self._spent: dict[str, Usage] = {}
        decode = msgspec.json.Decoder(_Head).decode
        self._file = path.open("rb")
        offset = 0
        for line in self._file:
            with contextlib.suppress(ValueError):
                self._note(decode(line), offset)
            offset += len(line)
        for lines in self._lines.values():
            for taken in lines.offsets.settle():
                head = self._head(taken)
                lines.earlier[head.user_id] = lines.earlier.get(head.user_id, Usage()) + head.usage

    def _note(self, head: _Head, offset: int) -> None:
        self._spent[head.system] = self.spent_by(head.system) + head.usage
        lines = self._lines.setdefault((head.system, head.trial), _Lines())
        lines.offsets.add(head.user_id, offset)
        (lines.again.add if head.again else lines.again.discard)(head.user_id)

    def _head(self, offset: int) -> _Head:
        self._file.seek(offset)
        return msgspec.json.decode(self._file.readline(), type=_Head)

    @property
    def systems(self) -> tuple[str, ...]:
        """Systems with rankings, in the order of the file."""
        return tuple(dict.fromkeys(system for system, _ in self._lines))

    @property
    def spent(self) -> Usage:
        """What all lines together took."""
        return reduce(add, self._spent.values(), Usage())

    def spent_by(self, system: str) -> Usage:
        """What all lines of a system took."""
        return self._spent.get(system, Usage())

    def trials(self, system: str) -> tuple[str, ...]:
        """Trials of a system; the first has an empty name."""
        return tuple(trial for name, trial in self._lines if name == system)

    def done(self, system: str, trial: str = "") -> Done:
        """Users with a ranking that stands."""
        lines = self._lines.get((system, trial), _Lines())
        return Done(lines.offsets, frozenset(lines.again))

    def rows(self, system: str, user_ids: Iterable[str], trial: str = "") -> Iterator[Row]:
        """Reads the rankings of some users, in their order.

        Raises:
            RunError: If one has none.
        """
        lines = self._lines.get((system, trial), _Lines())
        decode = msgspec.json.Decoder(Row).decode
        for user_id in user_ids:
            offset = lines.offsets.find(user_id)
            if offset is None:
                raise RunError(
                    f"{self._path}: {system} has no ranking of a user of this run; carry the run through first."
                )
            self._file.seek(offset)
            row = decode(self._file.readline())
            if row.user_id != user_id:
                raise RunError(f"{self._path}: two users share a hash; start the same command again.")
            if user_id in lines.earlier:
                row.usage = lines.earlier[user_id] + row.usage
            yield row

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
