"""Metrics about lists: by hand, by a named oracle, by their definitions, and over parts of the users."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from fakes.scored import GENRES, scored, shelf, value
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import Scored, SpecError
from evals.metrics import METRICS, Batch, Metric, Shelf, per_user
from recommender import Item

ALL = {name: METRICS.load(name) for name in METRICS.names()}
LISTS = sorted(name for name, metric in ALL.items() if isinstance(metric, Metric) and metric.about == "lists")


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("coverage@2", ["ab", "ba", "ac"], 3 / 6),
        ("coverage@1", ["", ""], 0.0),
        ("gini@1", ["a", "b", "c", "d", "e", "f"], 0.0),
        ("gini@1", ["a"] * 9, 5 / 6),
        ("entropy@1", ["a", "b", "a", "b"], 1.0),
        ("entropy@1", ["a", "b"], 1.0),
        ("entropy@2", ["aa"], 0.0),
        ("arp@2", ["ab"], 40.0),
        ("arp@2", ["f"], 0.0),
        ("arp@1", ["ab"], 50.0),
        ("aplt@1", ["ca"], 1.0),
        ("aplt@3", ["abc"], 1 / 3),
        ("novelty@1", ["a"], -math.log2(51 / 101)),
        ("novelty@1", ["ab"], -math.log2(51 / 101)),
        ("ild@2", ["ab"], 0.5),
        ("ild@2", ["abe"], 0.5),
        ("ild@3", ["abc"], (0.5 + 1 + 1) / 3),
        ("ild@2", ["be"], 1.0),
        ("position-bias", ["abcdef"], 1.0),
        ("position-bias", ["fedcba"], -1.0),
        ("position-bias", ["bacdef"], 1 - 4 / 30),
    ],
)  # fmt: skip
def test_lists_by_hand(name: str, rows: list[str], expected: float) -> None:
    assert value(name, *map(scored, rows)) == pytest.approx(expected, abs=1e-12)


def test_serendipity_counts_targets_that_popularity_would_not_have_found() -> None:
    assert value("serendipity@2", scored("da", "ad")) == pytest.approx(1 / 2)
    assert value("serendipity@2", scored("ab", "ab")) == 0.0
    assert value("serendipity@1", scored("f", "f")) == 1.0


def test_what_is_obvious_goes_by_popularity_and_of_equals_by_the_order_offered() -> None:
    assert value("serendipity@2", scored("ab", "ab", offered="fedcba")) == 0.0
    assert value("serendipity@2", scored("fe", "fe", offered="fedcba")) == 1.0
    ids = [str(n) for n in range(60)]
    alike = Shelf([Item(i, i) for i in ids], {i: int(i) % 2 for i in ids})
    odd_first = ids[1:7:2]
    for candidates in (ids, ids[:6]):  # users may have been offered fewer than others
        rows = [
            Scored(
                ranked=tuple(odd_first), targets=frozenset(odd_first), candidates=len(offered), offered=tuple(offered)
            )
            for offered in (candidates, ids)
        ]
        assert list(per_user(["serendipity@3"], rows, alike)["serendipity@3"]) == [0.0, 0.0]
    unknown = Shelf([Item(i, i) for i in "abcdef"])
    rows = [scored("f", "f", offered="fa"), scored("a", "a")]
    assert list(per_user(["serendipity@1"], rows, unknown)["serendipity@1"]) == [0.0, 0.0]


def test_a_short_list_is_averaged_over_its_own_length() -> None:
    found = per_user(["arp@3", "aplt@3", "ild@3"], [scored("a"), scored("abc")], shelf())
    assert list(found["ild@3"]) == pytest.approx([math.nan, 2.5 / 3], nan_ok=True)
    assert per_user(["ild@3"], [scored("ab"), scored("abc")], shelf())["ild@3"][0] == 0.5
    assert list(found["arp@3"]) == [50.0, 30.0]
    assert list(found["aplt@3"]) == pytest.approx([0.0, 1 / 3])


@pytest.mark.parametrize("name", [name for name in LISTS if not ALL[name].reduce])
def test_no_users_have_no_values(name: str) -> None:
    assert len(ALL[name].values(Batch([], shelf()), 3)) == 0


def test_coverage_is_of_what_was_offered_to_anybody() -> None:
    assert value("coverage@1", scored("a"), scored("b"), on=shelf(offered=lambda: "abba")) == 1.0
    assert value("gini@1", scored("a"), scored("a"), on=shelf(offered=lambda: "ab")) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["arp@3", "aplt@3", "novelty@3", "ild@3", "calibration@3", "position-bias"])
def test_a_user_without_a_list_has_no_value_and_is_no_zero(name: str) -> None:
    found = per_user([name], [scored("", history="a"), scored("abd", history="a")], shelf())[name]
    assert list(np.isnan(found)) == [True, False]


def test_calibration_agrees_with_scipys_relative_entropy() -> None:
    stats = pytest.importorskip("scipy.stats")
    liked = np.array([1 / 2 + 1, 1 / 2, 0.0])  # a and f: x, y, z
    listed = np.array([1 / 3, 1 / 2 + 1 / 2 - 1 / 3 + 1 / 3, 1 / 3 + 1.0])
    listed = np.array([1 / 3, 1 / 3, 1 / 3]) + np.array([0.0, 1.0, 0.0]) + np.array([0.0, 0.0, 1.0])  # d, b, e
    p, q = liked / liked.sum(), listed / listed.sum()
    expected = stats.entropy(p, 0.99 * q + 0.01 * p)
    assert value("calibration@3", scored("dbe", history="af")) == pytest.approx(expected, abs=1e-9)
    assert value("calibration@2", scored("af", history="fa")) == pytest.approx(0.0, abs=1e-12)
    assert value("calibration@1", scored("ef", history="f")) == pytest.approx(math.log(100))  # z for x
    uneven = stats.entropy(
        [3 / 4, 1 / 4, 0], 0.99 * np.array([1 / 6, 4 / 6, 1 / 6]) + 0.01 * np.array([3 / 4, 1 / 4, 0])
    )
    assert value("calibration@2", scored("dbfe", history="af")) == pytest.approx(uneven, abs=1e-9)


def test_diversity_agrees_with_scipys_jaccard_distance() -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    genres = np.array([[g in GENRES[i].split("|") for g in "xyz"] for i in "abcdef"])
    for order in itertools.permutations("abcdef", 4):
        picked = genres[["abcdef".index(i) for i in order]]
        assert value("ild@4", scored("".join(order))) == pytest.approx(
            distance.pdist(picked, "jaccard").mean(), abs=1e-9
        )


def test_entropy_agrees_with_scipy_and_gini_with_its_definition() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    rows = [scored("".join(rng.permutation(list("abcdef"))[:4])) for _ in range(30)]
    counts = np.array([sum(i in row.ranked[:2] for row in rows) for i in "abcdef"], dtype=float)
    assert value("entropy@2", *rows) == pytest.approx(stats.entropy(counts, base=2), abs=1e-9)
    gini = np.abs(counts[:, None] - counts[None, :]).sum() / (2 * len(counts) ** 2 * counts.mean())
    assert value("gini@2", *rows) == pytest.approx(gini, abs=1e-9)


@pytest.mark.parametrize("name", ["gini@1", "entropy@1", "ild@1", "calibration@2"])
def test_where_nothing_is_known_there_is_no_value_and_no_zero(name: str) -> None:
    assert math.isnan(value(name, scored(""), scored("")))


def test_nothing_offered_is_not_covered_at_0_percent() -> None:
    assert math.isnan(value("coverage@1", scored("", offered=""), on=shelf(offered=list)))


def test_items_without_a_value_of_the_attribute_say_nothing_of_a_mix_or_of_diversity() -> None:
    bare = Shelf([Item(i, i, {"genres": " ; "}) for i in "ab"])
    assert math.isnan(value("calibration@2", scored("ab", history="a", offered="ab"), on=bare))
    assert value("ild@2", scored("ab", offered="ab"), on=bare) == 0.0


def test_items_of_one_and_the_same_value_are_alike() -> None:
    westerns = Shelf([Item(i, i, {"genres": "Western"}) for i in "ab"])
    assert value("ild@2", scored("ab", offered="ab"), on=westerns) == 0.0


@pytest.mark.parametrize("name", LISTS)
@settings(deadline=None, max_examples=20)
@given(st.lists(st.permutations("abcdef"), min_size=2, max_size=7), st.integers(1, 6))
def test_parts_of_the_users_give_what_all_at_once_give(name: str, orders: list[list[str]], cut: int) -> None:
    metric = ALL[name]
    rows = [scored("".join(order[:cut]), order[0], history=order[-1]) for order in orders]
    on = shelf()
    whole = metric.values(Batch(rows, on), 3)
    parts = np.concatenate([metric.values(Batch(rows[at : at + 1], on), 3) for at in range(len(rows))])
    np.testing.assert_allclose(whole, parts, atol=1e-12, equal_nan=True)


def test_a_catalogue_without_the_attribute_is_told_which_it_has() -> None:
    bare = Shelf([Item("a", "A", {"year": "1999"})])
    with pytest.raises(SpecError, match="has no attribute such as genres.*It has: year"):
        _ = bare.values
    with pytest.raises(SpecError, match="has no attribute 'mood'"):
        _ = Shelf([Item("a", "A", {"year": "1999"})], attribute="mood").values


def test_the_long_tail_is_what_the_first_80_percent_leave() -> None:
    assert [i for i, head in zip(GENRES, shelf().head, strict=True) if head] == ["a", "b"]
    assert not Shelf([Item("a", "A")]).head.any()


class World:
    """A random catalogue, and users with rankings that are whole, short or empty."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.ids = [f"i{n}" for n in range(60)]
        self.counts = {i: int(c) for i, c in zip(self.ids, rng.zipf(1.6, 60).clip(max=500), strict=True)}
        self.genres = {i: {str(g) for g in rng.permutation(8)[: rng.integers(0, 4)]} for i in self.ids}
        items = [Item(i, i, {"genres": "|".join(sorted(g))} if g else {}) for i, g in self.genres.items()]
        self.rows = [self._row(rng) for _ in range(120)]
        self.offered = {i for row in self.rows for i in row.offered}
        self.shelf = Shelf(items, self.counts, offered=lambda: self.offered)

    def _row(self, rng: np.random.Generator) -> Scored:
        offered = [str(i) for i in rng.permutation(self.ids)[:20]]
        ranked = [str(i) for i in rng.permutation(offered)][: rng.choice([0, 1, 4, 12, 20])]
        history = [str(i) for i in rng.permutation(self.ids)[: rng.integers(1, 9)]]
        targets = [str(i) for i in rng.permutation(offered)[: rng.integers(1, 4)]]
        return Scored(
            ranked=tuple(ranked),
            targets=frozenset(targets),
            candidates=20,
            offered=tuple(offered),
            history=tuple(history),
        )

    def mix(self, items: list[str]) -> np.ndarray:
        """Shares of the genres, by the definition."""
        found = np.zeros(8)
        for item in items:
            for genre in self.genres[item]:
                found[int(genre)] += 1 / len(self.genres[item])
        return found / found.sum() if found.sum() else found

    @property
    def tail(self) -> set[str]:
        """The long tail by its definition: not among the fewest most popular items with 80 % of the interactions."""
        order = sorted(self.counts.values(), reverse=True)
        last = next(c for n, c in enumerate(order) if sum(order[: n + 1]) >= 0.8 * sum(order))
        return {i for i, c in self.counts.items() if c < last}


def by_definition(name: str, world: World, row: Scored, k: int) -> float:
    """A metric of one user, written down anew, with scipy where it has it; NaN where the list has no value."""
    stats = pytest.importorskip("scipy.stats")
    distance = pytest.importorskip("scipy.spatial.distance")
    top = list(row.ranked[:k])
    if name == "position-bias":
        own = [row.offered.index(i) for i in row.ranked]
        return float(stats.kendalltau(range(len(own)), own).statistic) if len(own) > 1 else math.nan
    if name == "serendipity":
        obvious = sorted(row.offered, key=lambda i: -world.counts[i])[:k]
        return sum(i in row.targets and i not in obvious for i in top) / k
    if name == "auc":
        scores = dict.fromkeys(row.offered, -1000.0) | dict.fromkeys(row.targets, -2000.0)
        scores |= {item: -float(place) for place, item in enumerate(row.ranked)}
        pair = [scores[i] for i in row.targets], [scores[i] for i in row.offered if i not in row.targets]
        return float(stats.mannwhitneyu(*pair).statistic / len(pair[0]) / len(pair[1]))
    if name == "calibration":
        p, q = world.mix(list(row.history)), world.mix(top)
        return float(stats.entropy(p, 0.99 * q + 0.01 * p)) if p.sum() and q.sum() else math.nan
    if name == "ild":
        flags = np.array([[str(g) in world.genres[i] for g in range(8)] for i in top])
        return float(distance.pdist(flags, "jaccard").mean()) if len(top) > 1 else math.nan
    total = sum(world.counts.values())
    value = {
        "arp": lambda i: world.counts[i],
        "aplt": lambda i: i in world.tail,
        "novelty": lambda i: -math.log2((world.counts[i] + 1) / (total + 1)),
    }[name]
    return statistics.fmean(map(value, top)) if top else math.nan


@pytest.mark.parametrize(
    "name", ["aplt", "arp", "auc", "calibration", "ild", "novelty", "position-bias", "serendipity"]
)
@pytest.mark.parametrize("k", [1, 5, 30])
def test_equal_to_its_definition_on_random_rankings_with_gaps(name: str, k: int) -> None:
    world = World(k)
    asked = f"{name}@{k}" if ALL[name].cut else name
    found = per_user([asked], world.rows, world.shelf)[asked]
    expected = [by_definition(name, world, row, k) for row in world.rows]
    np.testing.assert_allclose(found, expected, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("k", [1, 5, 30])
def test_values_of_a_run_are_their_definitions_on_random_rankings(k: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    world = World(k)
    listed = [i for row in world.rows for i in row.ranked[:k]]
    counts = np.array([listed.count(i) for i in sorted(world.offered)], dtype=float)
    apart = np.abs(counts[:, None] - counts[None, :]).sum()
    expected = {
        "coverage": len(set(listed)) / len(world.offered),
        "entropy": stats.entropy(counts, base=2),
        "gini": apart / (2 * len(counts) ** 2 * counts.mean()),
    }
    for name, right in expected.items():
        assert value(f"{name}@{k}", *world.rows, on=world.shelf) == pytest.approx(right, abs=1e-9)
