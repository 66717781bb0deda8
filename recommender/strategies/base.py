"""What a ranking strategy is: a pure description of which requests to make and how to read the answers.

A strategy never talks to a server.  :meth:`Strategy.rank` is a generator that yields batches of requests and receives
their responses in the same order; it ends by returning a :class:`~recommender.types.Ranking`.  So each strategy can be
tested with a dictionary of answers, runs alike on every backend, and many users' strategies share one backend.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from backends import Capability, Request, Response

from ..grounding import Grounder
from ..types import Ranking, Task

Steps = Generator[Sequence[Request], Sequence[Response], Ranking]
"""Yields batches of requests (independent of each other), receives their responses, returns the ranking."""


class StrategyOptions(BaseModel):
    """The ``strategy:`` block of a config.  Strategies extend it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    template: str | None = None


class Domain(BaseModel):
    """Words that make one template serve every field.

    Attributes:
        item: What an item is called: movie, product, article.
        plural: The same for several, where English's own rule is wrong.
        verb: What users did with it, as a past participle: watched, bought, read.
        language: Language of the prompt, as in the templates' file names.
        show: Item attributes that prompts show after each title, e.g. ``[year, genres]``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: str = "item"
    plural: str | None = None
    verb: str = "chosen"
    language: str = "en"
    show: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a strategy is built in.

    Attributes:
        capabilities: What the backend can do; a strategy may pick the best way among several.
        templates: The user's own folder of templates, searched first.
        grounder: Maps what a model wrote to items of the whole catalogue; None where there is no catalogue.
    """

    domain: Domain = field(default_factory=Domain)
    capabilities: frozenset[Capability] = frozenset()
    templates: Path | None = None
    grounder: Grounder | None = None
    seed: int = 2026


class Strategy(Protocol):
    """A way to turn a task into requests and their answers into a ranking."""

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template in use."""
        ...

    def rank(self, task: Task) -> Steps:
        """Describes the requests for one task; see :data:`Steps`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyKind:
    """What one file in ``recommender/strategies`` defines as ``STRATEGY``.

    Attributes:
        summary: One line for lists, with the paper.
        requires: Capabilities of which the backend must have at least one set, best first.
        create: Builds the strategy from its options and setting.
    """

    summary: str
    options: type[StrategyOptions]
    requires: tuple[frozenset[Capability], ...]
    create: Callable[[Any, Setting], Strategy]
