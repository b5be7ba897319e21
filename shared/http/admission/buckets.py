"""Buckets: how many requests a name has left, refilled evenly (token buckets)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

MOST_NAMES = 100_000
_ROUNDING = 1e-6  # of a request: sums of fractions of a second are not exact


@dataclass(slots=True)
class Draw:
    """What a request found in the bucket: `left` after it, below zero where there was none for it; seconds until there
    is one, and until the bucket is full.
    """

    left: int
    next_in: float
    full_in: float


class Buckets:
    """A bucket a name, which costs one number: when it is full again. No task or thread looks after it."""

    def __init__(self, now: Callable[[], float] = time.monotonic, most: int = MOST_NAMES) -> None:
        self._now = now
        self._most = most
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def draw(self, name: str, size: int, seconds: float) -> Draw:
        """Takes one from the bucket of the name, which holds `size` and is filled in so many seconds."""
        now, each = self._now(), seconds / size
        missing = max(self._full_at.get(name, now) - now, 0.0)
        left = int((seconds - missing) / each + _ROUNDING) - 1
        if left < 0:
            return Draw(-1, missing + each - seconds, missing)
        if name not in self._full_at:
            self._make_room(now)
        self._full_at[name] = now + missing + each
        return Draw(left, 0.0 if left else missing + 2 * each - seconds, missing + each)

    def _make_room(self, now: float) -> None:
        if len(self._full_at) < self._most:
            return
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        # Still too many names: the oldest half begins anew.
        for name in list(self._full_at)[: len(self._full_at) + self._most // 2 - self._most]:
            del self._full_at[name]
