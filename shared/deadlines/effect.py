"""Effect: a call to the outside world that a deadline stands for, and the command that records its outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from shared.events.base import Command

S = TypeVar("S")
K = TypeVar("K")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Effect(Generic[S, K, A]):
    """What a due deadline asks of the world outside.

    `wanted(state, kind)` is the call, or None where nothing is wanted any more; `call(wanted)` makes it and answers, or
    raises where the outcome is unknown: then nothing is recorded, and the same call is made again later;
    `outcome(wanted, answer, now)` is the command that records it. `crash_point` is passed between the answer and the
    append.
    """

    wanted: Callable[[S, str], K | None]
    call: Callable[[K], Awaitable[A]]
    outcome: Callable[[K, A, datetime], Command]
    crash_point: str | None = None
