"""Likelihoods on the embedded engine: exact, whatever the script, and whoever else is scored or gives up."""

from __future__ import annotations

import asyncio
import math

import pytest
from fakes.local_engine import TITLES, scored

from backends import ContextOverflow, GenerateRequest, InvalidRequest, Message, Sampling
from backends.continuations import seam
from backends.engines.local import Local

engine = pytest.mark.engine


@engine
async def test_a_likelihood_is_what_plain_generation_says_step_by_step(local: Local) -> None:
    prompt, total = "Once upon a", 0.0
    for _ in range(4):
        request = GenerateRequest(prompt=prompt, sampling=Sampling(max_tokens=1), top_logprobs=1)
        step = await local.generate(request)
        total += step.top_logprobs[0][0].logprob
        prompt += step.text
    [score] = (await scored(local, prompt.removeprefix("Once upon a"), prompt="Once upon a")).continuations
    assert score.tokens == 4
    assert score.logprob == pytest.approx(total, abs=1e-3)


@engine
async def test_shared_beginnings_change_nothing_but_the_work(local: Local) -> None:
    together = await scored(local, *TITLES)
    alone = [(await scored(local, title)).continuations[0] for title in TITLES]
    for one, other in zip(together.continuations, alone, strict=True):
        assert one.tokens == other.tokens
        assert one.logprob == pytest.approx(other.logprob, abs=2e-3)
    assert together.usage.completion_tokens < sum(score.tokens for score in alone)


@engine
async def test_order_duplicates_and_empty_texts_are_kept(local: Local) -> None:
    scores = (await scored(local, " Heat\n", "", " Alien\n", " Heat\n")).continuations
    assert scores[0] == scores[3]
    assert (scores[1].logprob, scores[1].tokens) == (0.0, 0)
    assert scores[2] != scores[0]


@engine
async def test_the_next_words_of_a_famous_line_are_likelier_than_others(local: Local) -> None:
    scores = (await scored(local, " France", " bananas", prompt="Paris is the capital of")).continuations
    assert scores[0].logprob > scores[1].logprob + 3


@engine
async def test_a_text_that_merges_with_the_prompts_end_is_scored_as_one_text(local: Local) -> None:
    whole = (await scored(local, " watermelon", prompt="I like")).continuations[0].logprob
    begin = (await scored(local, " water", prompt="I like")).continuations[0].logprob
    merged = (await scored(local, "melon", prompt="I like water")).continuations[0].logprob
    assert merged == pytest.approx(whole - begin, abs=2e-3)


@engine
async def test_titles_in_any_script_have_exact_likelihoods(local: Local) -> None:
    """Their tokens are parts of characters, which no grammar can force and the engine does not report."""
    parts = ("ü", " x", " 千", "と")
    whole = (await scored(local, "".join(parts), prompt="Film:")).continuations[0]
    total, tokens, prompt = 0.0, 0, "Film:"
    for part in parts:
        score = (await scored(local, part, prompt=prompt)).continuations[0]
        total, tokens, prompt = total + score.logprob, tokens + score.tokens, prompt + part
    assert whole.tokens == tokens > len(parts)
    assert whole.logprob == pytest.approx(total, abs=5e-3)
    mixed = (await scored(local, " Heat", " 🎬 end", prompt="Film:")).continuations
    assert all(-60 < score.logprob < 0 for score in mixed)
    [plain] = (await scored(local, " Heat", prompt="Film:")).continuations
    assert mixed[0].logprob == pytest.approx(plain.logprob, abs=2e-3)


@engine
async def test_a_probability_looked_up_equals_the_one_of_a_forced_token(local: Local) -> None:
    [forced] = (await scored(local, " Heat", prompt="Film:")).continuations
    llama = local._loaded()
    token = llama.tokenize(" Heat")[0]
    llama.unforceable.add(token)
    try:
        [found] = (await scored(local, " Heat", prompt="Film:")).continuations
    finally:
        llama.unforceable.discard(token)
    assert found.logprob == pytest.approx(forced.logprob, abs=2e-3)


@engine
async def test_a_control_token_in_a_title_neither_breaks_nor_ends_the_scoring(local: Local) -> None:
    prompt = (Message(role="user", content="Say hi."),)
    alone, spiked = (await scored(local, "Hi", "Hi<|im_end|> x", prompt=prompt)).continuations
    assert spiked.tokens > alone.tokens
    assert spiked.logprob < alone.logprob


@engine
async def test_labels_are_compared_by_their_first_token(local: Local) -> None:
    prompt = (Message(role="user", content="Answer yes or no: is fire hot?"),)
    scores = (await scored(local, "Yes", "No", prompt=prompt, kind="label")).continuations
    assert [score.tokens for score in scores] == [1, 1]
    assert math.exp(scores[0].logprob) + math.exp(scores[1].logprob) <= 1.0
    with pytest.raises(InvalidRequest, match="same token"):
        await scored(local, "Yes", "Yes", prompt=prompt, kind="label")


@engine
async def test_a_continuation_that_leaves_the_context_overflows_too_and_the_engine_goes_on(local: Local) -> None:
    with pytest.raises(ContextOverflow, match="the context 512"):
        await scored(local, " fox" * 20, prompt="word" + " word" * 500)
    assert (await scored(local, " Heat\n")).continuations[0].logprob < 0


@engine
async def test_a_text_that_is_no_unicode_is_this_requests_error(local: Local) -> None:
    with pytest.raises(InvalidRequest, match="tokenize"):
        await scored(local, " \ud800")


@engine
async def test_only_what_an_earlier_request_computed_counts_as_cached(local: Local) -> None:
    prompt = "Seven quite different words open this new prompt:"
    first = await scored(local, " a", " b", " c d", prompt=prompt)
    second = await scored(local, " a", " b", " c d", prompt=prompt)
    assert first.usage.cached_tokens < first.usage.prompt_tokens / 2
    assert second.usage.cached_tokens > second.usage.prompt_tokens / 2


@engine
async def test_a_cancelled_request_leaves_the_engine_usable(local: Local) -> None:
    before = await scored(local, *TITLES)
    slow = asyncio.create_task(scored(local, *(f" A title nobody knows, number {n}\n" for n in range(200))))
    await asyncio.sleep(0.1)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    after = await asyncio.wait_for(scored(local, *TITLES), 60)
    assert [s.logprob for s in after.continuations] == pytest.approx(
        [s.logprob for s in before.continuations], abs=2e-3
    )


@pytest.mark.parametrize(
    ("prompt", "whole", "pieces"),
    [
        ((1, 2), (1, 2, 3), ((1, 2), (3,))),
        ((1, 2), (1, 9), ((1,), (9,))),
        ((1, 2), (1, 2), ((1, 2), ())),
        ((1, 2, 3), (1, 2, 9, 4), ((1, 2), (9, 4))),
    ],
)
def test_the_seam_is_where_the_tokens_begin_to_differ(
    prompt: tuple[int, ...], whole: tuple[int, ...], pieces: tuple[tuple[int, ...], ...]
) -> None:
    assert seam(prompt, whole) == pieces
