"""The wire format of ``/completions``: a text is continued, and on some servers its own tokens are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ..base import Capability, ContinuationScore, GenerateRequest, Generation, TokenLogprob, Usage
from ..errors import UnsupportedCapability
from ..known import able_hint
from .models import Manners
from .wire import Constrain, WireAnswer, bad, finish, keep_to, nats, no_constraint, read_answer


class _Logprobs(msgspec.Struct):
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None
    text_offset: list[int] | None = None


class _Choice(msgspec.Struct):
    text: str | None = None
    index: int = 0
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Answer(WireAnswer):
    choices: list[_Choice] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """A text in, its continuation out."""

    model: str
    manners: Manners
    constrain: Constrain = no_constraint
    path: str = "completions"

    def body(self, request: GenerateRequest) -> dict[str, Any]:
        """Returns what to send."""
        if not isinstance(request.prompt, str):
            raise UnsupportedCapability(
                "The completions API continues a text, and this prompt is a chat.",
                hint="Set backend.api: chat, or take a strategy that continues texts, such as likelihood.",
            )
        body: dict[str, Any] = {"model": self.model, "prompt": request.prompt, **self.constrain(request.constraint)}
        self.manners.add_sampling(body, request.sampling, limit="max_tokens")
        if request.sampling.seed is not None:
            body["seed"] = request.sampling.seed
        if request.top_logprobs:
            body["logprobs"] = request.top_logprobs
        return body

    def read(self, data: bytes, request: GenerateRequest) -> Generation:
        """Reads an answer."""
        answer, usage = _answer(data)
        choice = (answer.choices or [_Choice()])[0]
        ended = finish(choice.finish_reason, usage)
        if choice.text is None:
            bad("The answer has no text.", usage)
        text, ignored = keep_to(choice.text, ended, request.constraint)
        top = (choice.logprobs and choice.logprobs.top_logprobs) or []
        return Generation(
            text=text,
            finish=ended,
            usage=usage,
            model=answer.model or self.model,
            constraint_ignored=ignored,
            top_logprobs=tuple(_best(position or {}) for position in top) if request.top_logprobs else (),
        )

    def scoring_body(self, prompt: str, continuations: Sequence[str]) -> dict[str, Any]:
        """Returns a request that makes the server repeat each text with the log-probability of its tokens."""
        texts = [prompt + continuation for continuation in continuations]
        return {
            "model": self.model,
            "prompt": texts,
            "max_tokens": 0,
            "echo": True,
            "logprobs": 1,
            "temperature": 0.0,
        }

    def read_scores(
        self, data: bytes, prompt: str, continuations: Sequence[str]
    ) -> tuple[list[ContinuationScore], Usage, str]:
        """Returns the score of each continuation, what it took, and the model's name.

        A token that belongs to both prompt and continuation counts as the continuation's.

        Raises:
            UnsupportedCapability: If the server does not repeat the prompt.
            BadResponse: If scores are missing.
        """
        answer, usage = _answer(data)
        choices = sorted(answer.choices or [], key=lambda choice: choice.index)
        if len(choices) != len(continuations):
            bad(f"{len(continuations)} texts were sent to be scored, and {len(choices)} came back.", usage)
        scores = [_score(choice, prompt, text, usage) for choice, text in zip(choices, continuations, strict=True)]
        return scores, usage, answer.model or self.model


def _answer(data: bytes) -> tuple[_Answer, Usage]:
    answer, usage = read_answer(data, _Answer)
    if not answer.choices:
        bad("The answer has no choices.", usage)
    return answer, usage


def _best(position: dict[str, float]) -> tuple[TokenLogprob, ...]:
    found = sorted(position.items(), key=lambda pair: -nats(pair[1]))
    return tuple(TokenLogprob(token=token, logprob=nats(logprob)) for token, logprob in found)


def _score(choice: _Choice, prompt: str, continuation: str, usage: Usage) -> ContinuationScore:
    found = choice.logprobs
    if choice.text is None:
        bad("The answer has no text.", usage)
    if not choice.text.startswith(prompt) or found is None or not found.tokens:
        raise UnsupportedCapability(
            "This server does not give the log-probabilities of a prompt (echo).",
            hint=f"Set backend.api to chat, where models write lists. {able_hint(Capability.CONTINUATION_LOGPROBS)}",
        )
    begin, end = len(prompt), len(prompt) + len(continuation)
    offsets = found.text_offset or _offsets(found.tokens)
    logprobs = found.token_logprobs or []
    if not len(found.tokens) == len(offsets) == len(logprobs):
        bad("The answer's log-probabilities do not fit its tokens.", usage)
    rows = zip(found.tokens, offsets, logprobs, strict=True)
    inside = [value for token, at, value in rows if at < end and at + len(token) > begin]
    if not inside or any(value is None for value in inside):
        bad("The answer has no log-probability for a token of a continuation.", usage)
    return ContinuationScore(logprob=sum(nats(value) for value in inside if value is not None), tokens=len(inside))


def _offsets(tokens: Sequence[str]) -> list[int]:
    places, at = [], 0
    for token in tokens:
        places.append(at)
        at += len(token)
    return places
