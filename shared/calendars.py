"""Calendars: the holidays of a country, or of a part of one, by name: `DE`, `BR-SP`, `US-NY`.

Their dates change between releases of the library, as laws do: whoever counts days records the instant that came of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache


@cache
def holidays_of(name: str | None) -> Collection[date]:
    """Its holidays, of every year; without a name there are none. ValueError for a calendar that does not exist."""
    if name is None:
        return ()
    import holidays  # three hundred modules, of which most processes need none

    country, _, part = name.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as error:
        raise ValueError(f"there is no calendar {name}") from error
