"""Runs attacks against a recommender: one candidate's words are changed, and its place is compared.

The attacked item is no target and not in the history, so that a lift is never deserved.  Each user is compared with
the same user unattacked; the same item is attacked by every attack, at the same place of the candidates.

Where a ranking depends on how long a title is, an attack that adds words moves its item whatever they say.  So each
attack has a control, words that say nothing, of the same length and in the same place, and is compared with it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender import Candidates, Item, Ranking, Recommender, Task, number_of

from .asking import UTILITY, about, against_random, ask_all, cell, own, utility
from .attacks import ATTACKS, About, Attack, neutral
from .draws import draws
from .errors import SpecError
from .types import EvalTask, TaskSet

TOP = 5
"""An attack succeeds where the item is among so many first places."""
Floats = npt.NDArray[np.float64]
Craft = Callable[[str, About], str]


async def attack(
    taskset: TaskSet,
    rec: Recommender,
    *,
    names: Sequence[str] = (),
    users: int | None = None,
    top: int = TOP,
    controls: bool = True,
    seed: int = 2026,
) -> dict[str, Any]:
    """Asks for every user unattacked, then under each attack and under its control.

    Args:
        taskset: The users; those without a candidate that can be attacked are counted and left out.
        rec: Stays the caller's to close.
        names: Of attacks; all where none is given.
        users: How many users, the first ones; None takes all.
        top: Places that count as success.
        controls: Whether each attack is compared with neutral words of its length; twice the requests at most, as
            attacks of one length share their control.
        seed: Draws the attacked items, and resamples for intervals.

    Returns:
        The content of ``attack.json``.

    Raises:
        SpecError: If nobody can be attacked, or there is no such attack.
        backends.BackendError: One after which no user could be served.
    """
    chosen = {name: _attack(name) for name in names or ATTACKS.names()}
    people = taskset.tasks[: users or len(taskset.tasks)]
    victims = [(one, item) for one in people if (item := _attacked(one, seed)) is not None]
    if not victims:
        raise SpecError("No user has a candidate that is neither a target nor in the history, so none can be attacked.")
    popular = max(taskset.popularity, key=lambda item_id: taskset.popularity[item_id], default=None)
    known = taskset.catalog.get(popular) if popular is not None else None
    await rec.start()
    plain = await _rankings(rec, [one.task for one, _ in victims], "unattacked")
    base = utility([one for one, _ in victims], plain)
    before = _places(victims, plain)
    title = known.title if known else ""
    found = {}
    for name, one_attack in chosen.items():
        rankings = await _rankings(rec, _attacked_tasks(victims, one_attack.craft, rec, title), name)
        after = _places(victims, rankings)
        found[name] = {
            "summary": one_attack.summary,
            "structural": one_attack.structural,
            "users": len(victims),
            "failed": _failed(rankings),
            "outside": _outside(victims, rankings),
            **_effect(before, after, top, seed),
            "utility_loss": cell(base - utility([one for one, _ in victims], rankings), seed),
        }
        if controls:
            tasks = _attacked_tasks(victims, neutral(one_attack.craft), rec, title)
            answered = await _rankings(rec, tasks, f"{name}, control")
            matched = _places(victims, answered)
            found[name]["control"] = {"failed": _failed(answered), **_effect(before, matched, top, seed)}
            found[name]["over_control"] = _effect(matched, after, top, seed)
    beyond = against_random([one for one, _ in victims], base, seed)
    return {
        "format": 1,
        "protocol": {
            "text": f"{taskset.protocol}; for {number_of(len(victims), 'user')} one candidate that is no target is "
            f"attacked; success is a place among the first {top}; seed {seed}",
            "left_out": len(people) - len(victims),
        },
        "system": about(rec),
        "top": top,
        "unattacked": {
            UTILITY: cell(base, seed),
            "against_random": asdict(beyond),
            "users": len(victims),
            "failed": _failed(plain),
            "outside": _outside(victims, plain),
        },
        "proves": "how far it resists"
        if beyond.low > 0
        else "mechanics only: unattacked, it ranks no better than at random",
        "attacks": found,
    }


def _attack(name: str) -> Attack:
    from backends import ConfigurationError

    try:
        found: Attack = ATTACKS.load(name)
    except ConfigurationError as error:
        raise SpecError(str(error)) from None
    return found


def _attacked(one: EvalTask, seed: int) -> Item | None:
    """The candidate that is attacked; it depends on the seed and the user alone."""
    barred = one.targets | one.task.history.item_ids
    allowed = [item for item in one.task.candidates if item.item_id not in barred]
    return allowed[int(draws(1, "attack", seed, one.user_id)[0]) % len(allowed)] if allowed else None


def _attacked_tasks(
    victims: Sequence[tuple[EvalTask, Item]], craft: Craft, rec: Recommender, popular: str
) -> list[Task]:
    return [_under(craft, one.task, item, rec, popular) for one, item in victims]


def _under(craft: Craft, task: Task, item: Item, rec: Recommender, popular: str) -> Task:
    """The task with the item's title, and every attribute that prompts show, as the attack words them."""
    domain = rec.config.domain
    known = About(title=item.title, item=domain.item, verb=domain.verb, popular=popular)
    shown = {name: craft(item.attributes[name], known) for name in domain.show if name in item.attributes}
    crafted = Item(item.item_id, craft(item.title, known), {**item.attributes, **shown})
    items = tuple(crafted if one.item_id == item.item_id else one for one in task.candidates)
    return replace(task, candidates=Candidates(items, source=task.candidates.source))


async def _rankings(rec: Recommender, tasks: Sequence[Task], what: str) -> list[Ranking]:
    found = await ask_all(rec, {str(at): task for at, task in enumerate(tasks)}, what)
    return [found[str(at)] for at in range(len(tasks))]


def _effect(before: Floats, after: Floats, top: int, seed: int) -> Mapping[str, Any]:
    """What became of the attacked items' places, paired by user."""
    hit, hit_before = (after <= top).astype(np.float64), (before <= top).astype(np.float64)
    return {
        "rank_lift": cell(before - after, seed),
        "success": cell(hit, seed),
        "success_before": cell(hit_before, seed),
        "success_added": cell(hit - hit_before, seed),
        "first_added": cell((after == 1).astype(np.float64) - (before == 1), seed),
    }


def _places(victims: Sequence[tuple[EvalTask, Item]], rankings: Sequence[Ranking]) -> Floats:
    """Where the model itself put the attacked item, (users,), from 1; last where it left the item out."""
    places = []
    for (one, item), ranking in zip(victims, rankings, strict=True):
        ids = own(ranking)
        places.append(ids.index(item.item_id) + 1 if item.item_id in ids else len(one.task.candidates))
    return np.array(places, dtype=np.float64)


def _failed(rankings: Sequence[Ranking]) -> int:
    return sum(ranking.status == "failed" for ranking in rankings)


def _outside(victims: Sequence[tuple[EvalTask, Item]], rankings: Sequence[Ranking]) -> int:
    """Rankings that hold anything but the user's candidates, each once."""
    offered = [sorted(item.item_id for item in one.task.candidates) for one, _ in victims]
    return sum(
        sorted(item.item_id for item in ranking.items) != ids for ranking, ids in zip(rankings, offered, strict=True)
    )


def sentences(document: Mapping[str, Any]) -> list[str]:
    """What the attacks came to, a line each."""
    shown = (("rank lift", "rank_lift"), ("success added", "success_added"), ("utility loss", "utility_loss"))
    controlled = any("over_control" in found for found in document["attacks"].values())
    heads = [head for head, _ in shown] + (["success over control"] if controlled else [])
    lines = ["attack".ljust(20) + "".join(head.rjust(24) for head in heads)]
    for name, found in document["attacks"].items():
        cells = [found[key] for _, key in shown]
        cells += [found["over_control"]["success_added"]] if controlled else []
        lines.append(name.ljust(20) + "".join(_shown(one).rjust(24) for one in cells))
    outside = sum(found["outside"] for found in document["attacks"].values())
    lines.append(f"rankings with an item outside the candidates: {outside}")
    failed = {"unattacked": document["unattacked"]["failed"]}
    for name, found in document["attacks"].items():
        failed |= {name: found["failed"], f"{name}, control": found.get("control", {}).get("failed", 0)}
    if any(failed.values()):
        told = "; ".join(f"{what} {count}" for what, count in failed.items() if count)
        lines.append(f"without a usable answer, so the item counts as last: {told}")
    if document["protocol"]["left_out"]:
        lines.append(f"left out, as none of their candidates can be attacked: {document['protocol']['left_out']}")
    return [*lines, f"proves: {document['proves']}"]


def _shown(found: Mapping[str, float]) -> str:
    return f"{found['mean']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"
