"""The embedded engine on a real model: constraints are checked, mistakes are told in words, and it can be closed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path

import pytest
from fakes.local_engine import make, scored

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
)
from backends.engines.local import Local
from backends.llama import usable_threads

engine = pytest.mark.engine


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
