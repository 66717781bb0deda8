"""What tokens cost.  An unknown price is unknown, never nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from .base import Backend, Identity, Request, Response, Usage, send
from .errors import BackendError
from .layer import Layer

AS_OF = "2026-11-24"
"""The day on which the table below agreed with genai-prices 0.2.3; a run's manifest should name it.

Providers change prices: ``backend.price`` wins.
"""

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Dollars for a million tokens; ``cached`` is for prompt tokens that the provider's cache held."""

    prompt: float
    cached: float
    completion: float

    def of(self, usage: Usage) -> float:
        """Returns the dollars for some usage."""
        fresh = usage.prompt_tokens - usage.cached_tokens
        cached = usage.cached_tokens
        return (fresh * self.prompt + cached * self.cached + usage.completion_tokens * self.completion) / _MILLION


FREE = Price(prompt=0.0, cached=0.0, completion=0.0)
"""Of engines that compute in this process, or not at all."""


class PriceOptions(BaseModel):
    """The ``price:`` block of a config, in dollars for a million tokens.

    Attributes:
        prompt: Tokens of the prompt.
        completion: Generated tokens, reasoning included.
        cached: Prompt tokens that the provider's cache held; None for the price of the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)

    def price(self) -> Price:
        """Returns the price."""
        cached = self.prompt if self.cached is None else self.cached
        return Price(prompt=self.prompt, cached=cached, completion=self.completion)


def _table() -> dict[str, tuple[float, float, float]]:
    return {  # model: prompt, cached, completion
        "gpt-3.5-turbo": (0.5, 0.5, 1.5),
        "gpt-4o": (2.5, 1.25, 10.0),
        "gpt-4o-mini": (0.15, 0.075, 0.6),
        "gpt-4.1": (2.0, 0.5, 8.0),
        "gpt-4.1-mini": (0.4, 0.1, 1.6),
        "gpt-4.1-nano": (0.1, 0.025, 0.4),
        "gpt-5": (1.25, 0.125, 10.0),
        "gpt-5-mini": (0.25, 0.025, 2.0),
        "gpt-5-nano": (0.05, 0.005, 0.4),
        "gpt-5.1": (1.25, 0.125, 10.0),
        "gpt-5.2": (1.75, 0.175, 14.0),
        "gpt-5.4": (2.5, 0.25, 15.0),
        "gpt-5.4-mini": (0.75, 0.075, 4.5),
        "gpt-5.4-nano": (0.2, 0.02, 1.25),
        "gpt-5.5": (5.0, 0.5, 30.0),
        "o1": (15.0, 7.5, 60.0),
        "o3": (2.0, 0.5, 8.0),
        "o3-mini": (1.1, 0.55, 4.4),
        "o4-mini": (1.1, 0.275, 4.4),
    }


def lookup(identity: Identity, override: PriceOptions | None = None) -> Price | None:
    """Returns the price of what answers, or None where it is unknown.

    The table holds for OpenAI's own endpoint alone; a dated name (``gpt-4o-mini-2024-07-18``) counts as its model.
    """
    if override is not None:
        return override.price()
    if identity.kind != "openai" or urlsplit(identity.endpoint).hostname != "api.openai.com":
        return None
    table = _table()
    undated = identity.model[:-11] if identity.model[-11:-6].startswith("-20") else identity.model
    row = table.get(identity.model) or table.get(undated)
    return Price(prompt=row[0], cached=row[1], completion=row[2]) if row else None


class Priced(Layer):
    """Writes the price of every answer, and of every failed attempt that was billed, into its usage."""

    def __init__(self, inner: Backend, price: Price) -> None:
        super().__init__(inner)
        self._price = price

    async def exchange(self, request: Request) -> Response:
        """Returns the answer with its usage priced."""
        try:
            response = await send(self.inner, request)
        except BackendError as error:
            if error.usage is not None:
                error.usage = self._priced(error.usage)
            raise
        return replace(response, usage=self._priced(response.usage))

    def _priced(self, usage: Usage) -> Usage:
        return usage if usage.usd is not None else replace(usage, usd=self._price.of(usage))
