"""The arithmetic of docs/scaling.md."""

import pytest

from recommender.batch.capacity import Load, Rates, fleet, seconds_a_user

H100 = Rates(prefill=31_000, decode=21_000, usd_per_hour=3.0)


@pytest.mark.parametrize(
    ("load", "users_a_second"),
    [
        (Load(prompt_tokens=540, completion_tokens=1), 57),
        (Load(prompt_tokens=540, completion_tokens=80), 47),
        (Load(prompt_tokens=540, completion_tokens=80, cached=0.25), 59),
        (Load(prompt_tokens=31_000, completion_tokens=0, cached=1.0), None),
    ],
)
def test_reading_and_writing_add_up_and_what_is_cached_is_free(load: Load, users_a_second: int | None) -> None:
    seconds = seconds_a_user(load, H100)
    assert (round(1 / seconds) if seconds else None) == users_a_second


def test_a_fleet_is_whole_servers_with_room_left() -> None:
    load = Load(prompt_tokens=540, completion_tokens=80)
    small, large = (fleet(load, H100, users_a_day=users) for users in (1e6, 1e8))
    assert (small.servers, large.servers) == (1, 36)
    assert large.server_hours == pytest.approx(100 * small.server_hours)
    assert large.usd_a_day == 36 * 24 * 3
    hurried = fleet(load, H100, users_a_day=1e8, hours=6, utilisation=0.7)
    assert hurried.servers == 141
