"""What is sent to a vLLM server, and what its answers are taken for; a real one is asked in the conformance tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Received, Reply, chat

from backends import (
    ENGINES,
    BackendError,
    BadResponse,
    Choice,
    ConfigurationError,
    GenerateRequest,
    Grammar,
    InvalidRequest,
    JsonSchema,
    Message,
    Sampling,
    ScoreRequest,
    Surroundings,
    Usage,
    examine,
)
from backends.continuations import Found, tree
from backends.http.vllm_scores import after_nodes, read_echo

PROMPT = (Message(role="user", content="rank"),)
Answers = dict[str, Callable[[Any], Any]]


def served(*names: str) -> dict[str, Any]:
    return {"data": [{"id": name, "root": f"/models/{name}"} for name in names]}


def tokenized(body: Any) -> dict[str, Any]:
    """A token a character; the chat template writes one token, 1, before the answer."""
    if "messages" in body:
        return {"tokens": [*map(ord, body["messages"][-1]["content"]), 1]}
    return {"tokens": [*map(ord, body["prompt"])]}


@pytest.fixture
async def make(server: FakeServer) -> AsyncIterator[Any]:
    made: list[Any] = []

    def make(answers: Answers | None = None, **options: Any) -> Any:
        known: Answers = {
            "/v1/models": lambda _: served("m"),
            "/tokenize": tokenized,
            "/detokenize": lambda body: {"prompt": "".join(map(chr, body["tokens"]))},
            "/v1/chat/completions": lambda _: chat("hello"),
            **(answers or {}),
        }

        def reply(request: Received) -> Reply:
            return Reply(body=known[request.path](request.body)) if request.path in known else Reply(status=404)

        server.reply = reply
        engine = ENGINES.load("vllm")
        chosen = engine.options(**{"base_url": f"http://127.0.0.1:{server.port}", **options})
        made.append(engine.create(chosen, Surroundings()))
        return made[-1]

    yield make
    for backend in made:
        await backend.aclose()


async def test_the_model_that_is_served_is_taken_and_named(make: Any) -> None:
    backend = make()
    assert (await backend.generate(GenerateRequest(prompt=PROMPT))).text == "hello"
    assert backend.identity.model == "m"
    assert backend.identity.extra["weights"] == "/models/m"


@pytest.mark.parametrize(
    ("models", "model", "said"),
    [
        (("a", "b"), None, "serves several models and backend.model names none. It serves: a, b."),
        (("a", "b"), "c", "does not serve 'c'. It serves: a, b."),
        ((), None, "It serves: none."),
    ],
)
async def test_an_unclear_model_is_named(make: Any, models: tuple[str, ...], model: str | None, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        await make({"/v1/models": lambda _: served(*models)}, model=model).start()


async def test_a_lora_adapter_is_a_model_of_the_server(make: Any, server: FakeServer) -> None:
    await make({"/v1/models": lambda _: served("base", "mine")}, model="mine").generate(GenerateRequest(prompt=PROMPT))
    assert server.last.body["model"] == "mine"


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (JsonSchema(schema={"type": "object"}), {"json": {"type": "object"}}),
        (Choice(options=("a", "b")), {"choice": ["a", "b"]}),
        (Grammar(text='root ::= "a"'), {"grammar": 'root ::= "a"'}),
    ],
)
async def test_constraints_are_said_in_vllms_words(make: Any, server: FakeServer, constraint: Any, said: Any) -> None:
    await make().generate(GenerateRequest(prompt=PROMPT, constraint=constraint))
    assert server.last.body["structured_outputs"] == said
    assert "response_format" not in server.last.body


async def test_what_only_vllm_takes_is_sent(make: Any, server: FakeServer) -> None:
    kwargs = {"enable_thinking": False}
    backend = make(
        priority=3, chat_template_kwargs=kwargs, extra_body={"top_k": 1}, reasoning=True, reasoning_tokens=50
    )
    await backend.generate(GenerateRequest(prompt=PROMPT, sampling=Sampling(max_tokens=10)))
    body = server.last.body
    assert (body["priority"], body["chat_template_kwargs"], body["top_k"]) == (3, kwargs, 1)
    assert body["max_tokens"] == 60
    assert body["temperature"] == 0.0
    assert backend.identity.extra["chat_template_kwargs"] == kwargs


async def test_texts_go_to_completions_whatever_the_api(make: Any, server: FakeServer) -> None:
    answer = {"choices": [{"text": " red", "finish_reason": "stop"}]}
    backend = make({"/v1/completions": lambda _: answer})
    assert (await backend.generate(GenerateRequest(prompt="The rose is"))).text == " red"
    assert server.last.path == "/v1/completions"


def followed(body: Any) -> dict[str, Any]:
    """One generated token a prompt, and minus a hundredth of its id for each that was asked for."""
    top = {f"token_id:{token}": -token / 100 for token in body["logprob_token_ids"]}
    choices = [{"index": at, "text": "", "logprobs": {"top_logprobs": [top]}} for at in range(len(body["prompt"]))]
    return {"choices": choices[::-1], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}


async def test_labels_cost_one_token(make: Any, server: FakeServer) -> None:
    backend = make({"/v1/completions": followed})
    scores = await backend.score(ScoreRequest(prompt=PROMPT, continuations=("A", "B"), kind="label"))
    assert [one.logprob for one in scores.continuations] == [-0.65, -0.66]
    assert (server.last.body["max_tokens"], server.last.body["logprob_token_ids"]) == (1, [65, 66])
    assert server.last.body["prompt"] == [[*map(ord, "rank"), 1]]
    assert scores.usage.requests == 1


async def test_a_tree_asks_each_node_once(make: Any, server: FakeServer) -> None:
    backend = make({"/v1/completions": followed}, scoring="tree")
    scores = await backend.score(ScoreRequest(prompt="x", continuations=("ab", "ac")))
    assert [one.logprob for one in scores.continuations] == pytest.approx([-1.95, -1.96])
    assert [request.path for request in server.received].count("/v1/completions") == 1
    assert server.last.body["prompt"] == [[120], [120, 97]]


def read(body: Any) -> dict[str, Any]:
    """Reads each text as characters, each as probable as minus a hundredth of its code."""
    choices = []
    for at, text in enumerate(body["prompt"]):
        values = [{str(ord(character)): {"logprob": -ord(character) / 100}} for character in text]
        choices.append({"index": at, "prompt_token_ids": [*map(ord, text)], "prompt_logprobs": [None, *values[1:]]})
    return {"choices": choices, "usage": {"prompt_tokens": sum(map(len, body["prompt"]))}}


async def test_long_texts_are_read_a_few_at_a_time(make: Any, server: FakeServer) -> None:
    """What comes back holds an entry a token: of 30 long texts at once it would be larger than any answer may be."""
    prompt = "x" * 5_000
    scores = await make({"/v1/completions": read}).score(ScoreRequest(prompt=prompt, continuations=("a",) * 30))
    assert [one.logprob for one in scores.continuations] == pytest.approx([-0.97] * 30)
    asked = [request.body["prompt"] for request in server.received if request.path == "/v1/completions"]
    assert sum(map(len, asked)) == 30
    assert max(sum(map(len, texts)) for texts in asked) <= 40_000
    assert scores.usage.requests == len(asked)


async def test_a_text_that_merges_with_the_prompts_end_is_scored_less_what_the_prompt_says_there(make: Any) -> None:
    def merged(text: str) -> list[int]:
        return [999 if character == "^" else ord(character) for character in text.replace("ia", "^")]

    def read_merged(body: Any) -> dict[str, Any]:
        choices = []
        for at, text in enumerate(body["prompt"]):
            tokens = merged(text)
            values = [{str(token): {"logprob": -token / 100}} for token in tokens]
            choices.append({"index": at, "prompt_token_ids": tokens, "prompt_logprobs": [None, *values[1:]]})
        return {"choices": choices}

    answers: Answers = {"/v1/completions": read_merged, "/tokenize": lambda body: {"tokens": merged(body["prompt"])}}
    scores = await make(answers).score(ScoreRequest(prompt="hi", continuations=("a", "b")))
    assert [one.logprob for one in scores.continuations] == pytest.approx([-9.99 + 1.05, -0.98])


async def test_what_was_spent_before_a_scoring_failed_is_not_forgotten(make: Any, server: FakeServer) -> None:
    def once(body: Any) -> Any:
        done = [request.path for request in server.received].count("/v1/completions")
        return read(body) if done == 1 else {"error": {"message": "no", "code": 503}}

    with pytest.raises(BackendError) as caught:
        await make({"/v1/completions": once}).score(ScoreRequest(prompt="x" * 30_000, continuations=("a", "b")))
    assert caught.value.usage == Usage(requests=2, prompt_tokens=30_001)


async def test_two_labels_of_one_token_are_refused(make: Any) -> None:
    with pytest.raises(InvalidRequest, match="begin with the same token"):
        await make().score(ScoreRequest(prompt="x", continuations=("ab", "ac"), kind="label"))


def test_a_wide_tree_is_cut_to_what_vllm_takes() -> None:
    paths = [((1,), (token, 7)) for token in range(300)]
    batches = list(after_nodes(paths))
    assert all(len(batch.ids) <= 128 and len(batch.befores) <= 64 for batch in batches)
    asked = {(before, token) for batch in batches for before in batch.befores for token in batch.ids}
    assert {(before, token) for before, following in tree(paths).items() for token in following} <= asked


@pytest.mark.parametrize(
    "answer",
    [
        b'{"choices": []}',
        b'{"choices": [{"index": 0}]}',
        b'{"choices": [{"index": 0, "prompt_token_ids": [1, 2], "prompt_logprobs": [null]}]}',
        b'{"error": "boom"}',
    ],
)
def test_an_echo_without_its_tokens_is_no_answer(answer: bytes) -> None:
    with pytest.raises(BadResponse):
        read_echo(answer, 1, Found())


def test_a_missing_token_is_no_zero() -> None:
    found = Found()
    read_echo(
        b'{"choices": [{"prompt_token_ids": [1, 2], "prompt_logprobs": [null, {"9": {"logprob": -1}}]}]}', 1, found
    )
    with pytest.raises(BadResponse, match="did not report"):
        found.logprob((1,), (2,))


async def test_a_server_that_breaks_off_is_a_finding_like_any_other(make: Any, server: FakeServer) -> None:
    backend = make()
    await backend.start()
    served_well = server.reply
    server.reply = lambda request: Reply(status=500) if request.path == "/v1/models" else served_well(request)
    findings = {finding.what: finding async for finding in examine(backend, backend)}
    assert not findings["server"].ok
    assert "500" in findings["server"].said
    assert findings["chat"].ok
