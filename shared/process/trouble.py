"""Trouble: what keeps a component from working, told once in the log, shown to probes and to Prometheus."""

from __future__ import annotations

import logging

from shared.observability import metrics
from shared.resilience.retry import Halted

log = logging.getLogger(__name__)


class Trouble:
    """The present trouble of one component: `reason` until it works, and `halt` where only a person can end it."""

    def __init__(self, component: str) -> None:
        self._component = component
        self.reason: str | None = "not started"
        self.halt: str | None = None

    def over(self) -> None:
        """It works."""
        self._is(None, None)

    def waits(self, error: BaseException) -> None:
        """It tries again: what failed may pass."""
        if repr(error) != self.reason:
            log.warning("%s waits: %r", self._component, error)
        self._is(repr(error), None)

    def stands_still(self, halt: Halted) -> None:
        """It waits for a person."""
        if str(halt) != self.reason:
            log.error("%s stands still: %s", self._component, halt)
        self._is(str(halt), str(halt))

    def _is(self, reason: str | None, halt: str | None) -> None:
        self.reason, self.halt = reason, halt
        metrics.HALTED.labels(self._component).set(halt is not None)
