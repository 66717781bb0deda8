"""Many users are streamed: pulled as results are taken, each told how it went, and ended in good order."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Iterator

import pytest
from doubles import Answering

from backends import InvalidRequest, ScoreRequest
from recommender import Catalog, InputError, Item, Recommender, parse_config

CATALOG = Catalog(Item(title[0], title) for title in ("Alien", "Brazil", "Heat"))


def recommender(backend: Answering | None = None) -> Recommender:
    config = parse_config({"backend": {"kind": "scripted", "concurrency": 4}})
    return Recommender(
        config, catalog=CATALOG, backend=backend or Answering(logprob=lambda text: 9.0 * (text == " Brazil"))
    )


def test_a_failed_request_is_raised_for_one_user_and_told_for_many() -> None:
    class Failing(Answering):
        async def score(self, request: ScoreRequest):  # type: ignore[no-untyped-def]
            if "Brazil" in str(request.prompt):
                raise InvalidRequest("no")
            return await super().score(request)

    rec = recommender(Failing())
    with pytest.raises(InvalidRequest):
        rec.recommend(["Brazil"])
    outcomes = {
        out.key: out.outcome for out in rec.recommend_many([("a", ["Brazil"]), {"user_id": "b", "history": ["Heat"]}])
    }
    assert outcomes == {"a": "invalid-request", "b": "whole"}


def test_many_users_are_pulled_as_results_are_taken() -> None:
    pulled = 0

    def users() -> Iterator[tuple[str, list[str]]]:
        nonlocal pulled
        for i in range(10_000):
            pulled += 1
            yield str(i), ["Alien"]

    rec = recommender()
    stream = rec.recommend_many(users(), k=1)
    assert [next(stream)[0].title for _ in range(50)] == ["Brazil"] * 50
    assert pulled < 100
    stream.close()
    assert pulled < 100


@pytest.mark.skipif(sys.platform == "win32", reason="needs a timer's signal")
def test_an_interruption_ends_many_users_as_what_it_is() -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    rec = recommender(Answering(delay=60))
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(rec.recommend_many([("a", ["Alien"]), ("b", ["Heat"])]))
    finally:
        signal.signal(signal.SIGALRM, before)
    rec.close()


def test_a_user_without_a_history_key_is_an_input_error() -> None:
    with pytest.raises(InputError, match="user number 2: .*needs a `history`"):
        list(recommender().recommend_many([("a", ["Alien"]), {"user_id": "b"}]))


def test_no_user_id_reaches_a_prompt() -> None:
    backend = Answering()
    list(recommender(backend).recommend_many([("user-4711-secret", ["Alien"])]))
    assert backend.sent
    assert "4711" not in str(backend.sent)


@pytest.mark.parametrize("users", [[["Heat"]], ["Heat"], {"u1": ["Heat"]}, [("a", None)]])
def test_users_of_a_wrong_shape_are_told_the_right_one(users: object) -> None:
    with pytest.raises(InputError, match="must be"):
        list(recommender().recommend_many(users))  # type: ignore[arg-type]


def test_a_users_own_key_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown key 'excluded'. Did you mean 'exclude'\?"):
        list(recommender().recommend_many([{"user_id": "u", "history": ["Heat"], "excluded": ["Alien"]}]))


def test_a_stream_that_is_left_in_the_middle_ends_with_its_recommender() -> None:
    backend = Answering(delay=0.01)
    with warnings.catch_warnings(), recommender(backend) as rec:
        warnings.simplefilter("error")
        stream = rec.recommend_many((str(i), ["Alien"]) for i in range(1000))
        next(stream)
        rec.close()
        sent = len(backend.sent)
        with pytest.raises(RuntimeError, match="closed before all users were done"):
            next(stream)
        stream.close()
    assert len(backend.sent) == sent < 100
