"""Shows all candidates at once and lets the model write their order.

Listwise prompting after RankGPT (Sun et al., arXiv 2304.09542) and LLMRank (Hou et al., arXiv 2305.08845).  One request
a user.  Candidates are offered under short labels, so that reading the answer does not depend on how titles are spelt.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import prompts
from backends import Capability, GenerateRequest, Generation, JsonSchema, Message, Sampling

from ..reading import Expected, read_ranking
from ..types import Task
from ._values import candidate_values, domain_values, history_values, labels
from .base import Setting, Steps, StrategyKind, StrategyOptions

TEMPLATES = {"labels": "listwise", "titles": "listwise_titles", "json": "listwise_json"}


class ListwiseOptions(StrategyOptions):
    """Options of the listwise strategy.

    Attributes:
        history_length: Newest interactions that are shown.
        answer: What the model is asked to write: ``labels`` as text, ``titles`` as text, or labels as ``json`` under a
            schema.
        temperature: 0 is greedy.
        max_tokens: Cap on the answer; None allows 16 tokens a candidate and 256 more.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    answer: Literal["labels", "titles", "json"] = "labels"
    temperature: float = Field(default=0.0, ge=0.0, le=2.0, strict=True)
    max_tokens: int | None = Field(default=None, ge=1, strict=True)


class Listwise:
    """See the module's docstring."""

    def __init__(self, options: ListwiseOptions, setting: Setting) -> None:
        self._options = options
        self._setting = setting
        self._template = prompts.load(
            options.template or TEMPLATES[options.answer], language=setting.domain.language, folder=setting.templates
        )

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._template.id

    def rank(self, task: Task) -> Steps:
        """One generated list."""
        names = labels(len(task.candidates))
        by_label = {name: item.item_id for name, item in zip(names, task.candidates, strict=True)}
        responses = yield [self._request(task, names)]
        generation = responses[0]
        assert isinstance(generation, Generation)  # noqa: S101 - the scheduler answers in kind
        shape = self._options.answer
        expected = Expected(shape=shape, labels=None if shape == "titles" else by_label, count=len(names))
        return read_ranking(task, generation, expected, self._setting.grounder)

    def _request(self, task: Task, names: list[str]) -> GenerateRequest:
        domain = self._setting.domain
        messages = self._template.messages(
            domain=domain_values(domain),
            history=history_values(task.history.latest(self._options.history_length), domain),
            candidates=candidate_values(task.candidates, names, domain),
            context=task.context,
        )
        return GenerateRequest(
            prompt=tuple(Message(role=role, content=text) for role, text in messages),
            sampling=Sampling(
                temperature=self._options.temperature,
                max_tokens=self._options.max_tokens or 256 + 16 * len(names),
                seed=self._setting.seed,
            ),
            constraint=_schema(names) if self._options.answer == "json" else None,
            template=self.template_id,
        )


def _schema(names: list[str]) -> JsonSchema:
    ranking = {
        "type": "array",
        "items": {"type": "string", "enum": names},
        "minItems": len(names),
        "maxItems": len(names),
    }
    return JsonSchema(
        schema={
            "type": "object",
            "properties": {"ranking": ranking},
            "required": ["ranking"],
            "additionalProperties": False,
        },
        name="ranking",
    )


STRATEGY = StrategyKind(
    summary="the model writes the order of all candidates; RankGPT, LLMRank",
    options=ListwiseOptions,
    requires=(frozenset({Capability.CHAT}),),
    create=Listwise,
)
