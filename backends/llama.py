"""The embedded llama.cpp server: loads a model in this process and answers one call at a time.

Everything goes through ``xllamacpp``.  Its HTTP side is used for tokenising and chat templates alone; it listens on the
loopback address at a free port, behind a random key.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import (
    BackendError,
    BadResponse,
    ConfigurationError,
    ContextOverflow,
    InvalidRequest,
    ServerError,
    in_short,
)
from .thread import Check

BUSY = 0.5
"""Cores' worth of other work from which one thread fewer is used."""
_LOOK = 0.2
"""Seconds over which other work is measured."""


def usable_threads() -> int:
    """How many threads to compute with: the cores this process may use, one fewer where the machine is busy now.

    llama.cpp's threads wait for each other at every step, so a thread that shares its core slows all of them.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(cores, _quota() or cores)
    free = (os.cpu_count() or 1) - _busy_cores()
    return max(cores - 1 if free < cores - BUSY else cores, 1)


def _busy_cores() -> float:
    """How many cores are at work at this moment, on average over a short look; 0 where the system cannot say."""

    def times() -> tuple[int, int]:
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]  # all, and idle or waiting for a disk

    try:
        total, idle = times()
        time.sleep(_LOOK)
        later, still_idle = times()
    except (OSError, ValueError):
        return 0.0
    return (os.cpu_count() or 1) * (1.0 - (still_idle - idle) / max(later - total, 1))


def _quota() -> int | None:
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if limit == "max" else max(int(limit) // int(period), 1)


class Llama:
    """A loaded model.  Not safe for several threads: the caller serialises.

    Args:
        path: The GGUF file.
        context: Tokens of context.
        threads: None for :func:`usable_threads`.

    Attributes:
        context: Tokens of context that the engine really has.
        unforceable: Tokens seen so far that a grammar cannot force: parts of a character, and control tokens.

    Raises:
        ConfigurationError: If the engine is not installed or the file cannot be loaded.
    """

    def __init__(self, path: Path, *, context: int, threads: int | None) -> None:
        try:
            import xllamacpp
        except ImportError:
            raise ConfigurationError(
                "The backend 'local' needs the embedded engine.", hint="Install it: pip install 'promptrec[local]'."
            ) from None
        self._key = secrets.token_urlsafe(32)
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context
        params.n_parallel = 1
        params.verbosity = -1
        params.api_keys = [self._key]
        params.cors_origins = "null"
        params.ui = params.endpoint_slots = False
        params.cache_ram_mib = 0  # else states of earlier prompts pile up to 8 GiB
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads = threads or usable_threads()
            cpu.poll = 0  # do not spin: other work on the cores would slow every step
        try:
            self._server = xllamacpp.Server(params)
        except (RuntimeError, ValueError) as error:
            raise ConfigurationError(f"{path}: cannot be loaded as a GGUF model ({error}).") from None
        # Freed before its loop has begun, the engine waits for that loop for ever; an answer shows that it runs.
        self._server.handle_completions({"prompt": [0], "max_tokens": 1})
        self._address = self._server.listening_address
        self.context = int(self.properties()["default_generation_settings"]["n_ctx"])
        self.unforceable: set[int] = set()

    def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Continues a text or token ids; the answer has one choice.

        Raises:
            ContextOverflow: If the prompt does not fit.
            BackendError: Whatever else the engine says.
        """
        try:
            answer = self._server.handle_completions({"cache_prompt": True, **body})
        except (RuntimeError, ValueError) as error:
            raise InvalidRequest(f"The embedded engine refused the request: {in_short(error)}.", requests=1) from None
        return _checked(answer)

    def write(self, body: Mapping[str, Any], check: Check) -> dict[str, Any]:
        """As :meth:`complete`, without log-probabilities, but stops between two tokens once nobody waits any more."""
        texts: list[str] = []
        last: dict[str, Any] = {}
        given_up: list[BackendError] = []

        def take(part: dict[str, Any]) -> bool:
            nonlocal last
            last = part
            if not part.get("error"):
                texts.append(part["choices"][0]["text"])
            try:
                check()
            except BackendError as error:
                given_up.append(error)
            return bool(given_up)

        request = {"cache_prompt": True, **body, "stream": True, "stream_options": {"include_usage": True}}
        try:
            self._server.handle_completions(request, take)
        except (RuntimeError, ValueError) as error:
            raise InvalidRequest(f"The embedded engine refused the request: {in_short(error)}.", requests=1) from None
        if given_up:
            raise given_up[0]
        answer = _checked(last)
        answer["choices"][0]["text"] = "".join(texts)
        return answer

    def tokenize(self, text: str, special: bool = False, begin: bool = False) -> tuple[int, ...]:
        """Token ids of a text.

        Args:
            text: The text.
            special: Read ``<|...|>`` as control tokens; only for text that a chat template made.
            begin: Put the model's beginning-of-text token first, where it has one.
        """
        body = {"content": text, "add_special": begin, "parse_special": special, "with_pieces": True}
        tokens = self._http("/tokenize", body)["tokens"]
        self.unforceable.update(token["id"] for token in tokens if not _is_plain(token["piece"]))
        return tuple(token["id"] for token in tokens)

    def apply_template(self, messages: list[dict[str, str]]) -> str:
        """The text that the model's chat template makes of messages, ready for the answer."""
        return str(self._http("/apply-template", {"messages": messages})["prompt"])

    def properties(self) -> dict[str, Any]:
        """What the engine says of itself and the model."""
        return self._http("/props", None)

    def _http(self, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self._address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            kind = InvalidRequest if error.code < 500 else ServerError
            raise kind(f"The embedded engine refused {path} ({error.code}).") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ServerError(f"The embedded engine did not answer {path} ({error}).") from None
        return answer


def _is_plain(piece: Any) -> bool:
    """Whether a token stands for whole characters; llama.cpp shows any other as a list of bytes."""
    control = isinstance(piece, str) and piece.startswith("<") and piece.endswith(">")
    return isinstance(piece, str) and bool(piece) and piece[0] != "\0" and not control


def _checked(answer: Any) -> dict[str, Any]:
    body = json.loads(answer) if isinstance(answer, str | bytes) else answer
    if not isinstance(body, dict):
        raise BadResponse("The embedded engine answered with something other than an object.", requests=1)
    if body.get("error"):
        raise _error(body["error"])
    if not body.get("choices"):
        raise BadResponse("The embedded engine answered without a choice.", requests=1)
    return body


def _error(error: Any) -> BackendError:
    details = error if isinstance(error, dict) else {"message": error}
    message = f"The embedded engine said: {in_short(details.get('message', 'nothing'))}."
    if details.get("type") == "exceed_context_size_error":
        hint = "Shorten the history or raise `context` in the backend block."
        return ContextOverflow(message, limit=details.get("n_ctx"), hint=hint, requests=1)
    if str(details.get("code", "")).startswith("4"):
        return InvalidRequest(message, requests=1)
    return ServerError(message, requests=1)
