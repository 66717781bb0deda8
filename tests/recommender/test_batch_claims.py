"""Partitions are handed out as workers become free, and one that was begun stays with the journal of its answers."""

from pathlib import Path

import pytest

from recommender.batch._claims import Claims, busy_workers, handed_out
from recommender.errors import InputError


def hand_out(folder: Path, worker: int, waiting: list[int], *, workers: int = 2, partitions: int = 10):
    return handed_out(Claims(folder), waiting, worker=worker, workers=workers, partitions=partitions)


def test_a_slow_worker_keeps_only_what_it_has_begun(tmp_path: Path) -> None:
    waiting = list(range(10))
    slow, fast = (hand_out(tmp_path, worker, waiting) for worker in (0, 1))
    assert next(slow) == 0
    assert list(fast) == [5, 6, 7, 8, 9, 4, 3, 2, 1]
    assert list(slow) == []


def test_workers_of_one_speed_keep_to_their_own_neighbours(tmp_path: Path) -> None:
    both = zip(*(hand_out(tmp_path, worker, list(range(10))) for worker in (0, 1)), strict=True)
    assert list(both) == [(0, 5), (1, 6), (2, 7), (3, 8), (4, 9)]


def test_where_each_has_a_share_of_the_budget_it_does_no_more_than_its_own(tmp_path: Path) -> None:
    claims, waiting = Claims(tmp_path), [3, 4, 6]
    assert claims.take(6, worker=0)
    assert busy_workers(claims, waiting, workers=3, partitions=9, helping=False) == [0, 1]
    assert list(handed_out(claims, waiting, worker=1, workers=3, partitions=9, helping=False)) == [3, 4]
    assert list(handed_out(claims, waiting, worker=2, workers=3, partitions=9, helping=False)) == []
    assert list(handed_out(claims, waiting, worker=0, workers=3, partitions=9, helping=False)) == [6]


def test_what_a_worker_began_comes_back_to_it_first_and_to_nobody_else(tmp_path: Path) -> None:
    first = hand_out(tmp_path, 0, list(range(10)))
    assert [next(first) for _ in range(7)] == [0, 1, 2, 3, 4, 9, 8]
    waiting = [4, 5, 6, 7, 8]  # broken off; 0 to 3 and 9 are there
    later = hand_out(tmp_path, 1, waiting)
    assert [next(later), next(later)] == [5, 6]
    assert list(hand_out(tmp_path, 0, waiting)) == [4, 8, 7]
    assert list(later) == []


@pytest.mark.parametrize(
    ("begun", "waiting", "busy"),
    [
        ({}, range(10), [0, 1, 2]),
        ({}, [8, 9], [0, 2]),
        ({7: 0}, [7], [0]),
        ({7: 0, 8: 0}, [7, 8, 9], [0, 2]),
        ({0: 1}, [], []),
    ],
)
def test_no_more_workers_than_there_is_work_for(tmp_path: Path, begun, waiting, busy) -> None:
    claims = Claims(tmp_path)
    for part, worker in begun.items():
        assert claims.take(part, worker)
    assert busy_workers(claims, list(waiting), workers=3, partitions=10) == busy


def test_something_else_in_the_place_of_a_link_is_said(tmp_path: Path) -> None:
    (tmp_path / "part-00003").write_text("copied without links")
    with pytest.raises(InputError, match="part-00003"):
        Claims(tmp_path).owner(3)
    assert not Claims(tmp_path).take(3, worker=0)
