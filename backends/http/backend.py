"""One attempt at a time against a server that speaks OpenAI's protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..base import (
    Capability,
    Finish,
    GenerateRequest,
    Generation,
    Identity,
    ScoreRequest,
    Scores,
    Usage,
)
from ..errors import BackendError, ConfigurationError, UnsupportedCapability
from ..jsonio import encode
from ..known import able_hint
from .address import is_openai, plain
from .chat import Chat
from .completions import Completions
from .faults import is_filtered
from .labels import score_labels
from .models import Manners
from .options import HttpOptions
from .replicas import Replicas
from .responses import Responses
from .transport import Server, Transport
from .wire import Format

_SCORES_A_REQUEST = 64
_ANSWERING = ("extra_body", "reasoning", "reasoning_effort", "reasoning_tokens", "strict_schema", "top_logprobs")
"""Options that change answers, and so belong to a request's key."""


class HttpBackend:
    """See the module's docstring; whoever calls it brings retries and limits.

    Args:
        options: The backend's options.
        servers: Where and how to send, one or several that are equal; asked once, before the first request.
        base_url: The first one's address, to be shown.
        extra: What else identifies the answers, beside model and address.
    """

    def __init__(
        self,
        options: HttpOptions,
        servers: Callable[[], Sequence[Server]],
        *,
        base_url: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self._options = options
        self._servers = servers
        self._base_url = base_url
        self._model = options.model or ""
        said = options.model_dump(include=set(_ANSWERING), exclude_defaults=True)
        self._identity = Identity(
            kind=options.kind,
            model=self._model,
            endpoint=plain(base_url),
            extra={"api": options.api, **said, **(extra or {})},
        )
        self._manners = Manners.of(
            self._model,
            thinks=options.reasoning,
            effort=options.reasoning_effort,
            allowance=options.reasoning_tokens,
        )
        self._ways = self._formats()
        self._transport: Transport | None = None

    def _formats(self) -> dict[str, Format]:
        """The server's ways to ask for text, by ``api``, for the model as it is known now."""
        model, manners, strict = self._model, self._manners, self._options.strict_schema
        return {
            "chat": Chat(model=model, manners=manners, strict=strict, may_store=is_openai(self._base_url)),
            "responses": Responses(model=model, manners=manners, strict=strict),
            "completions": Completions(model=model, manners=manners),
        }

    def _way(self, request: GenerateRequest) -> Format:
        return self._ways[self._options.api]

    @property
    def identity(self) -> Identity:
        """What answers; holds neither key nor headers."""
        return self._identity

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the API and the model allow; whether a compatible server keeps to it shows in its answers."""
        probabilities = set() if self._manners.thinks else {Capability.TOP_LOGPROBS, Capability.LABEL_LOGPROBS}
        if self._options.api == "completions":
            scores = {Capability.CONTINUATION_LOGPROBS} if self._options.echo else set()
            return frozenset({Capability.COMPLETION, Capability.SEED} | probabilities | scores)
        chat = {Capability.CHAT, Capability.JSON_SCHEMA, Capability.CHOICE}
        seed = {Capability.SEED} if self._options.api == "chat" else set()
        return frozenset(chat | seed | probabilities)

    async def start(self) -> None:
        """Reads the key's headers; sends nothing."""
        self._connect()

    async def aclose(self) -> None:
        """Closes the connections."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        if request.top_logprobs:
            self._require(Capability.TOP_LOGPROBS)
            request = replace(request, top_logprobs=min(request.top_logprobs, self._options.top_logprobs))
        way = self._way(request)
        body = way.body(request)
        started = time.perf_counter()
        transport = self._connect()
        answer = await transport.post(way.path, self._payload(body))
        if is_filtered(answer.status, answer.body):
            generation = Generation(text="", finish=Finish.CONTENT_FILTER, usage=Usage(requests=1), model=self._model)
        else:
            generation = way.read(transport.check(answer), request)
        return replace(generation, seconds=time.perf_counter() - started)

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns the log-likelihood of each continuation, or of each label as the first token."""
        if request.kind == "label":
            self._require(Capability.LABEL_LOGPROBS)
            return await score_labels(self.generate, request, self._options.top_logprobs)
        self._require(Capability.CONTINUATION_LOGPROBS)
        if not isinstance(request.prompt, str):
            raise UnsupportedCapability("The completions API scores continuations of a text, not of a chat.")
        started = time.perf_counter()
        scorer = Completions(model=self._model, manners=self._manners)
        total = Scores(continuations=())
        for first in range(0, len(request.continuations), _SCORES_A_REQUEST):
            part = request.continuations[first : first + _SCORES_A_REQUEST]
            body = scorer.scoring_body(request.prompt, part)
            transport = self._connect()
            try:
                data = transport.check(await transport.post(scorer.path, self._payload(body)))
                scores, usage, model = scorer.read_scores(data, request.prompt, part)
            except BackendError as error:
                error.usage = total.usage + (error.usage or Usage(requests=1))
                raise
            total = Scores(continuations=(*total.continuations, *scores), usage=total.usage + usage, model=model)
        return replace(total, seconds=time.perf_counter() - started)

    def _require(self, capability: Capability) -> None:
        if capability in self.capabilities:
            return
        why = "a model that thinks first" if self._manners.thinks else f"api: {self._options.api}"
        raise UnsupportedCapability(
            f"{self._options.kind} with {why} has no {capability.value}.", hint=able_hint(capability)
        )

    def _payload(self, body: dict[str, Any]) -> bytes:
        return encode(body | self._options.extra_body if self._options.extra_body else body)

    @property
    def local_only(self) -> bool:
        """Whether nothing outside this machine may be reached."""
        return any(one.local_only for one in self._servers())

    def through(self, transport: Transport) -> None:
        """Sends through another transport from now on."""
        self._transport = transport

    def connection(self, *, timeout: float, largest: int) -> Transport:
        """A connection of its own to the same server, for answers of up to so many bytes.

        Raises:
            ConfigurationError: If there are several servers.
        """
        servers = self._servers()
        if len(servers) > 1:
            raise ConfigurationError("Batches are of one server.", hint="Give backend.base_url one address.")
        return Transport(replace(servers[0], timeout=timeout, largest=largest))

    def _connect(self) -> Transport:
        if self._transport is None:
            servers = self._servers()
            self._transport = Transport(servers[0]) if len(servers) == 1 else Replicas(servers)
        return self._transport
