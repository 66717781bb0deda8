"""The options every backend has, and how a kind of backend describes itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from .base import Backend, Capability


class BackendOptions(BaseModel):
    """The ``backend:`` block of a config.  Engines extend it with what only they have.

    Attributes:
        kind: Which engine.
        model: Model name, path or Hub name, as the engine understands it; None for the engine's default.
        concurrency: Requests in flight.
        attempt_timeout: Seconds, TOTAL time of one attempt.
        deadline: Seconds, one request with all its attempts and waits.
        max_attempts: Attempts of one request.
        requests_per_minute: Ceiling that slows the run; None for no ceiling.
        tokens_per_minute: Likewise, over prompt and generated tokens.
        free: No option: whether answers of this kind cost no money, so that a budget in dollars holds without a price.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    free: ClassVar[bool] = False

    kind: str
    model: str | None = None
    concurrency: int = Field(default=32, ge=1, le=4096, strict=True)
    attempt_timeout: float = Field(default=60.0, gt=0)
    deadline: float = Field(default=300.0, gt=0)
    max_attempts: int = Field(default=5, ge=1, le=100, strict=True)
    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a config says outside its ``backend:`` block that an engine must know.

    Attributes:
        folder: Relative paths in the options start here.
        local_only: Refuse any address that is not on this machine.
        seed: Seed of the run.
    """

    folder: Path = Path()
    local_only: bool = False
    seed: int = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A kind of backend: what one file in ``backends/engines`` defines as ``ENGINE``.

    Attributes:
        summary: One line for lists.
        options: The options it takes.
        create: Makes the bare backend; must be quick (no model is loaded, no socket opened) and import its heavy
            dependencies itself.
        capabilities: All that backends of this kind can do, with the right options and model.
        needs: Import name of what must be installed beside the core, and the extra that brings it.
        key_env: Environment variable that usually holds its key; None where there is none.
    """

    summary: str
    options: type[BackendOptions]
    create: Callable[[Any, Surroundings], Backend]
    capabilities: frozenset[Capability] = frozenset()
    needs: tuple[str, str] | None = None
    key_env: str | None = None

    def missing(self) -> str | None:
        """What to install before this engine can be used, in a sentence; None if nothing is missing."""
        if self.needs is None or importlib.util.find_spec(self.needs[0]) is not None:
            return None
        return f"{self.needs[0]} is not installed; install it: pip install 'promptrec[{self.needs[1]}]'."
