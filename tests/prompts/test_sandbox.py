"""Templates from users can neither escape nor blow up.

The bombs are those that Jinja's stock sandbox lets through; here they are refused before anything of them runs.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from prompts import PromptTooLong, RenderError, TemplateInvalid, load, template

HEAD = """---
name: bomb
version: 1
task: listwise
language: en
needs: [history, domain, candidate]
answer: labels
summary: Hostile.
---
"""


def written(folder: Path, body: str) -> Path:
    block = body if "{% block" in body else "{% block user %}" + body + "{% endblock %}"
    (folder / "bomb.j2").write_text(HEAD + block, encoding="utf-8")
    return folder


BOMBS = {
    "range": "{% for i in range(10**9) %}x{% endfor %}",
    "multiplied text": "{{ 'x' * 10**9 }}",
    "multiplied list": "{% for i in [1] * 99999999 %}x{% endfor %}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "percent": "{{ '%1000000000s' % 1 }}",
    "percent filter": "{{ '%1000000000s' | format(1) }}",
    "str.format": "{{ '{:>1000000000}'.format(1) }}",
    "str.center": "{{ 'x'.center(10 ** 9) }}",
    "str.ljust": "{{ domain.item.ljust(1000000000) }}",
    "str.join": "{{ ('x' * 10000).join(history) }}",
    "center filter": "{{ 'x' | center(1000000000) }}",
    "batch filter": "{{ [1] | batch(1000000000, 'x') | list }}",
    "join filter": "{{ history | join(domain.item) }}",
    "replace filter": "{{ 'xxx' | replace('x', domain.item) }}",
    "indent filter": "{{ 'x' | indent(1000000000) }}",
    "lipsum": "{{ lipsum(n=100000) }}",
    "doubling by namespace": "{% set n = namespace(x='x') %}{% for i in history %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "doubling by set": "{% set a = 'xx' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "doubling by with": "{% with a = domain.item ~ domain.item %}{{ a }}{% endwith %}",
    "adding text": "{{ domain.item + domain.item }}",
    "loop over the same again": "{% for a in history %}{% for b in history %}x{% endfor %}{% endfor %}",
    "empty loop over the same again": "{% for a in history %}{% for b in history %}{% endfor %}{% endfor %}",
    "triple loop": "{% for a in history %}{% for b in a %}{% for c in b %}{% endfor %}{% endfor %}{% endfor %}",
    "search inside a loop": "{% for a in history %}{% if a in history %}x{% endif %}{% endfor %}",
    "macro recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "recursive loop": "{% for a in history recursive %}{{ loop(history) }}{% endfor %}",
    "set block": "{% set a %}x{% endset %}",
    "filter block": "{% filter center(1000000000) %}x{% endfilter %}",
    "call block": "{% call domain() %}x{% endcall %}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import '/etc/passwd' as x %}",
    "from import": "{% from '/etc/passwd' import x %}",
    "extends": "{% extends '/etc/passwd' %}{% block user %}x{% endblock %}",
    "self": "{{ self.user() }}",
    "super": "{{ super() }}",
    "nested block": "{% block user %}{% block system %}x{% endblock %}{% endblock %}",
    "dict": "{{ {'a': 1} }}",
    "deep nesting": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "long number": "{{ " + "9" * 5000 + " }}",
    "endless number": "{{ 1e999 }}",
    "long chain": "{{ domain.item" + " | lower" * 5000 + " }}",
    "the count of what is read": "{{ history | _reading }}",
    "deep ifs": "{% if history %}" * 300 + "x" + "{% endif %}" * 300,
}

ESCAPES = {
    "class": "{{ ''.__class__.__mro__ }}",
    "class by index": "{{ ''['__class__'] }}",
    "class by attr filter": "{{ '' | attr('__class__') }}",
    "class by map": "{{ history | map(attribute='__class__') | list }}",
    "indirect format": "{{ ('{0.__class__}' | attr('format'))('x') }}",
    "format_map": "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "globals": "{{ history.__init__.__globals__ }}",
    "cycler": "{{ cycler.__init__.__globals__ }}",
    "joiner": "{{ joiner() }}",
    "loop internals": "{% for h in history %}{{ loop._iterator }}{% endfor %}",
    "loop.cycle": "{% for h in history %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "sort by attribute": "{{ history | sort(attribute='__class__') }}",
    "silenced strictness": "{{ history | default('x') }}",
    "method": "{{ history.clear() }}",
    "computed index": "{{ domain[candidate.title] }}",
    "tojson": "{{ history | tojson }}",
    "pprint": "{{ history | pprint }}",
    "safe": "{{ candidate.title | safe }}",
}


@pytest.mark.parametrize("body", [*BOMBS.values(), *ESCAPES.values()], ids=[*BOMBS, *ESCAPES])
def test_is_refused_before_it_runs(tmp_path: Path, body: str) -> None:
    begun = time.process_time()
    with pytest.raises(TemplateInvalid, match=r"bomb\.j2"):
        load("bomb", folder=written(tmp_path, body))
    assert time.process_time() - begun < 2


class Live:
    """An object that must not be given to templates; if it is, nothing of it can be reached."""

    title = "secret"
    wiped = False

    def wipe(self) -> str:
        self.wiped = True
        return "wiped"


@pytest.mark.parametrize("body", ["{{ candidate.title }}", "{{ candidate['title'] }}", "{{ candidate.wipe }}"])
def test_nothing_of_a_live_object_can_be_reached(tmp_path: Path, body: str) -> None:
    live = Live()
    bomb = load("bomb", folder=written(tmp_path, body))
    with pytest.raises(RenderError):
        bomb.messages(history=[], domain={}, candidate=live)
    assert not live.wiped


@pytest.mark.parametrize("body", ["{{ domain.keys }}", "{{ domain.update }}", "{{ history.append }}"])
def test_methods_are_not_fields(tmp_path: Path, body: str) -> None:
    bomb = load("bomb", folder=written(tmp_path, body))
    with pytest.raises(RenderError):
        bomb.messages(history=[], domain={}, candidate={})


def test_a_key_called_items_is_the_key(tmp_path: Path) -> None:
    bomb = load("bomb", folder=written(tmp_path, "{{ domain.items }}"))
    assert bomb.block("user", history=[], domain={"items": "films"}, candidate={}) == "films"


def test_text_that_looks_like_a_template_stays_text(tmp_path: Path) -> None:
    bomb = load("bomb", folder=written(tmp_path, "{{ candidate.title }}"))
    title = "{{ 7 * 7 }} {% include 'x' %} {# y #}"
    assert bomb.block("user", history=[], domain={}, candidate={"title": title}) == title


def test_rendering_stops_at_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "LONGEST_PROMPT", 1_000)
    bomb = load("bomb", folder=written(tmp_path, "{% for h in history %}0123456789{% endfor %}"))
    endless = iter(int, 1)
    with pytest.raises(PromptTooLong, match="at most 1,000 characters"):
        bomb.messages(history=endless, domain={}, candidate={})


SLOW = {
    "loops with nothing in them": "{% for h in history %}{% for c in h.text %}{% endfor %}{% endfor %}" * 500,
    "loops that pass everything over": "{% for h in history %}{% for c in h.text if c == 'q' %}{% endfor %}{% endfor %}" * 400,
    "a long text cut to a letter": "{% for h in history %}" + "{{ h.text | cap(1) }}" * 2000 + "{% endfor %}",
    "turned round and round": "{% for h in history %}" + "{{ h.text | reverse | length }}" * 1500 + "{% endfor %}",
    "a long text turned by a slice": "{% for h in history %}" + "{% if h.text[::-1] == 'q' %}{% endif %}" * 1500 + "{% endfor %}",
    "asked and not printed": "{% for h in history %}" + "{% if h.text | lower == 'q' %}{% endif %}" * 1500 + "{% endfor %}",
}  # fmt: skip


@pytest.mark.parametrize("body", SLOW.values(), ids=SLOW)
def test_what_writes_little_and_takes_long_is_stopped(tmp_path: Path, body: str) -> None:
    history = [{"title": "T", "text": "x" * 2000}] * 500
    bomb = load("bomb", folder=written(tmp_path, body))
    begun = time.process_time()
    with pytest.raises(PromptTooLong, match=r"bomb\.j2:10: .*more characters and elements than a prompt may take"):
        bomb.messages(history=history, domain={}, candidate={})
    assert time.process_time() - begun < 20  # minutes, were it not stopped


def test_what_templates_may_do(tmp_path: Path) -> None:
    body = """{% for h in history[-2:] %}{{ loop.index }}.{{ h.title | lower }}{% if not loop.last %}, {% endif %}
{% else %}none{% endfor %}
{% for name in candidate.attributes %}{{ name }}{% endfor %}
{% if candidate.kind in ("a", "b") and history | length > 1 %}yes{% endif %}
{{ domain.item | sentence }} {{ history | length - 1 }} {{ candidate.text | cap(4) }}{# a note #}"""
    bomb = load("bomb", folder=written(tmp_path, body))
    text = bomb.block(
        "user",
        history=[{"title": "A"}, {"title": "B"}, {"title": "C"}],
        domain={"item": "TV show"},
        candidate={"kind": "a", "attributes": {"year": 1}, "text": "long text"},
    )
    assert text == "1.b, 2.cyearyesTV show 2 lon…"


@pytest.mark.parametrize("after", ["lower", "sentence", "reverse"])
def test_a_limit_outlasts_the_filters_after_it(tmp_path: Path, after: str) -> None:
    bomb = load("bomb", folder=written(tmp_path, f"{{{{ candidate.text | cap(300) | {after} }}}}"))
    assert len(bomb.block("user", history=[], domain={}, candidate={"text": "word " * 100})) == 300


def test_a_limit_outlasts_a_slice_and_a_list_of_attributes_keeps_its_length(tmp_path: Path) -> None:
    bomb = load("bomb", folder=written(tmp_path, "{{ (candidate.text | cap(300))[1:] }}"))
    assert len(bomb.block("user", history=[], domain={}, candidate={"text": "word " * 100})) == 299
    attributes = {f"name {at}": "x" * 50 for at in range(9)}
    bomb = load("bomb", folder=written(tmp_path, "{{ candidate.attributes | listed | lower }}"))
    text = bomb.block("user", history=[], domain={}, candidate={"attributes": attributes})
    assert text == "; ".join(f"{name}: {value}" for name, value in attributes.items())


def test_what_filters_make_of_a_capped_text_is_made_inert_again(tmp_path: Path) -> None:
    bomb = load("bomb", folder=written(tmp_path, "{{ candidate.text | cap(300) | reverse }}"))
    assert "<|" not in bomb.block("user", history=[], domain={}, candidate={"text": "Alien >|dne_mi|<"})
