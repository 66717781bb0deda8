"""Does a model know the data by heart?  Asks it for what nobody could know who had not read the files.

Three questions, after Di Palma et al., "Do LLMs Memorize Recommendation Datasets? A Preliminary Study on MovieLens-1M",
SIGIR 2025: how a title goes on, which title an id of the dataset stands for, and what a user of the dataset did next.
Hits alone prove little: endings repeat, and popular items are good guesses.  So every answer is also held against the
truth of another question, and only the excess over these chance hits speaks.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends import BackendError, Capability, GenerateRequest, Generation, Message, Sampling
from recommender import Catalog, Grounder, Item, Recommender

from .datasets import Event, Interactions
from .draws import draws, shuffled
from .errors import SpecError
from .protocols import YEAR
from .splits.base import sequences
from .statistics import Floats, difference, interval

SHOWN_EVENTS, SHOWN_RECORDS = 5, 3
MAX_TOKENS = 48
_WORD = re.compile(r"\w+")
_QUOTES = " \t\"'“”‘’«»*`"

QUESTIONS = {
    "titles": "how the title of an item goes on",
    "records": "which title an id of the dataset stands for",
    "users": "what a user of the dataset did next",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        item: The item asked for.
        rest: Of a title that was cut: what was cut off.
    """

    prompt: str
    item: Item
    rest: str = ""


Judge = Callable[[str, Question], bool]
"""Whether an answer is the one to a question."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The first line of an answer, or the reason for which there is none."""

    text: str = ""
    failure: str = ""


async def probe(data: Interactions, rec: Recommender, *, questions: int = 100, seed: int = 2026) -> dict[str, Any]:
    """Asks the recommender's model; its strategy and template play no part.

    Args:
        data: The dataset that should not be known.
        rec: Whose backend is asked, with its limits, budget and journal, and whose ``domain`` words the questions.
        questions: Of each of the three kinds, at most; 2 or more.
        seed: Draws items and users, and resamples for intervals.

    Returns:
        The content of ``contamination.json``: for each kind ``asked``, ``failed`` with ``failures`` by reason,
        ``hits``, and with 95 % intervals ``rate``, ``chance`` (answers against the truth of another question) and
        ``excess``; ``by_year`` has hits and questions by the year of release, which should drop where the model's
        training ended.

    Raises:
        SpecError: If there is nothing to ask, or fewer than 2 questions are wanted.
        backends.BackendError: One after which nothing more could be asked; what was in flight has ended.
    """
    if questions < 2:
        raise SpecError(f"{questions} questions of each kind; give 2 or more, for chance is another question's truth.")
    item, verb = rec.config.domain.item, rec.config.domain.verb
    grounder = Grounder(data.items)

    def named(answer: str, one: Question) -> bool:
        return grounder.named(answer).item_id == one.item.item_id

    asked: dict[str, tuple[list[Question], Judge]] = {
        "titles": (list(_titles(data.items, item, questions, seed)), _goes_on),
        "records": (list(_records(data, item, questions, seed)), named),
        "users": (list(_users(data, item, verb, questions, seed)), named),
    }
    if not any(found for found, _ in asked.values()):
        raise SpecError(
            f"{data.name}: nothing can be asked; there is no title of three words, not more than {SHOWN_RECORDS} "
            f"items, and nobody with {SHOWN_EVENTS + 1} of them."
        )
    await rec.start()
    probes = {}
    for name, (found, judge) in asked.items():
        answers = await _answers(rec, found)
        probes[name] = _result(found, answers, judge, seed)
    return {
        "format": 1,
        "data": {"dataset": data.name, "digest": data.digest},
        "model": {"kind": rec.backend.identity.kind, "model": rec.backend.identity.model},
        "seed": seed,
        "probes": probes,
    }


def verdict(document: Mapping[str, Any]) -> list[str]:
    """What the probes come to, a sentence each."""
    sentences = []
    for name, found in document["probes"].items():
        if not found["asked"]:
            sentences.append(f"{name}: nothing could be asked.")
            continue
        excess = found["excess"]
        shown = f"{found['hits']} of {found['asked']} ({QUESTIONS[name]}), {excess['difference']:+.1%} over chance"
        spread = f"[{excess['low']:+.1%}, {excess['high']:+.1%}]"
        if not found["hits"]:  # the interval of equal values has no width; three in so many would be seen with 95 %
            spread = f"(a rate of {min(1.0, 3 / found['asked']):.1%} could go unseen)"
        known = "known" if excess["low"] > 0 else "no sign that it is known"
        sentences.append(f"{name}: {shown} {spread}: {known}.{_lost(found)}")
    return sentences


def _lost(found: Mapping[str, Any]) -> str:
    """What should be said of questions without an answer; they count as not known."""
    if not found["failed"]:
        return ""
    reasons = ", ".join(f"{reason} {count}" for reason, count in found["failures"].items())
    return f" {found['failed']} had no answer ({reasons}) and count as not known."


def _titles(catalog: Catalog, item: str, count: int, seed: int) -> Iterator[Question]:
    """The first half of a title of at least three words; the rest is asked for."""
    able = [one for one in catalog if len(one.title.split()) > 2]
    for place in shuffled(len(able), "titles", seed)[:count]:
        words = able[place].title.split()
        half = (len(words) + 1) // 2
        prompt = (
            f"This is how the title of a real {item} begins. Write the words that follow in it, and nothing else.\n"
            f"Beginning: {' '.join(words[:half])}\nRest:"
        )
        yield Question(prompt=prompt, item=able[place], rest=" ".join(words[half:]))


def _records(data: Interactions, item: str, count: int, seed: int) -> Iterator[Question]:
    """An id, after the first records as examples of the layout."""
    items = list(data.items)
    examples = "\n".join(f"{one.item_id} -> {one.title}" for one in items[:SHOWN_RECORDS])
    for place in SHOWN_RECORDS + shuffled(max(0, len(items) - SHOWN_RECORDS), "records", seed)[:count]:
        one = items[place]
        prompt = (
            f"The dataset {data.name} gives each {item} an id. Write the title that belongs to the last id, and "
            f"nothing else.\n{examples}\n{one.item_id} ->"
        )
        yield Question(prompt=prompt, item=one)


def _users(data: Interactions, item: str, verb: str, count: int, seed: int) -> Iterator[Question]:
    """Some of what a user did, in order; what came next is asked for.  An item that was shown is never the answer."""
    by_user = {user_id: _once(events) for user_id, events in sequences(data.events).items()}
    able = sorted(user_id for user_id, events in by_user.items() if len(events) > SHOWN_EVENTS)
    for place in shuffled(len(able), "probed users", seed)[:count]:
        events = by_user[able[place]]
        end = SHOWN_EVENTS + int(draws(1, "place", seed, able[place])[0] % np.uint64(len(events) - SHOWN_EVENTS))
        shown = "\n".join(_item(data, event).title for event in events[end - SHOWN_EVENTS : end])
        following = _item(data, events[end])
        prompt = (
            f"User {able[place]} of the dataset {data.name} {verb} these, in this order:\n{shown}\n"
            f"Write the title of the {item} that this user {verb} next in the dataset, and nothing else."
        )
        yield Question(prompt=prompt, item=following)


def _once(events: Sequence[Event]) -> list[Event]:
    """Each item at its first place."""
    return list({event.item_id: event for event in reversed(events)}.values())[::-1]


def _item(data: Interactions, event: Event) -> Item:
    item = data.items.get(event.item_id)
    assert item is not None  # noqa: S101 (Interactions has checked it)
    return item


async def _answers(rec: Recommender, questions: Sequence[Question]) -> list[Answer]:
    """Asks all, so many at a time as the config says; after a fatal error no more.

    Raises:
        BackendError: A fatal one, once what was in flight has ended, for that is paid for.
    """
    gate = asyncio.Semaphore(rec.config.backend.concurrency)
    chat = Capability.CHAT in rec.backend.capabilities
    fatal: list[BackendError] = []

    async def ask(one: Question) -> Answer:
        prompt = (Message(role="user", content=one.prompt),) if chat else one.prompt
        request = GenerateRequest(prompt=prompt, sampling=Sampling(max_tokens=MAX_TOKENS, seed=rec.config.seed))
        async with gate:
            if fatal:
                return Answer(failure=fatal[0].reason)
            try:
                answer: Generation = await rec.backend.generate(request)
            except BackendError as error:
                if error.fatal:
                    fatal.append(error)
                return Answer(failure=error.reason)
        return Answer(_first_line(answer.text))

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(ask(one)) for one in questions]
    if fatal:
        raise fatal[0]
    return [task.result() for task in running]


def _first_line(text: str) -> str:
    return next((line.strip(_QUOTES) for line in text.splitlines() if line.strip(_QUOTES)), "")


def _goes_on(answer: str, one: Question) -> bool:
    """Whether an answer is the rest of a title, or the whole of it."""
    return _words(answer) in (_words(one.rest), _words(one.item.title))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _result(questions: Sequence[Question], answers: Sequence[Answer], judge: Judge, seed: int) -> dict[str, Any]:
    if not questions:
        return {"asked": 0, "failed": 0, "failures": {}, "hits": 0}
    hits = _agreeing(answers, questions, judge)
    chance = _agreeing(answers, [*questions[1:], questions[0]], judge)
    rate, by_chance, excess = (
        interval(hits, seed=seed),
        interval(chance, seed=seed),
        difference(hits, chance, seed=seed),
    )
    return {
        "asked": len(questions),
        "failed": sum(bool(answer.failure) for answer in answers),
        "failures": dict(Counter(answer.failure for answer in answers if answer.failure).most_common()),
        "hits": int(hits.sum()),
        "rate": {"mean": rate.mean, "low": rate.low, "high": rate.high},
        "chance": {"mean": by_chance.mean, "low": by_chance.low, "high": by_chance.high},
        "excess": {"difference": excess.mean, "low": excess.low, "high": excess.high},
        "by_year": _by_year(questions, hits),
    }


def _agreeing(answers: Sequence[Answer], questions: Sequence[Question], judge: Judge) -> Floats:
    """Whether each answer is the one to its question, (questions,); a question that failed has none."""
    pairs = zip(answers, questions, strict=True)
    return np.array([not answer.failure and judge(answer.text, one) for answer, one in pairs], dtype=np.float64)


def _by_year(questions: Sequence[Question], hits: Floats) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one, hit in zip(questions, hits, strict=True):
        year = one.item.attributes.get(YEAR)
        if year:
            row = found.setdefault(year, {"asked": 0, "hits": 0})
            row["asked"] += 1
            row["hits"] += int(hit)
    return dict(sorted(found.items()))
