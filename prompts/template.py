"""A template: one file, checked and compiled, that turns values into the text of prompts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .errors import MissingValue, PromptError, PromptTooLong, RenderError
from .header import Header
from .reading import MOST_READ, READING, Reading

if TYPE_CHECKING:
    import jinja2

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")
LONGEST_PROMPT = 2_000_000
"""Characters of one rendered block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Header):
    """One prompt, ready to be rendered: what its front matter says, and its blocks.

    Attributes:
        blocks: Names of the blocks in file order; ``system``, ``user`` and ``assistant`` make messages.
        digest: SHA-256 of the whole file, in hex.
    """

    blocks: tuple[str, ...]
    digest: str
    path: Path
    compiled: jinja2.Template = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """Name, version and the beginning of the digest: what results are marked with."""
        return f"{self.name}@{self.version}#{self.digest[:12]}"

    def messages(self, **values: Any) -> tuple[tuple[Role, str], ...]:
        """Renders the chat blocks as (role, text) in file order; surrounding blank lines are left out.

        Args:
            **values: ``domain`` (keys item, verb, and plural where English's own rule is wrong), ``history`` (each with
                title, and kind, rating, text, attributes where known), ``candidates`` (title, label, attributes),
                ``candidate``, ``context``, ``k``, ...: plain data.  What the template does not use is ignored.

        Raises:
            RenderError: If a value is missing or does not suit, or the template has no chat blocks.
        """
        roles = [(role, name) for name in self.blocks for role in ROLES if name.split("_")[0] == role]
        if not roles:
            raise RenderError(f"{self.path}: template {self.name!r} has no block named {', '.join(ROLES)}.")
        context = self._context(values)
        return tuple((role, self._rendered(name, context).strip()) for role, name in roles)

    def block(self, name: str, **values: Any) -> str:
        """Renders one block exactly as it stands, e.g. ``prompt`` or ``continuation``; values as for messages.

        Raises:
            RenderError: If a value is missing or does not suit, or there is no such block.
        """
        if name not in self.blocks:
            raise RenderError(f"{self.path}: there is no block {name!r}; it has {', '.join(self.blocks)}.")
        return self._rendered(name, self._context(values))

    def _context(self, values: Mapping[str, Any]) -> Any:
        missing = self.needs - values.keys()
        if missing:
            raise MissingValue(f"{self.path}: template {self.name!r} needs {', '.join(sorted(missing))}.")
        used: dict[str, Any] = dict.fromkeys(self.optional)
        used.update((name, values[name]) for name in (*self.needs, *self.optional) if name in values)
        if isinstance(domain := used.get("domain"), Mapping) and not domain.get("plural"):
            used["domain"] = {**domain, "plural": plural(str(domain.get("item", "")))}
        return self.compiled.new_context({**used, READING: Reading(MOST_READ)})

    def _rendered(self, name: str, context: Any) -> str:
        import jinja2

        parts = []
        size = 0
        try:
            for part in self.compiled.blocks[name](context):
                parts.append(part)
                size += len(part)
                if size > LONGEST_PROMPT:
                    raise PromptTooLong(f"a prompt may have at most {LONGEST_PROMPT:,} characters")
        except PromptError as error:
            raise type(error)(f"{self._place(error)}: block {name!r}: {error}.") from error
        except (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            raise RenderError(f"{self._place(error)}: block {name!r}: {error}.") from error
        return "".join(parts)

    def _place(self, error: Exception) -> str:
        """File and line of the template where an error arose."""
        line = 0
        trace = error.__traceback__
        while trace:
            if trace.tb_frame.f_globals.get("__jinja_template__") is self.compiled or (
                trace.tb_frame.f_code.co_filename == self.compiled.filename
            ):
                line = self.compiled.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return f"{self.path}:{line}" if line else str(self.path)


def plural(noun: str) -> str:
    """English's regular plural; a domain with another one says so itself."""
    if re.search("[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search("(s|x|z|ch|sh)$", noun) else f"{noun}s" if noun else ""
