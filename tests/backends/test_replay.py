"""A recorded run answers again, to the same requests, for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.engines import ToldEngine, ask

from backends import (
    ENGINES,
    BackendOptions,
    Capability,
    Choice,
    ConfigurationError,
    GenerateRequest,
    Message,
    NotRecorded,
    Sampling,
    ScoreRequest,
    Surroundings,
    wrap,
)
from backends.jsonio import seal


def replay(path: Path) -> Any:
    engine = ENGINES.load("replay")
    return engine.create(engine.options(run=path), Surroundings())


@pytest.fixture
async def run(tmp_path: Path) -> Path:
    journal = tmp_path / "run" / "requests.jsonl"
    backend = wrap(ToldEngine(), BackendOptions(kind="told"), journal=journal)
    await backend.start()
    await backend.generate(GenerateRequest(prompt="a", template="old v1"))
    await backend.score(ScoreRequest(prompt="b", continuations=("x", "yy")))
    await backend.aclose()
    return journal.parent


async def test_a_run_is_replayed_whoever_answered_and_whatever_template_wrote_it(run: Path) -> None:
    backend = replay(run)
    await backend.start()
    assert backend.capabilities == {Capability.COMPLETION, Capability.SEED, Capability.CONTINUATION_LOGPROBS}
    answer = await backend.generate(GenerateRequest(prompt="a", sampling=Sampling(temperature=0), template="new v2"))
    assert (answer.text, answer.usage.prompt_tokens, answer.usage.usd) == ("to a", 10, 0.0)
    scores = await backend.score(ScoreRequest(prompt="b", continuations=("x", "yy")))
    assert [one.logprob for one in scores.continuations] == [-1.0, -2.0]


@pytest.mark.parametrize(
    "request_",
    [ask("c"), GenerateRequest(prompt="a", sampling=Sampling(seed=1)), GenerateRequest(prompt="a", top_logprobs=1)],
)
async def test_another_request_is_not_answered(run: Path, request_: GenerateRequest) -> None:
    with pytest.raises(NotRecorded, match="holds no answer"):
        await replay(run).generate(request_)


async def test_a_plain_recording_is_replayed(tmp_path: Path) -> None:
    lines = [
        {"prompt": "a", "response": "one"},
        {"prompt": [{"role": "user", "content": "hi"}], "response": "two"},
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + '\n{"prompt": "torn')
    backend = replay(path)
    assert (await backend.generate(ask("a"))).text == "one"
    assert (await backend.generate(GenerateRequest(prompt=(Message(role="user", content="hi"),)))).text == "two"


@pytest.mark.parametrize(
    ("constraint", "ignored"), [(None, False), (Choice(options=("one",)), False), (Choice(options=("two",)), True)]
)
async def test_a_plain_recording_answers_however_its_prompt_is_asked(
    tmp_path: Path, constraint: Choice | None, ignored: bool
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"prompt": "a", "response": "one"}))
    sampling = Sampling(max_tokens=9, seed=2026, temperature=0.5)
    answer = await replay(path).generate(GenerateRequest(prompt="a", sampling=sampling, constraint=constraint))
    assert (answer.text, answer.constraint_ignored) == ("one", ignored)


async def test_an_answer_of_another_versions_shape_is_not_given(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "requests.jsonl").read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        line["response"] |= {"finish": "tired", "continuations": "none"}
    sealed = [seal(json.dumps(line, separators=(",", ":")).encode()) + b"\n" for line in lines]
    (run / "requests.jsonl").write_bytes(b"".join(sealed))
    for ask_again in (
        replay(run).generate(ask("a")),
        replay(run).score(ScoreRequest(prompt="b", continuations=("x", "yy"))),
    ):
        with pytest.raises(NotRecorded, match="of another shape"):
            await ask_again


async def test_a_recording_that_is_gone_is_told_in_a_sentence(run: Path) -> None:
    backend = replay(run)
    (run / "requests.jsonl").unlink()
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        await backend.start()


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no recording"):
        replay(tmp_path / "nowhere")
    (tmp_path / "empty.jsonl").write_text("{}\n")
    with pytest.raises(ConfigurationError, match="no recorded answer"):
        _ = replay(tmp_path / "empty.jsonl").capabilities


@pytest.mark.parametrize(
    "line",
    [
        {"prompt": "a", "response": {"answer": 1}},
        {"prompt": "a", "response": ["one"]},
        {"prompt": 5, "response": "one"},
        {"prompt": [1], "response": "one"},
        {"prompt": [["role", "user"]], "response": "one"},
    ],
)
def test_a_line_of_another_shape_is_no_recorded_answer(tmp_path: Path, line: dict[str, Any]) -> None:
    (tmp_path / "r.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(ConfigurationError, match="no recorded answer"):
        _ = replay(tmp_path / "r.jsonl").capabilities
