"""What may be asked of the clock: to go to an instant, by a time span, or to the next deadline (`mover.py` goes)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from shared.events.base import Message, wire_time
from shared.events.moments import END, Moment
from shared.http.request.body import example

_SPAN = re.compile(
    r"(?:(?P<weeks>\d{1,5})w)?(?:(?P<days>\d{1,5})d)?(?:(?P<hours>\d{1,5})h)?"
    r"(?:(?P<minutes>\d{1,5})m)?(?:(?P<seconds>\d{1,5})s)?"
)


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

    model_config = example(now="2026-03-12T00:00:00Z")

    now: Moment | None = None
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
        if target > END:
            raise ValueError(f"the clock ends at {wire_time(END)}")
        return target
