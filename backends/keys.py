"""The identity of a request: a digest of everything that can change its answer."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .base import Backend, Choice, Constraint, Grammar, Identity, JsonSchema, Request, ScoreRequest
from .errors import InvalidRequest

_FORMAT = 1
DIGEST_BYTES = 20
_ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False, separators=(",", ":"))


def request_key(identity: Identity, request: Request) -> str:
    """Returns the key (hexadecimal BLAKE2b, 40 digits) under which a request's answer is cached and journalled.

    It covers the engine, the resolved model, the endpoint, the prompt, the sampling parameters, the constraint and the
    template's hash.

    Raises:
        InvalidRequest: If the request holds what JSON cannot say, such as NaN.
    """
    whole = {"format": _FORMAT, "identity": _identity(identity), "request": _request(request)}
    try:
        text = _ENCODER.encode(whole)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"The request cannot be written as JSON: {error}.") from error
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


class Keys:
    """Gives the keys of one backend's requests, each to all layers that ask for it in turn, computed once."""

    def __init__(self) -> None:
        self._last: tuple[Request, str] | None = None

    def of(self, backend: Backend, request: Request) -> str:
        """Returns the key of a request to a backend; see :func:`request_key`."""
        if self._last is None or self._last[0] is not request:
            self._last = request, request_key(backend.identity, request)
        return self._last[1]


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "kind": identity.kind,
        "model": identity.model,
        "endpoint": identity.endpoint,
        "extra": dict(identity.extra),
    }


def _prompt(request: Request) -> Any:
    if isinstance(request.prompt, str):
        return request.prompt
    return [[message.role, message.content] for message in request.prompt]


def _constraint(constraint: Constraint | None) -> Any:
    match constraint:
        case None:
            return None
        case JsonSchema(schema=schema, name=name):
            return ["json", name, dict(schema)]
        case Choice(options=options):
            return ["choice", options]
        case Grammar(text=text):
            return ["grammar", text]


def _request(request: Request) -> dict[str, Any]:
    if isinstance(request, ScoreRequest):
        return {
            "task": "score",
            "prompt": _prompt(request),
            "continuations": request.continuations,
            "kind": request.kind,
            "template": request.template,
        }
    sampling = request.sampling
    return {
        "task": "generate",
        "prompt": _prompt(request),
        "temperature": float(sampling.temperature),
        "top_p": None if sampling.top_p is None else float(sampling.top_p),
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
        "stop": sampling.stop,
        "constraint": _constraint(request.constraint),
        "top_logprobs": request.top_logprobs,
        "template": request.template,
    }
