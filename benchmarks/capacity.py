"""The arithmetic of `recommender.batch.capacity` against a vLLM server: users a second, calculated and measured.

Two loads give the server's rates: prompts with nothing to write, and writing with next to nothing to read.  The other
loads are then calculated from these rates and from the tokens that the server itself reports, and measured.

    python benchmarks/capacity.py --base-url http://127.0.0.1:8000 [--users 64] [--in-flight 16] [--pid N] [--seed N]

Start vLLM with --enable-prompt-tokens-details, or it does not say what came out of its cache.  For a server on CPUs
that others use too, --pid is its process: seconds are then those of CPU time that it got, over the number of CPUs.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from _words import WORDS

from backends import ENGINES, Backend, GenerateRequest, Message, Sampling, Surroundings, Usage, send, wrap
from recommender.batch.capacity import Load, Rates, seconds_a_user


@dataclass(frozen=True, slots=True)
class Shape:
    """Words that everybody's prompt begins with, words of its own, and tokens written."""

    name: str
    shared: int
    own: int
    written: int


READING = Shape("reading alone", 0, 400, 1)
WRITING = Shape("writing alone", 0, 1, 160)
MIXED = (
    Shape("20 titles, 20 candidates", 0, 400, 80),
    Shape("the same, a third of it shared", 130, 270, 80),
    Shape("long history, short answer", 0, 900, 20),
    Shape("short history, long answer", 0, 100, 160),
)


def words(seed: str, count: int) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) for _ in range(count))


def request(shape: Shape, user: int, seed: int) -> GenerateRequest:
    own = words(f"{seed}/{shape.name}/{user}", shape.own)
    beginning = words(f"{seed}/{shape.name}", shape.shared) if shape.shared else f"{seed} {user}"
    return GenerateRequest(
        prompt=(Message(role="system", content=beginning), Message(role="user", content=own)),
        sampling=Sampling(max_tokens=shape.written),
    )


def clock(pid: int | None) -> Callable[[], float]:
    """Seconds as they pass, or those that a process and its children had all CPUs for."""
    if pid is None:
        return time.perf_counter
    psutil: Any = importlib.import_module("psutil")
    server = psutil.Process(pid)

    def seconds() -> float:
        times = [one.cpu_times() for one in (server, *server.children(recursive=True))]
        return sum(one.user + one.system for one in times) / len(os.sched_getaffinity(0))

    return seconds


async def measure(backend: Backend, shape: Shape, given: argparse.Namespace) -> tuple[float, Usage]:
    """Seconds a user, and what all took."""
    users, in_flight, now = given.users, given.in_flight, clock(given.pid)
    waiting = iter(range(-1, users))
    total = Usage()

    async def work() -> None:
        nonlocal total
        for user in waiting:
            answer = await send(backend, request(shape, user, given.seed))
            total += answer.usage

    await send(backend, request(shape, next(waiting), given.seed))
    started = now()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return (now() - started) / users, total


def load_of(usage: Usage, users: int) -> Load:
    return Load(
        prompt_tokens=usage.prompt_tokens / users,
        completion_tokens=usage.completion_tokens / users,
        cached=usage.cached_tokens / usage.prompt_tokens,
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--users", type=int, default=64)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--seed", type=int, default=0, help="another one where the server has answered before")
    given = parser.parse_args()
    if given.base_url is None:
        print("Nothing measured: start a vLLM server and give its address as --base-url.")
        return
    users, in_flight = given.users, given.in_flight
    engine = ENGINES.load("vllm")
    options = engine.options(
        base_url=given.base_url,
        model=given.model,
        concurrency=in_flight,
        attempt_timeout=600,
        deadline=3600,
        extra_body={"ignore_eos": True},
    )
    backend = wrap(engine.create(options, Surroundings()), options)
    await backend.start()
    seconds, usage = await measure(backend, READING, given)
    reading = load_of(usage, users)
    prefill = reading.prompt_tokens * (1 - reading.cached) / seconds
    seconds, usage = await measure(backend, WRITING, given)
    writing = load_of(usage, users)
    decode = writing.completion_tokens / (seconds - writing.prompt_tokens * (1 - writing.cached) / prefill)
    rates = Rates(prefill=prefill, decode=decode)
    print(f"{users} users, {in_flight} in flight; reads {prefill:,.0f} tokens/s, writes {decode:,.0f} tokens/s")
    print(f"  {'':32} {'read':>6} {'cached':>7} {'written':>8} {'calculated':>11} {'measured':>9} {'ratio':>6}")
    for shape in MIXED:
        seconds, usage = await measure(backend, shape, given)
        load = load_of(usage, users)
        calculated = 1 / seconds_a_user(load, rates)
        print(
            f"  {shape.name:32} {load.prompt_tokens:>6.0f} {load.cached:>7.0%} {load.completion_tokens:>8.0f} "
            f"{calculated:>11.2f} {1 / seconds:>9.2f} {calculated * seconds:>6.2f}",
            flush=True,
        )
    await backend.aclose()


if __name__ == "__main__":
    asyncio.run(main())
