"""Lays out a manifest, whatever its fields: short values as facts in groups, long ones as documents to unfold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_LONG = 300  # characters; a longer value is unfolded on demand
_MANY = 14  # leaves; a larger object reads better as a document
_CODE = re.compile(r"[0-9a-f]{12,}|.*[/#@\\].*|.*==.*", re.DOTALL)
Group = dict[str, Any]


def facts(manifest: Mapping[str, Any]) -> tuple[list[Group], list[dict[str, str]]]:
    """Returns groups of facts, and documents with a name and a text."""
    plain, groups, documents = [], [], []
    for name, value in manifest.items():
        if isinstance(value, Mapping) and value:
            leaves = list(_leaves(value))
            if name in ("config", "spec") or len(leaves) > _MANY or any(len(text) > _LONG for _, text in leaves):
                documents.append({"name": words(name), "text": pretty(value)})
            else:
                groups.append({"name": words(name), "facts": [_fact(key, text) for key, text in leaves]})
        elif len(text := _text(value)) > _LONG:
            documents.append({"name": words(name), "text": text if isinstance(value, str) else pretty(value)})
        else:
            plain.append(_fact(name, text))
    return ([{"name": "", "facts": plain}] if plain else []) + groups, documents


def words(name: str) -> str:
    """A key as a person would write it; what is no plain word, such as a system's name, stays as it is."""
    if not re.fullmatch(r"[a-z_]+", str(name)):
        return str(name)
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def pretty(value: Any) -> str:
    """JSON to read."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _fact(name: str, text: str) -> dict[str, Any]:
    return {"name": words(name), "value": text, "code": bool(_CODE.fullmatch(text)) and " " not in text}


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _leaves(inner, f"{prefix}{name} · ")
        else:
            yield f"{prefix}{name}", _text(inner)


def _text(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list() | tuple() if all(isinstance(one, str | int | float) for one in value):
            return ", ".join(map(str, value)) or "none"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)
