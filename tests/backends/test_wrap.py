"""All wrappers together."""

import asyncio
import json
from pathlib import Path

import pytest
from fakes.engines import ToldEngine, ask

from backends import (
    ENGINES,
    AuthenticationError,
    BackendOptions,
    BudgetExceeded,
    ConfigurationError,
    InvalidRequest,
    ServerError,
    Surroundings,
    Usage,
)
from backends.budget import Budget
from backends.wrap import wrap

OPTIONS = BackendOptions(kind="told", concurrency=4)


async def test_an_answer_passes_through_everything_once(tmp_path: Path) -> None:
    engine = ToldEngine(lambda _, attempt: ServerError("boom") if attempt == 1 else None)
    journal, cache = tmp_path / "requests.jsonl", tmp_path / "cache.db"
    backend = wrap(engine, OPTIONS, journal=journal, cache=cache, budget=Budget(requests=10))
    await backend.start()
    answer = await backend.generate(ask())
    assert answer.usage == Usage(requests=2, prompt_tokens=10, completion_tokens=5)
    assert (await backend.generate(ask())).usage == Usage()
    await backend.aclose()
    await backend.aclose()
    attempt, line = (json.loads(text) for text in journal.read_text().splitlines())
    assert (attempt["attempt"], attempt["error"]["reason"]) == (1, "server-error")
    assert line["response"]["usage"]["requests"] == 2

    resumed = wrap(engine, OPTIONS, journal=journal, budget=Budget(requests=2))
    assert await resumed.generate(ask()) == answer
    with pytest.raises(BudgetExceeded):
        await resumed.generate(ask("b"))
    await resumed.aclose()
    other = wrap(engine, OPTIONS, journal=tmp_path / "other.jsonl", cache=cache)
    assert (await other.generate(ask())).usage == Usage()
    await other.aclose()
    assert engine.calls == 2


async def test_a_budget_in_dollars_needs_a_known_price() -> None:
    with pytest.raises(ConfigurationError):
        wrap(ToldEngine(), OPTIONS, budget=Budget(usd=1.0))


@pytest.mark.parametrize("kind", ["local", "replay", "scripted", "transformers", "vllm-offline"])
def test_a_budget_in_dollars_holds_for_an_engine_that_costs_nothing(tmp_path: Path, kind: str) -> None:
    (tmp_path / "requests.jsonl").touch()
    engine = ENGINES.load(kind)
    options = engine.options(model="m", **{"run": tmp_path} if kind == "replay" else {})
    wrap(engine.create(options, Surroundings()), options, budget=Budget(usd=1.0))


async def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    journal = tmp_path / "requests.jsonl"
    engine = ToldEngine(latency=0.005)
    backend = wrap(engine, OPTIONS, journal=journal)
    tasks = [asyncio.create_task(backend.generate(ask(str(n)))) for n in range(100)]
    await asyncio.wait(tasks[:50])
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await backend.aclose()
    done, started = journal.read_text().count('"response":'), engine.calls
    assert started - done <= OPTIONS.concurrency

    backend = wrap(engine, OPTIONS, journal=journal)
    answers = await asyncio.gather(*(backend.generate(ask(str(n))) for n in range(100)))
    await backend.aclose()
    assert [answer.text for answer in answers] == [f"to {n}" for n in range(100)]
    assert engine.calls - started == 100 - done
    assert sum(answer.usage.requests for answer in answers) == 100


async def test_a_fatal_error_keeps_what_was_answered(tmp_path: Path) -> None:
    journal = tmp_path / "requests.jsonl"
    engine = ToldEngine(lambda prompt, _: AuthenticationError("no") if int(prompt) >= 20 else None, latency=0.001)
    backend = wrap(engine, OPTIONS, journal=journal)
    results = await asyncio.gather(*(backend.generate(ask(str(n))) for n in range(100)), return_exceptions=True)
    await backend.aclose()
    assert engine.calls <= 20 + 2 * OPTIONS.concurrency
    assert sum(isinstance(result, AuthenticationError) for result in results) == 80
    answered = [line for line in map(json.loads, journal.read_text().splitlines()) if "response" in line]
    assert len(answered) == 20


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("cannot parse 'Films of Jane Doe, Canary Lane' here", "cannot parse '…' here"),
        ("bad title: Heat; the context is 4096 tokens", "bad title: Heat; the context is 4096 tokens"),
        ("bad title: Alien Nation; the context is 4096 tokens", "bad title: …; the context is 4096 tokens"),
        ('in {"content": "...of Jane Doe, Canary La"}', 'in {"content": "...…"}'),
    ],
)
async def test_an_error_does_not_repeat_the_prompt(tmp_path: Path, said: str, heard: str) -> None:
    journal = tmp_path / "requests.jsonl"
    backend = wrap(ToldEngine(lambda *_: InvalidRequest(said, hint="Try.")), OPTIONS, journal=journal)
    with pytest.raises(InvalidRequest) as caught:
        await backend.generate(ask("Films of Jane Doe, Canary Lane\n- Alien Nation\n- Heat\n"))
    await backend.aclose()
    assert str(caught.value) == f"{heard} Try."
    assert json.loads(journal.read_text())["error"]["message"] == f"{heard} Try."
