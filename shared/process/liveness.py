"""Liveness: a process whose event loop hangs ends itself, so that who supervises it starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Iterator

HUNG_AFTER = 30
"""Seconds without a turn of the loop. A probe of /healthz, which the loop answers, fails long before."""
LOOK_EVERY = 1.0
EXIT_STATUS = 70


class LoopWatch:
    """A thread that looks whether the loop still turns. It counts its own looks: after a stop of the whole process both
    go on where they were.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, hung_after: int = HUNG_AFTER, every: float = LOOK_EVERY
    ) -> None:
        self._loop = loop
        self._hung_after = hung_after
        self._every = every
        self._turns = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop watch", daemon=True)

    def start(self) -> None:
        """Begins; on the loop's own thread."""
        self._turn()
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._over.set()

    def _turn(self) -> None:
        self._turns += 1
        if not self._over.is_set():
            self._loop.call_later(self._every, self._turn)

    def _watch(self) -> None:
        seen, looks = 0, 0
        while not self._over.wait(self._every):
            looks = looks + 1 if self._turns == seen else 0
            seen = self._turns
            if looks >= self._hung_after:
                # Where it hangs, without a word of what it holds.
                faulthandler.dump_traceback(sys.stderr)
                os._exit(EXIT_STATUS)


@contextlib.contextmanager
def watched_loop() -> Iterator[None]:
    """The running loop is watched while the body runs."""
    watch = LoopWatch(asyncio.get_running_loop())
    watch.start()
    try:
        yield
    finally:
        watch.stop()
