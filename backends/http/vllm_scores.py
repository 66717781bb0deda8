"""Log-probabilities of given tokens from a vLLM server's ``/completions``, in the two ways that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ..continuations import Found, Tokens, seam, tree
from ..errors import BadResponse
from .wire import WireAnswer, read_answer

_IDS = 128
"""The most ``logprob_token_ids`` that vLLM takes."""
_PROMPTS = 64
_PREFIX = "token_id:"
_ECHOED = 40_000
"""Tokens of texts that are read in one request; each comes back as some 100 bytes."""


class _Value(msgspec.Struct):
    logprob: float


class _Top(msgspec.Struct):
    top_logprobs: list[dict[str, float] | None] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    logprobs: _Top | None = None
    prompt_logprobs: list[dict[str, _Value] | None] | None = None
    prompt_token_ids: list[int] | None = None


class _Answer(WireAnswer):
    choices: list[_Choice] | None = None


@dataclass(frozen=True, slots=True)
class Nodes:
    """Some nodes of the tree of continuations, asked for in one request."""

    befores: tuple[Tokens, ...]
    ids: tuple[int, ...]

    def body(self) -> dict[str, Any]:
        """What to send: one token after each node, and the log-probabilities of those that may follow."""
        return {
            "prompt": [list(before) for before in self.befores],
            "max_tokens": 1,
            "temperature": 0.0,
            "logprobs": 1,
            "logprob_token_ids": list(self.ids),
            "return_tokens_as_token_ids": True,
            "add_special_tokens": False,
        }


def after_nodes(paths: Sequence[tuple[Tokens, Tokens]]) -> Iterator[Nodes]:
    """Cuts the tree of some paths into requests; nodes that share a beginning stand beside each other."""
    children = tree(paths)
    befores: list[Tokens] = []
    ids: set[int] = set()
    for before in sorted(children):
        following = sorted(children[before])
        for first in range(0, len(following), _IDS):
            part = set(following[first : first + _IDS])
            if befores and (len(befores) == _PROMPTS or len(ids | part) > _IDS):
                yield Nodes(tuple(befores), tuple(sorted(ids)))
                befores, ids = [], set()
            befores.append(before)
            ids |= part
    if befores:
        yield Nodes(tuple(befores), tuple(sorted(ids)))


def read_after(data: bytes, nodes: Nodes, found: Found) -> None:
    """Puts what a request for :class:`Nodes` was answered into ``found``.

    Raises:
        BadResponse: If there is not one choice for each node.
    """
    for choice, before in zip(_choices(data, len(nodes.befores), found), nodes.befores, strict=True):
        first = ((choice.logprobs and choice.logprobs.top_logprobs) or [None])[0]
        for token, logprob in (first or {}).items():
            if token.startswith(_PREFIX):
                found.put(before, int(token.removeprefix(_PREFIX)), logprob)


def readable(prompt: int, continuations: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cuts continuations of a prompt of so many tokens into parts that can be read in one request each."""
    longest = prompt + max(map(len, continuations), default=0)
    rows = max(1, _ECHOED // max(longest, 1))
    for first in range(0, len(continuations), rows):
        yield continuations[first : first + rows]


def echoed(texts: Sequence[str], *, special: bool) -> dict[str, Any]:
    """What to send to have whole texts read; ``special`` texts hold their control tokens already."""
    return {
        "prompt": list(texts),
        "max_tokens": 1,
        "temperature": 0.0,
        "prompt_logprobs": 0,
        "return_token_ids": True,
        "add_special_tokens": not special,
    }


def read_echo(data: bytes, count: int, found: Found, *, prompt: Tokens = ()) -> list[Tokens]:
    """Puts what :func:`echoed` was answered into ``found``, and returns the tokens of each text.

    Only what follows the tokens that a text shares with ``prompt`` is put there.

    Raises:
        BadResponse: If a text, its tokens or their log-probabilities are missing.
    """
    wholes = []
    for choice in _choices(data, count, found):
        tokens, values = tuple(choice.prompt_token_ids or ()), choice.prompt_logprobs or []
        if not tokens or len(tokens) != len(values):
            raise BadResponse("The server did not report the log-probabilities of a prompt.", usage=found.usage)
        for at in range(len(seam(prompt, tokens)[0]), len(tokens)):
            value = (values[at] or {}).get(str(tokens[at]))
            if value is not None:
                found.put(tokens[:at], tokens[at], value.logprob)
        wholes.append(tokens)
    return wholes


def _choices(data: bytes, count: int, found: Found) -> list[_Choice]:
    answer, usage = read_answer(data, _Answer)
    found.usage += usage
    choices = answer.choices or []
    if len(choices) != count:
        raise BadResponse(f"{count} texts were sent to be scored, and {len(choices)} came back.", usage=found.usage)
    return sorted(choices, key=lambda choice: choice.index)
