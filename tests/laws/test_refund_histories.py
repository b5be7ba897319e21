"""Histories of refunds in simulation: `python -m tests.proof.histories` plays 20,000 of them, these some of them."""

from __future__ import annotations

from tests.proof.histories.__main__ import a_first_seed, play, told

HISTORIES = 150


async def test_g9_in_every_history_the_cap_holds_nothing_is_paid_twice_and_every_refund_ends() -> None:
    first = a_first_seed()
    counts = await told(range(first, first + HISTORIES))
    print(f"first seed {first}: {dict(counts)}")
    assert counts["payments"] and counts["ended settled"] and counts["ended abandoned"]


async def test_the_same_seed_gives_the_same_trace_and_another_one_another() -> None:
    traces = [await (await play(seed))[0].digest() for seed in (4711, 4711, 4712)]
    assert traces[0] == traces[1] != traces[2]
