"""The ``recommender`` command: what it prints, and what its exit codes mean."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recommender.cli import app
from recommender.command import run

ITEMS = "item_id,title,genre,popularity\n1,Alien,Horror,3\n2,Heat,Crime,2\n3,Brazil,Comedy,1\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text(ITEMS)
    path = tmp_path / "films.yaml"
    path.write_text('backend: {kind: scripted, default: "[B] > [A]"}\ncatalog: items.csv\n')
    return path


def test_json_has_the_shape_of_the_contract(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["recommend", "--config", str(config), "--history", "Alien", "-k", "2", "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert set(out) == {"items", "outcome", "usage", "warnings"}
    assert out["items"] == [
        {"rank": 1, "item_id": "3", "title": "Brazil", "score": None},
        {"rank": 2, "item_id": "2", "title": "Heat", "score": None},
    ]
    assert out["outcome"] == "whole"


@pytest.mark.parametrize("form", [["--json"], []])
def test_half_a_character_in_an_explanation_is_shown_as_one_that_is_missing(tmp_path: Path, form: list[str]) -> None:
    (tmp_path / "items.csv").write_text(ITEMS)
    config = tmp_path / "films.yaml"
    config.write_text(
        'backend: {kind: scripted, default: "[A] \\ud83d"}\n'
        "catalog: items.csv\nstrategy: {kind: listwise, explanations: 1}\n"
    )
    command = [sys.executable, "-m", "recommender", "recommend", "--config", str(config), "--history", "Alien"]
    done = subprocess.run([*command, *form], capture_output=True, check=False)
    assert done.returncode == 0
    assert "\ufffd" in done.stdout.decode("utf-8")


def test_people_get_a_table_and_what_was_chosen_goes_to_the_standard_error(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["recommend", "--config", str(config), "--history", "Alien", "--history", "Nowhere"]) == 0
    printed = capsys.readouterr()
    assert "Brazil" in printed.out
    assert "listwise" in printed.err
    assert "neither an id nor a title" in printed.err


def test_histories_and_candidates_come_from_files_too(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "history.jsonl").write_text(
        '{"item_id": "1", "kind": "view"}\n{"kind": "search", "text": "comedies"}\n'
    )
    (tmp_path / "candidates.txt").write_text("Heat\n3\n")
    arguments = ["--history-file", str(tmp_path / "history.jsonl"), "--candidates", str(tmp_path / "candidates.txt")]
    assert run(app, ["recommend", "--config", str(config), *arguments, "--json"]) == 0
    assert [i["item_id"] for i in json.loads(capsys.readouterr().out)["items"]] == ["3", "2"]


def test_filters_and_exclusions_bound_the_candidates(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--filter", "genre=Crime", "--filter", "genre=Comedy", "--exclude", "Heat", "--json"]
    assert run(app, ["recommend", "--config", str(config), *arguments]) == 0
    assert [i["title"] for i in json.loads(capsys.readouterr().out)["items"]] == ["Brazil"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage"),
        (["prompts"], "Usage: recommender prompts"),
        (["recomend"], "recommend"),
        (["recommend"], "--config is missing. See: recommender recommend --help"),
        (["recommend", "--config", "."], ".: a folder"),
        (["recommend", "--config", "CONFIG", "--history", "Blade", "Runner"], "Not understood: Runner. Put a title"),
        (["recommend", "--config", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["recommend", "--config", "CONFIG", "--histroy", "x"], "--history"),
        (["recommend", "--config", "CONFIG", "-k", "none"], "none"),
        (["recommend", "--config", "CONFIG", "-k", "0"], "k must be a whole number from 1 on"),
        (["recommend", "--config", "CONFIG", "--filter", "genre"], "attribute=value"),
        (["recommend", "--config", "CONFIG", "--candidates", "nowhere.txt"], "nowhere.txt: no such file"),
    ],
)
def test_wrong_usage_is_told_in_words_and_exits_with_2(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(app, [str(config) if part == "CONFIG" else part for part in arguments]) == 2
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def test_a_mistake_in_a_history_file_is_told_with_its_line(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text('\nAlien\n\n{"item_id": \n')
    assert run(app, ["recommend", "--config", str(config), "--history-file", str(file)]) == 2
    assert f"{file}:4: not valid JSON" in capsys.readouterr().err


def test_a_long_title_stands_in_one_line_of_a_pipe(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    title = "Night of the Day of the Dawn of the Son of the Bride of the Return of the Revenge of the Terror, part two"
    (tmp_path / "items.csv").write_text(f'item_id,title\n1,Alien\n2,"{title}"\n3,Brazil\n')
    assert run(app, ["recommend", "--config", str(config), "--history", "Alien"]) == 0
    assert title in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("recommender rec", "recommend"), ("recommender recommend --his", "--history --history-file")],
)
def test_bash_completes_what_is_typed(typed: str, offered: str) -> None:
    words = typed.split()
    script = (
        f"source <({sys.executable} -m recommender completion bash); "
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _recommender; echo ${{COMPREPLY[@]}}"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == offered.split()


def test_an_unusable_backend_exits_with_1(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("backend: {kind: scripted, default: {error: authentication}}\ncatalog: items.csv\n")
    assert run(app, ["recommend", "--config", str(config), "--history", "Alien"]) == 1
    assert capsys.readouterr().err.strip()


def test_python_m_is_the_same_command() -> None:
    done = subprocess.run([sys.executable, "-m", "recommender", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "recommend" in done.stdout


def test_titles_answers_and_names_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steering = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202e"
    (tmp_path / "items.csv").write_text(f"item_id,title\n1,Ali{steering}en\n2,Heat\n3,Ronin\n")
    answer = f"[A] > [B]. Because {steering} of it."
    path = tmp_path / "films.yaml"
    path.write_text(
        json.dumps(
            {
                "name": f"mine{steering}",
                "backend": {"kind": "scripted", "default": answer},
                "strategy": {"kind": "listwise", "explanations": 1},
                "catalog": "items.csv",
            }
        )
    )
    more = ["--history", "Heat", "--history", f"Nothing{steering}", "--show-prompt"]
    assert run(app, ["recommend", "--config", str(path), *more]) == 0
    assert run(app, ["recommend", "--config", f"{steering}.yaml"]) == 2
    for said in capsys.readouterr():
        assert "mine" in said or "en" in said
        assert not re.search("[\x1b\x07\x9b\u202e]", said)
