"""What a template may do: an allow-list over its syntax tree, checked before anything of it is compiled or run.

The stock sandbox lets through bombs (``'%1000000000s' | format``, ``center``, nested loops, doubling of strings).
Here there are no calls, no assignments, no includes, no macros, no arithmetic that grows text; a loop inside a loop
may only go through a part of the outer loop's element.  So rendering takes time and space in proportion to template
and values; the caps on what a prompt reads (:mod:`.reading`) and writes bound both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from jinja2 import nodes

from .errors import TemplateInvalid

FILTERS = frozenset({"cap", "count", "first", "last", "length", "listed", "lower", "reverse", "sentence"})
TESTS = frozenset({"defined", "undefined", "none", "number", "string", "even", "odd"})
_LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth"})
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Const, nodes.CondExpr,
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Operand, nodes.Tuple, nodes.List, nodes.Slice,
)  # fmt: skip
_DEEPEST = 2

Use = tuple[str, int]
"""A name that the template takes from its values, and the line."""


def check(tree: nodes.Template, where: str) -> list[Use]:
    """Returns the names of the values that a template uses.

    Raises:
        TemplateInvalid: If it does something that is not on the list; with file and line.
    """
    for node in tree.body:
        line = node.lineno if not isinstance(node, nodes.Output | nodes.Block) else _stray(node)
        if line:
            raise TemplateInvalid(f"{where}:{line}: all text of a template stands inside its blocks.")
    uses: list[Use] = []
    for block in tree.body:
        if isinstance(block, nodes.Block):
            for node in block.body:
                uses += _uses(node, where, ())
    return uses


def _stray(node: nodes.Output | nodes.Block) -> int | None:
    """Line of the first text or expression outside the blocks."""
    for part in node.nodes if isinstance(node, nodes.Output) else ():
        if not isinstance(part, nodes.TemplateData):
            return part.lineno
        if text := part.data.lstrip():
            return part.lineno + part.data[: -len(text)].count("\n")
    return None


def _uses(node: nodes.Node, where: str, targets: tuple[frozenset[str], ...]) -> Iterator[Use]:
    """Walks one node; ``targets`` are the variables of the loops around it, outermost first."""
    if isinstance(node, nodes.For):
        yield from _loop(node, where, targets)
        return
    fault = _fault(node, bool(targets))
    if fault:
        raise TemplateInvalid(f"{where}:{node.lineno}: templates may not use {fault}.")
    known = frozenset({"loop"}).union(*targets) if targets else frozenset()
    if isinstance(node, nodes.Name) and node.name not in known:
        yield node.name, node.lineno
    for child in node.iter_child_nodes():
        yield from _uses(child, where, targets)


def _loop(node: nodes.For, where: str, targets: tuple[frozenset[str], ...]) -> Iterator[Use]:
    inner = frozenset(name.name for name in node.target.find_all(nodes.Name)) | (
        {node.target.name} if isinstance(node.target, nodes.Name) else set()
    )
    if node.recursive or len(targets) >= _DEEPEST:
        raise TemplateInvalid(f"{where}:{node.lineno}: templates may not use recursive or triple loops.")
    if targets and _root(node.iter) not in frozenset().union(*targets):
        raise TemplateInvalid(
            f"{where}:{node.lineno}: a loop inside a loop may only go through a part of the outer loop's element."
        )
    yield from _uses(node.iter, where, targets)
    around = (*targets, inner)
    for child in (*node.body, *([node.test] if node.test else [])):
        yield from _uses(child, where, around)
    for child in node.else_:
        yield from _uses(child, where, targets)


def _root(node: nodes.Node) -> str | None:
    while isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Filter) and node.node is not None:
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None


def _constant(node: nodes.Node | None) -> bool:
    if isinstance(node, nodes.Neg):
        node = node.node
    return node is None or isinstance(node, nodes.Const)


def _fault(node: nodes.Node, in_loop: bool) -> str | None:  # noqa: C901 - one line a kind of node
    """Names what is wrong with a node by itself, or returns None."""
    match node:
        case nodes.Const(value=float(number)) if not math.isfinite(number):
            return "numbers beyond all bounds"
        case nodes.Getattr(attr=name) if name.startswith("_"):
            return "names that begin with an underscore"
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=name) if in_loop and name not in _LOOP:
            return f"loop.{name}"
        case nodes.Getitem(arg=nodes.Const(value=str(name))) if name.startswith("_"):
            return "names that begin with an underscore"
        case nodes.Getitem() if not (_constant(node.arg) or isinstance(node.arg, nodes.Slice)):
            return "computed indices"
        case nodes.Slice() if not all(map(_constant, (node.start, node.stop, node.step))):
            return "computed slices"
        case nodes.Filter() if node.name not in FILTERS or node.node is None:
            return f"the filter {node.name!r} (there are: {', '.join(sorted(FILTERS))})"
        case nodes.Test() if node.name not in TESTS:
            return f"the test {node.name!r} (there are: {', '.join(sorted(TESTS))})"
        case nodes.Filter() | nodes.Test():
            given = (*node.args, *node.kwargs)
            if node.dyn_args or node.dyn_kwargs or node.kwargs or not all(map(_constant, given)):
                return "computed or named arguments of a filter"
            return None
        case nodes.Compare():
            bad = any(
                operand.op in ("in", "notin")
                and not (isinstance(operand.expr, nodes.List | nodes.Tuple) and all(map(_constant, operand.expr.items)))
                for operand in node.ops
            )
            return "'in' with anything but a written list" if bad else None
        case nodes.Add() | nodes.Sub():
            numbers = [x for x in (node.left, node.right) if isinstance(x, nodes.Const) and isinstance(x.value, int)]
            return None if numbers else f"'{node.operator}' without a written number"
        case nodes.Getattr() | nodes.Getitem():
            return None
        case _ if type(node) in _PLAIN:
            return None
    return _WORDS.get(type(node).__name__, f"'{type(node).__name__.lower()}'")


_WORDS = {
    "Call": "calls",
    "Include": "{% include %}",
    "Import": "{% import %}",
    "FromImport": "{% from %}",
    "Extends": "{% extends %}",
    "Macro": "{% macro %}",
    "CallBlock": "{% call %}",
    "FilterBlock": "{% filter %}",
    "Assign": "{% set %}",
    "AssignBlock": "{% set %}",
    "With": "{% with %}",
    "ScopedEvalContextModifier": "{% autoescape %}",
    "Block": "blocks inside blocks or loops",
    "Pow": "'**'",
    "Mul": "'*'",
    "Mod": "'%'",
    "Div": "'/'",
    "FloorDiv": "'//'",
    "Concat": "'~'",
    "Dict": "dictionaries",
    "NSRef": "namespaces",
}
