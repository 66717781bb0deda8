"""The protocol that every engine speaks, and the values that cross it.

A backend takes a :class:`GenerateRequest` or a :class:`ScoreRequest` and answers with a :class:`Generation` or
:class:`Scores`.  It knows text and log-probabilities, and nothing of items, users or recommendations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable


class Capability(StrEnum):
    """What a backend can do; strategies ask for these by name."""

    CHAT = "chat"
    COMPLETION = "completion"
    JSON_SCHEMA = "json_schema"
    CHOICE = "choice"
    GRAMMAR = "grammar"
    TOP_LOGPROBS = "top_logprobs"
    LABEL_LOGPROBS = "label_logprobs"
    CONTINUATION_LOGPROBS = "continuation_logprobs"
    SEED = "seed"
    BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


Prompt = str | tuple[Message, ...]
"""A text is continued as it stands; messages go through the model's own chat template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are drawn.  ``max_tokens`` caps one generation; ``temperature`` 0 is greedy."""

    temperature: float = 0.0
    top_p: float | None = None
    max_tokens: int = 512
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema:
    """The answer must be a JSON document that satisfies ``schema``."""

    schema: Mapping[str, Any]
    name: str = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The answer must be exactly one of ``options``."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """The answer must be a sentence of a GBNF grammar."""

    text: str


Constraint = JsonSchema | Choice | Grammar


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """Asks for text.

    Attributes:
        top_logprobs: How many alternatives to report at each generated position; 0 for none.
        template: Name, version and hash of the template that made the prompt; part of the request's identity.
    """

    prompt: Prompt
    sampling: Sampling = Sampling()
    constraint: Constraint | None = None
    top_logprobs: int = 0
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """Asks for the log-likelihood of given texts after a prompt.

    Attributes:
        continuations: The texts; each is scored as the direct continuation of ``prompt``.
        kind: ``continuation`` sums the log-probabilities of all tokens of each text; ``label`` takes that of the first
            token alone (labels must then begin with different tokens).
    """

    prompt: Prompt
    continuations: tuple[str, ...]
    kind: Literal["continuation", "label"] = "continuation"
    template: str = ""


Request = GenerateRequest | ScoreRequest


class Finish(StrEnum):
    """Why a generation ended.  Only ``STOP`` is a whole answer."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was spent.  ``usd`` is None where a price is unknown; an unknown price makes the sum unknown."""

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        if not self.requests and not self.prompt_tokens and not self.completion_tokens:
            return other
        if not other.requests and not other.prompt_tokens and not other.completion_tokens:
            return self
        return Usage(
            requests=self.requests + other.requests,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            usd=None if self.usd is None or other.usd is None else self.usd + other.usd,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """One alternative at one position; ``logprob`` in nats."""

    token: str
    logprob: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A generated text.

    Attributes:
        constraint_ignored: The engine dropped the constraint in silence; the text was checked and does not satisfy it.
        top_logprobs: For each generated position the alternatives asked for, best first.
        seconds: Wall time of the successful attempt.
    """

    text: str
    finish: Finish = Finish.STOP
    usage: Usage = Usage()
    model: str = ""
    seconds: float = 0.0
    reasoning: str | None = None
    constraint_ignored: bool = False
    top_logprobs: tuple[tuple[TokenLogprob, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuationScore:
    """Log-likelihood of one continuation: ``logprob`` is the sum over ``tokens`` tokens, in nats."""

    logprob: float
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The answer to a :class:`ScoreRequest`: one score for each continuation, in the order asked."""

    continuations: tuple[ContinuationScore, ...]
    usage: Usage = Usage()
    model: str = ""
    seconds: float = 0.0


Response = Generation | Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What answers: engine kind, resolved model and endpoint.  Part of every request's key; holds no secret."""

    kind: str
    model: str
    endpoint: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Backend(Protocol):
    """An engine, or a wrapper round one.  Methods raise :class:`backends.BackendError` and nothing else."""

    @property
    def identity(self) -> Identity:
        """What answers; complete once :meth:`start` has returned."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this backend can do."""
        ...

    async def start(self) -> None:
        """Loads the model or checks the configuration.  May be called more than once; only the first does work."""
        ...

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        ...

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns the log-likelihood of each continuation."""
        ...

    async def aclose(self) -> None:
        """Frees what the backend holds.  May be called more than once."""
        ...


async def send(backend: Backend, request: Request) -> Response:
    """Sends either kind of request to a backend."""
    if isinstance(request, ScoreRequest):
        return await backend.score(request)
    return await backend.generate(request)
