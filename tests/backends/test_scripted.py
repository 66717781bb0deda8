"""The scripted engine, through the door that a config uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from backends import (
    ENGINES,
    AuthenticationError,
    Backend,
    BackendError,
    Capability,
    Choice,
    ConfigurationError,
    Finish,
    GenerateRequest,
    InvalidRequest,
    Message,
    RateLimited,
    ScoreRequest,
    Surroundings,
    UnsupportedCapability,
)


def make(folder: Path = Path(), **options: Any) -> Backend:
    engine = ENGINES.load("scripted")
    return engine.create(engine.options.model_validate({"kind": "scripted", **options}), Surroundings(folder=folder))


async def test_the_longest_part_of_the_prompt_that_fits_gives_the_answer() -> None:
    backend = make(default="[A]", responses={"Alien": "[B]", "Alien and Heat": "[C]"})
    asked = ["nothing known", "seen: Alien", "seen: Alien and Heat"]
    assert [(await backend.generate(GenerateRequest(prompt=p))).text for p in asked] == ["[A]", "[B]", "[C]"]


async def test_messages_are_searched_too_and_words_are_counted_at_no_price() -> None:
    prompt = (Message(role="system", content="Rank."), Message(role="user", content="Seen Alien"))
    answer = await make(responses={"Alien": "[B] > [A]"}).generate(GenerateRequest(prompt=prompt))
    assert answer.usage.requests == 1
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.usd) == (3, 3, 0.0)


@pytest.mark.parametrize("finish", ["length", "content_filter", "refusal"])
async def test_an_answer_may_end_otherwise_than_whole(finish: str) -> None:
    answer = await make(default={"text": "[B]", "finish": finish}).generate(GenerateRequest(prompt="x"))
    assert (answer.text, answer.finish) == ("[B]", Finish(finish))


@pytest.mark.parametrize(("reason", "kind"), [("authentication", AuthenticationError), ("rate-limited", RateLimited)])
async def test_an_error_of_the_tree_is_raised_for_text_and_for_scores(reason: str, kind: type[BackendError]) -> None:
    backend = make(default={"error": reason}, capabilities=["continuation_logprobs"])
    with pytest.raises(kind):
        await backend.generate(GenerateRequest(prompt="x"))
    with pytest.raises(kind):
        await backend.score(ScoreRequest(prompt="x", continuations=("a",)))


async def test_a_prompt_without_an_answer_fails_alone_and_says_what_to_add() -> None:
    with pytest.raises(InvalidRequest, match=r"backend\.responses.*backend\.default") as caught:
        await make(responses={"Alien": "[A]"}).generate(GenerateRequest(prompt="the secret prompt"))
    assert not caught.value.fatal
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"default": {"error": "authentification"}}, "Did you mean 'authentication'"),
        ({"default": {"finish": "stop"}}, "either `text` or `error`"),
        ({"default": {"text": "a", "error": "timeout"}}, "either `text` or `error`"),
        ({"capabilities": ["telepathy"]}, "capabilities"),
        ({"logprobs": {"a": float("nan")}}, "finite"),
        ({"answers": {}}, "answers"),
    ],
)
def test_wrong_options_are_refused_by_name(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(**wrong)


@pytest.mark.parametrize("name", ["answers.json", "answers.yaml"])
async def test_answers_come_from_a_file_beside_the_config_and_options_go_before_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps({"default": "file", "responses": {"Alien": "file", "Heat": "file"}}))
    backend = make(tmp_path, script=name, responses={"Alien": "options"})
    asked = ["Alien", "Heat", "other"]
    assert [(await backend.generate(GenerateRequest(prompt=p))).text for p in asked] == ["options", "file", "file"]


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no such file"), ("default: [", "not JSON or YAML"), ("answers: {}", "answers"), ("[1]", "the file")],
)
def test_a_wrong_script_file_is_told_in_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "answers.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=said) as caught:
        make(tmp_path, script="answers.yaml")
    assert "answers.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_scores_are_the_scripts_own_or_minus_the_length() -> None:
    backend = make(logprobs={"Heat": -0.5}, capabilities=["continuation_logprobs"])
    scores = await backend.score(ScoreRequest(prompt="x", continuations=(" Heat", " Alien", " The Thing")))
    assert [score.logprob for score in scores.continuations] == [-0.5, -5.0, -9.0]
    assert [score.tokens for score in scores.continuations] == [1, 1, 2]


async def test_scores_need_the_capability() -> None:
    assert make().capabilities == {"chat", "completion", "json_schema", "choice"}
    with pytest.raises(UnsupportedCapability, match="backend.capabilities"):
        await make().score(ScoreRequest(prompt="x", continuations=("a",)))
    assert make(capabilities=["label_logprobs"]).capabilities == {Capability.LABEL_LOGPROBS}


async def test_an_answer_outside_its_constraint_is_marked() -> None:
    backend = make(default="B")
    inside = await backend.generate(GenerateRequest(prompt="x", constraint=Choice(options=("A", "B"))))
    outside = await backend.generate(GenerateRequest(prompt="x", constraint=Choice(options=("A", "C"))))
    assert (inside.constraint_ignored, outside.constraint_ignored) == (False, True)


def test_another_script_is_another_identity() -> None:
    assert make(default="a").identity == make(default="a").identity
    assert make(default="a").identity != make(default="b").identity
    assert make(default="a", logprobs={"x": -1}).identity != make(default="a").identity
