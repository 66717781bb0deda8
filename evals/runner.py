"""Runs systems over the users of an evaluation, into a run folder that can be gone on with."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends import PRICES_AS_OF, BackendError, ConfigurationError, StorageError, Usage
from recommender import Match, Progress, Recommender, Task

from .collect import shelf_of
from .errors import RunError, SpecError
from .metrics import DEFAULT, parse
from .orders import reordered
from .rankings import Rankings
from .scoring import CONTROLS, Entrant, metrics_document
from .stopped import notices, stopped_rows
from .store import RunFolder
from .systems import Ask, ModelSystem, Ranked, System, Trial
from .targets import likelihoods, score_targets, target_usage, wanted
from .types import TaskSet

LIBRARIES = ("promptrec", "jinja2", "msgspec", "numpy", "openai", "pydantic", "xllamacpp", "vllm", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation came to.

    Attributes:
        document: The content of ``metrics.json``.
        usable: Users of whom at least something could be used, of each system that is no control row.
        stopped: The error after which a system could serve nobody more, by its name.  Such a system has no row: its
            users' rankings are kept, and the same run goes on with the others.
    """

    folder: Path
    document: Mapping[str, Any]
    usable: Mapping[str, int]
    stopped: Mapping[str, BackendError] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """The table, as a notebook shows it."""
        from .table import as_html

        return as_html(self.document)


async def evaluate(
    taskset: TaskSet, rec: Recommender, folder: Path, *, metrics: Sequence[str] = DEFAULT, seed: int = 2026
) -> Evaluation:
    """Evaluates one recommender, which stays the caller's to close; see :func:`evaluate_systems`.

    Its journal should be the folder's ``requests.jsonl``.
    """
    return await evaluate_systems(taskset, [ModelSystem(rec, owned=False)], folder, metrics=metrics, seed=seed)


async def evaluate_systems(
    taskset: TaskSet,
    systems: Sequence[System],
    folder: Path,
    *,
    metrics: Sequence[str] = DEFAULT,
    seed: int = 2026,
    ask: Ask | None = None,
    controls: bool = True,
    attribute: str | None = None,
) -> Evaluation:
    """Lets each system rank every user that the folder has no ranking of, one system after the other, then scores all.

    Systems are given tasks under opaque keys; targets stay here.  A fatal error ends one system; the others go on, and
    the table has those that were carried through.

    Args:
        taskset: The users.
        systems: In the order of the table.
        folder: The run folder; one that holds the same run is gone on with.
        metrics: Names such as ``ndcg@10``.
        seed: Of the evaluation: intervals, and orders in which candidates are offered anew.
        ask: How often each system is asked.
        controls: Whether the table has the control rows.
        attribute: Which attribute says what an item is like; None takes the usual ones.

    Raises:
        backends.BackendError: The first fatal one, if no system was carried through; what was answered is in the
            folder.
        backends.StorageError: If the folder cannot be written.
        RunError: If another run is in the folder.
        SpecError: If there is no system or no user, two systems have one name, one is called like a control row, or a
            metric needs an attribute that the catalogue lacks.
    """
    if not systems or not taskset.tasks:
        raise SpecError("There is nothing to evaluate; give one system and one user at least.")
    check_names([system.name for system in systems])
    if any(parse(name)[0].by_attribute for name in metrics):
        _ = shelf_of(taskset, attribute).values  # before anything is paid for
    trials = {system.name: system.trials(ask or Ask()) for system in systems}
    of_systems = {name: sorted({trial.seed for trial in each}) for name, each in trials.items()}
    seeds = {"evaluation": seed, "systems": of_systems}
    identity = {**_identity(taskset, systems, trials, metrics, attribute), "seeds": seeds}
    manifest = {**_manifest(systems), "seeds": seeds}
    with RunFolder(folder, identity=identity, manifest=manifest, taskset=taskset) as run, ExitStack() as opened:
        rankings = opened.enter_context(run.rankings())
        notes, stopped = await _rank_all(taskset, systems, trials, run, rankings, metrics=metrics, seed=seed)
        if len(stopped) == len(systems):
            raise next(iter(stopped.values()))
        seconds, lost = run.seconds, run.lost
        entrants = [
            Entrant(
                name=system.name,
                control=system.control,
                trials=trials[system.name],
                seconds=seconds.get(system.name, 0.0),
                lost=lost.get(system.name, Usage()),
                warnings=(*getattr(system, "warnings", ()), *filter(None, [notes.get(system.name)])),
            )
            for system in systems
            if system.name not in stopped
        ]
        if run.appended:
            rankings = opened.enter_context(run.rankings())
        document = metrics_document(
            taskset,
            rankings,
            entrants,
            metrics=metrics,
            seed=seed,
            controls=controls,
            attribute=attribute,
            likelihoods=likelihoods(run.targets),
        )
        for name, usage in target_usage(run.targets).items():
            if name in document["systems"]:
                document["systems"][name]["target_usage"] = asdict(usage)
        if stopped:
            document["stopped"] = stopped_rows(stopped, trials, rankings, lost, len(taskset.tasks))
            document["protocol"]["warnings"] += notices(document["stopped"])
        run.finish(document)
    own = {name: row for name, row in document["systems"].items() if not row.get("control")}
    usable = {name: row["usable"]["users"] for name, row in own.items()}
    return Evaluation(folder=folder, document=document, usable=usable, stopped=stopped)


def check_names(names: Sequence[str]) -> None:
    """Refuses names that are not unique, or stand for a control row.

    Raises:
        SpecError: Says which, and what to do.
    """
    seen: dict[str, str] = {}
    for name in names:
        plain = "-".join(name.casefold().replace("_", " ").replace("-", " ").split())
        if not plain:
            raise SpecError("A system has an empty name; give it a `name:`.")
        if plain in CONTROLS:
            raise SpecError(f"A recommender cannot be called {name!r}, like a control row; give it another `name:`.")
        if plain in seen:
            both = f"{name!r}" if seen[plain] == name else f"{seen[plain]!r} and {name!r}, which is one name"
            raise SpecError(f"Two systems are called {both}; give one of them another `name:`.")
        seen[plain] = name


async def _rank_all(
    taskset: TaskSet,
    systems: Sequence[System],
    trials: Mapping[str, Sequence[Trial]],
    run: RunFolder,
    before: Rankings,
    *,
    metrics: Sequence[str],
    seed: int,
) -> tuple[dict[str, str], dict[str, BackendError]]:
    """Lets each system rank whom it has not ranked, and closes it.

    Returns:
        What should be said beside the table, and what stopped a system, each by the system's name.
    """
    notes: dict[str, str] = {}
    stopped: dict[str, BackendError] = {}
    for system in systems:
        try:
            with run.clock(system.name):
                await _rank(taskset, system, trials[system.name], run, before, seed)
            if wanted(metrics) and isinstance(system, ModelSystem):
                notes[system.name] = await score_targets(taskset, system, run)
        except (ConfigurationError, StorageError):
            raise  # the config is to be mended first; nobody's answers can be kept
        except BackendError as error:
            if not error.fatal:
                raise
            stopped[system.name] = error
        finally:
            if isinstance(system, ModelSystem):
                with suppress(RunError, StorageError):  # what broke the run off is what people should read
                    run.add_lost(system.name, system.lost)
            await system.aclose()
    return notes, stopped


async def _rank(
    taskset: TaskSet, system: System, trials: Sequence[Trial], run: RunFolder, before: Rankings, seed: int
) -> None:
    for trial in trials:
        done = before.done(system.name, trial.name)
        waiting = [at for at, one in enumerate(taskset.tasks) if one.user_id not in done]
        if not waiting:
            continue
        what = f"{system.name} {trial.name}".rstrip()
        with Progress(len(waiting), f"users, {what}") as progress:
            async with system.rank(trial, _tasks(taskset, waiting, trial, seed)) as results:
                if isinstance(system, ModelSystem):
                    run.answered_by(system.name, system.answering)
                async for ranked in results:
                    run.append(_row(ranked, system, trial, taskset.tasks[int(ranked.key)].user_id))
                    progress.advance(failed=ranked.ranking.status == "failed", usage=ranked.usage)


def _tasks(taskset: TaskSet, waiting: Sequence[int], trial: Trial, seed: int) -> Iterator[tuple[str, Task]]:
    for at in waiting:
        one = taskset.tasks[at]
        yield str(at), reordered(one, trial.order, seed) if trial.order else one.task


def _row(ranked: Ranked, system: System, trial: Trial, user_id: str) -> dict[str, Any]:
    ranking = ranked.ranking
    return {
        "system": system.name,
        **({"trial": trial.name} if trial.name else {}),
        "user_id": user_id,
        "status": ranking.status,
        "outcome": ranking.outcome,
        "items": [{"item_id": i.item_id, "score": i.score, "by_model": i.by_model} for i in ranking.items],
        "matches": [_match(match) for match in ranking.matches],
        "warnings": list(ranking.warnings),
        "seconds": None if ranked.seconds is None else round(ranked.seconds, 4),
        "usage": asdict(ranked.usage),
        "requests": list(ranked.requests),
        "again": ranked.again,
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


def _identity(
    taskset: TaskSet,
    systems: Sequence[System],
    trials: Mapping[str, Sequence[Trial]],
    metrics: Sequence[str],
    attribute: str | None,
) -> dict[str, Any]:
    return {
        "protocol": taskset.protocol,
        "learnt_from": taskset.popularity_source,
        "data": dict(taskset.data),
        "users": len(taskset.tasks),
        "metrics": list(metrics),
        **({"attribute": attribute} if attribute else {}),
        "systems": {
            system.name: {**system.identity, "trials": [trial.name or "first" for trial in trials[system.name]]}
            for system in systems
        },
    }


def _manifest(systems: Sequence[System]) -> dict[str, Any]:
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "prices_as_of": str(PRICES_AS_OF),
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": {"system": platform.system(), "machine": platform.machine()},
        "systems": {system.name: {"control": system.control, **system.facts} for system in systems},
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
