"""Reads what a spec says of a component: its name, or its name and its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from backends import ConfigurationError, Registry, near

from .errors import SpecError


class Options(BaseModel):
    """Base of all options: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def component(registry: Registry, value: str | Mapping[str, Any]) -> tuple[str, Any, Any]:
    """Returns name, component and checked options of ``kind`` or ``{kind: ..., option: ...}``.

    Raises:
        SpecError: If there is no such component, or an option is unknown or wrong.
    """
    given = {"kind": value} if isinstance(value, str) else dict(value)
    kind = given.pop("kind", None)
    if not isinstance(kind, str):
        raise SpecError(f"A {registry.noun} needs its `kind`; known: {', '.join(registry.names())}.")
    try:
        found = registry.load(kind)
    except ConfigurationError as error:
        raise SpecError(str(error)) from None
    try:
        return kind, found, found.options.model_validate(given)
    except ValidationError as error:
        known = list(found.options.model_fields)
        raise SpecError(" ".join(_problem(f"{registry.noun} {kind}", one, known) for one in error.errors())) from None


def _problem(what: str, detail: Any, known: list[str]) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        have = f" Known: {', '.join(known)}." if known else " It has none."
        return f"{what}: unknown option {key!r}.{near(key, known)}{have}"
    if detail["type"] == "missing":
        return f"{what}: the option {key!r} is missing."
    message = detail["msg"].removeprefix("Value error, ")
    return f"{what}: {key}: {message[0].lower()}{message[1:]}."
