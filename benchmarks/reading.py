"""What reading costs: CPU time a kilobyte of an answer, by its shape, and how it grows with the answer.

Lists of 20 real titles (see ``grounding.py``) are written in each shape and read three ways: by the parser of the shape
alone; with 20 candidates, the titles as they are; and with each title corrupted, once among 20 candidates and once
among a catalogue of 17,000.  ``growth`` is the time that a list eight times as long takes, a kilobyte, over that of the
short one (with its eight times as many candidates): 1 where time is linear.

    python benchmarks/reading.py [--lists 20]
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence

from grounding import CORRUPTIONS, SEED, real_titles

from backends import Generation
from recommender import Expected, Grounder, Item, read_answer
from recommender.parsing import read_json, read_prose, read_separated, read_titles

CATALOGUE = 17_000
LISTED = 20


def numbered(titles: Sequence[str]) -> str:
    return "\n".join(f"{n}. {title}" for n, title in enumerate(titles, 1))


def table(titles: Sequence[str]) -> str:
    return "| # | Title |\n|---|---|\n" + "\n".join(f"| {n} | {title} |" for n, title in enumerate(titles, 1))


SHAPES: dict[str, tuple[Callable[[Sequence[str]], str], Callable[[str], object]]] = {
    "numbered": (numbered, read_titles),
    "bulleted": (lambda titles: "\n".join(f"- **{title}**" for title in titles), read_titles),
    "table": (table, read_titles),
    "on one line": (lambda titles: ", ".join(f"[{n}. {title}]" for n, title in enumerate(titles, 1)), read_titles),
    "arrows": (" > ".join, read_titles),
    "json": (lambda titles: json.dumps({"ranking": list(titles)}), read_json),
    "commas": (", ".join, read_separated),
    "prose": (lambda titles: f"I would start with {', then '.join(titles)}, and there I would end.", read_prose),
}


def milliseconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """CPU time a kilobyte, the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - started)
    return 1000 * best / (sum(len(text.encode()) for text in texts) / 1024)


def milliseconds_once(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """CPU time a kilobyte, of one round: what is remembered of a text must not count."""
    started = time.process_time()
    for text in texts:
        work(text)
    return 1000 * (time.process_time() - started) / (sum(len(text.encode()) for text in texts) / 1024)


def measure(shape: str, items: Sequence[Item], count: int, rng: random.Random) -> str:
    """A line of the table."""
    write, parse = SHAPES[shape]
    offered = [rng.sample(items, LISTED) for _ in range(count)]
    exact = [write([item.title for item in some]) for some in offered]
    corrupted = [write([rng.choice(CORRUPTIONS)(i.title, rng) or i.title for i in some]) for some in offered]
    long = rng.sample(items, 8 * LISTED)
    by_text = dict(zip([*exact, *corrupted], [*offered, *offered], strict=True))
    by_text[write([item.title for item in long])] = long
    expected = Expected(shape="json" if shape == "json" else "titles", labels=None, count=LISTED)
    catalogue = Grounder(items)
    catalogue.match("Nohting is liek this")  # builds the index

    def among(text: str) -> object:
        return read_answer(Generation(text=text), expected, Grounder(()), candidates=by_text[text])

    def anywhere(text: str) -> object:
        return read_answer(Generation(text=text), expected, catalogue, candidates=None)

    texts = list(by_text)
    alone, alone_long = milliseconds(parse, exact), milliseconds(parse, texts[-1:])
    whole, whole_long = milliseconds(among, exact), milliseconds(among, texts[-1:])
    near, far = milliseconds(among, corrupted), milliseconds_once(anywhere, corrupted)
    return (
        f"{shape:14} {alone:7.2f} {alone_long / alone:7.1f} |{whole:7.2f} {whole_long / whole:7.1f} |"
        f"{near:20.2f} {far:17.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lists", type=int, default=20)
    count = parser.parse_args().lists
    rng = random.Random(SEED)
    items = [Item(str(at), title) for at, title in enumerate(rng.sample(real_titles(), CATALOGUE))]
    print("ms a kilobyte  parser  growth |  exact  growth | corrupted: among 20  in the catalogue")
    for shape in SHAPES:
        print(measure(shape, items, count, rng))


if __name__ == "__main__":
    main()
