"""What a run will ask for and cost, before anything is sent.

Every user's requests are made as in the run and answered with made-up text, so a strategy of several rounds is followed
to its end.  Prompts are sized at four bytes a token; answers at the made-up text, and at most at their cap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from backends import (
    Choice,
    ContinuationScore,
    GenerateRequest,
    Generation,
    JsonSchema,
    Request,
    Response,
    ScoreRequest,
    Scores,
    Usage,
    estimated_tokens,
    price_of,
    request_key,
)
from prompts import PromptTooLong
from recommender import Recommender, Strategy, Task

from .orders import reordered
from .rankings import Rankings
from .spec import Plan
from .store import RANKINGS
from .systems import ModelSystem, Trial
from .targets import scoring, target_task, wanted
from .types import TaskSet

ROUNDS = 10_000
_LABEL = re.compile(r"^\W*\[(\w{1,6})\]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one system will ask for.

    Attributes:
        users: Those that still have to be ranked, each counted once for every time that it is asked.
        completion_tokens: If answers are as short as they can be; reasoning comes on top.
        completion_tokens_at_most: If every answer is as long as it may be.
        usd: None where the price is unknown.
    """

    system: str
    users: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    completion_tokens_at_most: int = 0
    usd: float | None = 0.0
    usd_at_most: float | None = 0.0


def estimate(plan: Plan, log: Callable[[str], None], *, out: Path | None = None) -> list[Estimate]:
    """Prices a spec without a call.  What the run folder has answers for already is not counted.

    Args:
        plan: The spec.
        log: Is told what is fetched.
        out: Another run folder than the spec's.

    Raises:
        SpecError: If the spec cannot be run.
    """
    taskset = plan.taskset(log)
    done = _done(out or plan.spec.out)
    found = []
    for system in plan.systems(taskset, None):
        trials = system.trials(plan.spec.ask)
        waiting = {trial: _waiting(taskset, done(system.name, trial.name)) for trial in trials}
        users = sum(map(len, waiting.values()))
        if isinstance(system, ModelSystem):
            found.append(_of_model(system, taskset, waiting, plan.spec.seed, text=wanted(plan.spec.metrics)))
        else:
            found.append(Estimate(system=system.name, users=users))
    return found


def total(estimates: Sequence[Estimate]) -> Estimate:
    """The sum; one unknown price makes it unknown."""
    names = [name for name in asdict(estimates[0]) if name != "system"]
    values: dict[str, Any] = {}
    for name in names:
        parts = [getattr(one, name) for one in estimates]
        values[name] = None if None in parts else sum(parts)
    return Estimate(system="total", **values)


def document(estimates: Sequence[Estimate]) -> dict[str, Any]:
    """Everything as JSON."""
    rows = {one.system: _plain(one) for one in estimates}
    return {"format": 1, "systems": rows, "total": _plain(total(estimates))}


def _plain(one: Estimate) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "system"}


def _done(folder: Path) -> Callable[[str, str], Container[str]]:
    if not (folder / RANKINGS).is_file():
        return lambda system, trial: frozenset()
    with Rankings(folder / RANKINGS) as rankings:
        return rankings.done


def _waiting(taskset: TaskSet, done: Container[str]) -> list[int]:
    return [at for at, one in enumerate(taskset.tasks) if one.user_id not in done]


def _of_model(
    system: ModelSystem, taskset: TaskSet, waiting: Mapping[Trial, Sequence[int]], seed: int, *, text: bool
) -> Estimate:
    sent: set[bytes] = set()
    strategy = scoring(system.rec) if text else None
    usage = {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0, "completion_tokens_at_most": 0}
    for trial, users in waiting.items():
        rec = system.seeded(trial.seed)
        for at in users:
            one = taskset.tasks[at]
            task = reordered(one, trial.order, seed) if trial.order else one.task
            requests = _requests(rec.strategy, task)
            if strategy is not None and trial.first:
                requests = chain(requests, _requests(strategy, target_task(one, taskset)))
            for request, answer in requests:
                key = bytes.fromhex(request_key(rec.backend.identity, request))
                if key in sent and not trial.repeat:
                    continue
                sent.add(key)
                prompt, longest = estimated_tokens(request)
                usage["requests"] += 1
                usage["prompt_tokens"] += prompt
                usage["completion_tokens"] += min(longest, -(-len(answer.encode()) // 4))
                usage["completion_tokens_at_most"] += longest
    return _priced(Estimate(system=system.name, users=sum(map(len, waiting.values())), **usage), system.rec)


def _priced(one: Estimate, rec: Recommender) -> Estimate:
    if not rec.engine.identity.endpoint:
        return one  # runs inside this process
    price = price_of(rec.engine.identity, getattr(rec.config.backend, "price", None))
    if price is None:
        return replace(one, usd=None, usd_at_most=None)
    likely, most = (
        price.of(Usage(prompt_tokens=one.prompt_tokens, completion_tokens=tokens))
        for tokens in (one.completion_tokens, one.completion_tokens_at_most)
    )
    return replace(one, usd=likely, usd_at_most=most)


def _requests(strategy: Strategy, task: Task) -> Iterator[tuple[Request, str]]:
    """The requests of one user, each with the text that would answer it; none whose prompt is too long to be sent."""
    steps = strategy.rank(task)
    try:
        requests = next(steps)
        for _ in range(ROUNDS):
            responses = [dry_answer(request) for request in requests]
            for request, response in zip(requests, responses, strict=True):
                yield request, response.text if isinstance(response, Generation) else ""
            requests = steps.send(responses)
    except (StopIteration, PromptTooLong):
        return


def dry_answer(request: Request) -> Response:
    """An answer as a model might give it: the candidates in the order offered, the first choice, equal scores."""
    if isinstance(request, ScoreRequest):
        return Scores(continuations=tuple(ContinuationScore(logprob=-1.0, tokens=1) for _ in request.continuations))
    return Generation(text=_text(request))


def _text(request: GenerateRequest) -> str:
    match request.constraint:
        case Choice(options=options):
            return options[0]
        case JsonSchema(schema=schema):
            import json

            return json.dumps(_instance(schema))
    prompt = request.prompt
    last = prompt if isinstance(prompt, str) else prompt[-1].content
    return " > ".join(f"[{label}]" for label in dict.fromkeys(_LABEL.findall(last)))


def _instance(schema: Mapping[str, Any]) -> Any:
    """The least that satisfies a schema of the kinds that the templates use."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: _instance(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            inner, least = schema.get("items", {}), int(schema.get("minItems", 1))
            options = inner.get("enum")
            return list(options[:least]) if options else [_instance(inner) for _ in range(least)]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
    return ""
