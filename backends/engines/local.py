"""The embedded engine: llama.cpp inside this process, any GGUF model, no server and no key."""

from __future__ import annotations

import logging
import time
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ..base import (
    Capability,
    Choice,
    Constraint,
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
from ..continuations import Pieces, Tokens
from ..errors import InvalidRequest, no_chat_template
from ..files import fingerprint
from ..llama import Llama
from ..llama_score import Forced
from ..options import BackendOptions, Engine, Surroundings
from ..thread import Check, EngineThread
from ..weights import DEFAULT_MODEL, find_weights

logger = logging.getLogger(__name__)


class LocalOptions(BackendOptions):
    """The ``backend:`` block of ``kind: local``.

    Attributes:
        model: A ``.gguf`` file, a Hub name such as ``hf:owner/repo/file.gguf``, or None for SmolLM2-135M-Instruct.
        context: Tokens of context.
        threads: Threads to compute with; None for the free cores.
        extra_body: Passed through to llama.cpp, over what stands there, e.g. ``{repeat_penalty: 1.1}``.
        concurrency: Any number is taken and 1 is used: the engine computes one request at a time.
    """

    free: ClassVar[bool] = True

    kind: Literal["local"] = "local"
    context: int = Field(default=4096, ge=128, strict=True)
    threads: int | None = Field(default=None, ge=1, strict=True)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    concurrency: int = Field(default=1, ge=1, le=4096, strict=True)
    attempt_timeout: float = Field(default=600.0, gt=0)
    deadline: float = Field(default=1800.0, gt=0)

    @field_validator("concurrency")
    @classmethod
    def _one_at_a_time(cls, _: int) -> int:
        return 1


class Local:
    """See the module's docstring.  Works from any event loop; the engine has a thread of its own."""

    def __init__(self, options: LocalOptions, surroundings: Surroundings) -> None:
        self._options = options
        self._surroundings = surroundings
        self._model = options.model or DEFAULT_MODEL
        self._llama: Llama | None = None
        self._weights = ""
        self._thread = EngineThread("llama")
        self._grammars: bool | None = None

    @property
    def identity(self) -> Identity:
        """Kind and model; the endpoint is this process.  The weights are known once the model is loaded."""
        known = {"weights": self._weights, "extra_body": self._options.extra_body}
        return Identity(kind="local", model=self._model, extra={name: value for name, value in known.items() if value})

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What llama.cpp can do."""
        return CAPABILITIES

    async def start(self) -> None:
        """Finds the weights, fetching them if need be, and loads them."""
        await self._thread.run(lambda _: self._load())

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text.  A constrained text is checked, since llama.cpp drops a constraint in silence."""
        return await self._thread.run(lambda check: self._generate(self._loaded(), request, check))

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns exact log-likelihoods; texts that begin alike share their computation."""
        return await self._thread.run(lambda check: self._score(self._loaded(), request, check))

    async def aclose(self) -> None:
        """Frees the model."""
        await self._thread.close(self._free)

    def _free(self) -> None:
        self._llama = None

    def _load(self) -> None:
        self._loaded()  # not handed out: the last to let go of the model frees it, and that takes a while

    def _loaded(self) -> Llama:
        if self._llama is None:
            path = find_weights(
                self._options.model,
                folder=self._surroundings.folder,
                log=logger.info,
                local_only=self._surroundings.local_only,
            )
            self._weights = fingerprint(path)
            self._llama = Llama(path, context=self._options.context, threads=self._options.threads)
        return self._llama

    def _generate(self, llama: Llama, request: GenerateRequest, check: Check) -> Generation:
        started = time.monotonic()
        sampling = request.sampling
        body: dict[str, Any] = {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature}
        # llama.cpp's own habits (the 40 likeliest tokens, at least 5 % of the best's probability) are not asked for.
        body |= {"top_p": 1.0 if sampling.top_p is None else sampling.top_p, "top_k": 0, "min_p": 0.0}
        body |= {"seed": sampling.seed} if sampling.seed is not None else {}
        body |= {"stop": list(sampling.stop)} if sampling.stop else {}
        body |= _constraint(request.constraint)
        body |= self._options.extra_body
        body["prompt"] = list(self._tokens(llama, request.prompt))
        if request.top_logprobs:  # a stream would not tell them of tokens that are parts of a character
            answer = llama.complete({**body, "logprobs": request.top_logprobs})
        else:
            answer = llama.write(body, check)
        choice = answer["choices"][0]
        finish = Finish.LENGTH if choice["finish_reason"] == "length" else Finish.STOP
        return Generation(
            text=choice["text"],
            finish=finish,
            usage=_usage(answer["usage"]),
            model=self._model,
            seconds=time.monotonic() - started,
            constraint_ignored=finish is Finish.STOP and self._ignored(llama, choice["text"], request.constraint),
            top_logprobs=_alternatives(choice) if request.top_logprobs else (),
        )

    def _score(self, llama: Llama, request: ScoreRequest, check: Check) -> Scores:
        started = time.monotonic()
        text = self._text(llama, request.prompt)
        special = not isinstance(request.prompt, str)
        prompt = llama.tokenize(text, special, True)
        wholes = [llama.tokenize(text + one, special, True) for one in request.continuations]
        pieces = Pieces.of(request, prompt, wholes)
        needed = pieces.needed()
        trees = {prefix: Forced(llama, prefix, check) for prefix, _ in needed}
        for prefix, tree in trees.items():
            tree.compute([rest for begin, rest in needed if begin == prefix])
        scores = pieces.scores(lambda prefix, rest: trees[prefix][rest])
        return Scores(
            continuations=scores,
            usage=Usage(
                requests=1,
                prompt_tokens=len(prompt),
                cached_tokens=min(len(prompt), min((tree.cached for tree in trees.values()), default=0)),
                completion_tokens=sum(tree.steps for tree in trees.values()),
                usd=0.0,
            ),
            model=self._model,
            seconds=time.monotonic() - started,
        )

    def _text(self, llama: Llama, prompt: Prompt) -> str:
        if isinstance(prompt, str):
            return prompt
        if not llama.properties().get("chat_template"):
            raise no_chat_template(self._model)
        return llama.apply_template([{"role": message.role, "content": message.content} for message in prompt])

    def _tokens(self, llama: Llama, prompt: Prompt) -> Tokens:
        return llama.tokenize(self._text(llama, prompt), not isinstance(prompt, str), True)

    def _ignored(self, llama: Llama, text: str, constraint: Constraint | None) -> bool:
        if isinstance(constraint, Grammar):
            return not self._keeps_grammars(llama)
        return not satisfies(text, constraint)

    def _keeps_grammars(self, llama: Llama) -> bool:
        """Whether grammars are kept at all, tried once with one that allows nothing but an odd word."""
        if self._grammars is None:
            body = {"prompt": "A", "max_tokens": 8, "temperature": 0.0, "grammar": 'root ::= "qzx7"'}
            self._grammars = llama.complete(body)["choices"][0]["text"] == "qzx7"
        return self._grammars


def _constraint(constraint: Constraint | None) -> dict[str, Any]:
    match constraint:
        case JsonSchema(schema=schema):
            return {"json_schema": dict(schema)}
        case Choice(options=options):
            return {"grammar": "root ::= " + " | ".join(_literal(option) for option in options)}
        case Grammar(text=text):
            if text.lstrip().startswith("%"):  # llama.cpp drops such a grammar in silence where it is wrong
                raise InvalidRequest("A grammar must be written in GBNF; found a % directive.")
            return {"grammar": text}
        case None:
            return {}


def _literal(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


def _usage(usage: dict[str, Any]) -> Usage:
    return Usage(
        requests=1,
        prompt_tokens=usage.get("prompt_tokens", 0),
        cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
        completion_tokens=usage.get("completion_tokens", 0),
        usd=0.0,
    )


def _alternatives(choice: dict[str, Any]) -> tuple[tuple[TokenLogprob, ...], ...]:
    return tuple(
        tuple(TokenLogprob(token=entry["token"], logprob=entry["logprob"]) for entry in position["top_logprobs"])
        for position in (choice.get("logprobs") or {}).get("content") or ()
    )


CAPABILITIES = frozenset(Capability) - {Capability.BATCH}
ENGINE = Engine(
    summary="llama.cpp inside this process; any GGUF model, no server, no key",
    options=LocalOptions,
    create=Local,
    capabilities=CAPABILITIES,
    needs=("xllamacpp", "local"),
)
