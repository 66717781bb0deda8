"""Tries what a backend says that it can do, with a few tiny requests."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .base import (
    Backend,
    Capability,
    Choice,
    Constraint,
    GenerateRequest,
    Generation,
    Grammar,
    JsonSchema,
    Message,
    Prompt,
    Sampling,
    ScoreRequest,
)
from .errors import BackendError, ConfigurationError, NotRecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried.

    Attributes:
        what: Its name.
        ok: Whether it works; None where it is not there and nothing has asked for it.
        said: What there is to say of it.
    """

    what: str
    ok: bool | None
    said: str


@runtime_checkable
class Examinable(Protocol):
    """An engine that can tell more of itself than what every backend can be asked."""

    async def examine(self) -> list[Finding]:
        """Returns what it found."""
        ...


_ANSWER = {"type": "object", "properties": {"answer": {"enum": ["yes", "no"]}}, "required": ["answer"]}
_QUESTION = "Is the sky blue? Answer yes or no."


async def examine(engine: Backend, backend: Backend) -> AsyncIterator[Finding]:
    """Yields a finding for the start and, if that worked, for each capability; sends about ten short requests.

    Args:
        engine: The bare engine, asked what it knows of itself.
        backend: The same with retries and limits round it.
    """
    started = time.monotonic()
    try:
        await backend.start()
    except BackendError as error:
        yield Finding(what="start", ok=False, said=str(error))
        return
    identity = backend.identity
    where = f" at {identity.endpoint}" if identity.endpoint else ""
    yield Finding(
        what="start", ok=True, said=f"{identity.kind} {identity.model}{where}, {time.monotonic() - started:.1f} s"
    )
    if isinstance(engine, Examinable):
        try:
            found = await engine.examine()
        except BackendError as error:
            found = [Finding(what="server", ok=False, said=str(error))]
        for finding in found:
            yield finding
    for capability, probe in _PROBES.items():
        if capability not in backend.capabilities:
            continue
        started = time.monotonic()
        try:
            ok, said = await probe(backend)
        except NotRecorded:  # a replay answers what was recorded, and these are other questions
            yield Finding(what=capability.value, ok=True, said="recorded")
        except BackendError as error:
            yield Finding(what=capability.value, ok=False, said=str(error))
            if error.fatal and not isinstance(error, ConfigurationError):
                return  # what follows would say the same
        else:
            yield Finding(what=capability.value, ok=ok, said=f"{said} ({time.monotonic() - started:.1f} s)")


def _prompt(backend: Backend) -> Prompt:
    if Capability.CHAT in backend.capabilities:
        return (Message(role="user", content=_QUESTION),)
    return f"{_QUESTION}\nAnswer:"


async def _ask(backend: Backend, prompt: Prompt, constraint: Constraint | None = None) -> Generation:
    return await backend.generate(
        GenerateRequest(prompt=prompt, constraint=constraint, sampling=Sampling(max_tokens=64))
    )


async def _chat(backend: Backend) -> tuple[bool, str]:
    return True, _quoted(await _ask(backend, (Message(role="user", content=_QUESTION),)))


async def _completion(backend: Backend) -> tuple[bool, str]:
    return True, _quoted(await _ask(backend, "Once upon a"))


def _constrained(constraint: Constraint) -> Callable[[Backend], Awaitable[tuple[bool, str]]]:
    async def probe(backend: Backend) -> tuple[bool, str]:
        answer = await _ask(backend, _prompt(backend), constraint)
        kept = not answer.constraint_ignored
        return kept, _quoted(answer) if kept else f"the constraint was ignored: {_quoted(answer)}"

    return probe


async def _top_logprobs(backend: Backend) -> tuple[bool, str]:
    answer = await backend.generate(
        GenerateRequest(prompt=_prompt(backend), top_logprobs=2, sampling=Sampling(max_tokens=1))
    )
    found = answer.top_logprobs[0] if answer.top_logprobs else ()
    shown = ", ".join(f"{token.token!r} {token.logprob:.2f}" for token in found)
    return bool(found), shown or "none were reported"


async def _labels(backend: Backend) -> tuple[bool, str]:
    return await _scores(backend, ScoreRequest(prompt=_prompt(backend), continuations=("Yes", "No"), kind="label"))


async def _continuations(backend: Backend) -> tuple[bool, str]:
    return await _scores(backend, ScoreRequest(prompt="The sky is", continuations=(" blue", " seven")))


async def _scores(backend: Backend, request: ScoreRequest) -> tuple[bool, str]:
    scores = await backend.score(request)
    pairs = zip(request.continuations, scores.continuations, strict=True)
    return True, ", ".join(f"{text!r} {score.logprob:.2f}" for text, score in pairs)


async def _seed(backend: Backend) -> tuple[bool, str]:
    request = GenerateRequest(prompt=_prompt(backend), sampling=Sampling(max_tokens=16, temperature=1.0, seed=7))
    same = (await backend.generate(request)).text == (await backend.generate(request)).text
    return True, "the same seed gives the same answer" if same else "the same seed gave two answers"


def _quoted(answer: Generation) -> str:
    text = " ".join(answer.text.split())
    return repr(text if len(text) <= 60 else text[:59] + "…")


_PROBES: dict[Capability, Callable[[Backend], Awaitable[tuple[bool, str]]]] = {
    Capability.CHAT: _chat,
    Capability.COMPLETION: _completion,
    Capability.JSON_SCHEMA: _constrained(JsonSchema(schema=_ANSWER)),
    Capability.CHOICE: _constrained(Choice(options=("yes", "no"))),
    Capability.GRAMMAR: _constrained(Grammar(text='root ::= "yes" | "no"')),
    Capability.TOP_LOGPROBS: _top_logprobs,
    Capability.LABEL_LOGPROBS: _labels,
    Capability.CONTINUATION_LOGPROBS: _continuations,
    Capability.SEED: _seed,
}
