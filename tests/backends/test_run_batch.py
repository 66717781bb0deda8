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


TELLING = """
import os, pathlib, sys
pathlib.Path(sys.argv[4]).write_text(" ".join(os.environ.get(n, "-") for n in ("VLLM_NO_USAGE_STATS", "HF_HUB_OFFLINE")))
"""


@pytest.mark.parametrize(("offline", "told"), [(False, "1 -"), (True, "1 1")])
async def test_the_process_reports_to_nobody_and_fetches_nothing_where_it_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: bool, told: str
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("VLLM_NO_USAGE_STATS", raising=False)
    shard = Shard(tmp_path, 0)
    write_whole(shard.input, [b"{}\n"])
    await RunBatch((sys.executable, "-c", TELLING), model="m", offline=offline).fetch(shard)
    assert shard.output.read_text() == told


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
