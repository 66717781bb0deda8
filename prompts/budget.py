"""Makes a prompt fit into a number of tokens by leaving out the oldest history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import PromptTooLong
from .template import Template

TOKENS_PER_MESSAGE = 8
"""Allowance for what chat templates put round each message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Values with which a prompt fits.

    Attributes:
        values: As given, with the history shortened.
        dropped: How many of the oldest interactions were left out.
        tokens: Length of the prompt by the caller's own count.
    """

    values: Mapping[str, Any]
    dropped: int
    tokens: int

    @property
    def warning(self) -> str | None:
        """Says what was left out; None if nothing was."""
        if not self.dropped:
            return None
        left_out = "the oldest interaction was" if self.dropped == 1 else f"the oldest {self.dropped} interactions were"
        return f"history shortened to fit the context: {left_out} left out"


def fit_history(
    template: Template, values: Mapping[str, Any], *, count: Callable[[str], int], limit: int, block: str | None = None
) -> Fitted:
    """Drops as few of the oldest interactions as makes the prompt fit.

    Args:
        template: What will be rendered.
        values: As for :meth:`Template.messages`; ``history`` may be shortened.
        count: Tokens of a text; with a history of n it is called about log2(n) + 1 times on each message.
        limit: Tokens that the prompt may have (the context less what the answer needs).
        block: The one block that makes the prompt, e.g. ``prompt``; the template's messages where None.

    Raises:
        PromptTooLong: If it does not fit even without any history.
    """

    def tokens(kept: int) -> int:
        shortened = {**values, "history": history[len(history) - kept :]}
        if block is not None:
            return count(template.block(block, **shortened))
        messages = template.messages(**shortened)
        return sum(count(text) + TOKENS_PER_MESSAGE for _, text in messages)

    history = list(values.get("history") or ())
    kept, size = len(history), tokens(len(history))
    if size > limit:
        fits, too_many = -1, kept
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            length = tokens(middle)
            if length <= limit:
                fits, size = middle, length
            else:
                too_many = middle
        if fits < 0:
            raise PromptTooLong(
                f"Template {template.name!r} needs more than {limit} tokens even without any history."
                " Offer fewer candidates, or use a model with a longer context."
            )
        kept = fits
    return Fitted(
        values={**values, "history": history[len(history) - kept :]}, dropped=len(history) - kept, tokens=size
    )
