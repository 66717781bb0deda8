"""The wire format of ``/responses``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from ..base import Finish, GenerateRequest, Generation
from ..errors import UnsupportedCapability
from .models import Manners
from .wire import Position, WireAnswer, alternatives, as_schema, bad, cut_at_stop, finish, keep_to, read_answer

_LEAST_TOKENS = 16


class _Content(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    logprobs: list[Position] | None = None


class _Item(msgspec.Struct):
    type: str
    content: list[_Content] | None = None
    summary: list[_Content] | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Answer(WireAnswer):
    output: list[_Item] | None = None
    status: str | None = None
    incomplete_details: _Incomplete | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """Messages in, items out; nothing is stored on the server.  Takes no seed and no stop strings."""

    model: str
    manners: Manners
    strict: bool = True
    path: str = "responses"

    def body(self, request: GenerateRequest) -> dict[str, Any]:
        """Returns what to send."""
        if isinstance(request.prompt, str):
            raise UnsupportedCapability(
                "The responses API takes messages, and this prompt is a text to be continued.",
                hint="Set backend.api: completions, or take a strategy that chats.",
            )
        instructions = [message.content for message in request.prompt if message.role == "system"]
        turns = [message for message in request.prompt if message.role != "system"]
        body: dict[str, Any] = {
            "model": self.model,
            "input": [{"role": message.role, "content": message.content} for message in turns],
            "store": False,
        }
        if instructions:
            body["instructions"] = "\n\n".join(instructions)
        self.manners.add_sampling(body, request.sampling, limit="max_output_tokens")
        body["max_output_tokens"] = max(_LEAST_TOKENS, body["max_output_tokens"])
        body.pop("stop", None)
        if self.manners.effort:
            body["reasoning"] = {"effort": self.manners.effort}
        if request.top_logprobs:
            body |= {"top_logprobs": request.top_logprobs, "include": ["message.output_text.logprobs"]}
        if schema := as_schema(request.constraint):
            described = {"type": "json_schema", "name": schema.name, "schema": schema.schema, "strict": self.strict}
            body["text"] = {"format": described}
        return body

    def read(self, data: bytes, request: GenerateRequest) -> Generation:
        """Reads an answer."""
        answer, usage = read_answer(data, _Answer)
        contents = [part for item in answer.output or () if item.type == "message" for part in item.content or ()]
        refusal = next((part.refusal for part in contents if part.type == "refusal" and part.refusal), None)
        ended = Finish.REFUSAL if refusal else finish(_reason(answer), usage)
        texts = [part.text for part in contents if part.type == "output_text" and part.text is not None]
        if not texts and ended is Finish.STOP:
            bad("The answer has no text.", usage)
        text = cut_at_stop(refusal or "".join(texts), request.sampling.stop)
        text, ignored = keep_to(text, ended, request.constraint)
        positions = [position for part in contents for position in part.logprobs or ()]
        return Generation(
            text=text,
            finish=ended,
            usage=usage,
            model=answer.model or self.model,
            reasoning=_reasoning(answer),
            constraint_ignored=ignored,
            top_logprobs=alternatives(positions, request.top_logprobs),
        )


def _reason(answer: _Answer) -> str | None:
    if answer.status == "incomplete" and answer.incomplete_details is not None:
        return answer.incomplete_details.reason or "incomplete"
    return answer.status


def _reasoning(answer: _Answer) -> str | None:
    parts = [part.text for item in answer.output or () if item.type == "reasoning" for part in item.summary or ()]
    return "\n\n".join(part for part in parts if part) or None
