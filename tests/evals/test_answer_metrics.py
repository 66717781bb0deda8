"""Metrics about answers and text: how asking went, what it took, and how likely the targets were."""

from __future__ import annotations

import math
import statistics

import pytest
from fakes.scored import scored, value


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


@pytest.mark.parametrize("name", ["latency@50", "cost-per-point@10", "perplexity"])
def test_where_nothing_is_known_there_is_no_value_and_no_zero(name: str) -> None:
    assert math.isnan(value(name, scored("", usd=0.1), scored("", usd=0.1)))


def test_latency_is_of_the_users_whose_time_is_known_and_at_most_the_longest() -> None:
    rows = [scored("a"), scored("a", seconds=1.0), scored("a", seconds=4.0)]
    assert value("latency@50", *rows) == 2.5
    assert value("latency@200", *rows) == 4.0
    assert value("latency@90", scored("a", seconds=3.0)) == 3.0


def test_perplexity_is_over_all_tokens_and_nll_the_mean_over_users() -> None:
    rows = [scored("a", nll=6.0, nll_tokens=2), scored("a", nll=3.0, nll_tokens=6), scored("a")]
    assert value("nll", *rows) == pytest.approx((3.0 + 0.5) / 2)
    assert value("perplexity", *rows) == pytest.approx(math.exp(9 / 8))
