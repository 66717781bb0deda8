"""Front matter: the few lines of YAML between two ``---`` lines at the top of a template."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import TemplateInvalid, near

TASKS = (
    "listwise", "likelihood", "pointwise", "pairwise", "setwise", "open", "staged", "explain", "reasoning",
)  # fmt: skip
ANSWERS = (
    "labels", "titles", "json-labels", "json-titles", "label", "continuation", "yes-no", "rating", "text",
)  # fmt: skip
VALUES = (
    "domain", "history", "candidates", "candidate", "context", "k", "preferences", "representatives",
    "role", "demonstrations", "latest",
)  # fmt: skip
"""What strategies give to templates."""

_REQUIRED = ("name", "version", "task", "language", "needs", "answer", "summary")
_LISTS = ("needs", "optional", "choices")
_KEYS = (*_REQUIRED, "optional", "choices")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a template says about itself.

    Attributes:
        task: The kind of question, one of :data:`TASKS`, e.g. ``listwise``.
        needs: Values without which it cannot be rendered.
        optional: Values that it can do without; they are None where not given.
        answer: What the model must answer with, one of :data:`ANSWERS`.
        choices: The words of a closed answer, e.g. ``Yes`` and ``No``, the favourable one first.
    """

    name: str
    version: int
    task: str
    language: str
    needs: frozenset[str]
    optional: frozenset[str]
    answer: str
    choices: tuple[str, ...]
    summary: str


def split(text: str, where: str) -> tuple[Header, str]:
    """Separates front matter and body.

    The body keeps its line numbers: the front matter's lines are blank in it.

    Raises:
        TemplateInvalid: With file and line.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise TemplateInvalid(f"{where}:1: front matter is missing: a template begins with a line '---'.")
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == "---"), None)
    if end is None:
        raise TemplateInvalid(f"{where}:1: the front matter is not closed by a second line '---'.")
    header = _header("\n".join(lines[1:end]), where)
    return header, "\n" * (end + 1) + "\n".join(lines[end + 1 :])


def _header(text: str, where: str) -> Header:
    entries = _entries(text, where)
    for key in _REQUIRED:
        if key not in entries:
            raise TemplateInvalid(f"{where}:1: the front matter lacks {key!r}.")
    words: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = dict.fromkeys(_LISTS, ())
    for key, (value, line) in entries.items():
        if (key in _LISTS) != isinstance(value, tuple):
            raise TemplateInvalid(f"{where}:{line}: {key!r} must be {'a list' if key in _LISTS else 'one value'}.")
        if isinstance(value, tuple):
            lists[key] = value
        else:
            words[key] = value
    for key, known in (("task", TASKS), ("answer", ANSWERS)):
        if words[key] not in known:
            raise TemplateInvalid(
                f"{where}:{entries[key][1]}: unknown {key} {words[key]!r}; known: {', '.join(known)}."
                f"{near(words[key], known)}"
            )
    if not re.fullmatch("[1-9][0-9]{0,8}", words["version"]):
        raise TemplateInvalid(f"{where}:{entries['version'][1]}: 'version' must be a whole number from 1 on.")
    return Header(
        name=words["name"],
        version=int(words["version"]),
        task=words["task"],
        language=words["language"],
        needs=frozenset(lists["needs"]),
        optional=frozenset(lists["optional"]),
        answer=words["answer"],
        choices=lists["choices"],
        summary=words["summary"],
    )


def _entries(text: str, where: str) -> dict[str, tuple[str | tuple[str, ...], int]]:
    """Reads flat YAML as written: ``no`` stays ``no``, nothing is constructed, aliases have nowhere to grow."""
    import yaml

    def fault(line: int, what: str) -> TemplateInvalid:
        return TemplateInvalid(f"{where}:{line}: {what}")

    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise fault(line, f"the front matter is not YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise fault(1, "the front matter holds characters that YAML does not allow.") from error
    if not isinstance(root, yaml.MappingNode):
        raise fault(2, "the front matter must be lines of 'key: value'.")
    entries: dict[str, tuple[str | tuple[str, ...], int]] = {}
    for key_node, node in root.value:
        line = key_node.start_mark.line + 2
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key not in _KEYS:
            raise fault(line, f"unknown key {key!r} in the front matter.{near(str(key), _KEYS)}")
        if key in entries:
            raise fault(line, f"{key!r} stands in the front matter twice.")
        if isinstance(node, yaml.ScalarNode) and node.value:
            entries[key] = (node.value, line)
        elif isinstance(node, yaml.SequenceNode) and all(isinstance(x, yaml.ScalarNode) for x in node.value):
            entries[key] = (tuple(x.value for x in node.value), line)
        else:
            raise fault(line, f"{key!r} must be one value or a flat list.")
    return entries
