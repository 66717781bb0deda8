"""How large a request will be, before anybody has counted its tokens."""

from __future__ import annotations

from .base import GenerateRequest, Request

_BYTES_A_TOKEN = 4
_BYTES_A_MESSAGE = 16


def estimated_tokens(request: Request) -> tuple[int, int]:
    """Returns about how many tokens the prompt has, and how many the answer may have: four bytes are a token.

    Scoring reads the prompt once for each continuation.
    """
    prompt = request.prompt
    if isinstance(prompt, str):
        size = _bytes(prompt)
    else:
        size = sum(_bytes(message.content) + _BYTES_A_MESSAGE for message in prompt)
    if isinstance(request, GenerateRequest):
        return _tokens(size), request.sampling.max_tokens
    if request.kind == "label":
        return _tokens(size), 1
    return sum(_tokens(size + _bytes(text)) for text in request.continuations), 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _tokens(size: int) -> int:
    return -(-size // _BYTES_A_TOKEN)
