"""Metrics about lists, answers and text: by hand, by a named oracle, and over parts of the users."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import EvalTask, Scored, SpecError
from evals.metrics import METRICS, Agreement, Batch, Metric, Shelf, ceiling, expected_random, parse, per_user
from recommender import Candidates, History, Item, Task

ALL = {name: METRICS.load(name) for name in METRICS.names()}
LISTS = sorted(name for name, metric in ALL.items() if isinstance(metric, Metric) and metric.about == "lists")
GENRES = {"a": "x|y", "b": "y", "c": "", "d": "x|y|z", "e": "z", "f": "x"}
COUNTS = {"a": 50, "b": 30, "c": 10, "d": 6, "e": 4, "elsewhere": 0}


def shelf(**more: object) -> Shelf:
    return Shelf([Item(i, i, {"genres": genres} if genres else {}) for i, genres in GENRES.items()], COUNTS, **more)


def scored(ranked: str, targets: str = "a", *, history: str = "", offered: str = "abcdef", **facts: object) -> Scored:
    return Scored(
        ranked=tuple(ranked),
        targets=frozenset(targets),
        candidates=len(offered),
        offered=tuple(offered),
        history=tuple(history),
        **facts,
    )


def value(name: str, *rows: Scored, on: Shelf | None = None) -> float:
    metric, _ = parse(name)
    on = on or shelf()
    found = per_user([name], rows, on)[name]
    return (
        metric.reduce(found, on)
        if metric.reduce
        else float(np.nanmean(found))
        if not np.isnan(found).all()
        else math.nan
    )


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


def random_pair(rng: np.random.Generator) -> tuple[str, str]:
    return tuple("".join(rng.permutation(list("abcdef"))[: rng.integers(1, 7)]) for _ in range(2))  # type: ignore[return-value]


def agree(name: str, one: str, other: str) -> float:
    on = shelf()
    return float(ALL[name].values(Batch([scored(one)], on), Batch([scored(other)], on))[0])


def test_kendall_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(5)
    for _ in range(200):
        one, other = random_pair(rng)
        shared = [i for i in one if i in other]
        found = agree("kendall", one, other)
        if len(shared) < 2:
            assert math.isnan(found)
        else:
            expected = stats.kendalltau([one.index(i) for i in shared], [other.index(i) for i in shared]).statistic
            assert found == pytest.approx(expected, abs=1e-9)


def rbo_by_definition(one: str, other: str, p: float = 0.9) -> float:
    """Webber, Moffat and Zobel, equation 32, as it is printed."""
    short, long = sorted((one, other), key=len)
    s, n = len(short), len(long)
    x = {d: len(set(short[:d]) & set(long[:d])) for d in range(1, n + 1)}
    first = sum(x[d] / d * p**d for d in range(1, n + 1))
    second = sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    return (1 - p) / p * (first + second) + ((x[n] - x[s]) / n + x[s] / s) * p**n


def test_rbo_is_its_definition() -> None:
    rng = np.random.default_rng(6)
    for _ in range(200):
        one, other = random_pair(rng)
        assert agree("rbo", one, other) == pytest.approx(rbo_by_definition(one, other), abs=1e-9)
    assert agree("rbo", "abc", "abc") == pytest.approx(1.0)
    assert agree("rbo", "abc", "def") == 0.0
    assert math.isnan(agree("rbo", "", "abc"))


def test_agreements_are_no_metrics_of_one_system() -> None:
    assert {name for name, metric in ALL.items() if isinstance(metric, Agreement)} == {"kendall", "rbo"}
    with pytest.raises(SpecError, match="compares two rankings"):
        parse("rbo")


def test_auc_agrees_with_scipys_rank_sum() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(7)
    for _ in range(50):
        order = "".join(rng.permutation(list("abcdef")))
        targets = set(rng.permutation(list("abcdef"))[: rng.integers(1, 6)])
        scores = {item: -place for place, item in enumerate(order)}
        ours = [scores[i] for i in targets], [scores[i] for i in "abcdef" if i not in targets]
        expected = stats.mannwhitneyu(*ours).statistic / (len(ours[0]) * len(ours[1]))
        assert value("auc", scored(order, "".join(targets))) == pytest.approx(expected, abs=1e-9)


def test_a_target_that_was_not_ranked_loses_every_pair() -> None:
    assert value("auc", scored("", "a")) == 0.0
    assert value("auc", scored("b", "a")) == 0.0
    assert value("auc", scored("a", "a")) == 1.0
    assert value("auc", scored("a", "az")) == 0.5


def test_graded_ndcg_agrees_with_trec_eval_on_the_same_gains() -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    rng = np.random.default_rng(8)
    rows, run, qrels = [], {}, {}
    for user in range(100):
        items = [str(i) for i in rng.permutation(40)[: rng.integers(1, 30)]]
        grades = {str(i): int(rng.integers(0, 6)) for i in rng.permutation(40)[: rng.integers(1, 9)]}
        grades[str(rng.integers(40, 50))] = 3
        rows.append(Scored(ranked=tuple(items), targets=frozenset(grades), candidates=50, gains=grades))
        run[str(user)] = {item: float(-place) for place, item in enumerate(items)}
        qrels[str(user)] = {item: 2**grade - 1 for item, grade in grades.items()}
    oracle = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.1,5,10"}).evaluate(run)
    for k in (1, 5, 10):
        expected = [oracle[str(user)][f"ndcg_cut_{k}"] for user in range(100)]
        np.testing.assert_allclose(per_user([f"graded-ndcg@{k}"], rows)[f"graded-ndcg@{k}"], expected, atol=1e-9)


def test_the_analytic_row_of_graded_ndcg_is_the_mean_over_all_orders() -> None:
    gains = {"a": 3.0, "b": 1.0, "z": 5.0}
    items = tuple(Item(c, c) for c in "abcde")
    task = EvalTask(
        user_id="u", task=Task(history=History(), candidates=Candidates(items)), targets=frozenset("abz"), gains=gains
    )
    rows = [
        Scored(ranked=order, targets=task.targets, candidates=5, gains=gains)
        for order in itertools.permutations("abcde")
    ]
    for name in ("graded-ndcg@2", "graded-ndcg@10"):
        assert expected_random([name], [task])[name][0] == pytest.approx(per_user([name], rows)[name].mean())


def test_a_target_without_a_grade_has_grade_1_and_the_best_order_goes_by_grades() -> None:
    gains = {"b": 1.5}
    items = tuple(Item(c, c) for c in "abc")
    task = EvalTask(
        user_id="u", task=Task(history=History(), candidates=Candidates(items)), targets=frozenset("ab"), gains=gains
    )
    rows = [
        Scored(ranked=order, targets=task.targets, candidates=3, gains=gains) for order in itertools.permutations("abc")
    ]
    name = "graded-ndcg@1"
    assert max(per_user([name], rows)[name]) == ceiling([name], [task])[name][0] == 1.0
    expected = expected_random(["coverage@1", name], [task])  # what has no such mean is left out
    assert list(expected) == [name]
    assert expected[name][0] == pytest.approx(per_user([name], rows)[name].mean())


def test_targets_that_are_all_of_grade_0_are_worth_nothing_in_any_order() -> None:
    items = (Item("a", "a"), Item("b", "b"))
    task = EvalTask(
        user_id="u",
        task=Task(history=History(), candidates=Candidates(items)),
        targets=frozenset("a"),
        gains={"a": 0.0},
    )
    row = Scored(ranked=("a", "b"), targets=task.targets, candidates=2, gains=task.gains)
    assert per_user(["graded-ndcg@2"], [row])["graded-ndcg@2"][0] == 0.0
    assert expected_random(["graded-ndcg@2"], [task])["graded-ndcg@2"][0] == 0.0


def test_grades_that_are_all_1_make_no_difference() -> None:
    rows = [scored("abc", "bz"), scored("cab", "b"), scored("", "a")]
    assert per_user(["graded-ndcg@2"], rows)["graded-ndcg@2"] == pytest.approx(per_user(["ndcg@2"], rows)["ndcg@2"])


def test_answers_by_hand() -> None:
    rows = [
        scored("abcdef", "a", seconds=1.0, usd=0.02),
        scored("ab", "b", whole=False, seconds=3.0, usd=0.01),
        scored("", "b", whole=False, failed=True, seconds=2.0, usd=0.0),
    ]
    assert value("whole-rate", *rows) == pytest.approx(1 / 3)
    assert value("partial-rate", *rows) == pytest.approx(1 / 3)
    assert value("failed-rate", *rows) == pytest.approx(1 / 3)
    assert value("cost", *rows) == pytest.approx(0.01)
    ndcg = value("ndcg@10", *rows)
    assert value("cost-per-point@10", *rows) == pytest.approx(0.01 / (100 * ndcg))
    assert value("latency@50", *rows) == 2.0
    assert value("latency@90", *rows) == pytest.approx(statistics.quantiles([1, 2, 3], n=10, method="inclusive")[-1])
    assert math.isnan(value("cost", scored("a")))
    assert math.isnan(value("cost-per-point@10", scored("a"), rows[0]))


@pytest.mark.parametrize(
    "name",
    ["gini@1", "entropy@1", "ild@1", "latency@50", "cost-per-point@10", "perplexity", "calibration@2", "kendall"],
)
def test_where_nothing_is_known_there_is_no_value_and_no_zero(name: str) -> None:
    rows = [scored("", usd=0.1), scored("", usd=0.1)]
    assert math.isnan(agree("kendall", "", "ab") if name == "kendall" else value(name, *rows))


def test_nothing_offered_is_not_covered_at_0_percent() -> None:
    assert math.isnan(value("coverage@1", scored("", offered=""), on=shelf(offered=list)))


def test_latency_is_of_the_users_whose_time_is_known_and_at_most_the_longest() -> None:
    rows = [scored("a"), scored("a", seconds=1.0), scored("a", seconds=4.0)]
    assert value("latency@50", *rows) == 2.5
    assert value("latency@200", *rows) == 4.0
    assert value("latency@90", scored("a", seconds=3.0)) == 3.0


def test_items_without_a_value_of_the_attribute_say_nothing_of_a_mix_or_of_diversity() -> None:
    bare = Shelf([Item(i, i, {"genres": " ; "}) for i in "ab"])
    assert math.isnan(value("calibration@2", scored("ab", history="a", offered="ab"), on=bare))
    assert value("ild@2", scored("ab", offered="ab"), on=bare) == 0.0


def test_items_of_one_and_the_same_value_are_alike() -> None:
    westerns = Shelf([Item(i, i, {"genres": "Western"}) for i in "ab"])
    assert value("ild@2", scored("ab", offered="ab"), on=westerns) == 0.0


@pytest.mark.parametrize("name", ["kendall", "rbo"])
def test_rankings_of_different_users_are_not_compared(name: str) -> None:
    with pytest.raises(ValueError, match="zip"):
        ALL[name].values(Batch([scored("a")], shelf()), Batch([scored("a"), scored("b")], shelf()))


def test_perplexity_is_over_all_tokens_and_nll_the_mean_over_users() -> None:
    rows = [scored("a", nll=6.0, nll_tokens=2), scored("a", nll=3.0, nll_tokens=6), scored("a")]
    assert value("nll", *rows) == pytest.approx((3.0 + 0.5) / 2)
    assert value("perplexity", *rows) == pytest.approx(math.exp(9 / 8))


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
