"""What models that think before they answer want to be asked differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..base import Sampling

_THINKING = re.compile(r"^(?:.*/)?(?:o[1-9](?:-|$)|gpt-5(?!.*chat)|codex-|computer-use)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How one model is asked.

    Attributes:
        thinks: It reasons before it answers: no temperature, no log-probabilities, no stop strings, and a limit of
            tokens that covers the reasoning.
        effort: How much it should reason, in the server's words.
        allowance: Tokens for reasoning, on top of the answer's.
    """

    thinks: bool = False
    effort: str | None = None
    allowance: int = 0

    @classmethod
    def of(cls, model: str, *, thinks: bool | None, effort: str | None, allowance: int) -> Manners:
        """Returns the manners for a model; whether it thinks is told from its name unless ``thinks`` says it."""
        known = bool(_THINKING.match(model)) if thinks is None else thinks
        return cls(thinks=known, effort=effort, allowance=allowance if known else 0)

    @property
    def system_role(self) -> str:
        """The role that carries instructions."""
        return "developer" if self.thinks else "system"

    @property
    def chat_limit(self) -> str:
        """The field that caps the answer of a chat."""
        return "max_completion_tokens" if self.thinks else "max_tokens"

    @property
    def takes_stop(self) -> bool:
        """Whether stop strings may be sent."""
        return not self.thinks

    def add_sampling(self, body: dict[str, Any], sampling: Sampling, *, limit: str) -> None:
        """Puts sampling parameters into a body, as far as the model takes them; ``limit`` names the cap."""
        body[limit] = sampling.max_tokens + self.allowance
        if not self.thinks:
            body["temperature"] = sampling.temperature
            if sampling.top_p is not None:
                body["top_p"] = sampling.top_p
            if sampling.stop:
                body["stop"] = list(sampling.stop)
        if self.effort and limit != "max_output_tokens":
            body["reasoning_effort"] = self.effort
