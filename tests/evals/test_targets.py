"""The targets' own likelihood is scored after the rankings, apart from them, and reaches no prompt."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from doubles import Answering

from backends import Capability, ContextOverflow, RateLimited, ScoreRequest, Scores
from evals import EvalTask, TaskSet
from evals.runner import evaluate
from recommender import Candidates, Catalog, History, Interaction, Item, Recommender, Task, parse_config

CANARY = Item("canary-id-4711", "Canary Title 4711")
ITEMS = [Item(f"i{n}", f"Film {n:02d}") for n in range(30)]
METRICS = ["hr@1", "nll", "perplexity"]


def users(n: int = 5) -> TaskSet:
    tasks = [
        EvalTask(
            user_id=f"u{u}",
            task=Task(
                history=History((Interaction(item=ITEMS[u]),)), candidates=Candidates(tuple(ITEMS[10 + u : 14 + u]))
            ),
            targets=frozenset({CANARY.item_id}),
        )
        for u in range(n)
    ]
    return TaskSet(
        tasks=tuple(tasks), catalog=Catalog([*ITEMS, CANARY]), protocol="p", popularity={}, popularity_source="s"
    )


def run(engine: Answering, folder: Path, **settings: object) -> dict:
    rec = Recommender(
        parse_config({"name": "m", "backend": "scripted", **settings}), catalog=users().catalog, backend=engine
    )
    return dict(asyncio.run(evaluate(users(), rec, folder, metrics=METRICS)).document)


def test_the_likelihood_is_that_of_the_targets_title_after_the_history(tmp_path: Path) -> None:
    row = run(Answering(logprob=lambda text: -6.0 if "4711" in text else -1.0), tmp_path)["systems"]["m"]
    assert row["metrics"]["nll"] == {"mean": 6.0, "low": 6.0, "high": 6.0}
    assert row["metrics"]["perplexity"]["mean"] == pytest.approx(math.exp(6.0))
    assert row["usage"]["requests"] == 5
    assert row["target_usage"]["requests"] == 5


@pytest.mark.parametrize("strategy", ["likelihood", "listwise"])
def test_targets_are_sent_last_as_what_is_scored_and_in_no_prompt(tmp_path: Path, strategy: str) -> None:
    backend = Answering(text=lambda _: "[A]")
    run(backend, tmp_path, strategy=strategy)
    assert [type(request) for request in backend.sent[5:]] == [ScoreRequest] * 5
    assert all("4711" not in str(request.prompt) for request in backend.sent)
    assert all("4711" not in str(request) for request in backend.sent[:5])
    assert all("4711" in request.continuations[0] for request in backend.sent[5:] if isinstance(request, ScoreRequest))
    journalled = (tmp_path / "rankings.jsonl").read_text()
    assert "4711" not in journalled


def test_rankings_are_the_same_with_and_without_the_metric(tmp_path: Path) -> None:
    def sent(name: str, metrics: list[str]) -> list[str]:
        backend = Answering()
        rec = Recommender(parse_config({"name": "m", "backend": "scripted"}), catalog=users().catalog, backend=backend)
        asyncio.run(evaluate(users(), rec, tmp_path / name, metrics=metrics))
        return [str(request) for request in backend.sent]

    assert sent("a", METRICS)[:5] == sent("b", ["hr@1"])


def test_a_backend_that_cannot_score_has_no_value_and_says_so(tmp_path: Path) -> None:
    document = run(Answering(text=lambda _: "[A]", capabilities=frozenset({Capability.CHAT})), tmp_path)
    assert list(document["systems"]["m"]["metrics"]) == ["hr@1"]
    assert any("cannot score given texts" in text for text in document["protocol"]["warnings"])


def test_users_that_could_not_be_scored_are_counted_and_tried_again(tmp_path: Path) -> None:
    def logprob(text: str) -> float:
        if "4711" in text and len(tries) < 2:
            tries.append(text)
            raise RateLimited("slow down")
        return -2.0

    tries: list[str] = []
    once = {"kind": "scripted", "max_attempts": 1}
    first = run(Answering(logprob=logprob), tmp_path, backend=once)
    assert first["systems"]["m"]["metrics"]["nll"]["users"] == 3
    assert any("targets of 2 users could not be scored" in text for text in first["protocol"]["warnings"])
    again = Answering(logprob=lambda _: -2.0)
    second = run(again, tmp_path, backend=once)
    assert len(again.sent) == 2
    assert "users" not in second["systems"]["m"]["metrics"]["nll"]
    silent = Answering(text=lambda _: pytest.fail("asked again"), logprob=lambda _: pytest.fail("asked again"))
    assert run(silent, tmp_path, backend=once)["systems"] == second["systems"]


def test_targets_after_a_history_that_had_to_be_shortened_are_scored(tmp_path: Path) -> None:
    class Short(Answering):
        async def score(self, request: ScoreRequest) -> Scores:
            if request.prompt.count("Film") > 2:
                raise ContextOverflow("too long", limit=60, requests=1)
            return await super().score(request)

    long = History(tuple(Interaction(item=item) for item in ITEMS[:8]))
    people = users(2)
    tasks = tuple(replace(one, task=replace(one.task, history=long)) for one in people.tasks)
    rec = Recommender(parse_config({"name": "m", "backend": "scripted"}), catalog=people.catalog, backend=Short())
    document = asyncio.run(evaluate(replace(people, tasks=tasks), rec, tmp_path, metrics=METRICS)).document
    assert "users" not in document["systems"]["m"]["metrics"]["nll"]
    assert not any("could not be scored" in text for text in document["protocol"]["warnings"])


def test_a_torn_line_is_written_again_from_the_journal_and_spoils_no_other(tmp_path: Path) -> None:
    whole = run(Answering(), tmp_path)
    path = tmp_path / "targets.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    again = Answering()
    assert run(again, tmp_path)["systems"]["m"]["metrics"] == whole["systems"]["m"]["metrics"]
    assert again.sent == []
    assert len([line for line in path.read_bytes().splitlines() if line.endswith(b"}")]) == 5


def test_the_journal_of_a_real_run_keeps_targets_apart(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(
        "item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(9)) + "c,Canary 4711\n"
    )
    (tmp_path / "tasks.jsonl").write_text(
        json.dumps({"user_id": "u", "history": ["i1"], "candidates": ["i2", "i3"], "targets": ["c"]}) + "\n"
    )
    (tmp_path / "spec.yaml").write_text(
        "tasks: tasks.jsonl\ncatalog: items.csv\nout: run\nmetrics: [nll]\nbudget: {requests: 2}\n"
        "systems: [{name: m, backend: {kind: scripted, capabilities: [completion, continuation_logprobs]}}]\n"
    )
    from evals.estimate import estimate
    from evals.spec import load_spec

    plan = load_spec(tmp_path / "spec.yaml")
    assert estimate(plan, lambda _: None)[0].requests == 2
    asyncio.run(plan.run(lambda _: None))
    assert "4711" not in (tmp_path / "run" / "requests.jsonl").read_text()
    assert "4711" in (tmp_path / "run" / "target_requests.jsonl").read_text()


def test_the_budget_holds_for_rankings_and_targets_together(tmp_path: Path) -> None:
    from backends import BudgetExceeded

    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(9)))
    lines = [
        {"user_id": f"u{n}", "history": [f"i{n}"], "candidates": ["i5", "i6"], "targets": ["i6"]} for n in range(4)
    ]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "spec.yaml").write_text(
        "tasks: tasks.jsonl\ncatalog: items.csv\nout: run\nmetrics: [nll]\nbudget: {requests: 6}\n"
        "systems: [{name: m, backend: {kind: scripted, capabilities: [completion, continuation_logprobs]}}]\n"
    )
    from evals.spec import load_spec

    with pytest.raises(BudgetExceeded):
        asyncio.run(load_spec(tmp_path / "spec.yaml").run(lambda _: None))
    assert (tmp_path / "run" / "target_requests.jsonl").read_text().count('"response"') == 2
