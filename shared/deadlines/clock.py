"""Clock: what the due loop asks of the domain's clock, which `shared.process.clock` has."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """It can be moved, and says so."""

    @property
    def revision(self) -> int:
        """How often it has been moved."""

    def now(self) -> datetime:
        """The instant, in UTC."""

    async def moved(self, revision: int) -> None:
        """Returns once its revision is another one than `revision`."""
