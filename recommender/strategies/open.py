"""Lets the model name titles out of its own knowledge, and finds them in the catalogue afterwards.

Generative recommendation grounded to items after the fact, as in BIGRec (Bao et al., arXiv 2308.08434), here by name.
No candidates are shown, so that a prompt does not grow with the catalogue.
"""

from __future__ import annotations

from pydantic import Field

from backends import Capability, Generation

from ..reading import Expected, read_ranking
from ..types import Task
from ._prompting import Prompter
from .base import Setting, Steps, StrategyKind, StrategyOptions

MOST = 50
TOKENS_A_TITLE = 24


class OpenOptions(StrategyOptions):
    """Options of open generation.

    Attributes:
        history_length: Newest interactions that are shown.
        count: How many titles are asked for; None asks for as many as the task wants, at most 50.
        temperature: 0 is greedy.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    count: int | None = Field(default=None, ge=1, strict=True)
    temperature: float = Field(default=0.0, ge=0.0, le=2.0, strict=True)


class Open:
    """See the module's docstring."""

    def __init__(self, options: OpenOptions, setting: Setting) -> None:
        self._options = options
        self._grounder = setting.grounder
        self._prompt = Prompter(options.template or "open", options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """One generated list of titles; those that are no candidates are counted and left out."""
        count = min(self._options.count or min(task.k, MOST), len(task.candidates))
        tokens = 64 + TOKENS_A_TITLE * count
        person = self._prompt.about(task, self._options.history_length, offered=(), answer=tokens, k=count)
        [response] = yield [person.ask(max_tokens=tokens, temperature=self._options.temperature, k=count)]
        assert isinstance(response, Generation)  # noqa: S101 - the scheduler answers in kind
        expected = Expected(shape="titles", labels=None, count=count)
        return person.warn(read_ranking(task, response, expected, self._grounder))


STRATEGY = StrategyKind(
    summary="titles out of the model's own knowledge, found in the catalogue afterwards; BIGRec",
    options=OpenOptions,
    requires=(frozenset({Capability.CHAT}),),
    calls="1",
    reads="titles as text",
    create=Open,
    side_by_side=False,
    whole_catalog=True,
)
