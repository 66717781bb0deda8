"""The cache gives back whole answers to the very same request, and may be deleted or damaged at any time."""

import asyncio
import contextlib
import logging
import sqlite3
import stat
from pathlib import Path

import pytest
from fakes.engines import ToldEngine, ask

from backends import (
    Backend,
    BadResponse,
    ConfigurationError,
    Finish,
    Generation,
    Identity,
    ScoreRequest,
    ServerError,
    Usage,
)
from backends.cache import Cache, CacheFile


async def _ask_once(engine: Backend, path: Path, prompt: str = "a") -> Generation:
    cache = Cache(engine, path)
    try:
        return await cache.generate(ask(prompt))
    finally:
        await cache.aclose()


async def test_a_kept_answer_costs_nothing(tmp_path: Path) -> None:
    engine, path = ToldEngine(), tmp_path / "cache.db"
    first = await _ask_once(engine, path)
    again = await _ask_once(engine, path)
    assert (engine.calls, again.text, again.usage) == (1, first.text, Usage())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_answer_is_there_at_once_also_before_it_is_on_disk(tmp_path: Path) -> None:
    engine = ToldEngine()
    cache = Cache(engine, tmp_path / "cache.db")
    await cache.generate(ask())
    await cache.generate(ask())
    request = ScoreRequest(prompt="a", continuations=("x", "yy"))
    assert (await cache.score(request)).continuations == (await cache.score(request)).continuations
    assert engine.calls == 1
    await cache.aclose()


@pytest.mark.parametrize(
    "bad",
    [
        Generation(text=" \n"),
        Generation(text="cut", finish=Finish.LENGTH),
        Generation(text="", finish=Finish.CONTENT_FILTER),
        Generation(text="no", finish=Finish.REFUSAL),
        Generation(text="free", constraint_ignored=True),
        BadResponse("bad"),
        ServerError("boom"),
    ],
    ids=lambda value: getattr(value, "reason", getattr(value, "text", "?").strip() or "empty"),
)
async def test_nothing_bad_is_kept(tmp_path: Path, bad: Generation) -> None:
    engine, path = ToldEngine(lambda _, attempt: bad if attempt == 1 else None), tmp_path / "cache.db"
    with contextlib.suppress(BadResponse, ServerError):
        await _ask_once(engine, path)
    assert (await _ask_once(engine, path)).text == "to a"
    assert engine.calls == 2


async def test_another_model_has_other_answers(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    await _ask_once(ToldEngine(), path)
    other = ToldEngine(identity=Identity(kind="told", model="n"))
    await _ask_once(other, path)
    assert other.calls == 1


async def test_a_damaged_entry_is_asked_for_again(tmp_path: Path) -> None:
    engine, path = ToldEngine(), tmp_path / "cache.db"
    await _ask_once(engine, path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET value = substr(value, 1, 20) || x'00' || substr(value, 22)")
    connection.close()
    assert (await _ask_once(engine, path)).text == "to a"
    assert engine.calls == 2


async def test_a_damaged_file_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(b"SQLite format 3\0" + b"and now damage" * 1000)
    with caplog.at_level(logging.WARNING):
        assert (await _ask_once(ToldEngine(), path)).text == "to a"
    assert "damaged" in caplog.text
    assert (tmp_path / "cache.db.damaged").exists()


def test_what_is_no_cache_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "precious"
    folder.mkdir()
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        CacheFile(folder)
    assert folder.is_dir()


def test_a_file_of_somebody_elses_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item_id,title\n1,Alien\n" * 100)
    with pytest.raises(ConfigurationError, match=r"items\.csv is no cache.*another file"):
        CacheFile(path)
    assert path.read_text().startswith("item_id,title")
    assert not list(tmp_path.glob("*.damaged"))


def test_a_file_begun_anew_takes_nothing_of_the_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(b"SQLite format 3\0" + b"and now damage" * 1000)
    (tmp_path / "cache.db-wal").write_bytes(b"nor is this a log of one")
    CacheFile(path).close()
    assert not (tmp_path / "cache.db-wal").exists()


async def test_two_processes_share_it(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    one, two = CacheFile(path), CacheFile(path)
    keys = [f"{number:040x}" for number in range(500)]
    for number, key in enumerate(keys):
        (one if number % 2 else two).put(key, key.encode())
    one.close()
    two.close()
    three = CacheFile(path)
    assert all(three.get(key) == key.encode() for key in keys)
    three.close()


async def test_a_cache_that_cannot_be_written_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(ToldEngine(), tmp_path / "cache.db")
    await cache.start()
    with sqlite3.connect(tmp_path / "cache.db") as connection:
        connection.execute("DROP TABLE answers")
    connection.close()
    with caplog.at_level(logging.WARNING):
        assert (await cache.generate(ask())).text == "to a"
        await asyncio.to_thread(cache.file.close)
    assert "could not be kept" in caplog.text
    cache._file = None
