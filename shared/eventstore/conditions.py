"""Conditions of a command: at which versions of its first stream it may be carried out (RFC 9110, 13.1)."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple


class Conditions(NamedTuple):
    """The stream is at a version that was seen, where some are named, and at none that is unwanted; nothing, which is
    version 0, is never unwanted.
    """

    seen: Container[int] | None = None
    unwanted: Container[int] = ()

    def hold_at(self, version: int) -> bool:
        return self._is_seen(version) and not (version and version in self.unwanted)

    def last_seen(self, version: int) -> int:
        """The newest version up to this one that the caller has seen; this one where the caller names none of them."""
        if self._is_seen(version) or self.seen is None:
            return version
        return max((earlier for earlier in range(version) if earlier in self.seen), default=version)

    def _is_seen(self, version: int) -> bool:
        return self.seen is None or version in self.seen


UNCONDITIONAL = Conditions()
