"""Recorded answers: for tests, for reading answers anew and for runs that cost nothing.  Nothing is sent."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, TypeVar

import msgspec

from ..base import Capability, GenerateRequest, Generation, Identity, ScoreRequest, Scores, Usage
from ..constraints import satisfies
from ..errors import ConfigurationError, NotRecorded
from ..jsonio import decode, sealed
from ..keys import content_key
from ..offsets import OffsetIndex
from ..options import BackendOptions, Engine, Surroundings

A = TypeVar("A", Generation, Scores)
_JOURNAL = "requests.jsonl"


class ReplayOptions(BackendOptions):
    """The ``backend:`` block of ``kind: replay``.

    Attributes:
        run: A run folder, or its ``requests.jsonl``, relative to the config; or JSONL with ``prompt`` (a text, or
            messages with ``role`` and ``content``) and ``response`` (a text) in each line, given however it is asked.
        model: Name to show; None for the file's.
    """

    free: ClassVar[bool] = True

    kind: Literal["replay"] = "replay"
    run: Path


class _Turn(msgspec.Struct):
    role: str
    content: str


class _Line(msgspec.Struct):
    """A line of a journal (``request`` and the object of a response), or of a plain recording (``prompt``, a text)."""

    request: dict[str, Any] | None = None
    prompt: str | list[_Turn] | None = None
    response: str | dict[str, Any] | None = None


class Replay:
    """See the module's docstring.

    A recorded answer is given to the request that was asked with it: prompt, sampling, constraint and continuations;
    the template's name and the backend that once answered may differ.  A plain recording holds prompts alone, so its
    answer is given however its prompt is asked.  Usage is what it once was, at no price.
    """

    def __init__(self, path: Path, model: str) -> None:
        self._path = path
        self._model = model
        self._index: OffsetIndex | None = None
        self._capabilities: set[Capability] = set()
        self._digest = ""

    @property
    def identity(self) -> Identity:
        """The recording, by the digest of its file."""
        self._read()
        return Identity(kind="replay", model=self._model, extra={"sha256": self._digest})

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What was recorded."""
        self._read()
        return frozenset(self._capabilities)

    async def start(self) -> None:
        """Reads where the answers lie.

        Raises:
            ConfigurationError: If there are none.
        """
        self._read()

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns the recorded answer.

        Raises:
            NotRecorded: If there is none.
        """
        asked = msgspec.to_builtins(request)
        response = self._find(asked, {"prompt": asked["prompt"]})
        if isinstance(response, str):
            return Generation(
                text=response,
                model=self._model,
                usage=Usage(requests=1, usd=0.0),
                constraint_ignored=not satisfies(response, request.constraint),
            )
        answer = self._read_as(Generation, response)
        return replace(answer, usage=replace(answer.usage, usd=0.0))

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns the recorded scores; raises as :meth:`generate`."""
        answer = self._read_as(Scores, self._find(msgspec.to_builtins(request)))
        return replace(answer, usage=replace(answer.usage, usd=0.0))

    async def aclose(self) -> None:
        """Holds nothing."""

    def _find(self, *asked: dict[str, Any]) -> Any:
        """The response to the first of these requests that has one."""
        for wanted in map(content_key, asked):
            offset = self._read().get(wanted)
            if offset is None:
                continue
            with self._opened() as file:
                file.seek(offset)
                line = _recorded(file.readline())
            if line is not None and content_key(_request(line)) == wanted:
                return line.response
        raise NotRecorded(
            f"{self._path} holds no answer to this request.",
            hint="Prompt, sampling, constraint and continuations must be the recorded ones.",
        )

    def _read_as(self, kind: type[A], response: Any) -> A:
        try:
            return msgspec.convert(response, kind)
        except msgspec.ValidationError as error:
            raise NotRecorded(f"{self._path} holds an answer of another shape: {error}.") from None

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise ConfigurationError(f"The recording {self._path} cannot be read: {error.strerror}.") from None

    def _read(self) -> OffsetIndex:
        if self._index is None:
            index, digest, offset = OffsetIndex(), hashlib.sha256(), 0
            with self._opened() as file:
                for data in file:
                    digest.update(data)
                    if (line := _recorded(data)) is not None:
                        request = _request(line)
                        index[content_key(request)] = offset
                        self._capabilities |= _shown(request)
                    offset += len(data)
            if not len(index):
                raise ConfigurationError(
                    f"{self._path} holds no recorded answer.",
                    hint="backend.run is a run folder, its requests.jsonl, or JSONL with `prompt` and `response`.",
                )
            self._index, self._digest = index, digest.hexdigest()
        return self._index


def _recorded(data: bytes) -> _Line | None:
    try:
        line = decode(data, _Line)
    except ValueError:  # torn, or damaged
        return None
    if line.request is None:
        return line if line.prompt is not None and isinstance(line.response, str) else None
    return line if isinstance(line.response, dict) and sealed(data.rstrip(b"\n")) else None


def _request(line: _Line) -> dict[str, Any]:
    """The request as it was asked; of a plain recording only the prompt is known."""
    return line.request if line.request is not None else {"prompt": msgspec.to_builtins(line.prompt)}


def _shown(request: dict[str, Any]) -> set[Capability]:
    if "continuations" in request:
        label = request.get("kind") == "label"
        return {Capability.LABEL_LOGPROBS if label else Capability.CONTINUATION_LOGPROBS}
    found = {Capability.COMPLETION if isinstance(request["prompt"], str) else Capability.CHAT, Capability.SEED}
    constraint = request.get("constraint") or {}
    kinds = {"schema": Capability.JSON_SCHEMA, "options": Capability.CHOICE, "text": Capability.GRAMMAR}
    found |= {capability for name, capability in kinds.items() if name in constraint}
    return found | ({Capability.TOP_LOGPROBS} if request.get("top_logprobs") else set())


def _create(options: ReplayOptions, surroundings: Surroundings) -> Replay:
    path = surroundings.folder / options.run.expanduser()
    if path.is_dir():
        path /= _JOURNAL
    if not path.is_file():
        raise ConfigurationError(f"There is no recording {path}.", hint="backend.run is a run folder or a JSONL file.")
    return Replay(path, options.model or str(options.run))


ENGINE = Engine(
    summary="recorded answers of an earlier run, given back for nothing",
    options=ReplayOptions,
    create=_create,
    capabilities=frozenset(Capability) - {Capability.BATCH},
)
