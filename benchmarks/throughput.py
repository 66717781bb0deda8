"""How near the HTTP backend comes to the ideal rate, and what a request costs the client.

Compared in one run, against the same server and with the same request: bare aiohttp, the backend with everything
wrapped round it, and the OpenAI SDK's ``create()`` with ``asyncio.gather``.  Ratios count, not seconds.

    python benchmarks/throughput.py [--quick]
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import openai
from _slow_server import slow_server

from backends import ENGINES, GenerateRequest, Message, Surroundings, wrap

LATENCY = 0.2
TITLES = "\n".join(f"[{n}] A film with a title of ordinary length, part {n}" for n in range(60))


def messages(at: int) -> tuple[Message, ...]:
    return (Message(role="system", content="Rank the films."), Message(role="user", content=f"user {at}\n{TITLES}"))


async def measure(name: str, users: int, flight: int, send: Callable[[int], Awaitable[object]]) -> float:
    """Prints the share of the ideal rate and CPU a request; returns the CPU seconds."""
    waiting = iter(range(users))

    async def work() -> None:
        for at in waiting:
            await send(at)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(flight)))
    cpu, wall = (time.process_time() - cpu) / users, time.perf_counter() - wall
    print(f"  {name:24s} {users / wall / (flight / LATENCY):6.1%} of ideal   {1000 * cpu:6.3f} ms CPU a request")
    return cpu


async def through_the_backend(name: str, url: str, users: int, flight: int, *, cache: str | None = None) -> float:
    engine = ENGINES.load("openai")
    options = engine.options(kind="openai", model="slow", base_url=url, concurrency=flight)
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        backend = wrap(
            engine.create(options, Surroundings()),
            options,
            journal=folder / "requests.jsonl",
            cache=folder / cache if cache else None,
        )
        await backend.start()
        cpu = await measure(name, users, flight, lambda at: backend.generate(GenerateRequest(prompt=messages(at))))
        await backend.aclose()
    return cpu


async def compare(url: str, flight: int, users: int) -> None:
    print(f"{flight} in flight, {users} users, {LATENCY:g} s a request")
    body = {"model": "slow", "messages": [{"role": m.role, "content": m.content} for m in messages(0)]}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def raw(at: int) -> object:
            async with session.post(f"{url}/chat/completions", data=json.dumps(body)) as response:
                return json.loads(await response.read())

        await measure("aiohttp", users, flight, raw)
    ours = await through_the_backend("backend, journal, retry", url, users, flight)
    await through_the_backend("... and a fresh cache", url, users, flight, cache="cache.db")
    client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    theirs = await measure("openai SDK + gather", users, flight, lambda _: client.chat.completions.create(**body))
    await client.close()
    print(f"  client CPU: {ours / theirs:.2f} of the SDK's")


def main() -> None:
    with slow_server(LATENCY) as url:
        for flight, users in ((32, 320), (256, 512)) if "--quick" in sys.argv else ((32, 960), (256, 5120)):
            asyncio.run(compare(url, flight, users))


if __name__ == "__main__":
    main()
