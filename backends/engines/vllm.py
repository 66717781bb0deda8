"""A vLLM server: OpenAI's protocol, and what only vLLM has beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import msgspec
from pydantic import Field

from ..base import Capability, GenerateRequest, Generation, Prompt, ScoreRequest, Scores, Usage
from ..continuations import Found, Pieces, Tokens, seam
from ..doctor import Finding
from ..errors import BackendError, ConfigurationError
from ..http.backend import HttpBackend
from ..http.chat import Chat
from ..http.completions import Completions
from ..http.faults import presentable
from ..http.models import Manners
from ..http.options import HttpOptions
from ..http.responses import Responses
from ..http.server import read_key, resolve_urls, server
from ..http.transport import Server
from ..http.vllm_scores import after_nodes, echoed, read_after, read_echo, readable
from ..http.wire import Format, read_json, read_models, structured_outputs
from ..jsonio import encode
from ..options import Engine, Surroundings

_DEFAULT_URL = "http://127.0.0.1:8000/v1/"
_PATHS = {
    "tokenize": "where labels and continuations are cut into tokens",
    "generative_scoring": "one label's probability for many items; logprob_token_ids are used instead, which give all",
    "metrics": "shows the hits of the prefix cache",
}
CAPABILITIES = frozenset(Capability) - {Capability.BATCH}


class _Tokenized(msgspec.Struct):
    """An answer of ``/tokenize`` or of ``/detokenize``."""

    tokens: list[int] = []
    prompt: str = ""


class VllmOptions(HttpOptions):
    """Options of ``kind: vllm``; the key, where the server wants one, comes from ``VLLM_API_KEY``.

    Attributes:
        model: Name that the server gives the model, or a LoRA adapter; None for the one that it serves.
        api: How messages are sent; ``completions`` is the same as ``chat``.
        base_url: None takes ``VLLM_BASE_URL``, else this machine's port 8000.
        scoring: How continuations are scored.  ``echo``: the server reads prompt and continuation anew each, in one
            request.  ``tree``: one token a step of the continuations' common tree, which uses the prefix cache and pays
            where prompts are long.
        priority: Of these requests, where the server schedules by priority; lower is earlier.
        chat_template_kwargs: Passed to the model's chat template, e.g. ``{enable_thinking: false}``.
        reasoning: Whether answers begin with reasoning, which then gets ``reasoning_tokens`` more tokens.
    """

    kind: Literal["vllm"] = "vllm"
    scoring: Literal["echo", "tree"] = "echo"
    priority: int | None = Field(default=None, strict=True)
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)


class Vllm(HttpBackend):
    """See the module's docstring.

    Labels are scored with ``logprob_token_ids``: one generated token gives the log-probability of each, exactly.
    """

    _options: VllmOptions

    def __init__(self, options: VllmOptions, servers: Callable[[], Sequence[Server]], *, base_url: str) -> None:
        kwargs = options.chat_template_kwargs
        self._templating = {"chat_template_kwargs": kwargs} if kwargs else {}
        self._known = False
        super().__init__(options, servers, base_url=base_url, extra=self._templating)

    def _formats(self) -> dict[str, Format]:
        options = self._options
        allowance = options.reasoning_tokens if options.reasoning else 0
        self._manners = Manners(effort=options.reasoning_effort, allowance=allowance)
        model, manners = self._model, self._manners
        return {
            "chat": Chat(model=model, manners=manners, constrain=structured_outputs),
            "responses": Responses(model=model, manners=manners, strict=options.strict_schema),
            "completions": Completions(model=model, manners=manners, constrain=structured_outputs),
        }

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What vLLM can do; texts and scores go to ``/completions`` whatever ``api`` says."""
        if self._options.api == "responses":
            return CAPABILITIES - {Capability.GRAMMAR, Capability.SEED, Capability.TOP_LOGPROBS}
        return CAPABILITIES

    async def start(self) -> None:
        """Asks the server which models it serves; the identity then names model and weights.

        Raises:
            ConfigurationError: If it does not serve the one that was named, or several and none was named.
            BackendError: If it does not answer.
        """
        if self._known:
            return
        transport = self._connect()
        models = read_models(transport.check(await transport.get("models")))
        served = {model.id: model for model in models}
        wanted = self._options.model or (models[0].id if len(models) == 1 else None)
        if wanted not in served:
            names = ", ".join(served) or "none"
            said = f"does not serve {wanted!r}" if wanted else "serves several models and backend.model names none"
            raise ConfigurationError(f"The server at {self._base_url} {said}.", hint=f"It serves: {names}.")
        self._model = wanted
        self._ways = self._formats()
        extra = {**self._identity.extra, "weights": served[wanted].root or wanted}
        self._identity = replace(self._identity, model=wanted, extra=extra)
        self._known = True

    def _way(self, request: GenerateRequest) -> Format:
        if isinstance(request.prompt, str):
            return self._ways["completions"]
        return self._ways["responses" if self._options.api == "responses" else "chat"]

    async def examine(self) -> list[Finding]:
        """Says which vLLM it is, what it serves, and which of its own interfaces answer."""
        transport = self._connect()
        version = await transport.get("../version")
        said = version.body.decode(errors="replace") if version.status == 200 else "does not say its version"
        models = read_models(transport.check(await transport.get("models")))
        found = [
            Finding(what="server", ok=version.status == 200, said=presentable(said)),
            Finding(what="models", ok=True, said=", ".join(model.id for model in models)),
        ]
        for path, use in _PATHS.items():
            there = (await transport.get(f"../{path}")).status != 404
            found.append(
                Finding(what=f"/{path}", ok=there or path != "tokenize", said=use if there else "is not there")
            )
        return found

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        await self.start()
        return await super().generate(request)

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns exact log-likelihoods of continuations after a text or a chat, or of labels as the next token."""
        await self.start()
        started = time.perf_counter()
        text, special = await self._text(request.prompt)
        prompt = await self._tokens(text, special=special)
        found = Found()
        try:
            if request.kind == "label" or self._options.scoring == "tree":
                wholes = [await self._tokens(text + one, special=special) for one in request.continuations]
                pieces = Pieces.of(request, prompt, wholes)
                await self._by_tree(pieces, found)
            else:
                wholes = await self._by_echo(text, prompt, request.continuations, found, special=special)
                pieces = Pieces.of(request, prompt, wholes)
        except BackendError as error:
            if found.usage.requests and error.usage is not found.usage:
                error.usage = found.usage + (error.usage or Usage(requests=1))
            raise
        return Scores(
            continuations=pieces.scores(found.logprob),
            usage=found.usage,
            model=self._model,
            seconds=time.perf_counter() - started,
        )

    async def _by_tree(self, pieces: Pieces, found: Found) -> None:
        for batch in after_nodes(pieces.needed()):
            answer = await self._complete(batch.body())
            read_after(answer, batch, found)

    async def _by_echo(
        self, text: str, prompt: Tokens, continuations: tuple[str, ...], found: Found, *, special: bool
    ) -> list[Tokens]:
        wholes: list[Tokens] = []
        for part in readable(len(prompt), continuations):
            answer = await self._complete(echoed([text + one for one in part], special=special))
            wholes += read_echo(answer, len(part), found, prompt=prompt)
        shared = min((seam(prompt, whole)[0] for whole in wholes), key=len, default=prompt)
        if shared != prompt:  # one merges with the prompt's end
            read_echo(await self._complete(echoed([text], special=special)), 1, found, prompt=shared)
        return wholes

    async def _complete(self, body: dict[str, Any]) -> bytes:
        transport = self._connect()
        return transport.check(await transport.post("completions", self._payload({"model": self._model, **body})))

    async def _text(self, prompt: Prompt) -> tuple[str, bool]:
        """The text of a prompt, and whether control tokens stand in it because a chat template wrote them."""
        if isinstance(prompt, str):
            return prompt, False
        messages = [{"role": message.role, "content": message.content} for message in prompt]
        body = {"messages": messages, "add_generation_prompt": True, "add_special_tokens": False}
        answer = await self._ask("../tokenize", body | self._templating)
        text = await self._ask("../detokenize", {"tokens": answer.tokens})
        return text.prompt, True

    async def _tokens(self, text: str, *, special: bool) -> Tokens:
        answer = await self._ask("../tokenize", {"prompt": text, "add_special_tokens": not special})
        return tuple(answer.tokens)

    async def _ask(self, path: str, body: dict[str, Any]) -> _Tokenized:
        transport = self._connect()
        payload = encode({"model": self._model, **body})
        return read_json(transport.check(await transport.post(path, payload)), _Tokenized)

    def _payload(self, body: dict[str, Any]) -> bytes:
        own: dict[str, Any] = dict(self._templating) if "messages" in body else {}
        if self._options.priority is not None:
            own["priority"] = self._options.priority
        return super()._payload(body | own)


def _create(options: VllmOptions, surroundings: Surroundings) -> Vllm:
    given = resolve_urls(options, surroundings, variable="VLLM_BASE_URL", default=_DEFAULT_URL)
    urls = [url if url.endswith("/v1/") else f"{url}v1/" for url in given]
    key = read_key(options.api_key_env or "VLLM_API_KEY", *urls, needed=options.api_key_env is not None)
    return Vllm(
        options, lambda: [server(options, surroundings, base_url=url, key=key) for url in urls], base_url=urls[0]
    )


ENGINE = Engine(
    summary="a vLLM server: structured outputs, exact scores of labels and continuations, LoRA",
    options=VllmOptions,
    create=_create,
    capabilities=CAPABILITIES,
    key_env="VLLM_API_KEY",
)
