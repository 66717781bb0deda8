"""The journal's file: its owner's, one run's, whole after a kill, and told of where the disk fails."""

import asyncio
import errno
import multiprocessing
import os
import signal
import stat
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
from fakes.counting import Counting, ask

from backends import (
    ConfigurationError,
    Generation,
    StorageError,
    journal_file,
)
from backends.journal import Journal
from backends.journal_file import JournalFile
from backends.offsets import OffsetIndex


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.touch(mode=0o644)
    journal = Journal(Counting(), path)
    await journal.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await journal.aclose()


async def test_two_runs_on_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    one, two = Journal(Counting(), path), Journal(Counting(), path)
    await one.start()
    with pytest.raises(ConfigurationError, match="Another run"):
        await two.start()
    await one.aclose()
    await two.start()
    await two.aclose()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(Counting(), tmp_path / "requests.jsonl")
    await journal.generate(ask("a"))
    full = os.open("/dev/full", os.O_WRONLY)
    real = journal.file._fd
    journal.file._fd = full
    with pytest.raises(StorageError, match="No space left"):
        await journal.generate(ask("b"))
    journal.file._fd = real
    os.close(full)
    monkeypatch.setattr(os, "write", lambda fd, data: len(data) - 1)
    with pytest.raises(StorageError, match="part of a line"):
        await journal.generate(ask("c"))
    monkeypatch.undo()
    await journal.aclose()


async def test_a_disk_that_does_not_take_lines_is_told_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(journal_file, "SYNC_SECONDS", 0.01)
    monkeypatch.setattr(journal_file, "_to_disk", broken)
    file = JournalFile(tmp_path / "requests.jsonl")
    file.append({"key": "a" * 40})
    await asyncio.sleep(0.1)
    with pytest.raises(StorageError, match="Input/output error"):
        file.append({"key": "b" * 40})
    with pytest.raises(StorageError):
        file.close()


async def test_lines_that_come_while_others_are_brought_to_the_disk_follow_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = [], threading.Event()
    monkeypatch.setattr(journal_file, "SYNC_SECONDS", 0.01)
    monkeypatch.setattr(journal_file, "_to_disk", lambda fd: (begun.append(fd), go_on.wait(5)))
    file = JournalFile(tmp_path / "requests.jsonl")
    for number in range(2 * journal_file.SYNC_LINES + 2):
        file.append({"key": f"{number:040x}"})
    go_on.set()
    await asyncio.sleep(0.1)
    assert len(begun) == 2
    file.close()


def test_a_journal_of_somebody_elses_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refused)
    with pytest.raises(StorageError, match="cannot be opened: Operation not permitted"):
        JournalFile(tmp_path / "requests.jsonl")


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be opened"):
        JournalFile(tmp_path / "file" / "requests.jsonl")


async def test_odd_text_survives(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    text = 'line\nbreak \u2028 "quotes" \ud83d half, whole \U0001f600 \x00'
    for _ in range(2):
        journal = Journal(Counting(lambda _: Generation(text=text)), path)
        assert (await journal.generate(ask(text))).text == text
        await journal.aclose()
    assert len(path.read_bytes().splitlines()) == 1


def _write_for_ever(path: Path, acknowledged: Path) -> None:
    async def main() -> None:
        journal = Journal(Counting(), path)
        with acknowledged.open("a", buffering=1) as log:
            for number in range(10**9):
                await journal.generate(ask(str(number)))
                print(number, file=log)

    asyncio.run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
async def test_kill_at_any_moment_loses_no_answer_that_was_handed_on(tmp_path: Path) -> None:
    path, log = tmp_path / "requests.jsonl", tmp_path / "log"
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_write_for_ever, args=(path, log))
    process.start()
    deadline = time.monotonic() + 30
    while not (log.exists() and log.stat().st_size > 500):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    handed_on = len(log.read_text().splitlines()) - 1
    journal = Journal(Counting(), path)
    assert len(journal.file) >= handed_on > 100
    assert journal.file.skipped <= 1
    await journal.aclose()


def test_the_index_keeps_a_hundred_thousand_keys_in_little_memory() -> None:
    index = OffsetIndex()
    keys = [f"{number * 0x9E3779B97F4A7C15 & (2**64 - 1):016x}" for number in range(100_000)]
    tracemalloc.start()
    for offset, key in enumerate(keys):
        index[key] = offset
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_600_000
    assert len(index) == 100_000
    assert all(index.get(key) == offset for offset, key in enumerate(keys))
    assert index.get("f" * 16) is None
    assert [index.first_visit(keys[7]), index.first_visit(keys[7]), index.first_visit(keys[8])] == [True, False, True]
    assert index.get(keys[7]) == 7
    index[keys[7]] = 99
    assert (len(index), index.get(keys[7])) == (100_000, 99)
