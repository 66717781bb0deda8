"""Carries shards to vLLM's ``run-batch``, a process that loads the model, answers one file and ends.

It writes its answers only at the end, so shards should be of some thousand lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence

from ..errors import BatchFailed, ConfigurationError
from .faults import presentable
from .shards import Shard

_LAST = 2_000
_GRACE = 30.0
"""Seconds that a process has to end when it is told to."""


class RunBatch:
    """A :class:`~backends.http.gathering.Carrier`; one process at a time.

    Args:
        command: The command and its options; ``-i``, ``-o`` and ``--model`` are added.
        model: The model.
        offline: Whether nothing may be fetched.
    """

    def __init__(self, command: Sequence[str], *, model: str, offline: bool = False) -> None:
        self._command = tuple(command)
        offline_too = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if offline else {}
        self._environment = {"VLLM_NO_USAGE_STATS": "1", **os.environ, **offline_too}  # else it reports to its makers
        self._model = model
        self._one = asyncio.Lock()

    async def fetch(self, shard: Shard) -> None:
        """Returns once the process has answered the shard."""
        async with self._one:
            scratch = shard.output.with_suffix(".part")
            scratch.unlink(missing_ok=True)
            options = ("-i", str(shard.input), "-o", str(scratch), "--model", self._model)
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    *options,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    env=self._environment,
                )
            except OSError as error:
                raise ConfigurationError(
                    f"{self._command[0]} cannot be started: {error.strerror}.",
                    hint="Install vLLM where the model is to run, or name the command with --command.",
                ) from None
            said = await _until_end(process)
            if process.returncode or not scratch.is_file():
                last = presentable(said.decode(errors="replace").strip()[-300:])
                raise BatchFailed(f"{self._command[0]} ended with {process.returncode} and no answers: {last}")
            scratch.replace(shard.output)

    async def aclose(self) -> None:
        """Nothing is left running: whoever stops waiting for a shard ends its process."""


async def _until_end(process: asyncio.subprocess.Process) -> bytes:
    """The last that a process said; one that is not waited for any more is ended."""
    said = b""
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    try:
        while part := await process.stdout.read(65536):
            said = (said + part)[-_LAST:]
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await _gone(process)
    return said


async def _gone(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_GRACE):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
