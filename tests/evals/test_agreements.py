"""How alike two rankings are: Kendall's tau and rank-biased overlap, by an oracle and by their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fakes.scored import scored, shelf

from evals import SpecError
from evals.metrics import METRICS, Agreement, Batch, parse


def random_pair(rng: np.random.Generator) -> tuple[str, str]:
    return tuple("".join(rng.permutation(list("abcdef"))[: rng.integers(1, 7)]) for _ in range(2))  # type: ignore[return-value]


def agree(name: str, one: str, other: str) -> float:
    on = shelf()
    return float(METRICS.load(name).values(Batch([scored(one)], on), Batch([scored(other)], on))[0])


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
    assert {name for name in METRICS.names() if isinstance(METRICS.load(name), Agreement)} == {"kendall", "rbo"}
    with pytest.raises(SpecError, match="compares two rankings"):
        parse("rbo")


def test_where_fewer_than_two_items_are_shared_there_is_no_tau_and_no_zero() -> None:
    assert math.isnan(agree("kendall", "", "ab"))


@pytest.mark.parametrize("name", ["kendall", "rbo"])
def test_rankings_of_different_users_are_not_compared(name: str) -> None:
    with pytest.raises(ValueError, match="zip"):
        METRICS.load(name).values(Batch([scored("a")], shelf()), Batch([scored("a"), scored("b")], shelf()))
