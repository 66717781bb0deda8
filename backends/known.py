"""The engines that are installed, and which of them can do what."""

from __future__ import annotations

from .base import Capability
from .errors import ConfigurationError
from .registry import Registry

ENGINES = Registry(noun="backend", package="backends.engines", attribute="ENGINE", group="promptrec.backends")


def able(*needs: Capability) -> list[str]:
    """Returns the kinds of backend that can do all of this, with the right options and model."""
    return [name for name in ENGINES.names() if set(needs) <= _capabilities(name)]


def _capabilities(name: str) -> frozenset[Capability]:
    try:
        found: frozenset[Capability] = ENGINES.load(name).capabilities
    except ConfigurationError:  # another distribution's, and broken
        return frozenset()
    return found


def able_hint(*needs: Capability) -> str:
    """Returns a sentence that names the backends which can, for an error's hint."""
    names = able(*needs)
    return f"Backends that can: {', '.join(names)}." if names else ""
