"""YAML with the place of every key, and without YAML 1.1's surprises.

``no`` stays a word, ``1e-3`` is a number, ``012`` is 12, dates stay text; a key that stands twice, an alias and a tag
are errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigError

KeyPath = tuple[str | int, ...]
DEEPEST = 100
"""Levels of lists and mappings in a file."""
_SCALARS: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"(?:|~|null|Null|NULL)"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?[0-9]{1,300}"), int),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML mapping and where each of its keys stands."""

    data: dict[str, Any]
    source: str
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Returns ``file:line`` of a key, or of the nearest key above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.source}:{self.lines[path]}" if path else self.source


def scalar(text: str) -> Any:
    """Reads a plain scalar by the rules of YAML 1.2's core schema."""
    for pattern, make in _SCALARS:
        if pattern.fullmatch(text):
            return make(text)
    return text


def read_yaml(path: Path) -> Document:
    """Reads a YAML file.

    Raises:
        ConfigError: If it is missing, not UTF-8, not YAML or not a mapping; says file and line.
    """
    if path.is_dir():
        raise ConfigError(f"{path}: a folder; give the YAML file in it.")
    if not path.is_file():
        raise ConfigError(f"{path}: no such file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8; save it as UTF-8.") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> Document:
    """Reads YAML text; see :func:`read_yaml`."""
    import yaml

    try:
        _refuse_tricks(text, source)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[KeyPath, int] = {}
        data = {} if node is None else _value(node, (), lines, source)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{source}{line}: not valid YAML: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{source}: needs `key: value` lines, found a {type(data).__name__}.")
    return Document(data, source, lines)


def _refuse_tricks(text: str, source: str) -> None:
    """Refuses aliases, tags and what nests too deeply, at their own line."""
    import yaml

    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
    for event in events:
        place = f"{source}:{event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{place}: aliases (*name) are not supported; write the value out.")
        if getattr(event, "tag", None):
            raise ConfigError(f"{place}: tags (!name) are not supported; write the value without.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ConfigError(f"{place}: nested too deeply; {DEEPEST} levels are the most.")


def _value(node: Any, path: KeyPath, lines: dict[KeyPath, int], source: str) -> Any:
    import yaml

    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return scalar(node.value) if node.style is None else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, index), lines, source) for index, child in enumerate(node.value)]
    mapping: dict[str, Any] = {}
    for key_node, child in node.value:
        key, place = key_node.value, f"{source}:{key_node.start_mark.line + 1}"
        if not isinstance(key, str):
            raise ConfigError(f"{place}: a key must be a word.")
        if key in mapping:
            raise ConfigError(f"{place}: the key {key!r} stands twice; keep one.")
        lines[(*path, key)] = key_node.start_mark.line + 1
        mapping[key] = _value(child, (*path, key), lines, source)
    return mapping
