"""The embedded engine on a real model: likelihoods are exact, constraints are checked, and mistakes are told in words."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import textwrap
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

import backends.llama
from backends import (
    ENGINES,
    Choice,
    ConfigurationError,
    ContextOverflow,
    Finish,
    GenerateRequest,
    Grammar,
    InvalidRequest,
    JsonSchema,
    Message,
    Sampling,
    ScoreRequest,
    Scores,
    Surroundings,
)
from backends.continuations import seam
from backends.engines.local import Local
from backends.llama import usable_threads

engine = pytest.mark.engine
HISTORY = "Movies watched by one person, in order:\n- Alien\n- Blade Runner\n-"
TITLES = (" The Terminator\n", " The Thing\n", " Brazil\n", " Heat\n")


def make(**options: object) -> Local:
    kind = ENGINES.load("local")
    backend = kind.create(kind.options(kind="local", context=512, **options), Surroundings())
    assert isinstance(backend, Local)
    return backend


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    backend = make()
    yield backend
    asyncio.run(backend.aclose())


async def scored(
    local: Local, *texts: str, prompt: str | tuple[Message, ...] = HISTORY, kind: str = "continuation"
) -> Scores:
    return await local.score(ScoreRequest(prompt=prompt, continuations=texts, kind=kind))  # type: ignore[arg-type]


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
async def test_a_capped_text_is_marked_as_cut_and_a_stop_string_ends_one(local: Local) -> None:
    ask = (Message(role="user", content="Count from one to twenty."),)
    cut = await local.generate(GenerateRequest(prompt=ask, sampling=Sampling(max_tokens=3)))
    assert cut.finish is Finish.LENGTH
    assert (cut.usage.requests, cut.usage.completion_tokens, cut.usage.usd) == (1, 3, 0.0)
    again = await local.generate(GenerateRequest(prompt=ask, sampling=Sampling(max_tokens=3)))
    assert again.text == cut.text
    stopped = await local.generate(
        GenerateRequest(prompt="one, two, three, four,", sampling=Sampling(max_tokens=30, stop=(",",)))
    )
    assert stopped.finish is Finish.STOP
    assert "," not in stopped.text


@engine
async def test_constraints_are_kept(local: Local) -> None:
    ask = (Message(role="user", content="Pick a colour."),)
    schema = {
        "type": "object",
        "properties": {"pick": {"type": "string", "enum": ["A", "B"]}},
        "required": ["pick"],
        "additionalProperties": False,
    }
    for constraint, right in (
        (Choice(options=('r"ed', "blue\nsky")), ('r"ed', "blue\nsky")),
        (Grammar(text='root ::= "xyz"'), ("xyz",)),
        (JsonSchema(schema=schema), ('{"pick": "A"}', '{"pick": "B"}')),
    ):
        answer = await local.generate(
            GenerateRequest(prompt=ask, constraint=constraint, sampling=Sampling(max_tokens=40))
        )
        assert answer.text.replace(" ", "").replace("\n", "") in [r.replace(" ", "").replace("\n", "") for r in right]
        assert not answer.constraint_ignored


@engine
@pytest.mark.parametrize("schema", [{"type": "string", "pattern": "([unclosed"}, {"type": "nonsense"}])
async def test_a_constraint_that_the_engine_drops_in_silence_is_flagged(local: Local, schema: dict[str, str]) -> None:
    request = GenerateRequest(
        prompt="Say hello.\n", constraint=JsonSchema(schema=schema), sampling=Sampling(max_tokens=60, stop=("\n",))
    )
    assert (await local.generate(request)).constraint_ignored


@engine
@pytest.mark.parametrize("grammar", ["root ::= (((", "%llguidance {}\nstart: ((("])
async def test_a_grammar_that_cannot_be_kept_is_refused(local: Local, grammar: str) -> None:
    with pytest.raises(InvalidRequest):
        await local.generate(GenerateRequest(prompt="Say hello.\n", constraint=Grammar(text=grammar)))


@engine
async def test_a_prompt_that_does_not_fit_says_so_for_text_and_for_scores(local: Local) -> None:
    long = "word " * 2000
    with pytest.raises(ContextOverflow, match="context"):
        await local.generate(GenerateRequest(prompt=long))
    with pytest.raises(ContextOverflow):
        await scored(local, " next", " other", prompt=long)


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
async def test_half_a_character_has_no_alternatives_and_is_no_crash(local: Local) -> None:
    request = GenerateRequest(prompt="千と千尋の神隠", sampling=Sampling(max_tokens=1), top_logprobs=2)
    assert (await local.generate(request)).finish is Finish.LENGTH


@engine
async def test_closing_frees_the_model_at_once_and_a_request_loads_it_again() -> None:
    backend = make()
    await backend.start()
    freed = weakref.ref(backend._llama)
    await backend.aclose()
    await backend.aclose()
    assert freed() is None
    assert (await scored(backend, " Heat\n")).continuations[0].logprob < 0
    await backend.aclose()


@engine
def test_a_model_may_be_closed_as_soon_as_it_is_loaded() -> None:
    """In a process of its own, since an engine that hangs while it is freed holds the whole process."""
    script = """
        import asyncio
        from backends import ENGINES, Surroundings

        async def main():
            kind = ENGINES.load("local")
            for _ in range(4):
                backend = kind.create(kind.options(kind="local", context=256, threads=1), Surroundings())
                await backend.start()
                await backend.aclose()

        asyncio.run(main())
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)


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


@engine
def test_it_works_from_one_event_loop_after_another_and_writes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    backend = make()
    first = asyncio.run(scored(backend, " Heat\n"))
    second = asyncio.run(scored(backend, " Heat\n"))
    asyncio.run(backend.aclose())
    assert first.continuations[0].logprob == pytest.approx(second.continuations[0].logprob, abs=2e-3)
    assert capfd.readouterr() == ("", "")


@engine
async def test_what_is_no_model_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "not.gguf").write_text("hello")
    with pytest.raises(ConfigurationError, match=r"not\.gguf: cannot be loaded as a GGUF model"):
        await make(model=str(tmp_path / "not.gguf")).start()


async def test_a_missing_file_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no file .*none\.gguf\. Set backend\.model"):
        await make(model=str(tmp_path / "none.gguf")).start()


async def test_a_missing_extra_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", None)
    (tmp_path / "a.gguf").write_text("x")
    with pytest.raises(ConfigurationError, match=r"pip install 'promptrec\[local\]'"):
        await make(model=str(tmp_path / "a.gguf")).start()


def test_any_concurrency_is_taken_and_one_is_used() -> None:
    assert ENGINES.load("local").options(kind="local", concurrency=32).concurrency == 1


@pytest.mark.parametrize(
    ("busy", "cores", "threads"), [(0.1, 4, 4), (0.4, 4, 4), (1.0, 4, 3), (4.0, 4, 3), (9.0, 1, 1)]
)
def test_a_busy_machine_is_left_a_core(monkeypatch: pytest.MonkeyPatch, busy: float, cores: int, threads: int) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr(backends.llama, "_busy_cores", lambda: busy)
    monkeypatch.setattr(backends.llama, "_quota", lambda: None)
    assert usable_threads() == threads


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


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"error": "boom"}, "ServerError"),
        ({"error": {"code": None, "message": "odd"}}, "ServerError"),
        ({"error": {"code": "invalid"}}, "ServerError"),
        ({"error": {"code": 400, "message": "bad"}}, "InvalidRequest"),
        ({"error": {"code": 400, "type": "exceed_context_size_error"}}, "ContextOverflow"),
        ({"choices": []}, "BadResponse"),
        ([], "BadResponse"),
    ],
)
def test_whatever_the_engine_says_becomes_an_error_of_ours(said: object, error: str) -> None:
    with pytest.raises(getattr(backends, error)):
        backends.llama._checked(said)
