"""Waits between two tries: they grow, they differ, and they end where a limit is given."""

from __future__ import annotations

import pytest

from shared.resilience.retry import Backoff, GaveUp, Transient, jittered

AWAY = Transient("away")


async def test_waits_double_up_to_five_seconds_and_each_is_at_least_half_of_its_own() -> None:
    backoff = Backoff()
    waits = [backoff.failed(AWAY) for _ in range(10)]
    for wait, whole in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0], strict=True):
        assert whole / 2 <= wait <= whole


def test_who_failed_together_does_not_come_back_together() -> None:
    assert len({jittered(5.0) for _ in range(100)}) > 90


async def test_after_a_success_the_next_failure_is_a_first_one() -> None:
    backoff = Backoff()
    for _ in range(8):
        backoff.failed(AWAY)
    backoff.succeeded()
    assert backoff.failed(AWAY) <= 0.1


async def test_nothing_but_errors_is_given_up_where_there_is_a_limit() -> None:
    moments = iter([0.0, 0.0, 30.0, 61.0])
    backoff = Backoff(60.0, lambda: next(moments))
    backoff.failed(AWAY)
    backoff.failed(AWAY)
    with pytest.raises(GaveUp, match="60 s"):
        backoff.failed(AWAY)
