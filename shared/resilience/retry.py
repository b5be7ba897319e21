"""Retries: transient errors, back-off, and the halt that only a person can end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4  # noqa: TID251 - between two tries, decides nothing

import asyncpg

FIRST_WAIT = 0.1
LONGEST_WAIT = 5.0
GIVE_UP_AFTER = 60.0


class Transient(Exception):
    """An outside system does not answer: a later try may succeed. Adapters raise it for their libraries' errors."""


class Halted(Exception):
    """Going on would lose or mix up events; the message names the remedy, and a person applies it."""


class GaveUp(Exception):
    """I/O has failed for so long that the component ends, to begin again from the beginning."""


_OUTSIDE: tuple[type[Exception], ...] = (
    Transient,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # The driver raises it for a connection that broke between two messages of one query.
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)


def transient(error: BaseException) -> bool:
    """Whether a later try may succeed without a change.

    asyncpg's refusal of an argument is an InterfaceError too, but also a ValueError: that is a defect of ours.
    """
    return isinstance(error, _OUTSIDE) and not isinstance(error, ValueError)


def jittered(seconds: float) -> float:
    """Between half of the wait and all of it: who failed together does not come back together."""
    return seconds * (1 + uuid4().int / 2**128) / 2


class Backoff:
    """Waits up to 0.1 s, doubling to 5 s, each time somewhat less; after `give_up` seconds without a success it raises
    GaveUp.
    """

    def __init__(self, give_up: float | None = None, now: Callable[[], float] | None = None) -> None:
        self._give_up = give_up
        self._now = now or asyncio.get_running_loop().time
        self._wait = FIRST_WAIT
        self._since: float | None = None

    def succeeded(self) -> None:
        """Something worked: the next failure is a first one."""
        self._wait, self._since = FIRST_WAIT, None

    async def pause(self, error: BaseException) -> None:
        """Waits before the next try; raises GaveUp from `error` where the limit has passed."""
        await asyncio.sleep(self.failed(error))

    def failed(self, error: BaseException) -> float:
        """The seconds to wait after this failure."""
        self._since = self._now() if self._since is None else self._since
        if self._give_up is not None and self._now() - self._since >= self._give_up:
            raise GaveUp(f"nothing but errors for {self._give_up:.0f} s: {error!r}") from error
        wait, self._wait = self._wait, min(2 * self._wait, LONGEST_WAIT)
        return jittered(wait)
