"""Candidates from a file: the data's own lists, or those of somebody else's first stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from backends import near
from recommender import number_of

from ..components import Options
from ..draws import shuffled
from ..errors import SpecError
from ..splits.base import HeldOut
from ._lists import Lists, read_lists
from ._sampling import crowded
from .base import SAMPLED, CandidatePolicy, Ground, Picker


class GivenOptions(Options):
    """Options.

    Attributes:
        list: Name of one of the data's own lists, or a path, relative to the spec.
        count: How many candidates each user gets; None takes the whole list.
        target: ``added``: the target takes the last of the ``count`` places and stands there once, as LLMRank does;
            ``as-given``: it is among them only if the list has it.
        shuffle: Whether the candidates are put into random order.
    """

    list: str
    count: int | None = Field(default=None, ge=2, strict=True)
    target: Literal["added", "as-given"] = "as-given"
    shuffle: bool = Field(default=True, strict=True)


def prepare(ground: Ground, options: GivenOptions) -> Picker:
    """Reads the lists; users without one are left out, and counted.

    Raises:
        SpecError: If the data has no list of that name and there is no such file.
    """
    path = ground.lists.get(options.list, ground.folder / options.list)
    if not path.is_file():
        have = ", ".join(ground.lists) or "none"
        raise SpecError(
            f"There is no candidate list {options.list!r}, by name or as a file."
            f"{near(options.list, list(ground.lists))} The data's own lists: {have}."
        )
    lists = read_lists(path, ground.catalog)
    whole = max(map(len, lists.by_user.values()))
    count = options.count or whole + (options.target == "added")

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        for one in users:
            found = ground.only_allowed(lists.by_user[one.user_id])
            if options.target == "added":
                others = [item_id for item_id in found if item_id not in one.targets]
                found = [*others[: max(1, count - len(one.targets))], *sorted(one.targets)]
            else:
                found = found[:count]
            order = shuffled(len(found), "order", ground.seed, one.user_id) if options.shuffle else range(len(found))
            yield [found[place] for place in order]

    return Picker(
        pick=pick,
        text=_text(path, count, options),
        sampled=options.target == "added",
        source="given",
        count=count,
        serves=lambda one: bool(ground.only_allowed(lists.by_user.get(one.user_id, ()))),
        unserved=f"without candidates in {path.name}",
        data={"candidates": path.name, "candidates_sha256": lists.sha256},
        warnings=lambda users: [
            *_repeats(path, lists, users),
            *(crowded(users, count) if options.target == "added" else ()),
        ],
    )


def _text(path: Path, count: int, options: GivenOptions) -> str:
    order = "in random order" if options.shuffle else "in the file's order"
    if options.target == "added":
        return f"{count} candidates, the target and the first {count - 1} others of {path.name}, {order} {SAMPLED}"
    return f"up to {count} candidates from {path.name} as given there, no target guaranteed, {order}"


def _repeats(path: Path, lists: Lists, users: Sequence[HeldOut]) -> list[str]:
    counts = [lists.repeated[one.user_id] for one in users if one.user_id in lists.repeated]
    if not counts:
        return []
    what = f"{number_of(sum(counts), 'candidate')} of {number_of(len(counts), 'user')}"
    return [f"{path.name} repeats {what}; each is kept once."]


CANDIDATES = CandidatePolicy(summary="lists from a file", options=GivenOptions, prepare=prepare)
