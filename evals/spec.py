"""The eval spec: one YAML file that says data, protocol and recommender."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backends import ConfigurationError, near
from recommender import Config, load_config, parse_config, read_yaml

from .datasets import Dataset, Log, find_dataset
from .errors import SpecError
from .metrics import DEFAULT, parse
from .protocols import check_protocol, make_tasks
from .types import TaskSet


class Spec(BaseModel):
    """What ``evals run SPEC`` reads.

    Attributes:
        dataset: Name of a data set; ``evals data list`` has them.
        data: Folder with the data set's files; None fetches them.
        split: Name of a split, or its ``kind`` and options.
        users: How many users are drawn; None takes all.
        candidates: Candidates of each user, with the target; or a candidate policy's name, or its ``kind`` and options.
        recommender: A recommender's YAML file, or its content.
        out: The run folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    data: Path | None = None
    users: int | None = Field(default=None, ge=1, strict=True)
    split: str | dict[str, Any] = "leave-one-out"
    candidates: int | str | dict[str, Any] | None = None
    seed: int = Field(default=2026, ge=0, strict=True)
    metrics: tuple[str, ...] = DEFAULT
    recommender: Path | dict[str, Any]
    out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A checked spec, its paths resolved."""

    spec: Spec
    folder: Path
    dataset: Dataset
    config: Config

    def taskset(self, log: Log) -> TaskSet:
        """Fetches and reads the data and draws the users."""
        data = self.dataset.load(self.spec.data or self.dataset.fetch(log))
        spec = self.spec
        return make_tasks(
            data,
            split=spec.split,
            candidates=spec.candidates,
            users=spec.users,
            seed=spec.seed,
            folder=self.folder,
        )


def load_spec(path: Path) -> Plan:
    """Reads a spec.  Paths in it are relative to the file.

    Raises:
        SpecError: If something in it is wrong; says file, line and what to do.
        recommender.ConfigError: If it is no YAML, or the recommender's config is wrong.
    """
    document = read_yaml(path)
    try:
        spec = Spec.model_validate(document.data)
    except ValidationError as error:
        known = list(Spec.model_fields)
        raise SpecError("\n".join(_problem(detail, document, known) for detail in error.errors())) from None
    for name in spec.metrics:
        parse(name)
    try:
        dataset = find_dataset(spec.dataset)
    except ConfigurationError as error:
        raise SpecError(f"{document.place(('dataset',))}: {error}") from None
    try:
        check_protocol(spec.split, spec.candidates)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
    folder = path.parent
    if isinstance(spec.recommender, Path):
        if not (folder / spec.recommender).is_file():
            place = document.place(("recommender",))
            raise SpecError(f"{place}: recommender: there is no file {folder / spec.recommender}.")
        config = load_config(folder / spec.recommender)
    else:
        config = parse_config(spec.recommender, folder=folder, name=path.stem)
    resolved = spec.model_copy(update={"out": folder / spec.out, "data": spec.data and folder / spec.data})
    return Plan(spec=resolved, folder=folder, dataset=dataset, config=config)


def _problem(detail: Any, document: Any, known: list[str]) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    place = document.place(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown key {key!r}.{near(key, known)}"
    if detail["type"] == "missing":
        return f"{place}: the key {key!r} is missing."
    return f"{place}: {key}: {detail['msg'][0].lower()}{detail['msg'][1:]}."
