"""How many users a second a vLLM server takes, by the way they are ranked and by requests in flight.

python benchmarks/vllm_server.py --base-url http://127.0.0.1:8000 [--users 64] [--in-flight 1 8 32 128]

On a machine with a GPU: start the server, `pytest -m vllm tests/backends` for the promises, then this for the rates.
Histories and candidates are made up: 20 titles each, every user another, so that only what all users share is cached.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Iterator

from _words import title

from backends import (
    ENGINES,
    Backend,
    GenerateRequest,
    Message,
    Request,
    Sampling,
    ScoreRequest,
    Surroundings,
    Usage,
    send,
    wrap,
)

HISTORY, CANDIDATES = 20, 20


def requests(way: str, users: int) -> Iterator[Request]:
    for user in range(users):
        chance = random.Random(user)
        history = "".join(f"- {title(chance)}\n" for _ in range(HISTORY))
        candidates = [title(chance) for _ in range(CANDIDATES)]
        listed = "".join(f"[{chr(65 + at)}] {name}\n" for at, name in enumerate(candidates))
        chat = (
            Message(role="system", content="You rank movies for one person. Answer with the labels, best first."),
            Message(role="user", content=f"Watched:\n{history}\nCandidates:\n{listed}"),
        )
        if way == "listwise":
            yield GenerateRequest(prompt=chat, sampling=Sampling(max_tokens=4 * CANDIDATES))
        elif way == "first token":
            labels = tuple(chr(65 + at) for at in range(CANDIDATES))
            yield ScoreRequest(prompt=chat, continuations=labels, kind="label")
        else:
            texts = tuple(f" {name}\n" for name in candidates)
            yield ScoreRequest(prompt=f"Movies watched by one person, in order:\n{history}-", continuations=texts)


async def measure(backend: Backend, way: str, users: int) -> tuple[float, Usage]:
    started = time.perf_counter()
    answers = await asyncio.gather(*(send(backend, request) for request in requests(way, users)))
    return time.perf_counter() - started, sum((answer.usage for answer in answers), Usage())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--users", type=int, default=64)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 8, 32, 128])
    arguments = parser.parse_args()
    if arguments.base_url is None:
        print("Nothing measured: start a vLLM server and give its address as --base-url.")
        return
    engine = ENGINES.load("vllm")
    print(f"{'way':<20} {'in flight':>9} {'users/s':>8} {'prompt tok/s':>13} {'cached':>7} {'generated tok/s':>16}")
    for way, scoring in (
        ("listwise", "echo"),
        ("first token", "echo"),
        ("likelihood, echo", "echo"),
        ("likelihood, tree", "tree"),
    ):
        for in_flight in arguments.in_flight:
            options = engine.options(
                base_url=arguments.base_url,
                model=arguments.model,
                scoring=scoring,
                concurrency=in_flight,
                attempt_timeout=600,
                deadline=3600,
            )
            backend = wrap(engine.create(options, Surroundings()), options)
            await backend.start()
            await measure(backend, way, 1)
            seconds, usage = await measure(backend, way, arguments.users)
            await backend.aclose()
            cached = usage.cached_tokens / max(usage.prompt_tokens, 1)
            print(
                f"{way:<20} {in_flight:>9} {arguments.users / seconds:>8.2f} {usage.prompt_tokens / seconds:>13,.0f} "
                f"{cached:>7.0%} {usage.completion_tokens / seconds:>16,.0f}"
            )


if __name__ == "__main__":
    asyncio.run(main())
