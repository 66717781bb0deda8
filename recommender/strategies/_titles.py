"""Constraints that let a model write lists of given words and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from backends import JsonSchema


def list_schema(values: Sequence[str], n: int) -> JsonSchema:
    """A JSON object whose ``ranking`` lists n of some values."""
    items = {"type": "string", "enum": list(dict.fromkeys(values))}
    ranking = {"type": "array", "items": items, "minItems": n, "maxItems": n}
    return JsonSchema(
        schema={
            "type": "object",
            "properties": {"ranking": ranking},
            "required": ["ranking"],
            "additionalProperties": False,
        },
        name="ranking",
    )


def title_list(titles: Iterable[str], n: int) -> str:
    """Returns a GBNF grammar of numbered lists of ``n`` titles, one a line."""
    lines = " ".join(f'"{at}. " title "\\n"' for at in range(1, n)) + f' "{n}. " title'
    return f"root ::= {lines.strip()}\ntitle ::= {_any_of(sorted(set(titles)))}\n"


def _any_of(titles: list[str]) -> str:
    """Alternatives of sorted titles.  A tree, since an engine follows every alternative that is still open."""
    same = (one == other for one, other in zip(titles[0], titles[-1], strict=False))
    begin = titles[0][: sum(takewhile(bool, same))]
    rests = [title[len(begin) :] for title in titles]
    ends_here = not rests[0]
    groups: dict[str, list[str]] = {}
    for rest in rests[ends_here:]:
        groups.setdefault(rest[0], []).append(rest)
    parts = [literal(begin)] if begin else []
    if groups:
        branches = " | ".join(_any_of(group) for group in groups.values())
        parts.append(f"({branches})" + ("?" if ends_here else ""))
    return " ".join(parts) or '""'


def literal(text: str) -> str:
    """A text as a GBNF literal."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'
