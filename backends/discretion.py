"""Keeps prompts out of errors, whose messages go into logs, warnings and terminals."""

from __future__ import annotations

import re

from .base import Request, Response, ScoreRequest, send
from .errors import BackendError
from .layer import Layer

_SHARED = 12
"""Characters in a row that a message and a prompt have in common only where one repeats the other."""
_SHORTEST_LINE = 5
_LEAD = re.compile(r"^(?:[-*•]\s+|\[\w{1,4}\]\s*|\d{1,4}[.)]\s+)+")
_STRUCK = "…"


class Discreet(Layer):
    """Strikes out of an engine's errors what they repeat of the request."""

    async def exchange(self, request: Request) -> Response:
        """Answers, or raises the same error without the prompt's words."""
        try:
            return await send(self.inner, request)
        except BackendError as error:
            message = str(error.args[0]) if error.args else ""
            error.args = (without(message, _texts(request)),)
            raise


def without(message: str, texts: tuple[str, ...]) -> str:
    """The message with ``…`` for whatever it has in common with one of the texts: whole lines, and longer stretches."""
    for text in texts:
        for line in _lines(text):
            message = message.replace(line, _STRUCK)
    struck = [False] * len(message)
    for at in range(len(message) - _SHARED + 1):
        part = message[at : at + _SHARED]
        if any(part in text for text in texts):
            struck[at : at + _SHARED] = [True] * _SHARED
    kept = (_STRUCK if out else character for character, out in zip(message, struck, strict=True))
    return re.sub(f"{_STRUCK}+", _STRUCK, "".join(kept))


def _lines(text: str) -> list[str]:
    found = {_LEAD.sub("", line.strip()) for line in text.splitlines()}
    return sorted((line for line in found if len(line) >= _SHORTEST_LINE), key=len, reverse=True)


def _texts(request: Request) -> tuple[str, ...]:
    prompt = request.prompt
    said = (prompt,) if isinstance(prompt, str) else tuple(message.content for message in prompt)
    return (*said, *request.continuations) if isinstance(request, ScoreRequest) else said
