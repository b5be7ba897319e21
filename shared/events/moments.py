"""Moments and days from outside: RFC 3339 text and no other spelling, in bodies and queries alike."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.events.base import Instant

BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Far from the years where a calendar ends, so that every deadline that follows from an instant still fits behind
it.
"""

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,18})?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def moment(value: Any) -> datetime:
    """The instant of RFC 3339 text (5.6, with its offset) from 1970 to 2199; an instant stays as it is."""
    at = value if isinstance(value, datetime) else _read(value)
    # Before it is brought to UTC: at a calendar's ends that would overflow.
    if at.tzinfo is None or not BEGINNING <= at < END:
        raise PydanticCustomError("out_of_reach", "An instant is from 1970 to 2199")
    return at


def day(value: Any) -> date:
    """The day of RFC 3339 text (full-date) from 1970 to 2199; a day stays as it is."""
    found = value if type(value) is date else _day(value)
    if not BEGINNING.date() <= found < END.date():
        raise PydanticCustomError("out_of_reach", "A day is from 1970 to 2199")
    return found


def _read(value: Any) -> datetime:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            pass
    raise PydanticCustomError(
        "instant", "An instant is RFC 3339 text with its offset, such as 2026-03-01T12:00:00Z or …+01:00"
    )


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("day", "A day is written 2026-03-01")


Moment = Annotated[Instant, BeforeValidator(moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[date, BeforeValidator(day), WithJsonSchema({"type": "string", "format": "date"})]
