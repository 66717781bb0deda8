"""Runs a recommender over the users of an evaluation, into a run folder that can be gone on with."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends import PRICES_AS_OF, request_key
from recommender import Match, Ranked, Recommender, Task

from .errors import SpecError
from .metrics import DEFAULT
from .progress import Progress
from .scoring import CONTROLS, metrics_document
from .store import RunFolder
from .types import TaskSet

LIBRARIES = ("promptrec", "jinja2", "msgspec", "numpy", "openai", "pydantic", "xllamacpp", "vllm", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation came to.

    Attributes:
        document: The content of ``metrics.json``.
        usable: Users of whom at least something could be used.
    """

    folder: Path
    name: str
    document: Mapping[str, Any]
    usable: int


async def evaluate(
    taskset: TaskSet, rec: Recommender, folder: Path, *, metrics: Sequence[str] = DEFAULT, seed: int = 2026
) -> Evaluation:
    """Ranks every user that the folder has no ranking of, then scores all of them.

    The recommender is given tasks under opaque keys; targets stay here.  Its journal should be the folder's
    ``requests.jsonl``.

    Raises:
        backends.BackendError: One after which no user could be served; what was answered is in the folder.
        RunError: If another run is in the folder.
        SpecError: If the recommender is called like a control row.
    """
    if rec.name in CONTROLS:
        raise SpecError(f"A recommender cannot be called {rec.name!r}, like a control row; give it another `name:`.")
    seeds = {"evaluation": seed, "recommender": rec.config.seed}
    identity = {**_identity(taskset, rec, metrics), "seeds": seeds}
    with RunFolder(folder, identity=identity, manifest={**_manifest(rec), "seeds": seeds}, taskset=taskset) as run:
        done = {user_id for user_id, row in run.rows().items() if not row["again"]}
        waiting = [at for at, one in enumerate(taskset.tasks) if one.user_id not in done]
        if waiting:
            await rec.start()
            await _rank(taskset, rec, run, waiting)
        systems, seconds = {rec.name: run.rows()}, {rec.name: run.stop()}
        document = metrics_document(taskset, systems, metrics=metrics, seed=seed, seconds=seconds)
        run.finish(document)
    usable = document["systems"][rec.name]["usable"]["users"]
    return Evaluation(folder=folder, name=rec.name, document=document, usable=usable)


async def _rank(taskset: TaskSet, rec: Recommender, run: RunFolder, waiting: Sequence[int]) -> None:
    def tasks() -> Iterator[tuple[str, Task]]:
        return ((str(at), taskset.tasks[at].task) for at in waiting)

    with Progress(len(waiting)) as progress:
        async with rec.rank_all(tasks()) as results:
            async for ranked in results:
                user_id = taskset.tasks[int(ranked.key)].user_id
                run.append(_row(ranked, rec, user_id))
                progress.advance(failed=ranked.ranking.status == "failed", usage=ranked.usage)


def _row(ranked: Ranked, rec: Recommender, user_id: str) -> dict[str, Any]:
    ranking, error = ranked.ranking, ranked.error
    return {
        "system": rec.name,
        "user_id": user_id,
        "status": ranking.status,
        "outcome": ranking.outcome,
        "items": [{"item_id": i.item_id, "score": i.score, "by_model": i.by_model} for i in ranking.items],
        "matches": [_match(match) for match in ranking.matches],
        "warnings": list(ranking.warnings),
        "seconds": round(ranked.seconds, 4),
        "usage": asdict(ranked.usage),
        "requests": [request_key(rec.backend.identity, exchange.request) for exchange in ranked.exchanges],
        "again": error is not None and (error.retryable or error.reason == "deadline"),
    }


def _match(match: Match) -> dict[str, Any]:
    mention = match.mention
    return {
        "text": mention.text,
        "start": mention.start,
        "end": mention.end,
        "item_id": match.item_id,
        "score": match.score,
        "reason": match.reason,
    }


def _identity(taskset: TaskSet, rec: Recommender, metrics: Sequence[str]) -> dict[str, Any]:
    return {
        "name": rec.name,
        "protocol": taskset.protocol,
        "data": dict(taskset.data),
        "users": len(taskset.tasks),
        "strategy": rec.strategy_name,
        "template": rec.template_id,
        "metrics": list(metrics),
        "config": _config(rec),
    }


def _config(rec: Recommender) -> dict[str, Any]:
    """The config without what changes no answer: where files lie and how fast requests are sent."""
    config = _public(rec)
    for key in ("catalog", "cache", "templates", "budget"):
        config.pop(key, None)
    for key in (
        "concurrency",
        "attempt_timeout",
        "deadline",
        "max_attempts",
        "requests_per_minute",
        "tokens_per_minute",
    ):
        config["backend"].pop(key, None)
    return config


def _manifest(rec: Recommender) -> dict[str, Any]:
    identity = rec.backend.identity
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "backend": {"kind": identity.kind, "model": identity.model, "endpoint": identity.endpoint},
        "prices_as_of": str(PRICES_AS_OF),
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": {"system": platform.system(), "machine": platform.machine()},
        "config": _public(rec),
    }


def _public(rec: Recommender) -> dict[str, Any]:
    """The config as resolved.  Headers may hold keys, so their values are left out."""
    config = rec.config.model_dump(mode="json")
    config["backend"]["headers"] = dict.fromkeys(config["backend"].get("headers", {}), "***")
    return config


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
