"""The table of quality.py's run folders, finished or not: means, and paired differences with 95 % intervals.

    python benchmarks/quality_table.py [FOLDER]

A row's users are those that its system has ranked so far; a difference is over the users that both have.  `lenient` is
NDCG@10 of the candidates that an answer names, in the order of their first mention, whatever else is wrong with it (it
was cut, it repeats itself, it copies the prompt): so LLMRank's authors read answers.  `filled` puts the candidates that
an answer does not name behind those, at random, and takes the expected value: as kind as a reading can be.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

import numpy as np

from evals.statistics import difference, interval

SEED, K = 2026, 10
FEWEST = 10  # users, for an interval
PROMPT = "LLMRank's prompt"
READINGS = ("ndcg", "lenient", "filled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Values by user."""

    ndcg: Mapping[str, float]
    lenient: Mapping[str, float]
    filled: Mapping[str, float]
    whole: int


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file that may be written at the moment."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def gain(place: int | None) -> float:
    return 1 / log2(place + 1) if place is not None and place <= K else 0.0


def placed(items: list[str], target: str) -> int | None:
    return items.index(target) + 1 if target in items else None


def chance(places: range) -> float:
    """The gain to expect where the target is at one of these places, each as likely."""
    return float(np.mean([gain(place) for place in places])) if places else 0.0


def row_of(folder: Path, targets: Mapping[str, str], candidates: Mapping[str, Sequence[str]]) -> Row:
    users = {one["user_id"]: one for one in lines(folder / "rankings.jsonl")}
    own, lenient, filled = {}, {}, {}
    for user_id, one in users.items():
        ids = [item["item_id"] for item in one["items"] if item["by_model"]]
        own[user_id] = gain(placed(ids, targets[user_id]))
        named = [match["item_id"] for match in one["matches"] if match["item_id"] in candidates[user_id]]
        named = list(dict.fromkeys(named)) or ids
        lenient[user_id] = gain(placed(named, targets[user_id]))
        behind = range(len(named) + 1, len(candidates[user_id]) + 1)
        filled[user_id] = lenient[user_id] if targets[user_id] in named else chance(behind)
    whole = sum(one["status"] == "whole" for one in users.values())
    return Row(ndcg=own, lenient=lenient, filled=filled, whole=whole)


def rows_of(setting: Path) -> dict[str, Row]:
    """All systems of a setting, with the control rows popularity and candidate order."""
    folders = [path.parent for path in sorted(setting.glob("*/rankings.jsonl")) if path.stat().st_size]
    if not folders:
        return {}
    tasks = {one["user_id"]: one for one in lines(folders[0] / "tasks.jsonl")}
    counts = json.loads((folders[0] / "popularity.json").read_text())["counts"]
    targets = {user_id: one["targets"][0] for user_id, one in tasks.items()}
    rows = {}
    for name, key in (("candidate order", lambda _: 0), ("popularity", lambda item_id: -counts.get(item_id, 0))):
        ndcg = {u: gain(placed(sorted(one["candidates"], key=key), targets[u])) for u, one in tasks.items()}
        rows[name] = Row(ndcg=ndcg, lenient=ndcg, filled=ndcg, whole=len(ndcg))
    for folder in folders:
        [name] = json.loads((folder / "manifest.json").read_text())["identity"]["systems"]
        rows[name] = row_of(folder, targets, {u: one["candidates"] for u, one in tasks.items()})
    return rows


def told(values: Any, *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    return f"{values.mean:{form}} [{values.low:{form}}, {values.high:{form}}]"


def against(rows: Mapping[str, Row], one: str, other: str, value: str = "ndcg") -> str:
    if one == other or other not in rows:
        return ""
    mine, its = getattr(rows[one], value), getattr(rows[other], value)
    both = sorted(mine.keys() & its.keys())
    if len(both) < FEWEST:
        return ""
    return told(difference([mine[u] for u in both], [its[u] for u in both], seed=SEED), sign=True)


def stage_alone(name: str, rows: Mapping[str, Row]) -> str:
    """The row of the first stage that a system is fused with: as it ranks there, else the baseline of its name."""
    part, _, stage = name.rpartition(" with ")
    alone = f"{part.rpartition(', weight ')[0]}, weight 0.0 with {stage}"
    return alone if alone in rows else stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/quality"))
    for setting in sorted(path for path in parser.parse_args().folder.iterdir() if path.is_dir()):
        rows = rows_of(setting)
        print(f"\n### {setting.name}\n")
        print(f"random (analytic): {chance(range(1, 21)):.3f}\n")
        head = ["system", "users", "whole", "NDCG@10", *READINGS[1:]]
        head += [f"against LLMRank, {reading}" for reading in READINGS] + ["against the first stage"]
        print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
        for name, row in sorted(rows.items(), key=lambda pair: -np.mean(list(pair[1].ndcg.values()))):
            cells = [name, str(len(row.ndcg)), str(row.whole), told(interval(list(row.ndcg.values()), seed=SEED))]
            cells += [f"{np.mean(list(getattr(row, reading).values())):.3f}" for reading in READINGS[1:]]
            cells += [against(rows, name, PROMPT, reading) for reading in READINGS]
            cells += [against(rows, name, stage_alone(name, rows)) if ", weight " in name else ""]
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
