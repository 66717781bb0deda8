"""The process that answers a file is ended when nobody waits for it any more."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from backends.http import run_batch
from backends.http.run_batch import RunBatch
from backends.http.shards import Shard, write_whole

DEAF = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""


async def test_a_process_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_batch, "_GRACE", 0.1)
    shard, note = Shard(tmp_path, 0), tmp_path / "pid"
    write_whole(shard.input, [b"{}\n"])
    task = asyncio.create_task(RunBatch((sys.executable, "-c", DEAF, str(note)), model="m").fetch(shard))
    while not (note.is_file() and note.read_text()):  # noqa: ASYNC110 - another process's file
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
