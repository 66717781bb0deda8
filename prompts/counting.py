"""Makes a compiled template count what it goes through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, nodes, pass_context
from jinja2.runtime import Context

from .reading import READING, Reading

_EACH = 10
"""What going through the shortest value costs."""


def counted(tree: nodes.Template, environment: Environment) -> None:
    """Changes a checked tree so that loops, filters, slices and printed values are counted."""
    for node in list(tree.find_all((nodes.For, nodes.Filter, nodes.Getitem, nodes.Output))):
        if isinstance(node, nodes.For):
            node.iter = _counting(node.iter, environment)
        elif isinstance(node, nodes.Filter | nodes.Getitem):
            if node.node is not None and isinstance(getattr(node, "arg", None), nodes.Slice | None):
                node.node = _counting(node.node, environment)
        elif isinstance(node, nodes.Output):
            node.nodes = [
                part if isinstance(part, nodes.TemplateData) else _counting(part, environment) for part in node.nodes
            ]


def _counting(node: Any, environment: Environment) -> nodes.Filter:
    found = nodes.Filter(node, READING, [], [], None, None, lineno=node.lineno)
    found.environment = environment
    return found


@pass_context
def count(context: Context, value: Any) -> Any:
    """Filter: the value as it is, once its length has been counted."""
    reading: Reading = context[READING]
    try:
        reading.spend(len(value) + _EACH)
    except TypeError:  # a number, None, or an iterator
        reading.spend(_EACH)
        return _each(reading, value) if isinstance(value, Iterator) else value
    return value


def _each(reading: Reading, values: Iterator[Any]) -> Iterator[Any]:
    for value in values:
        reading.spend(1)
        yield value
