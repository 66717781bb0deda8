"""Files are found, checked and refused with a place and a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import prompts
from prompts import TemplateInvalid, TemplateNotFound, languages, lint, load, names

HEAD = """---
name: mine
version: 3
task: listwise
language: en
needs: [history]
answer: labels
summary: One of the user's own.
---
"""
BODY = "{% block user %}\nHello {{ history | length }}\n{% endblock %}\n"


def write(folder: Path, text: str | bytes = HEAD + BODY, name: str = "mine.j2") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_import_is_quick_and_pulls_no_engine() -> None:
    code = (
        "import sys, time; begun = time.process_time(); import prompts; spent = time.process_time() - begun;"
        "print([name for name in ('jinja2', 'yaml', 'openai', 'pydantic', 'recommender', 'backends')"
        " if name in sys.modules], spent < 0.3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[] True"


def test_own_folder_adds_and_overrides(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, HEAD.replace("mine", "listwise") + BODY, "listwise.j2")
    assert {"mine", "listwise", "open"} <= set(names(tmp_path))
    assert "mine" not in names()
    assert load("mine", folder=tmp_path).messages(history=[1, 2]) == (("user", "Hello 2"),)
    assert load("listwise", folder=tmp_path).version == 3
    assert load("listwise", folder=tmp_path).path.parent == tmp_path
    assert load("listwise", language="zh", folder=tmp_path).path.parent != tmp_path
    assert load("listwise").version != 3


def test_identity_follows_every_byte_of_the_file(tmp_path: Path) -> None:
    write(tmp_path)
    before = load("mine", folder=tmp_path)
    assert before.id == f"mine@3#{before.digest[:12]}"
    write(tmp_path, HEAD.replace("own", "very own") + BODY)
    after = load("mine", folder=tmp_path)
    assert after.digest != before.digest
    write(tmp_path)
    assert load("mine", folder=tmp_path).id == before.id


def test_unknown_names_and_languages_are_told_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(TemplateNotFound, match="Did you mean 'listwise'"):
        load("listwize")
    with pytest.raises(TemplateNotFound, match="not written in 'fr'; there is en, zh"):
        load("listwise", language="fr")
    with pytest.raises(TemplateNotFound, match="no template '../errors'"):
        load("../errors")
    with pytest.raises(TemplateNotFound, match="does not exist"):
        names(tmp_path / "nowhere")
    with pytest.raises(TemplateNotFound, match="does not exist"):
        lint(tmp_path / "nowhere")
    assert load("listwise", language="zh-CN").language == "zh"
    assert languages("nothing") == []


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("---\nname", "name", 1, "begins with a line '---'"),
        ("\n---\n{% block", "\n{% block", 1, "not closed"),
        ("version: 3", "verison: 3", 3, "unknown key 'verison'.*Did you mean 'version'"),
        ("version: 3", "version: yes", 3, "whole number"),
        ("version: 3", "version: 1.5", 3, "whole number"),
        ("version: 3", "version: 3\nversion: 4", 4, "twice"),
        ("version: 3\n", "", 1, "lacks 'version'"),
        ("task: listwise", "task: listwize", 4, "Did you mean 'listwise'"),
        ("answer: labels", "answer: label5", 7, "Did you mean 'label"),
        ("[history]", "history", 6, "must be a list"),
        ("[history]", "[{a: b}]", 6, "flat list"),
        ("[history]", "[history", 7, "not YAML"),
        ("[history]", "&a [*a]", 6, "flat list|not YAML"),
        ("name: mine", "name: [mine]", 2, "one value"),
        ("name: mine", "name: yours", 1, "the file's name says 'mine'"),
        ("language: en", "language: zh", 1, "the file's name says 'mine' in 'en'"),
        ("summary: One", "summary: \x00One", 1, "characters that YAML does not allow"),
        ("Hello", "{{ hitsory }}", 11, "'hitsory' is not declared.*Did you mean 'history'"),
        ("Hello", "{{ mood }}", 11, "'mood' is not declared.*Add it to 'needs'"),
        ("Hello", "{% if %}", 11, "Expected an expression"),
        ("{% endblock %}", "", 11, "Unexpected end of template"),
        ("{% block user %}", "Stray\n{% block user %}", 10, "stands inside its blocks"),
    ],
)
def test_a_broken_file_is_refused_with_file_and_line(tmp_path: Path, old: str, new: str, place: int, said: str) -> None:
    assert old in HEAD + BODY
    path = write(tmp_path, (HEAD + BODY).replace(old, new, 1))
    with pytest.raises(TemplateInvalid, match=said) as caught:
        load("mine", folder=tmp_path)
    assert str(caught.value).startswith(f"{path}:{place}:")
    assert any(str(path) in problem for problem in lint(tmp_path))


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    write(tmp_path, HEAD.encode() + b"\n\xff")
    with pytest.raises(TemplateInvalid, match=":11: not UTF-8"):
        load("mine", folder=tmp_path)
    write(tmp_path, HEAD + "x" * 70_000)
    with pytest.raises(TemplateInvalid, match="larger than 64 KiB"):
        load("mine", folder=tmp_path)
    write(tmp_path, HEAD)
    with pytest.raises(TemplateInvalid, match="no block"):
        load("mine", folder=tmp_path)
    write(tmp_path, name="My Template.j2")
    with pytest.raises(TemplateInvalid, match="is named like"):
        names(tmp_path)
    (tmp_path / "My Template.j2").unlink()
    (tmp_path / "mine.j2").unlink()
    (tmp_path / "mine.j2").mkdir()
    with pytest.raises(TemplateInvalid, match="cannot be read"):
        load("mine", folder=tmp_path)


def test_byte_order_mark_and_windows_line_ends_change_nothing_but_the_digest(tmp_path: Path) -> None:
    write(tmp_path)
    plain = load("mine", folder=tmp_path)
    write(tmp_path, b"\xef\xbb\xbf" + (HEAD + BODY).replace("\n", "\r\n").encode())
    windows = load("mine", folder=tmp_path)
    assert windows.messages(history=[]) == plain.messages(history=[])
    assert windows.digest != plain.digest


def test_a_yaml_word_stays_the_word(tmp_path: Path) -> None:
    write(tmp_path, HEAD.replace("summary: One of the user's own.", "summary: no\nchoices: [Yes, No]") + BODY)
    template = load("mine", folder=tmp_path)
    assert (template.summary, template.choices) == ("no", ("Yes", "No"))


@pytest.mark.parametrize(
    ("needs", "body", "said"),
    [
        ("[history, mood]", BODY, "no strategy gives mood"),
        ("[history, candidates]", "{% for c in candidates %}{{ c.title }}{% endfor %}"
         "{% for h in history if h.title %}{{ h.title }}{% endfor %}", "before the history"),
        ("[history]", "{% for h in history if h.title %}{{ h.title }}{% endfor %}" + "later " * 100, "belongs at the top"),
        ("[history]", "{{ history[0].titel }}", "cannot be rendered"),
        ("[history]", "{% for h in history %}{{ h.title }}{% endfor %}", "a value is None; test it first"),
        ("[history]", "{% if history | length > 100 %}x{% endif %}", "is empty"),
    ],
)  # fmt: skip
def test_lint_finds_what_loading_cannot(tmp_path: Path, needs: str, body: str, said: str) -> None:
    body = body if "block" in body else "{% block user %}" + body + "{% endblock %}"
    write(tmp_path, HEAD.replace("[history]", needs) + body)
    problems = lint(tmp_path)
    assert problems
    assert said in problems[0]


def test_errors_while_rendering_name_file_and_line_and_no_value(tmp_path: Path) -> None:
    body = "{% block user %}\n{% for h in history %}\n{{ h.titel }}\n{% endfor %}\n{% endblock %}"
    path = write(tmp_path, HEAD + body)
    with pytest.raises(prompts.RenderError, match="'titel'") as caught:
        load("mine", folder=tmp_path).messages(history=[{"title": "My Secret Title"}])
    assert f"{path}:12" in str(caught.value)
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("value", [{"a": 1}, [1], True, object(), b"x"])
def test_only_text_and_numbers_are_printed(tmp_path: Path, value: Any) -> None:
    write(tmp_path, HEAD + "{% block user %}{{ history }}{% endblock %}")
    template = load("mine", folder=tmp_path)
    with pytest.raises(prompts.RenderError, match="only text and numbers"):
        template.messages(history=value)
    with pytest.raises(prompts.RenderError, match="is None"):
        template.messages(history=None)
    assert template.block("user", history=4.0) == "4"
    assert template.block("user", history=3.25) == "3.25"
