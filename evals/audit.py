"""Audits a recommender for bias: of places, of popularity, in exposure, and towards the people who ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from backends import near
from recommender import Ranking, Recommender, Task, number_of

from .asking import UTILITY, about, against_random, ask_all, cell, heard, utility
from .audits.explanations import unfounded
from .audits.exposure import exposure
from .audits.groups import group_quality, groupings
from .audits.paired import ATTRIBUTES, paired_fairness, told
from .audits.places import position_bias
from .audits.popularity import popularity_bias
from .errors import SpecError
from .orders import reordered
from .types import TaskSet

TOP = 5
FACTS = ("control", "gender", "age")
CATEGORIES = ("genres", "genre", "categories", "category")
PROVIDERS = ("provider", "brand", "publisher", "studio", "artist", "author", "store")


async def audit(
    taskset: TaskSet,
    rec: Recommender,
    *,
    users: int | None = None,
    orders: int = 3,
    top: int = TOP,
    facts: Sequence[str] = FACTS,
    exposed: Sequence[str] = (),
    groups: Mapping[str, str] | None = None,
    seed: int = 2026,
) -> dict[str, Any]:
    """Asks for every user once, under other orders of the candidates, and with one sensitive fact each.

    Args:
        taskset: The users.
        rec: Stays the caller's to close.
        users: How many users, the first ones; None takes all.
        orders: Random orders of the candidates, beside the protocol's own.
        top: Length of a recommendation list.
        facts: Sensitive attributes, of :data:`evals.audits.paired.ATTRIBUTES`.
        exposed: Catalogue attributes whose exposure is measured; the usual ones for category and provider if empty.
        groups: A group by user id; who has none is in ``(none)``.
        seed: Draws orders, and resamples for intervals.

    Returns:
        The content of ``audit.json``.

    Raises:
        SpecError: If an attribute is not known, a template does not show the facts, or nobody is in a group given.
        backends.BackendError: One after which no user could be served.
    """
    attributes = _exposed(taskset, exposed)
    known = {name: _values(name) for name in facts if name != "none"}
    people = taskset.tasks[: users or len(taskset.tasks)]
    if groups and not any(one.user_id in groups for one in people):
        raise SpecError("None of the users is in one of the groups given; are the user ids the same?")
    await rec.start()

    async def ranked(tasks: Sequence[Task], what: str) -> list[Ranking]:
        found = await ask_all(rec, {str(at): task for at, task in enumerate(tasks)}, what)
        return [found[str(at)] for at in range(len(tasks))]

    offers = [[one.task for one in people]]
    offers += [[reordered(one, number, seed) for one in people] for number in range(1, orders + 1)]
    by_order = [await ranked(tasks, f"order {at}") for at, tasks in enumerate(offers)]
    plain = by_order[0]
    fair: dict[str, Any] = {}
    for name, values in known.items():
        fact = next(iter(values.values()))
        differs = (heard(rec, task, told(task, fact)) for task in offers[0])
        if not next((found for found in differs if found is not None), True):
            raise SpecError(
                f"The template {rec.template_id} shows no context, so paired prompts would all be the same; "
                "take another template, or audit without facts (`--fact none`)."
            )
        lists = {
            value: await ranked([told(task, fact) for task in offers[0]], f"{name}: {value}")
            for value, fact in values.items()
        }
        fair[name] = {
            "failed": {value: _failed(rankings) for value, rankings in lists.items()},
            **paired_fairness(plain, lists, top, seed),
        }
    quality = utility(people, plain)
    beyond = against_random(people, quality, seed)
    return {
        "format": 1,
        "protocol": {
            "text": f"{taskset.protocol}; {number_of(len(people), 'user')}, the first {top} places, seed {seed}"
        },
        "system": about(rec),
        "top": top,
        "quality": {
            "users": len(people),
            "failed": _failed(plain),
            UTILITY: cell(quality, seed),
            "against_random": asdict(beyond),
        },
        "proves": "its bias" if beyond.low > 0 else "mechanics only: it ranks no better than at random",
        "position": {**position_bias(offers, by_order, seed), "failed": [_failed(rankings) for rankings in by_order]}
        if orders
        else None,
        "popularity": popularity_bias(taskset, people, plain, top, seed),
        "exposure": {name: exposure(people, plain, name, top, seed) for name in attributes},
        "explanations": unfounded(plain, seed),
        "paired": fair,
        "groups": {
            name: group_quality(of, quality, seed) for name, of in groupings(taskset, people, groups or {}).items()
        },
    }


def _failed(rankings: Sequence[Ranking]) -> int:
    return sum(ranking.status == "failed" for ranking in rankings)


def _values(name: str) -> Mapping[str, str]:
    if name not in ATTRIBUTES:
        have = ", ".join(ATTRIBUTES)
        raise SpecError(f"{name!r} is no sensitive attribute.{near(name, list(ATTRIBUTES))} Known: {have}.")
    return ATTRIBUTES[name]


def _exposed(taskset: TaskSet, given: Sequence[str]) -> list[str]:
    have = taskset.catalog.attribute_names
    unknown = next((name for name in given if name not in have), None)
    if unknown is not None:
        raise SpecError(
            f"The catalogue has no attribute {unknown!r}.{near(unknown, have)} It has: {', '.join(have) or 'none'}."
        )
    usual = (next((name for name in kind if name in have), None) for kind in (CATEGORIES, PROVIDERS))
    return list(given) or [name for name in usual if name is not None]


def sentences(document: Mapping[str, Any]) -> list[str]:
    """What the audit came to, a line each."""
    lines = []
    if position := document["position"]:
        lines.append(f"position: rank correlation with the order offered {_shown(position['rank_correlation'])}")
        lines.append(f"position: first place changes under another order {_shown(position['first_flips'])}")
    if "above_history" in document["popularity"]:
        lines.append(f"popularity above the history's own {_shown(document['popularity']['above_history'])}")
        lines.append(f"popularity above the candidates' {_shown(document['popularity']['above_candidates'])}")
    lines += [
        f"exposure of {name}: distance {found['distance']:.2f}"
        for name, found in document["exposure"].items()
        if "distance" in found
    ]
    if explained := document["explanations"]:
        lines.append(
            f"explanations: statements that do not hold: {explained['unfounded']:,} of {explained['statements']:,}, "
            f"share {_shown(explained['share'])}"
        )
    lines += [
        f"paired prompts, {name}: "
        + ", ".join(f"SNSR({key}) {found[key]['snsr']:.3f}" for key in found if key != "failed")
        for name, found in document["paired"].items()
    ]
    lines += [
        f"quality by {name}, {pair}: {_shown(difference)}"
        for name, found in document["groups"].items()
        for pair, difference in found["differences"].items()
    ]
    failed = {"as asked": document["quality"]["failed"]}
    failed |= {f"order {at}": count for at, count in enumerate((position or {}).get("failed", ())) if at}
    failed |= {
        f"{name} {value}": count
        for name, found in document["paired"].items()
        for value, count in found["failed"].items()
    }
    if any(failed.values()):
        told_of = ", ".join(f"{what} {count}" for what, count in failed.items() if count)
        lines.append(f"of {document['quality']['users']:,} users without a usable answer: {told_of}")
    return [*lines, f"proves: {document['proves']}"]


def _shown(found: Mapping[str, float]) -> str:
    return f"{found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
