"""Reference pages out of the program itself: commands, config keys, components, Python API."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from backends import ENGINES, BackendOptions, Capability, Registry
from recommender import STRATEGIES, StrategyOptions

PACKAGES = ("recommender", "evals", "backends", "prompts")


def pages() -> dict[str, str]:
    """All reference pages: file name to Markdown."""
    return {
        "commands.md": commands(),
        "config.md": config(),
        "components.md": components(),
        **{f"{package}.md": python(package) for package in PACKAGES},
    }


def commands() -> str:
    """Every command with its options, as ``--help`` has them."""
    from cyclopts.docs.markdown import generate_markdown_docs

    from evals.cli import app as evals
    from recommender.cli import app as recommender

    parts = [f"# Commands\n\nWritten from the programs' own help.\n\n{evals.help_epilogue}\n"]
    for app in (recommender, evals):
        text = generate_markdown_docs(app, heading_level=2, generate_toc=False)
        parts.append(text.replace(evals.help_epilogue, ""))
    return "\n".join(parts)


def config() -> str:
    """Every key of the config and of an eval spec, with type, default and meaning."""
    from evals.baselines import BASELINES
    from evals.candidates import CANDIDATES
    from evals.spec import Spec
    from evals.splits import SPLITS, SplitOptions
    from recommender import Config

    parts = ["# Config keys\n\nWritten from the models that check a config. `-` is: no default, the key is needed.\n"]
    parts += ["## The file\n", keys(Config, deep=True)]
    parts += ["## `backend:`, of every kind\n", keys(BackendOptions)]
    for name in ENGINES.names():
        parts += [f"### `kind: {name}`\n", keys(ENGINES.load(name).options, BackendOptions, deep=True)]
    parts += ["## `strategy:`, of every kind\n", keys(StrategyOptions, deep=True)]
    for name in STRATEGIES.names():
        parts += [f"### `kind: {name}` {{ #strategy-{name} }}\n", keys(STRATEGIES.load(name).options, StrategyOptions)]
    parts += ["## An eval spec\n", keys(Spec, deep=True)]
    parts += ["### `split:`, of every kind\n", keys(SplitOptions)]
    for block, registry, beyond in (("split", SPLITS, SplitOptions), ("candidates", CANDIDATES, None)):
        for name in registry.names():
            parts += [f"#### `{block}: {name}` {{ #{block}-{name} }}\n", keys(registry.load(name).options, beyond)]
    for name in BASELINES.names():
        parts += [f"#### `baseline: {name}` {{ #baseline-{name} }}\n", keys(BASELINES.load(name).options)]
    return "\n".join(parts)


def components() -> str:
    """Every component that this installation has, with what it says of itself."""
    import prompts
    from evals.attacks import ATTACKS
    from evals.baselines import BASELINES
    from evals.candidates import CANDIDATES
    from evals.datasets import DATASETS
    from evals.metrics import METRICS
    from evals.splits import SPLITS
    from recommender.batch.base import BATCH_ENGINES
    from recommender.retrieval import FIRST_STAGES

    templates = [
        (one.id, one.task, ", ".join(prompts.languages(name)), one.summary)
        for name, one in ((name, prompts.load(name)) for name in prompts.names())
    ]
    parts = ["# Components\n\nWritten from the registries: one file each, see Contributing.\n"]
    parts += ["## Backends\n", _listed(ENGINES, ("key",), lambda one: (f"`{one.key_env}`" if one.key_env else "",))]
    parts += [backends_table()]
    parts += ["## Strategies\n", _listed(STRATEGIES, ("requests a user", "reads", "needs"), _of_strategy)]
    parts += ["## Templates\n", _table(("template", "task", "languages", "what it asks"), templates)]
    parts += ["## Metrics\n", _listed(METRICS, ("better",), lambda one: (getattr(one, "better", None) or "",))]
    for title, registry in (
        ("Datasets", DATASETS), ("Splits", SPLITS), ("Candidate policies", CANDIDATES), ("Baselines", BASELINES),
        ("Attacks", ATTACKS), ("First stages", FIRST_STAGES), ("Batch engines", BATCH_ENGINES),
    ):  # fmt: skip
        parts += [f"## {title}\n", _listed(registry)]
    return "\n".join(parts)


def backends_table() -> str:
    """What each kind of backend can do, with the right options and model."""
    able = {name: ENGINES.load(name).capabilities for name in ENGINES.names() if name != "scripted"}
    rows = [(f"`{one.value}`", *("yes" if one in can else "" for can in able.values())) for one in Capability]
    return _table(("can do", *able), rows)


def python(package: str) -> str:
    """The names on a package's face, for mkdocstrings to fill in."""
    module = importlib.import_module(package)
    summary = (module.__doc__ or "").strip().splitlines()[0]
    parts = [f"# `{package}`\n\n{summary}\n"]
    parts += [f"::: {package}.{name}\n" for name in module.__all__ if not name.isupper()]
    return "\n".join(parts)


def keys(model: type[BaseModel], beyond: type[BaseModel] | None = None, *, deep: bool = False) -> str:
    """A table of a model's keys.

    Args:
        model: The options.
        beyond: Leave out keys that are as in this model.
        deep: List the keys of blocks in it too.
    """
    rows = list(_rows(model, "", beyond, deep))
    return _table(("key", "type", "default", "what"), rows) if rows else "No keys of its own.\n"


def _rows(
    model: type[BaseModel], prefix: str, beyond: type[BaseModel] | None, deep: bool
) -> Iterator[tuple[str, str, str, str]]:
    said = _attributes(model)
    known = beyond.model_fields if beyond else {}
    for name, field in model.model_fields.items():
        if name in known and repr(known[name]) == repr(field):
            continue
        default = "-" if field.is_required() else _default(field.get_default(call_default_factory=True))
        yield f"`{prefix}{name}`", _type(field.annotation), default, said.get(name, "")
        block = _block(field.annotation)
        if deep and block is not None and block not in (BackendOptions, StrategyOptions):
            yield from _rows(block, f"{prefix}{name}.", None, deep)


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and its bases say of each key."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        lines = (base.__dict__.get("__doc__") or "").partition("Attributes:")[2].splitlines()
        name = ""
        for line in lines:
            if match := re.fullmatch(r" {4,8}(\w+): (.*)", line):
                name, text = match.groups()
                found[name] = text
            elif name and line.strip():
                found[name] += " " + line.strip()
    return {name: _in_markdown(text) for name, text in found.items()}


def _in_markdown(text: str) -> str:
    """A docstring's text, in the words of a YAML file."""
    return re.sub(r"\bNone\b", "`null`", re.sub(r":[a-z]+:`", "`", text.replace("``", "`")))


def _block(annotation: Any) -> type[BaseModel] | None:
    for one in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _type(annotation: Any) -> str:
    return f"`{_type_in_words(annotation)}`"


def _type_in_words(annotation: Any) -> str:
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return _type_in_words(parts[0])
    if kind in (Union, UnionType):
        return " or ".join(map(_type_in_words, parts))
    if kind is Literal:
        return " or ".join(map(_value, parts))
    if kind in (tuple, frozenset):
        return f"list of {_type_in_words(parts[0])}"
    if kind is dict:
        return "mapping"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(one.value for one in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "block"
    return {NoneType: "null", Any: "anything", Path: "path"}.get(annotation, annotation.__name__)


def _default(value: Any) -> str:
    return "" if value is PydanticUndefined or isinstance(value, BaseModel) else f"`{_value(value)}`"


def _value(value: Any) -> str:
    """A value as YAML has it."""
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool | None):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, StrategyOptions):
        return value.kind
    return str(value.value if isinstance(value, Enum) else value)


def _of_strategy(strategy: Any) -> tuple[str, ...]:
    needs = " or ".join(", ".join(sorted(one.value for one in some)) or "nothing" for some in strategy.requires)
    return strategy.calls, strategy.reads, needs


def _listed(
    registry: Registry, head: Sequence[str] = (), cells: Callable[[Any], tuple[str, ...]] = lambda _: ()
) -> str:
    rows = []
    for name in registry.names():
        one = registry.load(name)
        summary = getattr(one, "summary", None) or _first_line(registry, name)
        rows.append((f"`{name}`", summary, *cells(one)))
    return _table((registry.noun, "what", *head), rows)


def _first_line(registry: Registry, name: str) -> str:
    module = importlib.import_module(f"{registry.package}.{name.replace('-', '_')}")
    return (module.__doc__ or "").strip().splitlines()[0]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines) + "\n"
