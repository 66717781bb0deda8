"""Builds the strategy that a config names, or the best one that a backend can do."""

from __future__ import annotations

from backends import ENGINES, Capability, UnsupportedCapability

from . import STRATEGIES
from .base import Setting, Strategy, StrategyKind, StrategyOptions

AUTO = ("likelihood", "listwise")
"""In this order: scoring beats generating on small models, and costs less on large ones."""


def can(kind: StrategyKind, capabilities: frozenset[Capability]) -> bool:
    """Whether a backend of these capabilities can carry out a strategy."""
    return any(needs <= capabilities for needs in kind.requires)


def build_strategy(options: StrategyOptions, setting: Setting) -> tuple[str, Strategy]:
    """Returns the strategy's name and the strategy.

    Raises:
        UnsupportedCapability: If the backend lacks what the strategy needs.
    """
    if options.kind == "auto":
        name = next((name for name in AUTO if can(STRATEGIES.load(name), setting.capabilities)), None)
        if name is None:
            raise UnsupportedCapability(
                f"The backend {setting.backend!r} can neither score nor chat, so no strategy works on it.",
                hint=f"Backends: {', '.join(ENGINES.names())}.",
            )
        kind: StrategyKind = STRATEGIES.load(name)
        return name, kind.create(kind.options(**{**options.model_dump(exclude_unset=True), "kind": name}), setting)
    kind = STRATEGIES.load(options.kind)
    if not can(kind, setting.capabilities):
        needs = " or ".join(" + ".join(sorted(needs)) for needs in kind.requires)
        works = [name for name in STRATEGIES.names() if can(STRATEGIES.load(name), setting.capabilities)]
        raise UnsupportedCapability(
            f"The strategy {options.kind!r} needs {needs}, which the backend {setting.backend!r} cannot do.",
            hint=f"Strategies that work with it: {', '.join(works) or 'none'}; or change the backend's kind or api.",
        )
    return options.kind, kind.create(options, setting)
