"""Clock: the domain's time, from the machine or from the sandbox. Leases, tokens and time-outs use real time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol

import aiohttp
from pydantic import BaseModel, Field, ValidationError

from shared.process.settings import Settings
from shared.resilience.retry import FIRST_WAIT, LONGEST_WAIT, Transient, jittered

POLL_LIMIT = 60.0

log = logging.getLogger(__name__)


class ClockUnknown(Transient):
    """The sandbox has not said yet what time it is."""


class Clock(Protocol):
    """The domain's time. `revision` counts how often it was moved."""

    @property
    def revision(self) -> int:
        """How often the clock was moved, as far as this process knows."""

    @property
    def known(self) -> bool:
        """Whether this process knows the time."""

    def now(self) -> datetime:
        """The domain's present, UTC."""

    async def moved(self, revision: int) -> None:
        """Returns once the clock's revision is another one than `revision`."""


def real_time() -> float:
    """Seconds since 1970 on the machine's clock, by which tokens live."""
    return time.time()


class SystemClock:
    """The machine's time, which is never moved."""

    revision = 0
    known = True

    def now(self) -> datetime:
        """The present, UTC."""
        return datetime.now(UTC)

    async def moved(self, revision: int) -> None:
        """Never returns."""
        await asyncio.get_running_loop().create_future()


class _Setting(BaseModel):
    """What the sandbox answers at /clock; members that a newer one adds are ignored."""

    revision: Annotated[int, Field(ge=0)]
    offset_us: int


class SandboxClock:
    """Real time plus the sandbox's offset, kept up to date by a long poll while `following`; never turned back.

    When the sandbox is away, time goes on with the last offset known.
    """

    def __init__(self, address: str) -> None:
        self._address = f"{address.rstrip('/')}/clock"
        self._offset = timedelta()
        self._moved = asyncio.Event()
        self.revision = -1

    @property
    def known(self) -> bool:
        """Whether the sandbox has answered yet; until then the time is unknown."""
        return self.revision >= 0

    def now(self) -> datetime:
        """The domain's present, UTC; ClockUnknown before the sandbox has answered."""
        if not self.known:
            raise ClockUnknown(self._address)
        return datetime.now(UTC) + self._offset

    async def moved(self, revision: int) -> None:
        """Returns once the clock's revision is another one than `revision`."""
        while self.revision == revision:
            await self._moved.wait()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[SandboxClock]:
        """Follows the sandbox in a task while the body runs."""
        task = asyncio.create_task(self._follow(), name="clock")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        wait = FIRST_WAIT
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=POLL_LIMIT, connect=LONGEST_WAIT)
        ) as session:
            while True:
                try:
                    self._take(await self._ask(session))
                    wait = FIRST_WAIT
                except (aiohttp.ClientError, OSError, TimeoutError, ValidationError) as error:
                    log.log(
                        logging.DEBUG if wait > FIRST_WAIT else logging.WARNING,
                        "the clock is not answered: %s",
                        type(error).__name__,
                    )
                    await asyncio.sleep(jittered(wait))
                    wait = min(2 * wait, LONGEST_WAIT)

    async def _ask(self, session: aiohttp.ClientSession) -> _Setting:
        # The first question is answered at once, every later one when the clock is moved.
        after = {"after": str(self.revision)} if self.known else {}
        async with session.get(self._address, params=after) as response:
            response.raise_for_status()
            return _Setting.model_validate_json(await response.read())

    def _take(self, setting: _Setting) -> None:
        offset = timedelta(microseconds=setting.offset_us)
        if offset < self._offset:
            log.error("the sandbox turned its clock back by %s; this process does not follow", self._offset - offset)
        self._offset = max(offset, self._offset)
        if setting.revision != self.revision:
            self.revision = setting.revision
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()


@asynccontextmanager
async def running_clock(settings: Settings) -> AsyncIterator[SystemClock | SandboxClock]:
    """The clock of the mode, running: the machine's in production."""
    if settings.mode == "production":
        yield SystemClock()
        return
    async with SandboxClock(settings.sandbox).following() as clock:
        yield clock
