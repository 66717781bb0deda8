"""Checks templates the way their users would run into it: load each, render it on sample data, look at the text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import PromptError
from .header import VALUES
from .loader import paths, read
from .samples import samples
from .template import Template

_LATEST = 200
"""Characters that may follow the last item: more would have to be read anew for every user."""
_MARKS = {"history": "HHHistory", "candidates": "CCCandidate", "candidate": "CCCandidate"}


def lint(folder: Path | None = None) -> list[str]:
    """Returns what is wrong with the templates of a folder (the package's own where None), as ``file:line: problem``.

    Each must load; ask only for values that strategies give; render on every sample domain of its language; show the
    person's history before the candidates and both at the end, so that prefix caches serve what users share.

    Raises:
        TemplateNotFound: If there is no such folder.
    """
    problems = []
    for path in paths(folder):
        try:
            template = read(path)
        except PromptError as error:
            problems.append(str(error))
            continue
        problems += [f"{path}: {problem}" for problem in check_template(template)]
    return problems


def check_template(template: Template) -> list[str]:
    """Returns what is wrong with one template, a sentence each."""
    unknown = sorted((template.needs | template.optional) - set(VALUES))
    if unknown:
        return [f"no strategy gives {', '.join(unknown)}; there is {', '.join(VALUES)}."]
    problems = []
    for domain, values in samples(template.language).items():
        try:
            empty = [name for name, text in rendered(template, values) if not text.strip()]
        except PromptError as error:
            return [f"cannot be rendered for the sample domain {domain!r}: {error}"]
        problems += [f"block {name!r} is empty for the sample domain {domain!r}." for name in empty]
    return problems or _order(template)


def rendered(template: Template, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the text of every block by name."""
    return [(name, template.block(name, **values)) for name in template.blocks]


def _order(template: Template) -> list[str]:
    """Static text, then the person, then the candidates; the continuation of a likelihood is its own text."""
    values = dict(samples(template.language)["film"])
    values["history"] = [{"title": f"{_MARKS['history']} {n}"} for n in range(3)]
    values["candidates"] = [{"label": str(n), "title": f"{_MARKS['candidates']} {n}"} for n in range(3)]
    values["candidate"] = values["candidates"][0]
    text = "".join(text for name, text in rendered(template, values) if name != "continuation")
    first_candidate = text.find(_MARKS["candidates"])
    last_history = text.rfind(_MARKS["history"])
    problems = []
    if 0 <= first_candidate < last_history:
        problems.append("the candidates stand before the history, so a user's prefix cannot be cached.")
    last = max(last_history, text.rfind(_MARKS["candidates"]))
    if last >= 0 and len(text) - last > _LATEST:
        problems.append(f"more than {_LATEST} characters follow the last item; static text belongs at the top.")
    return problems
