"""Addresses as the carriers of the United States want them: in parts, read out of the lines that people write.

Lines are those of USPS Publication 28: who, where, and at last the town, the state and the ZIP code. What is not
written so is no address here, for a label to a place that was guessed is worse than none.
"""

from __future__ import annotations

import re

from karrio.core.models import Address

_TOWN = re.compile(r"(?P<town>[^\W\d][\w .'-]*?),? +(?P<state>[A-Z]{2}),? +(?P<zip>\d{5}(?:-\d{4})?)")
_COUNTRY = re.compile(r"usa?|u\.s\.(a\.)?|united states( of america)?", re.IGNORECASE)
LEAST, MOST = 3, 4
"""Lines: who, one or two of where, and the town."""
LONGEST = 35
"""Letters of a line: UPS takes no more."""


def address(text: str) -> Address | None:
    """The parts of an address; None where it is not one of the United States, written as they write it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and _COUNTRY.fullmatch(lines[-1]):
        lines.pop()
    town = _TOWN.fullmatch(lines[-1]) if LEAST <= len(lines) <= MOST else None
    if not town or max(map(len, lines)) > LONGEST:
        return None
    who, where, *more = lines[:-1]
    return Address(
        person_name=who,
        address_line1=where,
        address_line2=more[0] if more else None,
        city=town["town"],
        state_code=town["state"],
        postal_code=town["zip"],
        country_code="US",
    )
