"""Quotas: how many requests who may send, as a setting tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

DEFAULTS: Mapping[str, str] = {
    "reads": "100/second",
    "commands": "100/second",
    "openings": "60/minute",
    "uploads": "60/minute",
    "machines": "5000/second",
    "strangers": "1000/second",
}
"""Of one subject: queries, commands, disputes opened, and files sent; of one whose role is `service` or `ops`, all
together; and of one address, what comes without a token that counts.
"""
OFF = "off"

_PART = re.compile(r"\s*([a-z]+)\s*=\s*([^=]+?)\s*")


@dataclass(frozen=True)
class Quota:
    """So many requests in so many seconds: that many at once, then evenly spread."""

    name: str
    most: int
    seconds: int

    @cached_property
    def policy(self) -> bytes:
        """The value of RateLimit-Policy."""
        return f'"{self.name}";q={self.most};w={self.seconds}'.encode()


def quotas(text: str = "") -> Mapping[str, Quota]:
    """The quotas by name: the defaults with what the text says otherwise, such as `reads=20/10 seconds, openings=off`;
    none at all where it says `off`.
    """
    if text.strip() == OFF:
        return {}
    told = {**DEFAULTS, **dict(map(_part, filter(str.strip, text.split(","))))}
    return {name: _quota(name, rate) for name, rate in told.items() if rate != OFF}


def _part(text: str) -> tuple[str, str]:
    found = _PART.fullmatch(text)
    if not found or found[1] not in DEFAULTS:
        raise ValueError(f"{text.strip()}: write one of {', '.join(DEFAULTS)}, such as reads=20/10 seconds")
    return found[1], found[2]


def _quota(name: str, rate: str) -> Quota:
    from limits import parse  # late: a command that reads no quota need not wait for it

    try:
        item = parse(rate)
    except ValueError:
        raise ValueError(f"{name}={rate}: write a number and a time, such as 100/second or 60 per 5 minutes") from None
    if item.amount < 1:
        raise ValueError(f"{name}={rate}: write off where nothing shall be counted")
    return Quota(name, item.amount, item.get_expiry())
