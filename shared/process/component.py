"""Component: a part of a worker that runs beside the others, and what it can be asked."""

from __future__ import annotations

from datetime import datetime


class Component:
    """Runs until it is cancelled; what it does not answer otherwise has a plain default."""

    @property
    def name(self) -> str:
        """What people call it."""
        return type(self).__name__

    async def run(self) -> None:
        """Works until it is cancelled, or has been stopped."""
        raise NotImplementedError(type(self).__name__)

    async def quiet(self) -> str | None:
        """None when there is nothing left to do now, else what there is."""
        return None

    def halted(self) -> str | None:
        """What only a person can end, and how; None while it goes on by itself."""
        return None

    def needs_attention(self) -> str | None:
        """What it has that a person must look at, while it goes on."""
        return None

    async def next_deadline(self) -> datetime | None:
        """The instant of the earliest deadline that it will ask about."""
        return None

    def wake(self) -> None:
        """The clock was moved: something may have become due."""

    def stop(self) -> bool:
        """Asks `run` to end once what is in hand is done; False where only a cancellation ends it."""
        return False
