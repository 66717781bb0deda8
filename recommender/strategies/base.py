"""What a ranking strategy is: a pure description of which requests to make and how to read the answers.

A strategy never talks to a server.  :meth:`Strategy.rank` is a generator that yields batches of requests and receives
their responses in the same order; it ends by returning a :class:`~recommender.types.Ranking`.  So each strategy can be
tested with a dictionary of answers, runs alike on every backend, and many users' strategies share one backend.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backends import Capability, Request, Response

from ..catalog import Catalog
from ..grounding import Grounder
from ..types import Ranking, Task

Steps = Generator[Sequence[Request], Sequence[Response], Ranking]
"""Yields batches of requests (independent of each other), receives their responses, returns the ranking.

Where a request failed, its :class:`backends.BackendError` is raised at the ``yield``; most strategies let it pass.
"""


class DemonstrationOptions(BaseModel):
    """Examples of what somebody chose next, shown before the person's own history.

    Attributes:
        kind: ``own`` takes the person's own newest steps (in-context learning of LLMRank, arXiv 2305.08845), ``random``
            the same few people for everybody, ``similar`` people who share the most items with the person.
        count: How many examples.
        length: Newest items of each.
        file: JSON lines with a ``history`` of item ids, oldest first, for ``random`` and ``similar``.  Give histories
            of the training period.  Whoever has four fifths of the person's items is taken for the person and left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["own", "random", "similar"] = "own"
    count: int = Field(default=1, ge=1, le=50, strict=True)
    length: int = Field(default=10, ge=1, le=1000, strict=True)
    file: Path | None = None

    @model_validator(mode="after")
    def _people_need_a_file(self) -> Self:
        if (self.kind == "own") != (self.file is None):
            raise ValueError(f"kind: {self.kind} takes {'no' if self.kind == 'own' else 'a'} file of other people")
        return self


class StrategyOptions(BaseModel):
    """The ``strategy:`` block of a config.  Strategies extend it.

    Attributes:
        kind: Which strategy; ``auto`` takes the best way that the backend can do.
        template: Name of the template, in place of the strategy's own.
        prompt_tokens: Tokens that a prompt may have; the oldest history beyond is left out.  None takes the engine's
            context where it is known.
        role: Words that tell the model who it is, e.g. ``You are a film critic.``
        recency: Point out the newest item of the history (LLMRank, arXiv 2305.08845).
        demonstrations: Examples of what somebody chose next.
        evidence: A first stage whose rank is shown with each candidate.
        reasoning: Let the model think in a request of its own before each answer.
        reasoning_tokens: Cap on those thoughts.
        permutations: How many orders of the candidates are asked and merged (arXiv 2310.07712).
        explanations: For how many of the top items the model is asked why.
        diversity: Weight from 0 to 1 of variety against relevance in a last re-ranking (MMR).
        popularity_calibration: Weight from 0 to 1 of staying near the popularity of the person's own history.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    template: str | None = None
    prompt_tokens: int | None = Field(default=None, ge=1, strict=True)
    role: str | None = Field(default=None, min_length=1, max_length=1000)
    recency: bool = Field(default=False, strict=True)
    demonstrations: DemonstrationOptions | None = None
    evidence: str | None = None
    reasoning: bool = Field(default=False, strict=True)
    reasoning_tokens: int = Field(default=256, ge=1, strict=True)
    permutations: int = Field(default=1, ge=1, le=100, strict=True)
    explanations: int = Field(default=0, ge=0, strict=True)
    diversity: float = Field(default=0.0, ge=0, le=1, strict=True)
    popularity_calibration: float = Field(default=0.0, ge=0, le=1, strict=True)


class Domain(BaseModel):
    """Words that make one template serve every field.

    Attributes:
        item: What an item is called: movie, product, article.
        plural: The same for several, where English's own rule is wrong.
        verb: What users did with it, as a past participle: watched, bought, read.
        language: Language of the prompt, as in the templates' file names.
        show: Item attributes that prompts show after each title, e.g. ``[year, genres]``, where the template has a
            place for them; ``likelihood`` has none.
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
        backend: The backend's kind, for messages.
        capabilities: What the backend can do; a strategy may pick the best way among several.
        templates: The user's own folder of templates, searched first.
        catalog: All items; None where there is no catalogue.
        grounder: Maps what a model wrote to items of the whole catalogue; None where there is no catalogue.
        folder: Where relative paths of the config start.
        context_tokens: Tokens that prompt and answer may have together; None where that is not known.
    """

    domain: Domain = field(default_factory=Domain)
    backend: str = "given"
    capabilities: frozenset[Capability] = frozenset()
    templates: Path | None = None
    catalog: Catalog | None = None
    grounder: Grounder | None = None
    folder: Path = field(default_factory=Path)
    context_tokens: int | None = None
    seed: int = 2026


class Strategy(Protocol):
    """A way to turn a task into requests and their answers into a ranking."""

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template in use; several are joined by ``+``."""
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
        calls: Requests for one user with n candidates, in words.
        reads: What is read of the answers: log-probabilities, labels, titles.
        create: Builds the strategy from its options and setting.
        side_by_side: Prompts show several candidates, so their order may matter.
        whole_catalog: Without candidates of a caller, everything in the catalogue is a candidate.
    """

    summary: str
    options: type[StrategyOptions]
    requires: tuple[frozenset[Capability], ...]
    calls: str
    reads: str
    create: Callable[[Any, Setting], Strategy]
    side_by_side: bool = True
    whole_catalog: bool = False
