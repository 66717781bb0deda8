"""Hugging Face: inference providers, dedicated endpoints, and servers that run Text Generation Inference."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import SecretStr

from ..base import (
    Capability,
    GenerateRequest,
    Generation,
    Identity,
    Sampling,
    ScoreRequest,
    Scores,
    Usage,
)
from ..continuations import SAME_BEGINNING
from ..errors import BackendError, ConfigurationError, InvalidRequest, LocalOnlyError, UnsupportedCapability
from ..http.address import checked, plain, require_loopback
from ..http.chat import Chat
from ..http.hub_client import HubClient
from ..http.labels import score_labels
from ..http.models import Manners
from ..http.options import ServerOptions
from ..http.server import plain_server, read_key
from ..http.tgi import Tgi
from ..http.transport import Transport
from ..http.wire import read_models
from ..known import able_hint
from ..options import Engine, Surroundings

_ANSWERING = ("extra_body", "strict_schema", "top_logprobs")
"""Options that change answers, and so belong to a request's key."""
_READ_AT_ONCE = 8
"""Texts of one request that are read at a time."""
_CHAT = frozenset(
    {
        Capability.CHAT,
        Capability.JSON_SCHEMA,
        Capability.CHOICE,
        Capability.SEED,
        Capability.TOP_LOGPROBS,
        Capability.LABEL_LOGPROBS,
    }
)
_GENERATE = frozenset(
    {
        Capability.COMPLETION,
        Capability.JSON_SCHEMA,
        Capability.CHOICE,
        Capability.SEED,
        Capability.LABEL_LOGPROBS,
        Capability.CONTINUATION_LOGPROBS,
    }
)


class HuggingFaceOptions(ServerOptions):
    """Options of ``kind: huggingface``; the token comes from ``HF_TOKEN`` or the variable ``api_key_env`` names.

    Attributes:
        model: Name on the Hub, for providers; for an endpoint a name to show, None for what it says it serves.
        base_url: Address of a dedicated endpoint or of a server that runs Text Generation Inference.
        api: ``chat`` sends messages; ``generate`` is Text Generation Inference's own and can score continuations.
        provider: Who computes: ``auto``, ``groq``, ``together``, ``hf-inference`` ...
        bill_to: Organisation that is billed.
        strict_schema: Whether a JSON schema is to be kept to the letter.
    """

    kind: Literal["huggingface"] = "huggingface"
    api: Literal["chat", "generate"] = "chat"
    provider: str = "auto"
    bill_to: str | None = None
    strict_schema: bool = True


class HuggingFace:
    """See the module's docstring.

    ``huggingface_hub`` says where a model is computed and with which headers; sending is ours, so that answers are
    bounded in size, redirects are refused and nothing is retried unseen.
    """

    def __init__(
        self, options: HuggingFaceOptions, surroundings: Surroundings, *, base_url: str | None, token: SecretStr | None
    ) -> None:
        self._options = options
        self._surroundings = surroundings
        self._base_url = base_url
        self._token = token
        self._model = options.model or "tgi"
        self._chat = Chat(model=self._model, manners=Manners(), strict=options.strict_schema)
        self._tgi = Tgi(model=self._model)
        self._transport: Transport | None = None
        self._asked = False
        extra: dict[str, Any] = {"api": options.api}
        if base_url is None:
            extra["provider"] = options.provider
        extra |= options.model_dump(include=set(_ANSWERING), exclude_defaults=True)
        endpoint = plain(base_url) if base_url else "https://huggingface.co"
        self._identity = Identity(kind="huggingface", model=self._model, endpoint=endpoint, extra=extra)

    @property
    def identity(self) -> Identity:
        """What answers; holds neither token nor headers.  What an endpoint serves is known after :meth:`start`."""
        return self._identity

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the interface allows; whether a provider keeps to it shows in its answers."""
        return _CHAT if self._options.api == "chat" else _GENERATE

    async def start(self) -> None:
        """Reads the token, and asks an endpoint which model it serves where the config does not name one."""
        transport = self._connect()
        if self._asked or self._base_url is None or self._options.model is not None:
            return
        self._asked = True
        key = {"Authorization": f"Bearer {self._token.get_secret_value()}"} if self._token else None
        with contextlib.suppress(BackendError):  # not every server says; what is truly wrong shows in the requests
            served = read_models(transport.check(await transport.get("v1/models", key)))
            self._identity = replace(self._identity, model=served[0].id if served else self._model)

    async def aclose(self) -> None:
        """Closes the connections."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        started = time.perf_counter()
        most = min(request.top_logprobs, self._options.top_logprobs)
        request = replace(request, top_logprobs=most)
        if self._options.api == "chat":
            body = self._chat.body(request) | self._options.extra_body
            answer = self._chat.read(await self._client().chat(body), request)
        else:
            answer = self._tgi.read(await self._generated(request), request)
        return replace(answer, seconds=time.perf_counter() - started)

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns the log-likelihood of each continuation, or of each label as the first token."""
        if self._options.api == "chat":
            return await self._score_labels(request)
        if not isinstance(request.prompt, str):
            raise UnsupportedCapability("The generate API scores continuations of a text, not of a chat.")
        started = time.perf_counter()
        prompt, first = request.prompt, request.kind == "label"
        answers = await self._read_all([prompt + text for text in request.continuations])
        read = [
            self._tgi.read_score(answer, text, first=first)
            for answer, text in zip(answers, request.continuations, strict=True)
        ]
        spent = sum((usage for _, usage, _ in read), Usage())
        if first and len({token for _, _, token in read}) < len(read):
            raise InvalidRequest(SAME_BEGINNING, usage=spent)
        return Scores(
            continuations=tuple(score for score, _, _ in read),
            usage=spent,
            model=self._model,
            seconds=time.perf_counter() - started,
        )

    async def _score_labels(self, request: ScoreRequest) -> Scores:
        if request.kind != "label":
            raise UnsupportedCapability(
                "huggingface with api: chat has no continuation_logprobs.",
                hint=f"api: generate has, on a server that runs Text Generation Inference. "
                f"{able_hint(Capability.CONTINUATION_LOGPROBS)}",
            )
        return await score_labels(self.generate, request, self._options.top_logprobs)

    async def _read_all(self, texts: Sequence[str]) -> list[bytes]:
        """Has texts read, a few at a time; the first error cancels the others and is raised alone."""
        free = asyncio.Semaphore(_READ_AT_ONCE)

        async def read(text: str) -> bytes:
            async with free:
                return await self._generated(GenerateRequest(prompt=text, sampling=Sampling(max_tokens=1)))

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(read(text)) for text in texts]
        except* BackendError as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _generated(self, request: GenerateRequest) -> bytes:
        if not isinstance(request.prompt, str):
            raise UnsupportedCapability(
                "The generate API continues a text, and this prompt is a chat.",
                hint="Set backend.api: chat, or take a strategy that continues texts, such as likelihood.",
            )
        return await self._client().continued(request.prompt, self._tgi.parameters(request) | self._options.extra_body)

    def _client(self) -> HubClient:
        options = self._options
        return HubClient(
            self._connect(),
            model=None if self._base_url else self._model,
            base_url=self._base_url,
            provider=options.provider,
            token=self._token.get_secret_value() if self._token else None,
            bill_to=options.bill_to,
        )

    def _connect(self) -> Transport:
        if self._transport is None:
            secret = self._token.get_secret_value() if self._token else ""
            url = self._base_url or "https://router.huggingface.co/"
            self._transport = Transport(plain_server(self._options, self._surroundings, base_url=url, secret=secret))
        return self._transport


def _create(options: HuggingFaceOptions, surroundings: Surroundings) -> HuggingFace:
    base_url = checked(options.base_url) if options.base_url is not None else None
    if base_url is None and options.model is None:
        raise ConfigurationError("backend.model is missing: a name on the Hub, or backend.base_url of an endpoint.")
    if surroundings.local_only:
        if base_url is None:
            raise LocalOnlyError("local_only is set, and Hugging Face's providers are not on this machine.")
        require_loopback(base_url)
    where = base_url or "https://huggingface.co"
    return HuggingFace(
        options, surroundings, base_url=base_url, token=read_key(options.api_key_env or "HF_TOKEN", where)
    )


ENGINE = Engine(
    summary="Hugging Face inference providers, dedicated endpoints, Text Generation Inference",
    options=HuggingFaceOptions,
    create=_create,
    capabilities=_CHAT | _GENERATE,
    key_env="HF_TOKEN",
)
