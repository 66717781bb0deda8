"""The targets' own likelihood, scored after a system's rankings and apart from them.

This is the one place where targets are sent to a model: as the text to be scored, never in a prompt, through a journal
of its own, when the system has ranked everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from backends import Budget, Scores, Usage, wrap
from recommender import (
    STRATEGIES,
    Candidates,
    Item,
    Progress,
    Recommender,
    Setting,
    Strategy,
    StrategyKind,
    Task,
    number_of,
    rank_all,
)
from recommender import Ranked as Answered

from .collect import Likelihoods
from .metrics import parse
from .store import TARGET_JOURNAL, RunFolder
from .systems import ModelSystem
from .systems.outer import KeptOpen
from .types import EvalTask, TaskSet

SCORING = "likelihood"
"""The strategy that words the question."""


class _Line(msgspec.Struct):
    system: str
    user_id: str
    nll: float | None = None
    tokens: int | None = None
    again: bool = False
    usage: Usage = Usage()


def wanted(metrics: Sequence[str]) -> bool:
    """Whether a metric asks for the targets' likelihood."""
    return any(parse(name)[0].about == "text" for name in metrics)


def scoring(rec: Recommender) -> Strategy | None:
    """The strategy that asks for likelihoods as the recommender would; None where its backend cannot score."""
    kind: StrategyKind = STRATEGIES.load(SCORING)
    if not any(needs <= rec.backend.capabilities for needs in kind.requires):
        return None
    own = rec.config.strategy
    options = own.model_copy(update={"prior_correction": 0.0}) if own.kind == SCORING else kind.options(kind=SCORING)
    setting = Setting(
        domain=rec.config.domain,
        capabilities=rec.backend.capabilities,
        templates=rec.config.templates,
        seed=rec.config.seed,
    )
    return rec.guarded(kind.create(options, setting))


def target_task(one: EvalTask, taskset: TaskSet) -> Task:
    """The user's history with the targets as all that is scored."""
    items: list[Item] = [item for target in sorted(one.targets) if (item := taskset.catalog.get(target)) is not None]
    return replace(one.task, candidates=Candidates(tuple(items), source="targets"), k=max(1, len(items)))


async def score_targets(taskset: TaskSet, system: ModelSystem, run: RunFolder) -> str:
    """Scores the targets of every user who has no score yet.

    Returns:
        What should be said beside the table; empty where everybody was scored.

    Raises:
        backends.BackendError: One after which no user could be scored; what was scored is in the folder.
    """
    rec = system.rec
    strategy = scoring(rec)
    if strategy is None:
        return f"{system.name}: its backend cannot score given texts, so it has no likelihood of the targets."
    done = {line.user_id for line in _lines(run.targets) if line.system == system.name and not line.again}
    waiting = [at for at, one in enumerate(taskset.tasks) if one.user_id not in done]
    if waiting:
        await _score(taskset, rec, strategy, run, waiting)
    lost = len(taskset.tasks) - len(likelihoods(run.targets).get(system.name, {}))
    return f"{system.name}: the targets of {number_of(lost, 'user')} could not be scored." if lost else ""


async def _score(
    taskset: TaskSet, rec: Recommender, strategy: Strategy, run: RunFolder, waiting: Sequence[int]
) -> None:
    def tasks() -> Iterator[tuple[str, Task]]:
        return ((str(at), target_task(taskset.tasks[at], taskset)) for at in waiting)

    with run.rankings() as rankings:
        budget = _left(rec.config.budget.model_dump(), rankings.spent)
    options = rec.config.backend
    backend = wrap(KeptOpen(rec.engine), options, journal=run.folder / TARGET_JOURNAL, budget=budget)
    await backend.start()
    try:
        with Progress(len(waiting), f"users, targets of {rec.name}") as progress:
            async with rank_all(strategy, backend, tasks(), concurrency=options.concurrency) as results:
                async for ranked in results:
                    line = _line(ranked, rec.name, taskset.tasks[int(ranked.key)].user_id)
                    run.append_target(msgspec.to_builtins(line))
                    progress.advance(failed=line.nll is None, usage=line.usage)
    finally:
        await backend.aclose()


def _line(ranked: Answered, system: str, user_id: str) -> _Line:
    line = _Line(system=system, user_id=user_id, usage=ranked.usage)
    response = ranked.exchanges[-1].response if ranked.exchanges else None  # those before were too long
    if isinstance(response, Scores) and (tokens := sum(one.tokens for one in response.continuations)):
        line.nll = -sum(one.logprob for one in response.continuations)
        line.tokens = tokens
    elif ranked.error is not None:
        line.again = ranked.error.retryable or ranked.error.reason == "deadline"
    return line


def _left(budget: Mapping[str, Any], spent: Usage) -> Budget:
    """What the rankings have left of a budget; the journal counts what earlier sessions of scoring spent."""
    tokens = spent.prompt_tokens + spent.completion_tokens
    used = {"requests": spent.requests, "tokens": tokens, "usd": spent.usd or 0.0}
    return Budget(**{name: None if limit is None else max(0, limit - used[name]) for name, limit in budget.items()})


def likelihoods(path: Path) -> Likelihoods:
    """Reads the scores of a run folder: system to user to nats and tokens."""
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for line in _lines(path):
        if line.nll is not None and line.tokens:
            found.setdefault(line.system, {})[line.user_id] = (line.nll, line.tokens)
    return found


def target_usage(path: Path) -> dict[str, Usage]:
    """What scoring the targets took, by system."""
    found: dict[str, Usage] = {}
    for line in _lines(path):
        found[line.system] = found.get(line.system, Usage()) + line.usage
    return found


def _lines(path: Path) -> Iterator[_Line]:
    if not path.is_file():
        return
    decode = msgspec.json.Decoder(_Line).decode
    with path.open("rb") as file:
        for text in file:
            try:
                yield decode(text)
            except msgspec.DecodeError:
                continue  # torn by a kill: that user is scored again
