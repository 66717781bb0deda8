"""How the index of a large catalogue compares with looking through all of it.

1,000 corrupted titles are looked up among 1,000,000: by the index, and by scoring every title with the same scorer.
They agree on a query where the best score is the same.  The titles are spliced from real ones where the shared data
folder lies beside the checkout, else from a list of words.  Seed and corruptions are fixed here: an eighth of the
queries each have one typo, two or three, the article moved or dropped, no year, the end cut off, two words swapped,
upper case without punctuation, or two of these.

    python benchmarks/grounding.py [--titles 1000000] [--queries 1000]
"""

from __future__ import annotations

import argparse
import csv
import gc
import os
import random
import re
import string
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from _peak import peak

from recommender import Item
from recommender.grounding.large import LargePool
from recommender.grounding.pool import likeness, names, sort_words
from recommender.grounding.title import Kind, take_apart

SEED = 2026
TIMED = 100
"""Queries for which rapidfuzz goes through all titles as it does by itself; the others only tell the best score."""
SHARED = Path(os.environ.get("PROMPTREC_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
WORDS = (
    "night day river shadow golden silent empire garden secret winter summer lost last first king queen prince "
    "dragon castle island ocean mountain desert city street house letter stranger brother sister father mother "
    "daughter son doctor soldier thief lawyer dancer painter music song dance war peace love hate death life "
    "dream nightmare storm rain snow fire ice stone iron silver crystal glass mirror window door road bridge "
    "train ship plane planet moon sun star galaxy robot ghost witch wizard vampire zombie hunter legend chronicle "
    "return revenge rise fall beginning end escape journey quest "
)


def real_titles() -> list[str]:
    """Titles of the shared catalogues, or made-up ones."""
    found: list[str] = []
    for path in sorted(SHARED.glob("*/*.item")) if SHARED.is_dir() else ():
        rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]
        dated = path.name.startswith("ml-")
        found += [f"{row[1]} ({row[2]})" if dated and len(row) > 2 else row[1] for row in rows]
    for path in sorted(SHARED.glob("recorded/movielens*/catalog.csv"))[:1] if SHARED.is_dir() else ():
        found += [row["title"] for row in csv.DictReader(path.read_text("utf-8").splitlines())]
    for path in sorted(SHARED.glob("raw/goodreads_books.csv")) if SHARED.is_dir() else ():
        found += [line.split("\t", 1)[1] for line in path.read_text("utf-8").split("\n")[1:] if "\t" in line]
    if found:
        return sorted({title.strip() for title in found if title.strip()})
    rng = random.Random(SEED)
    patterns = ["The {} {}", "{} of the {}", "A {} in {}", "{}: The {} of {}", "{} {} {}", "{} and {}"]
    return [
        f"{rng.choice(patterns).format(*rng.sample(WORDS.title().split(), 3))} ({rng.randint(1920, 2024)})"
        for _ in range(40_000)
    ]


def catalogue(size: int) -> list[Item]:
    """Distinct titles: real ones, and new ones spliced from them, with other words, sequels, platforms and years."""
    rng = random.Random(SEED)
    real = real_titles()
    words = sorted({word for title in real for word in title.split() if word.isalpha() and len(word) > 2})
    titles = dict.fromkeys(real[:size])
    while len(titles) < size:
        one, other = rng.choice(real).split(), rng.choice(real).split()
        kind = rng.randrange(4)
        if kind == 0:
            made = one[: max(1, len(one) // 2)] + other[len(other) // 2 :]
        elif kind == 1:
            made = list(one)
            made[rng.randrange(len(made))] = rng.choice(words)
        elif kind == 2:
            made = [*one, rng.choice(["2", "3", "II", "III", "IV", "Part 2", "- PlayStation 4", "- Xbox 360", "- PC"])]
        else:
            made = [*re.sub(r"\s*\(\d{4}\)", "", " ".join(one)).split(), f"({rng.randint(1920, 2024)})"]
        titles.setdefault(" ".join(made))
    return [Item(str(at), title) for at, title in enumerate(titles)]


def typo(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    letter = rng.choice(string.ascii_lowercase)
    swapped = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return rng.choice(
        [text[:at] + text[at + 1 :], text[:at] + letter + text[at:], text[:at] + letter + text[at + 1 :], swapped]
    )


def typos(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(2, 3)):
        text = typo(text, rng) or text
    return text


def article(text: str, rng: random.Random) -> str:
    first, _, rest = text.partition(" ")
    if first.lower() in ("the", "a", "an"):
        return rng.choice([rest, f"{rest}, {first}"])
    return f"The {text}"


def no_year(text: str, rng: random.Random) -> str:
    return re.sub(r"\s*\(\d{4}\)", "", text) or text


def cut(text: str, rng: random.Random) -> str:
    return text[: max(1, int(len(text) * rng.uniform(0.6, 0.85)))]


def swapped(text: str, rng: random.Random) -> str:
    words = text.split()
    if len(words) > 1:
        at = rng.randrange(len(words) - 1)
        words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def upper(text: str, rng: random.Random) -> str:
    return re.sub(r"[^\w\s]", "", text).upper() or text


CORRUPTIONS: list[Callable[[str, random.Random], str]] = [typo, typos, article, no_year, cut, swapped, upper]


def mixed(text: str, rng: random.Random) -> str:
    for corrupt in rng.sample(CORRUPTIONS, 2):
        text = corrupt(text, rng) or text
    return text


def queries(items: list[Item], count: int) -> list[tuple[str, str]]:
    """Kind of corruption and corrupted title."""
    rng = random.Random(SEED + 1)
    kinds = [*CORRUPTIONS, mixed]
    chosen = rng.sample(items, count)
    made = [(kinds[at % len(kinds)], item.title) for at, item in enumerate(chosen)]
    return [(corrupt.__name__, corrupt(title, rng) or title) for corrupt, title in made]


def best_by_index(pool: LargePool, form: str) -> float:
    """The best score that the index finds: 100 for an equal name, else that of the likest one."""
    for place, _ in pool.equal(form, list(Kind)):
        if form in names(pool.title(place)):
            return 100.0
    return max((score for _, score in pool.likest(form, 1)), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--titles", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=1_000)
    arguments = parser.parse_args()
    items = catalogue(arguments.titles)
    asked = [(kind, take_apart(text).key) for kind, text in queries(items, arguments.queries)]
    asked = [(kind, form) for kind, form in asked if form]
    before = peak()
    started, cpu = time.perf_counter(), time.process_time()
    pool = LargePool(items)
    pool.likest("a title that is near nothing", 1)
    print(f"{len(items):,} titles, {len(asked):,} queries, from {SHARED if SHARED.is_dir() else 'made-up words'}")
    print(f"built in {time.perf_counter() - started:.1f} s ({time.process_time() - cpu:.1f} s CPU)")
    print(f"memory: titles {before:.0f} MB, at most {peak():.0f} MB while building")

    gc.freeze()  # collecting a million items now and then is neither search's cost
    times: list[float] = []
    found: list[float] = []
    for _, form in asked:
        cpu = time.process_time()
        found.append(best_by_index(pool, form))
        times.append(time.process_time() - cpu)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda pair: best_by_index(pool, pair[1]), asked)) == found, "threads disagree"
    mean = np.mean(times)
    print(f"index: {1000 * mean:.2f} ms a query, 95 % within {1000 * np.percentile(times, 95):.1f} ms; threads agree")

    every = pool.names()
    every_sorted = [sort_words(name) for name in every]
    cpu = time.process_time()
    best = [float(likeness(form, every, every_sorted).max()) for _, form in asked]
    sorted_before = (time.process_time() - cpu) / len(asked)
    timed = range(0, len(asked), max(1, len(asked) // TIMED))
    cpu = time.process_time()
    plain = [float(likeness(asked[at][1], every).max()) for at in timed]
    each = (time.process_time() - cpu) / len(timed)
    assert plain == [best[at] for at in timed], "sorting words beforehand changes scores"
    missed = Counter(kind for (kind, _), ours, theirs in zip(asked, found, best, strict=True) if ours < theirs - 1e-3)
    print(f"all {len(every):,} names: {1000 * each:.0f} ms a query by rapidfuzz, {each / mean:.0f} times the index")
    print(f"  {1000 * sorted_before:.0f} ms, {sorted_before / mean:.0f} times, with the words sorted beforehand")
    print(f"agreement: {1 - missed.total() / len(asked):.1%}; missed {dict(missed)}")


if __name__ == "__main__":
    main()
