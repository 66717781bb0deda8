"""What the plots are drawn from: each series keeps its places, also where nothing is known of one."""

from __future__ import annotations

from evals import Scored
from evals.metrics import Batch, Shelf
from evals.profile import Profile
from evals.report.panels import position_panels
from recommender import Item

SHELF = Shelf([Item(f"i{n}", f"Film {n}") for n in range(5)], {"i4": 3})
OFFERED = tuple(f"i{n}" for n in range(5))


def profile(*rankings: tuple[str, ...]) -> dict[str, list[float | None]]:
    found = Profile()
    rows = [Scored(ranked=own, targets=frozenset({"i0"}), candidates=5, offered=OFFERED) for own in rankings]
    found.add(Batch(rows, SHELF))
    return found.document()


def test_a_candidate_that_nobody_ranks_leaves_its_place_empty_and_moves_no_other() -> None:
    assert profile(("i4", "i1"))["position"] == [None, 0.25, None, None, 0.0]


def test_places_beyond_the_longest_ranking_are_no_part_of_the_series() -> None:
    assert profile(("i4", "i1"), ("i4",))["popularity"] == [1.0, 0.8]


def test_who_ranked_nothing_has_no_series() -> None:
    assert profile(()) == {"position": [], "popularity": []}


def test_a_line_is_drawn_over_the_empty_place_and_says_so() -> None:
    [panel] = position_panels({"mine": {"profile": profile(("i4", "i1"))}})
    first, last = (point.split(",")[0] for point in panel.line.split())
    whole = position_panels({"mine": {"profile": profile(OFFERED)}})[0].line.split()
    assert (first, last) == (whole[1].split(",")[0], whole[4].split(",")[0])
    assert "none, 0.25, none, none, 0.00" in panel.description
