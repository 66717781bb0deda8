"""An engine whose requests travel in files instead of one by one; for whoever can wait for hours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..base import Backend, Capability, Request, Response, send
from ..errors import ConfigurationError
from ..layer import Layer
from .backend import HttpBackend
from .batch_api import BatchApi
from .gathering import Gathering, ShardLimits
from .run_batch import RunBatch

_SCORES = frozenset({Capability.LABEL_LOGPROBS, Capability.CONTINUATION_LOGPROBS})


class _Batched(Layer):
    """An engine with fewer capabilities: a file holds texts to be generated alone."""

    def __init__(self, inner: Backend, missing: frozenset[Capability]) -> None:
        super().__init__(inner)
        self._missing = missing

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What is left."""
        return (self.inner.capabilities - self._missing) | {Capability.BATCH}

    async def exchange(self, request: Request) -> Response:
        """Answers a request, in hours."""
        return await send(self.inner, request)


def openai_batches(
    engine: Backend, folder: Path, *, limits: ShardLimits | None = None, poll: float | None = None
) -> Backend:
    """Sends an engine's requests through OpenAI's Batch API.

    Args:
        engine: A bare engine of ``kind: openai``.
        folder: Remembers what was sent; the same folder goes on with it.
        limits: Of the files; None for those of the API.
        poll: Seconds between two looks at first; None for 10.

    Raises:
        ConfigurationError: If the engine does not speak OpenAI's protocol, or speaks Azure's.
    """
    if not isinstance(engine, HttpBackend) or engine.identity.kind != "openai":
        raise ConfigurationError("The Batch API is OpenAI's.", hint="Take a config with backend.kind: openai.")
    if "api_version" in engine.identity.extra:
        raise ConfigurationError(
            "Batches on Azure's older paths are not supported.",
            hint="Leave api_version out and give base_url as https://NAME.openai.azure.com/openai/v1.",
        )
    carrier = BatchApi(engine.connection(timeout=3600.0, largest=1 << 30), poll=10.0 if poll is None else poll)
    engine.through(Gathering(folder, carrier, limits=limits or ShardLimits(), model=engine.identity.model))
    return _Batched(engine, frozenset({Capability.CONTINUATION_LOGPROBS}))


def vllm_batches(
    engine: Backend, folder: Path, *, command: Sequence[str], limits: ShardLimits | None = None
) -> Backend:
    """Has an engine's requests answered by vLLM's ``run-batch``, a file at a time.

    Args:
        engine: A bare engine of ``kind: vllm`` that names its model.
        folder: Remembers what was answered; the same folder goes on with it.
        command: The command, e.g. ``("vllm", "run-batch")``.
        limits: Of the files; None for 5,000 requests, since a file that was broken off is lost.

    Raises:
        ConfigurationError: If the engine is none of vLLM's, or names no model.
    """
    if not isinstance(engine, HttpBackend) or engine.identity.kind != "vllm":
        raise ConfigurationError("run-batch is vLLM's.", hint="Take a config with backend.kind: vllm.")
    model = engine.identity.model
    if not model:
        raise ConfigurationError("backend.model is missing: which model should vLLM load?")
    carrier = RunBatch(command, model=model, offline=engine.local_only)
    engine.through(Gathering(folder, carrier, limits=limits or ShardLimits(lines=5_000), model=model))
    return _Batched(engine, _SCORES | {Capability.COMPLETION})
