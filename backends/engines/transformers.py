"""Hugging Face transformers inside this process: any model in safetensors, on a CPU or a GPU."""

from __future__ import annotations

import time
from typing import ClassVar, Literal

from pydantic import Field

from ..base import (
    Capability,
    Finish,
    GenerateRequest,
    Generation,
    Grammar,
    Identity,
    JsonSchema,
    Prompt,
    ScoreRequest,
    Scores,
    Usage,
)
from ..constraints import satisfies
from ..continuations import Pieces, Tokens
from ..errors import ConfigurationError, ContextOverflow, UnsupportedCapability
from ..known import able_hint
from ..options import BackendOptions, Engine, Surroundings
from ..thread import Check, EngineThread
from ..torch_model import TorchModel, source_of

CAPABILITIES = frozenset(Capability) - {Capability.GRAMMAR, Capability.JSON_SCHEMA, Capability.BATCH}


class TransformersOptions(BackendOptions):
    """The ``backend:`` block of ``kind: transformers``.

    Attributes:
        model: A folder with config, tokenizer and safetensors, relative to the config, or a name on the Hub.
        revision: Branch, tag or commit on the Hub.
        device: Where to compute, in torch's words; None for a GPU if there is one.
        dtype: Of the weights; None for that of the checkpoint.
        rows: Continuations that are computed at a time.
        concurrency: Any number is taken and 1 is used: the engine computes one request at a time.
    """

    free: ClassVar[bool] = True

    kind: Literal["transformers"] = "transformers"
    revision: str | None = None
    device: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    rows: int = Field(default=32, ge=1, strict=True)
    concurrency: int = Field(default=1, ge=1, le=4096, strict=True)
    attempt_timeout: float = Field(default=600.0, gt=0)
    deadline: float = Field(default=1800.0, gt=0)


class Transformers:
    """See the module's docstring.  Works from any event loop; the engine has a thread of its own.

    Log-probabilities are exact.  The keys and values of a prompt are computed once and shared by all continuations.
    A choice is kept to by letting through only the tokens that lead to one of its options.
    """

    def __init__(self, options: TransformersOptions, surroundings: Surroundings) -> None:
        if options.model is None:
            raise ConfigurationError("backend.model is missing: a folder or a name on the Hub.")
        self._options = options
        self._surroundings = surroundings
        self._model: TorchModel | None = None
        self._weights = ""
        self._thread = EngineThread("transformers")

    @property
    def identity(self) -> Identity:
        """Kind, model and what changes its numbers; the weights are known once the model is loaded."""
        options = self._options
        extra = {name: value for name in ("revision", "dtype") if (value := getattr(options, name))}
        if self._weights:
            extra["weights"] = self._weights
        return Identity(kind="transformers", model=str(options.model), extra=extra)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the engine can do."""
        return CAPABILITIES

    async def start(self) -> None:
        """Loads the model, fetching it from the Hub if need be."""
        await self._thread.run(lambda _: self._loaded())

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        return await self._thread.run(lambda check: self._generate(self._loaded(), request, check))

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns exact log-likelihoods."""
        return await self._thread.run(lambda check: self._score(self._loaded(), request, check))

    async def aclose(self) -> None:
        """Frees the model."""
        await self._thread.close(self._free)

    def _free(self) -> None:
        self._model = None

    def _loaded(self) -> TorchModel:
        if self._model is None:
            options = self._options
            self._model = TorchModel.load(
                source_of(str(options.model), self._surroundings.folder),
                revision=options.revision,
                device=options.device,
                dtype=options.dtype,
                local_only=self._surroundings.local_only,
            )
            self._weights = self._model.weights
        return self._model

    def _generate(self, model: TorchModel, request: GenerateRequest, check: Check) -> Generation:
        if isinstance(request.constraint, JsonSchema | Grammar):
            raise UnsupportedCapability(
                "The backend 'transformers' keeps to a choice, and to no schema or grammar.",
                hint=able_hint(Capability.JSON_SCHEMA),
            )
        started = time.monotonic()
        prompt = self._tokens(model, request.prompt)
        self._fits(model, len(prompt) + 1)
        written = model.generate(prompt, request, check)
        return Generation(
            text=written.text,
            finish=written.finish,
            usage=Usage(requests=1, prompt_tokens=len(prompt), completion_tokens=written.tokens, usd=0.0),
            model=str(self._options.model),
            seconds=time.monotonic() - started,
            constraint_ignored=written.finish is Finish.STOP and not satisfies(written.text, request.constraint),
            top_logprobs=written.top_logprobs,
        )

    def _score(self, model: TorchModel, request: ScoreRequest, check: Check) -> Scores:
        started = time.monotonic()
        special = not isinstance(request.prompt, str)
        text = model.text(request.prompt)
        prompt = model.tokenize(text, special=special)
        wholes = [model.tokenize(text + one, special=special) for one in request.continuations]
        self._fits(model, max(map(len, wholes), default=len(prompt)))
        pieces = Pieces.of(request, prompt, wholes)
        needed = pieces.needed()
        found: dict[tuple[Tokens, Tokens], float] = {}
        for prefix in dict.fromkeys(prefix for prefix, _ in needed):
            rests = [rest for begin, rest in needed if begin == prefix]
            for rest, value in zip(rests, model.logprobs(prefix, rests, self._options.rows, check), strict=True):
                found[prefix, rest] = value
        computed = len(prompt) + sum(len(rest) for _, rest in needed)
        return Scores(
            continuations=pieces.scores(lambda prefix, rest: found[prefix, rest]),
            usage=Usage(requests=1, prompt_tokens=computed, usd=0.0),
            model=str(self._options.model),
            seconds=time.monotonic() - started,
        )

    def _tokens(self, model: TorchModel, prompt: Prompt) -> Tokens:
        return model.tokenize(model.text(prompt), special=not isinstance(prompt, str))

    def _fits(self, model: TorchModel, tokens: int) -> None:
        if model.context is not None and tokens > model.context:
            raise ContextOverflow(
                f"The prompt takes {tokens} tokens, the model's context has {model.context}.",
                limit=model.context,
                hint="Shorten the history or the candidates.",
            )


ENGINE = Engine(
    summary="Hugging Face transformers inside this process; any safetensors model, CPU or GPU",
    options=TransformersOptions,
    create=Transformers,
    capabilities=CAPABILITIES,
    needs=("transformers", "transformers"),
)
