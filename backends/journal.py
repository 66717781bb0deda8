"""Keeps every answer in a file as it comes, and gives it back instead of asking again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from .base import Backend, Request, Response, ScoreRequest, Usage
from .errors import BackendError, StorageError
from .journal_file import JournalFile
from .keys import Keys
from .layer import Layer

_BROKEN_OFF = {"reason": "broken-off", "message": "The request was cancelled before it was answered."}


class Journal(Layer):
    """The record of a run.

    Every answer is written before it is handed on, so that a run which was killed sends only what was in flight again.
    An answer that was kept, however it ended, is given back with what it once cost; asked for a second time in one
    session it costs nothing.  Errors are written down with their reason and are never given back.  The same request
    asked for twice at a time is sent once.
    """

    def __init__(self, inner: Backend, path: Path, *, keys: Keys | None = None) -> None:
        super().__init__(inner)
        self._path = path
        self._keys = keys or Keys()
        self._file: JournalFile | None = None
        self._started = False
        self._flying: dict[str, asyncio.Event] = {}

    @property
    def file(self) -> JournalFile:
        """The open file.

        Raises:
            StorageError: If it cannot be opened.
            ConfigurationError: If another run writes it.
        """
        if self._file is None:
            self._file = JournalFile(self._path)
        return self._file

    async def start(self) -> None:
        """Opens the file, then starts the engine."""
        _ = self.file
        await super().start()
        self._started = True

    async def exchange(self, request: Request) -> Response:
        """Returns the kept answer, or asks for one and keeps it."""
        if not self._started:  # else the identity may not be complete
            await self.start()
        key = self._keys.of(self, request)
        while True:
            kept = self.file.find(key, scores=isinstance(request, ScoreRequest))
            if kept is not None:
                response, first = kept
                return response if first else replace(response, usage=Usage())
            flying = self._flying.get(key)
            if flying is None:
                return await self._ask(key, request)
            await flying.wait()

    async def _ask(self, key: str, request: Request) -> Response:
        self._flying[key] = asyncio.Event()
        try:
            response = await self._answer(request)
        except BackendError as error:
            self._note_error(key, request, error)
            raise
        else:
            entry = {**_entry(key, request), "response": response}
            self.file.append(entry, usage=response.usage, answers=True)
            return response
        finally:
            self._flying.pop(key).set()

    async def _answer(self, request: Request) -> Response:
        if isinstance(request, ScoreRequest):
            return await self.inner.score(request)
        return await self.inner.generate(request)

    def _note_error(self, key: str, request: Request, error: BackendError) -> None:
        usage = error.usage or Usage(requests=error.requests)
        entry = {**_entry(key, request), "error": _error(error), "usage": usage}
        self.file.append(entry, usage=usage)

    def note_attempt(self, request: Request, number: int, error: BackendError) -> None:
        """Writes down an attempt that failed and is made again; its usage is counted with the last one's."""
        key = self._keys.of(self, request)
        entry = {"key": key, "at": round(time.time(), 3), "attempt": number, "error": _error(error)}
        self.file.append(entry)

    def note_broken_off(self, request: Request, usage: Usage) -> None:
        """Writes down what a request took that was cancelled before it was answered."""
        entry = {**_entry(self._keys.of(self, request), request), "error": _BROKEN_OFF, "usage": usage}
        with contextlib.suppress(StorageError):  # whoever cancels must not be held up by a full disk
            self.file.append(entry, usage=usage)

    async def aclose(self) -> None:
        """Closes the engine and the file."""
        try:
            await super().aclose()
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None
            self._started = False


def _entry(key: str, request: Request) -> dict[str, Any]:
    task = "score" if isinstance(request, ScoreRequest) else "generate"
    return {"key": key, "at": round(time.time(), 3), "task": task, "request": request}


def _error(error: BackendError) -> dict[str, str]:
    return {"reason": error.reason, "message": str(error)}
