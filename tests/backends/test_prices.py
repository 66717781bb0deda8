"""Prices come from the config, else from a dated table, else they are unknown."""

import pytest
from fakes.engines import ToldEngine, ask
from fakes.virtual_time import run_virtually
from pydantic import ValidationError

from backends import BadResponse, Identity, Usage
from backends.prices import Price, Priced, PriceOptions, lookup

OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("model", "endpoint", "known"),
    [
        ("gpt-4o-mini", OPENAI, True),
        ("gpt-4o-mini-2024-07-18", OPENAI, True),
        ("gpt-4o-mini", "http://127.0.0.1:8000/v1", False),
        ("gpt-4o-mini-mine", OPENAI, False),
        ("another", OPENAI, False),
    ],
)
def test_only_what_the_table_says_is_known(model: str, endpoint: str, known: bool) -> None:
    assert (lookup(Identity(kind="openai", model=model, endpoint=endpoint)) is not None) == known


def test_the_config_wins_and_cached_tokens_have_their_own_price() -> None:
    override = PriceOptions(prompt=2.0, completion=8.0, cached=0.5)
    price = lookup(Identity(kind="openai", model="gpt-4o-mini", endpoint=OPENAI), override)
    assert price is not None
    usage = Usage(requests=1, prompt_tokens=1000, cached_tokens=400, completion_tokens=100)
    assert price.of(usage) == pytest.approx((600 * 2.0 + 400 * 0.5 + 100 * 8.0) / 1e6)
    assert PriceOptions(prompt=2.0, completion=8.0).price().cached == 2.0
    with pytest.raises(ValidationError):
        PriceOptions(prompt=-1.0, completion=8.0)


def test_answers_and_billed_failures_carry_their_price() -> None:
    billed = BadResponse("null", usage=Usage(requests=1, prompt_tokens=1_000_000))
    backend = Priced(
        ToldEngine(lambda _, attempt: billed if attempt == 1 else None, usage=Usage(requests=1, prompt_tokens=500_000)),
        Price(prompt=2.0, cached=1.0, completion=4.0),
    )

    async def main() -> float | None:
        with pytest.raises(BadResponse) as caught:
            await backend.generate(ask())
        assert caught.value.usage is not None
        assert caught.value.usage.usd == pytest.approx(2.0)
        return (await backend.generate(ask())).usage.usd

    assert run_virtually(main()) == pytest.approx(1.0)
