"""The wire format of ``/chat/completions``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from ..base import Constraint, Finish, GenerateRequest, Generation
from ..errors import UnsupportedCapability
from .models import Manners
from .wire import (
    Constrain,
    Position,
    WireAnswer,
    alternatives,
    as_schema,
    bad,
    cut_at_stop,
    finish,
    keep_to,
    read_answer,
)


class _Part(msgspec.Struct):
    type: str = "text"
    text: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Logprobs(msgspec.Struct):
    content: list[Position] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Answer(WireAnswer):
    choices: list[_Choice] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Messages in, one message out.

    Attributes:
        constrain: Says constraints where the server has words of its own.
        may_store: The server can keep what it is sent, so it is told not to.
    """

    model: str
    manners: Manners
    strict: bool = True
    constrain: Constrain | None = None
    may_store: bool = False
    path: str = "chat/completions"

    def body(self, request: GenerateRequest) -> dict[str, Any]:
        """Returns what to send."""
        if isinstance(request.prompt, str):
            raise UnsupportedCapability(
                "The chat API takes messages, and this prompt is a text to be continued.",
                hint="Set backend.api: completions, or take a strategy that chats.",
            )
        system = self.manners.system_role
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": system if message.role == "system" else message.role, "content": message.content}
                for message in request.prompt
            ],
        }
        if self.may_store:
            body["store"] = False
        self.manners.add_sampling(body, request.sampling, limit=self.manners.chat_limit)
        if request.sampling.seed is not None:
            body["seed"] = request.sampling.seed
        if request.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        body |= self._said(request.constraint) if self.constrain is None else self.constrain(request.constraint)
        return body

    def _said(self, constraint: Constraint | None) -> dict[str, Any]:
        schema = as_schema(constraint)
        if schema is None:
            return {}
        described = {"name": schema.name, "schema": schema.schema, "strict": self.strict}
        return {"response_format": {"type": "json_schema", "json_schema": described}}

    def read(self, data: bytes, request: GenerateRequest) -> Generation:
        """Reads an answer."""
        answer, usage = read_answer(data, _Answer)
        if not answer.choices or answer.choices[0].message is None:
            bad("The answer has no choices.", usage)
        choice, message = answer.choices[0], answer.choices[0].message
        ended = Finish.REFUSAL if message.refusal else finish(choice.finish_reason, usage)
        text = message.refusal or _text(message.content)
        if text is None:
            if ended is Finish.STOP:
                bad("The answer's content is null.", usage)
            text = ""
        if not self.manners.takes_stop:
            text = cut_at_stop(text, request.sampling.stop)
        text, ignored = keep_to(text, ended, request.constraint)
        return Generation(
            text=text,
            finish=ended,
            usage=usage,
            model=answer.model or self.model,
            reasoning=message.reasoning_content or message.reasoning,
            constraint_ignored=ignored,
            top_logprobs=alternatives(_positions(choice), request.top_logprobs),
        )


def _positions(choice: _Choice) -> list[Position] | None:
    return choice.logprobs.content if choice.logprobs is not None else None


def _text(content: str | list[_Part] | None) -> str | None:
    if isinstance(content, list):
        parts = [part.text for part in content if part.type in ("text", "output_text") and part.text is not None]
        return "".join(parts) if parts else None
    return content
