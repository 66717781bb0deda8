"""Metrics are what their names say: by hand, by an oracle library, and by counting all orders."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from fakes.scored import scored, value
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import EvalTask, Scored, SpecError
from evals.metrics import METRICS, Metric, ceiling, expected_random, figure, parse, per_user, title
from recommender import Candidates, History, Item, Task

ALL = {name: METRICS.load(name) for name in METRICS.names()}
PLACES = [name for name, metric in ALL.items() if isinstance(metric, Metric) and metric.about == "places"]
NAMES = sorted({f"{name}@{k}" if ALL[name].cut else name for name in PLACES for k in (1, 3, 10)})


def one(ranked: str, targets: str) -> Scored:
    return Scored(ranked=tuple(ranked), targets=frozenset(targets), candidates=len(ranked))


def task(candidates: str, targets: str) -> EvalTask:
    items = tuple(Item(c, c) for c in candidates)
    return EvalTask(user_id="u", task=Task(history=History(), candidates=Candidates(items)), targets=frozenset(targets))


@pytest.mark.parametrize(
    ("name", "ranked", "targets", "value"),
    [
        ("ndcg@10", "abc", "a", 1.0),
        ("ndcg@10", "abc", "b", 1 / math.log2(3)),
        ("ndcg@2", "abc", "c", 0.0),
        ("ndcg@10", "ab", "ax", 1 / (1 + 1 / math.log2(3))),
        ("hr@1", "abc", "b", 0.0),
        ("hr@2", "abc", "b", 1.0),
        ("recall@2", "abc", "bx", 0.5),
        ("precision@4", "abc", "b", 0.25),
        ("mrr", "abc", "c", 1 / 3),
        ("mrr", "abc", "x", 0.0),
        ("mrr", "", "x", 0.0),
        ("map@3", "abc", "ac", (1 + 2 / 3) / 2),
        ("hr@3", "aab", "b", 1.0),
    ],
)
def test_by_hand(name: str, ranked: str, targets: str, value: float) -> None:
    assert per_user([name], [one(ranked, targets)])[name][0] == pytest.approx(value)


def test_equal_to_trec_eval_on_random_rankings() -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    rng = np.random.default_rng(7)
    rows, run, qrels = [], {}, {}
    for user in range(200):
        items = [str(i) for i in rng.permutation(50)[: rng.integers(1, 40)]]
        targets = {str(i) for i in rng.permutation(50)[: rng.integers(1, 9)]}
        rows.append(Scored(ranked=tuple(items), targets=frozenset(targets), candidates=50))
        run[str(user)] = {item: float(-place) for place, item in enumerate(items)}
        qrels[str(user)] = dict.fromkeys(targets, 1)
    oracle = pytrec_eval.RelevanceEvaluator(
        qrels, {"ndcg_cut.1,5,10", "recall.1,5,10", "P.1,5,10", "recip_rank", "map_cut.1,5,10", "success.1,5,10"}
    ).evaluate(run)
    theirs = {"ndcg": "ndcg_cut_", "recall": "recall_", "precision": "P_", "map": "map_cut_", "hr": "success_"}
    names = [f"{name}@{k}" for name in theirs for k in (1, 5, 10)]
    ours = per_user([*names, "mrr"], rows)
    for name in names:
        metric, k = name.split("@")
        expected = [oracle[str(user)][theirs[metric] + k] for user in range(200)]
        np.testing.assert_allclose(ours[name], expected, atol=1e-9)
    np.testing.assert_allclose(ours["mrr"], [oracle[str(user)]["recip_rank"] for user in range(200)], atol=1e-9)


@pytest.mark.parametrize(
    ("candidates", "targets"),
    [("abcde", "a"), ("abcde", "abc"), ("abcd", "ax"), ("abc", "xy"), ("ab", "ab"), ("a", "a")],
)
@pytest.mark.parametrize("name", NAMES)
def test_the_analytic_random_row_is_the_mean_over_all_orders(name: str, candidates: str, targets: str) -> None:
    orders = [one("".join(order), targets) for order in itertools.permutations(candidates)]
    [expected] = expected_random([name], [task(candidates, targets)])[name]
    assert expected == pytest.approx(per_user([name], orders)[name].mean())


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(order=st.permutations("abcdefg"), targets=st.sets(st.sampled_from("abcdefgxyz"), min_size=1))
def test_bounds_hold_and_no_order_is_better_than_the_ceiling(name: str, order: list[str], targets: set[str]) -> None:
    value = per_user([name], [one("".join(order), "".join(targets))])[name][0]
    best = ceiling([name], [task("abcdefg", "".join(targets))])[name][0]
    assert 0.0 <= value <= best + 1e-12 <= 1.0 + 1e-9
    assert per_user([name], [Scored(ranked=(), targets=frozenset(targets), candidates=7)])[name][0] == 0.0


def test_the_analytic_mrr_holds_for_any_number_of_targets() -> None:
    rng = np.random.default_rng(1)
    items = tuple(Item(str(n), str(n)) for n in range(2000))
    targets = frozenset(str(n) for n in range(700))
    many = EvalTask(user_id="u", task=Task(history=History(), candidates=Candidates(items)), targets=targets)
    [expected] = expected_random(["mrr"], [many])["mrr"]
    drawn = [1 + (rng.permutation(2000) < 700).argmax() for _ in range(4000)]
    assert expected == pytest.approx(np.mean(1 / np.array(drawn)), abs=0.02)


def test_20_candidates_with_one_target_give_the_published_random_row() -> None:
    row = expected_random(["ndcg@10", "hr@1"], [task("abcdefghijklmnopqrst", "a")])
    assert row["ndcg@10"][0] == pytest.approx(0.2272, abs=5e-5)
    assert row["hr@1"][0] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ndgc@10", "Did you mean 'ndcg'?"),
        ("ndcg", "needs a cut-off"),
        ("mrr@10", "takes no cut-off"),
        ("ndcg@0", "is no metric"),
        ("", "is no metric"),
    ],
)
def test_a_wrong_name_is_refused_with_what_to_write(name: str, said: str) -> None:
    with pytest.raises(SpecError, match=None) as caught:
        parse(name)
    assert said in str(caught.value)


def test_values_stand_in_the_order_of_users_whatever_the_length_of_their_rankings() -> None:
    rows = [one("abcdef", "f"), one("", "a"), one("a", "a"), one("ba", "a")]
    assert per_user(["mrr"], rows)["mrr"] == pytest.approx([1 / 6, 0.0, 1.0, 0.5])
    for name in NAMES:
        together = per_user([name], rows)[name]
        assert together.dtype == np.float64
        assert together == pytest.approx([per_user([name], [row])[name][0] for row in rows])


def test_no_users_have_no_values() -> None:
    assert {name: len(values) for name, values in per_user(NAMES, []).items()} == dict.fromkeys(NAMES, 0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("targets", ["a", "acg", "ax"])
def test_targets_first_is_the_best_order(name: str, targets: str) -> None:
    first = sorted("abcdefg", key=lambda item: item not in targets)
    best = per_user([name], [one("".join(first), targets)])[name][0]
    worst = per_user([name], [one("".join(reversed(first)), targets)])[name][0]
    assert ceiling([name], [task("abcdefg", targets)])[name][0] == pytest.approx(best)
    assert best > worst or name.partition("@")[2] == "10"


def test_a_target_that_is_no_candidate_counts_as_a_miss_even_for_the_best_order() -> None:
    best = ceiling(["recall@10", "ndcg@10", "mrr"], [task("abc", "ax")])
    assert best["recall@10"][0] == 0.5
    assert best["ndcg@10"][0] == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert best["mrr"][0] == 1.0


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


@pytest.mark.parametrize("name", ["base@10", "_compute@1"])
def test_modules_beside_the_metrics_are_no_metrics(name: str) -> None:
    with pytest.raises(SpecError, match="There is no metric"):
        parse(name)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("ndcg@10", "NDCG@10"),
        ("graded-ndcg@10", "Graded NDCG@10"),
        ("cost_per_point@5", "Cost per point@5"),
        ("position-bias", "Position bias"),
        ("mrr", "MRR"),
    ],
)
def test_a_metrics_name_is_printed_as_papers_do(metric: str, said: str) -> None:
    assert title(metric) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0.000"),
        (-9e-10, "0.000"),
        (1e-9, "1e-09"),
        (0.00012345, "0.00012"),
        (-0.0005, "-0.0005"),
        (0.001, "0.001"),
        (0.12345, "0.123"),
        (999.9, "999.900"),
        (1000.0, "1,000"),
        (-1234567.0, "-1,234,567"),
    ],
)
def test_a_value_is_printed_with_what_says_something(value: float, said: str) -> None:
    assert figure(value) == said
