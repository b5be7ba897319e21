"""A machine with a clock of its own: `python -m tests.support.other_clock <module>` runs an app up to 5 s off;
every clock steps back 5 ms now and then.
"""

from __future__ import annotations

import random
import runpy
import sys
from datetime import datetime, timedelta

from shared.process.clock import SandboxClock

STEP = timedelta(milliseconds=5)
OF_APPS = [timedelta(seconds=5), STEP, timedelta(seconds=-5)]
OF_WORKERS = [timedelta(), STEP]
"""Not seconds: each step of the sandbox's clock waits until every worker has come to it."""


def install(module: str) -> None:
    """Gives this process its own clock."""
    right, dice = SandboxClock.now, random.Random()
    behind = dice.choice(OF_WORKERS if module.endswith(".worker") else OF_APPS)

    def now(clock: SandboxClock) -> datetime:
        return right(clock) - behind - (STEP if dice.randrange(2) else timedelta())

    setattr(SandboxClock, "now", now)  # noqa: B010 - a method is replaced


if __name__ == "__main__":
    install(sys.argv[1])
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
