"""``recommender prompts``: every template can be listed, shown, checked and rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

import prompts
from recommender.cli import app
from recommender.command import run

BROKEN = """---
name: broken
version: 1
task: listwise
language: en
needs: [candidates]
answer: labels
summary: broken
---
{% block user %}
{% include "/etc/passwd" %}
{% endblock %}
"""


def test_list_names_every_template_with_its_hash_and_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["prompts", "list"]) == 0
    out = capsys.readouterr().out
    for name in prompts.names():
        assert prompts.load(name).id in out
    assert "en, zh" in out


def test_show_prints_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["prompts", "show", "listwise", "--language", "zh"]) == 0
    printed = capsys.readouterr()
    template = prompts.load("listwise", language="zh")
    assert printed.out == template.path.read_text(encoding="utf-8")
    assert template.id in printed.err


@pytest.mark.parametrize("name", prompts.names())
@pytest.mark.parametrize("language", ["en", "zh"])
def test_render_shows_what_the_model_would_get(name: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["prompts", "render", name, "--language", language, "--domain", "shop"]) == 0
    out = capsys.readouterr().out
    assert "{{" not in out
    assert out.startswith("[")


def test_lint_passes_the_package_and_names_what_is_wrong_with_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["prompts", "lint"]) == 0
    assert "0 problems" in capsys.readouterr().err
    (tmp_path / "broken.j2").write_text(BROKEN)
    assert run(app, ["prompts", "lint", str(tmp_path)]) == 1
    assert "broken.j2:11: templates may not use {% include %}" in capsys.readouterr().out


def test_own_templates_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = prompts.load("open").path.read_text(encoding="utf-8").replace("You recommend", "You kindly recommend")
    (tmp_path / "open.j2").write_text(text)
    assert run(app, ["prompts", "render", "open", "--templates", str(tmp_path)]) == 0
    assert "You kindly recommend movies" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "listwize"], "Did you mean 'listwise'"),
        (["render", "listwise", "--language", "fi"], "not written in 'fi'"),
        (["render", "listwise", "--domain", "music"], "no sample domain 'music'"),
        (["lint", "nowhere"], "does not exist"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["prompts", *arguments]) == 2
    assert message in capsys.readouterr().err
