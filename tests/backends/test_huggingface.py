"""Hugging Face: the library says where, our transport sends, and nothing of its own retries or redirects happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Received, Reply, chat

from backends import (
    ENGINES,
    AuthenticationError,
    BackendError,
    BadResponse,
    Capability,
    Choice,
    ConfigurationError,
    ContextOverflow,
    Finish,
    GenerateRequest,
    InvalidRequest,
    JsonSchema,
    LocalOnlyError,
    Message,
    RateLimited,
    RedirectRefused,
    Sampling,
    ScoreRequest,
    Surroundings,
    UnsupportedCapability,
)
from backends.http.hub_client import HubClient
from backends.http.transport import Answer

TOKEN = "hf_test0123456789"
PROMPT = (Message(role="user", content="rank"),)


@pytest.fixture
async def make(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    made: list[Any] = []

    def make(**options: Any) -> Any:
        engine = ENGINES.load("huggingface")
        chosen = engine.options(**{"base_url": f"http://127.0.0.1:{server.port}", **options})
        made.append(engine.create(chosen, Surroundings()))
        return made[-1]

    yield make
    for backend in made:
        await backend.aclose()


def generated(text: str, prefill: list[tuple[str, float | None]], *, finish: str = "eos_token") -> dict[str, Any]:
    tokens = [{"id": 1, "text": text, "logprob": logprob} for text, logprob in prefill]
    details = {"finish_reason": finish, "generated_tokens": 3, "prefill": tokens, "tokens": []}
    return {"generated_text": text, "details": details}


async def test_a_chat_goes_to_the_endpoint_with_the_token(server: FakeServer, make: Any) -> None:
    schema = JsonSchema(schema={"type": "object"}, name="x")
    server.reply = lambda _: Reply(body=chat("{}"))
    request = GenerateRequest(prompt=PROMPT, sampling=Sampling(max_tokens=5, seed=3), constraint=schema)
    answer = await make(extra_body={"top_k": 1}).generate(request)
    assert (answer.text, answer.finish, answer.usage.prompt_tokens) == ("{}", Finish.STOP, 100)
    assert server.last.path == "/v1/chat/completions"
    assert server.last.headers["authorization"] == f"Bearer {TOKEN}"
    assert server.last.body["messages"] == [{"role": "user", "content": "rank"}]
    assert server.last.body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (server.last.body["max_tokens"], server.last.body["seed"], server.last.body["top_k"]) == (5, 3, 1)


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (Reply(body={"data": [{"id": "org/served"}]}), "org/served"),
        (Reply(status=404), "tgi"),
        (Reply(body=b"<html>"), "tgi"),
        (Reply(body={"data": []}), "tgi"),
    ],
)
async def test_an_endpoint_is_asked_what_it_serves_so_that_another_model_there_is_another_key(
    server: FakeServer, make: Any, reply: Reply, name: str
) -> None:
    server.reply = lambda _: reply
    backend = make()
    await backend.start()
    await backend.start()
    assert backend.identity.model == name
    assert [(one.path, one.headers["authorization"]) for one in server.received] == [("/v1/models", f"Bearer {TOKEN}")]
    named = make(model="mine")
    await named.start()
    assert (named.identity.model, len(server.received)) == ("mine", 1)


async def test_a_model_without_an_address_is_asked_for_at_the_router() -> None:
    sent: list[tuple[str, Any, dict[str, str]]] = []

    class Recorder:
        async def post(self, path: str, payload: bytes, headers: dict[str, str]) -> Answer:
            sent.append((path, json.loads(payload), headers))
            return Answer(200, {}, b"{}")

        def check(self, answer: Answer) -> bytes:
            return answer.body

    client = HubClient(
        Recorder(),  # type: ignore[arg-type]
        model="org/model",
        base_url=None,
        provider="auto",
        token=TOKEN,
        bill_to="lab",
    )
    assert await client.chat({"messages": [{"role": "user", "content": "rank"}], "seed": 1}) == b"{}"
    [(url, body, headers)] = sent
    assert url == "https://router.huggingface.co/v1/chat/completions"
    assert (body["model"], body["seed"]) == ("org/model", 1)
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["x-hf-bill-to"] == "lab"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401, body={"error": f"bad token {TOKEN}"}), AuthenticationError),
        (Reply(status=429, body={"error": "Model is overloaded"}, headers={"Retry-After": "2"}), RateLimited),
        (Reply(status=307, headers={"Location": "http://127.0.0.1:9/stolen"}), RedirectRefused),
        (Reply(body={"error": "upstream"}), BadResponse),
        (Reply(body=b"not json"), BadResponse),
        (Reply(body={"choices": []}), BadResponse),
    ],
)
async def test_faults_are_named_and_never_show_the_token(
    server: FakeServer, make: Any, reply: Reply, error: Any
) -> None:
    server.reply = lambda _: reply
    with pytest.raises(error) as raised:
        await make().generate(GenerateRequest(prompt=PROMPT))
    assert TOKEN not in str(raised.value)
    assert len(server.received) == 1


async def test_text_generation_inference_continues_a_text(server: FakeServer, make: Any) -> None:
    server.reply = lambda _: Reply(body=[generated(" red", [("A", None)])])
    request = GenerateRequest(
        prompt="A", constraint=Choice(options=(" red", " green")), sampling=Sampling(max_tokens=4)
    )
    answer = await make(api="generate").generate(request)
    assert (answer.text, answer.finish, answer.constraint_ignored) == (" red", Finish.STOP, False)
    assert server.last.body["inputs"] == "A"
    sent = server.last.body["parameters"]
    assert (sent["max_new_tokens"], sent["do_sample"]) == (4, False)
    assert sent["grammar"] == {"type": "regex", "value": r"(\ red)|(\ green)"}


async def test_text_generation_inference_scores_the_end_of_a_prompt(server: FakeServer, make: Any) -> None:
    logprobs = {" Alien": [(" Al", -1.0), ("ien", -0.5)], " Heat": [(" Heat", -3.0)]}

    def reply(request: Received) -> Reply:
        continuation = request.body["inputs"].removeprefix("I like")
        return Reply(body=generated("x", [("<s>", None), ("I like", -9.0), *logprobs[continuation]], finish="length"))

    server.reply = reply
    backend = make(api="generate")
    scores = await backend.score(ScoreRequest(prompt="I like", continuations=(" Alien", " Heat")))
    assert [(one.logprob, one.tokens) for one in scores.continuations] == [(-1.5, 2), (-3.0, 1)]
    assert scores.usage.requests == 2
    labels = await backend.score(ScoreRequest(prompt="I like", continuations=(" Alien", " Heat"), kind="label"))
    assert [one.logprob for one in labels.continuations] == [-1.0, -3.0]


@pytest.mark.parametrize(
    ("prefill", "error"), [([], UnsupportedCapability), ([("I like", -9.0), (" \ufffd", -1.0)], InvalidRequest)]
)
async def test_tokens_that_do_not_spell_the_text_are_that_texts_error_alone(
    server: FakeServer, make: Any, prefill: list[tuple[str, float | None]], error: type[BackendError]
) -> None:
    server.reply = lambda _: Reply(body=generated("x", prefill, finish="length"))
    with pytest.raises(error) as raised:
        await make(api="generate").score(ScoreRequest(prompt="I like", continuations=(" 千",)))
    assert raised.value.fatal == (error is UnsupportedCapability)


async def test_two_labels_of_one_token_are_refused(server: FakeServer, make: Any) -> None:
    server.reply = lambda request: Reply(
        body=generated("x", [("I like", None), (" A", -1.0), (request.body["inputs"][-1], -2.0)], finish="length")
    )
    with pytest.raises(InvalidRequest, match="same token") as raised:
        await make(api="generate").score(ScoreRequest(prompt="I like", continuations=(" AB", " AC"), kind="label"))
    assert raised.value.usage.requests == 2


async def test_many_continuations_are_read_a_few_at_a_time(server: FakeServer, make: Any) -> None:
    flying = peak = 0

    def reply(request: Received) -> Reply:
        nonlocal flying, peak
        flying += 1
        peak = max(peak, flying)
        asyncio.get_running_loop().call_later(0.02, landed)
        return Reply(body=generated("x", [("I like", None), (" Alien", -1.0)], finish="length"), after=0.02)

    def landed() -> None:
        nonlocal flying
        flying -= 1

    server.reply = reply
    await make(api="generate").score(ScoreRequest(prompt="I like", continuations=(" Alien",) * 40))
    assert 1 < peak <= 8


async def test_the_first_error_of_many_scores_is_raised_alone(server: FakeServer, make: Any) -> None:
    said = "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 10. Given: 11"
    server.reply = lambda _: Reply(status=422, body={"error": said, "error_type": "validation"})
    with pytest.raises(ContextOverflow):
        await make(api="generate").score(ScoreRequest(prompt="I like", continuations=(" Alien", " Heat")))


async def test_what_an_interface_cannot_do_is_refused_with_what_can(make: Any) -> None:
    with pytest.raises(UnsupportedCapability, match=r"api: generate has.*local.*vllm"):
        await make().score(ScoreRequest(prompt="I like", continuations=(" Alien",)))
    with pytest.raises(UnsupportedCapability, match="api: chat"):
        await make(api="generate").generate(GenerateRequest(prompt=PROMPT))
    assert Capability.CONTINUATION_LOGPROBS not in make().capabilities


def test_local_only_refuses_providers_and_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    engine = ENGINES.load("huggingface")
    with pytest.raises(ConfigurationError, match=r"backend\.base_url"):
        engine.create(engine.options(model="org/model", base_url=""), Surroundings())
    for options in ({"model": "org/model"}, {"base_url": "https://example.com"}):
        with pytest.raises(LocalOnlyError):
            engine.create(engine.options(**options), Surroundings(local_only=True))
    with pytest.raises(ConfigurationError, match="backend.model is missing"):
        engine.create(engine.options(), Surroundings())
