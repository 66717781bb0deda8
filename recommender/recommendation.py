"""What a caller gets back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from backends import Message, Prompt, Usage

from .schedule import Ranked
from .types import RankedItem, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The first ``k`` items of a ranking, and everything it took to get them.

    Attributes:
        items: Best first.  ``item.by_model`` is False where the model's answer did not reach and the candidates'
            order filled up.
        outcome: How the model's answer turned out, e.g. ``whole``, ``refused``, ``timeout``.
        usage: Requests, tokens and dollars spent.
        prompts: What was said to the model.
        raw: What it answered, as text; empty for strategies that score.
        warnings: What a caller should know: unknown titles, filled places, cold starts.
        strategy: Name of the strategy that ran.
        template: ``name@version#hash`` of its template.
        ranked: The whole ranking with its exchanges.
    """

    key: str
    items: tuple[RankedItem, ...]
    status: Status
    outcome: str
    usage: Usage
    prompts: tuple[Prompt, ...]
    raw: tuple[str, ...]
    warnings: tuple[str, ...]
    strategy: str
    template: str
    ranked: Ranked

    def __iter__(self) -> Iterator[RankedItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> RankedItem:
        return self.items[index]

    def to_dict(self) -> dict[str, Any]:
        """The recommendation as plain data, in the shape that the command line and the server answer with."""
        usage = self.usage
        return {
            "items": [_plain(item) for item in self],
            "outcome": self.outcome,
            "usage": {
                "requests": usage.requests,
                "prompt_tokens": usage.prompt_tokens,
                "cached_tokens": usage.cached_tokens,
                "completion_tokens": usage.completion_tokens,
                "usd": usage.usd,
            },
            "warnings": list(self.warnings),
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{item.rank}</td><td>{escape(item.title)}</td><td>{_score(item)}</td></tr>" for item in self
        )
        notes = "".join(f"<p>{escape(warning)}</p>" for warning in self.warnings)
        head = "<thead><tr><th>rank</th><th>title</th><th>score</th></tr></thead>"
        return f"<table>{head}<tbody>{rows}</tbody></table>{notes}"


def _plain(item: RankedItem) -> dict[str, Any]:
    row = {"rank": item.rank, "item_id": item.item_id, "title": item.title, "score": item.score}
    return row if item.explanation is None else {**row, "explanation": item.explanation}


def _score(item: RankedItem) -> str:
    return "" if item.score is None else f"{item.score:.3f}"


def recommendation(ranked: Ranked, *, warnings: tuple[str, ...], strategy: str, template: str) -> Recommendation:
    """Cuts a ranking to the ``k`` that its task asked for, and says where the model's part ended."""
    ranking = ranked.ranking
    items = ranking.items[: ranked.task.k]
    filled = sum(not item.by_model for item in items)
    notes = [*warnings, *ranking.warnings]
    if filled:
        notes.append(
            f"{filled} of {len(items)} places {'is' if filled == 1 else 'are'} not the model's choice (outcome: "
            f"{ranking.outcome}), but filled in the order of the candidates."
        )
    return Recommendation(
        key=ranked.key,
        items=items,
        status=ranking.status,
        outcome=ranking.outcome,
        usage=ranked.usage,
        prompts=tuple(exchange.request.prompt for exchange in ranked.exchanges),
        raw=ranked.raw,
        warnings=tuple(notes),
        strategy=strategy,
        template=template,
        ranked=ranked,
    )


def prompt_text(prompt: Prompt) -> str:
    """A prompt as one text, for people to read."""
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in prompt if isinstance(message, Message))
