"""What was said to a model and what it answered, from the journal's lines, as the explorer shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .summary import mapping, number

TEXT_LIMIT = 20_000  # characters of one prompt turn or answer that the page keeps


def capped(text: Any, limit: int = TEXT_LIMIT) -> str:
    """The text, cut where it is too long for a page; says what was left out."""
    text = text if isinstance(text, str) else str(text)
    return (
        text
        if len(text) <= limit
        else f"{text[:limit]}\n[… {len(text) - limit:,} more characters are not kept in this page]"
    )


def exchange(line: Mapping[str, Any]) -> dict[str, Any]:
    """One request with its answer, its scores or its error."""
    request, response, error = mapping(line.get("request")), mapping(line.get("response")), mapping(line.get("error"))
    usage = mapping(response.get("usage")) or mapping(line.get("usage"))
    asked, written = number(usage.get("prompt_tokens")), number(usage.get("completion_tokens"))
    text = response.get("text")
    return {
        "template": str(request.get("template") or ""),
        "messages": _messages(request.get("prompt")),
        "answer": None if text is None else capped(text),
        "reasoning": capped(response["reasoning"]) if response.get("reasoning") else None,
        "finish": str(response.get("finish") or ""),
        "scores": _scores(request, response),
        "error": [str(error.get("reason", "error")), capped(error.get("message", ""), 2000)] if error else None,
        "tokens": None if asked is None or written is None else [int(asked), int(written)],
        "seconds": number(response.get("seconds")),
        "model": str(response.get("model") or ""),
    }


def _messages(prompt: Any) -> list[list[str]] | None:
    if isinstance(prompt, str):
        return [["text to continue", capped(prompt)]]
    if not isinstance(prompt, list) or not prompt:
        return None
    return [[str(turn.get("role", "")), capped(turn.get("content", ""))] for turn in map(mapping, prompt)]


def _scores(request: Mapping[str, Any], response: Mapping[str, Any]) -> list[list[Any]] | None:
    asked, given = request.get("continuations"), response.get("continuations")
    if not isinstance(asked, list) or not isinstance(given, list) or len(asked) != len(given):
        return None
    rows = []
    for text, score in zip(asked, map(mapping, given), strict=True):
        if (logprob := number(score.get("logprob"))) is not None:
            rows.append([capped(text, 300), round(logprob, 4), int(number(score.get("tokens")) or 0)])
    return rows
