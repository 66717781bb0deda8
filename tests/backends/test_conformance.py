"""What every engine that runs a real model promises, whoever it is; the engines hold the same weights."""

from __future__ import annotations

import asyncio
import json
import re
import time

import pytest
from fakes.real_engines import Running

from backends import (
    Backend,
    Capability,
    Choice,
    ConfigurationError,
    ContextOverflow,
    Finish,
    GenerateRequest,
    Grammar,
    JsonSchema,
    Message,
    Sampling,
    ScoreRequest,
    UnsupportedCapability,
    able,
)

QUESTION = (Message(role="system", content="Be brief."), Message(role="user", content="Name a colour."))
HISTORY = "Movies watched by one person, in order:\n- Alien (1979)\n- Blade Runner (1982)\n-"
TITLES = (" The Terminator (1984)\n", " The Thing (1982)\n", " Brazil (1985)\n", " Heat (1995)\n")
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}, "sure": {"type": "boolean"}},
    "required": ["colour", "sure"],
    "additionalProperties": False,
}


def able_to(backend: Backend, *needs: Capability) -> None:
    """Skips what the engine says that it cannot do; that it then refuses is a test of its own."""
    missing = sorted(set(needs) - backend.capabilities)
    if missing:
        pytest.skip(f"{backend.identity.kind} declares no {', '.join(missing)}")


pytestmark = pytest.mark.filterwarnings("default")  # what the engines' own libraries deprecate is not ours


async def test_a_chat_is_answered_and_counted(backend: Backend) -> None:
    able_to(backend, Capability.CHAT)
    await backend.start()
    answer = await backend.generate(GenerateRequest(prompt=QUESTION, sampling=Sampling(max_tokens=24)))
    assert answer.text.strip()
    assert answer.finish in (Finish.STOP, Finish.LENGTH)
    assert answer.usage.requests == 1
    assert answer.usage.prompt_tokens > 10
    assert 0 < answer.usage.completion_tokens <= 24
    assert answer.seconds > 0


async def test_a_cut_answer_says_so(backend: Backend) -> None:
    able_to(backend, Capability.CHAT)
    request = GenerateRequest(prompt=QUESTION, sampling=Sampling(max_tokens=2))
    assert (await backend.generate(request)).finish is Finish.LENGTH


async def test_a_stop_string_ends_the_answer_and_is_not_in_it(backend: Backend) -> None:
    able_to(backend, Capability.COMPLETION)
    request = GenerateRequest(prompt="1, 2, 3, 4,", sampling=Sampling(max_tokens=24, stop=(" 7",)))
    answer = await backend.generate(request)
    assert answer.finish is Finish.STOP
    assert answer.text.replace(" ", "") == "5,6,"


async def test_a_schema_is_kept(backend: Backend) -> None:
    able_to(backend, Capability.CHAT, Capability.JSON_SCHEMA)
    constraint = JsonSchema(schema=SCHEMA)
    answer = await backend.generate(
        GenerateRequest(prompt=QUESTION, constraint=constraint, sampling=Sampling(max_tokens=64))
    )
    assert not answer.constraint_ignored
    document = json.loads(answer.text)
    assert document["colour"] in ("red", "blue")
    assert isinstance(document["sure"], bool)


async def test_a_choice_is_kept(backend: Backend) -> None:
    able_to(backend, Capability.CHAT, Capability.CHOICE)
    options = ("zebra-9", 'a "quoted" answer')
    answer = await backend.generate(
        GenerateRequest(prompt=QUESTION, constraint=Choice(options=options), sampling=Sampling(max_tokens=64))
    )
    assert answer.text in options
    assert not answer.constraint_ignored


async def test_a_grammar_is_kept(backend: Backend) -> None:
    able_to(backend, Capability.CHAT, Capability.GRAMMAR)
    grammar = Grammar(text='root ::= "qzx" ("7" | "8")')
    answer = await backend.generate(GenerateRequest(prompt=QUESTION, constraint=grammar))
    assert re.fullmatch("qzx[78]", answer.text)


async def test_one_seed_gives_one_answer_and_another_another(backend: Backend) -> None:
    able_to(backend, Capability.CHAT, Capability.SEED)

    async def sampled(seed: int) -> str:
        sampling = Sampling(max_tokens=16, temperature=1.5, seed=seed)
        return (await backend.generate(GenerateRequest(prompt=QUESTION, sampling=sampling))).text

    assert await sampled(1) == await sampled(1)
    assert len({await sampled(seed) for seed in (1, 2, 3)}) > 1


async def test_top_logprobs_are_sorted_and_lead_to_the_greedy_answer(backend: Backend) -> None:
    able_to(backend, Capability.CHAT, Capability.TOP_LOGPROBS)
    request = GenerateRequest(prompt=QUESTION, top_logprobs=3, sampling=Sampling(max_tokens=4))
    answer = await backend.generate(request)
    for position in answer.top_logprobs:
        values = [token.logprob for token in position]
        assert len(position) == 3
        assert values == sorted(values, reverse=True)
        assert values[0] <= 0
    assert answer.text.lstrip().startswith(answer.top_logprobs[0][0].token.strip())


async def test_a_labels_score_is_its_first_tokens_log_probability(backend: Backend) -> None:
    able_to(backend, Capability.CHAT, Capability.LABEL_LOGPROBS, Capability.TOP_LOGPROBS)
    ask = (Message(role="user", content="Which is better? Answer with A or B.\nA) water\nB) sand"),)
    top = await backend.generate(GenerateRequest(prompt=ask, top_logprobs=20, sampling=Sampling(max_tokens=1)))
    known = {token.token: token.logprob for token in top.top_logprobs[0]}
    labels = [label for label in ("A", "B", "The", "Water") if label in known]
    scores = await backend.score(ScoreRequest(prompt=ask, continuations=tuple(labels), kind="label"))
    assert len(labels) >= 2
    for label, score in zip(labels, scores.continuations, strict=True):
        assert score.tokens == 1
        assert score.logprob == pytest.approx(known[label], abs=0.02)


async def test_a_continuations_score_is_the_sum_of_its_parts(backend: Backend) -> None:
    able_to(backend, Capability.CONTINUATION_LOGPROBS)
    whole, first = (
        await backend.score(ScoreRequest(prompt=HISTORY, continuations=(" Alien 3 again", " Alien")))
    ).continuations
    [rest] = (await backend.score(ScoreRequest(prompt=HISTORY + " Alien", continuations=(" 3 again",)))).continuations
    assert whole.tokens == first.tokens + rest.tokens
    assert whole.logprob == pytest.approx(first.logprob + rest.logprob, abs=0.05)


async def test_a_likely_continuation_scores_above_an_odd_one(backend: Backend) -> None:
    able_to(backend, Capability.CONTINUATION_LOGPROBS)
    texts = (*TITLES, " qzx zxq qqz\n")
    scores = await backend.score(ScoreRequest(prompt=HISTORY, continuations=texts))
    per_token = [score.logprob / score.tokens for score in scores.continuations]
    assert min(per_token[:4]) > per_token[4]
    assert all(score.logprob < 0 for score in scores.continuations)


async def test_order_and_company_change_no_score(backend: Backend) -> None:
    able_to(backend, Capability.CONTINUATION_LOGPROBS)
    together = (await backend.score(ScoreRequest(prompt=HISTORY, continuations=TITLES))).continuations
    turned = (await backend.score(ScoreRequest(prompt=HISTORY, continuations=TITLES[::-1]))).continuations
    assert [one.logprob for one in together] == pytest.approx([one.logprob for one in turned[::-1]], abs=0.05)


async def test_a_cancelled_request_does_not_hold_up_the_next(backend: Backend) -> None:
    able_to(backend, Capability.CHAT)
    await backend.start()
    long = asyncio.create_task(
        backend.generate(GenerateRequest(prompt=QUESTION, sampling=Sampling(max_tokens=1500, temperature=1.5, seed=1)))
    )
    await asyncio.sleep(0.3)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    started = time.monotonic()
    await backend.generate(GenerateRequest(prompt=QUESTION, sampling=Sampling(max_tokens=2)))
    assert time.monotonic() - started < 60  # the whole of it would take minutes


async def test_a_prompt_beyond_the_context_is_named(backend: Backend) -> None:
    able_to(backend, Capability.CHAT)
    prompt = (Message(role="user", content="one two three four " * 2500),)
    with pytest.raises(ContextOverflow):
        await backend.generate(GenerateRequest(prompt=prompt))


async def test_an_unknown_model_is_named(running: Running) -> None:
    if running.name in ("local-server", "huggingface"):
        pytest.skip("llama.cpp's server accepts any model name in silence")
    backend = running.make(model="nobody/nothing.gguf" if running.name == "local" else "/nowhere/nothing")
    with pytest.raises(ConfigurationError, match="nothing"):
        await backend.start()
    await backend.aclose()


async def test_what_an_engine_cannot_do_it_refuses_and_names_those_that_can(backend: Backend) -> None:
    requests = {
        Capability.GRAMMAR: GenerateRequest(prompt=QUESTION, constraint=Grammar(text='root ::= "a"')),
        Capability.JSON_SCHEMA: GenerateRequest(prompt=QUESTION, constraint=JsonSchema(schema=SCHEMA)),
        Capability.CONTINUATION_LOGPROBS: ScoreRequest(prompt=HISTORY, continuations=TITLES),
    }
    for capability, request in requests.items():
        if capability in backend.capabilities:
            continue
        with pytest.raises(UnsupportedCapability) as raised:
            await (backend.score(request) if isinstance(request, ScoreRequest) else backend.generate(request))
        assert all(kind in str(raised.value) for kind in able(capability))
