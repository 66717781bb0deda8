"""Requests that travel in files: who waits, who is told, and what is sent no further."""

import asyncio
import json
from pathlib import Path

import pytest

from backends import BackendError, StorageError
from backends.http import gathering
from backends.http.gathering import Gathering, ShardLimits
from backends.http.shards import Shard, write_whole


class Echoing:
    """Answers each line with its own body; raises ``error`` where one is set."""

    def __init__(self) -> None:
        self.shards: list[Shard] = []
        self.error: BackendError | None = None

    async def fetch(self, shard: Shard) -> None:
        self.shards.append(shard)
        await asyncio.sleep(0.01)
        if self.error is not None:
            raise self.error
        rows = [json.loads(line) for line in shard.input.read_text().splitlines()]
        answers = [
            {"custom_id": row["custom_id"], "response": {"status_code": 200, "body": row["body"]}} for row in rows
        ]
        write_whole(shard.output, [json.dumps(answer).encode() + b"\n" for answer in answers])

    async def aclose(self) -> None:
        pass


def gather(tmp_path: Path, carrier: Echoing, **limits: float) -> Gathering:
    return Gathering(tmp_path, carrier, limits=ShardLimits(**{"quiet": 0.05, **limits}), model="m")


async def test_the_same_line_asked_for_twice_is_sent_once_and_answers_both(tmp_path: Path) -> None:
    carrier = Echoing()
    transport = gather(tmp_path, carrier)
    answers = await asyncio.gather(*(transport.post("chat/completions", b'{"n":1}') for _ in range(3)))
    assert [answer.body for answer in answers] == [b'{"n":1}'] * 3
    assert carrier.shards[0].input.read_bytes().count(b"\n") == 1


async def test_paths_do_not_share_a_file_and_a_full_file_leaves_at_once(tmp_path: Path) -> None:
    carrier = Echoing()
    transport = gather(tmp_path, carrier, lines=2, quiet=0.2)
    posts = [transport.post(path, b'{"n":%d}' % n) for path in ("chat/completions", "responses") for n in range(3)]
    await asyncio.gather(*posts)
    assert sorted(len(shard.custom_ids()) for shard in carrier.shards) == [1, 1, 2, 2]


async def test_after_a_fatal_error_nobody_waits_and_nothing_more_is_sent(tmp_path: Path) -> None:
    carrier = Echoing()
    carrier.error = StorageError("The disk is full.")
    transport = gather(tmp_path, carrier, lines=2, quiet=60.0)
    posts = [transport.post("chat/completions", b'{"n":%d}' % n) for n in range(3)]
    found = await asyncio.wait_for(asyncio.gather(*posts, return_exceptions=True), timeout=5)
    assert [str(error) for error in found] == ["The disk is full."] * 3
    assert len({id(error) for error in found}) == 3  # each will note what its own request took
    with pytest.raises(StorageError):
        await transport.post("chat/completions", b"{}")
    assert len(carrier.shards) == 1
    await transport.aclose()


async def test_a_file_that_cannot_be_written_is_told_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, parts: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(gathering, "write_whole", full)
    transport = gather(tmp_path, Echoing(), size=60)
    posts = [transport.post(path, b'{"n":%d}' % n) for n in range(3) for path in ("chat/completions", "responses")]
    found = await asyncio.wait_for(asyncio.gather(*posts, return_exceptions=True), timeout=5)
    assert {type(one) for one in found} == {StorageError}
    await transport.aclose()


async def test_a_torn_line_of_an_output_counts_as_one_that_did_not_come(tmp_path: Path) -> None:
    shard = Shard(tmp_path, 0)
    write_whole(
        shard.output, [b'{"custom_id":"a","response":{"status_code":200,"body":{}}}\n', b'{"custom_id":"b","resp']
    )
    assert [result.custom_id for _, result in shard.results()] == ["a"]


async def test_an_error_that_nobody_foresaw_reaches_whoever_waits(tmp_path: Path) -> None:
    carrier = Echoing()
    carrier.error = KeyError("unforeseen")  # type: ignore[assignment]
    transport = gather(tmp_path, carrier)
    with pytest.raises(KeyError, match="unforeseen"):
        await asyncio.wait_for(transport.post("chat/completions", b"{}"), timeout=5)
    await transport.aclose()
