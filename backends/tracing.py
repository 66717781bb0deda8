"""OpenTelemetry spans where that library is installed, and nothing where it is not.

Prompts and answers are never put into a span.  No provider or exporter is started here: that is the application's
business.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from .base import Backend, GenerateRequest, Generation, Identity, Request, Response, send
from .errors import BackendError
from .layer import Layer

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_TOP_P = "gen_ai.request.top_p"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_SEED = "gen_ai.request.seed"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_FINISH = "gen_ai.response.finish_reasons"
USAGE_INPUT = "gen_ai.usage.input_tokens"
USAGE_OUTPUT = "gen_ai.usage.output_tokens"
USAGE_CACHED = "gen_ai.usage.cache_read.input_tokens"
ERROR_TYPE = "error.type"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"


class Traced(Layer):
    """One span for each attempt, named ``chat {model}`` as the GenAI conventions have it."""

    def __init__(self, inner: Backend) -> None:
        super().__init__(inner)
        library = _library()
        self._tracer = library and library.get_tracer("promptrec")
        self._names = library

    async def exchange(self, request: Request) -> Response:
        """Answers within a span."""
        if self._tracer is None:
            return await send(self.inner, request)
        with self._span(request) as span:
            try:
                response = await send(self.inner, request)
            except BackendError as error:
                span.set_attribute(ERROR_TYPE, error.reason)
                span.set_status(self._names.StatusCode.ERROR, error.reason)
                raise
            if span.is_recording():
                span.set_attributes(_answered(response))
            return response

    def _span(self, request: Request) -> AbstractContextManager[Any]:
        operation = "text_completion" if isinstance(request.prompt, str) else "chat"
        identity = self.identity
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            f"{operation} {identity.model}",
            kind=self._names.SpanKind.CLIENT if identity.endpoint else self._names.SpanKind.INTERNAL,
            attributes=_asked(identity, operation, request),
            record_exception=False,
            set_status_on_exception=False,
        )
        return span


def _library() -> Any:
    try:
        return importlib.import_module("opentelemetry.trace")
    except ImportError:
        return None


def _asked(identity: Identity, operation: str, request: Request) -> dict[str, Any]:
    attributes: dict[str, Any] = {OPERATION: operation, PROVIDER: identity.kind, REQUEST_MODEL: identity.model}
    address = urlsplit(identity.endpoint)
    if address.hostname:
        attributes[SERVER_ADDRESS] = address.hostname
        attributes[SERVER_PORT] = address.port or (443 if address.scheme == "https" else 80)
    if isinstance(request, GenerateRequest):
        sampling = request.sampling
        attributes[REQUEST_TEMPERATURE] = sampling.temperature
        attributes[REQUEST_MAX_TOKENS] = sampling.max_tokens
        if sampling.top_p is not None:
            attributes[REQUEST_TOP_P] = sampling.top_p
        if sampling.seed is not None:
            attributes[REQUEST_SEED] = sampling.seed
    return attributes


def _answered(response: Response) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        RESPONSE_MODEL: response.model,
        USAGE_INPUT: response.usage.prompt_tokens,
        USAGE_OUTPUT: response.usage.completion_tokens,
        USAGE_CACHED: response.usage.cached_tokens,
    }
    if isinstance(response, Generation):
        attributes[RESPONSE_FINISH] = [response.finish.value]
    return attributes
