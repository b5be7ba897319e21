"""Idle benchmark: what a fresh stack takes of memory, and of a core while nobody asks it for anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter

from bench.machine import plain_work
from bench.report import Row
from bench.stack import Stack

WINDOW = 20
"""So many times the seconds of a round: 60 where nothing else is said."""
SETTLING = 5


async def rows(stack: Stack, seconds: float, rounds: int) -> Sequence[Row]:
    """Of the whole stack, with each program's part in the note."""
    await asyncio.sleep(SETTLING * seconds)
    memory, steady = stack.memory(), [plain_work()]
    before, began = stack.cpu(), perf_counter()
    await asyncio.sleep(WINDOW * seconds)
    took, after = perf_counter() - began, stack.cpu()
    steady.append(plain_work())
    used = {name: 100 * (after[name] - before.get(name, 0)) / took for name in after}
    cpu = [sum(used.values())]
    taken = [sum(memory.values())]
    return [
        Row("idle stack, of a core", "%", cpu, (), "", 5, 4, True, _parts(used, 2), steady),
        Row("fresh stack, memory", "MiB", taken, (), "", 900, 700, True, _parts(memory, 0)),
    ]


def _parts(figures: Mapping[str, float], digits: int) -> str:
    largest_first = sorted(figures.items(), key=lambda each: -each[1])
    return ", ".join(f"{name} {figure:.{digits}f}" for name, figure in largest_first)
