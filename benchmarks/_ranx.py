"""What ranx takes for the same job; run by the interpreter of an environment that has it.  Prints seconds as JSON."""

import json
import sys
import time

import numpy as np
from ranx import Qrels, Run, evaluate

METRICS = ["ndcg", "hit_rate", "recall", "precision", "map"]


def main() -> None:
    users, candidates, items = map(int, sys.argv[1:4])
    rng = np.random.default_rng(1)
    ids = [f"item-{n}" for n in range(items)]
    order = rng.permuted(np.tile(np.arange(items), (1000, 1)), axis=1)[:, :candidates]
    targets = rng.integers(0, candidates, size=users)
    scores = [float(candidates - place) for place in range(candidates)]
    qrels = {f"u{u}": {ids[order[u % 1000][targets[u]]]: 1} for u in range(users)}
    run = {f"u{u}": dict(zip([ids[n] for n in order[u % 1000]], scores, strict=True)) for u in range(users)}
    started = time.perf_counter()
    theirs = Qrels(qrels), Run(run)
    built = time.perf_counter() - started
    names = [f"{metric}@{k}" for metric in METRICS for k in (1, 5, 10, 20)] + ["mrr"]
    some = Qrels({"u0": qrels["u0"]}), Run({"u0": run["u0"]})
    evaluate(*some, names, make_comparable=False)  # compiles
    cpu, started = time.process_time(), time.perf_counter()
    found = evaluate(*theirs, names, make_comparable=False)
    seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - started, "built": built}
    print(json.dumps({**seconds, "ndcg@10": float(found["ndcg@10"])}))


main()
