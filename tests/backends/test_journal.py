"""Nothing paid for is lost, nothing is asked twice, and no two runs write one file."""

import asyncio
import json
from pathlib import Path

import pytest
from fakes.counting import Counting, ask
from fakes.engines import ToldEngine

from backends import (
    BackendError,
    BackendOptions,
    BadResponse,
    Finish,
    Generation,
    ScoreRequest,
    ServerError,
    Usage,
    wrap,
)
from backends.journal import Journal
from backends.journal_file import JournalFile
from backends.jsonio import seal


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
