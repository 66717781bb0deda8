"""Builds the strategy that a config names, or the best one that a backend can do."""

from __future__ import annotations

from backends import Capability, UnsupportedCapability, able, able_hint

from ..errors import ConfigError
from ..modifiers.explanations import Explained
from ..modifiers.permutations import Permuted
from ..modifiers.reasoning import Reasoning
from ..modifiers.reranking import Reranked
from . import STRATEGIES
from ._composite import parts_of
from .base import Setting, Strategy, StrategyKind, StrategyOptions

AUTO = ("likelihood", "listwise")
"""In this order: scoring beats generating on small models, and costs less on large ones."""

ORDER = "candidate-order"


def can(kind: StrategyKind, capabilities: frozenset[Capability]) -> bool:
    """Whether a backend of these capabilities can carry out a strategy."""
    return any(needs <= capabilities for needs in kind.requires)


def build_strategy(options: StrategyOptions, setting: Setting) -> tuple[str, Strategy]:
    """Returns the strategy's name and the strategy, with the modifiers that its options name round it.

    Raises:
        UnsupportedCapability: If the backend lacks what the strategy needs.
        ConfigError: If a modifier does not suit the strategy.
    """
    if options.kind == "auto":
        options = _best(options, setting)
    kind: StrategyKind = STRATEGIES.load(options.kind)
    if not can(kind, setting.capabilities):
        needs = " or ".join(" + ".join(sorted(needs)) for needs in kind.requires)
        works = [name for name in STRATEGIES.names() if can(STRATEGIES.load(name), setting.capabilities)]
        raise UnsupportedCapability(
            f"The strategy {options.kind!r} needs {needs}, which the backend {setting.backend!r} cannot do.",
            hint=f"Strategies that work with it: {', '.join(works) or 'none'}. {_able(kind)}",
        )
    _refuse(kind, options)
    strategy = kind.create(options, setting)
    if options.reasoning:
        strategy = Reasoning(strategy, options, setting)
    if options.permutations > 1:
        strategy = Permuted(strategy, options, setting)
    if options.diversity or options.popularity_calibration:
        strategy = Reranked(strategy, options, setting)
    if options.explanations:
        strategy = Explained(strategy, options, setting)
    return options.kind, strategy


def _able(kind: StrategyKind) -> str:
    names = sorted({name for needs in kind.requires for name in able(*needs)})
    return f"Backends that can, with the right api: {', '.join(names)}."


def _best(options: StrategyOptions, setting: Setting) -> StrategyOptions:
    name = next((name for name in AUTO if can(STRATEGIES.load(name), setting.capabilities)), None)
    if name is None:
        raise UnsupportedCapability(
            f"The backend {setting.backend!r} can neither score nor chat, so no strategy works on it.",
            hint=able_hint(Capability.CHAT),
        )
    kind: StrategyKind = STRATEGIES.load(name)
    return kind.options(**{**options.model_dump(exclude_unset=True), "kind": name})


def _refuse(kind: StrategyKind, options: StrategyOptions) -> None:
    """Modifiers that could change nothing are mistakes."""
    name = options.kind
    chats = not all(needs and Capability.CHAT not in needs for needs in kind.requires)
    if options.permutations > 1 and not kind.side_by_side:
        raise ConfigError(
            f"strategy.permutations: {name!r} never shows candidates side by side, so their order changes nothing."
        )
    if options.permutations > 1 and _by_candidate_order(options):
        raise ConfigError(
            f"strategy.permutations: other orders of the candidates would change the first stage {ORDER!r} with them;"
            " take another first stage, or let single strategies of a fusion have the permutations."
        )
    if options.evidence and (kind.whole_catalog or not chats):
        raise ConfigError(f"strategy.evidence: {name!r} shows no candidates to put it beside; take kind: fusion.")
    if options.reasoning and not chats:
        raise ConfigError(f"strategy.reasoning: {name!r} continues a text, in which there is no turn to think.")


def _by_candidate_order(options: StrategyOptions) -> bool:
    """Whether the strategy, or a part of it, takes the order of the candidates for a first stage."""
    stages = (options.evidence, *getattr(options, "first_stages", ()))
    return ORDER in stages or any(map(_by_candidate_order, parts_of(options)))
