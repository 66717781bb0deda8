"""Nothing paid for is lost, nothing is asked twice, and no two runs write one file."""

import asyncio
import errno
import json
import multiprocessing
import os
import signal
import stat
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.engines import ToldEngine

from backends import (
    BackendError,
    BackendOptions,
    BadResponse,
    Capability,
    ConfigurationError,
    ContinuationScore,
    Finish,
    GenerateRequest,
    Generation,
    Identity,
    ScoreRequest,
    Scores,
    ServerError,
    StorageError,
    Usage,
    journal_file,
    wrap,
)
from backends.journal import Journal
from backends.journal_file import JournalFile
from backends.jsonio import seal
from backends.offsets import OffsetIndex


class Counting:
    """Answers with how often it was asked."""

    identity = Identity(kind="counting", model="m")
    capabilities = frozenset({Capability.COMPLETION})

    def __init__(self, answer: Callable[[str], Generation] | None = None) -> None:
        self.calls = 0
        self._answer = answer or (lambda prompt: Generation(text=f"to {prompt}", usage=Usage(requests=1, usd=0.5)))

    async def start(self) -> None: ...
    async def aclose(self) -> None: ...

    async def generate(self, request: GenerateRequest) -> Generation:
        self.calls += 1
        await asyncio.sleep(0)
        assert isinstance(request.prompt, str)
        return self._answer(request.prompt)

    async def score(self, request: ScoreRequest) -> Scores:
        self.calls += 1
        return Scores(continuations=tuple(ContinuationScore(logprob=-1.5, tokens=2) for _ in request.continuations))


def ask(prompt: str) -> GenerateRequest:
    return GenerateRequest(prompt=prompt)


async def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    first = Journal(Counting(), path)
    answer = await first.generate(ask("a"))
    scores = await first.score(ScoreRequest(prompt="a", continuations=("x", "y")))
    await first.aclose()

    engine = Counting()
    second = Journal(engine, path)
    await second.start()
    assert await second.generate(ask("a")) == answer
    assert await second.score(ScoreRequest(prompt="a", continuations=("x", "y"))) == scores
    assert engine.calls == 0
    await second.generate(ask("b"))
    assert engine.calls == 1
    await second.aclose()


async def test_an_answer_is_paid_for_once_in_a_session_and_again_counted_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    for _ in range(2):
        journal = Journal(Counting(), path)
        spent = [(await journal.generate(ask("a"))).usage.requests for _ in range(3)]
        assert spent == [1, 0, 0]
        assert journal.file.spent == Usage(requests=1, usd=0.5)
        await journal.aclose()


async def test_the_same_request_twice_at_a_time_is_sent_once(tmp_path: Path) -> None:
    engine = Counting()
    journal = Journal(engine, tmp_path / "requests.jsonl")
    await asyncio.gather(*(journal.generate(ask("a")) for _ in range(10)))
    assert engine.calls == 1
    await journal.aclose()


@pytest.mark.parametrize("finish", list(Finish))
async def test_an_answer_comes_back_as_it_ended(tmp_path: Path, finish: Finish) -> None:
    path = tmp_path / "requests.jsonl"
    for _ in range(2):
        journal = Journal(Counting(lambda _: Generation(text="", finish=finish)), path)
        assert (await journal.generate(ask("a"))).finish is finish
        await journal.aclose()


async def test_an_error_is_recorded_counted_and_never_given_back(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    def fail(_: str) -> Generation:
        raise BadResponse("no choices", requests=3, usage=Usage(requests=3, prompt_tokens=30))

    journal = Journal(Counting(fail), path)
    with pytest.raises(BadResponse):
        await journal.generate(ask("a"))
    await journal.aclose()
    [line] = [json.loads(line) for line in path.read_text().splitlines()]
    assert line["error"] == {"reason": "bad-response", "message": "no choices"}
    assert line["request"]["prompt"] == "a"

    engine = Counting()
    again = Journal(engine, path)
    assert again.file.spent.prompt_tokens == 30
    await again.generate(ask("a"))
    assert engine.calls == 1
    await again.aclose()


async def test_an_attempt_that_was_broken_off_is_counted_with_those_that_failed_before_it(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    failed = ServerError("x", usage=Usage(requests=1, prompt_tokens=30, usd=0.5))
    again = asyncio.Event()

    def reply(_: str, attempt: int) -> BackendError | float:
        if attempt == 1:
            return failed
        again.set()
        return 60.0

    backend = wrap(ToldEngine(reply), BackendOptions(kind="told"), journal=path)
    task = asyncio.create_task(backend.generate(ask("a")))
    await again.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    await backend.aclose()
    later = JournalFile(path)
    assert later.spent == Usage(requests=2, prompt_tokens=30, usd=0.5)
    later.close()


async def test_an_answer_of_another_versions_shape_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    journal = Journal(Counting(), path)
    await journal.generate(ask("a"))
    await journal.aclose()
    line = json.loads(path.read_bytes())
    del line["crc"]
    line["response"]["finish"] = "tired"
    path.write_bytes(seal(json.dumps(line).encode()) + b"\n")

    engine = Counting()
    journal = Journal(engine, path)
    assert (await journal.generate(ask("a"))).text == "to a"
    assert engine.calls == 1
    await journal.aclose()


@pytest.mark.parametrize("damage", ["torn", "flipped", "foreign"])
async def test_damaged_lines_are_skipped_counted_and_asked_again(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "requests.jsonl"
    journal = Journal(Counting(), path)
    for prompt in "abc":
        await journal.generate(ask(prompt))
    await journal.aclose()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = {"torn": lines[2][:40], "flipped": lines[2].replace(b"to c", b"to d"), "foreign": b'{"hello": 1}'}[
        damage
    ]
    path.write_bytes(b"".join(lines))

    engine = Counting()
    journal = Journal(engine, path)
    assert [(await journal.generate(ask(prompt))).text for prompt in "abc"] == ["to a", "to b", "to c"]
    assert (engine.calls, journal.file.skipped) == (1, 1)
    await journal.aclose()
    last = Journal(Counting(), path)
    assert (len(last.file), last.file.skipped) == (3, 1)
    await last.aclose()


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
