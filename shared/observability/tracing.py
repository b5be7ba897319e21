"""Tracing: the span that a request belongs to (W3C Trace Context), and the random bytes of its ids."""

from __future__ import annotations

import os
import re

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_PAGE = 4096


def traceparent_of(header: str | None) -> str:
    """The span of this request (W3C Trace Context): a child of the caller's, or the root of a new, unsampled trace."""
    if header and (found := _TRACEPARENT.fullmatch(header)) and found[1] != "ff" and (found[1] != "00" or not found[5]):
        return f"00-{found[2]}-{random_bytes(8).hex()}-{found[4]}"
    return f"00-{random_bytes(16).hex()}-{random_bytes(8).hex()}-00"


class RandomBytes:
    """Random bytes, fetched from the system by the page: one by one they would be the dearest part of a request."""

    def __init__(self) -> None:
        self._page = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes, never given twice."""
        if self._used + count > len(self._page):
            self._page, self._used = os.urandom(_PAGE), 0
        self._used += count
        return self._page[self._used - count : self._used]


random_bytes = RandomBytes().take
"""Random bytes for ids of requests, spans and commands without a key; for nothing that must be secret."""
