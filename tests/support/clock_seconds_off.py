"""A machine whose clock is seconds off: `python -m tests.support.clock_seconds_off <module>` runs a process up to 5 s
ahead or behind; some seconds later its clock is set back 5 s, as a time server does.
"""

from __future__ import annotations

import random
import runpy
import sys
import time
from datetime import datetime, timedelta

from shared.process.clock import SandboxClock

STEP = timedelta(seconds=5)
OF_APPS = [STEP, timedelta(), -STEP]
OF_WORKERS = [STEP, timedelta()]
"""At the end none is more than 5 s behind: each step of the sandbox's clock waits until every worker has come to it."""
SET_BACK = 5.0, 20.0
"""Real seconds after its start within which the clock of a process is set back."""


def install(module: str) -> None:
    """Gives this process its own clock."""
    right, dice, began = SandboxClock.now, random.Random(), time.monotonic()
    ahead = dice.choice(OF_WORKERS if module.endswith(".worker") else OF_APPS)
    set_back = began + dice.uniform(*SET_BACK)

    def now(clock: SandboxClock) -> datetime:
        return right(clock) + ahead - (STEP if time.monotonic() >= set_back else timedelta())

    setattr(SandboxClock, "now", now)  # noqa: B010 - a method is replaced


if __name__ == "__main__":
    install(sys.argv[1])
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
