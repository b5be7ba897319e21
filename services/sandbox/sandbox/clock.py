"""The test clock: how far the domain's time is ahead of real time, and who waits to hear of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, model_validator

from shared.events.base import Message, wire_time

MICROSECOND = timedelta(microseconds=1)
_SPAN = re.compile(
    r"(?:(?P<weeks>\d{1,5})w)?(?:(?P<days>\d{1,5})d)?(?:(?P<hours>\d{1,5})h)?(?:(?P<minutes>\d{1,5})m)?(?:(?P<seconds>\d{1,5})s)?"
)
FURTHEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Where the clock ends: far from the last year that a datetime holds, so that every deadline still fits behind it."""


def real_now() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)


def duration(text: str) -> timedelta:
    """`5d`, `36h`, `1w2d` as a time span; ValueError where it is none."""
    if not text or not (parts := _SPAN.fullmatch(text)):
        raise ValueError("a time span is written 5d, 36h, 90m, 10s, 2w or 1d12h")
    return timedelta(**{unit: int(number) for unit, number in parts.groupdict("0").items()})


def _is_duration(text: str) -> str:
    duration(text)
    return text


class Move(Message):
    """Where the clock shall go: to an instant, by a span, or to the next deadline of any service."""

    now: AwareDatetime | None = None
    advance: Annotated[str, AfterValidator(_is_duration)] | None = None
    to: Literal["next-deadline"] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum(form is not None for form in (self.now, self.advance, self.to)) != 1:
            raise ValueError("exactly one of now, advance and to is needed")
        return self

    def target(self, now: datetime) -> datetime | None:
        """The instant meant, told from `now`; nothing where only the services know it. Backwards raises ValueError."""
        if self.to:
            return None
        target = self.now if self.now else now + duration(self.advance or "")
        if target < now:
            raise ValueError(f"the clock goes forwards only: it is {wire_time(now)} by now")
        if target > FURTHEST:
            raise ValueError(f"the clock ends at {wire_time(FURTHEST)}")
        return target


@dataclass(frozen=True, slots=True)
class Setting:
    """One position of the clock: how far it is ahead, and how often it had been moved by then."""

    offset: timedelta
    revision: int


class Clock:
    """The domain's time as this process tells it: real time plus the offset. Unknown until the first position is
    published.
    """

    known = False

    def __init__(self, real: Callable[[], datetime] = real_now) -> None:
        self.setting = Setting(timedelta(), 0)
        self._real = real
        self._moved = asyncio.Event()

    @property
    def revision(self) -> int:
        """How often it has been moved."""
        return self.setting.revision

    def now(self) -> datetime:
        """The domain's present, UTC."""
        return self._real() + self.setting.offset

    def ahead(self, instant: datetime) -> Setting:
        """The position at which it is `instant` now, never behind the present one."""
        return Setting(max(instant - self._real(), self.setting.offset), self.setting.revision + 1)

    def publish(self, setting: Setting) -> None:
        """Takes a position that is stored, and wakes whoever waits for it."""
        self.setting, self.known = setting, True
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def moved(self, revision: int) -> None:
        """Returns once the clock's revision is another one than `revision`."""
        while self.revision == revision:
            await self._moved.wait()

    @property
    def wire(self) -> dict[str, Any]:
        """The clock as the API shows it."""
        return {
            "now": wire_time(self.now()),
            "revision": self.revision,
            "offset_us": self.setting.offset // MICROSECOND,
        }
