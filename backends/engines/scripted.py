"""Answers from a list: for tests, demonstrations and dry runs.  Nothing is generated and nothing is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from .. import errors
from ..base import (
    Capability,
    ContinuationScore,
    Finish,
    GenerateRequest,
    Generation,
    Identity,
    Prompt,
    ScoreRequest,
    Scores,
    Usage,
)
from ..constraints import satisfies
from ..errors import BackendError, ConfigurationError, InvalidRequest, UnsupportedCapability
from ..options import BackendOptions, Engine, Surroundings
from ..registry import near


def _kinds(base: type[BackendError]) -> Iterator[type[BackendError]]:
    yield base
    for kind in base.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from _kinds(kind)


class Answer(BaseModel):
    """One answer: a text and how it ended, or the reason of an error that is raised in its place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str | None = None
    finish: Finish = Finish.STOP
    error: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Answer:
        if (self.text is None) == (self.error is None):
            raise ValueError("an answer has either `text` or `error`")
        known = sorted({kind.reason for kind in _kinds(BackendError)})
        if self.error is not None and self.error not in known:
            raise ValueError(f"there is no error {self.error!r}.{near(self.error, known)} Known: {', '.join(known)}")
        return self


def _as_answer(given: Any) -> Any:
    return {"text": given} if isinstance(given, str) else given


Given = Annotated[Answer, BeforeValidator(_as_answer)]
"""An answer as people write it: a text stands for itself."""


class Script(BaseModel):
    """The answers.

    Attributes:
        default: The answer to every prompt that no key of ``responses`` is part of.
        responses: Substring of the prompt -> answer; of several that fit, the longest is taken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Given | None = None
    responses: dict[str, Given] = Field(default_factory=dict)


class ScriptedOptions(BackendOptions):
    """Options of the ``scripted`` engine.

    Attributes:
        default: The answer to every prompt that no key of ``responses`` is part of: a text, or a mapping of ``text``
            and ``finish`` (stop, length, content_filter, refusal), or of ``error`` and its reason.
        responses: Substring of the prompt -> answer; of several that fit, the longest is taken.
        script: JSON or YAML file with these two keys; what stands in the options goes before it.
        logprobs: Continuation, without the blanks round it -> log-probability in nats.  Others get minus their length.
        capabilities: What the engine says it can do.
    """

    free: ClassVar[bool] = True

    kind: Literal["scripted"] = "scripted"
    default: Given | None = None
    responses: dict[str, Given] = Field(default_factory=dict)
    script: Path | None = None
    logprobs: dict[str, FiniteFloat] = Field(default_factory=dict)
    capabilities: tuple[Capability, ...] = (
        Capability.CHAT,
        Capability.COMPLETION,
        Capability.JSON_SCHEMA,
        Capability.CHOICE,
    )


class Scripted:
    """The backend; the same prompt always gets the same answer."""

    def __init__(self, script: Script, options: ScriptedOptions) -> None:
        self._default = script.default
        self._responses = sorted(script.responses.items(), key=lambda pair: -len(pair[0]))
        self._logprobs = {text.strip(): logprob for text, logprob in options.logprobs.items()}
        self._capabilities = frozenset(options.capabilities)
        self._model = options.model or "scripted"
        content = json.dumps([script.model_dump(mode="json"), self._logprobs], sort_keys=True)
        self._digest = hashlib.blake2b(content.encode(), digest_size=8).hexdigest()

    @property
    def identity(self) -> Identity:
        """Which answers these are: another script is another identity."""
        return Identity(kind="scripted", model=self._model, extra={"script": self._digest})

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the options say."""
        return self._capabilities

    async def start(self) -> None:
        """Does nothing: the script was read when the backend was made."""

    async def aclose(self) -> None:
        """Does nothing."""

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns the answer that the script has for the prompt."""
        prompt = _text(request.prompt)
        answer = self._find(prompt)
        if answer.error is not None:
            raise _error(answer.error)
        text = answer.text or ""
        return Generation(
            text=text,
            finish=answer.finish,
            usage=_usage(prompt, text),
            model=self._model,
            constraint_ignored=answer.finish is Finish.STOP and not satisfies(text, request.constraint),
        )

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns the log-probabilities of the script; a scripted error is raised here too."""
        needed = Capability.LABEL_LOGPROBS if request.kind == "label" else Capability.CONTINUATION_LOGPROBS
        if needed not in self._capabilities:
            raise UnsupportedCapability(
                f"The scripted backend does not have {needed}.", hint=f"Add {needed} to backend.capabilities."
            )
        prompt = _text(request.prompt)
        answer = self._match(prompt)
        if answer is not None and answer.error is not None:
            raise _error(answer.error)
        scores = tuple(self._score(text.strip()) for text in request.continuations)
        return Scores(continuations=scores, usage=_usage(prompt, ""), model=self._model)

    def _score(self, text: str) -> ContinuationScore:
        logprob = self._logprobs.get(text, -float(len(text)))
        return ContinuationScore(logprob=logprob, tokens=max(1, len(text.split())))

    def _match(self, prompt: str) -> Answer | None:
        return next((answer for part, answer in self._responses if part in prompt), self._default)

    def _find(self, prompt: str) -> Answer:
        answer = self._match(prompt)
        if answer is None:
            raise InvalidRequest(
                "The script has no answer to this prompt.",
                hint="Add a part of the prompt to backend.responses, or set backend.default.",
            )
        return answer


def _text(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(message.content for message in prompt)


def _usage(prompt: str, text: str) -> Usage:
    return Usage(requests=1, prompt_tokens=len(prompt.split()), completion_tokens=len(text.split()), usd=0.0)


def _error(reason: str) -> BackendError:
    kind = next(kind for kind in _kinds(BackendError) if kind.reason == reason)
    return kind(f"The script answers with the error {reason}.")


def _read(path: Path) -> Script:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file.", hint="Set backend.script to a JSON or YAML file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    try:
        return Script.model_validate({} if (content := _parse(path, text)) is None else content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path}: {where or 'the file'}: {first['msg']}.", hint=_SHAPE) from None


def _parse(path: Path, text: str) -> Any:
    import yaml

    try:
        if path.suffix == ".json":
            return json.loads(text)
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ValueError("aliases are not allowed")  # a few lines of them make gigabytes
        return yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} is not JSON or YAML: {' '.join(str(error).split())}.", hint=_SHAPE) from None


_SHAPE = "A script has the keys `default` and `responses`, and nothing else."


def _create(options: ScriptedOptions, surroundings: Surroundings) -> Scripted:
    script = _read(surroundings.folder / options.script.expanduser()) if options.script else Script()
    script = Script(
        default=script.default if options.default is None else options.default,
        responses={**script.responses, **options.responses},
    )
    return Scripted(script, options)


ENGINE = Engine(summary="answers from a list, for tests and dry runs", options=ScriptedOptions, create=_create)
