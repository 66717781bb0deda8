"""Whether fusing a first stage with the model's likelihood is worth it, with everything chosen on other users.

    python benchmarks/fusion.py --out FOLDER [--users 300] [--others 100] [--minutes 60]

In each setting of quality.py, `--others` users that are not among the `--users` say which likelihood is fused (the best
alone) and with which weight: the best of the grid, if the paired interval of its gain over the first stage alone lies
above 0, else 0.  Only then are the users of the table ranked.  Run folders: FOLDER/other for the choice, FOLDER/table
for the rest; finished ones are kept.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from quality import FIRST_STAGES, LIKELIHOODS, SEED, SETTINGS, measure, settings_and_backend, taskset_of
from quality_table import Row, against, rows_of, told

from evals.statistics import difference

ALONE = 0.0
WEIGHTS = (ALONE, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Of the likelihood, against 1 of the first stage."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/fusion"))
    parser.add_argument("--users", type=int, default=300, help="of the table")
    parser.add_argument("--others", type=int, default=100, help="users who decide")
    settings_and_backend(parser)
    return parser.parse_args()


def _of(given: argparse.Namespace, folder: str, *, skip: int, users: int) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(given), "out": given.out / folder, "skip": skip, "users": users, "first": None})


def mean(row: Row) -> float:
    return float(np.mean(list(row.ndcg.values())))


def fused(part: str, weight: float, stage: str) -> str:
    return f"{part}, weight {weight} with {stage}"


async def choose(setting: str, given: argparse.Namespace) -> tuple[str, dict[str, float]]:
    """The likelihood and its weight beside each first stage, by the mean NDCG@10 of the other users."""
    part = _of(given, "other", skip=given.users, users=given.others)
    taskset = taskset_of(setting, part)
    for name in LIKELIHOODS:
        await measure(name, setting, taskset, part)
    alone = rows_of(part.out / setting)
    best = max(LIKELIHOODS, key=lambda name: mean(alone[name]))
    for stage in FIRST_STAGES:
        for weight in WEIGHTS:
            await measure(fused(best, weight, stage), setting, taskset, part)
    rows = rows_of(part.out / setting)
    return best, {stage: _weight(best, stage, rows) for stage in FIRST_STAGES}


def _weight(best: str, stage: str, rows: Mapping[str, Row]) -> float:
    values = {weight: mean(rows[fused(best, weight, stage)]) for weight in WEIGHTS}
    print(f"  {stage:10s} by weight, others: " + ", ".join(f"{weight} {value:.3f}" for weight, value in values.items()))
    most = max(values, key=lambda weight: values[weight])
    mine, alone = (rows[fused(best, weight, stage)].ndcg for weight in (most, ALONE))
    gain = difference([mine[user] for user in alone], [alone[user] for user in alone], seed=SEED)
    print(f"  {stage:10s} weight {most}: {told(gain, sign=True)}")
    return most if gain.low > 0 else ALONE


async def table(setting: str, given: argparse.Namespace) -> None:
    best, weights = await choose(setting, given)
    print(f"{setting}: {best}")
    part = _of(given, "table", skip=0, users=given.users)
    taskset = taskset_of(setting, part)
    for name in (best, *(fused(best, w, stage) for stage, weight in weights.items() for w in {ALONE, weight})):
        await measure(name, setting, taskset, part)
    rows = rows_of(part.out / setting)
    print(f"  {best} alone {mean(rows[best]):.3f}")
    for stage, weight in weights.items():
        name, alone = fused(best, weight, stage), fused(best, ALONE, stage)
        gain = f"{mean(rows[name]):.3f}, {against(rows, name, alone)}" if weight else "not fused"
        print(f"  {stage} alone {mean(rows[alone]):.3f}; with weight {weight}: {gain}", flush=True)


async def main() -> None:
    given = arguments()
    try:
        async with asyncio.timeout(None if given.minutes is None else 60 * given.minutes):
            for setting in given.setting or SETTINGS:
                await table(setting, given)
    except TimeoutError:
        print("The time is over; the same command goes on from here.")


if __name__ == "__main__":
    asyncio.run(main())
