"""Calendar: counts days and business days in a time zone (docs/rules/deadlines.md); instants are UTC."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SATURDAY = 5


def within_days(x: datetime, n: int, tz: str) -> datetime:
    """The exclusive end of "within `n` days of `x`": the start of date(x) + n + 1 in the zone `tz`."""
    return from_day(x, n + 1, tz)


def days_within(x: datetime, until: datetime, tz: str) -> int:
    """The `n` of which `until` is "within `n` days of `x`"."""
    return (_local_date(until, tz) - _local_date(x, tz)).days - 1


def from_day(x: datetime, n: int, tz: str) -> datetime:
    """The first instant of "from the `n`th day after `x`": the start of date(x) + n in the zone `tz`."""
    return _start_of(_local_date(x, tz) + n * _DAY, tz)


def within_years(x: datetime, n: int, tz: str) -> datetime:
    """The exclusive end of "within `n` years of `x`": the start of the day after date(x) + n years in the zone `tz`.

    From 29 February it is 28 February where that year has no other (K25).
    """
    day = _local_date(x, tz)
    try:
        last = day.replace(year=day.year + n)
    except ValueError:
        last = day.replace(year=day.year + n, day=28)
    return _start_of(last + _DAY, tz)


def within_business_days(x: datetime, n: int, tz: str, holidays: Collection[date] = ()) -> datetime:
    """The exclusive end of the `n`th business day after date(x): Monday to Friday less `holidays`, in the zone `tz`."""
    day = _local_date(x, tz)
    for _ in range(n):
        day = _next_business_day(day, holidays)
    return _start_of(day + _DAY, tz)


def month_of(x: datetime, tz: str) -> str:
    """The calendar month of `x` in the zone `tz`, as `2026-03`."""
    return f"{_local_date(x, tz):%Y-%m}"


def month_end(month: str, tz: str) -> datetime:
    """The exclusive end of a calendar month (`2026-03`) in the zone `tz`; ValueError where it is none."""
    first = date.fromisoformat(f"{month}-01")
    return _start_of((first + 31 * _DAY).replace(day=1), tz)


def _next_business_day(day: date, holidays: Collection[date]) -> date:
    day += _DAY
    while day.weekday() >= _SATURDAY or day in holidays:
        day += _DAY
    return day


def _local_date(x: datetime, tz: str) -> date:
    return x.astimezone(ZoneInfo(tz)).date()


def _start_of(day: date, tz: str) -> datetime:
    # Where the clocks jump over midnight, fold=0 reads it with the offset before the jump: the instant of the jump
    # itself.
    return datetime.combine(day, time.min, ZoneInfo(tz)).astimezone(UTC)
