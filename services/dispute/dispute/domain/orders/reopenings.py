"""Reopenings of an order: how often its lines were disputed again on one day (G18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.events.calendar import from_day


@dataclass(frozen=True, slots=True)
class Reopenings:
    """How many disputes of the day that ends at `until` were not the first on one of their lines."""

    again: int = 0
    until: datetime | None = None

    def used(self, now: datetime) -> int:
        """How many count now: those of another day do not."""
        return self.again if self.until and now < self.until else 0

    def one_more(self, at: datetime, timezone: str) -> Self:
        """With one at this instant."""
        return type(self)(self.used(at) + 1, from_day(at, 1, timezone))
