"""Lines of a file are found by user, and a later line takes the place of an earlier one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evals.offsets import Offsets


@given(st.lists(st.text(max_size=3)))
def test_it_finds_what_a_dictionary_would(users: list[str]) -> None:
    offsets, expected, taken = Offsets(), dict[str, int](), list[int]()
    for at, user in enumerate(users):
        offsets.add(user, at)
        if user in expected:
            taken.append(expected[user])
        expected[user] = at
    assert offsets.settle() == sorted(taken)
    assert {user: offsets.find(user) for user in users} == expected
    assert len(offsets) == len(expected)
    assert offsets.find("a user who is not there") is None
