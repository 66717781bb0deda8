"""A fault that may pass costs one more request when scores are asked for too, and never a wrong score."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Received, Reply, error

from backends import ENGINES, ScoreRequest, Scores, Surroundings, wrap

PROMPT = "I like"
TITLES = (" Alien", " Heat")


def echoed(request: Received) -> dict[str, Any]:
    choices = []
    for at, text in enumerate(request.body["prompt"]):
        tokens = [PROMPT, text.removeprefix(PROMPT)]
        logprobs = {"tokens": tokens, "token_logprobs": [None, -float(len(tokens[1]))], "text_offset": [0, len(PROMPT)]}
        choices.append({"index": at, "text": text, "finish_reason": "length", "logprobs": logprobs})
    return {"choices": choices, "usage": {"prompt_tokens": 10}}


def without(path: tuple[Any, ...], value: Any) -> Any:
    """The right answer with one part of it replaced."""

    def spoilt(request: Received) -> Reply:
        body: Any = echoed(request)
        place = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return Reply(body=body)

    return spoilt


FAULTS = {
    "no choices": without(("choices",), []),
    "null choices": without(("choices",), None),
    "one choice short": lambda request: Reply(body={"choices": echoed(request)["choices"][:1]}),
    "null text": without(("choices", 0, "text"), None),
    "null score": without(("choices", 1, "logprobs", "token_logprobs"), [None, None]),
    "a score short": without(("choices", 0, "logprobs", "token_logprobs"), [None]),
    "a text for a number": without(("choices", 0, "logprobs", "token_logprobs"), [None, "high"]),
    "error in a 200": lambda _: Reply(body=error("upstream")),
    "cut": lambda request: Reply(body=echoed(request), cut=150),
    "500": lambda _: Reply(status=500),
    "no JSON": lambda _: Reply(body=b'{"choices": [{"te'),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_all_are_scored_right_at_one_more_request_a_fault(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    async with FakeServer() as server:
        server.reply = lambda request: FAULTS[fault](request) if request.attempt == 1 else Reply(body=echoed(request))
        engine = ENGINES.load("openai")
        options = engine.options(model="fake", base_url=server.url, api="completions", deadline=30.0)
        backend = wrap(engine.create(options, Surroundings()), options)
        requests = [ScoreRequest(prompt=PROMPT, continuations=(*TITLES, f" {user}")) for user in range(10)]
        found = await asyncio.gather(*(backend.score(request) for request in requests), return_exceptions=True)
        await backend.aclose()
        for request, scores in zip(requests, found, strict=True):
            assert isinstance(scores, Scores), scores
            assert [one.logprob for one in scores.continuations] == [-len(text) for text in request.continuations]
            assert scores.usage.requests == 2
        assert len(server.received) == 20
