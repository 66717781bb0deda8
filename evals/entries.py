"""One entry of a spec's ``systems:``.

- ``films.yaml``: a recommender's config file.
- ``{recommender: films.yaml, name: hot}``, or with the config's content instead of the file; or the content itself,
  told by its ``backend:``.
- ``item-knn`` or ``{baseline: item-knn, name: knn, neighbours: 50}``: a baseline with its options.
- ``theirs.run`` or ``{rankings: theirs.txt, name: theirs, format: trec}``: rankings made elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, get_args

from backends import near
from recommender import Config, Recommender, load_config, parse_config

from .baselines import BASELINES
from .components import component
from .errors import SpecError
from .systems import BaselineSystem, FileSystem, ModelSystem, System
from .systems.file import SUFFIXES, Format
from .types import TaskSet

CONFIGS = (".yaml", ".yml")
KINDS = ("recommender", "baseline", "rankings")


class Entry(Protocol):
    """A system to be made."""

    @property
    def name(self) -> str:
        """Its row's name."""
        ...

    def refuse_own_budget(self) -> None:
        """Refuses a budget that would count the other systems too.

        Raises:
            SpecError: Says where it belongs.
        """
        ...

    def system(self, taskset: TaskSet, *, journal: Path | None, budget: Mapping[str, Any]) -> System:
        """Makes the system."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A recommender."""

    name: str
    config: Config
    place: str

    def refuse_own_budget(self) -> None:
        """Refuses a budget of its own: all systems share one journal, and a budget counts what stands in it."""
        if any(limit is not None for limit in self.config.budget.model_dump().values()):
            raise SpecError(f"{self.place}: {self.name} has a `budget:`; of several systems it belongs into the spec.")

    def system(self, taskset: TaskSet, *, journal: Path | None, budget: Mapping[str, Any]) -> System:
        """Makes the recommender; the spec's budget goes before its own."""
        config = self.config.model_copy(update={"name": self.name})
        if any(limit is not None for limit in budget.values()):
            config = config.model_copy(update={"budget": type(config.budget)(**budget)})

        def made(seed: int) -> Recommender:
            seeded = config.model_copy(update={"seed": seed})
            return Recommender.from_config(seeded, catalog=taskset.catalog, journal=journal)

        return ModelSystem(made(config.seed), reseeded=made)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineEntry:
    """A baseline."""

    name: str
    baseline: Mapping[str, Any]
    seed: int

    def refuse_own_budget(self) -> None:
        """Costs nothing."""

    def system(self, taskset: TaskSet, *, journal: Path | None, budget: Mapping[str, Any]) -> System:
        """Makes the baseline."""
        return BaselineSystem(self.name, self.baseline, taskset, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """Rankings made elsewhere."""

    name: str
    path: Path
    format: Format | None

    def refuse_own_budget(self) -> None:
        """Costs nothing."""

    def system(self, taskset: TaskSet, *, journal: Path | None, budget: Mapping[str, Any]) -> System:
        """Reads the rankings."""
        return FileSystem(self.name, self.path, taskset, format=self.format)


def entry(value: str | Mapping[str, Any], *, folder: Path, stem: str, place: str, seed: int) -> Entry:
    """Reads an entry.

    Args:
        value: As in the spec.
        folder: What paths are relative to.
        stem: Name of a recommender whose content stands in the spec without one.
        place: Where the entry stands, for messages.
        seed: Of baselines that draw.

    Raises:
        SpecError: If it cannot be used.
        recommender.ConfigError: If a recommender's config is wrong.
    """
    given = _spelt_out(value) if isinstance(value, str) else dict(value)
    if "backend" in given:
        given = {"recommender": given}
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) != 1:
        raise SpecError(f"{place}: a system is one of: recommender, baseline, rankings; found {', '.join(given)}.")
    kind = kinds[0]
    what, name = given.pop(kind), given.pop("name", None)
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise SpecError(f"{place}: `name:` needs a text.")
    if kind == "baseline":
        return _baseline(what, name, given, place, seed)
    form = given.pop("format", None) if kind == "rankings" else None
    if given:
        raise SpecError(f"{place}: unknown key {min(given)!r}.{near(min(given), ['name', 'format'])}")
    if kind == "rankings":
        return _file(what, name, form, folder, place)
    return _model(what, name, folder, stem, place)


def _spelt_out(text: str) -> dict[str, Any]:
    suffix = Path(text).suffix.lower()
    return {"recommender" if suffix in CONFIGS else "rankings" if suffix in SUFFIXES else "baseline": text}


def _baseline(kind: Any, name: str | None, options: Mapping[str, Any], place: str, seed: int) -> BaselineEntry:
    try:
        component(BASELINES, {"kind": kind, **options})
    except SpecError as error:
        raise SpecError(f"{place}: {error}") from None
    return BaselineEntry(name=name or kind, baseline={"kind": kind, **options}, seed=seed)


def _file(path: Any, name: str | None, form: Any, folder: Path, place: str) -> FileEntry:
    if not isinstance(path, str):
        raise SpecError(f"{place}: `rankings:` needs a file's name.")
    if form is not None and form not in get_args(Format):
        raise SpecError(f"{place}: format is one of {', '.join(get_args(Format))}; found {form!r}.")
    if not (folder / path).is_file():
        raise SpecError(f"{place}: rankings: there is no file {folder / path}.")
    return FileEntry(name=name or Path(path).stem, path=folder / path, format=form)


def _model(what: Any, name: str | None, folder: Path, stem: str, place: str) -> ModelEntry:
    if isinstance(what, Mapping):
        config = parse_config(what, folder=folder, name=stem)
    elif not isinstance(what, str | Path):
        raise SpecError(f"{place}: recommender: needs a file's name, or the config itself.")
    elif not (folder / what).is_file():
        raise SpecError(f"{place}: recommender: there is no file {folder / what}.")
    else:
        config = load_config(folder / what)
    return ModelEntry(name=name or config.name, config=config, place=place)
