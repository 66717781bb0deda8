"""A request's key changes with whatever can change its answer, and with nothing else."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.engines import ToldEngine, ask

from backends import (
    ENGINES,
    BackendOptions,
    Choice,
    GenerateRequest,
    Grammar,
    Identity,
    InvalidRequest,
    JsonSchema,
    Message,
    Sampling,
    ScoreRequest,
    Surroundings,
    wrap,
)
from backends.keys import request_key

IDENTITY = Identity(kind="openai", model="m", endpoint="http://127.0.0.1:1/v1", extra={"api": "chat"})
REQUEST = GenerateRequest(prompt=(Message(role="user", content="hello"),), template="listwise@1#abc")


@pytest.mark.parametrize(
    "changed",
    [
        replace(REQUEST, prompt="hello"),
        replace(REQUEST, prompt=(Message(role="system", content="hello"),)),
        replace(REQUEST, template="listwise@2#abc"),
        replace(REQUEST, top_logprobs=5),
        replace(REQUEST, sampling=Sampling(temperature=0.5)),
        replace(REQUEST, sampling=Sampling(top_p=0.5)),
        replace(REQUEST, sampling=Sampling(seed=1)),
        replace(REQUEST, sampling=Sampling(max_tokens=9)),
        replace(REQUEST, sampling=Sampling(stop=("x",))),
        replace(REQUEST, constraint=Choice(options=("a", "b"))),
        replace(REQUEST, constraint=Choice(options=("b", "a"))),
        replace(REQUEST, constraint=Grammar(text="root ::= x")),
        replace(REQUEST, constraint=JsonSchema(schema={"type": "object"})),
        ScoreRequest(prompt="hello", continuations=("a",)),
        ScoreRequest(prompt="hello", continuations=("a",), kind="label"),
    ],
)
def test_the_key_changes_with_the_request(changed: GenerateRequest) -> None:
    assert request_key(IDENTITY, changed) != request_key(IDENTITY, REQUEST)


@pytest.mark.parametrize(
    "changed",
    [
        replace(IDENTITY, kind="vllm"),
        replace(IDENTITY, model="n"),
        replace(IDENTITY, endpoint="http://127.0.0.1:2/v1"),
        replace(IDENTITY, extra={"api": "responses"}),
    ],
)
def test_the_key_changes_with_what_answers(changed: Identity) -> None:
    assert request_key(changed, REQUEST) != request_key(IDENTITY, REQUEST)


def test_the_order_of_mappings_and_the_kind_of_number_do_not_matter() -> None:
    one = replace(REQUEST, constraint=JsonSchema(schema={"a": 1, "b": 2}), sampling=Sampling(temperature=1))
    two = replace(REQUEST, constraint=JsonSchema(schema={"b": 2, "a": 1}), sampling=Sampling(temperature=1.0))
    assert request_key(IDENTITY, one) == request_key(IDENTITY, two)


def test_the_key_is_the_same_tomorrow() -> None:
    assert request_key(IDENTITY, REQUEST) == "77caa9f13658e1853d52c3d9bc3e52c182098b23"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest):
        request_key(replace(IDENTITY, extra={"x": value}), REQUEST)


def test_half_a_surrogate_pair_has_a_key() -> None:
    assert request_key(IDENTITY, replace(REQUEST, prompt="\ud83d"))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("openai", {"top_logprobs": 5}),
        ("openai", {"reasoning": True}),
        ("openai", {"reasoning": True, "reasoning_tokens": 9}),
        ("openai", {"reasoning_effort": "low"}),
        ("openai", {"strict_schema": False}),
        ("openai", {"extra_body": {"top_k": 1}}),
        ("vllm", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("huggingface", {"provider": "groq"}),
        ("huggingface", {"top_logprobs": 5}),
        ("huggingface", {"strict_schema": False}),
        ("local", {"extra_body": {"top_k": 1}}),
        ("vllm-offline", {"engine": {"dtype": "float32"}}),
        ("transformers", {"dtype": "float32"}),
    ],
)
def test_options_that_change_answers_change_the_key(
    monkeypatch: pytest.MonkeyPatch, kind: str, options: dict[str, Any]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("HF_TOKEN", "hf_test")

    def identity(**changed: Any) -> Identity:
        engine = ENGINES.load(kind)
        made: Identity = engine.create(engine.options(kind=kind, model="m", **changed), Surroundings()).identity
        return made

    assert request_key(identity(**options), REQUEST) != request_key(identity(), REQUEST)


async def test_a_backend_that_nobody_started_is_not_asked_before_it_knows_what_it_is(tmp_path: Path) -> None:
    class Late(ToldEngine):
        async def start(self) -> None:
            await asyncio.sleep(0.01)
            self.identity = Identity(kind="told", model="known")

    for name in ("journal", "cache"):
        answers = []
        for started in (True, False):
            engine = Late()
            backend = wrap(engine, BackendOptions(kind="told"), **{name: tmp_path / name})
            if started:
                await backend.start()
            answers.append(await asyncio.gather(*(backend.generate(ask(prompt)) for prompt in "abc")))
            await backend.aclose()
        assert [one.text for one in answers[0]] == [one.text for one in answers[1]]
        assert engine.calls == 0
