"""Whether a text satisfies the constraint it was made under.  Some engines drop a constraint in silence."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from .base import Choice, Constraint, Grammar, JsonSchema

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def satisfies(text: str, constraint: Constraint | None) -> bool:
    """Tells whether a whole answer keeps to its constraint; a grammar is not checked here.

    Of JSON Schema this knows what engines enforce: types, properties, enumerations, bounds of numbers and of lengths,
    alternatives and references.  ``uniqueItems`` is enforced by none and is not checked.
    """
    match constraint:
        case None | Grammar():
            return True
        case Choice(options=options):
            return text in options
        case JsonSchema(schema=schema):
            try:
                return conforms(json.loads(text), schema, schema)
            except (ValueError, RecursionError):
                return False


def conforms(value: Any, node: Mapping[str, Any] | bool, root: Mapping[str, Any]) -> bool:
    """Tells whether a JSON value keeps to one node of a schema."""
    if isinstance(node, bool):
        return node
    if "$ref" in node:
        return conforms(value, _resolve(node["$ref"], root), root)
    for key in ("anyOf", "oneOf"):
        if key in node and not any(conforms(value, branch, root) for branch in node[key]):
            return False
    if "const" in node and value != node["const"]:
        return False
    if "enum" in node and value not in node["enum"]:
        return False
    return _is_of_kind(value, node.get("type")) and _holds(value, node, root)


def _resolve(reference: str, root: Mapping[str, Any]) -> Any:
    path = [part for part in reference.lstrip("#").split("/") if part]
    return functools.reduce(lambda node, part: node[part], path, root)


def _is_of_kind(value: Any, kind: str | list[str] | None) -> bool:
    if kind is None:
        return True
    if isinstance(kind, list):
        return any(_is_of_kind(value, one) for one in kind)
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _KINDS.get(kind, (object,)))


def _holds(value: Any, node: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    if isinstance(value, dict):
        return _object_holds(value, node, root)
    if isinstance(value, list):
        lengths = node.get("minItems", 0) <= len(value) <= node.get("maxItems", len(value))
        return lengths and all(conforms(item, node.get("items", True), root) for item in value)
    if isinstance(value, str):
        return bool(node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value)))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return bool(node.get("minimum", value) <= value <= node.get("maximum", value))
    return True


def _object_holds(value: Mapping[str, Any], node: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    properties = node.get("properties", {})
    if not all(name in value for name in node.get("required", ())):
        return False
    others = node.get("additionalProperties", True)
    return all(conforms(item, properties.get(name, others), root) for name, item in value.items())
