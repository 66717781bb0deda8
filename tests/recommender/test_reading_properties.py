"""What holds of the reading of any text; ``tests/fuzz/reading.py`` looks for exceptions a million times."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import reading_properties as properties
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = [
    *properties.TITLES, "Casablanca", "Up", "[A]", "[B]", "B", "1. ", "2) ", "[1. ", "], [", "\n", ", ", " > ", " - ", '"', "'", "[",
    "]", "{", "}", ":", "- ", "《", "》", "、", "１．", "<think>", "</think>", "\\", '\\"', "(1995)", "I", "\ud800", "\x00", "```json\n",
    '{"ranking": [', '"title": ', " and ", " starring ", " by ", "Sure, how about ", "...", ", The", "4/5", "\u202e", "\u200b",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


@settings(deadline=None)
@given(text=TEXTS)
def test_parsers_never_raise_and_keep_to_the_text(text: str) -> None:
    properties.check_parsers(text)


@settings(deadline=None)
@pytest.mark.parametrize("shape", properties.SHAPES)
@given(text=TEXTS)
def test_every_candidate_comes_out_once_whatever_is_written(shape: str, text: str) -> None:
    properties.check_reading(text, shape)


@settings(deadline=None)
@given(text=TEXTS)
def test_an_open_list_names_items_of_the_catalogue_once(text: str) -> None:
    properties.check_open_reading(text)


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, those in C included: a measure of work that no other process disturbs."""
    count = 0

    def count_call(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(count_call)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("shape", [*properties.SHAPES, "open"])
@pytest.mark.parametrize("unit", ["1. Heat\n", "Heat, ", "[A] > ", '{"title": "Heat"}, ', "Zyx wv, ", "1. A - B\n", "《Heat》、", "Heat and Up. "])  # fmt: skip
def test_four_times_the_text_is_four_times_the_work(shape: str, unit: str) -> None:
    def read(size: int) -> int:
        text = unit * (size // len(unit))
        if shape == "open":
            return calls(lambda: properties.check_open_reading(text))
        return calls(lambda: properties.check_reading(text, shape))

    read(500)  # indexes are built, modules are imported
    assert read(8_000) < 6 * read(2_000)
