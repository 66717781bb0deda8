"""Renders a template for one task, within the tokens that there are, and makes requests of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import prompts
from backends import Constraint, GenerateRequest, Message, Sampling

from ..errors import ConfigError
from ..modifiers.demonstrations import Demonstrations
from ..modifiers.evidence import Evidence
from ..types import Item, Ranking, Task
from ._values import Values, candidate_values, domain_values, history_values, item_values, labels
from .base import Domain, Setting, StrategyOptions

BYTES_A_TOKEN = 3
"""Few enough that a prompt which fits by this count fits by the model's own tokens too."""
THINKING_TOKENS = 150
"""What asking for thoughts adds to a prompt, beside the thoughts."""


def tokens_at_most(text: str) -> int:
    """About how many tokens a text has, rather too many than too few."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


class Prompter:
    """One template in one setting, with the wording that the options ask for.

    Args:
        name: Template, unless the options name another.
        options: Of the strategy.
        setting: Where the strategy is built.

    Raises:
        prompts.TemplateNotFound: If there is no such template, or none in the language.
        ConfigError: If the options ask for wording that the template has no place for.
    """

    def __init__(self, name: str, options: StrategyOptions, setting: Setting) -> None:
        self.template = prompts.load(name, language=setting.domain.language, folder=setting.templates)
        self._options = options
        self._setting = setting
        self._check()
        self._demonstrations = Demonstrations(options.demonstrations, setting) if options.demonstrations else None
        self._evidence = Evidence(options.evidence, setting) if options.evidence else None

    @property
    def id(self) -> str:
        """``name@version#hash`` of the template."""
        return self.template.id

    def about(
        self,
        task: Task,
        history_length: int,
        *,
        offered: Sequence[Item],
        answer: int,
        block: str | None = None,
        **others: Any,
    ) -> Person:
        """Returns what all prompts for one task share.

        The oldest history is left out where the largest prompt would not fit.

        Args:
            task: The task.
            history_length: Newest interactions that are shown at most.
            offered: Items of the largest prompt.
            answer: Tokens that are needed for the answer.
            block: The template's block that makes the prompt; None where its messages do.
            **others: Further values of the largest prompt.

        Raises:
            prompts.PromptTooLong: If that prompt, or its answer, does not fit even without any history.
        """
        options, domain = self._options, self._setting.domain
        history = task.history.latest(history_length)
        person = Person(
            template=self.template,
            domain=domain,
            seed=self._setting.seed,
            values={
                "domain": domain_values(domain),
                "history": history_values(history, domain),
                "context": task.context,
                "role": options.role,
                "latest": history.items[-1].title if options.recency and history.items else None,
                "demonstrations": self._demonstrations.of(task.history) if self._demonstrations else None,
            },
            evidence=self._evidence.of(task) if self._evidence else {},
        )
        limit = self._limit(answer)
        if limit is None:
            return person
        candidates = person.items(offered, labels(len(offered)))
        longest = max(candidates, key=lambda values: len(values["title"]), default=None)
        values = {**person.values, "candidates": candidates, "candidate": longest, **others}
        fitted = prompts.fit_history(self.template, values, count=tokens_at_most, limit=limit, block=block)
        kept = {**person.values, "history": fitted.values["history"]}
        return replace(person, values=kept, warnings=(fitted.warning,) if fitted.warning else ())

    def _limit(self, answer: int) -> int | None:
        """Tokens that a prompt may have; None where nobody knows."""
        context = self._setting.context_tokens
        after = answer + (self._options.reasoning_tokens + THINKING_TOKENS if self._options.reasoning else 0)
        if context is not None and after >= context:
            raise prompts.PromptTooLong(
                f"The answer about all that template {self.template.name!r} shows may take {after} tokens, and the "
                f"model's context has {context}. Offer fewer candidates, or use a model with a longer context."
            )
        room = None if context is None else context - after
        allowed = [limit for limit in (self._options.prompt_tokens, room) if limit is not None]
        return min(allowed, default=None)

    def _check(self) -> None:
        template, options = self.template, self._options
        known = template.needs | template.optional
        asked = {"role": options.role, "latest": options.recency, "demonstrations": options.demonstrations}
        for value, wanted in asked.items():
            if wanted and value not in known:
                key = "recency" if value == "latest" else value
                raise ConfigError(
                    f"strategy.{key}: the template {template.name!r} has no place for {value!r}; "
                    "show it there and add it to the template's `optional`."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What all prompts for one task share.

    Attributes:
        values: For the template, without candidates.
        evidence: By item id, what is shown with a candidate.
        warnings: What had to be left out.
    """

    template: prompts.Template
    domain: Domain
    seed: int
    values: Values
    evidence: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def knowing(self, **values: Any) -> Person:
        """The same with further values for all prompts."""
        return replace(self, values={**self.values, **values})

    def item(self, item: Item) -> Values:
        """One candidate as templates show it."""
        return item_values(item, self.domain, self.evidence.get(item.item_id))

    def items(self, items: Iterable[Item], names: Sequence[str]) -> list[Values]:
        """Several candidates with their labels."""
        return candidate_values(items, names, self.domain, self.evidence)

    def messages(self, **values: Any) -> tuple[Message, ...]:
        """The prompt as messages."""
        rendered = self.template.messages(**self.values, **values)
        return tuple(Message(role=role, content=text) for role, text in rendered)

    def block(self, name: str, **values: Any) -> str:
        """One block of the template."""
        return self.template.block(name, **self.values, **values)

    def ask(
        self, *, max_tokens: int, temperature: float = 0.0, constraint: Constraint | None = None, **values: Any
    ) -> GenerateRequest:
        """A request for text."""
        return GenerateRequest(
            prompt=self.messages(**values),
            sampling=Sampling(temperature=temperature, max_tokens=max_tokens, seed=self.seed),
            constraint=constraint,
            template=self.template.id,
        )

    def warn(self, ranking: Ranking) -> Ranking:
        """The ranking with the person's warnings."""
        return ranking.noting(*self.warnings)
