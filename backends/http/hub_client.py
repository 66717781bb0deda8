"""huggingface_hub's inference client, which knows where a model is computed, over our own transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BackendError, ConfigurationError
from ..jsonio import encode
from .faults import presentable
from .transport import Transport


class _Answered(Exception):
    """Carries a whole answer past the library's reading of it: its types turn errors into half-filled objects."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


class HubClient:
    """Sends one request for a model of the Hub or to an endpoint.

    Args:
        transport: What sends.
        model: Name on the Hub.
        base_url: Address of an endpoint, in its place.
        provider: Who computes.
        token: The token.
        bill_to: Organisation that is billed.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        model: str | None,
        base_url: str | None,
        provider: str,
        token: str | None,
        bill_to: str | None,
    ) -> None:
        kept = ("response_format",) if base_url else ()
        self._client = _client(transport, kept)(
            model=model or (base_url or "").rstrip("/"),
            provider=None if base_url else provider,
            token=token or "",
            bill_to=bill_to,
        )
        self._secret = token or ""

    async def chat(self, body: Mapping[str, Any]) -> bytes:
        """Sends messages; ``body`` has the fields of a chat completion.

        Raises:
            BackendError: If no answer came, or one with an error's status.
        """
        rest = {name: value for name, value in body.items() if name not in ("messages", "model")}
        self._client.as_asked = body
        return await self._answer(self._client.chat_completion(body["messages"], extra_body=rest))

    async def continued(self, prompt: str, parameters: Mapping[str, Any]) -> bytes:
        """Sends a text to be continued; raises as :meth:`chat`."""
        return await self._answer(self._client.text_generation(prompt, **parameters))

    async def _answer(self, call: Any) -> bytes:
        try:
            await call
        except _Answered as answer:
            return answer.body
        except BackendError:
            raise
        except Exception as error:  # noqa: BLE001 - before anything was sent: an unknown provider, a model that nobody serves
            said = presentable(str(error), self._secret)
            raise ConfigurationError(f"huggingface_hub finds no way to this model: {said}") from None
        raise ConfigurationError("huggingface_hub sent nothing; this version is not known to work.")


def _client(transport: Transport, kept: tuple[str, ...]) -> Any:
    """The library's client, sending through ours.

    Some fields are ``kept`` as they were asked: for an endpoint the library says a schema in an old form, which nothing
    but Text Generation Inference reads.
    """
    from huggingface_hub import AsyncInferenceClient

    class Client(AsyncInferenceClient):
        as_asked: Mapping[str, Any] = {}

        async def _inner_post(self, request_parameters: Any, *, stream: bool = False) -> Any:
            body = dict(request_parameters.json)
            body |= {name: self.as_asked[name] for name in kept if name in self.as_asked}
            answer = await transport.post(request_parameters.url, encode(body), headers=request_parameters.headers)
            raise _Answered(transport.check(answer))

    return Client
