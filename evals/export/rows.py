"""A finished run as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..collect import Collector, shelf_of
from ..finished import Finished
from ..metrics import parse
from ..scoring import of_users
from ..systems import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A table: its columns, and its rows one by one."""

    columns: Sequence[str]
    rows: Iterator[Sequence[Any]]


def result_rows(run: Finished) -> Rows:
    """A row for each system and metric, the control rows included."""
    columns = ("system", "control", "metric", "mean", "low", "high", "users", "usable_mean", "usable_users")

    def rows() -> Iterator[Sequence[Any]]:
        for name, row in run.document["systems"].items():
            usable = row.get("usable", {})
            for metric, cell in row["metrics"].items():
                usable_mean = usable.get("metrics", {}).get(metric, {}).get("mean")
                users = cell.get("users", row["users"])
                control = bool(row.get("control"))
                ends = (cell["mean"], cell["low"], cell["high"])
                yield (name, control, metric, *ends, users, usable_mean, usable.get("users"))

    return Rows(columns=columns, rows=rows())


def user_rows(run: Finished) -> Rows:
    """A row for each system and user, with the metrics that users have values of, over all seeds as in the table."""
    names = [name for name in run.metrics if parse(name)[0].reduce is None]
    shelf = shelf_of(run.taskset, run.attribute)
    collector = Collector(run.taskset, names, shelf=shelf, likelihoods=run.likelihoods, seed=run.seed)
    header = ("system", "user_id", "status", "outcome", *names)

    def rows() -> Iterator[Sequence[Any]]:
        for system in run.systems:
            trials = [Trial.named(name) for name in run.rankings.trials(system)]
            found = collector.collect(run.rankings, [(system, trial) for trial in trials])[1]
            values, statuses, outcomes = of_users({trial: found[system, trial] for trial in trials})
            columns = [[None if value != value else float(value) for value in values[name]] for name in names]
            for at, user_id in enumerate(run.tasks.user_ids):
                yield (system, user_id, statuses[at], outcomes[at], *(column[at] for column in columns))

    return Rows(columns=header, rows=rows())


def ranking_rows(run: Finished) -> Rows:
    """A row for each system, user and place; ``by_model`` is False in the filled tail."""

    def rows() -> Iterator[Sequence[Any]]:
        for system in run.systems:
            for row in run.rankings.rows(system, run.tasks.user_ids):
                for rank, item in enumerate(row.items, start=1):
                    yield system, row.user_id, rank, item.item_id, item.score, item.by_model

    return Rows(columns=("system", "user_id", "rank", "item_id", "score", "by_model"), rows=rows())
