"""What servers may be told, whatever they speak, and what those of OpenAI's protocol may be told beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from ..options import BackendOptions
from ..prices import PriceOptions


class ServerOptions(BackendOptions):
    """Options of backends that are servers.

    Attributes:
        top_logprobs: The most alternatives that the server reports.
        ca_file: Certificates of a private authority, relative to the config.
        trust_env: Whether proxies of the environment are used.
        max_response_mb: Megabytes of the largest answer that is read.
        price: What tokens cost, where the table does not know or is out of date.
    """

    top_logprobs: int = Field(default=20, ge=1, strict=True)
    ca_file: Path | None = None
    trust_env: bool = False
    max_response_mb: float = Field(default=8.0, gt=0)
    price: PriceOptions | None = None


class HttpOptions(ServerOptions):
    """Options of backends that speak OpenAI's protocol.

    Attributes:
        base_url: Address of the server, or a list of those of equal servers, which share the requests.
        api: Which of the server's interfaces: ``chat`` and ``responses`` take messages, ``completions`` a text.
        reasoning: Whether the model thinks before it answers; None tells from its name.
        reasoning_effort: How much, in the server's words.
        reasoning_tokens: Tokens for thinking, on top of the answer's ``max_tokens``.
        strict_schema: Whether a JSON schema is to be kept to the letter.
        echo: On ``completions``: whether the server repeats prompts with their log-probabilities, so that continuations
            can be scored.
    """

    base_url: str | tuple[str, ...] | None = None  # type: ignore[assignment] # one address is enough for other engines
    api: Literal["chat", "responses", "completions"] = "chat"
    reasoning: bool | None = None
    reasoning_effort: str | None = None
    reasoning_tokens: int = Field(default=2048, ge=0, strict=True)
    strict_schema: bool = True
    echo: bool = True
