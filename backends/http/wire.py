"""What the wire formats have in common: usage, reasons to end, constraints as JSON Schema, top log-probabilities."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

import msgspec

from ..base import (
    Capability,
    Choice,
    Constraint,
    Finish,
    GenerateRequest,
    Generation,
    Grammar,
    JsonSchema,
    TokenLogprob,
    Usage,
)
from ..constraints import satisfies
from ..continuations import LEAST
from ..errors import BadResponse, UnsupportedCapability
from ..jsonio import decode
from ..known import able_hint
from .faults import inner_error, presentable

T = TypeVar("T")
A = TypeVar("A", bound="WireAnswer")
Constrain = Callable[[Constraint | None], dict[str, Any]]
"""Says a constraint in the fields of a request."""
CHOICE_FIELD = "answer"
_FINISH = {
    None: Finish.STOP,
    "stop": Finish.STOP,
    "eos": Finish.STOP,
    "eos_token": Finish.STOP,
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "completed": Finish.STOP,
    "length": Finish.LENGTH,
    "model_length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "max_output_tokens": Finish.LENGTH,
    "content_filter": Finish.CONTENT_FILTER,
    "refusal": Finish.REFUSAL,
}


class Format(Protocol):
    """One of a server's ways to ask for text."""

    @property
    def path(self) -> str:
        """Path below the base URL."""
        ...

    def body(self, request: GenerateRequest) -> dict[str, Any]:
        """Returns what to send.

        Raises:
            UnsupportedCapability: If this format cannot say it.
        """
        ...

    def read(self, data: bytes, request: GenerateRequest) -> Generation:
        """Reads an answer.

        Raises:
            BadResponse: If it is not what the format promises.
        """
        ...


class PromptDetails(msgspec.Struct):
    """Where prompt tokens came from."""

    cached_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """Tokens, under the names that chat and completions use or those of responses."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: PromptDetails | None = None


class WireAnswer(msgspec.Struct):
    """What all answers have; some servers put an error where the others would be."""

    usage: WireUsage | None = None
    model: str | None = None
    error: Any = None


class ServedModel(msgspec.Struct):
    """One entry of ``GET /models``; ``root`` says where its weights are from."""

    id: str
    root: str | None = None


class _ServedModels(msgspec.Struct):
    data: list[ServedModel]


class TopToken(msgspec.Struct):
    """One alternative."""

    token: str
    logprob: float


class Position(msgspec.Struct):
    """One generated position; ``top_logprobs`` are the alternatives."""

    token: str
    logprob: float
    top_logprobs: list[TopToken] | None = None


def spent(usage: WireUsage | None) -> Usage:
    """Returns what one attempt took; what the server does not say is 0."""
    if usage is None:
        return Usage(requests=1)
    details = usage.prompt_tokens_details or usage.input_tokens_details
    return Usage(
        requests=1,
        prompt_tokens=usage.prompt_tokens or usage.input_tokens or 0,
        cached_tokens=(details.cached_tokens or 0) if details else 0,
        completion_tokens=usage.completion_tokens or usage.output_tokens or 0,
    )


def read_json(data: bytes, kind: type[T]) -> T:
    """Reads an answer's JSON.

    Raises:
        BadResponse: If it is no JSON, or of another shape.  What it holds instead is not repeated.
    """
    try:
        return decode(data, kind)
    except msgspec.ValidationError as error:
        raise BadResponse(f"The answer is of another shape than the protocol's: {error}.") from None
    except ValueError:
        raise BadResponse("The answer is no JSON, or was cut.") from None


def read_models(data: bytes) -> list[ServedModel]:
    """Reads what ``GET /models`` was answered; raises as :func:`read_json`."""
    return read_json(data, _ServedModels).data


def read_answer(data: bytes, kind: type[A]) -> tuple[A, Usage]:
    """Reads an answer and what it took.

    Raises:
        BackendError: If it is no JSON, of another shape, or holds an error.
    """
    answer = read_json(data, kind)
    usage = spent(answer.usage)
    if answer.error:
        error = inner_error(answer.error)
        error.usage = usage
        raise error
    return answer, usage


def finish(reason: str | None, usage: Usage) -> Finish:
    """Returns why a generation ended.

    Raises:
        BadResponse: If it ended in a way that leaves no answer, such as a tool call that nobody offered.
    """
    ended = _FINISH.get(reason)
    if ended is None:
        bad(f"The answer ended with {presentable(str(reason))!r}, which is no end of a text.", usage)
    return ended


def bad(message: str, usage: Usage) -> NoReturn:
    """Raises a BadResponse that says what the attempt spent."""
    raise BadResponse(message, usage=usage)


def choice_schema(choice: Choice) -> JsonSchema:
    """Returns a choice said in JSON Schema, for servers that know no other constraint."""
    field = {"type": "string", "enum": list(choice.options)}
    schema = {
        "type": "object",
        "properties": {CHOICE_FIELD: field},
        "required": [CHOICE_FIELD],
        "additionalProperties": False,
    }
    return JsonSchema(schema=schema, name="choice")


def as_schema(constraint: Constraint | None) -> JsonSchema | None:
    """Returns a constraint as JSON Schema.

    Raises:
        UnsupportedCapability: If it is a grammar.
    """
    if isinstance(constraint, Grammar):
        raise UnsupportedCapability(
            "This server takes no grammar.",
            hint=f"A JSON schema or a choice works here. {able_hint(Capability.GRAMMAR)}",
        )
    return choice_schema(constraint) if isinstance(constraint, Choice) else constraint


def structured_outputs(constraint: Constraint | None) -> dict[str, Any]:
    """Says a constraint in vLLM's own words; the older ``guided_*`` fields are dropped by it in silence."""
    match constraint:
        case None:
            return {}
        case JsonSchema(schema=schema):
            return {"structured_outputs": {"json": dict(schema)}}
        case Choice(options=options):
            return {"structured_outputs": {"choice": list(options)}}
        case Grammar(text=text):
            return {"structured_outputs": {"grammar": text}}


def no_constraint(constraint: Constraint | None) -> dict[str, Any]:
    """Says a constraint where the format has no words for one.

    Raises:
        UnsupportedCapability: If there is one.
    """
    if constraint is None:
        return {}
    wanted = {JsonSchema: Capability.JSON_SCHEMA, Choice: Capability.CHOICE, Grammar: Capability.GRAMMAR}
    raise UnsupportedCapability("The completions API takes no constraint.", hint=able_hint(wanted[type(constraint)]))


def keep_to(text: str, ended: Finish, constraint: Constraint | None) -> tuple[str, bool]:
    """Returns the text that was asked for, and whether it breaks its constraint.

    A choice that was said in JSON Schema is taken out of its JSON.  A cut answer is not held against its constraint.
    """
    if ended is not Finish.STOP or constraint is None:
        return text, False
    if isinstance(constraint, Choice):
        text = _chosen(text)
    return text, not satisfies(text, constraint)


def _chosen(text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text
    chosen = document.get(CHOICE_FIELD) if isinstance(document, Mapping) else None
    return chosen if isinstance(chosen, str) else text


def alternatives(positions: list[Position] | None, count: int) -> tuple[tuple[TokenLogprob, ...], ...]:
    """Returns the alternatives at each position, best first."""
    if not count or not positions:
        return ()
    return tuple(_best(position) for position in positions)


def _best(position: Position) -> tuple[TokenLogprob, ...]:
    found = position.top_logprobs or [TopToken(position.token, position.logprob)]
    best = sorted(found, key=lambda token: -nats(token.logprob))
    return tuple(TokenLogprob(token=token.token, logprob=nats(token.logprob)) for token in best)


def nats(value: float) -> float:
    """Returns a log-probability that is a number: none is below -9999, which servers also use for impossible."""
    return value if math.isfinite(value) and value > LEAST else LEAST


def cut_at_stop(text: str, stop: tuple[str, ...]) -> str:
    """Returns the text before the first stop string, for formats that take none."""
    ends = [place for place in map(text.find, stop) if place >= 0]
    return text[: min(ends)] if ends else text
