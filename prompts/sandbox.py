"""The Jinja environment in which templates run, and the one way to compile them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.filters
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .allowed import FILTERS, TESTS, Use, check
from .cleaning import clean
from .counting import count, counted
from .errors import RenderError, TemplateInvalid
from .reading import READING

_LONGEST_FIELD = 20_000
_OPTIONAL_FIELDS: Mapping[str, Any] = {
    "title": None, "kind": None, "rating": None, "text": None, "attributes": None,
}  # fmt: skip
"""Fields of interactions and candidates that may be left out."""


class _Cleaned(str):
    """Text that has been cleaned with a limit of its own, which what is made of it keeps."""

    limit: int

    def __getitem__(self, place: Any) -> str:
        return _made(super().__getitem__(place), self)


def _cleaned(text: str, limit: int) -> _Cleaned:
    found = _Cleaned(clean(text, limit))
    found.limit = limit
    return found


def _made(text: str, source: Any) -> str:
    """Text made of other text: inert anew, within the limit that the source had."""
    return _cleaned(text, source.limit) if isinstance(source, _Cleaned) else text


def _printed(value: Any) -> str:
    """What an expression puts into the prompt: text made inert, or a number; nothing else."""
    if type(value) is str:
        return clean(value)
    if type(value) is _Cleaned:
        return value
    if isinstance(value, str):
        return clean(str(value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises, with the name
    if value is None:
        raise RenderError("a value is None; test it first, as in {% if seen.title is none %}")
    raise RenderError(f"only text and numbers can be printed, and this is {type(value).__name__!r}")


def _cap(value: Any, limit: int) -> str:
    """Filter: the text made inert, with a limit other than that of titles."""
    if not isinstance(value, str):
        raise RenderError(f"'cap' takes text, and this is {type(value).__name__!r}")
    return _cleaned(str(value), min(max(limit, 1), _LONGEST_FIELD))


def _listed(value: Any) -> str:
    """Filter: the names and values of a mapping, as ``year: 1997; genres: Drama``."""
    if not isinstance(value, Mapping):
        raise RenderError(f"'listed' takes a mapping, and this is {type(value).__name__!r}")
    return _cleaned("; ".join(f"{_printed(name)}: {_printed(entry)}" for name, entry in value.items()), _LONGEST_FIELD)


def _sentence(value: Any) -> str:
    """Filter: the first letter made a capital, the others left alone."""
    text = str(value)
    return _made(text[:1].upper() + text[1:], value)


def _lower(value: Any) -> str:
    """Filter: all letters small."""
    return _made(str(value).lower(), value)


def _reverse(value: Any) -> Any:
    """Filter: from the end to the beginning."""
    return _made(value[::-1], value) if isinstance(value, str) else jinja2.filters.do_reverse(value)


class _Environment(ImmutableSandboxedEnvironment):
    """Only fields of plain mappings, and of ``loop``, can be reached."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict or isinstance(obj, Mapping):
            if attribute in obj:
                return obj[attribute]
            if attribute in _OPTIONAL_FIELDS:
                return _OPTIONAL_FIELDS[attribute]
        elif isinstance(obj, LoopContext):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and isinstance(argument, str):
            return self.getattr(obj, argument)
        if isinstance(obj, list | tuple | str) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except IndexError:
                pass
        return self.undefined(obj=obj, name=argument)


@functools.cache
def _environment() -> _Environment:
    environment = _Environment(
        undefined=jinja2.StrictUndefined,
        finalize=_printed,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.clear()
    own = {"cap": _cap, "listed": _listed, "lower": _lower, "reverse": _reverse, "sentence": _sentence}
    environment.filters = {name: own.get(name) or environment.filters[name] for name in sorted(FILTERS)}
    environment.filters[READING] = count
    environment.tests = {name: environment.tests[name] for name in sorted(TESTS)}
    return environment


def compile_body(body: str, where: str) -> tuple[jinja2.Template, list[Use], tuple[str, ...]]:
    """Compiles a template's body.

    Returns:
        The compiled template, the values it uses with their lines, and the names of its blocks in file order.

    Raises:
        TemplateInvalid: With file and line.
    """
    environment = _environment()
    try:
        tree = environment.parse(body, filename=where)
        uses = check(tree, where)
        blocks = tuple(node.name for node in tree.body if isinstance(node, jinja2.nodes.Block))
        counted(tree, environment)
        code = environment.compile(tree, name=where, filename=where)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateInvalid(f"{where}:{error.lineno}: {error.message}") from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateInvalid(f"{where}: {error}.") from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise TemplateInvalid(f"{where}: nested too deeply.") from error
    return environment.template_class.from_code(environment, code, {}), uses, blocks
