"""From a YAML file or a mapping to a checked config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from backends import ENGINES, BackendOptions, near
from backends import ConfigurationError as BackendConfigurationError

from ..errors import ConfigError
from ..strategies import STRATEGIES
from ..strategies.base import StrategyOptions
from .document import Document, KeyPath, read_yaml
from .models import Config


def load_config(path: str | Path) -> Config:
    """Reads a config file.  Paths in it are relative to the file.

    Raises:
        ConfigError: If something in it is wrong; says file, line and what to do.
    """
    path = Path(path)
    return _config(read_yaml(path), folder=path.parent, name=path.stem)


def parse_config(data: Mapping[str, Any], *, folder: Path | None = None, name: str = "recommender") -> Config:
    """Checks a config given as a mapping, as from keyword arguments.

    Raises:
        ConfigError: If something in it is wrong.
    """
    return _config(Document(dict(data), "config"), folder=folder or Path(), name=name)


def _config(document: Document, *, folder: Path, name: str) -> Config:
    data = {"name": name, **document.data}
    known = list(Config.model_fields)
    unknown = [key for key in data if key not in known]
    problems = [f"{document.place((key,))}: unknown key {key!r}.{near(key, known)}" for key in unknown]
    blocks: dict[str, Any] = {key: value for key, value in data.items() if key not in unknown}
    if "backend" not in blocks:
        problems.append(f"{document.source}: the block `backend:` is missing; say at least `backend: {{kind: local}}`.")
    else:
        blocks["backend"] = _block(document, "backend", blocks["backend"], _engine_options, problems)
    blocks["strategy"] = _block(document, "strategy", blocks.get("strategy", {}), _strategy_options, problems)
    if problems:
        raise ConfigError("\n".join(problems))
    for key in ("catalog", "templates", "cache"):
        if isinstance(blocks.get(key), str | Path):
            blocks[key] = folder / blocks[key]
    try:
        config = Config.model_validate(blocks)
    except ValidationError as error:
        raise ConfigError("\n".join(_problems(error, document, (), Config))) from None
    config._document = document
    config._folder = folder
    return config


def _block(document: Document, key: str, data: Any, find: Any, problems: list[str]) -> BaseModel | None:
    if isinstance(data, BaseModel):
        return data
    place = document.place((key,))
    if isinstance(data, str):
        data = {"kind": data}
    if not isinstance(data, Mapping):
        problems.append(f"{place}: `{key}:` needs a block of keys, such as `{key}: {{kind: ...}}`.")
        return None
    data = dict(data)
    if key == "strategy":
        data.setdefault("kind", "auto")
    if not isinstance(data.get("kind"), str):
        problems.append(f"{place}: `{key}:` needs a `kind`.")
        return None
    try:
        options: type[BaseModel] = find(data["kind"])
    except BackendConfigurationError as error:
        problems.append(f"{document.place((key, 'kind'))}: {error}")
        return None
    try:
        return options.model_validate(data)
    except ValidationError as error:
        problems.extend(_problems(error, document, (key,), options))
        return None


def _engine_options(kind: str) -> type[BackendOptions]:
    options: type[BackendOptions] = ENGINES.load(kind).options
    return options


def _strategy_options(kind: str) -> type[StrategyOptions]:
    if kind == "auto":
        return StrategyOptions
    options: type[StrategyOptions] = STRATEGIES.load(kind).options
    return options


def _problems(error: ValidationError, document: Document, above: KeyPath, model: type[BaseModel]) -> list[str]:
    return [_problem(detail, document, (*above, *detail["loc"]), model) for detail in error.errors()]


def _problem(detail: Any, document: Document, path: KeyPath, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in path)
    place = document.place(path)
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown key {key!r}.{near(str(path[-1]), _siblings(model, detail['loc']))}"
    if detail["type"] == "missing":
        return f"{place}: the key {key!r} is missing."
    if detail["type"] == "value_error":
        return f"{place}: {key}: {detail['msg'].removeprefix('Value error, ').rstrip('.')}."
    found = detail["input"]
    shown = repr(found) if isinstance(found, str | int | float | bool | None) else f"a {type(found).__name__}"
    return f"{place}: {key}: {detail['msg'][0].lower()}{detail['msg'][1:]}; found {shown[:80]}."


def _siblings(model: type[BaseModel], loc: KeyPath) -> list[str]:
    for part in loc[:-1]:
        annotation = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
