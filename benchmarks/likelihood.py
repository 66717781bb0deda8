"""What scoring 20 titles after a history costs on the embedded engine, beside generating as many tokens.

python benchmarks/likelihood.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from backends import ENGINES, GenerateRequest, Sampling, ScoreRequest, Surroundings

FIRST = ["Quiet", "Paper", "The Glass", "Copper", "The Last", "Winter", "Salt", "The Distant", "Midnight", "Ordinary"]
SECOND = ["Harbour", "Orchard", "Signal"]
TITLES = [f"{a} {b}" for b in SECOND for a in FIRST]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    engine = ENGINES.load("local")
    backend = engine.create(engine.options(kind="local"), Surroundings())
    await backend.start()
    shared, apart, plain = [], [], []
    for at in range(rounds + 1):
        prompt = f"Movies watched by person {at}, in order:\n" + "".join(f"- {title}\n" for title in TITLES[:10]) + "-"
        texts = tuple(f" {title}\n" for title in TITLES[:20])
        started = time.perf_counter()
        scores = await backend.score(ScoreRequest(prompt=prompt, continuations=texts))
        shared.append(time.perf_counter() - started)
        started = time.perf_counter()
        for text in texts:
            await backend.score(ScoreRequest(prompt=prompt, continuations=(text,)))
        apart.append(time.perf_counter() - started)
        tokens = sum(score.tokens for score in scores.continuations)
        started = time.perf_counter()
        await backend.generate(GenerateRequest(prompt=prompt, sampling=Sampling(max_tokens=tokens)))
        plain.append(time.perf_counter() - started)
    await backend.aclose()
    together, one_by_one, generated = (statistics.median(times[1:]) for times in (shared, apart, plain))
    print(f"20 titles, {tokens} tokens, median of {rounds}")
    print(f"  scored together      {together:.2f} s a user")
    print(f"  scored one by one    {one_by_one / together:.2f} times as long")
    print(f"  generating as many   {generated / together:.2f} times as long")


if __name__ == "__main__":
    asyncio.run(main())
