"""Log-probabilities, the completions API and the responses API."""

import math
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Received, Reply, chat, error

from backends import (
    BadResponse,
    Capability,
    Finish,
    GenerateRequest,
    InvalidRequest,
    JsonSchema,
    Message,
    Sampling,
    ScoreRequest,
    ServerError,
    UnsupportedCapability,
    Usage,
)

PROMPT = (Message(role="system", content="be brief"), Message(role="user", content="rank"))


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}


def _top(**tokens: float) -> dict[str, Any]:
    top = [{"token": token, "logprob": value, "bytes": None} for token, value in tokens.items()]
    return {"content": [{"token": "A", "logprob": -1.0, "bytes": [65], "top_logprobs": top}]}


async def test_top_logprobs_come_best_first_and_infinity_is_a_number(server: FakeServer, openai_backend: Any) -> None:
    body = chat("A")
    body["choices"][0]["logprobs"] = _top(B=-2.0, A=-1.0, C=-math.inf)
    server.reply = lambda _: Reply(body=body)
    answer = await openai_backend(top_logprobs=5).generate(GenerateRequest(prompt=PROMPT, top_logprobs=50))
    assert server.last.body["top_logprobs"] == 5
    assert [(token.token, token.logprob) for token in answer.top_logprobs[0]] == [
        ("A", -1.0),
        ("B", -2.0),
        ("C", -9999.0),
    ]


async def test_labels_are_scored_by_their_tokens(server: FakeServer, openai_backend: Any) -> None:
    body = chat("A")
    body["choices"][0]["logprobs"] = _top(
        **{"A": math.log(0.4), " A": math.log(0.1), "B": math.log(0.3), "x": math.log(0.01)}
    )
    server.reply = lambda _: Reply(body=body)
    scores = await openai_backend().score(ScoreRequest(prompt=PROMPT, continuations=("A", "B", "C"), kind="label"))
    assert [math.exp(score.logprob) for score in scores.continuations] == pytest.approx([0.5, 0.3, 0.01])
    assert server.last.body["max_tokens"] == 1
    with pytest.raises(InvalidRequest, match="None of the labels"):
        await openai_backend().score(ScoreRequest(prompt=PROMPT, continuations=("Q", "R"), kind="label"))


def _echo(prompt: str, tokens: list[tuple[str, float | None]], index: int) -> dict[str, Any]:
    offsets, at = [], 0
    for token, _ in tokens:
        offsets.append(at)
        at += len(token)
    logprobs = {
        "tokens": [token for token, _ in tokens],
        "token_logprobs": [value for _, value in tokens],
        "text_offset": offsets,
    }
    return {"index": index, "text": prompt, "finish_reason": "length", "logprobs": logprobs}


async def test_continuations_are_scored_by_echo(server: FakeServer, openai_backend: Any) -> None:
    choices = [
        _echo("I saw Heat", [("I", None), (" saw", -3.0), (" He", -1.0), ("at", -0.5)], 1),
        _echo("I saw Alien", [("I", None), (" saw", -3.0), (" Alien", -2.0)], 0),
    ]
    server.reply = lambda _: Reply(body={"choices": choices, "usage": {"prompt_tokens": 7}, "model": "m"})
    backend = openai_backend(api="completions")
    scores = await backend.score(ScoreRequest(prompt="I saw", continuations=(" Alien", " Heat")))
    assert [(score.logprob, score.tokens) for score in scores.continuations] == [(-2.0, 1), (-1.5, 2)]
    assert server.last.path == "/v1/completions"
    assert server.last.body["prompt"] == ["I saw Alien", "I saw Heat"]
    assert server.last.body["echo"] is True
    assert Capability.CONTINUATION_LOGPROBS in backend.capabilities
    assert Capability.CONTINUATION_LOGPROBS not in openai_backend(api="completions", echo=False).capabilities


async def test_a_server_that_does_not_echo_is_found_out(server: FakeServer, openai_backend: Any) -> None:
    server.reply = lambda _: Reply(body={"choices": [{"index": 0, "text": "more", "finish_reason": "length"}]})
    with pytest.raises(UnsupportedCapability, match="local"):
        await openai_backend(api="completions").score(ScoreRequest(prompt="I saw", continuations=(" Alien",)))


async def test_one_answer_without_text_is_no_sign_that_a_server_does_not_echo(
    server: FakeServer, openai_backend: Any
) -> None:
    server.reply = lambda _: Reply(body={"choices": [{"index": 0, "text": None}], "usage": {"prompt_tokens": 7}})
    with pytest.raises(BadResponse) as caught:
        await openai_backend(api="completions").score(ScoreRequest(prompt="I saw", continuations=(" Alien",)))
    assert caught.value.usage == Usage(requests=1, prompt_tokens=7)


async def test_what_was_spent_on_the_first_part_of_many_continuations_is_not_forgotten(
    server: FakeServer, openai_backend: Any
) -> None:
    def reply(request: Received) -> Reply:
        if len(server.received) == 2:
            return Reply(status=500, body=error("overloaded"))
        texts = request.body["prompt"]
        choices = [_echo(text, [(text, -1.0)], at) for at, text in enumerate(texts)]
        return Reply(body={"choices": choices, "usage": {"prompt_tokens": 640}})

    server.reply = reply
    with pytest.raises(ServerError) as caught:
        await openai_backend(api="completions").score(ScoreRequest(prompt="I", continuations=(" a",) * 65))
    assert caught.value.usage == Usage(requests=2, prompt_tokens=640)


async def test_a_text_is_continued(server: FakeServer, openai_backend: Any) -> None:
    logprobs = {"tokens": ["x"], "token_logprobs": [-1.0], "top_logprobs": [{"x": -1.0, "y": -2.0}]}
    choice = {"index": 0, "text": "x", "finish_reason": "stop", "logprobs": logprobs}
    server.reply = lambda _: Reply(body={"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}})
    answer = await openai_backend(api="completions").generate(GenerateRequest(prompt="one, two,", top_logprobs=2))
    assert (answer.text, answer.usage.prompt_tokens, server.last.body["logprobs"]) == ("x", 3, 2)
    assert [token.token for token in answer.top_logprobs[0]] == ["x", "y"]


def _response(status: str = "completed", *, reason: str | None = None, text: str = "hello") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "r",
        "status": status,
        "model": "m",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "because"}]},
            {"type": "message", "content": content},
        ],
        "usage": {"input_tokens": 9, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 8}},
    }


async def test_the_responses_api_is_sent_and_read(server: FakeServer, openai_backend: Any) -> None:
    server.reply = lambda _: Reply(body=_response(text='{"a": 1}'))
    backend = openai_backend(api="responses")
    answer = await backend.generate(
        GenerateRequest(prompt=PROMPT, constraint=JsonSchema(schema=SCHEMA), sampling=Sampling(max_tokens=20, seed=1))
    )
    assert (answer.text, answer.reasoning) == ('{"a": 1}', "because")
    assert answer.usage == Usage(requests=1, prompt_tokens=9, cached_tokens=8, completion_tokens=4)
    assert server.last.path == "/v1/responses"
    assert server.last.body == {
        "model": "fake",
        "input": [{"role": "user", "content": "rank"}],
        "instructions": "be brief",
        "store": False,
        "max_output_tokens": 20,
        "temperature": 0.0,
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
    }
    assert Capability.SEED not in backend.capabilities


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        (_response("incomplete", reason="max_output_tokens"), Finish.LENGTH),
        (_response("incomplete", reason="content_filter"), Finish.CONTENT_FILTER),
        (
            {**_response(), "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]},
            Finish.REFUSAL,
        ),
    ],
)
async def test_how_a_response_ended_is_kept_apart(
    server: FakeServer, openai_backend: Any, body: dict[str, Any], finish: Finish
) -> None:
    server.reply = lambda _: Reply(body=body)
    assert (await openai_backend(api="responses").generate(GenerateRequest(prompt=PROMPT))).finish is finish


@pytest.mark.parametrize(
    "body", [{**_response(), "output": []}, {**_response("failed"), "output": []}, {**_response(), **error("boom")}]
)
async def test_a_response_without_text_is_a_bad_response(
    server: FakeServer, openai_backend: Any, body: dict[str, Any]
) -> None:
    server.reply = lambda _: Reply(body=body)
    with pytest.raises(BadResponse):
        await openai_backend(api="responses").generate(GenerateRequest(prompt=PROMPT))
