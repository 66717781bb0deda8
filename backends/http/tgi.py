"""The wire format of Text Generation Inference's own ``/generate``: a text is continued, and its tokens are scored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from ..base import (
    Capability,
    Choice,
    Constraint,
    ContinuationScore,
    Finish,
    GenerateRequest,
    Generation,
    Grammar,
    JsonSchema,
    TokenLogprob,
    Usage,
)
from ..errors import BadResponse, InvalidRequest, UnsupportedCapability
from ..known import able_hint
from .faults import presentable
from .wire import bad, keep_to, nats, read_json

_FINISH = {"length": Finish.LENGTH, "eos_token": Finish.STOP, "stop_sequence": Finish.STOP}


class _Token(msgspec.Struct):
    text: str
    logprob: float | None = None
    special: bool = False


class _Details(msgspec.Struct):
    finish_reason: str
    generated_tokens: int = 0
    prefill: list[_Token] = []
    top_tokens: list[list[_Token]] = []


class _Answer(msgspec.Struct):
    generated_text: str | None = None
    details: _Details | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tgi:
    """A text in, its continuation out."""

    model: str

    def parameters(self, request: GenerateRequest) -> dict[str, Any]:
        """Returns what to send beside the prompt."""
        sampling = request.sampling
        said: dict[str, Any] = {"details": True, "max_new_tokens": sampling.max_tokens, "return_full_text": False}
        said |= {"decoder_input_details": True}
        said["do_sample"] = sampling.temperature > 0
        if sampling.temperature > 0:
            said["temperature"] = sampling.temperature
            if sampling.top_p is not None and sampling.top_p < 1:
                said["top_p"] = sampling.top_p
        if sampling.seed is not None:
            said["seed"] = sampling.seed
        if sampling.stop:
            said["stop"] = list(sampling.stop)
        if request.top_logprobs:
            said["top_n_tokens"] = request.top_logprobs
        return said | _grammar(request.constraint)

    def read(self, data: bytes, request: GenerateRequest) -> Generation:
        """Reads an answer."""
        answer, details, usage = _read(data)
        ended = _FINISH.get(details.finish_reason)
        if ended is None:
            said = presentable(details.finish_reason)
            bad(f"The answer ended with {said!r}, which is no end of a text.", usage)
        text = answer.generated_text
        if text is None:
            bad("The answer has no text.", usage)
        for stop in request.sampling.stop:
            text = text.removesuffix(stop)
        text, ignored = keep_to(text, ended, request.constraint)
        top = details.top_tokens if request.top_logprobs else []
        return Generation(
            text=text,
            finish=ended,
            usage=usage,
            model=self.model,
            constraint_ignored=ignored,
            top_logprobs=tuple(tuple(_logprob(token) for token in position) for position in top),
        )

    def read_score(self, data: bytes, continuation: str, *, first: bool) -> tuple[ContinuationScore, Usage, str]:
        """Returns the score of the text that ends the prompt, or of its first token; what it took; and that token.

        A token that belongs to both prompt and continuation counts as the continuation's.

        Raises:
            UnsupportedCapability: If the server does not report the prompt's tokens.
            InvalidRequest: If they do not spell the text, as where a token is a part of a character.
        """
        _, details, usage = _read(data)
        if not continuation:
            return ContinuationScore(logprob=0.0, tokens=0), usage, ""
        if not details.prefill:
            raise UnsupportedCapability(
                "This server does not report the log-probabilities of a prompt's tokens.",
                hint=able_hint(Capability.CONTINUATION_LOGPROBS),
            )
        whole = "".join(token.text for token in details.prefill)
        if not whole.endswith(continuation):
            raise InvalidRequest(
                "The tokens that the server reports do not spell the text that was to be scored.",
                hint=able_hint(Capability.CONTINUATION_LOGPROBS),
                usage=usage,
            )
        begin, at, inside = len(whole) - len(continuation), 0, []
        for token in details.prefill:
            at += len(token.text)
            if at > begin:
                inside.append(token)
        inside = inside[:1] if first else inside
        values = [token.logprob for token in inside if token.logprob is not None]
        if len(values) < len(inside):
            raise BadResponse("The answer has no log-probability for a token of a continuation.", usage=usage)
        return ContinuationScore(logprob=sum(map(nats, values)), tokens=len(inside)), usage, inside[0].text


def _read(data: bytes) -> tuple[_Answer, _Details, Usage]:
    listed = data.lstrip().startswith(b"[")  # `/` answers with a list, `/generate` with its only element
    answer = (read_json(data, list[_Answer]) or [_Answer()])[0] if listed else read_json(data, _Answer)
    details = answer.details
    if details is None:
        raise BadResponse("The answer has no details.", usage=Usage(requests=1))
    usage = Usage(requests=1, prompt_tokens=len(details.prefill), completion_tokens=details.generated_tokens)
    return answer, details, usage


def _logprob(token: _Token) -> TokenLogprob:
    return TokenLogprob(token=token.text, logprob=nats(token.logprob if token.logprob is not None else float("-inf")))


def _grammar(constraint: Constraint | None) -> dict[str, Any]:
    match constraint:
        case None:
            return {}
        case JsonSchema(schema=schema):
            return {"grammar": {"type": "json", "value": dict(schema)}}
        case Choice(options=options):
            return {"grammar": {"type": "regex", "value": "|".join(f"({re.escape(option)})" for option in options)}}
        case Grammar():
            raise UnsupportedCapability("This server takes no grammar.", hint=able_hint(Capability.GRAMMAR))
