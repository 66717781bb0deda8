"""What servers may be told, whatever they speak, and what those of OpenAI's protocol may be told beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from ..options import BackendOptions
from ..prices import PriceOptions

_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


class ServerOptions(BackendOptions):
    """Options of backends that are servers.

    Attributes:
        base_url: Address of the server; None takes the engine's own environment variable or default.
        api_key_env: Environment variable that holds the key, where it is not the engine's usual one.
        extra_body: Passed through to the server, over what stands there.
        headers: Sent with every request.
        top_logprobs: The most alternatives that the server reports.
        ca_file: Certificates of a private authority, relative to the config.
        trust_env: Whether proxies of the environment are used.
        max_response_mb: Megabytes of the largest answer that is read.
        price: What tokens cost, where the table does not know or is out of date.
    """

    base_url: str | None = None
    api_key_env: str | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    top_logprobs: int = Field(default=20, ge=1, strict=True)
    ca_file: Path | None = None
    trust_env: bool = False
    max_response_mb: float = Field(default=8.0, gt=0)
    price: PriceOptions | None = None

    @field_validator("headers")
    @classmethod
    def _as_they_are_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if not value.isprintable():
                raise ValueError(f"the header {name} holds a line break or another control character")
        return headers


class HttpOptions(ServerOptions):
    """Options of backends that speak OpenAI's protocol.

    Attributes:
        api: Which of the server's interfaces: ``chat`` and ``responses`` take messages, ``completions`` a text.
        reasoning: Whether the model thinks before it answers; None tells from its name.
        reasoning_effort: How much, in the server's words.
        reasoning_tokens: Tokens for thinking, on top of the answer's ``max_tokens``.
        strict_schema: Whether a JSON schema is to be kept to the letter.
        echo: On ``completions``: whether the server repeats prompts with their log-probabilities, so that continuations
            can be scored.
    """

    api: Literal["chat", "responses", "completions"] = "chat"
    reasoning: bool | None = None
    reasoning_effort: str | None = None
    reasoning_tokens: int = Field(default=2048, ge=0, strict=True)
    strict_schema: bool = True
    echo: bool = True
