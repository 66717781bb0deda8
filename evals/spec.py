"""The eval spec: one YAML file that says data, protocol and systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backends import ConfigurationError, near
from recommender import Catalog, read_yaml

from .datasets import Dataset, Log, find_dataset
from .entries import Entry, entry
from .errors import SpecError
from .metrics import DEFAULT, parse
from .protocols import check_protocol, make_tasks
from .runner import Evaluation, check_names, evaluate_systems
from .specs import locate
from .store import JOURNAL
from .systems import Ask, System
from .tasks import read_tasks
from .types import TaskSet


class BudgetSpec(BaseModel):
    """Where the whole run stops hard, all systems together; None is no limit.

    Attributes:
        requests: Requests that are sent, retries among them.
        tokens: Prompt and generated tokens.
        usd: Dollars, by known prices.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: int | None = Field(default=None, ge=1, strict=True)
    tokens: int | None = Field(default=None, ge=1, strict=True)
    usd: float | None = Field(default=None, gt=0)


class Spec(BaseModel):
    """What ``evals run SPEC`` reads.

    Attributes:
        dataset: Name of a dataset; ``evals data list`` has them.
        data: Folder with the dataset's files; None fetches them.
        tasks: A task file in place of a dataset, with its ``catalog``.
        catalog: The items that the task file's ids stand for.
        users: Of a dataset: how many users are drawn; None takes all.
        split: Of a dataset: name of a split, or its ``kind`` and options.
        candidates: Of a dataset: candidates of each user, with the target; or a candidate policy's name, or its
            ``kind`` and options.
        seed: Draws users and candidates, and resamples for intervals.
        seeds: Of the systems; metrics are means over them, and their spread is told.  None takes each one's own.
        repeats: How often the identical requests are sent in all, for the flip rate.
        orders: In how many further random orders the candidates are offered, for the position bias.
        metrics: Names such as ``ndcg@10``.
        attribute: The item attribute that ``ild`` and ``calibration`` compare by; None takes the usual ones.
        controls: Whether the table has the control rows.
        systems: Recommenders, baselines and rankings made elsewhere; see :mod:`evals.entries`.
        recommender: A recommender's YAML file, or its content; short for one system.
        budget: Of the whole run.
        out: The run folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str | None = None
    data: Path | None = None
    tasks: Path | None = None
    catalog: Path | None = None
    users: int | None = Field(default=None, ge=1, strict=True)
    split: str | dict[str, Any] = "leave-one-out"
    candidates: int | str | dict[str, Any] | None = None
    seed: int = Field(default=2026, ge=0, strict=True)
    seeds: tuple[int, ...] | None = Field(default=None, min_length=1)
    repeats: int = Field(default=1, ge=1, le=100, strict=True)
    orders: int = Field(default=0, ge=0, le=100, strict=True)
    metrics: tuple[str, ...] = Field(default=DEFAULT, min_length=1)
    attribute: str | None = None
    controls: bool = Field(default=True, strict=True)
    systems: tuple[str | dict[str, Any], ...] = ()
    recommender: Path | dict[str, Any] | None = None
    budget: BudgetSpec = BudgetSpec()
    out: Path

    @model_validator(mode="after")
    def _whole(self) -> Spec:
        if (self.dataset is None) == (self.tasks is None):
            raise ValueError("give either `dataset:`, or `tasks:` with `catalog:`")
        if self.tasks is not None and self.catalog is None:
            raise ValueError("`tasks:` needs `catalog:`, the items that its ids stand for")
        if bool(self.systems) == (self.recommender is not None):
            raise ValueError("give either `systems:`, a list, or `recommender:`")
        if self.seeds is not None and (len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0):
            raise ValueError("`seeds:` are different whole numbers from 0 on")
        return self

    @property
    def ask(self) -> Ask:
        """How often each system is asked."""
        return Ask(seeds=self.seeds, repeats=self.repeats, orders=self.orders)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A checked spec, its paths resolved."""

    spec: Spec
    folder: Path
    dataset: Dataset | None
    entries: Sequence[Entry]

    def taskset(self, log: Log) -> TaskSet:
        """Fetches and reads the data and draws the users."""
        spec = self.spec
        if spec.tasks is not None:
            assert spec.catalog is not None  # noqa: S101 - the spec's own check
            return read_tasks(spec.tasks, Catalog.from_file(spec.catalog))
        assert self.dataset is not None  # noqa: S101 - the spec's own check
        data = self.dataset.load(spec.data or self.dataset.fetch(log))
        return make_tasks(
            data,
            split=spec.split,
            candidates=spec.candidates,
            users=spec.users,
            seed=spec.seed,
            folder=self.folder,
        )

    def systems(self, taskset: TaskSet, journal: Path | None) -> list[System]:
        """Makes the systems, none of them started; what is wrong with one shows before anything is paid for.

        Args:
            taskset: The users.
            journal: File that keeps every request and answer of all systems.
        """
        budget = self.spec.budget
        return [one.system(taskset, journal=journal, budget=budget.model_dump()) for one in self.entries]

    async def run(self, log: Log, *, out: Path | None = None, metrics: Sequence[str] = ()) -> Evaluation:
        """Runs the evaluation; see :func:`evals.runner.evaluate_systems`.

        Args:
            log: Is told what was chosen.
            out: Another run folder.
            metrics: Others than the spec's.
        """
        spec, taskset = self.spec, self.taskset(log)
        folder = out or spec.out
        systems = self.systems(taskset, folder / JOURNAL)
        for system in systems:
            log(system.describe())
        return await evaluate_systems(
            taskset,
            systems,
            folder,
            metrics=metrics or spec.metrics,
            seed=spec.seed,
            ask=spec.ask,
            controls=spec.controls,
            attribute=spec.attribute,
        )


def load_spec(path: str | Path) -> Plan:
    """Reads a spec, or one that ships by its name.  Paths in it are relative to the file; see :mod:`evals.specs`.

    Raises:
        SpecError: If something in it is wrong; says file, line and what to do.
        recommender.ConfigError: If it is no YAML, or a recommender's config is wrong.
    """
    path, folder = locate(Path(path))
    document = read_yaml(path)
    if "backend" in document.data and not {"systems", "recommender"} & set(document.data):
        raise SpecError(
            f"{path}: a recommender's config, not a spec; give it as --config with --tasks, or put it under `systems:`."
        )
    try:
        spec = Spec.model_validate(document.data)
    except ValidationError as error:
        known = list(Spec.model_fields)
        raise SpecError("\n".join(_problem(detail, document, known) for detail in error.errors())) from None
    _refuse_idle(spec, document)
    for name in spec.metrics:
        parse(name)
    dataset: Dataset | None = None
    if spec.dataset is not None:
        try:
            dataset = find_dataset(spec.dataset)
        except ConfigurationError as error:
            raise SpecError(f"{document.place(('dataset',))}: {error}") from None
        try:
            check_protocol(spec.split, spec.candidates)
        except SpecError as error:
            raise SpecError(f"{path}: {error}") from None
    entries = list(_entries(spec, document, path))
    check_names([one.name for one in entries])
    if len(entries) > 1:
        for one in entries:
            one.refuse_own_budget()
    places = {
        name: folder / value
        for name in ("out", "data", "tasks", "catalog")
        if (value := getattr(spec, name)) is not None
    }
    return Plan(spec=spec.model_copy(update=places), folder=folder, dataset=dataset, entries=entries)


def _refuse_idle(spec: Spec, document: Any) -> None:
    """Refuses keys that would change nothing: whoever writes ``users: 10`` does not want to pay for all."""
    ours, theirs = ("tasks", "dataset") if spec.tasks is not None else ("dataset", "tasks")
    for key in ("data", "users", "split", "candidates") if ours == "tasks" else ("catalog",):
        if key in spec.model_fields_set and getattr(spec, key) is not None:
            raise SpecError(
                f"{document.place((key,))}: `{key}:` goes with `{theirs}:`, and does nothing beside `{ours}:`; "
                "take it out."
            )


def _entries(spec: Spec, document: Any, path: Path) -> Iterator[Entry]:
    if spec.recommender is not None:
        value = {"recommender": spec.recommender}
        place = document.place(("recommender",))
        yield entry(value, folder=path.parent, stem=path.stem, place=place, seed=spec.seed)
    for number, one in enumerate(spec.systems):
        place = document.place(("systems", number))
        yield entry(one, folder=path.parent, stem=path.stem, place=place, seed=spec.seed)


def _problem(detail: Any, document: Any, known: list[str]) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    place = document.place(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown key {key!r}.{near(key, known)}"
    if detail["type"] == "missing":
        return f"{place}: the key {key!r} is missing."
    message = detail["msg"].removeprefix("Value error, ")
    message = f"{message[0].lower()}{message[1:]}".rstrip(".")
    return f"{place}: {key}: {message}." if key else f"{place}: {message}."
