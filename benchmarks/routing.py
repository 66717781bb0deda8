"""The share of prompt tokens that two servers take from their caches, with and without routing by prefix.

Several questions about each person follow one another, as in `pointwise`, `sliding-window` or `pairwise`: the same
instructions and history, other candidates.  With routing, both addresses stand in `base_url`; without, requests go to
the servers in turn.  Each part has people of its own, so that it finds no cache of another one's.

    python benchmarks/routing.py --base-urls http://127.0.0.1:8001 http://127.0.0.1:8002 [--users 24] [--questions 4]

Start vLLM with --enable-prompt-tokens-details, or it does not say what came out of its cache.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import time

from _words import title

from backends import ENGINES, Backend, GenerateRequest, Message, Sampling, Surroundings, Usage, send, wrap

INSTRUCTIONS = "You rank movies for one person. Answer with the labels of the candidates, best first."
HISTORY, CANDIDATES = 40, 10


def titles(draw: random.Random, count: int, first: str) -> str:
    return "\n".join(f"{first}{title(draw)}" for _ in range(count))


def questions(part: str, user: int, count: int) -> list[GenerateRequest]:
    draw = random.Random(f"{part}/{user}")
    history = titles(draw, HISTORY, "- ")
    return [
        GenerateRequest(
            prompt=(
                Message(role="system", content=INSTRUCTIONS),
                Message(role="user", content=f"Watched:\n{history}\nCandidates:\n{titles(draw, CANDIDATES, '* ')}"),
            ),
            sampling=Sampling(max_tokens=4),
        )
        for _ in range(count)
    ]


def backend(urls: list[str], model: str | None, in_flight: int) -> Backend:
    engine = ENGINES.load("vllm")
    options = engine.options(
        base_url=urls, model=model, concurrency=in_flight, attempt_timeout=600, deadline=3600, headers={}
    )
    return wrap(engine.create(options, Surroundings()), options)


async def measure(part: str, backends: list[Backend], users: int, count: int, in_flight: int) -> tuple[Usage, float]:
    turns = itertools.cycle(backends)
    waiting = iter(range(users))
    total = Usage()

    async def work() -> None:
        nonlocal total
        for user in waiting:
            for request in questions(part, user, count):
                answer = await send(next(turns), request)
                total += answer.usage

    for one in backends:
        await one.start()
    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    seconds = time.perf_counter() - started
    for one in backends:
        await one.aclose()
    return total, seconds


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-urls", nargs="+")
    parser.add_argument("--model")
    parser.add_argument("--users", type=int, default=24)
    parser.add_argument("--questions", type=int, default=4)
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help="another one where the servers have answered before")
    given = parser.parse_args()
    if given.base_urls is None:
        print("Nothing measured: start two vLLM servers and give their addresses as --base-urls.")
        return
    ways = {
        "in turn": [backend([url], given.model, given.in_flight) for url in given.base_urls],
        "by prefix": [backend(given.base_urls, given.model, given.in_flight)],
    }
    best = 1 - 1 / given.questions
    print(f"{given.users} people, {given.questions} questions each, {given.in_flight} in flight")
    for way, backends in ways.items():
        usage, seconds = await measure(f"{given.seed}/{way}", backends, given.users, given.questions, given.in_flight)
        cached = usage.cached_tokens / max(usage.prompt_tokens, 1)
        print(f"  {way:10s} {cached:6.1%} of {usage.prompt_tokens:,} prompt tokens cached, {seconds:.1f} s", flush=True)
    print(f"  (one server would come near {best:.0%} of what people's questions have in common)")


if __name__ == "__main__":
    asyncio.run(main())
