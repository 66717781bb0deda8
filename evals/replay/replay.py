"""From a recorded run to figures and lists."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import EvalError
from ..writing import replacing
from .folder import Recorded, Response, read
from .pairs import PairHits
from .readers import Read, read_by_authors, read_by_us
from .scores import mean, score

K = 10
"""Cut-off where neither the caller nor the run names one."""


def replay(
    folder: Path,
    *,
    matcher: str = "default",
    duplicates: str | None = None,
    k: int | None = None,
    lists_path: Path | None = None,
) -> dict[str, Any]:
    """Reads, matches and scores the answers of a recorded run.

    Args:
        folder: The run.
        matcher: ``authors`` for the run's own reader and matcher, ``default`` for this project's.
        duplicates: Whether a repeated item counts again (``keep``) or not (``drop``).  None follows the run's protocol
            with the authors' matcher, and else drops.
        k: Cut-off; None is the protocol's, or 10.
        lists_path: Where the mentions and items of each answer are written, one JSON a line.

    Raises:
        EvalError: If an argument or the folder cannot be used.
        backends.StorageError: If the lists cannot be written.
    """
    if matcher not in ("authors", "default") or duplicates not in ("keep", "drop", None) or (k is not None and k < 1):
        raise EvalError("evals replay takes --matcher authors|default, --duplicates keep|drop and a k of at least 1.")
    run = read(Path(folder))
    by_authors = matcher == "authors"
    if duplicates is None:
        duplicates = (by_authors and run.protocol.duplicates) or "drop"
    k = k or run.protocol.k or K
    # The authors of the pair runs read no lists: they look for a target in the text.
    answers = (read_by_authors if by_authors and not run.protocol.pairs else read_by_us)(run, k)
    lists = [_items(run, *row, duplicates) for row in zip(run.responses, answers, strict=True)]
    if lists_path is not None:
        _write_lists(lists_path, run, answers, lists)
    return _figures(run, answers, lists, k)


def _items(run: Recorded, response: Response, answer: Read, duplicates: str) -> list[str]:
    items = list(answer.items)
    if run.protocol.drop_ineligible and run.eligible is not None:
        items = [item for item in items if item in run.eligible]
    if run.protocol.drop_seen:
        items = [item for item in items if item not in run.seen.get(response.user_id, frozenset())]
    return list(dict.fromkeys(items)) if duplicates == "drop" else items


def _figures(run: Recorded, answers: Sequence[Read], lists: list[list[str]], k: int) -> dict[str, Any]:
    users = [response.user_id for response in run.responses]
    rows = [score(items, run.truth.get(user, {}), k) for user, items in zip(users, lists, strict=True)]
    usable = [bool(items) for items in lists]
    everybody = [True] * len(users)
    counted = everybody
    if run.protocol.grounded_users_only:
        counted = [user in run.truth and good for user, good in zip(users, usable, strict=True)]
    hits = PairHits(run) if run.protocol.pairs else None
    pairs = [(hits.substring(response), hits.pair(response)) for response in run.responses] if hits else []

    def block(flags: Sequence[bool]) -> dict[str, Any]:
        figures: dict[str, Any] = mean([row for row, flag in zip(rows, flags, strict=True) if flag])
        if pairs:
            kept = [pair for pair, flag in zip(pairs, flags, strict=True) if flag]
            figures |= {"substring_hits": sum(a for a, _ in kept), "pair_hits": sum(b for _, b in kept)}
        return figures

    return block(counted) | {
        "responses": len(users),
        "outcomes": dict(Counter(str(answer.outcome) for answer in answers).most_common()),
        "read_as": dict(Counter(answer.way for answer in answers).most_common()),
        "all": block(everybody),
        "usable": block(usable),
        "warnings": list(run.protocol.warnings),
    }


def _write_lists(path: Path, run: Recorded, answers: Sequence[Read], lists: Sequence[list[str]]) -> None:
    with replacing(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for response, answer, items in zip(run.responses, answers, lists, strict=True):
            mentions = [
                {"text": one.mention.text, "item_id": one.item_id, "reason": one.reason, "score": float(one.score)}
                for one in answer.matches
            ]
            line = {"user_id": response.user_id, "mentions": mentions, "items": items}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
