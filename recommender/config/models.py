"""The config as types: one model per block."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SerializeAsAny, field_serializer

from backends import BackendOptions

from ..strategies.base import Domain, StrategyOptions
from .document import Document


class Block(BaseModel):
    """A block of the config: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BudgetOptions(Block):
    """Where spending stops hard; None is no limit.

    Attributes:
        requests: Requests that are sent, retries among them.
        tokens: Prompt and generated tokens.
        usd: Dollars, by known prices.
    """

    requests: int | None = Field(default=None, ge=1, strict=True)
    tokens: int | None = Field(default=None, ge=1, strict=True)
    usd: float | None = Field(default=None, gt=0, strict=True)


class FirstStageOptions(Block):
    """Who picks the candidates where none are given.

    Attributes:
        kind: ``auto`` takes popularity where the catalogue has a numeric ``popularity`` column, else BM25.
        size: How many candidates are picked.
    """

    kind: str = "auto"
    size: int = Field(default=20, ge=1, strict=True)


class PrivacyOptions(Block):
    """What of a person's data a prompt may hold.

    Attributes:
        share: Fields of an interaction that prompts may show.  ``text`` is a search's query or a review; ``time`` is
            never finer than a day.  Without ``title`` no item of a history is shown.
        redact: Take e-mail addresses, phone numbers, keys and the like out of free text: ``context``, ``text``, and
            titles of a history that the catalogue does not have.
    """

    share: frozenset[Literal["title", "kind", "rating", "text", "time"]] = frozenset({"title", "kind"})
    redact: bool = Field(default=True, strict=True)

    @field_serializer("share")
    def _in_order(self, share: frozenset[str]) -> list[str]:
        return sorted(share)


class Config(Block):
    """A recommender: which model, asked how, over which items.

    Attributes:
        name: Of its row in tables; by default the stem of its file.
        backend: What answers: a kind and its options.
        strategy: How a ranking is got out of the model: a kind and its options.
        catalog: The items: a ``.csv``, ``.tsv`` or ``.jsonl`` file with ``item_id`` and ``title``.
        domain: Words that make the templates fit the field.
        first_stage: Who picks the candidates where none are given.
        budget: Where spending stops hard.
        privacy: What of a person's data a prompt may hold.
        seed: Of all that is drawn.
        templates: Folder of the user's own templates, searched before the shipped ones.
        cache: File of the response cache; None keeps no cache.
        local_only: Refuse any backend address that is not on this machine.
    """

    name: str = "recommender"
    backend: SerializeAsAny[BackendOptions]
    strategy: SerializeAsAny[StrategyOptions] = StrategyOptions(kind="auto")
    catalog: Path | None = None
    domain: Domain = Domain()
    first_stage: FirstStageOptions = FirstStageOptions()
    templates: Path | None = None
    cache: Path | None = None
    budget: BudgetOptions = BudgetOptions()
    local_only: bool = Field(default=False, strict=True)
    privacy: PrivacyOptions = PrivacyOptions()
    seed: int = Field(default=2026, ge=0, strict=True)
    _document: Document | None = PrivateAttr(default=None)
    _folder: Path = PrivateAttr(default_factory=Path)

    @property
    def folder(self) -> Path:
        """Where relative paths start: the folder of the config's file."""
        return self._folder

    def place(self, *path: str) -> str:
        """Where a key stands, as ``file:line``; ``config`` where the config did not come from a file."""
        return self._document.place(path) if self._document is not None else "config"
