"""How far a run is: a bar on a terminal, elsewhere one plain line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from backends import Usage

EVERY = 30.0
"""Seconds between plain lines."""
THROTTLE = 0.1
"""Seconds between updates of the bar."""


class Progress:
    """Counts users, failures and tokens.  Writes to the standard error.

    Args:
        total: Users to come.
        what: Said before the count.
    """

    def __init__(self, total: int, what: str = "users") -> None:
        self._total = total
        self._what = what
        self._done = self._failed = 0
        self._usage = Usage()
        self._started = self._shown = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and self._total:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self._bar = Bar(
                *columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True)
            )
            self._task = self._bar.add_task(self._what, total=self._total, note="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, note=self._note())
            self._bar.stop()

    def advance(self, *, failed: bool, usage: Usage) -> None:
        """One user is done."""
        self._done += 1
        self._failed += failed
        self._usage += usage
        now = time.monotonic()
        if self._bar is not None:
            if now - self._shown >= THROTTLE:
                self._shown = now
                self._bar.update(self._task, completed=self._done, note=self._note())
        elif now - self._shown >= EVERY:
            self._shown = now
            left = (now - self._started) / self._done * (self._total - self._done)
            sys.stderr.write(f"{self._done} of {self._total} {self._what}, {self._note()}, about {left:.0f} s left\n")
            sys.stderr.flush()

    def _note(self) -> str:
        rate = self._done / max(time.monotonic() - self._started, 1e-9)
        tokens = self._usage.prompt_tokens + self._usage.completion_tokens
        spend = f", ${self._usage.usd:.2f}" if self._usage.usd else ""
        return f"{rate:.1f}/s, {self._failed} failed, {tokens:,} tokens{spend}"
