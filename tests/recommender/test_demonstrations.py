"""Demonstrations show what somebody chose next, and nobody's own future."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from doubles import Answering
from films import SETTING, TASK, build, text_of

from recommender import ConfigError, History, Strategy, Task, rank_one


def people(tmp_path: Path, *histories: list[str]) -> str:
    rows = [json.dumps({"user_id": at, "history": ids, "targets": ["c4"]}) for at, ids in enumerate(histories)]
    (tmp_path / "people.jsonl").write_text("\n".join(rows))
    return "people.jsonl"


async def shown(strategy: Strategy, task: Task = TASK) -> list[str]:
    backend = Answering()
    await rank_one(strategy, backend, "u", task)
    return [line for line in text_of(backend.sent[0]).splitlines() if "→ " in line and line.startswith("•")]


async def test_own_demonstrations_are_the_persons_newest_steps() -> None:
    strategy = build("first", demonstrations={"kind": "own", "count": 2, "length": 2})
    assert await shown(strategy) == ["• Solaris; Stalker → Mirror", "• Stalker; Mirror → Nostalghia"]
    assert await shown(strategy, replace(TASK, history=History())) == []


async def test_random_demonstrations_are_the_same_for_everybody_and_follow_the_seed(tmp_path: Path) -> None:
    file = people(tmp_path, *[[f"o{i}", f"o{i + 1}"] for i in range(8)])
    options = {"demonstrations": {"kind": "random", "count": 2, "file": file}}
    setting = replace(SETTING, folder=tmp_path)
    one = await shown(build("first", setting, **options))
    other = await shown(build("first", setting, **options), replace(TASK, history=History()))
    assert one == other
    assert len(one) == 2
    seeds = [await shown(build("first", replace(setting, seed=seed), **options)) for seed in range(5)]
    assert len({tuple(lines) for lines in seeds}) > 1


async def test_similar_people_come_first(tmp_path: Path) -> None:
    file = people(tmp_path, ["o0", "o1", "o2"], ["h0", "o3", "h1", "o4"], ["h2", "o5"], ["o6", "o7"])
    options = {"demonstrations": {"kind": "similar", "count": 3, "file": file}}
    lines = await shown(build("first", replace(SETTING, folder=tmp_path), **options))
    assert lines[:2] == ["• Solaris; Other 3; Stalker → Other 4", "• Mirror → Other 5"]
    assert len(lines) == 3


@pytest.mark.parametrize("kind", ["random", "similar"])
async def test_nobodys_own_future_is_ever_a_demonstration(tmp_path: Path, kind: str) -> None:
    """The person's own line of the file, with the target at its end, is left out, in whole and with gaps."""
    future = "c3"
    own = ["h0", "h1", "h2", "h3", future]
    longer = [*(["o0", "o1", "o2"]), *own]
    file = people(tmp_path, own, longer, [*own[::-1]], ["o5", "o6"])
    strategy = build(
        "first", replace(SETTING, folder=tmp_path), demonstrations={"kind": kind, "count": 5, "file": file}
    )
    assert await shown(strategy) == ["• Other 5 → Other 6"]


async def test_targets_in_the_file_are_not_read(tmp_path: Path) -> None:
    file = people(tmp_path, ["o0", "o1"])
    strategy = build(
        "first", replace(SETTING, folder=tmp_path), demonstrations={"kind": "random", "count": 5, "file": file}
    )
    assert all("Film 4" not in line for line in await shown(strategy))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file"),
        ('{"history": ["o1"]}\nnonsense\n', ":2: not a person"),
        ('{"history": ["o1", "zz"]}\n', "item 'zz' is not in"),
    ],
)
def test_a_file_of_people_that_cannot_be_used_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "people.jsonl").write_text(content)
    with pytest.raises(ConfigError, match=message):
        build("first", replace(SETTING, folder=tmp_path), demonstrations={"kind": "random", "file": "people.jsonl"})


def test_other_people_need_a_file_and_ones_own_steps_none() -> None:
    for options in ({"kind": "similar"}, {"kind": "own", "file": "x.jsonl"}):
        with pytest.raises(ValueError, match="file of other people"):
            build("first", demonstrations=options)
