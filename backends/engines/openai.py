"""OpenAI, Azure, and every server that speaks their protocol."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr

from ..base import (
    Capability,
    Finish,
    GenerateRequest,
    Generation,
    Identity,
    Sampling,
    ScoreRequest,
    Scores,
    Usage,
)
from ..errors import ConfigurationError, UnsupportedCapability
from ..http.address import plain
from ..http.chat import Chat
from ..http.completions import Completions
from ..http.faults import is_filtered
from ..http.labels import label_scores
from ..http.models import Manners
from ..http.responses import Responses
from ..http.server import read_key, resolve_url, server
from ..http.transport import Transport
from ..http.wire import Format
from ..jsonio import encode
from ..options import BackendOptions, Engine, Surroundings
from ..prices import PriceOptions

_DEFAULT_URL = "https://api.openai.com/v1"
_SCORES_A_REQUEST = 64


class OpenAIOptions(BackendOptions):
    """Options of ``kind: openai``; the key comes from ``OPENAI_API_KEY`` or the variable ``api_key_env`` names.

    Attributes:
        api: Which of the server's interfaces: ``chat`` and ``responses`` take messages, ``completions`` a text.
        api_version: Version of Azure's API, for Azure's older paths; ``base_url`` is then the resource's address.
        organization: OpenAI organisation that is billed.
        project: OpenAI project that is billed.
        reasoning: Whether the model thinks before it answers; None tells from its name.
        reasoning_effort: How much, in the server's words.
        reasoning_tokens: Tokens for thinking, on top of the answer's ``max_tokens``.
        top_logprobs: The most alternatives that the server reports.
        strict_schema: Whether a JSON schema is to be kept to the letter.
        echo: On ``completions``: whether the server repeats prompts with their log-probabilities, so that continuations
            can be scored.
        ca_file: Certificates of a private authority, relative to the config.
        trust_env: Whether proxies of the environment are used.
        max_response_mb: Megabytes of the largest answer that is read.
        price: What tokens cost, where the table does not know or is out of date.
    """

    kind: Literal["openai"] = "openai"
    api: Literal["chat", "responses", "completions"] = "chat"
    api_version: str | None = None
    organization: str | None = None
    project: str | None = None
    reasoning: bool | None = None
    reasoning_effort: str | None = None
    reasoning_tokens: int = Field(default=2048, ge=0, strict=True)
    top_logprobs: int = Field(default=20, ge=1, strict=True)
    strict_schema: bool = True
    echo: bool = True
    ca_file: Path | None = None
    trust_env: bool = False
    max_response_mb: float = Field(default=8.0, gt=0)
    price: PriceOptions | None = None


class OpenAIBackend:
    """One attempt at a time against an OpenAI-style server; whoever calls it brings retries and limits."""

    def __init__(self, options: OpenAIOptions, surroundings: Surroundings, *, base_url: str, key: SecretStr | None):
        if options.model is None:
            raise ConfigurationError("backend.model is missing: which model should answer?")
        self._options = options
        self._surroundings = surroundings
        self._base_url = base_url
        self._key = key
        self._model = options.model
        self._manners = Manners.of(
            options.model,
            thinks=options.reasoning,
            effort=options.reasoning_effort,
            allowance=options.reasoning_tokens,
        )
        self._completions = Completions(model=options.model, manners=self._manners)
        self._format = self._choose_format()
        self._transport: Transport | None = None

    def _choose_format(self) -> Format:
        options = self._options
        if options.api == "completions":
            return self._completions
        chosen = Chat if options.api == "chat" else Responses
        return chosen(model=self._model, manners=self._manners, strict=options.strict_schema)

    @property
    def identity(self) -> Identity:
        """What answers; holds neither key nor headers."""
        options = self._options
        extra: dict[str, Any] = {"api": options.api}
        for name in ("extra_body", "reasoning_effort", "api_version"):
            if value := getattr(options, name):
                extra[name] = value
        return Identity(kind=options.kind, model=self._model, endpoint=plain(self._base_url), extra=extra)

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
        body = self._format.body(request)
        started = time.perf_counter()
        transport = self._connect()
        answer = await transport.post(self._format.path, self._payload(body))
        if is_filtered(answer.status, answer.body):
            generation = Generation(text="", finish=Finish.CONTENT_FILTER, usage=Usage(requests=1), model=self._model)
        else:
            generation = self._format.read(transport.check(answer), request)
        return replace(generation, seconds=time.perf_counter() - started)

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns the log-likelihood of each continuation, or of each label as the first token."""
        if request.kind == "label":
            return await self._score_labels(request)
        self._require(Capability.CONTINUATION_LOGPROBS)
        if not isinstance(request.prompt, str):
            raise UnsupportedCapability("The completions API scores continuations of a text, not of a chat.")
        started = time.perf_counter()
        total = Scores(continuations=())
        for first in range(0, len(request.continuations), _SCORES_A_REQUEST):
            part = request.continuations[first : first + _SCORES_A_REQUEST]
            body = self._completions.scoring_body(request.prompt, part)
            transport = self._connect()
            data = transport.check(await transport.post(self._completions.path, self._payload(body)))
            scores, usage, model = self._completions.read_scores(data, request.prompt, part)
            total = Scores(continuations=(*total.continuations, *scores), usage=total.usage + usage, model=model)
        return replace(total, seconds=time.perf_counter() - started)

    async def _score_labels(self, request: ScoreRequest) -> Scores:
        self._require(Capability.LABEL_LOGPROBS)
        first = GenerateRequest(
            prompt=request.prompt,
            sampling=Sampling(max_tokens=1),
            top_logprobs=self._options.top_logprobs,
            template=request.template,
        )
        answer = await self.generate(first)
        scores = label_scores(answer, request.continuations)
        return Scores(continuations=scores, usage=answer.usage, model=answer.model, seconds=answer.seconds)

    def _require(self, capability: Capability) -> None:
        if capability in self.capabilities:
            return
        why = "a model that thinks first" if self._manners.thinks else f"api: {self._options.api}"
        hints = {
            Capability.CONTINUATION_LOGPROBS: "api: completions on a server that echoes, or kind: local or vllm, can.",
        }
        raise UnsupportedCapability(
            f"{self._options.kind} with {why} has no {capability.value}.",
            hint=hints.get(capability, "kind: local or vllm, or a model that does not think first, has."),
        )

    def _payload(self, body: dict[str, Any]) -> bytes:
        return encode(body | self._options.extra_body if self._options.extra_body else body)

    def _connect(self) -> Transport:
        if self._transport is None:
            options = self._options
            azure = None
            if options.api_version is not None:
                azure = (options.api_version, None if options.api == "responses" else self._model)
            self._transport = Transport(
                server(
                    options,
                    self._surroundings,
                    base_url=self._base_url,
                    key=self._key,
                    organization=options.organization,
                    project=options.project,
                    azure=azure,
                    ca_file=options.ca_file,
                    trust_env=options.trust_env,
                    largest=round(options.max_response_mb * (1 << 20)),
                )
            )
        return self._transport


def _create(options: OpenAIOptions, surroundings: Surroundings) -> OpenAIBackend:
    azure = options.api_version is not None
    base_url = resolve_url(
        options,
        surroundings,
        variable="AZURE_OPENAI_ENDPOINT" if azure else "OPENAI_BASE_URL",
        default=_DEFAULT_URL,
    )
    name = options.api_key_env or ("AZURE_OPENAI_API_KEY" if azure else "OPENAI_API_KEY")
    return OpenAIBackend(options, surroundings, base_url=base_url, key=read_key(name, base_url))


ENGINE = Engine(
    summary="OpenAI, Azure and every compatible server: chat, responses, completions",
    options=OpenAIOptions,
    create=_create,
)
