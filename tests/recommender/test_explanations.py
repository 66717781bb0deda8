"""Explanations come after the ranking, hold what they name, and never cost the ranking."""

from __future__ import annotations

from dataclasses import replace

import pytest
from doubles import Answering
from films import CATALOG, SETTING, TASK, build, text_of

from backends import Capability, Finish, GenerateRequest, Generation, ServerError, UnsupportedCapability
from recommender import Recommender, rank_one


async def test_the_top_items_come_with_a_reason() -> None:
    backend = Answering(text=lambda r: f"Because of {text_of(r).splitlines()[-1]}", logprob=lambda text: -len(text))
    ranking = (await rank_one(build("likelihood", explanations=2), backend, "u", TASK)).ranking
    assert [i.explanation for i in ranking.items[:3]] == [
        "Because of Recommended: Film 0",
        "Because of Recommended: Film 1",
        None,
    ]
    config = {"backend": {"kind": "scripted", "default": "[A]"}, "strategy": {"kind": "listwise", "explanations": 1}}
    out = Recommender.from_config(config, catalog=CATALOG).recommend(["Solaris"], k=2)
    assert [row.get("explanation") for row in out.to_dict()["items"]] == ["[A]", None]


async def test_statements_that_do_not_hold_are_left_out_counted_and_kept_apart() -> None:
    def text(request: GenerateRequest) -> str:
        if "Recommended: Film 1" in text_of(request):
            return "It is as good as Blade Runner."
        return "You chose Solaris. It won an Oscar." if "Recommended" in text_of(request) else "[A] > [B] > [C]"

    ranking = (await rank_one(build("listwise", explanations=2), Answering(text=text), "u", TASK)).ranking
    assert [i.explanation for i in ranking.items[:3]] == ["You chose Solaris.", None, None]
    assert [i.unfounded for i in ranking.items[:2]] == [("It won an Oscar.",), ("It is as good as Blade Runner.",)]
    assert any("explanations: 2 of 3 statements (67%)" in warning for warning in ranking.warnings)


async def test_a_ranking_outlives_explanations_that_fail() -> None:
    def text(request: GenerateRequest) -> str:
        if "Recommended" in text_of(request):
            raise ServerError("down")
        return "[A] > [C]"

    ranked = await rank_one(build("listwise", explanations=1), Answering(text=text), "u", TASK)
    assert ranked.error is None
    assert [i.title for i in ranked.ranking.by_model] == ["Film 0", "Film 2"]
    assert ranked.ranking.warnings == ("no explanations: down",)


def test_explanations_need_a_backend_that_chats() -> None:
    scores = frozenset({Capability.COMPLETION, Capability.CONTINUATION_LOGPROBS})
    with pytest.raises(UnsupportedCapability, match=r"strategy\.explanations needs chat, which the backend 'some'"):
        build("likelihood", replace(SETTING, capabilities=scores), explanations=1)


async def test_a_ranking_outlives_a_context_too_short_for_explanations() -> None:
    strategy = build("likelihood", replace(SETTING, context_tokens=150), explanations=1)
    ranking = (await rank_one(strategy, Answering(), "u", TASK)).ranking
    assert [i.title for i in ranking.by_model] == [i.title for i in TASK.candidates]
    [warning] = ranking.warnings
    assert warning.startswith("no explanations: Template 'explain' needs more than 30 tokens")


async def test_a_refusal_is_no_reason() -> None:
    class Refusing(Answering):
        async def generate(self, request: GenerateRequest) -> Generation:
            return replace(await super().generate(request), text="I cannot help.", finish=Finish.REFUSAL)

    ranking = (await rank_one(build("likelihood", explanations=1), Refusing(), "u", TASK)).ranking
    assert ranking.items[0].explanation is None


@pytest.mark.parametrize("parts", [{"strategies": ["likelihood"]}, {"stages": ["likelihood", "setwise"]}])
async def test_explanations_are_asked_for_the_ranking_and_not_for_its_parts(parts: dict[str, list[str]]) -> None:
    name = "fusion" if "strategies" in parts else "cascade"
    backend = Answering(text=lambda r: "You chose Solaris." if "Recommended" in text_of(r) else "[A]")
    ranking = (await rank_one(build(name, explanations=2, **parts), backend, "u", TASK)).ranking
    assert [i.explanation for i in ranking.items[:3]] == ["You chose Solaris."] * 2 + [None]
    [(key, (*others, last))] = parts.items()
    with pytest.raises(ValueError, match=f"{name} makes one ranking of its parts, so explanations belongs to it"):
        build(name, **{key: [*others, {"kind": last, "explanations": 2}]})
