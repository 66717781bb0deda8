"""What strategies share that are made of other strategies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, SerializeAsAny, model_validator

from backends import ConfigurationError

from . import STRATEGIES
from .base import StrategyOptions

OF_PARTS = ("template", "prompt_tokens", "role", "recency", "demonstrations", "evidence", "reasoning")
"""Options that say how to ask, and so belong to the parts."""


def _parsed(data: Any) -> Any:
    """Checks the options of a part by its own kind."""
    if isinstance(data, str):
        data = {"kind": data}
    if not isinstance(data, Mapping) or not isinstance(data.get("kind"), str):
        return data
    try:
        kind = data["kind"]
        options = StrategyOptions if kind == "auto" else STRATEGIES.load(kind).options
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return options.model_validate(dict(data))


Part = Annotated[SerializeAsAny[StrategyOptions], BeforeValidator(_parsed)]
"""The options of any strategy, or its name alone."""


class CompositeOptions(StrategyOptions):
    """Options of a strategy that is made of others."""

    @model_validator(mode="after")
    def _leave_wording_to_the_parts(self) -> Self:
        for name in OF_PARTS:
            if getattr(self, name):
                raise ValueError(f"{self.kind} asks nothing itself, so {name} belongs to its parts")
        if any(part.explanations for part in parts_of(self)):
            raise ValueError(
                f"{self.kind} makes one ranking of its parts, so explanations belongs to it and to no part"
            )
        return self


def parts_of(options: StrategyOptions) -> tuple[StrategyOptions, ...]:
    """The options of the strategies that a strategy is made of; none for most."""
    return (*getattr(options, "strategies", ()), *getattr(options, "stages", ()))
