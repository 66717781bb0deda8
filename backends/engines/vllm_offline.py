"""vLLM inside this process, for batch runs on a machine with a GPU and without a server."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ..base import (
    Capability,
    Choice,
    Finish,
    GenerateRequest,
    Generation,
    Grammar,
    Identity,
    JsonSchema,
    Prompt,
    ScoreRequest,
    Scores,
    TokenLogprob,
    Usage,
)
from ..constraints import satisfies
from ..continuations import Found, Pieces, Tokens, tree
from ..errors import (
    BackendError,
    BadResponse,
    ConfigurationError,
    ContextOverflow,
    InvalidRequest,
    ServerError,
    in_short,
)
from ..options import BackendOptions, Engine, Surroundings
from ..stepping import Row, Stepper
from ..tokenizing import prompt_text, tokens_of
from ..torch_model import fetched_before, source_of, weights_of

CAPABILITIES = frozenset(Capability)
_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH}


class VllmOfflineOptions(BackendOptions):
    """The ``backend:`` block of ``kind: vllm-offline``.

    Attributes:
        model: A folder, relative to the config, or a name on the Hub.
        engine: Arguments of ``vllm.LLM``: ``tensor_parallel_size``, ``max_model_len``, ``gpu_memory_utilization`` ...
        chat_template_kwargs: Passed to the model's chat template.
        concurrency: Requests that wait for the engine at a time; it batches whatever waits.
    """

    free: ClassVar[bool] = True

    kind: Literal["vllm-offline"] = "vllm-offline"
    engine: dict[str, Any] = Field(default_factory=dict)
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)
    concurrency: int = Field(default=256, ge=1, le=4096, strict=True)
    attempt_timeout: float = Field(default=1800.0, gt=0)
    deadline: float = Field(default=3600.0, gt=0)

    @field_validator("engine")
    @classmethod
    def _runs_no_foreign_code(cls, engine: dict[str, Any]) -> dict[str, Any]:
        if engine.get("trust_remote_code"):
            raise ValueError("trust_remote_code is not supported: no code that comes with a model is run")
        return engine


class VllmOffline:
    """See the module's docstring.  Requests join the engine's batch at its next step, and leave it when cancelled."""

    def __init__(self, options: VllmOfflineOptions, surroundings: Surroundings) -> None:
        if options.model is None:
            raise ConfigurationError("backend.model is missing: a folder or a name on the Hub.")
        self._options = options
        self._surroundings = surroundings
        self._llm: Any = None
        self._weights = ""
        self._stepper = Stepper("vllm", lambda: self._llm.llm_engine, _named)

    @property
    def identity(self) -> Identity:
        """Kind, model and what changes its numbers; the weights are known once the model is loaded."""
        options = self._options
        extra = {name: value for name in ("engine", "chat_template_kwargs") if (value := getattr(options, name))}
        if self._weights:
            extra["weights"] = self._weights
        return Identity(kind="vllm-offline", model=str(options.model), extra=extra)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What vLLM can do."""
        return CAPABILITIES

    async def start(self) -> None:
        """Loads the model, fetching it from the Hub if need be.

        Raises:
            ConfigurationError: If vLLM is missing or refuses the model or the arguments.
        """
        await self._stepper.before(self._load)

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        await self.start()
        started = time.monotonic()
        prompt = self._tokens(request.prompt)
        [out] = await self._run([(prompt, _sampling(request))])
        written = out.outputs[0]
        finish = _FINISH.get(written.finish_reason)
        if finish is None:
            raise BadResponse(f"vLLM ended an answer with {written.finish_reason!r}.", usage=_usage(out))
        return Generation(
            text=written.text,
            finish=finish,
            usage=_usage(out),
            model=str(self._options.model),
            seconds=time.monotonic() - started,
            constraint_ignored=finish is Finish.STOP and not satisfies(written.text, request.constraint),
            top_logprobs=_alternatives(written.logprobs or [], request.top_logprobs),
        )

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns exact log-likelihoods."""
        await self.start()
        started = time.monotonic()
        text, special = self._text(request.prompt)
        prompt = self._tokenize(text, special=special)
        wholes = [self._tokenize(text + one, special=special) for one in request.continuations]
        pieces = Pieces.of(request, prompt, wholes)
        needed = pieces.needed()
        found = await (self._followed(needed) if request.kind == "label" else self._echoed(needed))
        return Scores(
            continuations=pieces.scores(found.logprob),
            usage=replace(found.usage, requests=1),
            model=str(self._options.model),
            seconds=time.monotonic() - started,
        )

    async def aclose(self) -> None:
        """Frees the model."""
        await self._stepper.close(self._free)

    # -- on the engine's thread

    def _load(self) -> None:
        if self._llm is not None:
            return
        source = source_of(str(self._options.model), self._surroundings.folder)
        if self._surroundings.local_only and not Path(source).is_dir():
            source = fetched_before(source)
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")  # else it reports to vLLM's makers
        try:
            from vllm import LLM
        except ImportError:
            raise ConfigurationError(
                "The backend 'vllm-offline' needs vLLM.", hint="Install it: pip install 'promptrec[vllm]'."
            ) from None
        try:
            self._llm = LLM(model=source, **{"seed": self._surroundings.seed, **self._options.engine})
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise ConfigurationError(f"vLLM cannot load {source}: {in_short(error)}") from None
        self._weights = weights_of(source, self._llm.llm_engine.model_config.hf_config)

    def _free(self) -> None:
        self._llm = None
        gc.collect()

    # -- on the event loop

    async def _run(self, rows: list[tuple[Tokens, Any]]) -> list[Any]:
        longest = self._llm.llm_engine.model_config.max_model_len
        most = max((len(tokens) + 1 for tokens, _ in rows), default=0)
        if most > longest:
            raise ContextOverflow(
                f"The prompt takes {most} tokens with its answer's first, the model's context has {longest}.",
                limit=longest,
                hint="Shorten the history or the candidates.",
            )
        asked: list[Row] = [({"prompt_token_ids": list(tokens)}, sampling) for tokens, sampling in rows]
        return await self._stepper.outputs(asked)

    async def _echoed(self, paths: Sequence[tuple[Tokens, Tokens]]) -> Found:
        found = Found()
        whole = _params(max_tokens=1, temperature=0.0, prompt_logprobs=0, detokenize=False)
        asked = [(prefix, rest) for prefix, rest in paths if rest]
        outs = await self._run([(prefix + rest, whole) for prefix, rest in asked])
        for (prefix, rest), out in zip(asked, outs, strict=True):
            found.usage += _usage(out)
            for at, token in enumerate(rest):
                value = (out.prompt_logprobs[len(prefix) + at] or {}).get(token)
                if value is not None:
                    found.put(prefix + rest[:at], token, value.logprob)
        return found

    async def _followed(self, paths: Sequence[tuple[Tokens, Tokens]]) -> Found:
        found = Found()
        rows = [
            (before, _params(max_tokens=1, temperature=0.0, logprob_token_ids=sorted(following)))
            for before, following in tree(paths).items()
        ]
        for (before, _), out in zip(rows, await self._run(rows), strict=True):
            found.usage += _usage(out)
            for token, value in out.outputs[0].logprobs[0].items():
                found.put(before, token, value.logprob)
        return found

    def _text(self, prompt: Prompt) -> tuple[str, bool]:
        options = self._options
        tokenizer = self._llm.get_tokenizer()
        text = prompt_text(tokenizer, prompt, model=str(options.model), **options.chat_template_kwargs)
        return text, not isinstance(prompt, str)

    def _tokens(self, prompt: Prompt) -> Tokens:
        text, special = self._text(prompt)
        return self._tokenize(text, special=special)

    def _tokenize(self, text: str, *, special: bool) -> Tokens:
        return tokens_of(self._llm.get_tokenizer(), text, special=special)


def _sampling(request: GenerateRequest) -> Any:
    from vllm.sampling_params import StructuredOutputsParams

    outputs: dict[str, Any] = {}
    match request.constraint:
        case JsonSchema(schema=schema):
            outputs = {"json": dict(schema)}
        case Choice(options=options):
            outputs = {"choice": list(options)}
        case Grammar(text=text):
            outputs = {"grammar": text}
    sampling = request.sampling
    return _params(
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=1.0 if sampling.top_p is None else sampling.top_p,
        seed=sampling.seed,
        stop=list(sampling.stop),
        logprobs=request.top_logprobs or None,
        structured_outputs=StructuredOutputsParams(**outputs) if outputs else None,
    )


def _params(**values: Any) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(output_kind=RequestOutputKind.FINAL_ONLY, **values)


def _named(error: Exception) -> BackendError:
    if isinstance(error, ValueError | TypeError) or "Validation" in type(error).__name__:
        return InvalidRequest(f"vLLM refused the request: {in_short(error)}")
    return ServerError(f"vLLM failed: {in_short(error)}")


def _usage(out: Any) -> Usage:
    return Usage(
        requests=1,
        prompt_tokens=len(out.prompt_token_ids),
        cached_tokens=out.num_cached_tokens or 0,
        completion_tokens=len(out.outputs[0].token_ids),
        usd=0.0,
    )


def _alternatives(positions: Sequence[Any], count: int) -> tuple[tuple[TokenLogprob, ...], ...]:
    found = []
    for position in positions if count else ():
        best = sorted(position.values(), key=lambda value: -value.logprob)[:count]
        found.append(tuple(TokenLogprob(token=value.decoded_token or "", logprob=value.logprob) for value in best))
    return tuple(found)


ENGINE = Engine(
    summary="vLLM inside this process: large batches on a GPU, without a server",
    options=VllmOfflineOptions,
    create=VllmOffline,
    capabilities=CAPABILITIES,
    needs=("vllm", "vllm"),
)
